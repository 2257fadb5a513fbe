//! Any text: each edit of `polytope.yml` is refused or right, and twice is once.
#![no_main]

use bluetext::edit::{EditError, Edited, yaml};
use libfuzzer_sys::fuzz_target;

const TOOL: &str = "info: |\n  Two\n  lines.\n# ours\nrun:\n  - tool: bluetext\n";

fuzz_target!(|text: &str| {
    let edits: [&dyn Fn(&str) -> Result<Edited, EditError>; 4] = [
        &|text| yaml::add_include(text, "modules/temporal"),
        &|text| yaml::add_step(text, "default", "temporal"),
        &|text| yaml::add_tool(text, "add-temporal-client", TOOL),
        &|text| yaml::allow_in_mcp(text, "add-temporal-client"),
    ];
    for edit in edits {
        if let Ok(Edited::Changed(after)) = edit(text) {
            assert_eq!(edit(&after), Ok(Edited::Unchanged), "{after}");
        }
    }
});
