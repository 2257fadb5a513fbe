//! Reads the files that tools may need.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::Disk;
use crate::change::Change;
use crate::edit::MAX_FILE_SIZE;
use crate::name::RelPath;
use crate::project::{Content, Files, LEADS_OUT, MODULE_FOLDERS, POLYTOPE_FILE};
use crate::python::SETTINGS_FILES;

/// Folders that are never read, besides hidden ones such as `.git` and `.venv`.
const SKIPPED: [&str; 3] = ["venv", "node_modules", "__pycache__"];

/// Maximum depth of folders, so that circular links do not recurse without end.
const MAX_FOLDER_DEPTH: usize = 16;

/// The content of a listed file that no tool needs.
const NOT_READ: &str = "it is a file that is not read";

impl Disk {
    /// Read only the root's `polytope.yml` and those that it includes.
    #[must_use]
    pub fn read_tools(&self) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        files
    }

    /// Read everything that a tool may need: the root's `polytope.yml` and those that it
    /// includes, the modules beside it, and the files of Python services.
    #[must_use]
    pub fn read(&self, modules_folder: Option<&RelPath>) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        let included: Vec<RelPath> = files
            .entries
            .keys()
            .filter(|path| path.file_name() == POLYTOPE_FILE)
            .filter_map(RelPath::parent)
            .collect();
        let mut folders: Vec<RelPath> = MODULE_FOLDERS.map(RelPath::literal).into();
        folders.extend(modules_folder.cloned());
        let mut modules = Vec::new();
        for folder in folders {
            modules.extend(list(&self.root, &folder, &mut files));
        }
        modules.extend(included);
        modules.sort();
        modules.dedup();
        for module in modules {
            // Settings of Python formatters apply to all subfolders.
            let parents = std::iter::successors(module.parent(), RelPath::parent);
            let folders = parents.map(|folder| folder.as_str().to_owned() + "/");
            for folder in folders.chain([String::new()]) {
                for (name, _) in SETTINGS_FILES {
                    let path = RelPath::literal(&format!("{folder}{name}"));
                    read_entry(&self.root, &path, &mut files);
                }
            }
            let pyproject = module.join("pyproject.toml");
            if self.path(&pyproject).symlink_metadata().is_ok() {
                read_tree(&self.root, &module, &mut files, 0);
            } else {
                let file = module.join(POLYTOPE_FILE);
                read_entry(&self.root, &file, &mut files);
            }
        }
        files
    }

    /// Read files that already exist at paths that a plan would create, if they have not been
    /// read yet: left by a killed run, or the user's own. Returns whether there were any; if
    /// so, the plan must be made again.
    #[must_use]
    pub fn read_targets(&self, changes: &[Change], files: &mut Files) -> bool {
        let before = files.entries.len();
        for change in changes {
            let mut path = Some(change.path.clone());
            while let Some(current) = path {
                let real = self.path(&current);
                if !files.entries.contains_key(&current) && real.symlink_metadata().is_ok() {
                    let is_parent_folder = current != change.path && real.is_dir();
                    if !is_parent_folder {
                        read_entry(&self.root, &current, files);
                    }
                }
                path = current.parent();
            }
        }
        files.entries.len() > before
    }
}

/// Read the root's `polytope.yml` and all that it includes, directly or indirectly.
pub(super) fn read_polytope_files(root: &Path, files: &mut Files) {
    let mut waiting = vec![RelPath::literal(POLYTOPE_FILE)];
    while let Some(path) = waiting.pop() {
        if files.entries.contains_key(&path) {
            continue;
        }
        read_entry(root, &path, files);
        if let Some(Ok(file)) = files.polytope(&path) {
            waiting.extend(file.local_includes());
        }
    }
}

/// Record the entries of a folder, and return the folders among them.
fn list(root: &Path, folder: &RelPath, files: &mut Files) -> Vec<RelPath> {
    let path = root.join(folder.as_str());
    match kind_of(root, &path) {
        None => return Vec::new(),
        Some(Kind::Folder) => {
            files.entries.insert(folder.clone(), Content::Folder);
        }
        Some(Kind::File) => {
            files.entries.insert(
                folder.clone(),
                Content::Unreadable("it is a file".to_owned()),
            );
            return Vec::new();
        }
        Some(Kind::Other(reason)) => {
            files
                .entries
                .insert(folder.clone(), Content::Unreadable(reason));
            return Vec::new();
        }
    }
    let Ok(children) = fs::read_dir(&path) else {
        let reason = "its content cannot be listed".to_owned();
        files
            .entries
            .insert(folder.clone(), Content::Unreadable(reason));
        return Vec::new();
    };
    let mut folders = Vec::new();
    for child in children.flatten() {
        let name = child.file_name();
        let Some(name) = name.to_str().filter(|name| !SKIPPED.contains(name)) else {
            continue;
        };
        let Ok(child_path) = format!("{folder}/{name}").parse::<RelPath>() else {
            continue;
        };
        match kind_of(root, &child.path()) {
            Some(Kind::Folder) => {
                files.entries.insert(child_path.clone(), Content::Folder);
                if !name.starts_with('.') {
                    folders.push(child_path);
                }
            }
            Some(Kind::File) => {
                let content = Content::Unreadable(NOT_READ.to_owned());
                files.entries.entry(child_path).or_insert(content);
            }
            Some(Kind::Other(reason)) => {
                files
                    .entries
                    .insert(child_path, Content::Unreadable(reason));
            }
            None => {}
        }
    }
    folders
}

fn read_tree(root: &Path, folder: &RelPath, files: &mut Files, depth: usize) {
    let folders = list(root, folder, files);
    let prefix = format!("{folder}/");
    let listed: Vec<RelPath> = files
        .entries
        .range(folder.clone()..)
        .take_while(|(path, _)| path == &folder || path.as_str().starts_with(&prefix))
        .filter(|(path, content)| {
            matches!(content, Content::Unreadable(_))
                && !path.as_str()[prefix.len().min(path.as_str().len())..].contains('/')
        })
        .map(|(path, _)| path.clone())
        .collect();
    for file in listed {
        if is_text(&file) {
            // Its folder has just been listed, so the folder is inside the project.
            let content = content_of(root, &root.join(file.as_str()));
            files.entries.extend(content.map(|content| (file, content)));
        }
    }
    if depth < MAX_FOLDER_DEPTH {
        for folder in folders {
            read_tree(root, &folder, files, depth + 1);
        }
    }
}

/// Whether tools read or write files of this kind.
fn is_text(path: &RelPath) -> bool {
    let name = path.file_name();
    matches!(name, "Dockerfile" | ".gitignore" | "py.typed")
        || matches!(
            name.rsplit_once('.').map(|(_, extension)| extension),
            Some("py" | "toml" | "yml" | "yaml" | "md" | "txt")
        )
}

enum Kind {
    File,
    Folder,
    Other(String),
}

fn kind_of(root: &Path, path: &Path) -> Option<Kind> {
    let own = path.symlink_metadata().ok()?;
    if own.is_symlink() {
        match path.canonicalize() {
            Ok(real) if !real.starts_with(root) => {
                return Some(Kind::Other(LEADS_OUT.to_owned()));
            }
            Ok(_) => {}
            Err(_) => {
                let reason = "it is a symbolic link that leads nowhere";
                return Some(Kind::Other(reason.to_owned()));
            }
        }
    }
    let metadata = if own.is_symlink() {
        fs::metadata(path).ok()?
    } else {
        own
    };
    Some(if metadata.is_dir() {
        Kind::Folder
    } else if metadata.is_file() {
        Kind::File
    } else {
        Kind::Other("it is neither a file nor a folder".to_owned())
    })
}

/// Read one file, if it exists and has not been read yet.
fn read_entry(root: &Path, path: &RelPath, files: &mut Files) {
    let is_read = |content: &Content| *content != Content::Unreadable(NOT_READ.to_owned());
    if files.entries.get(path).is_some_and(is_read) {
        return;
    }
    let real = root.join(path.as_str());
    let outside = real
        .parent()
        .and_then(|parent| parent.canonicalize().ok())
        .is_some_and(|parent| !parent.starts_with(root));
    let content = if outside {
        Some(Content::Unreadable(LEADS_OUT.to_owned()))
    } else {
        content_of(root, &real)
    };
    files
        .entries
        .extend(content.map(|content| (path.clone(), content)));
}

/// The content at a path whose folder is inside the project.
fn content_of(root: &Path, path: &Path) -> Option<Content> {
    Some(match kind_of(root, path)? {
        Kind::Folder => Content::Folder,
        Kind::Other(reason) => Content::Unreadable(reason),
        Kind::File => match read_text(path) {
            Ok(text) => Content::Text(text),
            Err(reason) => Content::Unreadable(reason),
        },
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    let limit = MAX_FILE_SIZE as u64;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {} MiB", limit >> 20));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 text (byte {at})")
    })
}
