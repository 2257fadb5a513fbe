//! Checks that schemas, error codes and documents match the program, and that reports match
//! their schemas.
//!
//! `BLUETEXT_UPDATE=1` rewrites the schemas and the table of codes for review.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use bluetext::Error;
use bluetext::analysis::Rule;
use bluetext::demo::Shown;
use bluetext::disk::DiskError;
use bluetext::name::RelPath;
use bluetext::problem::Problem;
use bluetext::problem::{ErrorCode, WarningCode};
use bluetext::report::{
    CheckReport, Document as _, Page, Report, StatusReport, VerifyReport, View, schema_of,
};
use common::Project;
use serde_json::Value;

/// Compare a file of the repository with its expected content.
fn is_up_to_date(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLUETEXT_UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut file = fs::File::create(&file).unwrap();
        file.write_all(expected.as_bytes()).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "{path} is not up to date: `BLUETEXT_UPDATE=1 cargo test --test documents` writes it"
    );
}

fn schemas() -> [(&'static str, Value); 6] {
    [
        ("report", schema_of::<Report>()),
        ("status", schema_of::<StatusReport>()),
        ("check", schema_of::<CheckReport>()),
        ("demo", schema_of::<Shown>()),
        ("verify", schema_of::<VerifyReport>()),
        ("page", schema_of::<Page>()),
    ]
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in schemas() {
        jsonschema::meta::validate(&schema).unwrap();
        is_up_to_date(&format!("schema/{name}.v1.json"), &format!("{schema:#}\n"));
    }
}

/// The text of each error: from a run or, if that would need a system failure, from the error
/// value.
#[expect(clippy::too_many_lines, reason = "one entry for each code")]
fn example(code: ErrorCode) -> String {
    let file = |text: &str| Project::with(&[("polytope.yml", text)]);
    let after = |steps: &[&[&str]]| {
        let project = Project::empty();
        for step in steps {
            project.done(step);
        }
        project
    };
    let run = |project: &Project, arguments: &[&str]| {
        let run = project.bluetext(arguments);
        assert_eq!(run.code, code.exit() as i32, "{code:?}: {}", run.stderr);
        let line = arguments.join(" ");
        format!("$ bluetext {line}\n{}", run.stderr)
    };
    let trouble = |report: &Report| {
        let (_, trouble) = report.texts(View::default());
        anstream::adapter::strip_str(&trouble).to_string()
    };
    let of_disk = |error: DiskError| {
        let root = Some("/home/ada/shop".into());
        let report = Report::new(
            "add-temporal",
            &Err(Error::Disk { root, error }),
            View::default(),
        );
        assert_eq!(report.exit(), code.exit(), "{code:?}");
        trouble(&report)
    };
    let made_up = |message: &str, hint: Option<&str>| {
        let problem = Problem {
            code,
            message: message.to_owned(),
            path: None,
            position: None,
            hint: hint.map(str::to_owned),
        };
        trouble(&Report::of_problems("demo", &[problem], None))
    };
    let path = |text: &str| RelPath::literal(text);
    let three: [&[&str]; 2] = [&["add-temporal"], &["add-temporal-client"]];
    match code {
        ErrorCode::CannotVerify => {
            let project = after(&three);
            project.done(&["add-temporal-workflow", "order"]);
            // The message is the same on a machine without uv.
            let script = "#!/bin/sh\nexec sleep 60\n";
            project.write_program("bin/uv", script);
            let path = project.path().join("bin");
            let path = [path.to_str().unwrap(), "/usr/bin:/bin"].join(":");
            let arguments = ["verify", "--timeout", "1ms", "--quiet"];
            let run = common::bluetext(&project.path(), &arguments, &[("PATH", &path)]);
            assert_eq!(run.code, code.exit() as i32, "{}", run.stderr);
            format!("$ bluetext {}\n{}", arguments.join(" "), run.stderr)
        }
        ErrorCode::Case => of_disk(DiskError::Case {
            wanted: path("modules/temporal"),
            found: "Modules".to_owned(),
        }),
        ErrorCode::Changed => of_disk(DiskError::Changed(path("polytope.yml"))),
        ErrorCode::Conflict => run(
            &file("tools:\n  add-temporal-client:\n    run: []\n"),
            &["add-temporal"],
        ),
        ErrorCode::DemoFailed => made_up("`uv sync` failed (exit status: 1)", None),
        ErrorCode::DifferentRequest => {
            let project = after(&three);
            project.done(&["add-temporal-workflow", "order", "--input", "id:str"]);
            run(
                &project,
                &["add-temporal-workflow", "order", "--input", "id:int"],
            )
        }
        ErrorCode::InTheWay => run(
            &Project::with(&[("modules/temporal/polytope.yml/x", "")]),
            &["add-temporal"],
        ),
        ErrorCode::Interrupted => made_up("the demo was interrupted", None),
        ErrorCode::InvalidCombination => run(
            &Project::empty(),
            &["add-temporal-workflow", "order", "--heartbeat", "1m"],
        ),
        ErrorCode::InvalidName => run(&Project::empty(), &["add-temporal-workflow", "2fa; rm"]),
        ErrorCode::Io => of_disk(DiskError::Io {
            path: "/home/ada/shop/polytope.yml".into(),
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
            not_restored: Vec::new(),
        }),
        ErrorCode::LaterStep => run(&after(&three), &["remove-temporal"]),
        ErrorCode::LeadsOut => of_disk(DiskError::LeadsOut(path("modules/temporal"))),
        ErrorCode::Locked => of_disk(DiskError::Locked("/home/ada/shop".into())),
        ErrorCode::NoApplication => {
            let project = after(&three[..1]);
            project.write("jobs/requirements.txt", "httpx\n");
            project.write("jobs/main.py", "print(1)\n");
            project.done(&["add-temporal-client"]);
            run(&project, &["add-temporal-workflow", "order", "--route"])
        }
        ErrorCode::NoProject => run(
            &Project::empty(),
            &["add-temporal", "--project", "/nowhere"],
        ),
        ErrorCode::NotOnRecord => run(&after(&three), &["remove-temporal-workflow", "order"]),
        ErrorCode::NotStarted => made_up(
            "`pt run default` failed (exit status: 1):\n  no engine",
            None,
        ),
        ErrorCode::OlderGeneration => run(&file("templates:\n  - id: api\n"), &["add-temporal"]),
        ErrorCode::Panic => made_up("a fault of bluetext ended the call", None),
        ErrorCode::ReadOnly => of_disk(DiskError::ReadOnly(path("polytope.yml"))),
        ErrorCode::RequirementConflict => {
            let project = after(&three[..1]);
            project.write(
                "shop/pyproject.toml",
                "[project]\nname = \"shop\"\ndependencies = [\n    \"pydantic<2\",\n]\n",
            );
            let main = "from fastapi import FastAPI\n\napp = FastAPI()\n";
            project.write("shop/app/main.py", main);
            run(&project, &["add-temporal-client"])
        }
        ErrorCode::Sandbox => {
            let project = after(&three[..1]);
            project.write("shop/requirements.txt", "fastapi\n");
            let init = "from datetime import datetime\n\nSTARTED = datetime.now()\n";
            project.write("shop/app/__init__.py", init);
            let main = "from fastapi import FastAPI\n\napp = FastAPI()\n";
            project.write("shop/app/main.py", main);
            run(&project, &["add-temporal-client"])
        }
        ErrorCode::SeveralApplications => {
            let project = after(&three[..1]);
            project.write(
                "shop/main.py",
                "from fastapi import FastAPI\n\npublic = FastAPI()\nadmin = FastAPI()\n",
            );
            project.write("requirements.txt", "fastapi\n");
            run(&project, &["add-temporal-client"])
        }
        ErrorCode::SeveralWorkers => {
            let project = after(&three[..1]);
            for module in ["orders/worker.py", "payments/worker.py"] {
                project.write(
                    &format!("shop/{module}"),
                    "from temporalio.worker import Worker\n\n\nasync def main(client):\n    await Worker(client, task_queue=\"shop\", workflows=[]).run()\n",
                );
            }
            project.write("shop/requirements.txt", "temporalio\n");
            run(&project, &["add-temporal-client"])
        }
        ErrorCode::StepMissing => run(&Project::empty(), &["add-temporal-client"]),
        ErrorCode::StillUsed => {
            let project = after(&three);
            project.done(&["add-temporal-workflow", "order"]);
            project.write(
                "modules/api/src/backend/orders.py",
                "from .workflows.order.workflow import OrderWorkflow\n",
            );
            run(&project, &["remove-temporal-workflow", "order"])
        }
        ErrorCode::Syntax => run(&file("tools:\n  api: [\n"), &["add-temporal"]),
        ErrorCode::UnknownService => run(
            &after(&three),
            &["add-temporal-workflow", "order", "--service", "ap"],
        ),
        ErrorCode::UnknownShape => {
            let project = after(&three);
            let registry = "modules/api/src/backend/workflows/registry.py";
            project.write(registry, "WORKFLOWS = find()\nACTIVITIES = find()\n");
            run(&project, &["add-temporal-workflow", "order"])
        }
        ErrorCode::UnknownStack => run(
            &file("tools:\n  default:\n    run: []\n"),
            &["add-temporal", "--stack", "shop"],
        ),
        ErrorCode::UnknownWorkflow => run(&after(&three), &["status", "refund", "--diagram"]),
        ErrorCode::Unreadable => {
            let project = Project::empty();
            let mut file = fs::File::create(project.path().join("polytope.yml")).unwrap();
            file.write_all(b"tools: {} # \xff\n").unwrap();
            run(&project, &["add-temporal"])
        }
        ErrorCode::Usage => run(&Project::empty(), &["add-temporla"]),
        ErrorCode::VersionStep => {
            let project = Project::empty();
            project.done(&["add-temporal", "--temporal-version", "1.30.0"]);
            run(&project, &["add-temporal", "--temporal-version", "1.33.0"])
        }
        ErrorCode::WrongRecord => {
            let project = after(&three);
            project.write("notes.md", "ours\n");
            project.write(
                ".bluetext/services/modules/api/workflow-order.yml",
                "version: \"0.2.0\"\nworkflow: order\ncreated: { notes.md: \"0\" }\n",
            );
            run(&project, &["remove-temporal-workflow", "order"])
        }
        ErrorCode::WrongShape => run(&file("tools: [api]\n"), &["add-temporal"]),
    }
}

#[test]
fn every_code_is_documented() {
    let mut text = "# Codes\n\nThe names of errors and warnings in reports. What one means never \
                    changes.\n\n## Errors\n\n| `error.code` | exit code | meaning |\n|---|---|---|\n"
        .to_owned();
    for code in ErrorCode::ALL {
        text.push_str(&format!(
            "| [`{name}`](#{name}) | {} | {} |\n",
            code.exit() as u8,
            code.about(),
            name = code.as_str(),
        ));
    }
    text.push_str("\n## Warnings\n\nA warning does not change the exit code.\n\n");
    text.push_str("| `warnings[].code` | meaning |\n|---|---|\n");
    for code in WarningCode::ALL {
        text.push_str(&format!("| `{}` | {} |\n", code.as_str(), code.about()));
    }
    text.push_str("\n## What a person reads\n");
    for code in ErrorCode::ALL {
        let example = example(*code);
        let example = example.trim_end();
        text.push_str(&format!(
            "\n### {}\n\n```text\n{example}\n```\n",
            code.as_str()
        ));
    }
    is_up_to_date("docs/codes.md", &text);
    let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
}

/// The user documentation, with paths.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    paths.extend(
        fs::read_dir(root.join("docs"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// A project with all three steps applied.
fn complete() -> Project {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&["add-temporal-workflow", "greeting"]);
    project
}

/// Every `bluetext` command in a shell code block works, in document order. Other tests run
/// the other programs.
#[test]
fn every_shell_example_works() {
    // `tests/server` runs those of the README, and `tests/wheel.rs` those that install.
    let others = ["cargo ", "uv ", "uvx ", "RECORD_HISTORY=1 uv "];
    let mut count = 0;
    for (name, text) in documents() {
        // These begin before the first step.
        let project = if ["README.md", "docs/steps.md"].contains(&name.as_str()) {
            Project::empty()
        } else {
            complete()
        };
        for block in text.split("```sh\n").skip(1) {
            let block = block.split("```").next().unwrap().replace("\\\n", " ");
            for line in block.lines() {
                if line == "bluetext verify" {
                    // `tests/verify.rs` does: it needs Python.
                } else if let Some(arguments) = line.strip_prefix("bluetext ") {
                    // Starts a server.
                    let arguments = arguments.replace("--runtime dev-server", "--no-start");
                    let arguments: Vec<&str> = arguments.split_whitespace().collect();
                    let run = project.bluetext(&arguments);
                    assert_eq!(run.code, 0, "{name}: {line}: {}", run.stderr);
                    count += 1;
                } else {
                    let is_known = others.iter().any(|start| line.starts_with(start));
                    assert!(is_known, "{name}: {line}");
                }
            }
        }
    }
    assert!(count >= 7, "{count}");
}

/// The output of a command in a `console` block is the real one. The commands of a document are
/// run in order, in one project.
#[test]
fn every_console_example_shows_real_output() {
    let mut count = 0;
    for (name, text) in documents() {
        let project = Project::empty();
        let mut expected = String::new();
        let mut rest = text.as_str();
        while let Some((before, block)) = rest.split_once("```console\n$ ") {
            let (block, after) = block.split_once("```").unwrap();
            let (command, _) = block.split_once('\n').unwrap();
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            let run = project.done(&arguments);
            let output = run.stdout.replace("[PROJECT]", "~/shop");
            expected.push_str(&format!("{before}```console\n$ {command}\n{output}```"));
            rest = after;
            count += 1;
        }
        expected.push_str(rest);
        is_up_to_date(&name, &expected);
    }
    assert!(count >= 6, "{count}");
}

/// Every flag, file and variable that a document names exists.
#[test]
fn what_the_documents_name_is_there() {
    let project = complete();
    let generated: Vec<String> = project.tree().into_keys().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut flags = String::new();
    let mut queue = vec![bluetext::cli::command()];
    while let Some(command) = queue.pop() {
        for argument in command.get_arguments() {
            flags.extend(argument.get_long().map(|flag| format!("--{flag} ")));
        }
        queue.extend(command.get_subcommands().cloned());
    }
    // Flags of other programs.
    flags.push_str(
        "--with --find-links --target-dir --lib --cfg --dest-dir --zig --sdist --release --locked --path --bench --test --example --strict --no-dev ",
    );
    flags.push_str(
        "--from --reload --help --version --workflow-id --nocapture --task-queue --type ",
    );
    let library: String = project
        .tree()
        .into_iter()
        .filter(|(path, _)| path.contains("temporal_client/") || path.ends_with("README.md"))
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    // Those of Temporal's server are tested there.
    let server = fs::read_to_string(root.join("tests/server/main.rs")).unwrap();
    let own: String = ["src/cli/mod.rs", "src/cli/start.rs"]
        .map(|file| fs::read_to_string(root.join(file)).unwrap())
        .concat();
    let mut faults = Vec::new();
    for (name, text) in documents() {
        // Examples of errors name missing items.
        let text = text.split("## What a person reads").next().unwrap();
        let words = text.split(|c: char| c.is_whitespace() || "`|(),;:".contains(c));
        for word in words {
            let word = word.trim_end_matches(['.', '\'', '"']);
            let flag = word.split('=').next().unwrap();
            if flag.trim_matches('-').len() > 1
                && flag.starts_with("--")
                && !flags.contains(&format!("{flag} "))
            {
                faults.push(format!("{name}: the flag {flag}"));
            }
            let is_variable = |prefix: &str| word.starts_with(prefix) && !word.contains('*');
            let is_known = library.contains(flag) || server.contains(flag);
            if is_variable("TEMPORAL_") && !is_known {
                faults.push(format!("{name}: the variable {word}"));
            }
            let ours = [
                "BLUETEXT_BOOK",
                "BLUETEXT_WHEEL",
                "BLUETEXT_SERVER",
                "BLUETEXT_SKIP_E2E",
                "BLUETEXT_SOAK",
                "BLUETEXT_UPDATE",
            ];
            if is_variable("BLUETEXT_") && !own.contains(flag) && !ours.contains(&flag) {
                faults.push(format!("{name}: the variable {word}"));
            }
        }
        for quoted in text.split('`').skip(1).step_by(2) {
            if let Some(command) = quoted.strip_prefix("bluetext ") {
                let command = command.split([' ', '\n']).next().unwrap();
                let is_there = bluetext::cli::command().find_subcommand(command).is_some();
                if !is_there && !command.starts_with('-') && command != "COMMAND" {
                    faults.push(format!("{name}: the command {command}"));
                }
            }
            let is_path = quoted.contains('/')
                && !quoted.contains([' ', '~', ':', '$', '<', '='])
                && !quoted.starts_with(['/', '.'])
                && !["NAME", "fuzz/corpus", "tools/list"]
                    .iter()
                    .any(|word| quoted.contains(word));
            if !is_path {
                continue;
            }
            let path = quoted.trim_end_matches('/');
            let is_there = root.join(path).exists()
                || generated.iter().any(|file| {
                    file.ends_with(path) || file.contains(&format!("{path}/"))
                })
                // Created on request only.
                || ["tests/histories", "target", "target/wheels"].contains(&path)
                // Of a project of the reader.
                || path == "app/main.py";
            if !is_there {
                faults.push(format!("{name}: the path {quoted}"));
            }
        }
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = root.join(&name).parent().unwrap().join(link);
            if !target.exists() {
                faults.push(format!("{name}: the link {link}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// Every page is in the site's table of contents, and no page links to what is not in the site.
#[test]
fn every_page_is_in_the_site() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let summary = fs::read_to_string(root.join("docs/SUMMARY.md")).unwrap();
    let overview = fs::read_to_string(root.join("docs/README.md")).unwrap();
    for (name, text) in documents() {
        let Some(page) = name.strip_prefix("docs/") else {
            continue;
        };
        if !["README.md", "SUMMARY.md"].contains(&page) {
            for list in [&summary, &overview] {
                assert!(list.contains(&format!("]({page})")), "{page} is not listed");
            }
        }
        assert!(
            !text.contains("](../"),
            "{page} links to outside of the site"
        );
    }
}

/// Every link of the site, and every anchor, has a target. `BLUETEXT_BOOK` names the folder that
/// `mdbook build` has written.
#[test]
fn the_site_has_no_dead_link() {
    let Some(book) = std::env::var_os("BLUETEXT_BOOK") else {
        return;
    };
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join(book);
    let page = |name: &str| fs::read_to_string(book.join(name)).ok();
    let mut faults = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(&book).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The page for missing pages, and the one for printing, which joins all others.
        let is_page = Path::new(&name).extension().is_some_and(|e| e == "html")
            && !["404.html", "print.html"].contains(&&*name);
        let Some(text) = page(&name).filter(|_| is_page) else {
            continue;
        };
        let content = text.split_once("<main>").map_or("", |(_, rest)| rest);
        let content = content.split("</main>").next().unwrap();
        for attribute in ["href=\"", "src=\""] {
            for link in content.split(attribute).skip(1) {
                let link = link.split('"').next().unwrap();
                if link.starts_with("http") {
                    continue;
                }
                count += 1;
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { &name } else { file };
                let is_there = if anchor.is_empty() {
                    book.join(target).exists()
                } else {
                    page(target).is_some_and(|text| text.contains(&format!("id=\"{anchor}\"")))
                };
                if !is_there {
                    faults.push(format!("{name}: {link}"));
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(count > 100, "{count}");
}

/// `docs/check.md` ends with the rules.
#[test]
fn every_rule_is_documented() {
    const HEADING: &str = "## The rules\n";
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    let page = fs::read_to_string(page).unwrap();
    let (before, _) = page.split_once(HEADING).unwrap_or((&page, ""));
    let mut text = format!("{before}{HEADING}\n| code | rule |\n|---|---|\n");
    for rule in Rule::ALL {
        let code = rule.code();
        text.push_str(&format!("| [`{code}`](#{code}) | {} |\n", rule.title()));
    }
    for rule in Rule::ALL {
        let (wrong, right) = rule.examples();
        text.push_str(&format!(
            "\n### {}\n\n{} {}\n\n{}\n\n```python\n# breaks the rule\n{wrong}\n\n# \
             correct\n{right}\n```\n",
            rule.code(),
            rule.title(),
            rule.why(),
            rule.instead(),
        ));
    }
    is_up_to_date("docs/check.md", &text);
}

/// Every JSON document on stdout matches its schema and has the exit code of its error, even
/// if the command line cannot be parsed.
#[test]
fn every_document_is_what_its_schema_says() {
    let project = Project::empty();
    let broken = Project::with(&[("polytope.yml", "tools: [\n")]);
    let deprecated = Project::with(&[(
        "polytope.yml",
        "tools:\n  temporal:\n    run:\n      - tool: polytope/container\n        args: { id: temporal, image: 'temporalio/auto-setup:1.29' }\n",
    )]);
    let with_a_clock = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "temporalio\n"),
        (
            "shop/workflow.py",
            "import time\n\nfrom temporalio import workflow\n\n\n@workflow.defn\nclass Shop:\n    \
             @workflow.run\n    async def run(self) -> float:\n        return time.time()\n",
        ),
    ]);
    let workflow = "add-temporal-workflow";
    let cases: [(&Project, &str, &[&str], i32); 31] = [
        (&project, "status", &["status"], 0),
        (&project, "report", &["add-temporal-client"], 3),
        (
            &project,
            "report",
            &["add-temporal", "--dry-run", "--diff"],
            0,
        ),
        (&project, "report", &["add-temporal", "--check"], 4),
        (&project, "report", &["add-temporal"], 0),
        (&project, "report", &["add-temporal-client"], 0),
        (&project, "report", &[workflow, "a", "b"], 0),
        (&project, "report", &[workflow, "a", "--input", "x:int"], 3),
        (&project, "report", &[workflow, "class", "x:y"], 2),
        (&project, "report", &[workflow, "a", "--heartbeat=1h"], 2),
        (&project, "report", &[workflow], 2),
        (&project, "report", &["add-temporla"], 2),
        (&project, "report", &["add-temporal", "--stakc"], 2),
        (
            &project,
            "report",
            &["--project", "/nowhere", "add-temporal"],
            2,
        ),
        (&project, "status", &["status"], 0),
        (&project, "status", &["status", "--project", "/nowhere"], 2),
        (&project, "status", &["status", "--bogus"], 2),
        (&project, "page", &["guide"], 0),
        (&project, "page", &["mcp", "config", "--client", "codex"], 0),
        (&broken, "report", &["add-temporal"], 3),
        (&broken, "status", &["status"], 3),
        (&project, "page", &["status", "a", "--diagram"], 0),
        (&project, "status", &["status", "zzz", "--diagram"], 3),
        (&project, "check", &["check"], 0),
        (&project, "check", &["check", "--service", "zzz"], 3),
        (&broken, "check", &["check"], 3),
        (&with_a_clock, "check", &["check"], 4),
        (&broken, "verify", &["verify"], 3),
        (&project, "verify", &["verify", "--dry-run"], 2),
        (&deprecated, "report", &["add-temporal"], 0),
        (&deprecated, "status", &["status"], 0),
    ];
    let schemas = schemas();
    for (project, name, arguments, code) in cases {
        for format in [&["--format", "json"][..], &["--format=json"]] {
            let run = project.bluetext(&[format, arguments].concat());
            let document: Value = serde_json::from_str(&run.stdout)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", run.stdout));
            let (_, schema) = schemas.iter().find(|(known, _)| *known == name).unwrap();
            common::assert_valid(schema, &document);
            if arguments != ["add-temporal"] && arguments != ["add-temporal-client"] {
                assert_eq!(run.code, code, "{arguments:?}: {document:#}");
            }
            assert_eq!(run.stderr, "", "{arguments:?}");
            if let Some(error) = document["error"]["code"].as_str() {
                let known = ErrorCode::ALL.iter().find(|c| c.as_str() == error).unwrap();
                assert_eq!(known.exit() as i32, run.code, "{arguments:?}");
            }
        }
    }
}
