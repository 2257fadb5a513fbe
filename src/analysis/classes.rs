//! What classes of the service have: their ancestors, methods and attributes.

use std::cell::Cell;

use ruff_python_ast::Expr;

use super::index::{Attribute, ClassId, FunctionId};
use super::resolve::{Place, Value, same};
use super::scope::Scope;
use crate::edit::python::dotted;

impl<'a> Place<'_, 'a> {
    /// The base classes of a class.
    pub(super) fn bases(&self, class: ClassId) -> Vec<Value> {
        let info = &self.index.classes[class];
        let top = Place::top(self.index, info.module);
        let bases = info.def.bases().iter();
        bases.map(|base| top.resolve(base)).collect()
    }

    /// A class and those that it inherits from, as far as they are of the service.
    pub(super) fn ancestors(&self, class: ClassId) -> Vec<ClassId> {
        let mut all = vec![class];
        let mut at = 0;
        while let Some(class) = all.get(at).copied() {
            for base in self.bases(class) {
                if let Value::Class(base) = base
                    && !all.contains(&base)
                {
                    all.push(base);
                }
            }
            at += 1;
        }
        all
    }

    pub(super) fn of_class(
        &self,
        class: ClassId,
        name: &str,
        is_instance: bool,
        steps: &Cell<u32>,
    ) -> Value {
        for class in self.ancestors(class) {
            let info = &self.index.classes[class];
            if let Some(method) = info.methods.get(name).copied() {
                if is_instance && self.is_property(method) {
                    return self.returned_by(method, steps);
                }
                return Value::Function(method);
            }
            if let Some(places) = info.attributes.get(name) {
                return same(
                    places
                        .iter()
                        .map(|place| self.attribute(class, place, steps)),
                );
            }
        }
        Value::Unknown
    }

    fn attribute(&self, class: ClassId, place: &Attribute<'a>, steps: &Cell<u32>) -> Value {
        let info = &self.index.classes[class];
        let function = place.method.map(|method| self.index.functions[method].def);
        let scopes: Vec<Scope<'a>> = function.map(Scope::of_function).into_iter().collect();
        let inside = Place {
            index: self.index,
            module: info.module,
            class: Some(class),
            receiver: None,
            scopes: &scopes,
        };
        let typed = place.annotation.map(|a| inside.of_annotation(a, steps));
        match typed {
            Some(value) if value != Value::Unknown => value,
            _ => place
                .value
                .map_or(Value::Unknown, |value| inside.look(value, steps)),
        }
    }

    /// The method of a class or of those that it inherits from.
    pub(super) fn method_of(&self, class: ClassId, name: &str) -> Option<FunctionId> {
        self.ancestors(class)
            .into_iter()
            .find_map(|class| self.index.classes[class].methods.get(name).copied())
    }

    /// Whether a method is read like an attribute.
    pub(super) fn is_property(&self, method: FunctionId) -> bool {
        let decorators = self.decorators(method);
        let mut properties = ["builtins.property", "functools.cached_property"].iter();
        properties.any(|property| decorators.iter().any(|d| d == property))
    }

    /// The full names of the decorators of a function.
    pub(super) fn decorators(&self, function: FunctionId) -> Vec<String> {
        let info = &self.index.functions[function];
        let top = Place::top(self.index, info.module);
        let decorators = info.def.decorator_list.iter();
        decorators
            .map(|decorator| top.decorator(&decorator.expression))
            .collect()
    }

    /// The full name of a decorator, without its arguments.
    pub(super) fn decorator(&self, expression: &'a Expr) -> String {
        let function = match expression {
            Expr::Call(call) => &*call.func,
            other => other,
        };
        match self.resolve(function) {
            Value::External(name) => name,
            _ => dotted(function).unwrap_or_default(),
        }
    }
}
