//! Copies definitions of one module to the end of another, with the imports that they need.

use std::collections::BTreeSet;

use ruff_python_ast::{ModModule, Stmt};
use ruff_text_size::Ranged;

use super::missing_imports::imported_names;
use super::{
    Module, above_comments, cannot_edit, defined_name, guard, line_start, source, start_of,
};
use crate::edit::{EditError, Edited, Position, Splices, keeps_every_byte};
use crate::python::{Style, mentions};

impl Module {
    /// Add the top-level functions and classes of another module that are `wanted` and missing
    /// here, with the variables and functions that they use, and their imports.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] if the result is not what was asked for.
    pub fn add_definitions(
        &self,
        from: &Self,
        wanted: &dyn Fn(&str) -> bool,
        local_modules: &[String],
        style: &Style,
    ) -> Result<Edited, EditError> {
        let own = names_of(&self.syntax);
        let statements = &from.syntax.body;
        let name_at = |index: usize| bound_name(&statements[index]);
        // What a killed run has added is the same; another definition is the user's.
        let other = (0..statements.len()).find_map(|index| {
            let name = name_at(index).filter(|name| wanted(name))?;
            let mut mine = self.syntax.body.iter();
            let mine = mine.rfind(|statement| bound_name(statement) == Some(name))?;
            let same =
                source(&self.text, mine.range()) == source(&from.text, statements[index].range());
            (!same).then(|| (name, mine.range().start().to_usize(), index))
        });
        if let Some((name, at, index)) = other {
            return Err(EditError::shape(
                format!("it has another `{name}`"),
                Some(Position::of(&self.text, at)),
                from.source_of(index).trim_end().to_owned(),
            ));
        }
        let is_missing = |name: &str| wanted(name) && !own.contains(name);
        let mut copied: BTreeSet<usize> = (0..statements.len())
            .filter(|index| name_at(*index).is_some_and(is_missing))
            .collect();
        if copied.is_empty() {
            return Ok(Edited::Unchanged);
        }
        // What the copied statements use, until nothing is added.
        loop {
            let text = from.sources(&copied);
            let more: Vec<usize> = (0..statements.len())
                .filter(|index| !copied.contains(index))
                .filter(|index| {
                    name_at(*index).is_some_and(|name| !own.contains(name) && mentions(&text, name))
                })
                .collect();
            if more.is_empty() {
                break;
            }
            copied.extend(more);
        }
        let text = from.sources(&copied);
        let mut added = String::new();
        let mut is_variable = false;
        for (position, index) in copied.iter().enumerate() {
            let is_next_variable = !is_definition(&statements[*index]);
            let gap = match (position, is_variable && is_next_variable) {
                (0, _) if self.text.is_empty() => "",
                (_, true) => "\n",
                _ => "\n\n\n",
            };
            added.push_str(gap);
            added.push_str(from.source_of(*index).trim_end());
            is_variable = is_next_variable;
        }
        let mut splices = Splices::new(&self.text);
        self.add_missing_imports(&mut splices, from, &text, local_modules, style);
        let end = self.text.trim_end().len();
        splices.insert(end, &added);
        let after = splices.apply();
        let is_right = guard::parse(&after).is_ok_and(|parsed| {
            let now = names_of(&parsed);
            copied
                .iter()
                .all(|index| name_at(*index).is_some_and(|name| now.contains(name)))
                && keeps_statements(&self.text, &self.syntax, &after, &parsed)
        });
        if is_right && keeps_every_byte(&self.text, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(added.trim_start().to_owned()))
    }

    fn sources(&self, statements: &BTreeSet<usize>) -> String {
        let sources = statements.iter().map(|index| self.source_of(*index));
        sources.collect::<Vec<_>>().join("\n")
    }

    /// A top-level statement with the comments directly above it.
    pub(super) fn source_of(&self, index: usize) -> &str {
        let statement = &self.syntax.body[index];
        let start = above_comments(&self.text, line_start(&self.text, start_of(statement)));
        &self.text[start..statement.range().end().to_usize()]
    }
}

/// Whether a module has every statement of an older one in its order, and imports what that
/// imports.
fn keeps_statements(before: &str, old: &ModModule, after: &str, new: &ModModule) -> bool {
    let is_import = |statement: &&Stmt| matches!(statement, Stmt::ImportFrom(_));
    let mut rest = new.body.iter().filter(|statement| !is_import(statement));
    let mut others = old.body.iter().filter(|statement| !is_import(statement));
    let imported = imported_names(new);
    others.all(|statement| {
        let old = source(before, statement.range());
        rest.any(|other| source(after, other.range()) == old)
    }) && imported_names(old).is_subset(&imported)
}

fn is_definition(statement: &Stmt) -> bool {
    matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_))
}

/// The name that a class, function or variable binds.
pub(super) fn bound_name(statement: &Stmt) -> Option<&str> {
    match statement {
        Stmt::ClassDef(class) => Some(class.name.as_str()),
        statement => defined_name(statement),
    }
}

fn names_of(module: &ModModule) -> BTreeSet<&str> {
    module.body.iter().filter_map(bound_name).collect()
}
