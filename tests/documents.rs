//! What is written down about the program, and the program itself: schemas, codes, and the
//! documents that a report has to be.
//!
//! `BLUETEXT_UPDATE=1` writes the schemas and the table of codes anew, to be reviewed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use bluetext::code::{ErrorCode, WarningCode};
use bluetext::demo::Shown;
use bluetext::report::{Page, Report, StatusReport, schema_of};
use common::Project;
use serde_json::Value;

/// Compare a file of the repository with what it has to be.
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

fn schemas() -> [(&'static str, Value); 4] {
    [
        ("report", Report::schema()),
        ("status", StatusReport::schema()),
        ("demo", schema_of::<Shown>()),
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

#[test]
fn every_code_is_documented() {
    let mut text = "# Codes\n\nThe names of errors and warnings in reports. What one means never \
                    changes.\n\n## Errors\n\n| `error.code` | exit code | meaning |\n|---|---|---|\n"
        .to_owned();
    for code in ErrorCode::ALL {
        text.push_str(&format!(
            "| `{}` | {} | {} |\n",
            code.as_str(),
            code.exit(),
            code.about()
        ));
    }
    text.push_str("\n## Warnings\n\nA warning does not change the exit code.\n\n");
    text.push_str("| `warnings[].code` | meaning |\n|---|---|\n");
    for code in WarningCode::ALL {
        text.push_str(&format!("| `{}` | {} |\n", code.as_str(), code.about()));
    }
    is_up_to_date("docs/codes.md", &text);
    let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
}

/// Every document on stdout is what its schema says, with the exit code of its error; also
/// when the command line cannot be parsed.
#[test]
fn every_document_is_what_its_schema_says() {
    let project = Project::empty();
    let broken = Project::with(&[("polytope.yml", "tools: [\n")]);
    let deprecated = Project::with(&[(
        "polytope.yml",
        "tools:\n  temporal:\n    run:\n      - tool: polytope/container\n        args: { id: temporal, image: 'temporalio/auto-setup:1.29' }\n",
    )]);
    let workflow = "add-temporal-workflow";
    let cases: [(&Project, &str, &[&str], i32); 23] = [
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
        (&project, "report", &[workflow, "a", "--input", "x:int"], 0),
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
            let faults: Vec<String> = jsonschema::validator_for(schema)
                .unwrap()
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(faults, Vec::<String>::new(), "{arguments:?}: {document:#}");
            if arguments != ["add-temporal"] && arguments != ["add-temporal-client"] {
                assert_eq!(run.code, code, "{arguments:?}: {document:#}");
            }
            assert_eq!(run.stderr, "", "{arguments:?}");
            if let Some(error) = document["error"]["code"].as_str() {
                let known = ErrorCode::ALL.iter().find(|c| c.as_str() == error).unwrap();
                assert_eq!(i32::from(known.exit()), run.code, "{arguments:?}");
            }
        }
    }
}
