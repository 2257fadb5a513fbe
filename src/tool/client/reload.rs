//! Which tools run a service's workers, and whether they reload changed code.

use serde_yaml::Value;

use crate::edit::yaml;
use crate::plan::{Reload, WorkerTool};
use crate::project::{POLYTOPE_FILE, PolytopeFile, Project, Service};

use super::container::{Container, containers_of};
use super::names::Names;
use super::worker_tool::{RELOAD_MODULE, RELOAD_VARIABLE};

/// The tools that run a service's workers: the service's own, unless its embedded worker is
/// disabled, and dedicated worker tools.
pub(in crate::tool) fn worker_tools(project: &Project, service: &Service) -> Vec<WorkerTool> {
    let own = service.folder.join(POLYTOPE_FILE);
    let path = service.tool.as_ref().map_or(&own, |(path, _)| path);
    let file = project.polytope_file(path);
    let names = Names::of(project, service);
    file.map_or_else(Vec::new, |file| worker_tools_in(file, service, &names))
}

fn worker_tools_in(file: &PolytopeFile, service: &Service, names: &Names) -> Vec<WorkerTool> {
    let is_web = service.wiring.framework().is_some();
    let api = Container::of(file, service).filter(|api| is_web && api.embeds_worker());
    let module = service.module(names.worker);
    let workers = file
        .tools()
        .flat_map(containers_of)
        .filter(|container| container.command_words().contains(&module.as_str()));
    let mut tools: Vec<WorkerTool> = Vec::new();
    for container in api.into_iter().chain(workers) {
        if tools.iter().all(|tool| tool.tool != container.tool) {
            tools.push(WorkerTool {
                reload: container.reload(),
                tool: container.tool,
            });
        }
    }
    tools
}

/// A boolean environment variable.
#[derive(Debug, PartialEq, Eq)]
enum Setting {
    On,
    Off,
    /// An expression that Polytope evaluates when the tool is run.
    Expression(String),
}

impl Container {
    /// The setting of an environment variable when the tool is run without arguments.
    fn variable(&self, name: &str) -> Option<Setting> {
        let env = self.args.get("env").and_then(Value::as_sequence);
        let mut env = env.into_iter().flatten();
        let entry = env.find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))?;
        let value = self.resolved(entry.get("value")?);
        let text = yaml::written(value);
        let text = text.trim().trim_matches(['"', '\'']);
        Some(match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Setting::On,
            _ if text.starts_with("pt.") || text.starts_with("{pt.") => {
                Setting::Expression(text.to_owned())
            }
            _ if text.starts_with("#pt-") => Setting::Expression(name.to_owned()),
            _ => Setting::Off,
        })
    }

    /// Whether the program in the container reloads changed code, judged by its command and
    /// its environment.
    pub(super) fn reload(&self) -> Reload {
        let words = self.command_words();
        let has = |word: &str| {
            words
                .iter()
                .any(|found| found.rsplit('/').next() == Some(word))
        };
        for word in ["--reload", "watchfiles"] {
            if has(word) {
                return Reload::Yes(word.to_owned());
            }
        }
        if words.windows(2).any(|pair| pair == ["fastapi", "dev"]) {
            return Reload::Yes("fastapi dev".to_owned());
        }
        // It may watch files other than the code.
        if has("watchexec") {
            return Reload::Depends("watchexec".to_owned());
        }
        let reloads = words.iter().any(|word| word.ends_with(RELOAD_MODULE));
        let variables: &[&str] = if reloads {
            &[RELOAD_VARIABLE]
        } else if has("uvicorn") {
            &["UVICORN_RELOAD"]
        } else {
            // Read by `bin/run` of Bluetext's services.
            &["HTTP_AUTORELOAD", "UVICORN_RELOAD"]
        };
        for name in variables {
            match self.variable(name) {
                Some(Setting::On) => return Reload::Yes((*name).to_owned()),
                Some(Setting::Expression(text)) => return Reload::Depends(text),
                Some(Setting::Off) | None => {}
            }
        }
        Reload::No
    }

    /// Whether it runs an embedded worker beside the API.
    fn embeds_worker(&self) -> bool {
        !matches!(
            self.variable("TEMPORAL_EMBEDDED_WORKER"),
            Some(Setting::Off)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::RelPath;
    use crate::tool::client::worker_tool::tests::{NAMES, service};

    #[test]
    fn reloading_is_told_from_the_command_and_the_environment() {
        let tool = |name: &str, rest: &str| {
            format!(
                "  {name}:\n    params: [{{ id: dev-mode, type: [default, bool, true] }}, {{ id: off, type: [default, bool, false] }}, {{ id: cmd, type: [default, str, 'uvicorn main:app --reload'] }}]\n    run:\n      - tool: polytope/python\n        args: {{ id: {name}, image: x, {rest} }}\n"
            )
        };
        let cases = [
            "cmd: 'uvicorn main:app --reload'",
            "cmd: [fastapi, dev, main.py]",
            "cmd: fastapi dev main.py",
            "cmd: pt.param cmd",
            "cmd: uvicorn main:app",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: pt.param dev-mode }]",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: pt.param off }]",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: pt.value api-dev-mode }]",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: 'no' }]",
            "cmd: ./bin/run, env: [{ name: TEMPORAL_RELOAD, value: 'true' }]",
            "cmd: uvicorn main:app, env: [{ name: UVICORN_RELOAD, value: '1' }]",
            "cmd: python -m temporal_client.reload uvicorn main:app",
            "cmd: python -m temporal_client.reload uvicorn main:app, env: [{ name: TEMPORAL_RELOAD, value: pt.param dev-mode }]",
            "cmd: uvicorn main:app --reload, env: [{ name: TEMPORAL_EMBEDDED_WORKER, value: 'False' }]",
            "cmd: uvicorn main:app --reload-dir src",
            "cmd: uvicorn main:app, env: [{ name: HTTP_AUTORELOAD, value: 'true' }]",
            "cmd: watchexec -w pyproject.toml -- uvicorn main:app",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: '{pt.param dev-mode}' }]",
            "cmd: ./bin/run, env: [{ name: HTTP_AUTORELOAD, value: '#pt-clj (str true)' }]",
        ];
        let mut shown = String::new();
        for case in cases {
            let api = tool("api", case);
            let worker = tool("jobs", "cmd: python -m worker");
            let text = format!("tools:\n{api}{worker}");
            let path = RelPath::literal("services/api/polytope.yml");
            let file = PolytopeFile::read(path, &text).unwrap();
            let found: Vec<String> = worker_tools_in(&file, &service(), &NAMES)
                .into_iter()
                .map(|worker| format!("{} {:?}", worker.tool, worker.reload))
                .collect();
            shown.push_str(&format!("{case}\n    {}\n", found.join(", ")));
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(shown);
        });
    }
}
