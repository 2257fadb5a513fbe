//! A plan under construction: pending changes on top of the project's files.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::change::{Change, Rank};
use crate::edit::python::Module;
use crate::edit::toml::PyProject;
use crate::edit::yaml::Document;
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::plan::{Left, Notes, Plan, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, PolytopeFile, Project, ProjectError};

use super::Refused;

/// A plan under construction.
#[derive(Debug)]
pub struct Draft<'a> {
    project: &'a Project,
    force: bool,
    files: BTreeMap<RelPath, File>,
    kept: Vec<RelPath>,
    problems: Vec<Problem>,
    /// What the report tells besides the changes.
    pub notes: Notes,
}

#[derive(Debug)]
struct File {
    before: Option<String>,
    after: After,
    rank: Rank,
    /// Whether it belongs to a new service. If so, an existing file with other content is a
    /// conflict.
    must_be_new: bool,
}

/// What a file will hold.
#[derive(Debug)]
enum After {
    Text(String),
    /// A YAML file that is edited; the result is verified once, at the end.
    Yaml(Box<Document>),
}

impl After {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Yaml(document) => document.text(),
        }
    }

    /// Whether it differs from the text that the file has.
    fn differs(&self, before: Option<&str>) -> bool {
        match self {
            Self::Yaml(document) if document.is_edited() => true,
            after => before != Some(after.text()),
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
            kept: Vec::new(),
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
            Some(file) => Some(file.after.text()),
            None => self.project.text(path),
        }
    }

    /// Whether a file exists at a path, or is planned.
    #[must_use]
    pub fn exists(&self, path: &RelPath) -> bool {
        self.files.contains_key(path) || self.project.entry(path).is_some()
    }

    /// Whether anything changes so far.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let mut files = self.files.values();
        files.any(|file| file.after.differs(file.before.as_deref()))
    }

    /// Whether a generated file has been edited and is left unchanged.
    #[must_use]
    pub fn is_kept(&self, path: &RelPath) -> bool {
        self.kept.contains(path)
    }

    /// A generated file. One that exists and differs is kept, with a warning, unless
    /// `--force` replaces it.
    pub fn generate(&mut self, path: RelPath, text: String, rank: Rank) {
        let Ok(before) = self.current(&path) else {
            return;
        };
        let differs = before.as_ref().is_some_and(|before| *before != text);
        if differs && !self.force {
            self.warn(
                WarningCode::Kept,
                format!(
                    "`{path}` differs from what this call would write and is left as it is; \
                     `--diff --force --dry-run` shows the difference"
                ),
                Some(path.clone()),
            );
            self.kept.push(path);
            return;
        }
        self.put(path, before, After::Text(text), rank, false);
    }

    /// Add a file of a new service, which can then be edited like an existing file.
    pub fn start_file(&mut self, path: RelPath, text: String, rank: Rank) {
        if let Ok(before) = self.current(&path) {
            self.put(path, before, After::Text(text), rank, true);
        }
    }

    /// A YAML file with the changes planned so far, for editing.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read or parsed, as a problem of this file.
    pub fn document(&mut self, path: &RelPath, rank: Rank) -> Result<&mut Document, Problem> {
        let broken = |error| Problem::of_edit(error, Some(path.clone()));
        if !self.files.contains_key(path) {
            let document = match self.project.polytope_file(path) {
                Some(file) => file.document.clone(),
                None => Document::parse(self.readable(path)?).map_err(broken)?,
            };
            let before = self.project.text(path).map(str::to_owned);
            let after = After::Yaml(Box::new(document));
            self.put(path.clone(), before, after, rank, false);
        }
        let Some(file) = self.files.get_mut(path) else {
            unreachable!("it has just been put there");
        };
        if let After::Text(text) = &file.after {
            let document = Document::parse(text.as_str()).map_err(broken)?;
            file.after = After::Yaml(Box::new(document));
        }
        match &mut file.after {
            After::Yaml(document) => Ok(document),
            After::Text(_) => unreachable!("it has just been parsed"),
        }
    }

    /// A `polytope.yml` with the changes planned so far.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub fn polytope_file(&mut self, path: &RelPath, rank: Rank) -> Result<PolytopeFile, Problem> {
        let document = self.document(path, rank)?.clone();
        PolytopeFile::of(path.clone(), document).map_err(|fault| {
            let path = path.clone();
            ProjectError { path, fault }.into()
        })
    }

    /// Edit an existing or newly started YAML file. An edit that is not possible becomes a
    /// problem of the plan, at the end. Return whether there was something to edit.
    pub fn edit_yaml(
        &mut self,
        path: &RelPath,
        rank: Rank,
        edit: impl FnOnce(&mut Document) -> Result<bool, EditError>,
    ) -> bool {
        let document = self.document(path, rank);
        let edited = document.and_then(|document| {
            edit(document).map_err(|error| Problem::of_edit(error, Some(path.clone())))
        });
        edited.unwrap_or_else(|problem| {
            self.problems.push(problem);
            false
        })
    }

    /// Edit a YAML file; the caller handles a failed edit.
    ///
    /// # Errors
    ///
    /// The refusal as a problem of this file.
    pub fn try_edit_yaml(
        &mut self,
        path: &RelPath,
        rank: Rank,
        edit: impl FnOnce(&mut Document) -> Result<bool, EditError>,
    ) -> Result<bool, Problem> {
        let document = self.document(path, rank)?;
        let before = document.clone();
        let edited = edit(document).and_then(|is_changed| match document.check() {
            Ok(()) => Ok(is_changed),
            Err(errors) => Err(errors[0].clone()),
        });
        edited.map_err(|error| {
            *document = before;
            Problem::of_edit(error, Some(path.clone()))
        })
    }

    /// Record the result of editing a file that is not YAML; the caller handles a failed edit.
    ///
    /// # Errors
    ///
    /// The refusal as a problem of this file.
    pub fn apply(
        &mut self,
        path: &RelPath,
        rank: Rank,
        edited: Result<Edited, EditError>,
    ) -> Result<(), Problem> {
        let edited = edited.map_err(|error| Problem::of_edit(error, Some(path.clone())))?;
        match (edited, self.files.get_mut(path)) {
            (Edited::Changed(after), Some(file)) => file.after = After::Text(after),
            (Edited::Changed(after), None) => {
                let before = self.project.text(path).map(str::to_owned);
                self.put(path.clone(), before, After::Text(after), rank, false);
            }
            (Edited::Unchanged, Some(_)) => {}
            (Edited::Unchanged, None) => {
                let text = self.readable(path)?.to_owned();
                let after = After::Text(text.clone());
                self.put(path.clone(), Some(text), after, rank, false);
            }
        }
        Ok(())
    }

    /// A Python module with the changes planned so far; `None` if the file does not exist.
    #[must_use]
    pub fn module(&self, path: &RelPath) -> Option<Rc<Result<Module, EditError>>> {
        match self.files.get(path) {
            Some(file) if file.before.as_deref() != Some(file.after.text()) => {
                Some(Rc::new(Module::parse(file.after.text())))
            }
            _ => self.project.module(path),
        }
    }

    /// A `pyproject.toml` with the changes planned so far; `None` if the file does not exist.
    #[must_use]
    pub fn pyproject(&self, path: &RelPath) -> Option<Rc<Result<PyProject, EditError>>> {
        match self.files.get(path) {
            Some(file) if file.before.as_deref() != Some(file.after.text()) => {
                Some(Rc::new(PyProject::parse(file.after.text())))
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

    /// The plan.
    ///
    /// # Errors
    ///
    /// All problems found.
    pub fn finish(mut self) -> Result<Plan, Refused> {
        let mut changes = Vec::new();
        let mut left: Vec<_> = self.kept.into_iter().map(|p| (p, Left::Kept)).collect();
        for (path, file) in self.files {
            let after = match file.after {
                After::Text(text) => text,
                After::Yaml(document) => {
                    let started = document.text().to_owned();
                    match document.finish() {
                        Ok(edited) => edited.into_text(&started),
                        Err(errors) => {
                            let file = || Some(path.clone());
                            let problems = errors.into_iter().map(|e| Problem::of_edit(e, file()));
                            self.problems.extend(problems);
                            continue;
                        }
                    }
                }
            };
            if file.before.as_ref() == Some(&after) {
                left.push((path, Left::Unchanged));
                continue;
            }
            if file.must_be_new && file.before.is_some() && !self.force {
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
        if !self.problems.is_empty() {
            let mut problems: Vec<Problem> = Vec::new();
            for problem in self.problems {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            return Err(Refused {
                problems,
                next: Vec::new(),
            });
        }
        let mut plan = Plan::new(changes, left);
        plan.notes = self.notes;
        Ok(plan)
    }

    fn put(
        &mut self,
        path: RelPath,
        before: Option<String>,
        after: After,
        rank: Rank,
        must_be_new: bool,
    ) {
        self.files.insert(
            path,
            File {
                before,
                after,
                rank,
                must_be_new,
            },
        );
    }

    /// The text at the path of a generated file. A folder or unreadable file is a problem.
    fn current(&mut self, path: &RelPath) -> Result<Option<String>, ()> {
        let problem = match self.project.entry(path) {
            None => match self.obstacle_above(path) {
                None => return Ok(None),
                Some(problem) => problem,
            },
            Some(Content::Text(text)) => return Ok(Some(text.clone())),
            Some(Content::Folder) => in_the_way(path, "it is a folder, and a file is needed there"),
            Some(Content::Unreadable(reason)) => unreadable(path, reason),
            // The plan is made again with the text of each file that it would write.
            Some(Content::Unread) => return Ok(None),
        };
        self.problems.push(problem);
        Err(())
    }

    /// A file or unreadable entry at the path of a parent folder.
    fn obstacle_above(&self, path: &RelPath) -> Option<Problem> {
        let parent = path.parent()?;
        match self.project.entry(&parent) {
            Some(Content::Text(_) | Content::Unread) => Some(in_the_way(
                &parent,
                "it is a file, and a folder is needed there",
            )),
            Some(Content::Unreadable(reason)) => Some(in_the_way(&parent, reason)),
            Some(Content::Folder) | None => self.obstacle_above(&parent),
        }
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
