//! `remove-temporal-client`: the library, its connections and its requirements.

use clap::{Args, FromArgMatches};

use super::limits;
use super::references::{check_calls, check_imports};
use super::undo::{is_unchanged, undo};
use super::workflow::recorded_workflows;
use super::{
    WORKFLOW, later_step, not_on_record, only, recorded_clients, refuse_hidden, service_flag,
};
use crate::change::Rank;
use crate::name::{Folder, RelPath};
use crate::plan::Deed;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Content, Project, Service};
use crate::record;
use crate::tool::client::{self, ServiceChoice};
use crate::tool::values::Values;
use crate::tool::{Draft, Request, ToolInfo};

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "remove-temporal-client",
    about: "the client library, its connections and its requirements from a service",
    example: "bluetext remove-temporal-client",
    title: "Remove the Temporal client",
    note: "",
    call: r#"{"service": "api"}"#,
    help: "Remove the Temporal client from a service",
    after_help: "Examples:
  bluetext remove-temporal-client --service api --dry-run
  bluetext remove-temporal-client",
    starts: false,
    define: Arguments::augment_args,
    ranges: &[],
    request: |matches, values| Arguments::from_arg_matches(matches).ok()?.request(values),
    allowed: |_| true,
    registered: None,
    undoes: Some(&client::TOOL),
};

#[derive(Debug, Args)]
struct Arguments {
    /// The service, by name or folder [default: the only one with the client]
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

impl Arguments {
    fn request(self, values: &mut Values) -> Option<Request> {
        let service = values.optional(self.service.as_deref())?;
        Some(Request::RemoveTemporalClient(RemoveTemporalClient {
            service,
        }))
    }
}

/// The arguments of `remove-temporal-client`.
#[derive(Debug, Clone)]
pub struct RemoveTemporalClient {
    /// The service; optional if only one has the client.
    pub service: Option<ServiceChoice>,
}

/// Plan the removal of the client of a service.
pub(in crate::tool) fn plan(
    draft: &mut Draft<'_>,
    arguments: &RemoveTemporalClient,
) -> Result<(), Problem> {
    let project = draft.project();
    let folder = choose(project, arguments)?;
    // A killed run may have left nothing of the service but its record.
    let service = project
        .services()
        .iter()
        .find(|service| service.folder == folder);
    if refuse_hidden(draft, std::slice::from_ref(&folder)) {
        return Ok(());
    }
    if refuse_workflows(draft, &folder, service) {
        return Ok(());
    }
    let path = record::of_client(&folder);
    let Some(found) = draft.recorded(&path) else {
        return Ok(());
    };
    let is_own = |file: &RelPath| limits::is_of_service(&folder, file);
    let mut is_right = limits::check(draft, &path, &found, Some(&folder), &is_own);
    for (path, is_own) in [
        (
            record::of_step(client::TOOL.name),
            &limits::is_of_step as &dyn Fn(&RelPath) -> bool,
        ),
        (record::of_service(&folder), &is_own),
    ] {
        if let Some(found) = draft.recorded(&path) {
            is_right &= limits::check(draft, &path, &found, Some(&folder), is_own);
        }
    }
    if !is_right {
        return Ok(());
    }
    let others = recorded_clients(project);
    if others.iter().all(|other| *other == folder) {
        let step = record::of_step(client::TOOL.name);
        if let Some(record) = draft.recorded(&step) {
            undo(draft, &step, record, Rank::New);
        }
    }
    undo(draft, &path, found, Rank::Record);
    remove_service(draft, &folder);
    let place = service.map_or_else(|| folder.to_string(), Service::label);
    draft.say(Deed::Remove, client::SUBJECT, Some(place));
    if let Some(service) = service {
        check_imports(draft, service);
    }
    check_calls(draft);
    Ok(())
}

/// Remove a service that bluetext made, unless it has anything else by now.
fn remove_service(draft: &mut Draft<'_>, folder: &Folder) {
    let path = record::of_service(folder);
    let Some(found) = draft.recorded(&path) else {
        return;
    };
    let own = record::paths(&found.created)
        .filter(|(file, _)| folder.relative(file).is_some())
        .all(|(file, hash)| is_unchanged(draft, &file, hash) != Some(false));
    let removed: Vec<RelPath> = draft.removed().cloned().collect();
    let project = draft.project();
    let has_more = project.inside(folder).any(|file| {
        let is_file = !matches!(project.entry(file), Some(Content::Folder));
        is_file && !removed.contains(file) && !found.created.contains_key(file.as_str())
    });
    if own && !has_more {
        undo(draft, &path, found, Rank::New);
    }
}

/// Refuse while the service has workflows. Returns whether it has.
fn refuse_workflows(draft: &mut Draft<'_>, folder: &Folder, service: Option<&Service>) -> bool {
    let project = draft.project();
    let recorded = recorded_workflows(project, folder);
    let flag = if project.services().len() > 1 {
        service_flag(folder)
    } else {
        String::new()
    };
    for name in &recorded {
        let asked = name.replace('_', "-");
        draft.problem(later_step(
            project,
            &record::of_workflow(folder, name),
            format!("the service in `{folder}` has the workflow `{asked}`"),
            format!("bluetext {} {asked}{flag}", WORKFLOW.name),
        ));
    }
    if !recorded.is_empty() {
        return true;
    }
    // A worker made by hand stays, with what it runs.
    let Some(service) = service.filter(|service| service.wiring.workers().is_empty()) else {
        return false;
    };
    let Some(registry) = client::registry_of(project, service) else {
        return false;
    };
    for workflow in &registry.workflows {
        draft.problem(
            Problem::new(
                ErrorCode::LaterStep,
                format!(
                    "the worker of `{}` runs `{workflow}`, which is not on record",
                    service.name
                ),
            )
            .in_file(registry.path.clone())
            .hint(format!(
                "take `{workflow}` out of `{}`, and call this again",
                registry.path
            )),
        );
    }
    !registry.workflows.is_empty()
}

/// The folder of the service with the client on record.
fn choose(project: &Project, arguments: &RemoveTemporalClient) -> Result<Folder, Problem> {
    let recorded = recorded_clients(project);
    let Some(asked) = &arguments.service else {
        let several = "several services have the Temporal client";
        return only(&recorded, TOOL.name, several, || unknown(project, None));
    };
    let found = client::chosen(project, asked);
    let folder = found.as_ref().ok().map(|service| service.folder.clone());
    // A killed run may have left nothing of the service but its record.
    let folder = folder.or_else(|| asked.to_string().parse().ok());
    match folder.filter(|folder| recorded.contains(folder)) {
        Some(folder) => Ok(folder),
        None => Err(unknown(project, Some(found?))),
    }
}

fn unknown(project: &Project, service: Option<&Service>) -> Problem {
    let services = project.services().iter();
    let mut with_client = services
        .filter(|known| service.is_none_or(|asked| asked.folder == known.folder))
        .filter(|service| client::is_in(project, service));
    if let Some(service) = with_client.next() {
        return not_on_record(&format!("the client of `{}`", service.name)).hint(format!(
            "bluetext {}{}\nwrites the missing record; then repeat this command",
            client::TOOL.name,
            service_flag(&service.folder)
        ));
    }
    let what = match service {
        Some(service) => format!("the service `{}` does not have", service.name),
        None => "no service has".to_owned(),
    };
    Problem::new(
        ErrorCode::NotOnRecord,
        format!("{what} the Temporal client"),
    )
}

/// The folders of the services with the client, for a refusal of an earlier step.
pub(super) fn folders_with_client(project: &Project) -> Vec<Folder> {
    let services = project.services().iter();
    let mut folders: Vec<Folder> = services
        .filter(|service| client::is_in(project, service))
        .map(|service| service.folder.clone())
        .chain(recorded_clients(project))
        .collect();
    folders.sort();
    folders.dedup();
    folders
}
