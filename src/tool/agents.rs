//! Files for AI agents: the configuration of an MCP client, and a section of `AGENTS.md`.

use serde_json::Value;

use super::{Draft, Refused};
use crate::change::Rank;
use crate::edit::{Edited, json};
use crate::name::RelPath;
use crate::plan::Plan;
use crate::problem::{ErrorCode, Problem};
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
    edit(project, path, false, |draft, before| {
        let edited = json::put(before.unwrap_or_default(), members, value);
        draft.apply(path, Rank::New, edited)
    })
}

/// Add the section of `AGENTS.md`, or bring it to this version. One that somebody has changed
/// is kept unless `force`.
///
/// # Errors
///
/// [`Refused`] if the file cannot be read, or the section has no end.
pub fn write_guide(project: &Project, section: &str, force: bool) -> Result<Plan, Refused> {
    let path = RelPath::literal(AGENTS);
    edit(project, &path, force, |draft, before| {
        // In the line ends of the file.
        let is_crlf = before.is_some_and(|text| text.contains("\r\n"));
        let line_end = if is_crlf { "\r\n" } else { "\n" };
        let marked = |gap| marked(section, gap).replace('\n', line_end);
        let after = match before.map(parts) {
            None => marked(0),
            Some(Parts::Without(text)) => {
                let gap = match text {
                    "" => 0,
                    text if folded(text).ends_with("\n\n") => 0,
                    text if text.ends_with('\n') => 1,
                    _ => 2,
                };
                format!("{text}{}{}", line_end.repeat(gap), marked(gap))
            }
            Some(Parts::With {
                before: above,
                gap,
                is_changed,
                after: below,
            }) if !is_changed || draft.is_forced() => format!("{above}{}{below}", marked(gap)),
            Some(Parts::With { .. }) => {
                keep(draft, &path, "`--force` replaces it");
                return Ok(());
            }
            Some(Parts::WithoutEnd) => return Err(without_end(&path)),
        };
        draft.apply(&path, Rank::New, Ok(Edited::Changed(after)))
    })
}

/// Remove the section of `AGENTS.md`, and the file if it has nothing else.
///
/// # Errors
///
/// [`Refused`] if the file cannot be read, has no section, or the section has no end.
pub fn remove_guide(project: &Project, force: bool) -> Result<Plan, Refused> {
    let path = RelPath::literal(AGENTS);
    edit(project, &path, force, |draft, before| {
        match before.map(parts) {
            Some(Parts::With { is_changed, .. }) if is_changed && !draft.is_forced() => {
                keep(draft, &path, "`--force` removes it");
            }
            Some(Parts::With {
                before: mut above,
                gap,
                after: below,
                ..
            }) => {
                for _ in 0..gap {
                    let shorter = above.strip_suffix("\r\n").or(above.strip_suffix('\n'));
                    above = shorter.unwrap_or(above);
                }
                let rest = format!("{above}{below}");
                if rest.trim().is_empty() {
                    draft.remove(path.clone(), Rank::New);
                } else {
                    draft.replace(path.clone(), rest, Rank::New);
                }
            }
            Some(Parts::WithoutEnd) => return Err(without_end(&path)),
            Some(Parts::Without(_)) | None => {
                let message = "`AGENTS.md` has no section of bluetext";
                let problem = Problem::new(ErrorCode::NotOnRecord, message);
                return Err(problem.in_file(path.clone()));
            }
        }
        Ok(())
    })
}

/// Plan the edit of one file, which may not be there yet.
fn edit(
    project: &Project,
    path: &RelPath,
    force: bool,
    edit: impl FnOnce(&mut Draft<'_>, Option<&str>) -> Result<(), Problem>,
) -> Result<Plan, Refused> {
    let mut draft = Draft::new(project, force);
    match (project.entry(path), draft.current(path)) {
        // The plan is made again with its text.
        (Some(Content::Unread), _) => project.want(path),
        (_, Ok(before)) => {
            if let Err(problem) = edit(&mut draft, before.as_deref()) {
                draft.problem(problem);
            }
        }
        // The draft has the problem.
        (_, Err(())) => {}
    }
    draft.finish()
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

fn without_end(path: &RelPath) -> Problem {
    let message = format!("the section of bluetext in `{path}` has no end");
    Problem::new(ErrorCode::UnknownShape, message)
        .in_file(path.clone())
        .hint(format!(
            "add the line `{END}` below it, or remove the line `{BEGIN}…`"
        ))
}

fn short_hash(section: &str) -> String {
    Hash::of(section).as_str().chars().take(12).collect()
}

fn keep(draft: &mut Draft<'_>, path: &RelPath, hint: &str) {
    let message =
        format!("the section of bluetext in `{path}` has been changed, and is kept; {hint}");
    draft.keep(path.clone(), message);
}
