//! Finds the position of an insertion and creates the inserted text.

use std::fmt::Write as _;
use std::ops::Range;

use serde_yaml::{Mapping, Value};

use super::style::{Style, blank_between, is_blank_line, with_inner_comments};
use super::tree::{Kind, Node, colon_after, column_of, dash_column, is_null};
use super::write::{flow, scalar};
use super::{Step, meaning};
use crate::edit::{EditError, Position, Splices, append_to_brackets, indented};

/// An insertion: its value, and its text in block and flow style.
#[derive(Debug)]
pub(super) struct Insert {
    pub(super) value: Value,
    /// One or more lines without indentation, each with its newline.
    pub(super) block: String,
    pub(super) flow: String,
}

impl Insert {
    pub(super) fn scalar(text: &str) -> Self {
        let written = scalar(text);
        Self {
            value: Value::from(text),
            block: format!("{written}\n"),
            flow: written,
        }
    }

    pub(super) fn rendered(body: &str) -> Result<Self, EditError> {
        let value = meaning(body)?;
        Ok(Self {
            flow: flow(&value),
            value,
            block: body.to_owned(),
        })
    }
}

/// Creates the insertion of a mapping entry.
pub(super) struct Entry;

impl Entry {
    pub(super) fn of(key: &str, insert: &Insert) -> Insert {
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

/// The value at a route; `None` if there is none.
pub(super) fn value_at<'v>(value: &'v Value, route: &[Step<'_>]) -> Option<&'v Value> {
    route.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_mapping()?.get(*key),
        Step::Item(index) => value.as_sequence()?.get(*index),
    })
}

/// Change the value at a route. Missing entries are added on the way, as [`place`] adds their
/// text; a value that the route does not fit is left as it is, as `place` refuses that.
pub(super) fn change_at(value: &mut Value, route: &[Step<'_>], change: &dyn Fn(&mut Value)) {
    let Some((step, rest)) = route.split_first() else {
        return change(value);
    };
    if let (Step::Key(_), Value::Null) = (step, &*value) {
        *value = Value::Mapping(Mapping::new());
    }
    match (step, value) {
        (Step::Key(key), Value::Mapping(entries)) => {
            let inner = entries.entry(Value::from(*key)).or_insert(Value::Null);
            change_at(inner, rest, change);
        }
        (Step::Item(index), Value::Sequence(items)) => {
            if let Some(inner) = items.get_mut(*index) {
                change_at(inner, rest, change);
            }
        }
        _ => {}
    }
}

/// Why an insertion is not possible.
pub(super) struct Refusal {
    message: String,
    at: usize,
}

impl Refusal {
    pub(super) fn with_lines(self, text: &str, by_hand: &str) -> EditError {
        EditError::shape(self.message, Some(Position::of(text, self.at)), by_hand)
    }
}

pub(super) fn refuse<T>(at: usize, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        message: message.into(),
        at,
    })
}

/// Apply the insertion; returns the new text and the range that was replaced, if any.
pub(super) fn place(
    text: &str,
    root: Option<&Node>,
    route: &[Step<'_>],
    insert: &Insert,
) -> Result<(String, Option<Range<usize>>), Refusal> {
    let style = Style::of(text, root);
    let mut splices = Splices::new(text);
    let Some(root) = root.filter(|root| !is_null(root)) else {
        if let Some(root) = root.filter(|root| root.marked || !root.is_empty_scalar()) {
            return refuse(root.start, "the file is not a mapping");
        }
        // The file has only comments: append to it.
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
            return refuse(node.start, "an anchor or a tag is where a value would go");
        }
        if matches!(node.kind, Kind::Alias) {
            return refuse(
                node.start,
                "this is an alias: an edit would change what it refers to as well",
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
                    return refuse(merge.start, format!("`{key}` may come from this merge key"));
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

/// The text to insert, including keys of the route that do not exist yet.
pub(super) struct Rest {
    /// Whether it is an entry of a mapping or an item of a sequence.
    is_entry: bool,
    block: String,
    flow: String,
}

impl Rest {
    pub(super) fn of(insert: &Insert, style: &Style) -> Self {
        Self {
            // An entry is written as a mapping of one key; a step is a mapping as well, but
            // its flow text has its own braces.
            is_entry: insert.value.is_mapping() && !insert.flow.starts_with('{'),
            block: style.applied_to(&insert.block),
            flow: insert.flow.clone(),
        }
    }
}

pub(super) fn nested_insert(key: &str, rest: &[Step<'_>], insert: &Insert, style: &Style) -> Rest {
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

/// The block text of an insertion, nested in the keys of its route.
pub(super) fn nested(route: &[Step<'_>], insert: &Insert, style: &Style) -> String {
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

/// Format a block as a sequence item: a dash before the first line, the others indented.
pub(super) fn dashed(block: &str) -> String {
    let mut lines = String::new();
    for (index, line) in block.lines().enumerate() {
        let lead = if index == 0 { "- " } else { "  " };
        let _ = writeln!(lines, "{lead}{line}");
    }
    lines
}

pub(super) type Placed = Result<(String, Option<Range<usize>>), Refusal>;

/// Append to a collection, or to a null that becomes one.
pub(super) fn append(
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
            "this is an alias: an edit would change what it refers to as well",
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
                return refuse(node.start, "the items of this list cannot be located");
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

/// Insert the first lines below a key, replacing a null or an empty `[]` or `{}`.
pub(super) fn fill(
    text: &str,
    replaced: Range<usize>,
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
    if !replaced.is_empty() {
        // Also remove the space before it, which would become trailing whitespace.
        let start = colon
            + 1
            + text[colon + 1..replaced.start]
                .trim_end_matches([' ', '\t'])
                .len();
        splices.replace(start..replaced.end, "");
        end = replaced.end;
        removed = Some(start..replaced.end);
    }
    let end = with_inner_comments(text, end, column);
    splices.insert_lines_after(end, &indented(&block, &" ".repeat(column + indent)));
    Ok((splices.apply(), removed))
}

pub(super) fn append_to_flow(
    text: &str,
    node: &Node,
    owner: Option<&Node>,
    items: &[Node],
    rest: &Rest,
    style: &Style,
    mut splices: Splices<'_>,
) -> Placed {
    // After the anchor, if there is one, and the opening bracket.
    let open = text[node.start..node.end]
        .find(['[', '{'])
        .map_or(node.start, |at| node.start + at + 1);
    let close = node.end - 1;
    let empty = items.is_empty() && text[open..close].trim().is_empty();
    if let (true, false, Some(owner)) = (empty, node.marked, owner) {
        // Use block style if the key is in block style, i.e. alone on its line.
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

pub(super) fn by_hand(route: &[Step<'_>], insert: &Insert) -> String {
    let style = Style {
        mapping: 2,
        sequence: 2,
    };
    nested(route, insert, &style)
}
