//! Adds a call after the statement that makes a web application.

use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::applications::Application;
use super::definitions::bound_name;
use super::imports::{Import, add_imports, imports};
use super::walk::all_calls;
use super::{
    Module, cannot_edit, guard, is_one_line, line_start, source, start_of, statements_kept,
};
use crate::edit::{EditError, Edited, Splices, keeps_every_byte, leading_space};

/// A call with an application.
#[derive(Debug, Clone, Copy)]
pub enum AppCall<'a> {
    /// A function that takes it: `attach_temporal(app)`.
    Function(&'a str),
    /// A router that it includes: `app.include_router(order_router)`.
    Router(&'a str),
}

impl AppCall<'_> {
    /// The imported name.
    fn name(&self) -> &str {
        match self {
            Self::Function(name) | Self::Router(name) => name,
        }
    }

    fn text(&self, application: &str) -> String {
        match self {
            Self::Function(name) => format!("{name}({application})"),
            Self::Router(name) => format!("{application}.include_router({name})"),
        }
    }

    /// Whether a module has such a call, whatever else it is called with.
    fn is_in(&self, module: &Module) -> bool {
        match self {
            Self::Function(name) => module.calls(name),
            Self::Router(name) => {
                let calls = all_calls(&module.syntax.body);
                let mut arguments = calls.flat_map(|call| call.arguments.args.iter());
                arguments.any(|a| matches!(a, Expr::Name(used) if used.id.as_str() == *name))
            }
        }
    }
}

impl Module {
    /// Whether a function, class or variable of the module, or an import from elsewhere, has
    /// this name.
    pub(super) fn binds(&self, name: &str) -> bool {
        self.syntax.body.iter().any(|statement| match statement {
            Stmt::ImportFrom(import) => import.names.iter().any(|found| {
                let bound = found.asname.as_ref().unwrap_or(&found.name);
                let from = import.module.as_ref().map_or("", |module| module.as_str());
                bound.as_str() == name && !from.split('.').any(|part| part.contains("temporal"))
            }),
            statement => bound_name(statement) == Some(name),
        })
    }

    /// Add an import, and a call of what is imported with an application, after the statement
    /// that makes the application.
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
        call: AppCall<'_>,
    ) -> Result<Edited, EditError> {
        let (text, module) = (self.text.as_str(), &self.syntax);
        let name = application.name.as_deref().unwrap_or("app");
        let is_called = call.is_in(self);
        let bound = call.name();
        let call = call.text(name);
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
        if is_called && imports(module, import) {
            return Ok(Edited::Unchanged);
        }
        if self.binds(bound) && !imports(module, import) {
            return refuse(&format!("the module has another `{bound}`"));
        }
        if application.name.is_none() {
            return refuse("the application is not stored in a variable");
        }
        if application.is_conditional {
            return refuse("the application is made in a block that may not run");
        }
        let made_at = |statement: &Stmt| statement.start().to_usize() == application.offset;
        let body = body_of(&module.body, application).unwrap_or(&[]);
        let Some(index) = body.iter().position(made_at) else {
            return Err(cannot_edit(by_hand));
        };
        // Statements may share a line.
        let mut first = index;
        while first > 0 && is_one_line(text, end(&body[first - 1]), start_of(&body[first])) {
            first -= 1;
        }
        let mut last = index;
        while let Some(next) = body.get(last + 1)
            && is_one_line(text, end(&body[last]), start_of(next))
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
        let line = line_start(text, start_of(&body[first]));
        let indent = leading_space(&text[line..]);
        if line + indent.len() != start_of(&body[first]) {
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
