//! The report of `check`: findings in workflow code, as text, JSON or SARIF.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anstyle::Style;
use schemars::JsonSchema;
use serde::Serialize;

use super::findings::ReportedFinding;
use super::human::human_trouble;
use super::output::json_of;
use super::parts::{Looked, ReportedError, ReportedNext, shown};
use super::sarif;
use super::{Document, ExitCode, Failure, Format, SCHEMA_VERSION, View};
use crate::analysis::{Analysis, Unfollowed};
use crate::name::plain;
use crate::plan::Next;
use crate::problem::Problem;
use crate::run::Error;
use crate::tool::example;

/// The report of `check`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "bluetext check", deny_unknown_fields)]
pub struct CheckReport {
    /// Schema version of this document. Fields keep their meaning within a version.
    schema_version: u32,
    /// Always `check`.
    command: &'static str,
    /// Whether the project could be checked.
    status: Looked,
    /// The project's folder, absolute, once it is known.
    project: Option<String>,
    /// The number of workflows that were checked.
    workflows: usize,
    /// The number of modules that were read.
    modules: usize,
    /// The number of comments that allow a place to break a rule.
    ignored: usize,
    /// The rules that are broken, by file and position.
    findings: Vec<ReportedFinding>,
    /// Calls that could not be followed: what they do is not known.
    unfollowed: Vec<ReportedUnfollowed>,
    /// Suggested next calls, best first.
    next: Vec<ReportedNext>,
    /// Why the project could not be checked.
    error: Option<ReportedError>,
    #[serde(skip)]
    exit: ExitCode,
}

/// A call that could not be followed.
#[derive(Debug, Serialize, JsonSchema)]
struct ReportedUnfollowed {
    /// The called expression.
    call: String,
    /// The file, relative to the project's folder.
    path: String,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
}

impl CheckReport {
    /// The report of an analysis.
    #[must_use]
    pub fn new(result: &Result<(PathBuf, Analysis), Error>) -> Self {
        match result {
            Ok((root, analysis)) => Self {
                workflows: analysis.workflows,
                modules: analysis.modules,
                ignored: analysis.ignored,
                findings: analysis
                    .findings
                    .iter()
                    .map(|finding| ReportedFinding::of(finding, root))
                    .collect(),
                next: next_of(analysis).iter().map(Into::into).collect(),
                unfollowed: analysis.unfollowed.iter().map(Into::into).collect(),
                ..Self::empty(
                    Looked::Ok,
                    if analysis.findings.is_empty() {
                        ExitCode::Done
                    } else {
                        ExitCode::WouldChange
                    },
                    Some(shown(root)),
                )
            },
            Err(error) => Self::failed(Failure::of(error)),
        }
    }

    /// The report of a call with invalid arguments.
    #[must_use]
    pub fn usage(problems: &[Problem], root: Option<&Path>) -> Self {
        Self::failed(Failure::of_problems(problems, root))
    }

    fn failed(failure: Failure) -> Self {
        let status = failure.looked();
        Self {
            error: failure.error,
            next: failure.next,
            ..Self::empty(status, failure.exit, failure.project)
        }
    }

    fn empty(status: Looked, exit: ExitCode, project: Option<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: "check",
            status,
            project,
            exit,
            ..Self::default()
        }
    }

    fn human(&self, view: View) -> String {
        let mut text = String::new();
        if self.error.is_some() {
            return text;
        }
        for finding in &self.findings {
            text.push_str(&finding.human());
            text.push('\n');
        }
        if view.quiet {
            return text;
        }
        let dim = Style::new().dimmed();
        if view.verbose {
            for call in &self.unfollowed {
                let (path, written) = (plain(&call.path), plain(&call.call));
                let _ = writeln!(
                    text,
                    "{path}:{}:{} {dim}not followed:{dim:#} {written}",
                    call.line, call.column
                );
            }
        }
        let findings = count(self.findings.len(), "finding");
        let workflows = count(self.workflows, "workflow");
        let modules = count(self.modules, "module");
        let _ = write!(text, "{findings} in {workflows}, {modules} read");
        if self.ignored > 0 {
            let _ = write!(
                text,
                "; {} allowed by comments",
                count(self.ignored, "place")
            );
        }
        if !self.unfollowed.is_empty() {
            let calls = count(self.unfollowed.len(), "call");
            let list = if view.verbose { "" } else { " (-v lists them)" };
            let _ = write!(text, "; {calls} not followed{list}");
        }
        text.push('\n');
        if let Some(first) = self.findings.first() {
            let _ = writeln!(
                text,
                "`bluetext check --explain {}` explains a rule.",
                first.rule
            );
        }
        text
    }
}

impl Document for CheckReport {
    /// 4 if there are findings.
    fn exit(&self) -> ExitCode {
        self.exit
    }

    fn texts(&self, view: View) -> (String, String) {
        let trouble = human_trouble(view, &[], self.error.as_ref());
        if view.format == Format::Sarif {
            let error = self
                .error
                .as_ref()
                .map(|error| error.first.message.as_str());
            return (json_of(&sarif::log(&self.findings, error)), trouble);
        }
        (self.human(view), trouble)
    }
}

/// What to do next: fix and check again, or execute what has no findings.
fn next_of(analysis: &Analysis) -> Option<Next> {
    if !analysis.findings.is_empty() {
        return Some(example::check("checks again, once the findings are fixed"));
    }
    (analysis.workflows > 0).then(|| example::verify(""))
}

impl From<&Unfollowed> for ReportedUnfollowed {
    fn from(call: &Unfollowed) -> Self {
        Self {
            call: call.call.clone(),
            path: call.at.path.to_string(),
            line: call.at.position.line,
            column: call.at.position.column,
        }
    }
}

/// A number with its noun.
fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
