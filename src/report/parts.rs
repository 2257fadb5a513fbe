//! The parts of the JSON documents, made from what the tools return.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::edit::Position;
use crate::plan::{Next, Reload, Warning, WorkerTool};
use crate::problem::{ErrorCode, Problem, WarningCode};

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedChange {
    /// The file, from the project's folder.
    pub(super) path: String,
    /// What is done to it.
    pub(super) action: Action,
    /// The change as a unified diff, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    #[serde(skip)]
    pub(super) why: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// It is made.
    Create,
    /// It is edited or replaced.
    Update,
    /// It is as it has to be.
    Unchanged,
    /// It is ours, differs, and is left as it is.
    Keep,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedNext {
    /// The tool's name, if bluetext registers it.
    pub(super) tool: Option<&'static str>,
    /// A command line that works when it is pasted.
    pub(super) command: String,
    /// Why one would.
    pub(super) why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedWarning {
    /// A stable name.
    pub(super) code: WarningCode,
    /// What there is to know.
    pub(super) message: String,
    /// The file that it is about.
    pub(super) path: Option<String>,
}

/// A tool that runs a service's worker.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedWorker {
    /// The tool's name.
    pub(super) tool: String,
    /// Whether it runs changed code without being restarted by hand.
    pub(super) reloads: Reloads,
    /// The option, variable or expression that shows it.
    pub(super) because: Option<String>,
    /// The command that restarts it.
    pub(super) restart: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reloads {
    /// It does.
    Yes,
    /// It does if the expression in `because` is true.
    Depends,
    /// Nothing shows that it does: restart it.
    No,
}

/// What runs, where something was to be started.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Start {
    /// What it runs on: `polytope` or `dev-server`.
    pub(super) runtime: &'static str,
    /// Since when it runs.
    pub(super) state: StartState,
    /// Where it can be reached.
    pub(super) addresses: Vec<String>,
    /// The file that its output goes to, where it was started now.
    pub(super) log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StartState {
    /// It was started now.
    Started,
    /// It ran before.
    Running,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedError {
    #[serde(flatten)]
    pub(super) first: ReportedProblem,
    /// Everything else that is in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<ReportedProblem>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedProblem {
    /// A stable name.
    pub(super) code: ErrorCode,
    /// What is the matter.
    pub(super) message: String,
    /// The command or the lines that fix it.
    pub(super) hint: Option<String>,
    /// The file at fault, from the project's folder.
    pub(super) path: Option<String>,
    /// The line in it, from 1.
    pub(super) line: Option<usize>,
    /// The column in it in characters, from 1.
    pub(super) column: Option<usize>,
    /// That line, for people.
    #[serde(skip)]
    pub(super) excerpt: Option<String>,
}

impl ReportedError {
    /// The problems, with the lines that they are about.
    pub(super) fn in_project(root: &Path, problems: &[Problem]) -> Option<Self> {
        let mut error = Self::of(problems)?;
        let reported = std::iter::once(&mut error.first).chain(&mut error.others);
        for (reported, problem) in reported.zip(problems) {
            reported.excerpt = problem.excerpt(root);
        }
        Some(error)
    }

    pub(super) fn of(problems: &[Problem]) -> Option<Self> {
        let (first, others) = problems.split_first()?;
        Some(Self {
            first: first.into(),
            others: others.iter().map(Into::into).collect(),
        })
    }
}

impl From<&Problem> for ReportedProblem {
    fn from(problem: &Problem) -> Self {
        let Position { line, column } = problem.position.unwrap_or(Position { line: 0, column: 0 });
        Self {
            code: problem.code,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            path: problem.path.as_ref().map(ToString::to_string),
            line: (line > 0).then_some(line),
            column: (column > 0).then_some(column),
            excerpt: None,
        }
    }
}

impl From<&Next> for ReportedNext {
    fn from(next: &Next) -> Self {
        Self {
            tool: next.tool,
            command: next.command.clone(),
            why: next.why.clone(),
        }
    }
}

impl From<&WorkerTool> for ReportedWorker {
    fn from(worker: &WorkerTool) -> Self {
        let (reloads, because) = match &worker.reload {
            Reload::Yes(because) => (Reloads::Yes, Some(because.clone())),
            Reload::Depends(because) => (Reloads::Depends, Some(because.clone())),
            Reload::No => (Reloads::No, None),
        };
        Self {
            tool: worker.tool.clone(),
            reloads,
            because,
            restart: format!("pt run {}", worker.tool),
        }
    }
}

impl From<&Warning> for ReportedWarning {
    fn from(warning: &Warning) -> Self {
        Self {
            code: warning.code,
            message: warning.message.clone(),
            path: warning.path.as_ref().map(ToString::to_string),
        }
    }
}

/// Problems of a project, once it is known.
pub(super) fn error_in(project: Option<&str>, problems: &[Problem]) -> Option<ReportedError> {
    match project {
        Some(root) => ReportedError::in_project(Path::new(root), problems),
        None => ReportedError::of(problems),
    }
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
