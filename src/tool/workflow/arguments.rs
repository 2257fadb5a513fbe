//! The arguments of `add-temporal-workflow`.

use clap::{ArgAction, Args};

use crate::problem::ErrorCode;
use crate::python::{WorkflowName, distinct};
use crate::tool::Request;
use crate::tool::values::{Values, combination, usage};

use super::request::{ActivityOptions, AddTemporalWorkflow, DEFAULT_WAIT, Members};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The workflow's name, e.g. `order-processing`; several with commas or by repeating
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    /// The service to add them to, by name or folder [default: the only one with the client]
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,

    /// The module that makes the Temporal worker which runs them, if several do
    #[arg(long, value_name = "MODULE")]
    worker: Option<String>,

    /// A field of the input, e.g. `order_id:str`; several with commas or by repeating
    #[arg(long, value_name = "FIELD:TYPE", action = ArgAction::Append)]
    input: Vec<String>,

    /// A field of the result, e.g. `status:str`; several with commas or by repeating
    #[arg(long, value_name = "FIELD:TYPE", action = ArgAction::Append)]
    output: Vec<String>,

    /// An activity; several, with commas or by repeating, run in their order [default: `process`]
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    activity: Vec<String>,

    /// A signal that the workflow waits for, e.g. `approve` or `note:str`
    #[arg(long, value_name = "NAME[:TYPE]", action = ArgAction::Append)]
    signal: Vec<String>,

    /// A query, e.g. `progress:str`
    #[arg(long, value_name = "NAME:TYPE", action = ArgAction::Append)]
    query: Vec<String>,

    /// An update that the workflow waits for, with a validator, e.g. `address:str`
    #[arg(long, value_name = "NAME:TYPE", action = ArgAction::Append)]
    update: Vec<String>,

    /// Timeout of one attempt of an activity [default: 30s, without schedule-to-close]
    #[arg(long, value_name = "TIME")]
    start_to_close: Option<String>,

    /// Timeout of all attempts of an activity together [default: 1d, or ten times a longer
    /// start-to-close or schedule-to-start]
    #[arg(long, value_name = "TIME")]
    schedule_to_close: Option<String>,

    /// Timeout for an activity to wait for a worker
    #[arg(long, value_name = "TIME")]
    schedule_to_start: Option<String>,

    /// Timeout between two heartbeats of an activity; it then sends them
    #[arg(long, value_name = "TIME")]
    heartbeat: Option<String>,

    /// Maximum attempts of an activity [default: unlimited]
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<String>,

    /// How long the workflow waits for each signal and update; then it fails [default: 7d]
    #[arg(long, value_name = "TIME")]
    wait_timeout: Option<String>,

    /// Add routes to the service's FastAPI application that start a workflow, send its signals
    /// and updates, and read its queries and its result
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        value_name = "BOOL",
        default_missing_value = "true",
        default_value = "false",
        hide_default_value = true,
        hide_possible_values = true,
        action = ArgAction::Set
    )]
    route: bool,
}

impl Arguments {
    pub(super) fn request(self, values: &mut Values) -> Option<Request> {
        let Self {
            names,
            service,
            worker,
            input,
            output,
            activity,
            signal,
            query,
            update,
            start_to_close,
            schedule_to_close,
            schedule_to_start,
            heartbeat,
            max_attempts,
            wait_timeout,
            route,
        } = self;
        let names = values.many::<WorkflowName>(&names);
        let service = values.optional(service.as_deref());
        let input = values.fields(&input, "--input");
        let output = values.fields(&output, "--output");
        let activities = values.many(&activity);
        let signals = values.many(&signal);
        let queries = values.many(&query);
        let updates = values.many(&update);
        let start_to_close = values.optional(start_to_close.as_deref());
        let schedule_to_close = values.optional(schedule_to_close.as_deref());
        let schedule_to_start = values.optional(schedule_to_start.as_deref());
        let heartbeat = values.optional(heartbeat.as_deref());
        let max_attempts = values.optional(max_attempts.as_deref());
        let wait = values.optional(wait_timeout.as_deref());
        let names = names?;
        if names.is_empty() {
            let message = "no workflow is named".to_owned();
            let hint = "bluetext add-temporal-workflow greeting".to_owned();
            values
                .problems
                .push(usage(ErrorCode::InvalidName, message, Some(hint)));
        }
        if let Err(error) = distinct(&names) {
            values.wrong(&error);
        }
        let options = ActivityOptions::checked(
            start_to_close?,
            schedule_to_close?,
            schedule_to_start?,
            heartbeat?,
            max_attempts?,
        );
        let options = values.together(options);
        let members = Members::checked(&names, activities?, signals?, queries?, updates?);
        let members = values.together(members);
        let (wait, members) = (wait?, members?);
        if wait.is_some() && !members.waits() {
            values.problems.push(combination(
                "`--wait-timeout` has no effect: the workflow waits for nothing".to_owned(),
                "add a `--signal` or an `--update`, or omit it".to_owned(),
            ));
        }
        Some(Request::AddTemporalWorkflow(AddTemporalWorkflow {
            names,
            service: service?,
            worker: worker.filter(|worker| !worker.trim().is_empty()),
            input: input?,
            output: output?,
            members,
            options: options?,
            wait: wait.unwrap_or(DEFAULT_WAIT),
            route,
        }))
    }
}
