//! The calls that start and stop Temporal with the API.

use crate::change::Rank;
use crate::edit::Edited;
use crate::edit::python::{Import, Place};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Layout, Service};
use crate::tool::Draft;

use super::local_modules;

/// Refuse a service with a module `conf.py` or `workflows.py`, which a package would shadow.
pub(super) fn name_is_shadowed(draft: &mut Draft<'_>, service: &Service) -> bool {
    let mut found = false;
    for package in ["conf", "workflows"] {
        let module = service.source().join(&format!("{package}.py"));
        if draft.exists(&module) {
            found = true;
            draft.problem(
                Problem::new(
                    ErrorCode::InTheWay,
                    format!("`{module}` would be shadowed by the new package `{package}`"),
                )
                .in_file(module)
                .hint(format!(
                    "move it to `{}`",
                    service.source().join(&format!("{package}/__init__.py"))
                )),
            );
        }
    }
    found
}

pub(super) fn add_hooks(draft: &mut Draft<'_>, service: &Service) {
    let path = service.source().join("init/__init__.py");
    let from = match service.layout {
        Layout::Package(_) => ".temporal",
        Layout::Flat => "init.temporal",
    };
    let style = draft.project().python_style(service);
    let names = [("deinit_temporal", None), ("init_temporal", None)];
    let import = Import::new(from, &names, &style);
    let parsed = draft.module(&path);
    // A syntax error is reported when the file is edited.
    let parsed = parsed.as_deref();
    let imported = match parsed {
        Some(Ok(module)) => module.imported(),
        Some(Err(_)) | None => Vec::new(),
    };
    let other = other_start(&imported, from);
    if let Some(other) = other {
        draft.warn(
            WarningCode::StartsTemporalAlready,
            format!(
                "the hooks import `{other}` and are left unchanged: they seem to start \
                 Temporal already; to start it with `init/temporal.py`, add\n{}\nand \
                 await `init_temporal(app)` in `init` and `deinit_temporal(app)` in `deinit`",
                import.statement
            ),
            Some(path),
        );
        return;
    }
    let local = local_modules(draft.project(), service);
    // Started last and stopped first: activities may need everything else.
    let calls = [
        ("init", "init_temporal", Place::Last),
        ("deinit", "deinit_temporal", Place::First),
    ];
    let edited = match parsed {
        Some(Ok(module)) => module.add_calls(&import, &local, &calls),
        Some(Err(error)) => Err(error.clone()),
        None => Ok(Edited::Unchanged),
    };
    let Err(problem) = draft.apply(&path, Rank::Hooks, edited) else {
        return;
    };
    // The file cannot be edited, but the user has already added the imports.
    let is_done = calls.iter().all(|(_, called, _)| {
        let name = format!("{from}.{called}");
        imported.contains(&name)
    });
    if is_done {
        draft.warn(
            WarningCode::HooksByHand,
            format!("`{path}` imports the hooks and is left unchanged: check that it calls them"),
            Some(path),
        );
    } else {
        draft.problem(problem);
    }
}

/// A Temporal-related import of a hook file other than the generated module.
fn other_start<'i>(imported: &'i [String], from: &str) -> Option<&'i String> {
    let own = format!("{from}.");
    if imported.iter().any(|name| name.starts_with(&own)) {
        return None;
    }
    imported
        .iter()
        .find(|name| name.to_lowercase().contains("temporal"))
}
