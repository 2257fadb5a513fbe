//! The import root and the package of a service.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{Candidate, above_packages};
use super::wiring::{command_of, other_commands};
use crate::edit::python::Module;
use crate::name::{Folder, RelPath};
use crate::project::{Content, Project};
use crate::python::is_module_name;

/// The import root of a source folder, and its path from there, which is empty for the root.
pub(super) fn layout(
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
    let package = |root: &Folder| root.steps_to(source).unwrap_or_default().join("/");
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
    let command = command_of(project, candidate);
    let others = other_commands(project, folder, candidate);
    let named = named_root(&command, &roots, main).or_else(|| named_root(&others, &roots, main));
    if let Some((most, root)) = best {
        // The command decides between equals.
        let is_equal = |root: &&Folder| score(root) == most;
        let root = named.filter(is_equal).unwrap_or(root);
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
        let is_file = main.is_some_and(|main| is_named_by_file(&command, main));
        match named {
            Some(root) => root.clone(),
            None if is_file || source.name() == Some("src") => source.clone(),
            // A folder below `src` or the service's is a package without `__init__.py`.
            None => {
                let src: Folder = folder.join("src").into();
                let is_below = folder != source && src.steps_to(source).is_some();
                if is_below { src } else { folder.clone() }
            }
        }
    };
    let package = package(&root);
    (root, package)
}

/// The root from which a command's dotted name of a module is imported.
fn named_root<'r>(
    command: &str,
    roots: &'r [Folder],
    main: Option<&RelPath>,
) -> Option<&'r Folder> {
    let main = main?;
    roots.iter().find(|root| {
        root.relative(main).is_some_and(|path| {
            let stem = path.strip_suffix(".py").unwrap_or(path);
            let dotted = format!("{}:", stem.replace('/', "."));
            let mut words = command.split_whitespace();
            words.any(|word| word.trim_matches(['"', '\'']).starts_with(&dotted))
        })
    })
}

/// Whether a command names a module by the path of its file.
fn is_named_by_file(command: &str, main: &RelPath) -> bool {
    let words = command.split(|c: char| c.is_whitespace() || "\"',[]".contains(c));
    let mut files = words.map(|word| word.trim_start_matches("./"));
    files.any(|word| main.as_str() == word || main.as_str().ends_with(&format!("/{word}")))
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
    let imported = near.take(MOST);
    let imported = imported.filter_map(|path| project.of_module(path, Module::imported));
    imported.flatten().collect()
}

/// Whether the modules of a service import each other with leading dots; so do those of a
/// package in which no module imports another.
pub(super) fn is_relative(
    project: &Project,
    main: Option<&RelPath>,
    candidate: &Candidate,
    source: &Folder,
) -> bool {
    let of_main = main.and_then(|main| project.of_module(main, Module::imported));
    let imported = of_main.unwrap_or_else(|| imported_near(project, candidate, source));
    if imported.iter().any(|name| name.starts_with('.')) {
        return true;
    }
    // A module that is run by its path is in no package.
    let is_script = |main: &RelPath| {
        let text = project.text(main);
        text.is_some_and(|text| text.contains("__name__"))
    };
    if !has_init(project, source) && main.is_some_and(is_script) {
        return false;
    }
    let top = source.name().unwrap_or("");
    let prefix = format!("{top}.");
    !imported
        .iter()
        .any(|name| name.starts_with(&prefix) || name.contains(&format!(".{prefix}")))
}

/// Whether a folder is a package with an `__init__.py`.
pub(super) fn has_init(project: &Project, folder: &Folder) -> bool {
    project.entry(&folder.join("__init__.py")).is_some()
}

/// The source folder of a service without a web application, or the packages among which the
/// choice is not clear.
pub(super) fn without_application(
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
