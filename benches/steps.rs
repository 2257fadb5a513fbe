//! Measures each step against copying what it creates: with `cp -r` and as many `fsync` calls,
//! and with copier, the template engine.
//!
//! `cargo bench --bench steps` needs Linux, `strace`, and Python 3.10 or later with its module
//! `venv`. The runs are interleaved, so that other load on the machine affects all of them
//! equally.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says where"
)]
#![allow(clippy::print_stdout, reason = "it prints what it has measured")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{STEPS, bluetext, median, run, write};

const RUNS: usize = 31;

/// Every file below a folder, relative to it.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A project with the first steps.
fn project_with(steps: &[&[&str]]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for step in steps {
        run(bluetext(folder.path(), step));
    }
    folder
}

/// The number of times that a step waits for the disk.
fn syncs(before: &[&[&str]], step: &[&str]) -> usize {
    let project = project_with(before);
    let trace = project.path().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["--follow-forks", "--trace=fsync,fdatasync,syncfs,sync"])
        .arg("--output")
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_bluetext"))
        .args(step)
        .current_dir(project.path())
        .env("BLUETEXT_NO_START", "1");
    run(strace);
    let text = fs::read_to_string(&trace).unwrap();
    text.lines().filter(|line| line.contains("sync(")).count()
}

/// A folder with only the files that a step creates or changes.
fn created(before: &Path, after: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files(after) {
        let text = fs::read(after.join(&file)).unwrap();
        if fs::read(before.join(&file)).is_ok_and(|old| old == text) {
            continue;
        }
        write(&folder.path().join(&file), &text);
    }
    folder
}

/// `cp -r` of a tree to a new folder, and this many `fsync` calls on what it has made.
fn copy(tree: &Path, syncs: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("copy");
    let started = Instant::now();
    let mut cp = Command::new("cp");
    cp.arg("-r").arg(tree).arg(&target);
    run(cp);
    let made = files(&target);
    for file in made.iter().cycle().take(syncs) {
        let file = fs::File::open(target.join(file)).unwrap();
        file.sync_all().unwrap();
    }
    started.elapsed()
}

/// The program `copier`, in a virtual environment below `target/`.
fn copier() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copier");
    let program = folder.join("bin/copier");
    if !program.exists() {
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(&folder);
        run(make);
        let mut install = Command::new(folder.join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet", "copier==9.*"]);
        run(install);
    }
    program
}

/// copier with a tree as its template.
fn render(copier: &Path, tree: &Path) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(copier);
    command
        .args(["copy", "--quiet", "--defaults"])
        .arg(tree)
        .arg(folder.path().join("copy"));
    run(command)
}

fn main() {
    let copier = copier();
    println!(
        "{:<24} {:>6} {:>6} {:>12} {:>18} {:>14}",
        "step", "files", "fsyncs", "bluetext", "cp -r and fsyncs", "copier"
    );
    for (index, step) in STEPS.iter().enumerate() {
        let before = &STEPS[..index];
        let project = project_with(before);
        let after = project_with(&STEPS[..=index]);
        let tree = created(project.path(), after.path());
        let syncs = syncs(before, step);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..RUNS {
            let project = project_with(before);
            times[0].push(run(bluetext(project.path(), step)));
            times[1].push(copy(tree.path(), syncs));
            times[2].push(render(&copier, tree.path()));
        }
        let [own, plain, rendered] = times.each_mut().map(|times| median(times));
        println!(
            "{:<24} {:>6} {syncs:>6} {own:>9.1} ms {:>12.2} x own {:>8.1} x own",
            step[0],
            files(tree.path()).len(),
            plain / own,
            rendered / own,
        );
    }
}
