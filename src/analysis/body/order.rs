//! The order of sets: where it is used, and where it does not matter.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprCall, ExprCompare, Number, Operator, Stmt, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::{Body, arguments, ends};
use crate::analysis::index::{FunctionId, Index};
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
        if self.is_orderless(iterated.range()) || self.is_single(iterated) {
            return;
        }
        if self.resolve(iterated) == Value::ExternalInstance(SET.to_owned()) {
            let what = format!("`{}` is a set, and its order is used", self.text(iterated));
            self.hit(Rule::SetOrder, iterated, what);
        }
    }

    pub(super) fn order_of_arguments(&mut self, function: &Value, call: &'a ExprCall) {
        self.unpacked(&call.arguments.args);
        let Value::External(name) = function else {
            return;
        };
        match name.as_str() {
            name if ORDERLESS.contains(&name) => {
                let arguments = call.arguments.args.iter();
                let ordered = arguments.filter(|argument| self.is_in_any_order(argument));
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
                if let Expr::Attribute(method) = &*call.func
                    && self.is_single(&method.value)
                {
                    return;
                }
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
        let before = self.single.clone();
        let single = test.map_or_else(Vec::new, |test| self.single_if(test, true));
        self.single.extend(single);
        self.visit_body(body);
        self.forget(&before);
    }

    /// What follows a statement: after `if len(names) != 1: raise …`, the set has one item.
    pub(super) fn after(&mut self, statement: &'a Stmt) {
        let single = match statement {
            Stmt::If(block) if block.elif_else_clauses.is_empty() && ends(&block.body) => {
                self.single_if(&block.test, false)
            }
            Stmt::Assert(assert) => self.single_if(&assert.test, true),
            _ => return,
        };
        self.single.extend(single);
    }

    /// Forget what is known of sets, except for these as far as it still holds.
    pub(super) fn forget(&mut self, before: &[String]) {
        self.single.retain(|single| before.contains(single));
    }

    /// What is assigned or changed has any number of items.
    pub(super) fn has_changed(&mut self, changed: &'a Expr) {
        let text = self.source(changed);
        self.single.retain(|single| *single != text);
    }

    pub(super) fn is_single(&self, set: &'a Expr) -> bool {
        !self.single.is_empty() && self.single.contains(&self.source(set))
    }

    fn source(&self, expression: &Expr) -> String {
        let module = self.index.modules[self.module].module;
        module.source(expression).to_owned()
    }

    /// The sets that have at most one item if a condition holds, or does not.
    pub(super) fn single_if(&self, test: &'a Expr, holds: bool) -> Vec<String> {
        match (test, holds) {
            (Expr::UnaryOp(negated), _) if negated.op == UnaryOp::Not => {
                self.single_if(&negated.operand, !holds)
            }
            (Expr::BoolOp(operation), _) if holds == (operation.op == BoolOp::And) => {
                let values = operation.values.iter();
                values
                    .flat_map(|value| self.single_if(value, holds))
                    .collect()
            }
            (Expr::Compare(comparison), _) => {
                let counted = self.counted(comparison, holds);
                counted.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The text of a set that has at most one item if this comparison holds, or does not.
    fn counted(&self, comparison: &'a ExprCompare, holds: bool) -> Option<String> {
        let ([right], [operator]) = (&*comparison.comparators, &*comparison.ops) else {
            return None;
        };
        let (call, number, operator) = match (&*comparison.left, right) {
            (Expr::Call(call), Expr::NumberLiteral(number)) => (call, number, *operator),
            (Expr::NumberLiteral(number), Expr::Call(call)) => (call, number, flipped(*operator)),
            _ => return None,
        };
        let count = match &number.value {
            Number::Int(count) => count.as_u8()?,
            _ => return None,
        };
        let limits = match (operator, holds) {
            (CmpOp::Eq | CmpOp::LtE, true) | (CmpOp::NotEq | CmpOp::Gt, false) => count <= 1,
            (CmpOp::Lt, true) | (CmpOp::GtE, false) => count <= 2,
            _ => false,
        };
        let [counted] = &*call.arguments.args else {
            return None;
        };
        let is_len = || self.resolve(&call.func) == Value::External("builtins.len".to_owned());
        (limits && is_len()).then(|| self.source(counted))
    }

    /// Whether an expression is `id(…)` or `hash(…)`.
    pub(super) fn is_identity(&self, expression: &'a Expr) -> bool {
        let Expr::Call(call) = expression else {
            return false;
        };
        matches!(self.resolve(&call.func), Value::External(name)
            if name == "builtins.id" || name == "builtins.hash")
    }

    /// Whether a call adds its argument to a set, or takes it out: `seen.add(item)`. The order
    /// in which items are taken out of a list does not matter either.
    pub(super) fn is_membership(&self, call: &'a ExprCall) -> bool {
        let Expr::Attribute(method) = &*call.func else {
            return false;
        };
        ["add", "discard", "remove"].contains(&method.attr.as_str())
            && !matches!(
                self.resolve(&method.value),
                Value::Instance(_) | Value::Class(_) | Value::Module(_)
            )
    }

    /// Whether an argument of `sorted` and the like only computes items, in any order.
    fn is_in_any_order(&self, argument: &'a Expr) -> bool {
        match argument {
            Expr::Generator(generator) => {
                self.computes_items(&generator.elt, &generator.generators)
            }
            Expr::ListComp(list) => self.computes_items(&list.elt, &list.generators),
            Expr::List(list) => list.elts.iter().all(|item| self.only_computes(item)),
            Expr::Tuple(tuple) => tuple.elts.iter().all(|item| self.only_computes(item)),
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                self.is_in_any_order(&sum.left) && self.is_in_any_order(&sum.right)
            }
            // `sorted(list(names))`; pairs with numbers depend on the order.
            Expr::Call(inner) => {
                matches!(self.resolve(&inner.func), Value::External(name)
                    if ORDERED.contains(&name.as_str())
                        && name != "builtins.enumerate"
                        && name != "builtins.zip")
                    && arguments(&inner.arguments).all(|value| self.only_computes(value))
            }
            _ => false,
        }
    }

    fn computes_items(&self, item: &'a Expr, generators: &'a [Comprehension]) -> bool {
        let conditions = generators.iter().flat_map(|generator| &generator.ifs);
        std::iter::once(item)
            .chain(conditions)
            .all(|part| self.only_computes(part))
    }

    /// Whether a loop only puts its items into sets, or takes them out: the order does not
    /// matter.
    pub(super) fn only_collects(&self, body: &'a [Stmt]) -> bool {
        body.iter().all(|statement| match statement {
            Stmt::Expr(expression) => match &*expression.value {
                Expr::Call(call) => {
                    let mut values = arguments(&call.arguments);
                    self.is_membership(call) && values.all(|value| self.only_computes(value))
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
                Value::Function(function) => !schedules(self.body.index, function),
                Value::External(name) => !is_scheduling(&name),
                _ => true,
            },
            _ => true,
        };
        walk_expr(self, expression);
    }
}

/// Whether a function of a library schedules something.
fn is_scheduling(name: &str) -> bool {
    name.starts_with("asyncio.")
        || ["start_", "execute_", "sleep", "wait"].iter().any(|verb| {
            name.strip_prefix("temporalio.workflow.")
                .is_some_and(|function| function.starts_with(verb))
        })
}

/// Whether a function of the service schedules something itself.
fn schedules(index: &Index<'_>, function: FunctionId) -> bool {
    struct Scheduled<'i, 'a> {
        body: Body<'i, 'a>,
        found: bool,
    }
    impl<'a> Visitor<'a> for Scheduled<'_, 'a> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression
                && let Value::External(name) = self.body.resolve(&call.func)
            {
                self.found |= is_scheduling(&name);
            }
            walk_expr(self, expression);
        }
    }
    let info = &index.functions[function];
    let mut body = Body::new(index, info.module);
    body.scopes.push(Scope::of_function(info.def));
    let mut scheduled = Scheduled {
        body,
        found: info.def.is_async,
    };
    scheduled.visit_body(&info.def.body);
    scheduled.found
}

/// An operator with its sides exchanged.
fn flipped(operator: CmpOp) -> CmpOp {
    match operator {
        CmpOp::Lt => CmpOp::Gt,
        CmpOp::LtE => CmpOp::GtE,
        CmpOp::Gt => CmpOp::Lt,
        CmpOp::GtE => CmpOp::LtE,
        other => other,
    }
}
