//! What is added to a document: items and entries, each with its text in both styles.

use std::fmt::Write as _;

use serde_yaml::{Mapping, Value};

use super::write::{flow, scalar};
use super::{Step, meaning};
use crate::edit::{EditError, indented};

/// A value to add, with its text in block style.
#[derive(Debug, Clone)]
pub(super) struct Insert {
    pub(super) value: Value,
    /// One or more lines without indentation, each with its newline.
    pub(super) block: String,
}

impl Insert {
    /// From rendered text, which is a value in block style.
    pub(super) fn rendered(body: String) -> Result<Self, EditError> {
        let value = meaning(&body)?;
        Ok(Self { value, block: body })
    }
}

/// A step of a route that additions keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnedStep {
    Key(String),
    Item(usize),
}

impl From<&Step<'_>> for OwnedStep {
    fn from(step: &Step<'_>) -> Self {
        match *step {
            Step::Key(key) => Self::Key(key.to_owned()),
            Step::Item(index) => Self::Item(index),
        }
    }
}

/// What is added at one node of a file and inside it.
#[derive(Debug, Clone, Default)]
pub(super) struct Additions {
    /// New items, if the node is a sequence.
    pub(super) items: Vec<Insert>,
    /// New or changed entries and items, in the order of the edits.
    pub(super) inside: Vec<(OwnedStep, Addition)>,
}

#[derive(Debug, Clone)]
pub(super) enum Addition {
    /// The value of a new key.
    New(Insert),
    Inside(Additions),
}

impl Additions {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.inside.is_empty()
    }

    pub(super) fn add_item(&mut self, route: &[Step<'_>], item: Insert) {
        self.at(route).items.push(item);
    }

    pub(super) fn add_entry(&mut self, route: &[Step<'_>], key: &str, value: Insert) {
        let step = OwnedStep::Key(key.to_owned());
        self.at(route).inside.push((step, Addition::New(value)));
    }

    fn at(&mut self, route: &[Step<'_>]) -> &mut Self {
        let Some((step, rest)) = route.split_first() else {
            return self;
        };
        let step = OwnedStep::from(step);
        let is_it = |(found, addition): &(OwnedStep, Addition)| {
            *found == step && matches!(addition, Addition::Inside(_))
        };
        let index = self.inside.iter().position(is_it).unwrap_or_else(|| {
            let inside = Addition::Inside(Self::default());
            self.inside.push((step, inside));
            self.inside.len() - 1
        });
        match &mut self.inside[index].1 {
            Addition::Inside(additions) => additions.at(rest),
            Addition::New(_) => unreachable!("only `Inside` was looked for"),
        }
    }

    /// The same additions, seen from the other end of a route.
    pub(super) fn below(self, route: &[OwnedStep]) -> Self {
        route.iter().rev().fold(self, |additions, step| Self {
            items: Vec::new(),
            inside: vec![(step.clone(), Addition::Inside(additions))],
        })
    }

    /// Whether they are entries of a mapping, not items of a sequence.
    pub(super) fn are_entries(&self) -> bool {
        matches!(self.inside.first(), Some((OwnedStep::Key(_), _)))
    }

    /// Its new keys, for a message.
    pub(super) fn keys(&self) -> String {
        let keys = self.inside.iter().filter_map(|(step, _)| match step {
            OwnedStep::Key(key) => Some(format!("`{key}`")),
            OwnedStep::Item(_) => None,
        });
        keys.collect::<Vec<_>>().join(", ")
    }

    /// The additions as they are written in block style with an indentation of two spaces.
    pub(super) fn block(&self) -> String {
        let mut lines: String = self.items.iter().map(|item| dashed(&item.block)).collect();
        for (index, (step, addition)) in self.inside.iter().enumerate() {
            let entry = addition.block(step);
            let is_behind_lines = index > 0 && lines.lines().count() > index;
            if is_behind_lines && matches!(step, OwnedStep::Key(_)) {
                lines.push('\n');
            }
            lines.push_str(&entry);
        }
        lines
    }

    /// The additions as they are written in flow style, without the outer brackets.
    pub(super) fn flow(&self) -> String {
        let items = self.items.iter().map(|item| flow(&item.value));
        let inside = self.inside.iter().map(|(step, value)| value.flow(step));
        items.chain(inside).collect::<Vec<_>>().join(", ")
    }
}

impl Addition {
    pub(super) fn block(&self, step: &OwnedStep) -> String {
        let (block, is_below) = match self {
            Self::New(insert) => {
                let entries = insert.value.as_mapping();
                let is_below = entries.is_some_and(|entries| !entries.is_empty());
                (insert.block.clone(), is_below)
            }
            Self::Inside(additions) => (additions.block(), true),
        };
        match step {
            OwnedStep::Key(key) if is_below => {
                format!("{}:\n{}", scalar(key), indented(&block, "  "))
            }
            OwnedStep::Key(key) => format!("{}: {block}", scalar(key)),
            OwnedStep::Item(_) => dashed(&block),
        }
    }

    pub(super) fn flow(&self, step: &OwnedStep) -> String {
        let written = match self {
            Self::New(insert) => flow(&insert.value),
            Self::Inside(additions) if additions.are_entries() => {
                format!("{{ {} }}", additions.flow())
            }
            Self::Inside(additions) => format!("[{}]", additions.flow()),
        };
        match step {
            OwnedStep::Key(key) => format!("{}: {written}", scalar(key)),
            OwnedStep::Item(_) => written,
        }
    }
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

/// The value at a route; `None` if there is none.
pub(super) fn value_at<'v>(value: &'v Value, route: &[Step<'_>]) -> Option<&'v Value> {
    route.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_mapping()?.get(*key),
        Step::Item(index) => value.as_sequence()?.get(*index),
    })
}

/// Change the value at a route. Missing entries are added on the way, as `Placement` adds
/// their text; a value that the route does not fit is left as it is, as that refuses it.
pub(super) fn change_at(value: &mut Value, route: &[Step<'_>], change: impl FnOnce(&mut Value)) {
    let Some((step, rest)) = route.split_first() else {
        return match value {
            Value::Tagged(tagged) => change(&mut tagged.value),
            value => change(value),
        };
    };
    if let (Step::Key(_), Value::Null) = (step, &*value) {
        *value = Value::Mapping(Mapping::new());
    }
    match (step, value) {
        (_, Value::Tagged(tagged)) => change_at(&mut tagged.value, route, change),
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
