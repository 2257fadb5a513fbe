//! Every generated `polytope.yml` uses only syntax known from Polytope's documentation and
//! public projects, and resolves to containers that can start.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;
#[path = "common/polytope.rs"]
mod polytope;

use std::path::{Path, PathBuf};

use common::Project;
use polytope::{Container, Polytope};
use serde_yaml::Value;

/// A project of each generation with all three steps applied.
fn projects() -> Vec<(&'static str, Project, &'static str)> {
    let inputs = Project::with(&[
        (
            "polytope.yml",
            "include:\n  - services/web\ntools:\n  stack:\n    run:\n      - tool: web\n",
        ),
        (
            "services/web/polytope.yml",
            "tools:\n  web:\n    inputs:\n      port: { info: The port, type: [default, int, 3000] }\n    run:\n      - tool: polytope/container\n        args: { id: web, image: \"node:22\", await: false }\n",
        ),
    ]);
    let projects = [
        ("params", Project::empty(), "default"),
        ("inputs", inputs, "stack"),
    ];
    for (_, project, _) in &projects {
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        project.done(&["add-temporal-workflow", "greeting"]);
    }
    projects.into()
}

fn containers(tools: &Polytope, tool: &str) -> Vec<Container> {
    let name = ("names", Value::from("greeting"));
    let given: &[_] = if tool == "add-temporal-workflow" {
        &[name]
    } else {
        &[]
    };
    tools
        .run(tool, given)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The words of a container's command.
fn command_of(container: &Container) -> Vec<&str> {
    container.spec.cmd.iter().map(String::as_str).collect()
}

fn text<'a>(container: &'a Container, key: &str) -> &'a str {
    container
        .args
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// A service container runs until it is stopped; the others run to completion.
fn is_service(container: &Container) -> bool {
    let policy = &container.args["restart"]["policy"];
    policy.as_str() == Some("always")
}

#[test]
fn every_tool_resolves_to_known_forms() {
    let mut shown = String::new();
    for (name, project, _) in projects() {
        let tools = Polytope::read(&project.path()).unwrap();
        for tool in tools.names() {
            shown.push_str(&format!("{name}: {tool}\n"));
            for container in containers(&tools, tool) {
                let get = |key| match container.args.get(key) {
                    Some(value) => {
                        format!(" {key}={}", serde_yaml::to_string(value).unwrap().trim())
                    }
                    None => String::new(),
                };
                let keys = ["create", "await", "tty"].map(get).concat();
                shown.push_str(&format!(
                    "    {} {}{keys}\n",
                    container.step,
                    text(&container, "id")
                ));
            }
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(shown);
    });
}

#[test]
fn services_are_kept_and_one_shots_run_each_time() {
    for (generation, project, stack) in projects() {
        let tools = Polytope::read(&project.path()).unwrap();
        let awaits = generation == "inputs";
        for tool in [
            stack,
            "api-worker",
            "add-temporal-client",
            "add-temporal-workflow",
        ] {
            for container in containers(&tools, tool) {
                if container.step.starts_with("web.") {
                    continue;
                }
                let step = format!("{generation}: {}", container.step);
                let serves = is_service(&container);
                let create = if serves { "when-missing" } else { "always" };
                assert_eq!(text(&container, "create"), create, "{step}");
                // A call returns once services run and one-shot containers have exited.
                let expected = (awaits && serves).then_some(Value::Bool(false));
                assert_eq!(container.args.get("await"), expected.as_ref(), "{step}");
                assert!(!(serves && container.is_waited_for), "{step} never ends");
                let tty = container.args.get("tty");
                let expected =
                    (container.kind == "polytope/container").then_some(Value::Bool(false));
                assert_eq!(tty, expected.as_ref(), "{step}");
            }
        }
    }
}

/// The server's image has no configuration file: the one that the server reads is mounted.
#[test]
fn the_server_has_the_file_that_it_reads() {
    for (generation, project, stack) in projects() {
        let tools = Polytope::read(&project.path()).unwrap();
        let containers = containers(&tools, stack);
        let server = containers.iter().find(|c| c.spec.id == "temporal").unwrap();
        let variable = ("DYNAMIC_CONFIG_FILE_PATH", "/bluetext/dynamic-config.yaml");
        let env = &server.spec.env;
        assert!(
            env.iter()
                .any(|(name, value)| (name.as_str(), value.as_str()) == variable)
        );
        let file = (
            variable.1.to_owned(),
            polytope::Source::Text("{}".to_owned()),
        );
        assert_eq!(server.spec.mounts, [file], "{generation}");
    }
}

#[test]
fn a_code_path_holds_the_code() {
    for (generation, project, stack) in projects() {
        let tools = Polytope::read(&project.path()).unwrap();
        let mut seen = 0;
        for container in [stack, "api-worker"]
            .iter()
            .flat_map(|t| containers(&tools, t))
        {
            if container.kind != "polytope/python" {
                continue;
            }
            let code = container.code.clone().unwrap();
            assert!(
                code.join("pyproject.toml").is_file(),
                "{generation}: {code:?}"
            );
            // The module that the command runs.
            let module = text(&container, "cmd")
                .split_whitespace()
                .find(|word| word.ends_with("main:app") || word.ends_with("worker"))
                .unwrap()
                .trim_end_matches(":app")
                .replace('.', "/");
            let file = code.join("src").join(module).with_extension("py");
            assert!(file.is_file(), "{generation}: {file:?}");
            seen += 1;
        }
        assert_eq!(seen, 2, "{generation}");
    }
}

/// The registered tools call what starts what they add.
#[test]
fn registered_tools_start_what_they_add() {
    for (generation, project, _) in projects() {
        let tools = Polytope::read(&project.path()).unwrap();
        let steps: Vec<String> = containers(&tools, "add-temporal-client")
            .into_iter()
            .map(|container| container.step)
            .collect();
        assert_eq!(
            steps,
            ["bluetext.polytope/container", "api.polytope/python"],
            "{generation}"
        );
        let scaffold = &containers(&tools, "add-temporal-workflow")[0];
        let words = command_of(scaffold);
        assert_eq!(words[0], "add-temporal-workflow");
        assert_eq!(words[words.len() - 2..], ["--", "greeting"]);
        // The program accepts the arguments that the tool passes.
        let run = project.bluetext(&words);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}

/// The registered tool does the same without arguments as the program, in a project with and
/// without a service.
#[test]
fn a_call_of_the_registered_tool_needs_no_arguments() {
    for name in ["empty", "older", "newer"] {
        let make = || match name {
            "empty" => Project::empty(),
            name => Project::copy(name),
        };
        let (called, expected) = (make(), make());
        for project in [&called, &expected] {
            project.done(&["add-temporal"]);
        }
        let tools = Polytope::read(&called.path()).unwrap();
        let call = tools.call("add-temporal-client", &serde_yaml::Mapping::new());
        let polytope::Action::Tool(base, given) = &call.unwrap().steps[0].action else {
            panic!("the first step calls the base tool")
        };
        let given = given.iter().map(|(k, v)| (k.as_str().unwrap(), v.clone()));
        let scaffold = tools.run(base, &given.collect::<Vec<_>>()).unwrap();
        called.done(&command_of(&scaffold[0]));
        expected.done(&["add-temporal-client"]);
        assert!(called.tree() == expected.tree(), "{name}");
    }
}

/// This repository's own tools, in a project that includes it.
#[test]
fn the_repository_scaffolds_and_starts() {
    let project = Project::empty();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("polytope.yml");
    project.write("polytope.yml", &std::fs::read_to_string(own).unwrap());
    let scaffold = |project: &Project| {
        let tools = Polytope::read(&project.path()).unwrap();
        let steps = tools.run("add-temporal", &[]);
        (tools, steps)
    };
    // The tools that it starts do not exist until the scaffold has run.
    let (_, before) = scaffold(&project);
    assert_eq!(
        before.unwrap_err(),
        "add-temporal: add-temporal.postgres: there is no tool `postgres`"
    );
    let target = Project::empty();
    target.done(&["add-temporal"]);
    let mut files = target.read("polytope.yml");
    files = files.replace("  - modules/bluetext\n", "");
    let tools_of_repository = project.read("polytope.yml");
    let (_, tools_of_repository) = tools_of_repository.split_once("tools:\n").unwrap();
    target.write(
        "polytope.yml",
        &files.replace("tools:\n", &format!("tools:\n{tools_of_repository}")),
    );
    let (tools, after) = scaffold(&target);
    let steps: Vec<(String, bool)> = after
        .unwrap()
        .iter()
        .map(|container| (container.step.clone(), is_service(container)))
        .collect();
    let expected = [
        ("add-temporal.scaffold", false),
        ("postgres.polytope/container", true),
        ("temporal.schema", false),
        ("temporal.server", true),
        ("temporal.namespace", false),
        ("temporal-ui.polytope/container", true),
    ];
    assert_eq!(
        steps,
        expected.map(|(step, serves)| (step.to_owned(), serves))
    );
    // Its arguments are those of the program; empty ones count as omitted.
    let scaffold = &tools.run("add-temporal", &[]).unwrap()[0];
    let words = command_of(scaffold);
    Project::empty().done(&words);
}

/// A worker tool derived from a hand-written container resolves as well.
#[test]
fn workers_made_after_existing_containers_resolve() {
    for name in ["older", "newer"] {
        let project = Project::copy(name);
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let mut tools = Polytope::read(&project.path()).unwrap();
        for (name, value) in [("api-http-port", "3030"), ("api-log-level", "INFO")] {
            tools.values.insert(name.to_owned(), value.to_owned());
        }
        let containers = tools.run("api-worker", &[]).unwrap();
        let [worker] = containers.as_slice() else {
            panic!("{containers:?}")
        };
        let cmd = text(worker, "cmd");
        assert!(
            cmd.starts_with("uv run --no-dev python -m ")
                && cmd.contains("temporal_client.reload "),
            "{cmd}"
        );
        assert_eq!(
            worker.code,
            Some(project.path().join(service_of(name)).join("."))
        );
        let env = worker.args["env"].as_sequence().unwrap();
        let value = |name: &str| env.iter().find(|e| e["name"] == name).map(|e| &e["value"]);
        assert_eq!(value("TEMPORAL_RELOAD"), Some(&Value::Bool(true)), "{name}");
        assert_eq!(
            value("UV_PROJECT_ENVIRONMENT"),
            Some(&"/opt/venv".into()),
            "{name}"
        );
    }
}

fn service_of(name: &str) -> PathBuf {
    if name == "older" {
        "modules/api"
    } else {
        "services/api"
    }
    .into()
}

/// The host ports match the list in `docs/polytope.md`.
#[test]
fn the_documents_list_every_port() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/polytope.md");
    let page = std::fs::read_to_string(page).unwrap();
    let listed: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(" on the host"))
        .collect();
    let (_, project, stack) = projects().swap_remove(0);
    let tools = Polytope::read(&project.path()).unwrap();
    let mut exposed = 0;
    for container in containers(&tools, stack) {
        let services = container.args.get("services").and_then(Value::as_sequence);
        for port in services
            .into_iter()
            .flatten()
            .flat_map(|s| s["ports"].as_sequence().unwrap())
        {
            let port = port["expose-as"].as_u64().unwrap();
            let row = format!("| {port} on the host");
            assert!(listed.iter().any(|line| line.starts_with(&row)), "{row}");
            exposed += 1;
        }
    }
    assert_eq!(exposed, listed.len());
}

/// Public projects include a repository called `bluetext` that defines no tool `bluetext`.
#[test]
fn an_included_repository_does_not_stand_in_for_the_base_tool() {
    let text = "include:\n  - repo: gh:bluetext-io/bluetext\n";
    let project = Project::with(&[("polytope.yml", text)]);
    project.done(&["add-temporal"]);
    let polytope = Polytope::read(&project.path()).unwrap();
    assert_eq!(polytope.run("bluetext", &[]).unwrap().len(), 1);
    // A call is not a definition either.
    let text = "include: []\ntools:\n  default:\n    run:\n      - tool: bluetext\n      - tool: postgres\n";
    let project = Project::with(&[("polytope.yml", text)]);
    project.done(&["add-temporal"]);
    let polytope = Polytope::read(&project.path()).unwrap();
    assert!(polytope.run("default", &[]).is_ok());
}

/// With several services, the registered tool requires the name of one.
#[test]
fn the_default_service_is_the_one_that_is_found() {
    let hooks = "async def init(app):\n    pass\n\n\nasync def deinit(app):\n    pass\n";
    let kind = |names: &[&str]| {
        let project = Project::with(&[("polytope.yml", "")]);
        for name in names {
            project.write(&format!("services/{name}/pyproject.toml"), "");
            project.write(&format!("services/{name}/src/init/__init__.py"), hooks);
        }
        project.done(&["add-temporal"]);
        let text = project.read("polytope.yml");
        let file: Value = serde_yaml::from_str(&text).unwrap();
        let kind = &file["tools"]["add-temporal-client"]["params"][0]["type"];
        serde_yaml::to_string(kind).unwrap().replace('\n', " ")
    };
    assert_eq!(kind(&[]), "- default - str - api ");
    assert_eq!(kind(&["shop"]), "- default - str - shop ");
    assert_eq!(kind(&["api", "shop"]), "str ");
    assert_eq!(kind(&["billing", "shop"]), "str ");
}

/// Run the tool `x` of a file that the interpreter does not know completely.
fn is_rejected(text: &str, expected: &str) {
    let project = Project::with(&[("polytope.yml", text)]);
    let run = Polytope::read(&project.path()).and_then(|tools| tools.run("x", &[]));
    let error = run.unwrap_err();
    assert!(error.contains(expected), "{text}\n{error}");
}

#[test]
fn unknown_files_are_rejected() {
    let cases = [
        ("templates: []\n", "unknown key"),
        ("include: [nowhere]\n", "nowhere/polytope.yml"),
        ("include: [{ git: somewhere }]\n", "unknown key"),
        ("tools: { x: { run: [], timeout: 3 } }\n", "unknown key"),
        (
            "tools: { x: { run: [], await: [y] } }\n",
            "waits for `y`, which is no step",
        ),
        (
            "tools: { x: { params: [{ id: a, type: [regex, b] }], run: [] } }\n",
            "is not known",
        ),
        (
            "tools: { x: { params: [{ id: a, type: int }], run: [] } }\n",
            "it has to be given",
        ),
    ];
    for (text, expected) in cases {
        is_rejected(text, expected);
    }
}

#[test]
fn unknown_steps_are_rejected() {
    let cases = [
        (
            "{ tool: polytope/redis, args: { id: x } }",
            "`polytope/redis` is not known",
        ),
        ("{ tool: y }", "there is no tool `y`"),
        ("{ tool: x }", "`x` calls itself"),
        ("{ tool: y, when: true }", "unknown key"),
        (
            "{ tool: y, after: { step: z } }",
            "waits for `z`, which is no step",
        ),
        ("{ tool: y, after: { event: z } }", "unknown key"),
        (
            "{ id: a, code: '#pt-clj (pt/other \"y\")' }",
            "code that is not known",
        ),
        (
            "{ id: a, code: \"pt.js\\npt.callModule(name, {});\" }",
            "code that is not known",
        ),
    ];
    for (step, expected) in cases {
        let text = format!("tools:\n  x:\n    run:\n      - {step}\n");
        is_rejected(&text, expected);
    }
}

#[test]
fn unknown_arguments_of_containers_are_rejected() {
    let cases = [
        ("privileged: true", "unknown key"),
        ("create: sometimes", "`create` is"),
        (
            "restart: { policy: always, max-restarts: 3 }",
            "`restart` is",
        ),
        ("cmd: 'sh -c \"never closed'", "cannot be split"),
        ("cmd: [sleep, 1]", "is no text"),
        ("cmd: '#pt-py 1'", "code that is not known"),
        ("cmd: pt.param missing", "refers to nothing"),
        ("cmd: pt.env HOME", "is not known"),
        ("cmd: 'say {pt.value missing}'", "refers to nothing"),
        ("env: [{ name: A, value: 1 }]", "is no text"),
        (
            "env: [{ name: A, value: \"\", secret: true }]",
            "unknown key",
        ),
        ("await: later", "`await` is no bool"),
        (
            "mounts: [{ path: data, source: { type: volume, scope: job, id: d } }]",
            "which is not absolute",
        ),
        (
            "mounts: [{ path: /data, source: { type: volume, scope: all, id: d } }]",
            "`scope` is",
        ),
        (
            "mounts: [{ path: /data, source: { type: dataset, id: d } }]",
            "a source of type dataset",
        ),
        (
            "mounts: [{ path: /data, source: { type: host, path: /etc } }]",
            "is not used by this program",
        ),
        ("services: [{ id: X, ports: [] }]", "`X` is no id"),
        ("services: [{ id: x, ports: [{ port: 99999 }] }]", "no port"),
        (
            "services: [{ id: x, ports: [{ port: 1, protocol: icmp }] }]",
            "`protocol` is",
        ),
    ];
    for (argument, expected) in cases {
        let text = format!(
            "tools:\n  x:\n    run:\n      - tool: polytope/container\n        args:\n          \
             id: x\n          image: a:1\n          {argument}\n"
        );
        is_rejected(&text, expected);
    }
}
