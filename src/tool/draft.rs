//! A plan under construction: pending changes on top of the project's files.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::change::{Change, Rank};
use crate::edit::python::Module;
use crate::edit::toml::PyProject;
use crate::edit::undo;
use crate::edit::yaml::Document;
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::plan::{Left, Notes, Plan, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, PolytopeFile, Project, ProjectError};
use crate::record::{Hash, Record, folded};

use super::Refused;

/// A plan under construction.
#[derive(Debug)]
pub struct Draft<'a> {
    project: &'a Project,
    force: bool,
    files: BTreeMap<RelPath, File>,
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

    /// The record of the step that acts now.
    #[must_use]
    pub fn acting(&self) -> Option<RelPath> {
        self.owner.clone()
    }

    /// From now on, changes are those of the step with this record.
    pub fn act_for(&mut self, record: RelPath) {
        if self.owner.as_ref() == Some(&record) {
            return;
        }
        if let Some(owner) = self.owner.take() {
            for file in self.files.values_mut() {
                file.end_stage(&owner);
            }
        }
        if !self.records.contains_key(&record) {
            let found = self.recorded(&record);
            self.records
                .insert(record.clone(), found.unwrap_or_default());
        }
        self.owner = Some(record);
    }

    /// A record of the project; `None` if there is none. One that cannot be read is a problem.
    pub fn recorded(&mut self, path: &RelPath) -> Option<Record> {
        let text = match self.project.entry(path)? {
            Content::Text(text) => text,
            Content::Unreadable(reason) => {
                self.problems.push(unreadable(path, reason));
                return None;
            }
            Content::Folder | Content::Unread => return None,
        };
        let parsed = Record::parse(text);
        parsed
            .map_err(|error| {
                let problem = Problem::of_edit(error, Some(path.clone()));
                self.problems.push(problem.hint(format!(
                    "restore `{path}` from version control: bluetext wrote it"
                )));
            })
            .ok()
    }

    /// The record of the step that acts now.
    pub fn record(&mut self) -> &mut Record {
        let owner = self.owner.clone();
        let Some(owner) = owner else {
            unreachable!("a step acts");
        };
        self.records.entry(owner).or_default()
    }

    /// Whether the step that acts now is on record.
    #[must_use]
    pub fn is_on_record(&self) -> bool {
        let owner = self.owner.as_ref();
        owner.is_some_and(|owner| self.project.entry(owner).is_some())
    }

    /// Whether anything changes so far.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let mut files = self.files.values();
        files.any(|file| file.after.differs(file.before.as_deref()))
    }

    /// Whether changed files of bluetext are replaced or removed.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.force
    }

    /// Leave a file that somebody has changed, with a warning.
    pub fn keep(&mut self, path: RelPath, message: String) {
        self.warn(WarningCode::Kept, message, Some(path.clone()));
        self.kept.push(path);
    }

    /// The files that are removed so far.
    pub fn removed(&self) -> impl Iterator<Item = &RelPath> {
        let files = self.files.iter();
        files
            .filter(|(_, file)| matches!(file.after, After::Gone))
            .map(|(path, _)| path)
    }

    /// Whether any file that somebody has changed is left as it is.
    #[must_use]
    pub fn keeps_any(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Whether a file that somebody has changed is left as it is.
    #[must_use]
    pub fn is_kept(&self, path: &RelPath) -> bool {
        self.kept.contains(path)
    }

    /// A file that belongs to bluetext. One that nobody has changed since it was written is
    /// brought to this text; another one is kept, with a warning, unless `--force` replaces it.
    pub fn library(&mut self, path: RelPath, text: String, rank: Rank) {
        let Ok(before) = self.current(&path) else {
            return;
        };
        let text = match &before {
            // In another line ending, it is the same.
            Some(before) if folded(before) == folded(&text) => before.clone(),
            Some(before) if before.contains("\r\n") => text.replace('\n', "\r\n"),
            _ => text,
        };
        let recorded = self.record().library.get(path.as_str());
        let is_ours = |before: &String| *before == text || recorded == Some(&Hash::of(before));
        if !before.as_ref().is_none_or(is_ours) && !self.force {
            let message = format!(
                "`{path}` belongs to bluetext, has been changed, and is left as it is; \
                 `--diff --force --dry-run` shows the difference, `--force` replaces it"
            );
            self.keep(path, message);
            return;
        }
        let hash = Hash::of(&text);
        self.record().library.insert(path.to_string(), hash);
        self.put(path, before, After::Text(text), rank, Kind::Library);
    }

    /// A file that belongs to the user once it is written. One that exists is left as it is.
    pub fn scaffold(&mut self, path: RelPath, text: String, rank: Rank) {
        let Ok(before) = self.current(&path) else {
            return;
        };
        match before {
            None => self.put(path, None, After::Text(text), rank, Kind::Scaffold),
            // One of a killed run, or of a version without records.
            Some(before) if before == text && !text.is_empty() => {
                let created = &mut self.record().created;
                let known = created.entry(path.to_string());
                known.or_insert_with(|| Hash::of(&before));
            }
            Some(before) if before == text => {}
            Some(_) if self.is_on_record() => {}
            Some(_) => self.warn(
                WarningCode::Kept,
                format!("`{path}` exists already and is left as it is"),
                Some(path.clone()),
            ),
        }
    }

    /// Do not record the last edit of a file: it can be undone without.
    pub fn leave_off_record(&mut self, path: &RelPath) {
        if let Some(file) = self.files.get_mut(path)
            && let Some(text) = file.after.text().map(str::to_owned)
        {
            file.stages.push((None, text));
        }
    }

    /// Remove a file.
    pub fn remove(&mut self, path: RelPath, rank: Rank) {
        let before = self.project.text(&path).map(str::to_owned);
        match self.files.get_mut(&path) {
            Some(file) => file.after = After::Gone,
            None if before.is_some() => {
                self.put(path, before, After::Gone, rank, Kind::Edited);
            }
            None => {}
        }
    }

    /// Replace the text of a file of the user from which something is removed.
    pub fn replace(&mut self, path: RelPath, text: String, rank: Rank) {
        let before = self.project.text(&path).map(str::to_owned);
        match self.files.get_mut(&path) {
            Some(file) => file.after = After::Text(text),
            None => self.put(path, before, After::Text(text), rank, Kind::Edited),
        }
    }

    /// Add a file of a new service, which can then be edited like an existing file.
    pub fn start_file(&mut self, path: &RelPath, text: String, rank: Rank) {
        if let Ok(before) = self.current(path) {
            // One that a killed run has written is on record.
            let owner = self.owner.clone().filter(|_| before.is_none());
            let after = After::Text(text.clone());
            self.put(path.clone(), before, after, rank, Kind::Started);
            if let Some(file) = self.files.get_mut(path) {
                file.stages.push((owner, text));
            }
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
            self.put(path.clone(), before, after, rank, Kind::Edited);
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
            After::Gone => Err(unreadable(path, "there is no such file")),
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
                self.put(path.clone(), before, After::Text(after), rank, Kind::Edited);
            }
            (Edited::Unchanged, Some(_)) => {}
            (Edited::Unchanged, None) => {
                let text = self.readable(path)?.to_owned();
                let after = After::Text(text.clone());
                self.put(path.clone(), Some(text), after, rank, Kind::Edited);
            }
        }
        Ok(())
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
        let is_changed = |path: &RelPath| changes.iter().any(|change| change.path == *path);
        left.retain(|(path, _)| !is_changed(path));
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
        if self.owner.is_none() {
            plan.reverse();
        }
        plan.notes = self.notes;
        Ok(plan)
    }

    /// Note on record what each step does to a file.
    fn put_on_record(&mut self, path: &RelPath, file: &File) {
        let mut from = file.before.as_deref();
        for (owner, to) in &file.stages {
            let Some(owner) = owner else {
                from = Some(to);
                continue;
            };
            let record = self.records.entry(owner.clone()).or_default();
            match from {
                // A library file has been noted already.
                _ if file.kind == Kind::Library => {}
                None => {
                    record.created.insert(path.to_string(), Hash::of(to));
                }
                Some(from) => {
                    let edits = record.edited.entry(path.to_string()).or_default();
                    edits.retain(|insertion| undo::has(from, insertion));
                    edits.extend(undo::insertions(from, to));
                }
            }
            from = Some(to);
        }
    }

    /// The records that differ from those of the project.
    fn changed_records(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, mut record) in std::mem::take(&mut self.records) {
            let before = self.project.record(&path);
            if let Some(before) = &before {
                // The version alone says nothing about the files.
                record.version.clone_from(&before.version);
            }
            if record.is_empty() || before.as_ref() == Some(&record) {
                continue;
            }
            env!("CARGO_PKG_VERSION").clone_into(&mut record.version);
            // Insertions are on record before they are made, so that those of a killed run can be
            // taken out. The hash of a library file is noted after the file is replaced: a
            // killed run must not make it look changed.
            let same_edits = before.is_some_and(|before| before.edited == record.edited);
            let is_last = same_edits || record.workflow.is_some();
            changes.push(Change {
                before: self.project.text(&path).map(str::to_owned),
                after: Some(record.to_string()),
                rank: if is_last {
                    Rank::LastRecord
                } else {
                    Rank::Record
                },
                path,
            });
        }
        changes
    }

    fn put(&mut self, path: RelPath, before: Option<String>, after: After, rank: Rank, kind: Kind) {
        self.files.insert(
            path,
            File {
                before,
                after,
                rank,
                kind,
                stages: Vec::new(),
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
