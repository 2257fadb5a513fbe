//! Executes workflows with sample values, and tells why one fails.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use super::history::{self, State};
use super::{Outcome, VerifiedWorkflow, since, without_profiles};
use crate::environment::Environment;
use crate::process::{Limits, Log, Process};
use crate::progress::Progress;
use crate::server::{Server, without_settings};
use crate::tool::verify::Verification;
use crate::tool::workflow::{Sample, SampleKind, SampleMessage};

/// Maximum time for one execution.
const EXECUTION_LIMIT: Duration = Duration::from_mins(1);

/// How often the history is read.
const POLL_INTERVAL: Duration = Duration::from_millis(150);

/// The number of failed attempts after which an activity counts as broken.
const MAX_ATTEMPTS: u64 = 2;

/// The number of lines that are reported of the worker's log.
const LOG_LINES: usize = 25;

/// Execute all workflows of a plan on one worker. Also returns the end of the worker's log if
/// one failed.
///
/// # Errors
///
/// It was interrupted, or ran out of time.
pub(super) fn execute_all(
    environment: &Environment,
    service: &Path,
    plan: &Verification,
    server: &Server,
    limits: &Limits,
    progress: &Progress,
    begin: &dyn Fn(&str),
) -> anyhow::Result<(Vec<VerifiedWorkflow>, Vec<String>)> {
    let mut command = Command::new(&environment.python);
    command.args(["-m", &plan.worker]).current_dir(service);
    without_settings(&mut command);
    without_profiles(&mut command, service, plan);
    command
        .env("TEMPORAL_ADDRESS", &server.address)
        .env("TEMPORAL_NAMESPACE", "default")
        .env("PYTHONUNBUFFERED", "1");
    if let Some(path) = &plan.python_path {
        command.env("PYTHONPATH", service.join(path));
    }
    let (process, log) = Process::start_with_log(&mut command)?;
    let mut worker = Worker { process, log };
    let mut verified = Vec::new();
    for sample in &plan.samples {
        begin(&sample.kind);
        let what = format!("execute {}", sample.kind);
        let execution = Execution {
            server,
            service,
            sample,
            id: format!("verify-{}-{}", plan.service, sample.kind),
            limits,
        };
        let result = progress.step(&what, || execution.run(&mut worker));
        let has_passed = |(verified, _): &(VerifiedWorkflow, _)| verified.status == Outcome::Passed;
        if !result.as_ref().is_ok_and(has_passed) {
            execution.terminate();
        }
        verified.push(match result {
            Ok((result, _)) => result,
            Err(error) if limits.is_cancelled() => return Err(error),
            // What is known of the others is kept.
            Err(error) => VerifiedWorkflow {
                workflow: sample.kind.clone(),
                status: Outcome::Failed,
                cause: Some(format!("{error:#}")),
                input: sample.input.clone(),
                result: None,
                messages: Vec::new(),
                events: Vec::new(),
                seconds: 0.0,
            },
        });
    }
    let has_failed = verified
        .iter()
        .any(|workflow| workflow.status == Outcome::Failed);
    let lines = worker.log.lines();
    worker.process.stop();
    let last = if has_failed {
        let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
        last.iter().map(|line| shortened(line)).collect()
    } else {
        Vec::new()
    };
    Ok((verified, last))
}

/// A running worker.
struct Worker {
    process: Process,
    log: Log,
}

impl Worker {
    /// Why the worker has ended; `None` if it is running.
    fn end(&mut self) -> Option<String> {
        let status = self.process.ended()?;
        let lines = self.log.lines();
        // The last line of a traceback is the exception: `ValueError: …`, `module.Error: …`.
        let is_exception = |line: &&String| {
            let name = line.split(':').next().unwrap_or_default();
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                && (name.ends_with("Error") || name.ends_with("Exception"))
        };
        let last = lines.iter().rev().find(is_exception);
        Some(match last {
            Some(line) => format!("the worker ended ({status}): {line}"),
            None => format!("the worker ended ({status})"),
        })
    }
}

/// An execution of a workflow.
struct Execution<'e> {
    server: &'e Server,
    service: &'e Path,
    sample: &'e Sample,
    id: String,
    limits: &'e Limits,
}

impl Execution<'_> {
    fn run(&self, worker: &mut Worker) -> anyhow::Result<VerifiedWorkflow> {
        let begun = Instant::now();
        let until = begun + EXECUTION_LIMIT;
        self.start()?;
        let mut messages = Vec::new();
        let mut cause = self.wait(worker, until, true)?.err();
        if cause.is_none() {
            for message in &self.sample.messages {
                messages.push(shown(message));
                if let Err(error) = self.send(message) {
                    // The history says more, if the workflow itself has failed.
                    let said = format!("{error:#}");
                    let said: Vec<&str> = said.split_whitespace().collect();
                    cause = Some(match history::state(&self.history()?, self.service) {
                        State::Failed(cause) => cause,
                        _ => format!("{}: {}", shown(message), said.join(" ")),
                    });
                    break;
                }
            }
        }
        if cause.is_none() {
            cause = self.wait(worker, until, false)?.err();
        }
        let mut result = None;
        if cause.is_none() {
            match self.result(until) {
                Ok(value) => result = Some(value),
                Err(error) if self.limits.is_cancelled() => return Err(error),
                Err(error) => cause = Some(format!("{error:#}")),
            }
        }
        let events = match cause {
            None => Vec::new(),
            Some(_) => history::last_events(&self.history()?, self.service),
        };
        Ok(VerifiedWorkflow {
            workflow: self.sample.kind.clone(),
            status: if cause.is_none() {
                Outcome::Passed
            } else {
                Outcome::Failed
            },
            cause,
            input: self.sample.input.clone(),
            result,
            messages,
            events,
            seconds: since(begun),
        })
    }

    fn start(&self) -> anyhow::Result<()> {
        let Sample {
            kind, queue, input, ..
        } = self.sample;
        // Longer than it is waited for, so that the cause is found here.
        let limit = format!("{}s", 2 * EXECUTION_LIMIT.as_secs());
        let arguments = [
            "workflow",
            "start",
            "--workflow-id",
            &self.id,
            "--type",
            kind,
            "--task-queue",
            queue,
            "--input",
            input,
            "--execution-timeout",
            &limit,
        ];
        self.server.call(&arguments, self.limits).map(drop)
    }

    fn send(&self, message: &SampleMessage) -> anyhow::Result<()> {
        let SampleMessage { kind, name, input } = message;
        let verb: &[&str] = match kind {
            SampleKind::Query => &["workflow", "query", "--type", name],
            SampleKind::Signal => &["workflow", "signal", "--name", name],
            SampleKind::Update => &["workflow", "update", "execute", "--name", name],
        };
        let mut arguments = [verb, &["--workflow-id", &self.id]].concat();
        if let Some(input) = input {
            arguments.extend(["--input", input]);
        }
        // An update of a workflow that is stuck has no answer.
        let limits = self.limits.at_most(Duration::from_secs(15));
        self.server.call(&arguments, &limits).map(drop)
    }

    /// Wait until the execution has ended, or only until its first task has been completed. An
    /// inner error is why it failed.
    fn wait(
        &self,
        worker: &mut Worker,
        until: Instant,
        only_first: bool,
    ) -> anyhow::Result<Result<(), String>> {
        loop {
            let history = self.history()?;
            match history::state(&history, self.service) {
                State::Completed => return Ok(Ok(())),
                State::Failed(cause) => return Ok(Err(cause)),
                State::Running => {}
            }
            if only_first && history::has_begun(&history) {
                return Ok(Ok(()));
            }
            if let Some(end) = worker.end() {
                return Ok(Err(end));
            }
            let description = self.server.json(
                &["workflow", "describe", "--workflow-id", &self.id],
                self.limits,
            )?;
            let failing = history::failing_activity(&description, MAX_ATTEMPTS, self.service);
            if let Some(cause) = failing {
                return Ok(Err(cause));
            }
            if Instant::now() > until {
                let seconds = EXECUTION_LIMIT.as_secs();
                let what = history::waits_for(&history, &description);
                return Ok(Err(format!("it has not ended within {seconds} s: {what}")));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    fn history(&self) -> anyhow::Result<Value> {
        self.server.json(
            &["workflow", "show", "--workflow-id", &self.id],
            self.limits,
        )
    }

    /// End an execution that is not waited for any longer: its activities are not tried again.
    fn terminate(&self) {
        let reason = "bluetext verify does not wait any longer";
        let arguments = ["workflow", "terminate", "--workflow-id", &self.id];
        let limits = self.limits.at_most(Duration::from_secs(15));
        // One that has ended cannot be terminated.
        let _ended = self
            .server
            .call(&[&arguments[..], &["--reason", reason]].concat(), &limits);
    }

    /// The result, also of an execution that continues as a new one.
    fn result(&self, until: Instant) -> anyhow::Result<Value> {
        let left = until.saturating_duration_since(Instant::now());
        let answer = self.server.json(
            &["workflow", "result", "--workflow-id", &self.id],
            &self.limits.at_most(left),
        )?;
        answer
            .get("result")
            .cloned()
            .context("the workflow's result")
    }
}

/// A line without its end, if it is very long: the SDK logs whole failures on one.
fn shortened(line: &str) -> String {
    const MAX_LENGTH: usize = 240;
    match line.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A message as it is reported.
fn shown(message: &SampleMessage) -> String {
    let kind = match message.kind {
        SampleKind::Query => "query",
        SampleKind::Signal => "signal",
        SampleKind::Update => "update",
    };
    match &message.input {
        Some(input) => format!("{kind} {} {input}", message.name),
        None => format!("{kind} {}", message.name),
    }
}
