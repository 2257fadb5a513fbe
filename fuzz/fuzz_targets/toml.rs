//! Any text: the edits of a `pyproject.toml` are refused or right, and twice is once.
#![no_main]

use bluetext::edit::toml::PyProject;
use bluetext::edit::{EditError, Edited};
use libfuzzer_sys::fuzz_target;

type Edit = fn(&mut PyProject) -> Result<(), EditError>;

const EDITS: [Edit; 2] = [
    |project| project.add_dependencies(&["pydantic>=2.10", "temporalio>=1.35"]),
    |project| project.add_to_group("dev", &["pytest>=8", "pytest-asyncio>=1"]),
];

fn edited(text: &str, edits: &[Edit]) -> Result<Edited, EditError> {
    let mut project = PyProject::parse(text)?;
    for edit in edits {
        edit(&mut project)?;
    }
    project.finish()
}

fuzz_target!(|text: &str| {
    // Each alone, and all together.
    for edits in [&EDITS[..1], &EDITS[1..], &EDITS[..]] {
        if let Ok(Edited::Changed(after)) = edited(text, edits) {
            assert_eq!(edited(&after, edits), Ok(Edited::Unchanged), "{after}");
        }
    }
});
