//! Edits `polytope.yml`: finds the position with a parser, inserts text and checks the result.
//!
//! [`serde_yaml`] parses the values of a file, [`saphyr_parser`] the positions. Four edits
//! are built on two operations, *append an item to a sequence* and *append an entry to a
//! mapping*, in block or flow style, creating missing parents.
//!
//! Limits: one document per file; no edit through an alias, a merge key, a tag or an
//! explicit `? key`; at most 1 MiB.

mod place;
mod style;
mod tree;
mod write;

use std::cell::OnceCell;

use serde_yaml::{Mapping, Value};

use self::place::{Entry, Insert, by_hand, change_at, place, value_at};
use self::tree::{Kind, Node, tree};
pub use self::write::{scalar, written};

use super::{EditError, Edited, Position, check_size, keeps_every_byte};

/// One step from a node to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The value of this key.
    Key(&'a str),
    /// The item at this index, from 0.
    Item(usize),
}

/// A file: its text, values and positions.
///
/// It can be edited several times. Each edit uses the positions to insert text;
/// [`finish`](Self::finish) then verifies the result once: it parses the text again and
/// compares the values with those that the edits requested.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text as it was read.
    original: String,
    /// The text with the edits so far.
    text: String,
    /// The expected values of the text with the edits so far.
    value: Value,
    /// The positions in the text, computed on first use: the tree, `None` for a file without
    /// a document, or the parser's error.
    root: OnceCell<Result<Option<Node>, EditError>>,
    /// Only the additions, shown to the user if they must be made by hand.
    added: Value,
}

impl Document {
    /// Read a file.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`] with the position, as far as it is known, for a text that is
    /// too large, not YAML, or holds several documents.
    pub fn parse(text: impl Into<String>) -> Result<Self, EditError> {
        let text = text.into();
        check_size(&text)?;
        let value = meaning(&text)?;
        super::count(|parses| parses.yaml += 1);
        Ok(Self {
            original: text.clone(),
            text,
            value,
            root: OnceCell::new(),
            added: Value::Null,
        })
    }

    /// The text, with the edits so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values of the text.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The position of the key or item at the end of a route; `None` if it does not exist.
    #[must_use]
    pub fn position(&self, route: &[Step<'_>]) -> Option<Position> {
        let mut node = self.root().as_ref().ok()?.as_ref()?;
        let mut at = node.start;
        for step in route {
            (at, node) = match (step, &node.kind) {
                (Step::Key(key), Kind::Mapping { entries, .. }) => {
                    let (found, value) = entries.iter().find(|(k, _)| k.is_key(key))?;
                    (found.start, value)
                }
                (Step::Item(index), Kind::Sequence { items, .. }) => {
                    let item = items.get(*index)?;
                    (item.start, item)
                }
                _ => return None,
            };
        }
        Some(Position::of(&self.text, at))
    }

    /// The two parsers may disagree on what is valid: then a file can be read but not
    /// edited.
    fn root(&self) -> &Result<Option<Node>, EditError> {
        self.root.get_or_init(|| {
            super::count(|parses| parses.yaml_positions += 1);
            tree(&self.text)
        })
    }

    /// Append a path to `include`.
    ///
    /// ```text
    /// include:              include:
    ///   - a          →        - a
    ///                         - modules/temporal
    /// ```
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_include(&mut self, path: &str) -> Result<bool, EditError> {
        let item = Insert::scalar(path);
        self.append_item(&[Step::Key("include")], &item)
    }

    /// Append a step that calls a tool to the `run` of another tool, which is created if it is
    /// missing.
    ///
    /// ```text
    /// tools:                   tools:
    ///   default:                 default:
    ///     run:          →          run:
    ///       - tool: x                - tool: x
    ///                                - tool: temporal
    /// ```
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_step(&mut self, stack_tool: &str, called: &str) -> Result<bool, EditError> {
        let called = scalar(called);
        let item = Insert {
            value: Value::Mapping(Mapping::from_iter([(
                Value::from("tool"),
                meaning(&called)?,
            )])),
            block: format!("tool: {called}\n"),
            flow: format!("{{ tool: {called} }}"),
        };
        let route = [Step::Key("tools"), Step::Key(stack_tool), Step::Key("run")];
        self.append_item(&route, &item)
    }

    /// Add a tool from rendered text: the tool's body without indentation, with its comments.
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`]. If a tool of this name is already defined differently, it is
    /// [`EditError::Shape`].
    pub fn add_tool(&mut self, name: &str, body: &str) -> Result<bool, EditError> {
        let insert = Insert::rendered(body)?;
        self.append_entry(&[Step::Key("tools")], name, &insert)
    }

    /// Append a tool's name to `mcp.only` if the file has this key; otherwise change nothing.
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn allow_in_mcp(&mut self, tool: &str) -> Result<bool, EditError> {
        let only = self.value.get("mcp").and_then(|mcp| mcp.get("only"));
        // Null, like a missing key, means that no tool is excluded.
        if only.is_none_or(Value::is_null) {
            return Ok(false);
        }
        let route = [Step::Key("mcp"), Step::Key("only")];
        self.append_item(&route, &Insert::scalar(tool))
    }

    /// Append an item, written as one line in flow style, to the sequence at a route.
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_item(&mut self, route: &[Step<'_>], item: &str) -> Result<bool, EditError> {
        let insert = Insert {
            value: meaning(item)?,
            block: format!("{item}\n"),
            flow: item.to_owned(),
        };
        self.append_item(route, &insert)
    }

    fn append_item(&mut self, route: &[Step<'_>], insert: &Insert) -> Result<bool, EditError> {
        let has_item = |target: &Value| {
            let items = target.as_sequence();
            items.is_some_and(|items| items.contains(&insert.value))
        };
        self.edit(route, insert, &has_item, &|target| match target {
            Value::Sequence(items) => items.push(insert.value.clone()),
            other => *other = Value::Sequence(vec![insert.value.clone()]),
        })
    }

    fn append_entry(
        &mut self,
        route: &[Step<'_>],
        key: &str,
        insert: &Insert,
    ) -> Result<bool, EditError> {
        let has_entry = |target: &Value| target.get(key) == Some(&insert.value);
        let entry = Entry::of(key, insert);
        self.edit(route, &entry, &has_entry, &|target| match target {
            Value::Mapping(entries) => {
                entries.insert(Value::from(key), insert.value.clone());
            }
            other => *other = entry.value.clone(),
        })
    }

    /// Apply an edit with `add`, unless `has` reports that the value already contains it.
    fn edit(
        &mut self,
        route: &[Step<'_>],
        insert: &Insert,
        has: &dyn Fn(&Value) -> bool,
        add: &dyn Fn(&mut Value),
    ) -> Result<bool, EditError> {
        if value_at(&self.value, route).is_some_and(has) {
            return Ok(false);
        }
        let by_hand = by_hand(route, insert);
        let cannot_edit = || cannot_edit(self.position(&route[..1]), by_hand.clone());
        let Ok(tree) = self.root() else {
            return Err(cannot_edit());
        };
        if !tree
            .as_ref()
            .is_none_or(|root| root.is_in_order(&self.text))
        {
            return Err(cannot_edit());
        }
        let (after, removed) = place(&self.text, tree.as_ref(), route, insert)
            .map_err(|refusal| refusal.with_lines(&self.text, &by_hand))?;
        let kept = match removed {
            None => keeps_every_byte(&self.text, &after),
            Some(range) => {
                let (before, behind) = (&self.text[..range.start], &self.text[range.end..]);
                keeps_every_byte(&format!("{before}{behind}"), &after)
            }
        };
        if !kept {
            return Err(cannot_edit());
        }
        change_at(&mut self.value, route, add);
        change_at(&mut self.added, route, add);
        self.text = after;
        self.root = OnceCell::new();
        Ok(true)
    }

    /// Return the result of all edits, verified by parsing it.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] if the values differ from those that the edits requested.
    pub fn finish(self) -> Result<Edited, EditError> {
        if self.text == self.original {
            return Ok(Edited::Unchanged);
        }
        let is_right = |result: &Self| result.value == self.value && result.root().is_ok();
        if Self::parse(self.text.as_str()).as_ref().is_ok_and(is_right) {
            return Ok(Edited::Changed(self.text));
        }
        Err(cannot_edit(None, written(&self.added)))
    }
}

fn cannot_edit(position: Option<Position>, by_hand: String) -> EditError {
    EditError::shape(
        "this file has a form that cannot be edited safely",
        position.or(Some(Position { line: 1, column: 1 })),
        by_hand,
    )
}

/// Parse the values of a text.
fn meaning(text: &str) -> Result<Value, EditError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::from_str(body).map_err(|error| {
        let position = error.location().map(|location| Position {
            line: location.line().max(1),
            column: location.column().max(1),
        });
        let mut message = error.to_string();
        // The position is reported separately.
        if let Some(at) = message.find(" at line ") {
            message.truncate(at);
        }
        EditError::syntax(message, position.or(Some(Position { line: 1, column: 1 })))
    })
}

#[cfg(test)]
#[path = "../yaml_tests.rs"]
mod tests;
