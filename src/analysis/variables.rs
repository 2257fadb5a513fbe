//! Variables: the value that one has, and the text of expressions.

use ruff_python_ast::Expr;

use super::index::{Index, ModuleId};
use super::resolve::{Place, Value};
use super::scope::Binding;

impl<'i, 'a> Place<'i, 'a> {
    /// The only value that a variable is assigned, and where.
    pub(super) fn assigned_once(&self, name: &str) -> Option<(Place<'i, 'a>, &'a Expr)> {
        for (depth, scope) in self.scopes.iter().enumerate().rev() {
            if let Some(bindings) = scope.get(name) {
                let around = self.around(depth);
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

impl Index<'_> {
    /// The module and name under which a variable is assigned, through imports.
    pub(super) fn origin_of(&self, module: ModuleId, name: &str) -> Option<(ModuleId, String)> {
        let (mut module, mut name) = (module, name.to_owned());
        for _ in 0..10 {
            let bindings = self.modules[module].scope.get(&name)?;
            let [Binding::ImportFrom(level, from, other)] = bindings else {
                return Some((module, name));
            };
            let full = Place::top(self, module).absolute(*level, from);
            module = self.module_named(&full, module)?;
            (*other).clone_into(&mut name);
        }
        None
    }
}
