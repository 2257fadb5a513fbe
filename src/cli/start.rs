//! Options that start the added containers. Only on the command line: a call by an agent starts
//! no process that would outlive it.

use std::time::Duration;

use clap::Args;

use crate::disk;
use crate::name::parse_duration;
use crate::start::{Ports, Runtime, Start};

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// Start what was added, which is the default
    #[arg(long, overrides_with = "no_start")]
    start: bool,

    /// Scaffold only; the report names the command that starts the containers. Also with
    /// `BLUETEXT_NO_START=1`
    #[arg(long)]
    no_start: bool,

    /// What runs the server: `auto` is Polytope if `pt` is there, else nothing
    #[arg(long, value_enum, value_name = "RUNTIME", default_value = "auto")]
    runtime: Runtime,

    /// How long everything may take to answer
    #[arg(long, value_name = "TIME", default_value = "120s")]
    #[arg(value_parser = parse_duration)]
    wait: Duration,
}

impl StartArgs {
    /// How to start the added containers; `None` if starting is disabled.
    pub(super) fn start(&self, quiet: bool) -> Option<Start> {
        let is_off = std::env::var_os("BLUETEXT_NO_START").is_some_and(|value| value == "1");
        let is_wanted = !self.no_start && (self.start || !is_off);
        is_wanted.then(|| Start {
            runtime: self.runtime,
            wait: self.wait,
            quiet,
            path: std::env::var_os("PATH").unwrap_or_default(),
            state_folder: disk::state_folder(),
            ports: Ports::default(),
        })
    }
}
