//! Edits of `polytope.yml`: find the place with a parser, insert text there, and check.
//!
//! [`serde_yaml`] says what a file means, [`saphyr_parser`] where each node stands. Four
//! edits are built on two operations, *append an item to a sequence* and *append an entry
//! to a mapping*, in block or flow style, creating what is missing on the way.
//!
//! Limits: one document a file; no edit through an alias, a merge key, a tag or an
//! explicit `? key`; at most 1 MiB.

mod tree;
mod write;

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::ops::Range;

use serde_yaml::{Mapping, Value};

use self::tree::{Kind, Node, colon_after, column_of, dash_column, is_null, tree};
use self::write::flow;
pub use self::write::{scalar, written};

use super::{
    EditError, Edited, Position, Splices, append_to_brackets, check_size, indented,
    keeps_every_byte, leading_space,
};

/// One step from a node to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The value of this key.
    Key(&'a str),
    /// The item at this place, from 0.
    Item(usize),
}

/// A file: its text, what it means, and where everything is.
///
/// It can be edited several times. Each edit inserts text at the place that the positions
/// give; [`finish`](Self::finish) then proves the result once: it is parsed again, and must
/// mean what the edits asked for.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text as it was read.
    original: String,
    /// The text with the edits so far.
    text: String,
    /// What the text means, or has to mean.
    value: Value,
    /// The positions in the text, once they are needed: the tree, `None` for a file without
    /// a document; or why there are none.
    root: OnceCell<Result<Option<Node>, EditError>>,
    /// What has been added, with nothing around it, for a person who has to add it by hand.
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

    /// What the text means.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where the key at the end of a route is, or the item; `None` if there is none.
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

    /// The two parsers may disagree on what is valid: then a file can be read, and is not
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
    /// Says whether anything had to be changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn add_include(&mut self, path: &str) -> Result<bool, EditError> {
        let item = Insert::scalar(path);
        self.append_item(&[Step::Key("include")], &item)
    }

    /// Append a step that calls a tool to the `run` of another tool, which is made where it is
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
    /// Says whether anything had to be changed.
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

    /// Add a tool from rendered text: the tool's body, indented by nothing, with its comments.
    ///
    /// Says whether anything had to be changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`]. A tool of this name that means something else is a
    /// [`EditError::Shape`].
    pub fn add_tool(&mut self, name: &str, body: &str) -> Result<bool, EditError> {
        let insert = Insert::rendered(body)?;
        self.append_entry(&[Step::Key("tools")], name, &insert)
    }

    /// Append a tool's name to `mcp.only`, where a file has that; elsewhere nothing changes.
    ///
    /// Says whether anything had to be changed.
    ///
    /// # Errors
    ///
    /// See [`EditError`].
    pub fn allow_in_mcp(&mut self, tool: &str) -> Result<bool, EditError> {
        let only = self.value.get("mcp").and_then(|mcp| mcp.get("only"));
        // Null means that nothing is left out, just as if the key were not there.
        if only.is_none_or(Value::is_null) {
            return Ok(false);
        }
        let route = [Step::Key("mcp"), Step::Key("only")];
        self.append_item(&route, &Insert::scalar(tool))
    }

    /// Append an item, given as one line in flow style, to the sequence at a route.
    ///
    /// Says whether anything had to be changed.
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
        self.edit(route, insert, &|target| match target {
            Value::Null => Some(Value::Sequence(vec![insert.value.clone()])),
            Value::Sequence(items) if items.contains(&insert.value) => None,
            Value::Sequence(items) => {
                let mut items = items.clone();
                items.push(insert.value.clone());
                Some(Value::Sequence(items))
            }
            other => Some(other.clone()),
        })
    }

    fn append_entry(
        &mut self,
        route: &[Step<'_>],
        key: &str,
        insert: &Insert,
    ) -> Result<bool, EditError> {
        let entry = Entry::of(key, insert);
        self.edit(route, &entry, &|target| match target {
            Value::Mapping(entries) if entries.get(key) == Some(&insert.value) => None,
            Value::Mapping(entries) => {
                let mut entries = entries.clone();
                entries.insert(Value::from(key), insert.value.clone());
                Some(Value::Mapping(entries))
            }
            Value::Null => Some(Value::Mapping(Mapping::from_iter([(
                Value::from(key),
                insert.value.clone(),
            )]))),
            other => Some(other.clone()),
        })
    }

    /// Make an edit; `change` gives the value that it has to lead to, or `None` if it is
    /// there already.
    fn edit(
        &mut self,
        route: &[Step<'_>],
        insert: &Insert,
        change: &dyn Fn(&Value) -> Option<Value>,
    ) -> Result<bool, EditError> {
        let Some(expected) = changed(&self.value, route, change) else {
            return Ok(false);
        };
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
        if let Some(added) = changed(&self.added, route, change) {
            self.added = added;
        }
        self.text = after;
        self.value = expected;
        self.root = OnceCell::new();
        Ok(true)
    }

    /// The result of all edits, proved by parsing it.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] where it does not mean what was asked for.
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
        "this file is written in a way that cannot be edited safely",
        position.or(Some(Position { line: 1, column: 1 })),
        by_hand,
    )
}

/// What is inserted, in both styles, and what it means.
#[derive(Debug)]
struct Insert {
    value: Value,
    /// One or more lines without indentation, each with its newline.
    block: String,
    flow: String,
}

impl Insert {
    fn scalar(text: &str) -> Self {
        let written = scalar(text);
        Self {
            value: Value::from(text),
            block: format!("{written}\n"),
            flow: written,
        }
    }

    fn rendered(body: &str) -> Result<Self, EditError> {
        let value = meaning(body)?;
        Ok(Self {
            flow: flow(&value),
            value,
            block: body.to_owned(),
        })
    }
}

/// An entry of a mapping as something that is inserted.
struct Entry;

impl Entry {
    fn of(key: &str, insert: &Insert) -> Insert {
        let written = scalar(key);
        let block = match &insert.value {
            Value::Mapping(entries) if !entries.is_empty() => {
                format!("{written}:\n{}", indented(&insert.block, "  "))
            }
            _ => format!("{written}: {}", insert.block),
        };
        Insert {
            value: Value::Mapping(Mapping::from_iter([(
                Value::from(key),
                insert.value.clone(),
            )])),
            block,
            flow: format!("{written}: {}", insert.flow),
        }
    }
}

/// The value with what stands at the route changed; `None` if nothing is to be changed.
fn changed(
    value: &Value,
    route: &[Step<'_>],
    change: &dyn Fn(&Value) -> Option<Value>,
) -> Option<Value> {
    let Some((step, rest)) = route.split_first() else {
        return change(value);
    };
    match (step, value) {
        (Step::Key(key), Value::Mapping(entries)) => {
            let inner = entries.get(*key).unwrap_or(&Value::Null);
            let inner = changed(inner, rest, change)?;
            let mut entries = entries.clone();
            entries.insert(Value::from(*key), inner);
            Some(Value::Mapping(entries))
        }
        (Step::Key(key), Value::Null) => {
            let inner = changed(&Value::Null, rest, change)?;
            Some(Value::Mapping(Mapping::from_iter([(
                Value::from(*key),
                inner,
            )])))
        }
        (Step::Item(index), Value::Sequence(items)) if *index < items.len() => {
            let mut items = items.clone();
            items[*index] = changed(&items[*index], rest, change)?;
            Some(Value::Sequence(items))
        }
        // Not what the route expects: `place` says so with the position.
        (_, other) => Some(other.clone()),
    }
}

/// Why there is no place for an insertion.
struct Refusal {
    message: String,
    at: usize,
}

impl Refusal {
    fn with_lines(self, text: &str, by_hand: &str) -> EditError {
        EditError::shape(self.message, Some(Position::of(text, self.at)), by_hand)
    }
}

fn refuse<T>(at: usize, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        message: message.into(),
        at,
    })
}

/// The text with the insertion, and the range of what had to make room.
fn place(
    text: &str,
    root: Option<&Node>,
    route: &[Step<'_>],
    insert: &Insert,
) -> Result<(String, Option<Range<usize>>), Refusal> {
    let style = Style::of(text, root);
    let mut splices = Splices::new(text);
    let Some(root) = root.filter(|root| !is_null(root)) else {
        if let Some(root) = root.filter(|root| root.marked || !root.is_empty_scalar()) {
            return refuse(root.start, "the file is no mapping of keys");
        }
        // Nothing but comments: the file begins here.
        let lines = nested(route, insert, &style);
        if text.is_empty() || text.ends_with('\n') {
            splices.insert(text.len(), &lines);
        } else {
            splices.insert_lines_after(text.len(), &lines);
        }
        return Ok((splices.apply(), None));
    };
    let mut node = root;
    let mut owner: Option<&Node> = None;
    for (depth, step) in route.iter().enumerate() {
        if node.marked && matches!(node.kind, Kind::Scalar { .. }) {
            return refuse(
                node.start,
                "an anchor or a tag stands where a value would go",
            );
        }
        if matches!(node.kind, Kind::Alias) {
            return refuse(
                node.start,
                "an alias stands here: an edit would change what it refers to as well",
            );
        }
        match (step, &node.kind) {
            (Step::Key(key), Kind::Mapping { entries, .. }) => {
                if let Some((found, value)) = entries.iter().find(|(k, _)| k.is_key(key)) {
                    owner = Some(found);
                    node = value;
                    continue;
                }
                if let Some((merge, _)) = entries.iter().find(|(k, _)| k.is_key("<<")) {
                    return refuse(
                        merge.start,
                        format!("`{key}` may come from what is merged in here"),
                    );
                }
                let rest = nested_insert(key, &route[depth + 1..], insert, &style);
                return append(text, node, owner, &rest, &style, splices);
            }
            (Step::Item(index), Kind::Sequence { items, .. }) if *index < items.len() => {
                owner = None;
                node = &items[*index];
            }
            _ if is_null(node) && owner.is_some() => {
                let Step::Key(key) = step else {
                    return refuse(node.start, "there is no such item");
                };
                let rest = nested_insert(key, &route[depth + 1..], insert, &style);
                return append(text, node, owner, &rest, &style, splices);
            }
            (Step::Key(_), _) => return refuse(node.start, "a mapping of keys belongs here"),
            (Step::Item(_), _) => return refuse(node.start, "there is no such item"),
        }
    }
    append(
        text,
        node,
        owner,
        &Rest::of(insert, &style),
        &style,
        splices,
    )
}

/// What is still to be inserted when the route ended early.
struct Rest {
    /// Whether it is an entry of a mapping or an item of a sequence.
    is_entry: bool,
    block: String,
    flow: String,
}

impl Rest {
    fn of(insert: &Insert, style: &Style) -> Self {
        Self {
            // An entry is written as a mapping of one key; a step is a mapping as well, but
            // its flow text has its own braces.
            is_entry: insert.value.is_mapping() && !insert.flow.starts_with('{'),
            block: style.applied_to(&insert.block),
            flow: insert.flow.clone(),
        }
    }
}

fn nested_insert(key: &str, rest: &[Step<'_>], insert: &Insert, style: &Style) -> Rest {
    let mut route = vec![Step::Key(key)];
    route.extend_from_slice(rest);
    let inner = Rest::of(insert, style);
    let mut flow = inner.flow;
    let mut is_entry = inner.is_entry;
    for step in route.iter().rev() {
        if let Step::Key(key) = step {
            let key = scalar(key);
            flow = match (is_entry, flow.starts_with('[')) {
                (true, _) => format!("{key}: {{ {flow} }}"),
                (false, true) => format!("{key}: {flow}"),
                (false, false) => format!("{key}: [{flow}]"),
            };
            is_entry = true;
        }
    }
    Rest {
        is_entry: true,
        block: nested(&route, insert, style),
        flow,
    }
}

/// The block text of an insertion with the keys that lead to it.
fn nested(route: &[Step<'_>], insert: &Insert, style: &Style) -> String {
    let inner = Rest::of(insert, style);
    let mut block = if inner.is_entry {
        inner.block
    } else {
        dashed(&inner.block)
    };
    let mut is_entry = inner.is_entry;
    for step in route.iter().rev() {
        if let Step::Key(key) = step {
            let indent = if is_entry {
                style.mapping
            } else {
                style.sequence
            };
            block = format!(
                "{}:\n{}",
                scalar(key),
                indented(&block, &" ".repeat(indent))
            );
            is_entry = true;
        }
    }
    block
}

/// The lines of a sequence's item: a dash before the first, the others below its text.
fn dashed(block: &str) -> String {
    let mut lines = String::new();
    for (index, line) in block.lines().enumerate() {
        let lead = if index == 0 { "- " } else { "  " };
        let _ = writeln!(lines, "{lead}{line}");
    }
    lines
}

type Placed = Result<(String, Option<Range<usize>>), Refusal>;

/// Append to a collection, or to what must become one.
fn append(
    text: &str,
    node: &Node,
    owner: Option<&Node>,
    rest: &Rest,
    style: &Style,
    mut splices: Splices<'_>,
) -> Placed {
    match &node.kind {
        Kind::Alias => refuse(
            node.start,
            "an alias stands here: an edit would change what it refers to as well",
        ),
        Kind::Sequence { items, flow: true } if !rest.is_entry => {
            append_to_flow(text, node, owner, items, rest, style, splices)
        }
        Kind::Mapping {
            entries,
            flow: true,
        } if rest.is_entry => {
            let ranges: Vec<Node> = entries
                .iter()
                .map(|(key, value)| Node {
                    start: key.start,
                    end: value.end.max(key.end),
                    kind: Kind::Alias,
                    marked: false,
                })
                .collect();
            append_to_flow(text, node, owner, &ranges, rest, style, splices)
        }
        Kind::Sequence { items, flow: false } if !rest.is_entry => {
            let (Some(owner), Some(last)) = (owner, items.last()) else {
                return refuse(node.start, "a key belongs before this list");
            };
            let Some(column) = dash_column(text, owner) else {
                return refuse(node.start, "the items of this list cannot be told apart");
            };
            let end = with_inner_comments(text, last.end, column);
            let lines = indented(&dashed(&rest.block), &" ".repeat(column));
            splices.insert_lines_after(end, &lines);
            Ok((splices.apply(), None))
        }
        Kind::Mapping {
            entries,
            flow: false,
        } if rest.is_entry => {
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
                return refuse(node.start, "this mapping has no entry");
            };
            let column = column_of(text, first.0.start);
            let end = with_inner_comments(text, last.1.end.max(last.0.end), column);
            let mut lines = indented(&rest.block, &" ".repeat(column));
            if blank_between(text, entries, column) && !is_blank_line(text, end) {
                lines.insert(0, '\n');
            }
            splices.insert_lines_after(end, &lines);
            Ok((splices.apply(), None))
        }
        Kind::Scalar { .. } if is_null(node) && !node.marked => {
            let Some(owner) = owner else {
                return refuse(node.start, "a key belongs before this");
            };
            let indent = if rest.is_entry {
                style.mapping
            } else {
                style.sequence
            };
            fill(text, node.start..node.end, owner, rest, indent, splices)
        }
        Kind::Sequence { .. } => refuse(node.start, "a mapping belongs here, and this is a list"),
        Kind::Mapping { .. } => refuse(node.start, "a list belongs here, and this is a mapping"),
        Kind::Scalar { .. } => refuse(node.start, "a list or a mapping belongs here"),
    }
}

/// Put the first lines below a key, in the place of a null or an empty `[]` or `{}`.
fn fill(
    text: &str,
    room: Range<usize>,
    owner: &Node,
    rest: &Rest,
    indent: usize,
    mut splices: Splices<'_>,
) -> Placed {
    let Some(colon) = colon_after(text, owner.end) else {
        return refuse(
            owner.start,
            "a key without a colon on its line cannot be edited",
        );
    };
    let column = column_of(text, owner.start);
    let block = if rest.is_entry {
        rest.block.clone()
    } else {
        dashed(&rest.block)
    };
    let mut removed = None;
    let mut end = colon + 1;
    if !room.is_empty() {
        // The space before it would be left at the end of the line.
        let start = colon
            + 1
            + text[colon + 1..room.start]
                .trim_end_matches([' ', '\t'])
                .len();
        splices.replace(start..room.end, "");
        end = room.end;
        removed = Some(start..room.end);
    }
    let end = with_inner_comments(text, end, column);
    splices.insert_lines_after(end, &indented(&block, &" ".repeat(column + indent)));
    Ok((splices.apply(), removed))
}

fn append_to_flow(
    text: &str,
    node: &Node,
    owner: Option<&Node>,
    items: &[Node],
    rest: &Rest,
    style: &Style,
    mut splices: Splices<'_>,
) -> Placed {
    // Behind the anchor, if there is one, and the bracket itself.
    let open = text[node.start..node.end]
        .find(['[', '{'])
        .map_or(node.start, |at| node.start + at + 1);
    let close = node.end - 1;
    let empty = items.is_empty() && text[open..close].trim().is_empty();
    if let (true, false, Some(owner)) = (empty, node.marked, owner) {
        // In block style, if the key itself is: only there is the key alone on its line.
        let line = text[..owner.start].rfind('\n').map_or(0, |at| at + 1);
        let lead = text[line..owner.start].trim_start_matches('\u{feff}');
        let behind = text[node.end..].lines().next().unwrap_or("").trim_start();
        let alone = behind.is_empty() || behind.starts_with('#');
        if lead.trim_matches(' ').is_empty() && alone {
            let indent = if rest.is_entry {
                style.mapping
            } else {
                style.sequence
            };
            return fill(text, open - 1..node.end, owner, rest, indent, splices);
        }
    }
    let ranges: Vec<Range<usize>> = items.iter().map(|item| item.start..item.end).collect();
    append_to_brackets(
        &mut splices,
        open,
        close,
        &ranges,
        std::slice::from_ref(&rest.flow),
    );
    Ok((splices.apply(), None))
}

/// How the file is indented: what it shows, or two spaces.
struct Style {
    /// From a key to the keys of the mapping below it.
    mapping: usize,
    /// From a key to the dashes of the sequence below it.
    sequence: usize,
}

impl Style {
    fn of(text: &str, root: Option<&Node>) -> Self {
        let mut mapping = None;
        let mut sequence = None;
        let mut waiting: Vec<&Node> = root.into_iter().collect();
        while let Some(node) = waiting.pop() {
            match &node.kind {
                Kind::Mapping {
                    entries,
                    flow: false,
                } => {
                    for (key, value) in entries {
                        let from = column_of(text, key.start);
                        match &value.kind {
                            Kind::Mapping {
                                entries,
                                flow: false,
                            } => {
                                let to = entries.first().map(|(k, _)| column_of(text, k.start));
                                mapping = mapping.or(to.and_then(|to| to.checked_sub(from)));
                            }
                            Kind::Sequence { flow: false, .. } => {
                                let to = dash_column(text, key);
                                sequence = sequence.or(to.and_then(|to| to.checked_sub(from)));
                            }
                            _ => {}
                        }
                    }
                    // Reversed, so that what stands first in the file speaks for it.
                    waiting.extend(entries.iter().rev().map(|(_, value)| value));
                }
                Kind::Sequence { items, flow: false } => waiting.extend(items.iter().rev()),
                _ => {}
            }
        }
        Self {
            mapping: mapping.filter(|&width| width > 0).unwrap_or(2),
            sequence: sequence.unwrap_or(mapping.filter(|&width| width > 0).unwrap_or(2)),
        }
    }

    /// A block that is indented by two, in this style.
    ///
    /// The lines of a block scalar keep what they are indented by beyond its first.
    fn applied_to(&self, block: &str) -> String {
        // Columns of the block and what they become, from the outermost inwards.
        let mut levels: Vec<(usize, usize)> = vec![(0, 0)];
        let mut scalar: Option<Scalar> = None;
        let mut result = String::new();
        for line in block.lines() {
            let column = leading_space(line).len();
            let content = &line[column..];
            if content.is_empty() {
                result.push('\n');
                continue;
            }
            if let Some(inside) = scalar.as_ref().filter(|scalar| column > scalar.key) {
                let _ = writeln!(
                    result,
                    "{}{content}",
                    " ".repeat(inside.to + column - inside.from)
                );
                continue;
            }
            scalar = None;
            while levels.last().is_some_and(|(from, _)| *from > column) {
                levels.pop();
            }
            let (from, mut to) = levels.last().copied().unwrap_or((0, 0));
            let is_item = content.starts_with("- ");
            if column > from {
                to += if is_item { self.sequence } else { self.mapping };
                levels.push((column, to));
            }
            let _ = writeln!(result, "{}{content}", " ".repeat(to));
            let dash = if is_item { 2 } else { 0 };
            if is_item {
                levels.push((column + dash, to + dash));
            }
            if content.ends_with(": |") || content.ends_with(": |-") {
                scalar = Some(Scalar {
                    key: column + dash,
                    from: column + dash + 2,
                    to: to + dash + self.mapping,
                });
            }
        }
        result
    }
}

/// A block scalar in a text that is indented anew.
struct Scalar {
    /// The column of its key.
    key: usize,
    /// The column of its lines.
    from: usize,
    /// What that becomes.
    to: usize,
}

/// Whether a blank line goes before a new entry: as between the last two, and before the
/// second where the first has several lines.
fn blank_between(text: &str, entries: &[(Node, Node)], column: usize) -> bool {
    let end_of = |(key, value): &(Node, Node)| value.end.max(key.end);
    match entries {
        [.., before, last] => {
            let end = with_inner_comments(text, end_of(before), column);
            let gap = text.get(end..last.0.start).unwrap_or("");
            // The first part ends the line before, the last one begins that of the key.
            let lines: Vec<&str> = gap.split('\n').collect();
            lines.len() > 2
                && lines[1..lines.len() - 1]
                    .iter()
                    .any(|line| line.trim().is_empty())
        }
        [only] => text[only.0.start..end_of(only)].contains('\n'),
        [] => false,
    }
}

/// Whether an offset is in a line without content: the last of a block scalar that keeps
/// its blank lines, to which another one would be added.
fn is_blank_line(text: &str, offset: usize) -> bool {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    text[start..]
        .lines()
        .next()
        .is_none_or(|line| line.trim().is_empty())
}

/// The end of the last line that belongs inside a collection at this column: comments
/// below it that are indented deeper.
fn with_inner_comments(text: &str, end: usize, column: usize) -> usize {
    let mut last = end;
    let mut at = end;
    while let Some(newline) = text[at..].find('\n') {
        at += newline + 1;
        let line = text[at..].split('\n').next().unwrap_or("");
        let content = line.trim();
        if content.starts_with('#') && leading_space(line).chars().count() > column {
            last = at;
        } else if !content.is_empty() {
            break;
        }
    }
    last
}

fn by_hand(route: &[Step<'_>], insert: &Insert) -> String {
    let style = Style {
        mapping: 2,
        sequence: 2,
    };
    nested(route, insert, &style)
}

/// What a text means.
fn meaning(text: &str) -> Result<Value, EditError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::from_str(body).map_err(|error| {
        let position = error.location().map(|location| Position {
            line: location.line().max(1),
            column: location.column().max(1),
        });
        let mut message = error.to_string();
        // The position is told in its own place.
        if let Some(at) = message.find(" at line ") {
            message.truncate(at);
        }
        EditError::syntax(message, position.or(Some(Position { line: 1, column: 1 })))
    })
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
