//! What the names of a scope stand for, through imports.

use std::cell::Cell;

use super::calls::{is_exported, is_listed};
use super::index::{ModuleId, is_overload};
use super::resolve::{Place, Value, same};
use super::scope::Binding;

impl<'a> Place<'_, 'a> {
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
                let around = self.around(depth);
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
    pub(super) fn module_in(&self, package: ModuleId, name: &str) -> Option<ModuleId> {
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
    pub(super) fn external(&self, full: String) -> Value {
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
            Binding::ImportFrom(level, module, name) => match self.module_of(level, module) {
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
}
