//! Edits `requirements.txt`: adds requirements at the end.

use super::{Edited, Splices};
use crate::edit::toml::requirement_name;

/// The requirements of a file, each with its line from 1; comments and options are left out.
#[must_use]
pub fn requirements(text: &str) -> Vec<(usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            // A comment begins at the start of a line, or after white space.
            let comment = line
                .match_indices('#')
                .find(|(at, _)| *at == 0 || line[..*at].ends_with(char::is_whitespace));
            let line = comment.map_or(line, |(at, _)| &line[..at]).trim();
            let line = line.trim_end_matches('\\').trim();
            let is_requirement = line.starts_with(|c: char| c.is_ascii_alphanumeric());
            is_requirement.then_some((index + 1, line))
        })
        .collect()
}

/// Add the requirements whose names the file does not have.
#[must_use]
pub fn add(text: &str, new: &[&str]) -> Edited {
    let present: Vec<String> = requirements(text)
        .into_iter()
        .map(|(_, line)| requirement_name(line))
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
    if text.is_empty() || text.ends_with('\n') {
        splices.insert(text.len(), &lines);
    } else {
        splices.insert_lines_after(text.len(), &lines);
    }
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
            added("#temporalio\n"),
            "#temporalio\npydantic>=2\ntemporalio>=1.35\n"
        );
    }
}
