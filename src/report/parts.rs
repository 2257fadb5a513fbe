//! The parts of the JSON documents, converted from domain types.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::name::shell_word;
use crate::plan::{Next, Reload, Warning, WorkerTool};
use crate::problem::{ErrorCode, Problem, WarningCode};

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedChange {
    /// The file, relative to the project's folder.
    pub(super) path: String,
    /// The action taken.
    pub(super) action: Action,
    /// The change as a unified diff, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    #[serde(skip)]
    pub(super) why: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// The file is created.
    Create,
    /// The file is edited or replaced.
    Update,
    /// The file is deleted.
    Delete,
    /// The file needs no change.
    Unchanged,
    /// A file that somebody has changed since it was written, and that is left as it is.
    Keep,
}

/// Whether a command that only reads has a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Looked {
    /// The project was read.
    #[default]
    Ok,
    /// The call or a file of the project is invalid.
    Refused,
    /// It could not be read.
    Failed,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedNext {
    /// The tool's name, if it is a tool of bluetext.
    pub(super) tool: Option<&'static str>,
    /// A command line that works when pasted.
    pub(super) command: String,
    /// What the call does.
    pub(super) why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedWarning {
    /// A stable name.
    pub(super) code: WarningCode,
    /// The message.
    pub(super) message: String,
    /// The affected file.
    pub(super) path: Option<String>,
}

/// A tool that runs a service's worker.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedWorker {
    /// The tool's name.
    pub(super) tool: String,
    /// Whether it reloads changed code without a manual restart.
    pub(super) reloads: Reloads,
    /// The option, variable or expression that decides it.
    pub(super) because: Option<String>,
    /// The command that restarts it.
    pub(super) restart: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reloads {
    /// It reloads.
    Yes,
    /// It reloads if the expression in `because` is true.
    Depends,
    /// No sign of reloading: restart it.
    No,
}

/// The running server, if one was to be started.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Start {
    /// Its runtime: `polytope` or `dev-server`.
    pub(super) runtime: &'static str,
    /// Whether this command started it.
    pub(super) state: StartState,
    /// Its addresses.
    pub(super) addresses: Vec<String>,
    /// Its log file, if this command started it.
    pub(super) log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StartState {
    /// This command started it.
    Started,
    /// It was already running.
    Running,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedError {
    #[serde(flatten)]
    pub(super) first: ReportedProblem,
    /// All other problems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<ReportedProblem>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedProblem {
    /// A stable name.
    pub(super) code: ErrorCode,
    /// What is wrong and why.
    pub(super) message: String,
    /// The command or lines that fix it.
    pub(super) hint: Option<String>,
    /// The affected file, relative to the project's folder.
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
    /// The problems, with source excerpts if the project is known.
    pub(super) fn of(problems: &[Problem], project: Option<&str>) -> Option<Self> {
        let reported = |problem| ReportedProblem::of(problem, project);
        let (first, others) = problems.split_first()?;
        Some(Self {
            first: reported(first),
            others: others.iter().map(reported).collect(),
        })
    }
}

impl ReportedProblem {
    fn of(problem: &Problem, project: Option<&str>) -> Self {
        Self {
            code: problem.code,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            path: problem.path.as_ref().map(ToString::to_string),
            line: problem.position.map(|position| position.line),
            column: problem.position.map(|position| position.column),
            excerpt: project.and_then(|root| problem.excerpt(Path::new(root))),
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
            restart: format!("pt run {}", shell_word(&worker.tool)),
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

/// A path as text. The absolute paths of Windows lose the prefix that the system adds to
/// canonical ones, and that most programs do not take.
pub(super) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.strip_prefix(r"\\?\").filter(|rest| {
        let drive = rest.as_bytes();
        drive.len() > 1 && drive[0].is_ascii_alphabetic() && drive[1] == b':'
    });
    plain.map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_path_of_windows_is_shown_without_its_prefix() {
        let shown = |path: &str| shown(Path::new(path));
        assert_eq!(shown(r"\\?\C:\Users\ada\shop"), r"C:\Users\ada\shop");
        assert_eq!(shown(r"\\?\UNC\host\shop"), r"\\?\UNC\host\shop");
        assert_eq!(shown("/home/ada/shop"), "/home/ada/shop");
    }
}
