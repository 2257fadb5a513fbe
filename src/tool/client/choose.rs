//! Selects the service that gets the client.

use crate::name::{RelPath, ServiceName};
use crate::problem::{ErrorCode, Problem};
use crate::project::{Layout, MODULE_FOLDERS, Project, Service};

use super::DEFAULT_SERVICE;
use crate::tool::Draft;

/// The selected service, and whether it must be created.
pub(super) fn choose_service(
    draft: &mut Draft<'_>,
    asked: Option<&ServiceName>,
) -> Option<(Service, bool)> {
    let services = draft.project().services();
    if services.is_empty() {
        return Some((new_service(draft.project(), asked), true));
    }
    let name = asked
        .map(ServiceName::as_str)
        .or_else(|| default_service(services));
    let found = services
        .iter()
        .find(|service| Some(service.name.as_str()) == name);
    if let Some(found) = found {
        return Some((found.clone(), false));
    }
    let known: Vec<String> = services.iter().map(|s| format!("`{}`", s.name)).collect();
    let (what, folder) = match asked {
        Some(name) => (
            format!("there is no Python service `{name}` with start-up hooks"),
            Some(name),
        ),
        None => ("the project has several Python services".to_owned(), None),
    };
    draft.problem(
        Problem::new(ErrorCode::UnknownService, what)
            .in_file(folder.and_then(|name| folder_named(draft.project(), name)))
            .hint(format!(
                "{}`--service` takes one of {}",
                meant(services, asked),
                known.join(", ")
            )),
    );
    None
}

/// The default service: the only one, else `api`. Without any service, `api` is the name of the
/// new one. `None` if the user must name a service.
pub(in crate::tool) fn default_service(services: &[Service]) -> Option<&str> {
    match services {
        [] => Some(DEFAULT_SERVICE),
        [only] => Some(only.name.as_str()),
        several => several
            .iter()
            .map(|service| service.name.as_str())
            .find(|name| *name == DEFAULT_SERVICE),
    }
}

/// A hint with the service whose name is closest to a mistyped one.
pub(in crate::tool) fn meant(services: &[Service], asked: Option<&ServiceName>) -> String {
    const CLOSE: f64 = 0.7;
    let Some(asked) = asked else {
        return String::new();
    };
    let closeness = |service: &Service| strsim::jaro(asked.as_str(), service.name.as_str());
    let closest = services
        .iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)))
        .filter(|service| closeness(service) > CLOSE);
    closest.map_or_else(String::new, |service| {
        format!("did you mean `{}`? ", service.name)
    })
}

fn folder_named(project: &Project, name: &ServiceName) -> Option<RelPath> {
    MODULE_FOLDERS
        .iter()
        .map(|folder| RelPath::literal(folder).join(name.as_str()))
        .find(|folder| project.entry(folder).is_some())
}

/// A new service in the layout that matches the project's generation.
fn new_service(project: &Project, asked: Option<&ServiceName>) -> Service {
    let name = match asked {
        Some(name) => name.clone(),
        None => match DEFAULT_SERVICE.parse() {
            Ok(name) => name,
            Err(error) => unreachable!("{error}"),
        },
    };
    let services = RelPath::literal("services");
    if project.below(&services).next().is_some() {
        Service {
            folder: services.join(name.as_str()),
            name,
            layout: Layout::Flat,
        }
    } else {
        Service {
            folder: RelPath::literal("modules").join(name.as_str()),
            name,
            layout: Layout::Package("backend".to_owned()),
        }
    }
}
