//! `verify`, on the real dev server: what passes, what fails, and what is left behind.
//!
//! `BLUETEXT_SKIP_E2E=1` skips the tests that need the server, with a message.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was measured is said")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::Project;
use real::{Process, Tools, finish, skip_if_asked, take_three_steps, wait_for};
use serde_json::{Value, json};

const WORKFLOW: &str = "modules/api/src/backend/workflows/greeting/workflow.py";
const ACTIVITIES: &str = "modules/api/src/backend/workflows/greeting/activities.py";

/// A variable that tells the processes of a project's runs from others.
const MARK: &str = "BLUETEXT_TEST_PROJECT";

/// The program with what the tests have installed, and of the environment only how packages are
/// downloaded.
fn program(project: &Project, arguments: &[&str]) -> Command {
    let tools = Tools::get();
    let mut command = common::command(&project.path(), arguments);
    let of_downloads = std::env::vars().filter(|(name, _)| {
        let name = name.to_uppercase();
        let parts = ["CERT", "PROXY"];
        name.starts_with("PIP_")
            || name.starts_with("UV_")
            || parts.iter().any(|part| name.contains(part))
    });
    command
        .envs(of_downloads)
        .env("PATH", tools.path())
        .env("UV_CACHE_DIR", &tools.cache)
        .env(MARK, project.path())
        // It must not reach the server, the worker and the tests.
        .env("TEMPORAL_ADDRESS", "temporal.invalid:1")
        .env("TEMPORAL_NAMESPACE", "elsewhere")
        .env("XDG_CONFIG_HOME", project.path().join("config"))
        .stdin(Stdio::null());
    command
}

/// The exit code and the report of a run. The report matches its schema, and no process that
/// the run has started is left.
fn verified(project: &Project, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["verify", "--format", "json", "--quiet"], arguments].concat();
    report_of(project, &mut program(project, &arguments))
}

fn report_of(project: &Project, command: &mut Command) -> (i32, Value) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = bluetext::report::schema_of::<bluetext::report::VerifyReport>();
    common::assert_valid(&schema, &report);
    assert_eq!(left_of(project), Vec::<String>::new());
    (output.status.code().unwrap(), report)
}

/// The command lines of the processes that a project's runs have started.
fn left_of(project: &Project) -> Vec<String> {
    let mark = format!("{MARK}={}", project.path().display());
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        let is_zombie = line.is_empty();
        if !is_zombie
            && environment
                .split(|byte| *byte == 0)
                .any(|each| each == mark.as_bytes())
        {
            left.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    left
}

fn edited(project: &Project, path: &str, from: &str, to: &str) -> String {
    let before = project.read(path);
    assert!(before.contains(from), "{before}");
    project.write(path, &before.replacen(from, to, 1));
    before
}

#[test]
fn a_service_passes_or_the_cause_is_named() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    project.done(&[
        "add-temporal-workflow",
        "approval",
        "--input=request_id:str",
        "--output=status:str",
        "--signal=approve",
        "--update=amend:int",
        "--query=progress:str",
    ]);
    // A test that leaves a process, which would keep its output open.
    let child = "import subprocess\n\n\ndef test_child() -> None:\n    \
                 subprocess.Popen([\"sleep\", \"300\"])\n";
    project.write("modules/api/tests/test_child.py", child);
    let (code, report) = verified(&project, &[]);
    assert_eq!(code, 0, "{report:#}");
    let service = &report["services"][0];
    assert_eq!(service["tests"]["status"], "passed");
    let took = [
        &service["install_seconds"],
        &service["tests"]["seconds"],
        &service["workflows"][0]["seconds"],
        &service["workflows"][1]["seconds"],
    ];
    assert!(
        took.iter().all(|took| took.as_f64() > Some(0.0)),
        "{took:?}"
    );
    let workflows: Vec<(&str, &str, &Value)> = service["workflows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workflow| {
            let text = |name: &str| workflow[name].as_str().unwrap();
            (text("workflow"), text("status"), &workflow["messages"])
        })
        .collect();
    let messages = json!([
        "query progress",
        "signal approve",
        "update amend {\"amend\": 1}"
    ]);
    let expected = [
        ("ApprovalWorkflow", "passed", &messages),
        ("GreetingWorkflow", "passed", &json!([])),
    ];
    assert_eq!(workflows, expected);
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("verified: 2 workflows of `api` completed; tests: "),
        "{summary}"
    );

    // A query that raises: its message is the cause.
    let workflow = "modules/api/src/backend/workflows/approval/workflow.py";
    let good = edited(
        &project,
        workflow,
        "        return self._progress",
        "        raise ValueError(\"no progress\")\n        return self._progress",
    );
    let (code, report) = verified(&project, &["approval"]);
    assert_eq!(code, 7);
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("ApprovalWorkflow failed: query progress: ")
            && summary.contains("no progress"),
        "{summary}"
    );
    project.write(workflow, &good);

    // A profile of the user names another namespace.
    project.write(
        "config/temporalio/temporal.toml",
        "[profile.default]\nnamespace = \"elsewhere\"\n",
    );
    // One workflow, and only its tests: not this one.
    project.write(
        "modules/api/tests/test_other.py",
        "def test_it() -> None:\n    assert False\n",
    );
    let (code, report) = verified(&project, &["greeting"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["services"][0]["workflows"].as_array().unwrap().len(),
        1
    );
}

/// The tests of a workflow include those of its routes, each step is on stderr, and what is
/// installed needs no network.
#[test]
fn a_workflow_is_verified_with_its_routes() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    project.done(&["add-temporal-workflow", "refund", "--route"]);
    let routes = "modules/api/tests/workflows/test_refund_routes.py";
    let good = project.read(routes);
    project.write(
        routes,
        &format!("{good}\n\ndef test_route() -> None:\n    assert False\n"),
    );
    let (code, report) = verified(&project, &["refund"]);
    assert_eq!(code, 7, "{report:#}");
    assert_eq!(report["services"][0]["tests"]["status"], "failed");
    assert_eq!(report["services"][0]["workflows"][0]["status"], "passed");
    project.write(routes, &good);

    let output = program(&project, &["verify", "refund", "--format", "json"])
        .env("UV_OFFLINE", "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let steps: Vec<&str> = stderr
        .lines()
        .map(|line| line.trim().split("  ").next().unwrap())
        .collect();
    assert_eq!(
        steps,
        [
            "install api",
            "tests of api",
            "Temporal dev server",
            "execute RefundWorkflow"
        ],
        "{stderr}"
    );
}

#[test]
fn the_first_line_names_the_cause() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    // A bug in the workflow, which Temporal retries for ever.
    let good = edited(
        &project,
        WORKFLOW,
        "        return await",
        "        oops\n        return await",
    );
    let (code, report) = verified(&project, &["greeting"]);
    assert_eq!(code, 7, "{report:#}");
    let summary = report["summary"].as_str().unwrap();
    let cause = "GreetingWorkflow failed: NameError: name 'oops' is not defined \
                 (src/backend/workflows/greeting/workflow.py:";
    assert!(summary.starts_with(cause), "{summary}");
    let workflow = &report["services"][0]["workflows"][0];
    assert_eq!(workflow["status"], "failed");
    let last = workflow["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "WorkflowTaskFailed");
    assert_eq!(report["services"][0]["tests"]["status"], "failed");
    assert_eq!(report["next"][0]["tool"], "check");
    let human = program(&project, &["verify", "greeting", "--quiet"])
        .output()
        .unwrap();
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.lines().next().unwrap().starts_with(cause), "{human}");
    project.write(WORKFLOW, &good);

    // An activity that fails each time.
    let good = edited(
        &project,
        ACTIVITIES,
        "        return ",
        "        raise ValueError(\"no stock\")\n        return ",
    );
    let (code, report) = verified(&project, &["greeting"]);
    assert_eq!(code, 7);
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("GreetingWorkflow failed: ValueError: no stock (src/backend/"),
        "{summary}"
    );
    assert!(
        summary.ends_with(" in the activity `greeting.process`"),
        "{summary}"
    );
    project.write(ACTIVITIES, &good);

    // A worker that does not start.
    edited(
        &project,
        ACTIVITIES,
        "from temporalio",
        "import nowhere\nfrom temporalio",
    );
    let (code, report) = verified(&project, &["greeting"]);
    assert_eq!(code, 7);
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.ends_with(
            "ModuleNotFoundError: No module named 'nowhere' \
             (src/backend/workflows/greeting/activities.py:13)"
        ),
        "{summary}"
    );
    let log = report["services"][0]["log"].as_array().unwrap();
    assert!(
        log.iter()
            .any(|line| line.as_str().unwrap().contains("nowhere"))
    );
    project.write(ACTIVITIES, &good);
}

/// A service with a list of requirements, and an application in a package.
#[test]
fn a_service_with_a_list_of_requirements_passes() {
    skip_if_asked!();
    let project = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "-r reqs/common.txt\n"),
        ("shop/reqs/common.txt", "fastapi>=0.115\n"),
        ("shop/app/__init__.py", ""),
        (
            "shop/app/main.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
    ]);
    take_three_steps(&project);
    let (code, report) = verified(&project, &[]);
    assert_eq!(code, 0, "{report:#}");
    let service = &report["services"][0];
    assert_eq!(service["path"], "shop");
    assert_eq!(service["tests"]["status"], "passed", "{report:#}");
    assert_eq!(service["installed"][0], "uv venv .venv", "{report:#}");
}

/// A project whose workflow `approval` completes, and whose workflow `greeting` does not end.
fn with_a_long_activity() -> Project {
    let project = Project::empty();
    take_three_steps(&project);
    project.done(&["add-temporal-workflow", "approval"]);
    edited(
        &project,
        ACTIVITIES,
        "        return ",
        "        import time; time.sleep(600)\n        return ",
    );
    let tests = "modules/api/tests/workflows/test_greeting_workflow.py";
    project.write(tests, "def test_nothing() -> None:\n    pass\n");
    project
}

/// Ctrl-C while something runs: its processes end, and what is known is reported.
#[test]
fn an_interrupt_leaves_nothing_running() {
    skip_if_asked!();
    let project = with_a_long_activity();
    let mut command = program(&project, &["verify", "--format", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = Process::start(&mut command);
    let mut lines = BufReader::new(run.0.stderr.take().unwrap()).lines();
    let has_ended = |line: std::io::Result<String>| line.unwrap().contains("ApprovalWorkflow");
    assert!(lines.any(has_ended));
    run.signal(rustix::process::Signal::INT);
    let report: Value = serde_json::from_reader(run.0.stdout.take().unwrap()).unwrap();
    let status = wait_for("the end", || run.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(1), "{report:#}");
    assert_eq!(
        report["summary"],
        "it was interrupted: its processes have ended"
    );
    let workflows = report["services"][0]["workflows"].as_array().unwrap();
    let [approval] = &workflows[..] else {
        panic!("{report:#}");
    };
    assert_eq!(approval["status"], "passed");
    wait_for("the end of the processes", || {
        left_of(&project).is_empty().then_some(())
    });
}

/// What does not end before the time is over is not called broken.
#[test]
fn a_time_that_is_over_is_no_failure() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    let tests = "modules/api/tests/workflows/test_greeting_workflow.py";
    let good = project.read(tests);
    project.write(
        tests,
        "import time\n\n\ndef test_it() -> None:\n    time.sleep(600)\n",
    );
    let (code, report) = verified(&project, &["greeting", "--timeout", "40s"]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(report["status"], "not_run");
    assert_eq!(report["error"]["code"], "cannot-verify");
    assert_eq!(
        report["summary"],
        "service `api`: `pytest` did not end in time"
    );
    assert_eq!(report["error"]["hint"], "allow more time: `--timeout 15m`");
    let next = report["next"][0]["command"].as_str().unwrap();
    assert_eq!(next, "bluetext verify greeting --timeout 15m");

    // An execution: what has run before it is known.
    project.write(tests, &good);
    edited(
        &project,
        ACTIVITIES,
        "        return ",
        "        import time; time.sleep(600)\n        return ",
    );
    project.write(tests, "def test_nothing() -> None:\n    pass\n");
    let (code, report) = verified(&project, &["--timeout", "40s"]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(report["status"], "not_run");
    let summary = report["summary"].as_str().unwrap();
    assert_eq!(
        summary,
        "service `api`: `execute GreetingWorkflow` did not end in time"
    );
    assert_eq!(report["services"][0]["tests"]["status"], "passed");
    assert_eq!(report["services"][0]["workflows"], json!([]));
}

/// On a machine without uv, pip installs, and what it has installed needs no network.
#[test]
fn without_uv_the_second_run_needs_no_network() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    let programs = project.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let tools = Tools::get();
    let temporal = which::which_in("temporal", Some(tools.path()), project.path()).unwrap();
    std::os::unix::fs::symlink(temporal, programs.join("temporal")).unwrap();
    // A link to a Python would not find its library.
    let mut python = Command::new(real::python());
    python.args(["-c", "import sys; print(sys.executable, end='')"]);
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", finish(&mut python));
    project.write_program("programs/python3", &script);
    let arguments = ["verify", "--format", "json", "--quiet"];
    let (code, report) = report_of(
        &project,
        program(&project, &arguments).env("PATH", &programs),
    );
    assert_eq!(code, 0, "{report:#}");
    let installed = json!([
        "python3 -m venv .venv",
        ".venv/bin/python -m pip install --upgrade 'pip>=25.1'",
        ".venv/bin/python -m pip install -e . --group dev",
    ]);
    assert_eq!(report["services"][0]["installed"], installed);
    let (code, report) = report_of(
        &project,
        program(&project, &arguments)
            .env("PATH", &programs)
            .env("PIP_NO_INDEX", "1"),
    );
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["services"][0]["installed"], json!([]));
    // What it requires has changed.
    edited(
        &project,
        "modules/api/pyproject.toml",
        "dependencies = [",
        "dependencies = [\n    \"nowhere-to-be-found>=1\",",
    );
    let (code, report) = report_of(
        &project,
        program(&project, &arguments)
            .env("PATH", &programs)
            .env("PIP_NO_INDEX", "1"),
    );
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(report["error"]["code"], "cannot-verify");
}

/// Too little time, and packages that cannot be had.
#[test]
fn what_it_needs_is_said() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    let (code, report) = verified(&project, &["--timeout", "200ms"]);
    assert_eq!(
        (code, &report["status"]),
        (1, &Value::from("not_run")),
        "{report:#}"
    );
    assert_eq!(report["error"]["code"], "cannot-verify");
    assert_eq!(report["error"]["hint"], "allow more time: `--timeout 15m`");
    let empty = project.path().join("empty-cache");
    let output = program(&project, &["verify", "--format", "json"])
        .env("UV_CACHE_DIR", empty)
        .env("UV_OFFLINE", "1")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let summary = report["summary"].as_str().unwrap();
    let needed = "service `api`: verifying needs what the service requires: `uv sync --inexact` \
                  failed";
    assert!(summary.starts_with(needed), "{summary}");

    // A server that does not start: the results of the tests are kept.
    let broken = project.path().join("broken");
    project.write_program("broken/temporal", "#!/bin/sh\necho no disk >&2\nexit 1\n");
    let path = Tools::get().path();
    let paths = std::iter::once(broken).chain(std::env::split_paths(&path));
    let paths: Vec<PathBuf> = paths.collect();
    let output = program(&project, &["verify", "--format", "json"])
        .env("PATH", std::env::join_paths(paths).unwrap())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["status"], "not_run");
    assert_eq!(report["services"][0]["tests"]["status"], "passed");
    assert_eq!(report["services"][0]["workflows"], json!([]));
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("service `api`: ") && summary.ends_with("no disk"),
        "{summary}"
    );
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let project = Project::empty();
    let mut shown = String::new();
    let mut call = |project: &Project, arguments: &[&str]| {
        let run = project.bluetext(arguments);
        let line = arguments.join(" ");
        shown.push_str(&format!("$ bluetext {line}\n{}\n", run.shown()));
    };
    call(&project, &["verify"]);
    project.done(&["add-temporal"]);
    call(&project, &["verify"]);
    project.done(&["add-temporal-client"]);
    call(&project, &["verify"]);
    project.done(&["add-temporal-workflow", "greeting"]);
    call(&project, &["verify", "refund"]);
    call(&project, &["verify", "--service", "shop"]);
    call(&project, &["verify", "--dry-run"]);
    let by_hand = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "temporalio\n"),
        (
            "shop/worker.py",
            "from temporalio.worker import Worker\n\nworker = Worker(None, task_queue='q', \
             workflows=[], activities=[])\n",
        ),
    ]);
    call(&by_hand, &["verify", "--service", "shop"]);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("refused", shown);
    });
}

/// An agent with the official client and nothing else takes a project from where it is to a
/// verified workflow, with few calls and little to read.
#[test]
fn an_agent_gets_to_a_verified_workflow() {
    skip_if_asked!();
    let existing = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "fastapi>=0.115\n"),
        ("shop/app/__init__.py", ""),
        (
            "shop/app/main.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
    ]);
    for (project, service, mode) in [
        (Project::empty(), "api", "auto"),
        (existing, "shop", "legacy"),
    ] {
        let tools = Tools::get();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/agent.py");
        let mut agent = tools.command("uv", &project.path());
        agent
            .args(["run", "--no-project", "--with=mcp==2.3.0", "python"])
            .arg(script)
            .args([env!("CARGO_BIN_EXE_bluetext")])
            .arg(project.path())
            .arg(mode)
            .env("BLUETEXT_NO_START", "1");
        let said = finish(&mut agent);
        let (transcript, characters) = said.split_once("characters: ").unwrap();
        let expected = format!(
            "status ok\nadd-temporal applied\nadd-temporal-client applied\n\
             add-temporal-workflow applied\nverify passed\n\
             verified: 1 workflow of `{service}` completed\n\
             progress: install {service}, tests of {service}, Temporal dev server, \
             execute OrderWorkflow\ncalls: 5\nrequests: 9\n"
        );
        assert_eq!(transcript, expected);
        // About 4 characters a token: at most 9,000 tokens.
        let characters: usize = characters.trim().parse().unwrap();
        assert!(characters < 36_000, "{characters}");
        eprintln!("{service}: 5 calls, 9 requests, {characters} characters");
        assert_eq!(left_of(&project), Vec::<String>::new());
    }
}

/// A cancelled verification ends its processes, and so does the end of the session.
#[test]
fn a_cancelled_call_leaves_nothing_running() {
    skip_if_asked!();
    let project = with_a_long_activity();
    for is_closed in [false, true] {
        let mut command = program(&project, &["mcp", "--discovery", "static"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Process::start(&mut command);
        let mut input = server.0.stdin.take().unwrap();
        let mut output = BufReader::new(server.0.stdout.take().unwrap()).lines();
        let mut send = |message: Value| writeln!(input, "{message}").unwrap();
        send(
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}}),
        );
        output.next().unwrap().unwrap();
        send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        send(
            json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "verify", "arguments": {}}}),
        );
        wait_for("the worker", || {
            let running = left_of(&project);
            running
                .iter()
                .any(|line| line.contains("backend.worker"))
                .then_some(())
        });
        if !is_closed {
            send(
                json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                "params": {"requestId": 2}}),
            );
            wait_for("the end of the processes", || {
                let left = left_of(&project);
                left.iter().all(|line| line.contains(" mcp ")).then_some(())
            });
            // The session goes on.
            send(json!({"jsonrpc": "2.0", "id": 3, "method": "ping"}));
            let answer = output.find_map(|line| {
                let line = line.unwrap();
                line.contains("\"id\":3").then_some(line)
            });
            assert!(answer.is_some());
        }
        drop(input);
        wait_for("the end of the server", || server.0.try_wait().unwrap());
        wait_for("the end of the processes", || {
            left_of(&project).is_empty().then_some(())
        });
    }
}
