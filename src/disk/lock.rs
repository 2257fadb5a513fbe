//! Locks a project against other runs.

use std::fs::{File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

use super::journal::{JOURNAL, Journal};
use super::open_folder::OpenFolder;
use super::state::{NO_STATE_FOLDER, make_private, stable_name, state_folder};
use super::{Disk, DiskError};

/// A lock on a project, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

impl Disk {
    /// Lock the project against other runs, and remove temporary files of a killed run.
    ///
    /// # Errors
    ///
    /// [`DiskError::Locked`] if another run holds the lock for longer than `wait`, or until
    /// `gives_up`.
    pub fn lock(&self, wait: Duration, gives_up: &dyn Fn() -> bool) -> Result<Lock, DiskError> {
        let until = Instant::now() + wait;
        let handle = self.lock_handle()?;
        loop {
            match handle.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until && !gives_up() => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(DiskError::Locked(self.root.clone()));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(DiskError::io(&self.root, error));
                }
            }
        }
        OpenFolder::open_root(&self.root)
            .and_then(|root| Journal::recover(&root))
            .map_err(|error| DiskError::io(&self.root.join(JOURNAL), error))?;
        Ok(Lock { _held: handle })
    }

    /// The file to lock: the project's folder itself, which needs no lock file; if folders
    /// cannot be locked, a file in the user's state folder.
    fn lock_handle(&self) -> Result<File, DiskError> {
        if cfg!(all(unix, not(portable_disk)))
            && let Ok(folder) = File::open(&self.root)
        {
            match folder.try_lock() {
                Ok(()) => {
                    drop(folder.unlock());
                    return Ok(folder);
                }
                Err(TryLockError::WouldBlock) => return Ok(folder),
                // The file system does not support locks.
                Err(TryLockError::Error(_)) => {}
            }
        }
        let Some(folder) = state_folder() else {
            let message = format!("cannot be locked, and {NO_STATE_FOLDER}");
            return Err(DiskError::io(&self.root, io::Error::other(message)));
        };
        let folder = folder.join("locks");
        let path = folder.join(format!("{}.lock", stable_name(&self.root)));
        make_private(&folder)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| DiskError::io(&path, error))
    }
}
