//! Services of each kind of wiring and packaging, on the real Temporal server: installed with
//! their own tool, started by their own command, with their own tests.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Project;
use real::{
    Process, Server, Tools, finish, free_port, get, python, skip_if_asked, take_three_steps,
    wait_for,
};
use serde_json::json;

const TOOL: (&str, &str) = (
    "services/orders/polytope.yml",
    "tools:\n  orders:\n    run:\n      - tool: polytope/python\n        args: { id: orders, image: uv, code: { type: repo, path: . }, cmd: uv run orders }\n",
);

/// A project with one service and a workflow in it.
fn project(files: &[(&str, &str)]) -> (Project, PathBuf) {
    let root = (
        "polytope.yml",
        "include: [services/orders]\ntools:\n  stack:\n    run: [{ tool: orders }]\n",
    );
    let project = Project::with(&[root, TOOL]);
    for (path, text) in files {
        project.write(&format!("services/orders/{path}"), text);
    }
    take_three_steps(&project);
    let folder = project.path().join("services/orders");
    (project, folder)
}

/// The workflow of [`project`] completes on a running worker.
fn completes(server: &Server) {
    let execution = server.execute("GreetingWorkflow", &json!({"name": "Ada"}));
    assert_eq!(
        (&execution["status"], &execution["result"]),
        (&json!("COMPLETED"), &json!({"message": "message for Ada"}))
    );
}

/// Start a program of a service with its address of Temporal.
fn start(mut command: Command, server: &Server) -> Process {
    command
        .env("TEMPORAL_ADDRESS", &server.address)
        .env("LOG_LEVEL", "WARNING");
    Process::start(&mut command)
}

/// The Python of a new environment in which pip has installed what the arguments say.
fn installed_with_pip(service: &Path, arguments: &[&str]) -> String {
    let venv = service.join(".venv");
    finish(Command::new(python()).args(["-m", "venv"]).arg(&venv));
    let own = venv.join("bin/python");
    finish(
        Command::new(&own)
            .args(["-m", "pip", "install", "--quiet"])
            .arg("--disable-pip-version-check")
            .args(arguments)
            .current_dir(service),
    );
    own.to_str().unwrap().to_owned()
}

/// The tests of a service pass.
fn passes(python: &str, service: &Path) {
    let mut command = Tools::get().command(python, service);
    let shown = finish(command.args(["-m", "pytest", "-q"]));
    assert!(shown.contains(" passed"), "{shown}");
}

/// The web application that a command starts answers, and runs the workflow of [`project`].
fn serves(mut command: Command, answer: &str) {
    let server = Server::start(free_port());
    let port = free_port();
    command.args(["--port", &port.to_string()]);
    let mut process = start(command, &server);
    assert_eq!(answers(port), answer);
    completes(&server);
    process.stop();
}

fn answers(port: u16) -> String {
    wait_for("the API", || get(port, "/"))
}

/// Its parent package imports the application, an HTTP client and a database engine. The
/// user's lifespan runs around Temporal. All tests pass although warnings are errors and an
/// old plugin is pinned.
#[test]
fn a_package_installed_with_uv() {
    skip_if_asked!();
    let tools = Tools::get();
    let (project, service) = project(&[
        (
            "pyproject.toml",
            "[project]\nname = \"orders\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"fastapi\", \"uvicorn\", \"httpx\", \"sqlalchemy\"]\n\n[dependency-groups]\ndev = [\"pytest>=8.2\", \"pytest-asyncio==0.23.8\"]\n\n[tool.pytest.ini_options]\nfilterwarnings = [\"error\"]\n",
        ),
        (
            "orders/__init__.py",
            "import httpx\nimport sqlalchemy\n\nENGINE = sqlalchemy.create_engine(\"sqlite://\")\nCLIENT = httpx.Client()\n\nfrom orders.web import api\n",
        ),
        (
            "orders/web.py",
            "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nEVENTS = []\n\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    EVENTS.append(\"start\")\n    yield {\"price\": 3}\n    EVENTS.append(\"stop\")\n\n\napi = FastAPI(lifespan=lifespan)\n\n\n@api.get(\"/\")\nasync def root() -> list[str]:\n    return EVENTS\n",
        ),
        ("tests/test_registry.py", "def test_mine() -> None: ...\n"),
        ("tests/test_greeting.py", "def test_mine() -> None: ...\n"),
    ]);
    tools.uv(&service, &["sync", "--quiet"]);
    let shown = tools.uv(&service, &["run", "pytest", "-q"]);
    assert!(shown.contains(" passed"), "{shown}");

    // The SDK's own list of what fails while a module is loaded.
    let list = "from temporalio.worker.workflow_sandbox import SandboxRestrictions\n\n\ndef show(matcher, path):\n    if matcher.only_runtime or path[:1] == [\"asyncio\"]:\n        return\n    for name in matcher.access | matcher.use:\n        print(\".\".join([*path, name.replace(\"*\", \"\")]))\n    for name, child in matcher.children.items():\n        show(child, [*path, name])\n\n\nshow(SandboxRestrictions.invalid_module_members_default, [])\n";
    let shown = tools.uv(&service, &["run", "python", "-c", list]);
    let mut listed: Vec<&str> = shown.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, bluetext::edit::python::FORBIDDEN_IN_SANDBOX);

    let order = "import orders.temporal as own\nfrom orders.web import EVENTS, api\n\n\nclass Fake:\n    def __init__(self, *_: object, **__: object) -> None: ...\n\n    async def start(self) -> None:\n        EVENTS.append(\"start Temporal\")\n\n    async def stop(self) -> None:\n        EVENTS.append(\"stop Temporal\")\n\n\nown.Temporal = Fake\n\nimport asyncio\n\n\nasync def serve(fails: bool) -> None:\n    async with api.router.lifespan_context(api) as state:\n        assert state == {\"price\": 3}\n        if fails:\n            raise ValueError\n\n\nasyncio.run(serve(False))\ntry:\n    asyncio.run(serve(True))\nexcept ValueError:\n    pass\nprint(EVENTS)\n";
    let shown = tools.uv(&service, &["run", "python", "-c", order]);
    assert_eq!(
        shown.trim(),
        "['start', 'start Temporal', 'stop Temporal', 'stop', 'start', 'start Temporal', \
         'stop Temporal']"
    );

    let server = Server::start(free_port());
    let port = free_port();
    let mut command = tools.command("uv", &service);
    command.args([
        "run",
        "uvicorn",
        "orders.web:api",
        "--port",
        &port.to_string(),
    ]);
    let mut process = start(command, &server);
    assert_eq!(answers(port), "[\"start\"]");
    completes(&server);
    process.stop();
    // The generated worker, without the API.
    let mut command = tools.command("uv", &service);
    command.args(["run", "python", "-m", "orders.worker"]);
    let mut worker = start(command, &server);
    completes(&server);
    assert_eq!(worker.stop(), Some(0));
    drop(project);
}

/// Modules at the top level of a folder, with handlers of the older kind, at the lowest versions
/// of what the client library needs.
#[test]
fn flat_modules_installed_with_pip() {
    skip_if_asked!();
    let tools = Tools::get();
    let (_project, service) = project(&[
        (
            "requirements.txt",
            "fastapi==0.100.0\npydantic==2.0.3\ntemporalio==1.22.0\nuvicorn\n",
        ),
        ("requirements-dev.txt", "-r requirements.txt\n"),
        (
            "web/main.py",
            "import fastapi\n\nimport prices\n\nsite = fastapi.FastAPI()\nstate = {}\n\n\n@site.on_event(\"startup\")\nasync def load() -> None:\n    state[\"price\"] = prices.PRICE\n\n\n@site.get(\"/\")\nasync def root() -> dict[str, int]:\n    return state\n",
        ),
        ("web/prices.py", "PRICE = 3\n"),
    ]);
    let own = installed_with_pip(&service, &["-r", "requirements-dev.txt"]);
    passes(&own, &service);

    let mut command = tools.command(&own, &service);
    command.args(["-m", "uvicorn", "main:site", "--app-dir", "web"]);
    serves(command, "{\"price\":3}");
}

/// A package that setuptools builds, with requirements from a file: the client library and the
/// workflows are installed with it.
#[test]
fn a_package_built_by_setuptools() {
    skip_if_asked!();
    let tools = Tools::get();
    let (_project, service) = project(&[
        (
            "pyproject.toml",
            "[project]\nname = \"orders\"\nversion = \"1\"\ndynamic = [\"dependencies\"]\n\n[build-system]\nrequires = [\"setuptools>=69\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[tool.setuptools.dynamic]\ndependencies = { file = [\"requirements.in\"] }\n",
        ),
        ("requirements.in", "starlette\nuvicorn\n"),
        ("requirements-dev.in", "# of tests\n"),
        ("src/orders/__init__.py", ""),
        (
            "src/orders/web.py",
            "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Route\n\n\nasync def root(request):\n    return PlainTextResponse(\"prices\")\n\n\napp = Starlette(routes=[Route(\"/\", root)])\n",
        ),
    ]);
    let own = installed_with_pip(&service, &[".", "-r", "requirements-dev.in"]);
    passes(&own, &service);

    // What is installed runs anywhere.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = tools.command(&own, elsewhere.path());
    command.args(["-m", "uvicorn", "orders.web:app"]);
    serves(command, "prices");
}

/// A factory, in a package that Poetry installs.
#[test]
fn a_factory_installed_with_poetry() {
    skip_if_asked!();
    let tools = Tools::get();
    let (_project, service) = project(&[
        (
            "pyproject.toml",
            "[tool.poetry]\nname = \"orders\"\nversion = \"1\"\ndescription = \"\"\nauthors = []\npackages = [{ include = \"orders\", from = \"src\" }]\n\n[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = \"^0.115\"\nuvicorn = \"*\"\n\n[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n\n# The same index by its simple API, which every mirror has.\n[[tool.poetry.source]]\nname = \"simple\"\nurl = \"https://pypi.org/simple/\"\npriority = \"primary\"\n",
        ),
        ("src/orders/__init__.py", ""),
        (
            "src/orders/factory.py",
            "from fastapi import FastAPI\n\nfrom orders.prices import PRICE\n\n\ndef create_app() -> FastAPI:\n    app = FastAPI()\n\n    @app.get(\"/\")\n    async def root() -> int:\n        return PRICE\n\n    return app\n",
        ),
        ("src/orders/prices.py", "PRICE = 3\n"),
    ]);
    let mut install = tools.command("uv", &service);
    install
        .args([
            "tool",
            "run",
            "--quiet",
            "poetry==2.*",
            "install",
            "--quiet",
            "--no-interaction",
        ])
        .env("POETRY_VIRTUALENVS_IN_PROJECT", "true");
    finish(&mut install);
    let own = service.join(".venv/bin/python");
    let own = own.to_str().unwrap();
    passes(own, &service);

    let mut command = tools.command(own, &service);
    command.args(["-m", "uvicorn", "--factory", "orders.factory:create_app"]);
    serves(command, "3");
}

/// Without a web application, the worker runs by the command that the report names.
#[test]
fn a_worker_without_a_web_application() {
    skip_if_asked!();
    let tools = Tools::get();
    let (project, service) = project(&[
        (
            "pyproject.toml",
            "[project]\nname = \"orders\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = []\n",
        ),
        ("src/orders/__init__.py", ""),
        ("src/orders/nightly.py", "print(1)\n"),
    ]);
    let run = project.done(&["add-temporal-client", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let next = report["next"].as_array().unwrap().iter();
    let commands: Vec<&str> = next.filter_map(|next| next["command"].as_str()).collect();
    let command = commands
        .iter()
        .find(|command| command.contains("python -m"));
    tools.uv(&service, &["sync", "--quiet"]);
    let shown = tools.uv(&service, &["run", "pytest", "-q"]);
    assert!(shown.contains(" passed"), "{shown}");
    let server = Server::start(free_port());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &command.unwrap().replace("&& ", "&& exec env ")])
        .current_dir(project.path())
        .env("PATH", path_with(&service.join(".venv/bin")));
    let mut worker = start(shell, &server);
    completes(&server);
    assert_eq!(worker.stop(), Some(0));
}

fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(paths).unwrap()
}

/// A worker made by hand, in a member of a uv workspace, runs its own workflows and the new
/// one. It imports its lists.
#[test]
fn a_worker_made_by_hand() {
    skip_if_asked!();
    let tools = Tools::get();
    let (_project, service) = project(&[
        (
            "../../pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"services/*\"]\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"orders\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"temporalio>=1.30\"]\n",
        ),
        (
            "orders/lists.py",
            "from orders.flows import CountWorkflow, count\n\nFLOWS = [CountWorkflow]\nSTEPS = [\n    count,  # letters\n]\n",
        ),
        ("orders/__init__.py", ""),
        (
            "orders/flows.py",
            "from datetime import timedelta\n\nfrom temporalio import activity, workflow\n\n\n@activity.defn\nasync def count(name: str) -> int:\n    return len(name)\n\n\n@workflow.defn\nclass CountWorkflow:\n    @workflow.run\n    async def run(self, name: str) -> int:\n        limit = timedelta(seconds=5)\n        return await workflow.execute_activity(count, name, start_to_close_timeout=limit)\n",
        ),
        (
            "orders/work.py",
            "import asyncio\nimport os\nfrom concurrent.futures import ThreadPoolExecutor\n\nfrom temporalio.client import Client\nfrom temporalio.contrib.pydantic import pydantic_data_converter\nfrom temporalio.worker import Worker\n\nfrom orders.lists import FLOWS, STEPS\n\n\nasync def main() -> None:\n    client = await Client.connect(\n        os.environ[\"TEMPORAL_ADDRESS\"], data_converter=pydantic_data_converter\n    )\n    worker = Worker(\n        client,\n        task_queue=\"main-task-queue\",\n        workflows=FLOWS,\n        activities=STEPS,\n        activity_executor=ThreadPoolExecutor(4),\n    )\n    await worker.run()\n\n\nif __name__ == \"__main__\":\n    asyncio.run(main())\n",
        ),
    ]);
    tools.uv(&service, &["sync", "--quiet"]);
    let shown = tools.uv(&service, &["run", "pytest", "-q"]);
    assert!(shown.contains(" passed"), "{shown}");
    let server = Server::start(free_port());
    let mut command = tools.command("uv", &service);
    command.args(["run", "python", "-m", "orders.work"]);
    let _worker = start(command, &server);
    completes(&server);
    let execution = server.execute("CountWorkflow", &json!("Ada"));
    assert_eq!(execution["result"], json!(3));
}
