//! Changes of state that belongs to a module, a class or the process.

use ruff_python_ast::{Expr, ExprCall};

use super::Body;
use crate::analysis::globals::Global;
use crate::analysis::resolve::{Place, SET, Value};
use crate::analysis::rules::Rule;
use crate::analysis::value::NUMBERS;

/// Methods that change a list, dict, set or deque.
const CHANGES: [&str; 17] = [
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "extendleft",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "remove",
    "reverse",
    "rotate",
    "setdefault",
    "sort",
    "update",
];

impl<'a> Body<'_, 'a> {
    /// A target of an assignment or of `del`.
    pub(super) fn assigned(&mut self, target: &'a Expr) {
        match target {
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.assigned(item)),
            Expr::List(list) => list.elts.iter().for_each(|item| self.assigned(item)),
            Expr::Starred(starred) => self.assigned(&starred.value),
            Expr::Name(name) => {
                self.has_changed(target);
                let is_global = self
                    .scopes
                    .iter()
                    .any(|scope| scope.globals.contains(name.id.as_str()));
                if is_global {
                    let what = format!("assigns `{}`, a variable of the module", name.id);
                    self.hit(Rule::GlobalState, target, what);
                }
            }
            Expr::Attribute(_) | Expr::Subscript(_) => {
                if let Some(global) = self.place().global_of(target) {
                    let what = self.change(&global, target);
                    self.hit(Rule::GlobalState, target, what);
                } else if self.is_of_receiver(target) {
                    let shared = match target {
                        Expr::Subscript(subscript) => self.is_only_of_class(&subscript.value),
                        _ => false,
                    };
                    if shared {
                        let what = self.of_class(target);
                        self.hit(Rule::GlobalState, target, what);
                    } else {
                        self.shared(target);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether an expression is part of `self`.
    pub(super) fn is_of_receiver(&self, expression: &'a Expr) -> bool {
        match expression {
            Expr::Attribute(attribute) => self.is_of_receiver(&attribute.value),
            Expr::Subscript(subscript) => self.is_of_receiver(&subscript.value),
            Expr::Name(name) => matches!(&self.receiver, Some((receiver, Value::Instance(_)))
                if *receiver == name.id.as_str()),
            _ => false,
        }
    }

    /// A change of `self`, which counts if `self` is a variable of a module.
    pub(super) fn shared(&mut self, target: &'a Expr) {
        let what = format!(
            "changes `{}` of an object that executions share",
            self.text(target)
        );
        self.hit(Rule::GlobalState, target, what);
        if let Some(hit) = self.facts.hits.last_mut() {
            hit.needs_shared = true;
        }
    }

    pub(super) fn change(&self, global: &Global, target: &'a Expr) -> String {
        let text = self.text(target);
        match global {
            Global::Variable(module, name) => {
                let path = self.index.modules[*module].path;
                format!("changes `{text}`: `{name}` is a variable of the module {path}")
            }
            Global::ClassAttribute(class) => {
                let name = &self.index.classes[*class].def.name;
                format!("changes `{text}`, an attribute of the class `{name}`")
            }
            Global::External(name) => format!("changes `{text}`, which is part of `{name}`"),
        }
    }

    /// A method that changes a list or dict, and other functions that change their arguments.
    pub(super) fn changes_of(&mut self, call: &'a ExprCall) {
        let place = self.place();
        let first = call.arguments.args.first();
        let changed = match &*call.func {
            Expr::Attribute(method) if CHANGES.contains(&method.attr.as_str()) => {
                Some(&*method.value).filter(|value| is_container(&place.resolve(value)))
            }
            Expr::Attribute(method)
                if place.resolve(&method.value)
                    == Value::ExternalInstance("random.Random".to_owned())
                    && place.global_of(&method.value).is_some() =>
            {
                let what = format!(
                    "`{}` is a generator that executions share",
                    self.text(&method.value)
                );
                self.hit(Rule::Random, call, what);
                return;
            }
            Expr::Name(_) => match place.resolve(&call.func) {
                Value::External(name) => match name.as_str() {
                    "builtins.setattr" | "builtins.delattr" => first.filter(|value| {
                        !matches!(place.resolve(value), Value::Instance(_) | Value::Unknown)
                    }),
                    "builtins.next" => first
                        .filter(|value| matches!(place.resolve(value), Value::ExternalInstance(_))),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let Some(changed) = changed else {
            return;
        };
        self.has_changed(changed);
        let place = self.place();
        let global = match place.resolve(changed) {
            Value::Class(class) => Some(Global::ClassAttribute(class)),
            Value::Module(module) => Some(Global::Variable(module, self.text(changed))),
            Value::External(name) => Some(Global::External(name)),
            _ => place.global_of(changed),
        };
        if let Some(global) = global {
            let what = self.change(&global, changed);
            self.hit(Rule::GlobalState, call, what);
        } else if self.is_of_receiver(changed) {
            if self.is_only_of_class(changed) {
                let what = self.of_class(changed);
                self.hit(Rule::GlobalState, call, what);
            } else {
                self.shared(changed);
            }
        }
    }

    fn of_class(&self, changed: &'a Expr) -> String {
        format!(
            "changes `{}`, which the class defines and all its instances share",
            self.text(changed)
        )
    }

    /// Whether an attribute of `self` is a list or dict that only the body of the class
    /// assigns. Models and dataclasses copy such defaults.
    pub(super) fn is_only_of_class(&self, expression: &'a Expr) -> bool {
        let (Expr::Attribute(attribute), Some((_, Value::Instance(class)))) =
            (expression, &self.receiver)
        else {
            return false;
        };
        if !matches!(&*attribute.value, Expr::Name(_)) {
            return false;
        }
        let place = self.place();
        let mut is_defined = false;
        let is_shared = place.ancestors(*class).into_iter().all(|class| {
            let info = &self.index.classes[class];
            let places = info.attributes.get(attribute.attr.as_str());
            let mut places = places.into_iter().flatten().peekable();
            is_defined |= places.peek().is_some();
            let is_plain = info.def.decorator_list.iter().all(|decorator| {
                let top = Place::top(self.index, info.module);
                top.decorator(&decorator.expression)
                    .starts_with("temporalio.workflow.")
            }) && place
                .bases(class)
                .iter()
                .all(|base| matches!(base, Value::Class(_)));
            is_plain && places.all(|place| place.method.is_none() && place.value.is_some())
        });
        is_defined && is_shared
    }
}

fn is_container(value: &Value) -> bool {
    match value {
        Value::ExternalInstance(name) => [
            SET,
            "builtins.list",
            "builtins.dict",
            "builtins.bytearray",
            NUMBERS,
            "collections.deque",
            "collections.defaultdict",
            "collections.OrderedDict",
            "collections.Counter",
            "collections.ChainMap",
            "array.array",
        ]
        .contains(&name.as_str()),
        Value::Items(_) | Value::Mapping(_) => true,
        Value::External(name) => {
            name == "os.environ" || name == "sys.path" || name == "sys.modules"
        }
        _ => false,
    }
}
