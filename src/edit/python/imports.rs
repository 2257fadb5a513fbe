//! Finds existing imports and adds new ones at their sorted position.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{ModModule, Stmt, StmtImportFrom};
use ruff_text_size::Ranged;

use super::{above_comments, is_docstring, is_one_line, line_start, start_of};
use crate::edit::Splices;
use crate::python::{Style, import_order};

/// `from MODULE import NAMES…`, with `as` for each name that has an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Leading dots; 0 for an absolute import.
    pub level: u32,
    /// The module's dotted name after the leading dots; may be empty in a relative import.
    pub module: String,
    /// The imported names, each with its alias, if any.
    pub names: Vec<(String, Option<String>)>,
    /// The formatted statement, without a trailing newline.
    pub statement: String,
}

impl Import {
    /// Create an import of names, formatted in the project's style.
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

    pub(super) fn is_in(&self, statement: &StmtImportFrom) -> bool {
        let module = statement.module.as_deref().unwrap_or("");
        statement.level == self.level
            && module == self.module
            && self.names.iter().all(|(name, alias)| {
                statement.names.iter().any(|found| {
                    found.name.as_str() == name && found.asname.as_deref() == alias.as_deref()
                })
            })
    }

    /// The order that import sorters use within a section: the farthest relative import first,
    /// then by module.
    fn order(&self, other: &Self) -> Ordering {
        let levels = other.level.cmp(&self.level);
        levels.then_with(|| import_order(&self.module, &other.module))
    }
}

/// The names that the top-level statements `from … import …` of a module import, each with the
/// level, the module and the alias.
pub(super) struct Imported<'m>(HashSet<(u32, &'m str, &'m str, Option<&'m str>)>);

impl<'m> Imported<'m> {
    /// Those of a module.
    pub(super) fn of(module: &'m ModModule) -> Self {
        Self::above(module, usize::MAX)
    }

    /// Those of the statements that end above an offset: they bind their names before it.
    pub(super) fn above(module: &'m ModModule, offset: usize) -> Self {
        let mut names = HashSet::new();
        let imports = module.body.iter().filter_map(Stmt::as_import_from_stmt);
        for from in imports.filter(|from| from.end().to_usize() <= offset) {
            let module = from.module.as_deref().unwrap_or("");
            let each = from.names.iter();
            names.extend(each.map(|a| (from.level, module, a.name.as_str(), a.asname.as_deref())));
        }
        Self(names)
    }

    /// Whether all names of an import are among them.
    pub(super) fn has(&self, import: &Import) -> bool {
        let mut names = import.names.iter();
        names.all(|(name, alias)| {
            let wanted = (
                import.level,
                import.module.as_str(),
                name.as_str(),
                alias.as_deref(),
            );
            self.0.contains(&wanted)
        })
    }
}

/// Whether a module imports all names of an import.
pub(super) fn imports(module: &ModModule, import: &Import) -> bool {
    Imported::of(module).has(import)
}

/// Add missing imports at the position that an import sorter expects; returns whether any was
/// missing.
pub(super) fn add_imports(
    text: &str,
    splices: &mut Splices<'_>,
    module: &ModModule,
    new_imports: &[Import],
    local_modules: &[String],
) -> bool {
    let imported = Imported::of(module);
    let mut missing: Vec<&Import> = new_imports.iter().filter(|i| !imported.has(i)).collect();
    missing.sort_by(|a, b| a.order(b));
    // The imports before the first other statement, ignoring the docstring. Those that share
    // a line with another statement do not count.
    let shares = |statement: &Stmt| shares_line(text, module, statement);
    let block: Vec<&Stmt> = module
        .body
        .iter()
        .skip_while(|statement| is_docstring(statement))
        .take_while(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
        .take_while(|statement| !shares(statement) || is_future(statement))
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
    if let (Some((first, _)), Some((last, _))) = (own.first(), own.last()) {
        // Relative imports are a section of their own, after the absolute ones.
        let (relative, absolute): (Vec<&Import>, Vec<&Import>) =
            missing.iter().partition(|import| import.level > 0);
        for section in [absolute, relative] {
            let Some(is_relative) = section.first().map(|import| import.level > 0) else {
                continue;
            };
            let present: Vec<&(&Stmt, Import)> = own
                .iter()
                .filter(|(_, own)| (own.level > 0) == is_relative)
                .collect();
            // The farthest import up to each one: sorted, also where the imports are not.
            let farthest: Vec<&Import> = present
                .iter()
                .scan(None::<&Import>, |farthest, (_, own)| {
                    if farthest.is_none_or(|farthest| own.order(farthest) == Ordering::Greater) {
                        *farthest = Some(own);
                    }
                    *farthest
                })
                .collect();
            match present.last() {
                Some((last, _)) => {
                    for import in section {
                        // The first one that comes after it.
                        let next =
                            farthest.partition_point(|own| own.order(import) != Ordering::Greater);
                        let line = written(&[import]);
                        match present.get(next) {
                            Some((next, _)) => splices.insert(line_of(next), &line),
                            None => splices.insert_lines_after(end_of(last), &line),
                        }
                    }
                }
                None if is_relative => {
                    splices.insert_lines_after(end_of(last), &format!("\n{}", written(&section)));
                }
                None => splices.insert(line_of(first), &format!("{}\n", written(&section))),
            }
        }
    } else if missing.is_empty() {
        return false;
    } else if let Some(last) = block.last() {
        splices.insert_lines_after(end_of(last), &format!("\n{}", written(&missing)));
    } else if let Some(docstring) = module
        .body
        .first()
        .filter(|s| is_docstring(s) && !shares(s))
    {
        splices.insert_lines_after(end_of(docstring), &format!("\n{}", written(&missing)));
    } else if let Some(docstring) = module.body.first().filter(|s| is_docstring(s)) {
        // Above it, it would no longer be one.
        splices.insert_lines_after(end_of(docstring), &written(&missing));
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

/// Remove imports that are written as they were added; a blank line above the first one goes
/// with the last of its section.
///
/// # Errors
///
/// Why an import cannot be removed, and its offset: it shares a line, or has more names.
pub(super) fn remove_imports(
    text: &str,
    splices: &mut Splices<'_>,
    module: &ModModule,
    old_imports: &[Import],
) -> Result<(), (String, usize)> {
    let mut by_module: HashMap<(u32, &str), Vec<&Import>> = HashMap::new();
    for import in old_imports {
        let module = (import.level, import.module.as_str());
        by_module.entry(module).or_default().push(import);
    }
    let mut gone: Vec<(usize, usize)> = Vec::new();
    for statement in &module.body {
        let Stmt::ImportFrom(found) = statement else {
            continue;
        };
        let module_name = found.module.as_ref().map_or("", |module| module.as_str());
        let same = by_module.get(&(found.level, module_name));
        let Some(import) = same.and_then(|same| same.iter().find(|import| import.is_in(found)))
        else {
            continue;
        };
        let (start, end) = (start_of(statement), statement.range().end().to_usize());
        if found.names.len() != import.names.len() {
            let message = "this import has further names, so it is not removed".to_owned();
            return Err((message, start));
        }
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        if shares_line(text, module, statement) || text[end..line_end].contains('#') {
            let message = "this import shares its line, so it is not removed".to_owned();
            return Err((message, start));
        }
        gone.push((line_start(text, start), line_end));
    }
    // Neighbours are removed as one, with a blank line that only separated them.
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for (start, end) in gone {
        match blocks.last_mut() {
            Some(block) if block.1 == start => block.1 = end,
            _ => blocks.push((start, end)),
        }
    }
    let is_blank = |line: &str| line.trim().is_empty();
    for (start, end) in blocks {
        let above = line_start(text, start.saturating_sub(1));
        let has_blank_above = start > 0 && is_blank(&text[above..start]);
        let below = text[end..].lines().next();
        let ends_section = below.is_none_or(is_blank);
        let start = if has_blank_above && ends_section {
            above
        } else {
            start
        };
        splices.replace(start..end, "");
    }
    Ok(())
}

/// Whether another statement begins or ends on a line of this one.
fn shares_line(text: &str, module: &ModModule, statement: &Stmt) -> bool {
    let end_of = |statement: &Stmt| statement.range().end().to_usize();
    let index = module
        .body
        .partition_point(|other| start_of(other) < start_of(statement));
    let before = index
        .checked_sub(1)
        .and_then(|before| module.body.get(before));
    let after = module.body.get(index + 1);
    before.is_some_and(|before| is_one_line(text, end_of(before), start_of(statement)))
        || after.is_some_and(|after| is_one_line(text, end_of(statement), start_of(after)))
}

/// Nothing but comments and the docstring may be above `from __future__ import …`.
fn is_future(statement: &Stmt) -> bool {
    matches!(statement, Stmt::ImportFrom(import)
        if import.module.as_deref() == Some("__future__"))
}

/// The sort key of an import of the service's own modules; `None` for other statements.
fn own_import(statement: &Stmt, local_modules: &[String]) -> Option<Import> {
    let from = statement.as_import_from_stmt()?;
    let module = from.module.as_deref().unwrap_or("");
    let first = module.split('.').next().unwrap_or("");
    let is_own = from.level > 0 || local_modules.iter().any(|local| local == first);
    is_own.then(|| Import {
        level: from.level,
        module: module.to_owned(),
        names: Vec::new(),
        statement: String::new(),
    })
}
