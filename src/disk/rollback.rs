//! Undoes a failed commit.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{Entry, JOURNAL};
use super::open_folder::OpenFolder;
use super::{Disk, DiskError, Lost, Operation};

/// The operations that a commit has completed, in order.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) has_journal: bool,
    pub(super) folders: Vec<PathBuf>,
    /// The files of which the temporary file has been made.
    pub(super) staged: Vec<Entry>,
    /// Those that are in their places.
    pub(super) placed: Vec<Entry>,
    pub(super) lost: Vec<Lost>,
}

impl Disk {
    /// Undo a failed commit, and add the paths that could not be restored to its error.
    pub(super) fn undo(&self, root: &OpenFolder, mut error: DiskError, done: &Done) -> DiskError {
        let (mut resisting, mut in_use) = (Vec::new(), Vec::new());
        let mut holding: Vec<&str> = Vec::new();
        for entry in done.placed.iter().rev() {
            if !self.take_back(root, entry).is_ok_and(|is_done| is_done) {
                resisting.push(self.path_of(entry));
                // Its temporary file has what was there before.
                if entry.before.is_some() {
                    holding.push(&entry.temporary);
                    resisting.push(self.root.join(&entry.folder).join(&entry.temporary));
                }
            }
        }
        let mut has_temporary = false;
        let staged = done.staged.iter();
        for entry in staged.filter(|entry| !holding.contains(&entry.temporary.as_str())) {
            if self.remove_temporary(root, entry).is_err() {
                has_temporary = true;
                resisting.push(self.root.join(&entry.folder).join(&entry.temporary));
            }
        }
        for folder in done.folders.iter().rev() {
            let parent = folder.parent().unwrap_or(Path::new(""));
            let name = folder.file_name().unwrap_or(OsStr::new(""));
            match root.inner(parent).and_then(|open| open.remove_folder(name)) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                    in_use.push(self.root.join(folder));
                }
                Err(_) => resisting.push(self.root.join(folder)),
                Ok(()) => {}
            }
        }
        // It names the temporary files that are left, for the next run to remove: not those that
        // have the only copy of a file.
        if (!has_temporary || !holding.is_empty())
            && done.has_journal
            && self.remove_journal(root).is_err()
        {
            resisting.push(self.root.join(JOURNAL));
        }
        match &mut error {
            DiskError::Io { not_restored, .. } => {
                *not_restored = resisting;
                not_restored.append(&mut in_use);
            }
            // A folder with somebody's file in it is not missed.
            other => {
                if let Some(path) = resisting.first() {
                    error = DiskError::Io {
                        path: path.clone(),
                        source: io::Error::other(other.to_string()),
                        not_restored: resisting,
                    };
                }
            }
        }
        error
    }

    /// Take a file back from its place. Returns false if somebody has saved it since: it is
    /// left.
    fn take_back(&self, root: &OpenFolder, entry: &Entry) -> io::Result<bool> {
        let folder = root.inner(&entry.folder)?;
        self.before(Operation::Place, &self.path_of(entry))?;
        if entry.after.is_none() {
            return match folder.place(&entry.temporary, &entry.name) {
                // Somebody has saved a new file there.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                placed => placed.map(|()| true),
            };
        }
        if entry.before.is_none() {
            folder.place(&entry.name, &entry.temporary)?;
        } else {
            entry.exchange(&folder)?;
        }
        if entry.is_new(&folder)? {
            return Ok(true);
        }
        if entry.before.is_none() {
            folder.place(&entry.temporary, &entry.name)?;
        } else {
            entry.exchange(&folder)?;
        }
        Ok(false)
    }

    /// Remove a temporary file, if it is still there.
    pub(super) fn remove_temporary(&self, root: &OpenFolder, entry: &Entry) -> io::Result<()> {
        let folder = root.inner(&entry.folder)?;
        if folder.has(&entry.temporary)? {
            self.before(Operation::Remove, &self.path_of(entry))?;
            folder.remove_file(&entry.temporary)?;
        }
        Ok(())
    }
}
