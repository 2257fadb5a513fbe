//! Open folders by their paths, on systems without descriptors of folders.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A folder.
#[derive(Debug)]
pub(in crate::disk) struct OpenFolder(PathBuf);

impl OpenFolder {
    pub(in crate::disk) fn open_root(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self(self.0.clone()))
    }

    pub(super) fn child(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.0.join(name);
        let kind = path.symlink_metadata()?.file_type();
        if kind.is_dir() {
            Ok(Self(path))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    pub(in crate::disk) fn has(&self, name: &str) -> io::Result<bool> {
        match self.0.join(name).symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(in crate::disk) fn make_folder(&self, name: &OsStr) -> io::Result<Self> {
        fs::create_dir(self.0.join(name))?;
        self.child(name)
    }

    pub(in crate::disk) fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.0.join(name))
    }

    pub(in crate::disk) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.0.join(name))
    }

    pub(in crate::disk) fn create(&self, name: &str) -> io::Result<File> {
        File::create_new(self.0.join(name))
    }

    pub(super) fn exchange_at_once(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn place_at_once(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn link(&self, from: &str, to: &str) -> io::Result<()> {
        fs::hard_link(self.0.join(from), self.0.join(to))
    }

    pub(super) fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    pub(in crate::disk) fn remove_file(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    pub(in crate::disk) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.0.join(name))
    }
}

/// What a file has besides its content: its permissions.
#[derive(Debug)]
pub(in crate::disk) struct Owner(File);

impl Owner {
    pub(in crate::disk) fn of(file: File) -> Self {
        Self(file)
    }

    pub(in crate::disk) fn give_to(&self, to: &File) -> io::Result<Vec<String>> {
        to.set_permissions(self.0.metadata()?.permissions())?;
        Ok(Vec::new())
    }
}
