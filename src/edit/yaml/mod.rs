//! Edits `polytope.yml`: finds the position with a parser, inserts text and checks the result.
//!
//! [`serde_yaml`] parses the values of a file, [`saphyr_parser`] the positions. Four edits
//! are built on two operations, *append an item to a sequence* and *append an entry to a
//! mapping*, in block or flow style, creating missing parents.
//!
//! Limits: one document per file; no edit through an alias, a merge key or an explicit `? key`,
//! or inside an anchor that an alias refers to; at most 1 MiB.

mod additions;
mod expansion;
mod parse;
mod place;
mod style;
mod tree;
mod write;

use std::cell::OnceCell;

use serde_yaml::{Mapping, Value};

use self::additions::{Additions, Insert, change_at, value_at};
use self::parse::{check_depth, meaning};
use self::place::Placement;
use self::style::with_inner_comments;
use self::tree::{Kind, Node, column_of, tree};
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
/// It can be edited several times. [`finish`](Self::finish) uses the positions to insert the
/// text of all edits, and verifies the result once: it parses the new text and compares the
/// values with those that the edits requested.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    /// The values, with the edits so far.
    value: Value,
    /// The positions in the text, computed on first use: the tree, `None` for a file without
    /// a document, or the parser's error.
    root: OnceCell<Result<Option<Node>, EditError>>,
    additions: Additions,
}

impl Document {
    /// Read a file.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`], with the position if it is known, if the file is too large, is
    /// not YAML, or holds several documents.
    pub fn parse(text: impl Into<String>) -> Result<Self, EditError> {
        let text = text.into();
        check_size(&text)?;
        check_depth(&text)?;
        expansion::check(&text)?;
        let value = meaning(&text)?;
        super::count(|parses| parses.yaml += 1);
        Ok(Self {
            text,
            value,
            root: OnceCell::new(),
            additions: Additions::default(),
        })
    }

    /// The text, without the edits.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, with the edits so far.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The scalars and the keys, each with the keys that lead to it.
    #[must_use]
    pub fn leaves(&self) -> Vec<String> {
        fn collect(value: &Value, way: &str, found: &mut Vec<String>) {
            match value {
                Value::Null => {}
                Value::Mapping(entries) => {
                    for (key, value) in entries {
                        let way = format!("{way}/{}", written(key).trim_end());
                        collect(value, &way, found);
                        found.push(way);
                    }
                }
                Value::Sequence(items) => {
                    let way = format!("{way}/-");
                    for item in items {
                        collect(item, &way, found);
                    }
                }
                Value::Tagged(tagged) => {
                    collect(&tagged.value, &format!("{way}/{}", tagged.tag), found);
                }
                scalar => found.push(format!("{way} {}", written(scalar).trim_end())),
            }
        }
        let mut found = Vec::new();
        collect(&self.value, "", &mut found);
        found
    }

    /// Whether the file has nothing but keys, nulls and empty collections.
    #[must_use]
    pub fn has_only_empty_values(&self) -> bool {
        fn is_empty(value: &Value) -> bool {
            match value {
                Value::Null => true,
                Value::Mapping(entries) => entries.values().all(is_empty),
                Value::Sequence(items) => items.is_empty(),
                _ => false,
            }
        }
        is_empty(&self.value)
    }

    /// The text without a tool, whatever it contains; `None` if it is not an entry of its own
    /// lines.
    #[must_use]
    pub fn without_tool(&self, name: &str) -> Option<String> {
        let text = self.text.as_str();
        let root = self.root().as_ref().ok()?.as_ref()?;
        let Kind::Mapping { entries, .. } = &root.kind else {
            return None;
        };
        let (_, tools) = entries.iter().find(|(key, _)| key.is_key("tools"))?;
        let Kind::Mapping {
            entries,
            open: None,
        } = &tools.kind
        else {
            return None;
        };
        let (key, value) = entries.iter().find(|(key, _)| key.is_key(name))?;
        let start = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
        if !text[start..key.start].trim().is_empty() {
            return None;
        }
        let column = column_of(text, key.start);
        let last = with_inner_comments(text, value.end.max(key.end), column);
        // The value may end where the next line begins.
        let end = match text[..last].ends_with('\n') && last > key.end && last >= value.end {
            true if text[last..].starts_with([' ', '#']) && last > value.end => text[last..]
                .find('\n')
                .map_or(text.len(), |at| last + at + 1),
            true => last,
            false => text[last..]
                .find('\n')
                .map_or(text.len(), |at| last + at + 1),
        };
        let rest = format!("{}{}", &text[..start], &text[end..]);
        let mut expected = self.value.clone();
        expected.get_mut("tools")?.as_mapping_mut()?.remove(name);
        if expected.get("tools")?.as_mapping()?.is_empty() {
            *expected.get_mut("tools")? = Value::Null;
        }
        let found = Self::parse(rest.as_str()).ok()?;
        (found.value == expected).then_some(rest)
    }

    /// The text with the edits so far, which are not verified; `None` if one is not possible.
    #[must_use]
    pub fn preview(&self) -> Option<String> {
        if self.additions.is_empty() {
            return Some(self.text.clone());
        }
        Some(self.placement().ok()?.splices().apply())
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
        self.add_item(&[Step::Key("include")], &scalar(path))
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
        let route = [Step::Key("tools"), Step::Key(stack_tool), Step::Key("run")];
        self.add_item(&route, &format!("tool: {}", scalar(called)))
    }

    /// Add a tool from rendered text: the tool's body without indentation, with its comments.
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`] if the body is not YAML. If the file defines a different tool of
    /// this name, [`finish`](Self::finish) refuses the edit.
    pub fn add_tool(&mut self, name: &str, body: &str) -> Result<bool, EditError> {
        let insert = Insert::rendered(body.to_owned())?;
        let tools = [Step::Key("tools")];
        if self.value.get("tools").and_then(|tools| tools.get(name)) == Some(&insert.value) {
            return Ok(false);
        }
        let entry = (Value::from(name), insert.value.clone());
        change_at(&mut self.value, &tools, |tools| match tools {
            Value::Mapping(entries) => _ = entries.insert(entry.0, entry.1),
            other => *other = Value::Mapping(Mapping::from_iter([entry])),
        });
        self.additions.add_entry(&tools, name, insert);
        Ok(true)
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
        self.add_item(&route, &scalar(tool))
    }

    /// Append an item, written as one line, to the sequence at a route.
    ///
    /// Returns whether the text has changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_item(&mut self, route: &[Step<'_>], item: &str) -> Result<bool, EditError> {
        let insert = Insert::rendered(format!("{item}\n"))?;
        let items = value_at(&self.value, route).and_then(Value::as_sequence);
        if items.is_some_and(|items| items.contains(&insert.value)) {
            return Ok(false);
        }
        let item = insert.value.clone();
        change_at(&mut self.value, route, |target| match target {
            Value::Sequence(items) => items.push(item),
            other => *other = Value::Sequence(vec![item]),
        });
        self.additions.add_item(route, insert);
        Ok(true)
    }

    /// Whether an edit has added something.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        !self.additions.is_empty()
    }

    /// Check that the edits so far are possible.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] for each group of edits that is refused for the same reason.
    pub fn check(&self) -> Result<(), Vec<EditError>> {
        self.placement().map(|_| ())
    }

    fn placement(&self) -> Result<Placement<'_>, Vec<EditError>> {
        let root = match self.root() {
            Ok(root) => root.as_ref(),
            Err(error) => return Err(vec![self.cannot_edit(error.position())]),
        };
        if !root.is_none_or(|root| root.is_in_order(&self.text)) {
            return Err(vec![EditError::shape(
                "it has a part whose position is not known, such as an explicit key (`? key`)",
                Some(Position::START),
                self.additions.block(),
            )]);
        }
        let placement = Placement::of(&self.text, root, &self.additions);
        if placement.refused.is_empty() {
            Ok(placement)
        } else {
            Err(placement.refused)
        }
    }

    /// Return the result of all edits, verified by parsing it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); also if the values of the result differ from those that the
    /// edits requested.
    pub fn finish(&self) -> Result<Edited, Vec<EditError>> {
        if self.additions.is_empty() {
            return Ok(Edited::Unchanged);
        }
        let placement = self.placement()?;
        let splices = placement.splices();
        let kept = splices.kept();
        let after = splices.apply();
        let is_right = |result: &Self| result.value == self.value && result.root().is_ok();
        if keeps_every_byte(&kept, &after)
            && Self::parse(after.as_str()).as_ref().is_ok_and(is_right)
        {
            return Ok(Edited::Changed(after));
        }
        Err(vec![self.cannot_edit(None)])
    }

    fn cannot_edit(&self, position: Option<Position>) -> EditError {
        EditError::unsafe_form(position, self.additions.block())
    }
}

#[cfg(test)]
#[path = "../yaml_tests.rs"]
mod tests;
