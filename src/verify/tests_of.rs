//! Runs the tests of a service.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::{Outcome, Tests, since};
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
    let mut find = Command::new(&environment.python);
    find.args(["-c", "import pytest"]).current_dir(service);
    if !run(find, "python -c 'import pytest'", limits)?.is_success {
        return Ok(tests(
            Outcome::Skipped,
            "pytest is not installed",
            Vec::new(),
        ));
    }
    let mut command = Command::new(&environment.python);
    command
        .args(["-m", "pytest", "-q", "--color=no"])
        .args(&plan.tests)
        .current_dir(service);
    without_settings(&mut command);
    if let Some(path) = &plan.python_path {
        command.env("PYTHONPATH", service.join(path));
    }
    let ended = run(command, "pytest", limits)?;
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let summary = lines.last().copied().unwrap_or("no output");
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
