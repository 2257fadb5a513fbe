//! The modules that an analysis reads.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::index::script_names;
use crate::edit::EditError;
use crate::edit::python::Module;
use crate::name::{Folder, RelPath};
use crate::project::{Project, Service, is_test};

/// Code whose modules import each other: a service, or what is in no service.
pub(super) struct Unit {
    /// The folder from which its modules are imported.
    root: Folder,
    files: Vec<RelPath>,
}

/// The parts of a project that are analysed on their own.
pub(super) fn units(project: &Project, only: Option<&Service>) -> Vec<Unit> {
    let mut units: BTreeMap<Folder, Unit> = BTreeMap::new();
    let mut services: Vec<&Service> = project.services().iter().collect();
    // The innermost folder first.
    services.sort_by_key(|service| std::cmp::Reverse(service.folder.as_str().len()));
    let is_in = |service: &Service, path: &RelPath| service.folder.relative(path).is_some();
    for path in project.inside(&Folder::PROJECT) {
        if !path.has_extension("py") || is_test(path) || project.text(path).is_none() {
            continue;
        }
        let service = services.iter().find(|service| is_in(service, path));
        if only.is_some_and(|only| service.is_none_or(|s| s.folder != only.folder)) {
            continue;
        }
        let (folder, root) = match service {
            Some(service) => (service.folder.clone(), service.root.clone()),
            None => (Folder::PROJECT, Folder::PROJECT),
        };
        let unit = units.entry(folder).or_insert_with(|| Unit {
            root,
            files: Vec::new(),
        });
        unit.files.push(path.clone());
    }
    units.into_values().collect()
}

/// How many imports are followed from a module to the lists of a worker.
const LIST_IMPORTS: usize = 3;

/// How far the imports of a module are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    /// So many imports.
    Imports(usize),
    /// To the end.
    Unlimited,
}

impl Depth {
    /// The depth for what a module imports; `None` if its imports are not followed.
    fn next(self) -> Option<Self> {
        match self {
            Self::Imports(count) => count.checked_sub(1).map(Self::Imports),
            Self::Unlimited => Some(Self::Unlimited),
        }
    }
}

/// A module: its file, its dotted name, and its syntax.
type Source = (RelPath, String, Rc<Result<Module, EditError>>);

/// The parsed modules of a unit that matter: those with workflows, activities and workers, and
/// what they import.
pub(super) struct Sources {
    pub(super) modules: Vec<Source>,
}

impl Sources {
    pub(super) fn read(project: &Project, unit: &Unit) -> Self {
        let names = ModuleNames::of(unit);
        let text = |path: &RelPath| project.text(path).unwrap_or_default();
        let is_workflow = |text: &str| has_definitions(text) && text.contains("workflow");
        if !unit.files.iter().any(|path| is_workflow(text(path))) {
            return Self {
                modules: Vec::new(),
            };
        }
        let has_heartbeats = unit.files.iter().any(|path| {
            let text = text(path);
            text.contains("heartbeat_timeout")
        });
        // The code of workflows is followed wherever it leads. A worker's module imports the
        // whole application, and only its lists are needed.
        let mut wanted: Vec<(&RelPath, Depth)> = Vec::new();
        for path in &unit.files {
            let text = text(path);
            if is_workflow(text) || has_heartbeats && has_definitions(text) {
                wanted.push((path, Depth::Unlimited));
            } else if has_definitions(text)
                || text.contains("workflows=")
                || text.contains("activities=")
            {
                wanted.push((path, Depth::Imports(LIST_IMPORTS)));
            }
        }
        let mut modules = Vec::new();
        let mut followed: BTreeMap<&RelPath, Depth> = BTreeMap::new();
        while let Some((path, depth)) = wanted.pop() {
            let known = followed.get(path).copied();
            if known.is_some_and(|known| known >= depth) {
                continue;
            }
            followed.insert(path, depth);
            let Some(module) = module_at(project, path) else {
                continue;
            };
            if let (Ok(parsed), Some(depth)) = (module.as_ref(), depth.next()) {
                for imported in parsed.imported_modules() {
                    let more = names.files_of(path, imported);
                    wanted.extend(more.into_iter().map(|path| (path, depth)));
                }
            }
            if known.is_none() {
                modules.push((path.clone(), names.name_of(path), module));
            }
        }
        modules.sort_by(|a, b| a.0.cmp(&b.0));
        Self { modules }
    }
}

/// A module. Python accepts a byte-order mark, and edits do not.
fn module_at(project: &Project, path: &RelPath) -> Option<Rc<Result<Module, EditError>>> {
    match project.text(path)?.strip_prefix('\u{feff}') {
        Some(text) => Some(Rc::new(Module::parse(text))),
        None => project.module(path),
    }
}

/// The dotted names of the modules of a unit.
struct ModuleNames<'u> {
    root: &'u Folder,
    files: BTreeMap<String, &'u RelPath>,
}

impl<'u> ModuleNames<'u> {
    fn of(unit: &'u Unit) -> Self {
        let mut names = Self {
            root: &unit.root,
            files: BTreeMap::new(),
        };
        for path in &unit.files {
            names.files.insert(names.name_of(path), path);
        }
        names
    }

    /// The dotted name of a module, from the folder that imports start at.
    fn name_of(&self, path: &RelPath) -> String {
        let relative = self.root.relative(path).unwrap_or(path.as_str());
        let name = relative.trim_end_matches(".py").replace('/', ".");
        match name.strip_suffix("__init__") {
            Some(package) => package.trim_end_matches('.').to_owned(),
            None => name,
        }
    }

    /// The files that an import of a module may load: the module, and a name in it that is a
    /// module of its own.
    fn files_of(&self, from: &RelPath, imported: (u32, &str, Option<&str>)) -> Vec<&'u RelPath> {
        let (level, module, name) = imported;
        let own = self.name_of(from);
        let mut package = own.as_str();
        let levels = if from.file_name() == "__init__.py" {
            level.saturating_sub(1)
        } else {
            level.max(1)
        };
        for _ in 0..levels {
            package = package.rsplit_once('.').map_or("", |(above, _)| above);
        }
        let join = |a: &str, b: &str| match (a, b) {
            ("", b) => b.to_owned(),
            (a, "") => a.to_owned(),
            (a, b) => format!("{a}.{b}"),
        };
        let base = match level {
            0 => module.to_owned(),
            _ => join(package, module),
        };
        // A script imports from its own folder, or from one above it.
        let outer = script_names(module, package).filter(|_| level == 0);
        let mut found = Vec::new();
        for candidate in std::iter::once(base).chain(outer) {
            let inner = name.map(|name| join(&candidate, name));
            // `import a.b` binds the package, which is loaded as well.
            let above = candidate.match_indices('.').map(|(at, _)| &candidate[..at]);
            let packages = above.filter(|_| name.is_none()).map(str::to_owned);
            let names = inner.into_iter().chain(packages).chain([candidate.clone()]);
            let files: Vec<&RelPath> = names
                .filter_map(|name| self.files.get(&name).copied())
                .collect();
            if !files.is_empty() {
                found.extend(files);
                break;
            }
        }
        found
    }
}

/// Whether a text may define workflows or activities.
pub(super) fn has_definitions(text: &str) -> bool {
    text.contains("temporalio") && text.contains("defn")
}
