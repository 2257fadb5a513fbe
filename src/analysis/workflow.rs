//! The workflows of a service: their types, and the code that Temporal calls.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::Visitor;

use super::decorators::{given_name, is_handler, workflow_definition};
use super::index::{ClassId, FunctionId, Index};
use super::models::Classes;
use super::resolve::Place;

/// A workflow.
pub(super) struct Workflow {
    pub(super) class: ClassId,
    /// The name of its type; `None` if it is not known, or stands for all types.
    pub(super) name: Option<String>,
    /// The methods that Temporal calls, those of base classes included.
    pub(super) handlers: Vec<FunctionId>,
    /// The classes of the service that are made from the arguments of these methods.
    pub(super) inputs: Vec<ClassId>,
}

/// The workflows of the service, in the order of their modules.
pub(super) fn workflows(index: &Index<'_>) -> Vec<Workflow> {
    (0..index.classes.len())
        .filter_map(|class| workflow(index, class))
        .collect()
}

fn workflow(index: &Index<'_>, class: ClassId) -> Option<Workflow> {
    let info = &index.classes[class];
    let place = Place::top(index, info.module);
    let definition = workflow_definition(index, class)?;
    let name = given_name(&place, &definition.expression)
        .unwrap_or_else(|| Some(info.def.name.to_string()));
    let mut handlers = Vec::new();
    let mut seen = BTreeSet::new();
    for ancestor in place.ancestors(class) {
        let own = index.classes[ancestor].methods.values().copied();
        // One that a class defines again replaces that of its base class.
        let own = own.filter(|method| seen.insert(index.functions[*method].def.name.as_str()));
        handlers.extend(own.filter(|method| {
            is_handler(index, *method)
                // A workflow is created like any other object.
                || index.functions[*method].def.name.as_str() == "__init__"
        }));
    }
    let mut inputs = Vec::new();
    for handler in &handlers {
        let function = &index.functions[*handler];
        for parameter in function.def.parameters.iter_non_variadic_params() {
            let Some(annotation) = &parameter.parameter.annotation else {
                continue;
            };
            let mut classes = Classes {
                place: Place::top(index, function.module),
                found: Vec::new(),
            };
            classes.visit_expr(annotation);
            inputs.extend(classes.found);
        }
    }
    Some(Workflow {
        class,
        name,
        handlers,
        inputs,
    })
}
