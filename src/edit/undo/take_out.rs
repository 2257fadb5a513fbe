//! Takes insertions out: all at once, one by one, or in parts.

use super::find::{find, find_lines, in_all_endings};
use super::{Insertion, Language};
use crate::edit::leading_space;
use crate::edit::python::Module;

/// The result of taking insertions out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The text without them.
    pub text: String,
    /// The inserted texts that are left, because somebody has edited them since.
    pub left: Vec<String>,
}

/// Take insertions out of a text.
#[must_use]
pub fn take_out(language: Language, text: &str, insertions: &[Insertion]) -> Taken {
    let taken = without_all(language, text, insertions);
    let taken = taken.unwrap_or_else(|| one_by_one(language, text, insertions));
    if language == Language::Python && !binds_what_it_uses(text, &taken.text) {
        // An import without which the rest does not work: the module stays as it is.
        return Taken {
            text: text.to_owned(),
            left: insertions.iter().map(|i| i.inserted.clone()).collect(),
        };
    }
    taken
}

/// Whether a module still binds the names of its imports, as far as it uses them.
fn binds_what_it_uses(before: &str, after: &str) -> bool {
    let (Ok(before), Ok(after)) = (Module::parse(before), Module::parse(after)) else {
        return true;
    };
    let now = after.bound_imports();
    let used = after.variables();
    let mut gone = before.bound_imports().into_iter();
    !gone.any(|name| !now.contains(&name) && used.contains(name.as_str()))
}

/// Take out those insertions that nobody has edited, the last one first.
fn one_by_one(language: Language, text: &str, insertions: &[Insertion]) -> Taken {
    let mut taken = Taken {
        text: text.to_owned(),
        left: Vec::new(),
    };
    // All are located first: how often a text occurs counts before anything is removed.
    let located = insertions.iter().map(|insertion| {
        let endings = in_all_endings(insertion);
        let found = endings.into_iter().find_map(|insertion| {
            let (at, length) = find_lines(text, &insertion)?;
            Some((at, length, insertion))
        });
        (found, insertion)
    });
    let mut located: Vec<_> = located.collect();
    located.sort_by_key(|(found, _)| found.as_ref().map(|(at, ..)| std::cmp::Reverse(*at)));
    let mut rest = Vec::new();
    let mut end = text.len();
    for (found, insertion) in located {
        // Two cannot be at one place.
        let found = found.filter(|(at, length, _)| at + length <= end);
        end = found.as_ref().map_or(end, |(at, ..)| *at);
        let without = found.and_then(|(at, length, insertion)| {
            without_at(language, &taken.text, &insertion, at, length)
        });
        match without {
            Some(text) => taken.text = text,
            None => rest.push(insertion),
        }
    }
    for insertion in rest {
        taken.without_parts(language, insertion);
    }
    taken.left.reverse();
    taken
}

/// Whether a text has an insertion that can be found again.
#[must_use]
pub fn has(text: &str, insertion: &Insertion) -> bool {
    in_all_endings(insertion)
        .iter()
        .any(|insertion| find(text, insertion).is_some())
}

impl Taken {
    /// Take out the parts of an insertion that nobody has edited.
    fn without_parts(&mut self, language: Language, insertion: &Insertion) {
        let inserted = insertion.inserted.trim_start_matches(['\r', '\n']);
        let parts = match language {
            Language::Yaml => parts_by_indent(inserted),
            // Only statements of one line each: not the parts of a class or function.
            Language::Python if !inserted.lines().all(is_statement) => Vec::new(),
            _ => inserted.split_inclusive('\n').collect(),
        };
        // A part that is not the whole is smaller, so this ends.
        if !language.is_empty_value(&insertion.replaced) {
            self.left.push(insertion.inserted.clone());
            return;
        }
        if parts.len() < 2 && insertion.inserted == inserted {
            self.without_inner_parts(language, inserted);
            return;
        }
        for part in parts
            .into_iter()
            .rev()
            .filter(|part| !part.trim().is_empty())
        {
            let alone = Insertion {
                after: "\n".to_owned(),
                inserted: format!("{}\n", part.trim_end()),
                ..Insertion::default()
            };
            match without(language, &self.text, &alone) {
                Some(text) => self.text = text,
                None => self.without_inner_parts(language, &alone.inserted),
            }
        }
    }

    /// Take out the parts below the first line of a part, unless it is a tool of its own.
    fn without_inner_parts(&mut self, language: Language, part: &str) {
        let inner = part.split_once('\n').map_or("", |(_, inner)| inner);
        let is_tool = |part: &str| part.contains(" args:");
        let holds_tools = part.starts_with("tools:");
        if language != Language::Yaml || inner.trim().is_empty() || (is_tool(part) && !holds_tools)
        {
            self.left.push(part.to_owned());
            return;
        }
        let inner = Insertion {
            after: "\n".to_owned(),
            // Not the whole: its parts are tried one by one.
            inserted: format!("\n{inner}"),
            ..Insertion::default()
        };
        self.without_parts(language, &inner);
    }
}

/// The parts of a block of YAML: a line, and the lines below it with a larger indentation.
fn parts_by_indent(block: &str) -> Vec<&str> {
    let indent = |line: &str| leading_space(line).len();
    let mut starts = vec![0];
    let mut outer = indent(block);
    let mut at = 0;
    for line in block.split_inclusive('\n') {
        if at > 0 && !line.trim().is_empty() && indent(line) <= outer {
            starts.push(at);
            outer = indent(line);
        }
        at += line.len();
    }
    let ends = starts[1..].iter().copied().chain([block.len()]);
    let parts = starts.iter().zip(ends);
    parts.map(|(start, end)| &block[*start..end]).collect()
}

/// Whether a line is empty, or a whole statement of Python.
fn is_statement(line: &str) -> bool {
    // An `await` is valid in a function only.
    let line = line.trim();
    let line = line.strip_prefix("await ").unwrap_or(line);
    !line.starts_with(['"', '\'']) && Module::parse(line).is_ok()
}

/// A text without all insertions, if all of them are there and the rest is valid.
fn without_all(language: Language, text: &str, insertions: &[Insertion]) -> Option<Taken> {
    let all: Vec<[Insertion; 3]> = insertions.iter().map(in_all_endings).collect();
    (0..3).find_map(|endings| {
        let insertions: Vec<Insertion> = all.iter().map(|each| each[endings].clone()).collect();
        let rest = replace_all(text, &insertions)?;
        let (is_valid, left) = (language.keeps_meaning(text, &rest), Vec::new());
        is_valid.then_some(Taken { text: rest, left })
    })
}

/// A text with what each insertion has replaced, if all of them are there in their order.
pub(super) fn replace_all(text: &str, insertions: &[Insertion]) -> Option<String> {
    let mut rest = String::with_capacity(text.len());
    let mut done = 0;
    for insertion in insertions {
        let at = find(text, insertion).filter(|at| *at >= done)?;
        rest.push_str(&text[done..at]);
        rest.push_str(&insertion.replaced);
        done = at + insertion.inserted.len();
    }
    rest.push_str(&text[done..]);
    Some(rest)
}

/// A text without an insertion, if it is there and the rest is valid.
fn without(language: Language, text: &str, insertion: &Insertion) -> Option<String> {
    in_all_endings(insertion).into_iter().find_map(|insertion| {
        let (at, length) = find_lines(text, &insertion)?;
        without_at(language, text, &insertion, at, length)
    })
}

/// A text without an insertion at an offset, if the rest is valid.
fn without_at(
    language: Language,
    text: &str,
    insertion: &Insertion,
    at: usize,
    length: usize,
) -> Option<String> {
    let (before, behind) = (text.get(..at)?, text.get(at + length..)?);
    let inserted = &text[at..at + length];
    let whole = format!("{before}{}{behind}", insertion.replaced);
    if language.keeps_meaning(text, &whole) {
        return Some(whole);
    }
    if language != Language::Yaml || !language.is_empty_value(&insertion.replaced) {
        return None;
    }
    // Somebody has added to a list or mapping that the edit has begun: its first lines stay.
    let lines = inserted
        .match_indices('\n')
        .map(|(newline, _)| newline + 1)
        .take(4);
    std::iter::once(0).chain(lines).find_map(|begin| {
        let rest = format!("{before}{}{behind}", &inserted[..begin]);
        (begin < length && language.keeps_meaning(text, &rest)).then_some(rest)
    })
}
