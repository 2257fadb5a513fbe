//! Each file is parsed once per run; written files are parsed once more for verification.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use bluetext::edit::{Parses, parses};
use bluetext::{cli, run, status};
use common::Project;

/// The parses during a call.
fn during(call: impl FnOnce()) -> Parses {
    let before = parses();
    call();
    let after = parses();
    Parses {
        yaml: after.yaml - before.yaml,
        yaml_positions: after.yaml_positions - before.yaml_positions,
        toml: after.toml - before.toml,
        python: after.python - before.python,
    }
}

/// Calls a tool in this thread, where its parses can be counted.
fn call(project: &Project, arguments: &[&str]) -> Parses {
    let line: Vec<_> = std::iter::once("bluetext")
        .chain(arguments.iter().copied())
        .map(Into::into)
        .collect();
    let Ok(cli::Invocation {
        task: cli::Task::Tool { request, .. },
        options,
        ..
    }) = cli::parse(&line, project.path())
    else {
        panic!("{arguments:?}");
    };
    during(|| {
        run(&request, &options).unwrap();
    })
}

fn look(project: &Project) -> Parses {
    let options = bluetext::Options::new(project.path());
    during(|| {
        status(&options).unwrap();
    })
}

fn shown(parses: Parses) -> String {
    let Parses {
        yaml,
        yaml_positions,
        toml,
        python,
    } = parses;
    format!("yaml {yaml}, positions {yaml_positions}, toml {toml}, python {python}")
}

#[test]
fn each_file_is_parsed_once() {
    let project = Project::empty();
    let steps: [&[&str]; 5] = [
        &["add-temporal"],
        &["add-temporal-client"],
        &["add-temporal-workflow", "greeting", "farewell"],
        &["add-temporal-workflow", "order", "--activity=a,b"],
        &["add-temporal-workflow", "order", "--activity=a,b"],
    ];
    let mut counts = String::new();
    for arguments in steps {
        let parses = call(&project, arguments);
        counts.push_str(&format!("{}: {}\n", arguments.join(" "), shown(parses)));
    }
    counts.push_str(&format!("status: {}\n", shown(look(&project))));
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(counts);
    });
}

/// The counts depend only on the number of files.
#[test]
fn parsing_is_linear_in_the_project() {
    let project = |services: usize| {
        let includes: String = (0..services)
            .map(|n| format!("  - services/s{n}\n"))
            .collect();
        let project = Project::with(&[("polytope.yml", &format!("include:\n{includes}"))]);
        for n in 0..services {
            let text = format!("tools:\n  s{n}:\n    run: []\n");
            project.write(&format!("services/s{n}/polytope.yml"), &text);
        }
        project
    };
    let [small, large] = [10, 20].map(|services| {
        let project = project(services);
        let parses = [call(&project, &["add-temporal"]), look(&project)];
        parses.map(|parses| parses.yaml)
    });
    // One more file causes one more parse.
    assert_eq!([large[0] - small[0], large[1] - small[1]], [10, 10]);
}

/// The registry is edited once, however many workflows a call adds.
#[test]
fn parsing_python_does_not_grow_with_the_workflows_of_a_call() {
    let parses = |count: usize| {
        let project = Project::empty();
        call(&project, &["add-temporal"]);
        call(&project, &["add-temporal-client"]);
        let names: Vec<String> = (0..count).map(|number| format!("order-{number}")).collect();
        let mut arguments = vec!["add-temporal-workflow"];
        arguments.extend(names.iter().map(String::as_str));
        call(&project, &arguments).python
    };
    assert_eq!(parses(20), parses(2));
}
