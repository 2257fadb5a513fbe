//! Reads the files that tools may need.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::{Disk, DiskError, Operation, is_absent, names_in};
use crate::change::Change;
use crate::edit::MAX_FILE_SIZE;
use crate::name::{Folder, NameError, RelPath};
use crate::project::{Content, DENIED, Files, LEADS_OUT, POLYTOPE_FILE, UNLISTED};
use crate::python::SETTINGS_FILES;
use crate::record::RECORDS;

/// Folders that are never read, besides hidden ones such as `.git` and `.venv`.
const SKIPPED: [&str; 3] = ["venv", "node_modules", "__pycache__"];

/// The folder of the client library in a service.
const LIBRARY: &str = "temporal_client";

/// Maximum depth of folders, deeper ones are not read.
const MAX_FOLDER_DEPTH: usize = 16;

impl Disk {
    /// Read only the root's `polytope.yml` and those that it includes.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_tools(&self) -> Result<Files, DiskError> {
        let mut files = Files::default();
        self.read_polytope_files(&mut files)?;
        Ok(files)
    }

    /// Read the root's `polytope.yml` and all that it includes, directly or indirectly.
    fn read_polytope_files(&self, files: &mut Files) -> Result<(), DiskError> {
        let mut waiting = vec![RelPath::literal(POLYTOPE_FILE)];
        while let Some(path) = waiting.pop() {
            if files.entries.contains_key(&path) {
                continue;
            }
            self.read_entry(&path, files)?;
            if let Some(Ok(file)) = files.polytope(&path) {
                waiting.extend(file.local_includes());
            }
        }
        Ok(())
    }

    /// Read everything that a tool may need: the root's `polytope.yml` and those that it
    /// includes, Python code, the files that declare requirements, and the settings of Python
    /// formatters.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`] if the project's folder cannot be listed, or the system fails. What the
    /// user may not read, and what is not text, is [`Content::Unreadable`].
    pub fn read(&self) -> Result<Files, DiskError> {
        let mut files = Files::default();
        self.read_polytope_files(&mut files)?;
        let mut seen = HashSet::new();
        let mut linked = vec![Folder::PROJECT];
        // Folders behind links are read after all others, so that each is read at its own path.
        while let Some(folder) = linked.pop() {
            let mut waiting = vec![folder];
            while let Some(folder) = waiting.pop() {
                let path = self.root.join(folder.path().map_or("", RelPath::as_str));
                // One that has no real path cannot be listed either.
                if path.canonicalize().is_ok_and(|real| !seen.insert(real)) {
                    continue;
                }
                for child in self.list(&folder, &mut files)? {
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
        Ok(files)
    }

    /// Read further files. Returns whether there were any; if so, the plan must be made again.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_more(
        &self,
        wanted: &BTreeSet<RelPath>,
        files: &mut Files,
    ) -> Result<bool, DiskError> {
        for path in wanted {
            self.read_entry(path, files)?;
        }
        Ok(!wanted.is_empty())
    }

    /// Read files that already exist at paths that a plan would create, if they have not been
    /// read yet: left by a killed run, or the user's own. Returns whether there were any; if
    /// so, the plan must be made again.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_targets(&self, changes: &[Change], files: &mut Files) -> Result<bool, DiskError> {
        let mut has_read = false;
        for change in changes {
            let mut path = Some(change.path.clone());
            while let Some(current) = path {
                let real = self.path(&current);
                let is_known = files.entries.get(&current).is_some_and(is_read);
                // What cannot be inspected is read, so that the error is known.
                if !is_known && self.has(&real).unwrap_or(true) {
                    let is_parent_folder = current != change.path && real.is_dir();
                    if !is_parent_folder {
                        self.read_entry(&current, files)?;
                        has_read = true;
                    }
                }
                path = current.parent();
            }
        }
        Ok(has_read)
    }
}

impl Disk {
    /// Record the entries of a folder with the text of those that tools read, and return the
    /// folders among them.
    fn list(&self, folder: &Folder, files: &mut Files) -> Result<Vec<RelPath>, DiskError> {
        let root = &self.root;
        let path = root.join(folder.path().map_or("", RelPath::as_str));
        let listed = self.before(Operation::List, &path);
        let mut names = match (listed.and_then(|()| names_in(&path)), folder.path()) {
            (Ok(names), _) => names,
            (Err(error), Some(folder)) if error.kind() == io::ErrorKind::PermissionDenied => {
                let reason = UNLISTED.to_owned();
                files
                    .entries
                    .insert(folder.clone(), Content::Unreadable(reason));
                return Ok(Vec::new());
            }
            (Err(error), _) => return Err(DiskError::io(&path, error)),
        };
        let mut folders = Vec::new();
        names.sort();
        for name in names {
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let Ok(child) = folder_child(folder, &name) else {
                // Backslashes and control characters, in names that may be those of services.
                let real = path.join(&name);
                if real.is_dir() || !real.exists() {
                    files
                        .unnamed
                        .push(format!("{folder}/{}", name.escape_debug()));
                }
                continue;
            };
            let content = match self.kind_of(&path.join(&name))? {
                None => continue,
                Some(Kind::Folder) => {
                    if !name.starts_with('.') || child.as_str() == RECORDS {
                        folders.push(child.clone());
                    }
                    Content::Folder
                }
                Some(Kind::File) if is_text(&name) || is_ours(&child) => {
                    if files.entries.get(&child).is_some_and(is_read) {
                        continue;
                    }
                    // Its folder has just been listed, so it is inside the project.
                    match self.content_of(&path.join(&name))? {
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
        Ok(folders)
    }

    /// What is at a path; `None` if nothing is.
    fn kind_of(&self, path: &Path) -> Result<Option<Kind>, DiskError> {
        let other = |reason: &str| Ok(Some(Kind::Other(reason.to_owned())));
        let unknown = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => other(DENIED),
            _ => Err(DiskError::io(path, error)),
        };
        let inspected = self.before(Operation::Inspect, path);
        let mut metadata = match inspected.and_then(|()| path.symlink_metadata()) {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return unknown(error),
        };
        if metadata.is_symlink() {
            // Also a link that leads in a circle has no real path.
            match path.canonicalize() {
                Ok(real) if !real.starts_with(&self.root) => return other(LEADS_OUT),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return unknown(error);
                }
                Err(_) => return other("it is a symbolic link that leads nowhere"),
            }
            metadata = match fs::metadata(path) {
                Ok(metadata) => metadata,
                Err(error) => return unknown(error),
            };
        }
        if metadata.is_dir() {
            Ok(Some(Kind::Folder))
        } else if metadata.is_file() {
            Ok(Some(Kind::File))
        } else {
            other("it is neither a file nor a folder")
        }
    }

    /// Read one file, if it exists and has not been read yet.
    fn read_entry(&self, path: &RelPath, files: &mut Files) -> Result<(), DiskError> {
        if files.entries.get(path).is_some_and(is_read) {
            return Ok(());
        }
        let real = self.root.join(path.as_str());
        let outside = real
            .parent()
            .and_then(|parent| parent.canonicalize().ok())
            .is_some_and(|parent| !parent.starts_with(&self.root));
        let content = if outside {
            Some(Content::Unreadable(LEADS_OUT.to_owned()))
        } else {
            self.content_of(&real)?
        };
        files
            .entries
            .extend(content.map(|content| (path.clone(), content)));
        Ok(())
    }

    /// The content at a path whose folder is inside the project.
    fn content_of(&self, path: &Path) -> Result<Option<Content>, DiskError> {
        Ok(Some(match self.kind_of(path)? {
            None => return Ok(None),
            Some(Kind::Folder) => Content::Folder,
            Some(Kind::Other(reason)) => Content::Unreadable(reason),
            Some(Kind::File) => self.read_text(path)?,
        }))
    }

    fn read_text(&self, path: &Path) -> Result<Content, DiskError> {
        let limit = MAX_FILE_SIZE as u64;
        let mut bytes = Vec::new();
        let read = self
            .before(Operation::Read, path)
            .and_then(|()| File::open(path))
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
        let unreadable = |reason: String| Ok(Content::Unreadable(reason));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return unreadable(DENIED.to_owned());
            }
            Err(error) => return Err(DiskError::io(path, error)),
        }
        if bytes.len() as u64 > limit {
            return unreadable(format!("it is larger than {} MiB", limit >> 20));
        }
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return unreadable("it is UTF-16; save it as UTF-8".to_owned());
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Content::Text(text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                unreadable(format!("it is not UTF-8 text (byte {at})"))
            }
        }
    }
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

/// Whether a file is a record, or one of the client library.
fn is_ours(path: &RelPath) -> bool {
    let records = Folder::from(RelPath::literal(RECORDS));
    records.relative(path).is_some() || Folder::of(path).name() == Some(LIBRARY)
}

enum Kind {
    File,
    Folder,
    Other(String),
}

/// Whether the content of an entry is known.
fn is_read(content: &Content) -> bool {
    *content != Content::Unread
}
