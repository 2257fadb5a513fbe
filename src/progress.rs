//! Shows the progress of slow steps on stderr: a spinner in a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Receives the names of steps, as they begin.
pub(crate) type Watch<'w> = &'w (dyn Fn(&str) + Sync);

/// Shows progress for one command.
pub(crate) struct Progress<'w> {
    is_terminal: bool,
    quiet: bool,
    watch: Watch<'w>,
}

impl<'w> Progress<'w> {
    /// Progress for this process's stderr, and for `watch`.
    #[must_use]
    pub(crate) fn new(quiet: bool, watch: Watch<'w>) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            is_terminal: !is_dumb && io::stderr().is_terminal(),
            quiet,
            watch,
        }
    }

    /// Run one step and print how long it took.
    ///
    /// # Errors
    ///
    /// What the step returns.
    pub(crate) fn step<T, E>(
        &self,
        what: &str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Duration), E> {
        (self.watch)(what);
        let started = Instant::now();
        let spinner = (self.is_terminal && !self.quiet).then(|| spinner(what));
        let result = work();
        let took = started.elapsed();
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        match &result {
            Ok(_) => self.line(&format!("  {what:<44} {:>6.1} s", took.as_secs_f64())),
            Err(_) => self.line(&format!("  {what:<44} failed")),
        }
        result.map(|value| (value, took))
    }

    /// Print a line between two steps.
    pub(crate) fn line(&self, text: &str) {
        if !self.quiet {
            drop(writeln!(anstream::stderr(), "{text}"));
        }
    }
}

fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
