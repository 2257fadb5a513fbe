//! Snapshots of all generated files, for review.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::collections::BTreeMap;

use common::Project;

/// The folder of the client library in a service.
const LIBRARY: &str = "/temporal_client/";

/// The files of the client library, by their paths in it. Its README depends on the layout of
/// the service, and is not among them.
fn library(tree: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let files = tree.iter().filter_map(|(path, bytes)| {
        let (_, path) = path.split_once(LIBRARY)?;
        (path != "README.md").then(|| (path.to_owned(), bytes.clone()))
    });
    files.collect()
}

/// Compare each file that is new or different since `before` with its snapshot. The client
/// library has snapshots in one step; `the_client_library_is_the_same_everywhere` compares it.
fn snapshot(step: &str, before: &BTreeMap<String, Vec<u8>>, project: &Project) {
    let mut list = String::new();
    for (path, bytes) in project.tree() {
        let action = match before.get(&path) {
            None => "create",
            Some(old) if *old != bytes => "update",
            Some(_) => continue,
        };
        list.push_str(&format!("{action} {path}\n"));
        let is_library = path.contains(LIBRARY) && !path.ends_with("README.md");
        if is_library && step != "add-temporal-client" {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        insta::with_settings!({ snapshot_path => format!("snapshots/{step}"), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(path.replace('/', "__"), text);
        });
    }
    insta::with_settings!({ snapshot_path => format!("snapshots/{step}"), prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("tree", list);
    });
}

#[test]
fn an_empty_folder_gets_all_three_steps() {
    let project = Project::empty();
    for (step, arguments) in [
        ("add-temporal", &["add-temporal"][..]),
        ("add-temporal-client", &["add-temporal-client"]),
        (
            "add-temporal-workflow",
            &[
                "add-temporal-workflow",
                "order-processing",
                "--input",
                "order_id:str",
                "--input",
                "quantity:int",
                "--output",
                "status:str",
            ],
        ),
    ] {
        let before = project.tree();
        project.done(arguments);
        snapshot(step, &before, &project);
    }
}

#[test]
fn a_project_of_the_newer_generation_gets_the_flat_layout() {
    let project = Project::with(&[
        (
            "polytope.yml",
            "include:\n  - services/web\n\ntools:\n  stack:\n    info: All of it.\n    run:\n      - tool: web\n",
        ),
        (
            "services/web/polytope.yml",
            "tools:\n  web:\n    inputs:\n      port:\n        info: The port\n        type: [default, int, 3000]\n    run:\n      - tool: polytope/container\n        args: { id: web, image: \"node:22\" }\n",
        ),
    ]);
    let before = project.tree();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&["add-temporal-workflow", "greeting"]);
    snapshot("flat-layout", &before, &project);
}

#[test]
fn the_client_library_is_the_same_everywhere() {
    let libraries = ["", "older", "newer"].map(|name| {
        let project = match name {
            "" => Project::empty(),
            name => Project::copy(name),
        };
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        library(&project.tree())
    });
    let [first, others @ ..] = &libraries;
    assert!(!first.is_empty());
    for other in others {
        assert_eq!(first, other);
    }
}

/// Realistic existing projects of both generations.
#[test]
fn projects_of_years_keep_what_they_have() {
    for name in ["older", "newer"] {
        let project = Project::copy(name);
        let before = project.tree();
        let mut reports = String::new();
        for arguments in [
            &["add-temporal"][..],
            &["add-temporal-client"],
            &["add-temporal-workflow", "order-processing", "greeting"],
        ] {
            reports.push_str(&project.done(arguments).shown());
            let again = project.done(&[arguments, &["--check"]].concat());
            assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
        }
        snapshot(name, &before, &project);
        insta::with_settings!({ snapshot_path => format!("snapshots/{name}"), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("reports", reports);
        });
    }
}

/// Every option of a workflow.
#[test]
fn a_workflow_has_several_activities_and_is_talked_to() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let before = project.tree();
    let arguments = [
        &["add-temporal-workflow", "order-processing"][..],
        &["--input", "order_id:str", "--input", "quantity:int"],
        &["--output", "status:str", "--output", "receipt:uuid"],
        &["--activity", "reserve", "--activity", "charge, ship"],
        &["--signal", "approve", "--signal", "note:str"],
        &["--query", "status:str", "--query", "delay:timedelta"],
        &["--update", "address:dict[str,str]"],
        &["--start-to-close", "1m", "--schedule-to-close", "1h"],
        &["--schedule-to-start", "5m", "--heartbeat", "10s"],
        &["--max-attempts", "5", "--wait-timeout", "2d", "--route"],
    ]
    .concat();
    let reports = project.done(&arguments).shown();
    let again = project.done(&[&arguments[..], &["--check"]].concat());
    assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
    snapshot("every-option", &before, &project);
    insta::with_settings!({ snapshot_path => "snapshots/every-option", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("report", reports);
    });
}

/// Every type, required and optional, in input and output.
#[test]
fn every_type_has_its_python() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let before = project.tree();
    let types = "a:str,b:int,c:float,d:bool,e:bytes,f:datetime,g:date,h:timedelta,i:uuid,\
                 j:decimal,k:list[dict[str,int?]],l:dict[str,list[bytes]],m:str?,date:date?";
    project.done(&[
        "add-temporal-workflow",
        "every-type",
        "--input",
        types,
        "--output",
        types,
    ]);
    project.done(&[
        "add-temporal-workflow",
        "no-input-of-any-output-type",
        "--input",
        "x:list[str]?",
        "--output",
        types,
    ]);
    snapshot("every-type", &before, &project);
}
