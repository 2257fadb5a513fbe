//! Executes workflows with sample values, and tells why one fails.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde_json::Value;

use super::history::{self, State};
use super::{Subject, Verdict, Verified, VerifiedWorkflow, one_line, since};
use crate::process::{Limits, Log, Process, last};
use crate::progress::Progress;
use crate::server::DevServer;
use crate::tool::workflow::{SampleExecution, SampleKind, SampleMessage};

/// Maximum time for one execution.
const EXECUTION_LIMIT: Duration = Duration::from_mins(1);

/// How often the history is read.
const POLL_INTERVAL: Duration = Duration::from_millis(150);

/// The number of failed attempts after which an activity counts as broken.
const MAX_ATTEMPTS: u64 = 2;

/// The number of lines that are reported of the worker's log.
const LOG_LINES: usize = 25;

/// Execute the workflows of a plan on one worker, and add each result to the service's, with the
/// end of the worker's log if one failed.
///
/// # Errors
///
/// It was interrupted, or ran out of time.
pub(super) fn execute_all(
    subject: &Subject<'_>,
    server: &DevServer,
    progress: &Progress<'_>,
    verified: &mut Verified,
) -> anyhow::Result<()> {
    let Subject { plan, limits, .. } = subject;
    let mut command = subject.python(&["-m", &plan.worker]);
    command
        .env("TEMPORAL_ADDRESS", &server.address)
        .env("TEMPORAL_NAMESPACE", "default")
        .env("PYTHONUNBUFFERED", "1");
    let (process, log) = Process::start_with_log(&mut command)?;
    let mut worker = Worker { process, log };
    for sample in &plan.samples {
        let what = format!("execute {}", sample.kind);
        let execution = Execution {
            server,
            service: &subject.service,
            sample,
            id: format!("verify-{}-{}", plan.service, sample.kind),
            limits,
        };
        let (result, _) = progress.step(&what, || {
            let result = execution.run(&mut worker);
            let has_passed = |result: &VerifiedWorkflow| result.status == Verdict::Passed;
            if !result.as_ref().is_ok_and(has_passed) {
                execution.terminate();
            }
            match (result, limits.reason()) {
                (Err(_), Some(reason)) => Err(anyhow!("`{what}` {reason}")),
                (Err(error), None) => Ok(VerifiedWorkflow::without_execution(
                    &sample.kind,
                    Verdict::Failed,
                    format!("{error:#}"),
                    sample.input.clone(),
                )),
                (Ok(result), _) => Ok(result),
            }
        })?;
        verified.workflows.push(result);
    }
    let mut results = verified.workflows.iter();
    if results.any(|workflow| workflow.status == Verdict::Failed) {
        let lines = worker.log.lines();
        let lines = last(&lines, LOG_LINES).iter();
        verified.log = lines.map(|line| shortened(line)).collect();
    }
    worker.process.stop();
    Ok(())
}

/// A running worker.
struct Worker {
    process: Process,
    log: Log,
}

impl Worker {
    /// Why the worker has ended; `None` if it is running.
    fn end(&mut self, service: &Path) -> Option<String> {
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
        let place = history::place_of(&lines.join("\n"), service);
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        Some(match last {
            Some(line) => format!("the worker ended ({status}): {line}{place}"),
            None => format!("the worker ended ({status})"),
        })
    }
}

/// How far an execution is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Until the workflow's code has run once.
    ForFirstTask,
    /// Until it has ended.
    ForEnd,
}

/// An execution of a workflow.
struct Execution<'e> {
    server: &'e DevServer,
    service: &'e Path,
    sample: &'e SampleExecution,
    id: String,
    limits: &'e Limits,
}

impl Execution<'_> {
    fn run(&self, worker: &mut Worker) -> anyhow::Result<VerifiedWorkflow> {
        let begun = Instant::now();
        let until = begun + EXECUTION_LIMIT;
        self.start()?;
        let mut messages = Vec::new();
        let mut cause = self.wait(worker, until, Wait::ForFirstTask)?;
        if cause.is_none() {
            for message in &self.sample.messages {
                messages.push(shown(message));
                if let Err(error) = self.send(message) {
                    // The history says more, if the workflow itself has failed.
                    let said = one_line(&format!("{error:#}"));
                    cause = Some(match history::state(&self.history()?, self.service) {
                        State::Failed(cause) => cause,
                        _ => format!("{}: {said}", shown(message)),
                    });
                    break;
                }
            }
        }
        if cause.is_none() {
            cause = self.wait(worker, until, Wait::ForEnd)?;
        }
        let mut result = None;
        if cause.is_none() {
            match self.result(until) {
                Ok(value) => result = Some(value),
                Err(error) if self.limits.reason().is_some() => return Err(error),
                Err(error) => cause = Some(one_line(&format!("{error:#}"))),
            }
        }
        let events = match cause {
            None => Vec::new(),
            Some(_) => history::last_events(&self.history()?, self.service),
        };
        Ok(VerifiedWorkflow {
            workflow: self.sample.kind.clone(),
            status: if cause.is_none() {
                Verdict::Passed
            } else {
                Verdict::Failed
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
        let SampleExecution {
            kind, queue, input, ..
        } = self.sample;
        // Longer than it is waited for, so that the cause is found here.
        let limit = format!("{}s", 2 * EXECUTION_LIMIT.as_secs());
        let arguments = [
            &["workflow", "start", "--workflow-id", &self.id][..],
            &["--type", kind, "--task-queue", queue, "--input", input],
            &["--execution-timeout", &limit],
        ]
        .concat();
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

    /// Wait for an execution. Returns why it failed, if it did.
    fn wait(
        &self,
        worker: &mut Worker,
        until: Instant,
        wait: Wait,
    ) -> anyhow::Result<Option<String>> {
        loop {
            let history = self.history()?;
            match history::state(&history, self.service) {
                State::Completed => return Ok(None),
                State::Failed(cause) => return Ok(Some(cause)),
                State::Running => {}
            }
            if wait == Wait::ForFirstTask && history::has_begun(&history) {
                return Ok(None);
            }
            if let Some(end) = worker.end(self.service) {
                return Ok(Some(end));
            }
            let description = self.server.json(
                &["workflow", "describe", "--workflow-id", &self.id],
                self.limits,
            )?;
            let failing = history::failing_activity(&description, MAX_ATTEMPTS, self.service);
            if let Some(cause) = failing {
                return Ok(Some(cause));
            }
            if Instant::now() > until {
                let seconds = EXECUTION_LIMIT.as_secs();
                let what = history::waits_for(&history, &description);
                return Ok(Some(format!("it has not ended within {seconds} s: {what}")));
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
