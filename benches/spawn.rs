//! Measures the program's response time relative to spawning `true`.
//!
//! `cargo bench --bench spawn` prints the median of many runs, interleaved so that other load
//! on the machine affects all of them equally.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says where"
)]
#![allow(clippy::print_stdout, reason = "it prints what it has measured")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{bluetext, median, run};

const RUNS: usize = 200;

const REQUESTS: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
"#;

/// Time from spawn to the answer to `tools/list`.
fn list_tools(project: &Path) -> Duration {
    let started = Instant::now();
    let mut child = bluetext(project, &["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(REQUESTS).unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let answered = output
        .lines()
        .any(|line| line.unwrap().contains("\"id\":2"));
    let took = started.elapsed();
    assert!(answered);
    drop(input);
    assert!(child.wait().unwrap().success());
    took
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path();
    for step in [
        &["add-temporal"][..],
        &["add-temporal-client"],
        &["add-temporal-workflow", "greeting"],
    ] {
        run(bluetext(project, step));
    }
    let measured: [(&str, &dyn Fn() -> Duration); 5] = [
        ("true", &|| run(Command::new("true"))),
        ("bluetext --version", &|| {
            run(bluetext(project, &["--version"]))
        }),
        ("bluetext status", &|| run(bluetext(project, &["status"]))),
        ("a step taken again", &|| {
            run(bluetext(project, &["add-temporal-workflow", "greeting"]))
        }),
        ("bluetext mcp, tools/list answered", &|| list_tools(project)),
    ];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); measured.len()];
    for _ in 0..RUNS {
        for ((_, measure), times) in measured.iter().zip(&mut times) {
            times.push(measure());
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, _), median) in measured.iter().zip(&medians) {
        let ratio = median / medians[0];
        println!("{name:<36} {median:>7.2} ms {ratio:>6.1} x true");
    }
}
