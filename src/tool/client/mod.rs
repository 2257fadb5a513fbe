//! `add-temporal-client`: library, configuration, start-up calls and a worker in a Python service.

mod choose;
mod choose_module;
mod conflicts;
mod container;
mod dependencies;
mod files;
mod install;
mod interpreter;
mod library;
mod names;
mod packaging;
mod polytope;
mod registry;
mod reload;
mod requirements;
mod versions;
mod wiring;
mod worker_tool;

use clap::{Args, FromArgMatches};

use crate::edit::python::Module;
use crate::name::{Folder, RelPath, ServiceName, shell_word};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Project, Service, Wiring};
use crate::record;
use crate::template::template;

use super::polytope::{add_base_tool, modules_folder};
use super::register::register;
use super::values::{Values, combination};
use super::{Draft, Registered, Request, ToolInfo, example, temporal};
pub use choose::ServiceChoice;
pub(super) use choose::chosen;
use choose::{choose_service, default_service};
pub(super) use choose_module::chosen_worker;
pub(super) use dependencies::has_dependencies;
pub(super) use files::start_module;
pub use install::Install;
pub(super) use install::worker_module;
pub(super) use library::{check_library, library};
pub(super) use names::test_file;
pub(super) use packaging::packaging_name;
pub(super) use registry::{
    Registry, is_in, registries, registry_import_prefix, registry_of, task_queue,
};
pub(super) use reload::worker_tools;
pub(super) use requirements::warn_of_http_client;

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "add-temporal-client",
    about: "the client library, configuration, start-up calls and a worker in a service",
    example: "bluetext add-temporal-client",
    title: "Add the Temporal client to a service",
    note: "",
    call: r#"{"service": "api"}"#,
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
        // Default to the service found, so that a call needs no argument.
        kinds: &[("service", |project| match default_service(project) {
            Some(name) => format!("[default, str, {name}]"),
            None => "str".to_owned(),
        })],
    }),
    undoes: None,
};

#[derive(Debug, Args)]
struct Arguments {
    /// The service to add the client to, by name or folder [default: the only one]
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,

    /// Make a new service of this name [default without Python code: `api`]
    #[arg(long, value_name = "NAME")]
    new_service: Option<String>,

    /// The web application to start Temporal with, if there are several: its module's path, and
    /// its variable after a colon
    #[arg(long, value_name = "MODULE[:NAME]")]
    app: Option<String>,

    /// The module that makes the Temporal worker, if several do
    #[arg(long, value_name = "MODULE")]
    worker: Option<String>,
}

impl Arguments {
    fn request(self, values: &mut Values) -> Option<Request> {
        let service = values.optional(self.service.as_deref());
        let new_service = values.optional(self.new_service.as_deref());
        let (service, new_service) = (service?, new_service?);
        if service.is_some() && new_service.is_some() {
            values.problems.push(combination(
                "`--service` names a service that exists, and `--new-service` makes one".to_owned(),
                "use one of them".to_owned(),
            ));
        }
        Some(Request::AddTemporalClient(AddTemporalClient {
            service,
            new_service,
            app: self.app.filter(|app| !app.trim().is_empty()),
            worker: self.worker.filter(|worker| !worker.trim().is_empty()),
        }))
    }
}

/// The name of a new service in a project without Python code.
const DEFAULT_SERVICE: &str = "api";

/// What the step adds, for the first line of a report.
pub(super) const SUBJECT: &str = "the Temporal client";

/// The arguments of `add-temporal-client`.
#[derive(Debug, Clone)]
pub struct AddTemporalClient {
    /// The target service; optional if there is only one.
    pub service: Option<ServiceChoice>,
    /// The name of a new service.
    pub new_service: Option<ServiceName>,
    /// The application to start Temporal with: `MODULE` or `MODULE:NAME`.
    pub app: Option<String>,
    /// The module that makes the worker which runs the workflows, if several do.
    pub worker: Option<String>,
}

/// The client library of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// It is missing.
    Absent,
    /// It matches this version.
    Current,
    /// It is that of an earlier version, and nobody has changed it.
    Outdated,
    /// Somebody has changed it, or it is not on record.
    Differs,
}

/// The top-level names of a service's own modules, which absolute imports begin with.
pub(super) fn local_modules(project: &Project, service: &Service) -> Vec<String> {
    if !service.is_flat() {
        let parts = service.package.split('.').map(str::to_owned);
        return parts.take(1).collect();
    }
    let source = service.source();
    let mut names: Vec<String> = project
        .inside(&source)
        .filter_map(|path| {
            let name = source.relative(path)?.split('/').next()?;
            Some(name.strip_suffix(".py").unwrap_or(name).to_owned())
        })
        .collect();
    names.extend(["conf", "init", "temporal", "temporal_client", "workflows"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Plan the client of a service.
///
/// # Errors
///
/// Why nothing can be planned.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalClient) -> Result<(), Problem> {
    let project = draft.project();
    let (service, is_new) = choose_service(draft, arguments)?;
    if is_new {
        draft.act_for(record::of_service(&service.folder));
        files::start_service(draft, &service);
    }
    draft.act_for(record::of_client(&service.folder));
    draft.say(draft.deed(), SUBJECT, Some(service.label()));
    let names = names::Names::of(project, &service);
    wiring::check_packages(draft, &service);
    if let Wiring::Existing { module, .. } = &service.wiring {
        return plan_beside(draft, &service, &names, module);
    }
    library::add_library(draft, &service);
    let registry = registry_of(project, &service);
    if let Some(registry) = &registry
        && let Some(Ok(module)) = project.module(&registry.path).as_deref()
        && let Some(list) = registry
            .lists
            .iter()
            .find(|list| module.items(list).is_none())
    {
        return Err(Problem::new(
            ErrorCode::Conflict,
            format!("`{}` has no list `{list}`", registry.path),
        )
        .in_file(registry.path.clone())
        .hint(
            "the worker runs the lists of this module: add\nWORKFLOWS: list[type] = []\n\
             ACTIVITIES: list = []",
        ));
    }
    let registry_module = match &registry {
        Some(registry) => registry.module.clone(),
        None => format!("{}.registry", service.workflows),
    };
    if registry_module == service.workflows {
        draft.warn(
            WarningCode::RegistryInPackage,
            "the registry is in `workflows/__init__.py`: the SDK then loads every workflow \
             again for every execution, which is slow once there are many; \
             `workflows/registry.py` is not loaded that way"
                .to_owned(),
            registry.as_ref().map(|registry| registry.path.clone()),
        );
    }
    files::add_modules(
        draft,
        &service,
        &names,
        &registry_module,
        registry.is_none(),
    );
    let packaging = requirements::add_requirements(draft, &service);
    let uv_runner = packaging.and_then(|packaging| packaging.uv_runner(&service));
    polytope::add_to_polytope(draft, &service, &names, uv_runner.as_deref());
    wiring::wire(draft, &service, &names);
    draft.act_for(record::of_service(&service.folder));
    let is_included =
        (is_new || choose::is_made(draft, &service)) && polytope::include_service(draft, &service);
    register_next(draft, &service);
    let tool = service.tool.as_ref().map(|(_, tool)| tool.as_str());
    if let Some(tool) = tool.or(is_included.then_some(service.name.as_str())) {
        let why = if is_included || !draft.changes_anything() {
            "starts the service"
        } else {
            "starts the service again, for its new requirements and variables"
        };
        draft.recommend(format!("pt run {}", shell_word(tool)), why);
    }
    if service.wiring == Wiring::Worker {
        let command = in_folder(&service.folder, &names.worker_command(&service));
        let why = "runs the worker: no web application was found that could start it";
        draft.recommend(command, why);
    }
    requirements::warn_of_locks(draft, &service);
    Ok(())
}

/// A command that is run in a folder of the project.
fn in_folder(folder: &Folder, command: &str) -> String {
    match folder.path() {
        Some(folder) => format!("cd {} && {command}", shell_word(folder.as_str())),
        None => command.to_owned(),
    }
}

/// Register the next step.
fn register_next(draft: &mut Draft<'_>, service: &Service) {
    let project = draft.project();
    draft.act_for(record::of_step(TOOL.name));
    add_base_tool(draft, &modules_folder(project, None));
    if let Some(following) = TOOL.following() {
        register(draft, following);
        let mut next = following.next();
        example::other_workflow(project, &mut next);
        if project.services().len() > 1 {
            next.command = format!("{} --service {}", next.command, service.name);
        }
        if let ([_, _, ..], [worker]) = (service.workers.as_slice(), service.wiring.workers()) {
            next.command = format!("{} --worker {}", next.command, shell_word(worker.as_str()));
        }
        draft.notes.next.push(next);
    }
}

/// Plan the client of a service that runs Temporal already: only what workflows and their tests
/// need.
fn plan_beside(
    draft: &mut Draft<'_>,
    service: &Service,
    names: &names::Names,
    module: &RelPath,
) -> Result<(), Problem> {
    let project = draft.project();
    let other = project.entry(&names::library_folder(service).join("__init__.py"));
    if service.is_flat() && other.is_none() && imports_other_client(project, module) {
        return Err(Problem::new(
            ErrorCode::Conflict,
            format!(
                "`{module}` imports another package `temporal_client`, which the generated \
                 one beside it would hide"
            ),
        )
        .in_file(module.clone())
        .hint(
            "put the service's modules in a package, or add a workflow with that library \
             by hand",
        ));
    }
    library::add_library(draft, service);
    files::add_packages(draft, service, names);
    requirements::add_requirements(draft, service);
    let library = Folder::from(names::library_folder(service));
    let mut own = project
        .inside(&service.folder)
        .filter(|path| library.relative(path).is_none());
    let uses_pydantic = own.any(|path| {
        let text = project.text(path);
        text.is_some_and(|text| text.contains("pydantic_data_converter"))
    });
    if !uses_pydantic {
        draft.warn(
            WarningCode::DataConverter,
            "generated workflows have Pydantic models: connect the worker's client with the \
             data converter for them:\n\
             from temporalio.contrib.pydantic import pydantic_data_converter\n\n\
             client = await Client.connect(..., data_converter=pydantic_data_converter)"
                .to_owned(),
            Some(module.clone()),
        );
    }
    register_next(draft, service);
    requirements::warn_of_locks(draft, service);
    Ok(())
}

fn imports_other_client(project: &Project, module: &RelPath) -> bool {
    let imported = project.of_module(module, Module::imported);
    imported
        .unwrap_or_default()
        .iter()
        .any(|name| name.starts_with("temporal_client"))
}
