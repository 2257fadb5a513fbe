//! `remove-temporal`: the modules of the server, its database and the web UI.

use super::client::folders_with_client;
use super::limits;
use super::references::check_calls;
use super::undo::undo;
use super::{CLIENT, later_step, not_on_record, refuse_hidden, service_flag};
use crate::change::Rank;
use crate::edit::yaml::Document;
use crate::name::Folder;
use crate::plan::Deed;
use crate::problem::{Problem, WarningCode};
use crate::project::root_path;
use crate::record;
use crate::tool::register::is_registered;
use crate::tool::{Draft, Request, TOOLS, ToolInfo, temporal};

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "remove-temporal",
    about: "the Temporal server, its Postgres and the web UI",
    example: "bluetext remove-temporal",
    title: "Remove the Temporal server",
    note: "",
    call: "{}",
    help: "Remove the Temporal server, Postgres and the web UI; volumes stay",
    after_help: "Examples:
  bluetext remove-temporal --dry-run --diff
  bluetext remove-temporal",
    starts: false,
    define: |command| command,
    ranges: &[],
    request: |_, _| Some(Request::RemoveTemporal(RemoveTemporal)),
    allowed: |_| true,
    registered: None,
    undoes: Some(&temporal::TOOL),
};

/// The arguments of `remove-temporal`: none.
#[derive(Debug, Clone, Copy)]
pub struct RemoveTemporal;

/// Remove the registered tools that an earlier removal has left because they were edited.
fn remove_edited_tools(draft: &mut Draft<'_>) {
    let root = root_path();
    for tool in TOOLS {
        let text = draft.text(&root);
        let document = text.and_then(|text| Document::parse(text).ok());
        let rest = document.and_then(|document| document.without_tool(tool.name));
        if let Some(rest) = rest.filter(|_| is_registered(draft.project(), tool.name)) {
            draft.replace(root.clone(), rest, Rank::RootPolytope);
        }
    }
}

/// Plan the removal of the server.
pub(in crate::tool) fn plan(draft: &mut Draft<'_>) -> Result<(), Problem> {
    let project = draft.project();
    let path = record::of_step(temporal::TOOL.name);
    let with_client = folders_with_client(project);
    for folder in &with_client {
        let flag = if with_client.len() > 1 {
            service_flag(folder)
        } else {
            String::new()
        };
        draft.problem(later_step(
            project,
            &record::of_client(folder),
            format!("the service in `{folder}` has the Temporal client"),
            format!("bluetext {}{flag}", CLIENT.name),
        ));
    }
    if !with_client.is_empty() {
        return Ok(());
    }
    let Some(found) = draft.recorded(&path) else {
        return Err(not_on_record("what `add-temporal` has added").hint(format!(
            "`bluetext {}` notes what nobody has changed; if this project does not have \
             Temporal, there is nothing to remove",
            temporal::TOOL.name
        )));
    };
    let files = record::paths(&found.library).chain(record::paths(&found.created));
    let files: Vec<Folder> = files.map(|(file, _)| file.into()).collect();
    if refuse_hidden(draft, &files) {
        return Ok(());
    }
    if !limits::check(draft, &path, &found, None, &limits::is_of_step) {
        return Ok(());
    }
    undo(draft, &path, found, Rank::Record);
    draft.say(Deed::Remove, temporal::SUBJECT, None);
    if draft.is_forced() {
        remove_edited_tools(draft);
    }
    check_calls(draft);
    for (tool, volume) in temporal::volumes(project) {
        draft.warn(
            WarningCode::DataLeft,
            format!("the volume `{volume}` of `{tool}` is left, with the database in it"),
            None,
        );
    }
    Ok(())
}
