//! The files of a report as text for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

use super::parts::{Action, ReportedChange};
use super::tree;
use super::{RunStatus, View};
use crate::change::Change;
use crate::name::{RelPath, plain};

/// A folder with at most this many files is listed file by file.
const MAX_LISTED: usize = 4;

/// An entry of the list: a file, or all files of a folder.
struct Entry<'r> {
    path: String,
    change: &'r ReportedChange,
    /// The number of files, for a folder.
    files: Option<usize>,
}

/// The changes as a folder tree, each entry preceded by its action. A folder that is created or
/// removed as a whole is one entry, unless everything is to be shown.
pub(super) fn human_files(
    changes: &[ReportedChange],
    whole_folders: &[RelPath],
    status: RunStatus,
    view: View,
) -> String {
    let shown = changes
        .iter()
        .filter(|change| view.verbose || change.action != Action::Unchanged);
    let whole_folders = if view.verbose || view.diff {
        &[]
    } else {
        whole_folders
    };
    let entries = folded(shown, whole_folders);
    let is_planned = status == RunStatus::Planned;
    let width = if is_planned { 12 } else { 9 };
    let mut text = String::new();
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    for line in tree::lines(&paths) {
        let indent = "  ".repeat(line.depth);
        let Some(index) = line.leaf else {
            let _ = writeln!(text, "  {:width$} {indent}{}", "", plain(&line.text));
            continue;
        };
        let Entry { change, files, .. } = &entries[index];
        let (word, style) = word_of(change.action);
        let is_change = matches!(
            change.action,
            Action::Create | Action::Update | Action::Delete
        );
        let word = if is_planned && is_change {
            format!("would {word}")
        } else {
            word.to_owned()
        };
        let path = plain(&line.text);
        let _ = write!(text, "  {style}{word:<width$}{style:#} {indent}{path}");
        let dim = Style::new().dimmed();
        if let Some(files) = files {
            let _ = write!(text, " {dim}({files} files){dim:#}");
        }
        if let Some(why) = change.why.filter(|_| view.verbose) {
            let _ = write!(text, "  {dim}{why}{dim:#}");
        }
        text.push('\n');
        if let Some(diff) = &change.diff {
            text.push_str(&coloured(diff));
        }
    }
    let unchanged = changes.iter().filter(|c| c.action == Action::Unchanged);
    let unchanged = unchanged.count();
    if unchanged > 0 && !view.verbose {
        let (word, style) = word_of(Action::Unchanged);
        let files = if unchanged == 1 { "file" } else { "files" };
        let _ = writeln!(text, "  {style}{word:<width$} {unchanged} {files}{style:#}");
    }
    text
}

fn word_of(action: Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("create", AnsiColor::Green.on_default()),
        Action::Update => ("update", AnsiColor::Yellow.on_default()),
        Action::Delete => ("delete", AnsiColor::Red.on_default()),
        Action::Keep => ("keep", AnsiColor::Cyan.on_default()),
        Action::Unchanged => ("unchanged", Style::new().dimmed()),
    }
}

/// The entries for these changes. Those in a folder of `whole_folders` become one entry if they
/// are more than a few.
fn folded<'r>(
    changes: impl Iterator<Item = &'r ReportedChange>,
    whole_folders: &[RelPath],
) -> Vec<Entry<'r>> {
    let whole_folders: BTreeSet<&str> = whole_folders.iter().map(RelPath::as_str).collect();
    let mut entries = Vec::new();
    let mut inside: BTreeMap<&str, Vec<&ReportedChange>> = BTreeMap::new();
    for change in changes {
        let slashes = change.path.match_indices('/');
        let mut folders = slashes.map(|(at, _)| &change.path[..at]);
        match folders.find(|folder| whole_folders.contains(folder)) {
            Some(folder) => inside.entry(folder).or_default().push(change),
            None => entries.push(Entry::file(change)),
        }
    }
    for (folder, changes) in inside {
        let action = changes[0].action;
        if changes.len() > MAX_LISTED && changes.iter().all(|change| change.action == action) {
            entries.push(Entry {
                // A path that ends in `/` is one name in the tree.
                path: format!("{folder}/"),
                change: changes[0],
                files: Some(changes.len()),
            });
        } else {
            entries.extend(changes.into_iter().map(Entry::file));
        }
    }
    entries
}

impl<'r> Entry<'r> {
    fn file(change: &'r ReportedChange) -> Self {
        Self {
            path: change.path.clone(),
            change,
            files: None,
        }
    }
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
