//! An immutable snapshot of a project: its files and their parsed contents.
//!
//! This module does not access the disk. [`crate::disk`] reads the files once; every tool then
//! uses the same snapshot.

mod polytope;
mod services;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::edit::python::Module;
use crate::edit::toml::PyProject;
use crate::edit::{EditError, Position};
use crate::name::{Folder, RelPath};
use crate::python::{SETTINGS_FILES, Style};
use crate::record::Record;

pub use polytope::{Claim, PolytopeFile, Tool};
pub(crate) use services::is_test;
pub use services::{Service, ServiceFault, Wiring, imports_module, starts_temporal};

/// The file that makes a folder a Polytope project.
pub const POLYTOPE_FILE: &str = "polytope.yml";

/// The path of the project's own `polytope.yml`.
#[must_use]
pub fn root_path() -> RelPath {
    RelPath::literal(POLYTOPE_FILE)
}

/// The reason why a file or folder outside of the project is not read.
pub const LEADS_OUT: &str = "it is a symbolic link that leads out of the project";

/// The reason why the entries of a folder are not known.
pub const UNLISTED: &str = "its content cannot be listed";

/// The reason why a path cannot be inspected or read.
pub const DENIED: &str = "permission denied";

/// The content at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file, as text.
    Text(String),
    /// A file that cannot be used as text, with the reason.
    Unreadable(String),
    /// A file that has not been read, because no tool needs its text so far.
    Unread,
    /// A folder.
    Folder,
}

/// The files that were read from a project. A `polytope.yml` is parsed once, when its includes
/// or tools are first needed.
#[derive(Debug, Default)]
pub struct Files {
    /// The content at each path that was read.
    pub entries: BTreeMap<RelPath, Content>,
    /// Folders whose names are not supported, escaped: they may hold code.
    pub unnamed: Vec<String>,
    polytope: BTreeMap<RelPath, Result<Rc<PolytopeFile>, FileFault>>,
}

impl Files {
    /// The `polytope.yml` at a path; `None` if it is not a text file.
    pub fn polytope(&mut self, path: &RelPath) -> Option<&Result<Rc<PolytopeFile>, FileFault>> {
        let Content::Text(text) = self.entries.get(path)? else {
            return None;
        };
        let parsed = self.polytope.entry(path.clone());
        Some(parsed.or_insert_with(|| PolytopeFile::read(path.clone(), text).map(Rc::new)))
    }
}

/// A snapshot of a project.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    files: Files,
    polytope_files: Vec<Rc<PolytopeFile>>,
    /// The index of the file that defines each tool; the first definition wins.
    tools: HashMap<String, usize>,
    /// Found on first use.
    services: OnceCell<Vec<Service>>,
    /// The paths by their last part; listed on first use.
    names: OnceCell<HashMap<String, Vec<RelPath>>>,
    /// The files that a tool needs, but that have not been read.
    wanted: RefCell<BTreeSet<RelPath>>,
    /// The Python modules parsed so far.
    modules: RefCell<Parsed<Module>>,
    /// The `pyproject.toml` files parsed so far.
    pyprojects: RefCell<Parsed<PyProject>>,
    /// The records parsed so far; `None` for one that cannot be read.
    records: RefCell<BTreeMap<RelPath, Option<Rc<Record>>>>,
}

type Parsed<T> = BTreeMap<RelPath, Rc<Result<T, EditError>>>;

/// Why a project cannot be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectError {
    /// The file at fault.
    pub path: RelPath,
    /// What is wrong with it.
    pub fault: FileFault,
}

/// What is wrong with a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read as text, with the reason.
    Unreadable(String),
    /// It is not valid in its language.
    Broken(EditError),
    /// It is a `polytope.yml` in the older format without tools.
    OlderGeneration(Option<Position>),
    /// It is valid YAML, but not a valid `polytope.yml`.
    WrongShape(String, Option<Position>),
}

impl Project {
    /// Create the snapshot from the files that were read below an absolute root.
    ///
    /// # Errors
    ///
    /// Every file at fault, not just the first.
    pub fn new(root: PathBuf, mut files: Files) -> Result<Self, Vec<ProjectError>> {
        let mut polytope_files = Vec::new();
        let mut errors = Vec::new();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![root_path()];
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let fault = match files.entries.get(&path) {
                None | Some(Content::Unread) => continue,
                Some(Content::Folder) => FileFault::Unreadable("it is a folder".to_owned()),
                // Treat a module outside of the project like one from another repository.
                Some(Content::Unreadable(reason))
                    if reason == LEADS_OUT && path.parent().is_some() =>
                {
                    continue;
                }
                Some(Content::Unreadable(reason)) => FileFault::Unreadable(reason.clone()),
                Some(Content::Text(_)) => match files.polytope(&path) {
                    Some(Ok(file)) => {
                        // Reversed, because the stack returns the last one first.
                        waiting.extend(file.local_includes().into_iter().rev());
                        polytope_files.push(file.clone());
                        continue;
                    }
                    Some(Err(fault)) => fault.clone(),
                    None => continue,
                },
            };
            errors.push(ProjectError { path, fault });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut tools = HashMap::new();
        for (index, file) in polytope_files.iter().enumerate() {
            for tool in file.tools() {
                tools.entry(tool.name.to_owned()).or_insert(index);
            }
        }
        Ok(Self {
            root,
            services: OnceCell::new(),
            names: OnceCell::new(),
            files,
            polytope_files,
            tools,
            wanted: RefCell::default(),
            modules: RefCell::default(),
            pyprojects: RefCell::default(),
            records: RefCell::default(),
        })
    }

    /// The files that it was made from, and those that must be read before planning again.
    #[must_use]
    pub fn into_files(self) -> (Files, BTreeSet<RelPath>) {
        (self.files, self.wanted.into_inner())
    }

    /// Note that a tool needs a file that has not been read.
    pub fn want(&self, path: &RelPath) {
        self.wanted.borrow_mut().insert(path.clone());
    }

    /// The project's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The content at a path; `None` if there is none.
    #[must_use]
    pub fn entry(&self, path: &RelPath) -> Option<&Content> {
        self.files.entries.get(path)
    }

    /// The paths below a folder, in order.
    pub fn below<'a>(&'a self, folder: &RelPath) -> impl Iterator<Item = &'a RelPath> + use<'a> {
        self.beginning_with(format!("{folder}/"))
    }

    /// The paths whose last part is this name, in order.
    #[must_use]
    pub fn with_file_name(&self, name: &str) -> &[RelPath] {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<String, Vec<RelPath>> = HashMap::new();
            for path in self.files.entries.keys() {
                let found = names.entry(path.file_name().to_owned()).or_default();
                found.push(path.clone());
            }
            names
        });
        names.get(name).map_or(&[], Vec::as_slice)
    }

    /// The text of a file; `None` if the file does not exist or is not text.
    #[must_use]
    pub fn text(&self, path: &RelPath) -> Option<&str> {
        match self.files.entries.get(path)? {
            Content::Text(text) => Some(text),
            Content::Unreadable(_) | Content::Unread | Content::Folder => None,
        }
    }

    /// The root's `polytope.yml`, if there is one.
    #[must_use]
    pub fn root_file(&self) -> Option<&PolytopeFile> {
        let first = self.polytope_files.first();
        first
            .map(AsRef::as_ref)
            .filter(|file| file.path.as_str() == POLYTOPE_FILE)
    }

    /// The `polytope.yml` at a path, if the root's file includes it.
    #[must_use]
    pub fn polytope_file(&self, path: &RelPath) -> Option<&PolytopeFile> {
        // Only files that the root's file includes have been parsed.
        self.files.polytope.get(path)?.as_deref().ok()
    }

    /// A record of the project; `None` if there is none that can be read.
    #[must_use]
    pub fn record(&self, path: &RelPath) -> Option<Rc<Record>> {
        let text = self.text(path)?;
        let mut records = self.records.borrow_mut();
        let record = records
            .entry(path.clone())
            .or_insert_with(|| Record::parse(text).ok().map(Rc::new));
        record.clone()
    }

    /// The paths of the `polytope.yml` files that the project includes.
    pub fn polytope_paths(&self) -> impl Iterator<Item = &RelPath> {
        self.polytope_files.iter().map(|file| &file.path)
    }

    /// Every tool that these files define, in their order.
    pub fn tools(&self) -> impl Iterator<Item = Tool<'_>> {
        self.polytope_files.iter().flat_map(|file| file.tools())
    }

    /// The tool of this name, if one of the project's own files defines it.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<Tool<'_>> {
        self.polytope_files[*self.tools.get(name)?].tool(name)
    }

    /// Whether there is a tool of this name: a local one, or one that a `run` calls but no
    /// local file defines, so that it must come from an included repository.
    #[must_use]
    pub fn has_tool(&self, name: &str) -> bool {
        self.tool(name).is_some()
            || (self.includes_repositories()
                && self.tools().any(|tool| tool.calls().contains(&name)))
    }

    /// The tools whose containers run any version of this image.
    pub fn tools_with_image<'a>(&'a self, image: &'a str) -> impl Iterator<Item = Tool<'a>> {
        self.tools().filter(move |tool| {
            tool.steps().any(|step| {
                let found = step
                    .get("args")
                    .and_then(|args| args.get("image")?.as_str());
                found
                    .and_then(|found| found.strip_prefix(image))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
            })
        })
    }

    /// The names of all tools that this one calls, directly or through local tools.
    #[must_use]
    pub fn reached_from(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![name.to_owned()];
        while let Some(name) = waiting.pop() {
            let Some(tool) = self.tool(&name) else {
                continue;
            };
            for called in tool.calls() {
                if reached.insert(called.to_owned()) {
                    waiting.push(called.to_owned());
                }
            }
        }
        reached
    }

    /// Whether another repository is included, whose tools are not known here.
    fn includes_repositories(&self) -> bool {
        self.polytope_files
            .iter()
            .any(|file| file.includes().any(|include| include.get("repo").is_some()))
    }

    /// A Python module; `None` if there is no text at the path. It is parsed once.
    #[must_use]
    pub fn module(&self, path: &RelPath) -> Option<Rc<Result<Module, EditError>>> {
        self.parsed(&self.modules, path, Module::parse)
    }

    /// What a Python module tells; `None` if there is none that can be parsed.
    pub fn of_module<T>(&self, path: &RelPath, ask: impl FnOnce(&Module) -> T) -> Option<T> {
        let module = self.module(path)?;
        module.as_ref().as_ref().ok().map(ask)
    }

    /// A `pyproject.toml`; `None` if there is no text at the path. It is parsed once.
    #[must_use]
    pub fn pyproject(&self, path: &RelPath) -> Option<Rc<Result<PyProject, EditError>>> {
        self.parsed(&self.pyprojects, path, PyProject::parse)
    }

    fn parsed<'p, T>(
        &'p self,
        known: &RefCell<Parsed<T>>,
        path: &RelPath,
        parse: impl FnOnce(&'p str) -> Result<T, EditError>,
    ) -> Option<Rc<Result<T, EditError>>> {
        let text = self.text(path)?;
        let mut known = known.borrow_mut();
        let parsed = known.entry(path.clone());
        Some(parsed.or_insert_with(|| Rc::new(parse(text))).clone())
    }

    /// The style of a service's Python code: from the settings in its folder, or in the nearest
    /// parent folder that has some.
    #[must_use]
    pub fn python_style(&self, service: &Service) -> Style {
        let folders = service.folder.and_parents();
        let mut settings =
            folders.flat_map(|folder| SETTINGS_FILES.map(|(name, kind)| (folder.join(name), kind)));
        let style = settings.find_map(|(path, kind)| Style::from_settings(self.text(&path)?, kind));
        style.unwrap_or_default()
    }

    /// The Python services, by name.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        self.services.get_or_init(|| services::find(self))
    }

    /// The same service, with Temporal started in a chosen way.
    #[must_use]
    pub fn with_wiring(&self, service: &Service, chosen: Wiring) -> Service {
        services::with_wiring(self, service, chosen)
    }

    /// Whether there is any Python code besides tests.
    #[must_use]
    pub fn has_python(&self) -> bool {
        services::has_python(&self.files.entries)
    }

    /// The folders whose names are not supported, escaped: they may hold code.
    #[must_use]
    pub fn unnamed(&self) -> &[String] {
        &self.files.unnamed
    }

    /// The paths that the user may not read or list, in order: they may hold code.
    pub fn hidden(&self) -> impl Iterator<Item = &RelPath> {
        let entries = self.files.entries.iter();
        entries
            .filter(|(_, content)| match content {
                Content::Unreadable(reason) => [DENIED, UNLISTED].contains(&reason.as_str()),
                _ => false,
            })
            .map(|(path, _)| path)
    }

    /// The paths in a folder, in order.
    pub fn inside<'a>(&'a self, folder: &Folder) -> impl Iterator<Item = &'a RelPath> + use<'a> {
        let folder = folder.path();
        self.beginning_with(folder.map_or_else(String::new, |folder| format!("{folder}/")))
    }

    fn beginning_with(&self, prefix: String) -> impl Iterator<Item = &RelPath> {
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let paths = self.files.entries.range::<str, _>(from);
        let paths = paths.map(|(path, _)| path);
        paths.take_while(move |path| path.as_str().starts_with(&prefix))
    }
}
