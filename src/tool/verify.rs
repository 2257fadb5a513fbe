//! `verify`: what it takes to prove that the workflows of a service run.

use std::collections::BTreeSet;

use super::client::{self, Install, ServiceChoice};
use super::workflow::{SampleExecution, TEST_KINDS, recorded_sample};
use super::{Refused, TOOLS, missing_step};
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Project, Service};
use crate::record;

/// What is verified in a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The service's name.
    pub service: String,
    /// Its folder, relative to the project's folder; `.` is the project itself.
    pub folder: String,
    /// How it is installed.
    pub install: Install,
    /// The folder from which its modules are imported, relative to its own, if that is another.
    pub python_path: Option<String>,
    /// The module that runs its worker.
    pub worker: String,
    /// An empty file, relative to the service's folder: in place of the user's profiles.
    pub no_profiles: Option<String>,
    /// The tests to run, relative to the service's folder; `None` for all.
    pub tests: Option<Vec<String>>,
    /// The workflows to execute, with sample values.
    pub samples: Vec<SampleExecution>,
    /// The workflows that cannot be executed, and why.
    pub skipped: Vec<(String, String)>,
}

/// What is verified: the chosen service, or all with a worker that bluetext has generated; the
/// named workflows, or all that are on record.
///
/// # Errors
///
/// [`Refused`] if there is nothing to verify, or no such service or workflow.
pub fn plan(
    project: &Project,
    choice: Option<&ServiceChoice>,
    names: &[String],
) -> Result<Vec<Verification>, Refused> {
    let services = chosen(project, choice)?;
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    let mut found: BTreeSet<&String> = BTreeSet::new();
    let mut known = Vec::new();
    for service in services {
        match of_service(project, service, names, &mut found, &mut known) {
            Ok(plan) => plans.push(plan),
            Err(problem) => problems.push(problem),
        }
    }
    let unknown = names.iter().find(|name| !found.contains(name));
    if let (Some(name), true) = (unknown, problems.is_empty() || choice.is_none()) {
        let message = format!("no workflow `{name}` is on record");
        problems.push(Problem::new(ErrorCode::UnknownWorkflow, message).hint(
            if known.is_empty() {
                "`bluetext add-temporal-workflow NAME` adds one".to_owned()
            } else {
                format!("use one of {}", known.join(", "))
            },
        ));
    }
    // Other services are verified without one that cannot be.
    if choice.is_none() && plans.iter().any(|plan| !plan.samples.is_empty()) {
        problems.retain(|problem| problem.code == ErrorCode::UnknownWorkflow);
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    if !names.is_empty() {
        plans.retain(|plan| !plan.samples.is_empty());
    }
    if plans.iter().all(|plan| plan.samples.is_empty()) {
        let message = "no workflow of a generated worker is on record".to_owned();
        return Err(Refused::without_step(message, TOOLS[2]));
    }
    Ok(plans)
}

/// The marker of typed code in the client library, which is an empty file.
fn empty_file(project: &Project, service: &Service) -> Option<String> {
    let marker = service.source().join("temporal_client/py.typed");
    project.entry(&marker)?;
    service.folder.relative(&marker).map(str::to_owned)
}

/// The services to verify.
fn chosen<'p>(
    project: &'p Project,
    choice: Option<&ServiceChoice>,
) -> Result<Vec<&'p Service>, Refused> {
    if let Some(choice) = choice {
        return Ok(vec![client::chosen(project, choice)?]);
    }
    let with_client: Vec<&Service> = project
        .services()
        .iter()
        .filter(|service| client::is_in(project, service))
        .collect();
    if with_client.is_empty() {
        let message = "no service has a worker that bluetext has generated".to_owned();
        let missing = missing_step(project).unwrap_or(TOOLS[2]);
        return Err(Refused::without_step(message, missing));
    }
    Ok(with_client)
}

fn of_service<'n>(
    project: &Project,
    service: &Service,
    names: &'n [String],
    found: &mut BTreeSet<&'n String>,
    known: &mut Vec<String>,
) -> Result<Verification, Problem> {
    let not_possible = |message: String| {
        Problem::new(ErrorCode::UnknownShape, message).in_file(service.folder.path().cloned())
    };
    let worker = client::worker_module(project, service).ok_or_else(|| {
        let message = format!(
            "the worker of `{}` is made by hand: how it is started, and how it finds a server, is \
             not known",
            service.name
        );
        not_possible(message).hint("run its tests, and execute its workflows on your own server")
    })?;
    let install = Install::of(project, service).map_err(|why| {
        let message = format!("how `{}` is installed is not known: {why}", service.name);
        not_possible(message).hint("declare its requirements in `pyproject.toml`")
    })?;
    let queue = client::registry_of(project, service)
        .map(|registry| client::task_queue(project, &registry))
        .unwrap_or_default();
    let mut samples = Vec::new();
    let mut tests = Vec::new();
    let mut on_record = BTreeSet::new();
    for path in project.below(&RelPath::literal(record::RECORDS)) {
        let Some(module) = record::workflow_of(&service.folder, path) else {
            continue;
        };
        let sample = project
            .record(path)
            .and_then(|record| recorded_sample(&record, &queue));
        let Some((name, sample)) = sample else {
            continue;
        };
        on_record.insert(sample.kind.clone());
        known.push(format!("`{name}`"));
        let mut asked = names
            .iter()
            .filter(|asked| **asked == name || asked.as_str() == module || **asked == sample.kind);
        let first = asked.next();
        found.extend(first.into_iter().chain(asked));
        if !names.is_empty() && first.is_none() {
            continue;
        }
        // Only they are run if workflows are named; otherwise, finding each is work for nothing.
        let kinds = if names.is_empty() {
            &[][..]
        } else {
            &TEST_KINDS
        };
        for kind in kinds {
            let test = client::test_file(project, service, &format!("{module}_{kind}"));
            let is_there = project.entry(&test).is_some();
            let test = service.folder.relative(&test).filter(|_| is_there);
            tests.extend(test.map(str::to_owned));
        }
        samples.push(sample);
    }
    let registered = client::registries(project, service);
    let skipped = registered
        .iter()
        .flat_map(client::Registry::workflow_classes)
        .filter(|class| names.is_empty() && !on_record.contains(*class))
        .map(|class| {
            let why = "it is not on record, so that no sample input is known".to_owned();
            (class.to_owned(), why)
        });
    Ok(Verification {
        service: service.name.to_string(),
        folder: service.folder.to_string(),
        python_path: service.path_entry(),
        worker,
        no_profiles: empty_file(project, service),
        tests: (!names.is_empty()).then_some(tests),
        skipped: skipped.collect(),
        samples,
        install,
    })
}
