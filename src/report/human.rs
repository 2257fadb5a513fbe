//! Reports as text for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

use super::parts::{
    Action, Reloads, ReportedChange, ReportedError, ReportedNext, ReportedProblem, ReportedWarning,
    ReportedWorker, StartState,
};
use super::tree;
use super::{ExitCode, Report, RunStatus, View};
use crate::change::Change;
use crate::name::plain;
use crate::problem::marked;

impl Report {
    pub(super) fn human(&self, view: View) -> String {
        let mut text = String::new();
        // Report the scaffolded files even if the containers could not be started.
        let is_told = self.error.is_none() || self.exit == ExitCode::NotStarted;
        if view.quiet || !is_told {
            return text;
        }
        let bold = Style::new().bold();
        let dim = Style::new().dimmed();
        if let Some(project) = &self.project {
            let _ = writeln!(text, "{bold}Project{bold:#} {}", plain(project));
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
            RunStatus::Planned => "Would register",
            _ => "Registered",
        };
        for name in &self.registered {
            let _ = writeln!(text, "{bold}{registered}{bold:#} {}", plain(name));
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
            .filter(|_| self.status != RunStatus::Unchanged)
        {
            text.push_str(&human_workers(workers));
        }
        text.push_str(&human_next(&self.next));
        text
    }

    /// Warnings and errors.
    pub(super) fn trouble(&self, view: View) -> String {
        human_trouble(view, &self.warnings, self.error.as_ref())
    }
}

impl ReportedProblem {
    fn human(&self) -> String {
        let red = AnsiColor::Red.on_default().bold();
        let blue = AnsiColor::Blue.on_default().bold();
        let bold = Style::new().bold();
        let mut text = format!("{red}error{red:#}: {}\n", plain(&self.message));
        if let Some(path) = &self.path {
            let _ = write!(text, "  {blue}-->{blue:#} {}", plain(path));
            if let (Some(line), Some(column)) = (self.line, self.column) {
                let _ = write!(text, ":{line}:{column}");
            }
            text.push('\n');
        }
        if let (Some(excerpt), Some(line), Some(column)) = (&self.excerpt, self.line, self.column) {
            text.push_str(&marked(excerpt, line, column));
        }
        if let Some(hint) = &self.hint {
            let hint = plain(hint.trim_end()).replace('\n', "\n    ");
            let _ = writeln!(text, "\n  {bold}hint:{bold:#} {hint}");
        }
        text
    }
}

/// The changes as a folder tree, each file preceded by its action.
pub(super) fn human_changes(changes: &[ReportedChange], status: RunStatus, view: View) -> String {
    let shown: Vec<&ReportedChange> = changes
        .iter()
        .filter(|change| view.verbose || change.action != Action::Unchanged)
        .collect();
    let is_planned = status == RunStatus::Planned;
    let width = if is_planned { 12 } else { 9 };
    let mut text = String::new();
    let paths: Vec<&str> = shown.iter().map(|change| change.path.as_str()).collect();
    for line in tree::lines(&paths) {
        let indent = "  ".repeat(line.depth);
        let Some(index) = line.leaf else {
            let _ = writeln!(text, "  {:width$} {indent}{}", "", plain(&line.text));
            continue;
        };
        let change = shown[index];
        let (word, style) = match change.action {
            Action::Create => ("create", AnsiColor::Green.on_default()),
            Action::Update => ("update", AnsiColor::Yellow.on_default()),
            Action::Delete => ("delete", AnsiColor::Red.on_default()),
            Action::Keep => ("keep", AnsiColor::Cyan.on_default()),
            Action::Unchanged => ("unchanged", Style::new().dimmed()),
        };
        let is_change = matches!(
            change.action,
            Action::Create | Action::Update | Action::Delete
        );
        let word = if is_planned && is_change {
            format!("would {word}")
        } else {
            word.to_owned()
        };
        let _ = write!(
            text,
            "  {style}{word:<width$}{style:#} {indent}{}",
            plain(&line.text)
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

/// Whether running workers load the added code.
pub(super) fn human_workers(workers: &[ReportedWorker]) -> String {
    let bold = Style::new().bold();
    let mut text = String::new();
    if workers.is_empty() {
        let _ = writeln!(
            text,
            "{bold}Worker{bold:#} no tool of the project runs a worker: restart running workers by hand"
        );
    }
    for worker in workers {
        let ReportedWorker { tool, restart, .. } = worker;
        let because = plain(worker.because.as_deref().unwrap_or_default());
        let (tool, restart) = (plain(tool), plain(restart));
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

pub(super) fn human_next(next: &[ReportedNext]) -> String {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let mut text = String::new();
    for (index, next) in next.iter().enumerate() {
        let word = if index == 0 { "Next" } else { "Also" };
        let _ = writeln!(text, "{bold}{word}{bold:#} {}", plain(&next.command));
        let _ = writeln!(text, "     {dim}{}{dim:#}", plain(&next.why));
    }
    text
}

pub(super) fn human_trouble(
    view: View,
    warnings: &[ReportedWarning],
    error: Option<&ReportedError>,
) -> String {
    let mut text = String::new();
    let yellow = AnsiColor::Yellow.on_default().bold();
    if !view.quiet {
        for warning in warnings {
            let _ = writeln!(
                text,
                "{yellow}warning{yellow:#}: {}",
                plain(&warning.message)
            );
        }
    }
    if let Some(error) = error {
        for problem in std::iter::once(&error.first).chain(&error.others) {
            text.push_str(&problem.human());
        }
    }
    text
}

pub(super) fn coloured(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.chars().next() {
            Some('+') => AnsiColor::Green.on_default(),
            Some('-') => AnsiColor::Red.on_default(),
            Some('@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let _ = writeln!(text, "{style}{}{style:#}", plain(line));
    }
    text
}

/// A change as a unified diff, with the path on both sides.
pub(super) fn diff(change: &Change) -> String {
    let before = change.before.as_deref().unwrap_or("");
    let old = match change.before {
        Some(_) => format!("a/{}", change.path),
        None => "/dev/null".to_owned(),
    };
    let after = change.after.as_deref().unwrap_or("");
    let new = match change.after {
        Some(_) => format!("b/{}", change.path),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&old, &new)
        .to_string()
}
