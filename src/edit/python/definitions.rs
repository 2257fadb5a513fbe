//! Copies definitions of one module to the end of another, with the imports that they need.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::imports::{Import, add_imports};
use super::walk::{all_statements, each_call};
use super::{
    Module, above_comments, cannot_edit, defined_name, guard, line_start, source, start_of,
};
use super::{is_docstring, statements_kept};
use crate::edit::{EditError, Edited, Splices, keeps_every_byte};
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
        let own: BTreeSet<String> = names_of(&self.syntax).into_iter().collect();
        let mut copied: BTreeSet<usize> = BTreeSet::new();
        let statements = &from.syntax.body;
        let name_at = |index: usize| bound_name(&statements[index]);
        for index in 0..statements.len() {
            if name_at(index).is_some_and(|name| wanted(&name) && !own.contains(&name)) {
                copied.insert(index);
            }
        }
        if copied.is_empty() {
            return Ok(Edited::Unchanged);
        }
        // What the copied statements use, until nothing is added.
        loop {
            let text: String = copied.iter().map(|index| from.source_of(*index)).collect();
            let more: Vec<usize> = (0..statements.len())
                .filter(|index| !copied.contains(index))
                .filter(|index| {
                    name_at(*index)
                        .is_some_and(|name| !own.contains(&name) && mentions(&text, &name))
                })
                .collect();
            if more.is_empty() {
                break;
            }
            copied.extend(more);
        }
        let text: String = copied.iter().map(|index| from.source_of(*index)).collect();
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
        let (plain, imports) = self.missing_imports(from, &text, style);
        self.add_plain_imports(&mut splices, &plain);
        add_imports(
            &self.text,
            &mut splices,
            &self.syntax,
            &imports,
            local_modules,
        );
        let end = self.text.trim_end().len();
        splices.insert(end, &added);
        let after = splices.apply();
        let is_right = guard::parse(&after).is_ok_and(|parsed| {
            let now = names_of(&parsed);
            copied
                .iter()
                .all(|index| name_at(*index).is_some_and(|name| now.contains(&name)))
                && statements_kept(&self.text, &self.syntax, &after, &parsed)
        });
        if is_right && keeps_every_byte(&self.text, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(added.trim_start().to_owned()))
    }

    /// A top-level statement with the comments directly above it.
    fn source_of(&self, index: usize) -> &str {
        let statement = &self.syntax.body[index];
        let start = above_comments(&self.text, line_start(&self.text, start_of(statement)));
        &self.text[start..statement.range().end().to_usize()]
    }

    /// The imports of another module that a text uses and this module lacks: statements as
    /// they are written, and names from the service's own modules.
    fn missing_imports(
        &self,
        from: &Self,
        text: &str,
        style: &Style,
    ) -> (Vec<String>, Vec<Import>) {
        let bound = imported_names(&self.syntax);
        let is_missing = |name: &str| mentions(text, name) && !bound.contains(name);
        let (mut plain, mut own) = (Vec::new(), Vec::new());
        for statement in &from.syntax.body {
            match statement {
                Stmt::Import(import) => {
                    let mut names = import.names.iter();
                    let is_needed = names.any(|alias| {
                        is_missing(alias.asname.as_ref().unwrap_or(&alias.name).as_str())
                    });
                    if is_needed {
                        plain.push(source(&from.text, statement.range()).to_owned());
                    }
                }
                Stmt::ImportFrom(import) => {
                    let module = import.module.as_ref().map_or("", |module| module.as_str());
                    let path = format!("{}{module}", ".".repeat(import.level as usize));
                    let names: Vec<(&str, Option<&str>)> = import
                        .names
                        .iter()
                        .map(|alias| {
                            let other = alias.asname.as_ref();
                            (
                                alias.name.as_str(),
                                other.map(ruff_python_ast::Identifier::as_str),
                            )
                        })
                        .filter(|(name, other)| is_missing(other.unwrap_or(name)))
                        .collect();
                    if names.is_empty() {
                        continue;
                    }
                    let import = Import::new(&path, &names, style);
                    if is_standard(module) && path == module {
                        plain.push(import.statement);
                    } else {
                        own.push(import);
                    }
                }
                _ => {}
            }
        }
        (plain, own)
    }

    /// Add imports of the standard library at the start of the imports.
    fn add_plain_imports(&self, splices: &mut Splices<'_>, statements: &[String]) {
        if statements.is_empty() {
            return;
        }
        let body = self.syntax.body.iter().skip_while(|s| is_docstring(s));
        let mut imports =
            body.take_while(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)));
        let lines: String = statements.iter().map(|line| format!("{line}\n")).collect();
        let first = imports.find(|statement| module_of(statement) != "__future__");
        match first {
            Some(first) => {
                let line = line_start(&self.text, start_of(first));
                let gap = if is_standard(module_of(first)) {
                    ""
                } else {
                    "\n"
                };
                splices.insert(line, &format!("{lines}{gap}"));
            }
            None => match self.syntax.body.first() {
                Some(docstring) if is_docstring(docstring) => {
                    splices.insert_lines_after(
                        docstring.range().end().to_usize(),
                        &format!("\n{lines}"),
                    );
                }
                _ => splices.insert(0, &format!("{lines}\n")),
            },
        }
    }

    /// The statements of a function that call, or pass on, one of the named functions; the
    /// function may be a method. Each is dedented.
    #[must_use]
    pub fn statements_that_call(
        &self,
        function: &str,
        is_called: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let all = all_statements(&self.syntax.body);
        let bodies = all.iter().filter_map(|statement| match statement {
            Stmt::FunctionDef(found) if found.name.as_str() == function => Some(&found.body),
            _ => None,
        });
        let mut found = Vec::new();
        for statement in bodies.flatten() {
            let mut is_it = false;
            each_call(std::slice::from_ref(statement), &mut |call| {
                is_it |= call.arguments.args.iter().any(
                    |argument| matches!(argument, Expr::Name(name) if is_called(name.id.as_str())),
                );
            });
            if is_it {
                found.push(self.dedented(statement));
            }
        }
        found
    }

    /// The methods of the module's classes with one of these names, dedented.
    #[must_use]
    pub fn methods(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let classes = self
            .syntax
            .body
            .iter()
            .filter_map(|statement| match statement {
                Stmt::ClassDef(class) => Some(&class.body),
                _ => None,
            });
        classes
            .flatten()
            .filter(|statement| {
                matches!(statement, Stmt::FunctionDef(method) if is_wanted(method.name.as_str()))
            })
            .map(|statement| self.dedented(statement))
            .collect()
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

fn is_definition(statement: &Stmt) -> bool {
    matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_))
}

/// The name that a class, function or variable binds.
fn bound_name(statement: &Stmt) -> Option<String> {
    match statement {
        Stmt::ClassDef(class) => Some(class.name.to_string()),
        statement => defined_name(statement),
    }
}

fn names_of(module: &ModModule) -> Vec<String> {
    module.body.iter().filter_map(bound_name).collect()
}

/// The names that top-level imports bind.
fn imported_names(module: &ModModule) -> BTreeSet<String> {
    let names = module.body.iter().flat_map(|statement| match statement {
        Stmt::Import(import) => import.names.as_slice(),
        Stmt::ImportFrom(import) => import.names.as_slice(),
        _ => &[],
    });
    names
        .map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).to_string())
        .collect()
}

fn module_of(statement: &Stmt) -> &str {
    match statement {
        Stmt::Import(import) => import.names.first().map_or("", |alias| alias.name.as_str()),
        Stmt::ImportFrom(import) => import.module.as_ref().map_or("", |module| module.as_str()),
        _ => "",
    }
}

/// Whether a module is one of the standard library that generated code imports.
fn is_standard(module: &str) -> bool {
    const STANDARD: [&str; 8] = [
        "__future__",
        "asyncio",
        "collections",
        "contextlib",
        "datetime",
        "decimal",
        "typing",
        "uuid",
    ];
    STANDARD.contains(&module.split('.').next().unwrap_or(module))
}
