//! Adds workflows while a service runs on the real Temporal server. The API and the worker are
//! started with the command and environment of the generated `polytope.yml`, and are never
//! restarted by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

mod common;
#[path = "common/polytope.rs"]
mod polytope;
#[path = "common/real.rs"]
mod real;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::Project;
use polytope::{Container, Polytope};
use real::{Process, Server, Tools, free_port, health, skip_if_asked, take_three_steps, wait_for};
use serde_json::{Value, json};

/// A service with one workflow, in one of the two layouts. Its activity takes 5 s and logs its
/// start and end.
struct Service {
    project: Project,
    folder: PathBuf,
    workflows: String,
}

impl Service {
    fn new(flat: bool) -> Self {
        let project = if flat {
            Project::with(&[
                ("polytope.yml", "include: [services/web]\ntools: {}\n"),
                (
                    "services/web/polytope.yml",
                    "tools:\n  web:\n    inputs: {}\n    run: []\n",
                ),
            ])
        } else {
            Project::empty()
        };
        take_three_steps(&project);
        let (folder, source) = if flat {
            ("services/api", "src")
        } else {
            ("modules/api", "src/backend")
        };
        let workflows = format!("{folder}/{source}/workflows");
        let activities = format!("{workflows}/greeting/activities.py");
        let slow = "        import time\n\n        with open(\"attempts\", \"a\") as attempts:\n            \
                    attempts.write(\"begun \")\n        time.sleep(5)\n        with open(\"attempts\", \
                    \"a\") as attempts:\n            attempts.write(\"ended \")\n        return ";
        let text = project.read(&activities);
        project.write(&activities, &text.replacen("        return ", slow, 1));
        let folder = project.path().join(folder);
        Self {
            project,
            folder,
            workflows,
        }
    }

    /// The container that a tool of the generated file runs, with reloading or without.
    fn container(&self, tool: &str, dev_mode: bool) -> Container {
        let polytope = Polytope::read(&self.project.path()).unwrap();
        let given = [("dev-mode", dev_mode.into())];
        polytope.run(tool, &given).unwrap().remove(0)
    }

    fn attempts(&self) -> String {
        fs::read_to_string(self.folder.join("attempts")).unwrap_or_default()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.project.path().join("log")).unwrap_or_default()
    }

    fn add(&self, name: &str) {
        let fields = ["--input", "name:str", "--output", "message:str"];
        let run = self
            .project
            .done(&[&["add-temporal-workflow", name][..], &fields].concat());
        assert!(run.stdout.contains("code is reloaded"), "{}", run.stdout);
    }

    /// Start a container's program like Polytope. The host `temporal`, the folders and the
    /// port of the container are mapped to this machine.
    fn start(&self, container: &Container, server: &Server, port: u16) -> Process {
        let app = container.code.clone().unwrap();
        let venv = self.project.path().join("venv");
        let here = |text: &str| {
            text.replace("temporal:7233", &server.address)
                .replace("/opt/venv", venv.to_str().unwrap())
                .replace("/app", app.to_str().unwrap())
        };
        let mut words = container.spec.cmd.iter();
        let mut process = Tools::get().command(words.next().unwrap(), &app);
        for word in words {
            process.arg(if word == "3030" {
                port.to_string()
            } else {
                word.clone()
            });
        }
        for (name, value) in &container.spec.env {
            process.env(name, here(value));
        }
        let log = fs::File::create(self.project.path().join("log")).unwrap();
        process.stdout(Stdio::null()).stderr(log);
        Process::start(&mut process)
    }
}

/// Add a workflow, save and fix a syntax error, and adds a requirement, all while an
/// activity or the worker runs.
fn stays_live(flat: bool, tool: &str) {
    /// Timeout of an execution, measured from when it can be requested.
    const LIMIT: Duration = Duration::from_secs(20);
    let service = Service::new(flat);
    let server = Server::start(free_port());
    let port = free_port();
    let mut process = service.start(&service.container(tool, true), &server, port);
    let input = |name: &str| json!({ "name": name });
    let output = |name: &str| json!({ "message": format!("message for {name}") });
    let wait_for_log = |text: &str| {
        wait_for(text, || service.log().contains(text).then_some(()));
    };
    let is_api = tool == "api";
    if is_api {
        let known = || health(port).map(|health| health["temporal"]["workflows"].clone());
        wait_for("the API's worker", || {
            known().filter(|names| *names == json!(["GreetingWorkflow"]))
        });
    }
    wait_for_log("Workflows: GreetingWorkflow.");

    std::thread::scope(|scope| {
        let started = Instant::now();
        let first = scope.spawn(|| server.execute("GreetingWorkflow", &input("first")));
        wait_for("the activity", || {
            service.attempts().contains("begun").then_some(())
        });
        service.add("farewell");
        let added = Instant::now();
        let second = server.execute("FarewellWorkflow", &input("second"));
        assert!(added.elapsed() < LIMIT, "{:?}", added.elapsed());
        assert_eq!(second["result"], output("second"), "{}", service.log());
        let first = first.join().unwrap();
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
        assert_eq!(first["result"], output("first"), "{}", service.log());
    });
    // The reload waited for the running activity: it was not retried.
    assert_eq!(service.attempts(), "begun ended ");

    let models = format!("{}/farewell/models.py", service.workflows);
    let text = service.project.read(&models);
    service
        .project
        .write(&models, &format!("{text}def broken(:\n"));
    wait_for_log("is not running, so no worker runs here: it ended with exit code 1.");
    service.project.write(&models, &text);
    let third = server.execute("FarewellWorkflow", &input("third"));
    assert_eq!(third["result"], output("third"), "{}", service.log());

    // Only the requirements change: the worker restarts with them.
    let farewell = format!("{}/farewell/activities.py", service.workflows);
    let text = service.project.read(&farewell);
    let has_six = "        from importlib.util import find_spec\n\n        if find_spec(\"six\"):\n            \
                   return FarewellOutput(message=\"six\")\n        return ";
    let text = text.replacen("        return ", has_six, 1);
    service.project.write(&farewell, &text);
    let six = |name: &str| server.execute("FarewellWorkflow", &input(name))["result"].clone();
    assert_eq!(six("fourth"), output("fourth"), "{}", service.log());
    let path = format!("{}/pyproject.toml", relative(&service));
    let text = service.project.read(&path);
    let begin = "dependencies = [";
    let with_six = text.replacen(begin, &format!("{begin}\n    \"six==1.17.0\","), 1);
    service.project.write(&path, &with_six);
    wait_for_log("Installing the changed requirements");
    wait_for("the worker with the new requirements", || {
        (six("fifth") == json!({ "message": "six" })).then_some(())
    });

    asks_for_a_type_that_is_missing(&service, &server, is_api.then_some(port));
    let code = process.stop();
    // uvicorn terminates itself with the signal that it received.
    assert_eq!(
        code,
        Some(if is_api { 143 } else { 0 }),
        "{}",
        service.log()
    );
}

fn relative(service: &Service) -> String {
    let path = service.folder.strip_prefix(service.project.path()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A type that no worker has registered is named in the log and in the API's health check.
fn asks_for_a_type_that_is_missing(service: &Service, server: &Server, port: Option<u16>) {
    server.begin("NobodysWorkflow");
    let text = "No workflow 'NobodysWorkflow' is registered in this worker";
    wait_for(text, || service.log().contains(text).then_some(()));
    if let Some(port) = port {
        let temporal = health(port).unwrap()["temporal"].clone();
        let expected = json!(["FarewellWorkflow", "GreetingWorkflow"]);
        assert_eq!(temporal["workflows"], expected, "{temporal}");
        let expected: Value = json!(["NobodysWorkflow"]);
        assert_eq!(temporal["unknown_workflows"], expected, "{temporal}");
    }
}

/// Without `dev-mode`, a workflow that is added while the programs run waits for a restart.
#[test]
fn without_dev_mode_nothing_is_restarted() {
    skip_if_asked!();
    for tool in ["api", "api-worker"] {
        let service = Service::new(false);
        let server = Server::start(free_port());
        let container = service.container(tool, false);
        let mut process = service.start(&container, &server, free_port());
        let wait_for_log = |text: &str| {
            wait_for(text, || service.log().contains(text).then_some(()));
        };
        wait_for_log("Workflows: GreetingWorkflow.");
        service.add("farewell");
        server.begin("FarewellWorkflow");
        wait_for_log("No workflow 'FarewellWorkflow' is registered in this worker");
        process.stop();
        let log = service.log();
        assert_eq!(log.matches("Workflows: ").count(), 1, "{log}");
    }
}

#[test]
fn the_api_takes_up_workflows_in_a_package() {
    skip_if_asked!();
    stays_live(false, "api");
}

#[test]
fn the_worker_takes_up_workflows_in_a_package() {
    skip_if_asked!();
    stays_live(false, "api-worker");
}

#[test]
fn the_api_takes_up_workflows_in_flat_modules() {
    skip_if_asked!();
    stays_live(true, "api");
}

#[test]
fn the_worker_takes_up_workflows_in_flat_modules() {
    skip_if_asked!();
    stays_live(true, "api-worker");
}
