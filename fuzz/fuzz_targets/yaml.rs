//! Any text: the edits of a `polytope.yml` are refused or right, and twice is once.
#![no_main]

use bluetext::edit::yaml::Document;
use bluetext::edit::{EditError, Edited};
use libfuzzer_sys::fuzz_target;

const TOOL: &str = "info: |\n  Two\n  lines.\n# ours\nrun:\n  - tool: bluetext\n";

type Edit = fn(&mut Document) -> Result<bool, EditError>;

const EDITS: [Edit; 4] = [
    |file| file.add_include("modules/temporal"),
    |file| file.add_step("default", "temporal"),
    |file| file.add_tool("add-temporal-client", TOOL),
    |file| file.allow_in_mcp("add-temporal-client"),
];

fn edited(text: &str, edits: &[Edit]) -> Result<Edited, EditError> {
    let mut document = Document::parse(text)?;
    for edit in edits {
        edit(&mut document)?;
    }
    document.finish().map_err(|mut errors| errors.remove(0))
}

fuzz_target!(|text: &str| {
    // Each alone, and all together.
    for edits in [&EDITS[..1], &EDITS[1..2], &EDITS[2..3], &EDITS[3..], &EDITS[..]] {
        if let Ok(Edited::Changed(after)) = edited(text, edits) {
            assert_eq!(edited(&after, edits), Ok(Edited::Unchanged), "{after}");
        }
    }
});
