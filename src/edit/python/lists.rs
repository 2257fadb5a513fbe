//! Adds items to lists.

use std::collections::HashSet;
use std::ops::Range;

use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::definitions::bound_name;
use super::imports::{Import, Imported, add_imports, remove_imports};
use super::walk::{top_level_value, variables};
use super::workers::{worker_list, workers};
use super::{Module, cannot_edit, guard, line_start, source, statements_kept};
use crate::edit::{
    EditError, Edited, MAX_FILE_SIZE, Position, Splices, append_to_brackets, keeps_every_byte,
    leading_space, remove_from_brackets,
};
use crate::python::{Style, mentions};

impl Module {
    /// Add imports and items to top-level lists or tuples.
    ///
    /// `items` pairs a list's name with Python expressions, inserted verbatim; those of an
    /// empty list are formatted in the project's style.
    ///
    /// ```text
    /// WORKFLOWS: list[type] = []     →     WORKFLOWS: list[type] = [
    ///                                          GreetingWorkflow,
    ///                                      ]
    /// ```
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] where a list is missing or is not a list or tuple;
    /// [`EditError::TooLarge`].
    pub fn add_items(
        &self,
        new_imports: &[Import],
        local_modules: &[String],
        items: &[(&str, Vec<String>)],
        style: &Style,
    ) -> Result<Edited, EditError> {
        self.add_to_lists(new_imports, local_modules, items, style, top_level_value)
    }

    /// Add imports, and items to the lists that the module's only `Worker(…)` call has as its
    /// arguments `workflows` and `activities`; a list may be in a top-level variable.
    ///
    /// # Errors
    ///
    /// As [`add_items`](Self::add_items).
    pub fn add_to_worker(
        &self,
        new_imports: &[Import],
        local_modules: &[String],
        items: &[(&str, Vec<String>)],
        style: &Style,
    ) -> Result<Edited, EditError> {
        self.add_to_lists(new_imports, local_modules, items, style, worker_list)
    }

    fn add_to_lists(
        &self,
        new_imports: &[Import],
        local_modules: &[String],
        items: &[(&str, Vec<String>)],
        style: &Style,
        list_of: for<'m> fn(&'m ModModule, &str) -> Option<&'m Expr>,
    ) -> Result<Edited, EditError> {
        let (text, module) = (self.text.as_str(), &self.syntax);
        let by_hand = lines_for_items(new_imports, items);
        if let Some(name) = self.hidden_import(new_imports) {
            return Err(EditError::shape(
                format!("the module has another `{name}`"),
                Some(Position::START),
                by_hand,
            ));
        }
        let mut splices = Splices::new(text);
        let mut changed = false;
        // Not the lists whose items the user has added in another way.
        let mut found: Vec<&(&str, Vec<String>)> = Vec::new();
        for item in items {
            let (list, new_items) = item;
            if new_items.is_empty() {
                continue;
            }
            let Some(value) = list_of(module, list) else {
                if self.names_all(new_imports, new_items) {
                    continue;
                }
                let (message, position) = why_no_list(text, module, list);
                return Err(EditError::shape(message, Some(position), by_hand));
            };
            let Some((elements, open)) = elements(value) else {
                if self.names_all(new_imports, new_items) {
                    continue;
                }
                return Err(EditError::shape(
                    format!("`{list}` is not a list or tuple in brackets"),
                    Some(Position::of(text, value.range().start().to_usize())),
                    by_hand,
                ));
            };
            found.push(item);
            let missing: Vec<String> = new_items
                .iter()
                .filter(|item| {
                    !elements
                        .iter()
                        .any(|e| same_name(source(text, e.range()), item))
                })
                .cloned()
                .collect();
            if missing.is_empty() {
                continue;
            }
            changed = true;
            let close = value.range().end().to_usize() - 1;
            let ranges: Vec<Range<usize>> =
                elements.iter().map(|e| with_brackets(text, e)).collect();
            let is_top_level = leading_space(&text[line_start(text, open)..]).is_empty();
            if ranges.is_empty() && !text[open..close].contains('\n') && is_top_level {
                let lines: String = missing
                    .iter()
                    .map(|item| format!("{}{item},\n", style.indent()))
                    .collect();
                splices.insert(close, &format!("\n{lines}"));
            } else {
                append_to_brackets(&mut splices, open, close, &ranges, &missing);
            }
        }
        changed |= add_imports(text, &mut splices, module, new_imports, local_modules);
        if !changed {
            return Ok(Edited::Unchanged);
        }
        let after = splices.apply();
        if after.len() > MAX_FILE_SIZE {
            return Err(EditError::TooLarge);
        }
        let correct = guard::parse(&after).is_ok_and(|parsed| {
            let imported = Imported::of(&parsed);
            new_imports.iter().all(|import| imported.has(import))
                && found.iter().all(|(list, new_items)| {
                    let before = list_of(module, list).and_then(|v| elements(v));
                    let now = list_of(&parsed, list).and_then(|v| elements(v));
                    let (Some((before, _)), Some((now, _))) = (before, now) else {
                        return false;
                    };
                    let is_bound = list_of(&parsed, list).is_some_and(|value| {
                        let above = Imported::above(&parsed, value.range().start().to_usize());
                        new_imports.iter().all(|import| above.has(import))
                    });
                    let kept = before
                        .iter()
                        .zip(now)
                        .all(|(b, n)| source(text, b.range()) == source(&after, n.range()));
                    is_bound
                        && kept
                        && new_items.iter().all(|item| {
                            now.iter()
                                .any(|e| same_name(source(&after, e.range()), item))
                        })
                })
                && statements_kept(text, module, &after, &parsed)
        });
        if correct && keeps_every_byte(text, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(by_hand))
    }
}

impl Module {
    /// Remove imports, and items from top-level lists or tuples: the inverse of
    /// [`add_items`](Self::add_items).
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] where an item or import is written with others or in a comment.
    pub fn remove_items(
        &self,
        old_imports: &[Import],
        items: &[(&str, Vec<String>)],
    ) -> Result<Edited, EditError> {
        self.remove_from_lists(old_imports, items, top_level_value)
    }

    /// The inverse of [`add_to_worker`](Self::add_to_worker).
    ///
    /// # Errors
    ///
    /// As [`remove_items`](Self::remove_items).
    pub fn remove_from_worker(
        &self,
        old_imports: &[Import],
        items: &[(&str, Vec<String>)],
    ) -> Result<Edited, EditError> {
        self.remove_from_lists(old_imports, items, worker_list)
    }

    fn remove_from_lists(
        &self,
        old_imports: &[Import],
        items: &[(&str, Vec<String>)],
        list_of: for<'m> fn(&'m ModModule, &str) -> Option<&'m Expr>,
    ) -> Result<Edited, EditError> {
        let (text, module) = (self.text.as_str(), &self.syntax);
        let by_hand = lines_for_items(old_imports, items);
        let mut splices = Splices::new(text);
        for (list, old_items) in items {
            let found = list_of(module, list).and_then(|value| Some((value, elements(value)?)));
            let Some((value, (elements, open))) = found else {
                continue;
            };
            let ranges: Vec<Range<usize>> =
                elements.iter().map(|e| with_brackets(text, e)).collect();
            let old_items: HashSet<&str> = old_items.iter().map(String::as_str).collect();
            let is_old = |range: &Range<usize>| old_items.contains(&text[range.clone()]);
            let close = value.range().end().to_usize() - 1;
            remove_from_brackets(&mut splices, open, close, &ranges, is_old);
        }
        remove_imports(text, &mut splices, module, old_imports).map_err(|(message, at)| {
            EditError::shape(message, Some(Position::of(text, at)), by_hand.as_str())
        })?;
        if splices.list.is_empty() {
            return Ok(Edited::Unchanged);
        }
        let after = splices.apply();
        let is_gone = |parsed: &ModModule| {
            let imported = Imported::of(parsed);
            !old_imports.iter().any(|import| imported.has(import))
                && items.iter().all(|(list, old_items)| {
                    let had = list_of(module, list).and_then(elements).is_some();
                    let now = list_of(parsed, list).and_then(elements);
                    if had && now.is_none() {
                        return false;
                    }
                    let old_items: HashSet<&str> = old_items.iter().map(String::as_str).collect();
                    let is_old = |e: &Expr| old_items.contains(source(&after, e.range()));
                    now.is_none_or(|(now, _)| !now.iter().any(is_old))
                })
        };
        let Ok(parsed) = guard::parse(&after) else {
            return Err(cannot_edit(by_hand));
        };
        let used = variables(&parsed);
        let still_used = old_imports
            .iter()
            .flat_map(|import| &import.names)
            .map(|(name, alias)| alias.as_deref().unwrap_or(name))
            .find(|name| used.contains(name));
        if let Some(name) = still_used {
            let message = format!("`{name}` is used in another place of this module");
            let position = after_imports(text, module, name);
            return Err(EditError::shape(message, Some(position), by_hand));
        }
        if is_gone(&parsed) && keeps_every_byte(&after, text) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(by_hand))
    }
}

impl Module {
    /// A name of an import that a class, function or variable of the module hides.
    fn hidden_import<'i>(&self, new_imports: &'i [Import]) -> Option<&'i str> {
        let names = new_imports.iter().flat_map(|import| &import.names);
        let mut bound = names.map(|(name, alias)| alias.as_deref().unwrap_or(name));
        let defined: HashSet<&str> = self.syntax.body.iter().filter_map(bound_name).collect();
        bound.find(|name| defined.contains(name))
    }

    /// Whether the module has the imports, and names each item outside of them: the user has
    /// added them in a way that is not known here.
    fn names_all(&self, new_imports: &[Import], items: &[String]) -> bool {
        let imported = Imported::of(&self.syntax);
        let has_imports = new_imports.iter().all(|import| imported.has(import));
        let others = self
            .syntax
            .body
            .iter()
            .filter(|statement| !matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)));
        let code: String = others
            .map(|statement| source(&self.text, statement.range()))
            .collect();
        has_imports && items.iter().all(|item| code.contains(item.as_str()))
    }
}

/// The position of the first statement that is no import and has a name in it.
fn after_imports(text: &str, module: &ModModule, name: &str) -> Position {
    let mut others = module
        .body
        .iter()
        .filter(|statement| !matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)));
    let found = others.find(|statement| mentions(source(text, statement.range()), name));
    found.map_or(Position::START, |statement| {
        Position::of(text, statement.range().start().to_usize())
    })
}

/// Why a module has no list of this name, and where.
fn why_no_list(text: &str, module: &ModModule, list: &str) -> (String, Position) {
    let start = |range: TextRange| Position::of(text, range.start().to_usize());
    let workers = workers(module);
    let [worker] = workers.as_slice() else {
        return (format!("there is no list `{list}`"), Position::START);
    };
    match worker.argument(list) {
        Some(value) => (
            format!("`{list}` of the worker is not a list in this module"),
            start(value.range()),
        ),
        None => (
            format!("the worker has no argument `{list}`"),
            start(worker.call.range()),
        ),
    }
}

fn lines_for_items(imports: &[Import], items: &[(&str, Vec<String>)]) -> String {
    let mut lines = String::new();
    for import in imports {
        lines.push_str(&format!("{}\n", import.statement));
    }
    for (list, new_items) in items {
        for item in new_items {
            lines.push_str(&format!("    {item},  # in `{list}`\n"));
        }
    }
    lines
}

/// The elements of a list or tuple in brackets, and the offset after the opening bracket.
pub(super) fn elements(value: &Expr) -> Option<(&[Expr], usize)> {
    let open = value.range().start().to_usize() + 1;
    match value {
        Expr::List(list) => Some((&list.elts, open)),
        Expr::Tuple(tuple) if tuple.parenthesized => Some((&tuple.elts, open)),
        _ => None,
    }
}

/// The range of an element with enclosing parentheses, which its own range excludes.
fn with_brackets(text: &str, element: &Expr) -> Range<usize> {
    let range = element.range();
    let (mut start, mut end) = (range.start().to_usize(), range.end().to_usize());
    loop {
        let before = text[..start].trim_end();
        let after = text[end..].trim_start();
        if !(before.ends_with('(') && after.starts_with(')')) {
            return start..end;
        }
        start = before.len() - 1;
        end = text.len() - after.len() + 1;
    }
}

/// Whether two expressions end in the same name, as `a.b.Name` and `Name` do.
///
/// Workflow classes are identified by name alone, as in Temporal. Activities are referenced
/// through a module, so for them the module counts as well.
fn same_name(found: &str, wanted: &str) -> bool {
    found == wanted || (!wanted.contains('.') && found.rsplit('.').next() == Some(wanted))
}
