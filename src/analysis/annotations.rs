//! What the type annotations of variables, parameters and functions say of values.

use std::cell::Cell;

use ruff_python_ast::{Expr, Operator};

use super::index::FunctionId;
use super::resolve::{MAX_STEPS, Place, SET, Value};
use super::value::{NUMBERS, instance, instance_of};

impl<'a> Place<'_, 'a> {
    /// The value that a variable with this annotation has.
    pub(super) fn annotated(&self, annotation: &'a Expr) -> Value {
        self.of_annotation(annotation, &Cell::new(MAX_STEPS))
    }

    /// What an annotation says of a value.
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
                let arguments = match &*subscript.slice {
                    Expr::Tuple(tuple) => &tuple.elts[..],
                    slice => std::slice::from_ref(slice),
                };
                let (first, last) = (arguments.first(), arguments.last());
                match &generic {
                    Value::External(name)
                        if ["Optional", "Annotated", "ClassVar", "Final", "Required"]
                            .iter()
                            .any(|wrapper| name == &format!("typing.{wrapper}")) =>
                    {
                        first.map_or(Value::Unknown, |inner| self.of_annotation(inner, steps))
                    }
                    _ => {
                        let item = |argument: Option<&'a Expr>| {
                            let value = argument.map(|a| self.of_annotation(a, steps));
                            Box::new(value.unwrap_or(Value::Unknown))
                        };
                        match instance_of(generic) {
                            Value::ExternalInstance(name) if name == SET => {
                                let is_number = matches!(first, Some(Expr::Name(name))
                                    if ["int", "float", "bool"].contains(&name.id.as_str()));
                                instance(if is_number { NUMBERS } else { SET })
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

    /// What the annotation of a function says of its result.
    pub(super) fn returned_by(&self, function: FunctionId, steps: &Cell<u32>) -> Value {
        let info = &self.index.functions[function];
        let top = Place::top(self.index, info.module);
        let returns = info.def.returns.as_deref();
        returns.map_or(Value::Unknown, |returns| top.of_annotation(returns, steps))
    }
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
