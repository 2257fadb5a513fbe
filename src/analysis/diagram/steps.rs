//! The steps in the code of a workflow: what a diagram shows.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::analysis::activity::{Names, option_of};
use crate::analysis::decorators::{is_activity, name_of};
use crate::analysis::index::{FunctionId, Index};
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
    /// A function of the service.
    Own(FunctionId),
}

/// Finds the steps in the code of a function.
pub(super) struct Steps<'i, 'a> {
    index: &'i Index<'a>,
    function: FunctionId,
    scopes: Vec<Scope<'a>>,
}

impl<'i, 'a> Steps<'i, 'a> {
    pub(super) fn of(index: &'i Index<'a>, function: FunctionId) -> Self {
        Self {
            index,
            function,
            scopes: vec![Scope::of_function(index.functions[function].def)],
        }
    }

    fn place(&self) -> Place<'_, 'a> {
        let info = &self.index.functions[self.function];
        let first = first_parameter(info.def);
        Place {
            class: info.class,
            receiver: info
                .class
                .and_then(|class| Some((first?, Value::Instance(class)))),
            scopes: &self.scopes,
            ..Place::top(self.index, info.module)
        }
    }

    /// The text of an expression on one line, shortened.
    pub(super) fn text(&self, expression: &Expr) -> String {
        self.source(expression)
    }

    pub(super) fn source(&self, part: &impl Ranged) -> String {
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
                let is_drawn = !is_activity(self.index, function) && self.has_steps(function);
                return is_drawn.then_some(Step::Own(function));
            }
            _ => return None,
        };
        if let Some(names) = option_of(&name) {
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
                Some(Step::Child(self.named(call, "workflow", Names::Function)))
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
                (!parts.is_empty()).then_some(Step::Together(parts))
            }
            _ => None,
        }
    }

    /// Whether the code of a function has steps of its own, or calls functions that have.
    fn has_steps(&self, function: FunctionId) -> bool {
        let mut seen = HashSet::from([function]);
        let mut open = vec![function];
        while let Some(function) = open.pop() {
            let steps = Steps::of(self.index, function);
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
    fn named(&self, call: &'a ExprCall, argument: &str, names: Names) -> String {
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

/// Looks for steps.
struct Search<'s, 'i, 'a> {
    steps: &'s Steps<'i, 'a>,
    /// The functions of the service that are called.
    calls: Vec<FunctionId>,
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
                    self.calls.push(other);
                }
                _ => {}
            }
        }
        walk_expr(self, expression);
    }
}

/// Whether a function of a library is a step.
fn is_step(name: &str) -> bool {
    option_of(name).is_some()
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

fn first_parameter(def: &StmtFunctionDef) -> Option<&str> {
    let mut parameters = def.parameters.iter_non_variadic_params();
    parameters.next().map(|first| first.parameter.name.as_str())
}
