//! Projects that are made to do harm: time and memory are bounded, nothing of a file controls a
//! terminal or becomes code, and nothing ends the program.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use bluetext::edit::MAX_FILE_SIZE;
use bluetext::name::is_unsafe;
use common::Project;

/// The most processor time of a command, in a debug build as well: 5 s, in the 100ths of seconds
/// of `proc_pid_stat(5)`. Other programs may run meanwhile, so the elapsed time says little.
const LIMIT: u64 = 500;

/// The most memory of a command, in KiB.
const MEMORY: u64 = 300 << 10;

const FASTAPI: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";

/// Runs a command within the limits, and returns its exit code and messages.
fn bounded(project: &Project, arguments: &[&str]) -> (i32, String) {
    let mut child = common::command(&project.path(), arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(size.unwrap_or(0));
        assert!(peak < MEMORY, "{arguments:?}: {peak} KiB");
        let used = processor_time(child.id());
        assert!(used < LIMIT, "{arguments:?}: {used}");
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    let Some(code) = output.status.code() else {
        panic!("{arguments:?} was ended by a signal: {messages}");
    };
    (code, messages)
}

/// The time that a process has used, in all its threads.
fn processor_time(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name is in parentheses, and may have spaces; user and system time are 14 and 15.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let fields = fields.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn list(item: &str, count: usize) -> String {
    vec![item; count].join(", ")
}

#[test]
fn aliases_do_not_fill_the_memory() {
    let tail = "tools:\n  default:\n    run: []\n";
    let levels = (1..10).fold("x0: &x0 [a, a]\n".to_owned(), |text, n| {
        text + &format!("x{n}: &x{n} [{}]\n", list(&format!("*x{}", n - 1), 9))
    });
    let merges = (1..12).fold("x0: &x0 { a: 1 }\n".to_owned(), |text, n| {
        let all = list(&format!("*x{}", n - 1), 9);
        text + &format!("x{n}: &x{n} {{ <<: [{all}], z{n}: 1 }}\n")
    });
    for (what, text, code) in [
        ("nested lists", levels, 3),
        ("nested merges", merges, 3),
        (
            "6 KB",
            format!("x: &x [{}]\ny: [{}]\n", list("1", 1000), list("*x", 800)),
            3,
        ),
        (
            "800 KB",
            format!(
                "x: &x {}\ny: [{}]\n",
                "y".repeat(400_000),
                list("*x", 100_000)
            ),
            3,
        ),
        (
            "many nodes",
            format!("y: [{}]\n", list("{a: }", 120_000)),
            3,
        ),
        (
            "many usual nodes",
            format!("y: [{}]\n", list("{a: 1}", 20_000)),
            0,
        ),
    ] {
        let project = Project::with(&[("polytope.yml", &(text + tail))]);
        let before = project.tree();
        for arguments in [&["status"][..], &["add-temporal"]] {
            let (found, messages) = bounded(&project, arguments);
            assert_eq!(found, code, "{what}: {messages}");
        }
        assert_eq!(project.tree() == before, code == 3, "{what}");
    }
}

#[test]
fn links_in_circles_are_followed_once() {
    let project = Project::with(&[
        ("api/requirements.txt", "fastapi\n"),
        (
            "api/main.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
    ]);
    for n in 0..10 {
        let path = project.path().join(format!("api/loop{n}"));
        std::os::unix::fs::symlink(".", path).unwrap();
    }
    std::os::unix::fs::symlink("../api", project.path().join("api/self")).unwrap();
    std::os::unix::fs::symlink("b", project.path().join("a")).unwrap();
    std::os::unix::fs::symlink("a", project.path().join("b")).unwrap();
    for arguments in [&["add-temporal"][..], &["add-temporal-client"], &["status"]] {
        let (code, messages) = bounded(&project, arguments);
        assert_eq!(code, 0, "{messages}");
    }
}

/// Python that is deep is refused, and Python that is only long is edited.
#[test]
fn deep_and_long_python_ends_nothing() {
    type Form = fn(usize) -> String;
    let project = Project::with(&[("requirements.txt", "fastapi\n")]);
    bounded(&project, &["add-temporal"]);
    let deep: [Form; 7] = [
        |n| format!("x = a{}\n", ".b".repeat(n)),
        |n| format!("x = a{}\n", "[0]".repeat(n)),
        |n| format!("x = a{}\n", "()".repeat(n)),
        |n| format!("x = {}1\n", "not ".repeat(n)),
        |n| format!("x = {}1{}\n", "(".repeat(n), ")".repeat(n)),
        |n| format!("x = 1{}\n", " if a else 1".repeat(n)),
        |n| {
            (0..n.min(900)).fold(String::new(), |mut text, n| {
                let _ = writeln!(text, "{}if a:", " ".repeat(n));
                text
            }) + &" ".repeat(900)
                + "pass\n"
        },
    ];
    let long: [Form; 4] = [
        |n| format!("x = ({})\n", "'a' ".repeat(n)),
        |n| format!("x = [{}]\n", "a.b(1), ".repeat(n)),
        |n| "a = 1; ".repeat(n) + "\n",
        |n| "import a\n".repeat(n),
    ];
    let module = |code: &str| format!("{FASTAPI}{code}");
    let forms = deep
        .iter()
        .map(|form| (form, 3))
        .chain(long.iter().map(|form| (form, 4)));
    for (index, (form, code)) in forms.enumerate() {
        for count in [20_000, 100_000] {
            project.write("main.py", &module(&form(count)));
            let (found, messages) = bounded(&project, &["add-temporal-client", "--check"]);
            assert_eq!(found, code, "form {index}, {count}: {messages}");
        }
    }
}

/// With little memory, a run is refused or complete.
#[test]
fn little_memory_leaves_nothing_half_done() {
    let project = Project::empty();
    for arguments in [&["add-temporal"][..], &["add-temporal-client"]] {
        project.done(arguments);
    }
    let before = project.tree();
    let step = ["add-temporal-workflow", "greeting"];
    let mut complete = 0;
    for size in [40, 60, 100, 200, 280, 300, 310, 400, 700] {
        let copy = Project::empty();
        for (path, bytes) in &before {
            copy.write(path, std::str::from_utf8(bytes).unwrap());
        }
        let limit = format!("ulimit -v {}; exec \"$@\"", size << 10);
        let output = Command::new("sh")
            .args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_bluetext")])
            .args(step)
            .current_dir(copy.path())
            .output()
            .unwrap();
        if output.status.success() {
            complete += 1;
            let check = copy.bluetext(&[&step[..], &["--check"]].concat());
            assert_eq!(check.code, 0, "{size} MiB: {}", check.stdout);
        } else {
            assert_eq!(copy.tree(), before, "{size} MiB");
        }
    }
    assert!(complete > 0);
}

/// Nothing of a file or an argument controls the terminal, in either format.
#[test]
fn nothing_of_a_file_controls_the_terminal() {
    /// A sequence that the program itself never writes, a control character, and a reversal.
    const CODE: &str = "\u{1b}[5m\u{9b}\u{202e}";
    let in_yaml = "\\e[5m\\u009b\\u202e";
    let polytope = format!(
        "tools:\n  \"a{in_yaml}\":\n    run:\n      - tool: polytope/container\n        args: {{ id: \"x{in_yaml}\", image: \"temporalio/auto-setup:1{in_yaml}\" }}\n"
    );
    let web = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let broken = format!("{web}x = \"{CODE}\n");
    let pyproject = format!(
        "[project]\nname = \"x\"\ndependencies = [\n    \"pydantic<2\", # \u{202e}\n    \"temporalio<1; '{}' < '1'\",\n]\n",
        '\u{202e}'
    );
    let projects: [&[(&str, &str)]; 6] = [
        &[("polytope.yml", &polytope), ("main.py", web)],
        &[("polytope.yml", "tools: {}\n"), ("main.py", &broken)],
        &[("polytope.yml", &format!("tools: [{CODE}\n"))],
        &[("polytope.yml", "tools: { \"\u{202e}\": 1 }\n")],
        &[
            ("polytope.yml", "tools: {}\n"),
            ("pyproject.toml", &pyproject),
            ("main.py", web),
        ],
        &[
            ("polytope.yml", "tools: {}\n"),
            ("b\u{202e}d/main.py", web),
            ("c/main.py", web),
        ],
    ];
    let service = format!("x/{CODE}");
    let commands: [&[&str]; 8] = [
        &["status"],
        &["add-temporal", "--diff"],
        &["add-temporal-client"],
        &["add-temporal-client", "--service", "c"],
        &["add-temporal-client", "--service", &service],
        &["add-temporal-client", "--app", CODE, "--service", "c"],
        &["add-temporal", "--stack", CODE],
        &["add-temporal-workflow", CODE],
    ];
    let without_styles = without_styles();
    let mut escapes = 0;
    for files in projects {
        let project = Project::with(files);
        for arguments in commands {
            for format in ["human", "json"] {
                let output = common::command(&project.path(), arguments)
                    .args(["--format", format])
                    // As in a terminal, where escape sequences are not removed.
                    .env("CLICOLOR_FORCE", "1")
                    .output()
                    .unwrap();
                for bytes in [output.stdout, output.stderr] {
                    let text = without_styles(&String::from_utf8(bytes).unwrap());
                    let found: Vec<char> = text.chars().filter(|c| is_unsafe(*c)).collect();
                    assert!(
                        found.is_empty(),
                        "{arguments:?} {format}: {found:?}\n{text}"
                    );
                    escapes += text.matches("202e").count();
                }
            }
        }
    }
    assert!(escapes > 50, "{escapes}");
}

/// Removes the styles that the program itself writes: bold, dimmed, and colours at the start and
/// end of its own words.
fn without_styles() -> impl Fn(&str) -> String {
    let styles: Vec<String> = ["0", "1", "2", "31", "32", "33", "34", "36"]
        .iter()
        .map(|code| format!("\u{1b}[{code}m"))
        .collect();
    move |text: &str| {
        styles
            .iter()
            .fold(text.to_owned(), |text, style| text.replace(style, ""))
    }
}

/// Names of folders do not become commands, expressions or code.
#[test]
fn names_of_folders_do_not_become_code() {
    let names = [
        "{pt.param x}",
        "x; touch y #",
        "$(id)",
        "`id`",
        "a'b",
        "a:b",
        "a\\b",
        "a.b",
    ];
    for name in names {
        let tool = "tools:\n  api:\n    run:\n      - tool: polytope/python\n        args: { id: api, image: uv, code: { type: repo, path: . }, cmd: fastapi run main.py }\n";
        let web = "from fastapi import FastAPI\n\nfrom PLACEdb import x\n\napp = FastAPI()\n";
        for place in ["", "."] {
            let project = Project::with(&[
                ("polytope.yml", "include: [services/api]\ntools: {}\n"),
                ("services/api/polytope.yml", tool),
                ("services/api/requirements.txt", "fastapi\n"),
            ]);
            project.write(
                &format!("services/api/{name}/main.py"),
                &web.replace("PLACE", place),
            );
            project.write(&format!("services/api/{name}/db.py"), "x = 1\n");
            project.done(&["add-temporal"]);
            let before = project.tree();
            let run = project.bluetext(&["add-temporal-client"]);
            if run.code == 0 {
                // A name with a dot is a plain path, from which modules can be imported.
                assert_eq!((name, place), ("a.b", ""), "{}", run.stdout);
                assert!(
                    project
                        .read("services/api/polytope.yml")
                        .contains("value: /app/a.b")
                );
                continue;
            }
            assert_eq!(run.code, 3, "{name}: {}", run.stderr);
            assert_eq!(project.tree(), before, "{name}");
        }
    }
}

/// A file that could not be read again is not made.
#[test]
fn no_registry_becomes_too_large() {
    let project = Project::empty();
    bounded(&project, &["add-temporal"]);
    bounded(&project, &["add-temporal-client"]);
    let registry = "modules/api/src/backend/workflows/registry.py";
    let text = project.read(registry);
    let comment = "#".repeat(MAX_FILE_SIZE - text.len() - 50);
    project.write(registry, &format!("{text}{comment}\n"));
    let before = project.tree();
    let two = ["add-temporal-workflow", "greeting", "order"];
    let (code, messages) = bounded(&project, &two);
    assert_eq!(code, 3);
    assert_eq!(
        messages.trim_end(),
        format!(
            "error: `{registry}` cannot be edited: it would be larger than 1 MiB, more than is \
             supported\n  --> {registry}\n\n  hint: add less, or add it to another service"
        )
    );
    assert_eq!(project.tree(), before);
    project.write("services/other/requirements.txt", "fastapi\n");
    project.write("services/other/main.py", FASTAPI);
    bounded(&project, &["add-temporal-client", "--service", "other"]);
    let other = [&two[..], &["--service", "other"]].concat();
    assert_eq!(bounded(&project, &other).0, 0);
}
