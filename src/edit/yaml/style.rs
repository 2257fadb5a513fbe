//! How a YAML file is indented and spaced.

use std::fmt::Write as _;

use super::tree::{Kind, Node, column_of, dash_column};
use crate::edit::leading_space;

/// The indentation that the file uses, or two spaces.
pub(super) struct Style {
    /// From a key to the keys of the mapping below it.
    pub(super) mapping: usize,
    /// From a key to the dashes of the sequence below it.
    pub(super) sequence: usize,
}

impl Style {
    pub(super) fn of(text: &str, root: Option<&Node>) -> Self {
        let mut mapping = None;
        let mut sequence = None;
        let mut waiting: Vec<&Node> = root.into_iter().collect();
        while let Some(node) = waiting.pop() {
            match &node.kind {
                Kind::Mapping {
                    entries,
                    open: None,
                } => {
                    for (key, value) in entries {
                        let from = column_of(text, key.start);
                        match &value.kind {
                            Kind::Mapping {
                                entries,
                                open: None,
                            } => {
                                let to = entries.first().map(|(k, _)| column_of(text, k.start));
                                mapping = mapping.or(to.and_then(|to| to.checked_sub(from)));
                            }
                            Kind::Sequence { open: None, .. } => {
                                let to = dash_column(text, key);
                                sequence = sequence.or(to.and_then(|to| to.checked_sub(from)));
                            }
                            _ => {}
                        }
                    }
                    // Reversed, so that the first occurrence in the file decides.
                    waiting.extend(entries.iter().rev().map(|(_, value)| value));
                }
                Kind::Sequence { items, open: None } => waiting.extend(items.iter().rev()),
                _ => {}
            }
        }
        Self {
            mapping: mapping.filter(|&width| width > 0).unwrap_or(2),
            sequence: sequence.unwrap_or(mapping.filter(|&width| width > 0).unwrap_or(2)),
        }
    }

    /// Convert a block with an indentation of two spaces to this style.
    ///
    /// The lines of a block scalar keep their indentation relative to its first line.
    pub(super) fn applied_to(&self, block: &str) -> String {
        // Old and new columns of the enclosing levels, outermost first.
        let mut levels: Vec<(usize, usize)> = vec![(0, 0)];
        let mut scalar: Option<Scalar> = None;
        let mut result = String::new();
        for line in block.lines() {
            let column = leading_space(line).len();
            let content = &line[column..];
            if content.is_empty() {
                result.push('\n');
                continue;
            }
            if let Some(inside) = scalar.as_ref().filter(|scalar| column > scalar.key) {
                let _ = writeln!(
                    result,
                    "{}{content}",
                    " ".repeat(inside.to + column - inside.from)
                );
                continue;
            }
            scalar = None;
            while levels.last().is_some_and(|(from, _)| *from > column) {
                levels.pop();
            }
            let (from, mut to) = levels.last().copied().unwrap_or((0, 0));
            let is_item = content.starts_with("- ");
            if column > from {
                to += if is_item { self.sequence } else { self.mapping };
                levels.push((column, to));
            }
            let _ = writeln!(result, "{}{content}", " ".repeat(to));
            let dash = if is_item { 2 } else { 0 };
            if is_item {
                levels.push((column + dash, to + dash));
            }
            if content.ends_with(": |") || content.ends_with(": |-") {
                scalar = Some(Scalar {
                    key: column + dash,
                    from: column + dash + 2,
                    to: to + dash + self.mapping,
                });
            }
        }
        result
    }
}

/// A block scalar in a text whose indentation is changed.
struct Scalar {
    /// The column of its key.
    key: usize,
    /// The column of its lines.
    from: usize,
    /// The new column of its lines.
    to: usize,
}

/// Whether to insert a blank line before a new entry: if there is one between the last two
/// entries, or if the only entry has several lines.
pub(super) fn blank_between(text: &str, entries: &[(Node, Node)], column: usize) -> bool {
    let end_of = |(key, value): &(Node, Node)| value.end.max(key.end);
    match entries {
        [.., before, last] => {
            let end = with_inner_comments(text, end_of(before), column);
            let gap = text.get(end..last.0.start).unwrap_or("");
            // The first part ends the previous line; the last one begins the key's line.
            let lines: Vec<&str> = gap.split('\n').collect();
            lines.len() > 2
                && lines[1..lines.len() - 1]
                    .iter()
                    .any(|line| line.trim().is_empty())
        }
        [only] => text[only.0.start..end_of(only)].contains('\n'),
        [] => false,
    }
}

/// Whether an offset is on a blank line: the last one of a block scalar that keeps its
/// trailing blank lines, and that another blank line would extend.
pub(super) fn is_blank_line(text: &str, offset: usize) -> bool {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    text[start..]
        .lines()
        .next()
        .is_none_or(|line| line.trim().is_empty())
}

/// The end of a collection at this column, including comments below it that are indented
/// deeper.
pub(super) fn with_inner_comments(text: &str, end: usize, column: usize) -> usize {
    let mut last = end;
    let mut at = end;
    while let Some(newline) = text[at..].find('\n') {
        at += newline + 1;
        let line = text[at..].split('\n').next().unwrap_or("");
        let content = line.trim();
        if content.starts_with('#') && leading_space(line).chars().count() > column {
            last = at;
        } else if !content.is_empty() {
            break;
        }
    }
    last
}
