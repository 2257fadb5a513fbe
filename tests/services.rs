//! Services of every kind: how they are found, wired and packaged. Each case is a small
//! project; its snapshot shows what a user would see in a review.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::collections::BTreeMap;

use common::Project;
use similar::TextDiff;

/// A file of a project: its path and text.
type File<'a> = (&'a str, &'a str);

const STACK: File<'static> = (
    "polytope.yml",
    "include:\n  - services/orders\ntools:\n  stack:\n    run:\n      - tool: orders\n",
);

const TOOL: File<'static> = (
    "services/orders/polytope.yml",
    "tools:\n  orders:\n    run:\n      - tool: polytope/python\n        args:\n          id: orders\n          image: \"astral/uv:python3.13-bookworm-slim\"\n          code: { type: repo, path: . }\n          cmd: uv run uvicorn orders.web:api --port 8000\n",
);

const UV: File<'static> = (
    "services/orders/pyproject.toml",
    "[project]\nname = \"orders\"\nversion = \"2.1\"\nrequires-python = \">=3.12\"\ndependencies = [\n    \"fastapi>=0.115\",\n]\n",
);

const PACKAGE: File<'static> = ("services/orders/orders/__init__.py", "");

const APPLICATION: File<'static> = (
    "services/orders/orders/web.py",
    "from fastapi import FastAPI\n\napi = FastAPI(title=\"orders\")\n",
);

/// The changes of a step to the files that were there before, and the names of the new files
/// outside of the client library.
fn changes(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> String {
    let mut shown = String::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    for (path, bytes) in after {
        match before.get(path) {
            None if path.contains("/temporal_client/") || path.starts_with("temporal_client/") => {
                if path.ends_with("__init__.py") {
                    shown.push_str(&format!("new {}\n", path.replace("__init__.py", "")));
                }
            }
            None => shown.push_str(&format!("new {path}\n")),
            Some(old) if old == bytes => {}
            // Shown by the tests that are about them.
            Some(_) if path.ends_with("polytope.yml") => {
                shown.push_str(&format!("changed {path}\n"));
            }
            Some(old) => {
                let (old, new) = (text(old), text(bytes));
                let diff = TextDiff::from_lines(&old, &new);
                let diff = diff.unified_diff().context_radius(1).to_string();
                shown.push_str(&format!("changed {path}\n"));
                for line in diff.lines().filter(|line| !line.starts_with("@@")) {
                    shown.push_str(&format!("    {line}\n"));
                }
            }
        }
    }
    for path in before.keys() {
        assert!(after.contains_key(path), "{path} is gone");
    }
    shown
}

/// Take the second and the third step in a project, and show what each changes and reports.
/// A step that is refused changes nothing; a second run of the others changes nothing.
fn steps(project: &Project, client: &[&str]) -> String {
    let before = project.tree();
    let is_new = !before.keys().any(|path| path.starts_with(".bluetext/"));
    let mut trees: Vec<_> = is_new
        .then_some(("remove-temporal", before))
        .into_iter()
        .collect();
    project.done(&["add-temporal"]);
    let client = [&["add-temporal-client"][..], client].concat();
    let mut shown = String::new();
    for arguments in [&client[..], &["add-temporal-workflow", "greeting"]] {
        let before = project.tree();
        let run = project.bluetext(arguments);
        shown.push_str(&format!("=== {}: exit code {}\n", arguments[0], run.code));
        shown.push_str(&run.stderr);
        if run.code != 0 {
            assert_eq!(project.tree(), before);
            break;
        }
        shown.push_str(&changes(&before, &project.tree()));
        let again = project.bluetext(&[arguments, &["--check"]].concat());
        assert_eq!(again.code, 0, "twice is once: {}", again.stdout);
        if project.tree() == before {
            continue;
        }
        trees.push((
            match arguments[0] {
                "add-temporal-client" => "remove-temporal-client",
                _ => "remove-temporal-workflow",
            },
            before,
        ));
    }
    is_undone(project, trees);
    shown
}

/// Each step can be undone, to the last byte; then all of them are done again.
fn is_undone(project: &Project, trees: Vec<(&str, BTreeMap<String, Vec<u8>>)>) {
    let whole = project.tree();
    let copy = Project::empty();
    for (path, bytes) in &whole {
        if !path.ends_with('/') {
            copy.write(path, std::str::from_utf8(bytes).unwrap());
        }
    }
    for (command, expected) in trees.into_iter().rev() {
        let name: &[&str] = if command == "remove-temporal-workflow" {
            &["greeting"]
        } else {
            &[]
        };
        let run = copy.bluetext(&[&[command][..], name].concat());
        if run.stderr.contains("would be removed") {
            // The user has added imports by hand, which go first.
            assert_eq!((run.code, &copy.tree()), (3, &whole), "{command}");
            return;
        }
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
        let found = copy.tree();
        for (path, bytes) in &expected {
            if path.ends_with('/') {
                continue;
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let now = found.get(path).map(|bytes| text(bytes));
            assert_eq!(now, Some(text(bytes)), "{command}: {path}\n{}", run.stderr);
        }
        let more: Vec<&String> = found
            .keys()
            .filter(|path| !expected.contains_key(*path))
            .collect();
        assert_eq!(more, Vec::<&String>::new(), "{command}\n{}", run.stderr);
    }
}

fn orders(files: &[File<'_>]) -> Project {
    Project::with(&[&[STACK, TOOL][..], files].concat())
}

macro_rules! snapshot {
    ($shown:expr) => {
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!($shown);
        })
    };
}

/// The user's lifespan is kept: one import and one call are inserted.
#[test]
fn an_application_in_a_package() {
    let web = "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\n\n@asynccontextmanager\nasync def lifespan(_: FastAPI):\n    yield\n\n\napi = FastAPI(\n    title=\"orders\",\n    lifespan=lifespan,\n)  # served\n\n\n@api.get(\"/\")\nasync def root():\n    return {}\n";
    let project = orders(&[UV, PACKAGE, ("services/orders/orders/web.py", web)]);
    let shown = steps(&project, &[]);
    snapshot!(shown + &project.read(TOOL.0));
}

/// Modules at the top level, started by their file: no package, absolute imports.
#[test]
fn flat_modules_with_requirements_in_lines() {
    let project = Project::with(&[
        STACK,
        (
            "services/orders/polytope.yml",
            "tools:\n  orders:\n    run:\n      - tool: polytope/python\n        args: { image: python, code: { type: repo, path: . }, cmd: fastapi run web/main.py }\n",
        ),
        ("services/orders/requirements.txt", "fastapi==0.115.0"),
        ("services/orders/requirements-dev.txt", "ruff\n"),
        (
            "services/orders/web/main.py",
            "import fastapi\n\nimport prices\n\nsite = fastapi.FastAPI()\n\n\n@site.on_event(\"startup\")\nasync def load() -> None:\n    prices.load()\n",
        ),
        ("services/orders/web/prices.py", "def load() -> None: ...\n"),
    ]);
    snapshot!(steps(&project, &[]));
}

#[test]
fn a_factory_in_a_package_with_a_build_system() {
    let pyproject = "[project]\nname = \"orders\"\nversion = \"1\"\ndependencies = [\"fastapi\"]\n\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    let factory = "from fastapi import FastAPI\n\nfrom orders.settings import TITLE\n\n\ndef create_app(title: str = TITLE) -> FastAPI:\n    app = FastAPI(title=title)\n\n    @app.get(\"/\")\n    async def root():\n        return {}\n\n    return app\n";
    let project = orders(&[
        ("services/orders/pyproject.toml", pyproject),
        ("services/orders/src/orders/__init__.py", ""),
        ("services/orders/src/orders/factory.py", factory),
        (
            "services/orders/src/orders/settings.py",
            "TITLE = \"orders\"\n",
        ),
    ]);
    snapshot!(steps(&project, &[]));
}

/// The service is the project itself; its tool is in the project's own `polytope.yml`.
#[test]
fn a_service_at_the_root() {
    let project = Project::with(&[
        (
            "polytope.yml",
            "tools:\n  stack:\n    run:\n      - tool: orders\n  orders:\n    run:\n      - tool: polytope/python\n        args: { id: orders, image: \"uv:1\", code: { type: host, path: . }, cmd: uv run fastapi run main.py }\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"orders\"\nversion = \"1\"\ndependencies = [\"fastapi\"]\n",
        ),
        (
            "main.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
    ]);
    let shown = steps(&project, &[]);
    snapshot!(
        shown
            + &project
                .read("polytope.yml")
                .replace(&registration(&project), "")
    );
}

/// The tools that the steps register, as they are written in the root's file.
fn registration(project: &Project) -> String {
    let text = project.read("polytope.yml");
    let from = text.find("  add-temporal-client:").unwrap();
    let rest = &text[from..];
    let to = rest.find("  orders-worker:").unwrap_or(rest.len());
    rest[..to].to_owned()
}

/// Hooks that the application calls are used; hooks that nothing calls are not.
#[test]
fn hooks_count_if_they_are_called() {
    let hooks = "async def init(app):\n    pass\n\n\nasync def deinit(app):\n    pass\n";
    let called = "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nfrom orders.init import deinit, init\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    await init(app)\n    yield\n    await deinit(app)\n\n\napi = FastAPI(lifespan=lifespan)\n";
    let mut shown = String::new();
    for web in [called, APPLICATION.1] {
        let project = orders(&[
            UV,
            PACKAGE,
            ("services/orders/orders/init/__init__.py", hooks),
            ("services/orders/orders/web.py", web),
        ]);
        shown.push_str(&steps(&project, &[]));
    }
    snapshot!(shown);
}

#[test]
fn one_of_several_services_is_chosen_by_name_or_folder() {
    let tool = "tools:\n  NAME:\n    run:\n      - tool: polytope/python\n        args: { id: NAME, image: uv, code: { type: repo, path: . }, cmd: uv run uvicorn main:app }\n";
    let project = Project::with(&[(
        "polytope.yml",
        "include: [apps/orders, apps/prices]\ntools:\n  stack:\n    run: [{ tool: orders }, { tool: prices }]\n",
    )]);
    for name in ["orders", "prices"] {
        let file = |file: &str| format!("apps/{name}/{file}");
        project.write(&file("polytope.yml"), &tool.replace("NAME", name));
        project.write(&file("requirements.txt"), "fastapi\n");
        project.write(
            &file("main.py"),
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        );
    }
    let mut shown = steps(&project, &[]);
    for arguments in [
        &["--service", "price"][..],
        &["--service", "apps/stock"],
        &["--service", "prices", "--new-service", "stock"],
        &["--new-service", "orders"],
        &["--service", "apps/orders"],
        &["--service", "prices"],
    ] {
        let line = [&["add-temporal-client", "-q"][..], arguments].concat();
        let run = project.bluetext(&line);
        shown.push_str(&format!("=== {}: exit code {}\n", line.join(" "), run.code));
        shown.push_str(&run.stderr);
    }
    let run = project.bluetext(&["add-temporal-workflow", "greeting"]);
    shown.push_str(&run.stderr);
    project.done(&["add-temporal-workflow", "greeting", "--service", "prices"]);
    assert!(
        project
            .path()
            .join("apps/prices/workflows/greeting")
            .is_dir()
    );
    snapshot!(shown);
}

#[test]
fn a_service_without_a_web_application() {
    let project = orders(&[
        UV,
        ("services/orders/src/orders/__init__.py", ""),
        ("services/orders/src/orders/nightly.py", "print(1)\n"),
    ]);
    snapshot!(steps(&project, &[]));
}

/// A worker made by hand stays the runtime; its lists get the new workflow.
#[test]
fn a_worker_made_by_hand_is_kept() {
    let worker = |lists: &str| {
        format!(
            "import asyncio\n\nfrom temporalio.client import Client\nfrom temporalio.worker import Worker\n\nfrom orders.flows import Count, count\n\nFLOWS = [\n    Count,\n]\n\n\nasync def main() -> None:\n    client = await Client.connect(\"temporal:7233\")\n    await Worker(client, task_queue=\"orders-queue\", {lists}).run()\n\n\nasyncio.run(main())\n"
        )
    };
    let mut shown = String::new();
    for lists in [
        "workflows=[Count], activities=[count]",
        "activities=[\n        count,\n    ], workflows=FLOWS",
        "workflows=[Count], activities=found()",
        "workflows=[*FLOWS], activities=[]",
        "workflows=all_flows(GreetingWorkflow), activities=[]",
    ] {
        let project = orders(&[
            UV,
            PACKAGE,
            APPLICATION,
            ("services/orders/orders/flows.py", "class Count: ...\n"),
        ]);
        let mut work = worker(lists);
        if lists.contains("Greeting") {
            // What the hint says about one of the lists, added by hand.
            work = work.replace(
                "\nFLOWS",
                "from orders.workflows.greeting import activities as greeting_activities\nfrom orders.workflows.greeting.workflow import GreetingWorkflow\n\nFLOWS",
            );
        }
        project.write("services/orders/orders/work.py", &work);
        shown.push_str(&format!("########## {lists}\n{}", steps(&project, &[])));
    }
    snapshot!(shown);
}

/// The lists of a worker may be in another module of the service.
#[test]
fn imported_lists_of_a_worker_get_the_workflow() {
    let lists = "from orders.flows import Count, count\n\nFLOWS = [Count]\nSTEPS: list = [count]\n";
    let mut shown = String::new();
    for (import, flows) in [
        ("from orders.queue.lists import FLOWS, STEPS", "FLOWS"),
        ("from .lists import FLOWS as ALL, STEPS", "ALL"),
        // Not of this service, and not one module.
        ("from common.lists import FLOWS, STEPS", "FLOWS"),
        (
            "from .lists import FLOWS\nfrom .steps import STEPS",
            "FLOWS",
        ),
    ] {
        let worker = format!(
            "from temporalio.worker import Worker\n\n{import}\n\n\ndef worker(client):\n    return Worker(client, task_queue=\"orders\", workflows={flows}, activities=STEPS)\n"
        );
        let project = orders(&[
            UV,
            PACKAGE,
            APPLICATION,
            ("services/orders/orders/flows.py", "class Count: ...\n"),
            ("services/orders/orders/queue/__init__.py", ""),
            ("services/orders/orders/queue/lists.py", lists),
            ("services/orders/orders/queue/work.py", &worker),
        ]);
        shown.push_str(&format!("########## {import}\n{}", steps(&project, &[])));
    }
    snapshot!(shown);
}

/// Another client library of the same name is neither replaced nor hidden.
#[test]
fn another_client_library_is_kept() {
    let mut shown = String::new();
    for (folder, init) in [("orders/", "__init__.py"), ("", "readme.txt")] {
        let project = orders(&[UV]);
        let file = |name: &str| format!("services/orders/{folder}{name}");
        project.write(&file(init), "");
        project.write(
            &file("web.py"),
            "from fastapi import FastAPI\nfrom temporal_client import TemporalClient\n\napi = FastAPI()\napi.state.temporal = TemporalClient()\n",
        );
        project.write(
            &file("workflows/__init__.py"),
            "WORKFLOWS = []\nACTIVITIES = []\n",
        );
        shown.push_str(&steps(&project, &[]));
    }
    snapshot!(shown);
}

#[test]
fn each_kind_of_packaging_gets_the_requirements() {
    let poetry = "[tool.poetry]\nname = \"orders\"\n\n[tool.poetry.dependencies]\npython = \"^3.12\"\nfastapi = \"^0.115\"\n\n[build-system]\nrequires = [\"poetry-core\"]\n";
    let dynamic = "[project]\nname = \"orders\"\ndynamic = [\"dependencies\", \"version\"]\n\n[tool.setuptools.dynamic]\ndependencies = { file = [\"base.in\"] }\n";
    let built = "[project]\nname = \"orders\"\ndynamic = [\"dependencies\"]\n";
    let ruff = "[tool.ruff]\nline-length = 100\n";
    let cases: [(&str, &[File<'_>]); 7] = [
        ("Poetry", &[("services/orders/pyproject.toml", poetry)]),
        (
            "a file that setuptools reads",
            &[
                ("services/orders/pyproject.toml", dynamic),
                ("services/orders/base.in", "fastapi\n"),
            ],
        ),
        (
            "made by the build",
            &[("services/orders/pyproject.toml", built)],
        ),
        (
            "pip-tools",
            &[
                ("services/orders/pyproject.toml", ruff),
                ("services/orders/requirements.in", "fastapi\n"),
                ("services/orders/requirements.txt", "fastapi==0.115\n"),
            ],
        ),
        (
            "setup.cfg",
            &[(
                "services/orders/setup.cfg",
                "[options]\ninstall_requires = fastapi\n",
            )],
        ),
        ("nothing", &[]),
        (
            "a member of a uv workspace",
            &[
                UV,
                (
                    "pyproject.toml",
                    "[tool.uv.workspace]\nmembers = [\"services/*\"]\n",
                ),
                ("uv.lock", "version = 1\n"),
            ],
        ),
    ];
    let mut shown = String::new();
    for (what, files) in cases {
        let project = orders(&[&[PACKAGE, APPLICATION][..], files].concat());
        project.done(&["add-temporal"]);
        let before = project.tree();
        let run = project.bluetext(&["add-temporal-client"]);
        shown.push_str(&format!("########## {what}: exit code {}\n", run.code));
        shown.push_str(&run.stderr);
        let all = changes(&before, &project.tree());
        let packaging = all.split("changed ").filter(|part| {
            let path = part.lines().next().unwrap_or("");
            [".toml", ".txt", ".in", ".cfg"]
                .iter()
                .any(|end| path.ends_with(end))
        });
        for part in packaging {
            let lines = part.lines().filter(|line| !line.starts_with("new "));
            shown.push_str(&lines.collect::<Vec<_>>().join("\n"));
            shown.push('\n');
        }
    }
    snapshot!(shown);
}

/// Ranges without a common version are reported before anything is written; others are not.
#[test]
fn conflicts_of_requirements_are_found_first() {
    let with = |python: &str, requirement: &str| {
        let python = match python {
            "" => String::new(),
            python => format!("requires-python = \"{python}\"\n"),
        };
        let text = format!(
            "[project]\nname = \"orders\"\n{python}dependencies = [\n    \"{requirement}\",\n]\n"
        );
        let project = orders(&[PACKAGE, APPLICATION]);
        project.write("services/orders/pyproject.toml", &text);
        project.done(&["add-temporal"]);
        project.bluetext(&["add-temporal-client", "-q"])
    };
    let mut shown = String::new();
    for (python, requirement) in [
        (">=3.9", "fastapi"),
        (">=3.9,<3.12", "pydantic<2"),
        (">=3.11", "temporalio==1.9.0"),
        ("", "pydantic[email] ~=1.10"),
        ("", "fastapi==0.87.0"),
        ("", "temporalio>=1.20,!=1.21.0,<1.22"),
        (">=3.10,<3.11", "fastapi"),
        ("~3.10", "fastapi"),
        ("3.9.*", "fastapi"),
    ] {
        let run = with(python, requirement);
        assert_eq!(run.code, 3, "{python} {requirement}");
        shown.push_str(&format!(
            "########## {python} {requirement}\n{}",
            run.stderr
        ));
    }
    let of_files = |files: &[File<'_>]| {
        let project = orders(&[PACKAGE, APPLICATION]);
        for (path, text) in files {
            project.write(&format!("services/orders/{path}"), text);
        }
        project.done(&["add-temporal"]);
        let run = project.bluetext(&["add-temporal-client", "-q"]);
        (run, project)
    };
    let uv = "[project]\nname = \"orders\"\ndependencies = []\n\n[tool.uv]\nconstraint-dependencies = [\n    \"temporalio<1\",\n]\n";
    for files in [
        &[
            (
                "requirements.txt",
                "-r requirements/base.txt\n--constraint=../../pins.txt\n",
            ),
            (
                "requirements/base.txt",
                "# web\nfastapi\npydantic<2; python_version >= '3.8'\n-c more.txt\n",
            ),
            ("requirements/more.txt", "-r base.txt\n"),
            ("../../pins.txt", "temporalio==1.9.0\n"),
        ][..],
        &[("pyproject.toml", uv)],
    ] {
        let (run, _) = of_files(files);
        assert_eq!(run.code, 3, "{files:?}: {}", run.stderr);
        shown.push_str(&format!("########## {}\n{}", files[0].0, run.stderr));
    }
    // What an included file installs is not required twice; a constraint installs nothing.
    let (run, project) = of_files(&[
        ("requirements.txt", "-r base.in\n-c pins.txt\n"),
        ("base.in", "fastapi\nTemporalio[opentelemetry]>=1.30\n"),
        ("pins.txt", "pydantic==2.11.0\n"),
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        project.read("services/orders/requirements.txt"),
        "-r base.in\n-c pins.txt\npydantic>=2,<3\n"
    );
    for (python, requirement) in [
        (">=3.12", "pydantic>=2.10"),
        (">=3.10", "pydantic==2.5.0"),
        ("^3.11", "fastapi"),
        ("~3.12.1", "fastapi"),
        ("3.12.*", "fastapi"),
        ("==3.11.*", "pydantic<2; python_version < '3.8'"),
        (">=3.9,!=3.9.*,!=3.10.*", "fastapi"),
        ("~=3.11", "pydantic==2.*"),
        (">=3.11.4,<4", "temporalio[opentelemetry]>=1.30"),
        (
            "==3.13.*",
            "temporalio @ https://example.com/temporalio.whl",
        ),
        ("", "watchfiles"),
    ] {
        let run = with(python, requirement);
        assert_eq!(run.code, 0, "{python} {requirement}: {}", run.stderr);
    }
    snapshot!(shown);
}

/// Files of the user with the names of ours stay, and keep working: ours get other names.
#[test]
fn names_of_the_user_are_not_taken() {
    let project = orders(&[
        UV,
        PACKAGE,
        APPLICATION,
        ("services/orders/orders/worker.py", "# a queue\n"),
        ("services/orders/orders/temporal.py", "# time\n"),
        ("services/orders/orders/workflows.py", "# states\n"),
        ("services/orders/tests/test_temporal_registry.py", ""),
        ("services/orders/tests/test_greeting_workflow.py", ""),
    ]);
    snapshot!(steps(&project, &[]));
}

/// One of several applications is served: the one that mounts the others, the one that the
/// command names, or the one that is chosen.
#[test]
fn the_right_application_gets_the_call() {
    let mounted = "from fastapi import FastAPI\n\nadmin = FastAPI()\napi = FastAPI()\napi.mount(\"/admin\", app=admin)\n";
    let two = "from fastapi import FastAPI\n\nadmin = FastAPI(); VERSION = \"\"\"\n1\"\"\"\napi = FastAPI()\n";
    let conditional = "from fastapi import FastAPI\n\nif __debug__:\n    api = FastAPI(debug=True)\nelse:\n    api = FastAPI()\n";
    let mut shown = String::new();
    for (what, web, other, arguments) in [
        ("mounted", mounted, "", &[][..]),
        (
            "named by the command",
            APPLICATION.1,
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
            &[],
        ),
        ("several", two, "", &[]),
        ("chosen", two, "", &["--app", "orders/web.py:admin"]),
        (
            "chosen by its dotted name",
            two,
            "",
            &["--app", "orders.web:api"],
        ),
        ("a wrong choice", two, "", &["--app", "orders.web:app"]),
        ("conditional", conditional, "", &[]),
        (
            "returned",
            "from fastapi import FastAPI\n\n\ndef create():\n    return FastAPI()\n",
            "",
            &[],
        ),
        (
            "on the line of its function",
            "from fastapi import FastAPI\n\n\ndef create(): api = FastAPI(); return api\n",
            "",
            &[],
        ),
        (
            "of a class of the user",
            "from fastapi import FastAPI as Base\n\n\nclass App(Base): ...\n\n\napi: Base = App()\n",
            "",
            &[],
        ),
        (
            "Starlette",
            "from starlette.applications import Starlette\n\napi = Starlette()\n",
            "",
            &[],
        ),
        (
            "broken",
            "from fastapi import FastAPI\n\napi = FastAPI(\n",
            "",
            &[],
        ),
    ] {
        let project = orders(&[UV, PACKAGE]);
        project.write("services/orders/orders/web.py", web);
        if !other.is_empty() {
            project.write("services/orders/orders/tool.py", other);
        }
        shown.push_str(&format!("########## {what}\n"));
        let all = steps(&project, arguments);
        let own = all
            .lines()
            .take_while(|line| !line.starts_with("=== add-temporal-workflow"));
        let mut is_web = true;
        let own = own.filter(|line| {
            if line.starts_with("changed ") {
                is_web = line.ends_with("web.py") || line.ends_with("tool.py");
            }
            is_web && !line.starts_with("new ")
        });
        shown.push_str(&own.collect::<Vec<_>>().join("\n"));
        shown.push('\n');
    }
    snapshot!(shown);
}

/// A worker made by hand is a service without a tool or packaging, unless there is another one.
#[test]
fn a_worker_alone_is_a_service() {
    let worker = "from temporalio.client import Client\nfrom temporalio.worker import Worker\n\nfrom transfers import Transfer\n\n\nasync def main() -> None:\n    client = await Client.connect(\"localhost:7233\")\n    worker: Worker = Worker(\n        client,\n        task_queue=\"transfers\",\n        workflows=[Transfer],\n    )\n    await worker.run()\n";
    let transfers = "from temporalio import workflow\n\n\n@workflow.defn\nclass Transfer:\n    @workflow.run\n    async def run(self) -> None: ...\n";
    let files = [
        ("jobs/run_worker.py", worker),
        ("jobs/transfers.py", transfers),
    ];
    let project = Project::with(&files);
    let mut shown = steps(&project, &[]);
    project.write("jobs/requirements.txt", "temporalio\n");
    shown.push_str(&steps(&project, &[]));
    let with_activities = worker.replace("s=[Transfer],", "s=[Transfer],\n        activities=[],");
    project.write("jobs/run_worker.py", &with_activities);
    shown.push_str(&steps(&project, &[]));
    let beside = Project::with(&files);
    beside.write(
        "web/main.py",
        "from fastapi import FastAPI\n\napp = FastAPI()\n",
    );
    let status = beside.done(&["status"]).stdout;
    assert!(status.contains("Service web in web"), "{status}");
    assert!(!status.contains("jobs"), "{status}");
    snapshot!(shown);
}

/// Of several workers, one is chosen; the library beside it shows the choice to later calls,
/// unless another worker is beside it as well.
#[test]
fn one_of_several_workers_is_chosen() {
    let worker = "from temporalio.worker import Worker\n\n\nasync def main(client):\n    await Worker(client, task_queue=\"NAME\", workflows=[], activities=[]).run()\n";
    let mut shown = String::new();
    for modules in [["one.py", "two.py"], ["one/run.py", "two/run.py"]] {
        let project = orders(&[UV, PACKAGE]);
        for module in modules {
            let path = format!("services/orders/orders/{module}");
            let name = module.split(['.', '/']).next().unwrap();
            project.write(&path, &worker.replace("NAME", name));
        }
        project.done(&["add-temporal"]);
        shown.push_str(&format!("########## {}\n", modules.join(" ")));
        shown.push_str(&project.done(&["status"]).stdout);
        let second = format!("orders/{}", modules[1]);
        for arguments in [
            &["add-temporal-client"][..],
            &["add-temporal-client", "--worker", "orders.three"],
            &["add-temporal-client", "--worker", &second],
            &["add-temporal-client"],
            &["add-temporal-workflow", "greeting"],
            &["add-temporal-workflow", "greeting", "--worker", &second],
            &["status"],
        ] {
            let before = project.tree();
            let run = project.bluetext(arguments);
            shown.push_str(&format!(
                "=== {}: exit code {}\n",
                arguments.join(" "),
                run.code
            ));
            shown.push_str(&run.stderr);
            let next = run
                .stdout
                .find("\nNext ")
                .map_or("", |at| &run.stdout[at..]);
            shown.push_str(if arguments == ["status"] {
                &run.stdout
            } else {
                next
            });
            shown.push_str(&changes(&before, &project.tree()));
        }
    }
    snapshot!(shown);
}

/// The lines of a refusal, added by hand, make the next run succeed.
#[test]
fn the_lines_of_a_refusal_help() {
    let conditional = "from fastapi import FastAPI\n\nif __debug__:\n    api = FastAPI(debug=True)\nelse:\n    api = FastAPI()\n";
    let several = "from fastapi import FastAPI\n\nadmin = FastAPI()\napi = FastAPI()\n";
    for web in [conditional, several] {
        let project = orders(&[UV, PACKAGE]);
        project.write("services/orders/orders/web.py", web);
        project.done(&["add-temporal"]);
        let run = project.bluetext(&["add-temporal-client", "--format", "json"]);
        assert_eq!(run.code, 3);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let hint = report["error"]["hint"].as_str().unwrap();
        let (_, lines) = hint.split_once(":\n").unwrap();
        project.write("services/orders/orders/web.py", &format!("{web}{lines}"));
        let run = project.bluetext(&["add-temporal-client"]);
        assert_eq!(run.code, 0, "{lines}{}", run.stderr);
        project.done(&["add-temporal-workflow", "greeting"]);
    }
}

/// The same for requirements: the line of the hint in the place of the one at fault, or in the
/// file that it names.
#[test]
fn the_lines_of_a_refused_requirement_help() {
    let project = |pyproject: &str| {
        let project = orders(&[PACKAGE, APPLICATION]);
        if !pyproject.is_empty() {
            project.write("services/orders/pyproject.toml", pyproject);
        }
        project.done(&["add-temporal"]);
        project
    };
    let hint = |project: &Project| {
        let run = project.bluetext(&["add-temporal-client", "--format", "json"]);
        assert_eq!(run.code, 3);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let error = &report["error"];
        let hint = error["hint"].as_str().unwrap();
        let lines = hint.split_once(":\n").unwrap().1.to_owned();
        (lines, error["line"].as_u64())
    };
    let head = "[project]\nname = \"orders\"\n";
    let poetry = "[tool.poetry]\nname = \"orders\"\n\n[tool.poetry.dependencies]\n";
    for text in [
        format!("{head}requires-python = \">=3.8\"\ndependencies = []\n"),
        format!("{head}dependencies = [\n    \"pydantic<2\",\n]\n"),
        format!("{poetry}python = \"^3.9\"\n"),
    ] {
        let project = project(&text);
        let (lines, line) = hint(&project);
        let at = usize::try_from(line.unwrap()).unwrap() - 1;
        let mut all: Vec<&str> = text.lines().collect();
        all[at] = lines.trim_end();
        project.write("services/orders/pyproject.toml", &(all.join("\n") + "\n"));
        project.done(&["add-temporal-client"]);
    }
    let project = project("");
    let (lines, _) = hint(&project);
    let (path, lines) = lines.strip_prefix("# ").unwrap().split_once('\n').unwrap();
    project.write(path, lines);
    project.done(&["add-temporal-client"]);
}

/// Python code that nothing runs is no service, and no second one is made beside it.
#[test]
fn a_new_service_is_made_on_request_only() {
    let project = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("tools/convert.py", "print(1)\n"),
    ]);
    let mut shown = steps(&project, &[]);
    shown.push_str(&steps(&project, &["--new-service", "shop"]));
    snapshot!(shown);
}

/// Names that Python cannot import are refused where code would be made of them.
#[test]
fn a_package_that_cannot_be_imported_is_refused() {
    let mut shown = String::new();
    for package in ["class", "my-shop", "2fa"] {
        let project = orders(&[UV]);
        project.write(&format!("services/orders/{package}/__init__.py"), "");
        let web = format!("services/orders/{package}/web.py");
        project.write(&web, APPLICATION.1);
        shown.push_str(&steps(&project, &[]));
    }
    snapshot!(shown);
}

/// Parent packages are loaded in the sandbox for every execution.
#[test]
fn a_package_that_reads_the_clock_is_refused() {
    let mut shown = String::new();
    for init in [
        "import datetime as dt\n\nSTARTED = dt.datetime.now()\n",
        "import random\nfrom uuid import uuid4 as new_id\n\n\nclass Ids:\n    first = new_id()\n",
        "from pathlib import Path\n\nROOT = Path(__file__).parent.resolve()\n",
        "import random\n\n\ndef jitter(seconds=random.random()) -> float:\n    return seconds\n",
        "import os\nimport random\nimport time\nfrom datetime import datetime\n\nfrom .web import api\n\nDEBUG = os.getenv(\"DEBUG\")\nSTARTED = time.monotonic()\nRANDOM = random.Random(3)\n\n\ndef now() -> datetime:\n    return datetime.now()\n\n\nif __name__ == \"__main__\":\n    print(datetime.now())\n",
    ] {
        let project = orders(&[UV, APPLICATION]);
        project.write(PACKAGE.0, init);
        let all = steps(&project, &[]);
        let own = all.lines().take_while(|line| !line.starts_with("changed"));
        shown.push_str(&own.collect::<Vec<_>>().join("\n"));
        shown.push('\n');
    }
    snapshot!(shown);
}

/// `status` lists each service with what was found.
#[test]
fn the_status_lists_every_service() {
    let project = orders(&[
        UV,
        PACKAGE,
        APPLICATION,
        ("jobs/requirements.txt", "fastapi\n"),
        (
            "jobs/main.py",
            "from fastapi import FastAPI\n\njobs = FastAPI()\n",
        ),
        (
            "tests/main.py",
            "from fastapi import FastAPI\n\nfake = FastAPI()\n",
        ),
    ]);
    project.done(&["add-temporal"]);
    let shown = project.done(&["status"]).stdout;
    let json = project.done(&["status", "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    snapshot!(format!("{shown}{:#}\n", json["services"]));
}

/// A service of a project: its name in messages, the tools of `polytope.yml`, the arguments of
/// `add-temporal-client`, the files, the only module that is edited, and files that are new.
type PlacedService<'a> = (
    &'a str,
    &'a str,
    &'a [&'a str],
    &'a [File<'a>],
    &'a str,
    &'a [&'a str],
);

/// Each of these was served wrongly at first: the right module of the right service is edited.
#[test]
#[expect(clippy::too_many_lines, reason = "one entry for each service")]
fn the_right_place_is_edited() {
    let python = |id: &str, path: &str, command: &str| {
        format!(
            "  {id}:\n    run:\n      - tool: polytope/python\n        args: {{ id: {id}, image: uv, code: {{ type: host, path: {path} }}, cmd: {command} }}\n"
        )
    };
    let app = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let plain = python("api", ".", "./run.sh");
    let docs = python("docs", "./docs", "./run.sh");
    let by_file = python("api", ".", "uvicorn worker_app:app");
    let other = "from fastapi import FastAPI\n\nother = FastAPI()\n";
    let uses = "import worker\nfrom temporal import moon\nfrom workflows.engine import step\n";
    let cases: [PlacedService<'_>; 9] = [
        (
            "the layout is that of the chosen application",
            &plain,
            &["--app", "web/main.py:app"],
            &[
                ("requirements.txt", "fastapi\n"),
                (
                    "admin/main.py",
                    "from fastapi import FastAPI\n\nimport db\n\napp = FastAPI()\n",
                ),
                ("admin/db.py", ""),
                (
                    "web/main.py",
                    "from fastapi import FastAPI\n\nimport models\n\napp = FastAPI()\n",
                ),
                ("web/models.py", ""),
            ],
            "web/main.py",
            &["web/temporal.py", "web/temporal_client/__init__.py"],
        ),
        (
            "an application is no mount of itself",
            &plain,
            &[],
            &[
                ("requirements.txt", "fastapi\n"),
                (
                    "main.py",
                    "from fastapi import FastAPI\n\napp = FastAPI()\nmcp = Mcp(app)\nmcp.mount(app)\n",
                ),
            ],
            "main.py",
            &["temporal.py"],
        ),
        (
            "a service in a folder of any name",
            &docs,
            &[],
            &[
                ("docs/requirements.txt", "fastapi\n"),
                ("docs/main.py", app),
            ],
            "docs/main.py",
            &["docs/temporal.py"],
        ),
        (
            "a module named setup is no packaging",
            &plain,
            &[],
            &[
                (
                    "pyproject.toml",
                    "[project]\nname = \"x\"\ndependencies = [\"fastapi\"]\n",
                ),
                ("src/shop/__init__.py", ""),
                ("src/shop/setup/__init__.py", ""),
                ("src/shop/core/__init__.py", ""),
                ("src/shop/core/setup.py", app),
            ],
            "src/shop/core/setup.py",
            &["src/shop/core/temporal.py"],
        ),
        (
            "a package without __init__.py, by the Dockerfile",
            &plain,
            &[],
            &[
                ("requirements.txt", "fastapi\n"),
                ("site/main.py", app),
                (
                    "Dockerfile",
                    "FROM python\nCMD [\"uvicorn\", \"site.main:app\"]\n",
                ),
            ],
            "site/main.py",
            &["site/temporal.py"],
        ),
        (
            "requirements.txt beside a pyproject.toml without dependencies",
            &plain,
            &[],
            &[
                (
                    "pyproject.toml",
                    "[project]\nname = \"x\"\nversion = \"1\"\n",
                ),
                ("requirements.txt", "fastapi\n"),
                ("main.py", app),
            ],
            "main.py",
            &["temporal.py"],
        ),
        (
            "installed packages with the names of ours",
            &by_file,
            &[],
            &[
                ("requirements.txt", "fastapi\n"),
                ("worker_app.py", app),
                ("flows.py", uses),
            ],
            "worker_app.py",
            &[
                "temporal_setup.py",
                "temporal_worker.py",
                "temporal_workflows/registry.py",
            ],
        ),
        (
            "the module that the command names",
            &python("api", ".", "uvicorn main:app"),
            &[],
            &[
                ("requirements.txt", "fastapi\n"),
                ("main.py", app),
                ("metrics.py", other),
            ],
            "main.py",
            &["temporal.py"],
        ),
        (
            "a service where a new one would be made",
            "",
            &[],
            &[
                ("services/api/requirements.txt", "fastapi\n"),
                ("services/api/src/__init__.py", ""),
                ("services/api/src/app.py", app),
            ],
            "services/api/src/app.py",
            &["services/api/src/temporal.py"],
        ),
    ];
    for (what, tools, arguments, files, module, expected) in cases {
        let root = format!("tools:\n  default: {{ run: [] }}\n{tools}");
        let project = Project::with(files);
        project.write("polytope.yml", &root);
        project.done(&["add-temporal"]);
        let before = project.tree();
        let client = [&["add-temporal-client"][..], arguments].concat();
        project.done(&client);
        let after = project.tree();
        for path in expected {
            assert!(after.contains_key(*path), "{what}: {:#?}", after.keys());
        }
        let is_second = |path: &&String| path.ends_with("init/__init__.py");
        assert_eq!(after.keys().find(is_second), None, "{what}");
        let is_python = |path: &str| path.rsplit_once('.').is_some_and(|name| name.1 == "py");
        let is_edited = |path: &&String| is_python(path) && after[*path] != before[*path];
        let edited: Vec<&String> = before.keys().filter(is_edited).collect();
        assert_eq!(edited, [module], "{what}");
        let text = std::str::from_utf8(&after[module]).unwrap();
        assert!(text.contains("\nattach_temporal(app)\n"), "{what}: {text}");
        for again in [&["add-temporal-client"][..], &client] {
            let run = project.bluetext(&[again, &["--check"]].concat());
            assert_eq!(run.code, 0, "{what}: {}{}", run.stdout, run.stderr);
        }
        project.done(&["add-temporal-workflow", "greeting"]);
        let status = project.done(&["status"]).stdout;
        assert!(status.contains(", with the client"), "{what}: {status}");
    }
}

/// Each of these was accepted, or ended the program, at first.
#[test]
#[expect(clippy::too_many_lines, reason = "one entry for each service")]
fn what_is_not_known_is_refused() {
    let deep = format!(
        "from fastapi import FastAPI\nx={}1{}\napp = FastAPI()\n",
        ("-".repeat(1900) + "(").repeat(10),
        ")".repeat(10)
    );
    let dynamic = |file: &str| {
        format!(
            "[project]\nname = \"x\"\ndynamic = [\"dependencies\"]\n\n[tool.setuptools.dynamic]\ndependencies = {{ file = [\"{file}\"] }}\n"
        )
    };
    let (outside, odd) = (dynamic("../../../x"), dynamic("a\\\\b"));
    let mut shown = String::new();
    let cases: [(&str, &[File<'_>], &[&str]); 14] = [
        (
            "deep nesting",
            &[UV, ("services/orders/main.py", &deep)],
            &[],
        ),
        (
            "a byte-order mark",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "\u{feff}from fastapi import FastAPI\n\napp = FastAPI()\n",
                ),
            ],
            &[],
        ),
        (
            "an argument",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "from fastapi import FastAPI\n\napp = Wrapped(FastAPI())\n",
                ),
            ],
            &[],
        ),
        (
            "an expression",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "import fastapi.applications as fa\n\napp = fa.FastAPI() if fa else None\n",
                ),
            ],
            &[],
        ),
        (
            "no such application",
            &[UV, PACKAGE, APPLICATION],
            &["--app", "main.py:app"],
        ),
        (
            "statements behind it",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "import fastapi\n\napp = fastapi.FastAPI(); run(app)\n",
                ),
            ],
            &[],
        ),
        (
            "another function of that name",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "import fastapi\nfrom tracing import attach_temporal\n\napp = fastapi.FastAPI()\nattach_temporal(app)\n",
                ),
            ],
            &[],
        ),
        (
            "a module of the library's name",
            &[
                UV,
                PACKAGE,
                APPLICATION,
                ("services/orders/orders/temporal_client.py", ""),
            ],
            &[],
        ),
        (
            "a package of the library's name",
            &[
                UV,
                PACKAGE,
                APPLICATION,
                ("services/orders/orders/temporal_client/__init__.py", ""),
            ],
            &[],
        ),
        (
            "hashes",
            &[
                PACKAGE,
                APPLICATION,
                (
                    "services/orders/requirements.txt",
                    "fastapi==0.115.0 --hash=sha256:00\n",
                ),
            ],
            &[],
        ),
        (
            "required hashes",
            &[
                PACKAGE,
                APPLICATION,
                (
                    "services/orders/requirements.txt",
                    "--require-hashes\nfastapi==0.115.0\n",
                ),
            ],
            &[],
        ),
        (
            "a file outside",
            &[
                PACKAGE,
                APPLICATION,
                ("services/orders/pyproject.toml", &outside),
            ],
            &[],
        ),
        (
            "a path of another system",
            &[
                PACKAGE,
                APPLICATION,
                ("services/orders/pyproject.toml", &odd),
            ],
            &[],
        ),
        (
            "two factories",
            &[
                UV,
                (
                    "services/orders/main.py",
                    "from fastapi import FastAPI\n\n\ndef one():\n    app = FastAPI()\n    return app\n\n\ndef two():\n    app = FastAPI()\n    return app\n",
                ),
            ],
            &[],
        ),
    ];
    for (what, files, arguments) in cases {
        let project = orders(&[]);
        for (path, text) in files {
            project.write(path, text);
        }
        let all = steps(&project, arguments);
        assert!(
            all.starts_with("=== add-temporal-client: exit code 3\n"),
            "{what}: {all}"
        );
        shown.push_str(&format!("########## {what}\n{all}"));
    }
    snapshot!(shown);
}

/// The import is above its first use, also where statements share a line.
#[test]
fn imports_come_first() {
    let mut shown = String::new();
    for web in [
        "from fastapi import FastAPI; api = FastAPI()\n",
        "\"\"\"Doc.\"\"\"; from fastapi import FastAPI; api = FastAPI()\n",
        "from __future__ import annotations; import os\nfrom fastapi import FastAPI\napi = FastAPI(); x = 1\n",
    ] {
        let project = orders(&[UV, PACKAGE, ("services/orders/orders/web.py", web)]);
        project.done(&["add-temporal"]);
        let run = project.bluetext(&["add-temporal-client"]);
        shown.push_str(&format!(
            "########## exit code {}\n{}",
            run.code, run.stderr
        ));
        shown.push_str(&project.read("services/orders/orders/web.py"));
    }
    snapshot!(shown);
}

/// A worker in another package than the application, and lists in a function's variables, which
/// a list of the module's must not be taken for.
#[test]
fn a_worker_gets_what_it_can_import() {
    let project = orders(&[UV, PACKAGE, APPLICATION]);
    project.write("services/orders/jobs/__init__.py", "");
    let file = "services/orders/jobs/work.py";
    project.write(
        file,
        "from temporalio.worker import Worker\n\nfrom jobs.flows import Job\n\nworkflows = []\n\n\nasync def main(client) -> None:\n    workflows = [Job]\n    activities = []\n    await Worker(client, task_queue=\"q\", workflows=workflows, activities=activities).run()\n",
    );
    project.write("services/orders/jobs/flows.py", "class Job: ...\n");
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let run = project.bluetext(&["add-temporal-workflow", "greeting", "--format", "json"]);
    assert_eq!(run.code, 3);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let hint = report["error"]["hint"].as_str().unwrap().to_owned();
    // What the hint says, added by hand.
    let text = project.read(file);
    let imports: String = hint
        .lines()
        .filter(|line| line.starts_with("from "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        imports.contains("from jobs.workflows.greeting.workflow import"),
        "{imports}"
    );
    let text = format!("{imports}{text}")
        .replace("[Job]", "[Job, GreetingWorkflow]")
        .replace(
            "activities = []",
            "activities = [greeting_activities.process]",
        );
    project.write(file, &text);
    project.done(&["add-temporal-workflow", "greeting"]);
    assert_eq!(project.read(file), text);
}

/// The worker's tool runs its program as the service's own does.
#[test]
fn the_worker_is_run_like_the_service() {
    let mut shown = String::new();
    let poetry =
        "[tool.poetry]\nname = \"orders\"\n\n[tool.poetry.dependencies]\nfastapi = \"*\"\n";
    for (command, image, file) in [
        (
            "uvicorn orders.web:api",
            "uv",
            ("requirements.txt", "fastapi\n"),
        ),
        (
            "uvicorn orders.web:api",
            "python",
            ("requirements.txt", "fastapi\n"),
        ),
        (
            "poetry run uvicorn orders.web:api",
            "poetry",
            ("pyproject.toml", poetry),
        ),
        (
            "uv run --with-requirements r.txt uvicorn orders.web:api",
            "uv",
            ("requirements.txt", "fastapi\n"),
        ),
        (
            "uv run uvicorn orders.web:api",
            "uv",
            ("pyproject.toml", UV.1),
        ),
        (
            "sh -c 'pip install -r requirements.txt && uvicorn orders.web:api'",
            "python",
            ("requirements.txt", "fastapi\n"),
        ),
    ] {
        let project = orders(&[PACKAGE, APPLICATION]);
        project.write(&format!("services/orders/{}", file.0), file.1);
        let tool = TOOL
            .1
            .replace("uv run uvicorn orders.web:api --port 8000", command);
        project.write(
            TOOL.0,
            &tool.replace("astral/uv:python3.13-bookworm-slim", image),
        );
        project.done(&["add-temporal"]);
        let run = project.done(&["add-temporal-client", "-q"]);
        let text = project.read(TOOL.0);
        let worker = text
            .lines()
            .filter(|line| line.contains("cmd: "))
            .nth(1)
            .unwrap();
        shown.push_str(&format!("{command} in {image}\n{worker}\n{}", run.stderr));
    }
    snapshot!(shown);
}

/// A service that this program made is the user's: its application can be moved.
#[test]
fn a_made_service_can_be_changed() {
    let project = Project::with(&[]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let source = project.path().join("modules/api/src/backend");
    std::fs::rename(source.join("main.py"), source.join("app.py")).unwrap();
    for file in ["polytope.yml", "pyproject.toml", "README.md"] {
        let path = format!("modules/api/{file}");
        project.write(&path, &(project.read(&path) + "# mine\n"));
    }
    let before = project.tree();
    let again = project.bluetext(&["add-temporal-client"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert_eq!(project.tree(), before);
}

/// Only a new service needs its paths; those of other code stay as they are.
#[test]
fn a_new_service_replaces_nothing() {
    let project = Project::with(&[("modules/api/README.md", "A gateway in Go.\n")]);
    project.done(&["add-temporal"]);
    let before = project.tree();
    let run = project.bluetext(&["add-temporal-client"]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    snapshot!(run.stderr);
    assert_eq!(project.tree(), before);
    project.done(&["add-temporal-client", "--new-service", "orders"]);
    assert_eq!(project.read("modules/api/README.md"), "A gateway in Go.\n");
}

/// The version of Python that runs the service counts, not only the ones it supports.
#[test]
fn an_old_python_is_refused() {
    let mut shown = String::new();
    let plain = TOOL
        .1
        .replace("astral/uv:python3.13-bookworm-slim", "my/image");
    let without_uv = plain.replace("uv run ", "");
    let in_tool = |image: &str| TOOL.1.replace("astral/uv:python3.13-bookworm-slim", image);
    let pins = "services/orders/.python-version";
    let dockerfile = "services/orders/Dockerfile";
    for (tool, file, old, new) in [
        (TOOL.1, pins, "3.10\n", "3.12\n"),
        (
            &plain,
            pins,
            "# ours\n\ncpython-3.10.4-linux\n3.12\n",
            "pypy3.11\n",
        ),
        (&plain, ".python-version", "3.9.2\n", "3\n"),
        (&without_uv, pins, "3.10", ">=3.10\n"),
        (
            &without_uv,
            dockerfile,
            "FROM node:20 AS web\n\nFROM python:3.10-slim\n",
            "FROM python:3.10 AS build\nFROM python:3.12-slim\n",
        ),
        (
            &without_uv,
            dockerfile,
            "ARG VERSION=\"3.10\" OTHER\nfrom --platform=$BUILD python:${VERSION}-slim as app\nFROM app\n",
            "ARG VERSION\nFROM ghcr.io/astral-sh/uv:python${VERSION:-3.11}-alpine\nFROM other\n",
        ),
        (
            &plain,
            TOOL.0,
            &in_tool("ghcr.io/astral-sh/uv:python3.10-alpine"),
            &in_tool("python-api:2.1"),
        ),
    ] {
        let project = orders(&[UV, PACKAGE, APPLICATION]);
        project.write(TOOL.0, tool);
        let requires = "requires-python = \">=3.12\"";
        let text = project.read("services/orders/pyproject.toml");
        assert!(text.contains(requires), "{text}");
        let text = text.replace(requires, "requires-python = \">=3.10\"");
        project.write("services/orders/pyproject.toml", &text);
        project.write(file, old);
        project.done(&["add-temporal"]);
        let before = project.tree();
        let run = project.bluetext(&["add-temporal-client"]);
        assert_eq!(run.code, 3, "{file}: {}", run.stdout);
        assert_eq!(project.tree(), before);
        shown.push_str(&run.stderr);
        project.write(file, new);
        let run = project.bluetext(&["add-temporal-client"]);
        assert_eq!(run.code, 0, "{file}: {}", run.stderr);
        let warning = "warning: the service also supports Python 3.10 (`>=3.10`)";
        assert!(run.stderr.contains(warning), "{file}: {}", run.stderr);
    }
    snapshot!(shown);
}

/// uv takes every folder that a pattern of its workspace names for a member, and fails if one
/// has no `pyproject.toml`: modules go elsewhere.
#[test]
fn modules_are_no_members_of_a_workspace() {
    for (workspace, service, modules) in [
        ("members = [\"services/*\"]", "services/orders", "modules"),
        ("members = [\"./modules/*/\"]", "modules/orders", "polytope"),
        (
            "members = [\"**\"]\nexclude = [\"modules/**\"]",
            "services/orders",
            "modules",
        ),
        ("members = [\"services/o*\"]", "services/orders", "services"),
        ("members = [\"*\"]", "services/orders", "services"),
    ] {
        let project = Project::with(&[
            ("polytope.yml", &format!("include: [{service}]\n")),
            (
                "pyproject.toml",
                &format!("[tool.uv.workspace]\n{workspace}\n"),
            ),
            (&format!("{service}/polytope.yml"), "tools: {}\n"),
            (&format!("{service}/pyproject.toml"), UV.1),
            (&format!("{service}/orders/__init__.py"), ""),
            (&format!("{service}/orders/web.py"), APPLICATION.1),
        ]);
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let tree = project.tree();
        for module in ["temporal", "postgres", "bluetext"] {
            let path = format!("{modules}/{module}/polytope.yml");
            assert!(tree.contains_key(&path), "{workspace}: {:#?}", tree.keys());
        }
        let run = project.bluetext(&["add-temporal", "--check"]);
        assert_eq!(run.code, 0, "{workspace}: {}", run.stdout);
    }
}

/// Services that come and go change what a new registration would say; the tool that is there
/// has not been edited.
#[test]
fn a_registered_tool_outlives_its_default() {
    for newer in [false, true] {
        let project = Project::with(&[]);
        let root = if newer {
            "tools:\n  lint:\n    inputs:\n      fix: { type: [default, bool, true] }\n    run: []\n"
        } else {
            "tools: {}\n"
        };
        project.write("polytope.yml", root);
        project.done(&["add-temporal"]);
        for name in ["shop", "billing"] {
            project.write(&format!("{name}/requirements.txt"), "fastapi\n");
            project.write(&format!("{name}/main.py"), APPLICATION.1);
            let before = project.tree();
            let run = project.bluetext(&["add-temporal"]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
            assert_eq!(project.tree(), before);
        }
        let text = project.read("polytope.yml");
        let edited = text.replace("Safe to call again", "Call it again");
        assert_ne!(edited, text);
        project.write("polytope.yml", &edited);
        let run = project.bluetext(&["add-temporal"]);
        let warning = "the tool `add-temporal-client` has been edited";
        assert!(run.stderr.contains(warning), "{}", run.stderr);
    }
}

/// The folder of a script comes first on Python's path: no package beside it hides one of the
/// project, and the script has no relative imports.
#[test]
fn a_script_in_a_folder_is_no_package() {
    let project = Project::with(&[
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\nversion = \"0\"\nrequires-python = \">=3.11\"\ndependencies = [\"temporalio>=1.22,<2\", \"pydantic>=2,<3\"]\n",
        ),
        ("workflows/__init__.py", ""),
        (
            "workflows/hello.py",
            "from temporalio import workflow\n\n\n@workflow.defn\nclass Hello:\n    @workflow.run\n    async def run(self) -> str:\n        return \"x\"\n",
        ),
        (
            "scripts/run_worker.py",
            "import asyncio\n\nfrom temporalio.client import Client\nfrom temporalio.worker import Worker\n\nfrom workflows.hello import Hello\n\n\nasync def main():\n    client = await Client.connect(\"localhost:7233\")\n    await Worker(client, task_queue=\"q\", workflows=[Hello], activities=[]).run()\n\n\nif __name__ == \"__main__\":\n    asyncio.run(main())\n",
        ),
    ]);
    snapshot!(steps(&project, &[]));
}

/// A worker made by hand in `worker.py` is not taken for a generated one by the second run.
#[test]
fn a_module_of_the_user_has_the_name_of_the_worker() {
    let project = Project::with(&[
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\nversion = \"0\"\nrequires-python = \">=3.11\"\ndependencies = [\"temporalio>=1.22,<2\", \"pydantic>=2,<3\"]\n",
        ),
        ("b/__init__.py", ""),
        ("b/wf.py", "class Hello: ...\n\n\ndef act(): ...\n"),
        (
            "b/worker.py",
            "from temporalio.worker import Worker\n\nfrom b.wf import Hello, act\n\n\nasync def main(client):\n    await Worker(client, task_queue=\"b\", workflows=[Hello], activities=[act]).run()\n",
        ),
    ]);
    let shown = steps(&project, &[]);
    assert_eq!(shown.matches("exit code 0").count(), 2, "{shown}");
    let readme = project.read("b/temporal_client/README.md");
    assert!(
        readme.contains("b.worker") && !readme.contains("temporal_worker"),
        "{readme}"
    );
}

/// The registered tool passes the default name of a new service. It is no folder, and not a
/// service that a killed run has begun if there is another one of the name.
#[test]
fn the_default_name_means_a_new_service_only_without_services() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    for folder in ["./api", "api/", "modules/api"] {
        let run = project.bluetext(&["add-temporal-client", "--service", folder]);
        assert_eq!(run.code, 3, "{folder}: {}{}", run.stdout, run.stderr);
    }
    project.done(&["add-temporal-client", "--service", "api"]);
    assert!(project.path().join("modules/api/pyproject.toml").exists());

    let project = Project::with(&[
        ("polytope.yml", ""),
        (
            "apps/api/pyproject.toml",
            "[project]\nname = \"api\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"fastapi\"]\n",
        ),
        ("apps/api/app/__init__.py", ""),
        (
            "apps/api/app/main.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
        (
            "modules/api/README.md",
            "# api\n\nA FastAPI service with a Temporal worker.\n",
        ),
    ]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client", "--service", "api"]);
    assert!(project.path().join("apps/api/app/temporal_client").exists());
    assert!(!project.path().join("modules/api/pyproject.toml").exists());
}
