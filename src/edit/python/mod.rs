//! Edits Python modules: imports, calls in functions, items of lists.
//!
//! Ruff's parser gives the positions of statements; text is inserted there, and the result is
//! parsed again. It must contain the old statements and the requested additions.
//!
//! Limits: UTF-8; at most 1 MiB; brackets at most 200 deep (the parser recurses, and a stack
//! overflow would end the process); names at the module's top level only.

mod applications;
mod attach;
mod calls;
mod definitions;
mod excerpts;
mod guard;
mod imports;
mod lists;
mod methods;
mod missing_imports;
mod query;
mod sandbox;
mod walk;
mod workers;

use ruff_python_ast::{ModModule, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::{EditError, Position};
pub use applications::{Application, Framework};
pub use attach::AppCall;
pub use calls::Place;
pub use imports::Import;
pub(crate) use sandbox::is_main_guard;
pub use sandbox::{FORBIDDEN_IN_SANDBOX, is_forbidden_in_sandbox};
pub(crate) use walk::dotted;

/// A module: its text, and the statements that the parser found in it.
#[derive(Debug)]
pub struct Module {
    text: String,
    syntax: ModModule,
}

impl Module {
    /// Read a module.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`] if the text is not Python, or is nested too deeply.
    pub fn parse(text: impl Into<String>) -> Result<Self, EditError> {
        let text = text.into();
        let syntax = guard::parse(&text)?;
        Ok(Self { text, syntax })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statements.
    pub(crate) fn syntax(&self) -> &ModModule {
        &self.syntax
    }

    /// The text of a part of this module.
    pub(crate) fn source(&self, part: &impl Ranged) -> &str {
        source(&self.text, part.range())
    }

    /// The comments, each with its offset.
    pub(crate) fn comments(&self) -> Vec<(usize, &str)> {
        guard::comments(&self.text)
    }
}

fn cannot_edit(by_hand: String) -> EditError {
    EditError::shape(
        "this module has a form that cannot be edited safely",
        Some(Position::START),
        by_hand,
    )
}

fn source(text: &str, range: TextRange) -> &str {
    &text[range.start().to_usize()..range.end().to_usize()]
}

/// The start of a statement, including its decorators.
fn start_of(statement: &Stmt) -> usize {
    let decorators = match statement {
        Stmt::FunctionDef(function) => &function.decorator_list,
        Stmt::ClassDef(class) => &class.decorator_list,
        _ => return statement.range().start().to_usize(),
    };
    let own = statement.range().start();
    let first = decorators.first().map_or(own, Ranged::start);
    own.min(first).to_usize()
}

/// Whether no line ends between two offsets. A lone carriage return ends a line as well.
fn is_one_line(text: &str, from: usize, to: usize) -> bool {
    !text[from..to].contains(['\n', '\r'])
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// The start of the comments directly above a line, which belong to it. Comments at the top
/// of the file belong to the file instead.
fn above_comments(text: &str, line: usize) -> usize {
    let mut at = line;
    while at > 0 {
        let above = line_start(text, at - 1);
        if !text[above..at].trim_start().starts_with('#') {
            break;
        }
        at = above;
    }
    if at == 0 { line } else { at }
}

fn is_docstring(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(e) if e.value.is_string_literal_expr())
}

/// Whether the new module contains every unedited top-level statement of the old one,
/// unchanged and in the same order.
fn statements_kept(before: &str, old: &ModModule, after: &str, new: &ModModule) -> bool {
    let is_edited = |statement: &Stmt| {
        matches!(
            statement,
            Stmt::FunctionDef(_) | Stmt::Assign(_) | Stmt::AnnAssign(_)
        )
    };
    let mut rest = new.body.iter();
    old.body.iter().all(|statement| {
        rest.any(|other| {
            if is_edited(statement) {
                std::mem::discriminant(statement) == std::mem::discriminant(other)
                    && defined_name(statement) == defined_name(other)
            } else {
                source(before, statement.range()) == source(after, other.range())
            }
        })
    })
}

fn defined_name(statement: &Stmt) -> Option<&str> {
    let target = match statement {
        Stmt::FunctionDef(function) => return Some(function.name.as_str()),
        Stmt::Assign(assign) => assign.targets.first()?,
        Stmt::AnnAssign(assign) => &*assign.target,
        _ => return None,
    };
    Some(target.as_name_expr()?.id.as_str())
}

#[cfg(test)]
#[path = "../python_tests.rs"]
mod tests;
