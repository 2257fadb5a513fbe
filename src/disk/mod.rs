//! The only file that touches a project's files: find it, lock it, read it, write it.
//!
//! A commit writes everything to a hidden folder of the project first, and then renames
//! file by file in the plan's order. What fails is undone; what is killed leaves each file
//! whole, old or new. No link is followed out of the project.

mod commit;
mod lock;
mod read;
mod state;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::name::RelPath;
use crate::project::{Files, POLYTOPE_FILE, polytope_file_of};

use self::read::read_polytope_files;

pub use self::commit::Target;
pub use self::lock::Lock;
pub use self::state::{
    StateFiles, is_free_for_demo, last_lines, listener_on, make_demo_folder, open_log, state_files,
    state_folder,
};

/// Where new files wait until they are renamed; in the project, so that a rename suffices.
const STAGE: &str = ".bluetext.tmp";

/// A call that changes the disk, named before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Make a folder.
    MakeFolder,
    /// Make and fill a file that waits to be renamed.
    Stage,
    /// Keep the old content of a file, to restore it from.
    Backup,
    /// Put a new file or a new version in its place.
    Place,
    /// Take away what is not needed any more.
    Remove,
}

/// Called before each change of the disk; an error from it is taken for the call's own.
/// Tests make the n-th call fail with it.
pub type Fault = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;

/// Why the project could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoProject(PathBuf),
    /// Another run holds the project.
    #[error("another run of bluetext holds the project `{}`", .0.display())]
    Locked(PathBuf),
    /// A file is not any more what was read.
    #[error("`{0}` was changed on disk during this run")]
    Changed(RelPath),
    /// A path leads out of the project, through a symbolic link.
    #[error("`{0}` leads out of the project through a symbolic link")]
    LeadsOut(RelPath),
    /// A file may not be written.
    #[error("`{0}` is read-only")]
    ReadOnly(RelPath),
    /// Two names would be one where upper and lower case are the same.
    #[error("`{wanted}` and `{found}` are one name where upper and lower case are the same")]
    Case {
        /// The path that a file would get.
        wanted: RelPath,
        /// What is there.
        found: String,
    },
    /// The system refused a call.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder that the call was about.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What could not be put back as it was.
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
/// What is asked for counts; else the nearest folder upwards with a `polytope.yml`, and from
/// there the outermost one in the same git work tree whose `polytope.yml` includes it; else
/// the current folder. The result is absolute, without links.
///
/// # Errors
///
/// [`DiskError::NoProject`] if what is asked for is no folder.
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
                .and_then(polytope_file_of)
                .is_some_and(|path| files.entries.contains_key(&path))
        })
        .last();
    Ok(outermost.unwrap_or(nearest).to_owned())
}

/// A project's folder.
pub struct Disk {
    root: PathBuf,
    fault: Option<Fault>,
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
    pub fn new(root: PathBuf, fault: Option<Fault>) -> Self {
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

/// A line of a file, counted from 1, as far as it can be read.
#[must_use]
pub fn line_of(path: &Path, number: usize) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // A position may be at the end of the file, behind its last line.
    let line = text.lines().nth(number.checked_sub(1)?);
    line.map(str::to_owned)
}
