//! Edits user-written files: text in, text out.
//!
//! Each editor uses a parser to find the position of an edit, and inserts text there. The
//! result is parsed again. It is accepted only if its meaning differs from the original by
//! exactly the requested change, and if it keeps every byte of the original in order, except
//! for an empty `[]` or `{}`, a null, or a lone `pass` that is replaced. Otherwise the edit is
//! refused.
//!
//! This module does not depend on paths, Temporal or the project.

mod brackets;
#[cfg(test)]
mod case_tests;
pub mod json;
#[cfg(test)]
mod properties;
pub mod python;
#[cfg(test)]
mod python_forms_tests;
pub mod requirements;
mod splices;
mod stack;
pub mod toml;
#[cfg(test)]
mod toml_forms_tests;
pub mod undo;
pub mod yaml;
#[cfg(test)]
mod yaml_forms_tests;

use std::cell::Cell;

use brackets::{append_to_brackets, remove_from_brackets};
use splices::{Splices, keeps_every_byte};
pub use stack::on_large_stack;

/// How often each parser has run in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parses {
    /// YAML values.
    pub yaml: usize,
    /// YAML positions.
    pub yaml_positions: usize,
    /// TOML.
    pub toml: usize,
    /// Python.
    pub python: usize,
}

thread_local! {
    static PARSES: Cell<Parses> = Cell::default();
}

/// How often each parser has run in this thread; each file should be parsed only once.
#[must_use]
pub fn parses() -> Parses {
    PARSES.get()
}

fn count(add: impl FnOnce(&mut Parses)) {
    let mut parses = PARSES.get();
    add(&mut parses);
    PARSES.set(parses);
}

/// Maximum file size in bytes; larger files are rejected before parsing.
pub const MAX_FILE_SIZE: usize = 1024 * 1024;

/// A place in a text, counted from 1 as editors do; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The position of a byte offset; an offset inside a character counts as its start.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = (0..=offset.min(text.len()))
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: text[..offset].matches('\n').count() + 1,
            column: text[line_start..offset].chars().count() + 1,
        }
    }
}

/// The result of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The file already contains the requested change.
    Unchanged,
    /// The whole new text.
    Changed(String),
}

impl Edited {
    /// The text after the edit.
    #[must_use]
    pub fn into_text(self, before: &str) -> String {
        match self {
            Self::Unchanged => before.to_owned(),
            Self::Changed(after) => after,
        }
    }
}

/// Why an edit was refused. The text is never partly edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not valid in its language.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where, as far as the parser knows.
        position: Option<Position>,
    },
    /// The text is valid, but has a form that cannot be edited safely.
    #[error("{message}")]
    Shape {
        /// What prevents the edit.
        message: String,
        /// Where.
        position: Option<Position>,
        /// The lines to add by hand.
        by_hand: String,
    },
    /// With the edit, the file would be larger than [`MAX_FILE_SIZE`].
    #[error("it would be larger than {} MiB, more than is supported", MAX_FILE_SIZE >> 20)]
    TooLarge,
}

impl EditError {
    pub(crate) fn syntax(message: impl Into<String>, position: Option<Position>) -> Self {
        Self::Syntax {
            message: message.into(),
            position,
        }
    }

    /// A form for which no more exact reason is known.
    fn unsafe_form(position: Option<Position>, by_hand: impl Into<String>) -> Self {
        Self::shape(
            "this file has a form that cannot be edited safely",
            position.or(Some(Position::START)),
            by_hand,
        )
    }

    /// Where, as far as it is known.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. } | Self::Shape { position, .. } => *position,
            Self::TooLarge => None,
        }
    }

    fn shape(
        message: impl Into<String>,
        position: Option<Position>,
        by_hand: impl Into<String>,
    ) -> Self {
        Self::Shape {
            message: message.into(),
            position,
            by_hand: by_hand.into(),
        }
    }
}

/// Reject files that are too large for the parsers.
fn check_size(text: &str) -> Result<(), EditError> {
    if text.len() > MAX_FILE_SIZE {
        let message = format!(
            "the file is larger than {} MiB, more than is supported",
            MAX_FILE_SIZE >> 20
        );
        return Err(EditError::syntax(message, Some(Position::START)));
    }
    Ok(())
}

/// The leading spaces and tabs of a line.
fn leading_space(line: &str) -> &str {
    let end = line
        .find(|c: char| c != ' ' && c != '\t')
        .unwrap_or(line.len());
    &line[..end]
}

/// Indent every line that is not empty.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim().is_empty() {
                "\n".to_owned()
            } else {
                format!("{indent}{line}\n")
            }
        })
        .collect()
}
