//! Finds what the sandbox of Temporal's Python SDK does not allow while it loads a module.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{CmpOp, Expr, Stmt};
use ruff_text_size::Ranged;

use super::Module;
use super::walk::dotted;
use crate::edit::Position;

/// Functions that fail in the sandbox while it loads a module, as the SDK lists them
/// (sdk-python 1.35, `SandboxRestrictions.invalid_module_members_default`, without those that
/// are `only_runtime`); a name that ends in a dot stands for all functions of that module.
pub const FORBIDDEN_IN_SANDBOX: [&str; 110] = [
    "bz2.open",
    "curses.",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "dbm.",
    "filecmp.",
    "fileinput.",
    "ftplib.",
    "getopt.",
    "getpass.",
    "gettext.",
    "glob.",
    "gzip.open",
    "http.client.",
    "http.server.",
    "imaplib.",
    "locale.",
    "lzma.open",
    "marshal.dump",
    "marshal.load",
    "pathlib.Path.chmod",
    "pathlib.Path.cwd",
    "pathlib.Path.exists",
    "pathlib.Path.expanduser",
    "pathlib.Path.glob",
    "pathlib.Path.group",
    "pathlib.Path.hardlink_to",
    "pathlib.Path.home",
    "pathlib.Path.is_block_device",
    "pathlib.Path.is_char_device",
    "pathlib.Path.is_dir",
    "pathlib.Path.is_fifo",
    "pathlib.Path.is_file",
    "pathlib.Path.is_mount",
    "pathlib.Path.is_socket",
    "pathlib.Path.is_symlink",
    "pathlib.Path.iterdir",
    "pathlib.Path.lchmod",
    "pathlib.Path.link_to",
    "pathlib.Path.lstat",
    "pathlib.Path.mkdir",
    "pathlib.Path.open",
    "pathlib.Path.owner",
    "pathlib.Path.read_bytes",
    "pathlib.Path.read_link",
    "pathlib.Path.read_text",
    "pathlib.Path.rename",
    "pathlib.Path.replace",
    "pathlib.Path.resolve",
    "pathlib.Path.rglob",
    "pathlib.Path.rmdir",
    "pathlib.Path.samefile",
    "pathlib.Path.stat",
    "pathlib.Path.symlink_to",
    "pathlib.Path.touch",
    "pathlib.Path.unlink",
    "pathlib.Path.write_bytes",
    "pathlib.Path.write_text",
    "poplib.",
    "random.betavariate",
    "random.choice",
    "random.choices",
    "random.expovariate",
    "random.gammavariate",
    "random.gauss",
    "random.getrandbits",
    "random.getstate",
    "random.lognormvariate",
    "random.normalvariate",
    "random.paretovariate",
    "random.randbytes",
    "random.randint",
    "random.random",
    "random.randrange",
    "random.sample",
    "random.seed",
    "random.setstate",
    "random.shuffle",
    "random.triangular",
    "random.uniform",
    "random.vonmisesvariate",
    "random.weibullvariate",
    "readline.",
    "sched.",
    "secrets.SystemRandom",
    "secrets.choice",
    "secrets.randbelow",
    "secrets.randbits",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.token_urlsafe",
    "shelve.",
    "shutil.",
    "smtplib.",
    "socketserver.",
    "subprocess.",
    "tarfile.TarFile.extract",
    "tarfile.TarFile.extractall",
    "tarfile.open",
    "tempfile.",
    "urllib.request.",
    "webbrowser.",
    "xmlrpc.",
    "zipfile.ZipFile.extract",
    "zipfile.ZipFile.extractall",
    "zoneinfo.ZoneInfo.clear_cache",
    "zoneinfo.ZoneInfo.from_file",
    "zoneinfo.ZoneInfo.reset_tzpath",
];

/// Whether the sandbox refuses a call of this function while it loads a module.
#[must_use]
pub fn is_forbidden_in_sandbox(full_name: &str) -> bool {
    FORBIDDEN_IN_SANDBOX
        .iter()
        .any(|name| match name.strip_suffix('.') {
            Some(module) => full_name
                .strip_prefix(module)
                .is_some_and(|rest| rest.starts_with('.')),
            None => full_name == *name,
        })
}

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

    /// A called function as it is written, and its full name. A method of a path is one of
    /// `pathlib.Path`, also after `.parent`.
    fn called(&self, function: &Expr) -> Option<(String, String)> {
        if let Some(written) = dotted(function) {
            let full = self.full_name(&written);
            return Some((written, full));
        }
        let Expr::Attribute(method) = function else {
            return None;
        };
        let mut value = &*method.value;
        loop {
            match value {
                Expr::Attribute(attribute) => value = &attribute.value,
                Expr::Call(call) => {
                    let (written, full) = self.called(&call.func)?;
                    let name = &method.attr;
                    return (full == "pathlib.Path")
                        .then(|| (format!("{written}(…).{name}"), format!("{full}.{name}")));
                }
                _ => return None,
            }
        }
    }
}

/// Whether a condition is `__name__ == "__main__"`, which is false in an imported module.
pub(crate) fn is_main_guard(condition: &Expr) -> bool {
    let Expr::Compare(compare) = condition else {
        return false;
    };
    let is_main = |side: &Expr| matches!(side, Expr::StringLiteral(text) if text.value.to_str() == "__main__");
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    matches!(&*compare.ops, [CmpOp::Eq])
        && is_name(&compare.left)
        && compare.comparators.iter().all(is_main)
}

impl<'a> Visitor<'a> for Search {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // Its decorators and default values are evaluated at import time, its body is not.
            Stmt::FunctionDef(function) => {
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.visit_parameters(&function.parameters);
            }
            Stmt::If(block) if is_main_guard(&block.test) => {}
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
                if let Some((written, full)) = self.called(&call.func) {
                    self.found = is_forbidden_in_sandbox(&full)
                        .then(|| (format!("{written}(…)"), call.start().to_usize()));
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}
