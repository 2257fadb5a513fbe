//! The arguments of `add-temporal-workflow`, and the rules for combining their values.

use crate::name::{Attempts, Timeout};
use crate::problem::Problem;
use crate::python::{Field, MemberName, Message, Signal, WorkflowName};
use crate::tool::client::ServiceChoice;
use crate::tool::values::combination;

/// The arguments of `add-temporal-workflow`.
#[derive(Debug, Clone)]
pub struct AddTemporalWorkflow {
    /// The workflows to add; at least one, no two with the same Python name.
    pub names: Vec<WorkflowName>,
    /// The target service; optional if only one service has the client.
    pub service: Option<ServiceChoice>,
    /// The module that makes the worker which runs them, if several do.
    pub worker: Option<String>,
    /// The fields of each workflow's input; at least one.
    pub input: Vec<Field>,
    /// The fields of each workflow's result; at least one.
    pub output: Vec<Field>,
    /// The activities that each workflow executes, and the messages that it handles.
    pub members: Members,
    /// How each activity is executed.
    pub options: ActivityOptions,
    /// How long each workflow waits for each signal and update.
    pub wait: Timeout,
    /// Whether the service's API gets routes for each workflow.
    pub route: bool,
}

/// How long a workflow waits for a message, unless it is told otherwise.
pub(super) const DEFAULT_WAIT: Timeout = Timeout::seconds(7 * 86_400);

/// The activities that a workflow executes, in order, and the messages that it handles while
/// it runs.
///
/// Invariant: at least one activity; no two names in one scope map to the same Python
/// name.
#[derive(Debug, Clone)]
pub struct Members {
    activities: Vec<MemberName>,
    signals: Vec<Signal>,
    queries: Vec<Message>,
    updates: Vec<Message>,
}

/// The default activity of a workflow.
const DEFAULT_ACTIVITY: &str = "process";

impl Default for Members {
    /// One activity, and no messages.
    fn default() -> Self {
        Self {
            activities: DEFAULT_ACTIVITY.parse().into_iter().collect(),
            signals: Vec::new(),
            queries: Vec::new(),
            updates: Vec::new(),
        }
    }
}

impl Members {
    /// The members of each of these workflows; the default activity is `process`.
    ///
    /// # Errors
    ///
    /// Every pair of conflicting names.
    pub fn checked(
        workflows: &[WorkflowName],
        activities: Vec<MemberName>,
        signals: Vec<Signal>,
        queries: Vec<Message>,
        updates: Vec<Message>,
    ) -> Result<Self, Vec<Problem>> {
        let mut members = Self {
            signals,
            queries,
            updates,
            ..Self::default()
        };
        if !activities.is_empty() {
            members.activities = activities;
        }
        let mut wrong = members.repeated();
        wrong.extend(members.hidden());
        for workflow in workflows {
            wrong.extend(members.taken_by(workflow));
        }
        if wrong.is_empty() {
            Ok(members)
        } else {
            Err(wrong)
        }
    }

    /// The activities in the order in which they are executed; at least one.
    #[must_use]
    pub fn activities(&self) -> &[MemberName] {
        &self.activities
    }

    /// The signals, each of which the workflow waits for.
    #[must_use]
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// The queries.
    #[must_use]
    pub fn queries(&self) -> &[Message] {
        &self.queries
    }

    /// The updates, each of which the workflow waits for.
    #[must_use]
    pub fn updates(&self) -> &[Message] {
        &self.updates
    }

    /// The signals and updates with a payload, which the workflow passes to an activity.
    pub fn payloads(&self) -> impl Iterator<Item = &MemberName> {
        let signals = self.signals.iter().filter(|signal| signal.kind.is_some());
        let updates = self.updates.iter().map(|update| &update.name);
        signals.map(|signal| &signal.name).chain(updates)
    }

    /// Whether the workflow waits for a message.
    #[must_use]
    pub fn waits(&self) -> bool {
        !(self.signals.is_empty() && self.updates.is_empty())
    }

    /// Whether an activity has its own input model instead of the workflow's.
    #[must_use]
    pub fn has_own_input(&self, index: usize) -> bool {
        index > 0 || self.payloads().next().is_some()
    }

    /// Whether an activity has its own result model instead of the workflow's.
    #[must_use]
    pub fn has_own_output(&self, index: usize) -> bool {
        index + 1 < self.activities.len()
    }

    fn messages(&self) -> impl Iterator<Item = (&'static str, &MemberName)> {
        let signals = self.signals.iter().map(|m| ("--signal", &m.name));
        let queries = self.queries.iter().map(|m| ("--query", &m.name));
        let updates = self.updates.iter().map(|m| ("--update", &m.name));
        signals.chain(queries).chain(updates)
    }

    fn repeated(&self) -> Vec<Problem> {
        let activities: Vec<_> = self.activities.iter().map(|n| ("--activity", n)).collect();
        let messages: Vec<_> = self.messages().collect();
        let mut wrong = Vec::new();
        for list in [activities, messages] {
            for (index, (flag, name)) in list.iter().enumerate() {
                let earlier = list[..index]
                    .iter()
                    .find(|(_, n)| n.class() == name.class());
                if let Some((other, _)) = earlier {
                    let message = if other == flag {
                        format!("`{flag}` has `{name}` twice")
                    } else {
                        format!("`{flag} {name}` has the name of a `{other}`")
                    };
                    wrong.push(combination(message, format!("use `{name}_two`")));
                }
            }
        }
        wrong
    }

    /// Messages that would shadow methods or local names of the workflow.
    fn hidden(&self) -> Vec<Problem> {
        let validators = self
            .updates
            .iter()
            .map(|update| (validator(&update.name), "the validator of an update"));
        // The last activity's result is the workflow's.
        let passed_on = self
            .activities
            .split_last()
            .map_or(&[][..], |(_, rest)| rest);
        let results = passed_on
            .iter()
            .map(|activity| (result(activity), "the result of an activity"));
        let used: Vec<(String, &str)> = validators.chain(results).collect();
        self.messages()
            .filter_map(|(flag, name)| {
                let (_, what) = used.iter().find(|(used, _)| used == name.snake())?;
                Some(combination(
                    format!("`{flag} {name}` has the name of {what} in the generated code"),
                    "choose another name".to_owned(),
                ))
            })
            .collect()
    }

    /// An activity whose model names would collide with the workflow's.
    fn taken_by(&self, workflow: &WorkflowName) -> Option<Problem> {
        let (_, activity) = self.activities.iter().enumerate().find(|(index, name)| {
            name.class() == workflow.class()
                && (self.has_own_input(*index) || self.has_own_output(*index))
        })?;
        Some(combination(
            format!(
                "the models of the activity `{activity}` would have the same names as the \
                 workflow's models, `{class}Input` and `{class}Output`",
                class = workflow.class()
            ),
            format!("use `--activity do_{activity}`"),
        ))
    }
}

/// The name of an update's validator.
pub(super) fn validator(update: &MemberName) -> String {
    format!("validate_{update}")
}

/// The variable that holds an activity's result.
pub(super) fn result(activity: &MemberName) -> String {
    format!("{activity}_output")
}

/// How an activity is executed.
///
/// Invariant, from Temporal's documentation ("Detecting Activity failures"): at least one of
/// Start-To-Close and Schedule-To-Close is set; Schedule-To-Close is not below
/// Start-To-Close nor below Schedule-To-Start; the heartbeat timeout is below what bounds
/// one attempt.
///
/// Schedule-To-Close is always set: without it, an error that no retry can fix, such as a
/// result that is too large, is retried for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityOptions {
    start_to_close: Option<Timeout>,
    schedule_to_close: Timeout,
    schedule_to_start: Option<Timeout>,
    heartbeat: Option<Timeout>,
    max_attempts: Option<Attempts>,
}

/// Schedule-To-Close, unless another timeout needs more.
const DEFAULT_SCHEDULE_TO_CLOSE: Timeout = Timeout::seconds(86_400);

impl Default for ActivityOptions {
    /// A Start-To-Close timeout of 30 s, a Schedule-To-Close timeout of one day, and the SDK's
    /// retry policy.
    fn default() -> Self {
        Self {
            start_to_close: Some(Timeout::seconds(30)),
            schedule_to_close: DEFAULT_SCHEDULE_TO_CLOSE,
            schedule_to_start: None,
            heartbeat: None,
            max_attempts: None,
        }
    }
}

impl ActivityOptions {
    /// The options. Without either Close timeout, Start-To-Close is 30 s. Without
    /// Schedule-To-Close, that is one day, or ten times the longest of the other timeouts.
    ///
    /// # Errors
    ///
    /// Every pair of contradictory timeouts.
    pub fn checked(
        start_to_close: Option<Timeout>,
        schedule_to_close: Option<Timeout>,
        schedule_to_start: Option<Timeout>,
        heartbeat: Option<Timeout>,
        max_attempts: Option<Attempts>,
    ) -> Result<Self, Vec<Problem>> {
        let default = match (start_to_close, schedule_to_close) {
            (None, None) => Self::default().start_to_close,
            _ => None,
        };
        let start_to_close = start_to_close.or(default);
        let others = [start_to_close, schedule_to_start];
        let longest = others.into_iter().flatten().map(|other| other.times(10));
        let schedule_to_close = schedule_to_close
            .or_else(|| longest.chain([DEFAULT_SCHEDULE_TO_CLOSE]).max())
            .unwrap_or(DEFAULT_SCHEDULE_TO_CLOSE);
        let options = Self {
            start_to_close,
            schedule_to_close,
            schedule_to_start,
            heartbeat,
            max_attempts,
        };
        let wrong = options.wrong();
        if wrong.is_empty() {
            Ok(options)
        } else {
            Err(wrong)
        }
    }

    fn wrong(&self) -> Vec<Problem> {
        let mut wrong = Vec::new();
        let schedule = self.schedule_to_close;
        if let Some(start) = self.start_to_close
            && schedule < start
        {
            wrong.push(combination(
                format!(
                    "`--schedule-to-close {schedule}` is below `--start-to-close {start}`: the \
                     total of all attempts cannot be shorter than one attempt"
                ),
                format!("`--schedule-to-close` takes {start} or more"),
            ));
        }
        if let Some(queue) = self.schedule_to_start
            && schedule < queue
        {
            wrong.push(combination(
                format!(
                    "`--schedule-to-start {queue}` is above `--schedule-to-close {schedule}`: \
                     the total time includes the wait in the task queue"
                ),
                format!("`--schedule-to-start` takes {schedule} or less"),
            ));
        }
        let (flag, bound) = match self.start_to_close {
            Some(start) => ("--start-to-close", start),
            None => ("--schedule-to-close", schedule),
        };
        if let Some(heartbeat) = self.heartbeat
            && heartbeat >= bound
        {
            wrong.push(combination(
                format!(
                    "`--heartbeat {heartbeat}` is not below `{flag} {bound}`: an attempt would \
                     time out before a missing heartbeat is detected"
                ),
                format!("`--heartbeat` takes less than {bound}, or `{flag}` more"),
            ));
        }
        wrong
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn start_to_close(&self) -> Option<Timeout> {
        self.start_to_close
    }

    /// How long all attempts together may take.
    #[must_use]
    pub fn schedule_to_close(&self) -> Timeout {
        self.schedule_to_close
    }

    /// How long an attempt may wait in the task queue.
    #[must_use]
    pub fn schedule_to_start(&self) -> Option<Timeout> {
        self.schedule_to_start
    }

    /// The maximum time between two heartbeats of an attempt.
    #[must_use]
    pub fn heartbeat(&self) -> Option<Timeout> {
        self.heartbeat
    }

    /// The maximum number of attempts of an activity.
    #[must_use]
    pub fn max_attempts(&self) -> Option<Attempts> {
        self.max_attempts
    }

    /// Whether an activity that fails immediately is retried: the SDK's retry policy waits
    /// one second before the second attempt, which must fit into Schedule-To-Close.
    #[must_use]
    pub fn retries(&self) -> bool {
        const MARGIN: Timeout = Timeout::seconds(2);
        self.max_attempts.is_none_or(|attempts| attempts.get() > 1)
            && self.schedule_to_close >= MARGIN
    }
}
