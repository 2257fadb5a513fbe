//! The tool descriptions for MCP clients, with input and output schemas.
//!
//! A client pays for the list in tokens with every session. The output schemas are therefore
//! short: they name what a model acts on, and the documents have more.

use std::sync::{Arc, OnceLock};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::cli;
use crate::tool::{Argument, Takes, all_tools, tool_of};

/// The tool that reports the state of the project; always listed.
pub(super) const STATUS: &str = "status";

/// The tool that checks workflow code.
pub(super) const CHECK: &str = "check";

/// The tool that runs tests and workflows.
pub(super) const VERIFY: &str = "verify";

/// The tools besides the steps.
pub(super) const COMMANDS: [&str; 3] = [STATUS, CHECK, VERIFY];

/// What a tool is for, besides what its arguments say.
struct About {
    title: &'static str,
    description: String,
    example: Value,
    output: Value,
    annotations: ToolAnnotations,
}

/// The description of a tool, built once.
pub(super) fn described(name: &'static str) -> Tool {
    static DESCRIBED: OnceLock<Vec<Tool>> = OnceLock::new();
    let all = DESCRIBED.get_or_init(|| {
        let names = all_tools().map(|tool| tool.name).chain(COMMANDS);
        names.map(description).collect()
    });
    match all.iter().find(|tool| tool.name == name) {
        Some(tool) => tool.clone(),
        None => unreachable!("`{name}` is no tool"),
    }
}

fn description(name: &'static str) -> Tool {
    let about = about(name);
    let arguments = match name {
        STATUS => Vec::new(),
        name => cli::arguments_of(name),
    };
    let mut schema = input_schema(&arguments);
    schema.insert("examples".to_owned(), json!([about.example]));
    Tool::new(name, about.description, schema)
        .with_title(about.title)
        .with_raw_output_schema(Arc::new(object(about.output)))
        .with_annotations(about.annotations)
}

fn about(name: &'static str) -> About {
    let title = match name {
        "add-temporal" => "Add a Temporal server",
        "add-temporal-client" => "Add the Temporal client to a service",
        "add-temporal-workflow" => "Add workflows to a service",
        "remove-temporal-workflow" => "Remove a workflow",
        "remove-temporal-client" => "Remove the Temporal client",
        "remove-temporal" => "Remove the Temporal server",
        CHECK => "Check workflow code",
        VERIFY => "Run tests and workflows",
        _ => "Show the project and the next call",
    };
    let annotations = ToolAnnotations::new();
    if let Some(tool) = tool_of(name) {
        let description = match tool.undoes {
            None => format!("Adds {}. Safe to call again.", tool.about),
            Some(step) => format!(
                "Removes {}, as `{}` has added it. What somebody has changed since is kept.",
                tool.about, step.name
            ),
        };
        let (types, example) = match name {
            "add-temporal-workflow" => (
                " Fields are NAME:TYPE; types: str int float bool bytes datetime date timedelta \
                 uuid decimal, list[T], dict[str,T], T? for optional. Durations: 500ms 30s 5m 2h \
                 1d.",
                json!({"names": ["order"], "input": ["order_id:str", "amount:decimal"],
                       "output": ["status:str"], "activity": ["reserve", "charge"],
                       "signal": ["approve"]}),
            ),
            "remove-temporal-workflow" => ("", json!({"name": "order"})),
            "add-temporal-client" | "remove-temporal-client" => ("", json!({"service": "api"})),
            _ => ("", json!({})),
        };
        return About {
            title,
            description: description + types,
            example,
            output: report_schema(),
            annotations: annotations
                .read_only(false)
                .destructive(tool.undoes.is_some())
                .idempotent(true)
                .open_world(false),
        };
    }
    match name {
        CHECK => About {
            title,
            description: "Finds what breaks the rules of workflow code (clocks, randomness, I/O, \
                          threads, global state, missing timeouts), with line, reason and \
                          replacement. Runs nothing."
                .to_owned(),
            example: json!({}),
            output: check_schema(),
            annotations: annotations
                .read_only(true)
                .destructive(false)
                .idempotent(true)
                .open_world(false),
        },
        VERIFY => About {
            title,
            description: "Proves that workflows run: installs the service, runs its tests, and \
                          executes each workflow on a temporary Temporal server. Activities run \
                          for real. Takes 10 s to minutes."
                .to_owned(),
            example: json!({"names": ["order"]}),
            output: verify_schema(),
            annotations: annotations
                .read_only(false)
                .destructive(false)
                .idempotent(false)
                .open_world(true),
        },
        _ => About {
            title,
            description: "Reports the state of the project and the next call. Changes nothing."
                .to_owned(),
            example: json!({}),
            output: status_schema(),
            annotations: annotations
                .read_only(true)
                .destructive(false)
                .idempotent(true)
                .open_world(false),
        },
    }
}

/// What every document has: the next calls, and why it was not possible.
fn shared(own: &Value) -> Value {
    let mut properties = object(json!({
        "next": {
            "type": "array",
            "description": "The calls to make next, best first",
            "items": {"type": "object"},
        },
        "error": {"description": "null, or code, message, hint"},
    }));
    properties.extend(object(own.clone()));
    json!({"type": "object", "properties": properties, "required": ["status", "next"]})
}

fn list(about: &str) -> Value {
    json!({"type": "array", "description": about, "items": {"type": "object"}})
}

fn report_schema() -> Value {
    shared(&json!({
        "status": {"type": "string", "enum": ["applied", "unchanged", "planned", "refused", "failed"]},
        "changes": list("path, action"),
        "warnings": list("code, message"),
    }))
}

fn status_schema() -> Value {
    shared(&json!({
        "status": {"type": "string", "enum": ["ok", "refused", "failed"]},
        "services": list("name, path, client, workflows"),
        "warnings": list("code, message"),
    }))
}

fn check_schema() -> Value {
    shared(&json!({
        "status": {"type": "string", "enum": ["ok", "refused", "failed"]},
        "findings": list("code, path, line, message, instead"),
    }))
}

fn verify_schema() -> Value {
    shared(&json!({
        "status": {"type": "string", "enum": ["passed", "failed", "refused", "not_run"]},
        "summary": {"type": "string", "description": "The result; the cause if it failed"},
        "services": list("tests; workflows: workflow, status, cause, result, events"),
    }))
}

/// The input schema of a tool. Uses only basic types, without references or additional
/// properties, so that the strictest clients accept it.
fn input_schema(arguments: &[Argument]) -> JsonObject {
    let property = |argument: &Argument| {
        let Argument { about, default, .. } = argument;
        let schema = match argument.takes {
            Takes::Flag => json!({"type": "boolean", "description": about}),
            Takes::Text if default.is_empty() => json!({"type": "string", "description": about}),
            Takes::Text => json!({"type": "string", "description": about, "default": default}),
            Takes::Texts => json!({
                "type": "array",
                "items": {"type": "string"},
                "description": about,
            }),
            Takes::Number(least, most) => json!({
                "type": "integer",
                "minimum": least,
                "maximum": most,
                "description": about,
                "default": default.parse::<u32>().unwrap_or(least),
            }),
        };
        (argument.name.clone(), schema)
    };
    let properties: JsonObject = arguments.iter().map(property).collect();
    let required: Vec<&str> = arguments
        .iter()
        .filter(|argument| argument.is_required)
        .map(|argument| argument.name.as_str())
        .collect();
    object(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => unreachable!("a schema is an object"),
    }
}
