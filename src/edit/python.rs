//! Edits of Python modules: imports, calls at the end of a function, items of a list.
//!
//! The parser is ruff's. It is asked where statements stand; text is inserted there, and
//! the result is parsed again. The statements must be the old ones and what was asked for.
//!
//! Limits: UTF-8; at most 1 MiB; brackets at most 200 deep (the parser recurses, and
//! would end the process where the stack ends); names at the module's top level only.

use std::cmp::Ordering;
use std::ops::Range;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    ExceptHandler, Expr, ModModule, ParameterWithDefault, Stmt, StmtFunctionDef, StmtImportFrom,
};
use ruff_python_parser::lexer::lex;
use ruff_python_parser::{Mode, parse_module};
use ruff_text_size::{Ranged, TextRange};

use crate::python::{Style, import_order};

use super::{
    EditError, Edited, Position, Splices, append_to_brackets, check_size, keeps_every_byte,
    leading_space,
};

/// `from MODULE import NAMES…`, with `as` where a name has another one here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Leading dots; 0 for an absolute import.
    pub level: u32,
    /// The module's dotted name behind the dots; may be empty with a level.
    pub module: String,
    /// The imported names, each with the name it gets here if that is another.
    pub names: Vec<(String, Option<String>)>,
    /// The statement as it is to be written, without a newline at its end.
    pub statement: String,
}

impl Import {
    /// An import of names, in the project's layout.
    ///
    /// `from` is the module as written in an import: `.conf.temporal`, `workflows`.
    #[must_use]
    pub fn new(from: &str, names: &[(&str, Option<&str>)], style: &Style) -> Self {
        let module = from.trim_start_matches('.');
        let written: Vec<String> = names
            .iter()
            .map(|(name, alias)| match alias {
                Some(alias) => format!("{name} as {alias}"),
                None => (*name).to_owned(),
            })
            .collect();
        Self {
            level: u32::try_from(from.len() - module.len()).unwrap_or(u32::MAX),
            module: module.to_owned(),
            names: names
                .iter()
                .map(|(name, alias)| ((*name).to_owned(), alias.map(str::to_owned)))
                .collect(),
            statement: style
                .layout(&format!("from {from} import {}\n", written.join(", ")))
                .trim_end()
                .to_owned(),
        }
    }

    fn is_in(&self, statement: &StmtImportFrom) -> bool {
        let module = statement
            .module
            .as_ref()
            .map_or("", |module| module.as_str());
        statement.level == self.level
            && module == self.module
            && self.names.iter().all(|(name, alias)| {
                statement.names.iter().any(|found| {
                    found.name.as_str() == name
                        && found
                            .asname
                            .as_ref()
                            .map(ruff_python_ast::Identifier::as_str)
                            == alias.as_deref()
                })
            })
    }

    /// Where import sorters put it: the farthest relative import first, then by module.
    fn order(&self, other: &Self) -> Ordering {
        let levels = other.level.cmp(&self.level);
        levels.then_with(|| import_order(&self.module, &other.module))
    }
}

/// Add imports and, at the end of top-level `async def` functions, awaited calls with the
/// function's first parameter.
///
/// ```text
/// async def init(app: FastAPI) -> None:       async def init(app: FastAPI) -> None:
///     """Start."""                        →       """Start."""
///                                                 await init_temporal(app)
/// ```
///
/// Each of `new_calls` is a function's name, the name of what is awaited in it, and at which
/// end. A lone `pass` makes room.
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse; [`EditError::Shape`] where a
/// function is missing, is not `async`, takes no application, yields, or never reaches its
/// end.
pub fn add_calls(
    text: &str,
    import: &Import,
    local_modules: &[String],
    new_calls: &[(&str, &str, Place)],
) -> Result<Edited, EditError> {
    let module = parse(text)?;
    let by_hand = lines_for_calls(import, new_calls);
    let mut splices = Splices::new(text);
    let mut added = 0;
    for (function, called, place) in new_calls {
        let Some(definition) = top_level_function(&module, function) else {
            return Err(EditError::shape(
                format!("there is no top-level `async def {function}`"),
                Some(Position { line: 1, column: 1 }),
                by_hand,
            ));
        };
        if calls(definition, called) {
            continue;
        }
        add_call(text, &mut splices, definition, called, *place, &by_hand)?;
        added += 1;
    }
    let own = std::slice::from_ref(import);
    let imported = add_imports(text, &mut splices, &module, own, local_modules);
    if added == 0 && !imported {
        return Ok(Edited::Unchanged);
    }
    // A `pass` that made room is all that may be missing.
    let mut rest = text.to_owned();
    for (range, _) in splices
        .list
        .iter()
        .rev()
        .filter(|(range, _)| !range.is_empty())
    {
        rest.replace_range(range.clone(), "");
    }
    let after = splices.apply();
    let correct = parse(&after).is_ok_and(|parsed| {
        imports(&parsed, import)
            && new_calls.iter().all(|(function, called, _)| {
                top_level_function(&parsed, function).is_some_and(|f| calls(f, called))
            })
            && statements_kept(text, &module, &after, &parsed)
    });
    if correct && keeps_every_byte(&rest, &after) {
        return Ok(Edited::Changed(after));
    }
    Err(cannot_edit(by_hand))
}

/// Add imports and items to top-level lists or tuples.
///
/// `items` pairs a list's name with expressions, written as they are to stand there; an empty
/// list gets them in the project's style.
///
/// ```text
/// WORKFLOWS: list[type] = []     →     WORKFLOWS: list[type] = [
///                                          GreetingWorkflow,
///                                      ]
/// ```
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse; [`EditError::Shape`] where a list
/// is missing or is something else.
pub fn add_items(
    text: &str,
    new_imports: &[Import],
    local_modules: &[String],
    items: &[(&str, Vec<String>)],
    style: &Style,
) -> Result<Edited, EditError> {
    let module = parse(text)?;
    let by_hand = lines_for_items(new_imports, items);
    let mut splices = Splices::new(text);
    let mut changed = false;
    for (list, new_items) in items {
        let Some(value) = top_level_value(&module, list) else {
            return Err(EditError::shape(
                format!("there is no top-level list `{list}`"),
                Some(Position { line: 1, column: 1 }),
                by_hand,
            ));
        };
        let Some((elements, open)) = elements(value) else {
            return Err(EditError::shape(
                format!("`{list}` is no list or tuple in brackets"),
                Some(Position::of(text, value.range().start().to_usize())),
                by_hand,
            ));
        };
        let missing: Vec<String> = new_items
            .iter()
            .filter(|item| {
                !elements
                    .iter()
                    .any(|e| same_name(source(text, e.range()), item))
            })
            .cloned()
            .collect();
        if missing.is_empty() {
            continue;
        }
        changed = true;
        let close = value.range().end().to_usize() - 1;
        let ranges: Vec<Range<usize>> = elements.iter().map(|e| with_brackets(text, e)).collect();
        if ranges.is_empty() && !text[open..close].contains('\n') {
            let lines: String = missing
                .iter()
                .map(|item| format!("{}{item},\n", style.indent()))
                .collect();
            splices.insert(close, &format!("\n{lines}"));
        } else {
            append_to_brackets(&mut splices, open, close, &ranges, &missing);
        }
    }
    changed |= add_imports(text, &mut splices, &module, new_imports, local_modules);
    if !changed {
        return Ok(Edited::Unchanged);
    }
    let after = splices.apply();
    let correct = parse(&after).is_ok_and(|parsed| {
        new_imports.iter().all(|import| imports(&parsed, import))
            && items.iter().all(|(list, new_items)| {
                let before = top_level_value(&module, list).and_then(|v| elements(v));
                let now = top_level_value(&parsed, list).and_then(|v| elements(v));
                let (Some((before, _)), Some((now, _))) = (before, now) else {
                    return false;
                };
                let kept = before
                    .iter()
                    .zip(now)
                    .all(|(b, n)| source(text, b.range()) == source(&after, n.range()));
                kept && new_items.iter().all(|item| {
                    now.iter()
                        .any(|e| same_name(source(&after, e.range()), item))
                })
            })
            && statements_kept(text, &module, &after, &parsed)
    });
    if correct && keeps_every_byte(text, &after) {
        return Ok(Edited::Changed(after));
    }
    Err(cannot_edit(by_hand))
}

/// What a module imports: the modules and the names, dotted where both are given.
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse.
pub fn imported(text: &str) -> Result<Vec<String>, EditError> {
    let module = parse(text)?;
    let mut found = Vec::new();
    for statement in &module.body {
        match statement {
            Stmt::Import(import) => {
                found.extend(import.names.iter().map(|name| name.name.to_string()));
            }
            Stmt::ImportFrom(import) => {
                let from = import.module.as_ref().map_or("", |module| module.as_str());
                let dots = ".".repeat(import.level as usize);
                let names = import.names.iter();
                found.extend(names.map(|name| format!("{dots}{from}.{}", name.name)));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The names of the functions and classes that a module defines at its top level.
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse.
pub fn definitions(text: &str) -> Result<Vec<String>, EditError> {
    let module = parse(text)?;
    Ok(module
        .body
        .iter()
        .filter_map(|statement| match statement {
            Stmt::FunctionDef(function) => Some(function.name.to_string()),
            Stmt::ClassDef(class) => Some(class.name.to_string()),
            _ => None,
        })
        .collect())
}

/// The classes at the top of a module that have a decorator of this name, called or not,
/// after whatever stands before it: `defn` finds `@workflow.defn` and `@defn(name="x")`.
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse.
pub fn decorated_classes(text: &str, decorator: &str) -> Result<Vec<String>, EditError> {
    let is_wanted = |expression: &Expr| {
        let named = match expression {
            Expr::Call(call) => &call.func,
            other => other,
        };
        match named {
            Expr::Name(name) => name.id.as_str() == decorator,
            Expr::Attribute(attribute) => attribute.attr.as_str() == decorator,
            _ => false,
        }
    };
    let module = parse(text)?;
    let classes = module.body.iter().filter_map(|statement| match statement {
        Stmt::ClassDef(class) => Some(class),
        _ => None,
    });
    let decorated = classes.filter(|class| {
        let mut decorators = class.decorator_list.iter();
        decorators.any(|decorator| is_wanted(&decorator.expression))
    });
    Ok(decorated.map(|class| class.name.to_string()).collect())
}

/// The items of a top-level list or tuple, as they are written; `None` if there is none.
///
/// # Errors
///
/// [`EditError::Syntax`] where the module does not parse.
pub fn items(text: &str, list: &str) -> Result<Option<Vec<String>>, EditError> {
    let module = parse(text)?;
    Ok(top_level_value(&module, list)
        .and_then(|value| elements(value))
        .map(|(elements, _)| {
            elements
                .iter()
                .map(|element| source(text, element.range()).to_owned())
                .collect()
        }))
}

fn cannot_edit(by_hand: String) -> EditError {
    EditError::shape(
        "this module is written in a way that cannot be edited safely",
        Some(Position { line: 1, column: 1 }),
        by_hand,
    )
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

fn lines_for_items(imports: &[Import], items: &[(&str, Vec<String>)]) -> String {
    let mut lines = String::new();
    for import in imports {
        lines.push_str(&format!("{}\n", import.statement));
    }
    for (list, new_items) in items {
        for item in new_items {
            lines.push_str(&format!("    {item},  # in `{list}`\n"));
        }
    }
    lines
}

fn parse(text: &str) -> Result<ModModule, EditError> {
    check_size(text)?;
    check_depth(text)?;
    // The parser takes a byte-order mark for a character like any other.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if body.len() != text.len() {
        return Err(EditError::syntax(
            "the module begins with a byte-order mark: save it without",
            Some(Position { line: 1, column: 1 }),
        ));
    }
    if text.contains('\r') && !text.contains('\n') {
        return Err(EditError::syntax(
            "the lines end in carriage returns alone: save it with line feeds",
            Some(Position { line: 1, column: 1 }),
        ));
    }
    // The stack is reserved, not used: what a thread does not touch costs nothing.
    let parsed = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(PARSER_STACK)
            .spawn_scoped(scope, || parse_module(text))
            .map(std::thread::ScopedJoinHandle::join)
    });
    let Ok(Ok(parsed)) = parsed else {
        return Err(EditError::syntax("the parser failed", None));
    };
    parsed
        .map(ruff_python_parser::Parsed::into_syntax)
        .map_err(|error| {
            let at = error.location.start().to_usize();
            EditError::syntax(error.error.to_string(), Some(Position::of(text, at)))
        })
}

/// Refuse what would make the parser recurse until the stack ends, which nobody could turn
/// into an error. Its lexer does not recurse, so it is asked first.
///
/// What nests is brackets, blocks, f-strings and chains of operators; a chain is as long as
/// the tokens between two commas, or less.
fn check_depth(text: &str) -> Result<(), EditError> {
    let mut lexer = lex(text, Mode::Module);
    let mut blocks = 0_usize;
    let mut chains = vec![0_usize];
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => chains.push(0),
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd
                if chains.len() > 1 =>
            {
                chains.pop();
            }
            TokenKind::Comma | TokenKind::Newline | TokenKind::Semi => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            TokenKind::Comment | TokenKind::NonLogicalNewline => {}
            _ => {
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
            }
        }
        let is_too_deep = blocks + chains.len() > DEEPEST_NESTING
            || chains.last().is_some_and(|&chain| chain > LONGEST_CHAIN);
        if is_too_deep {
            // The lexer does not tell where it is.
            return Err(EditError::syntax(
                "the code is nested too deep to be read safely",
                None,
            ));
        }
    }
}

/// Brackets and blocks inside each other.
const DEEPEST_NESTING: usize = 200;

/// Tokens between two commas.
const LONGEST_CHAIN: usize = 2_000;

/// Enough for the deepest code that [`check_depth`] lets through, in a debug build too.
const PARSER_STACK: usize = 256 << 20;

fn top_level_function<'a>(module: &'a ModModule, name: &str) -> Option<&'a StmtFunctionDef> {
    // What the name is bound to last is what it means.
    let bound = module.body.iter().rev().find(|statement| match statement {
        Stmt::FunctionDef(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) => {
            defined_name(statement).as_deref() == Some(name)
        }
        _ => false,
    })?;
    match bound {
        Stmt::FunctionDef(function) if function.is_async => Some(function),
        _ => None,
    }
}

fn top_level_value<'a>(module: &'a ModModule, name: &str) -> Option<&'a Expr> {
    let is_name = |target: &Expr| matches!(target, Expr::Name(n) if n.id.as_str() == name);
    module
        .body
        .iter()
        .rev()
        .find_map(|statement| match statement {
            Stmt::Assign(assign) if assign.targets.len() == 1 && is_name(&assign.targets[0]) => {
                Some(&*assign.value)
            }
            Stmt::AnnAssign(assign) if is_name(&assign.target) => assign.value.as_deref(),
            _ => None,
        })
}

/// The elements of a list or tuple in brackets, and the offset behind the opening one.
fn elements(value: &Expr) -> Option<(&[Expr], usize)> {
    let open = value.range().start().to_usize() + 1;
    match value {
        Expr::List(list) => Some((&list.elts, open)),
        Expr::Tuple(tuple) if tuple.parenthesized => Some((&tuple.elts, open)),
        _ => None,
    }
}

/// The range of an element with the brackets around it, which its own range leaves out.
fn with_brackets(text: &str, element: &Expr) -> Range<usize> {
    let range = element.range();
    let (mut start, mut end) = (range.start().to_usize(), range.end().to_usize());
    loop {
        let before = text[..start].trim_end();
        let after = text[end..].trim_start();
        if !(before.ends_with('(') && after.starts_with(')')) {
            return start..end;
        }
        start = before.len() - 1;
        end = text.len() - after.len() + 1;
    }
}

/// Whether two expressions end in the same name, as `a.b.Name` and `Name` do.
///
/// Workflow classes are told apart by their name alone, since that is what Temporal knows.
/// An activity is reached through a module, so for those the module counts as well.
fn same_name(found: &str, wanted: &str) -> bool {
    found == wanted || (!wanted.contains('.') && found.rsplit('.').next() == Some(wanted))
}

fn source(text: &str, range: TextRange) -> &str {
    &text[range.start().to_usize()..range.end().to_usize()]
}

/// Whether a function calls a name, at whatever place.
fn calls(function: &StmtFunctionDef, called: &str) -> bool {
    struct Search<'a> {
        called: &'a str,
        found: bool,
    }
    impl<'a> Visitor<'a> for Search<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                self.found |= match &*call.func {
                    Expr::Name(name) => name.id.as_str() == self.called,
                    Expr::Attribute(attribute) => attribute.attr.as_str() == self.called,
                    _ => false,
                };
            }
            walk_expr(self, expression);
        }
    }
    let mut search = Search {
        called,
        found: false,
    };
    search.visit_body(&function.body);
    search.found
}

/// Where a function hands out values on its way, or may return before its end.
fn other_way_out(function: &StmtFunctionDef) -> Option<usize> {
    struct Search(Option<usize>);
    impl<'a> Visitor<'a> for Search {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                // What a function inside it does is its own affair.
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

/// Whether nothing behind a statement is ever reached.
fn leaves(statement: &Stmt) -> bool {
    let ends = |body: &[Stmt]| body.last().is_some_and(leaves);
    match statement {
        Stmt::Return(_) | Stmt::Raise(_) => true,
        // It may be left by a `break`; who knows.
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

/// The parameter that is the application: the one of that name or type, or the only one.
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

/// Which end of a function a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind everything else, as what starts last.
    Last,
    /// Before everything else but the docstring, as what is stopped first.
    First,
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
        return refuse(format!("`{}` takes no application", function.name), at);
    };
    if let Some(at) = other_way_out(function).filter(|_| place == Place::Last) {
        let message = format!("`{}` may be left here, before its end", function.name);
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
            format!(
                "the body of `{}` stands on the line of its name",
                function.name
            ),
            at,
        );
    }
    match (place, statements) {
        (Place::First, [first, ..]) => {
            let start = start_of(first);
            splices.insert(
                above_comments(text, line_start(text, start)),
                &format!("{indent}{call}\n"),
            );
        }
        (_, [.., last]) if leaves(last) => {
            let message = format!("nothing behind the end of `{}` is reached", function.name);
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

/// Where a statement begins, its decorators included.
fn start_of(statement: &Stmt) -> usize {
    let decorators = match statement {
        Stmt::FunctionDef(function) => &function.decorator_list,
        Stmt::ClassDef(class) => &class.decorator_list,
        _ => return statement.range().start().to_usize(),
    };
    let own = statement.range().start();
    let first = decorators.first().map_or(own, Ranged::start);
    own.min(first).to_usize()
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// The line above the comments that stand directly above a line, and belong to it. Those at
/// the top of the file belong to the file.
fn above_comments(text: &str, line: usize) -> usize {
    let mut at = line;
    while at > 0 {
        let above = line_start(text, at - 1);
        if !text[above..at].trim_start().starts_with('#') {
            break;
        }
        at = above;
    }
    if at == 0 { line } else { at }
}

fn is_docstring(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(e) if e.value.is_string_literal_expr())
}

fn imports(module: &ModModule, import: &Import) -> bool {
    import.names.iter().all(|name| {
        let single = Import {
            names: vec![name.clone()],
            ..import.clone()
        };
        module
            .body
            .iter()
            .any(|s| matches!(s, Stmt::ImportFrom(found) if single.is_in(found)))
    })
}

/// Add the imports that are missing where a sorter would look for them; says whether any
/// was.
fn add_imports(
    text: &str,
    splices: &mut Splices<'_>,
    module: &ModModule,
    new_imports: &[Import],
    local_modules: &[String],
) -> bool {
    let mut missing: Vec<&Import> = new_imports.iter().filter(|i| !imports(module, i)).collect();
    missing.sort_by(|a, b| a.order(b));
    // The imports before the first other statement, docstring aside.
    let block: Vec<&Stmt> = module
        .body
        .iter()
        .skip_while(|statement| is_docstring(statement))
        .take_while(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
        .collect();
    let own: Vec<(&Stmt, Import)> = block
        .iter()
        .filter_map(|statement| Some((*statement, own_import(statement, local_modules)?)))
        .collect();
    let line_of = |statement: &Stmt| above_comments(text, line_start(text, start_of(statement)));
    let end_of = |statement: &Stmt| statement.range().end().to_usize();
    let written = |imports: &[&Import]| -> String {
        imports
            .iter()
            .map(|import| format!("{}\n", import.statement))
            .collect()
    };
    if let Some((last, _)) = own.last() {
        for import in &missing {
            let next = own
                .iter()
                .find(|(_, own)| own.order(import) == Ordering::Greater);
            match next {
                Some((next, _)) => splices.insert(line_of(next), &written(&[*import])),
                None => splices.insert_lines_after(end_of(last), &written(&[*import])),
            }
        }
    } else if missing.is_empty() {
        return false;
    } else if let Some(last) = block.last() {
        splices.insert_lines_after(end_of(last), &format!("\n{}", written(&missing)));
    } else if let Some(docstring) = module.body.first().filter(|s| is_docstring(s)) {
        splices.insert_lines_after(end_of(docstring), &format!("\n{}", written(&missing)));
    } else if let Some(first) = module.body.first() {
        splices.insert(line_of(first), &format!("{}\n\n", written(&missing)));
    } else {
        let lead = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        splices.insert(text.len(), &format!("{lead}{}", written(&missing)));
    }
    !missing.is_empty()
}

/// An import of the service's own modules, as far as its place among others goes.
fn own_import(statement: &Stmt, local_modules: &[String]) -> Option<Import> {
    let Stmt::ImportFrom(from) = statement else {
        return None;
    };
    let module = from.module.as_ref().map_or("", |module| module.as_str());
    let first = module.split('.').next().unwrap_or("");
    let is_own = from.level > 0 || local_modules.iter().any(|local| local == first);
    is_own.then(|| Import {
        level: from.level,
        module: module.to_owned(),
        names: Vec::new(),
        statement: String::new(),
    })
}

/// Whether every top-level statement of the old module that was not edited is in the new
/// one, as it was and in its order.
fn statements_kept(before: &str, old: &ModModule, after: &str, new: &ModModule) -> bool {
    let is_edited = |statement: &Stmt| {
        matches!(
            statement,
            Stmt::FunctionDef(_) | Stmt::Assign(_) | Stmt::AnnAssign(_)
        )
    };
    let mut rest = new.body.iter();
    old.body.iter().all(|statement| {
        rest.any(|other| {
            if is_edited(statement) {
                std::mem::discriminant(statement) == std::mem::discriminant(other)
                    && defined_name(statement) == defined_name(other)
            } else {
                source(before, statement.range()) == source(after, other.range())
            }
        })
    })
}

fn defined_name(statement: &Stmt) -> Option<String> {
    let name = |target: &Expr| match target {
        Expr::Name(name) => Some(name.id.to_string()),
        _ => None,
    };
    match statement {
        Stmt::FunctionDef(function) => Some(function.name.to_string()),
        Stmt::Assign(assign) => assign.targets.first().and_then(name),
        Stmt::AnnAssign(assign) => name(&assign.target),
        _ => None,
    }
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
