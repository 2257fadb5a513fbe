//! User-visible output: the report as text or JSON, errors, and the exit code.
//!
//! The names and meanings of the JSON fields do not change within a `schema_version`.

mod check;
mod document;
mod files;
mod findings;
mod human;
mod output;
mod parts;
mod sarif;
mod status;
mod tree;
mod verify;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::name::RelPath;
use crate::plan::{Left, Subject};
use crate::problem::{ErrorCode, Problem};
use crate::run::{Error, Outcome};
use crate::start::Started;

use self::files::diff;
use self::output::write_out;
use self::parts::{
    Action, Looked, ReportedChange, ReportedError, ReportedNext, ReportedWarning, ReportedWorker,
    Start, StartState, shown,
};

pub use self::check::CheckReport;
pub use self::document::Document;
pub(crate) use self::output::print_shown;
pub use self::output::{Page, columns, print, schema_of};
pub use self::status::StatusReport;
pub use self::verify::VerifyReport;
pub use crate::problem::ExitCode;

/// The schema version of the JSON documents.
pub const SCHEMA_VERSION: u32 = 1;

/// Output format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning; only `check`.
    Sarif,
}

/// What a report shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// Whether the exit code tells if anything would change.
    pub check: bool,
    /// Whether changes are shown as unified diffs.
    pub diff: bool,
    /// Whether every file is listed, unchanged ones too.
    pub verbose: bool,
    /// Whether only errors are shown.
    pub quiet: bool,
    /// The output format.
    pub format: Format,
    /// The width of the terminal in characters, if stdout is one.
    pub columns: Option<usize>,
}

/// The report of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext report", deny_unknown_fields)]
pub struct Report {
    /// Schema version of this document. Fields keep their meaning within a version.
    schema_version: u32,
    /// The command, e.g. `add-temporal`; empty if it was not recognised.
    command: String,
    /// The result of the command.
    status: RunStatus,
    /// The project's folder, absolute, once it is known.
    project: Option<String>,
    /// Every file that was examined, with the action taken.
    changes: Vec<ReportedChange>,
    /// The tools that were registered in the project's `polytope.yml`.
    registered: Vec<String>,
    /// Suggested next calls, best first.
    next: Vec<ReportedNext>,
    /// Warnings.
    warnings: Vec<ReportedWarning>,
    /// The tools that run the affected workers, and whether they reload code while running.
    /// `null` for a command that does not affect workers; empty if no such tool is known.
    workers: Option<Vec<ReportedWorker>>,
    /// What was started, if anything.
    start: Option<Start>,
    /// Why it was refused or failed.
    error: Option<ReportedError>,
    #[serde(skip)]
    subject: Option<Subject>,
    #[serde(skip)]
    whole_folders: Vec<RelPath>,
    #[serde(skip)]
    exit: ExitCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RunStatus {
    /// The changes were written.
    Applied,
    /// No change was needed.
    Unchanged,
    /// The changes would be made; nothing was written.
    Planned,
    /// The request is invalid, or does not fit this project; nothing was written.
    Refused,
    /// The command failed and was rolled back.
    Failed,
}

impl RunStatus {
    /// The status of a command that ended with this exit code.
    fn of(exit: ExitCode) -> Self {
        match exit {
            ExitCode::Failed => Self::Failed,
            _ => Self::Refused,
        }
    }
}

impl Report {
    /// The report of a run's result.
    #[must_use]
    pub fn new(command: &str, result: &Result<Outcome, Error>, view: View) -> Self {
        match result {
            Ok(outcome) => Self::of_outcome(command, outcome, view),
            Err(error) => Self::failed(command, Failure::of(error)),
        }
    }

    /// The report of a command that ended with problems before it had an outcome. The first
    /// problem's code decides the status and the exit code.
    #[must_use]
    pub fn of_problems(command: &str, problems: &[Problem], root: Option<&Path>) -> Self {
        Self::failed(command, Failure::of_problems(problems, root))
    }

    /// Add the result of starting the containers.
    #[must_use]
    pub fn with_start(mut self, result: Result<Option<Started>, Problem>) -> Self {
        match result {
            Ok(None) => {}
            Ok(Some(started)) => {
                // Already running: drop the command that starts it.
                self.next.retain(|next| next.tool.is_some());
                self.start = Some(Start {
                    runtime: started.runtime,
                    state: if started.was_running {
                        StartState::Running
                    } else {
                        StartState::Started
                    },
                    addresses: started.addresses,
                    log: started.log.as_deref().map(shown),
                });
            }
            Err(problem) => {
                self.error = ReportedError::of(&[problem], None);
                self.exit = ExitCode::NotStarted;
            }
        }
        self
    }

    /// With `--verbose`, print the elapsed time to stderr.
    pub fn print_time(took: Duration, view: View) {
        if view.verbose && view.format == Format::Human {
            let milliseconds = took.as_secs_f64() * 1e3;
            drop(writeln!(anstream::stderr(), "took {milliseconds:.1} ms"));
        }
    }

    /// Write warnings and errors to stderr, and nothing to stdout.
    #[must_use]
    pub fn print_trouble(&self) -> ExitCode {
        self.print_trouble_as(self.exit)
    }

    /// The same, with another exit code.
    #[must_use]
    pub fn print_trouble_as(&self, exit: ExitCode) -> ExitCode {
        write_out("", &self.trouble(View::default()), exit)
    }

    fn failed(command: &str, failure: Failure) -> Self {
        Self {
            project: failure.project,
            next: failure.next,
            error: failure.error,
            ..Self::empty(command, RunStatus::of(failure.exit), failure.exit)
        }
    }

    fn empty(command: &str, status: RunStatus, exit: ExitCode) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: command.to_owned(),
            status,
            project: None,
            changes: Vec::new(),
            registered: Vec::new(),
            next: Vec::new(),
            warnings: Vec::new(),
            workers: None,
            start: None,
            error: None,
            subject: None,
            whole_folders: Vec::new(),
            exit,
        }
    }

    fn of_outcome(command: &str, outcome: &Outcome, view: View) -> Self {
        let plan = &outcome.plan;
        let has_changes = !plan.changes().is_empty();
        let status = match (has_changes, outcome.written) {
            (false, _) => RunStatus::Unchanged,
            (true, true) => RunStatus::Applied,
            (true, false) => RunStatus::Planned,
        };
        let exit = if view.check && has_changes {
            ExitCode::WouldChange
        } else {
            ExitCode::Done
        };
        let mut report = Self::empty(command, status, exit);
        report.project = Some(shown(&outcome.root));
        for change in plan.changes() {
            report.changes.push(ReportedChange {
                path: change.path.to_string(),
                action: match (&change.before, &change.after) {
                    (_, None) => Action::Delete,
                    (None, Some(_)) => Action::Create,
                    (Some(_), Some(_)) => Action::Update,
                },
                diff: view.diff.then(|| diff(change)),
                why: change.why(),
            });
        }
        for (path, left) in plan.left() {
            report.changes.push(ReportedChange {
                path: path.to_string(),
                action: match left {
                    Left::Unchanged => Action::Unchanged,
                    Left::Kept => Action::Keep,
                },
                diff: None,
                why: None,
            });
        }
        let notes = &plan.notes;
        report.subject.clone_from(&notes.subject);
        report.whole_folders.clone_from(&notes.whole_folders);
        report.registered.clone_from(&notes.registered);
        report.next = notes.next.iter().map(Into::into).collect();
        report.warnings = notes.warnings.iter().map(Into::into).collect();
        let workers = notes.workers.as_ref();
        report.workers = workers.map(|workers| workers.iter().map(Into::into).collect());
        report
    }
}

impl Document for Report {
    fn exit(&self) -> ExitCode {
        self.exit
    }

    fn texts(&self, view: View) -> (String, String) {
        (self.human(view), self.trouble(view))
    }
}

/// The parts of a report that an error provides.
struct Failure {
    exit: ExitCode,
    project: Option<String>,
    next: Vec<ReportedNext>,
    error: Option<ReportedError>,
}

impl Failure {
    /// The status of a command that only reads.
    fn looked(&self) -> Looked {
        match RunStatus::of(self.exit) {
            RunStatus::Failed => Looked::Failed,
            _ => Looked::Refused,
        }
    }

    fn of(error: &Error) -> Self {
        let (root, next, problems) = match error {
            Error::Refused { root, refused } => {
                let next = refused.next.iter().map(Into::into).collect();
                (Some(root), next, refused.problems.clone())
            }
            Error::Disk { root, error } => (root.as_ref(), Vec::new(), vec![error.into()]),
            Error::Cancelled(root) => {
                let message = "the call was cancelled: nothing was written";
                let problem = Problem::new(ErrorCode::Interrupted, message);
                (Some(root), Vec::new(), vec![problem])
            }
            Error::Panicked(message) => (None, Vec::new(), vec![Problem::of_panic(message)]),
        };
        Self {
            next,
            ..Self::of_problems(&problems, root.map(PathBuf::as_path))
        }
    }

    /// The first problem's code decides the exit code.
    fn of_problems(problems: &[Problem], root: Option<&Path>) -> Self {
        let project = root.map(shown);
        let first = problems.first();
        Self {
            exit: first.map_or(ExitCode::Failed, |problem| problem.code.exit()),
            next: Vec::new(),
            error: ReportedError::of(problems, project.as_deref()),
            project,
        }
    }
}
