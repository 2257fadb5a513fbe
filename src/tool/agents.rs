//! Files for AI agents: the configuration of an MCP client, and a section of `AGENTS.md`.

use serde_json::Value;

use super::Refused;
use crate::change::{Change, Rank};
use crate::edit::{Edited, json};
use crate::name::RelPath;
use crate::plan::{Left, Plan, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, Project};
use crate::record::Hash;

/// The file that agents read.
const AGENTS: &str = "AGENTS.md";

/// The marks around the section. The first one has the hash of what is between them, and the
/// number of line ends that were added above.
const BEGIN: &str = "<!-- bluetext: begin ";
const END: &str = "<!-- bluetext: end -->\n";

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
    let after = match before.map(parts) {
        None => marked(section, 0),
        Some(Parts::Without(text)) => {
            let gap = match text {
                "" => 0,
                text if text.ends_with("\n\n") => 0,
                text if text.ends_with('\n') => 1,
                _ => 2,
            };
            format!("{text}{}{}", "\n".repeat(gap), marked(section, gap))
        }
        Some(Parts::With {
            before: above,
            gap,
            is_changed,
            after: below,
        }) if !is_changed || force => format!("{above}{}{below}", marked(section, gap)),
        Some(Parts::With { .. }) => return Ok(kept(&path, "`--force` replaces it")),
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
            let above = above.strip_suffix(&"\n".repeat(gap)).unwrap_or(above);
            let rest = format!("{above}{below}");
            let after = (!rest.trim().is_empty()).then_some(rest);
            Ok(changed(&path, before, after))
        }
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
    With {
        before: &'t str,
        gap: usize,
        is_changed: bool,
        after: &'t str,
    },
}

fn parts(text: &str) -> Parts<'_> {
    let found = text.find(BEGIN).and_then(|start| {
        let (mark, inner) = text[start + BEGIN.len()..].split_once(" -->\n")?;
        let (hash, gap) = mark.split_once(' ')?;
        let (section, after) = inner.split_once(END)?;
        Some(Parts::With {
            before: &text[..start],
            gap: gap.parse().ok()?,
            is_changed: short_hash(section) != hash,
            after,
        })
    });
    found.unwrap_or(Parts::Without(text))
}

fn marked(section: &str, gap: usize) -> String {
    format!("{BEGIN}{} {gap} -->\n{section}{END}", short_hash(section))
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
