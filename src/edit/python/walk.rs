//! Visits the calls and statements of a module.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ModModule, Stmt};

/// All expressions in some statements, also those in blocks and functions, outer ones first.
pub(super) fn all_expressions(body: &[Stmt]) -> Vec<&Expr> {
    struct All<'a>(Vec<&'a Expr>);
    impl<'a> Visitor<'a> for All<'a> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0.push(expression);
            walk_expr(self, expression);
        }
    }
    let mut all = All(Vec::new());
    all.visit_body(body);
    all.0
}

/// The calls among them.
pub(super) fn all_calls(body: &[Stmt]) -> impl Iterator<Item = &ExprCall> {
    let all = all_expressions(body).into_iter();
    all.filter_map(Expr::as_call_expr)
}

/// Whether some statements call a function of this name, directly or as an attribute.
pub(super) fn calls(body: &[Stmt], name: &str) -> bool {
    all_calls(body).any(|call| match &*call.func {
        Expr::Name(found) => found.id.as_str() == name,
        Expr::Attribute(found) => found.attr.as_str() == name,
        _ => false,
    })
}

/// All statements, also those in blocks and functions, in their order.
pub(super) fn all_statements(body: &[Stmt]) -> Vec<&Stmt> {
    struct All<'a>(Vec<&'a Stmt>);
    impl<'a> Visitor<'a> for All<'a> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.0.push(statement);
            walk_stmt(self, statement);
        }
    }
    let mut all = All(Vec::new());
    all.visit_body(body);
    all.0
}

/// A name with its attributes, as it is written.
pub(crate) fn dotted(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => {
            let before = dotted(&attribute.value)?;
            Some(format!("{before}.{}", attribute.attr))
        }
        _ => None,
    }
}

/// The value of a top-level variable.
pub(super) fn top_level_value<'a>(module: &'a ModModule, name: &str) -> Option<&'a Expr> {
    let is_name = |target: &Expr| matches!(target, Expr::Name(n) if n.id.as_str() == name);
    module
        .body
        .iter()
        .rev()
        .find_map(|statement| match statement {
            Stmt::Assign(assign) if assign.targets.len() == 1 && is_name(&assign.targets[0]) => {
                Some(&*assign.value)
            }
            Stmt::AnnAssign(assign) if is_name(&assign.target) => assign.value.as_deref(),
            _ => None,
        })
}

/// The names of the variables in a module's code.
pub(super) fn variables(module: &ModModule) -> HashSet<&str> {
    let all = all_expressions(&module.body).into_iter();
    let names = all.filter_map(Expr::as_name_expr);
    names.map(|name| name.id.as_str()).collect()
}
