//! Activities, and the calls that execute them.

use std::collections::BTreeMap;

use ruff_python_ast::{Arguments, Expr, ExprCall};
use ruff_text_size::Ranged;

use super::decorators::is_activity;
use super::facts::{Executed, Hit};
use super::index::FunctionId;
use super::resolve::{MAX_STEPS, Place, Value};
use super::rules::Rule;

/// How a function of `temporalio.workflow` names the activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
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
pub(super) fn activity_named_by(function: &str) -> Option<Target> {
    let name = function.strip_prefix("temporalio.workflow.")?;
    let name = name
        .strip_prefix("execute_")
        .or_else(|| name.strip_prefix("start_"))?;
    match name.strip_prefix("local_").unwrap_or(name) {
        "activity" | "activity_method" => Some(Target::Function),
        "activity_class" => Some(Target::Class),
        _ => None,
    }
}

/// Whether a call of this function shows that an activity is alive, or that it ends elsewhere.
pub(super) fn keeps_alive(function: &str) -> bool {
    function == "temporalio.activity.heartbeat"
        || function == "temporalio.activity.raise_complete_async"
}

/// Check a call that executes an activity.
pub(super) fn check<'a>(place: &Place<'_, 'a>, names: Target, call: &'a ExprCall) -> Checked {
    let mut checked = Checked::default();
    let mut options = Options {
        values: BTreeMap::new(),
        is_open: false,
        steps: MAX_STEPS,
    };
    options.read(place, &call.arguments);
    let timeouts = ["start_to_close_timeout", "schedule_to_close_timeout"];
    let offset = call.start().to_usize();
    if !options.is_open && !timeouts.iter().any(|name| options.has(name)) {
        let name = match call.arguments.args.first() {
            Some(activity) => format!("`{}`", place.text(activity)),
            None => "an activity".to_owned(),
        };
        let what = format!(
            "{name} is executed without `start_to_close_timeout` and `schedule_to_close_timeout`"
        );
        let hit = Hit::new(Rule::ActivityTimeout, place.module, offset, what);
        checked.hits.push(hit);
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
fn executed<'a>(place: &Place<'_, 'a>, names: Target, activity: &'a Expr) -> Option<FunctionId> {
    let index = place.index;
    if let Some(name) = place.text_of(activity, 0) {
        return index.activity_named(name);
    }
    let value = match (names, place.resolve(activity)) {
        (Target::Class, Value::Class(class)) => {
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
struct Options<'a> {
    values: BTreeMap<String, &'a Expr>,
    /// Whether there may be others.
    is_open: bool,
    /// The number of dictionaries that are still looked at.
    steps: u32,
}

impl<'a> Options<'a> {
    fn has(&self, name: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|value| !value.is_none_literal_expr())
    }

    fn read(&mut self, place: &Place<'_, 'a>, arguments: &'a Arguments) {
        for keyword in &arguments.keywords {
            match &keyword.arg {
                Some(name) => {
                    self.values.insert(name.to_string(), &keyword.value);
                }
                None => self.read_dictionary(place, &keyword.value),
            }
        }
    }

    fn read_dictionary(&mut self, place: &Place<'_, 'a>, value: &'a Expr) {
        let Some(left) = self.steps.checked_sub(1) else {
            self.is_open = true;
            return;
        };
        self.steps = left;
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match &item.key {
                        Some(Expr::StringLiteral(key)) => {
                            let key = key.value.to_str().to_owned();
                            self.values.insert(key, &item.value);
                        }
                        Some(_) => self.is_open = true,
                        None => self.read_dictionary(place, &item.value),
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
                    self.read(place, &call.arguments);
                }
                _ => self.is_open = true,
            },
            // One that gets more options later may have any.
            Expr::Name(name) if place.is_changed_later(&name.id) => self.is_open = true,
            Expr::Name(name) => match place.assigned_once(&name.id) {
                Some((place, value)) => self.read_dictionary(&place, value),
                None => self.is_open = true,
            },
            _ => self.is_open = true,
        }
    }
}
