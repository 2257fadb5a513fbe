//! `add-temporal-client`: library, configuration, hooks and a worker in a Python service.

mod choose;
mod container;
mod files;
mod packaging;
mod polytope;
mod wiring;

use clap::{Args, FromArgMatches};

use crate::name::{RelPath, ServiceName};
use crate::plan::Next;
use crate::problem::WarningCode;
use crate::project::{Layout, POLYTOPE_FILE, Project, Service};
use crate::template::template;

use super::polytope::{add_base_tool, modules_folder};
use super::register::register;
use super::values::Values;
use super::{Draft, Registered, Request, ToolInfo, temporal};
use choose::choose_service;
pub(super) use choose::{default_service, meant};
pub(super) use container::worker_tools;
pub(super) use files::library;

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "add-temporal-client",
    about: "the client library, configuration, hooks and a worker in a service",
    example: "bluetext add-temporal-client",
    help: "Add the Temporal client to a Python service",
    after_help: "Examples:
  bluetext add-temporal-client
  bluetext add-temporal-client --service api --check --format json",
    starts: false,
    define: Arguments::augment_args,
    ranges: &[],
    request: |matches, values| Arguments::from_arg_matches(matches).ok()?.request(values),
    allowed: |project| project.has_tool("temporal") || temporal::has_server_of_its_own(project),
    registered: Some(Registered {
        template: template!("add-temporal/registered/add-temporal-client.yml"),
        kinds: |project| {
            // Default to the service found, so that a call needs no argument.
            let kind = match default_service(project.services()) {
                Some(name) => format!("[default, str, {name}]"),
                None => "str".to_owned(),
            };
            vec![("service", kind)]
        },
    }),
};

#[derive(Debug, Args)]
struct Arguments {
    /// The service to add the client to [default: `api`, or the only one]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

impl Arguments {
    fn request(self, values: &mut Values) -> Option<Request> {
        let service = values.optional(self.service.as_deref())?;
        Some(Request::AddTemporalClient(AddTemporalClient { service }))
    }
}

/// The default service if there are several.
pub(super) const DEFAULT_SERVICE: &str = "api";

/// The arguments of `add-temporal-client`.
#[derive(Debug, Clone)]
pub struct AddTemporalClient {
    /// The target service; optional if there is only one.
    pub service: Option<ServiceName>,
}

/// The client library of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// It is missing.
    Absent,
    /// It matches this version.
    Current,
    /// It exists and differs from this version.
    Differs,
}

/// Where a service lists what its workers run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry {
    /// The module that holds `WORKFLOWS` and `ACTIVITIES`.
    pub path: RelPath,
    /// The name of that module, relative to the source folder.
    module: &'static str,
    /// The workflows that it lists, as they are written there.
    pub workflows: Vec<String>,
}

/// The prefix of imports of a workflow's package in a service's registry.
pub(super) fn registry_import_prefix(service: &Service) -> &'static str {
    match service.layout {
        Layout::Package(_) => ".",
        Layout::Flat => "workflows.",
    }
}

/// Whether a service has the client: its library and a registry.
pub(super) fn is_in(project: &Project, service: &Service) -> bool {
    let library = files::library_folder(service).join("__init__.py");
    project.entry(&library).is_some() && registry_of(project, service).is_some()
}

/// The registry of a service: `workflows/registry.py`, or `workflows/__init__.py` in projects
/// scaffolded by an older tool.
pub(super) fn registry_of(project: &Project, service: &Service) -> Option<Registry> {
    let workflows = service.source().join("workflows");
    let modules = [
        ("registry.py", "workflows.registry"),
        ("__init__.py", "workflows"),
    ];
    modules.into_iter().find_map(|(file, module)| {
        let path = workflows.join(file);
        let parsed = project.module(&path)?;
        // A syntax error is reported when the file is edited.
        let listed = parsed.as_ref().as_ref().ok().map(|m| m.items("WORKFLOWS"));
        let is_registry = file == "registry.py" || listed != Some(None);
        is_registry.then(|| Registry {
            path: path.clone(),
            module,
            workflows: listed.flatten().unwrap_or_default(),
        })
    })
}

/// The top-level modules of a service in the flat layout, which absolute imports begin
/// with.
pub(super) fn local_modules(project: &Project, service: &Service) -> Vec<String> {
    if service.layout != Layout::Flat {
        return Vec::new();
    }
    let source = service.source();
    let mut names: Vec<String> = project
        .below(&source)
        .filter_map(|path| {
            let rest = path
                .as_str()
                .strip_prefix(source.as_str())?
                .trim_start_matches('/');
            let name = rest.split('/').next()?;
            Some(name.strip_suffix(".py").unwrap_or(name).to_owned())
        })
        .collect();
    names.extend(["conf", "init", "workflows"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Plan the client of a service.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalClient) {
    let project = draft.project();
    let Some((service, is_new)) = choose_service(draft, arguments.service.as_ref()) else {
        return;
    };
    if is_new {
        files::start_service(draft, &service);
    }
    if wiring::name_is_shadowed(draft, &service) {
        return;
    }
    files::add_library(draft, &service);
    let registry = registry_of(project, &service);
    let registry_module = registry.as_ref().map_or("workflows.registry", |r| r.module);
    if registry_module == "workflows" {
        draft.warn(
            WarningCode::RegistryInPackage,
            "the registry is in `workflows/__init__.py`: the SDK then loads every workflow \
             again for every execution, which is slow once there are many; \
             `workflows/registry.py` is not loaded that way"
                .to_owned(),
            registry.as_ref().map(|registry| registry.path.clone()),
        );
    }
    files::add_modules(draft, &service, registry_module, registry.is_none());
    packaging::add_dependencies(draft, &service);
    polytope::add_to_polytope(draft, &service);
    wiring::add_hooks(draft, &service);
    polytope::include_service(draft, &service);
    add_base_tool(draft, &modules_folder(project, None));
    if let Some(following) = TOOL.following() {
        register(draft, following);
        let mut next = following.next();
        if project.services().len() > 1 {
            next.command = format!("{} --service {}", next.command, service.name);
        }
        draft.notes.next.push(next);
    }
    let own = service.folder.join(POLYTOPE_FILE);
    if draft.text(&own).is_some() {
        draft.notes.next.push(Next {
            tool: None,
            command: format!("pt run {}", service.name),
            why: if is_new {
                "starts the service".to_owned()
            } else {
                "starts the service again, for its new requirements and variables".to_owned()
            },
        });
    }
    packaging::warn_of_locks(draft, &service);
}
