//! Converts a call's arguments to a command line, and a report to the call's result.

use std::collections::BTreeSet;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use super::schema::STATUS;
use crate::cli;
use crate::report::{Document, ExitCode};
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
    /// Findings, and a workflow that fails, are results and no errors.
    pub(super) fn of(report: &impl Document) -> Self {
        let results = [ExitCode::Done, ExitCode::WouldChange, ExitCode::NotVerified];
        Self {
            is_error: !results.contains(&report.exit()),
            text: report.trouble_text(),
            document: report.json(),
            json: json!(report),
        }
    }

    pub(super) fn result(mut self) -> CallToolResult {
        self.json = in_words_of_calls(self.json);
        self.text = as_calls(&self.text);
        // The text is the same document.
        self.document = serde_json::to_string_pretty(&self.json).unwrap_or(self.document);
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

/// A report for a client that calls tools: its error and warnings name arguments, not flags, and
/// every error has a hint and a call to make next.
pub fn in_words_of_calls(mut report: Value) -> Value {
    let command = report["command"].as_str().unwrap_or_default().to_owned();
    if report["error"].is_object() {
        let hint = &mut report["error"]["hint"];
        if hint.is_null() {
            *hint = json!(format!(
                "see the input schema of `{command}`, which has an example"
            ));
        }
        if report["next"].as_array().is_some_and(Vec::is_empty) {
            report["next"] = json!([{
                "tool": STATUS,
                "command": "bluetext status --format json",
                "why": "shows what the project has, and the next call",
            }]);
        }
    }
    let rewrite = |problem: &mut Value| {
        for name in ["message", "hint"] {
            if let Some(Value::String(text)) = problem.get_mut(name) {
                *text = as_calls(text);
            }
        }
    };
    if let Some(error) = report.get_mut("error").filter(|error| error.is_object()) {
        rewrite(error);
        if let Some(Value::Array(others)) = error.get_mut("others") {
            others.iter_mut().for_each(rewrite);
        }
    }
    if let Some(Value::Array(warnings)) = report.get_mut("warnings") {
        warnings.iter_mut().for_each(rewrite);
    }
    report
}

/// A text with the arguments of calls in place of flags: `service: shop` for `--service shop`,
/// and without the advice to ask the command line for help.
fn as_calls(text: &str) -> String {
    let text = text
        .replace("\n\nFor more information, try '--help'.", "")
        .replace("bluetext add-", "add-")
        .replace("bluetext remove-", "remove-");
    let mut result = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("--") {
        let (before, after) = rest.split_at(at);
        let is_start = before.is_empty()
            || before.ends_with(|c: char| c.is_whitespace() || matches!(c, '`' | '\'' | '('));
        let name: String = after[2..]
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '-')
            .collect();
        result.push_str(before);
        if !is_start || name.is_empty() || name.starts_with('-') {
            result.push_str("--");
            rest = &after[2..];
            continue;
        }
        result.push_str(&name.replace('-', "_"));
        rest = &after[2 + name.len()..];
        // The value of the flag, or the name that clap shows for it.
        if let Some(value) = rest.strip_prefix([' ', '=']) {
            if let Some((_, after)) = value.strip_prefix('<').and_then(|v| v.split_once('>')) {
                rest = after;
            } else if value.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '.')) {
                result.push_str(": ");
                rest = value;
            }
        }
    }
    result + rest
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
        // Hosts send null for what is not given.
        match arguments.remove(&name).filter(|value| !value.is_null()) {
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

#[cfg(test)]
mod tests {
    use super::as_calls;

    #[test]
    fn flags_are_written_as_arguments() {
        for (text, expected) in [
            (
                "bluetext add-temporal-client --service shop",
                "add-temporal-client service: shop",
            ),
            (
                "select one with `--service`: `api`, `shop`",
                "select one with `service`: `api`, `shop`",
            ),
            (
                "invalid value 'soon' for '--timeout <TIME>': no\n\nFor more information, try \
                 '--help'.",
                "invalid value 'soon' for 'timeout': no",
            ),
            (
                "`--dry-run` and `--start-to-close=1m`",
                "`dry_run` and `start_to_close: 1m`",
            ),
            ("a -- b, a--b, --", "a -- b, a--b, --"),
        ] {
            assert_eq!(as_calls(text), expected);
        }
    }
}
