//! Running a step again on a project of an earlier version, and the versions of the server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use common::Project;

const LIBRARY: &str = "modules/api/src/backend/temporal_client";

/// `tests/projects/previous` is what version 0.1.0 has generated.
fn previous() -> Project {
    Project::copy("previous")
}

fn status(project: &Project) -> serde_json::Value {
    let run = project.bluetext(&["status", "--format", "json"]);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn an_unchanged_library_is_brought_to_this_version() {
    let project = previous();
    let before = status(&project);
    assert_eq!(before["services"][0]["client"], "outdated");
    assert_eq!(before["services"][0]["client_version"], "0.1.0");
    let codes: Vec<&str> = before["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    // The workflow of that version imports its activities as a module.
    assert_eq!(codes, ["library-outdated", "rule-broken"]);
    let mut shown = String::new();
    let mut call = |arguments: &[&str], code: i32| {
        let run = project.bluetext(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        let line = arguments.join(" ");
        shown.push_str(&format!("$ bluetext {line}\n{}\n", run.shown()));
    };
    for step in ["add-temporal", "add-temporal-client"] {
        call(&[step, "--check"], 4);
        call(&[step], 0);
        call(&[step, "--check", "--quiet"], 0);
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
    let now = status(&project);
    assert_eq!(now["services"][0]["client"], "current");
    assert_eq!(
        now["services"][0]["client_version"],
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(now["warnings"].as_array().unwrap().len(), 1);
    assert_eq!(now["warnings"][0]["code"], "rule-broken");
    // It is what this version makes from the start.
    let fresh = Project::empty();
    fresh.done(&["add-temporal"]);
    fresh.done(&["add-temporal-client"]);
    let (upgraded, fresh) = (project.tree(), fresh.tree());
    for (path, bytes) in &fresh {
        let is_library = path.contains("temporal_client/") || path.starts_with("modules/temporal");
        if is_library {
            assert_eq!(upgraded.get(path), Some(bytes), "{path}");
        }
    }
}

#[test]
fn a_changed_library_file_is_kept() {
    let project = previous();
    let mine = format!("{LIBRARY}/README.md");
    let text = project.read(&mine) + "Ours: ask Mia.\n";
    project.write(&mine, &text);
    // In other line endings, a file is the same.
    let other = format!("{LIBRARY}/errors.py");
    project.write(&other, &project.read(&other).replace('\n', "\r\n"));
    // Scaffolds are not compared.
    let scaffold = "modules/api/src/backend/worker.py";
    project.write(scaffold, "# mine\n");
    assert_eq!(status(&project)["services"][0]["client"], "differs");
    let run = project.done(&["add-temporal-client"]);
    let warnings: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(warnings.len(), 2, "{}", run.stderr);
    assert!(warnings[0].contains("README.md"), "{}", run.stderr);
    let missing = "without the parameters `wait-timeout`, `route`: ";
    assert!(warnings[1].contains(missing), "{}", run.stderr);
    assert!(!run.stdout.contains("worker.py\n  keep"), "{}", run.stdout);
    assert_eq!(project.read(&mine), text);
    assert!(project.read(&other).contains("\r\n"));
    let diff = project.done(&["add-temporal-client", "--diff", "--force", "--dry-run"]);
    assert!(diff.stdout.contains("-Ours: ask Mia."), "{}", diff.stdout);
    assert_eq!(project.read(&mine), text);
    project.done(&["add-temporal-client", "--force"]);
    assert!(!project.read(&mine).contains("Mia"));
    assert_eq!(project.read(scaffold), "# mine\n");
    assert_eq!(status(&project)["services"][0]["client"], "current");
}

/// Files of two versions do not work together, so one changed module keeps all of them.
#[test]
fn a_changed_module_keeps_the_whole_library() {
    let project = previous();
    let mine = format!("{LIBRARY}/worker.py");
    project.write(&mine, &(project.read(&mine) + "# mine\n"));
    let before = library_of(&project);
    let run = project.done(&["add-temporal-client"]);
    assert_eq!(library_of(&project), before);
    let warning = format!(
        "warning: the client library in `{LIBRARY}` is left as it is, because `{mine}` has been \
         changed"
    );
    assert!(run.stderr.starts_with(&warning), "{}", run.stderr);
    project.done(&["add-temporal-client", "--force"]);
    assert!(!project.read(&mine).contains("# mine"));
    assert_eq!(status(&project)["services"][0]["client"], "current");
    // A file that this version does not have is gone, unless it was changed.
    assert!(
        !project
            .tree()
            .contains_key(&format!("{LIBRARY}/replicas.py"))
    );
    let project = previous();
    let dropped = format!("{LIBRARY}/replicas.py");
    project.write(&dropped, &(project.read(&dropped) + "# mine\n"));
    let run = project.done(&["add-temporal-client"]);
    assert!(project.read(&dropped).ends_with("# mine\n"));
    assert!(
        run.stderr
            .contains("is no longer part of the client library")
    );
    project.done(&["add-temporal-client", "--force"]);
    assert!(!project.tree().contains_key(&dropped));
}

/// What this version generates needs the library of this version.
#[test]
fn a_workflow_needs_the_library_of_this_version() {
    for (changed, route) in [(false, false), (false, true), (true, false)] {
        let project = previous();
        if changed {
            let mine = format!("{LIBRARY}/worker.py");
            project.write(&mine, &(project.read(&mine) + "# mine\n"));
            project.done(&["add-temporal-client"]);
        }
        let mut order = vec!["add-temporal-workflow", "order"];
        order.extend(route.then_some("--route"));
        let before = project.tree();
        let run = project.bluetext(&order);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(
            run.stderr.contains("without `interceptors.py`"),
            "{}",
            run.stderr
        );
        assert_eq!(project.tree(), before);
        // As the hint says.
        project.done(&["add-temporal-client", "--service", "api", "--force"]);
        project.done(&order);
    }
}

fn library_of(project: &Project) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = project.tree();
    files.retain(|path, _| path.starts_with(LIBRARY));
    files
}

#[test]
fn a_project_of_the_previous_version_is_removed_by_this_one() {
    let project = previous();
    project.done(&["remove-temporal-workflow", "greeting"]);
    project.done(&["remove-temporal-client"]);
    project.done(&["remove-temporal"]);
    assert!(project.tree().is_empty(), "{:?}", project.tree().keys());

    let project = previous();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&["remove-temporal-workflow", "greeting"]);
    project.done(&["remove-temporal-client"]);
    project.done(&["remove-temporal"]);
    assert!(project.tree().is_empty(), "{:?}", project.tree().keys());
}

#[test]
fn the_server_goes_one_minor_version_at_a_time() {
    let mut shown = String::new();
    let call = |project: &Project, arguments: &[&str], shown: &mut String| {
        let run = project.bluetext(&[&["add-temporal"][..], arguments].concat());
        let line = arguments.join(" ");
        shown.push_str(&format!(
            "$ bluetext add-temporal {line}\n{}\n",
            run.shown()
        ));
    };
    let project = Project::empty();
    for arguments in [
        &[
            "--temporal-version=1.29.1",
            "--ui-version=2.40.0",
            "--history-shards=4",
            "--quiet",
        ][..],
        &[],
        &["--temporal-version=1.33.0"],
        &["--temporal-version=1.30.2"],
        &["--temporal-version=1.29.1"],
        &["--history-shards=1024"],
        &["--history-shards=512"],
        &["--postgres-version=17"],
        &["--temporal-version=1.31.0", "--quiet"],
        &[],
        &["--check"],
    ] {
        call(&project, arguments, &mut shown);
    }
    let module = project.read("modules/temporal/polytope.yml");
    assert!(module.contains("temporalio/server:1.32.0"), "{module}");
    assert!(
        module.contains("NUM_HISTORY_SHARDS, value: \"4\" }"),
        "{module}"
    );
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
}

/// What goes wrong after the first day is found, with the call that fixes it.
#[test]
fn what_is_wrong_is_found_and_fixed_by_the_named_call() {
    let made = || {
        let project = Project::empty();
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        project.done(&["add-temporal-workflow", "alpha", "beta"]);
        project
    };
    let source =
        |project: &Project, path: &str| project.path().join("modules/api/src/backend").join(path);
    let mut shown = String::new();
    let mut found = |name: &str, project: &Project, fix: &[&str]| {
        let check = project.bluetext(&["status", "--check", "--format", "json"]);
        assert_eq!(check.code, 4, "{name}");
        let report: serde_json::Value = serde_json::from_str(&check.stdout).unwrap();
        shown.push_str(&format!("=== {name}\n"));
        for warning in report["warnings"].as_array().unwrap() {
            shown.push_str(&format!("{}: {}\n", warning["code"], warning["message"]));
        }
        if fix.is_empty() {
            return;
        }
        let line = format!("bluetext {}", fix.join(" "));
        let next = report["next"].as_array().unwrap();
        assert!(
            next.iter().any(|next| next["command"] == line.as_str()),
            "{name}: {next:?}"
        );
        project.done(fix);
        let check = project.bluetext(&["status", "--check"]);
        assert_eq!(check.code, 0, "{name}: {}", check.stderr);
    };
    let project = made();
    assert_eq!(project.bluetext(&["status", "--check"]).code, 0);
    std::fs::remove_dir_all(source(&project, "workflows/alpha")).unwrap();
    found("gone", &project, &["remove-temporal-workflow", "alpha"]);

    let project = made();
    let workflows = source(&project, "workflows");
    std::fs::rename(workflows.join("alpha"), workflows.join("gamma")).unwrap();
    let registry = "modules/api/src/backend/workflows/registry.py";
    let text = project.read(registry).replace("from .alpha", "from .gamma");
    project.write(registry, &text);
    found("renamed", &project, &[]);

    let project = made();
    let text = project.read("modules/api/src/backend/workflows/beta/workflow.py");
    let text = text.replace("class BetaWorkflow", "class AlphaWorkflow");
    project.write("modules/api/src/backend/workflows/beta/workflow.py", &text);
    found("two of a type", &project, &[]);

    let project = made();
    let hooks = "modules/api/src/backend/init/__init__.py";
    let text = project
        .read(hooks)
        .replace("await init_temporal(app)", "pass");
    project.write(hooks, &text);
    found(
        "no call",
        &project,
        &["add-temporal-client", "--service", "api"],
    );

    let project = made();
    std::fs::remove_dir_all(source(&project, "temporal_client")).unwrap();
    found("no library", &project, &["add-temporal-client"]);

    let project = made();
    let library = "modules/api/src/backend/temporal_client/worker.py";
    project.write(library, &(project.read(library) + "# mine\n"));
    found("changed library", &project, &[]);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(shown) });
}
