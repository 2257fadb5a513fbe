//! Calls: what they break, and where they lead.

use ruff_python_ast::helpers::map_callable;
use ruff_python_ast::{Arguments, Expr, ExprAttribute, ExprCall, Stmt, StmtFunctionDef, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::written::{is_broken, is_constant_hash, is_logging, is_open};
use super::{Body, arguments, does};
use crate::analysis::activity;
use crate::analysis::calls::{When, is_pure, rule_of};
use crate::analysis::decorators::{is_activity, is_handler, is_sandboxed};
use crate::analysis::facts::{Given, Node, Receiver};
use crate::analysis::index::{ClassId, FunctionId};
use crate::analysis::resolve::Value;
use crate::analysis::rules::Rule;
use crate::analysis::scope::Binding;
use crate::edit::python::{dotted, is_forbidden_in_sandbox};

impl<'a> Body<'_, 'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) {
        let value = self.resolve(&call.func);
        match &value {
            // Loggers write to files and networks.
            _ if is_logging(call) => {}
            Value::External(name) => self.external(name, call),
            Value::Function(function) => self.function(*function, call),
            Value::Class(class) => self.created(*class, call),
            Value::Instance(class) => {
                let called = self
                    .place()
                    .attribute_of(&Value::Instance(*class), "__call__");
                if let Value::Function(function) = called {
                    self.edge(Node::Method(function, *class), call, Receiver::Own);
                }
            }
            Value::Unknown => self.unknown(call),
            Value::ExternalInstance(_)
            | Value::Items(_)
            | Value::Mapping(_)
            | Value::Module(_)
            | Value::Super(_) => {}
        }
        self.shared_client(call);
        self.order_of_arguments(&value, call);
        self.changes_of(call);
        let is_temporal = matches!(&value, Value::External(name)
            if name.starts_with("temporalio.") || name == "builtins.isinstance"
                || name == "builtins.issubclass");
        if is_logging(call) {
            self.orderless.push(call.range());
        }
        if self.is_membership(call) {
            let ids = arguments(&call.arguments).filter(|value| self.is_identity(value));
            let ids: Vec<TextRange> = ids.map(Ranged::range).collect();
            self.orderless.extend(ids);
        }
        if self.is_top {
            self.default_at_top(&value, call);
        } else {
            for argument in arguments(&call.arguments) {
                if !(is_temporal && matches!(self.resolve(argument), Value::External(_))) {
                    self.passed(argument);
                }
            }
        }
    }

    /// A call of a function of another library.
    pub(super) fn external(&mut self, name: &str, call: &'a ExprCall) {
        self.facts.heartbeats |= activity::keeps_alive(name);
        if let Some(names) = activity::activity_named_by(name) {
            let found = activity::check(&self.place(), names, call);
            self.facts.hits.extend(found.hits);
            self.facts.executed.extend(found.activity);
        }
        let Some((rule, when)) = self.rule_of(name) else {
            let method = name.rsplit('.').next();
            if method == Some("run_in_executor") {
                self.breaks(Rule::LoopEscape, name, call);
            }
            return;
        };
        let is_harmless =
            rule == Rule::Hash && (is_constant_hash(call) || self.is_orderless(call.range()));
        if is_broken(when, &call.arguments) && !is_harmless {
            self.breaks(rule, name, call);
        }
    }

    /// The rule that a call breaks here, and when. What only the sandbox refuses is harmless
    /// outside of it: in modules that are passed through, as most are that define no workflow.
    fn rule_of(&self, name: &str) -> Option<(Rule, When)> {
        let is_refused = || self.unrestricted == 0 && is_sandboxed(self.index, self.module);
        rule_of(name).filter(|_| !is_pure(name) || is_refused())
    }

    /// Whether a block is `with workflow.unsafe.sandbox_unrestricted():`.
    pub(super) fn leaves_sandbox(&self, block: &'a StmtWith) -> bool {
        block.items.iter().any(|item| {
            let Expr::Call(call) = &item.context_expr else {
                return false;
            };
            let name = "temporalio.workflow.unsafe.sandbox_unrestricted";
            self.resolve(&call.func) == Value::External(name.to_owned())
        })
    }

    /// What the decorators of a function add to it.
    pub(super) fn decorated(&mut self, def: &'a StmtFunctionDef) {
        for decorator in &def.decorator_list {
            let function = map_callable(&decorator.expression);
            if let Value::Function(wrapper) = self.resolve(function) {
                let with_arguments = decorator.expression.is_call_expr();
                let node = Node::Wrapper(wrapper, with_arguments);
                self.edge(node, function, Receiver::Own);
            }
        }
    }

    /// A default value of a model of Pydantic, which looks at the function when the class is
    /// defined: the sandbox does not load the module.
    pub(super) fn default_at_top(&mut self, function: &Value, call: &'a ExprCall) {
        if *function != Value::External("pydantic.Field".to_owned()) {
            return;
        }
        let factory = call.arguments.find_keyword("default_factory");
        let Some(factory) = factory.map(|keyword| &keyword.value) else {
            return;
        };
        if let Value::External(name) = self.resolve(factory)
            && is_forbidden_in_sandbox(&name)
        {
            let written = dotted(factory).unwrap_or_default();
            let what = format!(
                "a default value of a model: {}",
                rule_of(&name)
                    .map(|(rule, _)| format!("`{written}()` {}", does(rule, &name)))
                    .unwrap_or(written)
            );
            self.hit(Rule::ModelDefault, factory, what);
        }
    }

    /// The creation of an instance of the service's classes.
    pub(super) fn created(&mut self, class: ClassId, call: &'a ExprCall) {
        self.edge(Node::New(class), call, Receiver::Own);
        let given = self.given(class, call);
        if let Some(edge) = self.facts.edges.last_mut() {
            edge.given = given;
        }
        let bases = self.place().bases(class);
        let broken = bases.iter().find_map(|base| match base {
            Value::External(name) => self.rule_of(name).map(|(rule, when)| (rule, when, name)),
            _ => None,
        });
        if let Some((rule, when, name)) = broken
            && is_broken(when, &call.arguments)
        {
            self.breaks(rule, name, call);
        }
    }

    /// The fields that a call of a class gives values.
    fn given(&self, class: ClassId, call: &ExprCall) -> Given {
        let Arguments { args, keywords, .. } = &call.arguments;
        if is_open(&call.arguments) {
            return Given::All;
        }
        let named = keywords.iter().filter_map(|keyword| keyword.arg.as_ref());
        let mut fields: Vec<String> = named.map(ToString::to_string).collect();
        // Those of the base classes first.
        let classes = self.place().ancestors(class).into_iter().rev();
        let mut declared: Vec<String> = Vec::new();
        for statement in classes.flat_map(|class| &self.index.classes[class].def.body) {
            if let Stmt::AnnAssign(field) = statement
                && let Some(name) = dotted(&field.target)
                && !declared.contains(&name)
            {
                declared.push(name);
            }
        }
        // Another name may be the alias of any field.
        if fields.iter().any(|field| !declared.contains(field)) {
            return Given::All;
        }
        declared.truncate(args.len());
        fields.append(&mut declared);
        Given::Fields(fields)
    }

    /// A method of a client, lock or generator that a module creates for all executions.
    fn shared_client(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else {
            return;
        };
        let place = self.place();
        let Value::ExternalInstance(class) = place.resolve(&method.value) else {
            return;
        };
        // One that the workflow itself creates is reported there.
        let is_known = rule_of(&format!("{class}.{}", method.attr)).is_some();
        if is_known || place.global_of(&method.value).is_none() {
            return;
        }
        if let Some((rule, When::Always)) = rule_of(&class) {
            self.breaks(rule, &class, call);
        }
    }

    /// The special methods of an object that a statement calls.
    pub(super) fn used(&mut self, object: &'a Expr, methods: &[&str]) {
        let Value::Instance(class) = self.resolve(object) else {
            return;
        };
        for name in methods {
            if let Some(method) = self.place().method_of(class, name) {
                let receiver = match object {
                    Expr::Name(_) if self.place().global_of(object).is_some() => Receiver::Shared,
                    _ => Receiver::Own,
                };
                self.edge(Node::Method(method, class), object, receiver);
            }
        }
    }

    /// The context of a `with` statement.
    pub(super) fn entered(&mut self, context: &'a Expr) {
        self.used(
            context,
            &["__enter__", "__exit__", "__aenter__", "__aexit__"],
        );
        let place = self.place();
        let Value::ExternalInstance(class) = place.resolve(context) else {
            return;
        };
        if place.global_of(context).is_some()
            && let Some((rule, When::Always)) = rule_of(&class)
        {
            let written = self.text(context);
            let what = format!("`{written}` {}", does(rule, &class));
            self.hit(rule, context, what);
        }
    }

    pub(super) fn breaks(&mut self, rule: Rule, name: &str, call: &'a ExprCall) {
        let written = dotted(&call.func).unwrap_or_else(|| self.text(&call.func));
        let what = format!("`{written}()` {}", does(rule, name));
        self.hit(rule, call, what);
        if let Some(hit) = self.facts.hits.last_mut() {
            hit.function = Some(name.to_owned());
        }
    }

    pub(super) fn function(&mut self, function: FunctionId, call: &'a ExprCall) {
        if is_activity(self.index, function) {
            let what = format!(
                "`{}` is an activity, and is called as a function",
                self.index.name_of(function)
            );
            self.hit(Rule::ActivityCall, call, what);
            return;
        }
        let receiver = self.receiver_in(&call.func);
        let node = self.node_of(function, &call.func);
        self.edge(node, call, receiver);
    }

    /// The code of a function, or of a method on the class that it is called on: a method of a
    /// base class calls those of the class that inherits it.
    fn node_of(&self, function: FunctionId, called: &'a Expr) -> Node {
        if self.index.functions[function].class.is_none() {
            return Node::Function(function);
        }
        let Expr::Attribute(attribute) = called else {
            return Node::Function(function);
        };
        let own = match &self.receiver {
            Some((_, Value::Instance(class) | Value::Class(class))) => Some(*class),
            _ => None,
        };
        match (self.resolve(&attribute.value), own) {
            (Value::Instance(class) | Value::Class(class), _) | (Value::Super(_), Some(class)) => {
                Node::Method(function, class)
            }
            _ => Node::Function(function),
        }
    }

    /// Whose state a called method has.
    pub(super) fn receiver_in(&self, function: &'a Expr) -> Receiver {
        match function {
            Expr::Attribute(attribute) => self.receiver_of_attribute(attribute),
            _ => Receiver::Own,
        }
    }

    pub(super) fn receiver_of_attribute(&self, attribute: &'a ExprAttribute) -> Receiver {
        let place = self.place();
        if let Expr::Name(name) = &*attribute.value {
            let is_self = matches!(&self.receiver, Some((receiver, Value::Instance(_)))
                if *receiver == name.id.as_str());
            if is_self {
                return Receiver::Same;
            }
        }
        let is_instance = matches!(place.resolve(&attribute.value), Value::Instance(_));
        if is_instance && place.global_of(&attribute.value).is_some() {
            Receiver::Shared
        } else {
            Receiver::Own
        }
    }

    /// A call whose target is not known.
    pub(super) fn unknown(&mut self, call: &'a ExprCall) {
        match &*call.func {
            // A method of something whose type is not known: of the service, if it has one.
            Expr::Attribute(attribute) => {
                if self.index.has_method(&attribute.attr) {
                    let text = self.text(&call.func);
                    self.facts.unfollowed.push((call.start().to_usize(), text));
                }
                if attribute.attr.as_str() == "run_in_executor" {
                    let does = does(Rule::LoopEscape, "");
                    let what = format!("`run_in_executor()` {does}");
                    self.hit(Rule::LoopEscape, call, what);
                }
            }
            Expr::Lambda(_) => {}
            // A function within this one is visited with it.
            Expr::Name(name) if self.is_local_function(&name.id) => {}
            _ => {
                let text = self.text(&call.func);
                self.facts.unfollowed.push((call.start().to_usize(), text));
            }
        }
    }

    pub(super) fn is_local_function(&self, name: &str) -> bool {
        self.scopes.iter().rev().any(|scope| {
            scope.get(name).is_some_and(|bindings| {
                bindings.iter().all(|binding| {
                    matches!(
                        binding,
                        Binding::Function(_) | Binding::Class(_) | Binding::Value(Expr::Lambda(_))
                    )
                })
            })
        })
    }

    /// A function that is passed to another one is called by it.
    pub(super) fn passed(&mut self, argument: &'a Expr) {
        match argument {
            Expr::Name(_) | Expr::Attribute(_) => {}
            Expr::Starred(starred) => return self.passed(&starred.value),
            _ => return,
        }
        match self.resolve(argument) {
            Value::External(name) => {
                let last = name.rsplit('.').next().unwrap_or_default();
                let is_function = last.starts_with(char::is_lowercase);
                // With arguments, the others may be harmless.
                if let Some((rule, When::Always)) = self.rule_of(&name).filter(|_| is_function) {
                    let written = dotted(argument).unwrap_or_default();
                    let what = format!("`{written}()` {}", does(rule, &name));
                    self.hit(rule, argument, what);
                }
                self.facts.heartbeats |= activity::keeps_alive(&name);
            }
            Value::Function(function) => {
                let receiver = self.receiver_in(argument);
                self.follow(function, argument, receiver);
            }
            _ => {}
        }
    }

    /// A property, whose code runs when it is read.
    pub(super) fn read(&mut self, attribute: &'a ExprAttribute) {
        let Value::Instance(class) = self.resolve(&attribute.value) else {
            return;
        };
        let place = self.place();
        let method = place.method_of(class, &attribute.attr);
        if let Some(method) = method.filter(|method| place.is_property(*method)) {
            let receiver = self.receiver_of_attribute(attribute);
            self.edge(Node::Method(method, class), attribute, receiver);
        }
    }

    pub(super) fn follow(&mut self, function: FunctionId, at: &'a Expr, receiver: Receiver) {
        let is_handled = is_activity(self.index, function) || is_handler(self.index, function);
        if !is_handled {
            let node = self.node_of(function, at);
            self.edge(node, at, receiver);
        }
    }

    /// A read of `os.environ`, as part of other code: `os.environ["NAME"]`, `"NAME" in os.environ`.
    pub(super) fn environment(&mut self, read: &'a Expr, at: &'a Expr, rest: &str) {
        if self.resolve(read) == Value::External("os.environ".to_owned()) {
            let written = dotted(read).unwrap_or_default();
            let does = does(Rule::Environment, "os.environ");
            self.hit(Rule::Environment, at, format!("`{written}{rest}` {does}"));
        }
    }
}
