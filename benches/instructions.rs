//! Counts the instructions of each command with callgrind, which other load on the machine does
//! not change, and compares them with those on record in `benches/instructions.txt`.
//!
//! `cargo bench --bench instructions` needs `valgrind`; with `BLUETEXT_UPDATE=1` it writes the
//! file.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says where"
)]
#![allow(clippy::print_stdout, reason = "it prints what it has measured")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{STEPS, bluetext, run, write};

const READS: [&[&str]; 4] = [&["--version"], &["status"], &["check"], &["guide"]];

/// The instructions of a command, in millions.
fn count(project: &Path, arguments: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("counted");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env!("CARGO_BIN_EXE_bluetext"))
        .args(arguments)
        .current_dir(project)
        .env("BLUETEXT_NO_START", "1");
    run(valgrind);
    let text = fs::read_to_string(out).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("summary: "));
    line.unwrap().trim().parse::<f64>().unwrap() / 1e6
}

fn main() {
    let project = tempfile::tempdir().unwrap();
    let mut counted = Vec::new();
    for step in STEPS {
        counted.push((step[0], count(project.path(), step)));
        run(bluetext(project.path(), step));
    }
    for arguments in READS {
        counted.push((arguments[0], count(project.path(), arguments)));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt");
    let known = fs::read_to_string(&file).unwrap_or_default();
    let mut text =
        "Millions of instructions, by `cargo bench --bench instructions`.\n\n".to_owned();
    for (name, millions) in &counted {
        let known = known.lines().find_map(|line| line.strip_prefix(name));
        let known = known.and_then(|rest| rest.trim().parse::<f64>().ok());
        let change = known.map_or(String::new(), |known| {
            format!("{:>+8.1} %", (millions / known - 1.0) * 100.0)
        });
        println!("{name:<24} {millions:>9.1} {change}");
        text.push_str(&format!("{name:<24} {millions:>9.1}\n"));
    }
    if std::env::var_os("BLUETEXT_UPDATE").is_some_and(|value| value == "1") {
        write(&file, text.as_bytes());
    }
}
