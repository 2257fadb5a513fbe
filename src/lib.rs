//! `bluetext` adds Temporal to a project that Polytope runs.
//!
//! A core without I/O and an outer layer with all of it. [`tool`] gets an immutable snapshot
//! of the [`project`] and returns a [`plan`]; only [`disk`] reads and writes the project's
//! files. `tests/architecture.rs` checks which module may use which.
//!
//! ```text
//! main ─► cli ─► Request + Options ─► run ─► Outcome ─► report, start  the terminal
//!         mcp ─►        "          ─►  "  ─►    "    ─► mcp            agents
//!                                      │
//!                    disk: lock, read project, apply plan         the only file I/O
//! ─────────────────────────────────────┼──────────────────────────────────────────
//!                   tool::plan(&Project, &Request) -> Plan         pure
//!                      │          │          │         │
//!                   project     edit      template    name, python
//! ```

pub mod analysis;
pub mod change;
pub mod cli;
pub mod demo;
pub mod disk;
pub mod edit;
mod environment;
pub mod guide;
pub mod mcp;
pub mod name;
pub mod plan;
pub mod problem;
pub mod process;
mod progress;
pub mod project;
pub mod python;
pub mod record;
pub mod report;
mod run;
mod server;
pub mod start;
pub mod template;
pub mod tool;
pub mod verify;

pub use run::{
    Error, Options, Outcome, Planner, check, diagram, find_root, offered, run, run_plan, status,
};
