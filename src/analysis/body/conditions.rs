//! Conditions that tell whether code runs in a workflow.

use ruff_python_ast::{Expr, Stmt, UnaryOp};

use super::Body;
use crate::analysis::decorators::all_are_sandboxed;
use crate::analysis::facts::Runs;
use crate::analysis::resolve::{Place, Value};

impl<'a> Body<'_, 'a> {
    /// Whether a condition is true where the code runs; `None` if it is about something else.
    pub(super) fn in_workflow(&self, condition: &'a Expr) -> Option<bool> {
        let value = self.tells_workflow(condition)?;
        Some(value == (self.runs == Runs::InWorkflow))
    }

    /// Whether a condition is true in a workflow, and false elsewhere, or the other way round.
    fn tells_workflow(&self, condition: &'a Expr) -> Option<bool> {
        match condition {
            Expr::UnaryOp(negated) if negated.op == UnaryOp::Not => {
                self.tells_workflow(&negated.operand).map(|value| !value)
            }
            Expr::Call(call) => match self.resolve(&call.func) {
                Value::External(name) => match name.as_str() {
                    "temporalio.workflow.in_workflow" => Some(true),
                    // Code outside of workflows is in no sandbox either.
                    "temporalio.workflow.unsafe.in_sandbox" => {
                        all_are_sandboxed(self.index).then_some(true)
                    }
                    "temporalio.activity.in_activity" => Some(false),
                    _ => None,
                },
                Value::Function(function) => {
                    let info = &self.index.functions[function];
                    let inside = Body::new(self.index, info.module);
                    inside.tells_in_workflow(&info.def.body).then_some(true)
                }
                _ => None,
            },
            Expr::Name(name) => {
                let (place, value) = self.place().assigned_once(&name.id)?;
                let inside = Body::new(self.index, place.module);
                value.is_call_expr().then(|| inside.tells_workflow(value))?
            }
            _ => None,
        }
    }

    /// Whether a function returns `workflow.in_workflow()`.
    pub(super) fn tells_in_workflow(&self, body: &'a [Stmt]) -> bool {
        body.iter().any(|statement| match statement {
            Stmt::Return(returned) => match returned.value.as_deref() {
                Some(Expr::Call(call)) => {
                    let name = "temporalio.workflow.in_workflow".to_owned();
                    self.resolve(&call.func) == Value::External(name)
                }
                _ => false,
            },
            Stmt::Try(block) => self.tells_in_workflow(&block.body),
            _ => false,
        })
    }

    /// Whether a statement fails outside of a workflow: its only call is one of the SDK.
    pub(super) fn needs_workflow(&self, body: &'a [Stmt]) -> bool {
        if self.runs != Runs::InWorkflow {
            return false;
        }
        let body: Vec<&Stmt> = body
            .iter()
            .filter(|statement| !matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
            .collect();
        let value = match body.as_slice() {
            [Stmt::Return(statement)] => statement.value.as_deref(),
            [Stmt::Assign(statement)] => Some(&*statement.value),
            [Stmt::Expr(statement)] => Some(&*statement.value),
            _ => None,
        };
        let mut value = value;
        // `workflow.now().date()`
        while let Some(Expr::Call(call)) = value {
            if let Value::External(name) = self.resolve(&call.func) {
                const SAFE: [&str; 6] = ["info", "now", "random", "time", "time_ns", "uuid4"];
                let name = name.strip_prefix("temporalio.workflow.");
                return name.is_some_and(|name| SAFE.contains(&name));
            }
            value = match &*call.func {
                Expr::Attribute(attribute) => Some(&attribute.value),
                _ => None,
            };
        }
        false
    }
}

/// Whether a condition is `TYPE_CHECKING`, which is false when code runs.
pub(super) fn is_type_checking<'a>(place: &Place<'_, 'a>, condition: &'a Expr) -> bool {
    match place.resolve(condition) {
        Value::External(name) => {
            name == "typing.TYPE_CHECKING" || name == "typing_extensions.TYPE_CHECKING"
        }
        _ => false,
    }
}
