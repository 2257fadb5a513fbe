//! Includes the routes of a workflow in the service's FastAPI application.

use crate::change::Rank;
use crate::edit::Position;
use crate::edit::python::{AppCall, Application, Framework, Import, Module};
use crate::name::{Folder, RelPath};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Project, Service, starts_temporal};
use crate::python::{Style, WorkflowName};
use crate::tool::Draft;
use crate::tool::client;

/// Refuse routes for a service without a FastAPI application that starts Temporal, and routes
/// that would hide some of the service's own.
pub(super) fn check(
    project: &Project,
    service: &Service,
    name: &WorkflowName,
) -> Result<(), Problem> {
    if service.wiring.framework() == Some(Framework::FastApi) {
        return check_path(project, service, name);
    }
    let message = if service.wiring.workers().is_empty() {
        format!(
            "`--route` needs a FastAPI application, and the service `{}` has none",
            service.name
        )
    } else {
        format!(
            "`--route` needs an application that starts Temporal, and the service `{}` makes its \
             worker by hand",
            service.name
        )
    };
    Err(Problem::new(ErrorCode::NoApplication, message)
        .hint("leave `--route` out, and start the workflow with the commands of the report"))
}

/// Refuse if a module of the service names the path of the routes.
fn check_path(project: &Project, service: &Service, name: &WorkflowName) -> Result<(), Problem> {
    let path = format!("/{name}");
    let is_own = |module: &RelPath| {
        let folder = service.source().join(service.workflows);
        let tests = service.folder.join("tests");
        Folder::from(folder).relative(module).is_some()
            || Folder::from(tests).relative(module).is_some()
    };
    let modules = project
        .inside(&service.folder)
        .filter(|module| module.has_extension("py") && !is_own(module));
    for module in modules {
        let text = project.text(module).unwrap_or_default();
        let found = ["\"", "'"].into_iter().find_map(|quote| {
            let begin = format!("{quote}{path}");
            let mut places = text.match_indices(&begin);
            let is_path = |at: usize| {
                let rest = &text[at + begin.len()..];
                rest.starts_with(quote) || rest.starts_with('/') || rest.starts_with('{')
            };
            places.find_map(|(at, _)| is_path(at).then_some(at))
        });
        if let Some(at) = found {
            return Err(Problem::new(
                ErrorCode::Conflict,
                format!("the service has the path `{path}`, which routes of `{name}` would hide"),
            )
            .in_file(module.clone())
            .at(Some(Position::of(text, at)))
            .hint("choose another name for the workflow, or leave `--route` out"));
        }
    }
    Ok(())
}

/// Repeat the warning that the routes are not included, while they are not.
pub(super) fn warn_if_left_out(
    draft: &mut Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    style: &Style,
) {
    let project = draft.project();
    let snake = name.snake();
    let routes = [
        format!(".{snake}.routes"),
        format!(".{snake}.routes.router"),
    ];
    let is_imported = |module: &RelPath| {
        // Only a module that names it is parsed.
        let is_named = |text: &str| text.contains(snake) && text.contains("routes");
        let module = project
            .text(module)
            .is_some_and(is_named)
            .then(|| project.module(module));
        let module = module.flatten();
        let module = module.as_deref().and_then(|module| module.as_ref().ok());
        let imported = module.map(Module::imported_modules).unwrap_or_default();
        imported.iter().any(|(_, module, item)| {
            let full = match item {
                Some(item) => format!(".{module}.{item}"),
                None => format!(".{module}"),
            };
            routes.iter().any(|routes| full.ends_with(routes))
        })
    };
    let source = service.source();
    let own = Folder::from(source.join(service.workflows));
    let mut others = project
        .inside(&source)
        .filter(|module| module.has_extension("py") && own.relative(module).is_none());
    if application(project, service).is_none() && !others.any(is_imported) {
        warn_of_router(draft, service, name, style);
    }
}

/// Print the lines that include the routes.
fn warn_of_router(draft: &mut Draft<'_>, service: &Service, name: &WorkflowName, style: &Style) {
    let import = import_of(service, name, None, style);
    let bound = bound(name);
    draft.warn(
        WarningCode::NotRouted,
        format!(
            "several applications could have the routes of `{name}`: add this after the one that \
             is served:\n{}\n\napp.include_router({bound})",
            import.statement
        ),
        None,
    );
}

/// The name of a workflow's router in the module of the application.
fn bound(name: &WorkflowName) -> String {
    format!("{}_router", name.snake())
}

/// The import of a workflow's router, in a module of the service or from anywhere.
fn import_of(
    service: &Service,
    name: &WorkflowName,
    module: Option<&RelPath>,
    style: &Style,
) -> Import {
    let routes = format!("{}.{}.routes", service.workflows, name.snake());
    let source = service.source();
    let depth = module.and_then(|module| {
        let folder = Folder::of(module);
        source.steps_to(&folder).map(|steps| steps.len())
    });
    let from = match depth {
        Some(depth) => format!("{}{routes}", service.import_prefix(depth)),
        None => service.module(&routes),
    };
    Import::new(&from, &[("router", Some(&bound(name)))], style)
}

/// Include the routes in the application that starts Temporal.
pub(super) fn include(
    draft: &mut Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    style: &Style,
) -> Result<(), Problem> {
    let project = draft.project();
    let Some((path, application)) = application(project, service) else {
        warn_of_router(draft, service, name, style);
        return Ok(());
    };
    let import = import_of(service, name, Some(path), style);
    let bound = bound(name);
    let local = client::local_modules(project, service);
    let call = AppCall::Router(&bound);
    let before = project.module(path);
    let before = before.as_deref().and_then(|module| module.as_ref().ok());
    let before = before.map(Module::applications).unwrap_or_default();
    let edited = match draft.module(path).as_deref() {
        Some(Ok(module)) => {
            // The routers of other workflows have moved it, and are no applications.
            let index = before.iter().position(|found| found == application);
            let mut now = module.applications();
            let application = match index.filter(|index| *index < now.len()) {
                Some(index) => &now.swap_remove(index),
                None => application,
            };
            module.attach(&import, &local, application, call)
        }
        Some(Err(error)) => Err(error.clone()),
        None => return Ok(()),
    };
    draft.apply(path, Rank::Hooks, edited)
}

/// The FastAPI application of a service: the only one, or the one that Temporal is attached to.
fn application<'s>(
    project: &Project,
    service: &'s Service,
) -> Option<(&'s RelPath, &'s Application)> {
    let all = service
        .applications
        .iter()
        .filter(|(_, application)| application.framework == Framework::FastApi);
    let attached = all
        .clone()
        .filter(|(path, application)| starts_temporal(project, path, application));
    let only = |mut found: Vec<&'s (RelPath, Application)>| match found.len() {
        1 => found.pop(),
        _ => None,
    };
    let found = only(attached.collect()).or_else(|| only(all.collect()))?;
    Some((&found.0, &found.1))
}
