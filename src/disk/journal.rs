//! The list of a run's temporary files, from which the next run removes those of a killed one.
//!
//! It is a file of the project that exists only while a run writes. Each temporary file is
//! beside its target, so that it is on the same file system.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::path::{Component, PathBuf};

use serde::{Deserialize, Serialize};

use super::open_folder::OpenFolder;
use super::state::hash;

/// The journal's name in the project's folder.
pub(super) const JOURNAL: &str = ".bluetext.tmp";

/// How the text of a journal begins.
const BEGIN: &str = "{\"bluetext\":1,";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The version of the format.
    bluetext: u32,
    files: Vec<Entry>,
}

/// A file that is written or removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its folder, relative to the project's.
    pub(super) folder: PathBuf,
    /// Its name.
    pub(super) name: String,
    /// The name of the temporary file, which nobody else can know.
    pub(super) temporary: String,
    /// The hash of its old content, if it exists.
    pub(super) before: Option<String>,
    /// The hash of its new content; `None` if it is removed.
    pub(super) after: Option<String>,
}

impl Entry {
    pub(super) fn new(
        folder: PathBuf,
        name: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Self {
        // Its keys are random.
        let random = RandomState::new().build_hasher().finish();
        Self {
            folder,
            name: name.to_owned(),
            temporary: format!(".bluetext-{random:016x}.tmp"),
            before: before.map(|text| hash(text.as_bytes())),
            after: after.map(|text| hash(text.as_bytes())),
        }
    }

    /// The name that is used in between where files cannot be exchanged at once.
    pub(super) fn old(&self) -> String {
        format!("{}.old", self.temporary)
    }

    /// Exchange the temporary file with the file in its place.
    pub(super) fn exchange(&self, folder: &OpenFolder) -> io::Result<()> {
        folder.exchange(&self.temporary, &self.name, &self.old())
    }

    /// Whether the temporary file has the new content.
    pub(super) fn is_new(&self, folder: &OpenFolder) -> io::Result<bool> {
        let found = hash(&folder.read(&self.temporary)?);
        Ok(self.after.as_ref() == Some(&found))
    }
}

impl Journal {
    pub(super) fn new(files: Vec<Entry>) -> Self {
        Self { bluetext: 1, files }
    }

    /// Write it, before the first temporary file is made.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if the project has a file of this name.
    pub(super) fn write(&self, root: &OpenFolder) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let written = root.create(JOURNAL)?.write_all(&text);
        written.inspect_err(|_| drop(root.remove_file(JOURNAL)))
    }

    /// Remove the temporary files of a killed run. A file that was saved by somebody else at
    /// that moment is put back. Somebody else's file of the journal's name is left.
    pub(super) fn recover(root: &OpenFolder) -> io::Result<()> {
        if !root.has(JOURNAL)? || Self::is_somebodys(root)? {
            return Ok(());
        }
        let text = root.read(JOURNAL)?;
        // The run was killed before it had made a temporary file, if the list is incomplete.
        if let Ok(journal) = serde_json::from_slice::<Self>(&text) {
            // Somebody may have written the file by hand: only names as ours are removed.
            for entry in journal.files.iter().filter(|entry| entry.is_plausible()) {
                entry.recover(root)?;
            }
        }
        root.remove_file(JOURNAL)
    }

    /// Whether the project has something of this name that no run has written.
    pub(super) fn is_somebodys(root: &OpenFolder) -> io::Result<bool> {
        if !root.has(JOURNAL)? {
            return Ok(false);
        }
        let mut begin = Vec::new();
        let read = root
            .open(JOURNAL)
            .and_then(|file| file.take(BEGIN.len() as u64).read_to_end(&mut begin));
        // A folder or a link cannot be read. A killed run may have written a part.
        Ok(read.is_err() || !BEGIN.as_bytes().starts_with(&begin))
    }
}

impl Entry {
    /// Whether its names are those that a run writes.
    fn is_plausible(&self) -> bool {
        let random = self.temporary.strip_prefix(".bluetext-");
        let random = random.and_then(|name| name.strip_suffix(".tmp"));
        let is_name =
            |name: &str| !name.contains(['/', '\\', '\0']) && !matches!(name, "" | "." | "..");
        random.is_some_and(|digits| {
            digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        }) && is_name(&self.name)
            && self
                .folder
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
    }

    fn recover(&self, root: &OpenFolder) -> io::Result<()> {
        let folder = match root.inner(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.remove_empty(root);
                return Ok(());
            }
            folder => folder?,
        };
        let hash_of = |name: &str| match folder.read(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(|bytes| Some(hash(&bytes))),
        };
        for temporary in [self.old(), self.temporary.clone()] {
            if !folder.has(&temporary)? {
                continue;
            }
            let found = hash_of(&temporary)?;
            let is_ours = found == self.after || found == self.before;
            // After the exchange, the temporary file is what was in the place.
            if !is_ours && self.after.is_none() {
                match folder.place(&temporary, &self.name) {
                    // It has been saved again since: both are kept.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    placed => placed?,
                }
                continue;
            }
            if !is_ours && hash_of(&self.name)? == self.after {
                folder.exchange(&temporary, &self.name, &format!("{temporary}.x"))?;
            }
            folder.remove_file(&temporary)?;
        }
        self.remove_empty(root);
        Ok(())
    }

    /// Remove the folders that a removal has left empty.
    fn remove_empty(&self, root: &OpenFolder) {
        if self.after.is_none() {
            root.remove_empty(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A run was killed after it had removed the inner folder.
    #[test]
    fn a_folder_that_a_removal_has_left_empty_is_removed() {
        let project = tempfile::tempdir().unwrap();
        let outer = project.path().join("outer");
        let root = OpenFolder::open_root(project.path()).unwrap();
        let folder = PathBuf::from("outer/inner");
        for (before, after, is_left) in [(Some("x"), None, false), (None, Some("x"), true)] {
            fs::create_dir(&outer).unwrap();
            let entry = Entry::new(folder.clone(), "file", before, after);
            entry.recover(&root).unwrap();
            assert_eq!(outer.exists(), is_left);
        }
    }
}
