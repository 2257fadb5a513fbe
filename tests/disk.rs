//! Tests that writing a plan is atomic: failures during the write and the resulting files.
//!
//! `BLUETEXT_SOAK=1` runs ten times as many kills and rounds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures, and what was left out"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bluetext::cli::{Invocation, Task, parse};
use bluetext::disk::{DiskError, InjectedFault, Operation};
use bluetext::problem::{ErrorCode, Problem};
use bluetext::tool::Request;
use bluetext::{Error, Options, run};
use common::Project;

type Tree = BTreeMap<String, Vec<u8>>;

/// A file with user edits.
const ROOT: &str = "# ours: ask Mia\ninclude:\n  - modules/web   # the shop\n\ntools:\n  stack:\n    run:\n      - tool: web\n      # more to come\n\n# the end\n";
const WEB: &str = "tools:\n  web:\n    run: []\n";

fn started() -> Project {
    Project::with(&[("polytope.yml", ROOT), ("modules/web/polytope.yml", WEB)])
}

/// A service whose modules have the names of generated ones.
fn with_service() -> Project {
    let project = started();
    for (path, text) in [
        (
            "modules/shop/pyproject.toml",
            "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"fastapi\"]\n",
        ),
        ("modules/shop/app/__init__.py", ""),
        (
            "modules/shop/app/main.py",
            "from fastapi import FastAPI\n\nfrom app import temporal, worker\n\napp = FastAPI()\n",
        ),
        ("modules/shop/app/temporal.py", "\"\"\"The user's.\"\"\"\n"),
        ("modules/shop/app/worker.py", "\"\"\"The user's.\"\"\"\n"),
        (
            "modules/shop/tests/test_temporal_registry.py",
            "def test_nothing() -> None:\n    pass\n",
        ),
    ] {
        project.write(path, text);
    }
    project
}

/// A project that the first steps upgrade.
fn of_an_earlier_version() -> Project {
    Project::copy("previous")
}

/// The steps, and what undoes them.
const STEPS: [&[&str]; 7] = [
    &["add-temporal"],
    &["add-temporal-client"],
    &["add-temporal-workflow", "greeting", "order-processing"],
    &["remove-temporal-workflow", "order-processing"],
    &["remove-temporal-workflow", "greeting"],
    &["remove-temporal-client"],
    &["remove-temporal"],
];

/// A request parsed from a command line.
fn request(arguments: &[&str]) -> Request {
    let line = std::iter::once("bluetext").chain(arguments.iter().copied());
    let line: Vec<_> = line.map(Into::into).collect();
    match parse(&line, PathBuf::new()) {
        Ok(Invocation {
            task: Task::Tool { request, .. },
            ..
        }) => *request,
        _ => panic!("{arguments:?} is no call of a tool"),
    }
}

fn options(project: &Project, fault: Option<InjectedFault>) -> Options {
    let mut options = Options::new(project.path());
    options.fault = fault;
    options
}

fn is_soak() -> bool {
    std::env::var_os("BLUETEXT_SOAK").is_some_and(|value| value == "1")
}

/// Fails the n-th call that changes the file system, and tells which one that is.
fn failing(n: usize, kind: io::ErrorKind) -> (InjectedFault, Arc<Mutex<Option<Operation>>>) {
    let calls = AtomicUsize::new(0);
    let failed = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&failed);
    let fault: InjectedFault = Arc::new(move |operation: Operation, _| {
        if operation.is_change() && calls.fetch_add(1, Ordering::SeqCst) == n {
            *slot.lock().unwrap() = Some(operation);
            Err(kind.into())
        } else {
            Ok(())
        }
    });
    (fault, failed)
}

const KINDS: [io::ErrorKind; 3] = [
    io::ErrorKind::StorageFull,
    io::ErrorKind::Other,
    io::ErrorKind::PermissionDenied,
];

/// Fails each file-system modification once, with each error, in each tool.
fn every_fault_is_undone(project: &Project) -> usize {
    let mut faults = 0;
    for step in STEPS {
        let request = request(step);
        let before = project.tree();
        let mut reference = None;
        for kind in KINDS {
            for n in 0.. {
                let when = format!("{step:?}, call {n}, {kind:?}");
                let (fault, failed) = failing(n, kind);
                let result = run(&request, &options(project, Some(fault)));
                let failed = failed.lock().unwrap().take();
                if let Ok(outcome) = result {
                    assert!(outcome.written);
                    let Some(failed) = failed else {
                        break;
                    };
                    // Only a temporary file is left, which the next run removes.
                    assert_eq!(failed, Operation::Remove, "{when}");
                    // What is gone cannot be removed again, but what is left behind is.
                    let again = project.bluetext(step);
                    let is_gone = again.stderr.contains("is not on record")
                        || again.stderr.contains("no service has the Temporal client");
                    assert!(again.code == 0 || is_gone, "{when}: {}", again.stderr);
                    let now = project.tree();
                    assert_same(&now, reference.get_or_insert(now.clone()), &when);
                    assert!(!now.keys().any(|path| is_temporary(path)), "{when}");
                    faults += 1;
                    restore(project, &before);
                    continue;
                }
                faults += 1;
                let Err(Error::Disk {
                    error:
                        DiskError::Io {
                            path, not_restored, ..
                        },
                    ..
                }) = &result
                else {
                    panic!("{when}: {result:?}");
                };
                assert!(path.starts_with(project.path()), "{}", path.display());
                assert_eq!(*not_restored, Vec::<PathBuf>::new());
                assert_same(&project.tree(), &before, &when);
            }
            if kind != KINDS[2] {
                restore(project, &before);
            }
        }
    }
    faults
}

/// Whether a path is that of a file which a killed run leaves, and the next one removes.
fn is_temporary(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".bluetext.tmp" || name.starts_with(".bluetext-")
}

/// Compare two trees and name the files that differ, without showing their bytes.
fn assert_same(found: &Tree, expected: &Tree, when: &str) {
    let paths: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let differing: Vec<_> = paths
        .into_iter()
        .filter(|path| found.get(*path) != expected.get(*path))
        .collect();
    assert_eq!(differing, Vec::<&String>::new(), "{when}");
}

fn restore(project: &Project, tree: &Tree) {
    for child in fs::read_dir(project.path()).unwrap() {
        let path = child.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
    for (path, bytes) in tree {
        project.write(path, std::str::from_utf8(bytes).unwrap());
    }
}

#[test]
fn after_every_fault_the_project_is_as_it_was() {
    let starts = [started, with_service, of_an_earlier_version];
    let faults: usize = starts
        .iter()
        .map(|start| every_fault_is_undone(&start()))
        .sum();
    println!("{faults} faults, each undone");
    assert_in_documents(&format!("injects {faults} faults"));
    assert!(faults > 600);
}

/// The same with the project on a different file system than temporary files.
#[cfg(target_os = "linux")]
#[test]
fn after_every_fault_on_another_file_system_the_project_is_as_it_was() {
    use std::os::unix::fs::MetadataExt;
    let memory = Path::new("/dev/shm");
    let other = fs::metadata(memory)
        .is_ok_and(|found| found.dev() != fs::metadata(std::env::temp_dir()).unwrap().dev());
    if !other {
        eprintln!("left out: /dev/shm is no other file system here");
        return;
    }
    let project = Project::below(memory);
    project.write("polytope.yml", ROOT);
    project.write("modules/web/polytope.yml", WEB);
    every_fault_is_undone(&project);
}

/// If the rollback fails too, the message names the files that could not be restored.
#[test]
fn what_could_not_be_put_back_is_named() {
    let project = started();
    let target = project.path().join("polytope.yml");
    let failing_target = target.clone();
    let places = AtomicUsize::new(0);
    let fault: InjectedFault = Arc::new(move |operation, path| {
        let is_place = operation == Operation::Place && path == failing_target;
        if is_place && places.fetch_add(1, Ordering::SeqCst) == 0 {
            // An unexpected file prevents the removal of the created folder.
            let folder = failing_target.with_file_name("modules").join("temporal");
            fs::File::create(folder.join("somebody's")).unwrap();
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    });
    let result = run(&request(STEPS[0]), &options(&project, Some(fault)));
    let Err(Error::Disk {
        error: DiskError::Io {
            path, not_restored, ..
        },
        ..
    }) = result
    else {
        panic!("{result:?}");
    };
    assert_eq!(path, target);
    assert_eq!(not_restored, [project.path().join("modules/temporal")]);
    assert_eq!(project.read("polytope.yml"), ROOT);
}

/// If a removed file cannot be moved back, the only copy of it stays, and the message names it.
#[test]
fn what_was_removed_is_never_lost() {
    let project = started();
    project.done(STEPS[0]);
    let lost = project.path().join("modules/temporal/polytope.yml");
    let text = project.read("modules/temporal/polytope.yml");
    let (failing, moves) = (lost.clone(), AtomicUsize::new(0));
    let fault: InjectedFault = Arc::new(move |operation, path| {
        let is_other = path.ends_with("modules/postgres/polytope.yml");
        let is_back = path == failing && operation == Operation::Place && {
            moves.fetch_add(1, Ordering::SeqCst) > 0
        };
        if is_back || (is_other && operation == Operation::Place) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    });
    let result = run(
        &request(&["remove-temporal"]),
        &options(&project, Some(fault)),
    );
    let Err(Error::Disk {
        error: DiskError::Io { not_restored, .. },
        ..
    }) = result
    else {
        panic!("{result:?}");
    };
    let [path, copy] = not_restored.as_slice() else {
        panic!("{not_restored:?}");
    };
    assert_eq!(*path, lost);
    assert_eq!(fs::read_to_string(copy).unwrap(), text);
    // The next run that writes does not remove it.
    project.write("polytope.yml", ROOT);
    let _ = project.bluetext(STEPS[0]);
    assert_eq!(fs::read_to_string(copy).unwrap(), text);
}

/// The result of the three steps without interference.
fn reference(project: &Project) -> Vec<Tree> {
    STEPS
        .iter()
        .map(|step| {
            project.done(step);
            project.tree()
        })
        .collect()
}

/// After a kill, each file is complete: as it was before the step or as it is after it. What is
/// included exists, and the same command completes the rest.
fn check_after_kill(project: &Project, step: &[&str], before: &Tree, reference: &Tree) {
    let now: Tree = project
        .tree()
        .into_iter()
        .filter(|(path, _)| !is_temporary(path))
        .collect();
    for (path, bytes) in &now {
        let is_known = [before, reference]
            .iter()
            .any(|tree| tree.get(path) == Some(bytes));
        // A folder whose files are not written yet, or removed already.
        let mut others = reference.keys().chain(before.keys());
        let is_begun = path.ends_with('/') && others.any(|other| other.starts_with(path));
        assert!(is_known || is_begun, "{path} is neither old nor new");
    }
    let removes = step[0].starts_with("remove-");
    for path in before.keys().filter(|path| !path.ends_with('/')) {
        let is_kept = now.contains_key(path) || !reference.contains_key(path);
        assert!(is_kept, "{path} is gone");
    }
    // A run that was killed at its end has nothing left to do.
    if removes && is_done(&now, reference) {
        return;
    }
    // The first step may have made it, and its removal removes it.
    let text = now.get("polytope.yml").cloned().unwrap_or_default();
    let root: serde_yaml::Value = serde_yaml::from_slice(&text).unwrap();
    for include in root["include"].as_sequence().into_iter().flatten() {
        let file = format!("{}/polytope.yml", include.as_str().unwrap());
        assert!(now.contains_key(&file), "{file} is included, and missing");
    }
    project.done(step);
    assert_same(
        &project.tree(),
        reference,
        "after the run that completes it",
    );
}

/// Whether a tree is the expected one, apart from what the next run that writes removes.
fn is_done(now: &Tree, reference: &Tree) -> bool {
    let files = |tree: &Tree| {
        let files = tree.iter().filter(|(path, _)| !path.ends_with('/'));
        files
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect::<Tree>()
    };
    files(now) == files(reference)
}

/// The documentation has the figures of the soak test.
fn assert_in_documents(figure: &str) {
    if is_soak() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/edits.md");
        let words = fs::read_to_string(page).unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        assert!(words.join(" ").contains(figure), "{figure}");
    }
}

/// Runs this test binary, which is killed at the n-th file-system modification.
#[test]
fn killed_before_every_call_the_same_command_completes_the_rest() {
    let mut kills = 0;
    for start in [started, with_service, of_an_earlier_version] {
        kills += killed_before_every_call(start);
    }
    println!("{kills} kills before a call, each completed by the next run");
    assert_in_documents(&format!("{kills} times before a change"));
}

fn killed_before_every_call(start: fn() -> Project) -> usize {
    let references = reference(&start());
    let mut kills = 0;
    for (index, step) in STEPS.iter().enumerate() {
        // Without `BLUETEXT_SOAK`, every tenth call only.
        for n in (0..).step_by(if is_soak() { 1 } else { 10 }) {
            let project = start();
            for earlier in &STEPS[..index] {
                project.done(earlier);
            }
            let before = project.tree();
            let status = std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "is_killed_by_the_nth_call",
                    "--ignored",
                    "--quiet",
                ])
                .env(
                    "BLUETEXT_TEST_KILL",
                    format!("{n}:{index}:{}", project.path().display()),
                )
                .stdout(Stdio::null())
                .status()
                .unwrap();
            if status.success() {
                assert!(n > 5, "only {n} calls");
                break;
            }
            assert_eq!(status.signal(), Some(9));
            kills += 1;
            check_after_kill(&project, step, &before, &references[index]);
        }
    }
    kills
}

/// Not a test: the process that the test above starts and kills.
#[test]
#[ignore = "started by the test above"]
fn is_killed_by_the_nth_call() {
    let Ok(order) = std::env::var("BLUETEXT_TEST_KILL") else {
        return;
    };
    let mut parts = order.splitn(3, ':');
    let n: usize = parts.next().unwrap().parse().unwrap();
    let index: usize = parts.next().unwrap().parse().unwrap();
    let calls = AtomicUsize::new(0);
    let fault: InjectedFault = Arc::new(move |operation: Operation, _| {
        if operation.is_change() && calls.fetch_add(1, Ordering::SeqCst) == n {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
        Ok(())
    });
    let mut options = Options::new(PathBuf::from(parts.next().unwrap()));
    options.fault = Some(fault);
    run(&request(STEPS[index]), &options).unwrap();
}

/// A deterministic random number generator (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A folder of a project that is a file system of its own, until it is dropped.
struct Mount(PathBuf);

impl Mount {
    /// `None` if this user cannot mount anything.
    fn new(folder: PathBuf, options: &str) -> Option<Self> {
        let options = std::ffi::CString::new(options).unwrap();
        fs::create_dir_all(&folder).unwrap();
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("none", &folder, "tmpfs", flags, &*options).ok()?;
        Some(Self(folder))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let flags = rustix::mount::UnmountFlags::DETACH;
        rustix::mount::unmount(&self.0, flags).unwrap();
    }
}

#[test]
fn killed_at_random_moments_the_same_command_completes_the_rest() {
    let references = reference(&started());
    let mut random = Random(0x5eed);
    let wanted = if is_soak() { 800 } else { 20 };
    let (mut kills, mut tries) = (0, 0);
    while kills < wanted && tries < 20 * wanted {
        tries += 1;
        let index = usize::try_from(random.below(STEPS.len() as u64)).unwrap();
        let project = started();
        // Every second one has a folder that is another file system, if that is possible.
        let folder = project.path().join("modules");
        let mount = (tries % 2 == 0).then(|| Mount::new(folder, "size=8m"));
        if mount.is_some() {
            project.write("modules/web/polytope.yml", WEB);
        }
        for earlier in &STEPS[..index] {
            project.done(earlier);
        }
        let before = project.tree();
        let mut child = common::command(&project.path(), STEPS[index])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // It writes from here on.
        let journal = project.path().join(".bluetext.tmp");
        while !journal.exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            // It finished before the kill.
            continue;
        }
        assert_eq!(status.signal(), Some(9));
        kills += 1;
        check_after_kill(&project, STEPS[index], &before, &references[index]);
    }
    println!("{kills} kills at random moments of {tries} runs, each completed by the next run");
    assert!(kills == wanted, "only {kills} of {tries} runs were killed");
    assert_in_documents(&format!("{kills} times at random"));
}

#[test]
fn thirty_two_at_once_all_land() {
    let rounds = if is_soak() { 3 } else { 1 };
    for round in 0..rounds {
        let project = started();
        project.done(STEPS[0]);
        project.done(STEPS[1]);
        let children: Vec<_> = (0..32)
            .map(|n| {
                let name = format!("flow-{n}");
                common::command(
                    &project.path(),
                    &["add-temporal-workflow", &name, "--lock-wait", "60s"],
                )
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
            })
            .collect();
        for mut child in children {
            assert_eq!(child.wait().unwrap().code(), Some(0));
        }
        let registry = project.read("modules/api/src/backend/workflows/registry.py");
        for n in 0..32 {
            assert!(
                registry.contains(&format!("    Flow{n}Workflow,\n")),
                "{n} is lost:\n{registry}"
            );
            assert!(registry.contains(&format!("    Flow{n}Activities,\n")));
        }
        println!("round {round}: 32 at once, none lost");
    }
}

#[test]
fn a_project_that_is_held_is_left_alone() {
    let project = started();
    let before = project.tree();
    let held = fs::File::open(project.path()).unwrap();
    held.lock().unwrap();
    let run = project.bluetext(&["add-temporal", "--lock-wait", "100ms", "--format", "json"]);
    assert_eq!(run.code, 6);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&report["status"], &report["error"]["code"]),
        (&"refused".into(), &"locked".into())
    );
    // Read-only runs do not wait.
    assert_eq!(
        project
            .bluetext(&["add-temporal", "--dry-run", "--lock-wait", "0s"])
            .code,
        0
    );
    assert_eq!(
        project
            .bluetext(&["add-temporal", "--check", "--lock-wait", "0s"])
            .code,
        4
    );
    assert_eq!(project.tree(), before);
    // It waits until the timeout.
    let path = project.path();
    let waiting = std::thread::spawn(move || common::bluetext(&path, &["add-temporal"], &[]).code);
    std::thread::sleep(Duration::from_millis(100));
    drop(held);
    assert_eq!(waiting.join().unwrap(), 0);
}

/// A file or folder of the user that has the name of ours is never removed.
#[test]
fn a_file_of_the_name_that_is_needed_is_left() {
    for path in [".bluetext.tmp", ".bluetext.tmp/0.new"] {
        let project = started();
        project.write(path, "mine");
        let before = project.tree();
        let run = project.bluetext(&["add-temporal"]);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (
                3,
                "error: `.bluetext.tmp` is in the way: it is not a file of bluetext\n  --> .bluetext.tmp\n\n  hint: rename or remove it if you do not need it\n"
            )
        );
        assert_eq!(project.bluetext(&["add-temporal", "--dry-run"]).code, 3);
        project.done(&["status"]);
        assert_eq!(project.tree(), before);
    }
    // A run that was killed at once has written nothing to it.
    let project = started();
    project.write(".bluetext.tmp", "");
    project.done(&["add-temporal"]);
    assert!(!project.path().join(".bluetext.tmp").exists());
}

/// A journal that somebody has written removes nothing but files named as ours, inside the
/// project.
#[test]
fn a_journal_of_a_stranger_does_no_harm() {
    let outside = Project::with(&[(".bluetext-0123456789abcdef.tmp", "theirs")]);
    let project = started();
    project.write("mine.txt", "mine");
    let out = outside.path();
    let up = format!("{}{}", "../".repeat(20), &out.to_str().unwrap()[1..]);
    let entries: Vec<String> = [
        ("", "mine.txt"),
        ("", "../mine.txt"),
        ("modules/../..", ".bluetext-0123456789abcdef.tmp"),
        (up.as_str(), ".bluetext-0123456789abcdef.tmp"),
        (out.to_str().unwrap(), ".bluetext-0123456789abcdef.tmp"),
        ("", ".bluetext-/../mine.txt.tmp"),
    ]
    .iter()
    .map(|(folder, temporary)| {
        format!(
            "{{\"folder\":\"{folder}\",\"name\":\"x\",\"temporary\":\"{temporary}\",\"before\":null,\"after\":\"0\"}}"
        )
    })
    .collect();
    let journal = format!("{{\"bluetext\":1,\"files\":[{}]}}", entries.join(","));
    project.write(".bluetext.tmp", &journal);
    project.done(&["add-temporal"]);
    assert!(!project.path().join(".bluetext.tmp").exists());
    assert_eq!(project.read("mine.txt"), "mine");
    assert_eq!(outside.read(".bluetext-0123456789abcdef.tmp"), "theirs");
}

/// Somebody saves a file at the last moment before it is replaced, and the run is killed at the
/// next moment: the next run puts what was saved back, and plans with it.
#[test]
fn what_is_saved_before_a_kill_is_put_back() {
    let project = started();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "is_killed_after_a_save", "--ignored", "--quiet"])
        .env("BLUETEXT_TEST_KILL", project.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9));
    let text = project.read("polytope.yml");
    assert!(text.contains("add-temporal-client:") && !text.contains("# saved"));
    project.done(&["add-temporal"]);
    let text = project.read("polytope.yml");
    assert!(
        text.contains("add-temporal-client:") && text.ends_with("# saved\n"),
        "{text}"
    );
    assert!(!project.tree().keys().any(|path| is_temporary(path)));
}

/// Not a test: the process that the test above starts.
#[test]
#[ignore = "started by the test above"]
fn is_killed_after_a_save() {
    let Some(folder) = std::env::var_os("BLUETEXT_TEST_KILL") else {
        return;
    };
    let path = PathBuf::from(&folder).join("polytope.yml");
    let is_placed = Mutex::new(false);
    let fault: InjectedFault = Arc::new(move |operation, found| {
        let mut is_placed = is_placed.lock().unwrap();
        if operation == Operation::Place && found == path {
            append(&path, "# saved\n");
            *is_placed = true;
        } else if operation == Operation::Read && *is_placed {
            let process = rustix::process::getpid();
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        Ok(())
    });
    let mut options = Options::new(PathBuf::from(folder));
    options.fault = Some(fault);
    run(&request(STEPS[0]), &options).unwrap();
}

/// Save a file with more text, as an editor does.
fn append(path: &Path, more: &str) {
    let text = fs::read_to_string(path).unwrap() + more;
    fs::File::create(path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .unwrap();
}

/// A file that somebody saves after it was replaced is left when the run fails, and named.
#[test]
fn what_is_saved_after_its_replacement_is_not_undone() {
    let project = started();
    project.done(STEPS[0]);
    let new = project.path().join("modules/api/README.md");
    let last = project.path().join("polytope.yml");
    let (saved, root) = (new.clone(), last.clone());
    let fault: InjectedFault = Arc::new(move |operation, path| {
        if operation == Operation::Place && path == root {
            append(&saved, "Saved.\n");
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    });
    let before = project.tree();
    let result = run(&request(STEPS[1]), &options(&project, Some(fault)));
    let Err(Error::Disk {
        error: DiskError::Io {
            path, not_restored, ..
        },
        ..
    }) = result
    else {
        panic!("{result:?}");
    };
    assert_eq!(path, last);
    let folders = ["modules/api", "modules"].map(|folder| project.path().join(folder));
    assert_eq!(not_restored[0], new);
    assert!(
        not_restored[1..].iter().all(|path| folders.contains(path)),
        "{not_restored:?}"
    );
    let text = fs::read_to_string(&new).unwrap();
    assert!(text.ends_with("Saved.\n"), "{text}");
    fs::remove_file(&new).unwrap();
    fs::remove_dir(&folders[0]).unwrap();
    assert_same(&project.tree(), &before, "without the saved file");
}

/// Another program saves a file between the plan and the commit, at this operation on a path
/// that ends so.
fn saving(
    path: PathBuf,
    (moment, end): (Operation, &'static str),
    times: usize,
) -> (InjectedFault, Arc<Mutex<usize>>) {
    let saved = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&saved);
    let fault: InjectedFault = Arc::new(move |operation, found| {
        let mut saved = counter.lock().unwrap();
        if operation == moment && found.ends_with(end) && *saved < times {
            *saved += 1;
            append(&path, "# saved\n");
        }
        Ok(())
    });
    (fault, saved)
}

/// When a file is saved: before anything is written, later, and just before it is replaced.
const MOMENTS: [(Operation, &str); 3] = [
    (Operation::MakeFolder, "modules/temporal"),
    (Operation::Stage, "polytope.yml"),
    (Operation::Place, "polytope.yml"),
];

#[test]
fn a_file_saved_meanwhile_is_planned_with_anew() {
    for moment in MOMENTS {
        let project = started();
        let (fault, saved) = saving(project.path().join("polytope.yml"), moment, 1);
        run(&request(STEPS[0]), &options(&project, Some(fault))).unwrap();
        assert_eq!(*saved.lock().unwrap(), 1);
        let text = project.read("polytope.yml");
        assert!(
            text.ends_with("# the end\n# saved\n") && text.contains("add-temporal-client:"),
            "{text}"
        );
    }
}

#[test]
fn a_file_saved_again_and_again_is_left_to_its_owner() {
    for moment in MOMENTS {
        let project = started();
        let (fault, saved) = saving(project.path().join("polytope.yml"), moment, usize::MAX);
        let result = run(&request(STEPS[0]), &options(&project, Some(fault)));
        assert!(
            matches!(&result, Err(Error::Disk { error: DiskError::Changed(path), .. }) if path.as_str() == "polytope.yml"),
            "{result:?}"
        );
        assert!(!project.path().join("modules/temporal").exists());
        let saved = "# saved\n".repeat(*saved.lock().unwrap());
        assert_eq!(project.read("polytope.yml"), format!("{ROOT}{saved}"));
    }
}

#[test]
fn a_file_that_vanishes_meanwhile_is_planned_with_anew() {
    let project = started();
    let path = project.path().join("polytope.yml");
    let fault: InjectedFault = Arc::new(move |operation, _| {
        if operation == Operation::MakeFolder && path.exists() {
            fs::remove_file(&path)?;
        }
        Ok(())
    });
    let result = run(&request(STEPS[0]), &options(&project, Some(fault)));
    assert!(result.is_ok(), "{result:?}");
    assert!(
        project
            .read("polytope.yml")
            .starts_with("include:\n  - modules/postgres\n")
    );
}

#[test]
fn a_file_that_appears_meanwhile_is_not_replaced() {
    let project = started();
    let path = project.path().join("modules/temporal/polytope.yml");
    let target = path.clone();
    let fault: InjectedFault = Arc::new(move |operation, placed| {
        if operation == Operation::Place && placed == target {
            fs::File::create(&target)
                .and_then(|mut file| io::Write::write_all(&mut file, b"mine"))
                .unwrap();
        }
        Ok(())
    });
    let result = run(&request(STEPS[0]), &options(&project, Some(fault)));
    assert!(
        matches!(&result, Err(Error::Refused { refused, .. }) if refused.problems[0].code == ErrorCode::InTheWay
            || refused.problems[0].code == ErrorCode::Syntax),
        "{result:?}"
    );
    assert_eq!(fs::read_to_string(path).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_project() {
    use std::os::unix::fs::symlink;
    let outside = Project::empty();
    outside.write("polytope.yml", "tools: {}\n");
    let before = outside.tree();
    let mut shown = String::new();
    for link in [
        "polytope.yml",
        "modules",
        "modules/temporal",
        "modules/temporal/polytope.yml",
    ] {
        let project = Project::empty();
        let path = project.path().join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let target = if Path::new(link).extension().is_some() {
            outside.path().join("polytope.yml")
        } else {
            outside.path()
        };
        symlink(target, &path).unwrap();
        let tree = project.tree();
        let run = project.bluetext(&["add-temporal"]);
        shown.push_str(&format!(
            "=== {link}: exit code {}\n{}",
            run.code, run.stderr
        ));
        assert_eq!((project.tree(), outside.tree()), (tree, before.clone()));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("links_that_lead_out", shown);
    });
}

/// Modules that are only read may be outside the project.
#[cfg(unix)]
#[test]
fn an_included_module_may_be_a_link_to_elsewhere() {
    let outside = Project::with(&[("polytope.yml", WEB)]);
    let project = Project::with(&[("polytope.yml", ROOT)]);
    fs::create_dir(project.path().join("modules")).unwrap();
    std::os::unix::fs::symlink(outside.path(), project.path().join("modules/web")).unwrap();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    assert_eq!(outside.read("polytope.yml"), WEB);
}

#[cfg(unix)]
#[test]
fn links_inside_the_project_are_followed_and_kept() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[
        ("conf/polytope.yml", ROOT),
        ("modules/web/polytope.yml", WEB),
        ("real/x", ""),
    ]);
    symlink("conf/polytope.yml", project.path().join("polytope.yml")).unwrap();
    symlink("../real", project.path().join("modules/temporal")).unwrap();
    project.done(&["add-temporal"]);
    assert!(project.path().join("polytope.yml").is_symlink());
    assert!(project.path().join("modules/temporal").is_symlink());
    assert!(
        project
            .read("conf/polytope.yml")
            .contains("add-temporal-client")
    );
    assert!(project.read("real/polytope.yml").contains("temporal-ui"));
    assert_eq!(project.bluetext(&["add-temporal", "--check"]).code, 0);
}

#[test]
fn what_is_in_the_way_is_refused() {
    let mut shown = String::new();
    for (what, path) in [
        (
            "a folder where a file would be",
            "modules/temporal/polytope.yml/x",
        ),
        ("a file where a folder would be", "modules/temporal"),
        ("a file where modules would be", "modules"),
        ("another case", "modules/Temporal/readme"),
        ("another case of a file", "modules/temporal/Polytope.yml"),
        ("somebody's module", "modules/temporal/polytope.yml"),
    ] {
        let project = Project::with(&[(path, "tools: {}\n")]);
        let before = project.tree();
        for arguments in [&["add-temporal"][..], &["add-temporal", "--dry-run"]] {
            let run = project.bluetext(arguments);
            assert_eq!(
                (run.code, run.stdout.as_str()),
                (3, ""),
                "{what}: {}",
                run.stderr
            );
            if arguments.len() == 1 {
                shown.push_str(&format!("=== {what}\n{}", run.stderr));
            }
            assert_eq!(project.tree(), before);
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("in_the_way", shown);
    });
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let project = started();
    let path = project.path().join("polytope.yml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let before = project.tree();
    let run = project.bluetext(&["add-temporal"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "error: `polytope.yml` is read-only\n  --> polytope.yml\n\n  hint: make it writable: chmod u+w polytope.yml\n"
    );
    assert_eq!(project.tree(), before);
}

/// Fails each read of the project once, with each error: the run is refused and says which path,
/// or it does the same as without the fault. Nothing that cannot be read counts as absent.
#[test]
fn what_cannot_be_read_is_not_absent() {
    let kinds = [
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::Other,
        io::ErrorKind::QuotaExceeded,
    ];
    let mut faults = 0;
    for step in STEPS {
        let request = request(step);
        let project = with_service();
        for earlier in STEPS.iter().take_while(|earlier| **earlier != step) {
            let _ = project.bluetext(earlier);
        }
        let mut planned = options(&project, None);
        planned.write = false;
        let changes = |options: &Options| {
            run(&request, options).map(|outcome| {
                let changes = outcome.plan.changes().iter();
                changes
                    .map(|change| {
                        (
                            change.path.to_string(),
                            change.after.clone().unwrap_or_default().into_bytes(),
                        )
                    })
                    .collect::<Tree>()
            })
        };
        let expected = changes(&planned).unwrap();
        for kind in kinds {
            for n in 0.. {
                let calls = AtomicUsize::new(0);
                let failed = Arc::new(Mutex::new(None));
                let slot = Arc::clone(&failed);
                let fault: InjectedFault = Arc::new(move |operation: Operation, path| {
                    if !operation.is_change() && calls.fetch_add(1, Ordering::SeqCst) == n {
                        *slot.lock().unwrap() = Some((operation, path.to_owned()));
                        return Err(kind.into());
                    }
                    Ok(())
                });
                planned.fault = Some(fault);
                let found = changes(&planned);
                let Some((operation, path)) = failed.lock().unwrap().take() else {
                    break;
                };
                faults += 1;
                match found {
                    Ok(mut found) => {
                        // The only service is not known if a folder is hidden from the user.
                        let is_hidden = kind == io::ErrorKind::PermissionDenied && step == STEPS[0];
                        for path in ["polytope.yml", ".bluetext/add-temporal.yml"] {
                            let Some(file) = found.get_mut(path).filter(|_| is_hidden) else {
                                continue;
                            };
                            let text = std::str::from_utf8(file).unwrap();
                            let known = "type: [default, str, shop]";
                            let text = text
                                .replacen("type: str\n", &format!("{known}\n"), 1)
                                .replacen("type: str\\n", &format!("{known}\\n"), 1);
                            *file = text.into_bytes();
                        }
                        let when = format!("{step:?}: {operation:?} of {}", path.display());
                        assert_same(&found, &expected, &when);
                    }
                    Err(Error::Refused { refused, .. }) => {
                        let problems = &refused.problems;
                        let names_a_path = |p: &Problem| p.path.is_some();
                        assert!(problems.iter().any(names_a_path), "{refused:?}");
                    }
                    Err(Error::Disk {
                        error: DiskError::Io { path: named, .. },
                        ..
                    }) => assert_eq!(named, path),
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    }
    println!("{faults} reads failed, none taken for an absence");
    assert_in_documents(&format!("fails {faults} reads"));
    assert!(faults > 300, "{faults}");
}

/// Fails each system call on files, with each error, in each tool: a run that succeeds is
/// complete, and one that fails has changed nothing. `strace` makes the calls fail.
#[cfg(target_os = "linux")]
#[test]
fn every_system_call_may_fail() {
    const CALLS: [&str; 10] = [
        "openat",
        "read",
        "getdents64",
        "statx",
        "readlink",
        "write",
        "mkdirat",
        "renameat2",
        "unlinkat",
        "fsync",
    ];
    let Ok(strace) = which::which("strace") else {
        eprintln!("left out: strace is not installed");
        return;
    };
    let (errors, step_by): (&[&str], usize) = if is_soak() {
        (&["EIO", "EMFILE", "EACCES"], 1)
    } else {
        (&["EIO"], 40)
    };
    let kept = |tree: Tree| -> Tree {
        let tree = tree.into_iter();
        tree.filter(|(path, _)| !is_temporary(path) && !path.ends_with('/'))
            .collect()
    };
    let project = with_service();
    let scratch = Project::empty();
    let log = scratch.path().join("trace");
    let mut faults = 0;
    for step in STEPS {
        let before = project.tree();
        project.done(step);
        let after = kept(project.tree());
        for (call, error) in CALLS
            .iter()
            .flat_map(|call| errors.iter().map(move |e| (call, e)))
        {
            for n in (1..).step_by(step_by) {
                restore(&project, &before);
                let output = std::process::Command::new(&strace)
                    .args(["-f", "-qq", "-e", &format!("trace={call}")])
                    .args(["-e", &format!("inject={call}:error={error}:when={n}"), "-o"])
                    .args([log.as_os_str(), env!("CARGO_BIN_EXE_bluetext").as_ref()])
                    .args(step)
                    .current_dir(project.path())
                    .env("BLUETEXT_NO_START", "1")
                    .output()
                    .unwrap();
                if !fs::read_to_string(&log).unwrap().contains("INJECTED") {
                    break;
                }
                faults += 1;
                let mut now = kept(project.tree());
                let when = format!("{step:?}: {call} {n}: {error}: {output:?}");
                match output.status.code() {
                    // The report cannot be written.
                    Some(0 | 8) => {
                        // The only service is not known if a folder is hidden from the user.
                        if *error == "EACCES" && step == STEPS[0] {
                            for path in ["polytope.yml", ".bluetext/add-temporal.yml"] {
                                now.insert(path.to_owned(), after[path].clone());
                            }
                        }
                        assert_same(&now, &after, &when);
                    }
                    _ => assert_same(&now, &kept(before.clone()), &when),
                }
            }
        }
        restore(&project, &before);
        project.done(step);
    }
    println!("{faults} system calls failed: each run was complete or changed nothing");
    assert_in_documents("each of its system calls");
    assert!(faults > 20, "{faults}");
}

/// Owner, mode, attributes and the set-group bit of folders stay; what cannot be kept is said.
#[cfg(target_os = "linux")]
#[test]
fn what_a_file_has_besides_its_content_is_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let project = started();
    let root = project.path();
    let path = root.join("polytope.yml");
    let has_attributes = setxattr(&path, "user.origin", b"shop", XattrFlags::empty()).is_ok();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    // An access control list (acl(5)) as the kernel keeps it: version 2, and entries of a tag,
    // permissions and an id. User 77 may read; the mask is the group's part of the mode.
    let none = u32::MAX;
    let entries: [(u16, u16, u32); 5] = [
        (1, 6, none),
        (2, 4, 77),
        (4, 4, none),
        (0x10, 4, none),
        (0x20, 0, none),
    ];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    let name = "system.posix_acl_access";
    let has_list = setxattr(&path, name, &list, XattrFlags::empty()).is_ok();
    let is_root = rustix::process::geteuid().is_root();
    let folder = root.join("modules");
    if is_root {
        chown(&path, Some(1234), Some(2345)).unwrap();
        chown(&folder, Some(3456), Some(4567)).unwrap();
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o2775)).unwrap();
    let run = project.done(STEPS[0]);
    assert_eq!(run.stderr, "");
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o640);
    if has_attributes {
        let mut value = [0; 16];
        let length = getxattr(&path, "user.origin", &mut value).unwrap();
        assert_eq!(&value[..length], b"shop");
    }
    if has_list {
        let mut value = [0; 64];
        let length = getxattr(&path, "system.posix_acl_access", &mut value).unwrap();
        assert_eq!(value[..length], list);
    }
    let made = fs::metadata(folder.join("temporal")).unwrap();
    assert_eq!(
        made.mode() & 0o2000,
        0o2000,
        "the group of a new folder is inherited"
    );
    assert_eq!(made.gid(), fs::metadata(&folder).unwrap().gid());
    if is_root {
        assert_eq!((metadata.uid(), metadata.gid()), (1234, 2345));
        let file = fs::metadata(folder.join("temporal/polytope.yml")).unwrap();
        assert_eq!([made.uid(), file.uid(), file.gid()], [3456, 3456, 4567]);
    }
    fs::hard_link(&path, root.join("copy.yml")).unwrap();
    let run = project.done(STEPS[1]);
    assert!(
        run.stderr.contains("warning: `polytope.yml` lost its other names (hard links), which keep the old content\n"),
        "{}",
        run.stderr
    );
}

/// A folder that is mounted read-only, and a project on an overlay of two others.
#[cfg(target_os = "linux")]
#[test]
fn unusual_mounts_are_written_or_left() {
    use rustix::mount::{MountFlags, mount, mount_remount};
    let project = started();
    let folder = project.path().join("modules/temporal");
    let Some(mounted) = Mount::new(folder.clone(), "size=1m") else {
        eprintln!("left out: this user cannot mount a file system");
        return;
    };
    mount_remount(&folder, MountFlags::RDONLY, "").unwrap();
    let before = project.tree();
    let run = project.bluetext(&["add-temporal"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains("modules/temporal"), "{}", run.stderr);
    assert_same(&project.tree(), &before, "a read-only folder");
    drop(mounted);

    // The upper folder of an overlay may not be on an overlay itself.
    let scratch = Project::empty();
    let _upper = Mount::new(scratch.path().join("disk"), "size=8m");
    for folder in ["lower", "disk/upper", "disk/work", "merged"] {
        fs::create_dir_all(scratch.path().join(folder)).unwrap();
    }
    scratch.write("lower/polytope.yml", ROOT);
    scratch.write("lower/modules/web/polytope.yml", WEB);
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        path("lower"),
        path("disk/upper"),
        path("disk/work")
    );
    let options = std::ffi::CString::new(options).unwrap();
    let merged = scratch.path().join("merged");
    if mount(
        "overlay",
        &merged,
        "overlay",
        MountFlags::empty(),
        &*options,
    )
    .is_err()
    {
        eprintln!("left out: this system cannot mount an overlay");
        return;
    }
    let _merged = Mount(merged.clone());
    for step in STEPS {
        let run = common::bluetext(&merged, step, &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        if step[0].starts_with("add-") {
            let run = common::bluetext(&merged, &[step, &["--check"]].concat(), &[]);
            assert_eq!(run.code, 0, "{}", run.stdout);
        }
    }
    assert_eq!(scratch.read("lower/polytope.yml"), ROOT);
}

/// A folder of the project that is another file system, full or not.
#[cfg(target_os = "linux")]
#[test]
fn a_mounted_folder_is_written_like_any_other() {
    for (size, is_written) in [("size=1m", true), ("size=4k,nr_inodes=2", false)] {
        let project = started();
        let folder = project.path().join("modules/temporal");
        let Some(_mount) = Mount::new(folder, size) else {
            eprintln!("left out: this user cannot mount a file system");
            return;
        };
        let before = project.tree();
        let run = project.bluetext(&["add-temporal"]);
        if is_written {
            assert_eq!(run.code, 0, "{}", run.stderr);
            let text = project.read("modules/temporal/polytope.yml");
            assert!(text.contains("temporal-ui"));
            assert_eq!(project.bluetext(&["add-temporal", "--check"]).code, 0);
        } else {
            assert_eq!(run.code, 1, "{}", run.stdout);
            assert_same(&project.tree(), &before, "a full file system");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let project = started();
    let path = project.path().join("polytope.yml");
    for mode in [0o600, 0o664, 0o755] {
        project.write("polytope.yml", ROOT);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        project.done(&["add-temporal"]);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            mode
        );
    }
}

#[test]
fn odd_paths_are_paths() {
    let deep = "a-rather-long-folder-name/".repeat(20);
    for folder in [
        "with space",
        "quo'te \"and\" more",
        "Größe-日本",
        "-dash",
        &deep,
    ] {
        let project = Project::empty();
        let path = project.path().join(folder);
        fs::create_dir_all(&path).unwrap();
        for step in &STEPS[..3] {
            let run = common::bluetext(&path, step, &[]);
            assert_eq!(run.code, 0, "{folder}: {}", run.stderr);
        }
        let run = common::bluetext(&path, &["add-temporal-client", "--check"], &[]);
        assert_eq!(run.code, 0, "{folder}: {}{}", run.stdout, run.stderr);
        for step in &STEPS[3..] {
            let run = common::bluetext(&path, step, &[]);
            assert_eq!(run.code, 0, "{folder}: {}", run.stderr);
        }
        assert!(common::tree(&path).is_empty(), "{folder}");
    }
}

/// A second run opens no file for writing, according to the operating system.
#[cfg(target_os = "linux")]
#[test]
fn a_second_run_opens_nothing_for_writing() {
    let Ok(strace) = which::which("strace") else {
        eprintln!("left out: strace is not installed; `twice_is_once` compares times");
        return;
    };
    let project = started();
    for step in &STEPS[..3] {
        project.done(step);
    }
    for step in &STEPS[..3] {
        let output = std::process::Command::new(&strace)
            .args(["-f", "-qq", "-e", "trace=%file"])
            .arg(env!("CARGO_BIN_EXE_bluetext"))
            .args(*step)
            .current_dir(project.path())
            .output()
            .unwrap();
        assert!(output.status.success());
        let trace = String::from_utf8_lossy(&output.stderr);
        assert!(trace.contains("polytope.yml"), "{trace}");
        let writes: Vec<&str> = trace
            .lines()
            .filter(|line| {
                [
                    "O_WRONLY", "O_RDWR", "O_CREAT", "rename", "mkdir", "unlink", "link(", "chmod",
                    "chown",
                ]
                .iter()
                .any(|word| line.contains(word))
            })
            .filter(|line| {
                !line.contains("readlink(") && !line.contains("/dev/") && !line.contains("/proc/")
            })
            .collect();
        assert_eq!(writes, Vec::<&str>::new());
    }
}
