//! Visits the code of a function, and collects what it does.

mod called;
mod conditions;
mod order;
mod state;
mod written;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Decorator, Expr, ExprList, ExprTuple, Keyword, Stmt, StmtFunctionDef,
    StmtIf,
};
use ruff_text_size::{Ranged, TextRange};

use self::conditions::is_type_checking;
use super::facts::{Edge, Facts, Hit, Node, Receiver, Runs};
use super::index::{ClassId, FunctionId, Index, ModuleId};
use super::resolve::{Place, Value};
use super::rules::Rule;
use super::scope::Scope;
use crate::edit::python::is_main_guard;

/// What the body of a function does, and what its decorators add. The class is that of the
/// instance that a method is called on.
pub(super) fn of_function(
    index: &Index<'_>,
    function: FunctionId,
    class: Option<ClassId>,
    runs: Runs,
) -> Facts {
    let info = &index.functions[function];
    let mut body = Body::new(index, info.module);
    body.runs = runs;
    body.decorated(info.def);
    body.class = info.class;
    body.receiver = index.receiver_of(function, class);
    body.scopes.push(Scope::of_function(info.def));
    body.visit_body(&info.def.body);
    body.facts
}

/// What a decorator adds to a function: the code of the functions that it makes.
pub(super) fn of_wrapper(index: &Index<'_>, decorator: FunctionId, with_arguments: bool) -> Facts {
    let info = &index.functions[decorator];
    let mut body = Body::new(index, info.module);
    body.scopes.push(Scope::of_function(info.def));
    body.wrappers(&info.def.body, with_arguments);
    body.facts
}

/// What a module does when it is loaded.
pub(super) fn of_module(index: &Index<'_>, module: ModuleId) -> Facts {
    let mut body = Body::new(index, module);
    body.is_top = true;
    body.visit_body(&index.modules[module].module.syntax().body);
    body.facts
}

/// Visits code, and collects what it does.
pub(super) struct Body<'i, 'a> {
    index: &'i Index<'a>,
    module: ModuleId,
    class: Option<ClassId>,
    receiver: Option<(&'a str, Value)>,
    scopes: Vec<Scope<'a>>,
    /// Whether this is the top level of a module.
    is_top: bool,
    /// Where the code runs.
    runs: Runs,
    /// How many blocks around this code leave the sandbox.
    unrestricted: usize,
    /// Arguments of functions that ignore the order, or only log.
    orderless: Vec<TextRange>,
    /// Sets that have one item here: their order does not matter.
    single: Vec<String>,
    pub(super) facts: Facts,
}

impl<'i, 'a> Body<'i, 'a> {
    pub(super) fn new(index: &'i Index<'a>, module: ModuleId) -> Self {
        Self {
            index,
            module,
            class: None,
            receiver: None,
            scopes: Vec::new(),
            is_top: false,
            runs: Runs::InWorkflow,
            unrestricted: 0,
            orderless: Vec::new(),
            single: Vec::new(),
            facts: Facts::default(),
        }
    }

    fn place(&self) -> Place<'_, 'a> {
        Place {
            index: self.index,
            module: self.module,
            class: self.class,
            receiver: self.receiver.clone(),
            scopes: &self.scopes,
        }
    }

    fn resolve(&self, expression: &'a Expr) -> Value {
        self.place().resolve(expression)
    }

    fn hit(&mut self, rule: Rule, at: &impl Ranged, what: String) {
        let offset = at.start().to_usize();
        self.facts
            .hits
            .push(Hit::new(rule, self.module, offset, what));
    }

    fn edge(&mut self, to: Node, at: &impl Ranged, receiver: Receiver) {
        self.facts.edges.push(Edge {
            receiver,
            ..Edge::new(to, self.module, at.start().to_usize())
        });
    }

    fn text(&self, expression: &Expr) -> String {
        self.place().text(expression)
    }

    /// Visit the functions that a decorator makes; with arguments, those of the inner decorator.
    fn wrappers(&mut self, body: &'a [Stmt], with_arguments: bool) {
        for statement in body {
            match statement {
                Stmt::FunctionDef(inner) if with_arguments => {
                    self.scopes.push(Scope::of_function(inner));
                    self.wrappers(&inner.body, false);
                    self.scopes.pop();
                }
                Stmt::FunctionDef(inner) => self.inner_function(inner),
                Stmt::If(block) => {
                    self.wrappers(&block.body, with_arguments);
                    for clause in &block.elif_else_clauses {
                        self.wrappers(&clause.body, with_arguments);
                    }
                }
                _ => {}
            }
        }
    }

    /// Visit a function within this one: it is called here, or by what it is passed to.
    fn inner_function(&mut self, function: &'a StmtFunctionDef) {
        self.scopes.push(Scope::of_function(function));
        self.visit_body(&function.body);
        self.scopes.pop();
    }
}

impl<'a> Visitor<'a> for Body<'_, 'a> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        let single = self.single.clone();
        for statement in body {
            self.visit_stmt(statement);
            self.after(statement);
            // What follows is for code outside of workflows.
            if let Stmt::If(block) = statement
                && block.elif_else_clauses.is_empty()
                && self.in_workflow(&block.test) == Some(true)
                && ends(&block.body)
            {
                break;
            }
        }
        self.forget(&single);
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                for parameter in function.parameters.iter_non_variadic_params() {
                    if let Some(default) = &parameter.default {
                        self.visit_expr(default);
                    }
                }
                if !self.is_top {
                    self.inner_function(function);
                }
                return;
            }
            Stmt::ClassDef(class) if self.is_top => {
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.visit_body(&class.body);
                return;
            }
            Stmt::ClassDef(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => return,
            // The handlers are for code outside of workflows.
            Stmt::Try(block) if self.needs_workflow(&block.body) => {
                self.visit_body(&block.body);
                self.visit_body(&block.orelse);
                self.visit_body(&block.finalbody);
                return;
            }
            Stmt::If(block) => {
                self.conditional(block);
                return;
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    // With one name, there is no order.
                    if let Expr::Tuple(ExprTuple { elts, .. }) | Expr::List(ExprList { elts, .. }) =
                        target
                        && elts.len() > 1
                    {
                        self.iterated(&assign.value);
                    }
                    self.assigned(target);
                }
            }
            Stmt::AugAssign(assign) => self.assigned(&assign.target),
            Stmt::AnnAssign(assign) if assign.value.is_some() => {
                self.assigned(&assign.target);
            }
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    self.assigned(target);
                }
            }
            Stmt::For(block) => {
                if self.only_collects(&block.body) {
                    self.orderless.push(block.iter.range());
                }
                self.iterated(&block.iter);
                self.used(
                    &block.iter,
                    &["__iter__", "__aiter__", "__next__", "__anext__"],
                );
            }
            Stmt::With(block) => {
                for item in &block.items {
                    self.entered(&item.context_expr);
                }
                if self.leaves_sandbox(block) {
                    self.unrestricted += 1;
                    walk_stmt(self, statement);
                    self.unrestricted -= 1;
                    return;
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}

    /// What a decorator adds to a function runs when the function is called.
    fn visit_decorator(&mut self, _: &'a Decorator) {}

    fn visit_keyword(&mut self, keyword: &'a Keyword) {
        self.visit_expr(&keyword.value);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => {
                self.call(call);
                // The called name itself is no mention.
                match &*call.func {
                    Expr::Attribute(attribute) => self.visit_expr(&attribute.value),
                    Expr::Name(_) => {}
                    other => self.visit_expr(other),
                }
                for argument in arguments(&call.arguments) {
                    self.visit_expr(argument);
                }
            }
            // At the top level, it is only defined.
            Expr::Lambda(_) if self.is_top => {}
            Expr::Lambda(lambda) => {
                self.scopes
                    .push(Scope::of_parameters(lambda.parameters.as_deref()));
                self.visit_expr(&lambda.body);
                self.scopes.pop();
            }
            Expr::BoolOp(operation) => {
                let before = self.single.clone();
                // The next value is computed if this one is true, or if it is false.
                let is_and = operation.op == BoolOp::And;
                for value in &operation.values {
                    self.visit_expr(value);
                    self.single.extend(self.single_if(value, is_and));
                }
                self.forget(&before);
            }
            Expr::If(choice) if self.in_workflow(&choice.test).is_some() => {
                let value = match self.in_workflow(&choice.test) {
                    Some(true) => &choice.body,
                    _ => &choice.orelse,
                };
                self.visit_expr(value);
            }
            Expr::If(choice) => {
                self.visit_expr(&choice.test);
                let before = self.single.clone();
                for (value, holds) in [(&choice.body, true), (&choice.orelse, false)] {
                    self.single.extend(self.single_if(&choice.test, holds));
                    self.visit_expr(value);
                    self.forget(&before);
                }
            }
            Expr::List(list) => {
                self.unpacked(&list.elts);
                walk_expr(self, expression);
            }
            Expr::Tuple(tuple) => {
                self.unpacked(&tuple.elts);
                walk_expr(self, expression);
            }
            Expr::Generator(generator) => self.comprehension(
                generator.range(),
                &generator.generators,
                true,
                &[&generator.elt],
            ),
            Expr::ListComp(list) => {
                self.comprehension(list.range(), &list.generators, true, &[&list.elt]);
            }
            Expr::SetComp(set) => {
                let keeps_order = !self.only_computes(&set.elt);
                self.comprehension(set.range(), &set.generators, keeps_order, &[&set.elt]);
            }
            Expr::DictComp(dict) => {
                let key = dict.key.as_deref();
                let inner: Vec<&Expr> = key.into_iter().chain([&*dict.value]).collect();
                self.comprehension(dict.range(), &dict.generators, true, &inner);
            }
            Expr::Attribute(attribute) => {
                self.read(attribute);
                self.visit_expr(&attribute.value);
            }
            Expr::Compare(comparison) => {
                for side in &comparison.comparators {
                    self.environment(side, side, "");
                }
                // `id(item) in seen` only tells whether two are the same.
                if !comparison.ops.iter().copied().any(is_ordering) {
                    let sides = std::iter::once(&*comparison.left).chain(&comparison.comparators);
                    let ids = sides.filter(|side| self.is_identity(side));
                    let ids: Vec<TextRange> = ids.map(Ranged::range).collect();
                    self.orderless.extend(ids);
                }
                walk_expr(self, expression);
            }
            Expr::Subscript(subscript) => {
                if subscript.ctx.is_load() {
                    self.environment(&subscript.value, expression, "[…]");
                }
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }
}

impl<'a> Body<'_, 'a> {
    /// Visit the branches that run in a workflow, as far as the conditions tell.
    fn conditional(&mut self, block: &'a StmtIf) {
        let first = (Some(&*block.test), block.body.as_slice());
        let others = block.elif_else_clauses.iter();
        let others = others.map(|clause| (clause.test.as_ref(), clause.body.as_slice()));
        let single = self.single.clone();
        for (test, body) in std::iter::once(first).chain(others) {
            let holds = test.map_or(Some(true), |test| self.holds(test));
            if let (Some(test), None) = (test, holds) {
                self.visit_expr(test);
            }
            if holds != Some(false) {
                self.branch(test, body);
            }
            if holds == Some(true) {
                break;
            }
            // The others run if it is false.
            let not = test.map_or_else(Vec::new, |test| self.single_if(test, false));
            self.single.extend(not);
        }
        self.forget(&single);
    }

    /// Whether a condition is true where workflow code runs; `None` if that is not known.
    fn holds(&self, test: &'a Expr) -> Option<bool> {
        let is_false = is_type_checking(&self.place(), test) || self.is_top && is_main_guard(test);
        if is_false {
            return Some(false);
        }
        self.in_workflow(test)
    }

    /// Visit a function that is called here: a lambda, or the name of a function.
    pub(super) fn called(&mut self, function: &'a Expr) {
        self.visit_expr(function);
        self.passed(function);
    }
}

/// Whether an operator compares by size.
fn is_ordering(operator: CmpOp) -> bool {
    matches!(operator, CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE)
}

/// Whether nothing after these statements runs.
fn ends(body: &[Stmt]) -> bool {
    matches!(
        body.last(),
        Some(Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
    )
}

/// What code that breaks a rule does, as the rest of a sentence about it. `name` is the full name
/// of the function, if it is one.
fn does(rule: Rule, name: &str) -> &'static str {
    match rule {
        Rule::Clock if name == "time.sleep" => "blocks the thread of the workflow",
        Rule::Clock => "reads the system clock",
        Rule::Random => "is not the same on a replay",
        Rule::Process => "uses processes of the system",
        Rule::Thread => "uses threads",
        Rule::Network => "uses the network",
        Rule::File => "accesses files",
        Rule::LoopEscape => "is not possible in the event loop of a workflow",
        Rule::Environment => "depends on the process and its host",
        Rule::GlobalState => "changes the state of the process",
        Rule::Hash => "gives another number in another process",
        Rule::SetOrder => "uses sets, whose order is not the same on a replay",
        _ => "breaks the rule",
    }
}

fn arguments(arguments: &Arguments) -> impl Iterator<Item = &Expr> {
    let keywords = arguments.keywords.iter().map(|keyword| &keyword.value);
    arguments.args.iter().chain(keywords)
}
