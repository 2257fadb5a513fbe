//! The only module that accesses a project's files: it finds, locks, reads and writes them.
//!
//! A commit writes everything to a hidden folder of the project first, and then renames
//! file by file in the plan's order. A failed commit is undone; a killed one leaves each
//! file complete, old or new. Links that lead out of the project are not followed.

mod commit;
mod lock;
mod read;
mod state;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::name::{Folder, RelPath};
use crate::project::{Files, POLYTOPE_FILE};

use self::read::read_polytope_files;

pub use self::commit::Target;
pub use self::lock::Lock;
pub use self::state::{
    StateFiles, is_free_for_demo, last_lines, listener_on, make_demo_folder, open_log, state_files,
    state_folder,
};

/// The staging folder for new files; inside the project, so that they can be renamed.
const STAGE: &str = ".bluetext.tmp";

/// An operation that changes the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Make a folder.
    MakeFolder,
    /// Write a new file to the staging folder.
    Stage,
    /// Back up the old content of a file.
    Backup,
    /// Move a new or changed file to its path.
    Place,
    /// Remove the staging folder.
    Remove,
}

/// Called before each change of the disk; if it returns an error, the operation fails with
/// that error. Tests use it to make the n-th operation fail.
pub type InjectedFault = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;

/// Why the project could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoProject(PathBuf),
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
/// [`DiskError::NoProject`] if `asked` is not a folder.
pub fn find_root(asked: Option<&Path>, current: &Path) -> Result<PathBuf, DiskError> {
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
    let Some(nearest) = current
        .ancestors()
        .find(|f| f.join(POLYTOPE_FILE).is_file())
    else {
        return Ok(current);
    };
    let Some(work_tree) = nearest.ancestors().find(|f| f.join(".git").exists()) else {
        return Ok(nearest.to_owned());
    };
    let outermost = nearest
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(work_tree))
        .filter(|folder| folder.join(POLYTOPE_FILE).is_file())
        .filter(|folder| {
            let mut files = Files::default();
            read_polytope_files(folder, &mut files);
            nearest
                .strip_prefix(folder)
                .ok()
                .and_then(Path::to_str)
                .and_then(|folder| folder.parse::<Folder>().ok())
                .is_some_and(|folder| files.entries.contains_key(&folder.join(POLYTOPE_FILE)))
        })
        .last();
    Ok(outermost.unwrap_or(nearest).to_owned())
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

    fn path(&self, path: &RelPath) -> PathBuf {
        path.as_str()
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(children) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = children.flatten().map(|child| child.file_name());
    names.filter_map(|name| name.into_string().ok()).collect()
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
