//! Converts a call's arguments to a command line, and a report to the call's result.

use std::collections::BTreeSet;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use crate::cli;
use crate::report::{ExitCode, Report};
use crate::tool::{Argument, Takes};

/// The result of a call.
pub(super) struct Answer {
    pub(super) is_error: bool,
    /// Error text that a model reads before the document; may be empty.
    pub(super) text: String,
    /// The report as JSON text.
    pub(super) document: String,
    /// The same as data.
    pub(super) json: Value,
}

impl Answer {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            is_error: report.exit() != ExitCode::Done,
            text: report.trouble_text(),
            document: report.json(),
            json: json!(report),
        }
    }

    pub(super) fn result(self) -> CallToolResult {
        let mut result = if self.is_error {
            CallToolResult::structured_error(self.json)
        } else {
            CallToolResult::structured(self.json)
        };
        let texts = [self.text, self.document];
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        result.content = texts.map(ContentBlock::text).collect();
        result
    }
}

/// The command line for a call's arguments, or why they are invalid.
pub(super) fn checked_command_line(
    tool: &str,
    mut arguments: JsonObject,
) -> Result<Vec<std::ffi::OsString>, String> {
    let known = cli::arguments_of(tool);
    let names: BTreeSet<&str> = known.iter().map(|a| a.name.as_str()).collect();
    if let Some(name) = arguments.keys().find(|name| !names.contains(name.as_str())) {
        let names: Vec<&str> = names.into_iter().collect();
        return Err(format!(
            "`{tool}` takes no argument `{name}`: it takes {}",
            names.join(", ")
        ));
    }
    let mut given = Vec::new();
    for argument in known {
        let name = argument.name.clone();
        match arguments.remove(&name) {
            None if argument.is_required => {
                return Err(format!(
                    "`{name}` is required: {}",
                    expected(argument.takes)
                ));
            }
            None => {}
            Some(value) => {
                let values = values_of(&argument, &value)
                    .ok_or_else(|| format!("`{name}` must be {}", expected(argument.takes)))?;
                if let Some(values) = values {
                    given.push((argument, values));
                }
            }
        }
    }
    Ok(cli::command_line(tool, &given))
}

/// The values of an argument as text. `Some(None)` if the value equals an omitted argument,
/// `None` if it has the wrong type.
#[expect(clippy::option_option, reason = "wrong, not given, given")]
fn values_of(argument: &Argument, value: &Value) -> Option<Option<Vec<String>>> {
    let values = match (argument.takes, value) {
        (Takes::Flag, Value::Bool(is_set)) => return Some(is_set.then(Vec::new)),
        (Takes::Text | Takes::Texts, Value::String(text)) => vec![text.clone()],
        (Takes::Number(least, most), Value::Number(number)) => {
            // JSON Schema, 6.1.1: `4.0` is an integer.
            let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
            let is_in_range = (f64::from(least)..=f64::from(most)).contains(&number);
            vec![is_in_range.then(|| format!("{number:.0}"))?]
        }
        (Takes::Texts, Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()?,
        _ => return None,
    };
    let is_given = values.iter().any(|value| !value.trim().is_empty());
    Some(is_given.then_some(values))
}

fn expected(takes: Takes) -> String {
    match takes {
        Takes::Flag => "true or false".to_owned(),
        Takes::Text => "a string".to_owned(),
        Takes::Texts => "a list of strings".to_owned(),
        Takes::Number(least, most) => format!("an integer from {least} to {most}"),
    }
}
