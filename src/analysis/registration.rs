//! What the workers of a service run: the lists in their code.

use std::collections::{BTreeMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::Ranged;

use super::decorators::{is_activity, is_stub, name_of};
use super::index::{ClassId, FunctionId, Index, ModuleId};
use super::models::sorted;
use super::resolve::{Place, Value};
use super::rules::Rule;
use super::scope::{Binding, Scope};
use super::workflow::Workflow;

/// A workflow or activity that no worker runs, or that a worker cannot run.
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
    pub(super) what: String,
}

/// The lists of one worker.
#[derive(Default)]
struct Lists {
    workflows: Vec<ClassId>,
    activities: Vec<FunctionId>,
    /// Whether it has these lists at all.
    runs_workflows: bool,
    runs_activities: bool,
    /// Whether the lists may have more items.
    has_more_workflows: bool,
    has_more_activities: bool,
}

/// Compare the lists of the workers with the workflows and activities of the service.
///
/// `is_own` says which modules are the service's own code; the client library only passes the
/// lists on.
pub(super) fn check(
    index: &Index<'_>,
    workflows: &[Workflow],
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Vec<Fault> {
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
    let mut faults = Vec::new();
    for worker in &workers {
        duplicates(index, workflows, worker, &mut faults);
    }
    let runs: HashSet<ClassId> = workers.iter().flat_map(|w| w.workflows.clone()).collect();
    let is_open = workers.iter().any(|worker| worker.has_more_workflows);
    if workers.iter().any(|w| w.runs_workflows) && !is_open {
        for workflow in workflows.iter().filter(|w| !runs.contains(&w.class)) {
            let info = &index.classes[workflow.class];
            if is_own(info.module) {
                faults.push(Fault {
                    rule: Rule::UnregisteredWorkflow,
                    module: info.module,
                    offset: info.def.name.start().to_usize(),
                    what: format!(
                        "no worker of the service runs the workflow `{}`",
                        info.def.name
                    ),
                });
            }
        }
    }
    let runs: HashSet<FunctionId> = workers.iter().flat_map(|w| w.activities.clone()).collect();
    let is_open = workers.iter().any(|worker| worker.has_more_activities);
    if workers.iter().any(|w| w.runs_activities) && !is_open {
        for function in 0..index.functions.len() {
            let info = &index.functions[function];
            let is_missing = is_own(info.module)
                && is_activity(index, function)
                && !runs.contains(&function)
                && !is_stub(index, function)
                && !is_overridden(index, function, &runs);
            if is_missing {
                faults.push(Fault {
                    rule: Rule::UnregisteredActivity,
                    module: info.module,
                    offset: info.def.name.start().to_usize(),
                    what: format!(
                        "no worker of the service runs the activity `{}`",
                        index.name_of(function)
                    ),
                });
            }
        }
    }
    faults
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

/// Workflows and activities of a worker that have the same name.
fn duplicates(index: &Index<'_>, workflows: &[Workflow], worker: &Lists, faults: &mut Vec<Fault>) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = HashSet::new();
    let listed = worker.workflows.iter().filter(|class| seen.insert(**class));
    for workflow in listed.filter_map(|class| workflows.iter().find(|w| w.class == *class)) {
        let info = &index.classes[workflow.class];
        let Some(name) = &workflow.name else { continue };
        let own = format!("`{}` of {}", info.def.name, index.modules[info.module].path);
        if let Some(other) = names.insert(name.clone(), own) {
            faults.push(Fault {
                rule: Rule::DuplicateName,
                module: info.module,
                offset: info.def.name.start().to_usize(),
                what: format!("the workflow type `{name}` is also that of {other}"),
            });
        }
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = HashSet::new();
    for function in worker.activities.iter().filter(|id| seen.insert(**id)) {
        let info = &index.functions[*function];
        let Some(name) = name_of(index, *function) else {
            continue;
        };
        let own = format!(
            "`{}` of {}",
            index.name_of(*function),
            index.modules[info.module].path
        );
        if let Some(other) = names.insert(name.clone(), own) {
            faults.push(Fault {
                rule: Rule::DuplicateName,
                module: info.module,
                offset: info.def.name.start().to_usize(),
                what: format!("the activity name `{name}` is also that of {other}"),
            });
        }
    }
}

/// Finds calls with the arguments `workflows` and `activities`.
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
    fn call(&mut self, call: &'a ExprCall) {
        let argument = |name| {
            let keyword = call.arguments.find_keyword(name);
            keyword.map(|keyword| &keyword.value)
        };
        let lists = [argument("workflows"), argument("activities")];
        let mut worker = Lists::default();
        let place = Place {
            scopes: &self.scopes,
            ..Place::top(self.index, self.module)
        };
        let has_unknown = call.arguments.keywords.iter().any(|k| k.arg.is_none());
        if has_unknown
            && place.resolve(&call.func) == Value::External("temporalio.worker.Worker".to_owned())
        {
            worker.has_more_workflows = true;
            worker.has_more_activities = true;
        } else if lists == [None, None] {
            return;
        }
        let [workflows, activities] = lists;
        worker.runs_workflows = workflows.is_some();
        worker.runs_activities = activities.is_some();
        if let Some(workflows) = workflows {
            let mut items = Items::default();
            items.read(&place, workflows, 0);
            worker.has_more_workflows = items.is_open;
            for value in items.values {
                match value {
                    Value::Class(class) => {
                        worker.workflows.push(class);
                    }
                    _ => worker.has_more_workflows = true,
                }
            }
        }
        if let Some(activities) = activities {
            let mut items = Items::default();
            items.read(&place, activities, 0);
            worker.has_more_activities = items.is_open;
            for value in items.values {
                match value {
                    Value::Function(function) => {
                        worker.activities.push(function);
                    }
                    // It stands for its methods.
                    Value::Class(class) | Value::Instance(class) => {
                        let place = Place::top(self.index, self.index.classes[class].module);
                        for class in place.ancestors(class) {
                            let methods = sorted(&self.index.classes[class].methods);
                            let methods = methods.into_iter().map(|(_, method)| method);
                            let own = methods.filter(|method| is_activity(self.index, *method));
                            worker.activities.extend(own);
                        }
                    }
                    Value::External(name) if !name.starts_with("builtins.") => {}
                    _ => worker.has_more_activities = true,
                }
            }
        }
        self.found.push(worker);
    }
}

/// Reads the items of a list.
#[derive(Default)]
struct Items {
    values: Vec<Value>,
    /// Whether there may be more items.
    is_open: bool,
}

impl Items {
    fn read<'a>(&mut self, place: &Place<'_, 'a>, list: &'a Expr, depth: u32) {
        if depth > 8 {
            self.is_open = true;
            return;
        }
        match list {
            Expr::List(list) => self.read_all(place, &list.elts, depth),
            Expr::Tuple(list) => self.read_all(place, &list.elts, depth),
            Expr::Set(list) => self.read_all(place, &list.elts, depth),
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                self.read(place, &sum.left, depth + 1);
                self.read(place, &sum.right, depth + 1);
            }
            Expr::Call(call) if is_list_call(call) => {
                self.read(place, &call.arguments.args[0], depth + 1);
            }
            // One that gets more items later may have any.
            Expr::Name(name) if place.is_changed_later(&name.id) => self.is_open = true,
            Expr::Name(name) => match place.assigned_once(&name.id) {
                Some((place, value)) => self.read(&place, value, depth + 1),
                None => self.is_open = true,
            },
            _ => self.is_open = true,
        }
    }

    fn read_all<'a>(&mut self, place: &Place<'_, 'a>, items: &'a [Expr], depth: u32) {
        for item in items {
            match item {
                Expr::Starred(starred) => self.read(place, &starred.value, depth + 1),
                _ => match place.resolve(item) {
                    Value::Unknown => self.is_open = true,
                    value => self.values.push(value),
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

impl Index<'_> {
    /// The module and name under which a variable is assigned, through imports.
    pub(super) fn origin_of(&self, module: ModuleId, name: &str) -> Option<(ModuleId, String)> {
        let (mut module, mut name) = (module, name.to_owned());
        for _ in 0..10 {
            let bindings = self.modules[module].scope.get(&name)?;
            let [
                Binding::ImportFrom {
                    level,
                    module: from,
                    name: other,
                },
            ] = bindings
            else {
                return Some((module, name));
            };
            let full = Place::top(self, module).absolute(*level, from);
            module = self.module_named(&full, module)?;
            (*other).clone_into(&mut name);
        }
        None
    }
}
