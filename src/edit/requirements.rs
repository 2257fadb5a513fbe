//! Edits `requirements.txt`: adds requirements at the end.

use super::{Edited, Splices};
use crate::edit::toml::requirement_name;

/// A line of a requirements file that names packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'t> {
    /// A requirement, as it is written.
    Requirement(&'t str),
    /// `-r FILE`: the requirements of another file.
    Include(&'t str),
    /// `-c FILE`: versions for packages that something else requires.
    Constraints(&'t str),
}

/// The lines of a file that name packages, each with its number from 1; comments and other
/// options are left out.
///
/// Source: pip documentation, "Requirements File Format".
pub fn lines(text: &str) -> impl Iterator<Item = (usize, Line<'_>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| {
        // A comment begins at the start of a line, or after white space.
        let comment = line
            .match_indices('#')
            .find(|(at, _)| *at == 0 || line[..*at].ends_with(char::is_whitespace));
        let line = comment.map_or(line, |(at, _)| &line[..at]).trim();
        let line = line.trim_end_matches('\\').trim();
        let option = |short: &str, long: &str| {
            let value = line.strip_prefix(long).or_else(|| line.strip_prefix(short));
            value.map(|value| value.trim_start_matches('=').trim())
        };
        let content = if line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            Line::Requirement(line)
        } else if let Some(file) = option("-r", "--requirement") {
            Line::Include(file)
        } else {
            Line::Constraints(option("-c", "--constraint")?)
        };
        Some((index + 1, content))
    })
}

/// Add the requirements whose names the file does not have.
#[must_use]
pub fn add(text: &str, new: &[&str]) -> Edited {
    let present: Vec<String> = lines(text)
        .filter_map(|(_, line)| match line {
            Line::Requirement(line) => Some(requirement_name(line)),
            Line::Include(_) | Line::Constraints(_) => None,
        })
        .collect();
    let missing: Vec<&str> = new
        .iter()
        .copied()
        .filter(|requirement| !present.contains(&requirement_name(requirement)))
        .collect();
    if missing.is_empty() {
        return Edited::Unchanged;
    }
    let mut splices = Splices::new(text);
    let lines = format!("{}\n", missing.join("\n"));
    splices.insert_lines_after(text.len(), &lines);
    Edited::Changed(splices.apply())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_at_the_end() {
        let new = ["pydantic>=2", "temporalio>=1.35"];
        let added = |text: &str| {
            let after = add(text, &new).into_text(text);
            assert_eq!(add(&after, &new), Edited::Unchanged);
            after
        };
        assert_eq!(added(""), "pydantic>=2\ntemporalio>=1.35\n");
        assert_eq!(
            added("fastapi # web\r\n-r base.txt\r\n"),
            "fastapi # web\r\n-r base.txt\r\npydantic>=2\r\ntemporalio>=1.35\r\n"
        );
        assert_eq!(
            added("Pydantic[email]==2.11 ; python_version > '3'"),
            "Pydantic[email]==2.11 ; python_version > '3'\ntemporalio>=1.35"
        );
        assert_eq!(
            lines("-r base.txt\n-cpins.txt # ours\n--requirement=a b.txt\n--no-index\n")
                .collect::<Vec<_>>(),
            [
                (1, Line::Include("base.txt")),
                (2, Line::Constraints("pins.txt")),
                (3, Line::Include("a b.txt")),
            ]
        );
        assert_eq!(
            added("#temporalio\n"),
            "#temporalio\npydantic>=2\ntemporalio>=1.35\n"
        );
    }
}
