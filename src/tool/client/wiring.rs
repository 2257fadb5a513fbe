//! The calls that start and stop Temporal with a web application.

use crate::change::Rank;
use crate::edit::Edited;
use crate::edit::python::{AppCall, Application, Import, Module, Place};
use crate::name::{Folder, RelPath};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Service, Wiring};
use crate::tool::Draft;

use super::choose_module::choices;
use super::local_modules;
use super::names::Names;

/// Refuse parent packages of the workflows that do what the sandbox does not allow: it loads
/// them for every execution.
pub(super) fn check_packages(draft: &mut Draft<'_>, service: &Service) {
    let project = draft.project();
    let source = service.source();
    let folders = source
        .and_parents()
        .take_while(|folder| *folder != service.root)
        .chain((!service.is_flat()).then(|| source.join(service.workflows).into()));
    for folder in folders {
        let path = folder.join("__init__.py");
        let found = project.of_module(&path, Module::forbidden_in_sandbox);
        if let Some((call, position)) = found.flatten() {
            draft.problem(
                Problem::new(
                    ErrorCode::Sandbox,
                    format!(
                        "`{path}` calls `{call}` when it is imported: Temporal's sandbox loads it \
                         for every execution, and does not allow this"
                    ),
                )
                .in_file(path)
                .at(Some(position))
                .hint("move that into a function, or into a module outside of `__init__.py`"),
            );
        }
    }
}

/// Start Temporal with a service.
pub(super) fn wire(draft: &mut Draft<'_>, service: &Service, names: &Names) {
    match &service.wiring {
        Wiring::Hooks => add_hooks(draft, service, names),
        Wiring::Application {
            module,
            application,
        } => attach(draft, service, names, module, application),
        Wiring::Several(all) => {
            let known: Vec<String> = all
                .iter()
                .map(|(module, application)| {
                    let line = application.position.line;
                    let name = application.name.as_deref().unwrap_or("without a name");
                    format!("`{name}` in `{module}:{line}`")
                })
                .collect();
            let Some((module, application)) = all.first() else {
                return;
            };
            let from = import_of(service, names, module);
            let app = application.name.as_deref().unwrap_or("app");
            let choice = match choices(service).as_slice() {
                [] => String::new(),
                choices => format!("choose with `--app` one of {}, or ", choices.join(", ")),
            };
            draft.problem(
                Problem::new(
                    ErrorCode::SeveralApplications,
                    format!(
                        "the service `{}` makes several web applications: {}",
                        service.name,
                        known.join(", ")
                    ),
                )
                .in_file(all.first().map(|(module, _)| module.clone()))
                .hint(format!(
                    "{choice}add this after the one that is served:\n\
                     from {from} import attach_temporal\n\nattach_temporal({app})"
                )),
            );
        }
        Wiring::Worker | Wiring::Existing { .. } | Wiring::SeveralWorkers(_) => {}
    }
}

/// How a module of a service imports the one that starts Temporal.
fn import_of(service: &Service, names: &Names, module: &RelPath) -> String {
    // The module may be in an inner folder.
    let source = service.source();
    let steps = source
        .steps_to(&Folder::of(module))
        .map(|steps| steps.len());
    match steps {
        Some(depth) => format!("{}{}", service.import_prefix(depth), names.start),
        None => service.module(names.start),
    }
}

/// Add the call that starts Temporal with an application.
fn attach(
    draft: &mut Draft<'_>,
    service: &Service,
    names: &Names,
    path: &RelPath,
    application: &Application,
) {
    let style = draft.project().python_style(service);
    let from = import_of(service, names, path);
    let import = Import::new(&from, &[("attach_temporal", None)], &style);
    let local = local_modules(draft.project(), service);
    let edited = match draft.module(path).as_deref() {
        Some(Ok(module)) => module.attach(
            &import,
            &local,
            application,
            AppCall::Function("attach_temporal"),
        ),
        Some(Err(error)) => Err(error.clone()),
        None => return,
    };
    if let Err(problem) = draft.apply(path, Rank::Hooks, edited) {
        draft.problem(problem);
    }
}

/// Add the calls to Bluetext's hooks.
fn add_hooks(draft: &mut Draft<'_>, service: &Service, names: &Names) {
    let path = service.source().join("init/__init__.py");
    let from = if service.is_relative && !service.is_flat() {
        names.start.replacen("init", "", 1)
    } else {
        service.module(names.start)
    };
    let from = from.as_str();
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
