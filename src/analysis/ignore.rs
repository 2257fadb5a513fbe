//! Comments that allow a place to break a rule: `# bluetext: ignore[CODE] reason`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::index::{Index, ModuleId};
use super::rules::Rule;

/// What every ignore comment begins with. A space may follow.
const MARK: &str = "bluetext:";

/// The ignore comments of a service.
pub(super) struct Ignores<'i> {
    texts: Vec<&'i str>,
    comments: BTreeMap<ModuleId, Vec<Comment>>,
}

/// A rule that a comment allows to break: the rule, and the module and offset of the comment.
pub(super) type Allowed = (Rule, ModuleId, usize);

struct Comment {
    offset: usize,
    /// The lines that it is about: a line with code, or a statement.
    lines: Range<usize>,
    /// The rules that it names; an error is what is wrong with it.
    rules: Result<BTreeSet<Rule>, String>,
    is_used: bool,
}

impl<'i> Ignores<'i> {
    /// Read the comments of all modules.
    pub(super) fn of<'a: 'i>(index: &'i Index<'a>) -> Self {
        let mut comments: BTreeMap<ModuleId, Vec<Comment>> = BTreeMap::new();
        for (id, info) in index.modules.iter().enumerate() {
            let text = info.module.text();
            if !text.contains(MARK) {
                continue;
            }
            let statements = simple_statements(text, &info.module.syntax().body);
            for (offset, comment) in info.module.comments() {
                // Other comments may be before it.
                let Some(rest) = comment
                    .split_once(MARK)
                    .and_then(|(_, rest)| rest.trim_start().strip_prefix("ignore"))
                else {
                    continue;
                };
                // A comment on a line of its own belongs to the next statement.
                let line = line_of(text, offset);
                let is_alone = text[line..offset].trim().is_empty();
                let lines = if is_alone {
                    let start = next_code(text, offset);
                    let end = statements
                        .iter()
                        .find(|statement| line_of(text, statement.start) == start)
                        .map_or(start, |statement| statement.end);
                    start..end + 1
                } else {
                    // Behind the last line of a statement of several lines, it is about all.
                    let next = next_code(text, offset);
                    let last = statements.iter().find(|statement| {
                        let ends = (line..=offset).contains(&statement.end);
                        statement.start < line && (ends || statement.end + 1 == next)
                    });
                    last.map_or(line, |statement| line_of(text, statement.start))..offset
                };
                comments.entry(id).or_default().push(Comment {
                    offset,
                    lines,
                    rules: parse(rest),
                    is_used: false,
                });
            }
        }
        let texts = index.modules.iter().map(|info| info.module.text());
        Self {
            texts: texts.collect(),
            comments,
        }
    }

    /// Whether a comment allows a place to break a rule; it then counts as used.
    pub(super) fn covers(&mut self, module: ModuleId, offset: usize, rule: Rule) -> bool {
        let mut comments = self.at_place(module, offset);
        let comment = comments.find(|c| matches!(&c.rules, Ok(rules) if rules.contains(&rule)));
        match comment {
            Some(comment) => {
                comment.is_used = true;
                true
            }
            None => false,
        }
    }

    /// What the comments of a call allow in the called code.
    pub(super) fn at(&mut self, module: ModuleId, offset: usize) -> BTreeSet<Allowed> {
        let mut allowed = BTreeSet::new();
        for comment in self.at_place(module, offset) {
            let rules = comment.rules.iter().flatten();
            allowed.extend(rules.map(|rule| (*rule, module, comment.offset)));
        }
        allowed
    }

    /// Note that a comment on the way has allowed something.
    pub(super) fn use_comment(&mut self, allowed: Allowed) {
        let (_, module, offset) = allowed;
        let comments = self.comments.get_mut(&module).into_iter().flatten();
        for comment in comments.filter(|comment| comment.offset == offset) {
            comment.is_used = true;
        }
    }

    fn at_place(&mut self, module: ModuleId, offset: usize) -> impl Iterator<Item = &mut Comment> {
        let line = self
            .texts
            .get(module)
            .map_or(0, |text| line_of(text, offset));
        let comments = self.comments.get_mut(&module).into_iter().flatten();
        comments.filter(move |comment| comment.lines.contains(&line))
    }

    /// The number of comments that allow something.
    pub(super) fn used(&self) -> usize {
        let comments = self.comments.values().flatten();
        comments.filter(|comment| comment.is_used).count()
    }

    /// Comments that are wrong or allow nothing: their module, offset, and what is wrong.
    pub(super) fn faults(&self) -> Vec<(ModuleId, usize, String)> {
        let mut faults = Vec::new();
        for (module, comments) in &self.comments {
            for comment in comments {
                let fault = match &comment.rules {
                    Err(fault) => fault.clone(),
                    Ok(_) if comment.is_used => continue,
                    Ok(_) => "this comment ignores nothing".to_owned(),
                };
                faults.push((*module, comment.offset, fault));
            }
        }
        faults
    }
}

/// The rules of a comment, from what follows its mark.
fn parse(rest: &str) -> Result<BTreeSet<Rule>, String> {
    let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((codes, reason)) = inside else {
        return Err("this comment names no code: `# bluetext: ignore[CODE] reason`".to_owned());
    };
    let mut rules = BTreeSet::new();
    for code in codes.split(',').map(str::trim) {
        let rule = Rule::of(code).ok_or_else(|| format!("there is no rule `{code}`"))?;
        rules.insert(rule);
    }
    if reason.trim().is_empty() {
        return Err("this comment gives no reason, so it ignores nothing".to_owned());
    }
    Ok(rules)
}

/// The ranges of statements without inner ones, and of the heads of the others: these end with
/// the line above the first inner one.
fn simple_statements(text: &str, body: &[Stmt]) -> Vec<Range<usize>> {
    struct Statements<'t> {
        text: &'t str,
        found: Vec<Range<usize>>,
    }
    impl<'a> Visitor<'a> for Statements<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            let range = statement.start().to_usize()..statement.end().to_usize();
            let head = match statement {
                Stmt::For(block) => block.body.first(),
                Stmt::While(block) => block.body.first(),
                Stmt::If(block) => block.body.first(),
                Stmt::With(block) => block.body.first(),
                // With its decorators.
                Stmt::FunctionDef(function) => function.body.first(),
                Stmt::ClassDef(class) => class.body.first(),
                Stmt::Match(_) | Stmt::Try(_) => None,
                _ => Some(statement),
            };
            if let Some(first) = head {
                let first_line = line_of(self.text, first.start().to_usize());
                let end = if std::ptr::eq(first, statement) || first_line <= range.start {
                    range.end
                } else {
                    first_line - 1
                };
                self.found.push(range.start..end);
            }
            walk_stmt(self, statement);
        }

        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut statements = Statements {
        text,
        found: Vec::new(),
    };
    statements.visit_body(body);
    statements.found
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// The start of the next line that is neither empty nor a comment.
fn next_code(text: &str, offset: usize) -> usize {
    let mut at = text[offset..]
        .find('\n')
        .map_or(text.len(), |end| offset + end + 1);
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let line = text[at..end].trim();
        if !line.is_empty() && !line.starts_with('#') {
            return at;
        }
        at = end;
    }
    at
}
