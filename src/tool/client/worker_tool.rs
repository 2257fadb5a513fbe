//! Derives the tool of a service's worker from the container of the service.

use serde_yaml::{Mapping, Value};

use crate::edit::yaml;
use crate::project::Service;

use super::container::Container;
use super::names::Names;

impl Container {
    /// A tool that runs the worker like the service: with the same image, code, mounts and
    /// environment, but another command and no ports. `None` if the copy would not parse to
    /// the same values.
    ///
    /// `awaits`: whether the project's containers support the argument `await`.
    pub(super) fn worker_tool(
        &self,
        service: &Service,
        names: &Names,
        awaits: bool,
        uv_runner: Option<&str>,
    ) -> Option<String> {
        // Merge keys are not expanded.
        if self.args.contains_key("<<") {
            return None;
        }
        let uses_inputs = self.tool_value.get("inputs").is_some();
        let reference = if uses_inputs { "input" } else { "param" };
        let mut args = Mapping::new();
        args.insert("id".into(), format!("pt.{reference} id").into());
        for (key, value) in &self.args {
            let is_own = matches!(
                key.as_str(),
                Some("id" | "cmd" | "entrypoint" | "services" | "restart" | "env")
            );
            if !is_own {
                args.insert(key.clone(), value.clone());
            }
        }
        let command = self.worker_command(service, names, uv_runner);
        args.insert("cmd".into(), command.into());
        args.insert("restart".into(), mapping([("policy", "always".into())]));
        let mut add = |key: &str, value: Value| {
            args.entry(key.into()).or_insert(value);
        };
        add("create", "when-missing".into());
        if awaits {
            add("await", false.into());
        }
        // `polytope/python` has no `tty` argument.
        if self.called.starts_with("polytope/container") {
            add("tty", false.into());
        }
        args.insert("env".into(), self.worker_environment(service, reference)?);

        let mut tool = Mapping::new();
        let info = format!(
            "A Temporal worker of the service `{}`, without its API. Run it again with another\n\
             id for one more worker.\n",
            service.name
        );
        tool.insert("info".into(), info.into());
        self.copy_parameters(
            &mut tool,
            &yaml::written(&Value::Mapping(args.clone())),
            service,
        );
        let step = mapping([
            ("tool", self.called.as_str().into()),
            ("args", Value::Mapping(args)),
        ]);
        tool.insert("run".into(), Value::Sequence(vec![step]));
        let tool = Value::Mapping(tool);
        let written = yaml::written(&tool);
        // The writer drops YAML tags, for example.
        let read: Option<Value> = serde_yaml::from_str(&written).ok();
        (read.as_ref() == Some(&tool)).then_some(written)
    }

    fn worker_environment(&self, service: &Service, reference: &str) -> Option<Value> {
        let mut env = match self.args.get("env") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Sequence(entries)) => entries.clone(),
            Some(_) => return None,
        };
        let find = |env: &[Value], name: &str| {
            env.iter()
                .position(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
        };
        let entry =
            |name: &str, value: &str| mapping([("name", name.into()), ("value", value.into())]);
        if find(&env, "TEMPORAL_ADDRESS").is_none() {
            env.push(entry("TEMPORAL_ADDRESS", "temporal:7233"));
        }
        if find(&env, RELOAD_VARIABLE).is_none() {
            let parameter = self.reload_parameter();
            env.push(entry(
                RELOAD_VARIABLE,
                &format!("pt.{reference} {parameter}"),
            ));
        }
        // The service's folder is mounted: without this, `uv run` would replace the
        // developer's `.venv` in it.
        let has_environment = ["UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"]
            .iter()
            .any(|name| find(&env, name).is_some());
        let is_mounted = self.called.starts_with("polytope/python");
        if is_mounted && self.uses_uv() && !has_environment {
            env.push(entry("UV_PROJECT_ENVIRONMENT", "/opt/venv"));
        }
        if let Some(folder) = service.path_entry() {
            let own = format!("/app/{folder}");
            match find(&env, "PYTHONPATH") {
                None => env.push(entry("PYTHONPATH", &own)),
                Some(at) => {
                    let paths = env[at].get("value")?.as_str()?;
                    if !paths.split(':').any(|path| path == own) {
                        env[at] = entry("PYTHONPATH", &format!("{own}:{paths}"));
                    }
                }
            }
        }
        Some(Value::Sequence(env))
    }

    /// Copy the parameters that the worker's arguments reference, in the tool's style, and
    /// add the worker's own. Copy all of them if the arguments contain code.
    fn copy_parameters(&self, tool: &mut Mapping, args: &str, service: &Service) {
        let has_code = ["#pt-", "pt.clj", "pt.js"]
            .iter()
            .any(|mark| args.contains(mark));
        let default =
            |kind: &str, value: Value| Value::Sequence(vec!["default".into(), kind.into(), value]);
        let mut own = vec![(
            "id",
            "The container's id",
            default("str", format!("{}-worker", service.name).into()),
        )];
        if self.parameter(self.reload_parameter()).is_none() {
            own.push((
                self.reload_parameter(),
                "Whether the workers restart when their code changes",
                default("bool", true.into()),
            ));
        }
        let is_used = |id: Option<&str>| {
            id.is_some_and(|id| {
                let refers = ["param", "input"]
                    .iter()
                    .any(|word| refers_to(args, &format!("pt.{word} {id}")));
                own.iter().all(|(name, ..)| *name != id) && (has_code || refers)
            })
        };
        let uses_inputs = self.tool_value.get("inputs").is_some();
        if let Some(Value::Sequence(items)) = self.tool_value.get("params") {
            let used = items
                .iter()
                .filter(|i| is_used(i.get("id").and_then(Value::as_str)));
            let used: Vec<Value> = used.cloned().collect();
            if !used.is_empty() || !uses_inputs {
                tool.insert("params".into(), used.into());
            }
        } else if !uses_inputs {
            tool.insert("params".into(), Value::Sequence(Vec::new()));
        }
        if uses_inputs {
            let inputs = self.tool_value.get("inputs").and_then(Value::as_mapping);
            let inputs = inputs.into_iter().flatten();
            let mut used: Mapping = inputs
                .filter(|(id, _)| is_used(id.as_str()))
                .map(|(id, value)| (id.clone(), value.clone()))
                .collect();
            for (id, info, kind) in own {
                used.insert(id.into(), mapping([("info", info.into()), ("type", kind)]));
            }
            tool.insert("inputs".into(), Value::Mapping(used));
        } else if let Some(Value::Sequence(items)) = tool.get_mut("params") {
            items.extend(own.into_iter().map(|(id, info, kind)| {
                mapping([("id", id.into()), ("info", info.into()), ("type", kind)])
            }));
        }
    }

    /// The command that runs the worker in the service's container.
    pub(super) fn worker_command(
        &self,
        service: &Service,
        names: &Names,
        uv_runner: Option<&str>,
    ) -> String {
        let runner = self.runner(uv_runner);
        let module = service.module(names.worker);
        let reload = service.module(RELOAD_MODULE);
        format!("{runner}python -m {reload} {module}")
    }

    /// What the service's own command has before its program, such as `poetry run`, or how uv
    /// runs a program in its container.
    fn runner(&self, uv_runner: Option<&str>) -> String {
        let words = self.command_words();
        let programs = [
            "uvicorn",
            "python",
            "python3",
            "fastapi",
            "gunicorn",
            "hypercorn",
        ];
        let program = words.iter().position(|word| programs.contains(word));
        match program.map(|program| &words[..program]) {
            Some(["uv", "run"]) => "uv run --no-dev ".to_owned(),
            Some([first, rest @ ..]) if ["uv", "poetry", "pdm", "pipenv"].contains(first) => {
                let words = std::iter::once(first).chain(rest);
                words.map(|word| format!("{word} ")).collect()
            }
            _ if self.uses_uv() => uv_runner.unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    /// The worker's parameter for reloading: `dev-mode`, unless the tool already has a
    /// parameter of that name that is not a boolean.
    fn reload_parameter(&self) -> &'static str {
        let is_bool = |kind: &Value| match kind {
            Value::Sequence(parts) => parts.get(1).and_then(Value::as_str) == Some("bool"),
            other => other.as_str() == Some("bool"),
        };
        if self.parameter("dev-mode").is_none_or(is_bool) {
            "dev-mode"
        } else {
            "reload"
        }
    }

    /// Why the generated worker command may be wrong.
    pub(super) fn doubt(&self) -> Option<String> {
        let code = self
            .args
            .get("code")
            .and_then(|code| code.get("path")?.as_str());
        if let Some(path) = code.filter(|path| !matches!(*path, "." | "./")) {
            return Some(format!("the container has only `{path}` of the service"));
        }
        let runners = [
            "uv",
            "uvicorn",
            "python",
            "fastapi",
            "gunicorn",
            "hypercorn",
        ];
        let is_shell = ["sh", "bash"]
            .iter()
            .any(|shell| self.mentions("cmd", shell));
        let is_known = !is_shell && runners.iter().any(|runner| self.mentions("cmd", runner));
        let command = self.args.get("cmd").map(yaml::written);
        (!is_known).then(|| match command {
            Some(command) => format!("the command `{}` is not recognised", command.trim()),
            None => "the container sets no `cmd`".to_owned(),
        })
    }
}

/// The module in a service's package that restarts a program when its code changes.
pub(super) const RELOAD_MODULE: &str = "temporal_client.reload";

/// The environment variable that enables reloading.
pub(super) const RELOAD_VARIABLE: &str = "TEMPORAL_RELOAD";

/// Whether a text contains exactly this reference, not one to a longer parameter name.
fn refers_to(text: &str, reference: &str) -> bool {
    text.match_indices(reference).any(|(at, _)| {
        let rest = &text[at + reference.len()..];
        !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    })
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Mapping(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::name::RelPath;
    use crate::project::{PolytopeFile, Wiring};

    pub(in crate::tool::client) const NAMES: Names = Names {
        settings: "conf.temporal",
        start: "init.temporal",
        worker: "worker",
    };

    pub(in crate::tool::client) fn service() -> Service {
        let folder = RelPath::literal("services/api");
        Service {
            name: "api".parse().unwrap(),
            root: folder.join("src").into(),
            folder: folder.into(),
            package: String::new(),
            is_relative: true,
            workflows: "workflows",
            wiring: Wiring::Hooks,
            applications: Vec::new(),
            workers: Vec::new(),
            tool: None,
            fault: None,
        }
    }

    /// The worker tool derived from a service's `polytope.yml`.
    fn worker(text: &str) -> String {
        let path = RelPath::literal("services/api/polytope.yml");
        let file = PolytopeFile::read(path, text).unwrap();
        let service = service();
        let Some(container) = Container::of(&file, &service) else {
            return "(no container)\n".to_owned();
        };
        container
            .worker_tool(&service, &NAMES, false, Some("uv run --no-dev "))
            .unwrap_or_else(|| "(not copied)\n".to_owned())
    }

    #[test]
    fn a_worker_is_made_after_the_right_container() {
        let python = |args: &str| {
            format!(
                "tools:\n  api:\n    run:\n      - tool: polytope/python\n        args: {args}\n"
            )
        };
        let cases = [
            ("a helper runs first", "tools:\n  api:\n    run:\n      - tool: polytope/container\n        args: { id: db, image: postgres }\n      - tool: polytope/python\n        args: { id: api, image: x, cmd: y }\n".to_owned()),
            ("another tool's container", "tools:\n  cache:\n    run:\n      - tool: polytope/container\n        args: { id: redis, image: redis }\n  api:\n    run:\n      - code: pt.clj (run-api)\n".to_owned()),
            ("several containers, none of the name", "tools:\n  api:\n    run:\n      - tool: polytope/container\n        args: { id: a, image: a }\n      - tool: polytope/container\n        args: { id: b, image: b }\n".to_owned()),
            ("a merge", "x: &x { image: y }\n".to_owned() + &python("{ <<: *x, id: api }")),
            ("environment from code", python("{ id: api, image: x, env: 'pt.clj (env)' }")),
            ("environment that has it", python("{ id: api, image: x, env: [{ name: TEMPORAL_ADDRESS, value: pt.value a }, { name: PYTHONPATH, value: /app }] }")),
            ("an entry point", python("{ id: api, image: x, entrypoint: [uvicorn, 'main:app'] }")),
            ("a tag", python("{ id: api, image: !x foo }")),
            ("parameters in code", "tools:\n  api:\n    params: [{ id: img, type: str }, { id: id, type: str }]\n    run:\n      - tool: polytope/python\n        args: { id: pt.param id, image: 'pt.clj (get params \"img\")' }\n".to_owned()),
            ("inputs beside params", "tools:\n  api:\n    inputs:\n    params: [{ id: image, type: str }, { id: port, type: int }]\n    run:\n      - tool: polytope/python\n        args: { id: api, image: pt.param image }\n".to_owned()),
            ("a dev-mode that is no bool", "tools:\n  api:\n    params: [{ id: dev-mode, type: [default, str, development] }, { id: image, type: str }, { id: image-tag, type: str }]\n    run:\n      - tool: polytope/python\n        args: { id: api, image: 'uv:{pt.param image-tag}' }\n".to_owned()),
            ("odd line breaks", python("{ id: api, image: x, a: \"x\\u2028y\\nz\" }")),
        ];
        let mut shown = String::new();
        for (case, text) in cases {
            shown.push_str(&format!("=== {case}\n{}", worker(&text)));
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(shown);
        });
    }
}
