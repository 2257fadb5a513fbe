//! Finds the calls that make a Temporal worker, and their lists.

use ruff_python_ast::helpers::format_import_from;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ExprContext, ModModule, Stmt};

use super::missing_imports::bound_by;
use super::walk::{all_expressions, top_level_value};

/// An argument of the module's only `Worker(…)` call, or the top-level list that it names.
pub(super) fn worker_list<'a>(module: &'a ModModule, argument: &str) -> Option<&'a Expr> {
    let (worker, value) = only_worker(module, argument)?;
    match value {
        // A variable of the function hides the module's.
        Expr::Name(name) if worker.bound.contains(&name.id.to_string()) => None,
        Expr::Name(name) => top_level_value(module, name.id.as_str()),
        _ => Some(value),
    }
}

/// An argument of the module's only `Worker(…)` call.
pub(super) fn worker_argument<'a>(module: &'a ModModule, argument: &str) -> Option<&'a Expr> {
    only_worker(module, argument).map(|(_, value)| value)
}

fn only_worker<'a>(module: &'a ModModule, argument: &str) -> Option<(WorkerCall<'a>, &'a Expr)> {
    let Ok([worker]) = <[_; 1]>::try_from(workers(module)) else {
        return None;
    };
    let value = worker.argument(argument)?;
    Some((worker, value))
}

/// The module and the name that an argument of the module's only `Worker(…)` call is imported
/// as; the module begins with a dot for each level if it is relative.
pub(super) fn imported_list(module: &ModModule, argument: &str) -> Option<(String, String)> {
    let (worker, value) = only_worker(module, argument)?;
    let Expr::Name(name) = value else {
        return None;
    };
    let name = name.id.as_str();
    if worker.bound.iter().any(|bound| bound == name) || top_level_value(module, name).is_some() {
        return None;
    }
    module.body.iter().rev().find_map(|statement| {
        let import = statement.as_import_from_stmt()?;
        let mut names = import.names.iter();
        let alias = names.find(|alias| bound_by(alias) == name)?;
        let from = format_import_from(import.level, import.module.as_deref());
        Some((from.into_owned(), alias.name.to_string()))
    })
}

/// A call that makes a Temporal worker, whatever the class is called here.
pub(super) struct WorkerCall<'a> {
    pub(super) call: &'a ExprCall,
    /// The names that the functions around it bind.
    bound: Vec<String>,
}

impl<'a> WorkerCall<'a> {
    pub(super) fn argument(&self, name: &str) -> Option<&'a Expr> {
        let call: &'a ExprCall = self.call;
        call.arguments
            .find_keyword(name)
            .map(|keyword| &keyword.value)
    }
}

pub(super) fn workers(module: &ModModule) -> Vec<WorkerCall<'_>> {
    struct Search<'a> {
        found: Vec<WorkerCall<'a>>,
        bound: Vec<String>,
    }
    impl<'a> Visitor<'a> for Search<'a> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            let Stmt::FunctionDef(function) = statement else {
                return walk_stmt(self, statement);
            };
            let before = self.bound.len();
            let parameters = function.parameters.iter();
            self.bound
                .extend(parameters.map(|parameter| parameter.name().to_string()));
            let names = all_expressions(&function.body).into_iter();
            let names = names.filter_map(Expr::as_name_expr);
            let assigned = names.filter(|name| name.ctx == ExprContext::Store);
            self.bound.extend(assigned.map(|name| name.id.to_string()));
            walk_stmt(self, statement);
            self.bound.truncate(before);
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                let has = |name: &str| call.arguments.find_keyword(name).is_some();
                if has("task_queue") && has("workflows") {
                    let bound = self.bound.clone();
                    self.found.push(WorkerCall { call, bound });
                }
            }
            walk_expr(self, expression);
        }
    }
    let mut search = Search {
        found: Vec::new(),
        bound: Vec::new(),
    };
    search.visit_body(&module.body);
    search.found
}
