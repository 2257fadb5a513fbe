//! What runs when models and other objects are created: their `__init__`, validators and
//! default values.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::body::Body;
use super::facts::{Edge, Facts, Node, Receiver};
use super::index::{ClassId, Index};
use super::resolve::{Place, Value};
use super::rules::Rule;

/// Methods that run when an instance is created.
const CREATES: [&str; 4] = ["__new__", "__init__", "__post_init__", "model_post_init"];

/// What runs when an instance of a class is created.
pub(super) fn created(index: &Index<'_>, class: ClassId) -> Facts {
    let mut facts = Facts::default();
    let module = index.classes[class].module;
    for class in Place::top(index, module).ancestors(class) {
        let info = &index.classes[class];
        let place = Place::top(index, info.module);
        for (name, method) in sorted(&info.methods) {
            let runs = CREATES.contains(&name)
                || place.decorators(method).iter().any(|decorator| {
                    decorator
                        .strip_prefix("pydantic.")
                        .is_some_and(|name| name.ends_with("validator"))
                });
            if runs {
                let def = index.functions[method].def;
                facts.edges.push(Edge {
                    to: Node::Function(method),
                    offset: def.name.start().to_usize(),
                    receiver: Receiver::Own,
                });
            }
        }
        // The facts of another module have other offsets: its classes are nodes of their own.
        if info.module != module {
            facts.edges.push(Edge {
                to: Node::New(class),
                offset: info.def.name.start().to_usize(),
                receiver: Receiver::Own,
            });
            continue;
        }
        for statement in &info.def.body {
            let (Stmt::AnnAssign(_) | Stmt::Assign(_)) = statement else {
                continue;
            };
            let value = match statement {
                Stmt::AnnAssign(assign) => assign.value.as_deref(),
                Stmt::Assign(assign) => Some(&*assign.value),
                _ => None,
            };
            let Some(value) = value else {
                continue;
            };
            let default = default_of(index, info.module, value);
            facts.hits.extend(default.hits.into_iter().map(|mut hit| {
                hit.rule = Rule::ModelDefault;
                hit.what = format!("a default value of `{}`: {}", info.def.name, hit.what);
                hit
            }));
            facts.edges.extend(default.edges);
        }
    }
    facts
}

/// What runs when an instance of a class is made from JSON: also the fields are created.
pub(super) fn decoded(index: &Index<'_>, class: ClassId) -> Facts {
    let mut facts = Facts::default();
    let info = &index.classes[class];
    let edge = |to, offset| Edge {
        to,
        offset,
        receiver: Receiver::Own,
    };
    let own = info.def.name.start().to_usize();
    facts.edges.push(edge(Node::New(class), own));
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
            let offset = if other.module == info.module {
                field.target.start().to_usize()
            } else {
                own
            };
            let found = classes.found.into_iter();
            facts
                .edges
                .extend(found.map(|class| edge(Node::Decode(class), offset)));
        }
    }
    facts
}

/// What a default value does when it is computed.
fn default_of<'a>(index: &Index<'a>, module: usize, value: &'a Expr) -> Facts {
    let mut body = Body::new(index, module);
    let factory = match value {
        Expr::Call(call) => ["default_factory", "factory"]
            .into_iter()
            .find_map(|name| call.arguments.find_keyword(name)),
        _ => None,
    };
    if let Some(factory) = factory {
        body.called(&factory.value);
    } else {
        // It is computed once, when the module is loaded.
        body.visit_expr(value);
        body.facts.edges.clear();
    }
    body.facts
}

/// The methods of a class in the order of their names.
pub(super) fn sorted<'a>(
    methods: &std::collections::HashMap<&'a str, usize>,
) -> Vec<(&'a str, usize)> {
    let mut sorted: Vec<(&str, usize)> = methods.iter().map(|(name, id)| (*name, *id)).collect();
    sorted.sort_unstable();
    sorted
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
