//! The position of every node of a YAML file, as byte offsets into its text.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::edit::{EditError, Position, leading_space};

/// A node of the file, with byte offsets into the text.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) start: usize,
    /// The offset after the last byte of the node's content.
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Whether an anchor or a tag is before the node.
    pub(super) marked: bool,
    /// The number of its anchor, or 0.
    pub(super) anchor: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    /// A reference to the node with this anchor.
    Alias(usize),
    Sequence {
        items: Vec<Node>,
        /// In flow style, the offset after the opening bracket.
        open: Option<usize>,
    },
    Mapping {
        entries: Vec<(Node, Node)>,
        /// In flow style, the offset after the opening bracket.
        open: Option<usize>,
    },
}

impl Node {
    pub(super) fn is_key(&self, key: &str) -> bool {
        matches!(&self.kind, Kind::Scalar { text, .. } if text == key)
    }

    /// Whether the positions of this node's parts are in order. Those that the parser reports
    /// for explicit `? key`s, for example, may not be.
    pub(super) fn is_in_order(&self, text: &str) -> bool {
        let is_offset = |at: usize| at <= text.len() && text.is_char_boundary(at);
        let mut before = 0;
        let mut follows = |part: &Self| {
            let follows = before <= part.start && part.is_in_order(text);
            before = part.end;
            follows
        };
        let parts_follow = match &self.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => true,
            Kind::Sequence { items, .. } => items.iter().all(&mut follows),
            Kind::Mapping { entries, .. } => entries
                .iter()
                .all(|(key, value)| follows(key) && follows(value)),
        };
        is_offset(self.start)
            && is_offset(self.end)
            && parts_follow
            && before + self.bracket() <= self.end
    }

    /// The length of its closing bracket.
    fn bracket(&self) -> usize {
        match &self.kind {
            Kind::Sequence { open, .. } | Kind::Mapping { open, .. } => usize::from(open.is_some()),
            Kind::Scalar { .. } | Kind::Alias(_) => 0,
        }
    }

    /// Set the position of a missing value to after its key's colon, or after the key.
    fn moved_behind(mut self, text: &str, key: &Self) -> Self {
        let at = colon_after(text, key.end).map_or(key.end, |colon| colon + 1);
        (self.start, self.end) = (at, at);
        self
    }

    /// Whether an alias in this node refers to an anchor.
    pub(super) fn has_alias_of(&self, anchor: usize) -> bool {
        anchor != 0
            && match &self.kind {
                Kind::Alias(to) => *to == anchor,
                Kind::Scalar { .. } => false,
                Kind::Sequence { items, .. } => items.iter().any(|item| item.has_alias_of(anchor)),
                Kind::Mapping { entries, .. } => entries
                    .iter()
                    .any(|(key, value)| key.has_alias_of(anchor) || value.has_alias_of(anchor)),
            }
    }

    pub(super) fn is_empty_scalar(&self) -> bool {
        self.start == self.end && matches!(self.kind, Kind::Scalar { .. })
    }
}

pub(super) fn is_null(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar { text, style } => {
            *style == ScalarStyle::Plain
                && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
        }
        _ => false,
    }
}

/// The column of an offset, in characters from 0; a byte-order mark has no width.
pub(super) fn column_of(text: &str, offset: usize) -> usize {
    let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    text[line..offset]
        .trim_start_matches('\u{feff}')
        .chars()
        .count()
}

/// The offset of the colon after a key and optional spaces.
pub(super) fn colon_after(text: &str, key_end: usize) -> Option<usize> {
    let rest = &text[key_end..];
    let spaces = leading_space(rest).len();
    rest[spaces..].starts_with(':').then_some(key_end + spaces)
}

/// The column of the dashes in a key's block sequence.
pub(super) fn dash_column(text: &str, key: &Node) -> Option<usize> {
    let mut at = colon_after(text, key.end)? + 1;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        match text[at..].chars().next()? {
            '#' => at += text[at..].find('\n')?,
            // An anchor or a tag before the sequence.
            '&' | '!' => at += text[at..].find(char::is_whitespace)?,
            '-' => return Some(column_of(text, at)),
            _ => return None,
        }
    }
}

/// All positions; `None` for a file without a document.
///
/// The YAML specification does not allow a closing bracket at the column of its key, but this
/// is common and most parsers accept it. This parser does not, so it gets a text in which the
/// bracket is on the line before, at the same offset.
pub(super) fn tree(text: &str) -> Result<Option<Node>, EditError> {
    tree_of(text, text)
        .or_else(|error| tree_of(text, &with_brackets_closed_above(text)).map_err(|_| error))
}

/// Replace the line break before a closing bracket, and a comment before that, with spaces;
/// all offsets stay the same.
fn with_brackets_closed_above(text: &str) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for index in 1..lines.len() {
        if !lines[index].trim_start().starts_with([']', '}']) {
            continue;
        }
        // Blank and comment lines above it, up to the last line with content.
        for above in (0..index).rev() {
            let line = &lines[above];
            let comment = if line.trim_start().starts_with('#') {
                Some(0)
            } else {
                line.find(" #")
            };
            let end = comment.unwrap_or(line.trim_end_matches(['\n', '\r']).len());
            let has_more = !line[..end].trim().is_empty();
            let blank = " ".repeat(line.len() - end);
            lines[above] = format!("{}{blank}", &line[..end]);
            if has_more {
                break;
            }
        }
    }
    lines.concat()
}

/// Build the tree of `text` by parsing `shown`, which has the same length.
fn tree_of(text: &str, shown: &str) -> Result<Option<Node>, EditError> {
    let bom = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = &shown[bom..];
    // The parser counts characters; in ASCII text these are bytes.
    let mut offsets: Vec<usize> = Vec::new();
    if !body.is_ascii() {
        offsets.extend(body.char_indices().map(|(at, _)| at + bom));
    }
    let offset = |index: usize| match offsets.get(index) {
        Some(offset) => *offset,
        None if offsets.is_empty() => (index + bom).min(text.len()),
        None => text.len(),
    };

    let mut tree = Builder::default();
    for event in Parser::new_from_str(body) {
        let (event, span) = event.map_err(|error| {
            EditError::syntax(
                error.info().to_owned(),
                Some(Position::of(text, offset(error.marker().index()))),
            )
        })?;
        let (start, end) = (offset(span.start.index()), offset(span.end.index()));
        let node = |kind: Kind, anchor: usize, is_tagged: bool| Node {
            start,
            end,
            kind,
            marked: anchor != 0 || is_tagged,
            anchor,
        };
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let kind = Kind::Scalar {
                    text: value.into_owned(),
                    style,
                };
                let mut node = node(kind, anchor, tag.is_some());
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    node.end = block_scalar_end(text, start, end);
                }
                tree.add(text, node);
            }
            Event::Alias(to) => tree.add(text, node(Kind::Alias(to), 0, false)),
            Event::SequenceStart(anchor, tag) => {
                let kind = Kind::Sequence {
                    items: Vec::new(),
                    open: opening_bracket(text, start..end),
                };
                tree.open(node(kind, anchor, tag.is_some()));
            }
            Event::MappingStart(anchor, tag) => {
                let kind = Kind::Mapping {
                    entries: Vec::new(),
                    open: opening_bracket(text, start..end),
                };
                tree.open(node(kind, anchor, tag.is_some()));
            }
            Event::SequenceEnd | Event::MappingEnd => tree.close(text, start),
            _ => {}
        }
    }
    Ok(tree.root)
}

/// The offset after the opening bracket of a collection in flow style, from the range of its
/// start event. That range also has the anchor and the tag, and comments around the bracket.
/// In block style it has no bracket.
fn opening_bracket(text: &str, range: Range<usize>) -> Option<usize> {
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..range.end)?;
        at += match rest.chars().next()? {
            '[' | '{' => return Some(at + 1),
            '#' => rest.find('\n')?,
            // An anchor, or a tag; `!<…>` may hold any character.
            '!' if rest.starts_with("!<") => rest.find('>')? + 1,
            '&' | '!' => rest.find(char::is_whitespace)?,
            character => character.len_utf8(),
        };
    }
    None
}

/// The position of a second document in a text.
pub(super) fn second_document(text: &str) -> Option<Position> {
    let body = text.trim_start_matches('\u{feff}');
    // After an error, the parser may repeat events for ever.
    let events = Parser::new_from_str(body).map_while(Result::ok);
    let mut starts = events.filter_map(|(event, span)| match event {
        Event::DocumentStart(_) => Some(span.start.index()),
        _ => None,
    });
    let (at, _) = body.char_indices().nth(starts.nth(1)?)?;
    Some(Position::of(body, at))
}

/// Builds a tree from parser events.
#[derive(Default)]
struct Builder {
    root: Option<Node>,
    /// The open collections, outermost first, each with the key whose value has not been
    /// parsed yet.
    open: Vec<(Node, Option<Node>)>,
}

impl Builder {
    fn open(&mut self, node: Node) {
        self.open.push((node, None));
    }

    /// Close the innermost collection; `end` is the position of its closing bracket, if it has
    /// one.
    fn close(&mut self, text: &str, end: usize) {
        let Some((mut node, _)) = self.open.pop() else {
            return;
        };
        node.end = match &node.kind {
            Kind::Sequence { open: Some(_), .. } | Kind::Mapping { open: Some(_), .. } => {
                closing_bracket(text, end) + 1
            }
            Kind::Sequence { items, .. } => items.last().map_or(node.end, |item| item.end),
            Kind::Mapping { entries, .. } => entries
                .last()
                .map_or(node.end, |(key, value)| value.end.max(key.end)),
            Kind::Scalar { .. } | Kind::Alias(_) => node.end,
        };
        self.add(text, node);
    }

    fn add(&mut self, text: &str, node: Node) {
        let Some((parent, key)) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match (&mut parent.kind, key.take()) {
            (Kind::Sequence { items, .. }, _) => items.push(node),
            (Kind::Mapping { .. }, None) => *key = Some(node),
            (Kind::Mapping { entries, .. }, Some(key)) => {
                let node = if node.is_empty_scalar() && !node.marked {
                    node.moved_behind(text, &key)
                } else {
                    node
                };
                entries.push((key, node));
            }
            (Kind::Scalar { .. } | Kind::Alias(_), _) => {}
        }
    }
}

/// The offset of the bracket that ends a flow collection. After a trailing comma, the parser
/// reports the offset of the comma.
fn closing_bracket(text: &str, from: usize) -> usize {
    let mut in_comment = false;
    let found = text[from..].char_indices().find(|(_, character)| {
        match character {
            '#' => in_comment = true,
            '\n' => in_comment = false,
            _ => {}
        }
        !in_comment && matches!(character, ']' | '}')
    });
    found.map_or(from, |(at, _)| from + at)
}

/// The end of a block scalar's content; it includes trailing blank lines only if the header
/// has `+`.
fn block_scalar_end(text: &str, start: usize, end: usize) -> usize {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = column_of(text, start);
    let header_end = line.saturating_sub(1);
    let header_start = text[..header_end].rfind('\n').map_or(0, |at| at + 1);
    let header = text[header_start..header_end]
        .rsplit(['|', '>'])
        .next()
        .unwrap_or("");
    let keeps = header
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('+');
    let mut last = start;
    let mut at = line;
    while at < end {
        let length = text[at..]
            .find('\n')
            .map_or(text.len() - at, |newline| newline);
        let content = text[at..at + length].trim_end_matches('\r');
        let is_blank = content.trim_matches([' ', '\t']).is_empty();
        // Spaces beyond the indentation are content.
        if is_blank && content.len() <= indent {
            if keeps {
                last = at + content.len();
            }
        } else if leading_space(content).chars().count() >= indent {
            last = at + content.len();
        } else {
            break;
        }
        at += length + 1;
    }
    last
}
