//! Takes edits out again: the exact inverse of the insertions that an edit has made.
//!
//! An edit is recorded as its insertions, each with the text that it replaced. To take one
//! out, its text is searched in the file as it is now, which may have been edited since. The
//! result must be valid, and must not give another meaning to what stays.

mod find;
mod language;
mod take_out;

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use self::find::places;
use self::take_out::replace_all;
use super::keeps_every_byte;
pub use language::Language;
pub use take_out::{Taken, has, take_out};

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
    /// Whether it replaces only empty values, as every edit does.
    #[must_use]
    pub fn only_inserts(&self, language: Language) -> bool {
        let mut kept = self.replaced.clone();
        for empty in [
            "[]", "{}", "~", "null", "Null", "NULL", "pass", "[ ]", "{ }",
        ] {
            kept = kept.replace(empty, "");
        }
        let is_kept = |line: &str| {
            let mut lines = self.inserted.lines();
            lines.any(|inserted| keeps_every_byte(line.trim(), inserted))
        };
        // Only what is not kept is parsed.
        kept.lines().all(is_kept) || language.is_empty_value(&self.replaced)
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
pub fn insertions(language: Language, before: &str, after: &str) -> Vec<Insertion> {
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
    let only_inserts = |insertion: &Insertion| insertion.only_inserts(language);
    if is_exact
        && found.iter().all(only_inserts)
        && replace_all(after, &found).as_deref() == Some(before)
    {
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
fn trimmed(mut change: Insertion) -> Insertion {
    let (replaced, inserted) = (change.replaced.as_str(), change.inserted.as_str());
    if replaced.is_empty() {
        return change;
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
            change.after.clear();
        }
        change.after.push_str(&head[line..]);
    }
    Insertion {
        replaced: old.to_owned(),
        inserted: new.to_owned(),
        ..change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(language: Language, before: &str, after: &str) -> String {
        let list = insertions(language, before, after);
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
        let list = insertions(
            Language::Yaml,
            "a: 1\n",
            "a: 1\ntools:\n  ours:\n    run: []\n",
        );
        let now = "a: 1\ntools:\n  ours:\n    run: []\n  mine:\n    info: x\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!(taken.text, "a: 1\ntools:\n  mine:\n    info: x\n");
        assert!(taken.left.is_empty());

        let list = insertions(Language::Yaml, "include: []\n", "include:\n  - ours\n");
        let now = "include:\n  - ours\n  - mine\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!(taken.text, "include:\n  - mine\n");
    }

    #[test]
    fn what_others_have_added_between_stays() {
        let before = "include: []\ntools: {}\n";
        let after = "include:\n  - a\n  - b\n\ntools:\n  default:\n    info: x\n    run:\n      - tool: a\n      - tool: b\n\n  ours:\n    run:\n      - tool: c\n        args: {}\n";
        let list = insertions(Language::Yaml, before, after);
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
        let list = insertions(Language::Python, before, after);
        let now = after.replace("import i\n", "import i\nfrom .u import j\n");
        let taken = take_out(Language::Python, &now, &list);
        assert!(taken.left.is_empty(), "{:?}", taken.left);
        let expected = "import os\n\nfrom .u import j\n\nasync def init(app):\n    pass\n";
        assert_eq!(taken.text, expected);
    }

    #[test]
    fn what_others_have_changed_is_left() {
        let list = insertions(Language::Lines, "a\n", "a\nb>=1\nc>=1\n");
        let taken = take_out(Language::Lines, "a\nb>=2\nc>=1\n", &list);
        assert_eq!(taken.text, "a\nb>=2\n");
        assert_eq!(taken.left, ["b>=1\n"]);

        let list = insertions(
            Language::Yaml,
            "a: 1\n",
            "a: 1\ntools:\n  ours:\n    info: x\n",
        );
        let now = "a: 1\ntools:\n  ours:\n    info: edited\n";
        let taken = take_out(Language::Yaml, now, &list);
        assert_eq!((taken.text.as_str(), taken.left.len()), (now, 1));
    }
}
