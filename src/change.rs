//! What is written to a project: plain data between a plan and the disk.

use crate::name::RelPath;

/// The order in which files are written. Until the last one is, nothing refers to what is
/// new; whatever moment a run is killed at, what is there works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Files that nothing refers to yet.
    New,
    /// A service's `pyproject.toml`.
    Dependencies,
    /// A service's own `polytope.yml`.
    ServicePolytope,
    /// A service's configuration.
    Configuration,
    /// The list of what the workers run.
    Registry,
    /// The hooks that start everything. They make a folder a service, so that a new
    /// service is complete when they are written.
    Hooks,
    /// The project's own `polytope.yml`.
    RootPolytope,
}

impl Rank {
    /// What a file of this rank is written for.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::New => "new; nothing refers to it yet",
            Self::Dependencies => "the service's dependencies",
            Self::ServicePolytope => "the service's container and its workers",
            Self::Configuration => "the service's configuration",
            Self::Registry => "the list of what workers run",
            Self::Hooks => "starts and stops Temporal with the API",
            Self::RootPolytope => "includes what is new and registers the next tool",
        }
    }
}

/// One file that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which file.
    pub path: RelPath,
    /// Its text as it was read; `None` if there is no such file.
    pub before: Option<String>,
    /// Its text as it will be.
    pub after: String,
    /// When in the order it is written.
    pub rank: Rank,
}
