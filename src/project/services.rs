//! Python services: their folders and the layout of their code.

use std::collections::BTreeMap;

use super::{Content, below};
use crate::name::{RelPath, ServiceName};

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

    /// The prefix for importing one of its modules from a module that is this many folders
    /// below the source folder: dots, or an empty text in the flat layout.
    #[must_use]
    pub fn import_prefix(&self, depth: usize) -> String {
        match &self.layout {
            Layout::Package(_) => ".".repeat(depth + 1),
            Layout::Flat => String::new(),
        }
    }
}

/// Find the services in the files that were read.
pub(super) fn find(entries: &BTreeMap<RelPath, Content>) -> Vec<Service> {
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

/// The layout of a service, by the path of its hook file.
fn layout_of(entries: &BTreeMap<RelPath, Content>, folder: &RelPath) -> Option<Layout> {
    if entries.contains_key(&folder.join("src/init/__init__.py")) {
        return Some(Layout::Flat);
    }
    let source = folder.join("src");
    below(entries, &source).find_map(|(path, _)| {
        let rest = path.as_str().strip_prefix(source.as_str())?;
        let package = rest.strip_prefix('/')?.strip_suffix("/init/__init__.py")?;
        (!package.contains('/')).then(|| Layout::Package(package.to_owned()))
    })
}
