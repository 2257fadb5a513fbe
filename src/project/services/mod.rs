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
use candidates::{Candidate, candidates};
use layout::{is_relative, layout, without_application};
use wiring::wiring_of;

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
    /// The tool that runs its code, and the file that defines it.
    pub tool: Option<(RelPath, String)>,
    /// Why no code can be added to it.
    pub fault: Option<ServiceFault>,
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
}

impl Wiring {
    /// The web framework, if there is one.
    #[must_use]
    pub fn framework(&self) -> Option<Framework> {
        match self {
            // Bluetext's hooks take a FastAPI application.
            Self::Hooks => Some(Framework::FastApi),
            Self::Application { application, .. } => Some(application.framework),
            Self::Several(all) => all.first().map(|(_, application)| application.framework),
            Self::Worker | Self::Existing { .. } => None,
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
        .filter_map(|(folder, candidate)| service(project, folder, candidate))
        .collect();
    services.sort_by(|a, b| (&a.name, &a.folder).cmp(&(&b.name, &b.folder)));
    services
}

fn service(project: &Project, folder: &Folder, candidate: &Candidate) -> Option<Service> {
    let name = name_of(project, folder, candidate)?;
    let wiring = wiring_of(project, candidate);
    let main = match &wiring {
        Wiring::Hooks => candidate.hooks.first().cloned(),
        Wiring::Application { module, .. } => Some(module.clone()),
        Wiring::Several(all) => all.first().map(|(module, _)| module.clone()),
        Wiring::Existing { module, is_worker } if *is_worker => Some(module.clone()),
        Wiring::Existing { .. } | Wiring::Worker => None,
    };
    // A runtime that exists may be in an inner folder: the application tells the package.
    let application = candidate
        .applications
        .first()
        .map(|(module, _)| module.clone());
    let main = match &wiring {
        Wiring::Existing { .. } => application.or(main),
        _ => main,
    };
    let main = main.as_ref();
    // Such a module may make the application.
    let mut fault = match &wiring {
        Wiring::Worker => candidate.broken.first().cloned(),
        _ => None,
    };
    let (root, package) = match (&wiring, main) {
        // The package of the hooks is inside the service's own.
        (Wiring::Hooks, Some(hooks)) => {
            let source = Folder::of(hooks).parent().unwrap_or_default();
            layout(project, folder, candidate, &source, Some(hooks))
        }
        (_, Some(main)) => layout(project, folder, candidate, &Folder::of(main), Some(main)),
        (_, None) => match without_application(project, folder, candidate) {
            Ok(source) => layout(project, folder, candidate, &source, None),
            Err(packages) => {
                fault = Some(ServiceFault {
                    message: format!(
                        "`{folder}` has several packages and no web application, so it is not \
                         known which one is the service: {}",
                        packages.join(", ")
                    ),
                    path: folder.path().cloned(),
                    position: None,
                });
                (folder.clone(), String::new())
            }
        },
    };
    if let Some(part) = package
        .split('.')
        .find(|part| !part.is_empty() && !is_module_name(part))
    {
        fault = Some(ServiceFault {
            message: format!("the folder `{part}` cannot be imported: its name is no Python name"),
            path: main.cloned(),
            position: None,
        });
    }
    let mut service = Service {
        name,
        folder: folder.clone(),
        is_relative: true,
        workflows: "workflows",
        root,
        package,
        wiring,
        tool: candidate.tool.clone(),
        fault,
    };
    let source = service.source();
    let style_of = match &service.wiring {
        Wiring::Existing { module, .. } => Some(module.clone()),
        _ => main.cloned(),
    };
    service.is_relative =
        service.is_flat() || is_relative(project, style_of.as_ref(), candidate, &source);
    if project.entry(&source.join("workflows.py")).is_some() {
        service.workflows = "temporal_workflows";
    }
    Some(service)
}

/// The name of a service: of the tool that runs it, else of its folder.
fn name_of(project: &Project, folder: &Folder, candidate: &Candidate) -> Option<ServiceName> {
    let tool = candidate.tool.as_ref().map(|(_, tool)| tool.as_str());
    let named = project
        .text(&folder.join("pyproject.toml"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("name = \"")))
        .and_then(|rest| rest.split('"').next());
    let mut candidates = [tool, folder.name(), named, Some("api")]
        .into_iter()
        .flatten();
    candidates.find_map(|name| name.parse().or_else(|_| kebab(name).parse()).ok())
}
