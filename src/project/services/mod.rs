//! Python services: where they are, how their code is laid out, and how Temporal can be
//! started with them.

mod candidates;
mod layout;
mod wiring;

use crate::edit::Position;
use crate::edit::python::{Application, Framework};
use crate::name::{Folder, RelPath, ServiceName, kebab};
use crate::python::is_module_name;

use super::Project;
pub(super) use candidates::has_python;
pub(crate) use candidates::is_test;
use candidates::{Candidate, candidates};
use layout::{is_relative, layout, without_application};
pub use wiring::starts_temporal;
use wiring::{called_hooks, command_of, is_named, outer_applications, wiring_of, worker_modules};

/// A folder with Python code that is deployed on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name: that of its folder, or of the tool that runs it.
    pub name: ServiceName,
    /// Its folder.
    pub folder: Folder,
    /// The folder from which its modules are imported; the service's folder or one inside it.
    pub root: Folder,
    /// The dotted name of its import package in `root`; empty if its modules are at the top
    /// level.
    pub package: String,
    /// Whether its modules import each other relatively, with leading dots.
    pub is_relative: bool,
    /// The folder in its source folder that holds workflows.
    pub workflows: &'static str,
    /// How Temporal can be started with it.
    pub wiring: Wiring,
    /// All web applications that it makes, each with its module.
    pub applications: Vec<(RelPath, Application)>,
    /// All modules that make Temporal workers by hand.
    pub workers: Vec<RelPath>,
    /// The tool that runs its code, and the file that defines it.
    pub tool: Option<(RelPath, String)>,
    /// Why no code can be added to it.
    pub fault: Option<ServiceFault>,
}

impl Service {
    /// Its name, and its folder if that is another text: `api (modules/api)`.
    #[must_use]
    pub fn label(&self) -> String {
        match self.folder.path() {
            Some(path) if path.as_str() != self.name.as_str() => format!("{} ({path})", self.name),
            _ => self.name.to_string(),
        }
    }
}

/// Why no code can be added to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFault {
    /// What is wrong.
    pub message: String,
    /// The file or folder at fault.
    pub path: Option<RelPath>,
    /// The position in the file.
    pub position: Option<Position>,
}

impl ServiceFault {
    fn new(message: String, path: Option<&RelPath>) -> Self {
        Self {
            message,
            path: path.cloned(),
            position: None,
        }
    }
}

/// How Temporal can be started with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wiring {
    /// `init/__init__.py` has the hooks `init` and `deinit`, which the application calls.
    Hooks,
    /// A module makes one application.
    Application {
        /// The module.
        module: RelPath,
        /// The application.
        application: Application,
    },
    /// There are several applications.
    Several(Vec<(RelPath, Application)>),
    /// It has no web application: the worker runs as its own process.
    Worker,
    /// A module of the service runs Temporal already: nothing is added but workflows.
    Existing {
        /// The module that makes the worker, or that uses another client library.
        module: RelPath,
        /// Whether the module makes the worker, whose arguments list what it runs.
        is_worker: bool,
    },
    /// Several modules make workers by hand, and it is not known which one a workflow is for.
    SeveralWorkers(Vec<RelPath>),
}

impl Wiring {
    /// With the only application, or the chosen one.
    pub(crate) fn with((module, application): &(RelPath, Application)) -> Self {
        Self::Application {
            module: module.clone(),
            application: application.clone(),
        }
    }

    /// The web framework, if there is one.
    #[must_use]
    pub fn framework(&self) -> Option<Framework> {
        match self {
            // Bluetext's hooks take a FastAPI application.
            Self::Hooks => Some(Framework::FastApi),
            Self::Application { application, .. } => Some(application.framework),
            Self::Several(all) => all.first().map(|(_, application)| application.framework),
            Self::Worker | Self::Existing { .. } | Self::SeveralWorkers(_) => None,
        }
    }

    /// The modules that make workers by hand, whose arguments list what they run.
    #[must_use]
    pub fn workers(&self) -> &[RelPath] {
        match self {
            Self::Existing {
                module,
                is_worker: true,
            } => std::slice::from_ref(module),
            Self::SeveralWorkers(modules) => modules,
            _ => &[],
        }
    }
}

impl Service {
    /// The folder of its modules.
    #[must_use]
    pub fn source(&self) -> Folder {
        match self.package.as_str() {
            "" => self.root.clone(),
            package => self.root.join(&package.replace('.', "/")).into(),
        }
    }

    /// Whether its modules are at the top level, without a package.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.package.is_empty()
    }

    /// The folder from which its modules are imported, relative to the service's folder;
    /// `None` if it is that folder.
    #[must_use]
    pub fn path_entry(&self) -> Option<String> {
        let steps = self.folder.steps_to(&self.root)?;
        (!steps.is_empty()).then(|| steps.join("/"))
    }

    /// The dotted name of one of its modules, as an absolute import writes it.
    #[must_use]
    pub fn module(&self, name: &str) -> String {
        match self.package.as_str() {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        }
    }

    /// The prefix for importing one of its modules from a module that is this many folders
    /// below the source folder: dots, or the package, or an empty text.
    #[must_use]
    pub fn import_prefix(&self, depth: usize) -> String {
        match (self.package.as_str(), self.is_relative) {
            ("", _) => String::new(),
            (_, true) => ".".repeat(depth + 1),
            (package, false) => format!("{package}."),
        }
    }
}

/// Find the services of a project, by name.
pub(in crate::project) fn find(project: &Project) -> Vec<Service> {
    let mut candidates = candidates(project);
    // Folders that nothing runs, such as libraries, count only if there are no others.
    if candidates.values().any(Candidate::is_run) {
        candidates.retain(|_, candidate| candidate.is_run());
    }
    let mut services: Vec<Service> = candidates
        .iter()
        .filter_map(|(folder, candidate)| service(project, folder, candidate, None))
        .collect();
    services.sort_by(|a, b| (&a.name, &a.folder).cmp(&(&b.name, &b.folder)));
    services
}

/// The same service, with Temporal started in a chosen way.
pub(in crate::project) fn with_wiring(
    project: &Project,
    found: &Service,
    chosen: Wiring,
) -> Service {
    let candidates = candidates(project);
    let candidate = candidates.get(&found.folder);
    let chosen = candidate.and_then(|it| service(project, &found.folder, it, Some(chosen)));
    chosen.unwrap_or_else(|| unreachable!("it has been found in the same way"))
}

fn service(
    project: &Project,
    folder: &Folder,
    candidate: &Candidate,
    chosen: Option<Wiring>,
) -> Option<Service> {
    let name = name_of(project, folder, candidate)?;
    let workers = worker_modules(project, candidate);
    let wiring = chosen.unwrap_or_else(|| wiring_of(project, candidate, &workers));
    let main = main_module(project, candidate, &wiring);
    let main = main.as_ref();
    let mut fault = fault_of(project, candidate, &wiring);
    let (root, path) = match (&wiring, main) {
        // The package of the hooks is inside the service's own.
        (Wiring::Hooks, Some(hooks)) => {
            let source = Folder::of(hooks).parent().unwrap_or_default();
            layout(project, folder, candidate, &source, Some(hooks))
        }
        (_, Some(main)) => layout(project, folder, candidate, &Folder::of(main), Some(main)),
        (_, None) => match without_application(project, folder, candidate) {
            Ok(source) => layout(project, folder, candidate, &source, None),
            Err(packages) => {
                let packages = packages.join(", ");
                let message = format!(
                    "`{folder}` has several packages and no web application, so it is not known \
                     which one is the service: {packages}"
                );
                fault = Some(ServiceFault::new(message, folder.path()));
                (folder.clone(), String::new())
            }
        },
    };
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    if let Some(part) = parts.find(|part| !is_module_name(part)) {
        let message = format!("the folder `{part}` cannot be imported: its name is no Python name");
        fault = Some(ServiceFault::new(message, main));
    }
    // It becomes a part of `PYTHONPATH`, which Polytope reads.
    let steps = folder.steps_to(&root).unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if let Some(step) = steps.iter().find(|step| !step.chars().all(is_plain)) {
        let message = format!(
            "modules cannot be imported from the folder `{step}`: only letters, digits, spaces \
             and `-_.` are supported in its name"
        );
        fault = Some(ServiceFault::new(message, main));
    }
    let package = path.replace('/', ".");
    let mut service = Service {
        name,
        folder: folder.clone(),
        is_relative: true,
        workflows: "workflows",
        root,
        package,
        wiring,
        applications: outer_applications(candidate),
        workers,
        tool: candidate.tool.clone(),
        fault,
    };
    let source = service.source();
    let style_of = match &service.wiring {
        Wiring::Existing { module, .. } => Some(module),
        _ => main,
    };
    service.is_relative = service.is_flat() || is_relative(project, style_of, candidate, &source);
    service.workflows = workflows_of(project, candidate, &service);
    Some(service)
}

/// The module that tells the layout of a service.
fn main_module(project: &Project, candidate: &Candidate, wiring: &Wiring) -> Option<RelPath> {
    match wiring {
        Wiring::Hooks => called_hooks(project, candidate).cloned(),
        Wiring::Application { module, .. } => Some(module.clone()),
        Wiring::Several(all) => all.first().map(|(module, _)| module.clone()),
        Wiring::Worker => None,
        Wiring::Existing { module, is_worker } if *is_worker => Some(module.clone()),
        Wiring::SeveralWorkers(all) => all.first().cloned(),
        // The module that uses another client library may be in an inner folder.
        Wiring::Existing { .. } => {
            let application = candidate.applications.first();
            application.map(|(module, _)| module.clone())
        }
    }
}

/// Why a service's code is not known well enough.
fn fault_of(project: &Project, candidate: &Candidate, wiring: &Wiring) -> Option<ServiceFault> {
    // A module that cannot be parsed may make the application; so does the one that the
    // command names.
    let command = command_of(project, candidate);
    let is_served = |fault: &&ServiceFault| {
        let path = fault.path.as_ref();
        path.is_some_and(|path| is_named(&command, path))
    };
    let mut broken = candidate.broken.iter();
    match wiring {
        Wiring::Worker => broken.next().cloned(),
        _ => broken.find(is_served).cloned(),
    }
}

/// Whether a module's text has an import of a top-level module.
#[must_use]
pub fn imports_module(text: &str, name: &str) -> bool {
    // What a hint tells to add is an import of a module that is yet to be generated.
    let text = &text.replace(&format!("from {name} import attach_temporal"), "");
    let statements = [
        format!("import {name}\n"),
        format!("import {name} as "),
        format!("import {name}."),
        format!("from {name} import "),
        format!("from {name}."),
    ];
    statements.iter().any(|statement| text.contains(statement))
}

/// The name of the folder for workflows, which hides no module and no installed package.
fn workflows_of(project: &Project, candidate: &Candidate, service: &Service) -> &'static str {
    let source = service.source();
    let is_imported = |name: &str| {
        let has_own = project.entry(&source.join(name)).is_some();
        let modules = candidate.modules.iter();
        let mut texts = modules.filter_map(|path| project.text(path));
        // A folder without `__init__.py` may be on the path itself, as that of a script is.
        let is_on_path = service.is_flat() || !layout::has_init(project, &source);
        is_on_path && !has_own && texts.any(|text| imports_module(text, name))
    };
    let is_module = |name: &str| project.entry(&source.join(&format!("{name}.py"))).is_some();
    let mut names = ["workflows", "temporal_workflows", "bluetext_workflows"].into_iter();
    let free = names.find(|name| !is_module(name) && !is_imported(name));
    free.unwrap_or("workflows")
}

/// The name of a service: of the tool that runs it, else of its folder or project.
fn name_of(project: &Project, folder: &Folder, candidate: &Candidate) -> Option<ServiceName> {
    let tool = candidate.tool.as_ref().map(|(_, tool)| tool.as_str());
    let to_name = |name: &str| name.parse().or_else(|_| kebab(name).parse()).ok();
    let named = [tool, folder.name()].into_iter().flatten();
    // Only the project's own folder has no name; others may have one that is not valid.
    named.into_iter().find_map(to_name).or_else(|| {
        let pyproject = project.pyproject(&folder.join("pyproject.toml"));
        let pyproject = pyproject.as_deref().and_then(|parsed| parsed.as_ref().ok());
        let named = pyproject.and_then(|pyproject| to_name(pyproject.name()?));
        named.or_else(|| to_name("api"))
    })
}
