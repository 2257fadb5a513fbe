//! `remove-temporal-workflow`, `remove-temporal-client` and `remove-temporal`: the inverse of
//! each step, from what is on record.

mod client;
mod limits;
mod references;
mod temporal;
mod undo;
mod workflow;

pub use client::{RemoveTemporalClient, TOOL as CLIENT};
pub use temporal::{RemoveTemporal, TOOL as TEMPORAL};
pub use workflow::{RemoveTemporalWorkflow, TOOL as WORKFLOW};

pub(super) use client::plan as plan_client;
pub(super) use temporal::plan as plan_temporal;
pub(super) use workflow::plan as plan_workflow;

use crate::name::{Folder, RelPath, shell_word};
use crate::problem::{ErrorCode, Problem};
use crate::project::Project;
use crate::record;

use super::{Draft, hidden_problem};

/// The services with a client on record.
fn recorded_clients(project: &Project) -> Vec<Folder> {
    let records = RelPath::literal(record::RECORDS);
    project
        .below(&records)
        .filter_map(record::client_of)
        .collect()
}

/// Refuse a removal where something of a service, or a folder around it, cannot be read. Returns
/// whether it is refused.
fn refuse_hidden(draft: &mut Draft<'_>, files: &[Folder]) -> bool {
    let project = draft.project();
    let concerns = |hidden: &RelPath| {
        let above = Folder::from(hidden.clone());
        files.iter().any(|file| {
            let is_below = file
                .path()
                .is_some_and(|file| above.relative(file).is_some());
            above == *file || is_below || file.relative(hidden).is_some()
        })
    };
    let hidden: Vec<&RelPath> = project.hidden().filter(|path| concerns(path)).collect();
    for path in &hidden {
        draft.problem(hidden_problem(path));
    }
    !hidden.is_empty()
}

/// A refusal because of what a later step has added, with the call that removes it, or what it
/// has left.
fn later_step(project: &Project, record: &RelPath, message: String, call: String) -> Problem {
    let problem = Problem::new(ErrorCode::LaterStep, message);
    let left = project.record(record).filter(|record| record.is_left);
    let Some(left) = left else {
        return problem.hint(call);
    };
    let files = left.library.keys().chain(left.created.keys());
    let files: Vec<String> = files.map(|file| format!("`{file}`")).collect();
    problem.hint(format!(
        "{call} --force\ndeletes what was kept because it had been changed: {}",
        files.join(", ")
    ))
}

/// A refusal because nothing is on record.
fn not_on_record(what: &str) -> Problem {
    Problem::new(
        ErrorCode::NotOnRecord,
        format!("{what} is not on record in `{}`", record::RECORDS),
    )
}

/// The only one of these services; else a refusal, with the calls that choose one of several.
fn only(
    found: &[Folder],
    call: &str,
    several: impl Into<String>,
    unknown: impl FnOnce() -> Problem,
) -> Result<Folder, Problem> {
    match found {
        [only] => Ok(only.clone()),
        [] => Err(unknown()),
        folders => {
            let calls = folders.iter();
            let calls = calls.map(|folder| format!("bluetext {call}{}", service_flag(folder)));
            let calls = calls.collect::<Vec<String>>().join("\n");
            Err(Problem::new(ErrorCode::UnknownService, several).hint(calls))
        }
    }
}

/// A flag that selects a service.
fn service_flag(service: &Folder) -> String {
    format!(" --service {}", shell_word(service.as_str()))
}
