//! Edits `pyproject.toml`: dependencies and the development group.
//!
//! [`toml_edit`] gives the positions and values of tables and arrays; text is inserted there,
//! and the result must have the old values with the requested additions.
//!
//! Limits: the `[project]` table of PEP 621 is required; tables written with dotted keys in
//! unusual places are refused.

mod read;

use std::ops::Range;

pub use read::{Dependencies, requirement_name};

use serde_json::{Map, Value, json};
use toml_edit::{Document, Item};

use super::{
    EditError, Edited, Position, Splices, append_to_brackets, check_size, keeps_every_byte,
};

/// A `pyproject.toml`: its text and values.
///
/// It can be edited several times; [`finish`](Self::finish) then verifies the result once.
#[derive(Debug, Clone)]
pub struct PyProject {
    document: Document<String>,
    /// The expected values of the result.
    expected: Value,
    /// Replaced ranges of the text and their new texts.
    splices: Vec<(Range<usize>, String)>,
    /// New tables, for the end of the text.
    appended: Vec<String>,
    /// The lines of each edit, shown to the user if they must be added by hand.
    by_hand: String,
}

impl PyProject {
    /// Read a file.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`] where the text is not TOML.
    pub fn parse(text: impl Into<String>) -> Result<Self, EditError> {
        let text = text.into();
        let document = parse(&text)?;
        Ok(Self {
            expected: meaning(document.as_item()),
            document,
            splices: Vec::new(),
            appended: Vec::new(),
            by_hand: String::new(),
        })
    }

    /// The values and the keys, each with the keys that lead to it.
    #[must_use]
    pub fn leaves(&self) -> Vec<String> {
        fn collect(value: &Value, way: &str, found: &mut Vec<String>) {
            match value {
                Value::Object(entries) => {
                    for (key, value) in entries {
                        let way = format!("{way}/{}", json!(key));
                        collect(value, &way, found);
                        found.push(way);
                    }
                }
                Value::Array(items) => {
                    let way = format!("{way}/-");
                    for item in items {
                        collect(item, &way, found);
                    }
                }
                scalar => found.push(format!("{way} {scalar}")),
            }
        }
        let mut found = Vec::new();
        collect(&self.expected, "", &mut found);
        found
    }

    fn text(&self) -> &str {
        self.document.raw()
    }

    /// Add requirements to a table of Poetry, which is created if it is missing. One that the
    /// table has with another version is left unchanged.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_poetry(&mut self, path: &[&str], requirements: &[&str]) -> Result<(), EditError> {
        let table = path
            .iter()
            .try_fold(self.document.as_item(), |item, key| item.get(key));
        let present: Vec<String> = table
            .and_then(Item::as_table_like)
            .into_iter()
            .flat_map(toml_edit::TableLike::iter)
            .map(|(name, _)| requirement_name(name))
            .collect();
        let mut lines = String::new();
        let mut values = Vec::new();
        for requirement in requirements {
            let name = requirement_name(requirement);
            if present.contains(&name) {
                continue;
            }
            let rest = &requirement[name.len()..];
            let (version, value) = match rest.split_once("; ") {
                None => (format!("\"{rest}\""), json!(rest)),
                Some((version, marker)) => (
                    format!("{{ version = \"{version}\", markers = \"{marker}\" }}"),
                    json!({ "version": version, "markers": marker }),
                ),
            };
            lines.push_str(&format!("{name} = {version}\n"));
            values.push((name, value));
        }
        if values.is_empty() {
            return Ok(());
        }
        let by_hand = format!("[{}]\n{lines}", path.join("."));
        for (name, value) in values {
            let whole = [path, &[name.as_str()]].concat();
            match slot(&mut self.expected, &whole) {
                Some(slot) => *slot = value,
                None => return Err(EditError::unsafe_form(None, by_hand)),
            }
        }
        match table {
            Some(Item::Table(table)) if !table.is_implicit() && !table.is_dotted() => {
                let end = end_of_table(table);
                let mut splices = Splices::new(self.document.raw());
                splices.insert_lines_after(end, &lines);
                self.splices.extend(splices.list);
            }
            None => self.appended.push(by_hand.clone()),
            Some(Item::Table(table)) if table.is_dotted() && end_of_table(table) > 0 => {
                // `[tool.poetry]` with `dependencies.x = "1"`: each line repeats the keys.
                let prefix = self.dotted_keys(path).join(".");
                let dotted: String = lines
                    .lines()
                    .map(|line| format!("{prefix}.{line}\n"))
                    .collect();
                let mut splices = Splices::new(self.document.raw());
                splices.insert_lines_after(end_of_table(table), &dotted);
                self.splices.extend(splices.list);
                self.by_hand.push_str(&dotted);
                return Ok(());
            }
            Some(_) => return Err(EditError::unsafe_form(None, by_hand)),
        }
        self.by_hand.push_str(&by_hand);
        Ok(())
    }

    /// The keys of a path that a line below the nearest table header repeats.
    fn dotted_keys<'p>(&self, path: &'p [&'p str]) -> &'p [&'p str] {
        let mut item = self.document.as_item();
        let mut header = 0;
        for (index, key) in path.iter().enumerate() {
            let Some(inner) = item.get(key) else { break };
            let is_header = inner
                .as_table()
                .is_some_and(|table| !table.is_dotted() && !table.is_implicit());
            if is_header {
                header = index + 1;
            }
            item = inner;
        }
        &path[header..]
    }

    /// Add requirements to `project.dependencies`. One that the list has with another version
    /// is left unchanged.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] where there is no `[project]` table or its dependencies are
    /// dynamic.
    pub fn add_dependencies(&mut self, requirements: &[&str]) -> Result<(), EditError> {
        let lines = lines_of(requirements);
        let by_hand = format!("[project]\ndependencies = [\n{lines}]\n");
        let project = self.document.get("project");
        let Some(project) = project.and_then(Item::as_table) else {
            let message = match project {
                None => "there is no `[project]` table",
                Some(_) => "`project` is not written as a table `[project]`",
            };
            let position = item_position(self.text(), project);
            return Err(EditError::shape(
                message,
                position.or(Some(Position::START)),
                by_hand,
            ));
        };
        if self.is_dynamic() {
            return Err(EditError::shape(
                "the project's dependencies are dynamic: they are kept in another file",
                item_position(self.text(), project.get("dynamic")),
                by_hand,
            ));
        }
        self.add_requirements("project", "dependencies", requirements, by_hand)
    }

    /// Add requirements to a group of `[dependency-groups]` (PEP 735), which is created if it
    /// is missing. A requirement that the group has with another version is left unchanged.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_to_group(&mut self, group: &str, requirements: &[&str]) -> Result<(), EditError> {
        // PEP 735: group names are compared like package names.
        let group = {
            let existing = self.document.get("dependency-groups");
            let existing = existing.and_then(Item::as_table_like);
            let mut groups = existing.into_iter().flat_map(toml_edit::TableLike::iter);
            let found = groups.find(|(name, _)| requirement_name(name) == requirement_name(group));
            found.map_or(group, |(name, _)| name).to_owned()
        };
        let lines = lines_of(requirements);
        let by_hand = format!("[dependency-groups]\n{group} = [\n{lines}]\n");
        self.add_requirements("dependency-groups", &group, requirements, by_hand)
    }

    fn add_requirements(
        &mut self,
        table_name: &str,
        key: &str,
        requirements: &[&str],
        by_hand: String,
    ) -> Result<(), EditError> {
        let table = self.document.get(table_name);
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
            return Ok(());
        }
        let Some(slot) = slot(&mut self.expected, &[table_name, key]) else {
            return Err(EditError::unsafe_form(None, by_hand));
        };
        match slot {
            Value::Array(items) => items.extend(missing.iter().map(|m| json!(m))),
            slot @ Value::Null => *slot = json!(missing),
            _ => {
                return Err(EditError::shape(
                    format!("`{table_name}.{key}` is not a list"),
                    item_position(self.text(), item),
                    by_hand,
                ));
            }
        }
        let quoted: Vec<String> = missing.iter().map(|m| format!("\"{m}\"")).collect();
        let lines = lines_of(&missing);
        let text = self.document.raw();
        let mut splices = Splices::new(text);
        match (item, table) {
            (Some(item), _) => {
                let Some((array, span)) = item.as_array().zip(item.span()) else {
                    return Err(EditError::unsafe_form(None, by_hand));
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
            (None, Some(_)) => return Err(EditError::unsafe_form(None, by_hand)),
            (None, None) => {
                let table = format!("[{table_name}]\n{key} = [\n{lines}]\n");
                self.appended.push(table);
            }
        }
        self.splices.extend(splices.list);
        self.by_hand.push_str(&by_hand);
        Ok(())
    }

    /// Return the result of all edits, verified by parsing it.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] if the values differ from those that the edits requested.
    pub fn finish(self) -> Result<Edited, EditError> {
        if self.splices.is_empty() && self.appended.is_empty() {
            return Ok(Edited::Unchanged);
        }
        let text = self.document.raw();
        let mut splices = Splices::new(text);
        splices.list = self.splices;
        if !self.appended.is_empty() {
            // Each new table follows a blank line.
            let tables = self.appended.join("\n");
            match text {
                "" => splices.insert(0, &tables),
                text if text.ends_with("\n\n") => splices.insert(text.len(), &tables),
                text if text.ends_with('\n') => splices.insert(text.len(), &format!("\n{tables}")),
                text => splices.insert_lines_after(text.len(), &format!("\n{tables}")),
            }
        }
        let after = splices.apply();
        let is_right =
            parse(&after).is_ok_and(|document| meaning(document.as_item()) == self.expected);
        if is_right && keeps_every_byte(self.document.raw(), &after) {
            return Ok(Edited::Changed(after));
        }
        Err(EditError::unsafe_form(None, self.by_hand))
    }
}

/// Requirements as the lines of an array.
fn lines_of(requirements: &[&str]) -> String {
    let lines = requirements.iter().map(|r| format!("    \"{r}\",\n"));
    lines.collect()
}

fn parse(text: &str) -> Result<Document<String>, EditError> {
    check_size(text)?;
    super::count(|parses| parses.toml += 1);
    Document::parse(text.to_owned()).map_err(|error| {
        let position = error.span().map(|span| Position::of(text, span.start));
        EditError::syntax(error.message().to_owned(), position)
    })
}

/// The value at a path of keys, created if it is missing; `None` if a value on the path is
/// not a table.
fn slot<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        Some(value.as_object_mut()?.entry(*key).or_insert(Value::Null))
    })
}

/// Where an item is in a text.
fn item_position(text: &str, item: Option<&Item>) -> Option<Position> {
    let span = item?.span()?;
    Some(Position::of(text, span.start))
}

/// The end of a table's last direct entry, or of its header; nested tables do not count.
fn end_of_table(table: &toml_edit::Table) -> usize {
    let header = table.span().map_or(0, |span| span.end);
    table
        .iter()
        .filter(|(_, item)| item.is_value())
        .filter_map(|(_, item)| item.span())
        .map(|span| span.end)
        .fold(header, usize::max)
}

/// The value of an item, independent of its notation.
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
        // Tagged with the type, because JSON has neither dates nor infinity.
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
mod tests;
