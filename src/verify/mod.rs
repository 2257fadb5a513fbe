//! `verify`: installs services, runs their tests, and executes their workflows on a dev server.
//!
//! The activities of the service run for real, with the environment of this process. Every
//! process that it starts ends with it, also after Ctrl-C; only `kill -9` leaves them running.

mod execute;
mod history;
mod tests_of;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use schemars::JsonSchema;
use serde::Serialize;

use self::execute::execute_all;
use self::tests_of::run_tests;
use crate::environment::{Environment, Part};
use crate::name::{duration_text, shell_word};
use crate::problem::{ErrorCode, Problem};
use crate::process::{self, Limits};
use crate::progress::{Progress, Watch};
use crate::run::{Error, Options, to_verify};
use crate::server::DevServer;
use crate::tool::client::ServiceChoice;
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
    pub status: Verdict,
    /// The last line of their output.
    pub summary: String,
    /// The last lines of their output, if they failed.
    pub output: Vec<String>,
    /// How long they took.
    pub seconds: f64,
}

impl Tests {
    /// Tests without a result.
    fn skipped(why: &str) -> Self {
        Self {
            status: Verdict::Skipped,
            summary: why.to_owned(),
            output: Vec::new(),
            seconds: 0.0,
        }
    }
}

/// The result of a workflow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerifiedWorkflow {
    /// Its type.
    pub workflow: String,
    /// What the execution showed.
    pub status: Verdict,
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

impl VerifiedWorkflow {
    /// One of which there is no execution to report.
    fn without_execution(workflow: &str, status: Verdict, cause: String, input: String) -> Self {
        Self {
            workflow: workflow.to_owned(),
            status,
            cause: Some(cause),
            input,
            result: None,
            messages: Vec::new(),
            events: Vec::new(),
            seconds: 0.0,
        }
    }
}

/// What tests or an execution showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Passed,
    /// It does not.
    Failed,
    /// It was not tried.
    Skipped,
}

/// What verifying services showed.
#[derive(Debug)]
pub struct Verdicts {
    /// The project's folder, absolute.
    pub root: PathBuf,
    /// The services, as far as they were verified.
    pub services: Vec<Verified>,
    /// What prevented the rest, if anything.
    pub problem: Option<Problem>,
    /// The arguments of the call that verifies the same again.
    pub arguments: String,
}

/// Verify the chosen service, or all; the named workflows, or all. What prevents it, such as an
/// installation that fails, is in the result. So are failures of tests and workflows.
///
/// # Errors
///
/// The call is not valid in this project: see [`Error`].
pub fn verify(
    options: &Options,
    service: Option<&ServiceChoice>,
    workflows: &[String],
    timeout: Duration,
    quiet: bool,
    watch: Watch<'_>,
) -> Result<Verdicts, Error> {
    let limits = &options.limits.at_most(timeout);
    let (root, plans) = to_verify(options, service, workflows)?;
    let progress = Progress::new(quiet, watch);
    let mut server = None;
    let mut services = Vec::new();
    // Without the handler, the processes would outlive an interrupted run.
    let result = process::catch_interrupts().and_then(|()| {
        plans.iter().try_for_each(|plan| {
            verify_service(&root, plan, limits, &progress, &mut server, &mut services)
                .with_context(|| format!("service `{}`", plan.service))
        })
    });
    let is_over = result.is_err() && limits.reason().is_some() && !limits.is_cancelled();
    if let Some(server) = server {
        server.stop();
    }
    let more = is_over.then(|| format!("--timeout {}", duration_text(longer(timeout))));
    let problem = result.err().map(|error| {
        let problem = failure(&error, limits);
        match &more {
            Some(more) => problem.hint(format!("allow more time: `{more}`")),
            None => problem,
        }
    });
    let names = workflows.iter().map(|name| shell_word(name));
    let service = service.map(|service| format!("--service {}", shell_word(&service.to_string())));
    let words = names.chain(service).chain(more);
    Ok(Verdicts {
        root,
        services,
        problem,
        arguments: words.map(|word| format!(" {word}")).collect(),
    })
}

/// Verify a service. What is known of it is in `services`, also after an error.
fn verify_service(
    root: &Path,
    plan: &Verification,
    limits: &Limits,
    progress: &Progress<'_>,
    server: &mut Option<DevServer>,
    services: &mut Vec<Verified>,
) -> anyhow::Result<()> {
    let service = root.join(&plan.folder);
    let service = service
        .canonicalize()
        .with_context(|| format!("`{}`", service.display()))?;
    let name = &plan.service;
    let (environment, installed) = progress.step(&format!("install {name}"), || {
        Environment::install(&service, &plan.install, Part::WithTests, limits)
            .context("verifying needs what the service requires")
    })?;
    let mut subject = Subject {
        environment,
        service,
        plan,
        limits,
    };
    let mut verified = Verified {
        service: plan.service.clone(),
        path: plan.folder.clone(),
        installed: Vec::new(),
        install_seconds: seconds(installed),
        tests: Tests::skipped("they did not end"),
        workflows: Vec::new(),
        log: Vec::new(),
    };
    let what = format!("tests of {name}");
    let result = progress
        .step(&what, || run_tests(&subject))
        .and_then(|(tests, _)| {
            verified.tests = tests;
            run_workflows(&mut subject, progress, server, &mut verified)
        });
    verified.installed = subject.environment.commands;
    services.push(verified);
    result
}

/// Execute the workflows of a service, on the server of all services, which the first one starts.
fn run_workflows(
    subject: &mut Subject<'_>,
    progress: &Progress<'_>,
    server: &mut Option<DevServer>,
    verified: &mut Verified,
) -> anyhow::Result<()> {
    let server = if let Some(server) = server {
        server
    } else {
        let limits = subject.limits;
        let environment = &mut subject.environment;
        let (started, _) = progress.step("Temporal dev server", || {
            let temporal = environment
                .find_temporal(limits)
                .context("verifying needs")?;
            DevServer::start(&temporal, false, limits)
        })?;
        server.insert(started)
    };
    execute_all(subject, server, progress, verified)?;
    let skipped = subject.plan.skipped.iter();
    verified.workflows.extend(skipped.map(|(workflow, why)| {
        VerifiedWorkflow::without_execution(workflow, Verdict::Skipped, why.clone(), String::new())
    }));
    Ok(())
}

/// An installed service, and what is verified in it.
struct Subject<'p> {
    environment: Environment,
    /// The folder of the service, absolute.
    service: PathBuf,
    plan: &'p Verification,
    limits: &'p Limits,
}

impl Subject<'_> {
    /// A program of the service, without the user's profiles of Temporal: they could name another
    /// namespace, or need a certificate.
    fn python(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment.python(arguments);
        if let Some(empty) = &self.plan.no_profiles {
            command.env("TEMPORAL_CONFIG_FILE", self.service.join(empty));
        }
        if let Some(path) = &self.plan.python_path {
            command.env("PYTHONPATH", self.service.join(path));
        }
        command
    }
}

/// Why nothing could be verified.
fn failure(error: &anyhow::Error, limits: &Limits) -> Problem {
    if limits.is_cancelled() {
        let message = "it was interrupted: its processes have ended".to_owned();
        return Problem::new(ErrorCode::Interrupted, message);
    }
    Problem::new(ErrorCode::CannotVerify, format!("{error:#}"))
}

/// The time to allow if this one was not enough.
fn longer(timeout: Duration) -> Duration {
    timeout.saturating_mul(2).max(Duration::from_mins(15))
}

/// A text on one line, as in the first line of a report.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// A duration in seconds, to the millisecond.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e3).round() / 1e3
}

/// The time since an instant, as [`seconds`].
fn since(begun: Instant) -> f64 {
    seconds(begun.elapsed())
}
