//! Findings of `check`, as JSON and as text.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::{At, Finding};
use crate::disk;
use crate::name::plain;
use crate::problem::marked;

/// A rule that is broken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedFinding {
    /// The rule, as in `check --explain`.
    #[serde(rename = "code")]
    pub(super) rule: &'static str,
    /// What the code does.
    pub(super) message: String,
    /// The file, relative to the project's folder.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
    /// What happens if it stays.
    pub(super) why: &'static str,
    /// What to write instead.
    pub(super) instead: &'static str,
    /// The calls that lead from workflow code to the place, in order; empty if it is in the
    /// workflow's own methods.
    pub(super) calls: Vec<ReportedCall>,
    /// The classes of the workflows whose code breaks the rule.
    pub(super) workflows: Vec<String>,
    #[serde(skip)]
    excerpt: Option<String>,
}

/// A call on the way from a workflow to a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportedCall {
    /// What is called.
    pub(super) called: String,
    /// The file of the call, relative to the project's folder.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
}

impl ReportedFinding {
    pub(super) fn of(finding: &Finding, root: &Path) -> Self {
        let At { path, position } = &finding.at;
        Self {
            rule: finding.rule.code(),
            message: finding.message.clone(),
            path: path.to_string(),
            line: position.line,
            column: position.column,
            why: finding.rule.why(),
            instead: finding.rule.instead(),
            calls: finding
                .trace
                .iter()
                .map(|(called, at)| ReportedCall {
                    called: called.clone(),
                    path: at.path.to_string(),
                    line: at.position.line,
                    column: at.position.column,
                })
                .collect(),
            workflows: finding.workflows.clone(),
            excerpt: disk::line_of(&root.join(path.as_str()), position.line),
        }
    }

    pub(super) fn human(&self) -> String {
        let bold = Style::new().bold();
        let red = AnsiColor::Red.on_default().bold();
        let mut text = format!(
            "{bold}{}:{}:{}{bold:#} {red}{}{red:#} {}\n",
            plain(&self.path),
            self.line,
            self.column,
            self.rule,
            plain(&self.message)
        );
        if let Some(excerpt) = &self.excerpt {
            text.push_str(&marked(excerpt, self.line, self.column));
        }
        for call in &self.calls {
            let _ = writeln!(
                text,
                "  through {} at {}:{}:{}",
                plain(&call.called),
                plain(&call.path),
                call.line,
                call.column
            );
        }
        match self.workflows.as_slice() {
            [] => {}
            names => {
                const MAX_NAMES: usize = 3;
                let more = names.len().saturating_sub(MAX_NAMES);
                let mut list = names[..names.len().min(MAX_NAMES)].join(", ");
                if more > 0 {
                    let _ = write!(list, " and {more} more");
                }
                let _ = writeln!(text, "  in {}", plain(&list));
            }
        }
        let _ = writeln!(text, "  {}", self.why);
        let _ = writeln!(text, "  {bold}instead:{bold:#} {}", self.instead);
        text
    }
}
