//! Runs the scripts of the set-up steps with `sh` and fakes of Temporal's two programs that
//! record their calls.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use common::Project;

/// Run a step's script with shell scripts as fake programs.
fn run(project: &Project, step: &str, programs: &[(&str, &str)]) -> Output {
    let bin = project.path().join("bin");
    for (name, body) in programs {
        let path = format!("bin/{name}");
        project.write(
            &path,
            &format!("#!/bin/sh\necho \"$@\" >> \"$CALLS\"\n{body}\n"),
        );
        let path = project.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let paths = format!("{}:/usr/bin:/bin", bin.display());
    Command::new("sh")
        .args(["-c", &common::script(project, step)])
        .env_clear()
        .env("PATH", paths)
        .env("CALLS", project.path().join("calls"))
        .env("STATE", project.path().join("state"))
        .envs([
            ("POSTGRES_SEEDS", "postgres"),
            ("DB_PORT", "5432"),
            ("POSTGRES_USER", "postgres"),
            ("TEMPORAL_ADDRESS", "temporal:7233"),
            ("TEMPORAL_NAMESPACE", "default"),
        ])
        .output()
        .unwrap()
}

fn shown(project: &Project, output: &Output) -> String {
    format!(
        "exit code: {}\n----- stdout -----\n{}----- stderr -----\n{}----- calls -----\n{}",
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        project.read("calls"),
    )
}

/// `sleep` returns at once in these tests.
const SLEEP: (&str, &str) = ("sleep", "");

fn scaffolded() -> Project {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

#[test]
fn the_schema_step_sets_up_both_databases() {
    let project = scaffolded();
    let output = run(&project, "schema", &[("temporal-sql-tool", ""), SLEEP]);
    snapshot!("schema_fresh", shown(&project, &output));
}

#[test]
fn the_schema_step_takes_databases_that_exist() {
    let project = scaffolded();
    let tool = "case \"$*\" in *create) echo 'already exists' >&2; exit 1;; esac";
    let output = run(&project, "schema", &[("temporal-sql-tool", tool), SLEEP]);
    snapshot!("schema_again", shown(&project, &output));
}

#[test]
fn the_schema_step_waits_for_postgres() {
    let project = scaffolded();
    // The line is one of the real program's.
    let tool = r#"n=$(cat "$STATE" 2>/dev/null || echo 0); echo $((n + 1)) > "$STATE"
if [ "$n" -lt 4 ]; then
    cat >&2 <<'END'
2026-11-30T07:52:25.404Z	ERROR	sql handle: unable to refresh database connection pool	{"error": "dial tcp 10.77.0.2:5432: connect: connection refused", "logging-call-at": "/src/db_handle.go:109"}
END
    exit 1
fi"#;
    let output = run(&project, "schema", &[("temporal-sql-tool", tool), SLEEP]);
    snapshot!("schema_waits", shown(&project, &output));
}

#[test]
fn the_schema_step_gives_up_with_the_last_answer() {
    let project = scaffolded();
    let tool = "echo 'password authentication failed' >&2; exit 1";
    let output = run(&project, "schema", &[("temporal-sql-tool", tool), SLEEP]);
    assert_eq!(output.status.code(), Some(1));
    snapshot!("schema_gives_up", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_failed_migration_fails_the_schema_step() {
    let project = scaffolded();
    let tool = "case \"$*\" in *update-schema*) echo 'broken' >&2; exit 3;; esac";
    let output = run(&project, "schema", &[("temporal-sql-tool", tool), SLEEP]);
    snapshot!("schema_fails", shown(&project, &output));
}

#[test]
fn the_namespace_step_waits_and_creates() {
    let project = scaffolded();
    let tool = "n=$(cat \"$STATE\" 2>/dev/null || echo 0); echo $((n + 1)) > \"$STATE\"\n\
                if [ \"$n\" -lt 5 ]; then echo 'unavailable' >&2; exit 1; fi";
    let output = run(&project, "namespace", &[("temporal", tool), SLEEP]);
    snapshot!("namespace_waits", shown(&project, &output));
}

#[test]
fn the_namespace_step_gives_up_with_the_last_answer() {
    let project = scaffolded();
    let output = run(
        &project,
        "namespace",
        &[("temporal", "echo 'unavailable' >&2; exit 1"), SLEEP],
    );
    assert_eq!(output.status.code(), Some(1));
    snapshot!(
        "namespace_gives_up",
        String::from_utf8_lossy(&output.stderr)
    );
}
