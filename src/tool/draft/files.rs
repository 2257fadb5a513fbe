//! Files that a plan creates, brings to this version, or removes.

use crate::change::Rank;
use crate::name::RelPath;
use crate::problem::{Problem, WarningCode};
use crate::project::Content;
use crate::record::{self, Hash, folded};

use super::{After, Draft, File, Kind, in_the_way, unreadable};

impl Draft<'_> {
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

    /// Whether a file that belongs to bluetext was changed since it was written, so that this
    /// run does not replace it with this text.
    #[must_use]
    pub fn is_changed_library(&mut self, path: &RelPath, text: &str) -> bool {
        let recorded = self.record().library.get(path.as_str()).cloned();
        let there = self.project.text(path);
        !self.force
            && there.is_some_and(|there| {
                folded(there) != folded(text) && recorded != Some(Hash::of(there))
            })
    }

    /// Remove the files of a library that are on record and that this version does not have.
    /// One that somebody has changed is left.
    pub fn drop_library(&mut self, current: &[RelPath]) {
        let record = self.record();
        let is_current = |path: &str| current.iter().any(|known| known.as_str() == path);
        let mut dropped = record.library.clone();
        dropped.retain(|path, _| !is_current(path));
        for (path, hash) in record::paths(&dropped) {
            let there = self.project.text(&path).map(Hash::of);
            let is_left = there.as_ref().is_some_and(|there| there != hash) && !self.force;
            if !is_left {
                self.record().library.remove(path.as_str());
            }
            match there {
                Some(_) if !is_left => self.remove(path, Rank::Dropped),
                Some(_) => {
                    let message = format!(
                        "`{path}` is no longer part of the client library, has been changed, and \
                         is left as it is; `--force` removes it"
                    );
                    self.keep(path, message);
                }
                None => {}
            }
        }
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

    /// Remove a file.
    pub fn remove(&mut self, path: RelPath, rank: Rank) {
        if self.files.contains_key(&path) || self.project.text(&path).is_some() {
            self.set(path, After::Gone, rank);
        }
    }

    /// Replace the text of a file of the user from which something is removed.
    pub fn replace(&mut self, path: RelPath, text: String, rank: Rank) {
        self.set(path, After::Text(text), rank);
    }

    /// Give a file other content: one of the plan, or one of the user.
    pub(super) fn set(&mut self, path: RelPath, after: After, rank: Rank) {
        if let Some(file) = self.file(&path) {
            file.after = after;
            return;
        }
        let before = self.project.text(&path).map(str::to_owned);
        self.put(path, before, after, rank, Kind::Edited);
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

    /// A file of the plan, to change it.
    pub(super) fn file(&mut self, path: &RelPath) -> Option<&mut File> {
        let file = self.files.get_mut(path)?;
        self.touched.insert(path.clone());
        Some(file)
    }

    pub(super) fn put(
        &mut self,
        path: RelPath,
        before: Option<String>,
        after: After,
        rank: Rank,
        kind: Kind,
    ) {
        self.touched.insert(path.clone());
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
    pub(in crate::tool) fn current(&mut self, path: &RelPath) -> Result<Option<String>, ()> {
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
    pub(super) fn obstacle_above(&self, path: &RelPath) -> Option<Problem> {
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

    /// Whether changed files of bluetext are replaced or removed.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.force
    }
}
