//! `add-temporal-workflow`: typed workflows with models, an activity and tests.

mod code;
mod models;

use crate::edit::python::{self, Import};
use crate::name::{Field, FieldType, RelPath, ServiceName, WorkflowName};
use crate::plan::{Next, Problem, Rank};
use crate::project::{Content, Project, Service};
use crate::template::{Template, render, template};

use super::client::{self, Registry};
use super::{Draft, TOOLS, temporal};
use code::Code;

const PACKAGE: Template = template!("add-temporal-workflow/src/workflows/workflow/__init__.py");

/// What `add-temporal-workflow` is asked for.
#[derive(Debug, Clone)]
pub struct AddTemporalWorkflow {
    /// The workflows to add; at least one, no two with the same Python name.
    pub names: Vec<WorkflowName>,
    /// The service that gets them; may be left out where only one has the client.
    pub service: Option<ServiceName>,
    /// The fields of each workflow's input; at least one.
    pub input: Vec<Field>,
    /// The fields of each workflow's result; at least one.
    pub output: Vec<Field>,
}

/// The function in `activities.py` that a scaffolded workflow calls.
const ACTIVITY: &str = "process";

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
    for name in &arguments.names {
        // Models that are kept may have other fields than were asked for.
        let folder = service.source().join("workflows").join(name.snake());
        if !draft.is_kept(&folder.join("models.py")) {
            draft.next(execute(name, &arguments.input));
        }
    }
}

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
            format!("`--service` takes one of {known}"),
        ),
        None => (
            "several services have the Temporal client".to_owned(),
            format!("say which with `--service`: {known}"),
        ),
    };
    draft.problem(Problem {
        code: "unknown-service",
        message,
        path: None,
        position: None,
        hint: Some(hint),
    });
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
    let code = Code::new(service, name, arguments);
    let activities = folder.join("activities.py");
    let workflow = folder.join("workflow.py");
    draft.generate(folder.join("__init__.py"), render(PACKAGE, &()), Rank::New);
    draft.generate(folder.join("models.py"), code.models(), Rank::New);
    draft.generate(activities.clone(), code.activities(), Rank::New);
    draft.generate(workflow.clone(), code.workflow(), Rank::New);
    let tests = service.folder.join("tests/workflows");
    let test = tests.join(&format!("test_{}.py", name.snake()));
    draft.generate(test, code.test(), Rank::New);

    // What a person has taken out of a file that is kept cannot be registered.
    let defines = |draft: &Draft<'_>, path: &RelPath, what: &str| {
        let module = draft.text(path).unwrap_or("");
        python::definitions(module).is_ok_and(|names| names.iter().any(|n| n == what))
    };
    let class = code.workflow_class();
    let mut imports = Vec::new();
    let mut activity_items = Vec::new();
    let mut workflow_items = Vec::new();
    let prefix = client::registry_import_prefix(service);
    let alias = format!("{}_activities", name.snake());
    if defines(draft, &activities, ACTIVITY) {
        let from = format!("{prefix}{}", name.snake());
        imports.push(Import::new(&from, &[("activities", Some(&alias))]));
        activity_items.push(format!("{alias}.{ACTIVITY}"));
    }
    if defines(draft, &workflow, &class) {
        let from = format!("{prefix}{}.workflow", name.snake());
        imports.push(Import::new(&from, &[(&class, None)]));
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
        python::add_items(text, &imports, &local, &items)
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
        return Some(Problem {
            code: "conflict",
            message: format!("the module `{module}` has the name that the workflow would have"),
            path: Some(module),
            position: None,
            hint: Some(format!("choose another name, e.g. `{name}-two`")),
        });
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
    (is_registered && !is_there).then(|| Problem {
        code: "conflict",
        message: format!("a workflow `{class}` is registered already, from another module"),
        path: Some(registry.path.clone()),
        position: None,
        hint: Some(format!("choose another name, e.g. `{name}-two`")),
    })
}

/// The command that runs a workflow on the real server.
fn execute(name: &WorkflowName, input: &[Field]) -> Next {
    let values: Vec<String> = input
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
    Next {
        tool: None,
        command: format!(
            "temporal workflow execute --task-queue main-task-queue --type {}Workflow \
             --input '{{{}}}'",
            name.class(),
            values.join(", ")
        ),
        why: "runs the workflow, once a worker runs".to_owned(),
    }
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
