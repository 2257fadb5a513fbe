//! The commands that run a workflow on the real server.

use super::request::AddTemporalWorkflow;
use crate::name::{FieldType, shell_word};
use crate::plan::Next;
use crate::python::{Field, MemberName, WorkflowName};

/// The commands that run a workflow on the real server. A workflow with messages gets one
/// command to start it, one per message, and one for the result.
pub(super) fn run(name: &WorkflowName, arguments: &AddTemporalWorkflow, queue: &str) -> Vec<Next> {
    let members = &arguments.members;
    let start = format!(
        "--task-queue {} --type {}Workflow --input '{}'",
        shell_word(queue),
        name.class(),
        json_object(&arguments.input)
    );
    let next = |command: String, why: &str| Next {
        tool: None,
        command: format!("temporal workflow {command}"),
        why: why.to_owned(),
    };
    if !members.waits() && members.queries().is_empty() {
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
    for query in members.queries() {
        commands.push(next(
            format!("query {id} --type {}", query.name),
            "queries the workflow at any time",
        ));
    }
    let input = |name: &MemberName, kind: &FieldType| {
        let field = Field {
            name: name.to_string(),
            kind: kind.clone(),
        };
        format!(" --input '{}'", json_object(&[field]))
    };
    for signal in members.signals() {
        let given = signal.kind.as_ref().map(|kind| input(&signal.name, kind));
        commands.push(next(
            format!(
                "signal {id} --name {}{}",
                signal.name,
                given.unwrap_or_default()
            ),
            "sends the signal that the workflow waits for",
        ));
    }
    for update in members.updates() {
        let given = input(&update.name, &update.kind);
        commands.push(next(
            format!("update execute {id} --name {}{given}", update.name),
            "sends the update that the workflow waits for, and prints the answer",
        ));
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
