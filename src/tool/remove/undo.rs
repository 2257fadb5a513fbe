//! Takes out of a project what a record says was added.

use crate::change::Rank;
use crate::edit::undo::{Language, take_out};
use crate::edit::yaml::Document;
use crate::name::RelPath;
use crate::problem::WarningCode;
use crate::project::{Content, POLYTOPE_FILE};
use crate::record::{self, Hash, Record};
use crate::tool::Draft;

/// Undo everything of a record: edits are taken out, and files that nobody has changed are
/// removed. What somebody has changed is kept and stays on record.
///
/// The record that the command starts from has the rank of records: it is removed last, so that
/// the same command completes what a killed run has left.
pub(super) fn undo(draft: &mut Draft<'_>, path: &RelPath, mut record: Record, rank: Rank) {
    for (file, insertions) in record::paths(&record.edited) {
        let Some(text) = draft.text(&file) else {
            continue;
        };
        let taken = take_out(Language::of(file.file_name()), text, insertions);
        let (mut rest, mut all_left) = (taken.text, taken.left);
        if draft.is_forced() {
            all_left.retain(|left| match without_tools(&rest, left) {
                Some(text) => {
                    rest = text;
                    false
                }
                None => true,
            });
        }
        if draft.text(&file) != Some(&rest) {
            draft.replace(file.clone(), rest, rank_of(&file));
        }
        for left in all_left {
            let is_tool = left.contains(" args:") && !draft.is_forced();
            let how = if is_tool {
                "`--force` removes it"
            } else {
                "remove it by hand"
            };
            draft.warn(
                WarningCode::NotRemoved,
                format!(
                    "`{file}` keeps what has been edited since it was added; {how}:\n{}",
                    left.trim_end_matches('\n')
                ),
                Some(file.clone()),
            );
        }
    }
    record.edited.clear();
    for files in [&mut record.library, &mut record.created] {
        files.retain(|file, hash| {
            let Ok(file) = file.parse() else {
                return false;
            };
            remove_file(draft, &file, hash)
        });
    }
    if record.library.is_empty() && record.created.is_empty() {
        draft.remove(path.clone(), rank);
    } else {
        record.workflow = None;
        record.options.clear();
        record.is_left = true;
        draft.replace(path.clone(), record.to_string(), rank);
    }
}

/// A `polytope.yml` without the tools that an edit has added, whatever they contain by now.
fn without_tools(text: &str, added: &str) -> Option<String> {
    let names = added.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.trim_end().strip_suffix(':')?;
        (!name.starts_with([' ', '#'])).then_some(name)
    });
    let mut rest = None;
    for name in names {
        let document = Document::parse(rest.as_deref().unwrap_or(text)).ok()?;
        rest = Some(document.without_tool(name)?);
    }
    rest
}

/// Remove a file, unless somebody has changed it. Returns whether it is kept.
fn remove_file(draft: &mut Draft<'_>, file: &RelPath, hash: &Hash) -> bool {
    if let Some(Content::Unread) = draft.project().entry(file) {
        draft.project().want(file);
        return false;
    }
    let Some(text) = draft.text(file) else {
        return false;
    };
    if Hash::of(text) == *hash || draft.is_forced() {
        draft.remove(file.clone(), rank_of(file));
        return false;
    }
    draft.keep(
        file.clone(),
        format!("`{file}` has been changed since it was written and is kept; `--force` removes it"),
    );
    true
}

/// Whether a file is as it was written; `None` if it is gone.
pub(super) fn is_unchanged(draft: &Draft<'_>, file: &RelPath, hash: &Hash) -> Option<bool> {
    if let Some(Content::Unread) = draft.project().entry(file) {
        draft.project().want(file);
        return Some(true);
    }
    draft.text(file).map(|text| Hash::of(text) == *hash)
}

/// When a file is changed or removed: the opposite of the order in which files are added.
fn rank_of(file: &RelPath) -> Rank {
    match file.file_name() {
        POLYTOPE_FILE if file.parent().is_none() => Rank::RootPolytope,
        POLYTOPE_FILE => Rank::ServicePolytope,
        "registry.py" => Rank::Registry,
        "pyproject.toml" => Rank::Dependencies,
        "__init__.py" if file.as_str().ends_with("temporal_client/__init__.py") => Rank::Library,
        "__init__.py" if file.as_str().ends_with("init/__init__.py") => Rank::Hooks,
        "main.py" => Rank::Hooks,
        _ => Rank::New,
    }
}
