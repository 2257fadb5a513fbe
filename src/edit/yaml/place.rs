//! Finds where additions go in a file, and the text to insert there.
//!
//! Additions form a tree along the keys and indices of the file. All of them are placed with
//! the positions of the original text.

use std::ops::Range;

use super::additions::{Addition, Additions, OwnedStep, dashed};
use super::style::{Style, blank_between, is_blank_line, with_inner_comments};
use super::tree::{Kind, Node, colon_after, column_of, dash_column, is_null};
use crate::edit::{EditError, Position, Splices, append_to_brackets, indented};

/// The offset of the reason why additions at a node are not possible, and the reason.
type Refusal = (usize, String);

fn refuse<T>(at: usize, message: impl Into<String>) -> Result<T, Refusal> {
    Err((at, message.into()))
}

/// The insertions into a text for additions at its nodes.
pub(super) struct Placement<'a> {
    text: &'a str,
    root: Option<&'a Node>,
    style: Style,
    /// The replaced ranges and their new texts, each with the column of the new lines.
    insertions: Vec<(Range<usize>, usize, String)>,
    /// Each refused addition, with the lines to add by hand.
    pub(super) refused: Vec<EditError>,
}

impl<'a> Placement<'a> {
    pub(super) fn of(text: &'a str, root: Option<&'a Node>, additions: &Additions) -> Self {
        let mut placement = Self {
            text,
            root,
            style: Style::of(text, root),
            insertions: Vec::new(),
            refused: Vec::new(),
        };
        match root {
            Some(root) if !root.is_empty_scalar() || root.marked => {
                placement.visit(root, None, additions, &mut Vec::new());
            }
            // The file has only comments: append to it.
            _ => placement.insert_lines(text.len(), 0, &additions.block()),
        }
        placement
    }

    /// The insertions in their order. Only nulls and empty brackets are replaced.
    pub(super) fn splices(mut self) -> Splices<'a> {
        // At the same offset, the lines of an inner collection are before those of an outer
        // one.
        self.insertions
            .sort_by_key(|(range, column, _)| (range.start, range.end, usize::MAX - column));
        let mut splices = Splices::new(self.text);
        let insertions = self.insertions.into_iter();
        splices
            .list
            .extend(insertions.map(|(range, _, inserted)| (range, inserted)));
        splices
    }

    /// Insert lines, written with an indentation of two spaces, in the style of the file.
    fn insert_lines(&mut self, end: usize, column: usize, lines: &str) {
        let lines = indented(&self.style.applied_to(lines), &" ".repeat(column));
        let mut splices = Splices::new(self.text);
        splices.insert_lines_after(end, &lines);
        let list = splices.list.into_iter();
        self.insertions
            .extend(list.map(|(range, inserted)| (range, column, inserted)));
    }

    fn visit(
        &mut self,
        node: &Node,
        owner: Option<&Node>,
        additions: &Additions,
        route: &mut Vec<OwnedStep>,
    ) {
        if let Err(refusal) = self.try_visit(node, owner, additions, route) {
            self.refuse(refusal, additions.clone(), route);
        }
    }

    fn refuse(&mut self, (at, message): Refusal, additions: Additions, route: &[OwnedStep]) {
        self.refused.push(EditError::shape(
            message,
            Some(Position::of(self.text, at)),
            additions.below(route).block(),
        ));
    }

    fn try_visit(
        &mut self,
        node: &Node,
        owner: Option<&Node>,
        additions: &Additions,
        route: &mut Vec<OwnedStep>,
    ) -> Result<(), Refusal> {
        self.check_anchor(node)?;
        match &node.kind {
            Kind::Alias(_) => refuse(
                node.start,
                "this is an alias: an edit would change what it refers to as well",
            ),
            Kind::Mapping { .. } if !additions.items.is_empty() => {
                refuse(node.start, "a list belongs here, and this is a mapping")
            }
            Kind::Mapping { entries, open } => {
                let mut missing = Additions::default();
                for (step, addition) in &additions.inside {
                    let OwnedStep::Key(key) = step else {
                        return refuse(node.start, "there is no such item");
                    };
                    let found = entries.iter().find(|(k, _)| k.is_key(key));
                    match (found, addition) {
                        (Some((found, value)), Addition::Inside(inside)) => {
                            route.push(step.clone());
                            self.visit(value, Some(found), inside, route);
                            route.pop();
                        }
                        (Some((found, _)), Addition::New(_)) => {
                            return refuse(found.start, format!("`{key}` is already defined"));
                        }
                        (None, _) => missing.inside.push((step.clone(), addition.clone())),
                    }
                }
                if missing.is_empty() {
                    return Ok(());
                }
                if let Some((merge, _)) = entries.iter().find(|(k, _)| k.is_key("<<")) {
                    let message = format!("{} may come from this merge key", missing.keys());
                    self.refuse((merge.start, message), missing, route);
                    return Ok(());
                }
                self.add_entries(node, owner, entries, *open, &missing)
            }
            Kind::Sequence { items, open } => {
                for (step, addition) in &additions.inside {
                    match (step, addition) {
                        (OwnedStep::Key(_), _) => {
                            return refuse(
                                node.start,
                                "a mapping belongs here, and this is a list",
                            );
                        }
                        (OwnedStep::Item(index), Addition::Inside(inside))
                            if *index < items.len() =>
                        {
                            route.push(step.clone());
                            self.visit(&items[*index], None, inside, route);
                            route.pop();
                        }
                        (OwnedStep::Item(_), _) => {
                            return refuse(node.start, "there is no such item");
                        }
                    }
                }
                if additions.items.is_empty() {
                    return Ok(());
                }
                self.add_items(node, owner, items, *open, additions)
            }
            Kind::Scalar { .. } if is_null(node) && !node.marked => {
                let Some(owner) = owner else {
                    return refuse(node.start, "a key belongs before this");
                };
                self.fill(node.start..node.end, owner, additions)
            }
            Kind::Scalar { .. } if is_null(node) => {
                refuse(node.start, "an anchor or a tag is where a value would go")
            }
            Kind::Scalar { .. } if owner.is_none() && route.is_empty() => {
                refuse(node.start, "the file is not a mapping")
            }
            Kind::Scalar { .. } => refuse(node.start, "a list or a mapping belongs here"),
        }
    }

    /// Refuse a node whose anchor is used elsewhere, where an edit would change it as well.
    fn check_anchor(&self, node: &Node) -> Result<(), Refusal> {
        if !self.root.is_some_and(|root| root.has_alias_of(node.anchor)) {
            return Ok(());
        }
        let written = &self.text[node.start..node.end];
        let name = written.split('&').nth(1).unwrap_or("");
        let name = name.split_whitespace().next().unwrap_or("");
        refuse(
            node.start,
            format!("an edit would also change the places that refer to its anchor `&{name}`"),
        )
    }

    fn add_entries(
        &mut self,
        node: &Node,
        owner: Option<&Node>,
        entries: &[(Node, Node)],
        open: Option<usize>,
        additions: &Additions,
    ) -> Result<(), Refusal> {
        if let Some(open) = open {
            let ranges: Vec<Range<usize>> = entries
                .iter()
                .map(|(key, value)| key.start..value.end.max(key.end))
                .collect();
            return self.append_to_flow(node, owner, open, &ranges, additions);
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return refuse(node.start, "this mapping has no entry");
        };
        let column = column_of(self.text, first.0.start);
        let end = with_inner_comments(self.text, last.1.end.max(last.0.end), column);
        let mut lines = String::new();
        let has_blank = blank_between(self.text, entries, column);
        for (index, (step, addition)) in additions.inside.iter().enumerate() {
            if has_blank && (index > 0 || !is_blank_line(self.text, end)) {
                lines.push('\n');
            }
            lines.push_str(&addition.block(step));
        }
        self.insert_lines(end, column, &lines);
        Ok(())
    }

    fn add_items(
        &mut self,
        node: &Node,
        owner: Option<&Node>,
        items: &[Node],
        open: Option<usize>,
        additions: &Additions,
    ) -> Result<(), Refusal> {
        if let Some(open) = open {
            let ranges: Vec<Range<usize>> = items.iter().map(|item| item.start..item.end).collect();
            return self.append_to_flow(node, owner, open, &ranges, additions);
        }
        let (Some(owner), Some(last)) = (owner, items.last()) else {
            return refuse(node.start, "a key belongs before this list");
        };
        let Some(column) = dash_column(self.text, owner) else {
            return refuse(node.start, "the items of this list cannot be located");
        };
        let end = with_inner_comments(self.text, last.end, column);
        let lines: String = additions
            .items
            .iter()
            .map(|item| dashed(&item.block))
            .collect();
        self.insert_lines(end, column, &lines);
        Ok(())
    }

    /// Insert the first lines below a key, replacing a null or an empty `[]` or `{}`.
    fn fill(
        &mut self,
        replaced: Range<usize>,
        owner: &Node,
        additions: &Additions,
    ) -> Result<(), Refusal> {
        let text = self.text;
        let Some(colon) = colon_after(text, owner.end) else {
            return refuse(
                owner.start,
                "a key without a colon on its line cannot be edited",
            );
        };
        let column = column_of(text, owner.start);
        let mut end = colon + 1;
        if !replaced.is_empty() {
            // Also remove the space before it, which would become trailing whitespace.
            let start = end
                + text[end..replaced.start]
                    .trim_end_matches([' ', '\t'])
                    .len();
            end = replaced.end;
            self.insertions.push((start..end, column, String::new()));
        }
        let end = with_inner_comments(text, end, column);
        let indent = if additions.are_entries() {
            self.style.mapping
        } else {
            self.style.sequence
        };
        self.insert_lines(end, column + indent, &additions.block());
        Ok(())
    }

    fn append_to_flow(
        &mut self,
        node: &Node,
        owner: Option<&Node>,
        open: usize,
        items: &[Range<usize>],
        additions: &Additions,
    ) -> Result<(), Refusal> {
        let text = self.text;
        let close = node.end - 1;
        let empty = items.is_empty() && text[open..close].trim().is_empty();
        if let (true, false, Some(owner)) = (empty, node.marked, owner) {
            // Use block style if the key is in block style, i.e. alone on its line.
            let line = text[..owner.start].rfind('\n').map_or(0, |at| at + 1);
            let lead = text[line..owner.start].trim_start_matches('\u{feff}');
            let behind = text[node.end..].lines().next().unwrap_or("").trim_start();
            let alone = behind.is_empty() || behind.starts_with('#');
            if lead.trim_matches(' ').is_empty() && alone {
                return self.fill(open - 1..node.end, owner, additions);
            }
        }
        let mut splices = Splices::new(text);
        append_to_brackets(&mut splices, open, close, items, &[additions.flow()]);
        let list = splices.list.into_iter();
        self.insertions
            .extend(list.map(|(range, inserted)| (range, 0, inserted)));
        Ok(())
    }
}
