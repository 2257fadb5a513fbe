//! File changes as plain data, passed from a plan to the disk.

use crate::name::RelPath;

/// The order in which files are written. New files come before the files that refer to them,
/// so that the project works even if a run is killed between two writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A record of what a step adds. It is there before the first change that it records.
    Record,
    /// Files that nothing refers to yet.
    New,
    /// A service's `pyproject.toml`.
    Dependencies,
    /// A service's own `polytope.yml`.
    ServicePolytope,
    /// A service's configuration.
    Configuration,
    /// The registry of the workflows and activities that the workers run.
    Registry,
    /// The client library's `__init__.py`. The modules that use the library are complete when
    /// it is written.
    Library,
    /// The start-up hooks and the application. A folder counts as a service once it has an
    /// application, so a new service is complete when that is written.
    Hooks,
    /// The project's own `polytope.yml`.
    RootPolytope,
    /// A library file that this version no longer has. What used it has been written.
    Dropped,
    /// A record of what is complete when it is written.
    LastRecord,
    /// A record to which the edits of the record of a removed workflow are moved. It is written
    /// before that workflow is removed.
    MovedEdits,
}

impl Rank {
    /// The purpose of a file of this rank.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Record => "the record that upgrades and removal need",
            Self::New => "new; nothing refers to it yet",
            Self::Dependencies => "the service's dependencies",
            Self::ServicePolytope => "the service's container and its workers",
            Self::Configuration => "the service's configuration",
            Self::Registry => "the list of what workers run",
            Self::Library => "the client library, complete",
            Self::Hooks => "starts and stops Temporal with the API",
            Self::Dropped => "no longer part of the client library",
            Self::LastRecord => "the record, written after the files it describes",
            Self::MovedEdits => "the record, with the edits that restore the registry",
            Self::RootPolytope => "includes what is new and registers the next tool",
        }
    }
}

/// A file to write or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file's path.
    pub path: RelPath,
    /// The text that was read; `None` if the file does not exist.
    pub before: Option<String>,
    /// The new text; `None` if the file is removed.
    pub after: Option<String>,
    /// Its position in the write order.
    pub rank: Rank,
}

impl Change {
    /// The purpose of the change, if its rank says it: a file that is there is not new, and one
    /// that is removed has none.
    #[must_use]
    pub fn why(&self) -> Option<&'static str> {
        let is_edited = self.before.is_some() && self.rank == Rank::New;
        (self.after.is_some() && !is_edited).then(|| self.rank.why())
    }
}
