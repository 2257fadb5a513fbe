//! Finds the web applications that a module makes, and adds a call after one of them.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::imports::{Import, add_imports, imports};
use super::{Module, cannot_edit, defined_name, guard, line_start, source, statements_kept};
use crate::edit::{EditError, Edited, Position, Splices, keeps_every_byte, leading_space};

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
    offset: usize,
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
            found: &mut found,
        };
        search.body(&self.syntax.body, None, false);
        // Made in another way, such as an argument of a call: found, but not edited.
        let known: Vec<usize> = found.iter().map(|made| made.call).collect();
        each_call(&self.syntax.body, &mut |call| {
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
        });
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

    /// Whether the module calls a function of this name with a variable as its argument.
    #[must_use]
    pub fn calls_with(&self, function: &str, argument: &str) -> bool {
        let mut is_called = false;
        each_call(&self.syntax.body, &mut |call| {
            let is_it = matches!(&*call.func, Expr::Name(name) if name.id.as_str() == function);
            let mut arguments = call.arguments.args.iter();
            is_called |=
                is_it && arguments.any(|a| matches!(a, Expr::Name(n) if n.id.as_str() == argument));
        });
        is_called
    }

    /// Whether the module calls a function of this name, directly or as an attribute.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        let mut is_called = false;
        each_call(&self.syntax.body, &mut |call| {
            is_called |= match &*call.func {
                Expr::Name(found) => found.id.as_str() == name,
                Expr::Attribute(found) => found.attr.as_str() == name,
                _ => false,
            };
        });
        is_called
    }

    /// Whether a function, class or variable of the module, or an import from elsewhere, has
    /// this name.
    fn binds(&self, name: &str) -> bool {
        self.syntax.body.iter().any(|statement| match statement {
            Stmt::ImportFrom(import) => import.names.iter().any(|found| {
                let bound = found.asname.as_ref().unwrap_or(&found.name);
                let from = import.module.as_ref().map_or("", |module| module.as_str());
                bound.as_str() == name && !from.split('.').any(|part| part.contains("temporal"))
            }),
            Stmt::ClassDef(class) => class.name.as_str() == name,
            statement => defined_name(statement).as_deref() == Some(name),
        })
    }

    /// Add an import, and a call of the imported function with an application as its argument
    /// after the statement that makes the application.
    ///
    /// ```text
    /// app = FastAPI()      →      app = FastAPI()
    ///                             attach_temporal(app)
    /// ```
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] if the application is not stored in a variable, or the statement
    /// is in a block or shares its line with the block's header.
    pub fn attach(
        &self,
        import: &Import,
        local_modules: &[String],
        application: &Application,
        function: &str,
    ) -> Result<Edited, EditError> {
        let (text, module) = (self.text.as_str(), &self.syntax);
        let name = application.name.as_deref().unwrap_or("app");
        let call = format!("{function}({name})");
        let by_hand = match &application.name {
            Some(_) => format!("{}\n\n{call}\n", import.statement),
            None => format!(
                "{}\n\n{name} = {}(...)  # as before\n{call}\n",
                import.statement,
                application.framework.class()
            ),
        };
        let refuse = |message: &str| {
            let position = Some(application.position);
            Err(EditError::shape(message, position, by_hand.as_str()))
        };
        if self.calls(function) && imports(module, import) {
            return Ok(Edited::Unchanged);
        }
        if self.binds(function) {
            return refuse("the module has another `attach_temporal`");
        }
        if application.name.is_none() {
            return refuse("the application is not stored in a variable");
        }
        if application.is_conditional {
            return refuse("the application is made in a block that may not run");
        }
        let Some(body) = body_of(&module.body, application) else {
            return Err(cannot_edit(by_hand));
        };
        let index = body
            .iter()
            .position(|statement| statement.range().start().to_usize() == application.offset);
        let Some(index) = index else {
            return Err(cannot_edit(by_hand));
        };
        // Statements may share a line.
        let line_of = |offset: usize| line_start(text, offset);
        let mut first = index;
        while first > 0 && line_of(start(&body[first])) == line_of(end(&body[first - 1])) {
            first -= 1;
        }
        let mut last = index;
        while let Some(next) = body.get(last + 1)
            && line_of(start(next)) == line_of(end(&body[last]))
        {
            last += 1;
        }
        let is_plain = |statement: &Stmt| {
            matches!(
                statement,
                Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::Pass(_)
            )
        };
        if !body[index + 1..=last].iter().all(is_plain) {
            return refuse("more statements follow on the line of the application");
        }
        let line = line_of(start(&body[first]));
        let indent = leading_space(&text[line..]);
        if line + indent.len() != start(&body[first]) {
            return refuse("the statement that makes the application is in a line with others");
        }
        let mut splices = Splices::new(text);
        splices.insert_lines_after(end(&body[last]), &format!("{indent}{call}\n"));
        let own = std::slice::from_ref(import);
        add_imports(text, &mut splices, module, own, local_modules);
        let after = splices.apply();
        let is_right = guard::parse(&after).is_ok_and(|parsed| {
            let now = body_of(&parsed.body, application);
            imports(&parsed, import)
                && statements_kept(text, module, &after, &parsed)
                && is_imported_before(&parsed, import, &call, &after)
                && now.is_some_and(|now| has_one_more(text, body, &after, now, &call))
        });
        if is_right && keeps_every_byte(text, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(by_hand))
    }
}

/// Whether the import is above the call, or the call in a function.
fn is_imported_before(module: &ModModule, import: &Import, call: &str, text: &str) -> bool {
    let of_call = |statement: &Stmt| source(text, statement.range()) == call;
    let Some(at) = module.body.iter().position(of_call) else {
        return true;
    };
    let before = &module.body[..at];
    before
        .iter()
        .any(|statement| matches!(statement, Stmt::ImportFrom(found) if import.is_in(found)))
}

fn start(statement: &Stmt) -> usize {
    super::start_of(statement)
}

fn end(statement: &Stmt) -> usize {
    statement.range().end().to_usize()
}

/// The statements among which an application is made.
fn body_of<'m>(module: &'m [Stmt], application: &Application) -> Option<&'m [Stmt]> {
    let Some(name) = &application.function else {
        return Some(module);
    };
    module.iter().find_map(|statement| match statement {
        Stmt::FunctionDef(function) if function.name.as_str() == name => Some(&function.body[..]),
        _ => None,
    })
}

/// Whether the new statements are the old ones, in their order, with the call among them;
/// imports may be new as well.
fn has_one_more(before: &str, old: &[Stmt], after: &str, new: &[Stmt], call: &str) -> bool {
    let mut old = old.iter().peekable();
    let mut calls = 0;
    for statement in new {
        let text = source(after, statement.range());
        match old.peek() {
            Some(expected) if source(before, expected.range()) == text => {
                old.next();
            }
            _ if text == call => calls += 1,
            _ if matches!(statement, Stmt::ImportFrom(_)) => {}
            _ => return false,
        }
    }
    calls == 1 && old.next().is_none()
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

/// All statements, also those in blocks and functions, in their order.
fn all_statements(body: &[Stmt]) -> Vec<&Stmt> {
    struct All<'a>(Vec<&'a Stmt>);
    impl<'a> Visitor<'a> for All<'a> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.0.push(statement);
            walk_stmt(self, statement);
        }
    }
    let mut all = All(Vec::new());
    all.visit_body(body);
    all.0
}

/// A name with its attributes, as it is written.
pub(super) fn dotted(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => {
            let before = dotted(&attribute.value)?;
            Some(format!("{before}.{}", attribute.attr))
        }
        _ => None,
    }
}

struct Search<'a> {
    text: &'a str,
    classes: &'a Classes,
    found: &'a mut Vec<Application>,
}

impl Search<'_> {
    fn body(&mut self, body: &[Stmt], function: Option<&str>, is_conditional: bool) {
        for statement in body {
            self.statement(statement, function, is_conditional);
        }
    }

    fn statement(&mut self, statement: &Stmt, function: Option<&str>, is_conditional: bool) {
        let name_of = |target: &Expr| match target {
            Expr::Name(name) => Some(name.id.to_string()),
            _ => None,
        };
        match statement {
            Stmt::Assign(assign) => {
                let name = match assign.targets.as_slice() {
                    [target] => name_of(target),
                    _ => None,
                };
                self.value(&assign.value, name, statement, function, is_conditional);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let name = name_of(&assign.target);
                    self.value(value, name, statement, function, is_conditional);
                }
            }
            Stmt::Return(stop) => {
                if let Some(value) = &stop.value {
                    self.value(value, None, statement, function, is_conditional);
                }
            }
            Stmt::FunctionDef(inner) => match function {
                None => self.body(&inner.body, Some(inner.name.as_str()), is_conditional),
                Some(_) => self.body(&inner.body, function, true),
            },
            Stmt::If(block) => {
                self.body(&block.body, function, true);
                for clause in &block.elif_else_clauses {
                    self.body(&clause.body, function, true);
                }
            }
            Stmt::Try(block) => {
                self.body(&block.body, function, true);
                for ExceptHandler::ExceptHandler(handler) in &block.handlers {
                    self.body(&handler.body, function, true);
                }
                self.body(&block.orelse, function, true);
                self.body(&block.finalbody, function, true);
            }
            Stmt::Match(block) => {
                for case in &block.cases {
                    self.body(&case.body, function, true);
                }
            }
            Stmt::With(block) => self.body(&block.body, function, true),
            Stmt::For(block) => self.body(&block.body, function, true),
            Stmt::While(block) => self.body(&block.body, function, true),
            _ => {}
        }
    }

    fn value(
        &mut self,
        value: &Expr,
        name: Option<String>,
        statement: &Stmt,
        function: Option<&str>,
        is_conditional: bool,
    ) {
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
            function: function.map(str::to_owned),
            framework,
            position: Position::of(self.text, offset),
            is_conditional,
            offset,
        });
    }
}

/// The applications that are mounted in another one: `app.mount("/admin", admin)`.
fn mounted(module: &ModModule, applications: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    each_call(&module.body, &mut |call| {
        let Expr::Attribute(function) = &*call.func else {
            return;
        };
        let outer = dotted(&function.value).unwrap_or_default();
        if function.attr.as_str() != "mount" || !applications.contains(&outer) {
            return;
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
    });
    found
}

fn each_call(body: &[Stmt], visit: &mut dyn FnMut(&ExprCall)) {
    struct Calls<'v>(&'v mut dyn FnMut(&ExprCall));
    impl<'a> Visitor<'a> for Calls<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                (self.0)(call);
            }
            walk_expr(self, expression);
        }
    }
    Calls(visit).visit_body(body);
}
