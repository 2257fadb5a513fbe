//! Files for AI agents: the configuration of an MCP client, and a section of `AGENTS.md`.

use serde_json::Value;

use super::Refused;
use crate::change::{Change, Rank};
use crate::edit::{Edited, json};
use crate::name::RelPath;
use crate::plan::{Left, Plan, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, Project};
use crate::record::{Hash, folded};

/// The file that agents read.
const AGENTS: &str = "AGENTS.md";

/// The marks around the section. The first one has the hash of what is between them, and the
/// number of line ends that were added above.
const BEGIN: &str = "<!-- bluetext: begin ";
const END: &str = "<!-- bluetext: end -->";

/// Put the configuration of an MCP client into a JSON file of the project.
///
/// # Errors
///
/// [`Refused`] if the file cannot be edited; the hint has the lines.
pub fn configure(
    project: &Project,
    path: &RelPath,
    members: &[&str],
    value: &Value,
) -> Result<Plan, Refused> {
    let before = text_of(project, path)?;
    let edited = json::put(before.unwrap_or_default(), members, value);
    let edited = edited.map_err(|error| refused(Problem::of_edit(error, Some(path.clone()))))?;
    Ok(match edited {
        Edited::Unchanged => Plan::new(Vec::new(), vec![(path.clone(), Left::Unchanged)]),
        Edited::Changed(after) => changed(path, before, Some(after)),
    })
}

/// Add the section of `AGENTS.md`, or bring it to this version. One that somebody has changed
/// is kept unless `force`.
///
/// # Errors
///
/// [`Refused`] if the file cannot be read.
pub fn write_guide(project: &Project, section: &str, force: bool) -> Result<Plan, Refused> {
    let path = RelPath::literal(AGENTS);
    let before = text_of(project, &path)?;
    // In the line ends of the file.
    let is_crlf = before.is_some_and(|text| text.contains("\r\n"));
    let line_end = if is_crlf { "\r\n" } else { "\n" };
    let marked = |section: &str, gap| marked(section, gap).replace('\n', line_end);
    let after = match before.map(parts) {
        None => marked(section, 0),
        Some(Parts::Without(text)) => {
            let gap = match text {
                "" => 0,
                text if folded(text).ends_with("\n\n") => 0,
                text if text.ends_with('\n') => 1,
                _ => 2,
            };
            format!("{text}{}{}", line_end.repeat(gap), marked(section, gap))
        }
        Some(Parts::With {
            before: above,
            gap,
            is_changed,
            after: below,
        }) if !is_changed || force => format!("{above}{}{below}", marked(section, gap)),
        Some(Parts::With { .. }) => return Ok(kept(&path, "`--force` replaces it")),
        Some(Parts::WithoutEnd) => return Err(without_end(path)),
    };
    if before == Some(after.as_str()) {
        return Ok(Plan::new(Vec::new(), vec![(path, Left::Unchanged)]));
    }
    Ok(changed(&path, before, Some(after)))
}

/// Remove the section of `AGENTS.md`, and the file if it has nothing else.
///
/// # Errors
///
/// [`Refused`] if the file cannot be read, or has no section.
pub fn remove_guide(project: &Project, force: bool) -> Result<Plan, Refused> {
    let path = RelPath::literal(AGENTS);
    let before = text_of(project, &path)?;
    match before.map(parts) {
        Some(Parts::With {
            before: above,
            gap,
            is_changed,
            after: below,
        }) => {
            if is_changed && !force {
                return Ok(kept(&path, "`--force` removes it"));
            }
            let mut above = above;
            for _ in 0..gap {
                let shorter = above.strip_suffix("\r\n").or(above.strip_suffix('\n'));
                above = shorter.unwrap_or(above);
            }
            let rest = format!("{above}{below}");
            let after = (!rest.trim().is_empty()).then_some(rest);
            Ok(changed(&path, before, after))
        }
        Some(Parts::WithoutEnd) => Err(without_end(path)),
        _ => Err(refused(
            Problem::new(
                ErrorCode::NotOnRecord,
                "`AGENTS.md` has no section of bluetext",
            )
            .in_file(path),
        )),
    }
}

/// A text with or without the section.
enum Parts<'t> {
    Without(&'t str),
    /// It begins, and does not end.
    WithoutEnd,
    With {
        before: &'t str,
        gap: usize,
        is_changed: bool,
        after: &'t str,
    },
}

fn parts(text: &str) -> Parts<'_> {
    let mut begun: Option<Begun<'_>> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        if let Some(mark) = mark_of(content) {
            // Of several, the one that is followed by the end counts.
            begun = Some(Begun { mark, at, end });
        } else if let (END, Some(begun)) = (content, &begun) {
            let section = folded(&text[begun.end..at]);
            return Parts::With {
                before: &text[..begun.at],
                gap: begun.mark.1,
                is_changed: short_hash(&section) != begun.mark.0,
                after: &text[end..],
            };
        }
        at = end;
    }
    match begun {
        Some(_) => Parts::WithoutEnd,
        None => Parts::Without(text),
    }
}

/// A first mark: what it says, its start and the end of its line.
struct Begun<'t> {
    mark: (&'t str, usize),
    at: usize,
    end: usize,
}

/// The hash and the number of line ends that a first mark names.
fn mark_of(line: &str) -> Option<(&str, usize)> {
    let mark = line.strip_prefix(BEGIN)?.strip_suffix(" -->")?;
    let (hash, gap) = mark.split_once(' ')?;
    let gap = gap.parse().ok().filter(|gap| *gap <= 2)?;
    Some((hash, gap))
}

fn marked(section: &str, gap: usize) -> String {
    format!("{BEGIN}{} {gap} -->\n{section}{END}\n", short_hash(section))
}

fn without_end(path: RelPath) -> Refused {
    let message = format!("the section of bluetext in `{path}` has no end");
    refused(
        Problem::new(ErrorCode::UnknownShape, message)
            .in_file(path)
            .hint(format!(
                "add the line `{END}` below it, or remove the line `{BEGIN}…`"
            )),
    )
}

fn short_hash(section: &str) -> String {
    Hash::of(section).as_str().chars().take(12).collect()
}

fn text_of<'p>(project: &'p Project, path: &RelPath) -> Result<Option<&'p str>, Refused> {
    match project.entry(path) {
        None => Ok(None),
        // The plan is made again with its text.
        Some(Content::Unread) => {
            project.want(path);
            Ok(None)
        }
        Some(Content::Text(text)) => Ok(Some(text)),
        Some(Content::Folder) => {
            let message = format!("`{path}` is a folder");
            Err(refused(
                Problem::new(ErrorCode::InTheWay, message).in_file(path.clone()),
            ))
        }
        Some(Content::Unreadable(reason)) => {
            let message = format!("`{path}` cannot be read: {reason}");
            Err(refused(
                Problem::new(ErrorCode::Unreadable, message).in_file(path.clone()),
            ))
        }
    }
}

fn changed(path: &RelPath, before: Option<&str>, after: Option<String>) -> Plan {
    let change = Change {
        path: path.clone(),
        before: before.map(str::to_owned),
        after,
        rank: Rank::New,
    };
    Plan::new(vec![change], Vec::new())
}

fn kept(path: &RelPath, hint: &str) -> Plan {
    let mut plan = Plan::new(Vec::new(), vec![(path.clone(), Left::Kept)]);
    plan.notes.warnings.push(Warning {
        code: WarningCode::Kept,
        message: format!(
            "the section of bluetext in `{path}` has been changed, and is kept; {hint}"
        ),
        path: Some(path.clone()),
    });
    plan
}

fn refused(problem: Problem) -> Refused {
    Refused {
        problems: vec![problem],
        next: Vec::new(),
    }
}
