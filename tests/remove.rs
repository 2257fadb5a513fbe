//! The inverse of each step: every byte comes back, and what somebody has added stays.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use common::Project;

type Tree = BTreeMap<String, Vec<u8>>;

const WEB: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";

const HOOKS: &str = "from fastapi import FastAPI\n\n\nasync def init(app: FastAPI) -> None:\n    pass\n\n\nasync def deinit(app: FastAPI) -> None:\n    \"\"\"Stop.\"\"\"\n";

const HOOKED: &str = "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nfrom .init import deinit, init\n\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    await init(app)\n    yield\n    await deinit(app)\n\n\napp = FastAPI(lifespan=lifespan)\n";

const WORKER: &str = "import asyncio\n\nfrom temporalio.client import Client\nfrom temporalio.contrib.pydantic import pydantic_data_converter\nfrom temporalio.worker import Worker\n\nfrom flows import Count, count, more\n\nFLOWS = [Count, ]\n\n\nasync def main() -> None:\n    client = await Client.connect(\"x\", data_converter=pydantic_data_converter)\n    await Worker(client, task_queue=\"q\", workflows=FLOWS, activities=[count, more]).run()\n";

const TOOL: &str = "tools:\n  shop:\n    run:\n      - tool: polytope/python\n        args: { id: shop, image: \"python:3.13\", code: { type: repo, path: . }, cmd: uvicorn shop.main:app }\n";

const UV: &str = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [\"fastapi\"]\n";

/// Projects of different layouts, wirings and packaging.
fn projects() -> Vec<(&'static str, Project)> {
    let root = "# ours\r\ninclude: [shop]\r\n\r\ntools: {stack: {run: [{tool: shop}]}}\r\n";
    let uv = [
        ("polytope.yml", root),
        ("shop/polytope.yml", TOOL),
        ("shop/pyproject.toml", UV),
        ("shop/shop/__init__.py", ""),
    ];
    let with = |files: &[(&str, &str)]| Project::with(&[&uv[..], files].concat());
    vec![
        ("empty", Project::empty()),
        ("application", with(&[("shop/shop/main.py", WEB)])),
        (
            "hooks",
            with(&[
                ("shop/shop/main.py", HOOKED),
                ("shop/shop/init/__init__.py", HOOKS),
            ]),
        ),
        (
            "lines",
            Project::with(&[
                (
                    "polytope.yml",
                    "include:\n  - shop # the shop\n# more\ntools:\n",
                ),
                ("shop/polytope.yml", TOOL),
                ("shop/requirements.txt", "fastapi"),
                ("shop/requirements-dev.txt", "ruff\n"),
                ("shop/main.py", WEB),
            ]),
        ),
        (
            "poetry",
            Project::with(&[
                ("polytope.yml", "tools:\n  default:\n    run: []\n"),
                (
                    "pyproject.toml",
                    "[tool.poetry]\nname = \"shop\"\n\n[tool.poetry.dependencies]\npython = \"^3.12\"\nfastapi = \"*\"\n",
                ),
                ("main.py", WEB),
            ]),
        ),
        (
            "worker",
            Project::with(&[
                ("polytope.yml", "include: ~\n"),
                ("jobs/requirements.txt", "temporalio>=1.22\n"),
                (
                    "jobs/flows.py",
                    "class Count: ...\n\n\ndef count(): ...\n\n\ndef more(): ...\n",
                ),
                ("jobs/run.py", WORKER),
            ]),
        ),
    ]
}

const A: [&str; 2] = ["add-temporal-workflow", "alpha"];
const B: [&str; 5] = [
    "add-temporal-workflow",
    "beta",
    "--activity=one,two",
    "--signal=go",
    "--query=state:str",
];

const REMOVAL: [&[&str]; 4] = [
    &["remove-temporal-workflow", "beta"],
    &["remove-temporal-workflow", "alpha"],
    &["remove-temporal-client"],
    &["remove-temporal"],
];

fn write(tree: &Tree) -> Project {
    let project = Project::empty();
    for (path, bytes) in tree.iter().filter(|(path, _)| !path.ends_with('/')) {
        project.write(path, std::str::from_utf8(bytes).unwrap());
    }
    project
}

fn assert_same(found: &Tree, expected: &Tree, when: &str) {
    let text = |tree: &Tree, path: &String| {
        let bytes = tree.get(path).cloned();
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    for path in expected.keys().chain(found.keys()) {
        assert_eq!(text(found, path), text(expected, path), "{when}: {path}");
    }
}

#[test]
fn each_step_is_undone_to_the_last_byte() {
    for (name, project) in projects() {
        let mut trees = Vec::new();
        for step in [&["add-temporal"][..], &["add-temporal-client"], &A, &B] {
            trees.push(project.tree());
            project.done(step);
        }
        for (step, expected) in REMOVAL.iter().zip(trees.iter().rev()) {
            project.done(step);
            assert_same(&project.tree(), expected, &format!("{name}: {step:?}"));
        }
    }
}

#[test]
fn one_of_two_workflows_is_removed_as_if_it_had_never_been_there() {
    for (name, project) in projects() {
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        for (first, second, removed) in [(&A[..], &B[..], "alpha"), (&B[..], &A[..], "beta")] {
            let both = write(&project.tree());
            both.done(first);
            both.done(second);
            both.done(&["remove-temporal-workflow", removed]);
            let alone = write(&project.tree());
            alone.done(second);
            let when = format!("{name}: {removed}");
            assert_same(&both.tree(), &alone.tree(), &when);
            assert_eq!(both.bluetext(&[second, &["--check"]].concat()).code, 0);
        }
    }
}

/// What the first workflow has replaced in the registry comes back with the last removal, whichever
/// workflow that removes.
#[test]
fn workflows_are_removed_in_any_order() {
    let registry = "modules/api/src/backend/workflows/registry.py";
    let generated = |text: fn(&str) -> String| {
        let project = Project::empty();
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        project.write(registry, &text(&project.read(registry)));
        project
    };
    let mut projects = projects();
    projects.push(("[\\n]", generated(|text| text.replace("[]", "[\n]"))));
    projects.push(("[ ]", generated(|text| text.replace("[]", "[ ]"))));
    projects.push((
        "no imports",
        generated(|text| text[text.find("\nWORKFLOWS").unwrap() + 1..].to_owned()),
    ));
    let orders = [
        ["a-a", "b-b", "c-c"],
        ["a-a", "c-c", "b-b"],
        ["b-b", "a-a", "c-c"],
        ["b-b", "c-c", "a-a"],
        ["c-c", "a-a", "b-b"],
        ["c-c", "b-b", "a-a"],
    ];
    for (name, project) in projects {
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let before = project.tree();
        let one_by_one = write(&before);
        project.done(&["add-temporal-workflow", "b-b", "a-a", "c-c"]);
        for workflow in ["b-b", "a-a", "c-c"] {
            one_by_one.done(&["add-temporal-workflow", workflow]);
        }
        assert_same(&project.tree(), &one_by_one.tree(), name);
        for order in orders {
            let copy = write(&project.tree());
            for workflow in order {
                copy.done(&["remove-temporal-workflow", workflow]);
            }
            assert_same(&copy.tree(), &before, &format!("{name}: {order:?}"));
        }
    }
}

/// The lists of a worker, and the calls between the client and the removals.
#[test]
fn lists_in_other_forms_are_restored() {
    let one = &[&["a1"][..]][..];
    let grown = &[&["a1"][..], &["a1", "--activity=process,x"]][..];
    let other_grown = &[&["a1"][..], &["b1"], &["b1", "--activity=process,x"]][..];
    for (workflows, activities, calls) in [
        ("[int,]", "[print]", one),
        ("(int,)", "(print,)", one),
        ("[int]", "(print,)", grown),
        ("[\n    int,\n]", "[\n    print,\n]", other_grown),
        ("[\n    int\n]", "[\n    print\n]", other_grown),
    ] {
        let worker = format!(
            "from temporalio.worker import Worker\n\nWF = {workflows}\nAC = {activities}\n\n\n\
             async def main(c):\n    \
             await Worker(c, task_queue=\"q\", workflows=WF, activities=AC).run()\n"
        );
        let project = Project::with(&[
            ("requirements.txt", "temporalio\npydantic\n"),
            ("app/__init__.py", ""),
            ("app/worker.py", &worker),
        ]);
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let before = project.tree();
        for call in calls {
            project.done(&[&["add-temporal-workflow"], *call].concat());
        }
        // The last one that was added first.
        for name in ["b1", "a1"] {
            if calls.iter().any(|call| call[0] == name) {
                project.done(&["remove-temporal-workflow", name]);
            }
        }
        let when = format!("{workflows} {activities} {calls:?}");
        assert_same(&project.tree(), &before, &when);
    }
}

/// The record of a generated registry names only what an edit has inserted.
#[test]
fn a_registry_with_an_item_of_the_user_is_restored() {
    for items in ["[int,]", "[int, ]", "(int,)", "[int, str,]"] {
        let project = Project::empty();
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let registry = "modules/api/src/backend/workflows/registry.py";
        edit(
            &project,
            registry,
            "list[type] = []",
            &format!("list[type] = {items}"),
        );
        let before = project.tree();
        project.done(&["add-temporal-workflow", "one"]);
        project.done(&["remove-temporal-workflow", "one"]);
        assert_same(&project.tree(), &before, items);
    }
}

/// The same for a workflow that two workers run.
#[test]
fn two_registries_are_restored_by_the_last_removal() {
    let worker = |queue: &str| {
        let text = WORKER.replace("\"q\"", &format!("\"{queue}\""));
        text.replace("[count, more]", "[count, more, ]")
    };
    let project = Project::with(&[
        ("jobs/requirements.txt", "temporalio\npydantic\n"),
        ("jobs/one.py", &worker("one")),
        ("jobs/two.py", &worker("two")),
        ("jobs/flows.py", ""),
    ]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client", "--worker", "one.py"]);
    let before = project.tree();
    let both = [
        "add-temporal-workflow",
        "alpha",
        "beta",
        "--worker",
        "one.py",
    ];
    project.done(&both);
    for name in ["alpha", "beta"] {
        let activities = format!("--activity=process,more_{name}");
        let more = [
            "add-temporal-workflow",
            name,
            &activities,
            "--worker",
            "two.py",
        ];
        project.done(&more);
    }
    for name in ["alpha", "beta"] {
        project.done(&["remove-temporal-workflow", name]);
    }
    assert_same(&project.tree(), &before, "two workers");
}

/// A line that somebody has put anywhere into an edited file is there afterwards, with every
/// byte of the file as it was.
#[test]
fn a_line_of_the_user_stays_wherever_it_is() {
    const MINE: &str = "# mine: keep this";
    let is_kept = |before: &[u8], after: &[u8]| {
        let mut rest = after.iter();
        before.iter().all(|byte| rest.any(|other| other == byte))
    };
    let mut exact = 0;
    let mut tries = 0;
    for (name, project) in projects() {
        let before = project.tree();
        for step in [&["add-temporal"][..], &["add-temporal-client"], &A, &B] {
            project.done(step);
        }
        let whole = project.tree();
        for (path, old) in before
            .iter()
            .filter(|(path, old)| whole.get(*path) != Some(*old))
        {
            let text = String::from_utf8(whole[path].clone()).unwrap();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
            for at in (0..lines.len()).step_by(lines.len() / 5 + 1) {
                // Indented like the next line, so that it is a comment there.
                let next = lines[at];
                let indent = &next[..next.len() - next.trim_start_matches([' ', '\t']).len()];
                let mine = format!("{indent}{MINE}{ending}");
                let edited = [&lines[..at], &[mine.as_str()], &lines[at..]]
                    .concat()
                    .concat();
                let project = write(&whole);
                project.write(path, &edited);
                let mut is_refused = false;
                let mut errors = String::new();
                for step in REMOVAL {
                    let run = project.bluetext(step);
                    errors.push_str(&run.stderr);
                    if run.code == 3 {
                        // A tool of bluetext that has been edited is removed with `--force`.
                        let forced = project.bluetext(&[step, &["--force"]].concat());
                        assert_eq!(forced.code, 0, "{name}: {path}:{at}: {}", forced.stderr);
                        is_refused = true;
                        break;
                    }
                    assert_eq!(run.code, 0, "{name}: {path}:{at}: {}", run.stderr);
                }
                let when = format!("{name}: {path}:{at}:\n{edited}\n{errors}");
                let now = project.tree()[path].clone();
                let text = String::from_utf8(now.clone()).unwrap();
                tries += 1;
                if is_refused {
                    continue;
                }
                assert_eq!(text.matches(MINE).count(), 1, "{when}\n{text}");
                assert!(is_kept(old, &now), "{when}\n{text}");
                // A blank line that was added may be left beside it.
                let filled = |text: &str| {
                    let lines = text
                        .lines()
                        .filter(|line| !["", MINE].contains(&line.trim()));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let rest = filled(&text);
                if rest == filled(std::str::from_utf8(old).unwrap()) {
                    exact += 1;
                } else {
                    assert!(
                        errors.contains("keeps what has been edited"),
                        "{when}\n{text}"
                    );
                }
            }
        }
    }
    // The others are inside of what was added.
    assert!(exact * 2 > tries, "{exact} of {tries}");
}

#[test]
fn what_was_changed_is_kept_until_it_is_forced() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&A);
    let changed = [
        "modules/api/src/backend/workflows/alpha/activities.py",
        "modules/api/src/backend/temporal_client/worker.py",
        "modules/postgres/polytope.yml",
    ];
    for path in changed {
        let text = project.read(path);
        project.write(path, &format!("{text}# mine\n"));
    }
    let mut shown = String::new();
    let calls: [&[&str]; 9] = [
        &["remove-temporal"],
        &["remove-temporal-client"],
        &["remove-temporal-workflow", "gamma"],
        &["remove-temporal-workflow", "alpha"],
        &["remove-temporal-workflow", "alpha", "--force"],
        &["remove-temporal-client"],
        &["remove-temporal-client", "--force"],
        &["remove-temporal"],
        &["remove-temporal", "--force"],
    ];
    for call in calls {
        let run = project.bluetext(call);
        shown.push_str(&format!("$ bluetext {}\n{}\n", call.join(" "), run.shown()));
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
    assert_eq!(project.tree(), Tree::new());
}

/// What a service of bluetext has besides is the user's: it stays, without Temporal.
#[test]
fn a_service_with_code_of_the_user_stays() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.write("modules/api/src/backend/orders.py", "ORDERS = []\n");
    // Its application answers with the state of Temporal: these lines go first.
    let run = project.bluetext(&["remove-temporal-client"]);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("main.py` imports `.init.temporal"),
        "{}",
        run.stderr
    );
    let main = "modules/api/src/backend/main.py";
    project.write(main, "from fastapi import FastAPI\n\nfrom .init import deinit, init\n\n\nasync def lifespan(app: FastAPI):\n    await init(app)\n    yield\n    await deinit(app)\n\n\napp = FastAPI(lifespan=lifespan)\n");
    project.done(&["remove-temporal-client"]);
    let tree = project.tree();
    let files: Vec<&String> = tree.keys().collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_debug_snapshot!(files) });
    for path in ["main.py", "init/__init__.py"] {
        let text = project.read(&format!("modules/api/src/backend/{path}"));
        assert!(!text.contains("temporal"), "{text}");
    }
    assert!(project.read("polytope.yml").contains("- modules/api"));
    project.done(&["add-temporal-client"]);
    assert_eq!(
        project.bluetext(&["add-temporal-client", "--check"]).code,
        0
    );
}

/// Nothing refers to what is gone.
#[test]
fn what_is_still_used_is_not_removed() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&A);
    let route = "modules/api/src/backend/routes/alpha.py";
    project.write(
        route,
        "async def start():\n    from ..workflows.alpha.workflow import AlphaWorkflow\n",
    );
    project.write(
        "tool/polytope.yml",
        "tools:\n  all:\n    run:\n      - tool: temporal\n",
    );
    let root = project.read("polytope.yml");
    project.write(
        "polytope.yml",
        &root.replace("include:\n", "include:\n  - tool\n"),
    );
    let mut shown = String::new();
    let mut call = |arguments: &[&str]| {
        let before = project.tree();
        let run = project.bluetext(arguments);
        shown.push_str(&format!(
            "$ bluetext {}\n{}\n",
            arguments.join(" "),
            run.stderr
        ));
        if run.code != 0 {
            assert_eq!(project.tree(), before);
        }
    };
    call(&["remove-temporal-workflow", "alpha"]);
    project.write(route, "from ..temporal_client import connection\n");
    call(&["remove-temporal-workflow", "alpha"]);
    call(&["remove-temporal-client"]);
    project.write(route, "");
    call(&["remove-temporal-client"]);
    call(&["remove-temporal"]);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
}

/// Two branches that add different things have different records.
#[test]
fn records_of_two_branches_merge() {
    let project = Project::empty();
    for (path, text) in [
        ("polytope.yml", "include:\n  - a\n  - b\n"),
        ("a/polytope.yml", &TOOL.replace("shop", "a")),
        ("b/polytope.yml", &TOOL.replace("shop", "b")),
        ("a/requirements.txt", "fastapi\n"),
        ("b/requirements.txt", "fastapi\n"),
        ("a/main.py", WEB),
        ("b/main.py", WEB),
    ] {
        project.write(path, text);
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments)
            .current_dir(project.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let commit = || {
        git(&["add", "-A"]);
        git(&["commit", "-qm", "x"]);
    };
    git(&["init", "-q", "-b", "main"]);
    project.done(&["add-temporal"]);
    commit();
    git(&["checkout", "-qb", "one"]);
    project.done(&["add-temporal-client", "--service", "a"]);
    project.done(&A);
    commit();
    git(&["checkout", "-q", "main"]);
    project.done(&["add-temporal-client", "--service", "b"]);
    project.done(&B);
    commit();
    git(&["merge", "-q", "one"]);
    for service in ["a", "b"] {
        let check = ["add-temporal-client", "--service", service, "--check"];
        assert_eq!(project.bluetext(&check).code, 0);
    }
    project.done(&["remove-temporal-workflow", "alpha"]);
    project.done(&["remove-temporal-workflow", "beta"]);
    project.done(&["remove-temporal-client", "--service", "a"]);
    project.done(&["remove-temporal-client", "--service", "b"]);
    project.done(&["remove-temporal"]);
    assert_eq!(project.read("polytope.yml"), "include:\n  - a\n  - b\n");
    assert!(
        !project
            .tree()
            .keys()
            .any(|path| path.starts_with(".bluetext"))
    );
}

/// A service of which Temporal is started after `app = FastAPI()`.
fn shop() -> Project {
    Project::with(&[
        (
            "polytope.yml",
            "include:\n- shop\ntools:\n  default:\n    run:\n    - tool: shop\n",
        ),
        (
            "shop/polytope.yml",
            "tools:\n  shop:\n    run:\n      - tool: polytope/python\n        args:\n          id: shop\n          image: python\n          code: { type: repo, path: . }\n          cmd: uvicorn app.main:app\n          env:\n            - { name: MINE, value: x }\n          restart: { policy: always }\n",
        ),
        ("shop/pyproject.toml", UV),
        ("shop/app/__init__.py", ""),
        ("shop/app/main.py", WEB),
    ])
}

fn with_all_steps() -> Project {
    let project = shop();
    for step in [&["add-temporal"][..], &["add-temporal-client"], &A] {
        project.done(step);
    }
    project
}

/// A change that a user makes between adding and removing.
type Change = fn(&Project);

fn edit(project: &Project, path: &str, from: &str, to: &str) {
    let text = project.read(path);
    assert!(text.contains(from), "{path} has no {from}: {text}");
    project.write(path, &text.replacen(from, to, 1));
}

const CHANGES: [(&str, Change); 9] = [
    ("a copy of the tool", |project| {
        let path = "shop/polytope.yml";
        let text = project.read(path);
        let (head, tool) = text.split_once("tools:\n").unwrap();
        let (own, _) = tool.split_once("\n  shop-worker:").unwrap();
        let copy = own.replace("shop:", "shop2:");
        project.write(path, &format!("{head}tools:\n{copy}{tool}"));
    }),
    ("a requirement in another list", |project| {
        let path = "shop/pyproject.toml";
        edit(
            project,
            path,
            "[dependency-groups]\n",
            "[dependency-groups]\ntest = [\n    \"pytest>=8.4,<10\",\n]\n",
        );
    }),
    ("another version", |project| {
        edit(
            project,
            "shop/pyproject.toml",
            "temporalio>=1.22",
            "temporalio>=1.23",
        );
    }),
    ("a comment behind the call", |project| {
        edit(
            project,
            "shop/app/main.py",
            "attach_temporal(app)\n",
            "attach_temporal(app)  # mine\n",
        );
    }),
    ("a second call", |project| {
        let text = project.read("shop/app/main.py");
        let more = "\n\ndef mk():\n    app = FastAPI()\n    attach_temporal(app)\n    return app\n";
        project.write("shop/app/main.py", &(text + more));
    }),
    ("a comment behind an include", |project| {
        edit(
            project,
            "polytope.yml",
            "- modules/postgres\n",
            "- modules/postgres # db\n",
        );
    }),
    ("quotes around an include", |project| {
        edit(
            project,
            "polytope.yml",
            "- modules/temporal\n",
            "- \"modules/temporal\"\n",
        );
    }),
    ("a function of the name of an activity", |project| {
        edit(
            project,
            "shop/app/workflows/alpha/activities.py",
            "from temporalio",
            "\nfrom temporalio",
        );
    }),
    ("a changed test", |project| {
        let path = "shop/tests/workflows/conftest.py";
        let text = project.read(path);
        project.write(path, &(text + "# mine\n"));
    }),
];

/// The removal ends as described, and leaves no reference to what is gone.
#[test]
fn what_looks_like_ours_and_is_not_stays() {
    let mut shown = String::new();
    for (name, change) in CHANGES {
        let project = with_all_steps();
        change(&project);
        shown.push_str(&format!("=== {name}\n"));
        let edited = project.tree();
        for step in &REMOVAL[1..] {
            let before = project.tree();
            let run = project.bluetext(step);
            shown.push_str(&format!(
                "$ bluetext {}: {}\n{}",
                step.join(" "),
                run.code,
                run.stderr
            ));
            if run.code != 0 {
                assert_eq!(project.tree(), before);
                break;
            }
        }
        let main = project.read("shop/app/main.py");
        let has_call = main.contains("attach_temporal(");
        let has_import = main.contains("import attach_temporal");
        assert_eq!(has_call, has_import, "{name}: {main}");
        let has_module = project.tree().contains_key("shop/app/temporal.py");
        assert!(has_module || !has_import, "{name}: {main}");
        for path in ["shop/pyproject.toml", "shop/polytope.yml", "polytope.yml"] {
            let text = project.read(path);
            shown.push_str(&format!("--- {path}\n"));
            let old = String::from_utf8(edited[path].clone()).unwrap();
            let original = shop().read(path);
            // Only lines that are neither the original nor gone.
            for line in text
                .lines()
                .filter(|line| !original.lines().any(|o| o == *line))
            {
                assert!(old.lines().any(|o| o == line), "{name}: {path}: {line}");
                if !text.contains("add-temporal-client:") {
                    shown.push_str(&format!("    {line}\n"));
                }
            }
        }
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
}

/// A record that was written by somebody else deletes and changes nothing.
#[test]
fn a_record_of_a_stranger_does_no_harm() {
    let project = with_all_steps();
    let path = ".bluetext/services/shop/workflow-alpha.yml";
    let hash = |path: &str| bluetext::record::Hash::of(&project.read(path));
    let main = "shop/app/main.py";
    let hash_of = |path: &str| serde_json::to_string(&hash(path)).unwrap();
    let text = serde_json::to_string(&project.read(main)).unwrap();
    let records = [
        "<<<<<<< ours\n".to_owned(),
        "version: [".to_owned(),
        String::new(),
        format!("version: \"9\"\ncreated: {{ {main}: {} }}\n", hash_of(main)),
        format!("version: \"9\"\nlibrary: {{ {main}: {} }}\n", hash_of(main)),
        format!(
            "version: \"9\"\ncreated: {{ .bluetext/add-temporal.yml: {} }}\n",
            hash_of(".bluetext/add-temporal.yml")
        ),
        format!(
            "version: \"9\"\nedited: {{ {main}: [{{ inserted: {text}, replaced: \"import os\\n\" }}] }}\n"
        ),
        "version: \"9\"\nedited: { .env: [{ inserted: \"SECRET=1\\n\" }] }\n".to_owned(),
        "version: \"9\"\ncreated: { ../out.txt: \"0\" }\n".to_owned(),
        format!("version: {}\n", "[".repeat(50_000)),
    ];
    project.write(".env", "SECRET=1\n");
    for record in records {
        project.write(path, &record);
        let before = project.tree();
        let run = project.bluetext(&["remove-temporal-workflow", "alpha"]);
        assert_eq!(run.code, 3, "{record}: {}", run.stderr);
        assert_eq!(project.tree(), before);
    }
    assert_eq!(project.bluetext(&["status", "--check"]).code, 4);
}

/// A file that was kept does not lead in a circle: the refusal has the call that removes it.
#[test]
fn what_was_kept_can_be_removed_later() {
    let project = with_all_steps();
    let path = "shop/tests/workflows/conftest.py";
    project.write(path, &(project.read(path) + "# mine\n"));
    project.done(&["remove-temporal-workflow", "alpha"]);
    project.done(&["remove-temporal-client"]);
    let run = project.bluetext(&["remove-temporal"]);
    assert_eq!(run.code, 3);
    let hint = "bluetext remove-temporal-client --force";
    assert!(
        run.stderr.contains(hint) && run.stderr.contains(path),
        "{}",
        run.stderr
    );
    project.done(&["remove-temporal-client", "--force"]);
    project.done(&["remove-temporal"]);
    assert_same(&project.tree(), &shop().tree(), "forced");
}

/// What belongs to the user is not taken for what a further request adds.
#[test]
fn a_function_of_the_user_is_no_activity() {
    for (file, text) in [
        ("activities.py", "\n    def ship(self):\n        return 1\n"),
        ("models.py", "\n\nclass ShipOutput:\n    mine = 1\n"),
    ] {
        let project = with_all_steps();
        let path = format!("shop/app/workflows/alpha/{file}");
        project.write(&path, &(project.read(&path) + text));
        let before = project.tree();
        let run = project.bluetext(&[&A[..], &["--activity=process,ship"]].concat());
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("has another `"), "{}", run.stderr);
        // The lines to add are there.
        let added = [
            "    def ship(self, input",
            "    class ShipOutput(BaseModel):",
        ];
        assert!(
            added.iter().any(|line| run.stderr.contains(line)),
            "{}",
            run.stderr
        );
        assert_eq!(project.tree(), before);
    }
}

/// Edits inside of what a further request has added keep the whole of it.
#[test]
fn a_class_that_was_added_later_is_not_taken_apart() {
    let project = with_all_steps();
    project.done(&[&A[..], &["--activity=process,charge"]].concat());
    let path = "shop/app/workflows/alpha/models.py";
    let text = project.read(path);
    let class = "class ChargeOutput(BaseModel):";
    assert!(text.contains(class), "{text}");
    project.write(
        path,
        &text.replace(
            "    message: str\n",
            "    message: str\n    receipt: int = 0\n",
        ),
    );
    let edited = project.read(path);
    let run = project.done(&["remove-temporal-workflow", "alpha"]);
    assert_eq!(project.read(path), edited, "{}", run.stderr);
    // A word that begins with an activity's name is another one.
    let project = shop();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    // Without this, activities are functions, which the tests list.
    std::fs::remove_file(project.path().join("shop/app/workflows/dependencies.py")).unwrap();
    project.done(&A);
    project.done(&[&A[..], &["--activity=process,charge"]].concat());
    let module = "shop/tests/workflows/test_alpha_workflow.py";
    let text = project.read(module);
    project.write(
        module,
        &text.replace("activities.charge]", "activities.charged_twice]"),
    );
    project.done(&["remove-temporal-workflow", "alpha"]);
    assert!(project.read(module).contains("activities.charged_twice]"));
}

/// What a file of bluetext leads to, as a link, is not deleted.
#[cfg(unix)]
#[test]
fn a_link_is_not_followed_to_delete_a_file() {
    let project = with_all_steps();
    let path = project.path().join("shop/app/workflows/alpha/models.py");
    let shared = project.path().join("shared.py");
    std::fs::rename(&path, &shared).unwrap();
    std::os::unix::fs::symlink(&shared, &path).unwrap();
    let before = project.tree();
    let run = project.bluetext(&["remove-temporal-workflow", "alpha"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("it is a symbolic link"),
        "{}",
        run.stderr
    );
    assert_eq!(project.tree(), before);
}
