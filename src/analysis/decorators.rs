//! What decorators make of functions: activities, and the methods that Temporal calls.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use ruff_python_ast::helpers::map_callable;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Decorator, Expr, Stmt};

use super::index::{ClassId, FunctionId, Index, ModuleId};
use super::resolve::{Place, Value};
use super::scope::Scope;

impl<'a> Index<'a> {
    /// The full names of the decorators of a function. A decorator that the service defines
    /// stands for those decorators of the SDK that it applies itself.
    pub(super) fn decorators_of(&self, function: FunctionId) -> Rc<[String]> {
        let known = &self.known.decorators;
        if let Some(names) = known.borrow().get(&function) {
            return names.clone();
        }
        known.borrow_mut().insert(function, Rc::from([]));
        let info = &self.functions[function];
        let top = Place::top(self, info.module);
        let decorators = info.def.decorator_list.iter();
        let names: Rc<[String]> = decorators
            .flat_map(|decorator| self.applied(&top, &decorator.expression))
            .collect();
        known.borrow_mut().insert(function, names.clone());
        names
    }

    /// The activity of this name. Of several with one name it is not known which one runs.
    pub(super) fn activity_named(&self, name: &str) -> Option<FunctionId> {
        let all = self.known.activities.get_or_init(|| {
            let mut all: HashMap<String, Vec<FunctionId>> = HashMap::new();
            let functions = 0..self.functions.len();
            for function in functions.filter(|function| is_activity(self, *function)) {
                if let Some(name) = name_of(self, function) {
                    all.entry(name).or_default().push(function);
                }
            }
            all
        });
        match all.get(name).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    /// The full names of the decorators that one stands for.
    pub(super) fn applied(&self, place: &Place<'_, 'a>, decorator: &'a Expr) -> Vec<String> {
        match place.resolve(map_callable(decorator)) {
            Value::Function(wrapper) => self.applied_by(wrapper),
            _ => vec![place.decorator(decorator)],
        }
    }

    /// The decorators of the SDK that the code of a decorator applies.
    fn applied_by(&self, decorator: FunctionId) -> Vec<String> {
        let info = &self.functions[decorator];
        let mut applied = Applied {
            index: self,
            module: info.module,
            scopes: vec![Scope::of_function(info.def)],
            found: Vec::new(),
            seen: HashSet::new(),
        };
        applied.visit_body(&info.def.body);
        applied.found
    }
}

struct Applied<'i, 'a> {
    index: &'i Index<'a>,
    module: ModuleId,
    scopes: Vec<Scope<'a>>,
    found: Vec<String>,
    seen: HashSet<String>,
}

impl<'a> Visitor<'a> for Applied<'_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if matches!(expression, Expr::Name(_) | Expr::Attribute(_)) {
            let place = Place {
                scopes: &self.scopes,
                ..Place::top(self.index, self.module)
            };
            if let Value::External(name) = place.resolve(expression) {
                let is_of_sdk = [
                    "temporalio.activity.defn",
                    "temporalio.workflow.defn",
                    "temporalio.workflow.run",
                    "temporalio.workflow.signal",
                    "temporalio.workflow.query",
                    "temporalio.workflow.update",
                ]
                .contains(&name.as_str());
                if is_of_sdk && self.seen.insert(name.clone()) {
                    self.found.push(name);
                }
            }
        }
        walk_expr(self, expression);
    }
}

/// Whether a function is an activity.
pub(super) fn is_activity(index: &Index<'_>, function: FunctionId) -> bool {
    // Most functions have no decorator.
    !index.functions[function].def.decorator_list.is_empty()
        && index
            .decorators_of(function)
            .iter()
            .any(|decorator| decorator == "temporalio.activity.defn")
}

/// The name of an activity; `None` if it is not known, or stands for all names.
pub(super) fn name_of(index: &Index<'_>, function: FunctionId) -> Option<String> {
    name_by(index, function, &["temporalio.activity.defn"])
}

/// The name that one of these decorators gives a function; `None` if it is not known.
fn name_by(index: &Index<'_>, function: FunctionId, sdk: &[&str]) -> Option<String> {
    let info = &index.functions[function];
    let place = Place::top(index, info.module);
    let mut decorators = info.def.decorator_list.iter();
    let definition = decorators.find(|decorator| {
        let applied = index.applied(&place, &decorator.expression);
        applied.iter().any(|name| sdk.contains(&name.as_str()))
    });
    let given = definition.and_then(|decorator| given_name(&place, &decorator.expression));
    given.unwrap_or_else(|| Some(info.def.name.to_string()))
}

/// The `name` that a decorator has; `None` if it has none, `Some(None)` if it is not known.
#[expect(clippy::option_option, reason = "not given, not known, known")]
pub(super) fn given_name<'a>(place: &Place<'_, 'a>, decorator: &'a Expr) -> Option<Option<String>> {
    let Expr::Call(call) = decorator else {
        return None;
    };
    if call.arguments.find_keyword("dynamic").is_some() {
        return Some(None);
    }
    let name = call.arguments.find_keyword("name")?;
    Some(place.text_of(&name.value, 0).map(str::to_owned))
}

/// Whether a function has no code: it stands for one that another worker runs.
pub(super) fn is_stub(index: &Index<'_>, function: FunctionId) -> bool {
    let body = &index.functions[function].def.body;
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            expression.value.is_string_literal_expr() || expression.value.is_ellipsis_literal_expr()
        }
        Stmt::Raise(raise) => {
            let mut raised = raise.exc.as_deref();
            if let Some(Expr::Call(call)) = raised {
                raised = Some(&call.func);
            }
            matches!(raised, Some(Expr::Name(name)) if name.id.as_str() == "NotImplementedError")
        }
        _ => false,
    })
}

/// The kind of a method that Temporal calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handler {
    Run,
    Init,
    Signal,
    Query,
    Update,
    Validator,
}

/// Whether Temporal calls a method.
pub(super) fn is_handler(index: &Index<'_>, function: FunctionId) -> bool {
    handler_of(index, function).is_some()
}

/// The kind of a method that Temporal calls; `None` for others.
pub(super) fn handler_of(index: &Index<'_>, function: FunctionId) -> Option<Handler> {
    let info = &index.functions[function];
    if info.class.is_none() || info.def.decorator_list.is_empty() {
        return None;
    }
    if info
        .def
        .decorator_list
        .iter()
        .any(|d| is_validator(&d.expression))
    {
        return Some(Handler::Validator);
    }
    index
        .decorators_of(function)
        .iter()
        .find_map(|decorator| match decorator.as_str() {
            "temporalio.workflow.run" => Some(Handler::Run),
            "temporalio.workflow.init" => Some(Handler::Init),
            "temporalio.workflow.signal" => Some(Handler::Signal),
            "temporalio.workflow.query" => Some(Handler::Query),
            "temporalio.workflow.update" => Some(Handler::Update),
            _ => None,
        })
}

/// `@name.validator`, where `name` is an update.
fn is_validator(decorator: &Expr) -> bool {
    matches!(decorator, Expr::Attribute(attribute)
        if attribute.attr.as_str() == "validator" && attribute.value.is_name_expr())
}

/// The name of a message: that of its decorator, or of the method.
pub(super) fn message_name(index: &Index<'_>, function: FunctionId) -> String {
    let sdk = [
        "temporalio.workflow.signal",
        "temporalio.workflow.query",
        "temporalio.workflow.update",
    ];
    let name = name_by(index, function, &sdk);
    name.unwrap_or_else(|| index.functions[function].def.name.to_string())
}

/// Whether the sandbox runs the code of a module: it defines a workflow that does not leave the
/// sandbox.
pub(super) fn is_sandboxed(index: &Index<'_>, module: ModuleId) -> bool {
    (0..index.classes.len())
        .filter(|class| index.classes[*class].module == module)
        .filter_map(|class| workflow_definition(index, class))
        .any(has_sandbox)
}

/// Whether no workflow leaves the sandbox.
pub(super) fn all_are_sandboxed(index: &Index<'_>) -> bool {
    (0..index.classes.len())
        .filter_map(|class| workflow_definition(index, class))
        .all(has_sandbox)
}

fn has_sandbox(definition: &Decorator) -> bool {
    let call = definition.expression.as_call_expr();
    let given = call.and_then(|call| call.arguments.find_keyword("sandboxed"));
    given.is_none_or(|given| !matches!(&given.value, Expr::BooleanLiteral(b) if !b.value))
}

/// The decorator that makes a class a workflow.
pub(super) fn workflow_definition<'a>(index: &Index<'a>, class: ClassId) -> Option<&'a Decorator> {
    let info = &index.classes[class];
    let place = Place::top(index, info.module);
    info.def.decorator_list.iter().find(|decorator| {
        index
            .applied(&place, &decorator.expression)
            .iter()
            .any(|applied| applied == "temporalio.workflow.defn")
    })
}
