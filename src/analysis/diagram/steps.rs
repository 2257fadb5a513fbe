//! The steps in the code of a workflow: what a diagram shows.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use crate::analysis::activity::{Target, activity_named_by};
use crate::analysis::decorators::{is_activity, name_of};
use crate::analysis::index::{ClassId, FunctionId, Index};
use crate::analysis::resolve::{Place, Value};
use crate::analysis::scope::Scope;

/// How deep calls of own functions are drawn in place.
pub(super) const MAX_DEPTH: usize = 6;

/// The maximum length of a text in the diagram, in characters.
const MAX_TEXT: usize = 48;

/// What a call adds to the diagram.
pub(super) enum Step<'a> {
    Activity(String),
    Child(String),
    Timer(String),
    Wait(String),
    ContinueAsNew,
    /// Calls that run at the same time.
    Together(Vec<&'a Expr>),
    /// A function of the service; a method with the class that it is called on.
    Own(FunctionId, Option<ClassId>),
}

/// Finds the steps in the code of a function.
pub(super) struct Steps<'i, 'a> {
    index: &'i Index<'a>,
    function: FunctionId,
    /// The class that a method is called on, if it is not its own.
    class: Option<ClassId>,
    scopes: Vec<Scope<'a>>,
}

impl<'i, 'a> Steps<'i, 'a> {
    pub(super) fn of(index: &'i Index<'a>, function: FunctionId, class: Option<ClassId>) -> Self {
        Self {
            index,
            function,
            class,
            scopes: vec![Scope::of_function(index.functions[function].def)],
        }
    }

    fn place(&self) -> Place<'_, 'a> {
        let info = &self.index.functions[self.function];
        Place {
            class: info.class,
            receiver: self.index.receiver_of(self.function, self.class),
            scopes: &self.scopes,
            ..Place::top(self.index, info.module)
        }
    }

    /// The text of a part of the code on one line, shortened.
    pub(super) fn text(&self, part: &impl Ranged) -> String {
        let module = self.index.modules[self.index.functions[self.function].module].module;
        let text: Vec<&str> = module.source(part).split_whitespace().collect();
        let text = text.join(" ");
        let short: String = text.chars().take(MAX_TEXT).collect();
        if short.len() == text.len() {
            short
        } else {
            format!("{short}…")
        }
    }

    /// Whether statements add anything to the diagram.
    pub(super) fn matter(&self, body: &'a [Stmt]) -> bool {
        struct Matter<'s, 'i, 'a>(&'s Steps<'i, 'a>, bool);
        impl<'a> Visitor<'a> for Matter<'_, '_, 'a> {
            fn visit_stmt(&mut self, statement: &'a Stmt) {
                match statement {
                    Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                    Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) => {
                        self.1 = true;
                    }
                    _ => walk_stmt(self, statement),
                }
            }
            fn visit_expr(&mut self, expression: &'a Expr) {
                self.1 |= !self.0.calls_in(expression).is_empty();
            }
        }
        let mut matter = Matter(self, false);
        matter.visit_body(body);
        matter.1
    }

    /// The calls of an expression that are steps, in the order in which they are made.
    pub(super) fn calls_in(&self, expression: &'a Expr) -> Vec<&'a ExprCall> {
        struct Calls<'s, 'i, 'a>(&'s Steps<'i, 'a>, Vec<&'a ExprCall>);
        impl<'a> Visitor<'a> for Calls<'_, '_, 'a> {
            fn visit_expr(&mut self, expression: &'a Expr) {
                match expression {
                    Expr::Lambda(_) => {}
                    Expr::Call(call) => match self.0.step_of(call) {
                        // Its arguments are drawn with it.
                        Some(Step::Together(parts)) if parts.is_empty() => {}
                        Some(Step::Together(_) | Step::Wait(_)) => self.1.push(call),
                        step => {
                            walk_expr(self, expression);
                            if step.is_some() {
                                self.1.push(call);
                            }
                        }
                    },
                    _ => walk_expr(self, expression),
                }
            }
        }
        let mut calls = Calls(self, Vec::new());
        calls.visit_expr(expression);
        calls.1
    }

    pub(super) fn step_of(&self, call: &'a ExprCall) -> Option<Step<'a>> {
        let place = self.place();
        let name = match place.resolve(&call.func) {
            Value::External(name) => name,
            Value::Function(function) => {
                let class = called_on(&place, call);
                let is_drawn =
                    !is_activity(self.index, function) && self.has_steps(function, class);
                return is_drawn.then_some(Step::Own(function, class));
            }
            _ => return None,
        };
        if let Some(names) = activity_named_by(&name) {
            let text = self.named(call, "activity", names);
            let is_local = name.contains("_local_");
            return Some(Step::Activity(if is_local {
                format!("{text} (local)")
            } else {
                text
            }));
        }
        let argument = |name, index| {
            let value = call.arguments.find_argument_value(name, index);
            value.map_or_else(String::new, |value| self.text(value))
        };
        match name.as_str() {
            "temporalio.workflow.execute_child_workflow"
            | "temporalio.workflow.start_child_workflow" => {
                Some(Step::Child(self.named(call, "workflow", Target::Function)))
            }
            "temporalio.workflow.sleep" => {
                Some(Step::Timer(format!("sleep {}", argument("duration", 0))))
            }
            "asyncio.sleep" => Some(Step::Timer(format!("sleep {}", argument("delay", 0)))),
            "temporalio.workflow.wait_condition" => {
                let condition = argument("fn", 0);
                let condition = condition.trim_start_matches("lambda:").trim();
                let timeout = call.arguments.find_keyword("timeout");
                let timeout = timeout
                    .filter(|timeout| !timeout.value.is_none_literal_expr())
                    .map_or_else(String::new, |timeout| {
                        format!(", at most {}", self.text(&timeout.value))
                    });
                Some(Step::Wait(format!("wait for {condition}{timeout}")))
            }
            "temporalio.workflow.continue_as_new" => Some(Step::ContinueAsNew),
            "asyncio.gather" | "temporalio.workflow.wait" | "temporalio.workflow.as_completed" => {
                let parts: Vec<&Expr> = call
                    .arguments
                    .args
                    .iter()
                    .filter(|part| !self.calls_in(part).is_empty())
                    .collect();
                Some(Step::Together(parts))
            }
            _ => None,
        }
    }

    /// Whether the code of a function has steps of its own, or calls functions that have.
    fn has_steps(&self, function: FunctionId, class: Option<ClassId>) -> bool {
        let mut seen = HashSet::from([(function, class)]);
        let mut open = vec![(function, class)];
        while let Some((function, class)) = open.pop() {
            let steps = Steps::of(self.index, function, class);
            let mut search = Search {
                steps: &steps,
                calls: Vec::new(),
                has_found: false,
            };
            search.visit_body(&self.index.functions[function].def.body);
            if search.has_found {
                return true;
            }
            open.extend(search.calls.into_iter().filter(|other| seen.insert(*other)));
        }
        false
    }

    /// The name of the activity or workflow that a call executes.
    fn named(&self, call: &'a ExprCall, argument: &str, names: Target) -> String {
        let Some(value) = call.arguments.find_argument_value(argument, 0) else {
            return argument.to_owned();
        };
        let place = self.place();
        if let Some(text) = place.text_of(value, 0) {
            return text.to_owned();
        }
        match (names, place.resolve(value)) {
            (_, Value::Class(class)) => self.index.classes[class].def.name.to_string(),
            (_, Value::Function(function)) if argument == "workflow" => {
                let class = self.index.functions[function].class;
                class.map_or_else(
                    || self.text(value),
                    |class| self.index.classes[class].def.name.to_string(),
                )
            }
            (_, Value::Function(function)) => {
                let name = name_of(self.index, function);
                name.unwrap_or_else(|| self.text(value))
            }
            _ => self.text(value),
        }
    }
}

/// The class that a method is called on: a method of a base class calls those of the class that
/// inherits it.
fn called_on<'a>(place: &Place<'_, 'a>, call: &'a ExprCall) -> Option<ClassId> {
    let Expr::Attribute(attribute) = &*call.func else {
        return None;
    };
    match place.resolve(&attribute.value) {
        Value::Instance(class) | Value::Class(class) => Some(class),
        Value::Super(_) => match place.receiver {
            Some((_, Value::Instance(class) | Value::Class(class))) => Some(class),
            _ => None,
        },
        _ => None,
    }
}

/// Looks for steps.
struct Search<'s, 'i, 'a> {
    steps: &'s Steps<'i, 'a>,
    /// The functions of the service that are called, methods with the class they are called on.
    calls: Vec<(FunctionId, Option<ClassId>)>,
    has_found: bool,
}
impl<'a> Visitor<'a> for Search<'_, '_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.has_found {
            return;
        }
        if let Expr::Call(call) = expression {
            let place = self.steps.place();
            match place.resolve(&call.func) {
                Value::External(name) => self.has_found |= is_step(&name),
                Value::Function(other) if !is_activity(self.steps.index, other) => {
                    let class = called_on(&place, call);
                    self.calls.push((other, class));
                }
                _ => {}
            }
        }
        walk_expr(self, expression);
    }
}

/// Whether a function of a library is a step.
fn is_step(name: &str) -> bool {
    activity_named_by(name).is_some()
        || name == "asyncio.sleep"
        || name
            .strip_prefix("temporalio.workflow.")
            .is_some_and(|name| {
                [
                    "continue_as_new",
                    "execute_child_workflow",
                    "sleep",
                    "start_child_workflow",
                    "wait_condition",
                ]
                .contains(&name)
            })
}
