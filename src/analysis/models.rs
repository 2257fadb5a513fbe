//! What runs when models and other objects are created: their `__init__`, validators and
//! default values.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::body::Body;
use super::facts::{Edge, Facts, Node};
use super::index::{ClassId, Index, ModuleId};
use super::resolve::{Place, Value};
use super::rules::Rule;
use crate::edit::python::dotted;

/// Methods that run when an instance is created.
const CREATES: [&str; 4] = ["__new__", "__init__", "__post_init__", "model_post_init"];

/// What runs when an instance of a class is created.
pub(super) fn created(index: &Index<'_>, class: ClassId) -> Facts {
    let mut facts = Facts::default();
    let top = Place::top(index, index.classes[class].module);
    let mut methods = BTreeSet::new();
    let mut fields = BTreeSet::new();
    for ancestor in top.ancestors(class) {
        let info = &index.classes[ancestor];
        for (name, method) in &info.methods {
            let runs = CREATES.contains(name)
                || index.decorators_of(*method).iter().any(|decorator| {
                    decorator
                        .strip_prefix("pydantic.")
                        .is_some_and(|name| name.ends_with("validator"))
                });
            // A method of the base class runs if this one calls it.
            if runs && methods.insert(*name) {
                let offset = index.functions[*method].def.name.start().to_usize();
                let node = Node::Method(*method, class);
                facts.edges.push(Edge::new(node, info.module, offset));
            }
        }
        for statement in &info.def.body {
            let (target, value) = match statement {
                Stmt::AnnAssign(assign) => (Some(&*assign.target), assign.value.as_deref()),
                Stmt::Assign(assign) => (assign.targets.first(), Some(&*assign.value)),
                _ => continue,
            };
            let field = target.and_then(dotted).unwrap_or_default();
            // A field of the base class that this one defines again is not used.
            let is_first = fields.insert(field.clone());
            let Some(value) = value.filter(|_| is_first) else {
                continue;
            };
            let default = default_of(index, info.module, value);
            facts.hits.extend(default.hits.into_iter().map(|mut hit| {
                hit.what = format!("a default value of `{}`: {}", info.def.name, hit.what);
                hit.field = Some(field.clone());
                hit
            }));
            facts
                .edges
                .extend(default.edges.into_iter().map(|mut edge| {
                    edge.field = Some(field.clone());
                    edge
                }));
        }
    }
    facts
}

/// What runs when an instance of a class is made from JSON: also the fields are created.
pub(super) fn decoded(index: &Index<'_>, class: ClassId) -> Facts {
    let mut facts = Facts::default();
    let info = &index.classes[class];
    let own = info.def.name.start().to_usize();
    facts
        .edges
        .push(Edge::new(Node::New(class), info.module, own));
    let place = Place::top(index, info.module);
    for other in place.ancestors(class) {
        let other = &index.classes[other];
        for statement in &other.def.body {
            let Stmt::AnnAssign(field) = statement else {
                continue;
            };
            let mut classes = Classes {
                place: Place::top(index, other.module),
                found: Vec::new(),
            };
            classes.visit_expr(&field.annotation);
            let offset = field.target.start().to_usize();
            let found = classes.found.into_iter();
            let edge = |class| Edge::new(Node::Decode(class), other.module, offset);
            facts.edges.extend(found.map(edge));
        }
    }
    facts
}

/// What a default value does when it is computed: for each object, or once, when the module is
/// loaded.
fn default_of<'a>(index: &Index<'a>, module: ModuleId, value: &'a Expr) -> Facts {
    let mut body = Body::new(index, module);
    let factory = match value {
        Expr::Call(call) => ["default_factory", "factory"]
            .into_iter()
            .find_map(|name| call.arguments.find_keyword(name)),
        _ => None,
    };
    if let Some(factory) = factory {
        body.called(&factory.value);
        for hit in &mut body.facts.hits {
            hit.rule = Rule::ModelDefault;
        }
    } else {
        body.visit_expr(value);
        body.facts.edges.clear();
    }
    body.facts
}

/// The classes of the service that an annotation names.
pub(super) struct Classes<'i, 'a> {
    pub(super) place: Place<'i, 'a>,
    pub(super) found: Vec<ClassId>,
}

impl<'a> Visitor<'a> for Classes<'_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(_) | Expr::Attribute(_) => {
                if let Value::Class(class) = self.place.resolve(expression) {
                    self.found.push(class);
                }
            }
            Expr::StringLiteral(_) => {
                if let Value::Instance(class) = self.place.annotated(expression) {
                    self.found.push(class);
                }
            }
            _ => walk_expr(self, expression),
        }
    }
}
