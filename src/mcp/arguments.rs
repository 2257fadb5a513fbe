//! Converts the arguments of a call to a command line, as hosts send them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use rmcp::model::JsonObject;
use serde_json::Value;

use crate::cli;
use crate::tool::{Argument, Takes};

/// The command line for a call's arguments, or why they are invalid.
pub(super) fn checked_command_line(
    tool: &str,
    mut arguments: JsonObject,
) -> Result<Vec<OsString>, String> {
    let known = cli::arguments_of(tool);
    let names: BTreeSet<&str> = known.iter().map(|a| a.name.as_str()).collect();
    if let Some(name) = arguments.keys().find(|name| !names.contains(name.as_str())) {
        let names: Vec<&str> = names.into_iter().collect();
        let takes = match names.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        return Err(format!(
            "`{tool}` takes no argument `{name}`: it takes {takes}"
        ));
    }
    let mut given = Vec::new();
    for argument in known {
        let name = argument.name.clone();
        // Hosts send null for what is not given.
        let value = arguments.remove(&name).filter(|value| !value.is_null());
        match value.map_or(Some(None), |value| values_of(&argument, &value)) {
            None => return Err(format!("`{name}` must be {}", expected(argument.takes))),
            Some(None) if argument.is_required => {
                let expected = expected(argument.takes);
                return Err(format!("`{name}` is required: {expected}"));
            }
            Some(None) => {}
            Some(Some(values)) => given.push((argument, values)),
        }
    }
    Ok(cli::command_line(tool, &given))
}

/// The values of an argument as text. `Some(None)` if the value equals an omitted argument,
/// `None` if it has the wrong type. Values within strings are understood.
#[expect(clippy::option_option, reason = "wrong, not given, given")]
fn values_of(argument: &Argument, value: &Value) -> Option<Option<Vec<String>>> {
    let values = match (argument.takes, value) {
        (Takes::Flag, Value::Bool(is_set)) => return Some(is_set.then(Vec::new)),
        (Takes::Flag, Value::String(text)) => {
            let is_set = match text.trim().to_ascii_lowercase().as_str() {
                "true" => true,
                "false" | "" => false,
                _ => return None,
            };
            return Some(is_set.then(Vec::new));
        }
        (Takes::Text, value) => vec![text_of(value)?],
        (Takes::Number(..), Value::String(text)) if text.trim().is_empty() => Vec::new(),
        (Takes::Number(least, most), value) => {
            // JSON Schema, 6.1.1: `4.0` is an integer.
            let number = match value {
                Value::String(text) => text.trim().parse().ok(),
                value => value.as_f64(),
            };
            let number = number.filter(|number: &f64| number.fract() == 0.0)?;
            let is_in_range = (f64::from(least)..=f64::from(most)).contains(&number);
            vec![is_in_range.then(|| format!("{number:.0}"))?]
        }
        (Takes::Texts, Value::Array(items)) => {
            items.iter().map(text_of).collect::<Option<Vec<String>>>()?
        }
        (Takes::Texts, value) => {
            let text = text_of(value)?;
            match serde_json::from_str::<Vec<String>>(&text) {
                Ok(items) => items,
                Err(_) => vec![text],
            }
        }
        _ => return None,
    };
    let is_given = values.iter().any(|value| !value.trim().is_empty());
    Some(is_given.then_some(values))
}

/// A string, or a number as one.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn expected(takes: Takes) -> String {
    match takes {
        Takes::Flag => "true or false".to_owned(),
        Takes::Text => "a string".to_owned(),
        Takes::Texts => "a list of strings".to_owned(),
        Takes::Number(least, most) => format!("an integer from {least} to {most}"),
    }
}
