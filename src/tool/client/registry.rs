//! Finds the lists of what the workers of a service run.

use crate::edit::python::Module;
use crate::name::{Folder, RelPath};
use crate::project::{Project, Service};

use super::names::library_folder;

/// Where a service lists what its workers run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tool) struct Registry {
    /// The module that holds the lists.
    pub path: RelPath,
    /// The name of that module, relative to the source folder.
    pub(super) module: String,
    /// The names of the lists of workflows and of activities: variables of the module, or
    /// arguments of its `Worker(…)` call.
    pub lists: [String; 2],
    /// The workflows that it lists, as they are written there.
    pub workflows: Vec<String>,
    /// The module that makes the worker by hand, if one does.
    worker: Option<RelPath>,
}

impl Registry {
    /// The names of the classes of the workflows that it lists.
    pub(in crate::tool) fn workflow_classes(&self) -> impl Iterator<Item = &str> {
        let items = self.workflows.iter();
        items.map(|item| item.rsplit('.').next().unwrap_or(item))
    }
}

impl Registry {
    /// Whether the lists are arguments of a `Worker(…)` call, or variables that it names.
    pub(in crate::tool) fn is_worker(&self) -> bool {
        self.worker.as_ref() == Some(&self.path)
    }
}

/// The prefix of imports of a workflow's package in a service's registry.
pub(in crate::tool) fn registry_import_prefix(service: &Service, registry: &Registry) -> String {
    // A worker made by hand is outside of the folder of the workflows.
    if let (true, Some(steps)) = (
        registry.worker.is_some() && service.is_relative && !service.is_flat(),
        service.source().steps_to(&Folder::of(&registry.path)),
    ) {
        return format!("{}{}.", ".".repeat(steps.len() + 1), service.workflows);
    }
    if service.is_flat() || !service.is_relative {
        format!("{}.", service.module(service.workflows))
    } else {
        ".".to_owned()
    }
}

/// The task queue of a service's worker, unless the environment names another one.
pub(in crate::tool) fn task_queue(project: &Project, registry: &Registry) -> String {
    let worker = registry.worker.as_ref();
    let queue = worker.and_then(|worker| project.of_module(worker, Module::worker_task_queue)?);
    queue.unwrap_or_else(|| "main-task-queue".to_owned())
}

/// Whether a service has the client: its library and a registry.
pub(in crate::tool) fn is_in(project: &Project, service: &Service) -> bool {
    let library = library_folder(service).join("__init__.py");
    project.entry(&library).is_some() && registry_of(project, service).is_some()
}

/// The registry of a service: `workflows/registry.py`, or `workflows/__init__.py` in projects
/// scaffolded by an older tool.
pub(in crate::tool) fn registry_of(project: &Project, service: &Service) -> Option<Registry> {
    if let Some(path) = service.wiring.workers().first() {
        return of_worker(project, service, path);
    }
    let folder = service.source().join(service.workflows);
    let modules = [("registry.py", ".registry"), ("__init__.py", "")];
    modules.into_iter().find_map(|(file, module)| {
        let path = folder.join(file);
        let parsed = project.module(&path)?;
        // A syntax error is reported when the file is edited.
        let listed = parsed.as_ref().as_ref().ok().map(|m| m.items("WORKFLOWS"));
        let is_registry = file == "registry.py" || listed != Some(None);
        is_registry.then(|| Registry {
            path: path.clone(),
            module: format!("{}{module}", service.workflows),
            lists: ["WORKFLOWS", "ACTIVITIES"].map(str::to_owned),
            workflows: listed.flatten().unwrap_or_default(),
            worker: None,
        })
    })
}

/// Every registry of a service: one, unless several modules make workers.
pub(in crate::tool) fn registries(project: &Project, service: &Service) -> Vec<Registry> {
    match service.wiring.workers() {
        [] => registry_of(project, service).into_iter().collect(),
        workers => workers
            .iter()
            .filter_map(|path| of_worker(project, service, path))
            .collect(),
    }
}

/// The registry of a worker made by hand.
fn of_worker(project: &Project, service: &Service, path: &RelPath) -> Option<Registry> {
    let module = project.module(path)?;
    let listed = module.as_ref().as_ref().ok();
    if let Some(registry) = listed.and_then(|worker| imported(project, service, path, worker)) {
        return Some(registry);
    }
    Some(Registry {
        path: path.clone(),
        module: String::new(),
        lists: ["workflows", "activities"].map(str::to_owned),
        workflows: listed
            .and_then(|module| module.worker_items("workflows"))
            .unwrap_or_default(),
        worker: Some(path.clone()),
    })
}

/// The module of the service from which a worker made by hand imports both of its lists.
fn imported(
    project: &Project,
    service: &Service,
    path: &RelPath,
    worker: &Module,
) -> Option<Registry> {
    let (module, workflows) = worker.imported_worker_list("workflows")?;
    let (other, activities) = worker.imported_worker_list("activities")?;
    if module != other {
        return None;
    }
    let name = module.trim_start_matches('.');
    let folder = match module.len() - name.len() {
        0 => service.root.clone(),
        dots => Folder::of(path).and_parents().nth(dots - 1)?,
    };
    let file = name.replace('.', "/");
    let files = [format!("{file}.py"), format!("{file}/__init__.py")];
    let path_of_lists = files
        .iter()
        .map(|file| folder.join(file))
        .find(|path| project.entry(path).is_some())?;
    service.source().relative(&path_of_lists)?;
    let listed = project.of_module(&path_of_lists, |lists| lists.items(&workflows))?;
    Some(Registry {
        path: path_of_lists,
        module: String::new(),
        lists: [workflows, activities],
        workflows: listed.unwrap_or_default(),
        worker: Some(path.clone()),
    })
}
