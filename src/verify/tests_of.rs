//! Runs the tests of a service.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::{Outcome, Tests, since, without_profiles};
use crate::environment::Environment;
use crate::process::{Limits, run};
use crate::server::without_settings;
use crate::tool::verify::Verification;

/// The number of lines that are reported of tests that failed.
const LAST_LINES: usize = 30;

/// The exit code of pytest if it has found no test.
const NO_TESTS: i32 = 5;

/// Run the tests with pytest.
///
/// # Errors
///
/// They could not be started, or did not end in time.
pub(super) fn run_tests(
    environment: &Environment,
    service: &Path,
    plan: &Verification,
    limits: &Limits,
) -> anyhow::Result<Tests> {
    let begun = Instant::now();
    let tests = |status, summary: &str, output| Tests {
        status,
        summary: summary.to_owned(),
        output,
        seconds: since(begun),
    };
    if plan.tests.as_ref().is_some_and(Vec::is_empty) {
        let summary = "these workflows have no tests";
        return Ok(tests(Outcome::Skipped, summary, Vec::new()));
    }
    let mut find = Command::new(&environment.python);
    find.args(["-c", "import pytest"]).current_dir(service);
    without_settings(&mut find);
    let found = run(find, "python -c 'import pytest'", limits)?;
    let last = found.last_lines(1).join("");
    if last.contains("No module named 'pytest'") {
        return Ok(tests(
            Outcome::Skipped,
            "pytest is not installed",
            Vec::new(),
        ));
    }
    if !found.is_success {
        return Ok(tests(Outcome::Failed, &last, found.last_lines(LAST_LINES)));
    }
    let mut command = Command::new(&environment.python);
    command
        .args(["-m", "pytest", "-q", "--color=no"])
        .args(plan.tests.iter().flatten())
        .current_dir(service);
    without_settings(&mut command);
    without_profiles(&mut command, service, plan);
    if let Some(path) = &plan.python_path {
        command.env("PYTHONPATH", service.join(path));
    }
    let ended = match run(command, "pytest", limits) {
        Ok(ended) => ended,
        Err(error) if limits.is_cancelled() => return Err(error),
        Err(error) => return Ok(tests(Outcome::Failed, &format!("{error:#}"), Vec::new())),
    };
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let counts = lines.last().copied().unwrap_or("no output");
    // The first failure says more than the numbers.
    let first = lines
        .iter()
        .find(|line| line.starts_with("FAILED ") || line.starts_with("ERROR "));
    let summary = first.map_or_else(|| counts.to_owned(), |first| format!("{first} ({counts})"));
    let summary = summary.as_str();
    Ok(match (ended.is_success, ended.status.code()) {
        (true, _) => tests(Outcome::Passed, summary, Vec::new()),
        (false, Some(NO_TESTS)) => tests(Outcome::Skipped, "there are no tests", Vec::new()),
        (false, _) => {
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            let mut output: Vec<String> = last.iter().map(|line| (*line).to_owned()).collect();
            if output.is_empty() {
                output = ended.last_lines(LAST_LINES);
            }
            tests(Outcome::Failed, summary, output)
        }
    })
}
