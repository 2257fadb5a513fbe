//! Finds what refers to files and tools that are removed: nothing may refer to what is gone.

use std::collections::BTreeSet;

use crate::edit::yaml::Step;
use crate::name::{Folder, RelPath};
use crate::problem::{ErrorCode, Problem};
use crate::project::{PolytopeFile, Service};
use crate::tool::{Draft, tool_of};

/// Refuse the plan if a module that stays imports a module that is removed. Kept files of the
/// step itself are listed instead.
pub(super) fn check_imports(draft: &mut Draft<'_>, service: &Service) {
    let removed: BTreeSet<RelPath> = draft.removed().cloned().collect();
    let project = draft.project();
    let modules: Vec<RelPath> = project
        .inside(&service.folder)
        .filter(|path| path.has_extension("py") && !removed.contains(*path))
        .filter(|path| !draft.is_kept(path))
        .cloned()
        .collect();
    for path in modules {
        let module = draft.module(&path);
        let Some(Ok(module)) = module.as_deref() else {
            continue;
        };
        for (name, position) in module.imported_at() {
            let found = files_of(service, &path, &name).find(|file| removed.contains(file));
            if let Some(file) = found {
                draft.problem(
                    Problem::new(
                        ErrorCode::StillUsed,
                        format!("`{path}` imports `{name}`, and `{file}` would be removed"),
                    )
                    .in_file(path.clone())
                    .at(Some(position))
                    .hint("remove the import and what uses it, and call this again"),
                );
                break;
            }
        }
    }
}

/// The files that an imported name may be in: a module, a package, or a name in one of them.
fn files_of(service: &Service, from: &RelPath, name: &str) -> impl Iterator<Item = RelPath> {
    let rest = name.trim_start_matches('.');
    let root = match name.len() - rest.len() {
        0 => Some(service.root.clone()),
        dots => Folder::of(from).and_parents().nth(dots - 1),
    };
    let parts: Vec<String> = rest.split('.').map(str::to_owned).collect();
    let whole = parts.len();
    root.into_iter().flat_map(move |root| {
        let parts = parts.clone();
        (whole.saturating_sub(1)..=whole).flat_map(move |count| {
            let path = parts[..count].join("/");
            let names = if path.is_empty() {
                vec!["__init__.py".to_owned()]
            } else {
                vec![format!("{path}.py"), format!("{path}/__init__.py")]
            };
            let root = root.clone();
            names
                .into_iter()
                .filter_map(move |name| root.join_checked(&name))
        })
    })
}

/// Refuse the plan if a tool that stays calls a tool that is removed.
pub(super) fn check_calls(draft: &mut Draft<'_>) {
    let project = draft.project();
    let files: Vec<RelPath> = project.polytope_paths().cloned().collect();
    let mut before = BTreeSet::new();
    let mut after = Vec::new();
    for path in files {
        let file = project.polytope_file(&path);
        before.extend(
            file.into_iter()
                .flat_map(PolytopeFile::tools)
                .map(|tool| tool.name.to_owned()),
        );
        let text = draft.text(&path);
        let read = text.and_then(|text| PolytopeFile::read(path, text).ok());
        after.extend(read);
    }
    let still: BTreeSet<&str> = after
        .iter()
        .flat_map(PolytopeFile::tools)
        .map(|tool| tool.name)
        .collect();
    for tool in after.iter().flat_map(PolytopeFile::tools) {
        for called in tool.steps().filter_map(called_by) {
            if !before.contains(called) || still.contains(called) {
                continue;
            }
            // In the file as it is.
            let there = project.tool(tool.name).and_then(|there| {
                let index = there
                    .steps()
                    .position(|step| called_by(step) == Some(called))?;
                there.position_of(&[Step::Key("run"), Step::Item(index)])
            });
            let message = format!(
                "the tool `{}` calls `{called}`, which would be removed",
                tool.name
            );
            draft.problem(
                Problem::new(ErrorCode::StillUsed, message)
                    .in_file(tool.file.path.clone())
                    .at(there)
                    .hint(if tool_of(tool.name).is_some() {
                        "this tool has been edited: `--force` removes it"
                    } else {
                        "remove that step, and call this again"
                    }),
            );
        }
    }
    let removed: BTreeSet<RelPath> = draft.removed().cloned().collect();
    for file in &after {
        let mut includes = file.local_includes().into_iter();
        if let Some(target) = includes.find(|path| removed.contains(path)) {
            let message = format!(
                "`{}` includes `{target}`, which would be removed",
                file.path
            );
            draft.problem(
                Problem::new(ErrorCode::StillUsed, message)
                    .in_file(file.path.clone())
                    .hint("this include has been edited: remove it, and call this again"),
            );
        }
    }
}

/// The tool that a step calls, if it calls one.
fn called_by(step: &serde_yaml::Value) -> Option<&str> {
    step.get("tool")?.as_str()
}
