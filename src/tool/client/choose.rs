//! Selects the service that gets the client.

use std::fmt;
use std::str::FromStr;

use crate::name::{Folder, NameError, RelPath, ServiceName};
use crate::problem::{ErrorCode, Problem};
use crate::project::{Project, Service, Wiring};

use super::choose_module::{chosen_worker, with_app};
use super::{AddTemporalClient, DEFAULT_SERVICE, is_in};
use crate::tool::Draft;

/// A service as it is chosen on the command line: by its name or its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceChoice {
    /// By name.
    Name(ServiceName),
    /// By folder; `.` is the project itself.
    Folder(Folder),
}

impl ServiceChoice {
    /// Whether a service is the chosen one.
    #[must_use]
    pub fn is(&self, service: &Service) -> bool {
        match self {
            Self::Name(name) => {
                service.name == *name || service.folder.name() == Some(name.as_str())
            }
            Self::Folder(folder) => service.folder == *folder,
        }
    }
}

impl FromStr for ServiceChoice {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('/') || text == "." {
            return text.parse().map(Self::Folder);
        }
        text.parse().map(Self::Name)
    }
}

impl fmt::Display for ServiceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Folder(folder) => folder.fmt(f),
        }
    }
}

/// The selected service, and whether it must be created.
///
/// # Errors
///
/// Why there is none.
pub(super) fn choose_service(
    draft: &Draft<'_>,
    arguments: &AddTemporalClient,
) -> Result<(Service, bool), Problem> {
    let project = draft.project();
    let services = project.services();
    let asked = arguments.new_service.clone();
    let new = new_service(project, asked.unwrap_or_else(default_name));
    // In a project without services, the registered tool passes the default name.
    let default = ServiceChoice::Name(default_name());
    let may_be_new = arguments
        .service
        .as_ref()
        .is_none_or(|choice| *choice == default);
    // A service of this name elsewhere is meant, not one that a killed run has begun.
    let is_elsewhere = arguments.service.as_ref().is_some_and(|choice| {
        let mut found = services.iter().filter(|service| choice.is(service));
        found.any(|service| service.folder != new.folder)
    });
    let is_asked = arguments.new_service.is_some() || (may_be_new && !is_elsewhere);
    if is_asked && is_begun(draft, &new) {
        return Ok((new, true));
    }
    if let Some(name) = &arguments.new_service {
        let same = services.iter().find(|service| service.name == *name);
        if let Some(made) = same.filter(|same| same.folder == new.folder && is_in(project, same)) {
            return Ok((made.clone(), false));
        }
        if let Some(taken) = same {
            let message = format!("there is a service `{name}` already, in `{}`", taken.folder);
            return Err(Problem::new(ErrorCode::Conflict, message)
                .hint(format!("bluetext add-temporal-client --service {name}")));
        }
        return Ok((new, true));
    }
    match select(services, arguments.service.as_ref()) {
        Some(found) => {
            if let Some(fault) = &found.fault {
                return Err(Problem::new(ErrorCode::UnknownShape, fault.message.clone())
                    .in_file(fault.path.clone())
                    .at(fault.position));
            }
            // What was not asked for must be known as a whole.
            let source = found.source();
            let mut hidden = project.hidden();
            let hidden = hidden.find(|path| source.relative(path).is_some());
            if let Some(path) = hidden.filter(|_| arguments.service.is_none()) {
                return Err(hidden_problem(path));
            }
            let worker = arguments.worker.as_deref();
            // The client is beside the worker: of those in one folder, each is right.
            let workers = found.wiring.workers();
            let mut folders = workers.iter().map(Folder::of);
            let first = folders.next();
            let is_same = folders.all(|folder| first.as_ref() == Some(&folder));
            let any = workers.first().filter(|_| is_same).map(RelPath::as_str);
            let found = chosen_worker(project, found, worker.or(any))?;
            let found = match &arguments.app {
                Some(app) => with_app(project, &found, app)?,
                None => found,
            };
            Ok((found, false))
        }
        None if services.is_empty() && may_be_new && !project.has_python() => {
            if let Some(name) = project.unnamed().first() {
                let message = format!(
                    "the folder `{name}` may hold a service, and its name is not supported"
                );
                return Err(Problem::new(ErrorCode::UnknownService, message)
                    .hint("rename it, or make a new service with `--new-service NAME`"));
            }
            match project.hidden().next() {
                Some(folder) => Err(hidden_problem(folder)),
                None => Ok((new, true)),
            }
        }
        None => {
            let mut problem = no_service(project, arguments.service.as_ref());
            let new = "`--new-service NAME` makes a new one";
            let hint = problem.hint.take();
            let hint = hint.map_or_else(|| new.to_owned(), |hint| format!("{hint}; {new}"));
            Err(problem.hint(hint))
        }
    }
}

/// Whether a killed run has begun to make a service: its application is written last.
fn is_begun(draft: &Draft<'_>, service: &Service) -> bool {
    let services = draft.project().services();
    let has_application = services
        .iter()
        .any(|found| found.folder == service.folder && !found.applications.is_empty());
    !has_application && !draft.exists(&service.source().join("main.py")) && is_made(draft, service)
}

/// Whether this program made a service: its README is written first.
pub(super) fn is_made(draft: &Draft<'_>, service: &Service) -> bool {
    let begin = format!(
        "# {}\n\nA FastAPI service with a Temporal worker.\n",
        service.name
    );
    let path = service.folder.join("README.md");
    draft.exists(&path)
        && draft
            .readable(&path)
            .is_ok_and(|text| text.starts_with(&begin))
}

fn hidden_problem(path: &RelPath) -> Problem {
    Problem::new(
        ErrorCode::Unreadable,
        format!("`{path}` cannot be read: it may hold a service's code"),
    )
    .in_file(path.clone())
    .hint("make it readable, or choose the service with `--service`")
}

/// The service that was asked for, or the default.
pub(in crate::tool) fn select<'s>(
    services: &'s [Service],
    asked: Option<&ServiceChoice>,
) -> Option<&'s Service> {
    match (asked, services) {
        (Some(asked), _) => {
            let mut found = services.iter().filter(|service| asked.is(service));
            // Two services of one name are told apart by their folders.
            found.next().filter(|_| found.next().is_none())
        }
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// The chosen service.
///
/// # Errors
///
/// The refusal of a choice that selects none.
pub(in crate::tool) fn chosen<'s>(
    project: &'s Project,
    choice: &ServiceChoice,
) -> Result<&'s Service, Problem> {
    let found = select(project.services(), Some(choice));
    found.ok_or_else(|| no_service(project, Some(choice)))
}

/// The refusal of a choice that selects no service.
fn no_service(project: &Project, asked: Option<&ServiceChoice>) -> Problem {
    let services = project.services();
    let message = match asked {
        Some(name) if services.iter().any(|service| name.is(service)) => {
            format!("there are several services `{name}`")
        }
        Some(name) => format!("there is no Python service `{name}`"),
        None if services.is_empty() => {
            "there is Python code, but no service: no `polytope.yml` tool runs it, and there is \
             no web application"
                .to_owned()
        }
        None => "the project has several Python services".to_owned(),
    };
    let problem = Problem::new(ErrorCode::UnknownService, message);
    match known_services(services) {
        Some(known) => problem.hint(meant(services, asked) + &known),
        None => problem,
    }
}

/// What `--service` takes in a project; `None` if it has no service.
fn known_services(services: &[Service]) -> Option<String> {
    let known: Vec<String> = services
        .iter()
        .map(|service| format!("`{}` (`{}`)", service.name, service.folder))
        .collect();
    let known = known.join(", ");
    (!services.is_empty()).then(|| format!("`--service` takes a name or folder of {known}"))
}

/// Whether there is Python code, or something that cannot be read.
fn may_have_code(project: &Project) -> bool {
    project.has_python() || project.hidden().next().is_some() || !project.unnamed().is_empty()
}

/// The name of the service that a call without arguments uses.
pub(in crate::tool) fn default_service(project: &Project) -> Option<&str> {
    match project.services() {
        [] if !may_have_code(project) => Some(DEFAULT_SERVICE),
        [only] => Some(only.name.as_str()),
        _ => None,
    }
}

/// A hint with the service whose name is closest to a mistyped one.
fn meant(services: &[Service], asked: Option<&ServiceChoice>) -> String {
    const CLOSE: f64 = 0.7;
    let Some(asked) = asked.map(ToString::to_string) else {
        return String::new();
    };
    let closeness = |service: &Service| strsim::jaro(&asked, service.name.as_str());
    let closest = services
        .iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)))
        .filter(|service| closeness(service) > CLOSE && service.name.as_str() != asked);
    closest.map_or_else(String::new, |service| {
        format!("did you mean `{}`? ", service.name)
    })
}

fn default_name() -> ServiceName {
    match DEFAULT_SERVICE.parse() {
        Ok(name) => name,
        Err(error) => unreachable!("{error}"),
    }
}

/// A new service in the layout that matches the project's generation.
fn new_service(project: &Project, name: ServiceName) -> Service {
    let services = RelPath::literal("services");
    let is_flat = project.below(&services).next().is_some();
    let folder: Folder = if is_flat {
        services.join(name.as_str()).into()
    } else {
        RelPath::literal("modules").join(name.as_str()).into()
    };
    Service {
        root: folder.join("src").into(),
        folder,
        package: if is_flat { "" } else { "backend" }.to_owned(),
        is_relative: !is_flat,
        workflows: "workflows",
        wiring: Wiring::Hooks,
        applications: Vec::new(),
        workers: Vec::new(),
        tool: None,
        fault: None,
        name,
    }
}
