//! Modules of workflows that import a module of activities as a whole.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtImportFrom};
use ruff_text_size::Ranged;

use super::decorators::is_activity;
use super::index::{Index, ModuleId};
use super::reach::Reached;
use super::resolve::Place;
use super::rules::Rule;
use super::workflow::Workflow;

/// Modules of workflows that import a module of activities as a whole.
pub(super) fn activity_imports(index: &Index<'_>, workflows: &[Workflow]) -> Vec<Reached> {
    let mut by_module: BTreeMap<ModuleId, Vec<usize>> = BTreeMap::new();
    for (number, workflow) in workflows.iter().enumerate() {
        let module = index.classes[workflow.class].module;
        by_module.entry(module).or_default().push(number);
    }
    let mut found = Vec::new();
    for (module, workflows) in by_module {
        for import in index.imports_of_modules(module) {
            let functions = 0..index.functions.len();
            let has_activities = functions
                .filter(|function| index.functions[*function].module == import.imported)
                .any(|function| is_activity(index, function));
            if has_activities {
                found.push(Reached {
                    rule: Rule::ActivityImport,
                    module,
                    offset: import.offset,
                    what: format!(
                        "the module `{}` is imported as a whole, and executed again for every \
                         execution",
                        import.name
                    ),
                    trace: None,
                    workflows: workflows.clone(),
                });
            }
        }
    }
    found
}

/// A module that is imported with `from package import name`.
struct ModuleImport<'a> {
    imported: ModuleId,
    name: &'a str,
    offset: usize,
}

/// Finds imports of names.
struct Imports<'a>(Vec<&'a StmtImportFrom>);

impl<'a> Visitor<'a> for Imports<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ImportFrom(import) => self.0.push(import),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

impl<'a> Index<'a> {
    /// The modules of the service that a module imports with `from package import name`.
    fn imports_of_modules(&self, module: ModuleId) -> Vec<ModuleImport<'a>> {
        let mut imports = Imports(Vec::new());
        imports.visit_body(&self.modules[module].module.syntax().body);
        let top = Place::top(self, module);
        let names = imports.0.into_iter().flat_map(|import| {
            let names = import.names.iter();
            names.map(move |alias| (import, alias.name.as_str(), alias.range()))
        });
        names
            .filter_map(|(import, name, range)| {
                let from = import.module.as_ref().map_or("", |module| module.as_str());
                let package = top.absolute(import.level, from);
                // Other packages are passed through as a whole.
                let own = &self.modules[module].name;
                if !package.is_empty() && !own.starts_with(&format!("{package}.")) {
                    return None;
                }
                let full = if package.is_empty() {
                    name.to_owned()
                } else {
                    format!("{package}.{name}")
                };
                Some(ModuleImport {
                    imported: self.by_name.get(&full).copied()?,
                    name,
                    offset: range.start().to_usize(),
                })
            })
            .collect()
    }
}
