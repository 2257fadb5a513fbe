//! The changes that a command will make, as plain data.

use std::collections::HashSet;

use crate::change::Change;
use crate::name::RelPath;
use crate::problem::WarningCode;

/// Why a plan leaves a file unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// The file is up to date.
    Unchanged,
    /// A generated file that has been edited is not overwritten.
    Kept,
}

/// A message for the user that does not stop the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable name.
    pub code: WarningCode,
    /// What is wrong, and what to do about it.
    pub message: String,
    /// The affected file.
    pub path: Option<RelPath>,
}

/// A recommended next command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The tool's name, if it is a tool of bluetext.
    pub tool: Option<&'static str>,
    /// A command line that can be pasted into a shell.
    pub command: String,
    /// Why it is recommended.
    pub why: String,
}

/// A tool of the project that runs a service's worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerTool {
    /// The tool's name.
    pub tool: String,
    /// Whether a running worker loads the added code.
    pub reload: Reload,
}

/// Whether a program loads changed code without a manual restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// Yes, as this option or variable shows.
    Yes(String),
    /// Yes if this expression, evaluated when the tool runs, is true.
    Depends(String),
    /// No setting for reloading was found.
    No,
}

/// What a plan does, for the first line of its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What is done.
    pub deed: Deed,
    /// What is added, updated or removed, e.g. `the Temporal client`.
    pub what: String,
    /// The service concerned, e.g. `api (modules/api)`.
    pub service: Option<String>,
}

/// What a plan does with its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It is not on record yet.
    Add,
    /// It is on record already.
    Update,
    /// It goes.
    Remove,
}

/// What a report tells besides the changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// What the plan does, if a tool has made it.
    pub subject: Option<Subject>,
    /// The uppermost folders of which everything is created, or everything is removed. Removed
    /// folders are those without other files in the snapshot.
    pub whole_folders: Vec<RelPath>,
    /// The tools that the change registers.
    pub registered: Vec<String>,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
    /// Recommended next commands, best first.
    pub next: Vec<Next>,
    /// The tool that runs the added parts, if there is anything to run.
    pub run: Option<String>,
    /// The tools that run the affected workers; `None` if the command does not concern
    /// workers.
    pub workers: Option<Vec<WorkerTool>>,
}

/// All changes that a command will make.
///
/// Invariants, asserted by [`Plan::new`]: at most one change per path; before differs from
/// after; the changes are sorted by rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
    left: Vec<(RelPath, Left)>,
    /// What the report tells besides the changes.
    pub notes: Notes,
}

impl Plan {
    /// Create a plan and sort its changes.
    ///
    /// # Panics
    ///
    /// If a path is changed twice or a change has no effect; both are bugs in the tool that
    /// made the change.
    #[must_use]
    pub fn new(mut changes: Vec<Change>, mut left: Vec<(RelPath, Left)>) -> Self {
        changes.sort_by(|a, b| (a.rank, &a.path).cmp(&(b.rank, &b.path)));
        left.sort();
        let mut paths = HashSet::new();
        for change in &changes {
            assert!(
                change.before != change.after,
                "the change of {} has no effect",
                change.path
            );
            assert!(
                paths.insert(&change.path),
                "{} is changed twice",
                change.path
            );
        }
        Self {
            changes,
            left,
            notes: Notes::default(),
        }
    }

    /// Reverse the order, for a plan that removes: nothing refers to a file when it is removed.
    pub fn reverse(&mut self) {
        self.changes.reverse();
    }

    /// The files to write, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The files that the plan leaves unchanged.
    #[must_use]
    pub fn left(&self) -> &[(RelPath, Left)] {
        &self.left
    }
}
