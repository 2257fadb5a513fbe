//! Whether a Python environment still has what was installed in it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::state::hash;

/// The file in the environment that says for which requirements it was made.
const NOTE: &str = "bluetext-installed";

/// The files that packaging consists of.
const PACKAGING: [&str; 3] = ["pyproject.toml", "setup.cfg", "setup.py"];

/// The maximum number of files that requirements are read from.
const MAX_FILES: usize = 200;

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
    let mut open: Vec<PathBuf> = PACKAGING.map(|name| service.join(name)).into();
    if files.is_empty() {
        // Packaging may read its requirements from such files.
        let entries = fs::read_dir(service).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        open.extend(paths.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("requirements")
        }));
    }
    open.extend(files.iter().map(|file| service.join(file)));
    open.sort();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    while let Some(path) = open.pop() {
        if seen.len() == MAX_FILES || !seen.insert(path.clone()) {
            continue;
        }
        if path.is_dir() {
            open.extend(PACKAGING.map(|name| path.join(name)));
            continue;
        }
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let folder = path.parent().unwrap_or(service);
        if path.extension().is_some_and(|extension| extension == "txt") {
            let named = text.lines().filter_map(named_path);
            open.extend(named.map(|name| folder.join(name)));
        }
        bytes.extend(path.to_string_lossy().as_bytes());
        bytes.push(0);
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    hash(&bytes)
}

/// The file or folder that a line of requirements names: `-r common.txt`, `-e ./lib`, `./lib`.
fn named_path(line: &str) -> Option<&str> {
    // A comment begins after a space.
    let line = line.split(" #").next().unwrap_or(line).trim();
    let options = [
        "--requirement",
        "--constraint",
        "--editable",
        "-r",
        "-c",
        "-e",
    ];
    let named = options
        .into_iter()
        .find_map(|option| line.strip_prefix(option))
        .or(line.starts_with('.').then_some(line))?;
    let named = named.trim_start_matches(|c: char| c == '=' || c.is_whitespace());
    let named = named.trim_matches(['"', '\'']);
    // `./lib[extra]`
    Some(named.split('[').next().unwrap_or(named))
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
        // In other forms, and with the packaging of a local package; files may name themselves.
        fs::create_dir(service.path().join("lib")).unwrap();
        for line in [
            "-r common.txt  # shared",
            "-r\tcommon.txt",
            "-e ./lib",
            "-r requirements.txt",
        ] {
            write("requirements.txt", &format!("{line}\n"));
            let before = requirements_of(service.path(), &files);
            write("common.txt", "pydantic>=2\n");
            write("lib/pyproject.toml", "[project]\n");
            let after = requirements_of(service.path(), &files);
            assert_eq!(before == after, line == "-r requirements.txt", "{line}");
            write("common.txt", "pydantic\n");
            write("lib/pyproject.toml", "");
        }
        write("requirements.txt", "-r common.txt\nfastapi\n");
        // Its time has nanoseconds: another package makes another one.
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::create_dir(packages.join("fastapi")).unwrap();
        assert!(!is_installed(&environment, &wanted));
    }
}
