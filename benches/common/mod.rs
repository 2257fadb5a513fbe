//! What the benchmarks share: runs of the program, and medians.
#![allow(dead_code, reason = "each benchmark uses a part")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The three steps, in an empty project.
pub(crate) const STEPS: [&[&str]; 3] = [
    &["add-temporal"],
    &["add-temporal-client"],
    &["add-temporal-workflow", "greeting", "--input", "name:str"],
];

/// The program, called in a folder.
pub(crate) fn bluetext(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluetext"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("BLUETEXT_NO_START", "1");
    command
}

/// Time from spawn to exit, which must be a success.
pub(crate) fn run(mut command: Command) -> Duration {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).status().unwrap();
    let took = started.elapsed();
    assert!(status.success(), "{command:?}");
    took
}

/// The median of some times, in milliseconds.
pub(crate) fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// Write a file, and the folders above it.
pub(crate) fn write(path: &Path, text: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(text).unwrap();
}
