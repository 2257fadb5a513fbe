//! Any text: each edit of a Python module is refused or right, and twice is once.
#![no_main]

use bluetext::edit::python::{Import, Module, Place};
use bluetext::edit::{EditError, Edited};
use bluetext::python::Style;
use libfuzzer_sys::fuzz_target;

fn hooks(text: &str) -> Result<Edited, EditError> {
    let names = [("deinit_temporal", None), ("init_temporal", None)];
    let calls = [("init", "init_temporal", Place::Last), ("deinit", "deinit_temporal", Place::First)];
    let import = Import::new(".temporal", &names, &Style::default());
    Module::parse(text)?.add_calls(&import, &[], &calls)
}

fn registry(text: &str) -> Result<Edited, EditError> {
    let imports = [
        Import::new(".greeting", &[("activities", Some("greeting_activities"))], &Style::default()),
        Import::new(".greeting.workflow", &[("GreetingWorkflow", None)], &Style::default()),
    ];
    let items = [
        ("WORKFLOWS", vec!["GreetingWorkflow".to_owned()]),
        ("ACTIVITIES", vec!["greeting_activities.process".to_owned()]),
    ];
    Module::parse(text)?.add_items(&imports, &[], &items, &Style::default())
}

fuzz_target!(|text: &str| {
    for edit in [hooks, registry] {
        if let Ok(Edited::Changed(after)) = edit(text) {
            assert_eq!(edit(&after), Ok(Edited::Unchanged), "{after}");
        }
    }
});
