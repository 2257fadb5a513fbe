//! Runs the tests of a service.

use std::time::Instant;

use super::{Subject, Tests, Verdict, since};
use crate::process::{last, run};

/// The number of lines that are reported of tests that failed.
const LAST_LINES: usize = 30;

/// The exit code of pytest if it has found no test.
const NO_TESTS: i32 = 5;

/// Run the tests with pytest.
///
/// # Errors
///
/// They could not be started, or did not end in time.
pub(super) fn run_tests(subject: &Subject<'_>) -> anyhow::Result<Tests> {
    let begun = Instant::now();
    let tests = |status, summary: &str, output| Tests {
        status,
        summary: summary.to_owned(),
        output,
        seconds: since(begun),
    };
    if subject.plan.tests.as_ref().is_some_and(Vec::is_empty) {
        let summary = "these workflows have no tests";
        return Ok(tests(Verdict::Skipped, summary, Vec::new()));
    }
    let find = subject.python(&["-c", "import pytest"]);
    let found = run(find, "python -c 'import pytest'", subject.limits)?;
    let cause = found.last_lines(1).join("");
    if cause.contains("No module named 'pytest'") {
        let summary = "pytest is not installed";
        return Ok(tests(Verdict::Skipped, summary, Vec::new()));
    }
    if !found.status.success() {
        let output = found.last_lines(LAST_LINES);
        return Ok(tests(Verdict::Failed, &cause, output));
    }
    let options = ["-q", "--color=no", "--tb=short", "--show-capture=no"];
    let mut command = subject.python(&[&["-m", "pytest"][..], &options].concat());
    // The summary is one line for each failure, cut at the width of a terminal.
    command.env("COLUMNS", "200").env("NO_COLOR", "1");
    command.args(subject.plan.tests.iter().flatten());
    let ended = run(command, "pytest", subject.limits)?;
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let counts = lines.last().copied().unwrap_or("no output");
    // The first failure says more than the numbers.
    let first = lines
        .iter()
        .find(|line| line.starts_with("FAILED ") || line.starts_with("ERROR "));
    let summary = first.map_or_else(|| counts.to_owned(), |first| format!("{first} ({counts})"));
    Ok(match (ended.status.success(), ended.status.code()) {
        (true, _) => tests(Verdict::Passed, &summary, Vec::new()),
        (false, Some(NO_TESTS)) => tests(Verdict::Skipped, "there are no tests", Vec::new()),
        (false, _) if lines.is_empty() => {
            tests(Verdict::Failed, &summary, ended.last_lines(LAST_LINES))
        }
        (false, _) => {
            let output = last(&lines, LAST_LINES).iter();
            let output = output.map(|line| (*line).to_owned()).collect();
            tests(Verdict::Failed, &summary, output)
        }
    })
}
