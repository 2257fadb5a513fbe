//! Queries the contents of a module.

use std::collections::{BTreeSet, HashSet};

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use super::Module;
use super::lists::elements;
use super::missing_imports::imported_names;
use super::walk::{all_calls, all_statements, calls, dotted, top_level_value, variables};
use super::workers::{imported_list, worker_argument, worker_list, workers};
use crate::edit::Position;

impl Module {
    /// What a module imports: the modules and the names, dotted where both are given.
    #[must_use]
    pub fn imported(&self) -> Vec<String> {
        self.syntax.body.iter().flat_map(imported_by).collect()
    }

    /// What a module imports anywhere, also in functions: as [`imported`](Self::imported), each
    /// with its position.
    #[must_use]
    pub fn imported_at(&self) -> Vec<(String, Position)> {
        let mut found = Vec::new();
        for statement in all_statements(&self.syntax.body) {
            let at = Position::of(&self.text, statement.range().start().to_usize());
            let names = imported_by(statement);
            found.extend(names.into_iter().map(|name| (name, at)));
        }
        found
    }

    /// The modules that a module imports anywhere, also in functions: the number of leading
    /// dots, the module, and the imported name if there is one.
    #[must_use]
    pub fn imported_modules(&self) -> Vec<(u32, &str, Option<&str>)> {
        let all = all_statements(&self.syntax.body).into_iter();
        all.flat_map(imports_of).collect()
    }

    /// Whether the module calls a function of this name with a variable as its argument.
    #[must_use]
    pub fn calls_with(&self, function: &str, argument: &str) -> bool {
        let is = |expression: &Expr, wanted: &str| {
            let name = expression.as_name_expr();
            name.is_some_and(|name| name.id.as_str() == wanted)
        };
        all_calls(&self.syntax.body).any(|call| {
            let mut arguments = call.arguments.args.iter();
            is(&call.func, function) && arguments.any(|one| is(one, argument))
        })
    }

    /// Whether the module calls a function of this name, directly or as an attribute.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        calls(&self.syntax.body, name)
    }

    /// The names of the functions and classes that a module defines at its top level.
    #[must_use]
    pub fn definitions(&self) -> Vec<String> {
        self.syntax
            .body
            .iter()
            .filter_map(|statement| match statement {
                Stmt::FunctionDef(function) => Some(function.name.to_string()),
                Stmt::ClassDef(class) => Some(class.name.to_string()),
                _ => None,
            })
            .collect()
    }

    /// The kind of each statement, with the classes and functions around it. A lone
    /// `pass` is left out.
    #[must_use]
    pub fn outline(&self) -> Vec<String> {
        fn collect(body: &[Stmt], way: &str, found: &mut Vec<String>) {
            for statement in body {
                let (kind, inner) = match statement {
                    Stmt::Pass(_) => continue,
                    Stmt::ClassDef(class) => (format!("class {}", class.name), &class.body),
                    Stmt::FunctionDef(def) => (format!("def {}", def.name), &def.body),
                    other => {
                        let kind = std::mem::discriminant(other);
                        found.push(format!("{way}/{kind:?}"));
                        continue;
                    }
                };
                let way = format!("{way}/{kind}");
                collect(inner, &way, found);
                found.push(way);
            }
        }
        let mut found = Vec::new();
        collect(&self.syntax.body, "", &mut found);
        found
    }

    /// The names that top-level imports bind.
    #[must_use]
    pub fn bound_imports(&self) -> BTreeSet<String> {
        imported_names(&self.syntax)
    }

    /// The names of the variables in the module's code.
    #[must_use]
    pub fn variables(&self) -> HashSet<&str> {
        variables(&self.syntax)
    }

    /// The top-level classes.
    pub(super) fn classes(&self) -> impl DoubleEndedIterator<Item = &StmtClassDef> {
        self.syntax.body.iter().filter_map(Stmt::as_class_def_stmt)
    }

    /// The top-level classes that have a decorator of this name, with any prefix, called or
    /// not: `defn` finds `@workflow.defn` and `@defn(name="x")`.
    #[must_use]
    pub fn decorated_classes(&self, decorator: &str) -> Vec<String> {
        let is_wanted = |expression: &Expr| {
            let named = match expression {
                Expr::Call(call) => &call.func,
                other => other,
            };
            match named {
                Expr::Name(name) => name.id.as_str() == decorator,
                Expr::Attribute(attribute) => attribute.attr.as_str() == decorator,
                _ => false,
            }
        };
        let decorated = self.classes().filter(|class| {
            let mut decorators = class.decorator_list.iter();
            decorators.any(|decorator| is_wanted(&decorator.expression))
        });
        decorated.map(|class| class.name.to_string()).collect()
    }

    /// The type names of the workflows that a module defines: the names of the classes, unless
    /// `@workflow.defn(name="…")` gives another one.
    #[must_use]
    pub fn workflow_types(&self) -> Vec<String> {
        let mut found = Vec::new();
        for class in self.classes() {
            for decorator in &class.decorator_list {
                let (named, name) = match &decorator.expression {
                    Expr::Call(call) => {
                        let name = call.arguments.find_keyword("name");
                        (dotted(&call.func), name.map(|name| &name.value))
                    }
                    other => (dotted(other), None),
                };
                let is_workflow = named
                    .as_deref()
                    .is_some_and(|named| named == "defn" || named.ends_with("workflow.defn"));
                match name {
                    _ if !is_workflow => {}
                    Some(Expr::StringLiteral(name)) => found.push(name.value.to_str().to_owned()),
                    Some(_) => {}
                    None => found.push(class.name.to_string()),
                }
            }
        }
        found
    }

    /// The source text of each item of an argument of the only `Worker(…)` call; `None` if
    /// there is no such call with a literal list.
    #[must_use]
    pub fn worker_items(&self, argument: &str) -> Option<Vec<String>> {
        self.items_of(worker_list(&self.syntax, argument))
    }

    /// The module and the name of the list that the only `Worker(…)` call imports for an
    /// argument; the module begins with a dot for each level if it is relative.
    #[must_use]
    pub fn imported_worker_list(&self, argument: &str) -> Option<(String, String)> {
        imported_list(&self.syntax, argument)
    }

    /// Whether the module makes a Temporal worker, by a call with a task queue and workflows.
    #[must_use]
    pub fn makes_worker(&self) -> bool {
        !workers(&self.syntax).is_empty()
    }

    /// The task queue of the only `Worker(…)` call, if it is a literal.
    #[must_use]
    pub fn worker_task_queue(&self) -> Option<String> {
        match worker_argument(&self.syntax, "task_queue")? {
            Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
            _ => None,
        }
    }

    /// The source text of each item of a top-level list or tuple; `None` if there is none.
    #[must_use]
    pub fn items(&self, list: &str) -> Option<Vec<String>> {
        self.items_of(top_level_value(&self.syntax, list))
    }

    fn items_of(&self, list: Option<&Expr>) -> Option<Vec<String>> {
        let (elements, _) = elements(list?)?;
        let written = |element: &Expr| self.source(element).to_owned();
        Some(elements.iter().map(written).collect())
    }
}

/// What a statement imports: the number of leading dots, the module, and the name if there is one.
fn imports_of(statement: &Stmt) -> Vec<(u32, &str, Option<&str>)> {
    match statement {
        Stmt::Import(import) => {
            let names = import.names.iter();
            names.map(|name| (0, name.name.as_str(), None)).collect()
        }
        Stmt::ImportFrom(import) => {
            let (level, from) = (import.level, import.module.as_deref().unwrap_or(""));
            let names = import.names.iter();
            names
                .map(|name| (level, from, Some(name.name.as_str())))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What a statement imports, dotted; nothing if it is no import.
fn imported_by(statement: &Stmt) -> Vec<String> {
    let dotted = |(level, from, name): (u32, &str, Option<&str>)| {
        let dots = ".".repeat(level as usize);
        let point = if from.is_empty() || name.is_none() {
            ""
        } else {
            "."
        };
        format!("{dots}{from}{point}{}", name.unwrap_or(""))
    };
    imports_of(statement).into_iter().map(dotted).collect()
}
