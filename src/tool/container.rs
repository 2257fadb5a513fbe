//! The container that a service runs in, found in its `polytope.yml`, and the worker's tool
//! made after it.

use serde_yaml::{Mapping, Value};

use crate::edit::{python, yaml};
use crate::project::{Layout, PolytopeFile, Service, Tool};

/// The step of a tool that runs the service.
pub(super) struct Container {
    tool: String,
    step: usize,
    tool_value: Value,
    called: String,
    args: Mapping,
}

impl Container {
    /// The one that runs the service's code: in the tool of the service's name its Python
    /// step, the one of its name, or the only one; elsewhere the one of its name.
    pub(super) fn of(file: &PolytopeFile, service: &Service) -> Option<Self> {
        let of_tool = |tool: Tool<'_>| -> Vec<Self> {
            let steps = tool.value.get("run").and_then(Value::as_sequence);
            let steps = steps.into_iter().flatten().enumerate();
            steps
                .filter_map(|(index, step)| {
                    let called = step.get("tool")?.as_str()?;
                    let is_container = ["polytope/python", "polytope/container"]
                        .iter()
                        .any(|kind| called.starts_with(kind));
                    is_container.then_some(Self {
                        tool: tool.name.to_owned(),
                        step: index,
                        tool_value: tool.value.clone(),
                        called: called.to_owned(),
                        args: step.get("args")?.as_mapping()?.clone(),
                    })
                })
                .collect()
        };
        let name = service.name.as_str();
        let is_named =
            |container: &Self| container.args.get("id").and_then(Value::as_str) == Some(name);
        let mut own = file
            .tools()
            .find(|tool| tool.name == name)
            .map(of_tool)
            .unwrap_or_default();
        if let Some(at) = own.iter().position(is_named) {
            return Some(own.swap_remove(at));
        }
        let is_python = |container: &Self| container.called.starts_with("polytope/python");
        if own.iter().filter(|container| is_python(container)).count() == 1 {
            return own.into_iter().find(is_python);
        }
        if own.len() == 1 {
            return own.pop();
        }
        file.tools().flat_map(of_tool).find(is_named)
    }

    pub(super) fn route<'a>(&'a self, key: &'a str) -> [yaml::Step<'a>; 6] {
        [
            yaml::Step::Key("tools"),
            yaml::Step::Key(&self.tool),
            yaml::Step::Key("run"),
            yaml::Step::Item(self.step),
            yaml::Step::Key("args"),
            yaml::Step::Key(key),
        ]
    }

    pub(super) fn has_address(&self) -> bool {
        let env = self.args.get("env").and_then(Value::as_sequence);
        let mut env = env.into_iter().flatten();
        env.any(|entry| entry.get("name").and_then(Value::as_str) == Some("TEMPORAL_ADDRESS"))
    }

    /// Whether its environment is a list that can be appended to, or not there.
    pub(super) fn has_plain_environment(&self) -> bool {
        let env = self.args.get("env");
        env.is_none_or(|env| env.is_sequence() || env.is_null())
    }

    /// A tool that runs the worker as the service is run: the same image, code, mounts and
    /// environment, another command and no ports. `None` if that cannot be written down so
    /// that it means the same.
    pub(super) fn worker_tool(&self, service: &Service) -> Option<String> {
        // What is merged in would have to be taken apart.
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
        let command = self.worker_command(service);
        args.insert("cmd".into(), command.into());
        args.insert("restart".into(), mapping([("policy", "always".into())]));
        args.insert("env".into(), self.worker_environment(service, reference)?);

        let mut tool = Mapping::new();
        let info = format!(
            "Temporal workers of the service `{}`, without its API: as many processes in one\n\
             container as there are replicas. Run it again with another id for more containers.\n",
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
        // Tags, for one, are not written.
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
        if find(&env, "TEMPORAL_WORKER_PROCESSES").is_none() {
            env.push(entry(
                "TEMPORAL_WORKER_PROCESSES",
                &format!("pt.{reference} replicas"),
            ));
        }
        if service.layout == Layout::Flat {
            match find(&env, "PYTHONPATH") {
                None => env.push(entry("PYTHONPATH", "/app/src")),
                Some(at) => {
                    let paths = env[at].get("value")?.as_str()?;
                    if !paths.split(':').any(|path| path == "/app/src") {
                        env[at] = entry("PYTHONPATH", &format!("/app/src:{paths}"));
                    }
                }
            }
        }
        Some(Value::Sequence(env))
    }

    /// The parameters that the worker's arguments refer to, in the tool's own style, and the
    /// worker's own. Where there is code, which may refer to any, all of them.
    fn copy_parameters(&self, tool: &mut Mapping, args: &str, service: &Service) {
        let has_code = ["#pt-", "pt.clj", "pt.js"]
            .iter()
            .any(|mark| args.contains(mark));
        let default = |value: String| {
            Value::Sequence(vec!["default".into(), "str".into(), Value::from(value)])
        };
        let own = [
            (
                "id",
                "The container's id",
                default(format!("{}-worker", service.name)),
            ),
            (
                "replicas",
                "How many worker processes it runs",
                default("1".to_owned()),
            ),
        ];
        let is_used = |id: Option<&str>| {
            id.is_some_and(|id| {
                let refers = ["param", "input"]
                    .iter()
                    .any(|word| args.contains(&format!("pt.{word} {id}")));
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
            items.extend(own.map(|(id, info, kind)| {
                mapping([("id", id.into()), ("info", info.into()), ("type", kind)])
            }));
        }
    }

    /// The command that runs the worker in the service's container.
    pub(super) fn worker_command(&self, service: &Service) -> String {
        let runner = if self.mentions("image", "uv") || self.mentions("cmd", "uv") {
            "uv run --no-dev "
        } else {
            ""
        };
        format!("{runner}python -m {}", service.module("worker"))
    }

    /// Why the worker's command may not be right, though it is the best guess.
    pub(super) fn doubt(&self) -> Option<String> {
        let code = self
            .args
            .get("code")
            .and_then(|code| code.get("path")?.as_str());
        if let Some(path) = code.filter(|path| !matches!(*path, "." | "./")) {
            return Some(format!(
                "the container has `{path}` of the service, and not the whole of it"
            ));
        }
        let runners = [
            "uv",
            "uvicorn",
            "python",
            "fastapi",
            "gunicorn",
            "hypercorn",
        ];
        let is_known = runners.iter().any(|runner| self.mentions("cmd", runner));
        let command = self.args.get("cmd").map(yaml::written);
        (!is_known).then(|| match command {
            Some(command) => format!("what `{}` does is not known", command.trim()),
            None => "the service's command is not known".to_owned(),
        })
    }

    fn mentions(&self, key: &str, word: &str) -> bool {
        let text = self.args.get(key).map(yaml::written);
        text.is_some_and(|text| python::mentions(&text, word))
    }
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
mod tests {
    use super::*;
    use crate::name::RelPath;

    /// The worker made after a service's `polytope.yml`, in both layouts.
    fn worker(text: &str, layout: Layout) -> String {
        let path = RelPath::literal("services/api/polytope.yml");
        let file = PolytopeFile::read(path, text).unwrap();
        let service = Service {
            name: "api".parse().unwrap(),
            folder: RelPath::literal("services/api"),
            layout,
        };
        let Some(container) = Container::of(&file, &service) else {
            return "(no container)\n".to_owned();
        };
        container
            .worker_tool(&service)
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
            ("odd line breaks", python("{ id: api, image: x, a: \"x\\u2028y\\nz\" }")),
        ];
        let mut shown = String::new();
        for (case, text) in cases {
            shown.push_str(&format!("=== {case}\n{}", worker(&text, Layout::Flat)));
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(shown);
        });
    }
}
