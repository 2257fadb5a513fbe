//! What classes of the service have: their ancestors, methods and attributes.

use std::cell::Cell;
use std::rc::Rc;

use ruff_python_ast::Expr;
use ruff_python_ast::helpers::map_callable;

use super::index::{Attribute, ClassId, FunctionId, Index};
use super::resolve::{Place, Value, same};
use super::scope::Scope;
use crate::edit::python::dotted;

impl<'a> Place<'_, 'a> {
    /// The base classes of a class.
    pub(super) fn bases(&self, class: ClassId) -> Rc<[Value]> {
        let known = &self.index.known.bases;
        if let Some(bases) = known.borrow().get(&class) {
            return bases.clone();
        }
        known.borrow_mut().insert(class, Rc::from([]));
        let info = &self.index.classes[class];
        let top = Place::top(self.index, info.module);
        let bases = info.def.bases().iter();
        let bases: Rc<[Value]> = bases.map(|base| top.resolve(base)).collect();
        known.borrow_mut().insert(class, bases.clone());
        bases
    }

    /// A class and those that it inherits from, as far as they are of the service.
    pub(super) fn ancestors(&self, class: ClassId) -> Vec<ClassId> {
        let mut all = vec![class];
        let mut at = 0;
        while let Some(class) = all.get(at).copied() {
            for base in self.bases(class).iter() {
                if let Value::Class(base) = base
                    && !all.contains(base)
                {
                    all.push(*base);
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
            if info.attributes.contains_key(name) {
                return self.typed_attribute(class, name, steps);
            }
        }
        Value::Unknown
    }

    /// The value of an attribute that a class or its methods assign.
    fn typed_attribute(&self, class: ClassId, name: &str, steps: &Cell<u32>) -> Value {
        /// The number of assignments that are looked at.
        const MAX_PLACES: usize = 12;
        let known = &self.index.known.attributes;
        let key = (class, name.to_owned());
        if let Some(value) = known.borrow().get(&key) {
            return value.clone();
        }
        known.borrow_mut().insert(key.clone(), Value::Unknown);
        let info = &self.index.classes[class];
        let places = info.attributes.get(name).map_or(&[][..], Vec::as_slice);
        let annotated = places.iter().filter(|place| place.annotation.is_some());
        let others = places.iter().filter(|place| place.annotation.is_none());
        let places = annotated.chain(others).take(MAX_PLACES);
        let value = same(places.map(|place| self.attribute(class, place, steps)));
        known.borrow_mut().insert(key, value.clone());
        value
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
        let decorators = self.index.decorators_of(method);
        let mut properties = ["builtins.property", "functools.cached_property"].iter();
        properties.any(|property| decorators.iter().any(|d| d == property))
    }

    /// The full name of a decorator, without its arguments.
    pub(super) fn decorator(&self, expression: &'a Expr) -> String {
        let function = map_callable(expression);
        match self.resolve(function) {
            Value::External(name) => name,
            _ => dotted(function).unwrap_or_default(),
        }
    }
}

impl<'a> Index<'a> {
    /// The first parameter of a method with its value, if the method is called on an instance of
    /// this class or on the class; without one, on its own.
    pub(super) fn receiver_of(
        &self,
        function: FunctionId,
        class: Option<ClassId>,
    ) -> Option<(&'a str, Value)> {
        let info = &self.functions[function];
        let class = info.class.map(|own| class.unwrap_or(own))?;
        let mut parameters = info.def.parameters.iter_non_variadic_params();
        let first = parameters.next()?.parameter.name.as_str();
        let decorators = self.decorators_of(function);
        let has = |name: &str| decorators.iter().any(|decorator| decorator == name);
        if has("builtins.staticmethod") {
            return None;
        }
        let is_class_method = has("builtins.classmethod") || info.def.name.as_str() == "__new__";
        let value = if is_class_method {
            Value::Class(class)
        } else {
            Value::Instance(class)
        };
        Some((first, value))
    }
}
