//! What the workers of a service run: the lists in their code.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::Ranged;

use super::decorators::{is_activity, is_stub, name_of};
use super::index::{ClassId, FunctionId, Index, ModuleId};
use super::reach::Reached;
use super::resolve::{MAX_STEPS, Place, Value};
use super::rules::Rule;
use super::scope::Scope;
use super::workflow::Workflow;

/// The workflows or activities of one worker.
#[derive(Default)]
struct List<T> {
    /// Whether the worker has this list.
    is_given: bool,
    items: Vec<T>,
    /// Whether it may have more items.
    is_open: bool,
}

/// The lists of one worker.
#[derive(Default)]
struct Lists {
    workflows: List<ClassId>,
    activities: List<FunctionId>,
}

/// What no worker of the service runs, or what a worker cannot run, by comparing the lists of the
/// workers with the workflows and activities of the service.
///
/// `is_own` says which modules are the service's own code; the client library only passes the
/// lists on.
pub(super) fn check(
    index: &Index<'_>,
    workflows: &[Workflow],
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Vec<Reached> {
    let mut workers = Workers {
        index,
        module: 0,
        scopes: Vec::new(),
        found: Vec::new(),
    };
    for (id, info) in index.modules.iter().enumerate() {
        if is_own(id) {
            workers.module = id;
            workers.visit_body(&info.module.syntax().body);
        }
    }
    let workers = workers.found;
    let mut found = Vec::new();
    for worker in &workers {
        let classes = worker.workflows.items.iter();
        let workflows = classes.filter_map(|class| workflows.iter().find(|w| w.class == *class));
        let types = workflows.map(|workflow| (workflow.class, workflow.name.clone()));
        duplicates("workflow type", types, |id| class_at(index, id), &mut found);
        let functions = worker.activities.items.iter();
        let names = functions.map(|function| (*function, name_of(index, *function)));
        duplicates(
            "activity name",
            names,
            |id| function_at(index, id),
            &mut found,
        );
    }
    let not_run = |what: &str, place: Definition<'_>, rule| {
        let message = format!("no worker of the service runs the {what} `{}`", place.name);
        place.reached(rule, message)
    };
    if let Some(runs) = run_by(workers.iter().map(|worker| &worker.workflows)) {
        let missing = workflows.iter().map(|workflow| workflow.class);
        let missing = missing.filter(|class| !runs.contains(class));
        let missing = missing.filter(|class| is_own(index.classes[*class].module));
        let rule = Rule::UnregisteredWorkflow;
        found.extend(missing.map(|class| not_run("workflow", class_at(index, class), rule)));
    }
    if let Some(runs) = run_by(workers.iter().map(|worker| &worker.activities)) {
        let missing = (0..index.functions.len()).filter(|function| {
            is_own(index.functions[*function].module)
                && is_activity(index, *function)
                && !runs.contains(function)
                && !is_stub(index, *function)
                && !is_overridden(index, *function, &runs)
        });
        let rule = Rule::UnregisteredActivity;
        found.extend(missing.map(|id| not_run("activity", function_at(index, id), rule)));
    }
    found
}

/// What workers with these lists run; `None` if that is not known.
fn run_by<'l, T: Copy + Eq + std::hash::Hash + 'l>(
    lists: impl Iterator<Item = &'l List<T>>,
) -> Option<HashSet<T>> {
    let mut runs = HashSet::new();
    let mut is_given = false;
    for list in lists {
        if list.is_open {
            return None;
        }
        is_given |= list.is_given;
        runs.extend(&list.items);
    }
    is_given.then_some(runs)
}

/// Where a workflow or an activity is defined.
struct Definition<'i> {
    name: String,
    module: ModuleId,
    offset: usize,
    path: &'i crate::name::RelPath,
}

impl Definition<'_> {
    /// A rule that is broken here, by no code of a workflow.
    fn reached(self, rule: Rule, what: String) -> Reached {
        Reached {
            rule,
            module: self.module,
            offset: self.offset,
            what,
            trace: None,
            workflows: Vec::new(),
        }
    }
}

fn class_at<'i>(index: &'i Index<'_>, class: ClassId) -> Definition<'i> {
    let info = &index.classes[class];
    Definition {
        name: info.def.name.to_string(),
        module: info.module,
        offset: info.def.name.start().to_usize(),
        path: index.modules[info.module].path,
    }
}

fn function_at<'i>(index: &'i Index<'_>, function: FunctionId) -> Definition<'i> {
    let info = &index.functions[function];
    Definition {
        name: index.name_of(function),
        module: info.module,
        offset: info.def.name.start().to_usize(),
        path: index.modules[info.module].path,
    }
}

/// Whether a class that inherits from that of an activity is registered in its place.
fn is_overridden(index: &Index<'_>, function: FunctionId, runs: &HashSet<FunctionId>) -> bool {
    let Some(class) = index.functions[function].class else {
        return false;
    };
    runs.iter().any(|registered| {
        let info = &index.functions[*registered];
        info.class.is_some_and(|other| {
            let place = Place::top(index, info.module);
            other != class && place.ancestors(other).contains(&class)
        })
    })
}

/// Workflows or activities of one worker that have the same name.
fn duplicates<'i, T: Copy + Eq + std::hash::Hash>(
    what: &str,
    items: impl Iterator<Item = (T, Option<String>)>,
    definition: impl Fn(T) -> Definition<'i>,
    found: &mut Vec<Reached>,
) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (item, name) in items.filter(|(item, _)| seen.insert(*item)) {
        let Some(name) = name else { continue };
        let place = definition(item);
        let own = format!("`{}` of {}", place.name, place.path);
        if let Some(other) = names.insert(name.clone(), own) {
            let what = format!("the {what} `{name}` is also that of {other}");
            found.push(place.reached(Rule::DuplicateName, what));
        }
    }
}

/// Finds the calls that make workers.
struct Workers<'i, 'a> {
    index: &'i Index<'a>,
    module: ModuleId,
    scopes: Vec<Scope<'a>>,
    found: Vec<Lists>,
}

impl<'a> Visitor<'a> for Workers<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::FunctionDef(function) = statement {
            self.scopes.push(Scope::of_function(function));
            walk_stmt(self, statement);
            self.scopes.pop();
        } else {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.call(call);
        }
        walk_expr(self, expression);
    }
}

impl<'a> Workers<'_, 'a> {
    /// A call makes a worker if it is one of `Worker`, or if its arguments can only be for one:
    /// both lists, or one with a task queue. A call of the service itself passes them on.
    /// `edit::python::lists` finds the worker to edit, and is stricter.
    fn call(&mut self, call: &'a ExprCall) {
        let argument = |name| {
            let keyword = call.arguments.find_keyword(name);
            keyword.map(|keyword| &keyword.value)
        };
        let (workflows, activities) = (argument("workflows"), argument("activities"));
        let has_unknown = call.arguments.keywords.iter().any(|k| k.arg.is_none());
        if (workflows, activities) == (None, None) && !has_unknown {
            return;
        }
        let place = Place {
            scopes: &self.scopes,
            ..Place::top(self.index, self.module)
        };
        let function = place.resolve(&call.func);
        let is_worker = function == Value::External("temporalio.worker.Worker".to_owned());
        let has_both = workflows.is_some() && activities.is_some();
        let has_queue =
            argument("task_queue").is_some() && (workflows.is_some() || activities.is_some());
        if !is_worker && !may_run(&place, &function) {
            return;
        }
        let mut worker = Lists::default();
        if !is_worker && !has_both && !has_queue {
            // A plugin, or a function that passes the list on: a worker may have more.
            worker.workflows.is_open = workflows.is_some();
            worker.activities.is_open = activities.is_some();
            self.found.push(worker);
            return;
        }
        let has_plugins = argument("plugins").is_some();
        let is_open = is_worker && (has_unknown || has_plugins);
        worker.workflows.is_open = is_open;
        worker.activities.is_open = is_open;
        if let Some(workflows) = workflows {
            let list = &mut worker.workflows;
            list.is_given = true;
            for value in Items::of(&place, workflows) {
                match value {
                    Some(Value::Class(class)) => list.items.push(class),
                    _ => list.is_open = true,
                }
            }
        }
        if let Some(activities) = activities {
            let list = &mut worker.activities;
            list.is_given = true;
            for value in Items::of(&place, activities) {
                match value {
                    Some(Value::Function(function)) => list.items.push(function),
                    // It stands for its methods.
                    Some(Value::Class(class) | Value::Instance(class)) => {
                        let place = Place::top(self.index, self.index.classes[class].module);
                        for class in place.ancestors(class) {
                            let methods = self.index.classes[class].methods.values().copied();
                            let own = methods.filter(|method| is_activity(self.index, *method));
                            list.items.extend(own);
                        }
                    }
                    Some(Value::External(name)) if !name.starts_with("builtins.") => {}
                    _ => list.is_open = true,
                }
            }
        }
        self.found.push(worker);
    }
}

/// Whether a call of this may make a worker: not of a model, and not of what only reads
/// histories.
fn may_run(place: &Place<'_, '_>, function: &Value) -> bool {
    match function {
        Value::External(name) => name != "temporalio.worker.Replayer",
        Value::Class(class) => {
            let classes = place.ancestors(*class);
            !classes.into_iter().any(|class| {
                let bases = place.bases(class);
                bases.contains(&Value::External("pydantic.BaseModel".to_owned()))
            })
        }
        _ => true,
    }
}

/// Reads the items of a list; `None` stands for what is not known.
struct Items<'s> {
    values: Vec<Option<Value>>,
    /// The number of expressions that are still looked at.
    steps: &'s Cell<u32>,
}

impl Items<'_> {
    fn of<'a>(place: &Place<'_, 'a>, list: &'a Expr) -> Vec<Option<Value>> {
        let mut items = Items {
            values: Vec::new(),
            steps: &Cell::new(MAX_STEPS * 10),
        };
        items.read(place, list);
        items.values
    }

    fn read<'a>(&mut self, place: &Place<'_, 'a>, list: &'a Expr) {
        let Some(left) = self.steps.get().checked_sub(1) else {
            self.values.push(None);
            return;
        };
        self.steps.set(left);
        match list {
            Expr::List(list) => self.read_all(place, &list.elts),
            Expr::Tuple(list) => self.read_all(place, &list.elts),
            Expr::Set(list) => self.read_all(place, &list.elts),
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                self.read(place, &sum.left);
                self.read(place, &sum.right);
            }
            Expr::Call(call) if is_list_call(call) => self.read(place, &call.arguments.args[0]),
            // One that gets more items later may have any.
            Expr::Name(name) if place.is_changed_later(&name.id) => self.values.push(None),
            Expr::Name(name) => match place.assigned_once(&name.id) {
                Some((place, value)) => self.read(&place, value),
                None => self.values.push(None),
            },
            _ => self.values.push(None),
        }
    }

    fn read_all<'a>(&mut self, place: &Place<'_, 'a>, items: &'a [Expr]) {
        for item in items {
            match item {
                Expr::Starred(starred) if self.steps.get() > 0 => self.read(place, &starred.value),
                Expr::Starred(_) => {
                    self.values.push(None);
                    return;
                }
                _ => match place.resolve(item) {
                    Value::Unknown => self.values.push(None),
                    value => self.values.push(Some(value)),
                },
            }
        }
    }
}

/// `list(x)` and `tuple(x)`.
fn is_list_call(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Name(name) if ["list", "tuple"].contains(&name.id.as_str()))
        && call.arguments.args.len() == 1
        && call.arguments.keywords.is_empty()
}
