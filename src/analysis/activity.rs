//! Activities, and the calls that execute them.

use std::collections::BTreeMap;

use ruff_python_ast::{Arguments, Expr, ExprCall};
use ruff_text_size::Ranged;

use super::decorators::{is_activity, name_of};
use super::facts::{Executed, Hit};
use super::index::FunctionId;
use super::resolve::{Place, Value};
use super::rules::Rule;
use super::scope::Binding;

/// How a function of `temporalio.workflow` names the activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// A function or its name.
    Function,
    /// A class with `__call__`.
    Class,
}

/// What is wrong with a call that executes an activity, and which one that is.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) hits: Vec<Hit>,
    pub(super) activity: Option<Executed>,
}

/// How a function names the activity that it executes; `None` if it executes none.
pub(super) fn option_of(function: &str) -> Option<Names> {
    let name = function.strip_prefix("temporalio.workflow.")?;
    let name = name
        .strip_prefix("execute_")
        .or_else(|| name.strip_prefix("start_"))?;
    match name.strip_prefix("local_").unwrap_or(name) {
        "activity" | "activity_method" => Some(Names::Function),
        "activity_class" => Some(Names::Class),
        _ => None,
    }
}

/// Whether a call of this function shows that an activity is alive, or that it ends elsewhere.
pub(super) fn keeps_alive(function: &str) -> bool {
    function == "temporalio.activity.heartbeat"
        || function == "temporalio.activity.raise_complete_async"
}

/// Check a call that executes an activity.
pub(super) fn check<'a>(place: &Place<'_, 'a>, names: Names, call: &'a ExprCall) -> Checked {
    let mut checked = Checked::default();
    let mut options = Options::default();
    options.read(place, &call.arguments, 0);
    let timeouts = ["start_to_close_timeout", "schedule_to_close_timeout"];
    let offset = call.start().to_usize();
    if !options.is_open && !timeouts.iter().any(|name| options.has(name)) {
        let name = match call.arguments.args.first() {
            Some(activity) => format!("`{}`", place.text(activity)),
            None => "an activity".to_owned(),
        };
        checked.hits.push(Hit {
            rule: Rule::ActivityTimeout,
            offset,
            what: format!(
                "{name} is executed without `start_to_close_timeout` and \
                 `schedule_to_close_timeout`"
            ),
            needs_shared: false,
            function: None,
            field: None,
        });
    }
    let activity = call
        .arguments
        .find_argument_value("activity", 0)
        .and_then(|activity| executed(place, names, activity));
    checked.activity = activity.map(|function| Executed {
        function,
        offset,
        needs_heartbeats: options.has("heartbeat_timeout"),
    });
    checked
}

/// The function that an argument names.
fn executed<'a>(place: &Place<'_, 'a>, names: Names, activity: &'a Expr) -> Option<FunctionId> {
    let index = place.index;
    if let Some(name) = place.text_of(activity, 0) {
        let mut candidates = (0..index.functions.len()).filter(|function| {
            is_activity(index, *function) && name_of(index, *function).as_deref() == Some(name)
        });
        // Of several activities with one name it is not known which one runs.
        return candidates.next().filter(|_| candidates.next().is_none());
    }
    let value = match (names, place.resolve(activity)) {
        (Names::Class, Value::Class(class)) => {
            place.attribute_of(&Value::Instance(class), "__call__")
        }
        (_, value) => value,
    };
    match value {
        Value::Function(function) if is_activity(index, function) => Some(function),
        _ => None,
    }
}

/// The options of a call, with those of dictionaries that are passed with `**`.
#[derive(Default)]
struct Options<'a> {
    values: BTreeMap<String, &'a Expr>,
    /// Whether there may be others.
    is_open: bool,
}

impl<'a> Options<'a> {
    fn has(&self, name: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|value| !value.is_none_literal_expr())
    }

    fn read(&mut self, place: &Place<'_, 'a>, arguments: &'a Arguments, depth: u32) {
        for keyword in &arguments.keywords {
            match &keyword.arg {
                Some(name) => {
                    self.values.insert(name.to_string(), &keyword.value);
                }
                None => self.read_dictionary(place, &keyword.value, depth),
            }
        }
    }

    fn read_dictionary(&mut self, place: &Place<'_, 'a>, value: &'a Expr, depth: u32) {
        if depth > 5 {
            self.is_open = true;
            return;
        }
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match &item.key {
                        Some(Expr::StringLiteral(key)) => {
                            let key = key.value.to_str().to_owned();
                            self.values.insert(key, &item.value);
                        }
                        Some(_) => self.is_open = true,
                        None => self.read_dictionary(place, &item.value, depth + 1),
                    }
                }
            }
            Expr::Call(call) => match place.resolve(&call.func) {
                Value::External(name)
                    if name == "builtins.dict"
                        || name == "temporalio.workflow.ActivityConfig"
                        || name == "temporalio.workflow.LocalActivityConfig" =>
                {
                    if !call.arguments.args.is_empty() {
                        self.is_open = true;
                    }
                    self.read(place, &call.arguments, depth + 1);
                }
                _ => self.is_open = true,
            },
            // One that gets more options later may have any.
            Expr::Name(name) if place.is_changed_later(&name.id) => self.is_open = true,
            Expr::Name(name) => match place.assigned_once(&name.id) {
                Some((place, value)) => self.read_dictionary(&place, value, depth + 1),
                None => self.is_open = true,
            },
            _ => self.is_open = true,
        }
    }
}

impl<'i, 'a> Place<'i, 'a> {
    /// The only value that a variable is assigned, and where.
    pub(super) fn assigned_once(&self, name: &str) -> Option<(Place<'i, 'a>, &'a Expr)> {
        for (depth, scope) in self.scopes.iter().enumerate().rev() {
            if let Some(bindings) = scope.get(name) {
                let around = Place {
                    scopes: &self.scopes[..=depth],
                    receiver: self.receiver.clone(),
                    ..*self
                };
                return match bindings {
                    [Binding::Value(value) | Binding::Typed(_, Some(value))] => {
                        Some((around, value))
                    }
                    _ => None,
                };
            }
        }
        let (module, name) = self.index.origin_of(self.module, name)?;
        match self.index.modules[module].scope.get(&name)? {
            [Binding::Value(value) | Binding::Typed(_, Some(value))] => {
                Some((Place::top(self.index, module), value))
            }
            _ => None,
        }
    }

    /// Whether the module of a variable changes its items, by a look at its text.
    pub(super) fn is_changed_later(&self, name: &str) -> bool {
        let origin = self.index.origin_of(self.module, name);
        let (module, name) = origin.unwrap_or((self.module, name.to_owned()));
        [module, self.module].into_iter().any(|module| {
            let text = self.index.modules[module].module.text();
            [
                "[",
                ".update(",
                ".setdefault(",
                ".append(",
                ".extend(",
                ".insert(",
                " +=",
                " |=",
            ]
            .iter()
            .any(|change| mentions_with(text, &name, change))
        })
    }

    /// The value of a string, also of a constant of a module or class.
    pub(super) fn text_of(&self, expression: &'a Expr, depth: u32) -> Option<&'a str> {
        if depth > 5 {
            return None;
        }
        match expression {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            Expr::Name(name) => {
                let (place, value) = self.assigned_once(&name.id)?;
                place.text_of(value, depth + 1)
            }
            Expr::Attribute(attribute) => match self.resolve(&attribute.value) {
                Value::Module(module) => {
                    let top = Place::top(self.index, module);
                    let (place, value) = top.assigned_once(&attribute.attr)?;
                    place.text_of(value, depth + 1)
                }
                Value::Class(class) => {
                    let info = &self.index.classes[class];
                    let [only] = info.attributes.get(attribute.attr.as_str())?.as_slice() else {
                        return None;
                    };
                    let top = Place::top(self.index, info.module);
                    top.text_of(only.value?, depth + 1)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The text of an expression.
    pub(super) fn text(&self, expression: &Expr) -> String {
        let text = self.index.modules[self.module].module.source(expression);
        let line = text.lines().next().unwrap_or_default();
        let short: String = line.chars().take(60).collect();
        if short.len() == text.len() {
            short
        } else {
            format!("{short}…")
        }
    }
}

/// Whether a text has a name as a whole word, with this after it.
fn mentions_with(text: &str, name: &str, after: &str) -> bool {
    let wanted = format!("{name}{after}");
    text.match_indices(&wanted).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != '.')
    })
}
