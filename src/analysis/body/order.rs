//! The order of sets: where it is used, and where it does not matter.

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Comprehension, Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::{Body, described};
use crate::analysis::resolve::{SET, Value};
use crate::analysis::rules::Rule;
use crate::analysis::scope::Scope;

/// Functions whose result does not depend on the order of their argument.
const ORDERLESS: [&str; 10] = [
    "builtins.all",
    "builtins.any",
    "builtins.frozenset",
    "builtins.len",
    "builtins.max",
    "builtins.min",
    "builtins.set",
    "builtins.sorted",
    "builtins.sum",
    "collections.Counter",
];

/// Functions whose result depends on the order of their first arguments.
const ORDERED: [&str; 10] = [
    "builtins.enumerate",
    "builtins.filter",
    "builtins.iter",
    "builtins.list",
    "builtins.map",
    "builtins.tuple",
    "builtins.zip",
    "builtins.reversed",
    "collections.deque",
    "itertools.chain",
];

impl<'a> Body<'_, 'a> {
    /// Whether the order of what is at a place does not matter.
    pub(super) fn is_orderless(&self, at: TextRange) -> bool {
        self.orderless.iter().any(|range| range.contains_range(at))
    }

    pub(super) fn iterated(&mut self, iterated: &'a Expr) {
        if self.resolve(iterated) == Value::External("os.environ".to_owned()) {
            let what = described(Rule::Environment, "os.environ", "").replace("()", "");
            self.hit(Rule::Environment, iterated, what);
        }
        let is_single = || {
            self.single
                .iter()
                .any(|single| *single == self.text(iterated))
        };
        if self.is_orderless(iterated.range()) || is_single() {
            return;
        }
        if self.resolve(iterated) == Value::ExternalInstance(SET.to_owned()) {
            let what = format!("`{}` is a set, and its order is used", self.text(iterated));
            self.hit(Rule::SetOrder, iterated, what);
        }
    }

    pub(super) fn order_of_arguments(&mut self, function: &Value, call: &'a ExprCall) {
        for argument in &call.arguments.args {
            if let Expr::Starred(starred) = argument {
                self.iterated(&starred.value);
            }
        }
        let Value::External(name) = function else {
            return;
        };
        match name.as_str() {
            name if ORDERLESS.contains(&name) => {
                let ordered = call
                    .arguments
                    .args
                    .iter()
                    .filter(|argument| match argument {
                        Expr::Generator(_) | Expr::ListComp(_) => true,
                        // `sorted(list(names))`
                        Expr::Call(inner) => matches!(self.resolve(&inner.func),
                        Value::External(name) if ORDERED.contains(&name.as_str())),
                        _ => false,
                    });
                let ranges: Vec<TextRange> = ordered.map(Ranged::range).collect();
                self.orderless.extend(ranges);
            }
            name if ORDERED.contains(&name) => {
                for argument in &call.arguments.args {
                    self.iterated(argument);
                }
            }
            "builtins.str.join" | "builtins.list.extend" => {
                if let Some(argument) = call.arguments.args.first() {
                    self.iterated(argument);
                }
            }
            "builtins.set.pop" => {
                let what = format!("`{}` takes any item of a set", self.text(&call.func));
                self.hit(Rule::SetOrder, call, what);
            }
            _ => {}
        }
    }

    /// Items of a list or tuple such as `*names`.
    pub(super) fn unpacked(&mut self, items: &'a [Expr]) {
        for item in items {
            if let Expr::Starred(starred) = item {
                self.iterated(&starred.value);
            }
        }
    }

    pub(super) fn comprehension(
        &mut self,
        range: TextRange,
        generators: &'a [Comprehension],
        keeps_order: bool,
        inner: &[&'a Expr],
    ) {
        let is_ordered = keeps_order && !self.is_orderless(range);
        for (at, generator) in generators.iter().enumerate() {
            // The first is evaluated in the scope around it.
            if at == 0 {
                if is_ordered {
                    self.iterated(&generator.iter);
                }
                self.visit_expr(&generator.iter);
                self.scopes.push(Scope::of_comprehensions(generators));
            } else {
                if is_ordered {
                    self.iterated(&generator.iter);
                }
                self.visit_expr(&generator.iter);
            }
            for condition in &generator.ifs {
                self.visit_expr(condition);
            }
        }
        for expression in inner {
            self.visit_expr(expression);
        }
        self.scopes.pop();
    }
}

/// Whether a loop only puts its items into sets, or takes them out: the order does not matter.
pub(super) fn only_collects(body: &[Stmt]) -> bool {
    body.iter().all(|statement| match statement {
        Stmt::Expr(expression) => match &*expression.value {
            Expr::Call(call) => is_membership(call),
            _ => false,
        },
        Stmt::Pass(_) => true,
        _ => false,
    })
}

/// Whether a call adds its argument to a set, or takes it out: `seen.add(id(item))`.
pub(super) fn is_membership(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Attribute(method)
        if ["add", "discard", "remove"].contains(&method.attr.as_str()))
}
