//! The tool descriptions for MCP clients, with input and output schemas.

use std::sync::{Arc, OnceLock};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::cli;
use crate::report::{Report, StatusReport};
use crate::tool::{Argument, Takes, all_tools, tool_of};

/// The tool that reports the state of the project; always listed.
pub(super) const STATUS: &str = "status";

/// The description of a tool, built once.
pub(super) fn described(name: &'static str) -> Tool {
    static DESCRIBED: OnceLock<Vec<Tool>> = OnceLock::new();
    let all = DESCRIBED.get_or_init(|| {
        let names = all_tools().map(|tool| tool.name).chain([STATUS]);
        names.map(description).collect()
    });
    match all.iter().find(|tool| tool.name == name) {
        Some(tool) => tool.clone(),
        None => unreachable!("`{name}` is no tool"),
    }
}

fn description(name: &'static str) -> Tool {
    let tool = tool_of(name);
    let (about, schema, output) = match tool {
        Some(tool) => (
            match tool.undoes {
                None => format!("Adds {}. Safe to call again.", tool.about),
                Some(step) => format!(
                    "Removes {}, as `{}` has added it. What somebody has changed since is kept.",
                    tool.about, step.name
                ),
            },
            input_schema(&cli::arguments_of(name)),
            Report::schema(),
        ),
        None => (
            "Reports the state of the project and the next call. Changes nothing.".to_owned(),
            input_schema(&[]),
            StatusReport::schema(),
        ),
    };
    let mut output = object(output);
    output.remove("$schema");
    let annotations = ToolAnnotations::new()
        .read_only(name == STATUS)
        .destructive(tool.is_some_and(|tool| tool.undoes.is_some()))
        .idempotent(true)
        .open_world(false);
    Tool::new(name, about, schema)
        .with_raw_output_schema(Arc::new(output))
        .with_annotations(annotations)
}

/// The input schema of a tool. Uses only basic types, without references or additional
/// properties, so that the strictest clients accept it.
fn input_schema(arguments: &[Argument]) -> JsonObject {
    let property = |argument: &Argument| {
        let Argument { about, default, .. } = argument;
        let schema = match argument.takes {
            Takes::Flag => json!({"type": "boolean", "description": about, "default": false}),
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
