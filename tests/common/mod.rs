//! Shared by the integration tests: projects in temporary folders, and the built program in a
//! clean environment.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A project in its own folder, removed on drop.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("bluetext-test-")
                .tempdir()
                .unwrap(),
        }
    }

    /// A project outside the folder for temporary files.
    pub(crate) fn below(folder: &Path) -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("bluetext-test-")
                .tempdir_in(folder)
                .unwrap(),
        }
    }

    /// A project with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A copy of a project in `tests/projects`.
    pub(crate) fn copy(name: &str) -> Self {
        let project = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/projects")
            .join(name);
        for (path, bytes) in tree(&from) {
            project.write(&path, std::str::from_utf8(&bytes).unwrap());
        }
        project
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .unwrap();
    }

    /// Write a shell script that can be executed.
    pub(crate) fn write_program(&self, path: &str, text: &str) {
        self.write(path, text);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(self.path().join(path), mode).unwrap();
        }
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Every file with its bytes; folders without files end in `/`.
    pub(crate) fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path())
    }

    pub(crate) fn bluetext(&self, arguments: &[&str]) -> Run {
        bluetext(&self.path(), arguments, &[])
    }

    /// Run the program and expect success.
    pub(crate) fn done(&self, arguments: &[&str]) -> Run {
        let run = self.bluetext(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
        run
    }
}

/// The output of a run, with the project's folder as `[PROJECT]`.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The complete output, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        format!(
            "exit code: {}\n----- stdout -----\n{}----- stderr -----\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// The program with only `PATH` from this process's environment.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluetext"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder.join("empty-home"))
        // Polytope may be installed on this machine.
        .env("BLUETEXT_NO_START", "1")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

pub(crate) fn bluetext(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let output = command(folder, arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    shown(&output, folder)
}

fn shown(output: &Output, folder: &Path) -> Run {
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .replace(folder.to_str().unwrap(), "[PROJECT]")
    };
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let name = path
            .strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            let before = waiting.len();
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            if waiting.len() == before && !name.is_empty() {
                files.insert(format!("{name}/"), Vec::new());
            }
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// The script that a step of the generated tool `temporal` mounts.
pub(crate) fn script(project: &Project, step: &str) -> String {
    let text = project.read("modules/temporal/polytope.yml");
    let file: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let steps = file["tools"]["temporal"]["run"].as_sequence().unwrap();
    let step = steps.iter().find(|found| found["id"] == step).unwrap();
    let data = &step["args"]["mounts"][0]["source"]["data"];
    data.as_str().unwrap().to_owned()
}

/// A document matches its JSON schema.
pub(crate) fn assert_valid(schema: &serde_json::Value, document: &serde_json::Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new(), "{document:#}");
}
