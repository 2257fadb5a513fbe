//! Finds the web applications that a module makes.

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::Module;
use super::walk::{all_calls, all_statements, dotted};
use crate::edit::Position;

/// A web framework whose applications have a lifespan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// `fastapi.FastAPI`.
    FastApi,
    /// `starlette.applications.Starlette`, on which the other one is built.
    Starlette,
}

impl Framework {
    /// The name of the application's class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::FastApi => "FastAPI",
            Self::Starlette => "Starlette",
        }
    }
}

/// A web application that a module makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The variable that holds it; `None` if it is not stored in a variable.
    pub name: Option<String>,
    /// The top-level function that makes it; `None` at the top level of the module.
    pub function: Option<String>,
    /// Its framework.
    pub framework: Framework,
    /// The position of the statement that makes it.
    pub position: Position,
    /// Whether the statement is in a block that may not run, or may run several times.
    pub is_conditional: bool,
    /// Whether the module mounts it in another application.
    pub is_mounted: bool,
    /// The offset of the statement.
    pub(super) offset: usize,
    /// The offset of the call.
    call: usize,
}

impl Module {
    /// The web applications that the module makes: those in statements of their own, in their
    /// order, then those in other expressions.
    #[must_use]
    pub fn applications(&self) -> Vec<Application> {
        let classes = Classes::of(&self.syntax);
        let mut found = Vec::new();
        if classes.0.is_empty() {
            return found;
        }
        let mut search = Search {
            text: &self.text,
            classes: &classes,
            function: None,
            is_conditional: false,
            found: &mut found,
        };
        search.visit_body(&self.syntax.body);
        // Made in another way, such as an argument of a call: found, but not edited.
        let known: Vec<usize> = found.iter().map(|made| made.call).collect();
        for call in all_calls(&self.syntax.body) {
            let offset = call.range().start().to_usize();
            if let Some(framework) = classes.framework(&call.func)
                && !known.contains(&offset)
            {
                found.push(Application {
                    name: None,
                    function: None,
                    framework,
                    position: Position::of(&self.text, offset),
                    is_conditional: false,
                    is_mounted: false,
                    offset,
                    call: offset,
                });
            }
        }
        let names: Vec<String> = found.iter().filter_map(|made| made.name.clone()).collect();
        let mounted = mounted(&self.syntax, &names);
        for made in &mut found {
            made.is_mounted = made
                .name
                .as_ref()
                .is_some_and(|name| mounted.contains(name));
        }
        found
    }
}

/// The names of application classes in a module, each with its framework.
struct Classes(Vec<(String, Framework)>);

impl Classes {
    fn of(module: &ModModule) -> Self {
        let mut classes = Self(Vec::new());
        for statement in all_statements(&module.body) {
            match statement {
                Stmt::ImportFrom(import) => {
                    let from = import.module.as_ref().map_or("", |module| module.as_str());
                    let framework = match from {
                        "fastapi" | "fastapi.applications" => Framework::FastApi,
                        "starlette.applications" => Framework::Starlette,
                        _ => continue,
                    };
                    for name in &import.names {
                        if name.name.as_str() == framework.class() {
                            let alias = name.asname.as_ref().unwrap_or(&name.name);
                            classes.0.push((alias.to_string(), framework));
                        }
                    }
                }
                Stmt::Import(import) => {
                    for name in &import.names {
                        let framework = match name.name.as_str() {
                            "fastapi" | "fastapi.applications" => Framework::FastApi,
                            "starlette.applications" => Framework::Starlette,
                            _ => continue,
                        };
                        let alias = name.asname.as_ref().unwrap_or(&name.name);
                        let class = format!("{alias}.{}", framework.class());
                        classes.0.push((class, framework));
                    }
                }
                Stmt::ClassDef(class) => {
                    let mut bases = class.bases().iter();
                    if let Some(framework) = bases.find_map(|base| classes.framework(base)) {
                        classes.0.push((class.name.to_string(), framework));
                    }
                }
                _ => {}
            }
        }
        classes
    }

    fn framework(&self, class: &Expr) -> Option<Framework> {
        let written = dotted(class)?;
        let mut known = self.0.iter();
        known
            .find(|(name, _)| *name == written)
            .map(|(_, framework)| *framework)
    }
}

/// Finds the statements that make an application.
struct Search<'s> {
    text: &'s str,
    classes: &'s Classes,
    /// The top-level function in which it is.
    function: Option<String>,
    /// Whether it is in a block that may not run, or may run several times.
    is_conditional: bool,
    found: &'s mut Vec<Application>,
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let name_of = |target: &Expr| match target {
            Expr::Name(name) => Some(name.id.to_string()),
            _ => None,
        };
        let (function, is_conditional) = (self.function.clone(), self.is_conditional);
        match statement {
            Stmt::Assign(assign) => {
                let name = match assign.targets.as_slice() {
                    [target] => name_of(target),
                    _ => None,
                };
                self.value(&assign.value, name, statement);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.value(value, name_of(&assign.target), statement);
                }
            }
            Stmt::Return(stop) => {
                if let Some(value) = &stop.value {
                    self.value(value, None, statement);
                }
            }
            // The attributes of a class are no variables.
            Stmt::ClassDef(_) => {}
            Stmt::FunctionDef(inner) if function.is_none() => {
                self.function = Some(inner.name.to_string());
                self.visit_body(&inner.body);
            }
            // A block, or an inner function.
            _ => {
                self.is_conditional = true;
                walk_stmt(self, statement);
            }
        }
        (self.function, self.is_conditional) = (function, is_conditional);
    }

    /// Only statements that are an application's own count.
    fn visit_expr(&mut self, _: &'a Expr) {}
}

impl Search<'_> {
    fn value(&mut self, value: &Expr, name: Option<String>, statement: &Stmt) {
        let Expr::Call(call) = value else {
            return;
        };
        let Some(framework) = self.classes.framework(&call.func) else {
            return;
        };
        let offset = statement.range().start().to_usize();
        self.found.push(Application {
            is_mounted: false,
            call: call.range().start().to_usize(),
            name,
            function: self.function.clone(),
            framework,
            position: Position::of(self.text, offset),
            is_conditional: self.is_conditional,
            offset,
        });
    }
}

/// The applications that are mounted in another one: `app.mount("/admin", admin)`.
fn mounted(module: &ModModule, applications: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for call in all_calls(&module.body) {
        let Expr::Attribute(function) = &*call.func else {
            continue;
        };
        let outer = dotted(&function.value).unwrap_or_default();
        if function.attr.as_str() != "mount" || !applications.contains(&outer) {
            continue;
        }
        let keywords = call.arguments.keywords.iter();
        let values = keywords.map(|keyword| &keyword.value);
        for value in call.arguments.args.iter().chain(values) {
            if let Expr::Name(name) = value
                && name.id.as_str() != outer
            {
                found.push(name.id.to_string());
            }
        }
    }
    found
}
