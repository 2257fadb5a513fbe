//! Visits the code of a function, and collects what it does.

mod called;
mod conditions;
mod order;
mod state;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Arguments, Decorator, Expr, Int, Keyword, Number, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use self::conditions::is_type_checking;
use self::order::only_collects;
use super::facts::{Edge, Facts, Given, Hit, Node, Receiver};
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
) -> Facts {
    let info = &index.functions[function];
    let mut body = Body::new(index, info.module);
    body.decorated(info.def);
    body.class = info.class;
    body.receiver = receiver_of(index, function, class);
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

/// The first parameter of a method with its value.
fn receiver_of<'a>(
    index: &Index<'a>,
    function: FunctionId,
    class: Option<ClassId>,
) -> Option<(&'a str, Value)> {
    let info = &index.functions[function];
    let class = info.class.map(|own| class.unwrap_or(own))?;
    let mut parameters = info.def.parameters.iter_non_variadic_params();
    let first = parameters.next()?.parameter.name.as_str();
    let place = Place::top(index, info.module);
    let decorators = place.decorators(function);
    let has = |name: &str| decorators.iter().any(|decorator| decorator == name);
    if has("builtins.staticmethod") {
        return None;
    }
    let is_class_method = has("builtins.classmethod") || info.def.name.as_str() == "__new__";
    let value = if is_class_method {
        Value::Class(class)
    } else {
        Value::Instance(class)
    };
    Some((first, value))
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
    /// How many blocks around this code leave the sandbox.
    unrestricted: usize,
    /// Arguments of functions that ignore the order, or only log.
    orderless: Vec<TextRange>,
    /// Expressions whose length is compared with 1: their order does not matter.
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
        self.facts.hits.push(Hit {
            rule,
            offset: at.start().to_usize(),
            what,
            needs_shared: false,
            function: None,
            field: None,
        });
    }

    fn edge(&mut self, to: Node, at: &impl Ranged, receiver: Receiver) {
        self.facts.edges.push(Edge {
            to,
            offset: at.start().to_usize(),
            receiver,
            field: None,
            given: Given::None,
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
        for statement in body {
            self.visit_stmt(statement);
            // What follows is for code outside of workflows.
            if let Stmt::If(block) = statement
                && block.elif_else_clauses.is_empty()
                && self.in_workflow(&block.test) == Some(true)
                && matches!(block.body.last(), Some(Stmt::Return(_) | Stmt::Raise(_)))
            {
                return;
            }
        }
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
            Stmt::If(block) if self.in_workflow(&block.test).is_some() => {
                self.visit_expr(&block.test);
                let runs_body = self.in_workflow(&block.test) == Some(true);
                if runs_body {
                    self.visit_body(&block.body);
                } else {
                    for clause in &block.elif_else_clauses {
                        self.visit_body(&clause.body);
                    }
                }
                return;
            }
            // The handlers are for code outside of workflows.
            Stmt::Try(block) if self.needs_workflow(&block.body) => {
                self.visit_body(&block.body);
                self.visit_body(&block.orelse);
                self.visit_body(&block.finalbody);
                return;
            }
            Stmt::If(block) => {
                let place = self.place();
                if is_type_checking(&place, &block.test)
                    || (self.is_top && is_main_guard(&block.test))
                {
                    for clause in &block.elif_else_clauses {
                        self.visit_body(&clause.body);
                    }
                    return;
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
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
                if only_collects(&block.body) {
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
            Expr::If(choice) if self.in_workflow(&choice.test).is_some() => {
                let value = match self.in_workflow(&choice.test) {
                    Some(true) => &choice.body,
                    _ => &choice.orelse,
                };
                self.visit_expr(value);
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
                self.comprehension(set.range(), &set.generators, false, &[&set.elt]);
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
                    if self.resolve(side) == Value::External("os.environ".to_owned()) {
                        let what = described(Rule::Environment, "os.environ", "");
                        self.hit(Rule::Environment, side, what.replace("()", ""));
                    }
                }
                // `id(item) in seen` only tells whether two are the same.
                let sides = std::iter::once(&*comparison.left).chain(&comparison.comparators);
                let ids = sides.filter(|side| side.is_call_expr()).map(Ranged::range);
                self.orderless.extend(ids);
                let is_one = |side: &Expr| {
                    matches!(side, Expr::NumberLiteral(literal)
                        if literal.value == Number::Int(Int::ONE))
                };
                if let (Expr::Call(call), [one]) = (&*comparison.left, &*comparison.comparators)
                    && is_one(one)
                    && let [counted] = &*call.arguments.args
                {
                    self.single.push(self.text(counted));
                }
                walk_expr(self, expression);
            }
            Expr::Subscript(subscript) => {
                self.environment(subscript);
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }
}

impl<'a> Body<'_, 'a> {
    /// Visit a function that is called here: a lambda, or the name of a function.
    pub(super) fn called(&mut self, function: &'a Expr) {
        self.visit_expr(function);
        self.passed(function);
    }
}

/// What a call of a function does, as the first half of a message.
fn described(rule: Rule, written: &str, name: &str) -> String {
    let does = match rule {
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
    };
    format!("`{written}()` {does}")
}

fn arguments(arguments: &Arguments) -> impl Iterator<Item = &Expr> {
    let keywords = arguments.keywords.iter().map(|keyword| &keyword.value);
    arguments.args.iter().chain(keywords)
}
