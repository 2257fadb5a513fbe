//! Any text: each edit of `pyproject.toml` is refused or right, and twice is once.
#![no_main]

use bluetext::edit::{EditError, Edited, toml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let edits: [&dyn Fn(&str) -> Result<Edited, EditError>; 3] = [
        &|text| toml::add_dependency(text, "api-temporal-client"),
        &|text| toml::add_to_group(text, "dev", &["pytest>=8", "pytest-asyncio>=1"]),
        &|text| toml::add_uv_source(text, "api-temporal-client", "clients/temporal-client"),
    ];
    for edit in edits {
        if let Ok(Edited::Changed(after)) = edit(text) {
            assert_eq!(edit(&after), Ok(Edited::Unchanged), "{after}");
        }
    }
});
