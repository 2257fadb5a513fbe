//! Whether a Python environment still has what was installed in it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::state::hash;

/// The file in the environment that says for which requirements it was made.
const NOTE: &str = "bluetext-installed";

/// How deep files of requirements that name others are followed.
const MAX_DEPTH: usize = 8;

/// Whether the environment has what `wanted` stands for: it was noted, and no package was
/// installed or removed since.
#[must_use]
pub fn is_installed(environment: &Path, wanted: &str) -> bool {
    let note = fs::read_to_string(environment.join(NOTE)).unwrap_or_default();
    note == state_of(environment, wanted)
}

/// Note what is installed in an environment. Without the note, it is installed again.
pub fn note_installed(environment: &Path, wanted: &str) {
    let file = File::create(environment.join(NOTE));
    let text = state_of(environment, wanted);
    drop(file.and_then(|mut file| file.write_all(text.as_bytes())));
}

/// What a service requires: a hash of its packaging, and of these files with those that they
/// name (`-r`, `-c`).
#[must_use]
pub fn requirements_of(service: &Path, files: &[String]) -> String {
    let mut bytes = Vec::new();
    for name in ["pyproject.toml", "setup.cfg", "setup.py"] {
        bytes.extend(fs::read(service.join(name)).unwrap_or_default());
        bytes.push(0);
    }
    let mut open: Vec<(PathBuf, usize)> =
        files.iter().map(|file| (service.join(file), 0)).collect();
    while let Some((path, depth)) = open.pop() {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let folder = path.parent().unwrap_or(service);
        let named = text.lines().filter_map(named_file);
        if depth < MAX_DEPTH {
            open.extend(named.map(|name| (folder.join(name), depth + 1)));
        }
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    hash(&bytes)
}

/// The file that a line of requirements names.
fn named_file(line: &str) -> Option<&str> {
    let line = line.trim();
    ["-r", "-c", "--requirement", "--constraint"]
        .into_iter()
        .find_map(|option| line.strip_prefix(option))
        .map(|rest| rest.trim_start_matches(['=', ' ']))
}

/// The text of the note. The folders of packages change when one is installed or removed.
fn state_of(environment: &Path, wanted: &str) -> String {
    let libraries = fs::read_dir(environment.join("lib"));
    let libraries = libraries.into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = libraries
        .map(|library| library.path().join("site-packages"))
        .collect();
    folders.push(environment.join("Lib").join("site-packages"));
    let mut times: Vec<u128> = folders
        .iter()
        .filter_map(|folder| fs::metadata(folder).ok()?.modified().ok())
        .filter_map(|time| Some(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()))
        .collect();
    times.sort_unstable();
    format!("{wanted} {times:?}\n")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{is_installed, note_installed, requirements_of};

    #[test]
    fn a_note_holds_until_a_package_or_a_requirement_changes() {
        let service = tempfile::tempdir().unwrap();
        let environment = service.path().join(".venv");
        let packages = environment.join("lib/python3.13/site-packages");
        fs::create_dir_all(&packages).unwrap();
        let write = |name: &str, text: &str| {
            use std::io::Write as _;
            let mut file = File::create(service.path().join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let files = ["requirements.txt".to_owned()];
        write("requirements.txt", "-r common.txt\nfastapi\n");
        write("common.txt", "pydantic\n");
        let wanted = requirements_of(service.path(), &files);
        assert!(!is_installed(&environment, &wanted));
        note_installed(&environment, &wanted);
        assert!(is_installed(&environment, &wanted));
        write("common.txt", "pydantic>=2\n");
        let other = requirements_of(service.path(), &files);
        assert!(!is_installed(&environment, &other));
        write("common.txt", "pydantic\n");
        assert_eq!(requirements_of(service.path(), &files), wanted);
        // Its time has nanoseconds: another package makes another one.
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::create_dir(packages.join("fastapi")).unwrap();
        assert!(!is_installed(&environment, &wanted));
    }
}
