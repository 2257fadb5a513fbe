//! Measures `status` and a step on projects with many services and many workflows.
//!
//! `cargo bench --bench sizes` prints the median of several runs, and the time for each service
//! or workflow. `cargo bench --bench sizes -- 100` goes up to 100; without a number, up to
//! 10,000 services and 5,000 workflows, which writes about 60,000 files.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says where"
)]
#![allow(clippy::print_stdout, reason = "it prints what it has measured")]

mod common;

use std::path::Path;

use common::{bluetext, median, run, write};

const RUNS: usize = 5;

/// Workflows added by one call.
const AT_ONCE: usize = 1_000;

/// The most workflows of a service here: a registry of more than 1 MiB is refused, which holds
/// about 6,000.
const MOST_WORKFLOWS: usize = 5_000;

/// A project with this many FastAPI services, the first of which has the client.
fn with_services(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let service = folder.path().join(format!("services/service-{number}"));
        let main = b"from fastapi import FastAPI\n\napp = FastAPI()\n";
        write(&service.join("requirements.txt"), b"fastapi\n");
        write(&service.join("app/__init__.py"), b"");
        write(&service.join("app/main.py"), main);
    }
    run(bluetext(folder.path(), &["add-temporal"]));
    let client = ["add-temporal-client", "--service", "service-0"];
    run(bluetext(folder.path(), &client));
    folder
}

/// A project with one service that has this many workflows.
fn with_workflows(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    run(bluetext(folder.path(), &["add-temporal"]));
    run(bluetext(folder.path(), &["add-temporal-client"]));
    let names: Vec<String> = (0..count).map(|number| format!("order-{number}")).collect();
    for names in names.chunks(AT_ONCE) {
        let mut arguments = vec!["add-temporal-workflow"];
        arguments.extend(names.iter().map(String::as_str));
        run(bluetext(folder.path(), &arguments));
    }
    folder
}

/// The time of `status`, and of adding a workflow, in milliseconds.
fn measure(project: &Path, service: Option<&str>) -> [f64; 2] {
    let mut status = Vec::new();
    let mut step = Vec::new();
    for number in 0..RUNS {
        status.push(run(bluetext(project, &["status"])));
        let name = format!("added-{number}");
        let mut arguments = vec!["add-temporal-workflow", &name];
        arguments.extend(service.map(|_| "--service"));
        arguments.extend(service);
        step.push(run(bluetext(project, &arguments)));
    }
    [median(&mut status), median(&mut step)]
}

fn main() {
    let given = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let most: usize = given.unwrap_or(10_000);
    println!(
        "{:<20} {:>12} {:>12} {:>16} {:>16}",
        "project", "status", "a step", "status, each", "a step, each"
    );
    for count in [10, 100, 1_000, 10_000].into_iter().filter(|n| *n <= most) {
        for (what, service) in [("services", Some("service-0")), ("workflows", None)] {
            let count = match service {
                Some(_) => count,
                None => count.min(MOST_WORKFLOWS),
            };
            let project = match service {
                Some(_) => with_services(count),
                None => with_workflows(count),
            };
            let [status, step] = measure(project.path(), service);
            let each = |time: f64| time * 1e3 / f64::from(u32::try_from(count).unwrap());
            println!(
                "{:<20} {status:>9.1} ms {step:>9.1} ms {:>13.1} us {:>13.1} us",
                format!("{count} {what}"),
                each(status),
                each(step)
            );
        }
    }
}
