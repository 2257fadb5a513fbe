//! The tool descriptions for MCP clients, with input and output schemas.
//!
//! A client pays for the list in tokens with every session. The output schemas are therefore
//! short: they name what a model acts on, and the documents have more.

use std::sync::{Arc, OnceLock};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::cli;
use crate::tool::{Argument, Takes, ToolInfo, all_tools};

/// The tool that reports the state of the project; always listed.
pub(super) const STATUS: &str = "status";

/// The tool that checks workflow code.
pub(super) const CHECK: &str = "check";

/// The tool that runs tests and workflows.
pub(super) const VERIFY: &str = "verify";

/// A tool that is a command, and no step.
pub(super) struct CommandInfo {
    pub(super) name: &'static str,
    title: &'static str,
    description: &'static str,
    example: &'static str,
    output: fn() -> Value,
    reads_only: bool,
}

/// The tools besides the steps.
pub(super) const COMMANDS: [CommandInfo; 3] = [
    CommandInfo {
        name: STATUS,
        title: "Show the project and the next call",
        description: "Reports the state of the project and the next call. Changes nothing.",
        example: "{}",
        output: || {
            shared(&json!({
                "status": {"type": "string", "enum": ["ok", "refused", "failed"]},
                "services": list("name, path, client, workflows"),
                "warnings": list("code, message"),
            }))
        },
        reads_only: true,
    },
    CommandInfo {
        name: CHECK,
        title: "Check workflow code",
        description: "Finds what breaks the rules of workflow code (clocks, randomness, I/O, \
                      threads, global state, missing timeouts), with line, reason and \
                      replacement. Runs nothing.",
        example: "{}",
        output: || {
            shared(&json!({
                "status": {"type": "string", "enum": ["ok", "refused", "failed"]},
                "findings": list("code, path, line, message, instead"),
            }))
        },
        reads_only: true,
    },
    CommandInfo {
        name: VERIFY,
        title: "Run tests and workflows",
        description: "Proves that workflows run: installs the service, runs its tests, and \
                      executes each workflow on a temporary Temporal server. Activities run for \
                      real. Takes 10 s to minutes.",
        example: r#"{"names": ["order"]}"#,
        output: || {
            shared(&json!({
                "status": {"type": "string", "enum": ["passed", "failed", "refused", "not_run"]},
                "summary": {"type": "string", "description": "The result; the cause if it failed"},
                "services": list("tests; workflows: workflow, status, cause, result, events"),
            }))
        },
        reads_only: false,
    },
];

/// The names of all tools.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let commands = COMMANDS.iter().map(|command| command.name);
    all_tools().map(|tool| tool.name).chain(commands)
}

/// The description of a tool, built once.
pub(super) fn described(name: &'static str) -> Tool {
    static DESCRIBED: OnceLock<Vec<Tool>> = OnceLock::new();
    let all = DESCRIBED.get_or_init(|| {
        let steps = all_tools().map(of_tool);
        steps.chain(COMMANDS.iter().map(of_command)).collect()
    });
    match all.iter().find(|tool| tool.name == name) {
        Some(tool) => tool.clone(),
        None => unreachable!("`{name}` is no tool"),
    }
}

/// A step, or what undoes one. It works in the project alone, and a second call changes nothing.
fn of_tool(tool: &'static ToolInfo) -> Tool {
    let about = match tool.undoes {
        None => format!("Adds {}. Safe to call again.", tool.about),
        Some(step) => format!(
            "Removes {}, as `{}` has added it. What somebody has changed since is kept.",
            tool.about, step.name
        ),
    };
    let description = match tool.note {
        "" => about,
        note => format!("{about} {note}"),
    };
    let annotations = ToolAnnotations::new()
        .read_only(false)
        .destructive(tool.undoes.is_some())
        .idempotent(true)
        .open_world(false);
    Tool::new(tool.name, description, input_schema(tool.name, tool.call))
        .with_title(tool.title)
        .with_raw_output_schema(Arc::new(object(report_schema())))
        .with_annotations(annotations)
}

/// What does not only read runs the user's code, which may do anything.
fn of_command(command: &'static CommandInfo) -> Tool {
    let CommandInfo {
        name,
        title,
        description,
        example,
        output,
        reads_only,
    } = *command;
    let annotations = ToolAnnotations::new()
        .read_only(reads_only)
        .destructive(!reads_only)
        .idempotent(reads_only)
        .open_world(!reads_only);
    Tool::new(name, description, input_schema(name, example))
        .with_title(title)
        .with_raw_output_schema(Arc::new(object(output())))
        .with_annotations(annotations)
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

/// The input schema of a tool, with an example of its arguments. Uses only basic types, without
/// references or additional properties, so that the strictest clients accept it.
fn input_schema(name: &str, example: &str) -> JsonObject {
    let arguments = cli::arguments_of(name);
    let property = |argument: &Argument| {
        let Argument { about, default, .. } = argument;
        let mut schema = match argument.takes {
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
            }),
        };
        if let (Takes::Number(..), Ok(default)) = (argument.takes, default.parse::<u32>()) {
            schema["default"] = json!(default);
        }
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
        "examples": [serde_json::from_str::<Value>(example).unwrap_or_default()],
    }))
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => unreachable!("a schema is an object"),
    }
}
