//! Workers in operation, on the real Temporal server: kills, stops, lost servers and networks;
//! health, metrics, logs, versions, tracing and a Kubernetes deployment.
//!
//! `BLUETEXT_SKIP_E2E=1` skips these tests with a message.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(
    clippy::print_stderr,
    reason = "what was measured and left out is said"
)]

mod common;
#[path = "common/network.rs"]
mod network;
#[path = "common/real.rs"]
mod real;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Project;
use network::Namespace;
use real::{
    Process, Server, Tools, finish, free_port, get, make_batch, python_of, skip_if_asked,
    take_three_steps, wait_for,
};
use rustix::process::Signal;
use serde_json::Value;

/// How many executions are under way when something happens.
const EXECUTIONS: usize = 300;

/// A client that starts all executions, says when some have completed, and waits for the rest.
const CLIENT: &str = include_str!("common/executions.py");

/// Three workers, a server with a database file and a client, in a network of their own if there
/// can be one.
struct Cluster<'n> {
    service: PathBuf,
    network: Option<&'n Namespace>,
    port: u16,
    database: PathBuf,
    server: Option<Process>,
    workers: Vec<Process>,
}

impl<'n> Cluster<'n> {
    fn start(service: &Path, folder: &Path, network: Option<&'n Namespace>) -> Self {
        let mut cluster = Self {
            service: service.to_owned(),
            network,
            port: free_port(),
            database: folder.join("temporal.db"),
            server: None,
            workers: Vec::new(),
        };
        cluster.start_server();
        for _ in 0..3 {
            let mut command = cluster.python(&["-m", "backend.worker"]);
            command
                .env("TEMPORAL_MAX_CONCURRENT_ACTIVITIES", "20")
                .env("TEMPORAL_STICKY_TIMEOUT_SECONDS", "2");
            let process = Process::start(&mut cluster.placed(command));
            cluster.workers.push(process);
        }
        cluster
    }

    /// The command, run in the network.
    fn placed(&self, command: Command) -> Command {
        match self.network {
            Some(network) => network.inside(&command),
            None => command,
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn python(&self, arguments: &[&str]) -> Command {
        let program = self.service.join(".venv/bin/python");
        let mut command = Tools::get().command(program.to_str().unwrap(), &self.service);
        command
            .args(arguments)
            .env("TEMPORAL_ADDRESS", self.address())
            .env("LOG_LEVEL", "CRITICAL");
        command
    }

    fn start_server(&mut self) {
        let tools = Tools::get();
        let mut command = tools.command("temporal", Path::new("/"));
        command
            .args(["server", "start-dev", "--headless", "--log-level", "never"])
            .args(["--ip", "127.0.0.1", "--port", &self.port.to_string()])
            .arg("--db-filename")
            .arg(&self.database);
        let mut command = self.placed(command);
        self.server = Some(Process::start(command.stdout(Stdio::null())));
        let address = self.address();
        wait_for("the dev server", || {
            let mut health = tools.command("temporal", Path::new("/"));
            health.args(["operator", "cluster", "health", "--address", &address]);
            let answer = self.placed(health).output().unwrap();
            answer.status.success().then_some(())
        });
    }

    /// Run all executions; `happens` is called when half have completed.
    fn run(&mut self, what: &str, happens: impl FnOnce(&mut Self)) {
        let started = Instant::now();
        let [all, half] = [EXECUTIONS, EXECUTIONS / 2].map(|count| count.to_string());
        let command = self.python(&["-c", CLIENT, &all, &half]);
        let mut command = self.placed(command);
        let mut client = Process::start(command.stdout(Stdio::piped()));
        let mut output = BufReader::new(client.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "some\n", "{what}");
        happens(self);
        line.clear();
        output.read_to_string(&mut line).unwrap();
        assert_eq!(line, "all\n", "{what}");
        eprintln!(
            "{EXECUTIONS} executions, {what}: none lost, {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }
}

/// Whatever happens to the workers, the server and the network, no execution is lost.
#[test]
fn no_execution_is_lost() {
    skip_if_asked!(write);
    let tools = Tools::get();
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    make_batch(&project);
    let service = project.path().join("modules/api");
    tools.uv(&service, &["sync", "--quiet", "--no-dev"]);
    let network = Namespace::new(&format!("bluetext-{}", std::process::id()));
    if network.is_none() {
        eprintln!("left out: the cut network, for which `ip netns add` must work");
    }
    let cluster = || {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster::start(&service, folder.path(), network.as_ref());
        (cluster, folder)
    };

    let (mut one, _folder) = cluster();
    one.run("one of three workers killed", |cluster| {
        drop(cluster.workers.remove(0));
    });
    for mut worker in one.workers {
        assert_eq!(worker.stop(), Some(0));
    }

    let (mut two, _folder) = cluster();
    two.run(
        "one of three workers stopped for 10 s (SIGSTOP)",
        |cluster| {
            cluster.workers[0].signal(Signal::STOP);
            std::thread::sleep(Duration::from_secs(10));
            cluster.workers[0].signal(Signal::CONT);
        },
    );
    drop(two);

    let (mut three, _folder) = cluster();
    three.run(
        "the server killed, and started again after 5 s",
        |cluster| {
            drop(cluster.server.take());
            std::thread::sleep(Duration::from_secs(5));
            cluster.start_server();
        },
    );
    drop(three);

    if let Some(network) = &network {
        let (mut four, _folder) = cluster();
        four.run("the network cut for 10 s", |_| {
            network.set_link("lo", "down");
            std::thread::sleep(Duration::from_secs(10));
            network.set_link("lo", "up");
        });
    }
}

/// The text of a code block in the library's README.
fn block(service: &Path, language: &str, begin: &str) -> String {
    let readme = service.join("src/backend/temporal_client/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let fence = format!("```{language}\n");
    let mut blocks = readme.split(&fence).skip(1);
    let found = blocks.find(|block| block.starts_with(begin)).unwrap();
    found.split("```").next().unwrap().to_owned()
}

/// The service of three steps, with these requirements installed as well.
fn installed(project: &Project, more: &[&str]) -> PathBuf {
    let tools = Tools::get();
    take_three_steps(project);
    let service = project.path().join("modules/api");
    tools.uv(&service, &["sync", "--quiet", "--no-dev"]);
    if !more.is_empty() {
        tools.uv(
            &service,
            &[&["pip", "install", "--quiet"][..], more].concat(),
        );
    }
    service
}

/// A worker process tells whether it lives and is ready, serves metrics, logs JSON, runs in
/// uvloop where that is installed, and waits for its version to be made current.
#[test]
fn a_worker_process_is_observed() {
    skip_if_asked!();
    let tools = Tools::get();
    let project = Project::empty();
    let service = installed(&project, &["uvloop"]);
    let (port, health, metrics) = (free_port(), free_port(), free_port());
    let log = project.path().join("worker.log");
    let program = service.join(".venv/bin/python");
    let mut command = tools.command(program.to_str().unwrap(), &service);
    command
        .args(["-m", "backend.worker"])
        .env("TEMPORAL_ADDRESS", format!("127.0.0.1:{port}"))
        .env("TEMPORAL_HEALTH_ADDRESS", format!("127.0.0.1:{health}"))
        .env("TEMPORAL_METRICS_ADDRESS", format!("127.0.0.1:{metrics}"))
        .env("TEMPORAL_WORKER_BUILD_ID", "v1")
        .env("LOG_FORMAT", "json")
        .stderr(fs::File::create(&log).unwrap());
    let mut worker = Process::start(&mut command);
    // Without a server it lives, and is not ready.
    let state = |path: &str| status(health, path);
    wait_for("life", || (state("/live")? == 200).then_some(()));
    assert_eq!(state("/ready"), Some(503));
    assert_eq!(state("/other"), Some(404));
    let answer: Value = serde_json::from_str(&get(health, "/ready").unwrap()).unwrap();
    assert_eq!(answer["polling"], false);
    let server = Server::start(port);
    wait_for("readiness", || (state("/ready")? == 200).then_some(()));
    wait_for("the metrics", || {
        get(metrics, "/metrics").filter(|text| text.contains("temporal_num_pollers"))
    });
    if cfg!(target_os = "linux") {
        let maps = fs::read_to_string(format!("/proc/{}/maps", worker.0.id())).unwrap();
        assert!(maps.contains("uvloop"), "it runs in uvloop");
    }

    let temporal = |arguments: &[&str]| {
        let mut command = tools.command("temporal", &service);
        command.args(arguments).args(["--address", &server.address]);
        command
    };
    let input = ["--input", r#"{"name": "Ada"}"#];
    let start = ["workflow", "start", "--type", "GreetingWorkflow"];
    let queue = ["--task-queue", "main-task-queue", "--workflow-id", "g"];
    finish(&mut temporal(&[&start[..], &queue, &input].concat()));
    let result = ["workflow", "result", "--workflow-id", "g"];
    let mut early = Process::start(temporal(&result).stdout(Stdio::null()));
    std::thread::sleep(Duration::from_secs(2));
    let ended = early.0.try_wait().unwrap();
    assert!(ended.is_none(), "it ran without a version");
    let command = block(&service, "sh", "temporal worker deployment");
    let command = command.replace("BUILD_ID", "v1");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{} --yes", command.trim())])
        .env("PATH", tools.path())
        .env("TEMPORAL_ADDRESS", &server.address);
    finish(&mut shell);
    let shown = finish(&mut temporal(&result));
    assert!(shown.contains("message for Ada"), "{shown}");
    assert_eq!(worker.stop(), Some(0));
    let log = fs::read_to_string(log).unwrap();
    let messages: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{log}")))
        .collect();
    let takes = "The worker takes tasks from `main-task-queue`. Workflows: GreetingWorkflow.";
    assert!(
        messages.iter().any(|line| line["message"] == takes),
        "{log}"
    );
}

/// The status code of an answer.
fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// The linter of Dockerfiles has no findings in ours.
#[test]
fn the_dockerfile_is_clean() {
    skip_if_asked!();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lint = Tools::get().command("hadolint", root);
    assert_eq!(finish(lint.args(["--no-color", "Dockerfile"])), "");
    let project = Project::with(&[("Dockerfile", "FROM debian:latest\n")]);
    let mut lint = Tools::get().command("hadolint", &project.path());
    let run = lint.args(["--no-color", "Dockerfile"]).output().unwrap();
    assert!(!run.status.success() && String::from_utf8_lossy(&run.stdout).contains("DL3007"));
}

/// The lines of the README send a trace of the workflow and its activity.
#[test]
fn the_lines_for_tracing_work() {
    skip_if_asked!();
    let project = Project::empty();
    let service = installed(
        &project,
        &[
            "temporalio[opentelemetry]",
            "opentelemetry-exporter-otlp-proto-http",
        ],
    );
    let lines = block(&service, "python", "from opentelemetry import trace");
    let path = "modules/api/src/backend/worker.py";
    let text = project.read(path);
    let end = "        dependencies=open_dependencies,\n";
    assert!(text.contains(end), "{text}");
    let text = text.replace(end, &format!("{end}        plugins=[tracing],\n"));
    let (head, main) = text.split_once("if __name__").unwrap();
    project.write(path, &format!("{head}{lines}\nif __name__{main}"));
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let server = Server::start(free_port());
    let mut command = python_of(&service, &server, &["-m", "backend.worker"]);
    let exporter = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
    ];
    let mut worker = Process::start(command.envs(exporter));
    let client = format!(
        "{lines}
import asyncio
import os
from backend.temporal_client import connect

async def main() -> None:
    client = await connect(plugins=[tracing])
    await client.execute_workflow(
        \"GreetingWorkflow\", {{\"name\": \"Ada\"}}, id=\"g\", task_queue=\"main-task-queue\"
    )

asyncio.run(main())
provider.shutdown()
# Not by the interpreter's shutdown, which may crash while it stops the threads of the SDK's core
# (\"PyGILState_Release\").
os._exit(0)
"
    );
    let mut command = python_of(&service, &server, &["-c", &client]);
    let mut client = Process::start(command.envs(exporter));
    let mut spans = String::new();
    for name in [
        "StartWorkflow:GreetingWorkflow",
        "RunWorkflow:GreetingWorkflow",
        "RunActivity:greeting.process",
    ] {
        while !spans.contains(name) {
            spans.push_str(&request(&collector));
        }
    }
    assert!(wait_for("the client", || client.0.try_wait().unwrap()).success());
    assert_eq!(worker.stop(), Some(0));
}

/// Read one request, and answer it.
fn request(listener: &TcpListener) -> String {
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = wait_for("a trace", || listener.accept().ok());
    stream.set_nonblocking(false).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    String::from_utf8_lossy(&body).into_owned()
}

/// The deployment of the README is one that Kubernetes accepts.
#[test]
fn the_kubernetes_deployment_is_valid() {
    skip_if_asked!();
    let project = Project::empty();
    take_three_steps(&project);
    let service = project.path().join("modules/api");
    let deployment = block(&service, "yaml", "apiVersion: apps/v1");
    project.write("deployment.yml", &deployment);
    let validate = |text: &str| {
        project.write("deployment.yml", text);
        Tools::get()
            .command("kubernetes-validate", &project.path())
            .args(["--strict", "deployment.yml"])
            .output()
            .unwrap()
    };
    let valid = validate(&deployment);
    let shown = String::from_utf8_lossy(&valid.stderr);
    assert!(valid.status.success(), "{shown}");
    let wrong = deployment.replace("livenessProbe", "liveProbe");
    assert!(!validate(&wrong).status.success());
}
