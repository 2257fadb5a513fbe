//! Writes YAML values in a readable style.

use std::fmt::Write as _;

use serde_yaml::Value;

use crate::edit::indented;

/// Write a text as a YAML scalar, quoted only if YAML 1.1 or 1.2 requires it.
#[must_use]
pub fn scalar(text: &str) -> String {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '.'))
        && !text.ends_with(' ')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' '))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && serde_yaml::from_str::<Value>(text).is_ok_and(|value| value.as_str() == Some(text));
    if plain {
        return text.to_owned();
    }
    // Every JSON string is a double-quoted YAML scalar (YAML 1.2.2, 1.2), but characters that
    // are line breaks in YAML are folded unless they are escaped.
    let mut written = serde_json::Value::from(text).to_string();
    for (character, escaped) in LINE_BREAKS {
        written = written.replace(character, escaped);
    }
    written
}

/// Line breaks of YAML 1.1 that JSON does not escape.
const LINE_BREAKS: [(char, &str); 3] = [
    ('\u{85}', "\\u0085"),
    ('\u{2028}', "\\u2028"),
    ('\u{2029}', "\\u2029"),
];

/// Write a value in block style, with small collections on one line.
///
/// Each line ends in a newline.
#[must_use]
pub fn written(value: &Value) -> String {
    let mut text = String::new();
    write_block(&mut text, value, 0);
    text
}

/// Maximum width of a flow collection; wider ones are written in block style.
const MAX_FLOW_WIDTH: usize = 70;

fn write_block(text: &mut String, value: &Value, indent: usize) {
    let margin = " ".repeat(indent);
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let _ = write!(text, "{margin}{}:", flow(key));
                write_nested(text, value, indent);
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for item in items {
                if is_small(item) {
                    let _ = writeln!(text, "{margin}- {}", flow(item));
                } else {
                    let mut block = String::new();
                    write_block(&mut block, item, indent + 2);
                    let _ = write!(text, "{margin}- {}", block.trim_start_matches(' '));
                }
            }
        }
        other => {
            let _ = writeln!(text, "{margin}{}", flow(other));
        }
    }
}

/// Write the value of a key: on the same line if it is small, otherwise below.
fn write_nested(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(lines) if is_literal_block(lines) => {
            let _ = writeln!(text, " |{}", block_indicators(lines));
            text.push_str(&indented(lines, &" ".repeat(indent + 2)));
        }
        // A tool's steps, variables and mounts are written with one item per line.
        Value::Sequence(items) if items.iter().any(Value::is_mapping) => {
            text.push('\n');
            write_block(text, value, indent + 2);
        }
        value if is_small(value) => {
            let _ = writeln!(text, " {}", flow(value));
        }
        value => {
            text.push('\n');
            write_block(text, value, indent + 2);
        }
    }
}

/// The indicators of a literal block scalar (YAML 1.2.2, 8.1.1): the indentation, which cannot be
/// detected if the first line is indented or empty, and what the end of the text is.
fn block_indicators(text: &str) -> String {
    let indentation = if text.starts_with([' ', '\n']) {
        "2"
    } else {
        ""
    };
    let end = match text.strip_suffix('\n') {
        None => "-",
        Some(body) if body.ends_with('\n') => "+",
        Some(_) => "",
    };
    format!("{indentation}{end}")
}

/// Whether a text can be written as a literal block scalar (`|`).
fn is_literal_block(text: &str) -> bool {
    text.contains('\n')
        && !text.trim().is_empty()
        && !text.contains(|c: char| c.is_control() && c != '\n')
        && !LINE_BREAKS.iter().any(|(c, _)| text.contains(*c))
        && text.lines().all(|line| line.trim_end() == line)
}

/// Whether a value is written on one line: no part of it needs several lines.
fn is_small(value: &Value) -> bool {
    let is_plain = match value {
        Value::String(text) => !is_literal_block(text),
        // A mapping with a description (`info`) has one entry per line.
        Value::Mapping(entries) if entries.contains_key("info") => false,
        Value::Mapping(entries) => entries.values().all(|v| is_small(v) && !v.is_null()),
        Value::Sequence(items) => items.iter().all(is_small),
        _ => true,
    };
    is_plain && (flow(value).len() <= MAX_FLOW_WIDTH || value.is_string())
}

pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Mapping(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", flow(key), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        // Numbers, booleans and null are written alike in JSON and YAML.
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
