//! The only module that accesses a project's files: it finds, locks, reads and writes them.
//!
//! A commit writes everything to temporary files first, each beside its target, and then
//! exchanges file by file in the plan's order. A failed commit is undone; a killed one leaves
//! each file complete, old or new. Links that lead out of the project are not followed.

mod commit;
mod installed;
mod journal;
mod lock;
mod open_folder;
mod read;
mod rollback;
mod state;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::name::{Folder, RelPath};
use crate::project::POLYTOPE_FILE;

pub use self::commit::{Lost, Target};
pub use self::installed::{is_installed, note_installed, requirements_of};
pub use self::lock::Lock;
pub use self::state::{
    NO_STATE_FOLDER, StateFiles, is_free_for_demo, last_lines, listener_on, make_demo_folder,
    open_log, state_files, state_folder,
};

/// An operation on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// List the entries of a folder.
    List,
    /// Find out what is at a path.
    Inspect,
    /// Read a file.
    Read,
    /// Write the list of temporary files.
    Journal,
    /// Make a folder.
    MakeFolder,
    /// Write a temporary file.
    Stage,
    /// Move a new or changed file to its path.
    Place,
    /// Remove a temporary file, or the list of them.
    Remove,
}

impl Operation {
    /// Whether it changes the disk.
    #[must_use]
    pub fn is_change(self) -> bool {
        !matches!(self, Self::List | Self::Inspect | Self::Read)
    }
}

/// Called before each operation on the project's files; if it returns an error, the operation
/// fails with that error. Tests use it to make the n-th operation fail.
pub type InjectedFault = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;

/// Why the project could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoProject(PathBuf),
    /// The root of the file system or the user's home, which was not named.
    #[error("`{}` is not taken for a project unless it is named", .0.display())]
    TooWide(PathBuf),
    /// Another run holds the project.
    #[error("another run of bluetext holds the project `{}`", .0.display())]
    Locked(PathBuf),
    /// A file has changed since it was read.
    #[error("`{0}` was changed on disk during this run")]
    Changed(RelPath),
    /// A path leads out of the project, through a symbolic link.
    #[error("`{0}` leads out of the project through a symbolic link")]
    LeadsOut(RelPath),
    /// A file may not be written.
    #[error("`{0}` is read-only")]
    ReadOnly(RelPath),
    /// Somebody's file has the name of one that this program needs.
    #[error("`{0}` is in the way: it is not a file of bluetext")]
    InTheWay(RelPath),
    /// Two names differ only in case.
    #[error("`{wanted}` and `{found}` differ only in case")]
    Case {
        /// The path that a file would get.
        wanted: RelPath,
        /// The existing path.
        found: String,
    },
    /// An I/O operation failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The affected file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
        /// The paths that could not be restored.
        not_restored: Vec<PathBuf>,
    },
}

impl DiskError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
            not_restored: Vec::new(),
        }
    }
}

/// Find the project's folder.
///
/// It is `asked` if present; else, starting from the nearest folder upwards with a
/// `polytope.yml`, the outermost folder in the same git work tree whose `polytope.yml`
/// includes it; else the current folder. The result is absolute, without links.
///
/// # Errors
///
/// [`DiskError::NoProject`] if `asked` is not a folder, [`DiskError::TooWide`] if it would be `/`
/// or the user's home and was not asked for.
pub fn find_root(asked: Option<&Path>, current: &Path) -> Result<PathBuf, DiskError> {
    let found = root_of(asked, current)?;
    // Hosts of MCP servers start them there.
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let is_none = found.parent().is_none() || home.is_some_and(|home| home == found);
    if asked.is_none() && is_none {
        return Err(DiskError::TooWide(found));
    }
    Ok(found)
}

fn root_of(asked: Option<&Path>, current: &Path) -> Result<PathBuf, DiskError> {
    let resolve = |path: &Path| {
        path.canonicalize()
            .ok()
            .filter(|path| path.is_dir())
            .ok_or_else(|| DiskError::NoProject(path.to_owned()))
    };
    if let Some(asked) = asked {
        return resolve(&current.join(asked));
    }
    let current = resolve(current)?;
    let mut nearest = None;
    for folder in current.ancestors() {
        if is_file(&folder.join(POLYTOPE_FILE))? {
            nearest = Some(folder);
            break;
        }
    }
    let Some(nearest) = nearest else {
        return Ok(current);
    };
    let Some(work_tree) = nearest.ancestors().find(|f| f.join(".git").exists()) else {
        return Ok(nearest.to_owned());
    };
    let mut outermost = nearest;
    let parents = nearest.ancestors().skip(1);
    for folder in parents.take_while(|folder| folder.starts_with(work_tree)) {
        if !is_file(&folder.join(POLYTOPE_FILE))? {
            continue;
        }
        let files = Disk::new(folder.to_owned(), None).read_tools()?;
        let inside = nearest.strip_prefix(folder).ok().and_then(Path::to_str);
        let inside = inside.and_then(|inside| inside.parse::<Folder>().ok());
        if inside.is_some_and(|inside| files.entries.contains_key(&inside.join(POLYTOPE_FILE))) {
            outermost = folder;
        }
    }
    Ok(outermost.to_owned())
}

/// Whether there is a file at a path.
fn is_file(path: &Path) -> Result<bool, DiskError> {
    match path.metadata() {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(DiskError::io(path, error)),
    }
}

/// Whether an error means that there is nothing at a path.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A project's folder.
pub struct Disk {
    root: PathBuf,
    fault: Option<InjectedFault>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Disk {
    /// A project's folder, as [`find_root`] found it.
    #[must_use]
    pub fn new(root: PathBuf, fault: Option<InjectedFault>) -> Self {
        Self { root, fault }
    }

    fn before(&self, operation: Operation, path: &Path) -> io::Result<()> {
        match &self.fault {
            Some(fault) => fault(operation, path),
            None => Ok(()),
        }
    }

    /// Whether there is something at a path; a link counts.
    fn has(&self, path: &Path) -> io::Result<bool> {
        self.before(Operation::Inspect, path)?;
        match path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn path(&self, path: &RelPath) -> PathBuf {
        path.as_str()
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }
}

/// The names of a folder's entries; those that are not UTF-8 with escapes, which begin with `\`.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let escaped = |name: OsString| name.as_encoded_bytes().escape_ascii().to_string();
    let children = fs::read_dir(folder)?;
    let names = children.map(|child| Ok(child?.file_name().into_string().unwrap_or_else(escaped)));
    names.collect()
}

/// A line of a file, counted from 1; `None` if it cannot be read.
#[must_use]
pub fn line_of(path: &Path, number: usize) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // A position may be at the end of the file, after its last line.
    let line = text.lines().nth(number.checked_sub(1)?);
    line.map(str::to_owned)
}
