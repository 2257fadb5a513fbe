//! The hook for what the activities of a service share.

use crate::edit::python::Module;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Content, Project, Service};

use super::names::{Names, file_of};

/// The module with what the activities of a service share.
pub(super) const DEPENDENCIES: &str = "dependencies";

/// Whether a module of a service is the hook for what its activities share.
fn is_hook(project: &Project, path: &RelPath) -> bool {
    let defined = project.of_module(path, Module::definitions);
    let defined = defined.unwrap_or_default();
    let has = |name: &str| defined.iter().any(|defined| defined == name);
    has("Dependencies") && has("open_dependencies")
}

/// Whether what a service generates uses the hook for what activities share: not in a service
/// whose worker was generated without it, and not if the user has another module of that name.
pub(super) fn adds_dependencies(project: &Project, service: &Service) -> bool {
    let path = dependencies_file(service);
    project.entry(&path).is_none() || is_hook(project, &path)
}

/// The file of that module.
pub(super) fn dependencies_file(service: &Service) -> RelPath {
    let folder = service.source().join(service.workflows);
    folder.join(&format!("{DEPENDENCIES}.py"))
}

/// Whether the worker of a service opens what its activities share, so that they are methods of
/// a class that is given it.
pub(in crate::tool) fn has_dependencies(
    project: &Project,
    service: &Service,
) -> Result<bool, Problem> {
    let names = Names::of(project, service);
    let starts = [names.worker, names.start].map(|module| service.source().join(&file_of(module)));
    let hook = dependencies_file(service);
    for path in starts.iter().chain([&hook]) {
        if let Some(Content::Unreadable(reason)) = project.entry(path) {
            let message = format!("`{path}` cannot be read: {reason}");
            return Err(Problem::new(ErrorCode::Unreadable, message).in_file(path.clone()));
        }
    }
    let mut opens = starts.iter().filter_map(|path| project.text(path));
    Ok(is_hook(project, &hook) && opens.any(|text| text.contains("dependencies=")))
}
