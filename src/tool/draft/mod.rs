//! A plan under construction: pending changes on top of the project's files.

mod edits;
mod files;
mod records;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::change::{Change, Rank};
use crate::edit::EditError;
use crate::edit::python::Module;
use crate::edit::toml::PyProject;
use crate::edit::yaml::Document;
use crate::name::RelPath;
use crate::plan::{Deed, Left, Next, Notes, Plan, Subject, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, Project};
use crate::record::Record;

use self::whole::whole_folders;
use super::Refused;

/// A plan under construction.
#[derive(Debug)]
pub struct Draft<'a> {
    project: &'a Project,
    force: bool,
    files: BTreeMap<RelPath, File>,
    /// The files that the step which acts now may have changed.
    touched: BTreeSet<RelPath>,
    kept: Vec<RelPath>,
    /// The records of the steps that act in this plan.
    records: BTreeMap<RelPath, Record>,
    /// The record of the step that acts now; none if something is removed.
    owner: Option<RelPath>,
    problems: Vec<Problem>,
    /// What the report tells besides the changes.
    pub notes: Notes,
}

#[derive(Debug)]
struct File {
    before: Option<String>,
    after: After,
    rank: Rank,
    kind: Kind,
    /// Its text after each step that has changed it, with the record of the step; without one,
    /// the change is not recorded.
    stages: Vec<(Option<RelPath>, String)>,
}

/// To whom a file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A file of the user that is edited.
    Edited,
    /// A file of a new service. An existing file with other content is a conflict.
    Started,
    /// A file that belongs to the user once it is written.
    Scaffold,
    /// A file that belongs to bluetext.
    Library,
}

/// What a file will hold.
#[derive(Debug)]
enum After {
    Text(String),
    /// A YAML file that is edited; the result is verified once, at the end.
    Yaml(Box<Document>),
    /// It is removed.
    Gone,
}

impl After {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Yaml(document) => Some(document.text()),
            Self::Gone => None,
        }
    }

    /// Whether it differs from the text that the file has.
    fn differs(&self, before: Option<&str>) -> bool {
        match self {
            Self::Yaml(document) if document.is_edited() => true,
            after => before != after.text(),
        }
    }
}

impl File {
    /// Note the text that the step of a record leaves.
    fn end_stage(&mut self, record: &RelPath) {
        let text = match &self.after {
            After::Text(text) => Some(text.clone()),
            After::Yaml(document) => document.preview(),
            After::Gone => None,
        };
        let last = self.stages.last().map(|(_, text)| text);
        if let Some(text) = text
            && last.or(self.before.as_ref()) != Some(&text)
        {
            self.stages.push((Some(record.clone()), text));
        }
    }
}

impl<'a> Draft<'a> {
    /// Create an empty draft.
    #[must_use]
    pub fn new(project: &'a Project, force: bool) -> Self {
        Self {
            project,
            force,
            files: BTreeMap::new(),
            touched: BTreeSet::new(),
            kept: Vec::new(),
            records: BTreeMap::new(),
            owner: None,
            problems: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// The project as it was read.
    #[must_use]
    pub fn project(&self) -> &'a Project {
        self.project
    }

    /// The text of a file with the changes planned so far.
    #[must_use]
    pub fn text(&self, path: &RelPath) -> Option<&str> {
        match self.files.get(path) {
            Some(file) => file.after.text(),
            None => self.project.text(path),
        }
    }

    /// Whether a file exists at a path, or is planned.
    #[must_use]
    pub fn exists(&self, path: &RelPath) -> bool {
        match self.files.get(path) {
            Some(file) => file.after.text().is_some(),
            None => self.project.entry(path).is_some(),
        }
    }

    /// Whether anything changes so far.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let mut files = self.files.values();
        files.any(|file| file.after.differs(file.before.as_deref()))
    }

    /// A Python module with the changes planned so far; `None` if the file does not exist.
    #[must_use]
    pub fn module(&self, path: &RelPath) -> Option<Rc<Result<Module, EditError>>> {
        match self.files.get(path) {
            Some(file) if file.before.as_deref() != file.after.text() => {
                Some(Rc::new(Module::parse(file.after.text()?)))
            }
            _ => self.project.module(path),
        }
    }

    /// A `pyproject.toml` with the changes planned so far; `None` if the file does not exist.
    #[must_use]
    pub fn pyproject(&self, path: &RelPath) -> Option<Rc<Result<PyProject, EditError>>> {
        match self.files.get(path) {
            Some(file) if file.before.as_deref() != file.after.text() => {
                Some(Rc::new(PyProject::parse(file.after.text()?)))
            }
            _ => self.project.pyproject(path),
        }
    }

    /// The text of a file that must exist.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub fn readable(&self, path: &RelPath) -> Result<&str, Problem> {
        match (self.text(path), self.project.entry(path)) {
            (Some(text), _) => Ok(text),
            (None, Some(Content::Unreadable(reason))) => Err(unreadable(path, reason)),
            (None, Some(Content::Unread)) => {
                self.project.want(path);
                Err(unreadable(path, "it has not been read"))
            }
            (None, _) => Err(unreadable(path, "there is no such file")),
        }
    }

    /// Add a problem that prevents the request.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Add a warning.
    pub fn warn(&mut self, code: WarningCode, message: String, path: Option<RelPath>) {
        self.notes.warnings.push(Warning {
            code,
            message,
            path,
        });
    }

    /// Recommend a command of another program as the next one.
    pub fn recommend(&mut self, command: impl Into<String>, why: impl Into<String>) {
        let (command, why) = (command.into(), why.into());
        let tool = None;
        self.notes.next.push(Next { tool, command, why });
    }

    /// What the step that acts now does with what it is for.
    #[must_use]
    pub fn deed(&self) -> Deed {
        match &self.owner {
            None => Deed::Remove,
            Some(_) if self.is_on_record() => Deed::Update,
            Some(_) => Deed::Add,
        }
    }

    /// Say what the plan does, for the first line of its report.
    pub fn say(&mut self, deed: Deed, what: impl Into<String>, service: Option<String>) {
        let what = what.into();
        self.notes.subject = Some(Subject {
            deed,
            what,
            service,
        });
    }

    /// The plan.
    ///
    /// # Errors
    ///
    /// All problems found.
    pub fn finish(mut self) -> Result<Plan, Refused> {
        let mut changes = Vec::new();
        let kept = std::mem::take(&mut self.kept);
        let mut left: Vec<_> = kept.into_iter().map(|p| (p, Left::Kept)).collect();
        for (path, mut file) in std::mem::take(&mut self.files) {
            let after = match &file.after {
                After::Text(text) => Some(text.clone()),
                After::Gone => None,
                After::Yaml(document) => match document.finish() {
                    Ok(edited) => Some(edited.into_text(document.text())),
                    Err(errors) => {
                        let file = || Some(path.clone());
                        let problems = errors.into_iter().map(|e| Problem::of_edit(e, file()));
                        self.problems.extend(problems);
                        continue;
                    }
                },
            };
            if let Some(owner) = &self.owner {
                file.end_stage(owner);
            }
            self.put_on_record(&path, &file);
            if file.before == after {
                if after.is_some() {
                    left.push((path, Left::Unchanged));
                }
                continue;
            }
            if file.kind == Kind::Started && file.before.is_some() && after.is_some() {
                let what = "a file with other content exists at a path of the new service";
                self.problems.push(
                    in_the_way(&path, what).hint("bluetext add-temporal-client --new-service NAME"),
                );
                continue;
            }
            changes.push(Change {
                path,
                before: file.before,
                after,
                rank: file.rank,
            });
        }
        changes.extend(self.changed_records());
        let written: BTreeSet<&RelPath> = changes.iter().map(|change| &change.path).collect();
        left.retain(|(path, _)| !written.contains(path));
        if !self.problems.is_empty() {
            let mut problems: Vec<Problem> = Vec::new();
            for problem in self.problems {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            return Err(problems.into());
        }
        let mut plan = Plan::new(changes, left);
        if self.owner.is_none() {
            plan.reverse();
        }
        plan.notes = self.notes;
        plan.notes.whole_folders = whole_folders(self.project, plan.changes());
        Ok(plan)
    }
}

fn in_the_way(path: &RelPath, what: &str) -> Problem {
    Problem::new(
        ErrorCode::InTheWay,
        format!("`{path}` is in the way: {what}"),
    )
    .in_file(path.clone())
    .hint(format!(
        "`{path}` belongs to you and is not changed; this step works once the path is free"
    ))
}

fn unreadable(path: &RelPath, reason: &str) -> Problem {
    Problem::new(
        ErrorCode::Unreadable,
        format!("`{path}` cannot be read: {reason}"),
    )
    .in_file(path.clone())
}
