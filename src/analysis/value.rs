//! What expressions stand for.

/// The number of a module in the index of a service.
pub(super) type ModuleId = usize;
/// The number of a function in that index.
pub(super) type FunctionId = usize;
/// The number of a class in that index.
pub(super) type ClassId = usize;

/// The type of a set whose order may differ between processes.
pub(super) const SET: &str = "builtins.set";

/// The type of a set of numbers, which are in the same order everywhere.
pub(super) const NUMBERS: &str = "builtins.set[int]";

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
    /// A list or another sequence, with what its items are.
    Items(Box<Value>),
    /// A dictionary, with what its values are.
    Mapping(Box<Value>),
    /// Not known.
    Unknown,
}

pub(super) fn instance(name: &str) -> Value {
    Value::ExternalInstance(name.to_owned())
}

/// An instance of a class. All kinds of sets count as one.
pub(super) fn instance_of(class: Value) -> Value {
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

pub(super) fn is_builtin_container(name: &str) -> bool {
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
