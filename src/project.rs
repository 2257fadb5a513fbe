//! An immutable picture of a project: its files as they were read, and what they mean.
//!
//! Nothing here reads a disk. [`crate::disk`] fills the picture once; every tool then looks
//! at the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::edit::yaml::{Document, Step};
use crate::edit::{EditError, Position};
use crate::name::{RelPath, ServiceName};
use crate::python::{SETTINGS_FILES, Style};

/// The file that makes a folder a Polytope project.
pub const POLYTOPE_FILE: &str = "polytope.yml";

/// Folders whose own folders may be services and modules.
pub const MODULE_FOLDERS: [&str; 2] = ["modules", "services"];

/// Why a file or folder behind a link is not read.
pub const LEADS_OUT: &str = "it is a symbolic link that leads out of the project";

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file, as text.
    Text(String),
    /// A file that cannot be used as text, with the reason.
    Unreadable(String),
    /// A folder.
    Folder,
}

/// The picture of a project.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    entries: BTreeMap<RelPath, Content>,
    polytope_files: Vec<PolytopeFile>,
    services: Vec<Service>,
}

/// A `polytope.yml` that the project's own includes lead to; the root's comes first.
#[derive(Debug)]
pub struct PolytopeFile {
    /// Where it is.
    pub path: RelPath,
    /// What it means and where everything stands.
    pub document: Document,
    text: String,
}

/// A tool that one of the project's own files defines.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// The file that defines it.
    pub file: &'a PolytopeFile,
    /// Its definition.
    pub value: &'a Value,
}

/// Something of which there can be only one in a running project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// A port of the developer's machine.
    Port(u64),
    /// A container's id.
    Container(String),
    /// A host name inside the job.
    Host(String),
}

/// A Python service with start-up hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name of its folder.
    pub name: ServiceName,
    /// The folder that holds its `pyproject.toml`.
    pub folder: RelPath,
    /// How its Python code is laid out.
    pub layout: Layout,
}

/// How a service's Python code is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// A package in `src`, with relative imports; this is its name, e.g. `backend`.
    Package(String),
    /// Modules in `src` itself, with absolute imports.
    Flat,
}

impl Service {
    /// The folder of the Python code.
    #[must_use]
    pub fn source(&self) -> RelPath {
        match &self.layout {
            Layout::Package(package) => self.folder.join(&format!("src/{package}")),
            Layout::Flat => self.folder.join("src"),
        }
    }

    /// The dotted name of one of its modules, as an absolute import writes it.
    #[must_use]
    pub fn module(&self, name: &str) -> String {
        match &self.layout {
            Layout::Package(package) => format!("{package}.{name}"),
            Layout::Flat => name.to_owned(),
        }
    }

    /// What an import of one of its modules begins with in a module that is this many
    /// folders below the source folder: dots, or nothing in the flat layout.
    #[must_use]
    pub fn import_prefix(&self, depth: usize) -> String {
        match &self.layout {
            Layout::Package(_) => ".".repeat(depth + 1),
            Layout::Flat => String::new(),
        }
    }
}

/// Why a project cannot be worked on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectError {
    /// The file at fault.
    pub path: RelPath,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read as text, with the reason.
    Unreadable(String),
    /// It is not valid in its language.
    Broken(EditError),
    /// It is a `polytope.yml` of the generation before tools.
    OlderGeneration(Option<Position>),
    /// It is valid YAML but no `polytope.yml`.
    WrongShape(String, Option<Position>),
}

impl Project {
    /// Make the picture from what stands at the paths below an absolute root.
    ///
    /// # Errors
    ///
    /// Every file at fault, not just the first.
    pub fn new(
        root: PathBuf,
        entries: BTreeMap<RelPath, Content>,
    ) -> Result<Self, Vec<ProjectError>> {
        let mut polytope_files = Vec::new();
        let mut errors = Vec::new();
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<RelPath> = polytope_file_of("").into_iter().collect();
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let fault = match entries.get(&path) {
                None => continue,
                Some(Content::Folder) => Fault::Unreadable("it is a folder".to_owned()),
                // A module that lives elsewhere is like one of another repository.
                Some(Content::Unreadable(reason))
                    if reason == LEADS_OUT && path.parent().is_some() =>
                {
                    continue;
                }
                Some(Content::Unreadable(reason)) => Fault::Unreadable(reason.clone()),
                Some(Content::Text(text)) => match PolytopeFile::read(path.clone(), text) {
                    Ok(file) => {
                        // Reversed, for the last one waits at the top.
                        waiting.extend(file.local_includes().into_iter().rev());
                        polytope_files.push(file);
                        continue;
                    }
                    Err(fault) => fault,
                },
            };
            errors.push(ProjectError { path, fault });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let services = find_services(&entries);
        Ok(Self {
            root,
            entries,
            polytope_files,
            services,
        })
    }

    /// What it was made from.
    #[must_use]
    pub fn into_entries(self) -> BTreeMap<RelPath, Content> {
        self.entries
    }

    /// The project's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stands at a path; `None` if nothing does.
    #[must_use]
    pub fn entry(&self, path: &RelPath) -> Option<&Content> {
        self.entries.get(path)
    }

    /// The paths below a folder, in order.
    pub fn below<'a>(&'a self, folder: &'a RelPath) -> impl Iterator<Item = &'a RelPath> + 'a {
        self.entries.keys().filter(move |path| {
            path.as_str()
                .strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The text of a file; `None` if there is none, or none that is text.
    #[must_use]
    pub fn text(&self, path: &RelPath) -> Option<&str> {
        match self.entries.get(path)? {
            Content::Text(text) => Some(text),
            Content::Unreadable(_) | Content::Folder => None,
        }
    }

    /// The root's `polytope.yml`, if there is one.
    #[must_use]
    pub fn root_file(&self) -> Option<&PolytopeFile> {
        self.polytope_files
            .iter()
            .find(|file| file.path.as_str() == POLYTOPE_FILE)
    }

    /// Every `polytope.yml` that the root leads to, the root's first.
    #[must_use]
    pub fn polytope_files(&self) -> &[PolytopeFile] {
        &self.polytope_files
    }

    /// Every tool that these files define, in their order.
    pub fn tools(&self) -> impl Iterator<Item = Tool<'_>> {
        self.polytope_files.iter().flat_map(PolytopeFile::tools)
    }

    /// The tool of this name that one of the project's own files defines.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<Tool<'_>> {
        self.tools().find(|tool| tool.name == name)
    }

    /// Whether there is a tool of this name: a local one, or one that some `run` calls and
    /// that no local file defines, so that it comes from an included repository.
    #[must_use]
    pub fn has_tool(&self, name: &str) -> bool {
        self.tool(name).is_some()
            || (self.includes_repositories()
                && self.tools().any(|tool| tool.calls().contains(&name)))
    }

    /// The tools whose containers run this image, in whatever version.
    pub fn tools_with_image<'a>(&'a self, image: &'a str) -> impl Iterator<Item = Tool<'a>> {
        self.tools().filter(move |tool| {
            let steps = tool.value.get("run").and_then(Value::as_sequence);
            steps.into_iter().flatten().any(|step| {
                let found = step
                    .get("args")
                    .and_then(|args| args.get("image")?.as_str());
                found
                    .and_then(|found| found.strip_prefix(image))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
            })
        })
    }

    /// The names of the tools that running this one runs, through local tools.
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

    /// The layout of a service's Python code: the settings in its folder, else in the nearest
    /// folder above that has some.
    #[must_use]
    pub fn python_style(&self, service: &Service) -> Style {
        let mut folder = Some(service.folder.clone());
        loop {
            for (name, kind) in SETTINGS_FILES {
                let path = match &folder {
                    Some(folder) => folder.join(name),
                    None => RelPath::literal(name),
                };
                let text = self.text(&path);
                if let Some(style) = text.and_then(|text| Style::from_settings(text, kind)) {
                    return style;
                }
            }
            match folder {
                Some(below) => folder = below.parent(),
                None => return Style::default(),
            }
        }
    }

    /// The Python services, by name.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }
}

impl PolytopeFile {
    /// Read one.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn read(path: RelPath, text: &str) -> Result<Self, Fault> {
        let document = Document::parse(text).map_err(Fault::Broken)?;
        let value = document.value();
        if !matches!(value, Value::Mapping(_) | Value::Null) {
            let what = "the file must be a mapping with keys such as `include` and `tools`";
            return Err(Fault::WrongShape(
                what.to_owned(),
                document.position(text, &[]),
            ));
        }
        let has_tools = value.get("tools").is_some();
        for key in ["templates", "modules"] {
            if !has_tools && value.get(key).is_some_and(Value::is_sequence) {
                let position = document.position(text, &[Step::Key(key)]);
                return Err(Fault::OlderGeneration(position));
            }
        }
        for (key, is_right, kind) in [
            ("include", is_list as fn(&Value) -> bool, "a list"),
            ("tools", is_mapping, "a mapping"),
        ] {
            if value.get(key).is_some_and(|found| !is_right(found)) {
                let position = document.position(text, &[Step::Key(key)]);
                return Err(Fault::WrongShape(
                    format!("`{key}` must be {kind}"),
                    position,
                ));
            }
        }
        let file = Self {
            path,
            document,
            text: text.to_owned(),
        };
        for tool in file.tools() {
            let run = tool.value.get("run");
            if !(is_mapping(tool.value) && run.is_none_or(|run| is_list(run) || run.is_string())) {
                let position = tool.position();
                let what = format!(
                    "the tool `{}` must be a mapping whose `run` is a list",
                    tool.name
                );
                return Err(Fault::WrongShape(what, position));
            }
        }
        Ok(file)
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tools that this file defines.
    pub fn tools(&self) -> impl Iterator<Item = Tool<'_>> {
        let tools = self
            .document
            .value()
            .get("tools")
            .and_then(Value::as_mapping);
        tools
            .into_iter()
            .flatten()
            .filter_map(move |(name, value)| {
                let name = name.as_str()?;
                Some(Tool {
                    name,
                    file: self,
                    value,
                })
            })
    }

    fn includes(&self) -> impl Iterator<Item = &Value> {
        let includes = self
            .document
            .value()
            .get("include")
            .and_then(Value::as_sequence);
        includes.into_iter().flatten()
    }

    /// The `polytope.yml` of each folder of this project that the file includes.
    #[must_use]
    pub fn local_includes(&self) -> Vec<RelPath> {
        let own = self.path.parent();
        self.includes()
            .filter_map(|include| match include {
                Value::String(path) => Some(path.as_str()),
                other if other.get("repo").is_some() => None,
                other => other.get("path").and_then(Value::as_str),
            })
            .filter_map(|path| {
                let base = if path.starts_with('/') {
                    None
                } else {
                    own.as_ref()
                };
                let folder = resolved(base.map_or("", RelPath::as_str), path)?;
                polytope_file_of(&folder)
            })
            .collect()
    }
}

impl<'a> Tool<'a> {
    /// Where its name stands.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position_of(&[])
    }

    /// Its steps, in their order.
    pub fn steps(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let run = self.value.get("run").and_then(Value::as_sequence);
        run.into_iter().flatten()
    }

    /// The names of the tools that its steps call.
    #[must_use]
    pub fn calls(&self) -> Vec<&'a str> {
        self.steps()
            .filter_map(|step| step.get("tool").and_then(Value::as_str))
            .collect()
    }

    /// Where something in it stands, by the way to it from the tool.
    #[must_use]
    pub fn position_of(&self, way: &[Step<'_>]) -> Option<Position> {
        let mut route = vec![Step::Key("tools"), Step::Key(self.name)];
        route.extend_from_slice(way);
        self.file.document.position(&self.file.text, &route)
    }

    /// What its containers claim, each with the way to it from the tool.
    #[must_use]
    pub fn claims(&self) -> Vec<(Claim, Vec<Step<'static>>)> {
        let mut claims = Vec::new();
        let run = self.value.get("run").and_then(Value::as_sequence);
        for (number, step) in run.into_iter().flatten().enumerate() {
            let Some(args) = step.get("args") else {
                continue;
            };
            let way = vec![Step::Key("run"), Step::Item(number), Step::Key("args")];
            if let Some(id) = literal(args.get("id")) {
                claims.push((Claim::Container(id), extended(&way, &[Step::Key("id")])));
            }
            let services = args.get("services").and_then(Value::as_sequence);
            for (index, service) in services.into_iter().flatten().enumerate() {
                let way = extended(&way, &[Step::Key("services"), Step::Item(index)]);
                if let Some(id) = literal(service.get("id")) {
                    claims.push((Claim::Host(id), extended(&way, &[Step::Key("id")])));
                }
                let ports = service.get("ports").and_then(Value::as_sequence);
                for (number, port) in ports.into_iter().flatten().enumerate() {
                    let exposed = port.get("expose-as");
                    let exposed = exposed
                        .and_then(|port| port.as_u64().or_else(|| port.as_str()?.parse().ok()));
                    if let Some(exposed) = exposed {
                        let rest = [
                            Step::Key("ports"),
                            Step::Item(number),
                            Step::Key("expose-as"),
                        ];
                        claims.push((Claim::Port(exposed), extended(&way, &rest)));
                    }
                }
            }
        }
        claims
    }
}

fn extended(way: &[Step<'static>], rest: &[Step<'static>]) -> Vec<Step<'static>> {
    way.iter().chain(rest).copied().collect()
}

/// A text that stands for itself, and is neither a reference nor code.
fn literal(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    is_literal(text).then(|| text.to_owned())
}

/// The path of the `polytope.yml` in a folder, given as text; an empty one is the root.
#[must_use]
pub fn polytope_file_of(folder: &str) -> Option<RelPath> {
    let path = if folder.is_empty() {
        POLYTOPE_FILE.to_owned()
    } else {
        format!("{folder}/{POLYTOPE_FILE}")
    };
    path.parse().ok()
}

/// The folders that the text of a `polytope.yml` in this folder includes from its own
/// project; none where the text cannot be read.
#[must_use]
pub fn local_includes(path: &RelPath, text: &str) -> Vec<RelPath> {
    PolytopeFile::read(path.clone(), text).map_or_else(|_| Vec::new(), |f| f.local_includes())
}

/// A path from a folder, without `.` and `..`; `None` if it leads out of the project.
fn resolved(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Sequence(_) | Value::Null)
}

fn is_mapping(value: &Value) -> bool {
    matches!(value, Value::Mapping(_) | Value::Null)
}

/// Whether a value stands for itself, and is neither a reference nor code.
fn is_literal(text: &str) -> bool {
    !text.starts_with("pt.") && !text.starts_with('#') && !text.contains("{pt.")
}

fn find_services(entries: &BTreeMap<RelPath, Content>) -> Vec<Service> {
    let mut services = Vec::new();
    for path in entries.keys() {
        let Some(folder) = path.as_str().strip_suffix("/pyproject.toml") else {
            continue;
        };
        let (Ok(folder), Some((_, name))) = (folder.parse::<RelPath>(), folder.rsplit_once('/'))
        else {
            continue;
        };
        let Ok(name) = name.parse::<ServiceName>() else {
            continue;
        };
        if let Some(layout) = layout_of(entries, &folder) {
            services.push(Service {
                name,
                folder,
                layout,
            });
        }
    }
    services.sort_by(|a, b| (&a.name, &a.folder).cmp(&(&b.name, &b.folder)));
    services
}

/// The layout of a service, told by where its hook file stands.
fn layout_of(entries: &BTreeMap<RelPath, Content>, folder: &RelPath) -> Option<Layout> {
    if entries.contains_key(&folder.join("src/init/__init__.py")) {
        return Some(Layout::Flat);
    }
    let source = format!("{}/", folder.join("src"));
    entries.keys().find_map(|path| {
        let package = path
            .as_str()
            .strip_prefix(&source)?
            .strip_suffix("/init/__init__.py")?;
        (!package.contains('/')).then(|| Layout::Package(package.to_owned()))
    })
}
