//! `verify`, on the real dev server: what passes, what fails, and what is left behind.
//!
//! `BLUETEXT_SKIP_E2E=1` skips the tests that need the server, with a message.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::process::{Command, Stdio};

use common::Project;
use real::{Process, Tools, skip_if_asked, take_three_steps, wait_for};
use serde_json::Value;

const WORKFLOW: &str = "modules/api/src/backend/workflows/greeting/workflow.py";
const ACTIVITIES: &str = "modules/api/src/backend/workflows/greeting/activities.py";

/// The program with what the tests have installed.
fn program(project: &Project, arguments: &[&str]) -> Command {
    let tools = Tools::get();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluetext"));
    command
        .args(arguments)
        .current_dir(project.path())
        .env("PATH", tools.path())
        .env("UV_CACHE_DIR", &tools.cache)
        // It must not reach the server, the worker and the tests.
        .env("TEMPORAL_ADDRESS", "temporal.invalid:1")
        .env("TEMPORAL_NAMESPACE", "elsewhere")
        .stdin(Stdio::null());
    command
}

/// The exit code and the report of a run. The report matches its schema, and no process that
/// the run has started is left.
fn verified(project: &Project, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["verify", "--format", "json", "--quiet"], arguments].concat();
    let output = program(project, &arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = bluetext::report::VerifyReport::schema();
    let faults: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new(), "{report:#}");
    assert_eq!(left_of(project), Vec::<String>::new());
    (output.status.code().unwrap(), report)
}

/// The command lines of processes that run in a project, or for it.
fn left_of(project: &Project) -> Vec<String> {
    let folder = project.path();
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let is_in = std::fs::read_link(process.join("cwd"))
            .is_ok_and(|current| current.starts_with(&folder));
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        let is_zombie = line.is_empty();
        if is_in && !is_zombie {
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
    let (code, report) = verified(&project, &[]);
    assert_eq!(code, 0, "{report:#}");
    let service = &report["services"][0];
    assert_eq!(service["tests"]["status"], "passed");
    let workflows: Vec<(&str, &str, &Value)> = service["workflows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workflow| {
            let text = |name: &str| workflow[name].as_str().unwrap();
            (text("workflow"), text("status"), &workflow["messages"])
        })
        .collect();
    let messages = serde_json::json!([
        "query progress",
        "signal approve",
        "update amend {\"amend\": 1}"
    ]);
    let expected = [
        ("ApprovalWorkflow", "passed", &messages),
        ("GreetingWorkflow", "passed", &serde_json::json!([])),
    ];
    assert_eq!(workflows, expected);
    let summary = report["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("verified: 2 workflows of `api` completed; tests: "),
        "{summary}"
    );

    // One workflow, and only its tests.
    let (code, report) = verified(&project, &["greeting"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["services"][0]["workflows"].as_array().unwrap().len(),
        1
    );

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
        summary.contains("ModuleNotFoundError: No module named 'nowhere'"),
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
        ("shop/requirements.txt", "fastapi>=0.115\n"),
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
    assert_eq!(service["installed"][0], "uv venv .venv");
}

/// Ctrl-C while something runs: its processes end.
#[test]
fn an_interrupt_leaves_nothing_running() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    edited(
        &project,
        ACTIVITIES,
        "        return ",
        "        import time; time.sleep(60)\n        return ",
    );
    let tests = "modules/api/tests/workflows/test_greeting_workflow.py";
    project.write(tests, "def test_nothing() -> None:\n    pass\n");
    let mut command = program(&project, &["verify"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = Process::start(&mut command);
    wait_for("the worker", || {
        let running = left_of(&project);
        running
            .iter()
            .any(|line| line.contains("backend.worker"))
            .then_some(())
    });
    run.signal(rustix::process::Signal::INT);
    let status = wait_for("the end", || run.0.try_wait().unwrap());
    let mut said = String::new();
    let mut stderr = run.0.stderr.take().unwrap();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: it was interrupted: its processes have ended"),
        "{said}"
    );
    wait_for("the end of the processes", || {
        left_of(&project).is_empty().then_some(())
    });
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
    assert!(
        summary.starts_with("verifying needs what the service requires: `uv sync` failed"),
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
