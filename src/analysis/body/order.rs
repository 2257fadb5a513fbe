//! The order of sets: where it is used, and where it does not matter.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{CmpOp, Comprehension, Expr, ExprCall, Int, Number, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::{Body, arguments, ends};
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
        self.environment(iterated, iterated, "");
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
                        Expr::Generator(generator) => self.only_computes(&generator.elt),
                        Expr::ListComp(list) => self.only_computes(&list.elt),
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
            if is_ordered {
                self.iterated(&generator.iter);
            }
            self.visit_expr(&generator.iter);
            // The first is evaluated in the scope around it.
            if at == 0 {
                self.scopes.push(Scope::of_comprehensions(generators));
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

impl<'a> Body<'_, 'a> {
    /// A branch: in that of `len(names) == 1`, the set has one item.
    pub(super) fn branch(&mut self, test: Option<&'a Expr>, body: &'a [Stmt]) {
        let single = test.and_then(|test| self.counted(test, CmpOp::Eq));
        let count = self.single.len();
        self.single.extend(single);
        self.visit_body(body);
        self.single.truncate(count);
    }

    /// What follows a statement: after `if len(names) != 1: raise …`, the set has one item.
    pub(super) fn after(&mut self, statement: &'a Stmt) {
        if let Stmt::If(block) = statement
            && block.elif_else_clauses.is_empty()
            && ends(&block.body)
        {
            self.single.extend(self.counted(&block.test, CmpOp::NotEq));
        }
    }

    /// The text of a set whose length is compared with 1.
    fn counted(&self, test: &'a Expr, operator: CmpOp) -> Option<String> {
        let Expr::Compare(comparison) = test else {
            return None;
        };
        let (Expr::Call(call), [Expr::NumberLiteral(literal)]) =
            (&*comparison.left, &*comparison.comparators)
        else {
            return None;
        };
        let is_len = || self.resolve(&call.func) == Value::External("builtins.len".to_owned());
        let [counted] = &*call.arguments.args else {
            return None;
        };
        let is_it =
            literal.value == Number::Int(Int::ONE) && *comparison.ops == [operator] && is_len();
        is_it.then(|| self.text(counted))
    }

    /// Whether a loop only puts its items into sets, or takes them out: the order does not
    /// matter.
    pub(super) fn only_collects(&self, body: &'a [Stmt]) -> bool {
        body.iter().all(|statement| match statement {
            Stmt::Expr(expression) => match &*expression.value {
                Expr::Call(call) => {
                    let mut values = arguments(&call.arguments);
                    is_membership(call) && values.all(|value| self.only_computes(value))
                }
                _ => false,
            },
            Stmt::Pass(_) => true,
            _ => false,
        })
    }

    /// Whether an expression only computes a value: the order of its calls does not matter.
    pub(super) fn only_computes(&self, expression: &'a Expr) -> bool {
        let mut calls = Calls {
            body: self,
            is_pure: true,
        };
        calls.visit_expr(expression);
        calls.is_pure
    }
}

/// Looks for calls whose order matters: those that schedule something, or are waited for.
struct Calls<'b, 'i, 'a> {
    body: &'b Body<'i, 'a>,
    is_pure: bool,
}

impl<'a> Visitor<'a> for Calls<'_, '_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.is_pure &= match expression {
            Expr::Await(_) => false,
            Expr::Call(call) => match self.body.resolve(&call.func) {
                Value::Function(function) => !self.body.index.functions[function].def.is_async,
                Value::External(name) => {
                    let scheduled = ["temporalio.workflow.", "asyncio."];
                    !scheduled.iter().any(|prefix| name.starts_with(prefix))
                }
                _ => true,
            },
            _ => true,
        };
        walk_expr(self, expression);
    }
}

/// Whether a call adds its argument to a set, or takes it out: `seen.add(id(item))`.
pub(super) fn is_membership(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Attribute(method)
        if ["add", "discard", "remove"].contains(&method.attr.as_str()))
}
