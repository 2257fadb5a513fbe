//! The report of `status`: the state of a project, as text or JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use super::human::{human_next, human_trouble};
use super::parts::{Looked, ReportedError, ReportedNext, ReportedWarning, shown};
use super::{Document, ExitCode, Failure, SCHEMA_VERSION, View};
use crate::edit::python::Framework;
use crate::name::plain;
use crate::problem::Problem;
use crate::project::Wiring;
use crate::run::Error;
use crate::tool::client::Library;
use crate::tool::status::{ImageStatus, ServiceStatus, Status, StepStatus};

/// The report of `status`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "bluetext status", deny_unknown_fields)]
pub struct StatusReport {
    /// Schema version of this document. Fields keep their meaning within a version.
    schema_version: u32,
    /// Always `status`.
    command: &'static str,
    /// Whether the project could be read.
    status: Looked,
    /// The project's folder, absolute, once it is known.
    project: Option<String>,
    /// The steps in their order.
    steps: Vec<ReportedStep>,
    /// The Python services, by name.
    services: Vec<ReportedService>,
    /// The images of Temporal and Postgres that containers run.
    images: Vec<ReportedImage>,
    /// Suggested next calls, best first.
    next: Vec<ReportedNext>,
    /// Warnings.
    warnings: Vec<ReportedWarning>,
    /// Why the project could not be read.
    error: Option<ReportedError>,
    #[serde(skip)]
    exit: ExitCode,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportedStep {
    /// The tool that performs the step.
    tool: &'static str,
    /// Whether it is registered, so that agents and people find it.
    offered: bool,
    /// Whether its prerequisites exist.
    allowed: bool,
    /// Whether the project already has what it adds.
    taken: bool,
    /// What it adds.
    about: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportedService {
    /// Its name.
    name: String,
    /// Its folder, relative to the project's folder.
    path: String,
    /// The folder of its modules, relative to the project's folder.
    source: String,
    /// Its import package; `null` if its modules are at the top level.
    package: Option<String>,
    /// The class of its web application, if it has one.
    framework: Option<&'static str>,
    /// How its requirements are declared.
    packaging: &'static str,
    /// How Temporal is started with it.
    wiring: ReportedWiring,
    /// Why no code can be added to it, if so.
    fault: Option<String>,
    /// The client library.
    client: ReportedLibrary,
    /// The version of bluetext that has written the client library, if that is on record.
    client_version: Option<String>,
    /// The next step for it.
    next: &'static str,
    /// The workflows that its workers run.
    workflows: Vec<String>,
    /// The workflows in its code that no worker runs.
    unregistered: Vec<Unregistered>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ReportedWiring {
    /// By the hooks `init` and `deinit` that the application calls.
    Hooks,
    /// By a call after the statement that makes the application.
    Application,
    /// It makes several applications: one must be chosen.
    Several,
    /// It has no web application: the worker runs as its own process.
    Worker,
    /// The service runs Temporal already: nothing is added but workflows.
    Existing,
    /// Several modules make workers: one must be chosen.
    SeveralWorkers,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ReportedLibrary {
    /// It is missing; `add-temporal-client` adds it.
    Absent,
    /// It matches this version.
    Current,
    /// It is that of an earlier version, and nobody has changed it: `add-temporal-client` brings
    /// it to this version.
    Outdated,
    /// Somebody has changed it, or it is not on record.
    Differs,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Unregistered {
    /// The workflow's class.
    name: String,
    /// Its module, relative to the project's folder.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportedImage {
    /// Its name, without the version.
    image: String,
    /// Its version, if one is named.
    version: Option<String>,
    /// The version that bluetext writes; `null` for an image that is no longer released.
    current: Option<&'static str>,
    /// Whether it is no longer released.
    deprecated: bool,
    /// The tool that runs it.
    tool: String,
    /// The file that declares the container, relative to the project's folder.
    path: String,
    /// The line in it, from 1.
    line: Option<usize>,
}

impl StatusReport {
    /// The report of a status result.
    #[must_use]
    pub fn new(result: &Result<(PathBuf, Status), Error>) -> Self {
        match result {
            Ok((root, status)) => Self {
                steps: status.steps.iter().map(Into::into).collect(),
                services: status.services.iter().map(Into::into).collect(),
                images: status.images.iter().map(Into::into).collect(),
                next: status.next.iter().map(Into::into).collect(),
                warnings: status.warnings.iter().map(Into::into).collect(),
                ..Self::empty(Looked::Ok, ExitCode::Done, Some(shown(root)))
            },
            Err(error) => Self::failed(Failure::of(error)),
        }
    }

    /// With `--check`, exit with 4 if there is any warning.
    #[must_use]
    pub fn checked(mut self, view: View) -> Self {
        if view.check && self.exit == ExitCode::Done && !self.warnings.is_empty() {
            self.exit = ExitCode::WouldChange;
        }
        self
    }

    /// The report of a call with invalid arguments.
    #[must_use]
    pub fn usage(problems: &[Problem], root: Option<&Path>) -> Self {
        Self::failed(Failure::of_problems(problems, root))
    }

    fn failed(failure: Failure) -> Self {
        let status = failure.looked();
        Self {
            error: failure.error,
            next: failure.next,
            ..Self::empty(status, failure.exit, failure.project)
        }
    }

    fn empty(status: Looked, exit: ExitCode, project: Option<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: "status",
            status,
            project,
            exit,
            ..Self::default()
        }
    }

    fn human(&self, view: View) -> String {
        let mut text = String::new();
        if view.quiet || self.error.is_some() {
            return text;
        }
        let bold = Style::new().bold();
        let dim = Style::new().dimmed();
        let green = AnsiColor::Green.on_default();
        let yellow = AnsiColor::Yellow.on_default();
        if let Some(project) = &self.project {
            let _ = writeln!(text, "{bold}Project{bold:#} {}", plain(project));
        }
        let mut previous: Option<&str> = None;
        for step in &self.steps {
            let (word, style) = match (step.taken, step.allowed) {
                (true, _) => ("done", green),
                (false, true) => ("next", yellow),
                (false, false) => ("blocked", dim),
            };
            let _ = write!(text, "  {style}{word:<9}{style:#} {}", step.tool);
            if let ("blocked", Some(previous)) = (word, previous) {
                let _ = write!(text, " {dim}needs {previous}{dim:#}");
            }
            text.push('\n');
            previous = Some(step.tool);
        }
        for service in &self.services {
            let client = match service.client {
                ReportedLibrary::Absent => "without the client",
                ReportedLibrary::Current => "with the client",
                ReportedLibrary::Outdated => "with an earlier client",
                ReportedLibrary::Differs => "with a client that differs",
            };
            let client = match &service.client_version {
                Some(version) => format!("{client} ({})", plain(version)),
                None => client.to_owned(),
            };
            let (name, path) = (plain(&service.name), plain(&service.path));
            let framework = service.framework.unwrap_or("no web application");
            let packaging = service.packaging;
            let _ = writeln!(
                text,
                "{bold}Service{bold:#} {name} in {path} ({framework}, {packaging}), {client}"
            );
            if let Some(fault) = &service.fault {
                let _ = writeln!(text, "  {yellow}{:<9}{yellow:#} {}", "fault", plain(fault));
            }
            for workflow in &service.workflows {
                let _ = writeln!(
                    text,
                    "  {green}{:<9}{green:#} {}",
                    "workflow",
                    plain(workflow)
                );
            }
            for Unregistered { name, path } in &service.unregistered {
                let _ = writeln!(
                    text,
                    "  {yellow}{:<9}{yellow:#} {} in {}",
                    "unlisted",
                    plain(name),
                    plain(path)
                );
            }
        }
        if !self.images.is_empty() {
            let _ = writeln!(text, "{bold}Images{bold:#}");
        }
        let mut shown = BTreeSet::new();
        for image in &self.images {
            if !shown.insert((&image.tool, &image.image, &image.version)) {
                continue;
            }
            let version = plain(image.version.as_deref().unwrap_or("without a version"));
            let word = if image.deprecated { ", deprecated" } else { "" };
            let (name, tool) = (plain(&image.image), plain(&image.tool));
            let _ = writeln!(
                text,
                "  {tool:<14} {name} {version}{yellow}{word}{yellow:#}"
            );
        }
        text.push_str(&human_next(&self.next, view));
        text
    }
}

impl Document for StatusReport {
    fn exit(&self) -> ExitCode {
        self.exit
    }

    fn texts(&self, view: View) -> (String, String) {
        let trouble = human_trouble(view, &self.warnings, self.error.as_ref());
        (self.human(view), trouble)
    }
}

impl From<&StepStatus> for ReportedStep {
    fn from(step: &StepStatus) -> Self {
        Self {
            tool: step.tool.name,
            offered: step.offered,
            allowed: step.allowed,
            taken: step.taken,
            about: step.tool.about,
        }
    }
}

impl From<&ServiceStatus> for ReportedService {
    fn from(service: &ServiceStatus) -> Self {
        let found = &service.service;
        Self {
            name: found.name.to_string(),
            path: found.folder.to_string(),
            source: found.source().to_string(),
            package: Some(found.package.clone()).filter(|package| !package.is_empty()),
            framework: found.wiring.framework().map(Framework::class),
            packaging: service.packaging,
            wiring: match &found.wiring {
                Wiring::Hooks => ReportedWiring::Hooks,
                Wiring::Application { .. } => ReportedWiring::Application,
                Wiring::Several(_) => ReportedWiring::Several,
                Wiring::Worker => ReportedWiring::Worker,
                Wiring::Existing { .. } => ReportedWiring::Existing,
                Wiring::SeveralWorkers(_) => ReportedWiring::SeveralWorkers,
            },
            fault: found.fault.as_ref().map(|fault| fault.message.clone()),
            client: match service.library {
                Library::Absent => ReportedLibrary::Absent,
                Library::Current => ReportedLibrary::Current,
                Library::Outdated => ReportedLibrary::Outdated,
                Library::Differs => ReportedLibrary::Differs,
            },
            client_version: service.library_version.clone(),
            next: service.next.name,
            workflows: service.workflows.clone(),
            unregistered: service
                .unregistered
                .iter()
                .map(|(name, path)| Unregistered {
                    name: name.clone(),
                    path: path.to_string(),
                })
                .collect(),
        }
    }
}

impl From<&ImageStatus> for ReportedImage {
    fn from(image: &ImageStatus) -> Self {
        Self {
            image: image.name.clone(),
            version: image.version.clone(),
            current: image.current,
            deprecated: image.deprecated,
            tool: image.tool.clone(),
            path: image.path.to_string(),
            line: image.position.map(|position| position.line),
        }
    }
}
