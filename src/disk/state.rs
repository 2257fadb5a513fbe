//! State outside of a project: logs, the dev server's database, ports, the demo's folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{DiskError, names_in};

/// The user's folder for state that is neither configuration nor cache.
///
/// `XDG_STATE_HOME`, else `~/.local/state`, else `XDG_RUNTIME_DIR` (XDG Base Directory
/// Specification 0.8). All of them are the user's own: other users could plant a link in the
/// shared folder for temporary files. `None` if none is set.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let from = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    from("XDG_STATE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/state")))
        .or_else(|| from("LOCALAPPDATA"))
        .or_else(|| from("XDG_RUNTIME_DIR"))
        .map(|folder| folder.join("bluetext"))
}

/// Make a folder of the user's state, and its parents. Others cannot read it.
pub(super) fn make_private(folder: &Path) -> Result<(), DiskError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| DiskError::io(folder, error))
}

/// Why there is no folder for the state.
pub const NO_STATE_FOLDER: &str =
    "none of `XDG_STATE_HOME`, `HOME` and `XDG_RUNTIME_DIR` is an absolute path";

/// Files that are written by the processes started for a project.
#[derive(Debug, Clone)]
pub struct StateFiles {
    /// The output of the last start.
    pub log: PathBuf,
    /// The dev server's database.
    pub database: PathBuf,
}

/// The state files of a project; creates their folder.
///
/// # Errors
///
/// What the system says.
pub fn state_files(state_folder: &Path, root: &Path) -> Result<StateFiles, DiskError> {
    let folder = state_folder.join(stable_name(root));
    make_private(&folder)?;
    Ok(StateFiles {
        log: folder.join("start.log"),
        database: folder.join("temporal.db"),
    })
}

/// A name for a path that is the same in each version.
pub(super) fn stable_name(path: &Path) -> String {
    hash(path.as_os_str().as_encoded_bytes())
}

/// The hash of a content that is the same in each version: FNV-1a, 64 bits, in hexadecimal
/// digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Open an empty log file, for output and errors; others cannot read it.
///
/// # Errors
///
/// What the system says.
pub fn open_log(path: &Path) -> Result<(File, File), DiskError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|file| Ok((file.try_clone()?, file)))
        .map_err(|error| DiskError::io(path, error))
}

/// The last lines of a text file; empty if it cannot be read.
#[must_use]
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(count)..].iter();
    last.map(|line| (*line).to_owned()).collect()
}

/// The program that listens on a port of this machine; known only on Linux, for processes
/// that the user may inspect.
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
    let processes = names_in(Path::new("/proc")).ok()?;
    processes.into_iter().find_map(|pid| {
        pid.parse::<u32>().ok()?;
        let process = Path::new("/proc").join(&pid);
        let files = fs::read_dir(process.join("fd")).ok()?;
        let mut files = files.flatten();
        files.find(|file| fs::read_link(file.path()).is_ok_and(|link| link == socket))?;
        let name = fs::read_to_string(process.join("comm")).ok()?;
        Some(format!("`{}` (process {pid})", name.trim_end()))
    })
}

/// Whether the demo may use a folder: it does not exist, is empty, or contains a demo.
#[must_use]
pub fn is_free_for_demo(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut children) => {
            let is_demo = folder
                .join("modules/api/src/backend/temporal_client")
                .is_dir();
            is_demo || children.next().is_none()
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Create the demo's folder and its parent folders.
///
/// # Errors
///
/// What the system says.
pub fn make_demo_folder(folder: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(folder).map_err(|error| DiskError::io(folder, error))
}
