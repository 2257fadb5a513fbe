//! Reads the files that tools may need.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::Disk;
use crate::change::Change;
use crate::edit::MAX_FILE_SIZE;
use crate::name::{Folder, NameError, RelPath};
use crate::project::{Content, Files, LEADS_OUT, POLYTOPE_FILE, UNLISTED};
use crate::python::SETTINGS_FILES;

/// Folders that are never read, besides hidden ones such as `.git` and `.venv`.
const SKIPPED: [&str; 3] = ["venv", "node_modules", "__pycache__"];

/// Maximum depth of folders, deeper ones are not read.
const MAX_FOLDER_DEPTH: usize = 16;

impl Disk {
    /// Read only the root's `polytope.yml` and those that it includes.
    #[must_use]
    pub fn read_tools(&self) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        files
    }

    /// Read everything that a tool may need: the root's `polytope.yml` and those that it
    /// includes, Python code, the files that declare requirements, and the settings of Python
    /// formatters.
    #[must_use]
    pub fn read(&self) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        let mut seen = HashSet::new();
        let mut linked = vec![Folder::PROJECT];
        // Folders behind links are read after all others, so that each is read at its own path.
        while let Some(folder) = linked.pop() {
            let mut waiting = vec![folder];
            while let Some(folder) = waiting.pop() {
                let path = self.root.join(folder.path().map_or("", RelPath::as_str));
                if !path.canonicalize().is_ok_and(|real| seen.insert(real)) {
                    continue;
                }
                for child in list(&self.root, &folder, &mut files) {
                    if folder.path().is_some() && child.depth() > MAX_FOLDER_DEPTH {
                        continue;
                    }
                    let real = self.path(&child);
                    if real.is_symlink() {
                        linked.push(child.into());
                    } else {
                        waiting.push(child.into());
                    }
                }
            }
        }
        files
    }

    /// Read further files. Returns whether there were any; if so, the plan must be made again.
    #[must_use]
    pub fn read_more(&self, wanted: &BTreeSet<RelPath>, files: &mut Files) -> bool {
        for path in wanted {
            read_entry(&self.root, path, files);
        }
        !wanted.is_empty()
    }

    /// Read files that already exist at paths that a plan would create, if they have not been
    /// read yet: left by a killed run, or the user's own. Returns whether there were any; if
    /// so, the plan must be made again.
    #[must_use]
    pub fn read_targets(&self, changes: &[Change], files: &mut Files) -> bool {
        let mut has_read = false;
        for change in changes {
            let mut path = Some(change.path.clone());
            while let Some(current) = path {
                let real = self.path(&current);
                let is_known = files.entries.get(&current).is_some_and(is_read);
                if !is_known && real.symlink_metadata().is_ok() {
                    let is_parent_folder = current != change.path && real.is_dir();
                    if !is_parent_folder {
                        read_entry(&self.root, &current, files);
                        has_read = true;
                    }
                }
                path = current.parent();
            }
        }
        has_read
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

/// Record the entries of a folder with the text of those that tools read, and return the
/// folders among them.
fn list(root: &Path, folder: &Folder, files: &mut Files) -> Vec<RelPath> {
    let path = root.join(folder.path().map_or("", RelPath::as_str));
    let Ok(children) = fs::read_dir(&path) else {
        if let Some(folder) = folder.path() {
            let reason = UNLISTED.to_owned();
            files
                .entries
                .insert(folder.clone(), Content::Unreadable(reason));
        }
        return Vec::new();
    };
    let mut folders = Vec::new();
    let mut names: Vec<String> = children
        .flatten()
        .filter_map(|child| child.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let Ok(child) = folder_child(folder, &name) else {
            continue;
        };
        let content = match kind_of(root, &path.join(&name)) {
            None => continue,
            Some(Kind::Folder) => {
                if !name.starts_with('.') {
                    folders.push(child.clone());
                }
                Content::Folder
            }
            Some(Kind::File) if is_text(&name) => {
                if files.entries.get(&child).is_some_and(is_read) {
                    continue;
                }
                // Its folder has just been listed, so it is inside the project.
                match content_of(root, &path.join(&name)) {
                    Some(content) => content,
                    None => continue,
                }
            }
            Some(Kind::File) if files.entries.contains_key(&child) => continue,
            Some(Kind::File) => Content::Unread,
            Some(Kind::Other(reason)) => Content::Unreadable(reason),
        };
        files.entries.insert(child, content);
    }
    folders
}

fn folder_child(folder: &Folder, name: &str) -> Result<RelPath, NameError> {
    match folder.path() {
        Some(folder) => format!("{folder}/{name}").parse(),
        None => name.parse(),
    }
}

/// Whether tools read files of this name. Other files are read if a plan would write them.
fn is_text(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let is_requirements = matches!(extension, Some("txt" | "in"));
    extension == Some("py")
        || (is_requirements && name.contains("requirements"))
        || matches!(
            name,
            "setup.cfg"
                | "Dockerfile"
                | "Procfile"
                | "compose.yml"
                | "docker-compose.yml"
                | POLYTOPE_FILE
        )
        || SETTINGS_FILES.iter().any(|(settings, _)| *settings == name)
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

/// Whether the content of an entry is known.
fn is_read(content: &Content) -> bool {
    *content != Content::Unread
}

/// Read one file, if it exists and has not been read yet.
fn read_entry(root: &Path, path: &RelPath, files: &mut Files) {
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
