//! Writes the changes of a plan: all of them, or none.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Disk, DiskError, Operation, STAGE, names_in};
use crate::change::Change;

/// A change and its target file, with links inside the project resolved.
#[derive(Debug)]
pub struct Target<'a> {
    change: &'a Change,
    path: PathBuf,
}

/// The operations that a commit has completed, in order.
#[derive(Debug, Default)]
struct Done {
    folders: Vec<PathBuf>,
    created: Vec<PathBuf>,
    replaced: Vec<(PathBuf, PathBuf)>,
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
        let mut folders = BTreeMap::new();
        changes
            .iter()
            .map(|change| {
                self.check_case(change, &mut folders)?;
                let path = self.target(change)?;
                Ok(Target { change, path })
            })
            .collect()
    }

    /// Write the prepared changes: all of them, or none.
    ///
    /// # Errors
    ///
    /// [`DiskError::Changed`] if a file was changed since; [`DiskError::Io`] names the failed
    /// path and the paths that could not be restored.
    pub fn commit(&self, targets: &[Target<'_>]) -> Result<(), DiskError> {
        if targets.is_empty() {
            return Ok(());
        }
        let stage = self.root.join(STAGE);
        let mut done = Done::default();
        match self.write(targets, &stage, &mut done) {
            Ok(()) => {
                // If this fails, the next run removes the folder.
                drop(self.remove_stage(&stage));
                Ok(())
            }
            Err(error) => Err(self.undo(error, &stage, done)),
        }
    }

    fn before(&self, operation: Operation, path: &Path) -> io::Result<()> {
        match &self.fault {
            Some(fault) => fault(operation, path),
            None => Ok(()),
        }
    }

    /// The path of a change with links inside the project resolved; checks that the file has
    /// not changed since the plan was made and is writable.
    fn target(&self, change: &Change) -> Result<PathBuf, DiskError> {
        let path = self.path(&change.path);
        let Some(existing) = path.ancestors().find(|p| p.symlink_metadata().is_ok()) else {
            return Err(DiskError::NoProject(self.root.clone()));
        };
        let real = existing
            .canonicalize()
            .map_err(|error| DiskError::io(existing, error))?;
        if !real.starts_with(&self.root) {
            return Err(DiskError::LeadsOut(change.path.clone()));
        }
        let target = match path.strip_prefix(existing) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path,
        };
        Self::check_unchanged(change, &target)?;
        if change.before.is_some() {
            let metadata = fs::metadata(&target).map_err(|e| DiskError::io(&target, e))?;
            // A rename would replace it anyway: that depends only on the folder's mode.
            if metadata.permissions().readonly() {
                return Err(DiskError::ReadOnly(change.path.clone()));
            }
        }
        Ok(target)
    }

    /// Reject a name that differs from an existing one only in case.
    fn check_case(
        &self,
        change: &Change,
        folders: &mut BTreeMap<PathBuf, Vec<String>>,
    ) -> Result<(), DiskError> {
        let mut folder = self.root.clone();
        for part in change.path.as_str().split('/') {
            let names = folders
                .entry(folder.clone())
                .or_insert_with(|| names_in(&folder));
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

    fn check_unchanged(change: &Change, target: &Path) -> Result<(), DiskError> {
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
        targets: &[Target<'_>],
        stage: &Path,
        done: &mut Done,
    ) -> Result<(), DiskError> {
        self.make_folder(stage)
            .map_err(|error| DiskError::io(stage, error))?;
        for (number, target) in targets.iter().enumerate() {
            let Target {
                change,
                path: target,
            } = target;
            let staged = stage.join(format!("{number}.new"));
            let fail = |error: io::Error| match error.kind() {
                // The file to replace has been removed.
                io::ErrorKind::NotFound => DiskError::Changed(change.path.clone()),
                _ => DiskError::io(target, error),
            };
            self.stage(change, target, &staged).map_err(fail)?;
            if change.before.is_some() {
                let backup = stage.join(format!("{number}.old"));
                self.back_up(target, &backup).map_err(fail)?;
            }
        }
        for (number, target) in targets.iter().enumerate() {
            let Target {
                change,
                path: target,
            } = target;
            let staged = stage.join(format!("{number}.new"));
            self.make_parents(target, done)?;
            if change.before.is_some() {
                Self::check_unchanged(change, target)?;
                let backup = stage.join(format!("{number}.old"));
                self.replace(&staged, target)
                    .map_err(|error| DiskError::io(target, error))?;
                done.replaced.push((target.clone(), backup));
            } else {
                match self.create(&staged, target) {
                    Ok(()) => done.created.push(target.clone()),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(DiskError::Changed(change.path.clone()));
                    }
                    Err(error) => return Err(DiskError::io(target, error)),
                }
            }
        }
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.before(Operation::MakeFolder, path)?;
        fs::create_dir(path)?;
        self.give_to_owner(path);
        Ok(())
    }

    /// Write the new text to the stage; flush it to the disk if it replaces an existing file.
    fn stage(&self, change: &Change, target: &Path, staged: &Path) -> io::Result<()> {
        self.before(Operation::Stage, staged)?;
        let mut file = File::options().write(true).create_new(true).open(staged)?;
        file.write_all(change.after.as_bytes())?;
        if change.before.is_some() {
            file.set_permissions(fs::metadata(target)?.permissions())?;
            file.sync_all()?;
        }
        self.give_to_owner(staged);
        Ok(())
    }

    fn back_up(&self, target: &Path, backup: &Path) -> io::Result<()> {
        self.before(Operation::Backup, backup)?;
        // A hard link uses no space, but not every file system supports it.
        fs::hard_link(target, backup).or_else(|_| fs::copy(target, backup).map(drop))
    }

    fn make_parents(&self, target: &Path, done: &mut Done) -> Result<(), DiskError> {
        let missing: Vec<&Path> = target
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.is_dir())
            .collect();
        for folder in missing.into_iter().rev() {
            self.make_folder(folder)
                .map_err(|error| DiskError::io(folder, error))?;
            done.folders.push(folder.to_owned());
        }
        Ok(())
    }

    fn replace(&self, staged: &Path, target: &Path) -> io::Result<()> {
        self.before(Operation::Place, target)?;
        match fs::rename(staged, target) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                // The folder is on another file system: stage next to the file.
                let name = target.file_name().and_then(OsStr::to_str).unwrap_or("file");
                let neighbour = target.with_file_name(format!(".{name}.bluetext.tmp"));
                fs::copy(staged, &neighbour)?;
                self.give_to_owner(&neighbour);
                fs::rename(&neighbour, target)
            }
            result => result,
        }
    }

    /// Move a new file to its path, unless the path exists by now.
    fn create(&self, staged: &Path, target: &Path) -> io::Result<()> {
        self.before(Operation::Place, target)?;
        match fs::hard_link(staged, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // The file system has no hard links, or is not the project's.
            Err(_) if target.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => match fs::rename(staged, target) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    fs::copy(staged, target)?;
                    self.give_to_owner(target);
                    Ok(())
                }
                result => result,
            },
        }
    }

    /// Undo a failed commit, and add the paths that could not be restored to its error.
    fn undo(&self, mut error: DiskError, stage: &Path, done: Done) -> DiskError {
        let mut resisting = Vec::new();
        for (target, backup) in done.replaced.into_iter().rev() {
            let restored = self
                .before(Operation::Place, &target)
                .and_then(|()| fs::rename(&backup, &target))
                .or_else(|_| fs::copy(&backup, &target).map(drop));
            if restored.is_err() {
                resisting.push(target);
            }
        }
        for target in done.created.into_iter().rev() {
            if fs::remove_file(&target).is_err() {
                resisting.push(target);
            }
        }
        for folder in done.folders.into_iter().rev() {
            if fs::remove_dir(&folder).is_err() {
                resisting.push(folder);
            }
        }
        // Keep the backups if something must be restored by hand.
        if resisting.is_empty() && fs::remove_dir_all(stage).is_err() && stage.exists() {
            resisting.push(stage.to_owned());
        }
        if let DiskError::Io { not_restored, .. } = &mut error {
            *not_restored = resisting;
        }
        error
    }

    pub(super) fn remove_stage(&self, stage: &Path) -> io::Result<()> {
        self.before(Operation::Remove, stage)?;
        if stage.symlink_metadata()?.is_dir() {
            fs::remove_dir_all(stage)
        } else {
            fs::remove_file(stage)
        }
    }

    /// In a container this program runs as root on the user's files, so the owner of the
    /// project becomes the owner of everything that it creates.
    fn give_to_owner(&self, path: &Path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, chown};
            let (Ok(root), Ok(own)) = (fs::metadata(&self.root), fs::metadata(path)) else {
                return;
            };
            if own.uid() != root.uid() || own.gid() != root.gid() {
                // Only root may do this; for other users the owner does not change.
                drop(chown(path, Some(root.uid()), Some(root.gid())));
            }
        }
        #[cfg(not(unix))]
        let _ = path;
    }
}
