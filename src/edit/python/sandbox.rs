//! Finds what the sandbox of Temporal's Python SDK does not allow while it loads a module.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::Module;
use super::web::dotted;
use crate::edit::Position;

/// Functions that fail in the sandbox, as the SDK lists them (sdk-python 1.35,
/// `SandboxRestrictions.invalid_module_members_default`); a name that ends in a dot stands for
/// all functions of that module.
const FORBIDDEN: [&str; 24] = [
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "input",
    "open",
    "os.getcwd",
    "os.getenv",
    "os.listdir",
    "os.urandom",
    "pathlib.Path.cwd",
    "random.",
    "secrets.",
    "socket.",
    "subprocess.",
    "threading.Thread",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.sleep",
    "time.time",
    "uuid.uuid1",
    "uuid.uuid4",
];

impl Module {
    /// The first call at import time that the sandbox does not allow: its text and position.
    /// Bodies of functions do not run at import time.
    #[must_use]
    pub fn forbidden_in_sandbox(&self) -> Option<(String, Position)> {
        let mut search = Search {
            names: BTreeMap::new(),
            found: None,
        };
        search.visit_body(&self.syntax.body);
        let (name, offset) = search.found?;
        Some((name, Position::of(&self.text, offset)))
    }
}

struct Search {
    /// The full name behind each imported name.
    names: BTreeMap<String, String>,
    found: Option<(String, usize)>,
}

impl Search {
    fn full_name(&self, written: &str) -> String {
        let (first, rest) = written.split_once('.').unwrap_or((written, ""));
        let first = self.names.get(first).map_or(first, String::as_str);
        match rest {
            "" => first.to_owned(),
            rest => format!("{first}.{rest}"),
        }
    }
}

impl<'a> Visitor<'a> for Search {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) => {}
            Stmt::Import(import) => {
                for name in &import.names {
                    if let Some(alias) = &name.asname {
                        self.names.insert(alias.to_string(), name.name.to_string());
                    }
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let from = import.module.as_ref().map_or("", |module| module.as_str());
                for name in &import.names {
                    let alias = name.asname.as_ref().unwrap_or(&name.name);
                    let full = format!("{from}.{}", name.name);
                    self.names.insert(alias.to_string(), full);
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => return,
            Expr::Call(call) if self.found.is_none() => {
                if let Some(written) = dotted(&call.func) {
                    let full = self.full_name(&written);
                    let is_forbidden = FORBIDDEN.iter().any(|name| match name.strip_suffix('.') {
                        Some(module) => full
                            .strip_prefix(module)
                            .is_some_and(|rest| rest.starts_with('.')),
                        None => full == *name,
                    });
                    if is_forbidden {
                        let offset = call.range().start().to_usize();
                        self.found = Some((format!("{written}(…)"), offset));
                    }
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}
