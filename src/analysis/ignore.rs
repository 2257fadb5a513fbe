//! Comments that allow a place to break a rule: `# bluetext: ignore[CODE] reason`.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, ModuleId};
use super::rules::Rule;

/// What every ignore comment begins with.
const MARK: &str = "bluetext: ignore";

/// The ignore comments of a service.
pub(super) struct Ignores<'i> {
    texts: Vec<&'i str>,
    /// The start of each line of a module with comments.
    comments: BTreeMap<ModuleId, BTreeMap<usize, Comment>>,
}

struct Comment {
    offset: usize,
    /// The rules that it names; an error is what is wrong with it.
    rules: Result<BTreeSet<Rule>, String>,
    is_used: bool,
}

impl<'i> Ignores<'i> {
    /// Read the comments of all modules.
    pub(super) fn of<'a: 'i>(index: &'i Index<'a>) -> Self {
        let mut comments: BTreeMap<ModuleId, BTreeMap<usize, Comment>> = BTreeMap::new();
        for (id, info) in index.modules.iter().enumerate() {
            let text = info.module.text();
            if !text.contains(MARK) {
                continue;
            }
            for (offset, comment) in info.module.comments() {
                let content = comment.trim_start_matches('#').trim_start();
                let Some(rest) = content.strip_prefix(MARK) else {
                    continue;
                };
                // A comment on a line of its own belongs to the next line with code.
                let line = line_of(text, offset);
                let is_alone = text[line..offset].trim().is_empty();
                let target = if is_alone {
                    next_code(text, offset)
                } else {
                    line
                };
                let comment = Comment {
                    offset,
                    rules: parse(rest),
                    is_used: false,
                };
                comments.entry(id).or_default().insert(target, comment);
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
        let comment = self.comment(module, offset);
        let Some(comment) =
            comment.filter(|c| matches!(&c.rules, Ok(rules) if rules.contains(&rule)))
        else {
            return false;
        };
        comment.is_used = true;
        true
    }

    /// The rules that the comment of a call allows to break in the called code.
    pub(super) fn at(&mut self, module: ModuleId, offset: usize) -> BTreeSet<Rule> {
        match self.comment(module, offset) {
            Some(comment) => {
                comment.is_used = true;
                comment.rules.clone().unwrap_or_default()
            }
            None => BTreeSet::new(),
        }
    }

    fn comment(&mut self, module: ModuleId, offset: usize) -> Option<&mut Comment> {
        let comments = self.comments.get_mut(&module)?;
        comments.get_mut(&line_of(self.texts[module], offset))
    }

    /// The number of comments that allow something.
    pub(super) fn used(&self) -> usize {
        let comments = self.comments.values().flat_map(BTreeMap::values);
        comments.filter(|comment| comment.is_used).count()
    }

    /// Comments that are wrong or allow nothing: their module, offset, and what is wrong.
    pub(super) fn faults(&self) -> Vec<(ModuleId, usize, String)> {
        let mut faults = Vec::new();
        for (module, comments) in &self.comments {
            for comment in comments.values() {
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
