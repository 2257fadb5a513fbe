//! Writes the changes of a plan: all of them, or none.

use std::collections::{BTreeMap, btree_map};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::journal::{Entry, JOURNAL, Journal};
use super::open_folder::{OpenFolder, Owner};
use super::rollback::Done;
use super::{Disk, DiskError, Operation, is_absent, names_in};
use crate::change::Change;
use crate::name::RelPath;

/// A change and its target file, with links inside the project resolved.
#[derive(Debug)]
pub struct Target<'a> {
    change: &'a Change,
    /// Its folder, relative to the project's.
    folder: PathBuf,
    name: String,
}

/// What a file had, and could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The file.
    pub path: RelPath,
    /// What it had, in words.
    pub what: Vec<String>,
}

impl Disk {
    /// Resolve the paths of a plan's changes, and check everything that can be checked before
    /// writing.
    ///
    /// # Errors
    ///
    /// [`DiskError::Changed`] if a file has changed since the plan was made; other errors if a
    /// file cannot be written.
    pub fn prepare<'a>(&self, changes: &'a [Change]) -> Result<Vec<Target<'a>>, DiskError> {
        if !changes.is_empty() {
            self.check_journal()?;
        }
        let mut folders = BTreeMap::new();
        changes
            .iter()
            .map(|change| {
                self.check_case(change, &mut folders)?;
                self.target(change)
            })
            .collect()
    }

    /// Write the prepared changes: all of them, or none. Returns what the files that were
    /// replaced had, and could not be kept.
    ///
    /// # Errors
    ///
    /// [`DiskError::Changed`] if a file was changed since; [`DiskError::Io`] names the failed
    /// path and the paths that could not be restored.
    pub fn commit(&self, targets: &[Target<'_>]) -> Result<Vec<Lost>, DiskError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let root = OpenFolder::open_root(&self.root).map_err(|e| DiskError::io(&self.root, e))?;
        let mut done = Done::default();
        match self.write(&root, targets, &mut done) {
            Ok(()) => {
                // What was exchanged is there now; a new file has been moved.
                let mut entries = done.placed.iter().filter(|entry| entry.before.is_some());
                let removed = entries.try_for_each(|entry| self.remove_temporary(&root, entry));
                let gone = done.placed.iter().filter(|entry| entry.after.is_none());
                gone.for_each(|entry| root.remove_empty(&entry.folder));
                // What is left, the next run removes.
                drop(removed.and_then(|()| self.remove_journal(&root)));
                Ok(done.lost)
            }
            Err(error) => Err(self.undo(&root, error, &done)),
        }
    }

    /// The path of a change with links inside the project resolved; checks that the file has
    /// not changed since the plan was made and is writable.
    fn target<'a>(&self, change: &'a Change) -> Result<Target<'a>, DiskError> {
        let path = self.path(&change.path);
        if change.after.is_none() && path.is_symlink() {
            // What it leads to may belong to somebody else.
            let error = io::Error::other("it is a symbolic link, which is not removed");
            return Err(DiskError::io(&path, error));
        }
        let exists = |path: &&Path| self.has(path).unwrap_or(true);
        let Some(existing) = path.ancestors().find(exists) else {
            return Err(DiskError::NoProject(self.root.clone()));
        };
        let real = existing
            .canonicalize()
            .map_err(|error| DiskError::io(existing, error))?;
        let target = match path.strip_prefix(existing) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path,
        };
        let Ok(inside) = target.strip_prefix(&self.root) else {
            return Err(DiskError::LeadsOut(change.path.clone()));
        };
        let (Some(folder), Some(name)) = (inside.parent(), inside.file_name()) else {
            return Err(DiskError::LeadsOut(change.path.clone()));
        };
        let Some(name) = name.to_str() else {
            let error = io::Error::new(io::ErrorKind::InvalidData, "its name is not UTF-8");
            return Err(DiskError::io(&target, error));
        };
        self.check_unchanged(change, &target)?;
        if change.before.is_some() {
            let metadata = fs::metadata(&target).map_err(|e| DiskError::io(&target, e))?;
            // A rename would replace it anyway: that depends only on the folder's mode.
            if metadata.permissions().readonly() {
                return Err(DiskError::ReadOnly(change.path.clone()));
            }
        }
        Ok(Target {
            change,
            folder: folder.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Reject a name that differs from an existing one only in case.
    fn check_case(
        &self,
        change: &Change,
        folders: &mut BTreeMap<PathBuf, Vec<String>>,
    ) -> Result<(), DiskError> {
        let mut folder = self.root.clone();
        for part in change.path.as_str().split('/') {
            let names = match folders.entry(folder.clone()) {
                btree_map::Entry::Occupied(known) => known.into_mut(),
                btree_map::Entry::Vacant(new) => {
                    let listed = self.before(Operation::List, &folder);
                    let names = match listed.and_then(|()| names_in(&folder)) {
                        Err(error) if is_absent(&error) => Vec::new(),
                        names => names.map_err(|error| DiskError::io(&folder, error))?,
                    };
                    new.insert(names)
                }
            };
            let wanted = part.to_lowercase();
            let twin = names.iter().find(|name| name.to_lowercase() == wanted);
            if let (Some(twin), false) = (twin, names.iter().any(|name| name == part)) {
                return Err(DiskError::Case {
                    wanted: change.path.clone(),
                    found: folder.join(twin).display().to_string(),
                });
            }
            folder = folder.join(part);
        }
        Ok(())
    }

    fn check_unchanged(&self, change: &Change, target: &Path) -> Result<(), DiskError> {
        self.before(Operation::Read, target)
            .map_err(|error| DiskError::io(target, error))?;
        let now = match fs::read(target) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => None,
            Err(error) => return Err(DiskError::io(target, error)),
        };
        if now.as_deref() == change.before.as_ref().map(String::as_bytes) {
            Ok(())
        } else {
            Err(DiskError::Changed(change.path.clone()))
        }
    }

    fn write(
        &self,
        root: &OpenFolder,
        targets: &[Target<'_>],
        done: &mut Done,
    ) -> Result<(), DiskError> {
        let entries: Vec<Entry> = targets
            .iter()
            .map(|target| {
                let Change { before, after, .. } = target.change;
                Entry::new(
                    target.folder.clone(),
                    &target.name,
                    before.as_deref(),
                    after.as_deref(),
                )
            })
            .collect();
        let journal = self.root.join(JOURNAL);
        self.before(Operation::Journal, &journal)
            .and_then(|()| Journal::new(entries.clone()).write(root))
            .map_err(|error| DiskError::io(&journal, error))?;
        done.has_journal = true;
        let written = targets.iter().zip(&entries);
        for (target, entry) in written.filter(|(_, entry)| entry.after.is_some()) {
            self.make_parents(root, &target.folder, done)?;
            let lost = self
                .stage(root, target, entry, done)
                .map_err(|error| self.failed(target, error))?;
            if !lost.is_empty() {
                done.lost.push(Lost {
                    path: target.change.path.clone(),
                    what: lost,
                });
            }
        }
        for (target, entry) in targets.iter().zip(entries) {
            self.place(root, target, entry, done)
                .map_err(|error| self.failed(target, error))?;
        }
        Ok(())
    }

    fn failed(&self, target: &Target<'_>, error: io::Error) -> DiskError {
        match error.kind() {
            // The file to replace has been removed, or there is one where none was.
            io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => {
                DiskError::Changed(target.change.path.clone())
            }
            _ => DiskError::io(&self.path(&target.change.path), error),
        }
    }

    fn make_parents(
        &self,
        root: &OpenFolder,
        path: &Path,
        done: &mut Done,
    ) -> Result<(), DiskError> {
        let mut folder = root.inner(Path::new(""));
        let mut inside = PathBuf::new();
        for part in path.components() {
            let whole = self.root.join(inside.join(part));
            let parent = folder.map_err(|error| DiskError::io(&whole, error))?;
            folder = match parent.inner(Path::new(part.as_os_str())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let made = self
                        .before(Operation::MakeFolder, &whole)
                        .and_then(|()| parent.make_folder(part.as_os_str()));
                    if made.is_ok() {
                        done.folders.push(inside.join(part));
                    }
                    made
                }
                found => found,
            };
            inside.push(part);
        }
        folder.map_err(|error| DiskError::io(&self.root.join(path), error))?;
        Ok(())
    }

    /// Write the new text to the temporary file; flush it to the disk if it replaces an
    /// existing file, which it then equals in owner, mode and attributes. Returns what cannot
    /// be kept.
    fn stage(
        &self,
        root: &OpenFolder,
        target: &Target<'_>,
        entry: &Entry,
        done: &mut Done,
    ) -> io::Result<Vec<String>> {
        let folder = root.inner(&entry.folder)?;
        self.before(Operation::Stage, &self.path_of(entry))?;
        done.staged.push(entry.clone());
        let mut file = folder.create(&entry.temporary)?;
        let after = target.change.after.as_deref().unwrap_or_default();
        file.write_all(after.as_bytes())?;
        if target.change.before.is_none() {
            return Ok(Vec::new());
        }
        let lost = Owner::of(folder.open(&entry.name)?).give_to(&file)?;
        file.sync_all()?;
        Ok(lost)
    }

    /// Move the temporary file to its place.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if the file that is there is not the one that the plan
    /// was made for: it is left.
    fn place(
        &self,
        root: &OpenFolder,
        target: &Target<'_>,
        entry: Entry,
        done: &mut Done,
    ) -> io::Result<()> {
        let folder = root.inner(&entry.folder)?;
        self.before(Operation::Place, &self.path_of(&entry))?;
        let Some(before) = &target.change.before else {
            folder.place(&entry.temporary, &entry.name)?;
            done.placed.push(entry);
            return Ok(());
        };
        if entry.after.is_none() {
            return self.take_away(&folder, &entry, before, done);
        }
        entry.exchange(&folder)?;
        done.placed.push(entry.clone());
        // What was there at that moment is in the temporary file now.
        self.before(Operation::Read, &self.path_of(&entry))?;
        if folder.read(&entry.temporary)? == before.as_bytes() {
            return Ok(());
        }
        entry.exchange(&folder)?;
        if !entry.is_new(&folder)? {
            // It has been saved once more in between.
            entry.exchange(&folder)?;
        }
        done.placed.pop();
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Move a file that is to be removed to the temporary name.
    fn take_away(
        &self,
        folder: &OpenFolder,
        entry: &Entry,
        before: &str,
        done: &mut Done,
    ) -> io::Result<()> {
        folder.place(&entry.name, &entry.temporary)?;
        done.placed.push(entry.clone());
        self.before(Operation::Read, &self.path_of(entry))?;
        if folder.read(&entry.temporary)? == before.as_bytes() {
            return Ok(());
        }
        folder.place(&entry.temporary, &entry.name)?;
        done.placed.pop();
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn path_of(&self, entry: &Entry) -> PathBuf {
        self.root.join(&entry.folder).join(&entry.name)
    }

    pub(super) fn remove_journal(&self, root: &OpenFolder) -> io::Result<()> {
        self.before(Operation::Remove, &self.root.join(JOURNAL))?;
        root.remove_file(JOURNAL)
    }

    /// A file of the journal's name that is not a journal: that of a killed run is gone once
    /// the project is locked.
    fn check_journal(&self) -> Result<(), DiskError> {
        let root = OpenFolder::open_root(&self.root).map_err(|e| DiskError::io(&self.root, e))?;
        match Journal::is_somebodys(&root) {
            Ok(false) => Ok(()),
            Ok(true) => Err(DiskError::InTheWay(RelPath::literal(JOURNAL))),
            Err(error) => Err(DiskError::io(&self.root.join(JOURNAL), error)),
        }
    }
}
