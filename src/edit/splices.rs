//! Insertions into a text.

use std::ops::Range;

/// Insertions into a text, collected and then applied together.
#[derive(Debug)]
pub(super) struct Splices<'a> {
    pub(super) text: &'a str,
    newline: &'static str,
    /// Replaced ranges and their new texts, in any order.
    pub(super) list: Vec<(Range<usize>, String)>,
}

impl<'a> Splices<'a> {
    pub(super) fn new(text: &'a str) -> Self {
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
    pub(super) fn insert(&mut self, at: usize, inserted: &str) {
        self.replace(at..at, inserted);
    }

    /// Replace a range with text.
    pub(super) fn replace(&mut self, range: Range<usize>, inserted: &str) {
        let inserted = inserted.replace('\n', self.newline);
        self.list.push((range, inserted));
    }

    /// Insert whole lines after the line that contains `at`. A text without a final newline
    /// still has none afterwards.
    pub(super) fn insert_lines_after(&mut self, at: usize, lines: &str) {
        let lines = lines.strip_suffix('\n').unwrap_or(lines);
        let is_at_end = at == self.text.len() && (at == 0 || self.text.ends_with('\n'));
        match self.text[at..].find('\n') {
            Some(newline) => self.insert(at + newline + 1, &format!("{lines}\n")),
            None if is_at_end => self.insert(at, &format!("{lines}\n")),
            None => self.insert(self.text.len(), &format!("\n{lines}")),
        }
    }

    /// The text without the ranges that are replaced.
    pub(super) fn kept(&self) -> String {
        let list = self.list.iter();
        let list = list.map(|(range, _)| (range.clone(), String::new()));
        let list = list.collect();
        Self { list, ..*self }.apply()
    }

    /// Apply all insertions. Insertions at the same offset keep the order of the calls.
    pub(super) fn apply(mut self) -> String {
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
pub(super) fn keeps_every_byte(before: &str, after: &str) -> bool {
    let mut rest = after.bytes();
    before.bytes().all(|byte| rest.any(|other| other == byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_a_byte_that_is_gone() {
        assert!(keeps_every_byte("abc", "xaxbxcx"));
        assert!(!keeps_every_byte("abc", "acb"));
    }
}
