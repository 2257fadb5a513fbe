//! Edits of files that exist or have just been started.

use crate::change::Rank;
use crate::edit::yaml::Document;
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::problem::Problem;
use crate::project::{PolytopeFile, ProjectError};

use super::{After, Draft, unreadable};

impl Draft<'_> {
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
            self.set(path.clone(), After::Yaml(Box::new(document)), rank);
        }
        let Some(file) = self.file(path) else {
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
        let text = match edited {
            Edited::Changed(text) => text,
            Edited::Unchanged if self.file(path).is_some() => return Ok(()),
            Edited::Unchanged => self.readable(path)?.to_owned(),
        };
        self.set(path.clone(), After::Text(text), rank);
        Ok(())
    }
}
