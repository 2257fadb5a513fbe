//! What an expression stands for: a function, a class, a module, an instance of a class.
//!
//! Types come from annotations, from assigned values and from calls of classes. What is not
//! known is [`Value::Unknown`]; nothing is guessed.

use std::cell::Cell;

use ruff_python_ast::{Expr, ExprCall, Operator};

use super::index::{ClassId, Index, ModuleId};
use super::scope::Scope;
use super::value::{NUMBERS, instance, instance_of, is_builtin_container};
pub(super) use super::value::{SET, Value, same};

/// The maximum number of expressions that are looked at to find the value of one.
pub(super) const MAX_STEPS: u32 = 300;

/// The place of an expression: its module, and the functions around it.
pub(super) struct Place<'i, 'a> {
    pub(super) index: &'i Index<'a>,
    pub(super) module: ModuleId,
    /// The class of the method that contains the expression.
    pub(super) class: Option<ClassId>,
    /// The first parameter of that method with its value.
    pub(super) receiver: Option<(&'a str, Value)>,
    /// The scopes of the functions around the expression, the innermost last.
    pub(super) scopes: &'i [Scope<'a>],
}

impl<'i, 'a> Place<'i, 'a> {
    /// The top level of a module.
    pub(super) fn top(index: &'i Index<'a>, module: ModuleId) -> Self {
        Self {
            index,
            module,
            class: None,
            receiver: None,
            scopes: &[],
        }
    }

    /// The same place, seen from the function at this depth.
    pub(super) fn around(&self, depth: usize) -> Self {
        Self {
            scopes: &self.scopes[..=depth],
            receiver: self.receiver.clone(),
            ..*self
        }
    }

    /// What an expression stands for.
    pub(super) fn resolve(&self, expression: &'a Expr) -> Value {
        self.look(expression, &Cell::new(MAX_STEPS))
    }

    /// What a method or an attribute of a class stands for.
    pub(super) fn attribute_of(&self, value: &Value, name: &str) -> Value {
        self.member(value, name, &Cell::new(MAX_STEPS))
    }

    pub(super) fn look(&self, expression: &'a Expr, steps: &Cell<u32>) -> Value {
        let Some(left) = steps.get().checked_sub(1) else {
            return Value::Unknown;
        };
        steps.set(left);
        match expression {
            Expr::Name(name) => self.name(&name.id, steps),
            Expr::Attribute(attribute) => {
                let value = self.look(&attribute.value, steps);
                self.member(&value, &attribute.attr, steps)
            }
            Expr::Call(call) => self.result_of(call, steps),
            Expr::Await(awaited) => self.look(&awaited.value, steps),
            Expr::Named(named) => self.look(&named.value, steps),
            Expr::Starred(starred) => self.look(&starred.value, steps),
            Expr::Subscript(subscript) => match self.look(&subscript.value, steps) {
                // A generic class with its arguments.
                Value::Class(class) => Value::Class(class),
                Value::External(name) if is_class_name(&name) => Value::External(name),
                Value::Items(_) if subscript.slice.is_slice_expr() => {
                    self.look(&subscript.value, steps)
                }
                Value::Items(item) | Value::Mapping(item) => *item,
                _ => Value::Unknown,
            },
            // The numbers of a set are in the same order everywhere.
            Expr::Set(set) if set.elts.iter().all(Expr::is_number_literal_expr) => {
                instance(NUMBERS)
            }
            Expr::Set(_) | Expr::SetComp(_) => instance(SET),
            Expr::List(list) => self.items(list.elts.iter(), "builtins.list", steps),
            Expr::ListComp(_) => instance("builtins.list"),
            Expr::Dict(_) | Expr::DictComp(_) => instance("builtins.dict"),
            Expr::Tuple(tuple) => self.items(tuple.elts.iter(), "builtins.tuple", steps),
            Expr::StringLiteral(_) | Expr::FString(_) => instance("builtins.str"),
            Expr::BinOp(operation) => {
                let left = self.look(&operation.left, steps);
                match operation.op {
                    Operator::BitOr | Operator::BitAnd | Operator::Sub | Operator::BitXor => {
                        let right = self.look(&operation.right, steps);
                        if [&left, &right].contains(&&instance(SET)) {
                            return instance(SET);
                        }
                        Value::Unknown
                    }
                    Operator::Div if left == instance("pathlib.Path") => left,
                    _ => Value::Unknown,
                }
            }
            Expr::If(choice) => {
                let values = [&choice.body, &choice.orelse];
                same(values.map(|value| self.look(value, steps)))
            }
            Expr::BoolOp(operation) => {
                let values = operation.values.iter();
                same(values.map(|value| self.look(value, steps)))
            }
            _ => Value::Unknown,
        }
    }

    /// A list of these items: with what they are, if all are the same.
    fn items(
        &self,
        items: impl Iterator<Item = &'a Expr>,
        class: &str,
        steps: &Cell<u32>,
    ) -> Value {
        const MAX_ITEMS: usize = 8;
        match same(items.take(MAX_ITEMS).map(|item| self.look(item, steps))) {
            item @ (Value::Instance(_) | Value::ExternalInstance(_)) => {
                Value::Items(Box::new(item))
            }
            _ => instance(class),
        }
    }

    /// What a loop over a value yields.
    pub(super) fn item_of(&self, iterated: &'a Expr, steps: &Cell<u32>) -> Value {
        match self.look(iterated, steps) {
            Value::Items(item) => *item,
            _ => Value::Unknown,
        }
    }

    pub(super) fn member(&self, value: &Value, name: &str, steps: &Cell<u32>) -> Value {
        match value {
            Value::External(full) => self.external(format!("{full}.{name}")),
            Value::ExternalInstance(full) => match (full.as_str(), name) {
                ("pathlib.Path", "parent") => value.clone(),
                _ => Value::External(format!("{full}.{name}")),
            },
            Value::Module(id) => {
                let info = &self.index.modules[*id];
                if info.scope.get(name).is_some() {
                    return self.global(*id, name, steps);
                }
                match self.module_in(*id, name) {
                    Some(id) => Value::Module(id),
                    None => self.global(*id, name, steps),
                }
            }
            Value::Class(class) => self.of_class(*class, name, false, steps),
            Value::Instance(class) if name == "__class__" => Value::Class(*class),
            Value::Instance(class) => self.of_class(*class, name, true, steps),
            Value::Super(class) => {
                let bases = self.bases(*class);
                let mut found = bases
                    .iter()
                    .map(|base| self.member(&instance_of(base.clone()), name, steps));
                found
                    .find(|value| *value != Value::Unknown)
                    .unwrap_or(Value::Unknown)
            }
            Value::Items(_) => Value::External(format!("builtins.list.{name}")),
            Value::Mapping(_) => Value::External(format!("builtins.dict.{name}")),
            Value::Function(_) | Value::Unknown => Value::Unknown,
        }
    }

    fn result_of(&self, call: &'a ExprCall, steps: &Cell<u32>) -> Value {
        match self.look(&call.func, steps) {
            Value::Class(class) => Value::Instance(class),
            Value::Function(function) => self.returned_by(function, steps),
            Value::External(name) => match name.as_str() {
                "builtins.super" => self.class.map_or(Value::Unknown, Value::Super),
                "builtins.type" => match call.arguments.args.first() {
                    Some(value) if call.arguments.len() == 1 => match self.look(value, steps) {
                        Value::Instance(class) => Value::Class(class),
                        _ => Value::Unknown,
                    },
                    _ => Value::Unknown,
                },
                "asyncio.get_event_loop"
                | "asyncio.get_running_loop"
                | "asyncio.events.get_event_loop" => instance("asyncio.AbstractEventLoop"),
                "builtins.set.union"
                | "builtins.set.intersection"
                | "builtins.set.difference"
                | "builtins.set.symmetric_difference"
                | "builtins.set.copy" => instance(SET),
                "builtins.set" | "builtins.frozenset" if is_of_range(call) => instance(NUMBERS),
                "builtins.dict.values" | "builtins.dict.get" | "builtins.list.copy" => {
                    let Expr::Attribute(method) = &*call.func else {
                        return Value::Unknown;
                    };
                    match (name.as_str(), self.look(&method.value, steps)) {
                        ("builtins.dict.values", Value::Mapping(item)) => Value::Items(item),
                        ("builtins.dict.get", Value::Mapping(item)) => *item,
                        ("builtins.list.copy", items) => items,
                        _ => Value::Unknown,
                    }
                }
                "builtins.sorted" | "builtins.list" | "builtins.tuple" | "builtins.reversed" => {
                    let first = call.arguments.args.first();
                    match first.map(|list| self.look(list, steps)) {
                        Some(items @ Value::Items(_)) => items,
                        _ => instance("builtins.list"),
                    }
                }
                "pathlib.Path.joinpath"
                | "pathlib.Path.with_suffix"
                | "pathlib.Path.with_name"
                | "pathlib.Path.absolute" => instance("pathlib.Path"),
                "collections.defaultdict"
                | "collections.deque"
                | "itertools.count"
                | "itertools.cycle"
                | "array.array" => instance(&name),
                _ => {
                    if is_class_name(&name) || is_builtin_container(&name) {
                        instance_of(Value::External(name))
                    } else {
                        Value::Unknown
                    }
                }
            },
            _ => Value::Unknown,
        }
    }
}

/// `set(range(…))`
fn is_of_range(call: &ExprCall) -> bool {
    matches!(call.arguments.args.first(), Some(Expr::Call(inner))
        if matches!(&*inner.func, Expr::Name(name) if name.id.as_str() == "range"))
}

/// Whether a full name ends like that of a class.
fn is_class_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.chars().next().is_some_and(char::is_uppercase)
}
