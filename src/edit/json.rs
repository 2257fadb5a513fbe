//! Adds members to JSON files, without changing another byte.
//!
//! Before `{"a": 1}`, after `{"mcpServers": {"x": 2}, "a": 1}` (formatted on lines of their own).
//!
//! Limits: strict JSON; comments and trailing commas are refused, with the lines to add.

use serde_json::{Map, Value};

use super::{EditError, Edited, Position, check_size, keeps_every_byte, leading_space};

/// Put a value at a path of member names. Objects on the way are created.
///
/// # Errors
///
/// [`EditError::Shape`] if the text is not JSON, or something else is at the path.
pub fn put(text: &str, path: &[&str], value: &Value) -> Result<Edited, EditError> {
    check_size(text)?;
    let by_hand = || format!("{:#}", nested(path, value.clone()));
    if text.trim().is_empty() {
        return Ok(Edited::Changed(format!("{}\n", by_hand())));
    }
    let document: Value = serde_json::from_str(text).map_err(|error| {
        // It counts the column in bytes, from 1; 0 is the end of the line above.
        let line = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let start = line.map(str::len).sum::<usize>();
        let position = Position::of(text, start + error.column().saturating_sub(1));
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let message = format!("it is not plain JSON, which has no comments: {why}");
        EditError::shape(message, Some(position), by_hand())
    })?;
    // The objects that are there, from the outermost.
    let mut found = &document;
    let mut depth = 0;
    let mut start = skip_space(text, 0);
    loop {
        let Value::Object(object) = found else {
            let message = match &path[..depth] {
                [] => "the file is not an object".to_owned(),
                path => format!("`{}` is not an object", path.join(".")),
            };
            return Err(EditError::shape(message, None, by_hand()));
        };
        let Some(inner) = path.get(depth).and_then(|name| object.get(*name)) else {
            break;
        };
        depth += 1;
        if depth == path.len() {
            if inner == value {
                return Ok(Edited::Unchanged);
            }
            let message = format!("`{}` is there with another value", path.join("."));
            return Err(EditError::shape(message, None, by_hand()));
        }
        let member = member_of(text, start, path[depth - 1]);
        start = member.ok_or_else(|| {
            EditError::shape("it has a form that cannot be edited", None, by_hand())
        })?;
        found = inner;
    }
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = leading_space(&text[line..]);
    let step = if indent.starts_with('\t') { "\t" } else { "  " };
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let inner = format!("{line_end}{indent}{step}");
    let added = format!("{:#}", nested(&path[depth + 1..], value.clone()));
    let lines: Vec<String> = added
        .lines()
        .map(|line| {
            let rest = line.trim_start();
            step.repeat((line.len() - rest.len()) / 2) + rest
        })
        .collect();
    let written = lines.join(&inner);
    let name = Value::from(path[depth]);
    let rest = &text[start + 1..];
    // On the same line as what is inserted, or on one of its own.
    let follows = !rest
        .trim_start_matches([' ', '\t'])
        .starts_with(['\r', '\n']);
    let end = match (found.as_object().is_some_and(Map::is_empty), follows) {
        (true, true) => format!("{line_end}{indent}"),
        (true, false) => String::new(),
        // A space that is there is part of the indentation.
        (false, true) if rest.starts_with(' ') => {
            format!(",{}", inner.strip_suffix(' ').unwrap_or(&inner))
        }
        (false, true) => format!(",{inner}"),
        (false, false) => ",".to_owned(),
    };
    let after = format!("{}{inner}{name}: {written}{end}{rest}", &text[..=start]);
    let mut expected = document.clone();
    let mut outer = path[..depth].iter();
    let object = outer.try_fold(&mut expected, |inner, name| inner.get_mut(*name));
    if let Some(Value::Object(object)) = object {
        object.insert(
            path[depth].to_owned(),
            nested(&path[depth + 1..], value.clone()),
        );
    }
    let is_right = serde_json::from_str::<Value>(&after).is_ok_and(|now| now == expected);
    if is_right && keeps_every_byte(text, &after) {
        return Ok(Edited::Changed(after));
    }
    let message = "it has a form that cannot be edited";
    Err(EditError::shape(message, None, by_hand()))
}

/// A value within objects of these names, the outermost first.
#[must_use]
pub fn nested(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |value, name| {
        Value::Object(Map::from_iter([((*name).to_owned(), value)]))
    })
}

/// The start of an object that is a member of the one that starts here. The text is valid.
fn member_of(text: &str, object: usize, name: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = object;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return None;
                }
            }
            b'"' => {
                let end = string_end(bytes, at)?;
                let colon = skip_space(text, end);
                let is_name = depth == 1 && bytes.get(colon) == Some(&b':');
                let found = serde_json::from_str::<String>(&text[at..end]).ok();
                if is_name && found.as_deref() == Some(name) {
                    let value = skip_space(text, colon + 1);
                    return (bytes.get(value) == Some(&b'{')).then_some(value);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn skip_space(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    from + rest.len() - rest.trim_start().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::put;
    use crate::edit::{EditError, Edited};

    #[test]
    fn a_member_is_inserted_and_nothing_else_changes() {
        for (before, after) in [
            (
                "",
                "{\n  \"a\": {\n    \"b\": {\n      \"x\": 1\n    }\n  }\n}\n",
            ),
            (
                "{}",
                "{\n  \"a\": {\n    \"b\": {\n      \"x\": 1\n    }\n  }\n}",
            ),
            (
                "{\n\t\"a\": {\n\t\t\"c\": \"}{\"\n\t}\n}\n",
                "{\n\t\"a\": {\n\t\t\"b\": {\n\t\t\t\"x\": 1\n\t\t},\n\t\t\"c\": \"}{\"\n\t}\n}\n",
            ),
            (
                "{\"z\": {\"a\": {}}, \"a\":{}}",
                "{\"z\": {\"a\": {}}, \"a\":{\n  \"b\": {\n    \"x\": 1\n  }\n}}",
            ),
            (
                "{\"a\": { \"c\": 1 }}",
                "{\"a\": {\n  \"b\": {\n    \"x\": 1\n  },\n  \"c\": 1 }}",
            ),
            (
                "{\"a\":{\"c\":1}}",
                "{\"a\":{\n  \"b\": {\n    \"x\": 1\n  },\n  \"c\":1}}",
            ),
            (
                "{\r\n  \"a\": {\r\n  }\r\n}\r\n",
                "{\r\n  \"a\": {\r\n    \"b\": {\r\n      \"x\": 1\r\n    }\r\n  }\r\n}\r\n",
            ),
        ] {
            let edited = put(before, &["a", "b"], &json!({"x": 1}));
            assert_eq!(edited, Ok(Edited::Changed(after.to_owned())), "{before}");
            let again = put(after, &["a", "b"], &json!({"x": 1}));
            assert_eq!(again, Ok(Edited::Unchanged), "{before}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for text in [
            "{ // a comment\n}",
            "[1]",
            "{\"a\": 1}",
            "{\"a\": {\"b\": 2}}",
            "{,}",
        ] {
            let refused = put(text, &["a", "b"], &json!({"x": 1}));
            assert!(matches!(refused, Err(EditError::Shape { .. })), "{text}");
        }
    }
}
