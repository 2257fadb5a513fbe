//! What a command is going to do, as plain data.

use crate::change::Change;
use crate::name::RelPath;
use crate::problem::WarningCode;

/// What a plan finds at a path that it does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// The file is as it should be.
    Unchanged,
    /// A generated file that has been edited: it is kept as it is.
    Kept,
}

/// Something a person should know that does not stop the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable name.
    pub code: WarningCode,
    /// What there is to know, and what to do about it.
    pub message: String,
    /// The file that it is about.
    pub path: Option<RelPath>,
}

/// A call that is worth making next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The tool's name, if bluetext registers it.
    pub tool: Option<&'static str>,
    /// A command line that works when it is pasted.
    pub command: String,
    /// Why one would.
    pub why: String,
}

/// A tool of the project that runs a service's worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerTool {
    /// The tool's name.
    pub tool: String,
    /// Whether a worker that runs takes up what has been added.
    pub reload: Reload,
}

/// Whether a program runs changed code without being restarted by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// It does: this option or variable shows it.
    Yes(String),
    /// It does if this expression is true, which is evaluated when the tool is run.
    Depends(String),
    /// Nothing shows that it does.
    No,
}

/// Everything a command is going to do.
///
/// Invariants, asserted by [`Plan::new`]: one change a path; before differs from after; the
/// changes are in the order of their ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
    left: Vec<(RelPath, Left)>,
    /// The tools that the change registers.
    pub registered: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// The calls worth making next, the best first.
    pub next: Vec<Next>,
    /// The tool that runs what has been added, if there is anything to run.
    pub run: Option<String>,
    /// The tools that run the workers of what has been added; `None` if that is not about
    /// workers.
    pub workers: Option<Vec<WorkerTool>>,
}

impl Plan {
    /// Make a plan, putting the changes into their order.
    ///
    /// # Panics
    ///
    /// If a path is changed twice or a change changes nothing: that is a fault of the tool
    /// that made it.
    #[must_use]
    pub fn new(mut changes: Vec<Change>, mut left: Vec<(RelPath, Left)>) -> Self {
        changes.sort_by(|a, b| (a.rank, &a.path).cmp(&(b.rank, &b.path)));
        left.sort();
        for (index, change) in changes.iter().enumerate() {
            assert!(
                change.before.as_ref() != Some(&change.after),
                "{} is changed to what it is",
                change.path
            );
            assert!(
                changes[..index]
                    .iter()
                    .all(|other| other.path != change.path),
                "{} is changed twice",
                change.path
            );
        }
        Self {
            changes,
            left,
            registered: Vec::new(),
            warnings: Vec::new(),
            next: Vec::new(),
            run: None,
            workers: None,
        }
    }

    /// The files that are written, in the order in which they are.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The files that are looked at and left alone.
    #[must_use]
    pub fn left(&self) -> &[(RelPath, Left)] {
        &self.left
    }
}
