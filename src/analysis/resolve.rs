//! What an expression stands for: a function, a class, a module, an instance of a class.
//!
//! Types come from annotations, from assigned values and from calls of classes. What is not
//! known is [`Value::Unknown`]; nothing is guessed.

use std::cell::Cell;

use ruff_python_ast::{Expr, ExprCall, Operator};

use super::calls::rule_of;
use super::index::{ClassId, FunctionId, Index, ModuleId};
use super::scope::{Binding, Scope};

/// The type of a set whose order may differ between processes.
pub(super) const SET: &str = "builtins.set";

/// The maximum number of expressions that are looked at to find the value of one.
pub(super) const MAX_STEPS: u32 = 300;

/// What an expression stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A module, function, class or constant outside of the service, by its full name.
    External(String),
    /// An instance of a class outside of the service.
    ExternalInstance(String),
    /// A module of the service.
    Module(ModuleId),
    /// A function or a bound method of the service.
    Function(FunctionId),
    /// A class of the service.
    Class(ClassId),
    /// An instance of a class of the service.
    Instance(ClassId),
    /// What `super()` returns in a method of a class.
    Super(ClassId),
    /// Not known.
    Unknown,
}

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

    /// What an expression stands for.
    pub(super) fn resolve(&self, expression: &'a Expr) -> Value {
        self.look(expression, &Cell::new(MAX_STEPS))
    }

    /// The value that a variable with this annotation has.
    pub(super) fn annotated(&self, annotation: &'a Expr) -> Value {
        self.of_annotation(annotation, &Cell::new(MAX_STEPS))
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
                _ => Value::Unknown,
            },
            // The numbers of a set are in the same order everywhere.
            Expr::Set(set) if set.elts.iter().all(Expr::is_number_literal_expr) => {
                instance("builtins.frozenset[int]")
            }
            Expr::Set(_) | Expr::SetComp(_) => instance(SET),
            Expr::List(_) | Expr::ListComp(_) => instance("builtins.list"),
            Expr::Dict(_) | Expr::DictComp(_) => instance("builtins.dict"),
            Expr::Tuple(_) => instance("builtins.tuple"),
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

    /// The value of a name, from the innermost scope that binds it.
    pub(super) fn name(&self, name: &'a str, steps: &Cell<u32>) -> Value {
        for (depth, scope) in self.scopes.iter().enumerate().rev() {
            if scope.globals.contains(name) {
                break;
            }
            if depth == 0
                && let Some((receiver, value)) = &self.receiver
                && *receiver == name
            {
                return value.clone();
            }
            if let Some(bindings) = scope.get(name) {
                let around = Place {
                    scopes: &self.scopes[..=depth],
                    receiver: self.receiver.clone(),
                    ..*self
                };
                return same(bindings.iter().map(|b| around.bound(*b, steps)));
            }
        }
        self.global(self.module, name, steps)
    }

    /// The value of a name at the top level of a module.
    pub(super) fn global(&self, module: ModuleId, name: &str, steps: &Cell<u32>) -> Value {
        let Some(left) = steps.get().checked_sub(1) else {
            return Value::Unknown;
        };
        steps.set(left);
        let info = &self.index.modules[module];
        let top = Place::top(self.index, module);
        if let Some(bindings) = info.scope.get(name) {
            // One of several is chosen when the module is loaded: the first that is known.
            let mut values = bindings.iter().map(|b| top.bound(*b, steps));
            let known = values.find(|value| *value != Value::Unknown);
            return known.unwrap_or(Value::Unknown);
        }
        for (level, from) in &info.scope.stars {
            let full = match top.module_of(*level, from) {
                Ok(id) if id != module => {
                    let value = self.global(id, name, steps);
                    match value {
                        Value::External(ref full) if full.starts_with("builtins.") => continue,
                        value => return value,
                    }
                }
                Ok(_) => continue,
                Err(external) => format!("{external}.{name}"),
            };
            if rule_of(&full).is_some() {
                return Value::External(full);
            }
        }
        Value::External(format!("builtins.{name}"))
    }

    /// The module that an import names; an error is the full name of one that is not of the
    /// service.
    pub(super) fn module_of(&self, level: u32, name: &str) -> Result<ModuleId, String> {
        let full = self.absolute(level, name);
        self.index.module_named(&full, self.module).ok_or(full)
    }

    /// The full name of a module of an import.
    pub(super) fn absolute(&self, level: u32, name: &str) -> String {
        if level == 0 {
            return name.to_owned();
        }
        let mut package = self.index.modules[self.module].package();
        for _ in 1..level {
            package = package.rsplit_once('.').map_or("", |(above, _)| above);
        }
        match (package, name) {
            ("", name) => name.to_owned(),
            (package, "") => package.to_owned(),
            (package, name) => format!("{package}.{name}"),
        }
    }

    fn bound(&self, binding: Binding<'a>, steps: &Cell<u32>) -> Value {
        match binding {
            Binding::Import(name) => match self.module_of(0, name) {
                Ok(id) => Value::Module(id),
                Err(name) => Value::External(name),
            },
            Binding::ImportFrom {
                level,
                module,
                name,
            } => match self.module_of(level, module) {
                Ok(id) => self.member(&Value::Module(id), name, steps),
                Err(module) => {
                    // A package without `__init__.py` has no module of its own.
                    let full = format!("{module}.{name}");
                    match self
                        .index
                        .module_named(full.trim_start_matches('.'), self.module)
                    {
                        Some(id) => Value::Module(id),
                        None => Value::External(full),
                    }
                }
            },
            Binding::Function(def) => {
                let found = self.index.function_of(self.module, def);
                found.map_or(Value::Unknown, Value::Function)
            }
            Binding::Class(def) => {
                let found = self.index.class_of(self.module, def);
                found.map_or(Value::Unknown, Value::Class)
            }
            Binding::Value(value) | Binding::Entered(value) => self.look(value, steps),
            Binding::Typed(annotation, value) => match self.of_annotation(annotation, steps) {
                Value::Unknown => value.map_or(Value::Unknown, |value| self.look(value, steps)),
                value => value,
            },
            Binding::Parameter(annotation) => annotation.map_or(Value::Unknown, |annotation| {
                self.of_annotation(annotation, steps)
            }),
            Binding::Unknown => Value::Unknown,
        }
    }

    pub(super) fn of_annotation(&self, annotation: &'a Expr, steps: &Cell<u32>) -> Value {
        match annotation {
            Expr::Name(_) | Expr::Attribute(_) => instance_of(self.look(annotation, steps)),
            Expr::StringLiteral(text) => {
                let text = text.value.to_str();
                let is_name = text.chars().all(|c| c.is_alphanumeric() || c == '_');
                if is_name {
                    instance_of(self.global(self.module, text, steps))
                } else {
                    Value::Unknown
                }
            }
            Expr::Subscript(subscript) => {
                let generic = self.look(&subscript.value, steps);
                let first = match &*subscript.slice {
                    Expr::Tuple(tuple) => tuple.elts.first(),
                    slice => Some(slice),
                };
                match &generic {
                    Value::External(name)
                        if ["Optional", "Annotated", "ClassVar", "Final", "Required"]
                            .iter()
                            .any(|wrapper| name == &format!("typing.{wrapper}")) =>
                    {
                        first.map_or(Value::Unknown, |inner| self.of_annotation(inner, steps))
                    }
                    _ => instance_of(generic),
                }
            }
            Expr::BinOp(operation) if operation.op == Operator::BitOr => {
                let sides = [&operation.left, &operation.right];
                let mut sides = sides
                    .into_iter()
                    .filter(|side| !side.is_none_literal_expr());
                match (sides.next(), sides.next()) {
                    (Some(only), None) => self.of_annotation(only, steps),
                    _ => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }

    pub(super) fn member(&self, value: &Value, name: &str, steps: &Cell<u32>) -> Value {
        match value {
            Value::External(full) => Value::External(format!("{full}.{name}")),
            Value::ExternalInstance(full) => match (full.as_str(), name) {
                ("pathlib.Path", "parent") => value.clone(),
                _ => Value::External(format!("{full}.{name}")),
            },
            Value::Module(id) => {
                let info = &self.index.modules[*id];
                if info.scope.get(name).is_some() || !info.is_package() {
                    return self.global(*id, name, steps);
                }
                let inner = match info.name.as_str() {
                    "" => name.to_owned(),
                    package => format!("{package}.{name}"),
                };
                match self.index.module_named(&inner, *id) {
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
                    .into_iter()
                    .map(|base| self.member(&instance_of(base), name, steps));
                found
                    .find(|value| *value != Value::Unknown)
                    .unwrap_or(Value::Unknown)
            }
            Value::Function(_) | Value::Unknown => Value::Unknown,
        }
    }

    pub(super) fn returned_by(&self, function: FunctionId, steps: &Cell<u32>) -> Value {
        let info = &self.index.functions[function];
        let top = Place::top(self.index, info.module);
        let returns = info.def.returns.as_deref();
        returns.map_or(Value::Unknown, |returns| top.of_annotation(returns, steps))
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
                "builtins.sorted" => instance("builtins.list"),
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
                    let last = name.rsplit('.').next().unwrap_or(&name);
                    let is_class = last.chars().next().is_some_and(char::is_uppercase);
                    if is_class || is_builtin_container(&name) {
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

fn instance(name: &str) -> Value {
    Value::ExternalInstance(name.to_owned())
}

/// An instance of a class. All kinds of sets count as one.
fn instance_of(class: Value) -> Value {
    match class {
        Value::Class(class) => Value::Instance(class),
        Value::External(name) => {
            let is_set = [
                "builtins.frozenset",
                "typing.Set",
                "typing.FrozenSet",
                "typing.AbstractSet",
                "typing.MutableSet",
                "collections.abc.Set",
                "collections.abc.MutableSet",
            ];
            let name = match name.as_str() {
                name if is_set.contains(&name) => SET,
                "typing.List" => "builtins.list",
                "typing.Dict" => "builtins.dict",
                name => name,
            };
            instance(name)
        }
        _ => Value::Unknown,
    }
}

fn is_builtin_container(name: &str) -> bool {
    [
        "builtins.set",
        "builtins.frozenset",
        "builtins.list",
        "builtins.dict",
        "builtins.tuple",
        "builtins.bytearray",
    ]
    .contains(&name)
}

/// The value that all have in common; those that are not known do not count.
pub(super) fn same(values: impl IntoIterator<Item = Value>) -> Value {
    let mut found = Value::Unknown;
    for value in values {
        match (&found, &value) {
            (_, Value::Unknown) => {}
            (Value::Unknown, _) => found = value,
            (found, value) if found == value => {}
            _ => return Value::Unknown,
        }
    }
    found
}
