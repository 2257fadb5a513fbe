//! Python services: where they are, how their code is laid out, and how Temporal can be
//! started with them.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::{Content, POLYTOPE_FILE, Project, Tool};
use crate::edit::Position;
use crate::edit::python::{Application, Framework};
use crate::name::{Folder, RelPath, ServiceName, kebab};
use crate::python::is_module_name;

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

/// What is known of a folder that may be a service.
#[derive(Debug, Default)]
struct Candidate {
    tool: Option<(RelPath, String)>,
    has_packaging: bool,
    /// The modules that make applications, each with these.
    applications: Vec<(RelPath, Vec<Application>)>,
    /// The hook files, `init/__init__.py`.
    hooks: Vec<RelPath>,
    /// All modules that are not in another candidate.
    modules: Vec<RelPath>,
    /// The modules that may make an application, but cannot be read or parsed.
    broken: Vec<ServiceFault>,
}

impl Candidate {
    /// Whether it is run by a tool, or has a web application.
    fn is_run(&self) -> bool {
        self.tool.is_some() || !self.applications.is_empty()
    }
}

/// Names of files that declare requirements.
const PACKAGING: [&str; 4] = [
    "pyproject.toml",
    "requirements.txt",
    "setup.cfg",
    "setup.py",
];

/// Names of folders whose code is not deployed.
const NOT_DEPLOYED: [&str; 12] = [
    "alembic",
    "benches",
    "benchmarks",
    "docs",
    "examples",
    "migrations",
    "scripts",
    "temporal_client",
    "test",
    "tests",
    "venv",
    "workflows",
];

/// Whether a path is in a folder whose code is not deployed.
fn is_deployed(path: &RelPath) -> bool {
    let folder = path.parent();
    let folder = folder.as_ref().map_or("", RelPath::as_str);
    !folder.split('/').any(|part| NOT_DEPLOYED.contains(&part))
        && !path.file_name().starts_with("test_")
        && path.file_name() != "conftest.py"
}

/// Whether a project has any Python code, besides tests.
pub(super) fn has_python(entries: &BTreeMap<RelPath, Content>) -> bool {
    entries
        .keys()
        .any(|path| is_python(path) && is_deployed(path))
}

fn is_python(path: &RelPath) -> bool {
    path.has_extension("py")
}

/// Find the services of a project, by name.
pub(super) fn find(project: &Project) -> Vec<Service> {
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

fn candidates(project: &Project) -> BTreeMap<Folder, Candidate> {
    let entries = &project.files.entries;
    let modules: Vec<&RelPath> = entries
        .keys()
        .filter(|path| is_python(path) && is_deployed(path))
        .collect();
    let mut candidates: BTreeMap<Folder, Candidate> = BTreeMap::new();
    for path in entries.keys() {
        if PACKAGING.contains(&path.file_name()) && is_deployed(path) {
            candidates
                .entry(Folder::of(path))
                .or_default()
                .has_packaging = true;
        }
    }
    for tool in project.tools() {
        for folder in code_folders(tool) {
            let owner = owner(&candidates, &folder, |candidate| candidate.has_packaging);
            let candidate = candidates.entry(owner.unwrap_or(folder)).or_default();
            let is_worker = |name: &str| name.ends_with("-worker");
            let known = candidate.tool.as_ref().map(|(_, name)| name.as_str());
            // The worker's tool runs the same code.
            if known.is_none_or(|known| is_worker(known) && !is_worker(tool.name)) {
                candidate.tool = Some((tool.file.path.clone(), tool.name.to_owned()));
            }
        }
    }
    let mut applications: Vec<(&RelPath, Vec<Application>)> = Vec::new();
    let mut hooks: Vec<&RelPath> = Vec::new();
    let mut broken: Vec<(&RelPath, ServiceFault)> = Vec::new();
    for path in &modules {
        let fault = |message: String, position| ServiceFault {
            message: format!("`{path}` {message}"),
            path: Some((*path).clone()),
            position,
        };
        if let Some(Content::Unreadable(reason)) = entries.get(*path) {
            broken.push((path, fault(format!("cannot be read: {reason}"), None)));
        }
        let text = project.text(path).unwrap_or("");
        if path.as_str().ends_with("init/__init__.py") {
            hooks.push(path);
        }
        if text.contains("FastAPI") || text.contains("Starlette") {
            match project.module(path).as_deref() {
                Some(Ok(module)) => {
                    let made = module.applications();
                    if !made.is_empty() {
                        applications.push((path, made));
                    }
                }
                Some(Err(error)) => {
                    let message = format!("cannot be parsed: {error}");
                    broken.push((path, fault(message, error.position())));
                }
                None => {}
            }
        }
    }
    // An application outside of all candidates makes its folder one.
    for path in applications
        .iter()
        .map(|(path, _)| *path)
        .chain(hooks.iter().copied())
    {
        if owner(&candidates, &Folder::of(path), |_| true).is_none() {
            let folder = Folder::of(path);
            let mut parents = folder.and_parents();
            let with_file = parents.find(|f| entries.contains_key(&f.join(POLYTOPE_FILE)));
            let folder = with_file.unwrap_or_else(|| above_packages(entries, &folder));
            candidates.entry(folder).or_default();
        }
    }
    let owner_of = |path: &RelPath| {
        let folder = Folder::of(path);
        folder.and_parents().find(|f| candidates.contains_key(f))
    };
    let modules: Vec<_> = modules
        .iter()
        .map(|p| (owner_of(p), (*p).clone()))
        .collect();
    let hooks: Vec<_> = hooks.iter().map(|p| (owner_of(p), (*p).clone())).collect();
    let broken: Vec<_> = broken
        .into_iter()
        .map(|(path, fault)| (owner_of(path), fault))
        .collect();
    let applications: Vec<_> = applications
        .into_iter()
        .map(|(path, made)| (owner_of(path), (path.clone(), made)))
        .collect();
    for (owner, path) in modules {
        if let Some(candidate) = owner.and_then(|owner| candidates.get_mut(&owner)) {
            candidate.modules.push(path);
        }
    }
    for (owner, path) in hooks {
        if let Some(candidate) = owner.and_then(|owner| candidates.get_mut(&owner)) {
            candidate.hooks.push(path);
        }
    }
    for (owner, fault) in broken {
        if let Some(candidate) = owner.and_then(|owner| candidates.get_mut(&owner)) {
            candidate.broken.push(fault);
        }
    }
    for (owner, made) in applications {
        if let Some(candidate) = owner.and_then(|owner| candidates.get_mut(&owner)) {
            candidate.applications.push(made);
        }
    }
    candidates.retain(|_, candidate| !candidate.modules.is_empty());
    candidates
}

/// The innermost of some candidates that contains a folder.
fn owner(
    candidates: &BTreeMap<Folder, Candidate>,
    folder: &Folder,
    is_right: impl Fn(&Candidate) -> bool,
) -> Option<Folder> {
    let mut parents = folder.and_parents();
    parents.find(|folder| candidates.get(folder).is_some_and(&is_right))
}

/// The folder above the packages that a folder is in.
fn above_packages(entries: &BTreeMap<RelPath, Content>, folder: &Folder) -> Folder {
    let is_package = |folder: &Folder| entries.contains_key(&folder.join("__init__.py"));
    let mut parents = folder.and_parents();
    parents
        .find(|folder| folder.path().is_none() || !is_package(folder))
        .unwrap_or_default()
}

/// The folders with the code of a tool's containers.
fn code_folders(tool: Tool<'_>) -> Vec<Folder> {
    let steps = tool.steps().filter(|step| {
        let called = step.get("tool").and_then(Value::as_str).unwrap_or("");
        ["polytope/python", "polytope/container"]
            .iter()
            .any(|kind| called.starts_with(kind))
    });
    let folders = steps.filter_map(|step| {
        let code = step.get("args")?.get("code")?;
        let path = code.get("path").and_then(Value::as_str).unwrap_or(".");
        let base = match code.get("type")?.as_str()? {
            // Of another repository.
            "repo" if code.get("repo").is_some() => return None,
            "repo" if path.starts_with('/') => Folder::PROJECT,
            "repo" => Folder::of(&tool.file.path),
            "host" if path.starts_with('/') => return None,
            "host" => Folder::PROJECT,
            _ => return None,
        };
        let text = super::polytope::resolved(base.path().map_or("", RelPath::as_str), path)?;
        text.parse().ok()
    });
    folders.collect()
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

fn wiring_of(project: &Project, candidate: &Candidate) -> Wiring {
    if let Some(existing) = existing_runtime(project, candidate) {
        return existing;
    }
    if candidate
        .hooks
        .iter()
        .any(|hooks| are_called(project, candidate, hooks))
    {
        return Wiring::Hooks;
    }
    let all: Vec<(RelPath, Application)> = candidate
        .applications
        .iter()
        .flat_map(|(path, made)| made.iter().map(move |one| (path.clone(), one.clone())))
        .collect();
    let outer: Vec<_> = all
        .iter()
        .filter(|(_, made)| !made.is_mounted)
        .cloned()
        .collect();
    match outer.as_slice() {
        [] => Wiring::Worker,
        [(module, application)] => Wiring::Application {
            module: module.clone(),
            application: application.clone(),
        },
        several => {
            // One that starts Temporal already has been chosen before.
            let attached = several.iter().find(|(path, _)| {
                let module = project.module(path);
                let module = module.as_deref().and_then(|module| module.as_ref().ok());
                module.is_some_and(|module| module.calls("attach_temporal"))
            });
            if let Some((module, application)) = attached {
                return Wiring::Application {
                    module: module.clone(),
                    application: application.clone(),
                };
            }
            // The command of the service's tool may name the module.
            let command = command_of(project, candidate);
            let named: Vec<_> = several
                .iter()
                .filter(|(path, _)| is_named(&command, path))
                .collect();
            match named.as_slice() {
                [(module, application)] => Wiring::Application {
                    module: module.clone(),
                    application: application.clone(),
                },
                _ => Wiring::Several(several.to_vec()),
            }
        }
    }
}

/// The module that makes a worker by hand, or uses a client library that is not ours.
fn existing_runtime(project: &Project, candidate: &Candidate) -> Option<Wiring> {
    let mut other = None;
    for path in &candidate.modules {
        let text = project.text(path).unwrap_or("");
        let may_work = text.contains("Worker(") && text.contains("temporalio");
        if !may_work && !text.contains("temporal_client") {
            continue;
        }
        let module = project.module(path);
        let Some(Ok(module)) = module.as_deref() else {
            continue;
        };
        if may_work && module.makes_worker() {
            return Some(Wiring::Existing {
                module: path.clone(),
                is_worker: true,
            });
        }
        let imports_other = module
            .imported()
            .iter()
            .any(|name| name == "temporal_client" || name.starts_with("temporal_client."));
        // Ours is imported by this name only where the service's modules are at the top level.
        let mut folders = Folder::of(path).and_parents();
        let is_ours = folders.any(|folder| {
            let has = |file: &str| project.entry(&folder.join(file)).is_some();
            has("temporal_client/replicas.py") && !has("__init__.py")
        });
        if imports_other && !is_ours {
            other.get_or_insert(path.clone());
        }
    }
    other.map(|module| Wiring::Existing {
        module,
        is_worker: false,
    })
}

/// Whether a module of the service imports and calls the hooks of a file.
fn are_called(project: &Project, candidate: &Candidate, hooks: &RelPath) -> bool {
    let source = Folder::of(hooks).parent().unwrap_or_default();
    candidate.modules.iter().any(|path| {
        let is_near = Folder::of(path) == source;
        let text = project.text(path).unwrap_or("");
        if !is_near || !text.contains("init") {
            return false;
        }
        let module = project.module(path);
        let Some(Ok(module)) = module.as_deref() else {
            return false;
        };
        let imports = |hook: &str| {
            let imported = module.imported();
            let ends = [
                format!("init.{hook}"),
                ".init".to_owned(),
                "init".to_owned(),
            ];
            imported
                .iter()
                .any(|name| ends.iter().any(|end| name.ends_with(end)))
                && module.calls(hook)
        };
        imports("init") && imports("deinit")
    })
}

/// The text of the commands of the tool that runs a service.
fn command_of(project: &Project, candidate: &Candidate) -> String {
    let Some((_, tool)) = &candidate.tool else {
        return String::new();
    };
    let Some(tool) = project.tool(tool) else {
        return String::new();
    };
    let mut text = String::new();
    for step in tool.steps() {
        let args = step.get("args");
        for key in ["entrypoint", "cmd"] {
            if let Some(value) = args.and_then(|args| args.get(key)) {
                text.push_str(&crate::edit::yaml::written(value));
                text.push(' ');
            }
        }
    }
    text
}

/// Whether a command names a module, by its path or by its dotted name.
fn is_named(command: &str, path: &RelPath) -> bool {
    let path = path.as_str();
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let parts: Vec<&str> = stem.split('/').collect();
    (0..parts.len()).any(|from| {
        let dotted = format!("{}:", parts[from..].join("."));
        let file = format!("{}.py", parts[from..].join("/"));
        let words = command.split(|c: char| c.is_whitespace() || "\"',[]".contains(c));
        words
            .into_iter()
            .any(|word| word.starts_with(&dotted) || word.trim_start_matches("./") == file)
    })
}

/// The import root and the package of a source folder.
fn layout(
    project: &Project,
    folder: &Folder,
    candidate: &Candidate,
    source: &Folder,
    main: Option<&RelPath>,
) -> (Folder, String) {
    let entries = &project.files.entries;
    let imported = imported_near(project, candidate, source);
    let is_relative = imported.iter().any(|name| name.starts_with('.'));
    // Every folder from the source folder up to the service's may be the import root.
    let roots: Vec<Folder> = source
        .and_parents()
        .take_while(|root| folder.steps_to(root).is_some())
        .collect();
    let package = |root: &Folder| root.steps_to(source).unwrap_or_default().join(".");
    let score = |root: &Folder| {
        let own: BTreeSet<&str> = imported
            .iter()
            .filter(|name| !name.starts_with('.'))
            .filter_map(|name| name.split('.').next())
            .filter(|top| is_own(entries, root, top))
            .collect();
        own.len()
    };
    let best = roots
        .iter()
        .filter(|root| !(is_relative && *root == source))
        .map(|root| (score(root), root))
        .filter(|(score, _)| *score > 0)
        .max_by_key(|(score, _)| *score);
    if let Some((_, root)) = best {
        return (root.clone(), package(root));
    }
    let is_package = |folder: &Folder| entries.contains_key(&folder.join("__init__.py"));
    let root = if is_package(source) && source != folder {
        let above = above_packages(entries, source);
        match folder.steps_to(&above) {
            Some(_) => above,
            None => folder.clone(),
        }
    } else if is_relative {
        source.parent().unwrap_or_default()
    } else {
        let command = command_of(project, candidate);
        let named = roots.iter().find(|root| {
            let dotted = main.and_then(|main| root.relative(main));
            dotted.is_some_and(|path| {
                let stem = path.strip_suffix(".py").unwrap_or(path);
                let dotted = format!("{}:", stem.replace('/', "."));
                command
                    .split_whitespace()
                    .any(|word| word.starts_with(&dotted))
            })
        });
        named.unwrap_or(source).clone()
    };
    let package = package(&root);
    (root, package)
}

/// Whether a top-level name is a module or package in a folder.
fn is_own(entries: &BTreeMap<RelPath, Content>, root: &Folder, top: &str) -> bool {
    // The client library may be one of the project's, or another one of that name.
    if !is_module_name(top) || top == "temporal_client" {
        return false;
    }
    entries.contains_key(&root.join(&format!("{top}.py")))
        || matches!(entries.get(&root.join(top)), Some(Content::Folder))
}

/// What the modules directly in a folder import.
fn imported_near(project: &Project, candidate: &Candidate, source: &Folder) -> Vec<String> {
    /// Parsing more modules would tell nothing new.
    const MOST: usize = 30;
    let near = candidate
        .modules
        .iter()
        .filter(|path| Folder::of(path) == *source);
    let mut imported = Vec::new();
    for path in near.take(MOST) {
        let module = project.module(path);
        if let Some(Ok(module)) = module.as_deref() {
            imported.extend(module.imported());
        }
    }
    imported
}

/// Whether the modules of a service import each other with leading dots; so do those of a
/// package in which no module imports another.
fn is_relative(
    project: &Project,
    main: Option<&RelPath>,
    candidate: &Candidate,
    source: &Folder,
) -> bool {
    let imported = match main.and_then(|main| project.module(main)).as_deref() {
        Some(Ok(module)) => module.imported(),
        _ => imported_near(project, candidate, source),
    };
    if imported.iter().any(|name| name.starts_with('.')) {
        return true;
    }
    let top = source.name().unwrap_or("");
    let prefix = format!("{top}.");
    !imported
        .iter()
        .any(|name| name.starts_with(&prefix) || name.contains(&format!(".{prefix}")))
}

/// The source folder of a service without a web application, or the packages among which the
/// choice is not clear.
fn without_application(
    project: &Project,
    folder: &Folder,
    candidate: &Candidate,
) -> Result<Folder, Vec<String>> {
    let entries = &project.files.entries;
    let source: Folder = folder.join("src").into();
    let has_source = candidate
        .modules
        .iter()
        .any(|path| source.relative(path).is_some());
    let base = if has_source { source } else { folder.clone() };
    let is_direct = |path: &&RelPath| {
        Folder::of(path) == base && !matches!(path.file_name(), "setup.py" | "__init__.py")
    };
    let packages: BTreeSet<&str> = candidate
        .modules
        .iter()
        .filter_map(|path| base.relative(path)?.split_once('/'))
        .map(|(package, _)| package)
        .filter(|package| {
            has_source || entries.contains_key(&base.join(package).join("__init__.py"))
        })
        .collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    match packages.as_slice() {
        _ if candidate.modules.iter().any(|path| is_direct(&path)) => Ok(base),
        [only] => Ok(base.join(only).into()),
        [] => Ok(base),
        several => Err(several
            .iter()
            .map(|package| format!("`{package}`"))
            .collect()),
    }
}
