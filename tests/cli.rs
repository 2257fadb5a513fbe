//! Tests of the command line: complete stdout, stderr and exit code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use common::{Project, bluetext};

const WEB: (&str, &str) = (
    "polytope.yml",
    "# mine\ntools:\n  default:\n    run:\n      - tool: web # the shop\n  web:\n    run:\n      - tool: polytope/container\n        args:\n          id: temporal-ui\n          image: nginx:1\n          services:\n            - id: web\n              ports:\n                - { port: 80, protocol: http, expose-as: 8233 }\n  add-temporal-client:\n    run: []\n",
);

macro_rules! snapshot {
    ($name:literal, $run:expr) => {
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!($name, $run.shown());
        });
    };
}

#[test]
fn three_steps_in_an_empty_folder() {
    let project = Project::empty();
    snapshot!(
        "add_temporal",
        project.bluetext(&["add-temporal", "--no-start"])
    );
    snapshot!(
        "add_temporal_client",
        project.bluetext(&["add-temporal-client"])
    );
    snapshot!(
        "add_temporal_workflow",
        project.bluetext(&[
            "add-temporal-workflow",
            "greeting",
            "--input",
            "name:str",
            "--output",
            "message:str"
        ])
    );
}

#[test]
fn twice_is_once() {
    let project = Project::empty();
    let steps: [&[&str]; 3] = [
        &["add-temporal"],
        &["add-temporal-client"],
        &["add-temporal-workflow", "greeting", "farewell"],
    ];
    for step in steps {
        project.done(step);
    }
    let before = project.tree();
    let times = modified(&project);
    for step in steps {
        let run = project.done(&[step, &["--format", "json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["status"], "unchanged");
        assert_eq!(report["registered"], serde_json::json!([]));
        assert_eq!(project.bluetext(&[step, &["--check"]].concat()).code, 0);
    }
    assert_eq!(project.tree(), before);
    assert_eq!(modified(&project), times);
}

fn modified(project: &Project) -> Vec<(String, std::time::SystemTime)> {
    project
        .tree()
        .into_keys()
        .map(|path| {
            let time = std::fs::metadata(project.path().join(&path))
                .unwrap()
                .modified()
                .unwrap();
            (path, time)
        })
        .collect()
}

#[test]
fn a_dry_run_is_the_real_run_without_the_last_step() {
    let project = Project::with(&[(
        "polytope.yml",
        "tools:\n  stack:\n    run:\n      - tool: a\n",
    )]);
    let before = project.tree();
    let arguments = ["add-temporal", "--format=json", "--diff"];
    let dry = project.done(&[&arguments[..], &["--dry-run"]].concat());
    let check = project.bluetext(&[&arguments[..], &["--check"]].concat());
    assert_eq!(check.code, 4);
    assert_eq!(check.stdout, dry.stdout);
    assert_eq!(project.tree(), before);
    let real = project.done(&arguments);
    assert_eq!(
        real.stdout.replace("\"applied\"", "\"planned\""),
        dry.stdout
    );
    snapshot!("json_with_diff", dry);
}

#[test]
fn a_human_sees_the_diff() {
    let project = Project::with(&[(
        "polytope.yml",
        "tools:\n  stack:\n    run:\n      - tool: a\n",
    )]);
    project.done(&["add-temporal"]);
    project.write(
        "polytope.yml",
        "tools:\n  stack:\n    run:\n      - tool: a\n",
    );
    snapshot!(
        "human_diff",
        project.bluetext(&["add-temporal", "--diff", "--dry-run"])
    );
}

/// `status` reports the state and the problems of a project at each step.
#[test]
fn the_status_names_what_is_there_and_what_is_next() {
    let mut shown = String::new();
    let mut show = |what: &str, project: &Project| {
        let run = project.bluetext(&["status"]);
        shown.push_str(&format!("=== {what}\n{}", run.shown()));
    };
    let project = Project::empty();
    show("an empty folder", &project);
    project.done(&["add-temporal"]);
    show("after the first step", &project);
    project.done(&["add-temporal-client"]);
    project.done(&["add-temporal-workflow", "greeting"]);
    show("after all steps", &project);
    let workflows = "modules/api/src/backend/workflows";
    project.write(
        &format!("{workflows}/mine.py"),
        "from temporalio import workflow\n\n\n@workflow.defn(name=\"x\")\nclass Mine:\n    pass\n",
    );
    project.write(&format!("{workflows}/broken.py"), "class Broken(\n");
    let settings = "modules/api/src/backend/temporal_client/settings.py";
    project.write(settings, "mine = True\n");
    show(
        "a workflow that is not registered, a broken module, a changed library",
        &project,
    );
    project.write("polytope.yml", "tools:\n  a: [\n");
    show("a file that cannot be parsed", &project);
    for name in ["older", "newer"] {
        show(name, &Project::copy(name));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("status", shown);
    });
}

/// The verbose report: with colour if requested, without it under `NO_COLOR`, in a pipe and on
/// a terminal without colour.
#[test]
fn the_report_says_why_and_is_plain_where_it_has_to_be() {
    let project = Project::empty();
    let run = project.done(&["add-temporal", "--verbose"]);
    let (what, took) = run.stderr.split_at("took ".len());
    assert_eq!(what, "took ");
    assert!(took.ends_with(" ms\n"), "{took}");
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("verbose", run.stdout);
    });
    let path = project.path();
    let coloured = project.done(&["--color", "always", "add-temporal", "-v", "--diff"]);
    assert!(coloured.stdout.contains("\u{1b}["), "{}", coloured.stdout);
    for environment in [&[("NO_COLOR", "1")][..], &[("TERM", "dumb")], &[]] {
        let run = bluetext(&path, &["add-temporal", "-v"], environment);
        assert!(!run.stdout.contains('\u{1b}'), "{environment:?}");
    }
    let quiet = project.done(&["add-temporal-client", "-q"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let refused = project.bluetext(&["add-temporal-workflow", "class", "-q"]);
    assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
}

/// A broken pipe is not an error.
#[test]
fn a_broken_pipe_ends_quietly() {
    use std::process::Stdio;
    let project = Project::empty();
    let mut child = common::command(&project.path(), &["guide"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// A report that cannot be written is no failure of the command, and says so.
#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_has_its_own_exit_code() {
    let project = Project::empty();
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for (arguments, code) in [
        (&["add-temporal"][..], 0),
        (&["add-temporal", "--format", "json"], 0),
        (&["status"], 0),
        (&["guide"], 0),
        (&["--help"], 0),
        (&["add-temporal-workflow", "x", "--format", "json"], 3),
    ] {
        let output = common::command(&project.path(), arguments)
            .stdout(full())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "error: the output could not be written: No space left on device (os error 28); the \
             command itself ended with exit code {code}\n"
        );
        assert_eq!(
            (output.status.code(), message),
            (Some(8), expected),
            "{arguments:?}"
        );
    }
    assert!(project.path().join("modules/temporal").is_dir());
}

/// The examples in each command's help work when run in order.
#[test]
fn the_examples_in_the_help_work() {
    let [project, other] =
        [(); 2].map(|()| Project::with(&[("polytope.yml", "tools:\n  stack:\n    run: []\n")]));
    let mut count = 0;
    for command in [
        "add-temporal",
        "add-temporal-client",
        "add-temporal-workflow",
        "status",
        "check",
        "mcp",
        "mcp config",
        "guide",
        "completions",
    ] {
        // The end-to-end tests run the example of `demo` on the real server.
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = project.done(&words).stdout;
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        for example in examples
            .lines()
            .filter_map(|line| line.strip_prefix("  bluetext "))
        {
            let arguments: Vec<&str> = example.split(' ').collect();
            // The number of shards cannot be changed: not in the project of the other examples.
            let run = if example.contains("--history-shards") {
                other.bluetext(&arguments)
            } else {
                project.bluetext(&arguments)
            };
            assert_eq!(run.code, 0, "{example}: {}{}", run.stdout, run.stderr);
            count += 1;
        }
    }
    assert!(count > 12, "{count}");
    for (command, workflows) in [
        ("remove-temporal-workflow", 1),
        ("remove-temporal-client", 0),
        ("remove-temporal", 0),
    ] {
        let help = project.done(&[command, "--help"]).stdout;
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        let examples = examples
            .lines()
            .filter_map(|line| line.strip_prefix("  bluetext "));
        // The last step first: what is left of the workflows above goes too.
        let names = ["greeting", "invoice", "shipping", "approval"];
        for example in examples {
            let arguments: Vec<&str> = example.split(' ').collect();
            let run = project.bluetext(&arguments);
            assert_eq!(run.code, 0, "{example}: {}{}", run.stdout, run.stderr);
        }
        for name in names.iter().skip(1).take(workflows * names.len()) {
            project.done(&[command, name]);
        }
    }
}

/// What prevents it is named with its place, and nothing is written.
#[test]
fn files_for_agents_that_cannot_be_written_are_refused() {
    let project = Project::with(&[
        (".vscode", "a file\n"),
        (
            ".zed/settings.json",
            "{\"\u{e4}\": \"\u{f6}\u{f6}\u{f6}\u{f6}\", // mine\n}\n",
        ),
        ("AGENTS.md/x", ""),
    ]);
    let mut shown = String::new();
    for arguments in [
        &["mcp", "config", "--client", "vscode", "--write"][..],
        &["mcp", "config", "--client", "zed", "--write"],
        &["guide", "--write"],
        &["guide", "--remove"],
    ] {
        let run = project.bluetext(arguments);
        shown.push_str(&format!(
            "$ bluetext {}\n{}\n",
            arguments.join(" "),
            run.shown()
        ));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("agents_refused", shown);
    });
}

/// Configurations go into the files of the project by insertions.
#[test]
fn configurations_of_clients_are_written() {
    let before = "{\n  \"mcpServers\": {\n    \"other\": {\"command\": \"x\"}\n  }\n}\n";
    let project = Project::with(&[(".mcp.json", before), ("AGENTS.md", "# Rules")]);
    for client in [
        "claude-code",
        "vscode",
        "cursor",
        "gemini-cli",
        "opencode",
        "zed",
    ] {
        let arguments = ["mcp", "config", "--client", client, "--write"];
        let planned = project.bluetext(&[&arguments[..], &["--check"]].concat());
        assert_eq!(planned.code, 4, "{client}");
        // No path of this machine is written, though the folder is given.
        project.done(&[&arguments[..], &["--project", "."]].concat());
        let again = project.done(&[&arguments[..], &["--check"]].concat());
        assert!(again.stdout.contains("unchanged"), "{client}");
    }
    let files: Vec<String> = project.tree().into_keys().collect();
    assert_eq!(
        files,
        [
            ".cursor/mcp.json",
            ".gemini/settings.json",
            ".mcp.json",
            ".vscode/mcp.json",
            ".zed/settings.json",
            "AGENTS.md",
            "opencode.json"
        ]
    );
    let mut shown = String::new();
    for file in files.iter().filter(|file| *file != "AGENTS.md") {
        shown.push_str(&format!("=== {file}\n{}", project.read(file)));
    }
    let global = project.bluetext(&["mcp", "config", "--client", "windsurf", "--write"]);
    assert_eq!(global.code, 2);
    shown.push_str(&format!("=== windsurf\n{}", global.stderr));
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("mcp_json", shown);
    });
}

/// The section of `AGENTS.md` can be written, upgraded and removed.
#[test]
fn the_section_for_agents_is_written_and_removed() {
    let project = Project::with(&[("AGENTS.md", "# Rules")]);
    project.done(&["guide", "--write"]);
    let written = project.read("AGENTS.md");
    assert!(
        written.starts_with("# Rules\n\n<!-- bluetext: begin "),
        "{written}"
    );
    let again = project.done(&["guide", "--write"]);
    assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
    // One of another version, which nobody has changed, is brought to this one. The number is
    // the start of the SHA-256 of "Old.\n".
    let old = "# Rules\n\n<!-- bluetext: begin OLD 2 -->\nOld.\n<!-- bluetext: end -->\n";
    let hash = bluetext::record::Hash::of("Old.\n").as_str()[..12].to_owned();
    project.write("AGENTS.md", &old.replace("OLD", &hash));
    project.done(&["guide", "--write"]);
    assert_eq!(project.read("AGENTS.md"), written);
    project.done(&["guide", "--remove"]);
    assert_eq!(project.read("AGENTS.md"), "# Rules");
    assert_eq!(project.bluetext(&["guide", "--remove"]).code, 3);
    // What somebody has changed is kept.
    let changed = written.replace("step by step", "slowly");
    for option in ["--write", "--remove"] {
        project.write("AGENTS.md", &changed);
        let run = project.done(&["guide", option]);
        assert!(
            run.stderr.contains("has been changed, and is kept"),
            "{}",
            run.stderr
        );
        assert_eq!(project.read("AGENTS.md"), changed);
        project.done(&["guide", option, "--force"]);
        let expected = if option == "--write" {
            &written
        } else {
            "# Rules"
        };
        assert_eq!(project.read("AGENTS.md"), expected);
    }
    // A project without the file.
    let other = Project::with(&[("polytope.yml", "tools: {}\n")]);
    other.done(&["guide", "--write"]);
    let section = written.strip_prefix("# Rules\n\n").unwrap();
    let made = other.read("AGENTS.md");
    let without_gap = |text: &str| text.replacen(" 2 -->", " 0 -->", 1);
    assert_eq!(made, without_gap(section));
    other.done(&["guide", "--remove"]);
    assert_eq!(
        other.tree().into_keys().collect::<Vec<_>>(),
        ["polytope.yml"]
    );

    // In the line ends of the file, and without a trace.
    let windows = "# Rules\r\n\r\n- Be brief.\r\n";
    project.write("AGENTS.md", windows);
    project.done(&["guide", "--write"]);
    let written = project.read("AGENTS.md");
    assert_eq!(
        written.matches('\n').count(),
        written.matches("\r\n").count()
    );
    let again = project.done(&["guide", "--write"]);
    assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
    // A mark within a line is text of the user.
    let with_text = format!("{written}The section ends with `<!-- bluetext: end -->`.\r\n");
    project.write("AGENTS.md", &with_text);
    project.done(&["guide", "--remove"]);
    let rest = format!("{windows}The section ends with `<!-- bluetext: end -->`.\r\n");
    assert_eq!(project.read("AGENTS.md"), rest);
    // Where the section ends is not guessed.
    let endless = written.replace("<!-- bluetext: end -->\r\n", "Mine.\r\n");
    for option in ["--write", "--remove"] {
        project.write("AGENTS.md", &endless);
        assert_eq!(project.bluetext(&["guide", option, "--force"]).code, 3);
        assert_eq!(project.read("AGENTS.md"), endless);
    }
}

#[test]
fn a_mistyped_name_is_guessed() {
    let project = Project::copy("older");
    project.done(&["add-temporal"]);
    let mut shown = String::new();
    for arguments in [
        &["add-temporla"][..],
        &["add-temporal", "--fromat", "json"],
        &["add-temporal-client", "--service", "apj"],
        &["add-temporal-client", "--service", "warehouse"],
        &["completions", "bahs"],
    ] {
        let run = project.bluetext(arguments);
        shown.push_str(&format!(
            "=== {}: exit code {}\n",
            arguments.join(" "),
            run.code
        ));
        shown.push_str(&run.stderr);
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("mistyped", shown);
    });
}

#[test]
fn shells_are_told_what_completes_a_command() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = project.done(&["completions", shell]);
        assert!(run.stdout.contains("add-temporal-workflow"), "{shell}");
        assert_eq!(run.stderr, "");
    }
    // Bash loads the script and completes with it.
    let script = project.done(&["completions", "bash"]).stdout;
    let probe = "COMP_WORDS=(bluetext add-temporal-w); COMP_CWORD=1; _bluetext bluetext \
                 add-temporal-w bluetext; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", &format!("{script}\n{probe}")])
        .output();
    if let Ok(output) = output {
        let reply = String::from_utf8(output.stdout).unwrap();
        assert_eq!(reply, "add-temporal-workflow\n");
    }
}

#[test]
fn hosts_are_told_how_to_start_the_server() {
    let project = Project::empty();
    let mut shown = String::new();
    let folder = project.path().canonicalize().unwrap().display().to_string();
    for client in [
        "claude-code",
        "claude-desktop",
        "cline",
        "codex",
        "cursor",
        "gemini-cli",
        "goose",
        "opencode",
        "vscode",
        "windsurf",
        "zed",
    ] {
        let run = project.done(&["mcp", "config", "--client", client]);
        let shown_run = format!("=== {client}\n{}{}", run.stdout, run.stderr);
        shown.push_str(&shown_run.replace(&folder, "[PROJECT]"));
    }
    let run = project.done(&["mcp", "config", "--client=codex", "-C", "a \"b\""]);
    shown.push_str(&format!("=== codex, with a project\n{}", run.stdout));
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("mcp_config", shown);
    });
    assert!(project.tree().is_empty());
    // The folder is that of the project, wherever the command is called.
    let project = Project::with(&[("polytope.yml", "tools: {}\n"), ("docs/x/a.md", "")]);
    let arguments = ["mcp", "config", "--client", "claude-desktop"];
    let run = common::bluetext(&project.path().join("docs/x"), &arguments, &[]);
    let root = project.path().display().to_string();
    assert!(
        run.stdout.contains(&format!("\"{root}\"")),
        "{}",
        run.stdout
    );
    let guide = project.done(&["guide"]).stdout;
    assert_eq!(guide, include_str!("../docs/for-agents.md"));
}

/// The hook fails if there is a finding, and runs the program that is installed.
#[test]
fn the_pre_commit_hook_finds_broken_rules() {
    let text = include_str!("../.pre-commit-hooks.yaml");
    let hooks: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    let hook = &hooks[0];
    assert_eq!(hook["id"], "bluetext-check");
    assert_eq!(hook["language"], "rust");
    // All files are read, whichever ones have changed.
    assert_eq!(hook["pass_filenames"], false);
    let entry = hook["entry"].as_str().unwrap();
    let arguments: Vec<&str> = entry.split(' ').skip(1).collect();
    let code = "import time\n\nfrom temporalio import workflow\n\n\n@workflow.defn\nclass W:\n    \
                @workflow.run\n    async def run(self) -> float:\n        return time.time()\n";
    let project = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "temporalio\n"),
        ("shop/workflow.py", code),
    ]);
    let run = project.bluetext(&arguments);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(
        run.stdout.contains("shop/workflow.py:10:16 clock"),
        "{}",
        run.stdout
    );
    project.write(
        "shop/workflow.py",
        &code.replace("time.time()", "workflow.time()"),
    );
    assert_eq!(project.bluetext(&arguments).code, 0);
}

#[test]
fn conflicts_are_listed_all_at_once() {
    let project = Project::with(&[WEB]);
    let before = project.tree();
    snapshot!("conflicts", project.bluetext(&["add-temporal"]));
    snapshot!(
        "conflicts_json",
        project.bluetext(&["add-temporal", "--format", "json"])
    );
    assert_eq!(project.tree(), before);
}

/// The stack calls the containers' tools: a stack that is one of them would call itself.
#[test]
fn a_tool_of_bluetext_is_not_the_stack() {
    let mut shown = String::new();
    for project in [Project::empty(), Project::copy("older")] {
        for stack in ["temporal", "bluetext", "add-temporal-client"] {
            let run = project.bluetext(&["add-temporal", "--stack", stack]);
            assert_eq!(run.code, 3, "{stack}");
            shown.push_str(&format!("=== {stack}\n{}", run.stderr));
        }
        project.done(&["add-temporal"]);
        let run = project.bluetext(&["add-temporal", "--stack", "temporal-ui"]);
        shown.push_str(&format!("=== temporal-ui\n{}", run.stderr));
        let run = project.bluetext(&["add-temporal", "--stack", "unknown"]);
        shown.push_str(&format!("=== unknown\n{}", run.stderr));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("stack", shown);
    });
}

/// A module may be included from any folder; settings in each of its parents apply.
#[test]
fn settings_of_a_formatter_are_read_from_every_parent_folder() {
    let project = Project::copy("older");
    let root = project.read("polytope.yml");
    project.write(
        "polytope.yml",
        &root.replacen("include:\n", "include:\n  - back/end/shop\n", 1),
    );
    for (path, text) in project.tree() {
        if let Some(rest) = path.strip_prefix("modules/api/") {
            let text = std::str::from_utf8(&text).unwrap();
            project.write(&format!("back/end/shop/{rest}"), text);
        }
    }
    project.write("back/ruff.toml", "indent-width = 2\n");
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client", "--service", "shop"]);
    let conf = project.read("back/end/shop/src/backend/conf/temporal.py");
    assert!(conf.contains("\n  return"), "{conf}");
}

#[test]
fn a_step_that_comes_too_early_names_the_next_call() {
    let project = Project::empty();
    snapshot!(
        "too_early_client",
        project.bluetext(&["add-temporal-client"])
    );
    snapshot!(
        "too_early_workflow",
        project.bluetext(&["add-temporal-workflow", "x"])
    );
    project.done(&["add-temporal"]);
    snapshot!(
        "too_early_workflow_after_server",
        project.bluetext(&["add-temporal-workflow", "x"])
    );
}

#[test]
fn what_cannot_stand_together_is_refused_before_anything_is_read() {
    let project = Project::empty();
    let mut shown = String::new();
    let cases: [&[&str]; 21] = [
        &["--start-to-close", "30"],
        &["--start-to-close", "0s"],
        &["--schedule-to-close", "99999d"],
        &["--start-to-close", "1m", "--schedule-to-close", "30s"],
        &["--schedule-to-close", "30s", "--schedule-to-start", "1m"],
        &["--heartbeat", "30s"],
        &["--heartbeat", "10s", "--start-to-close", "10000ms"],
        &["--heartbeat", "2h", "--schedule-to-close", "1h"],
        &["--max-attempts", "0"],
        &["--max-attempts", "many"],
        &["--activity", "2fa; rm"],
        &["--activity", "charge,Charge"],
        &["--activity", "workflow,class,input"],
        &["--activity", "reserve,order", "--heartbeat", "1m"],
        &["--signal", "stop", "--query", "stop:bool"],
        &["--signal", "note:text"],
        &["--query", "status"],
        &["--update", "model_config:str"],
        &["--signal", "process_output"],
        &["--update", "address:str", "--signal", "validate-address"],
        &["--signal", "a-signal-with-a-very-long-name-indeed"],
    ];
    for options in cases {
        let run = project.bluetext(&[&["add-temporal-workflow", "order"], options].concat());
        assert_eq!(run.stdout, "", "{options:?}");
        shown.push_str(&format!(
            "=== {}: exit code {}\n{}",
            options.join(" "),
            run.code,
            run.stderr
        ));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("bad_combinations", shown);
    });
}

#[test]
fn bad_values_are_refused_before_anything_is_read() {
    let project = Project::with(&[("polytope.yml", "tools: [broken")]);
    let names = [
        "2fa; rm",
        "",
        "-x",
        "class",
        "match",
        "workflow",
        "registry",
        "a--b",
        "ä",
        "Order Processing",
        "../x",
        "a\nb",
        "x123456789012345678901234567890123456789012345678901234567890123456789",
    ];
    let mut shown = String::new();
    for name in names {
        let run = project.bluetext(&["add-temporal-workflow", "--", name]);
        shown.push_str(&format!(
            "=== {name:?}: exit code {}\n{}",
            run.code, run.stderr
        ));
        assert_eq!(run.stdout, "");
    }
    for fields in [
        "order_id",
        "class:str",
        "_x:int",
        "model_dump:str",
        "copy:str",
        "json:int",
        "a:string",
        "a:list[int",
        "a:dict[int,str]",
        "a:str??",
        "a:str,a:int",
        "str:int",
        "a b:str",
    ] {
        let run = project.bluetext(&["add-temporal-workflow", "x", "--input", fields]);
        shown.push_str(&format!(
            "=== {fields:?}: exit code {}\n{}",
            run.code, run.stderr
        ));
    }
    for arguments in [
        &["add-temporal-workflow", "OrderV2", "order_v2"][..],
        &["add-temporal-workflow", "order2", "order-2"],
        &["add-temporal", "--temporal-version", "latest"],
        &["add-temporal", "--modules-dir", "../elsewhere"],
        &["add-temporal", "--history-shards", "0"],
        &["add-temporal-client", "--service", "My Service"],
        &["add-temporal", "--lock-wait", "10"],
        &["add-temporal", "--project", "not-there"],
        &["add-temporla"],
        &["add-temporal", "--fromat", "json"],
        &[],
    ] {
        let run = project.bluetext(arguments);
        shown.push_str(&format!(
            "=== {arguments:?}: exit code {}\n{}",
            run.code, run.stderr
        ));
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("bad_values", shown);
    });
    assert_eq!(project.read("polytope.yml"), "tools: [broken");
}

#[test]
fn json_is_honoured_when_the_rest_does_not_parse() {
    let project = Project::empty();
    for arguments in [
        &["--format", "json", "add-nothing"][..],
        &["add-temporal", "--nonsense", "--format=json"],
    ] {
        let run = project.bluetext(arguments);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, run.stderr.as_str()), (2, ""));
        assert_eq!(report["status"], "refused");
        assert_eq!(report["error"]["code"], "usage");
    }
}

#[test]
fn broken_files_are_refused_with_the_place() {
    let mut shown = String::new();
    let deep = format!("tools: {}", "[".repeat(5_000));
    for (what, text) in [
        ("tabs", "tools:\n\tx: 1\n"),
        ("a list", "- a\n"),
        ("a scalar", "hello\n"),
        ("tools as a list", "tools:\n  - a\n"),
        (
            "run as a mapping",
            "tools:\n  default:\n    run:\n      a: b\n",
        ),
        (
            "older generation",
            "modules:\n  - id: x\ntemplates:\n  - id: y\n",
        ),
        ("deep", &deep),
        ("two documents", "a: 1\n---\nb: 2\n"),
    ] {
        let project = Project::with(&[("polytope.yml", text)]);
        let before = project.tree();
        let run = project.bluetext(&["add-temporal"]);
        shown.push_str(&format!(
            "=== {what}: exit code {}\n{}",
            run.code, run.stderr
        ));
        assert_eq!((run.stdout.as_str(), project.tree()), ("", before));
    }
    for (what, bytes) in [
        ("binary", &b"\x00\x9f\x92\x96"[..]),
        ("UTF-16", b"\xff\xfet\x00o\x00"),
    ] {
        let project = Project::empty();
        std::fs::File::create(project.path().join("polytope.yml"))
            .and_then(|mut file| std::io::Write::write_all(&mut file, bytes))
            .unwrap();
        let run = project.bluetext(&["add-temporal"]);
        shown.push_str(&format!(
            "=== {what}: exit code {}\n{}",
            run.code, run.stderr
        ));
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("broken_files", shown);
    });
}

#[test]
fn a_file_of_ours_that_differs_is_kept() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let path = "modules/api/src/backend/temporal_client/worker.py";
    project.write(path, "# mine\n");
    let scaffold = "modules/api/src/backend/worker.py";
    project.write(scaffold, "# mine\n");
    let run = project.bluetext(&["add-temporal-client"]);
    assert_eq!(project.read(path), "# mine\n");
    snapshot!("kept", run);
    assert_eq!(
        project.bluetext(&["add-temporal-client", "--check"]).code,
        0
    );
    project.done(&["add-temporal-client", "--force"]);
    assert!(project.read(path).starts_with("\"\"\""));
    // A scaffold belongs to the user, whatever happens.
    assert_eq!(project.read(scaffold), "# mine\n");
}

#[test]
fn what_the_project_has_is_used() {
    let project = Project::with(&[
        (
            "polytope.yml",
            "include:\n  - repo: gh:some-org/shared\n  - modules/postgres\nmcp:\n  only: [stack]\ntools:\n  stack:\n    run:\n      - tool: base\n  base:\n    run:\n      - tool: \"postgres\"\n      - tool: temporal\n",
        ),
        (
            "modules/postgres/polytope.yml",
            "tools:\n  postgres:\n    run:\n      - tool: polytope/postgres!simple\n        args: { image: \"postgres:15\" }\n",
        ),
    ]);
    let run = project.bluetext(&["add-temporal"]);
    snapshot!("uses_what_is_there", run);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("uses_what_is_there_polytope", project.read("polytope.yml"));
    });
}

#[test]
fn a_server_with_the_deprecated_image_is_kept() {
    let project = Project::with(&[(
        "polytope.yml",
        "tools:\n  default:\n    run:\n      - tool: temporal-server\n  temporal-server:\n    run:\n      - tool: polytope/container\n        args: { id: temporal, image: \"temporalio/auto-setup:1.24\", services: [{ id: temporal, ports: [{ port: 7233, protocol: tcp, expose-as: 7233 }] }] }\n",
    )]);
    snapshot!("deprecated_image", project.bluetext(&["add-temporal"]));
    assert!(!project.path().join("modules/temporal").exists());
    project.done(&["add-temporal-client"]);
}

/// Python and TOML that cannot be edited are refused with a position; nothing is written.
#[test]
fn broken_modules_are_refused_with_the_place() {
    let hooks = "modules/api/src/backend/init/__init__.py";
    let pyproject = "modules/api/pyproject.toml";
    let registry = "modules/api/src/backend/workflows/registry.py";
    let deep = format!("x = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let huge = format!("# {}\n", "x".repeat(1 << 21));
    let mut shown = String::new();
    for (what, path, text) in [
        (
            "a syntax error",
            hooks,
            "async def init(app):\n    await (\n",
        ),
        ("Python 2", hooks, "print 'hello'\n"),
        ("deep nesting", hooks, &deep),
        ("a huge file", hooks, &huge),
        ("an unknown shape", hooks, "from x import init, deinit\n"),
        (
            "dependencies as a text",
            pyproject,
            "[project]\ndependencies = \"fastapi\"\n",
        ),
        ("broken TOML", pyproject, "[project\n"),
        (
            "a computed registry",
            registry,
            "WORKFLOWS = find()\nACTIVITIES = []\n",
        ),
    ] {
        let project = Project::copy("older");
        project.done(&["add-temporal"]);
        let mut arguments = &["add-temporal-client"][..];
        if path == registry {
            project.done(arguments);
            arguments = &["add-temporal-workflow", "greeting"];
        }
        project.write(path, text);
        let before = project.tree();
        let run = project.bluetext(arguments);
        shown.push_str(&format!(
            "=== {what}: exit code {}\n{}",
            run.code, run.stderr
        ));
        assert_eq!(run.stdout, "");
        assert!(project.tree() == before, "{what}: something was written");
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("broken_modules", shown);
    });
}

#[test]
fn hooks_that_start_temporal_in_another_way_are_left_alone() {
    let project = Project::copy("older");
    project.done(&["add-temporal"]);
    let hooks = "modules/api/src/backend/init/__init__.py";
    let text = "from ..clients.temporal import connect_temporal\n\n\nasync def init(app):\n    await connect_temporal()\n\n\nasync def deinit(app):\n    pass\n";
    project.write(hooks, text);
    let run = project.done(&["add-temporal-client", "-q", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let codes: Vec<&str> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["service-worker", "starts-temporal-already", "lock-behind"]
    );
    assert_eq!(project.read(hooks), text);
}

#[test]
fn hooks_of_an_unknown_shape_can_be_done_by_hand() {
    let project = Project::copy("older");
    project.done(&["add-temporal"]);
    let hooks = "modules/api/src/backend/init/__init__.py";
    project.write(hooks, "from .all import deinit, init\n");
    assert_eq!(project.bluetext(&["add-temporal-client"]).code, 3);
    let by_hand =
        "from .all import deinit, init\nfrom .temporal import deinit_temporal, init_temporal\n";
    project.write(hooks, by_hand);
    let run = project.done(&["add-temporal-client"]);
    assert!(
        run.stderr.contains("check that it calls them"),
        "{}",
        run.stderr
    );
    assert_eq!(project.read(hooks), by_hand);
    project.done(&["add-temporal-workflow", "greeting"]);
}

#[test]
fn the_project_is_found_upwards() {
    let project = Project::with(&[
        ("polytope.yml", "include:\n  - services\ntools: {}\n"),
        ("services/polytope.yml", "include: [web]\n"),
        ("services/web/polytope.yml", "tools: {}\n"),
        ("services/web/src/index.ts", ""),
        ("other/polytope.yml", "tools: {}\n"),
        (".git/HEAD", ""),
    ]);
    let root_of = |folder: &str, environment: &[(&str, &str)]| {
        let run = bluetext(
            &project.path().join(folder),
            &["add-temporal", "--dry-run", "--format=json"],
            environment,
        );
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let root = report["project"]
            .as_str()
            .unwrap()
            .replace("[PROJECT]", project.path().join(folder).to_str().unwrap());
        root.strip_prefix(project.path().to_str().unwrap())
            .unwrap()
            .to_owned()
    };
    assert_eq!(root_of("services/web/src", &[]), "");
    assert_eq!(root_of("other", &[]), "/other");
    assert_eq!(
        root_of("services", &[("BLUETEXT_PROJECT", "web")]),
        "/services/web"
    );
    assert_eq!(root_of("services", &[("BLUETEXT_PROJECT", "")]), "");
}

/// What does more than write files is not begun if it is told to write nothing.
#[test]
fn what_runs_programs_has_no_dry_run() {
    let project = Project::empty();
    for arguments in [
        &["demo", "--dry-run"][..],
        &["--check", "demo"],
        &["verify", "--dry-run"],
        &["mcp", "--check"],
    ] {
        let run = project.bluetext(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("it has no `--dry-run`"),
            "{}",
            run.stderr
        );
    }
    assert!(project.tree().is_empty());
    // A configuration is a file.
    let config = ["mcp", "config", "--client", "claude-code", "--write"];
    let run = project.done(&[&config[..], &["--dry-run"]].concat());
    assert!(
        run.stdout.contains("would create .mcp.json"),
        "{}",
        run.stdout
    );
    assert!(project.tree().is_empty());
}

/// Only a folder that is created or removed as a whole is one line.
#[test]
fn whole_folders_are_folded() {
    let main = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let project = Project::with(&[
        ("shop/requirements.txt", "fastapi\n"),
        ("shop/app/__init__.py", ""),
        ("shop/app/main.py", main),
        ("shop/app/workflows/notes.txt", "ours\n"),
        ("shop/tests/test_main.py", "def test(): pass\n"),
    ]);
    project.done(&["add-temporal"]);
    let files = |arguments: &[&str]| {
        let run = project.done(arguments);
        let (_, files) = run.stdout.split_once("Files in [PROJECT]\n").unwrap();
        files.to_owned()
    };
    insta::assert_snapshot!(files(&["add-temporal-client", "--dry-run"]));
    let all = files(&["add-temporal-client", "--dry-run", "-v"]);
    assert!(!all.contains(" files)"), "{all}");
    assert!(all.contains("connection.py"), "{all}");
    project.done(&["add-temporal-client"]);
    insta::assert_snapshot!(files(&["remove-temporal-client"]));
}

/// An example in a terminal of 80 columns is on one line, and can be copied.
#[test]
fn examples_in_help_fit_into_a_terminal() {
    for command in bluetext::cli::command().get_subcommands() {
        let help = command.get_after_help().unwrap().to_string();
        let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  ")).collect();
        assert!(!examples.is_empty(), "{}", command.get_name());
        for example in examples {
            assert!(example.len() < 80, "{example}");
        }
    }
}

#[test]
fn help_tells_what_there_is() {
    let project = Project::empty();
    for command in [
        "",
        "add-temporal",
        "add-temporal-client",
        "add-temporal-workflow",
        "remove-temporal",
        "status",
        "check",
        "verify",
        "demo",
        "mcp",
        "mcp config",
        "guide",
        "completions",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let run = project.bluetext(&arguments);
        insta::with_settings!({ omit_expression => true, snapshot_suffix => command.replace(' ', "-") }, {
            insta::assert_snapshot!("help", run.shown());
        });
    }
}
