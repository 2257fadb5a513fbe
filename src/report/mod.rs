//! What a user sees: the report as text or JSON, errors, progress, and the exit code.
//!
//! The types that are written as JSON are this module's own. What they are called and what
//! they mean does not change within a `schema_version`.

mod status;
mod tree;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;
use similar::TextDiff;

use crate::change::Change;
use crate::edit::Position;
use crate::plan::{Left, Next, Reload, Warning, WorkerTool};
use crate::problem::{ErrorCode, Problem, WarningCode, marked};
use crate::run::{Error, Outcome};
use crate::start::Started;

pub use crate::problem::ExitCode;
pub use status::StatusReport;

/// The version of the JSON documents.
pub const SCHEMA_VERSION: u32 = 1;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

/// What a report shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// Whether the outcome is to be judged as a check: whether anything would change.
    pub check: bool,
    /// Whether changes are shown as unified diffs.
    pub diff: bool,
    /// Whether files that need no change are listed too.
    pub verbose: bool,
    /// Whether nothing but errors is shown.
    pub quiet: bool,
    /// How it is written.
    pub format: Format,
}

/// The report of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext report", deny_unknown_fields)]
pub struct Report {
    /// The version of this document; what it holds does not change its meaning within one.
    schema_version: u32,
    /// The command, e.g. `add-temporal`; empty where none was recognised.
    command: String,
    /// What came of it.
    status: Status,
    /// The project's folder, absolute, once it is known.
    project: Option<String>,
    /// Every file that was looked at, with what was done to it.
    changes: Vec<ReportedChange>,
    /// The tools that were registered in the project's `polytope.yml`.
    registered: Vec<String>,
    /// The calls worth making next, the best first.
    next: Vec<ReportedNext>,
    /// What a person should know.
    warnings: Vec<ReportedWarning>,
    /// The tools that run the workers of what was added, and whether they take it up while
    /// they run; `null` for a command that is not about workers, empty where no tool is known.
    workers: Option<Vec<ReportedWorker>>,
    /// What was started, where something was.
    start: Option<Start>,
    /// Why it was refused or failed.
    error: Option<ReportedError>,
    #[serde(skip)]
    exit: ExitCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// The changes are on the disk.
    Applied,
    /// Nothing had to be changed.
    Unchanged,
    /// The changes are those that would be made.
    Planned,
    /// It is wrong in itself, or for this project; nothing was written.
    Refused,
    /// It failed, and was rolled back.
    Failed,
}

impl Status {
    /// The status of a command that ended with this exit code.
    fn of(exit: ExitCode) -> Self {
        match exit {
            ExitCode::Failed => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// The exit code of the first of several problems.
fn exit_of(problems: &[Problem]) -> ExitCode {
    let first = problems.first();
    first.map_or(ExitCode::Failed, |problem| problem.code.exit())
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportedChange {
    /// The file, from the project's folder.
    path: String,
    /// What is done to it.
    action: Action,
    /// The change as a unified diff, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    #[serde(skip)]
    why: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
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
    /// The tool's name, if it is one of ours.
    tool: Option<&'static str>,
    /// A command line that works when it is pasted.
    command: String,
    /// Why one would.
    why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedWarning {
    /// A name that never changes its meaning.
    code: WarningCode,
    /// What there is to know.
    message: String,
    /// The file that it is about.
    path: Option<String>,
}

/// A tool that runs a service's worker.
#[derive(Debug, Serialize, JsonSchema)]
struct ReportedWorker {
    /// The tool's name.
    tool: String,
    /// Whether it runs changed code without being restarted by hand.
    reloads: Reloads,
    /// The option, variable or expression that shows it.
    because: Option<String>,
    /// The command that restarts it.
    restart: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reloads {
    /// It does.
    Yes,
    /// It does if the expression in `because` is true.
    Depends,
    /// Nothing shows that it does: restart it.
    No,
}

/// What runs, where something was to be started.
#[derive(Debug, Serialize, JsonSchema)]
struct Start {
    /// What it runs on: `polytope` or `dev-server`.
    runtime: &'static str,
    /// Since when it runs.
    state: StartState,
    /// Where it can be reached.
    addresses: Vec<String>,
    /// The file that its output goes to, where it was started now.
    log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StartState {
    /// It was started now.
    Started,
    /// It ran before.
    Running,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedError {
    #[serde(flatten)]
    first: ReportedProblem,
    /// Everything else that is in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<ReportedProblem>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportedProblem {
    /// A name that never changes its meaning.
    code: ErrorCode,
    /// What is the matter.
    message: String,
    /// The command or the lines that mend it.
    hint: Option<String>,
    /// The file at fault, from the project's folder.
    path: Option<String>,
    /// The line in it, from 1.
    line: Option<usize>,
    /// The column in it in characters, from 1.
    column: Option<usize>,
    /// That line, for people.
    #[serde(skip)]
    excerpt: Option<String>,
}

impl Report {
    /// The report of what came out of a run.
    #[must_use]
    pub fn new(command: &str, result: &Result<Outcome, Error>, view: View) -> Self {
        match result {
            Ok(outcome) => Self::of_outcome(command, outcome, view),
            Err(error) => {
                let Failure {
                    status,
                    exit,
                    project,
                    next,
                    problems,
                } = Failure::of(error);
                let mut report = Self::empty(command, status, exit);
                report.project = project;
                report.next = next;
                report.error = error_in(report.project.as_deref(), &problems);
                report
            }
        }
    }

    /// The report of a command that ended with problems before it had an outcome. The first
    /// problem's code decides the status and the exit code.
    #[must_use]
    pub fn of_problems(command: &str, problems: &[Problem]) -> Self {
        let exit = exit_of(problems);
        let mut report = Self::empty(command, Status::of(exit), exit);
        report.error = ReportedError::of(problems);
        report
    }

    /// The same report with what came of starting what was added.
    #[must_use]
    pub fn with_start(mut self, result: Result<Option<Started>, Problem>) -> Self {
        match result {
            Ok(None) => {}
            Ok(Some(started)) => {
                // It runs: nothing is left to be started.
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
                self.error = ReportedError::of(&[problem]);
                self.exit = ExitCode::NotStarted;
            }
        }
        self
    }

    /// The same report with the project's folder named.
    #[must_use]
    pub fn in_project(mut self, root: &Path) -> Self {
        self.project = Some(shown(root));
        self
    }

    /// The command's exit code.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        self.exit
    }

    /// Write the report where it belongs: what was asked for to stdout, what went wrong to
    /// stderr. A reader that has gone away is no fault.
    #[must_use]
    pub fn print(&self, view: View) -> ExitCode {
        let (text, trouble) = match view.format {
            Format::Json => (self.json(), String::new()),
            Format::Human => (self.human(view), self.trouble(view)),
        };
        write_out(&text, &trouble, self.exit)
    }

    /// Say on stderr how long the command took, where everything is told.
    pub fn print_time(took: Duration, view: View) {
        if view.verbose && view.format == Format::Human {
            let milliseconds = took.as_secs_f64() * 1e3;
            drop(writeln!(anstream::stderr(), "took {milliseconds:.1} ms"));
        }
    }

    /// Write what went wrong to stderr, and nothing to stdout.
    #[must_use]
    pub fn print_trouble(&self) -> ExitCode {
        write_out("", &self.trouble(View::default()), self.exit)
    }

    /// What went wrong, without colour, with the call that is to be made instead first; empty
    /// where nothing did.
    #[must_use]
    pub fn trouble_text(&self) -> String {
        trouble_text(&self.next, self.error.as_ref())
    }

    /// The report as one JSON document with a newline behind it.
    #[must_use]
    pub fn json(&self) -> String {
        json_of(self)
    }

    /// The JSON schema of every report but that of `status`.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schema_of::<Self>()
    }

    fn empty(command: &str, status: Status, exit: ExitCode) -> Self {
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
            exit,
        }
    }

    fn of_outcome(command: &str, outcome: &Outcome, view: View) -> Self {
        let plan = &outcome.plan;
        let has_changes = !plan.changes().is_empty();
        let status = match (has_changes, outcome.written) {
            (false, _) => Status::Unchanged,
            (true, true) => Status::Applied,
            (true, false) => Status::Planned,
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
                action: match change.before {
                    None => Action::Create,
                    Some(_) => Action::Update,
                },
                diff: view.diff.then(|| diff(change)),
                why: Some(change.rank.why()),
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
        report.registered.clone_from(&plan.registered);
        report.next = plan.next.iter().map(Into::into).collect();
        report.warnings = plan.warnings.iter().map(Into::into).collect();
        let workers = plan.workers.as_ref();
        report.workers = workers.map(|workers| workers.iter().map(Into::into).collect());
        report
    }

    fn human(&self, view: View) -> String {
        let mut text = String::new();
        // What was scaffolded is told, also where it could not be started.
        let is_told = self.error.is_none() || self.exit == ExitCode::NotStarted;
        if view.quiet || !is_told {
            return text;
        }
        let bold = Style::new().bold();
        let dim = Style::new().dimmed();
        if let Some(project) = &self.project {
            let _ = writeln!(text, "{bold}Project{bold:#} {project}");
        }
        text.push_str(&human_changes(&self.changes, self.status, view));
        let unchanged = self
            .changes
            .iter()
            .filter(|c| c.action == Action::Unchanged);
        let unchanged = unchanged.count();
        if unchanged > 0 && !view.verbose {
            let files = if unchanged == 1 { "file" } else { "files" };
            let _ = writeln!(text, "  {dim}unchanged {unchanged} {files}{dim:#}");
        }
        let registered = match self.status {
            Status::Planned => "Would register",
            _ => "Registered",
        };
        for name in &self.registered {
            let _ = writeln!(text, "{bold}{registered}{bold:#} {name}");
        }
        if let Some(start) = &self.start {
            let word = match start.state {
                StartState::Started => "Started",
                StartState::Running => "Running",
            };
            let _ = writeln!(text, "{bold}{word}{bold:#} {}", start.addresses.join(", "));
        }
        if let Some(workers) = self
            .workers
            .as_ref()
            .filter(|_| self.status != Status::Unchanged)
        {
            text.push_str(&human_workers(workers));
        }
        text.push_str(&human_next(&self.next));
        text
    }

    /// Warnings and errors.
    fn trouble(&self, view: View) -> String {
        human_trouble(view, &self.warnings, self.error.as_ref())
    }
}

/// Every change as a tree of folders, with what is done to each file before it.
fn human_changes(changes: &[ReportedChange], status: Status, view: View) -> String {
    let shown: Vec<&ReportedChange> = changes
        .iter()
        .filter(|change| view.verbose || change.action != Action::Unchanged)
        .collect();
    let is_planned = status == Status::Planned;
    let width = if is_planned { 12 } else { 9 };
    let mut text = String::new();
    let paths: Vec<&str> = shown.iter().map(|change| change.path.as_str()).collect();
    for line in tree::lines(&paths) {
        let indent = "  ".repeat(line.depth);
        let Some(index) = line.leaf else {
            let _ = writeln!(text, "  {:width$} {indent}{}", "", line.text);
            continue;
        };
        let change = shown[index];
        let (word, style) = match change.action {
            Action::Create => ("create", AnsiColor::Green.on_default()),
            Action::Update => ("update", AnsiColor::Yellow.on_default()),
            Action::Keep => ("keep", AnsiColor::Cyan.on_default()),
            Action::Unchanged => ("unchanged", Style::new().dimmed()),
        };
        let is_change = matches!(change.action, Action::Create | Action::Update);
        let word = if is_planned && is_change {
            format!("would {word}")
        } else {
            word.to_owned()
        };
        let _ = write!(
            text,
            "  {style}{word:<width$}{style:#} {indent}{}",
            line.text
        );
        if let Some(why) = change.why.filter(|_| view.verbose) {
            let dim = Style::new().dimmed();
            let _ = write!(text, "  {dim}{why}{dim:#}");
        }
        text.push('\n');
        if let Some(diff) = &change.diff {
            text.push_str(&coloured(diff));
        }
    }
    text
}

/// Whether the workers that run take up what was added.
fn human_workers(workers: &[ReportedWorker]) -> String {
    let bold = Style::new().bold();
    let mut text = String::new();
    if workers.is_empty() {
        let _ = writeln!(
            text,
            "{bold}Worker{bold:#} no tool of the project runs one: a worker that runs has to be restarted"
        );
    }
    for worker in workers {
        let ReportedWorker { tool, restart, .. } = worker;
        let because = worker.because.as_deref().unwrap_or_default();
        let what = match worker.reloads {
            Reloads::Yes => format!("reloads its code (`{because}`): it runs this within seconds"),
            Reloads::Depends => {
                format!(
                    "runs this within seconds if it reloads its code (`{because}`); otherwise `{restart}` restarts it"
                )
            }
            Reloads::No => format!("does not reload its code: `{restart}` restarts it"),
        };
        let _ = writeln!(text, "{bold}Worker{bold:#} {tool} {what}");
    }
    text
}

fn human_next(next: &[ReportedNext]) -> String {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let mut text = String::new();
    for (index, next) in next.iter().enumerate() {
        let word = if index == 0 { "Next" } else { "Also" };
        let _ = writeln!(text, "{bold}{word}{bold:#} {}", next.command);
        let _ = writeln!(text, "     {dim}{}{dim:#}", next.why);
    }
    text
}

fn trouble_text(next: &[ReportedNext], error: Option<&ReportedError>) -> String {
    if error.is_none() {
        return String::new();
    }
    let mut text = String::new();
    if let Some(next) = next.first() {
        let call = next.tool.unwrap_or(&next.command);
        let _ = writeln!(text, "next: call `{call}`, which {}", next.why);
    }
    text.push_str(&human_trouble(View::default(), &[], error));
    anstream::adapter::strip_str(&text).to_string()
}

fn human_trouble(
    view: View,
    warnings: &[ReportedWarning],
    error: Option<&ReportedError>,
) -> String {
    let mut text = String::new();
    let yellow = AnsiColor::Yellow.on_default().bold();
    if !view.quiet {
        for warning in warnings {
            let _ = writeln!(text, "{yellow}warning{yellow:#}: {}", warning.message);
        }
    }
    if let Some(error) = error {
        for problem in std::iter::once(&error.first).chain(&error.others) {
            text.push_str(&problem.human());
        }
    }
    text
}

impl ReportedProblem {
    fn human(&self) -> String {
        let red = AnsiColor::Red.on_default().bold();
        let blue = AnsiColor::Blue.on_default().bold();
        let bold = Style::new().bold();
        let mut text = format!("{red}error{red:#}: {}\n", self.message);
        if let Some(path) = &self.path {
            let _ = write!(text, "  {blue}-->{blue:#} {path}");
            if let (Some(line), Some(column)) = (self.line, self.column) {
                let _ = write!(text, ":{line}:{column}");
            }
            text.push('\n');
        }
        if let (Some(excerpt), Some(line), Some(column)) = (&self.excerpt, self.line, self.column) {
            text.push_str(&marked(excerpt, line, column));
        }
        if let Some(hint) = &self.hint {
            let hint = hint.trim_end().replace('\n', "\n    ");
            let _ = writeln!(text, "\n  {bold}hint:{bold:#} {hint}");
        }
        text
    }
}

impl ReportedError {
    /// The problems, with the lines that they are about.
    fn in_project(root: &Path, problems: &[Problem]) -> Option<Self> {
        let mut error = Self::of(problems)?;
        let reported = std::iter::once(&mut error.first).chain(&mut error.others);
        for (reported, problem) in reported.zip(problems) {
            reported.excerpt = problem.excerpt(root);
        }
        Some(error)
    }

    fn of(problems: &[Problem]) -> Option<Self> {
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

/// Write what was asked for to stdout and what went wrong to stderr.
fn write_out(text: &str, trouble: &str, exit: ExitCode) -> ExitCode {
    let mut stdout = anstream::stdout();
    let mut stderr = anstream::stderr();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    drop(
        stderr
            .write_all(trouble.as_bytes())
            .and_then(|()| stderr.flush()),
    );
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            drop(writeln!(
                stderr,
                "error: the report cannot be written: {error}"
            ));
            ExitCode::Failed
        }
        _ => exit,
    }
}

/// A document with a newline behind it.
fn json_of<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON schema of a document.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.contract = schemars::generate::Contract::Serialize;
    });
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// A page that was asked for, as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext page", deny_unknown_fields)]
pub struct Page {
    /// The version of this document; what it holds does not change its meaning within one.
    schema_version: u32,
    /// The command that prints it.
    command: &'static str,
    /// The page.
    text: String,
}

impl Page {
    /// A page with the command that prints it.
    #[must_use]
    pub fn new(command: &'static str, text: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command,
            text,
        }
    }

    /// Write it to stdout.
    #[must_use]
    pub fn print(&self, view: View) -> ExitCode {
        let text = match view.format {
            Format::Json => json_of(self),
            Format::Human => self.text.clone(),
        };
        write_out(&text, "", ExitCode::Done)
    }
}

/// Print text that was asked for, such as help. A reader that has gone away is no fault.
pub fn print(text: &str) {
    let mut stdout = anstream::stdout();
    drop(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    );
}

/// Problems of a project, once it is known.
fn error_in(project: Option<&str>, problems: &[Problem]) -> Option<ReportedError> {
    match project {
        Some(root) => ReportedError::in_project(Path::new(root), problems),
        None => ReportedError::of(problems),
    }
}

/// What a report says of an error.
struct Failure {
    status: Status,
    exit: ExitCode,
    project: Option<String>,
    next: Vec<ReportedNext>,
    problems: Vec<Problem>,
}

impl Failure {
    fn of(error: &Error) -> Self {
        let (root, next, problems) = match error {
            Error::Refused { root, refused } => {
                let next = refused.next.iter().map(Into::into).collect();
                (Some(root), next, refused.problems.clone())
            }
            Error::Disk { root, error } => (root.as_ref(), Vec::new(), vec![error.into()]),
        };
        let exit = exit_of(&problems);
        Self {
            status: Status::of(exit),
            exit,
            project: root.map(|root| shown(root)),
            next,
            problems,
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A change as a unified diff, with the path on both sides.
fn diff(change: &Change) -> String {
    let before = change.before.as_deref().unwrap_or("");
    let old = match change.before {
        Some(_) => format!("a/{}", change.path),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(before, &change.after)
        .unified_diff()
        .header(&old, &format!("b/{}", change.path))
        .to_string()
}

fn coloured(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.chars().next() {
            Some('+') => AnsiColor::Green.on_default(),
            Some('-') => AnsiColor::Red.on_default(),
            Some('@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let _ = writeln!(text, "{style}{line}{style:#}");
    }
    text
}
