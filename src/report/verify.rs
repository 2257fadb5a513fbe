//! The report of `verify`: what tests and executions showed, as text or JSON.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use super::human::{human_next, human_trouble};
use super::parts::{ReportedError, ReportedNext, shown};
use super::{Document, ExitCode, Failure, RunStatus, SCHEMA_VERSION, View};
use crate::name::plain;
use crate::plan::Next;
use crate::problem::{ErrorCode, Problem};
use crate::run::Error;
use crate::tool::example;
use crate::verify::{Tests, Verdict, Verdicts, Verified, VerifiedWorkflow};

/// The report of `verify`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext verify", deny_unknown_fields)]
pub struct VerifyReport {
    /// Schema version of this document. Fields keep their meaning within a version.
    schema_version: u32,
    /// Always `verify`.
    command: &'static str,
    /// What was shown.
    status: VerifyStatus,
    /// The result in one line; the cause if something failed.
    summary: String,
    /// The project's folder, absolute, once it is known.
    project: Option<String>,
    /// The services, each with its tests and workflows.
    services: Vec<Verified>,
    /// Suggested next calls, best first.
    next: Vec<ReportedNext>,
    /// Why nothing could be verified.
    error: Option<ReportedError>,
    #[serde(skip)]
    exit: ExitCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum VerifyStatus {
    /// All tests and workflows passed.
    Passed,
    /// A test or a workflow failed.
    Failed,
    /// The call is invalid, or there is nothing to verify.
    Refused,
    /// It could not be finished: see `error`. What is known is there.
    NotRun,
}

impl VerifyReport {
    /// The report of a verification, and of what prevented it or the rest of it.
    #[must_use]
    pub fn new(result: &Result<Verdicts, Error>) -> Self {
        let verdicts = match result {
            Ok(verdicts) => verdicts,
            Err(error) => return Self::failed(Failure::of(error)),
        };
        let services = &verdicts.services;
        let report = if let Some(problem) = &verdicts.problem {
            Self::of_problems(std::slice::from_ref(problem), None)
        } else if let Some(failure) = services.iter().find_map(failure_of) {
            Self::empty(VerifyStatus::Failed, ExitCode::NotVerified, failure)
        } else {
            Self::empty(VerifyStatus::Passed, ExitCode::Done, success_of(services))
        };
        Self {
            project: Some(shown(&verdicts.root)),
            services: services.clone(),
            next: next_of(verdicts).iter().map(Into::into).collect(),
            ..report
        }
    }

    /// The report of a call with these problems.
    #[must_use]
    pub fn of_problems(problems: &[Problem], root: Option<&Path>) -> Self {
        Self::failed(Failure::of_problems(problems, root))
    }

    fn failed(failure: Failure) -> Self {
        let status = match RunStatus::of(failure.exit) {
            RunStatus::Failed => VerifyStatus::NotRun,
            _ => VerifyStatus::Refused,
        };
        let first = failure.error.as_ref().map(|error| &error.first);
        let summary = first.map_or_else(String::new, |first| first.message.clone());
        Self {
            project: failure.project,
            next: failure.next,
            error: failure.error,
            ..Self::empty(status, failure.exit, summary)
        }
    }

    fn empty(status: VerifyStatus, exit: ExitCode, summary: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: "verify",
            status,
            summary,
            project: None,
            services: Vec::new(),
            next: Vec::new(),
            error: None,
            exit,
        }
    }

    fn human(&self, view: View) -> String {
        let mut text = String::new();
        let is_empty = self.error.is_some() && self.services.is_empty();
        if is_empty || view.quiet && self.exit == ExitCode::Done {
            return text;
        }
        let bold = Style::new().bold();
        if self.error.is_none() {
            let _ = writeln!(text, "{}", plain(&self.summary));
        }
        for service in &self.services {
            let (name, path) = (plain(&service.service), plain(&service.path));
            let _ = writeln!(text, "{bold}Service{bold:#} {name} in {path}");
            text.push_str(&human_tests(&service.tests));
            for workflow in &service.workflows {
                text.push_str(&human_workflow(workflow));
            }
            if !service.log.is_empty() {
                let _ = writeln!(text, "  {bold}the worker's log ends with{bold:#}");
                for line in &service.log {
                    let _ = writeln!(text, "    {}", plain(line));
                }
            }
        }
        text.push_str(&human_next(&self.next, view));
        text
    }
}

impl Document for VerifyReport {
    /// 7 if a test or workflow failed.
    fn exit(&self) -> ExitCode {
        self.exit
    }

    fn texts(&self, view: View) -> (String, String) {
        let trouble = human_trouble(view, &[], self.error.as_ref());
        (self.human(view), trouble)
    }
}

/// The first failure of a service in one line.
fn failure_of(service: &Verified) -> Option<String> {
    let mut workflows = service.workflows.iter();
    let workflow = workflows.find(|workflow| workflow.status == Verdict::Failed);
    // The cause in a workflow says more than the result of the tests.
    if let Some(workflow) = workflow {
        let cause = workflow.cause.as_deref().unwrap_or("no cause is known");
        let others = workflows.filter(|workflow| workflow.status == Verdict::Failed);
        let more = match others.count() {
            0 => String::new(),
            count => format!("; {count} more failed"),
        };
        return Some(format!("{} failed: {cause}{more}", workflow.workflow));
    }
    (service.tests.status == Verdict::Failed).then(|| {
        format!(
            "the tests of `{}` failed: {}",
            service.service, service.tests.summary
        )
    })
}

/// What passed, in one line.
fn success_of(services: &[Verified]) -> String {
    let parts: Vec<String> = services
        .iter()
        .map(|service| {
            let passed = service.workflows.iter();
            let passed = passed.filter(|w| w.status == Verdict::Passed).count();
            let workflows = if passed == 1 { "workflow" } else { "workflows" };
            let tests = match service.tests.status {
                Verdict::Skipped => format!("no tests ({})", service.tests.summary),
                _ => service.tests.summary.clone(),
            };
            format!(
                "{passed} {workflows} of `{}` completed; tests: {tests}",
                service.service
            )
        })
        .collect();
    format!("verified: {}", parts.join(", "))
}

/// What to do next: check the code of what failed, and verify again.
fn next_of(verdicts: &Verdicts) -> Vec<Next> {
    let Verdicts {
        services, problem, ..
    } = verdicts;
    let has_failed = services.iter().any(|service| failure_of(service).is_some());
    let check = has_failed.then(|| example::check("finds what breaks the rules of workflow code"));
    let is_interrupted = problem
        .as_ref()
        .is_some_and(|problem| problem.code == ErrorCode::Interrupted);
    let again = (has_failed || problem.is_some()).then(|| Next {
        why: if is_interrupted {
            "verifies from the start".to_owned()
        } else {
            "verifies again, once the cause is fixed".to_owned()
        },
        ..example::verify(&verdicts.arguments)
    });
    check.into_iter().chain(again).collect()
}

fn word(outcome: Verdict) -> String {
    let (word, style) = match outcome {
        Verdict::Passed => ("passed", AnsiColor::Green.on_default()),
        Verdict::Failed => ("failed", AnsiColor::Red.on_default().bold()),
        Verdict::Skipped => ("skipped", Style::new().dimmed()),
    };
    format!("{style}{word:<8}{style:#}")
}

fn human_tests(tests: &Tests) -> String {
    let mut text = format!(
        "  {} tests: {}\n",
        word(tests.status),
        plain(&tests.summary)
    );
    for line in &tests.output {
        let _ = writeln!(text, "    {}", plain(line));
    }
    text
}

fn human_workflow(workflow: &VerifiedWorkflow) -> String {
    let said = match (&workflow.cause, &workflow.result) {
        (Some(cause), _) => plain(cause),
        (None, Some(result)) => format!("returned {}", plain(&result.to_string())),
        (None, None) => String::new(),
    };
    let mut text = format!(
        "  {} {} in {:.1} s: {said}\n",
        word(workflow.status),
        plain(&workflow.workflow),
        workflow.seconds
    );
    if workflow.status == Verdict::Failed {
        let _ = writeln!(text, "           input {}", plain(&workflow.input));
    }
    for message in &workflow.messages {
        let _ = writeln!(text, "           sent {}", plain(message));
    }
    for event in &workflow.events {
        let about = event.about.as_deref().unwrap_or_default();
        let line = format!("{:>4} {} {about}", event.id, event.kind);
        let _ = writeln!(text, "         {}", plain(line.trim_end()));
    }
    text
}
