//! Selects one of several applications or workers of a service.

use crate::edit::python::Application;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Project, Service, Wiring};

/// The service, with the workflows run by the worker that was asked for, or by the only one.
pub(in crate::tool) fn chosen_worker(
    project: &Project,
    service: &Service,
    asked: Option<&str>,
) -> Result<Service, Problem> {
    if asked.is_none() && !matches!(service.wiring, Wiring::SeveralWorkers(_)) {
        return Ok(service.clone());
    }
    let is_asked = |module: &&RelPath| asked.is_some_and(|asked| names(asked, service, module));
    let mut matching = service.workers.iter().filter(is_asked);
    if let (Some(module), None) = (matching.next(), matching.next()) {
        let chosen = Wiring::Existing {
            module: module.clone(),
            is_worker: true,
        };
        return Ok(project.with_wiring(service, chosen));
    }
    let message = match asked {
        Some(asked) => format!(
            "no module `{}` of the service `{}` makes a Temporal worker",
            asked.escape_debug(),
            service.name
        ),
        None => format!(
            "several modules of the service `{}` make Temporal workers",
            service.name
        ),
    };
    let known = service.workers.iter().map(|module| format!("`{module}`"));
    let known = known.collect::<Vec<_>>().join(", ");
    let hint = match service.workers.as_slice() {
        [] => "the service makes no worker by hand: leave `--worker` out".to_owned(),
        _ => format!("`--worker` takes one of {known}"),
    };
    Err(Problem::new(ErrorCode::SeveralWorkers, message)
        .in_file(service.workers.first().cloned())
        .hint(hint))
}

/// The service, with Temporal started by the application that was asked for.
pub(super) fn with_app(
    project: &Project,
    service: &Service,
    asked: &str,
) -> Result<Service, Problem> {
    let all = &service.applications;
    if let [only] = selected(service, asked).as_slice() {
        return Ok(project.with_wiring(service, Wiring::with(only)));
    }
    let hint = match (all.as_slice(), choices(service)) {
        ([], _) => "the service makes no web application: leave `--app` out".to_owned(),
        (_, known) if known.is_empty() => {
            "leave `--app` out: the error then has the lines to add".to_owned()
        }
        (_, known) => format!("`--app` takes one of {}", known.join(", ")),
    };
    let message = format!(
        "`{}` is not one application of the service `{}`",
        asked.escape_debug(),
        service.name
    );
    Err(Problem::new(ErrorCode::SeveralApplications, message).hint(hint))
}

/// The values of `--app` that each select one of a service's applications, in code quotes.
pub(super) fn choices(service: &Service) -> Vec<String> {
    let values = service
        .applications
        .iter()
        .map(|(module, application)| app_of(module, application));
    values
        .filter(|value| selected(service, value).len() == 1)
        .map(|value| format!("`{value}`"))
        .collect()
}

/// The applications that `MODULE` or `MODULE:NAME` names.
fn selected<'s>(service: &'s Service, asked: &str) -> Vec<&'s (RelPath, Application)> {
    let (path, name) = match asked.split_once(':') {
        Some((path, name)) => (path, Some(name)),
        None => (asked, None),
    };
    let is_asked = |(module, application): &&(RelPath, Application)| {
        let known = [application.name.as_deref(), application.function.as_deref()];
        names(path, service, module) && (name.is_none() || known.contains(&name))
    };
    service.applications.iter().filter(is_asked).collect()
}

/// How `--app` names an application: by its variable, or by the function that makes it.
fn app_of(module: &RelPath, application: &Application) -> String {
    let name = application.function.as_ref().or(application.name.as_ref());
    match name {
        Some(name) => format!("{module}:{name}"),
        None => module.to_string(),
    }
}

/// Whether a text names a module: by its path in the service's folder or in the project, or by
/// its dotted name.
fn names(text: &str, service: &Service, module: &RelPath) -> bool {
    let dotted = service.root.relative(module).map(|path| {
        let stem = path.strip_suffix(".py").unwrap_or(path);
        stem.replace('/', ".")
    });
    text == module.as_str()
        || service.folder.relative(module) == Some(text)
        || dotted.as_deref() == Some(text)
}
