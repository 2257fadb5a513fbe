//! What an expression stands for: a function, a class, a module, an instance of a class.
//!
//! Types come from annotations, from assigned values and from calls of classes. What is not
//! known is [`Value::Unknown`]; nothing is guessed.

use std::cell::Cell;

use ruff_python_ast::{Expr, ExprCall, Operator};

use super::calls::{is_exported, is_listed};
use super::index::{ClassId, FunctionId, Index, ModuleId, is_overload};
use super::scope::{Binding, Scope};
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
    fn item_of(&self, iterated: &'a Expr, steps: &Cell<u32>) -> Value {
        match self.look(iterated, steps) {
            Value::Items(item) => *item,
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
                let bindings = bindings.iter().take_while(|_| steps.get() > 0);
                return same(bindings.map(|b| around.bound(*b, steps)));
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
            let bindings = bindings.iter().take_while(|_| steps.get() > 0);
            let mut values = bindings.map(|b| top.bound(*b, steps));
            let known = values.find(|value| *value != Value::Unknown);
            return known.unwrap_or(Value::Unknown);
        }
        // The last one that has the name counts, and the service's own are known.
        let stars = info.scope.stars.iter().rev();
        let (own, others): (Vec<_>, Vec<_>) = stars
            .map(|(level, from)| top.module_of(*level, from))
            .partition(Result::is_ok);
        for id in own.into_iter().filter_map(Result::ok) {
            if id == module {
                continue;
            }
            let value = self.global(id, name, steps);
            if !matches!(&value, Value::External(full) if full.starts_with("builtins.")) {
                return value;
            }
        }
        let others: Vec<String> = others
            .into_iter()
            .filter_map(Result::err)
            .map(|external| format!("{external}.{name}"))
            .collect();
        let listed = others.iter().find(|full| is_listed(full));
        if let Some(full) = listed.or_else(|| others.iter().find(|full| is_exported(full))) {
            return Value::External(full.clone());
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

    /// The module of this name in a package.
    fn module_in(&self, package: ModuleId, name: &str) -> Option<ModuleId> {
        let info = &self.index.modules[package];
        if !info.is_package() {
            return None;
        }
        let inner = match info.name.as_str() {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        };
        self.index.module_named(&inner, package)
    }

    /// What the full name of something that no known module has stands for: a module, if a
    /// package without `__init__.py`, which has no module of its own, has it.
    fn external(&self, full: String) -> Value {
        match self
            .index
            .module_named(full.trim_start_matches('.'), self.module)
        {
            Some(id) => Value::Module(id),
            None => Value::External(full),
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
                // A package imports one of its modules.
                Ok(id) if id == self.module => match self.module_in(id, name) {
                    Some(id) => Value::Module(id),
                    None => Value::Unknown,
                },
                Ok(id) => self.member(&Value::Module(id), name, steps),
                Err(module) => self.external(format!("{module}.{name}")),
            },
            Binding::Function(def) if is_overload(def) => Value::Unknown,
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
            Binding::Element(iterated) => self.item_of(iterated, steps),
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
                    _ => {
                        let last = match &*subscript.slice {
                            Expr::Tuple(tuple) => tuple.elts.last(),
                            slice => Some(slice),
                        };
                        let item = |argument: Option<&'a Expr>| {
                            let value = argument.map(|a| self.of_annotation(a, steps));
                            Box::new(value.unwrap_or(Value::Unknown))
                        };
                        match instance_of(generic) {
                            Value::ExternalInstance(name) if name == SET => {
                                let numbers = ["int", "float", "bool"];
                                match first {
                                    Some(Expr::Name(name))
                                        if numbers.contains(&name.id.as_str()) =>
                                    {
                                        instance(NUMBERS)
                                    }
                                    _ => instance(SET),
                                }
                            }
                            Value::ExternalInstance(name) if is_sequence(&name) => {
                                Value::Items(item(first))
                            }
                            Value::ExternalInstance(name) if is_mapping(&name) => {
                                Value::Mapping(item(last))
                            }
                            value => value,
                        }
                    }
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

fn is_sequence(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    [
        "list",
        "tuple",
        "deque",
        "Sequence",
        "Iterable",
        "Iterator",
        "Collection",
        "Tuple",
        "MutableSequence",
    ]
    .contains(&last)
}

fn is_mapping(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    [
        "dict",
        "defaultdict",
        "Mapping",
        "MutableMapping",
        "OrderedDict",
    ]
    .contains(&last)
}
