//! Edits user-written files: text in, text out.
//!
//! Each editor uses a parser to find the position of an edit, and inserts text there. The
//! result is parsed again. It is accepted only if its meaning differs from the original by
//! exactly the requested change, and if it keeps every byte of the original in order, except
//! for an empty `[]` or `{}`, a null, or a lone `pass` that is replaced. Otherwise the edit is
//! refused.
//!
//! This module does not depend on paths, Temporal or the project.

#[cfg(test)]
mod case_tests;
pub mod json;
#[cfg(test)]
mod properties;
pub mod python;
#[cfg(test)]
mod python_forms_tests;
pub mod requirements;
mod stack;
pub mod toml;
#[cfg(test)]
mod toml_forms_tests;
pub mod undo;
pub mod yaml;
#[cfg(test)]
mod yaml_forms_tests;

use std::cell::Cell;
use std::ops::Range;

pub use stack::on_large_stack;

/// How often each parser has run in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parses {
    /// YAML values.
    pub yaml: usize,
    /// YAML positions.
    pub yaml_positions: usize,
    /// TOML.
    pub toml: usize,
    /// Python.
    pub python: usize,
}

thread_local! {
    static PARSES: Cell<Parses> = Cell::default();
}

/// How often each parser has run in this thread; each file should be parsed only once.
#[must_use]
pub fn parses() -> Parses {
    PARSES.get()
}

fn count(add: impl FnOnce(&mut Parses)) {
    let mut parses = PARSES.get();
    add(&mut parses);
    PARSES.set(parses);
}

/// Maximum file size in bytes; larger files are rejected before parsing.
pub const MAX_FILE_SIZE: usize = 1024 * 1024;

/// A place in a text, counted from 1 as editors do; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The position of a byte offset; an offset inside a character counts as its start.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = (0..=offset.min(text.len()))
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: text[..offset].matches('\n').count() + 1,
            column: text[line_start..offset].chars().count() + 1,
        }
    }
}

/// The result of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The file already contains the requested change.
    Unchanged,
    /// The whole new text.
    Changed(String),
}

impl Edited {
    /// The text after the edit.
    #[must_use]
    pub fn into_text(self, before: &str) -> String {
        match self {
            Self::Unchanged => before.to_owned(),
            Self::Changed(after) => after,
        }
    }
}

/// Why an edit was refused. The text is never partly edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not valid in its language.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where, as far as the parser knows.
        position: Option<Position>,
    },
    /// The text is valid, but has a form that cannot be edited safely.
    #[error("{message}")]
    Shape {
        /// What prevents the edit.
        message: String,
        /// Where.
        position: Option<Position>,
        /// The lines to add by hand.
        by_hand: String,
    },
}

impl EditError {
    pub(crate) fn syntax(message: impl Into<String>, position: Option<Position>) -> Self {
        Self::Syntax {
            message: message.into(),
            position,
        }
    }

    /// A form for which no more exact reason is known.
    fn unsafe_form(position: Option<Position>, by_hand: impl Into<String>) -> Self {
        Self::shape(
            "this file has a form that cannot be edited safely",
            position.or(Some(Position::START)),
            by_hand,
        )
    }

    /// Where, as far as it is known.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. } | Self::Shape { position, .. } => *position,
        }
    }

    fn shape(
        message: impl Into<String>,
        position: Option<Position>,
        by_hand: impl Into<String>,
    ) -> Self {
        Self::Shape {
            message: message.into(),
            position,
            by_hand: by_hand.into(),
        }
    }
}

/// Reject files that are too large for the parsers.
fn check_size(text: &str) -> Result<(), EditError> {
    if text.len() > MAX_FILE_SIZE {
        let message = format!(
            "the file is larger than {} MiB, more than is supported",
            MAX_FILE_SIZE >> 20
        );
        return Err(EditError::syntax(message, Some(Position::START)));
    }
    Ok(())
}

/// Insertions into a text, collected and then applied together.
#[derive(Debug)]
struct Splices<'a> {
    text: &'a str,
    newline: &'static str,
    /// Replaced ranges and their new texts, in any order.
    list: Vec<(Range<usize>, String)>,
}

impl<'a> Splices<'a> {
    fn new(text: &'a str) -> Self {
        // The first line ending determines the style of the file.
        let newline = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        Self {
            text,
            newline,
            list: Vec::new(),
        }
    }

    /// Insert text, written with `\n`, in the file's own line endings.
    fn insert(&mut self, at: usize, inserted: &str) {
        self.replace(at..at, inserted);
    }

    /// Replace a range with text.
    fn replace(&mut self, range: Range<usize>, inserted: &str) {
        let inserted = inserted.replace('\n', self.newline);
        self.list.push((range, inserted));
    }

    /// Insert whole lines after the line that contains `at`. A text without a final newline
    /// still has none afterwards.
    fn insert_lines_after(&mut self, at: usize, lines: &str) {
        let lines = lines.strip_suffix('\n').unwrap_or(lines);
        match self.text[at..].find('\n') {
            Some(newline) => self.insert(at + newline + 1, &format!("{lines}\n")),
            None => self.insert(self.text.len(), &format!("\n{lines}")),
        }
    }

    /// The text without the ranges that are replaced.
    fn kept(&self) -> String {
        let mut replaced: Vec<&Range<usize>> = self.list.iter().map(|(range, _)| range).collect();
        replaced.sort_by_key(|range| range.start);
        let mut kept = String::with_capacity(self.text.len());
        let mut done = 0;
        for range in replaced {
            kept.push_str(&self.text[done..range.start]);
            done = range.end;
        }
        kept.push_str(&self.text[done..]);
        kept
    }

    /// Apply all insertions. Insertions at the same offset keep the order of the calls.
    fn apply(mut self) -> String {
        self.list.sort_by_key(|(range, _)| (range.start, range.end));
        let mut after = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for (range, inserted) in &self.list {
            assert!(range.start >= done, "overlapping edits");
            after.push_str(&self.text[done..range.start]);
            after.push_str(inserted);
            done = range.end;
        }
        after.push_str(&self.text[done..]);
        after
    }
}

/// Whether `after` contains every byte of `before`, in the same order.
fn keeps_every_byte(before: &str, after: &str) -> bool {
    let mut rest = after.bytes();
    before.bytes().all(|byte| rest.any(|other| other == byte))
}

/// Append an item to a bracketed list whose comments begin with `#`: a flow sequence or
/// mapping of YAML, a list or tuple of Python, an array of TOML.
///
/// `open` is the offset after the opening bracket, `close` that of the closing one and
/// `items` the ranges of the items. An empty list on one line becomes `[item]`; if each item
/// is on its own line, so is the new one.
///
/// Before and after: `[a, b]` and `[a, b, item]`; `[\n  a, # x\n]` and
/// `[\n  a, # x\n  item,\n]`.
fn append_to_brackets(
    splices: &mut Splices<'_>,
    open: usize,
    close: usize,
    items: &[Range<usize>],
    new_items: &[String],
) {
    let text = splices.text;
    let Some(last) = items.last() else {
        if text[open..close].contains('\n') {
            let line = text[..close].rfind('\n').map_or(0, |at| at + 1);
            let outer = leading_space(&text[line..]);
            let lines: String = new_items
                .iter()
                .map(|item| format!("{outer}    {item},\n"))
                .collect();
            splices.insert(line, &lines);
        } else {
            splices.insert(close, &new_items.join(", "));
        }
        return;
    };
    let comma = find_comma(text, last.end, close);
    let last_line = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
    let has_own_line = last_line > open && text[last_line..last.start].trim().is_empty();
    if !has_own_line {
        match comma {
            Some(comma) => splices.insert(comma + 1, &format!(" {}", new_items.join(", "))),
            None => splices.insert(last.end, &format!(", {}", new_items.join(", "))),
        }
        return;
    }
    let indent = leading_space(&text[last_line..]);
    let behind = comma.map_or(last.end, |comma| comma + 1);
    if comma.is_none() {
        splices.insert(last.end, ",");
    }
    let end_of_line = text[behind..close].find('\n').map(|at| behind + at);
    let trailing = if comma.is_some() { "," } else { "" };
    let lines = new_items.join(&format!(",\n{indent}"));
    match end_of_line {
        // In a CRLF file, insert before the carriage return.
        Some(at) => {
            let at = if text[..at].ends_with('\r') {
                at - 1
            } else {
                at
            };
            splices.insert(at, &format!("\n{indent}{lines}{trailing}"));
        }
        None => splices.insert(behind, &format!("\n{indent}{lines}{trailing}")),
    }
}

/// Remove items from a bracketed list: the inverse of [`append_to_brackets`].
///
/// A comment on the line of an item stays. If no item is left, and nothing else, the list
/// becomes empty brackets.
fn remove_from_brackets(
    splices: &mut Splices<'_>,
    open: usize,
    close: usize,
    items: &[Range<usize>],
    is_old: impl Fn(&Range<usize>) -> bool,
) {
    let text = splices.text;
    let comma_after = |index: usize| {
        let next = items.get(index + 1).map_or(close, |next| next.start);
        find_comma(text, items[index].end, next)
    };
    let mut removed: Vec<Range<usize>> = Vec::new();
    let mut index = 0;
    while index < items.len() {
        let first = index;
        while index < items.len() && is_old(&items[index]) {
            index += 1;
        }
        if first == index {
            index += 1;
            continue;
        }
        // The items from `first` up to `index` are removed.
        let last = index - 1;
        let behind = comma_after(last).map_or(items[last].end, |comma| comma + 1);
        let line = text[..items[first].start]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let line_end = text[behind..close].find('\n').map(|at| behind + at);
        let is_alone = line > open && text[line..items[first].start].trim().is_empty();
        removed.push(match line_end {
            // They have their lines for themselves.
            Some(end) if is_alone && text[behind..end].trim().is_empty() => line..end + 1,
            Some(_) if is_alone => {
                items[first].start..behind + leading_space(&text[behind..]).len()
            }
            _ if index < items.len() => items[first].start..items[index].start,
            _ => {
                text[..items[first].start]
                    .trim_end_matches([' ', '\t'])
                    .len()..behind
            }
        });
        // The comma that was added before the last item.
        if index == items.len() && first > 0 && comma_after(last).is_none() {
            let range = removed.last_mut();
            match (comma_after(first - 1), range) {
                (Some(comma), Some(range)) if range.start == comma + 1 => range.start = comma,
                (Some(comma), _) => removed.push(comma..comma + 1),
                (None, _) => {}
            }
        }
    }
    let is_left = |range: &Range<usize>| !is_old(range);
    if !removed.is_empty() && !items.iter().any(is_left) {
        let mut rest = String::new();
        let mut done = open;
        for range in &removed {
            rest.push_str(&text[done..range.start]);
            done = range.end;
        }
        rest.push_str(&text[done..close]);
        // Nothing but the line ends that were added to an empty list on one line.
        if rest.trim().is_empty() && rest.trim_matches([' ', '\t']).lines().count() < 2 {
            splices.replace(open..close, rest.trim_matches(['\r', '\n']));
            return;
        }
    }
    for range in removed {
        splices.replace(range, "");
    }
}

/// The first comma between two offsets that is not in a comment.
fn find_comma(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut in_comment = false;
    for (index, character) in text[from..to].char_indices() {
        match character {
            '#' => in_comment = true,
            '\n' => in_comment = false,
            ',' if !in_comment => return Some(from + index),
            _ => {}
        }
    }
    None
}

/// The leading spaces and tabs of a line.
fn leading_space(line: &str) -> &str {
    let end = line
        .find(|c: char| c != ' ' && c != '\t')
        .unwrap_or(line.len());
    &line[..end]
}

/// Indent every line that is not empty.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim().is_empty() {
                "\n".to_owned()
            } else {
                format!("{indent}{line}\n")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(text: &str, items: &[&str], new: &[&str]) -> String {
        let open = text.find('[').unwrap() + 1;
        let close = text.rfind(']').unwrap();
        let ranges: Vec<_> = items
            .iter()
            .map(|item| {
                let start = text.find(item).unwrap();
                start..start + item.len()
            })
            .collect();
        let new: Vec<String> = new.iter().map(|item| (*item).to_owned()).collect();
        let mut splices = Splices::new(text);
        append_to_brackets(&mut splices, open, close, &ranges, &new);
        splices.apply()
    }

    #[test]
    fn appends_in_the_style_of_the_list() {
        assert_eq!(append("[]", &[], &["x"]), "[x]");
        assert_eq!(
            append("[aa, bb]", &["aa", "bb"], &["x", "y"]),
            "[aa, bb, x, y]"
        );
        assert_eq!(append("[aa, ]", &["aa"], &["x"]), "[aa, x ]");
        assert_eq!(append("[\n  aa\n]", &["aa"], &["x"]), "[\n  aa,\n  x\n]");
        assert_eq!(
            append("[\n  aa, # ,\n]", &["aa"], &["x"]),
            "[\n  aa, # ,\n  x,\n]"
        );
        assert_eq!(
            append("[\n  aa # ,\n]", &["aa"], &["x"]),
            "[\n  aa, # ,\n  x\n]"
        );
        assert_eq!(append("[\n  aa]", &["aa"], &["x"]), "[\n  aa,\n  x]");
        assert_eq!(
            append("[\n  aa, bb]", &["aa", "bb"], &["x"]),
            "[\n  aa, bb, x]"
        );
        assert_eq!(append("[\n]", &[], &["x"]), "[\n    x,\n]");
        assert_eq!(
            append("[\r\n  aa,\r\n]", &["aa"], &["x"]),
            "[\r\n  aa,\r\n  x,\r\n]"
        );
    }

    #[test]
    fn notices_a_byte_that_is_gone() {
        assert!(keeps_every_byte("abc", "xaxbxcx"));
        assert!(!keeps_every_byte("abc", "acb"));
    }
}
