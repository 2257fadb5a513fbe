//! Adds calls to functions.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    ExceptHandler, Expr, ModModule, ParameterWithDefault, Stmt, StmtFunctionDef,
};
use ruff_text_size::Ranged;

use super::imports::{Import, add_imports, imports};
use super::walk::calls;
use super::{
    Module, above_comments, cannot_edit, defined_name, guard, is_docstring, line_start, source,
    start_of, statements_kept,
};
use crate::edit::{EditError, Edited, Position, Splices, keeps_every_byte, leading_space};

/// Where in a function a call is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the end, to start after everything else.
    Last,
    /// At the start, after the docstring, to stop before everything else.
    First,
}

impl Module {
    /// Add an import and, in top-level `async def` functions, awaited calls with the
    /// function's application parameter.
    ///
    /// ```text
    /// async def init(app: FastAPI) -> None:       async def init(app: FastAPI) -> None:
    ///     """Start."""                        →       """Start."""
    ///                                                 await init_temporal(app)
    /// ```
    ///
    /// Each of `new_calls` has the function's name, the name of the awaited function and the
    /// place of the call. A `pass` that is the only statement is replaced.
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] where a function is missing, is not `async`, has no application
    /// parameter, yields, or never reaches its end.
    pub fn add_calls(
        &self,
        import: &Import,
        local_modules: &[String],
        new_calls: &[(&str, &str, Place)],
    ) -> Result<Edited, EditError> {
        let (text, module) = (self.text.as_str(), &self.syntax);
        let by_hand = lines_for_calls(import, new_calls);
        let mut splices = Splices::new(text);
        let mut added = 0;
        for (function, called, place) in new_calls {
            let Some(definition) = top_level_function(module, function) else {
                return Err(EditError::shape(
                    format!("there is no top-level `async def {function}`"),
                    Some(Position::START),
                    by_hand,
                ));
            };
            if calls(&definition.body, called) {
                continue;
            }
            if self.binds(called) {
                return Err(EditError::shape(
                    format!("the module has another `{called}`"),
                    Some(Position::START),
                    by_hand,
                ));
            }
            add_call(text, &mut splices, definition, called, *place, &by_hand)?;
            added += 1;
        }
        let own = std::slice::from_ref(import);
        let imported = add_imports(text, &mut splices, module, own, local_modules);
        if added == 0 && !imported {
            return Ok(Edited::Unchanged);
        }
        // Only a `pass` that was replaced may be missing.
        let rest = splices.kept();
        let after = splices.apply();
        let correct = guard::parse(&after).is_ok_and(|parsed| {
            imports(&parsed, import)
                && new_calls.iter().all(|(function, called, _)| {
                    top_level_function(&parsed, function).is_some_and(|f| calls(&f.body, called))
                })
                && statements_kept(text, module, &after, &parsed)
        });
        if correct && keeps_every_byte(&rest, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(by_hand))
    }
}

fn lines_for_calls(import: &Import, calls: &[(&str, &str, Place)]) -> String {
    let mut lines = format!("{}\n", import.statement);
    for (function, called, place) in calls {
        let place = match place {
            Place::Last => "end",
            Place::First => "beginning",
        };
        lines.push_str(&format!(
            "    await {called}(app)  # at the {place} of `async def {function}`\n"
        ));
    }
    lines
}

fn top_level_function<'a>(module: &'a ModModule, name: &str) -> Option<&'a StmtFunctionDef> {
    // The last binding of a name is the effective one.
    let mut all = module.body.iter();
    let bound = all.rfind(|statement| defined_name(statement) == Some(name))?;
    let function = bound.as_function_def_stmt();
    function.filter(|function| function.is_async)
}

/// The position of a `yield`, or of a `return` that may end the function early.
fn other_way_out(function: &StmtFunctionDef) -> Option<usize> {
    struct Search(Option<usize>);
    impl<'a> Visitor<'a> for Search {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                // Nested functions and classes do not count.
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                Stmt::Return(_) => self.0 = self.0.or(Some(start_of(statement))),
                _ => walk_stmt(self, statement),
            }
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            if matches!(expression, Expr::Yield(_) | Expr::YieldFrom(_)) {
                self.0 = self.0.or(Some(expression.range().start().to_usize()));
            }
            walk_expr(self, expression);
        }
    }
    let mut search = Search(None);
    search.visit_body(&function.body);
    search.0
}

/// Whether the code after a statement is unreachable.
fn leaves(statement: &Stmt) -> bool {
    let ends = |body: &[Stmt]| body.last().is_some_and(leaves);
    match statement {
        Stmt::Return(_) | Stmt::Raise(_) => true,
        // A loop over a constant such as `while True:` has no end, unless a `break` ends it;
        // that is not analysed.
        Stmt::While(block) => !matches!(&*block.test, Expr::Compare(_) | Expr::Name(_)),
        Stmt::With(block) => ends(&block.body),
        Stmt::If(block) => {
            let has_else = block.elif_else_clauses.iter().any(|c| c.test.is_none());
            has_else && ends(&block.body) && block.elif_else_clauses.iter().all(|c| ends(&c.body))
        }
        Stmt::Try(block) => {
            let handlers = block.handlers.iter().all(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                ends(&handler.body)
            });
            ends(&block.finalbody) || ((ends(&block.body) || ends(&block.orelse)) && handlers)
        }
        Stmt::Match(block) => block.cases.iter().all(|case| ends(&case.body)),
        _ => false,
    }
}

/// The application parameter: the one of that name or type, or the only one.
fn application(text: &str, function: &StmtFunctionDef) -> Option<String> {
    let parameters = &function.parameters;
    let all: Vec<_> = parameters
        .posonlyargs
        .iter()
        .chain(&parameters.args)
        .collect();
    let is_application = |parameter: &&&ParameterWithDefault| {
        let annotation = parameter.parameter.annotation.as_ref();
        let annotation = annotation.map_or("", |a| source(text, a.range()));
        annotation.trim_matches(['"', '\'']).rsplit('.').next() == Some("FastAPI")
            || parameter.parameter.name.as_str() == "app"
    };
    let found = all.iter().find(is_application).or(match all.as_slice() {
        [_] => all.first(),
        _ => None,
    });
    found.map(|parameter| parameter.parameter.name.to_string())
}

fn add_call(
    text: &str,
    splices: &mut Splices<'_>,
    function: &StmtFunctionDef,
    called: &str,
    place: Place,
    by_hand: &str,
) -> Result<(), EditError> {
    let at = function.name.range().start().to_usize();
    let refuse = |message: String, at: usize| {
        let position = Some(Position::of(text, at));
        Err(EditError::shape(message, position, by_hand))
    };
    let Some(parameter) = application(text, function) else {
        return refuse(
            format!("`{}` has no application parameter", function.name),
            at,
        );
    };
    if let Some(at) = other_way_out(function).filter(|_| place == Place::Last) {
        let message = format!(
            "`{}` may return or yield here, before its end",
            function.name
        );
        return refuse(message, at);
    }
    let call = format!("await {called}({parameter})");
    let has_docstring = function.body.first().is_some_and(is_docstring);
    let statements = &function.body[usize::from(has_docstring)..];
    if let [only @ Stmt::Pass(_)] = statements {
        let range = only.range();
        splices.replace(range.start().to_usize()..range.end().to_usize(), &call);
        return Ok(());
    }
    let first = function.body[0].range().start().to_usize();
    let line = line_start(text, first);
    let indent = leading_space(&text[line..]);
    if line + indent.len() != first {
        return refuse(
            format!("the body of `{}` is on its `def` line", function.name),
            at,
        );
    }
    match (place, statements) {
        (Place::First, [first, ..])
            if has_docstring
                && line_start(text, start_of(first))
                    == line_start(text, function.body[0].range().end().to_usize()) =>
        {
            return refuse(
                "a statement is on the line of the docstring".to_owned(),
                start_of(first),
            );
        }
        (Place::First, [first, ..]) => {
            let start = start_of(first);
            splices.insert(
                above_comments(text, line_start(text, start)),
                &format!("{indent}{call}\n"),
            );
        }
        (_, [.., last]) if leaves(last) => {
            let message = format!("code at the end of `{}` is unreachable", function.name);
            return refuse(message, start_of(last));
        }
        _ => {
            let end = function
                .body
                .last()
                .map_or(first, |s| s.range().end().to_usize());
            splices.insert_lines_after(end, &format!("{indent}{call}\n"));
        }
    }
    Ok(())
}
