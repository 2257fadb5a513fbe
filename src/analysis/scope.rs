//! What the names of a scope are bound to: a module, a function, a lambda or a comprehension.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, Parameters, Pattern, Stmt, StmtClassDef, StmtFunctionDef,
};

/// One binding of a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Binding<'a> {
    /// `import a.b` binds `a`; with a name of its own, `a.b`.
    Import(&'a str),
    /// `from module import name`: the number of leading dots, the module and the name.
    ImportFrom(u32, &'a str, &'a str),
    /// A function.
    Function(&'a StmtFunctionDef),
    /// A class.
    Class(&'a StmtClassDef),
    /// A variable that is assigned this expression.
    Value(&'a Expr),
    /// A variable with an annotation.
    Typed(&'a Expr, Option<&'a Expr>),
    /// A parameter with its annotation.
    Parameter(Option<&'a Expr>),
    /// The value of `with … as`.
    Entered(&'a Expr),
    /// A variable of a loop over this expression.
    Element(&'a Expr),
    /// A variable whose value is not known: of an `except` or a pattern.
    Unknown,
}

/// The names of a scope.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    names: HashMap<&'a str, Vec<Binding<'a>>>,
    /// Names that the scope declares as global.
    pub(super) globals: HashSet<&'a str>,
    /// The modules of `from module import *`, with their leading dots.
    pub(super) stars: Vec<(u32, &'a str)>,
}

impl<'a> Scope<'a> {
    /// The bindings of a name; `None` if the scope does not bind it.
    pub(super) fn get(&self, name: &str) -> Option<&[Binding<'a>]> {
        self.names.get(name).map(Vec::as_slice)
    }

    /// The scope of some statements.
    pub(super) fn of_body(body: &'a [Stmt]) -> Self {
        let mut scope = Self::default();
        Collect(&mut scope).visit_body(body);
        scope
    }

    /// The scope of a function.
    pub(super) fn of_function(function: &'a StmtFunctionDef) -> Self {
        let mut scope = Self::of_body(&function.body);
        scope.add_parameters(&function.parameters);
        scope
    }

    /// The scope of the parameters of a lambda.
    pub(super) fn of_parameters(parameters: Option<&'a Parameters>) -> Self {
        let mut scope = Self::default();
        if let Some(parameters) = parameters {
            scope.add_parameters(parameters);
        }
        scope
    }

    /// The scope of a comprehension.
    pub(super) fn of_comprehensions(generators: &'a [Comprehension]) -> Self {
        let mut scope = Self::default();
        for generator in generators {
            scope.bind_element(&generator.target, &generator.iter);
        }
        scope
    }

    fn add_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            let annotation = parameter.parameter.annotation.as_deref();
            self.bind(&parameter.parameter.name, Binding::Parameter(annotation));
        }
        for parameter in [&parameters.vararg, &parameters.kwarg]
            .into_iter()
            .flatten()
        {
            self.bind(&parameter.name, Binding::Unknown);
        }
    }

    fn bind(&mut self, name: &'a str, binding: Binding<'a>) {
        self.names.entry(name).or_default().push(binding);
    }

    fn bind_element(&mut self, target: &'a Expr, iterated: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id, Binding::Element(iterated)),
            _ => self.bind_target(target),
        }
    }

    fn bind_target(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id, Binding::Unknown),
            Expr::Starred(starred) => self.bind_target(&starred.value),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.bind_target(item)),
            Expr::List(list) => list.elts.iter().for_each(|item| self.bind_target(item)),
            _ => {}
        }
    }

    fn assign(&mut self, target: &'a Expr, value: &'a Expr) {
        match (target, value) {
            (Expr::Name(name), _) => self.bind(&name.id, Binding::Value(value)),
            (Expr::Tuple(names), Expr::Tuple(values)) if names.len() == values.len() => {
                for (name, value) in names.elts.iter().zip(&values.elts) {
                    self.assign(name, value);
                }
            }
            _ => self.bind_target(target),
        }
    }
}

struct Collect<'s, 'a>(&'s mut Scope<'a>);

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let scope = &mut *self.0;
        match statement {
            Stmt::FunctionDef(function) => {
                scope.bind(&function.name, Binding::Function(function));
                return;
            }
            Stmt::ClassDef(class) => {
                scope.bind(&class.name, Binding::Class(class));
                return;
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let whole = alias.name.as_str();
                    if let Some(name) = &alias.asname {
                        scope.bind(name, Binding::Import(whole));
                    } else {
                        let first = whole.split('.').next().unwrap_or(whole);
                        scope.bind(first, Binding::Import(first));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let level = import.level;
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "*" {
                        scope.stars.push((level, module));
                        continue;
                    }
                    let bound = alias.asname.as_ref().map_or(name, |other| other.as_str());
                    scope.bind(bound, Binding::ImportFrom(level, module, name));
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    scope.assign(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Expr::Name(name) = &*assign.target {
                    let value = assign.value.as_deref();
                    scope.bind(&name.id, Binding::Typed(&assign.annotation, value));
                }
            }
            Stmt::AugAssign(assign) => {
                // Keeps the type of its target, which another statement has bound.
                if let Expr::Name(name) = &*assign.target
                    && scope.get(&name.id).is_none()
                {
                    scope.bind(&name.id, Binding::Unknown);
                }
            }
            Stmt::For(block) => scope.bind_element(&block.target, &block.iter),
            Stmt::With(block) => {
                for item in &block.items {
                    match item.optional_vars.as_deref() {
                        Some(Expr::Name(name)) => {
                            scope.bind(&name.id, Binding::Entered(&item.context_expr));
                        }
                        Some(target) => scope.bind_target(target),
                        None => {}
                    }
                }
            }
            Stmt::Global(global) => {
                scope
                    .globals
                    .extend(global.names.iter().map(ruff_python_ast::Identifier::as_str));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler_of) = handler;
        if let Some(name) = &handler_of.name {
            self.0.bind(name, Binding::Unknown);
        }
        ruff_python_ast::visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.0.bind(name, Binding::Unknown);
        }
        walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            // Also within a comprehension, it is bound in the scope around it.
            Expr::Named(named) => self.0.assign(&named.target, &named.value),
            Expr::Lambda(_) => return,
            _ => {}
        }
        walk_expr(self, expression);
    }
}
