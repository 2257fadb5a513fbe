//! The request that made a workflow, as it is kept on record.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::TOOL;
use super::commands::SampleExecution;
use super::request::AddTemporalWorkflow;
use crate::name::shell_word;
use crate::python::WorkflowName;
use crate::record::Record;
use crate::tool::{Request, Values};

/// The options of a request, by the names of their flags, with the values that are used:
/// defaults may be others in a later version.
pub(super) fn options_of(request: &AddTemporalWorkflow) -> BTreeMap<String, String> {
    let members = &request.members;
    let mut options = BTreeMap::new();
    let mut list = |flag: &str, values: Vec<String>| {
        if !values.is_empty() {
            options.insert(flag.to_owned(), values.join(","));
        }
    };
    let typed = |name: &dyn Display, kind: &dyn Display| format!("{name}:{kind}");
    let fields = |fields: &[crate::python::Field]| {
        let fields = fields.iter();
        fields
            .map(|field| typed(&field.name, &field.kind))
            .collect()
    };
    list("input", fields(&request.input));
    list("output", fields(&request.output));
    list(
        "activity",
        members
            .activities()
            .iter()
            .map(ToString::to_string)
            .collect(),
    );
    let signals = members.signals().iter().map(|signal| match &signal.kind {
        Some(kind) => typed(&signal.name, kind),
        None => signal.name.to_string(),
    });
    list("signal", signals.collect());
    let messages = |messages: &[crate::python::Message]| {
        let messages = messages.iter();
        messages
            .map(|message| typed(&message.name, &message.kind))
            .collect()
    };
    list("query", messages(members.queries()));
    list("update", messages(members.updates()));
    let chosen = &request.options;
    let timeouts = [
        ("start-to-close", chosen.start_to_close()),
        ("schedule-to-close", Some(chosen.schedule_to_close())),
        ("schedule-to-start", chosen.schedule_to_start()),
        ("heartbeat", chosen.heartbeat()),
        (
            "wait-timeout",
            Some(request.wait).filter(|_| members.waits()),
        ),
    ];
    for (flag, timeout) in timeouts {
        list(flag, timeout.iter().map(ToString::to_string).collect());
    }
    let attempts = chosen.max_attempts();
    list(
        "max-attempts",
        attempts
            .iter()
            .map(|attempts| attempts.get().to_string())
            .collect(),
    );
    list(
        "route",
        request.route.then(String::new).into_iter().collect(),
    );
    options
}

/// The request that is on record; `None` if it cannot be read.
pub(in crate::tool) fn request_of(record: &Record) -> Option<AddTemporalWorkflow> {
    let name = record.workflow.as_deref()?;
    let mut line = vec![TOOL.name.to_owned()];
    line.extend(
        record
            .options
            .iter()
            .map(|(flag, value)| match value.as_str() {
                "" => format!("--{flag}"),
                value => format!("--{flag}={value}"),
            }),
    );
    line.extend(["--".to_owned(), name.to_owned()]);
    let matches = TOOL.command().try_get_matches_from(line).ok()?;
    match TOOL.request(&matches, &mut Values::default())? {
        Request::AddTemporalWorkflow(request) => Some(request),
        _ => None,
    }
}

/// The name of the workflow that is on record.
pub(in crate::tool) fn name_of(record: &Record) -> Option<WorkflowName> {
    record.workflow.as_deref()?.parse().ok()
}

/// The command that repeats a request; `service` is the flag that chooses the service, if needed.
pub(super) fn command(
    name: &WorkflowName,
    options: &BTreeMap<String, String>,
    service: &str,
) -> String {
    let flags = options.iter().map(|(flag, value)| match value.as_str() {
        "" => format!(" --{flag}"),
        value => format!(" --{flag} {}", shell_word(value)),
    });
    let flags: String = flags.collect();
    format!("bluetext {} {name}{service}{flags}", TOOL.name)
}

/// The name of the workflow that is on record, and an execution of it with sample values.
pub(in crate::tool) fn recorded_sample(
    record: &Record,
    queue: &str,
) -> Option<(String, SampleExecution)> {
    let request = request_of(record)?;
    let name = name_of(record)?;
    Some((
        name.to_string(),
        SampleExecution::of(&name, &request, queue),
    ))
}
