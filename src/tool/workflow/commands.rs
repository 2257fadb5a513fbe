//! The commands that run a workflow on the real server.

use super::request::AddTemporalWorkflow;
use crate::name::{FieldType, shell_word};
use crate::plan::Next;
use crate::python::{Field, MemberName, WorkflowName};

/// An execution of a workflow with sample values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleExecution {
    /// The workflow's type.
    pub kind: String,
    /// The task queue of its worker.
    pub queue: String,
    /// Its input, as JSON.
    pub input: String,
    /// The messages to send while it runs, in this order.
    pub messages: Vec<SampleMessage>,
    /// Whether it ends only after messages.
    waits: bool,
}

/// A message to a workflow, with a sample value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleMessage {
    /// Its kind.
    pub kind: SampleKind,
    /// Its name.
    pub name: String,
    /// Its input, as JSON.
    pub input: Option<String>,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// It is answered from the workflow's state.
    Query,
    /// The workflow waits for it.
    Signal,
    /// The workflow waits for it, and answers.
    Update,
}

impl SampleExecution {
    /// An execution of the workflow of a request.
    pub(super) fn of(name: &WorkflowName, arguments: &AddTemporalWorkflow, queue: &str) -> Self {
        let members = &arguments.members;
        let input = |name: &MemberName, kind: &FieldType| {
            json_object(&[Field {
                name: name.to_string(),
                kind: kind.clone(),
            }])
        };
        let message = |kind, name: &MemberName, input| SampleMessage {
            kind,
            name: name.to_string(),
            input,
        };
        let queries = members.queries().iter();
        let queries = queries.map(|query| message(SampleKind::Query, &query.name, None));
        let signals = members.signals().iter().map(|signal| {
            let input = signal.kind.as_ref().map(|kind| input(&signal.name, kind));
            message(SampleKind::Signal, &signal.name, input)
        });
        let updates = members.updates().iter().map(|update| {
            let input = input(&update.name, &update.kind);
            message(SampleKind::Update, &update.name, Some(input))
        });
        Self {
            kind: format!("{}Workflow", name.class()),
            queue: queue.to_owned(),
            input: json_object(&arguments.input),
            messages: queries.chain(signals).chain(updates).collect(),
            waits: members.waits(),
        }
    }
}

/// The commands that run a workflow on the real server. A workflow with messages gets one
/// command to start it, one per message, and one for the result.
pub(super) fn run(name: &WorkflowName, arguments: &AddTemporalWorkflow, queue: &str) -> Vec<Next> {
    let sample = SampleExecution::of(name, arguments, queue);
    let start = format!(
        "--task-queue {} --type {} --input '{}'",
        shell_word(queue),
        sample.kind,
        sample.input
    );
    let next = |command: String, why: &str| Next {
        tool: None,
        command: format!("temporal workflow {command}"),
        why: why.to_owned(),
    };
    let has_queries = !arguments.members.queries().is_empty();
    if !sample.waits && !has_queries {
        return vec![next(
            format!("execute {start}"),
            "runs the workflow, when a worker is running",
        )];
    }
    let id = format!("--workflow-id {name}-1");
    let mut commands = vec![next(
        format!("start {id} {start}"),
        "starts the workflow, when a worker is running",
    )];
    for SampleMessage { kind, name, input } in sample.messages {
        let input = input.map_or_else(String::new, |input| format!(" --input '{input}'"));
        commands.push(match kind {
            SampleKind::Query => next(
                format!("query {id} --type {name}"),
                "queries the workflow at any time",
            ),
            SampleKind::Signal => next(
                format!("signal {id} --name {name}{input}"),
                "sends the signal that the workflow waits for",
            ),
            SampleKind::Update => next(
                format!("update execute {id} --name {name}{input}"),
                "sends the update that the workflow waits for, and prints the answer",
            ),
        });
    }
    commands.push(next(
        format!("result {id}"),
        "waits for the end, and prints the result",
    ));
    commands
}

fn json_object(fields: &[Field]) -> String {
    let values: Vec<String> = fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldType::Optional(_)))
        .map(|field| {
            format!(
                "\"{}\": {}",
                field.name,
                json_sample(&field.kind, &field.name)
            )
        })
        .collect();
    format!("{{{}}}", values.join(", "))
}

fn json_sample(kind: &FieldType, text: &str) -> String {
    match kind {
        FieldType::Str => format!("\"{text}\""),
        FieldType::Int => "1".to_owned(),
        FieldType::Float => "1.5".to_owned(),
        FieldType::Bool => "true".to_owned(),
        FieldType::Bytes => "\"AP8=\"".to_owned(),
        FieldType::Datetime => "\"2026-01-02T03:04:05Z\"".to_owned(),
        FieldType::Date => "\"2026-01-02\"".to_owned(),
        FieldType::Timedelta => "\"PT90S\"".to_owned(),
        FieldType::Uuid => "\"00000000-0000-0000-0000-000000000001\"".to_owned(),
        FieldType::Decimal => "\"1.10\"".to_owned(),
        FieldType::List(inner) => format!("[{}]", json_sample(inner, text)),
        FieldType::Dict(inner) => format!("{{\"key\": {}}}", json_sample(inner, text)),
        FieldType::Optional(inner) => json_sample(inner, text),
    }
}
