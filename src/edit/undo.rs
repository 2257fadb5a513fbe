//! Takes edits out again: the exact inverse of the insertions that an edit has made.
//!
//! An edit is recorded as its insertions, each with the text that it replaced. To take one
//! out, its text is searched in the file as it is now, which may have been edited since. The
//! result must be valid, and must not give another meaning to what stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use super::python::Module;
use super::toml::PyProject;
use super::yaml::Document;
use super::{keeps_every_byte, leading_space};

/// Text that an edit has inserted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insertion {
    /// The line before it, to find it among equal texts; empty at the start of a file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// The text that was there: an empty `[]` or `{}`, a null or a `pass`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replaced: String,
    /// The inserted text.
    pub inserted: String,
    /// Which of the equal texts it is, from 0, if there were several when it was inserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub among: Option<Among>,
}

impl Insertion {
    /// Whether it replaces nothing but what makes room, as every edit does.
    #[must_use]
    pub fn only_inserts(&self, language: Language) -> bool {
        let mut kept = self.replaced.clone();
        for room in [
            "[]", "{}", "~", "null", "Null", "NULL", "pass", "[ ]", "{ }",
        ] {
            kept = kept.replace(room, "");
        }
        let is_kept = |line: &str| {
            let mut lines = self.inserted.lines();
            lines.any(|inserted| keeps_every_byte(line.trim(), inserted))
        };
        language.is_room(&self.replaced) || kept.lines().all(is_kept)
    }
}

/// One of several equal texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Among {
    /// Its index, from 0.
    pub index: usize,
    /// How many there were.
    pub count: usize,
}

/// The insertions that turn one text into the other, in their order.
#[must_use]
pub fn insertions(before: &str, after: &str) -> Vec<Insertion> {
    let mut found = by_lines(before, after);
    let mut from = 0;
    let mut is_exact = true;
    for insertion in &mut found {
        let all = places(after, insertion);
        let index = all.iter().position(|at| *at >= from);
        is_exact &= index.is_some();
        if let Some(index) = index {
            let count = all.len();
            insertion.among = (count > 1).then_some(Among { index, count });
            from = all[index] + insertion.inserted.len();
        }
    }
    if is_exact && replace_all(after, &found).as_deref() == Some(before) {
        return found;
    }
    // Lines that are alike were taken for each other: one change is always exact.
    let whole = Insertion {
        replaced: before.to_owned(),
        inserted: after.to_owned(),
        ..Insertion::default()
    };
    vec![trimmed(whole)]
}

fn by_lines(before: &str, after: &str) -> Vec<Insertion> {
    let diff = TextDiff::from_lines(before, after);
    let mut found: Vec<Insertion> = Vec::new();
    let mut last = String::new();
    let mut open: Option<Insertion> = None;
    for change in diff.iter_all_changes() {
        let line = change.value();
        if change.tag() == ChangeTag::Equal {
            found.extend(open.take().map(trimmed));
            line.clone_into(&mut last);
            continue;
        }
        let insertion = open.get_or_insert_with(|| Insertion {
            after: last.clone(),
            ..Insertion::default()
        });
        if change.tag() == ChangeTag::Delete {
            insertion.replaced.push_str(line);
        } else {
            insertion.inserted.push_str(line);
        }
    }
    found.extend(open.take().map(trimmed));
    found
}

/// Reduce a change of lines to the part of them that differs.
fn trimmed(change: Insertion) -> Insertion {
    let Insertion {
        mut after,
        replaced,
        inserted,
        among,
    } = change;
    if replaced.is_empty() {
        return Insertion {
            after,
            replaced,
            inserted,
            among,
        };
    }
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum()
    };
    let start = common(&mut replaced.chars().zip(inserted.chars()));
    let (head, old) = replaced.split_at(start);
    let new = &inserted[start..];
    // Of texts with several lines, only whole lines are cut from the end.
    let end = if old.trim_end().contains('\n') || new.trim_end().contains('\n') {
        let lines = old.split_inclusive('\n').rev();
        let same = lines.zip(new.split_inclusive('\n').rev());
        let same = same.take_while(|(a, b)| a == b);
        same.map(|(line, _)| line.len()).sum()
    } else {
        common(&mut old.chars().rev().zip(new.chars().rev()))
    };
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    if !head.is_empty() {
        // The text before it begins with the last whole line.
        let line = head.trim_end_matches('\n').rfind('\n');
        let line = line.map_or(0, |newline| newline + 1);
        if line > 0 {
            after.clear();
        }
        after.push_str(&head[line..]);
    }
    Insertion {
        after,
        replaced: old.to_owned(),
        inserted: new.to_owned(),
        among,
    }
}

/// The language of a file, which decides what a valid result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A `polytope.yml`.
    Yaml,
    /// A `pyproject.toml`.
    Toml,
    /// A Python module.
    Python,
    /// Lines without a structure, such as requirements.
    Lines,
}

impl Language {
    /// The language of a file of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, "yml" | "yaml")) => Self::Yaml,
            Some((_, "toml")) => Self::Toml,
            Some((_, "py")) => Self::Python,
            _ => Self::Lines,
        }
    }

    /// Whether a replaced text only made room: then it need not come back where others have
    /// added something.
    fn is_room(self, replaced: &str) -> bool {
        match self {
            // It may begin behind a key.
            Self::Yaml => [replaced.to_owned(), format!("key:{replaced}")]
                .into_iter()
                .any(|text| Document::parse(text).is_ok_and(|text| text.has_only_room())),
            Self::Python => matches!(replaced.trim(), "" | "pass"),
            Self::Toml | Self::Lines => replaced.trim().is_empty(),
        }
    }

    /// Whether the rest of a text means the same without a part of it: each value of the new
    /// text is one of the old text, under the same keys.
    fn keeps_meaning(self, old: &str, new: &str) -> bool {
        let leaves = |text: &str| match self {
            Self::Yaml => Document::parse(text).ok().map(|document| document.leaves()),
            Self::Toml => PyProject::parse(text).ok().map(|project| project.leaves()),
            Self::Python => Module::parse(text).ok().map(|module| module.outline()),
            Self::Lines => Some(Vec::new()),
        };
        let Some(new) = leaves(new) else {
            return false;
        };
        // One that cannot be parsed any more is not made worse.
        let Some(old) = leaves(old) else {
            return false;
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for leaf in old {
            *counts.entry(leaf).or_default() += 1;
        }
        new.into_iter().all(|leaf| match counts.get_mut(&leaf) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
    }
}

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
    let gone = before.bound_imports();
    !gone
        .iter()
        .any(|name| !now.contains(name) && after.uses(name))
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
        if !language.is_room(&insertion.replaced) {
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
    (0..3).find_map(|endings| {
        let insertions = insertions.iter().map(in_all_endings);
        let insertions: Vec<Insertion> = insertions
            .map(|[own, unix, windows]| match endings {
                0 => own,
                1 => unix,
                _ => windows,
            })
            .collect();
        let text_without = replace_all(text, &insertions)?;
        language
            .keeps_meaning(text, &text_without)
            .then_some(Taken {
                text: text_without,
                left: Vec::new(),
            })
    })
}

/// A text with what each insertion has replaced, if all of them are there in their order.
fn replace_all(text: &str, insertions: &[Insertion]) -> Option<String> {
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
    if language != Language::Yaml || !language.is_room(&insertion.replaced) {
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

/// The offset and the length of an inserted text. Blank lines around it may be gone, and the
/// last line of a file may have no end.
fn find_lines(text: &str, insertion: &Insertion) -> Option<(usize, usize)> {
    if let Some(at) = find(text, insertion) {
        return Some((at, insertion.inserted.len()));
    }
    let inserted = insertion.inserted.as_str();
    let core = inserted.trim_matches(['\r', '\n']);
    if core.is_empty() || !inserted.ends_with('\n') {
        return None;
    }
    let newline = if inserted.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let line = Insertion {
        after: "\n".to_owned(),
        inserted: format!("{core}{newline}"),
        ..Insertion::default()
    };
    if let Some(at) = find(text, &line).filter(|_| line.inserted != inserted) {
        return Some((at, line.inserted.len()));
    }
    // The last line: the end of the line above goes with it.
    let at = text.strip_suffix(core)?.len();
    let start = text[..at].strip_suffix(newline)?.len();
    Some((start, text.len() - start))
}

/// An insertion in its own line endings, and in both conventions.
fn in_all_endings(insertion: &Insertion) -> [Insertion; 3] {
    let unix = |text: &str| text.replace("\r\n", "\n");
    let windows = |text: &str| unix(text).replace('\n', "\r\n");
    let converted = |convert: &dyn Fn(&str) -> String| Insertion {
        after: convert(&insertion.after),
        replaced: convert(&insertion.replaced),
        inserted: convert(&insertion.inserted),
        among: insertion.among,
    };
    [insertion.clone(), converted(&unix), converted(&windows)]
}

/// The offset of an inserted text; `None` if it is not there, or cannot be told from others.
fn find(text: &str, insertion: &Insertion) -> Option<usize> {
    let places = places(text, insertion);
    match (places.as_slice(), insertion.among) {
        ([only], None) => Some(*only),
        (places, Some(among)) if places.len() == among.count => places.get(among.index).copied(),
        _ => None,
    }
}

/// The offsets at which an inserted text may have been inserted: those behind the same line, if
/// there is any.
fn places(text: &str, insertion: &Insertion) -> Vec<usize> {
    let Insertion {
        after, inserted, ..
    } = insertion;
    if inserted.is_empty() {
        return Vec::new();
    }
    let is_at_line_start = after.is_empty() || after.ends_with('\n');
    // A text is not found inside of a longer word.
    let is_word = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    let cuts_word = |at: usize| {
        let end = at + inserted.len();
        let (first, last) = (inserted.chars().next(), inserted.chars().next_back());
        (is_word(first) && is_word(text[..at].chars().next_back()))
            || (is_word(last) && is_word(text[end..].chars().next()))
    };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find(inserted.as_str()))
    {
        let at = from + at;
        let is_line = at == 0 || text[..at].ends_with('\n');
        if (is_line || !is_at_line_start) && !cuts_word(at) {
            found.push(at);
        }
        from = at + inserted.chars().next().map_or(1, char::len_utf8);
    }
    let is_behind = |at: &usize| match after.as_str() {
        "" => *at == 0,
        after => text[..*at].ends_with(after),
    };
    if !is_at_line_start {
        // In the middle of a line, the beginning of the line tells where it is.
        let line = after.rsplit('\n').next().unwrap_or(after);
        found.retain(|at| text[..*at].ends_with(line));
    }
    if found.iter().any(is_behind) {
        found.retain(is_behind);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(language: Language, before: &str, after: &str) -> String {
        let list = insertions(before, after);
        let taken = take_out(language, after, &list);
        assert_eq!(taken.left, Vec::<String>::new(), "{list:?}");
        taken.text
    }

    #[test]
    fn every_byte_comes_back() {
        let cases = [
            (Language::Yaml, "include: []\n", "include:\n  - a\n"),
            (Language::Yaml, "", "include:\n  - a\n"),
            (Language::Yaml, "# only", "# only\ninclude:\n  - a"),
            (Language::Yaml, "a: {b: [ ]}\n", "a: {b: [ x ]}\n"),
            (Language::Yaml, "a: 1\r\n", "a: 1\r\ninclude:\r\n  - a\r\n"),
            (
                Language::Yaml,
                "include:\n  - a\ntools: ~\n",
                "include:\n  - a\n  - b\ntools:\n  b:\n    run: []\n",
            ),
            (
                Language::Toml,
                "[project]\ndependencies = [\"a\"]\n",
                "[project]\ndependencies = [\"a\", \"b\"]\n\n[dependency-groups]\ndev = [\"c\"]\n",
            ),
            (
                Language::Python,
                "async def init(app):\n    pass\n",
                "from .t import i\n\n\nasync def init(app):\n    await i(app)\n",
            ),
            (Language::Lines, "a", "a\nb"),
        ];
        for (language, before, after) in cases {
            assert_eq!(round(language, before, after), before);
        }
    }

    #[test]
    fn what_others_have_added_stays() {
        let list = insertions("a: 1\n", "a: 1\ntools:\n  ours:\n    run: []\n");
        let now = "a: 1\ntools:\n  ours:\n    run: []\n  mine:\n    info: x\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!(taken.text, "a: 1\ntools:\n  mine:\n    info: x\n");
        assert!(taken.left.is_empty());

        let list = insertions("include: []\n", "include:\n  - ours\n");
        let now = "include:\n  - ours\n  - mine\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!(taken.text, "include:\n  - mine\n");
    }

    #[test]
    fn what_others_have_added_between_stays() {
        let before = "include: []\ntools: {}\n";
        let after = "include:\n  - a\n  - b\n\ntools:\n  default:\n    info: x\n    run:\n      - tool: a\n      - tool: b\n\n  ours:\n    run:\n      - tool: c\n        args: {}\n";
        let list = insertions(before, after);
        let now = after
            .replace("  - b\n\n", "  - mine\n  - b\n\n")
            .replace("      - tool: b\n", "      - tool: mine\n      - tool: b\n");
        let taken = take_out(Language::Yaml, &now, &list);
        assert!(taken.left.is_empty(), "{:?}", taken.left);
        assert!(
            taken.text.starts_with("include:\n  - mine\n"),
            "{}",
            taken.text
        );
        assert!(
            taken.text.contains("      - tool: mine\n"),
            "{}",
            taken.text
        );
        assert!(!taken.text.contains("ours"), "{}", taken.text);

        let before = "import os\n\nasync def init(app):\n    pass\n";
        let after = "import os\n\nfrom .t import i\n\nasync def init(app):\n    await i(app)\n";
        let list = insertions(before, after);
        let now = after.replace("import i\n", "import i\nfrom .u import j\n");
        let taken = take_out(Language::Python, &now, &list);
        assert!(taken.left.is_empty(), "{:?}", taken.left);
        let expected = "import os\n\nfrom .u import j\n\nasync def init(app):\n    pass\n";
        assert_eq!(taken.text, expected);
    }

    #[test]
    fn what_others_have_changed_is_left() {
        let list = insertions("a\n", "a\nb>=1\nc>=1\n");
        let taken = take_out(Language::Lines, "a\nb>=2\nc>=1\n", &list);
        assert_eq!(taken.text, "a\nb>=2\n");
        assert_eq!(taken.left, ["b>=1\n"]);

        let list = insertions("a: 1\n", "a: 1\ntools:\n  ours:\n    info: x\n");
        let now = "a: 1\ntools:\n  ours:\n    info: edited\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!((taken.text.as_str(), taken.left.len()), (now, 1));
    }
}
