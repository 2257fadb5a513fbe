//! Tests of edits to Python modules of common shapes.

use super::*;
use crate::edit::Edited;
use crate::edit::case_tests::check;

fn hooks(text: &str) -> Result<Edited, EditError> {
    let import = Import::new(
        ".temporal",
        &[("deinit_temporal", None), ("init_temporal", None)],
        &crate::python::Style::default(),
    );
    let calls = [
        ("init", "init_temporal", Place::Last),
        ("deinit", "deinit_temporal", Place::First),
    ];
    Module::parse(text)?.add_calls(&import, &[], &calls)
}

fn registry(text: &str) -> Result<Edited, EditError> {
    let imports = [
        Import::new(
            ".greeting",
            &[("activities", Some("greeting_activities"))],
            &crate::python::Style::default(),
        ),
        Import::new(
            ".greeting.workflow",
            &[("GreetingWorkflow", None)],
            &crate::python::Style::default(),
        ),
    ];
    let items = [
        ("WORKFLOWS", vec!["GreetingWorkflow".to_owned()]),
        ("ACTIVITIES", vec!["greeting_activities.process".to_owned()]),
    ];
    let style = crate::python::Style::default();
    Module::parse(text)?.add_items(&imports, &[], &items, &style)
}

#[test]
fn hooks_of_every_shape() {
    check("hooks", "py", hooks);
}

#[test]
fn registries_of_every_shape() {
    check("registries", "py", registry);
}

#[test]
fn what_would_end_the_process_is_refused() {
    let deep = format!("x = {}{}\n", "(".repeat(200_000), ")".repeat(200_000));
    let unary = format!("x = {}1\n", "-".repeat(200_000));
    let not = format!("x = {}1\n", "not ".repeat(200_000));
    let blocks: String = (0..2_000)
        .map(|n| format!("{}if x:\n", " ".repeat(n)))
        .collect();
    let chain = format!("x = {}1\n", "1 if x else ".repeat(20_000));
    let power = format!("x = {}1\n", "1 ** ".repeat(20_000));
    let lambda = format!("x = {}1\n", "lambda: ".repeat(100_000));
    let large = format!("# {}\n", "x".repeat(crate::edit::MAX_FILE_SIZE));
    for text in [deep, unary, not, blocks, chain, power, lambda, large] {
        assert!(
            matches!(hooks(&text), Err(EditError::Syntax { .. })),
            "{}",
            &text[..40]
        );
    }
}

/// A name that the module defines itself would hide the import.
#[test]
fn a_hidden_import_is_refused() {
    let style = crate::python::Style::default();
    let import = Import::new(".temporal", &[("init_temporal", None)], &style);
    let calls = [("init", "init_temporal", Place::Last)];
    let hooks = "async def init(app):\n    pass\n\n\ninit_temporal = 1\n";
    let edited = Module::parse(hooks)
        .unwrap()
        .add_calls(&import, &[], &calls);
    assert!(matches!(edited, Err(EditError::Shape { .. })), "{edited:?}");
    let names = [("activities", Some("a_activities"))];
    let import = [Import::new(".a", &names, &style)];
    let items = [("ACTIVITIES", vec!["a_activities.b".to_owned()])];
    for own in [
        "a_activities = 3\n",
        "class a_activities: ...\n",
        "def a_activities(): ...\n",
    ] {
        let module = Module::parse(format!("{own}ACTIVITIES = []\n")).unwrap();
        let edited = module.add_items(&import, &[], &items, &style);
        assert!(matches!(edited, Err(EditError::Shape { .. })), "{edited:?}");
    }
}
