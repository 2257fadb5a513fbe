//! Adds the imports of another module that copied code needs.

use std::collections::BTreeSet;

use ruff_python_ast::helpers::format_import_from;
use ruff_python_ast::{Alias, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::imports::{Import, add_imports};
use super::is_docstring;
use super::{Module, line_start, source, start_of};
use crate::edit::Splices;
use crate::python::{Style, mentions};

impl Module {
    /// Add the imports of another module that a text uses and this module lacks.
    pub(super) fn add_missing_imports(
        &self,
        splices: &mut Splices<'_>,
        from: &Self,
        text: &str,
        local_modules: &[String],
        style: &Style,
    ) {
        let (plain, imports) = self.missing_imports(from, text, style);
        self.add_plain_imports(splices, &plain);
        let mut more: Vec<Import> = Vec::new();
        for import in imports {
            if !self.extend_import(splices, &import, style) {
                more.push(import);
            }
        }
        let is_own = |import: &Import| {
            let first = import.module.split('.').next().unwrap_or("");
            import.level > 0 || local_modules.iter().any(|local| local == first)
        };
        let (own, others): (Vec<Import>, Vec<Import>) = more.into_iter().partition(is_own);
        self.add_other_imports(splices, &others, local_modules);
        add_imports(&self.text, splices, &self.syntax, &own, local_modules);
    }

    /// The imports of another module that a text uses and this module lacks: statements as
    /// they are written, and names from the service's own modules.
    fn missing_imports(
        &self,
        from: &Self,
        text: &str,
        style: &Style,
    ) -> (Vec<String>, Vec<Import>) {
        let bound = imported_names(&self.syntax);
        let is_missing = |name: &str| mentions(text, name) && !bound.contains(name);
        let (mut plain, mut own) = (Vec::new(), Vec::new());
        for statement in &from.syntax.body {
            match statement {
                Stmt::Import(import) => {
                    let mut names = import.names.iter();
                    let is_needed = names.any(|alias| is_missing(bound_by(alias)));
                    if is_needed {
                        plain.push(source(&from.text, statement.range()).to_owned());
                    }
                }
                Stmt::ImportFrom(import) => {
                    let module = import.module.as_deref().unwrap_or("");
                    let path = format_import_from(import.level, Some(module));
                    let needed = import.names.iter();
                    let needed = needed.filter(|alias| is_missing(bound_by(alias)));
                    let names: Vec<(&str, Option<&str>)> = needed
                        .map(|alias| (alias.name.as_str(), alias.asname.as_deref()))
                        .collect();
                    if names.is_empty() {
                        continue;
                    }
                    let import = Import::new(&path, &names, style);
                    if is_standard(module) && path == module {
                        plain.push(import.statement);
                    } else {
                        own.push(import);
                    }
                }
                _ => {}
            }
        }
        (plain, own)
    }

    /// Add names to the statement that imports from the same module, in their order. Returns
    /// whether there is one that can be extended.
    fn extend_import(&self, splices: &mut Splices<'_>, import: &Import, style: &Style) -> bool {
        let mut found = self
            .syntax
            .body
            .iter()
            .filter_map(Stmt::as_import_from_stmt);
        let Some(found) = found.find(|found| {
            let module = found.module.as_deref().unwrap_or("");
            found.level == import.level && module == import.module
        }) else {
            return false;
        };
        let range = found.range().start().to_usize()..found.range().end().to_usize();
        let written = &self.text[range.clone()];
        let mut insertions: Vec<(usize, String)> = Vec::new();
        let mut names: Vec<&(String, Option<String>)> = import.names.iter().collect();
        names.sort();
        for (name, alias) in names {
            let name = match alias {
                Some(alias) => format!("{name} as {alias}"),
                None => name.clone(),
            };
            let next = found
                .names
                .iter()
                .find(|other| other.name.as_str() > name.as_str());
            let Some(last) = found.names.last() else {
                return false;
            };
            let at = next.map(|next| next.range().start().to_usize());
            if written.contains('\n') {
                // Each name is on its own line, with a comma behind it.
                let line = at.map(|at| line_start(&self.text, at));
                let indent = line_start(&self.text, last.range().start().to_usize());
                let indent = crate::edit::leading_space(&self.text[indent..]);
                let end = last.range().end().to_usize();
                let Some(comma) = self.text[end..].strip_prefix(',') else {
                    return false;
                };
                let behind = self.text.len() - comma.len();
                let newline = self.text[behind..].find('\n').map(|at| behind + at + 1);
                let Some(at) = line.or(newline) else {
                    return false;
                };
                insertions.push((at, format!("{indent}{name},\n")));
            } else {
                insertions.push(match at {
                    Some(at) => (at, format!("{name}, ")),
                    None => (last.range().end().to_usize(), format!(", {name}")),
                });
            }
        }
        let length: usize = insertions.iter().map(|(_, name)| name.len()).sum();
        if !written.contains('\n') && written.len() + length > style.line_length() {
            return false;
        }
        for (at, name) in insertions {
            splices.insert(at, &name);
        }
        true
    }

    /// Add imports of installed packages behind the last of these.
    fn add_other_imports(
        &self,
        splices: &mut Splices<'_>,
        others: &[Import],
        local_modules: &[String],
    ) {
        let is_other = |statement: &&Stmt| {
            let module = module_of(statement);
            let is_relative = matches!(statement, Stmt::ImportFrom(from) if from.level > 0);
            let first = module.split('.').next().unwrap_or("");
            let is_own = is_relative || local_modules.iter().any(|local| local == first);
            !module.is_empty() && !is_own && !is_standard(module)
        };
        let lines: String = others
            .iter()
            .map(|import| format!("{}\n", import.statement))
            .collect();
        if lines.is_empty() {
            return;
        }
        match self.syntax.body.iter().rfind(is_other) {
            Some(last) => splices.insert_lines_after(last.range().end().to_usize(), &lines),
            None => self.add_plain_imports(splices, &[lines.trim_end().to_owned()]),
        }
    }

    /// Add imports of the standard library where an import sorter expects them: `import` before
    /// `from`, each by its module.
    fn add_plain_imports(&self, splices: &mut Splices<'_>, statements: &[String]) {
        let body = self.syntax.body.iter().skip_while(|s| is_docstring(s));
        let imports: Vec<&Stmt> = body
            .take_while(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
            .filter(|statement| module_of(statement) != "__future__")
            .collect();
        let standard: Vec<&&Stmt> = imports
            .iter()
            .filter(|s| is_standard(module_of(s)))
            .collect();
        let order = |line: &str| {
            let mut words = line.split_whitespace();
            let is_from = words.next() == Some("from");
            (is_from, words.next().unwrap_or("").to_owned())
        };
        let mut sorted = statements.to_vec();
        sorted.sort_by_key(|line| order(line));
        for line in &sorted {
            let new = format!("{line}\n");
            let next = standard
                .iter()
                .find(|statement| order(source(&self.text, statement.range())) > order(line));
            match (next, standard.last()) {
                (Some(next), _) => splices.insert(line_start(&self.text, start_of(next)), &new),
                (None, Some(last)) => {
                    splices.insert_lines_after(last.range().end().to_usize(), &new);
                }
                (None, None) => {}
            }
        }
        if !standard.is_empty() || sorted.is_empty() {
            return;
        }
        let lines: String = sorted.iter().map(|line| format!("{line}\n")).collect();
        match (imports.first(), self.syntax.body.first()) {
            (Some(first), _) => {
                let line = line_start(&self.text, start_of(first));
                splices.insert(line, &format!("{lines}\n"));
            }
            (None, Some(docstring)) if is_docstring(docstring) => {
                let end = docstring.range().end().to_usize();
                splices.insert_lines_after(end, &format!("\n{lines}"));
            }
            _ => splices.insert(0, &format!("{lines}\n")),
        }
    }
}

/// The name that an import binds.
pub(super) fn bound_by(alias: &Alias) -> &str {
    alias.asname.as_ref().unwrap_or(&alias.name).as_str()
}

/// The names that top-level imports bind.
pub(super) fn imported_names(module: &ModModule) -> BTreeSet<String> {
    let names = module.body.iter().flat_map(|statement| match statement {
        Stmt::Import(import) => import.names.as_slice(),
        Stmt::ImportFrom(import) => import.names.as_slice(),
        _ => &[],
    });
    names.map(|alias| bound_by(alias).to_owned()).collect()
}

fn module_of(statement: &Stmt) -> &str {
    match statement {
        Stmt::Import(import) => import.names.first().map_or("", |alias| alias.name.as_str()),
        Stmt::ImportFrom(import) => import.module.as_ref().map_or("", |module| module.as_str()),
        _ => "",
    }
}

/// Whether a module is one of the standard library that generated code imports.
fn is_standard(module: &str) -> bool {
    const STANDARD: [&str; 8] = [
        "__future__",
        "asyncio",
        "collections",
        "contextlib",
        "datetime",
        "decimal",
        "typing",
        "uuid",
    ];
    STANDARD.contains(&module.split('.').next().unwrap_or(module))
}
