//! What each step of a plan does, on record.

use crate::change::{Change, Rank};
use crate::edit::undo::{self, Insertion, Language};
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::problem::Problem;
use crate::project::Content;
use crate::record::{Hash, Record};

use super::{Draft, File, Kind, in_the_way, unreadable};

impl Draft<'_> {
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
            for path in std::mem::take(&mut self.touched) {
                if let Some(file) = self.files.get_mut(&path) {
                    file.end_stage(&owner);
                }
            }
        }
        if !self.records.contains_key(&record) {
            let mut found = self.recorded(&record).unwrap_or_default();
            found.is_left = false;
            self.records.insert(record.clone(), found);
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
            Content::Folder => {
                let what = "it is a folder, and a file is needed there";
                self.problems.push(in_the_way(path, what));
                return None;
            }
            Content::Unread => return None,
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

    /// As [`apply`](Self::apply), but the edit is not recorded: it can be undone without.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn apply_off_record(
        &mut self,
        path: &RelPath,
        rank: Rank,
        edited: Result<Edited, EditError>,
    ) -> Result<(), Problem> {
        // Earlier edits of this step stay on record: they end here.
        if let (Some(owner), Some(file)) = (&self.owner, self.files.get_mut(path)) {
            file.end_stage(owner);
        }
        self.apply(path, rank, edited)?;
        if let Some(file) = self.files.get_mut(path)
            && let Some(text) = file.after.text().map(str::to_owned)
        {
            file.stages.push((None, text));
        }
        Ok(())
    }

    /// Note on record what each step does to a file.
    pub(super) fn put_on_record(&mut self, path: &RelPath, file: &File) {
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
                    let new = undo::insertions(Language::of(path.file_name()), from, to);
                    // One of a killed run has not been made; one that has been edited since
                    // stays on record.
                    let is_repeated = |old: &Insertion| {
                        !undo::has(from, old) && new.iter().any(|new| new.inserted == old.inserted)
                    };
                    edits.retain(|insertion| !is_repeated(insertion));
                    edits.extend(new);
                }
            }
            from = Some(to);
        }
    }

    /// The records that differ from those of the project.
    pub(super) fn changed_records(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, mut record) in std::mem::take(&mut self.records) {
            let before = self.project.record(&path);
            if let Some(before) = &before {
                // The version alone says nothing about the files.
                record.version.clone_from(&before.version);
            }
            if record.is_empty() || before.as_deref() == Some(&record) {
                continue;
            }
            env!("CARGO_PKG_VERSION").clone_into(&mut record.version);
            // Insertions are on record before they are made, so that those of a killed run can be
            // taken out. The hash of a library file is noted after the file is replaced: a
            // killed run must not make it look changed.
            let text = record.to_string();
            if let Err(error) = Record::parse(text.as_str()) {
                let problem = Problem::of_edit(error, Some(path.clone()));
                self.problems.push(problem);
                continue;
            }
            let same_edits = before.is_some_and(|before| before.edited == record.edited);
            let is_last = same_edits || record.workflow.is_some();
            changes.push(Change {
                before: self.project.text(&path).map(str::to_owned),
                after: Some(text),
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
}
