//! Open folders by their descriptors.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::process::geteuid;

/// An open folder.
#[derive(Debug)]
pub(in crate::disk) struct OpenFolder(OwnedFd);

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl OpenFolder {
    /// Open a folder by its absolute path.
    pub(in crate::disk) fn open_root(path: &Path) -> io::Result<Self> {
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    pub(super) fn child(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(rustix::fs::openat(
            &self.0,
            name,
            FOLDER,
            Mode::empty(),
        )?))
    }

    /// Whether there is an entry of this name; a link counts.
    pub(in crate::disk) fn has(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Make a folder that belongs to the owner of this one.
    pub(in crate::disk) fn make_folder(&self, name: &OsStr) -> io::Result<Self> {
        rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?;
        let made = self.child(name).and_then(|made| {
            self.give(&made.0)?;
            Ok(made)
        });
        made.inspect_err(|_| drop(self.remove_folder(name)))
    }

    /// Open a file for reading.
    pub(in crate::disk) fn open(&self, name: &str) -> io::Result<File> {
        // A pipe would block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        Ok(File::from(file))
    }

    /// The bytes of a file.
    pub(in crate::disk) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Make a file of a name that must be free. It belongs to the owner of this folder.
    pub(in crate::disk) fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(0o666))?;
        self.give(&file)?;
        Ok(File::from(file))
    }

    /// In a container this program runs as root on the user's files, so what it makes in a
    /// folder belongs to the owner of the folder.
    fn give(&self, made: &OwnedFd) -> io::Result<()> {
        if !geteuid().is_root() {
            return Ok(());
        }
        let (folder, own) = (rustix::fs::fstat(&self.0)?, rustix::fs::fstat(made)?);
        // Somebody else may have replaced it since it was made.
        let is_ours = own.st_uid == geteuid().as_raw();
        if is_ours && (own.st_uid, own.st_gid) != (folder.st_uid, folder.st_gid) {
            let owner = Some(Uid::from_raw(folder.st_uid));
            // Some file systems do not let root do this either.
            let group = Some(Gid::from_raw(folder.st_gid));
            let _ = rustix::fs::fchown(made, owner, group);
        }
        Ok(())
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    pub(super) fn exchange_at_once(&self, one: &str, other: &str) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        Ok(renameat_with(
            &self.0,
            one,
            &self.0,
            other,
            RenameFlags::EXCHANGE,
        )?)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    pub(super) fn place_at_once(&self, from: &str, to: &str) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        Ok(renameat_with(
            &self.0,
            from,
            &self.0,
            to,
            RenameFlags::NOREPLACE,
        )?)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    pub(super) fn exchange_at_once(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    pub(super) fn place_at_once(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Give a file another name, and keep the first.
    pub(super) fn link(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            &self.0,
            from,
            &self.0,
            to,
            AtFlags::empty(),
        )?)
    }

    /// Move a file to a name, and replace the file that has it.
    pub(super) fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    pub(in crate::disk) fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Remove an empty folder.
    pub(in crate::disk) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }
}

/// What a file has besides its content: owner, mode and extended attributes, among them access
/// control lists.
#[derive(Debug)]
pub(in crate::disk) struct Owner {
    from: File,
}

impl Owner {
    /// That of an open file.
    pub(in crate::disk) fn of(file: File) -> Self {
        Self { from: file }
    }

    /// Give it to another file. Returns what cannot be kept, in words.
    pub(in crate::disk) fn give_to(&self, to: &File) -> io::Result<Vec<String>> {
        let (old, new) = (self.from.metadata()?, to.metadata()?);
        let mut lost = Vec::new();
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            let user = Uid::from_raw(old.uid());
            let group = Gid::from_raw(old.gid());
            // A user may give a file to another group of theirs, and only root to another user.
            if rustix::fs::fchown(to, Some(user), Some(group)).is_err() {
                let group = rustix::fs::fchown(to, None, Some(group));
                if old.uid() != new.uid() {
                    lost.push(format!("the owner {}", old.uid()));
                }
                if old.gid() != new.gid() && group.is_err() {
                    lost.push(format!("the group {}", old.gid()));
                }
            }
        }
        // The group's permissions are for another group now.
        let mut mode = old.mode() & 0o7777;
        if lost.iter().any(|what| what.starts_with("the group")) {
            mode &= !0o070;
        }
        lost.extend(self.give_attributes(to)?);
        // After the owner, which clears bits, and the attributes, which may set others.
        to.set_permissions(Permissions::from_mode(mode))?;
        if old.nlink() > 1 {
            lost.push("its other names (hard links), which keep the old content".to_owned());
        }
        Ok(lost)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn give_attributes(&self, to: &File) -> io::Result<Vec<String>> {
        use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
        let attributes = |file: &File| -> io::Result<Vec<(String, Vec<u8>)>> {
            let mut names = vec![0; 64 << 10];
            let length = match flistxattr(file, &mut names) {
                Ok(length) => length,
                // The file system has none.
                Err(error) if super::is_unsupported(&error.into()) => 0,
                Err(error) => return Err(error.into()),
            };
            let names = names[..length].split(|byte| *byte == 0);
            let names = names.filter(|name| !name.is_empty());
            names
                .map(|name| {
                    let name = String::from_utf8_lossy(name).into_owned();
                    let mut value = vec![0; 64 << 10];
                    let length = fgetxattr(file, name.as_str(), &mut value)?;
                    value.truncate(length);
                    Ok((name, value))
                })
                .collect()
        };
        let present = attributes(to)?;
        let mut lost = Vec::new();
        for attribute in attributes(&self.from)? {
            let (name, value) = &attribute;
            if !present.contains(&attribute)
                && fsetxattr(to, name.as_str(), value, XattrFlags::empty()).is_err()
            {
                lost.push(format!("the extended attribute `{}`", name.escape_debug()));
            }
        }
        Ok(lost)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn give_attributes(&self, _: &File) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}
