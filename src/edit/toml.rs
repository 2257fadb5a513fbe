//! Edits of `pyproject.toml`: a dependency, its source for uv, and the development group.
//!
//! [`toml_edit`] says where tables and arrays stand and what they mean; text is inserted
//! there, and the result must mean the old document with what was asked for.
//!
//! Limits: the `[project]` table of PEP 621 is needed; tables written with dotted keys in
//! unusual places are refused rather than guessed.

use serde_json::{Map, Value, json};
use toml_edit::{Document, Item};

use super::{
    EditError, Edited, Position, Splices, append_to_brackets, check_size, keeps_every_byte,
};

/// A requirement of PEP 508, e.g. `pytest>=8`, told apart by its normalised name.
///
/// PEP 503: names are compared in lower case with runs of `-`, `_` and `.` as one `-`.
#[must_use]
pub fn requirement_name(requirement: &str) -> String {
    let name: String = requirement
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    let mut normalised = String::new();
    for character in name.to_ascii_lowercase().chars() {
        let character = if matches!(character, '_' | '.') {
            '-'
        } else {
            character
        };
        if character != '-' || !normalised.ends_with('-') {
            normalised.push(character);
        }
    }
    normalised
}

/// Add a requirement to `project.dependencies`.
///
/// # Errors
///
/// [`EditError::Shape`] where there is no `[project]` table or its dependencies are dynamic.
pub fn add_dependency(text: &str, requirement: &str) -> Result<Edited, EditError> {
    let document = parse(text)?;
    let by_hand = format!("[project]\ndependencies = [\"{requirement}\"]\n");
    let project = document.get("project");
    let Some(project) = project.and_then(Item::as_table) else {
        let message = match project {
            None => "there is no `[project]` table",
            Some(_) => "`project` is not written as a table `[project]`",
        };
        let position = item_position(text, project);
        return Err(EditError::shape(
            message,
            position.or(Some(Position { line: 1, column: 1 })),
            by_hand,
        ));
    };
    let dynamic = project.get("dynamic").and_then(Item::as_array);
    if dynamic.is_some_and(|names| names.iter().any(|n| n.as_str() == Some("dependencies"))) {
        return Err(EditError::shape(
            "the project's dependencies are dynamic: they are kept in another file",
            item_position(text, project.get("dynamic")),
            by_hand,
        ));
    }
    add_requirements(text, "project", "dependencies", &[requirement], &by_hand)
}

/// Add requirements to a group of `[dependency-groups]` (PEP 735), which is made where it
/// is missing. A requirement that the group has in another version is left as it is.
///
/// # Errors
///
/// See [`EditError`].
pub fn add_to_group(text: &str, group: &str, requirements: &[&str]) -> Result<Edited, EditError> {
    // PEP 735: names of groups are compared as those of packages are.
    let document = parse(text)?;
    let existing = document
        .get("dependency-groups")
        .and_then(Item::as_table_like);
    let mut groups = existing.into_iter().flat_map(toml_edit::TableLike::iter);
    let found = groups.find(|(name, _)| requirement_name(name) == requirement_name(group));
    let group = found.map_or(group, |(name, _)| name);
    let quoted: String = requirements
        .iter()
        .map(|r| format!("    \"{r}\",\n"))
        .collect();
    let by_hand = format!("[dependency-groups]\n{group} = [\n{quoted}]\n");
    add_requirements(text, "dependency-groups", group, requirements, &by_hand)
}

/// Say in `[tool.uv.sources]` that a dependency is the folder at a path, installed editable.
///
/// # Errors
///
/// See [`EditError`].
pub fn add_uv_source(text: &str, name: &str, path: &str) -> Result<Edited, EditError> {
    let line = format!("{name} = {{ path = \"{path}\", editable = true }}\n");
    let by_hand = format!("[tool.uv.sources]\n{line}");
    let document = parse(text)?;
    let sources = ["tool", "uv", "sources"]
        .iter()
        .try_fold(document.as_item(), |item, key| item.get(key));
    if sources.and_then(Item::as_table_like).is_some_and(|table| {
        table
            .iter()
            .any(|(key, _)| requirement_name(key) == requirement_name(name))
    }) {
        return Ok(Edited::Unchanged);
    }
    let mut expected = meaning(document.as_item());
    match slot(&mut expected, &["tool", "uv", "sources", name]) {
        Some(slot) => *slot = json!({ "path": path, "editable": true }),
        None => return Err(cannot_edit(by_hand)),
    }

    let mut splices = Splices::new(text);
    match sources {
        Some(Item::Table(table)) if !table.is_implicit() && !table.is_dotted() => {
            splices.insert_lines_after(end_of_table(table), &line);
        }
        // `sources.other = …` in `[tool.uv]`: one more of these.
        Some(Item::Table(table)) if table.is_dotted() => {
            splices.insert_lines_after(end_of_table(table), &format!("sources.{line}"));
        }
        Some(Item::Value(toml_edit::Value::InlineTable(table))) if !table.is_dotted() => {
            let Some(span) = table.span() else {
                return Err(cannot_edit(by_hand));
            };
            let last = table.iter().filter_map(|(_, value)| value.span()).last();
            let entry = line.trim_end();
            match last {
                Some(last) => splices.insert(last.end, &format!(", {entry}")),
                None => splices.insert(span.start + 1, &format!(" {entry} ")),
            }
        }
        _ => append_table(text, &mut splices, &by_hand),
    }
    finish(text, splices, &expected, by_hand)
}

/// Whether some table of the document stands at this dotted path.
///
/// # Errors
///
/// [`EditError::Syntax`] where the text is not TOML.
pub fn has_table(text: &str, path: &[&str]) -> Result<bool, EditError> {
    let document = parse(text)?;
    let found = path
        .iter()
        .try_fold(document.as_item(), |item, key| item.get(key));
    Ok(found.is_some())
}

fn add_requirements(
    text: &str,
    table_name: &str,
    key: &str,
    requirements: &[&str],
    by_hand: &str,
) -> Result<Edited, EditError> {
    let document = parse(text)?;
    let table = document.get(table_name);
    let item = table.and_then(|table| table.get(key));
    let present: Vec<String> = item
        .and_then(Item::as_array)
        .map(|array| {
            array
                .iter()
                .filter_map(toml_edit::Value::as_str)
                .map(requirement_name)
                .collect()
        })
        .unwrap_or_default();
    let missing: Vec<&str> = requirements
        .iter()
        .copied()
        .filter(|requirement| !present.contains(&requirement_name(requirement)))
        .collect();
    if missing.is_empty() {
        return Ok(Edited::Unchanged);
    }
    let mut expected = meaning(document.as_item());
    let Some(slot) = slot(&mut expected, &[table_name, key]) else {
        return Err(cannot_edit(by_hand.to_owned()));
    };
    match slot {
        Value::Array(items) => items.extend(missing.iter().map(|m| json!(m))),
        slot @ Value::Null => *slot = json!(missing),
        _ => {
            return Err(EditError::shape(
                format!("`{table_name}.{key}` is no list"),
                item_position(text, item),
                by_hand,
            ));
        }
    }
    let quoted: Vec<String> = missing.iter().map(|m| format!("\"{m}\"")).collect();
    let lines: String = quoted.iter().map(|m| format!("    {m},\n")).collect();
    let mut splices = Splices::new(text);
    match (item, table) {
        (Some(item), _) => {
            let Some((array, span)) = item.as_array().zip(item.span()) else {
                return Err(cannot_edit(by_hand.to_owned()));
            };
            let ranges: Vec<_> = array.iter().filter_map(toml_edit::Value::span).collect();
            let (open, close) = (span.start + 1, span.end - 1);
            if ranges.is_empty() && !text[open..close].contains('\n') {
                splices.insert(close, &format!("\n{lines}"));
            } else {
                append_to_brackets(&mut splices, open, close, &ranges, &quoted);
            }
        }
        (None, Some(Item::Table(table))) if !table.is_implicit() => {
            let entry = format!("{key} = [\n{lines}]\n");
            splices.insert_lines_after(end_of_table(table), &entry);
        }
        (None, Some(_)) => return Err(cannot_edit(by_hand.to_owned())),
        (None, None) => {
            let table = format!("[{table_name}]\n{key} = [\n{lines}]\n");
            append_table(text, &mut splices, &table);
        }
    }
    finish(text, splices, &expected, by_hand.to_owned())
}

/// The place of a value behind keys, made where it is missing; `None` where something else
/// than a table stands on the way.
fn slot<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        Some(value.as_object_mut()?.entry(*key).or_insert(Value::Null))
    })
}

fn finish(
    text: &str,
    splices: Splices<'_>,
    expected: &Value,
    by_hand: String,
) -> Result<Edited, EditError> {
    let after = splices.apply();
    let correct = parse(&after).is_ok_and(|document| meaning(document.as_item()) == *expected);
    if correct && keeps_every_byte(text, &after) {
        return Ok(Edited::Changed(after));
    }
    Err(cannot_edit(by_hand))
}

fn cannot_edit(by_hand: String) -> EditError {
    EditError::shape(
        "this file is written in a way that cannot be edited safely",
        Some(Position { line: 1, column: 1 }),
        by_hand,
    )
}

fn parse(text: &str) -> Result<Document<&str>, EditError> {
    check_size(text)?;
    Document::parse(text).map_err(|error| {
        let position = error.span().map(|span| Position::of(text, span.start));
        EditError::syntax(error.message().to_owned(), position)
    })
}

fn item_position(text: &str, item: Option<&Item>) -> Option<Position> {
    let span = item?.span()?;
    Some(Position::of(text, span.start))
}

/// The end of a table's last own entry, or of its header; tables inside it do not count.
fn end_of_table(table: &toml_edit::Table) -> usize {
    let header = table.span().map_or(0, |span| span.end);
    table
        .iter()
        .filter(|(_, item)| item.is_value())
        .filter_map(|(_, item)| item.span())
        .map(|span| span.end)
        .fold(header, usize::max)
}

/// A new table goes to the end of the file, behind a blank line.
fn append_table(text: &str, splices: &mut Splices<'_>, table: &str) {
    if text.is_empty() {
        splices.insert(0, table);
    } else if text.ends_with('\n') {
        let blank = if text.ends_with("\n\n") { "" } else { "\n" };
        splices.insert(text.len(), &format!("{blank}{table}"));
    } else {
        splices.insert_lines_after(text.len(), &format!("\n{table}"));
    }
}

/// What an item means, without the way it is written.
fn meaning(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => value_meaning(value),
        Item::Table(table) => table
            .iter()
            .map(|(key, item)| (key.to_owned(), meaning(item)))
            .collect::<Map<_, _>>()
            .into(),
        Item::ArrayOfTables(tables) => tables
            .iter()
            .map(|table| meaning(&Item::Table(table.clone())))
            .collect(),
    }
}

fn value_meaning(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(text) => json!(text.value()),
        Toml::Integer(number) => json!(number.value()),
        Toml::Boolean(flag) => json!(flag.value()),
        // Told apart by type as well, since JSON has neither dates nor infinity.
        Toml::Float(number) => json!({ "float": number.value().to_string() }),
        Toml::Datetime(time) => json!({ "datetime": time.value().to_string() }),
        Toml::Array(items) => items.iter().map(value_meaning).collect(),
        Toml::InlineTable(table) => table
            .iter()
            .map(|(key, value)| (key.to_owned(), value_meaning(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
#[path = "toml_tests.rs"]
mod tests;
