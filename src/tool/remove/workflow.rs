//! `remove-temporal-workflow`: a workflow's package, its tests and its registration.

use clap::{Args, FromArgMatches};

use super::limits;
use super::references::check_imports;
use super::undo::undo;
use super::{not_on_record, only, recorded_clients, refuse_hidden};
use crate::change::Rank;
use crate::edit::Edited;
use crate::edit::python::Module;
use crate::edit::undo::{Insertion, Language, insertions, take_out};
use crate::name::{Folder, RelPath, shell_word};
use crate::plan::{Deed, Reload};
use crate::problem::Problem;
use crate::project::{Project, Service};
use crate::python::{Style, WorkflowName};
use crate::record::{self, Record};
use crate::tool::client::{self, Registry, ServiceChoice};
use crate::tool::values::Values;
use crate::tool::workflow::{self, Entries, registration};
use crate::tool::{Draft, Request, ToolInfo};

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "remove-temporal-workflow",
    about: "a workflow, its tests and its registration",
    example: "bluetext remove-temporal-workflow greeting",
    title: "Remove a workflow",
    note: "",
    call: r#"{"name": "order"}"#,
    help: "Remove a workflow that add-temporal-workflow has added",
    after_help: "Examples:
  bluetext remove-temporal-workflow greeting --dry-run --diff
  bluetext remove-temporal-workflow greeting --service api",
    starts: false,
    define: Arguments::augment_args,
    ranges: &[],
    request: |matches, values| Arguments::from_arg_matches(matches).ok()?.request(values),
    allowed: |_| true,
    registered: None,
    undoes: Some(&workflow::TOOL),
};

#[derive(Debug, Args)]
struct Arguments {
    /// The workflow's name, as it was added
    #[arg(required = true, value_name = "NAME")]
    name: String,

    /// The service to remove it from, by name or folder [default: the only one that has it]
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

impl Arguments {
    fn request(self, values: &mut Values) -> Option<Request> {
        let name = values.one::<WorkflowName>(&self.name);
        let service = values.optional(self.service.as_deref());
        Some(Request::RemoveTemporalWorkflow(RemoveTemporalWorkflow {
            name: name?,
            service: service?,
        }))
    }
}

/// The arguments of `remove-temporal-workflow`.
#[derive(Debug, Clone)]
pub struct RemoveTemporalWorkflow {
    /// The workflow.
    pub name: WorkflowName,
    /// Its service; optional if only one has a workflow of this name.
    pub service: Option<ServiceChoice>,
}

/// Plan the removal of a workflow.
pub(in crate::tool) fn plan(
    draft: &mut Draft<'_>,
    arguments: &RemoveTemporalWorkflow,
) -> Result<(), Problem> {
    let project = draft.project();
    let name = &arguments.name;
    let folder = choose(project, arguments)?;
    if refuse_hidden(draft, std::slice::from_ref(&folder)) {
        return Ok(());
    }
    let path = record::of_workflow(&folder, name.snake());
    let Some(mut found) = draft.recorded(&path) else {
        return Ok(());
    };
    let is_own = |file: &RelPath| limits::is_of_workflow(&folder, name.snake(), file);
    if !limits::check(draft, &path, &found, Some(&folder), &is_own) {
        return Ok(());
    }
    let mut services = project.services().iter();
    let service = services.find(|service| service.folder == folder);
    if let Some(service) = service.filter(|_| found.workflow.is_some()) {
        take_out_of_registry(draft, service, name, &mut found);
    }
    undo(draft, &path, found, Rank::Record);
    let place = service.map_or_else(|| folder.to_string(), Service::label);
    let subject = workflow::subject(std::slice::from_ref(name));
    draft.say(Deed::Remove, subject, Some(place));
    if let Some(service) = service {
        check_imports(draft, service);
        let workers = client::worker_tools(project, service).into_iter();
        let restarts = workers.filter(|worker| !matches!(worker.reload, Reload::Yes(_)));
        for worker in restarts {
            let command = format!("pt run {}", shell_word(&worker.tool));
            draft.recommend(command, "restarts a worker that may still run it");
        }
    }
    let class = format!("{}Workflow", name.class());
    let command = format!(
        "temporal workflow list --query \"WorkflowType = '{class}' AND ExecutionStatus = \
         'Running'\""
    );
    let why = "lists executions of it that still run: no worker continues them";
    draft.recommend(command, why);
    Ok(())
}

/// Remove the entries of a workflow from the lists that workers run, and their imports.
fn take_out_of_registry(
    draft: &mut Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    found: &mut Record,
) {
    let project = draft.project();
    let style = project.python_style(service);
    for registry in client::registries(project, service) {
        let edits = found.edited.remove(registry.path.as_str());
        let entries = registration(service, &registry, name, found, &style);
        if let (Some(edits), Some(text)) = (edits, draft.text(&registry.path)) {
            let moved = entries.as_ref().and_then(|entries| {
                let others = others(draft, service, name, &registry, &style);
                move_edits(text, &registry, entries, &edits, others)
            });
            if let Some((path, record)) = moved {
                draft.replace(path, record.to_string(), Rank::MovedEdits);
            } else {
                let taken = take_out(Language::Python, text, &edits);
                // Otherwise, the entries are removed wherever they are by now.
                if taken.left.is_empty() {
                    draft.replace(registry.path.clone(), taken.text, Rank::Registry);
                }
            }
        }
        let (Some(entries), Some(module)) = (entries, draft.module(&registry.path)) else {
            continue;
        };
        let edited = match module.as_ref() {
            Ok(module) => entries.remove_from(module, &registry),
            Err(error) => Err(error.clone()),
        };
        match edited {
            Ok(Edited::Unchanged) => {}
            Ok(Edited::Changed(text)) => {
                draft.replace(registry.path.clone(), text, Rank::Registry);
            }
            Err(error) => {
                let mut problem = Problem::of_edit(error, Some(registry.path.clone()));
                let hint = problem.hint.take();
                problem.hint = hint.map(|hint| hint.replacen("add this", "remove this", 1));
                draft.problem(problem);
            }
        }
    }
}

/// A workflow of the service, with the path of its record.
struct Other {
    path: RelPath,
    record: Record,
    entries: Entries,
}

/// The other workflows of a service that are on record.
fn others(
    draft: &Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    registry: &Registry,
    style: &Style,
) -> Vec<Other> {
    let modules = recorded_workflows(draft.project(), &service.folder).into_iter();
    let others = modules.filter(|module| module != name.snake());
    let others = others.filter_map(|module| {
        let path = record::of_workflow(&service.folder, &module);
        // The edits of another registry may have been moved to it.
        let record = Record::parse(draft.text(&path)?).ok()?;
        let name: WorkflowName = record.workflow.as_ref()?.parse().ok()?;
        let entries = registration(service, registry, &name, &record, style)?;
        Some(Other {
            path,
            record,
            entries,
        })
    });
    others.collect()
}

/// Move the edits that restore a registry from the record of a workflow that is removed to that of
/// one that stays. They are on the record of the first workflow, and the last removal needs them.
///
/// Returns that record, and its path.
fn move_edits(
    text: &str,
    registry: &Registry,
    entries: &Entries,
    edits: &[Insertion],
    others: Vec<Other>,
) -> Option<(RelPath, Record)> {
    // `None` in the result if it has none of the entries.
    let removed = |text: &str, entries: &Entries| {
        let module = Module::parse(text).ok()?;
        match entries.remove_from(&module, registry).ok()? {
            Edited::Changed(text) => Some(Some(text)),
            Edited::Unchanged => Some(None),
        }
    };
    let without = |entries: &Entries| removed(text, entries)?;
    let mut others = others.into_iter();
    let mut next = others.find(|other| without(&other.entries).is_some())?;
    let mut rest = Entries::default();
    others.for_each(|other| rest.extend(&other.entries));
    let [mut all_others, mut all_but_next] = [Entries::default(), Entries::default()];
    all_others.extend(&next.entries);
    all_others.extend(&rest);
    all_but_next.extend(entries);
    all_but_next.extend(&rest);
    let original = take_out(Language::Python, &without(&all_others)?, edits);
    if !original.left.is_empty() {
        return None;
    }
    // Not all of its entries are on record.
    let original = removed(&original.text, entries)?.unwrap_or(original.text);
    let after = without(&all_but_next)?;
    let moved = insertions(Language::Python, &original, &after);
    let restores = take_out(Language::Python, &after, &moved).text == original;
    let only_inserts = |edit: &Insertion| edit.only_inserts(Language::Python);
    if !restores || !moved.iter().all(only_inserts) {
        return None;
    }
    next.record.edited.insert(registry.path.to_string(), moved);
    Some((next.path, next.record))
}

/// The folder of the service with the workflow on record.
fn choose(project: &Project, arguments: &RemoveTemporalWorkflow) -> Result<Folder, Problem> {
    let name = &arguments.name;
    let has = |folder: &Folder| {
        let path = record::of_workflow(folder, name.snake());
        project.entry(&path).is_some()
    };
    let services = project.services();
    if let Some(asked) = &arguments.service {
        let service = client::chosen(project, asked)?;
        if has(&service.folder) {
            return Ok(service.folder.clone());
        }
        return Err(unknown(project, name, Some(service)));
    }
    let folders = services.iter().map(|service| service.folder.clone());
    let mut found: Vec<Folder> = folders
        .chain(recorded_clients(project))
        .filter(has)
        .collect();
    found.sort();
    found.dedup();
    let several = format!("several services have a workflow `{name}`");
    only(&found, &format!("{} {name}", TOOL.name), several, || {
        unknown(project, name, None)
    })
}

fn unknown(project: &Project, name: &WorkflowName, service: Option<&Service>) -> Problem {
    let mut known: Vec<String> = Vec::new();
    let services = project.services().iter();
    for service in services.filter(|known| service.is_none_or(|asked| asked.name == known.name)) {
        known.extend(
            recorded_workflows(project, &service.folder)
                .into_iter()
                .map(|name| format!("`{name}`")),
        );
    }
    let problem = not_on_record(&format!("a workflow `{name}`"));
    if known.is_empty() {
        problem.hint(
            "no workflow is on record: remove its package, its tests and its entries in the \
             registry by hand",
        )
    } else {
        problem.hint(format!("on record are {}", known.join(", ")))
    }
}

/// The workflows of a service that are on record, by their names as Python modules.
pub(super) fn recorded_workflows(project: &Project, service: &Folder) -> Vec<String> {
    let records = RelPath::literal(record::RECORDS);
    project
        .below(&records)
        .filter_map(|path| record::workflow_of(service, path))
        .map(str::to_owned)
        .collect()
}
