//! The only file that touches a project's files: find it, lock it, read it, write it.
//!
//! A commit writes everything to a hidden folder of the project first, and then renames
//! file by file in the plan's order. What fails is undone; what is killed leaves each file
//! whole, old or new. No link is followed out of the project.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::change::Change;
use crate::edit::LARGEST_FILE;
use crate::name::RelPath;
use crate::project::{self, Content, Files, MODULE_FOLDERS, POLYTOPE_FILE};
use crate::python::SETTINGS_FILES;

/// Where new files wait until they are renamed; in the project, so that a rename suffices.
const STAGE: &str = ".bluetext.tmp";

/// Folders that are never looked into, beside hidden ones such as `.git` and `.venv`.
const SKIPPED: [&str; 3] = ["venv", "node_modules", "__pycache__"];

/// Deeper folders than this are not looked into, so that links cannot lead in a circle.
const DEEPEST_FOLDER: usize = 16;

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
    #[error("`{0}` was changed by somebody else meanwhile")]
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
                .and_then(project::polytope_file_of)
                .is_some_and(|path| files.entries.contains_key(&path))
        })
        .last();
    Ok(outermost.unwrap_or(nearest).to_owned())
}

/// A lock on a project, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    _held: File,
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

    /// Lock the project against other runs, and clear away what a dead one left.
    ///
    /// # Errors
    ///
    /// [`DiskError::Locked`] if another run holds it longer than `wait`.
    pub fn lock(&self, wait: Duration) -> Result<Lock, DiskError> {
        let until = Instant::now() + wait;
        let handle = self.lock_handle()?;
        loop {
            match handle.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
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
        let stage = self.root.join(STAGE);
        if stage.symlink_metadata().is_ok() {
            self.remove_stage(&stage)
                .map_err(|error| DiskError::io(&stage, error))?;
        }
        Ok(Lock { _held: handle })
    }

    /// What the lock is taken on: the folder itself, which leaves nothing behind; where the
    /// system has no locks on folders, a file in the user's state folder.
    fn lock_handle(&self) -> Result<File, DiskError> {
        if cfg!(unix)
            && let Ok(folder) = File::open(&self.root)
        {
            match folder.try_lock() {
                Ok(()) => {
                    drop(folder.unlock());
                    return Ok(folder);
                }
                Err(TryLockError::WouldBlock) => return Ok(folder),
                // A file system that knows no locks.
                Err(TryLockError::Error(_)) => {}
            }
        }
        let mut hasher = DefaultHasher::new();
        self.root.hash(&mut hasher);
        let folder = state_folder().join("locks");
        let path = folder.join(format!("{:016x}.lock", hasher.finish()));
        fs::create_dir_all(&folder).map_err(|error| DiskError::io(&folder, error))?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| DiskError::io(&path, error))
    }

    /// Read every `polytope.yml` that the root leads to, and nothing else.
    #[must_use]
    pub fn read_tools(&self) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        files
    }

    /// Read all that a tool may look at: every `polytope.yml` that the root leads to, the
    /// modules beside it, and the files of Python services.
    #[must_use]
    pub fn read(&self, modules_folder: Option<&RelPath>) -> Files {
        let mut files = Files::default();
        read_polytope_files(&self.root, &mut files);
        // Settings of Python's formatters count for all folders below.
        for (name, _) in SETTINGS_FILES {
            read_entry(&self.root, &RelPath::literal(name), &mut files);
            for folder in MODULE_FOLDERS {
                let path = RelPath::literal(folder).join(name);
                read_entry(&self.root, &path, &mut files);
            }
        }
        let included: Vec<RelPath> = files
            .entries
            .keys()
            .filter(|path| path.file_name() == POLYTOPE_FILE)
            .filter_map(RelPath::parent)
            .collect();
        let mut folders: Vec<RelPath> = MODULE_FOLDERS.map(RelPath::literal).into();
        folders.extend(modules_folder.cloned());
        let mut modules = Vec::new();
        for folder in folders {
            modules.extend(list(&self.root, &folder, &mut files));
        }
        modules.extend(included);
        modules.sort();
        modules.dedup();
        for module in modules {
            let pyproject = module.join("pyproject.toml");
            if self.path(&pyproject).symlink_metadata().is_ok() {
                read_tree(&self.root, &module, &mut files, 0);
            } else {
                let file = module.join(POLYTOPE_FILE);
                read_entry(&self.root, &file, &mut files);
            }
        }
        files
    }

    /// Read what a plan is about to make and what has not been looked at yet, where it is
    /// there: what a killed run has left, or somebody's own. Says whether there was any; then
    /// the plan has to be made anew.
    #[must_use]
    pub fn read_targets(&self, changes: &[Change], files: &mut Files) -> bool {
        let before = files.entries.len();
        for change in changes {
            let mut path = Some(change.path.clone());
            while let Some(current) = path {
                let real = self.path(&current);
                if !files.entries.contains_key(&current) && real.symlink_metadata().is_ok() {
                    // A folder above is nothing that is in the way.
                    let is_way = current != change.path && real.is_dir();
                    if !is_way {
                        read_entry(&self.root, &current, files);
                    }
                }
                path = current.parent();
            }
        }
        files.entries.len() > before
    }

    /// Find out where a plan's changes land, and check all that can be checked before the
    /// first of them.
    ///
    /// # Errors
    ///
    /// [`DiskError::Changed`] if a file is not what the plan was made from, and whatever
    /// else would keep one from being written.
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

    /// Write what has been prepared: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`DiskError::Changed`] if a file was changed since; [`DiskError::Io`] names what the
    /// system refused and what could not be undone.
    pub fn commit(&self, targets: &[Target<'_>]) -> Result<(), DiskError> {
        if targets.is_empty() {
            return Ok(());
        }
        let stage = self.root.join(STAGE);
        let mut done = Done::default();
        match self.write(targets, &stage, &mut done) {
            Ok(()) => {
                // What is left here is cleared away by the next run.
                drop(self.remove_stage(&stage));
                Ok(())
            }
            Err(error) => Err(self.undo(error, &stage, done)),
        }
    }

    fn path(&self, path: &RelPath) -> PathBuf {
        path.as_str()
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }

    fn before(&self, operation: Operation, path: &Path) -> io::Result<()> {
        match &self.fault {
            Some(fault) => fault(operation, path),
            None => Ok(()),
        }
    }

    /// Where a change really lands, behind links that stay inside; checks that the file is
    /// what the plan was made from and may be written.
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
            // A rename would replace it all the same: the folder's mode decides on that.
            if metadata.permissions().readonly() {
                return Err(DiskError::ReadOnly(change.path.clone()));
            }
        }
        Ok(target)
    }

    /// Refuse a name that differs from one that is there in upper and lower case alone.
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
                // What was to be replaced is gone.
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

    /// Write the new text; flushed to the disk where it replaces a user's file.
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
        // A second name costs no space; not every file system has them.
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
                // A folder of the project is another file system: wait beside the file.
                let name = target.file_name().and_then(OsStr::to_str).unwrap_or("file");
                let beside = target.with_file_name(format!(".{name}.bluetext.tmp"));
                fs::copy(staged, &beside)?;
                self.give_to_owner(&beside);
                fs::rename(&beside, target)
            }
            result => result,
        }
    }

    /// Put a new file in its place, unless something stands there by now.
    fn create(&self, staged: &Path, target: &Path) -> io::Result<()> {
        self.before(Operation::Place, target)?;
        match fs::hard_link(staged, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system without second names, or another one than the project's.
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

    /// Undo what a failed commit has done, and add to its error what could not be undone.
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
        // The old contents stay where they are if something has to be restored by hand.
        if resisting.is_empty() && fs::remove_dir_all(stage).is_err() && stage.exists() {
            resisting.push(stage.to_owned());
        }
        if let DiskError::Io { not_restored, .. } = &mut error {
            *not_restored = resisting;
        }
        error
    }

    fn remove_stage(&self, stage: &Path) -> io::Result<()> {
        self.before(Operation::Remove, stage)?;
        if stage.symlink_metadata()?.is_dir() {
            fs::remove_dir_all(stage)
        } else {
            fs::remove_file(stage)
        }
    }

    /// In a container this program runs as root on somebody's files: what it makes is given
    /// to the one that the project belongs to.
    fn give_to_owner(&self, path: &Path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, chown};
            let (Ok(root), Ok(own)) = (fs::metadata(&self.root), fs::metadata(path)) else {
                return;
            };
            if own.uid() != root.uid() || own.gid() != root.gid() {
                // Only root may; for everybody else the file stays their own.
                drop(chown(path, Some(root.uid()), Some(root.gid())));
            }
        }
        #[cfg(not(unix))]
        let _ = path;
    }
}

/// A change and the file that it is made to, behind links inside the project.
#[derive(Debug)]
pub struct Target<'a> {
    change: &'a Change,
    path: PathBuf,
}

/// What a commit has done so far, in its order.
#[derive(Debug, Default)]
struct Done {
    folders: Vec<PathBuf>,
    created: Vec<PathBuf>,
    replaced: Vec<(PathBuf, PathBuf)>,
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(children) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = children.flatten().map(|child| child.file_name());
    names.filter_map(|name| name.into_string().ok()).collect()
}

/// The user's folder for state that is no configuration and no cache.
///
/// `XDG_STATE_HOME`, else `~/.local/state` (XDG Base Directory Specification 0.8), else the
/// folder for temporary files.
#[must_use]
pub fn state_folder() -> PathBuf {
    let from = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    from("XDG_STATE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/state")))
        .or_else(|| from("LOCALAPPDATA"))
        .unwrap_or_else(std::env::temp_dir)
        .join("bluetext")
}

/// The files that what is started for a project writes.
#[derive(Debug, Clone)]
pub struct StateFiles {
    /// The output of the last start.
    pub log: PathBuf,
    /// The dev server's database.
    pub database: PathBuf,
}

/// The files of a project in a folder for state, which is made.
///
/// # Errors
///
/// What the system says.
pub fn state_files(state_folder: &Path, root: &Path) -> Result<StateFiles, DiskError> {
    // FNV-1a, 64 bits: a name for a path that stays the same.
    let hash = root
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
    let folder = state_folder.join(format!("{hash:016x}"));
    fs::create_dir_all(&folder).map_err(|error| DiskError::io(&folder, error))?;
    Ok(StateFiles {
        log: folder.join("start.log"),
        database: folder.join("temporal.db"),
    })
}

/// Open a log file anew, for output and errors.
///
/// # Errors
///
/// What the system says.
pub fn open_log(path: &Path) -> Result<(File, File), DiskError> {
    File::create(path)
        .and_then(|file| Ok((file.try_clone()?, file)))
        .map_err(|error| DiskError::io(path, error))
}

/// The last lines of a file of text, as far as it can be read.
#[must_use]
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(count)..].iter();
    last.map(|line| (*line).to_owned()).collect()
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

/// The program that listens on a port of this machine, where the system tells: on Linux, of
/// programs that the user may look at.
#[must_use]
pub fn listener_on(port: u16) -> Option<String> {
    // proc_pid_net(5): the local address is the second column, its state the fourth, and the
    // inode the tenth; 0A is LISTEN.
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let suffix = format!(":{port:04X}");
    let inode = tables.iter().find_map(|table| {
        let text = fs::read_to_string(table).ok()?;
        text.lines().find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let is_it = columns.get(1)?.ends_with(&suffix) && *columns.get(3)? == "0A";
            is_it.then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
        })
    })?;
    let socket = PathBuf::from(format!("socket:[{inode}]"));
    names_in(Path::new("/proc")).into_iter().find_map(|pid| {
        pid.parse::<u32>().ok()?;
        let process = Path::new("/proc").join(&pid);
        let files = fs::read_dir(process.join("fd")).ok()?;
        let mut files = files.flatten();
        files.find(|file| fs::read_link(file.path()).is_ok_and(|link| link == socket))?;
        let name = fs::read_to_string(process.join("comm")).ok()?;
        Some(format!("`{}` (process {pid})", name.trim_end()))
    })
}

/// Whether the demo may use a folder: there is none, it is empty, or it holds a demo.
#[must_use]
pub fn is_free_for_demo(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut children) => {
            let is_demo = folder.join("modules/api/clients/temporal-client").is_dir();
            is_demo || children.next().is_none()
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Make the demo's folder, with those above it.
///
/// # Errors
///
/// What the system says.
pub fn make_demo_folder(folder: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(folder).map_err(|error| DiskError::io(folder, error))
}

/// Read the root's `polytope.yml` and all that it leads to.
fn read_polytope_files(root: &Path, files: &mut Files) {
    let mut waiting = vec![RelPath::literal(POLYTOPE_FILE)];
    while let Some(path) = waiting.pop() {
        if files.entries.contains_key(&path) {
            continue;
        }
        read_entry(root, &path, files);
        if let Some(Ok(file)) = files.polytope(&path) {
            waiting.extend(file.local_includes());
        }
    }
}

/// Note what stands in a folder, and return the folders among it.
fn list(root: &Path, folder: &RelPath, files: &mut Files) -> Vec<RelPath> {
    let path = root.join(folder.as_str());
    match kind_of(root, &path) {
        None => return Vec::new(),
        Some(Kind::Folder) => {
            files.entries.insert(folder.clone(), Content::Folder);
        }
        Some(Kind::File) => {
            files.entries.insert(
                folder.clone(),
                Content::Unreadable("it is a file".to_owned()),
            );
            return Vec::new();
        }
        Some(Kind::Other(reason)) => {
            files
                .entries
                .insert(folder.clone(), Content::Unreadable(reason));
            return Vec::new();
        }
    }
    let Ok(children) = fs::read_dir(&path) else {
        let reason = "its content cannot be listed".to_owned();
        files
            .entries
            .insert(folder.clone(), Content::Unreadable(reason));
        return Vec::new();
    };
    let mut folders = Vec::new();
    for child in children.flatten() {
        let name = child.file_name();
        let Some(name) = name.to_str().filter(|name| !SKIPPED.contains(name)) else {
            continue;
        };
        let Ok(child_path) = format!("{folder}/{name}").parse::<RelPath>() else {
            continue;
        };
        match kind_of(root, &child.path()) {
            Some(Kind::Folder) => {
                files.entries.insert(child_path.clone(), Content::Folder);
                if !name.starts_with('.') {
                    folders.push(child_path);
                }
            }
            Some(Kind::File) => {
                let reason = "it is a file that is not read".to_owned();
                files
                    .entries
                    .entry(child_path)
                    .or_insert(Content::Unreadable(reason));
            }
            Some(Kind::Other(reason)) => {
                files
                    .entries
                    .insert(child_path, Content::Unreadable(reason));
            }
            None => {}
        }
    }
    folders
}

fn read_tree(root: &Path, folder: &RelPath, files: &mut Files, depth: usize) {
    let folders = list(root, folder, files);
    let prefix = format!("{folder}/");
    let listed: Vec<RelPath> = files
        .entries
        .range(folder.clone()..)
        .take_while(|(path, _)| path == &folder || path.as_str().starts_with(&prefix))
        .filter(|(path, content)| {
            matches!(content, Content::Unreadable(_))
                && !path.as_str()[prefix.len().min(path.as_str().len())..].contains('/')
        })
        .map(|(path, _)| path.clone())
        .collect();
    for file in listed {
        if is_text(&file) {
            // Its folder has just been listed, so that no link leads out on the way to it.
            let content = content_of(root, &root.join(file.as_str()));
            files.entries.extend(content.map(|content| (file, content)));
        }
    }
    if depth < DEEPEST_FOLDER {
        for folder in folders {
            read_tree(root, &folder, files, depth + 1);
        }
    }
}

/// Whether a file is of a kind that some tool reads or writes.
fn is_text(path: &RelPath) -> bool {
    let name = path.file_name();
    matches!(name, "Dockerfile" | ".gitignore" | "py.typed")
        || matches!(
            name.rsplit_once('.').map(|(_, extension)| extension),
            Some("py" | "toml" | "yml" | "yaml" | "md" | "txt")
        )
}

enum Kind {
    File,
    Folder,
    Other(String),
}

fn kind_of(root: &Path, path: &Path) -> Option<Kind> {
    let own = path.symlink_metadata().ok()?;
    if own.is_symlink() {
        match path.canonicalize() {
            Ok(real) if !real.starts_with(root) => {
                return Some(Kind::Other(project::LEADS_OUT.to_owned()));
            }
            Ok(_) => {}
            Err(_) => {
                let reason = "it is a symbolic link that leads nowhere";
                return Some(Kind::Other(reason.to_owned()));
            }
        }
    }
    let metadata = if own.is_symlink() {
        fs::metadata(path).ok()?
    } else {
        own
    };
    Some(if metadata.is_dir() {
        Kind::Folder
    } else if metadata.is_file() {
        Kind::File
    } else {
        Kind::Other("it is neither a file nor a folder".to_owned())
    })
}

/// Read one file; what does not exist is left out.
fn read_entry(root: &Path, path: &RelPath, files: &mut Files) {
    let real = root.join(path.as_str());
    let outside = real
        .parent()
        .and_then(|parent| parent.canonicalize().ok())
        .is_some_and(|parent| !parent.starts_with(root));
    let content = if outside {
        Some(Content::Unreadable(project::LEADS_OUT.to_owned()))
    } else {
        content_of(root, &real)
    };
    files
        .entries
        .extend(content.map(|content| (path.clone(), content)));
}

/// What stands at a path whose folder is inside the project.
fn content_of(root: &Path, path: &Path) -> Option<Content> {
    Some(match kind_of(root, path)? {
        Kind::Folder => Content::Folder,
        Kind::Other(reason) => Content::Unreadable(reason),
        Kind::File => match read_text(path) {
            Ok(text) => Content::Text(text),
            Err(reason) => Content::Unreadable(reason),
        },
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    let limit = LARGEST_FILE as u64;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {} MiB", limit >> 20));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 text (byte {at})")
    })
}
