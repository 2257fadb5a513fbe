//! State that code finds outside of itself: variables of modules, attributes of classes.

use std::cell::Cell;

use ruff_python_ast::Expr;

use super::index::{ClassId, ModuleId};
use super::resolve::{MAX_STEPS, Place, Value};
use super::scope::Binding;

/// State that belongs to a module, a class or the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Global {
    /// A variable of a module of the service.
    Variable(ModuleId, String),
    /// An attribute of a class of the service.
    ClassAttribute(ClassId),
    /// An attribute of something that is imported, by its full name.
    External(String),
}

impl<'a> Place<'_, 'a> {
    /// The state outside of a function that a target of an assignment or the receiver of a
    /// method belongs to; `None` if it is local, or not known.
    pub(super) fn global_of(&self, expression: &'a Expr) -> Option<Global> {
        self.outside(expression, &Cell::new(MAX_STEPS))
    }

    fn outside(&self, expression: &'a Expr, steps: &Cell<u32>) -> Option<Global> {
        let left = steps.get().checked_sub(1)?;
        steps.set(left);
        match expression {
            Expr::Subscript(subscript) => self.outside(&subscript.value, steps),
            Expr::Attribute(attribute) => match self.look(&attribute.value, steps) {
                Value::Module(module) => self.variable(module, &attribute.attr, steps),
                Value::Class(class) => Some(Global::ClassAttribute(class)),
                Value::External(full) if self.is_imported(&attribute.value, steps) => {
                    Some(Global::External(format!("{full}.{}", attribute.attr)))
                }
                _ => self.outside(&attribute.value, steps),
            },
            Expr::Name(name) => {
                for (depth, scope) in self.scopes.iter().enumerate().rev() {
                    if scope.globals.contains(name.id.as_str()) {
                        break;
                    }
                    let is_receiver = depth == 0
                        && matches!(&self.receiver, Some((receiver, _)) if *receiver == name.id.as_str());
                    if is_receiver {
                        return None;
                    }
                    if let Some(bindings) = scope.get(&name.id) {
                        // Another name of something outside.
                        return match bindings {
                            [Binding::Value(value @ (Expr::Name(_) | Expr::Attribute(_)))] => {
                                self.around(depth).outside(value, steps)
                            }
                            [Binding::ImportFrom(level, module, name)] => {
                                match self.module_of(*level, module) {
                                    Ok(id) => self.variable(id, name, steps),
                                    Err(_) => None,
                                }
                            }
                            _ => None,
                        };
                    }
                }
                self.variable(self.module, &name.id, steps)
            }
            Expr::Call(call) => match self.look(&call.func, steps) {
                Value::External(name) if name == "builtins.globals" => {
                    Some(Global::Variable(self.module, "globals()".to_owned()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an expression is imported, and not an attribute of an instance.
    fn is_imported(&self, expression: &'a Expr, steps: &Cell<u32>) -> bool {
        let mut inner = expression;
        while let Expr::Attribute(attribute) = inner {
            inner = &attribute.value;
            if matches!(self.look(inner, steps), Value::ExternalInstance(_)) {
                return false;
            }
        }
        matches!(inner, Expr::Name(_))
    }

    /// A variable of a module, also one that it imports from another.
    fn variable(&self, module: ModuleId, name: &str, steps: &Cell<u32>) -> Option<Global> {
        let left = steps.get().checked_sub(1)?;
        steps.set(left);
        let scope = &self.index.modules[module].scope;
        let top = Place::top(self.index, module);
        match scope.get(name)?.first()? {
            Binding::Value(_)
            | Binding::Typed(..)
            | Binding::Unknown
            | Binding::Element(_)
            | Binding::Entered(_) => Some(Global::Variable(module, name.to_owned())),
            Binding::ImportFrom(level, from, name) => match top.module_of(*level, from) {
                Ok(id) => self.variable(id, name, steps),
                Err(from) => Some(Global::External(format!("{from}.{name}"))),
            },
            Binding::Class(def) => {
                let class = self.index.class_of(module, def)?;
                Some(Global::ClassAttribute(class))
            }
            _ => None,
        }
    }
}
