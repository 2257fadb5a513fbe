//! Parts of a module's code, to be shown.

use ruff_python_ast::Stmt;
use ruff_python_ast::helpers::format_import_from;
use ruff_text_size::Ranged;

use super::definitions::bound_name;
use super::missing_imports::bound_by;
use super::walk::all_statements;
use super::{Module, is_docstring, line_start, source, start_of};
use crate::python::mentions;

impl Module {
    /// The top-level functions with one of these names, as they are written.
    #[must_use]
    pub fn functions(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let indices = 0..self.syntax.body.len();
        indices
            .filter(|index| {
                matches!(&self.syntax.body[*index], Stmt::FunctionDef(function)
                    if is_wanted(function.name.as_str()))
            })
            .map(|index| self.source_of(index).to_owned())
            .collect()
    }

    /// The statements of a function or method whose code is wanted, dedented.
    #[must_use]
    pub fn statements_of(&self, function: &str, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let all = all_statements(&self.syntax.body);
        let bodies = all.iter().filter_map(|statement| match statement {
            Stmt::FunctionDef(found) if found.name.as_str() == function => Some(&found.body),
            _ => None,
        });
        bodies
            .flatten()
            .filter(|statement| is_wanted(source(&self.text, statement.range())))
            .map(|statement| self.dedented(statement))
            .collect()
    }

    /// The top-level statements that are wanted, each with the comments above it and the
    /// docstring below it.
    #[must_use]
    pub fn statements_at_top(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let body = &self.syntax.body;
        let mut found = Vec::new();
        for (index, statement) in body.iter().enumerate() {
            if !is_wanted(source(&self.text, statement.range())) {
                continue;
            }
            found.push(self.source_of(index).to_owned());
            if let Some(next) = body.get(index + 1).filter(|next| is_docstring(next)) {
                found.push(source(&self.text, next.range()).to_owned());
            }
        }
        found
    }

    /// Whether the definition of a top-level function has a name in it.
    #[must_use]
    pub fn mentions(&self, function: &str, name: &str) -> bool {
        let body = &self.syntax.body;
        let found = body
            .iter()
            .find(|statement| bound_name(statement) == Some(function));
        found.is_some_and(|found| mentions(source(&self.text, found.range()), name))
    }

    /// An import statement for each module from which the module imports names that a text
    /// uses.
    #[must_use]
    pub fn imports_for(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for statement in all_statements(&self.syntax.body) {
            if let Stmt::Import(import) = statement {
                let mut names = import.names.iter();
                if names.any(|alias| mentions(text, bound_by(alias))) {
                    found.push(source(&self.text, statement.range()).to_owned());
                }
            }
            let Stmt::ImportFrom(import) = statement else {
                continue;
            };
            let names = import.names.iter();
            let names: Vec<&str> = names
                .filter(|alias| mentions(text, bound_by(alias)))
                .map(|alias| source(&self.text, alias.range()))
                .collect();
            if !names.is_empty() {
                let module = format_import_from(import.level, import.module.as_deref());
                found.push(format!("from {module} import {}", names.join(", ")));
            }
        }
        found
    }

    /// The methods of the module's classes with one of these names, dedented.
    #[must_use]
    pub fn methods(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let members = self.classes().flat_map(|class| &class.body);
        let methods = members.filter(
            |member| matches!(member, Stmt::FunctionDef(method) if is_wanted(method.name.as_str())),
        );
        methods.map(|method| self.dedented(method)).collect()
    }

    fn dedented(&self, statement: &Stmt) -> String {
        let start = line_start(&self.text, start_of(statement));
        let text = &self.text[start..statement.range().end().to_usize()];
        let indent = crate::edit::leading_space(text);
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(indent).unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    }
}
