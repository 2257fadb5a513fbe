//! An open folder, in which entries are reached by name without following links.
//!
//! A path that is opened again may lead elsewhere by then. Names in an open folder cannot:
//! each folder on the way is opened with `O_NOFOLLOW`, so that a folder which is replaced by a
//! link is an error.

// With `--cfg portable_disk`, tests on Unix run the code of other systems.
#[cfg(any(not(unix), portable_disk))]
mod paths;
#[cfg(all(unix, not(portable_disk)))]
mod unix;

#[cfg(any(not(unix), portable_disk))]
pub(super) use paths::{OpenFolder, Owner};
#[cfg(all(unix, not(portable_disk)))]
pub(super) use unix::{OpenFolder, Owner};

use std::io;
use std::path::{Component, Path};

impl OpenFolder {
    /// Open a folder inside this one, by its path without links.
    pub(super) fn inner(&self, path: &Path) -> io::Result<Self> {
        let mut folder = self.again()?;
        for part in path.components() {
            let Component::Normal(name) = part else {
                // `..` would lead out.
                return Err(io::ErrorKind::InvalidInput.into());
            };
            folder = folder.child(name)?;
        }
        Ok(folder)
    }

    /// Exchange two files of this folder. Where the file system cannot do that at once, `old`
    /// is a free name that is used in between.
    pub(super) fn exchange(&self, one: &str, other: &str, old: &str) -> io::Result<()> {
        match self.exchange_at_once(one, other) {
            Err(error) if is_unsupported(&error) => self.exchange_in_steps(one, other, old),
            result => result,
        }
    }

    fn exchange_in_steps(&self, one: &str, other: &str, old: &str) -> io::Result<()> {
        // The file system may have no hard links.
        self.link(other, old).or_else(|_| self.copy(other, old))?;
        if let Err(error) = self.replace(one, other) {
            drop(self.remove_file(old));
            return Err(error);
        }
        let moved = self.replace(old, one);
        moved.inspect_err(|_| drop(self.replace(old, other)))
    }

    /// Move a file to a free name of this folder.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if the name is not free.
    pub(super) fn place(&self, from: &str, to: &str) -> io::Result<()> {
        match self.place_at_once(from, to) {
            Err(error) if is_unsupported(&error) => self.place_in_steps(from, to),
            result => result,
        }
    }

    fn place_in_steps(&self, from: &str, to: &str) -> io::Result<()> {
        match self.link(from, to) {
            Ok(()) => self.remove_file(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // The file system has no hard links.
            Err(_) if self.has(to)? => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => self.replace(from, to),
        }
    }

    /// Remove a folder inside this one, and those around it, as long as they are empty.
    pub(super) fn remove_empty(&self, path: &Path) {
        for path in path.ancestors() {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return;
            };
            let removed = self.inner(parent).and_then(|open| open.remove_folder(name));
            // One that is gone may have left its parent empty.
            if removed.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                return;
            }
        }
    }

    /// Copy a file to a free name.
    fn copy(&self, from: &str, to: &str) -> io::Result<()> {
        let mut from = self.open(from)?;
        io::copy(&mut from, &mut self.create(to)?).map(drop)
    }
}

/// Whether the system or the file system does not have an operation.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The same result, whether the file system moves files at once or in steps.
    #[test]
    fn files_are_exchanged_and_placed() {
        type Exchange = fn(&OpenFolder, &str, &str, &str) -> io::Result<()>;
        type Place = fn(&OpenFolder, &str, &str) -> io::Result<()>;
        let ways: [(Exchange, Place); 2] = [
            (OpenFolder::exchange, OpenFolder::place),
            (OpenFolder::exchange_in_steps, OpenFolder::place_in_steps),
        ];
        for (exchange, place) in ways {
            let scratch = tempfile::tempdir().unwrap();
            let path = |name: &str| scratch.path().join(name);
            let text = |name: &str| fs::read_to_string(path(name)).ok();
            let folder = OpenFolder::open_root(scratch.path()).unwrap();
            fs::File::create(path("one")).unwrap();
            fs::hard_link(path("one"), path("empty")).unwrap();
            io::Write::write_all(&mut folder.create("two").unwrap(), b"2").unwrap();
            exchange(&folder, "one", "two", "old").unwrap();
            assert_eq!(
                (text("one"), text("two")),
                (Some("2".into()), Some(String::new()))
            );
            assert_eq!(text("old"), None);
            assert_eq!(
                exchange(&folder, "no", "two", "old").unwrap_err().kind(),
                io::ErrorKind::NotFound
            );
            assert_eq!((text("two"), text("old")), (Some(String::new()), None));
            assert_eq!(
                place(&folder, "one", "two").unwrap_err().kind(),
                io::ErrorKind::AlreadyExists
            );
            assert_eq!(text("one"), Some("2".into()));
            place(&folder, "one", "three").unwrap();
            assert_eq!((text("one"), text("three")), (None, Some("2".into())));
        }
    }

    /// Names do not lead through links, at the end or on the way.
    #[cfg(all(unix, not(portable_disk)))]
    #[test]
    fn links_are_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::File::create(outside.path().join("file")).unwrap();
        let folder = OpenFolder::open_root(scratch.path()).unwrap();
        std::os::unix::fs::symlink(outside.path(), scratch.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("file"), scratch.path().join("file"))
            .unwrap();
        std::os::unix::fs::symlink(outside.path().join("new"), scratch.path().join("new")).unwrap();
        assert!(folder.inner(Path::new("link")).is_err());
        assert!(folder.inner(Path::new("link/inner")).is_err());
        assert!(folder.inner(Path::new("..")).is_err());
        assert!(folder.read("file").is_err());
        assert_eq!(
            folder.create("new").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert!(!outside.path().join("new").exists());
    }
}
