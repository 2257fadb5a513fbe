//! Reports in the words of a client that calls tools: arguments in place of flags, and calls in
//! place of command lines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::schema::STATUS;
use crate::cli;
use crate::name::plain;

/// The options of every command that a person has, and a client not everywhere.
const FOR_PEOPLE: [&str; 3] = ["force", "diff", "dry_run"];

/// A report for a client: its error and warnings name arguments, every suggested call has its
/// arguments, and every error has a hint and a call to make next.
///
/// `line` is the command line of the call, if its arguments are valid.
pub(super) fn in_words_of_calls(mut report: Value, line: Option<&str>) -> Value {
    let tool = report["command"].as_str().unwrap_or_default().to_owned();
    let words = Words {
        line: line.map_or_else(|| format!("bluetext {tool}"), str::to_owned),
        arguments: cli::arguments_of(&tool)
            .into_iter()
            .map(|argument| argument.name)
            .collect(),
        tool,
    };
    if report["error"].is_object() {
        complete(&words, &mut report);
    }
    if let Some(Value::Array(next)) = report.get_mut("next") {
        for call in next {
            let line = call["command"].as_str().unwrap_or_default();
            if let Some((_, arguments)) = cli::call_of(line) {
                call["arguments"] = Value::Object(arguments);
            }
        }
    }
    let rewrite = |problem: &mut Value| {
        // A message about a name quotes what the caller has written.
        let is_name = problem["code"] == "invalid-name";
        let texts: &[&str] = if is_name {
            &["hint"]
        } else {
            &["message", "hint"]
        };
        for name in texts {
            if let Some(Value::String(text)) = problem.get_mut(*name) {
                *text = words.rewrite(text);
            }
        }
    };
    if let Some(error) = report.get_mut("error").filter(|error| error.is_object()) {
        rewrite(error);
        // The summary of a refused verification is the message.
        let message = error["message"].clone();
        if let Some(summary) = report.get_mut("summary") {
            *summary = message;
        }
    }
    if let Some(Value::Array(others)) = report["error"].get_mut("others") {
        others.iter_mut().for_each(rewrite);
    }
    if let Some(Value::Array(warnings)) = report.get_mut("warnings") {
        warnings.iter_mut().for_each(rewrite);
    }
    report
}

/// Give an error a hint and a call to make next, if it has none.
fn complete(words: &Words, report: &mut Value) {
    let error = &mut report["error"];
    let is_without_project = error["code"] == "no-project";
    if is_without_project {
        // No call can choose the project.
        error["hint"] = json!(
            "start this server in the project's folder, or with `--project DIR`: it is set in the \
             client's configuration"
        );
    } else if error["hint"].is_null() {
        let tool = &words.tool;
        error["hint"] = json!(if words.arguments.is_empty() {
            format!("call `{tool}` without arguments")
        } else {
            format!("see the input schema of `{tool}`, which has an example")
        });
    }
    if report["next"]
        .as_array()
        .is_none_or(|next| !next.is_empty())
    {
        return;
    }
    let hint = report["error"]["hint"].as_str().unwrap_or_default();
    let hinted = hint.lines().next();
    report["next"] = match hinted.and_then(|line| Some((line, cli::call_of(line)?.0))) {
        Some((line, tool)) => json!([{
            "tool": tool,
            "command": line,
            "why": "solves this",
        }]),
        None => json!([{
            "tool": STATUS,
            "command": "bluetext status",
            "why": if is_without_project {
                "shows the project, once the server has one"
            } else {
                "shows what the project has, and the next call"
            },
        }]),
    };
}

/// What a model reads before the document: the error and the call to make next; the cause of a
/// verification that failed.
pub(super) fn text_of(report: &Value) -> String {
    let text = |value: &Value| plain(value.as_str().unwrap_or_default());
    let error = &report["error"];
    if !error.is_object() {
        // Only a verification has a summary.
        let is_cause = report["status"] == "failed";
        return text(if is_cause {
            &report["summary"]
        } else {
            &Value::Null
        });
    }
    let mut result = String::new();
    let next = &report["next"][0];
    let call = match next["tool"].as_str() {
        Some(tool) => call_text(tool, next["arguments"].as_object()),
        None => format!("`{}`", text(&next["command"])),
    };
    let _ = writeln!(result, "next: call {call}, which {}", text(&next["why"]));
    let others = error["others"].as_array();
    for problem in std::iter::once(error).chain(others.into_iter().flatten()) {
        let _ = writeln!(result, "error: {}", text(&problem["message"]));
        let place: Vec<String> = ["path", "line", "column"]
            .iter()
            .filter_map(|name| match &problem[name] {
                Value::String(path) => Some(plain(path)),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect();
        if !place.is_empty() {
            let _ = writeln!(result, "  at {}", place.join(":"));
        }
        if let Some(hint) = problem["hint"].as_str() {
            let _ = writeln!(result, "  hint: {}", plain(hint).replace('\n', "\n  "));
        }
    }
    result
}

/// A call, as a text names it.
fn call_text(tool: &str, arguments: Option<&Map<String, Value>>) -> String {
    match arguments.filter(|arguments| !arguments.is_empty()) {
        Some(arguments) => format!("`{tool}` with `{}`", json!(arguments)),
        None => format!("`{tool}`"),
    }
}

/// The words for a call of a tool.
struct Words {
    tool: String,
    /// The command line of the call.
    line: String,
    /// The names of its arguments.
    arguments: Vec<String>,
}

impl Words {
    /// A text in these words: `service: shop` for `--service shop`, the call for a command line.
    fn rewrite(&self, text: &str) -> String {
        let text = text.replace("\n\nFor more information, try '--help'.", "");
        let lines = text.split('\n').enumerate().map(|(index, line)| {
            let call = cli::call_of(line);
            let call = call.map(|(tool, arguments)| call_text(&tool, Some(&arguments)));
            match call {
                Some(call) if index == 0 => format!("call {call}"),
                Some(call) => call,
                None => self.line(line),
            }
        });
        lines.collect::<Vec<String>>().join("\n")
    }

    fn line(&self, line: &str) -> String {
        // Every second part is quoted: what a person types, or a name.
        let parts = line.split('`').enumerate().map(|(index, part)| {
            let is_closed = index % 2 == 1;
            match is_closed.then(|| self.quoted(part)).flatten() {
                Some(quoted) => quoted,
                None => part.to_owned(),
            }
        });
        let parts: Vec<String> = parts.collect();
        self.without_names_of_values(&parts.join("`"))
    }

    /// A quoted part in other words, if it is a command line or made of flags of the tool.
    fn quoted(&self, part: &str) -> Option<String> {
        if let Some((tool, arguments)) = cli::call_of(part) {
            let call = call_text(&tool, Some(&arguments));
            return Some(call.trim_matches('`').to_owned());
        }
        let flags = flags_of(part)?;
        let are_known = |known: &dyn Fn(&str) -> bool| flags.iter().all(|(name, _)| known(name));
        if are_known(&|name| self.arguments.iter().any(|argument| argument == name)) {
            let flags = flags.iter().map(|(name, value)| match value {
                Some(value) => format!("{name}: {value}"),
                None => name.clone(),
            });
            return Some(flags.collect::<Vec<String>>().join(", "));
        }
        are_known(&|name| FOR_PEOPLE.contains(&name)).then(|| format!("{} {part}", self.line))
    }

    /// clap writes the flag of a wrong value with a name for the value.
    fn without_names_of_values(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for name in &self.arguments {
            let flag = format!("'--{} <", name.replace('_', "-"));
            let Some(start) = line.find(&flag) else {
                continue;
            };
            if let Some(end) = line[start..].find(">'") {
                line.replace_range(start..start + end + 2, &format!("`{name}`"));
            }
        }
        line
    }
}

/// The flags of a command line, as names of arguments with their values. `None` if the text has
/// other words.
fn flags_of(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let mut flags: Vec<(String, Option<String>)> = Vec::new();
    for word in text.split_whitespace() {
        match (word.strip_prefix("--"), flags.last_mut()) {
            (Some(flag), _) => {
                let (name, value) = match flag.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (flag, None),
                };
                flags.push((name.replace('-', "_"), value));
            }
            (None, Some((_, value @ None))) => *value = Some(word.to_owned()),
            (None, _) => return None,
        }
    }
    (!flags.is_empty()).then_some(flags)
}

#[cfg(test)]
mod tests {
    use super::Words;
    use crate::cli;

    fn rewritten(tool: &str, text: &str) -> String {
        let arguments = cli::arguments_of(tool).into_iter();
        let words = Words {
            tool: tool.to_owned(),
            line: format!("bluetext {tool} --service shop"),
            arguments: arguments.map(|argument| argument.name).collect(),
        };
        words.rewrite(text)
    }

    #[test]
    fn flags_are_written_as_arguments() {
        for (tool, text, expected) in [
            (
                "add-temporal-workflow",
                "bluetext add-temporal-client --service shop",
                "call `add-temporal-client` with `{\"service\":\"shop\"}`",
            ),
            (
                "add-temporal-workflow",
                "select one with `--service`: `api`, `shop`",
                "select one with `service`: `api`, `shop`",
            ),
            (
                "verify",
                "invalid value 'soon' for '--timeout <TIME>': no\n\nFor more information, try \
                 '--help'.",
                "invalid value 'soon' for `timeout`: no",
            ),
            (
                "add-temporal-workflow",
                "`--start-to-close=1m` is below `--heartbeat 2m`",
                "`start_to_close: 1m` is below `heartbeat: 2m`",
            ),
            (
                "remove-temporal",
                "bluetext remove-temporal --force\ndeletes it",
                "call `remove-temporal` with `{\"force\":true}`\ndeletes it",
            ),
            // What is no argument over MCP is for a person.
            (
                "add-temporal",
                "`--diff --force --dry-run` shows the difference, `--force` replaces it",
                "`bluetext add-temporal --service shop --diff --force --dry-run` shows the \
                 difference, `bluetext add-temporal --service shop --force` replaces it",
            ),
            // What somebody else has written.
            (
                "verify",
                "`pip install --upgrade 'pip>=25.1'` did not end in time",
                "`pip install --upgrade 'pip>=25.1'` did not end in time",
            ),
            (
                "add-temporal-workflow",
                "`--help` cannot be a workflow's name: it starts with `-`",
                "`--help` cannot be a workflow's name: it starts with `-`",
            ),
            ("check", "a -- b, a--b, --, ` --", "a -- b, a--b, --, ` --"),
        ] {
            assert_eq!(rewritten(tool, text), expected);
        }
    }
}
