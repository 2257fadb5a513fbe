//! The folders that may be services.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::ServiceFault;
use crate::edit::python::Application;
use crate::name::{Folder, RelPath};
use crate::project::{Content, POLYTOPE_FILE, Project, Tool};

/// What is known of a folder that may be a service.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub(super) tool: Option<(RelPath, String)>,
    pub(super) has_packaging: bool,
    /// The modules that make applications, each with these.
    pub(super) applications: Vec<(RelPath, Vec<Application>)>,
    /// The hook files, `init/__init__.py`.
    pub(super) hooks: Vec<RelPath>,
    /// All modules that are not in another candidate.
    pub(super) modules: Vec<RelPath>,
    /// The modules that may make an application, but cannot be read or parsed.
    pub(super) broken: Vec<ServiceFault>,
}

impl Candidate {
    /// Whether it is run by a tool, or has a web application.
    pub(super) fn is_run(&self) -> bool {
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
const NOT_DEPLOYED: [&str; 14] = [
    "alembic",
    "benches",
    "benchmarks",
    "build",
    "dist",
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

/// Whether a path is in a folder whose code is not deployed. The names of folders that tools
/// run, and of those above, do not matter.
fn is_deployed(path: &RelPath, run: &BTreeSet<Folder>) -> bool {
    let folder = Folder::of(path);
    let base = folder.and_parents().find(|folder| run.contains(folder));
    let inner = base.unwrap_or_default().relative(path);
    let inner = inner.and_then(|inner| inner.rsplit_once('/'));
    let folder = inner.map_or("", |(folder, _)| folder);
    !folder.split('/').any(|part| NOT_DEPLOYED.contains(&part)) && !is_test(path)
}

/// Whether a path is that of a test.
pub(crate) fn is_test(path: &RelPath) -> bool {
    let mut parts = path.as_str().split('/');
    path.file_name().starts_with("test_")
        || path.file_name() == "conftest.py"
        || parts.any(|part| matches!(part, "test" | "tests"))
}

/// Whether a project has any Python code, besides tests.
pub(in crate::project) fn has_python(entries: &BTreeMap<RelPath, Content>) -> bool {
    entries.keys().any(|path| is_python(path) && !is_test(path))
}

fn is_python(path: &RelPath) -> bool {
    path.has_extension("py")
}

/// What a module tells about the service that it belongs to.
enum Sign {
    /// It makes these applications.
    Applications(Vec<Application>),
    /// It may make one, but cannot be read or parsed.
    Broken(ServiceFault),
    /// Neither.
    None,
}

impl Sign {
    fn of(project: &Project, path: &RelPath) -> Self {
        let fault = |message: String, position| {
            Self::Broken(ServiceFault {
                message: format!("`{path}` {message}"),
                path: Some(path.clone()),
                position,
            })
        };
        if let Some(Content::Unreadable(reason)) = project.entry(path) {
            return fault(format!("cannot be read: {reason}"), None);
        }
        let text = project.text(path).unwrap_or("");
        if !text.contains("FastAPI") && !text.contains("Starlette") {
            return Self::None;
        }
        match project.module(path).as_deref() {
            Some(Ok(module)) => match module.applications() {
                made if made.is_empty() => Self::None,
                made => Self::Applications(made),
            },
            Some(Err(error)) => fault(format!("cannot be parsed: {error}"), error.position()),
            None => Self::None,
        }
    }
}

/// All folders that may be services, by path.
pub(super) fn candidates(project: &Project) -> BTreeMap<Folder, Candidate> {
    let entries = &project.files.entries;
    let mut candidates: BTreeMap<Folder, Candidate> = BTreeMap::new();
    let run: BTreeSet<Folder> = project.tools().flat_map(code_folders).collect();
    for path in entries.keys() {
        // A module of a package may have this name as well.
        let is_module = path.file_name() == "setup.py"
            && !project
                .text(path)
                .is_some_and(|text| text.contains("setup("));
        if PACKAGING.contains(&path.file_name()) && !is_module && is_deployed(path, &run) {
            let candidate = candidates.entry(Folder::of(path)).or_default();
            candidate.has_packaging = true;
        }
    }
    add_tools(project, &run, &mut candidates);
    // A worker made by hand may be in a folder of any name.
    let is_worker = |path: &RelPath| {
        let text = project.text(path).unwrap_or("");
        text.contains("temporalio") && text.contains("Worker(") && !is_test(path)
    };
    let is_ours = |path: &RelPath| path.as_str().contains("temporal_client/");
    let modules = entries.keys().filter(|path| {
        is_python(path) && (is_deployed(path, &run) || (is_worker(path) && !is_ours(path)))
    });
    let modules: Vec<(&RelPath, Sign)> = modules
        .map(|path| (path, Sign::of(project, path)))
        .collect();
    // An application outside of all candidates makes its folder one, and so does a worker.
    for (path, sign) in &modules {
        let folder = Folder::of(path);
        let is_outside = owner(&candidates, &folder, |_| true).is_none();
        let is_service = matches!(sign, Sign::Applications(_)) || is_worker(path);
        if is_service && is_outside {
            // Every project has the file of its own folder.
            let mut parents = folder.and_parents().filter(|f| *f != Folder::PROJECT);
            let with_file = parents.find(|f| entries.contains_key(&f.join(POLYTOPE_FILE)));
            let folder = with_file.unwrap_or_else(|| match above_packages(entries, &folder) {
                source if source.name() == Some("src") => source.parent().unwrap_or_default(),
                folder => folder,
            });
            candidates.entry(folder).or_default();
        }
    }
    for (path, sign) in modules {
        let owner = owner(&candidates, &Folder::of(path), |_| true);
        let Some(candidate) = owner.and_then(|owner| candidates.get_mut(&owner)) else {
            continue;
        };
        let is_hooks = Folder::of(path).name() == Some("init");
        if is_hooks && path.file_name() == "__init__.py" {
            candidate.hooks.push(path.clone());
        }
        match sign {
            Sign::Applications(made) => candidate.applications.push((path.clone(), made)),
            Sign::Broken(fault) => candidate.broken.push(fault),
            Sign::None => {}
        }
        candidate.modules.push(path.clone());
    }
    candidates.retain(|_, candidate| !candidate.modules.is_empty());
    candidates
}

/// Add the folders whose code the tools of the project run.
fn add_tools(
    project: &Project,
    run: &BTreeSet<Folder>,
    candidates: &mut BTreeMap<Folder, Candidate>,
) {
    let is_worker = |name: &str| name.ends_with("-worker");
    let packaged = |candidate: &Candidate| candidate.has_packaging;
    let owners: Vec<Option<Folder>> = run
        .iter()
        .map(|folder| owner(candidates, folder, packaged))
        .collect();
    for tool in project.tools() {
        for folder in code_folders(tool) {
            // The packaging of several services belongs to none of them.
            let owner = owner(candidates, &folder, packaged);
            let shared = owners.iter().filter(|other| **other == owner).count() > 1;
            let owner = owner.filter(|owner| *owner == folder || !shared);
            let candidate = candidates.entry(owner.unwrap_or(folder)).or_default();
            let known = candidate.tool.as_ref().map(|(_, name)| name.as_str());
            // The worker's tool runs the same code.
            if known.is_none_or(|known| is_worker(known) && !is_worker(tool.name)) {
                candidate.tool = Some((tool.file.path.clone(), tool.name.to_owned()));
            }
        }
    }
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
pub(super) fn above_packages(entries: &BTreeMap<RelPath, Content>, folder: &Folder) -> Folder {
    let is_package = |folder: &Folder| entries.contains_key(&folder.join("__init__.py"));
    let mut parents = folder.and_parents();
    parents
        .find(|folder| folder.path().is_none() || !is_package(folder))
        .unwrap_or_default()
}

/// The folders with the code of a tool's containers.
fn code_folders(tool: Tool<'_>) -> Vec<Folder> {
    let folders = tool.containers().filter_map(|(_, _, args)| {
        let code = args.get("code")?;
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
        base.resolve(path)
    });
    folders.collect()
}
