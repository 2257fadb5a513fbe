//! Edits whose cases are folders: `tests/edits/EDIT/CASE` has the file before the edit, and
//! after it or the error. `BLUETEXT_UPDATE=1` writes the results, to be reviewed.

use std::fs;
use std::path::Path;

use super::undo::{Language, insertions, take_out};
use super::{EditError, Edited};

/// Check that an edit can be taken out again, to the last byte.
pub(super) fn assert_undone(extension: &str, before: &str, after: &str) {
    let language = Language::of(&format!("file.{extension}"));
    let taken = take_out(language, after, &insertions(language, before, after));
    // A call that was there before would lose its import: then nothing is taken out.
    if before.contains("init_temporal(") && taken.text == after {
        return;
    }
    assert!(taken.left.is_empty(), "{:?}\n{after}", taken.left);
    assert_eq!(taken.text, before, "{after}");
}

/// Check an edit on all cases of a folder; each edited file must not change a second time.
pub(super) fn check(
    folder: &str,
    extension: &str,
    edit: impl Fn(&str) -> Result<Edited, EditError>,
) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/edits")
        .join(folder);
    let after_name = format!("after.{extension}");
    let mut count = 0;
    for case in fs::read_dir(&folder).unwrap() {
        let case = case.unwrap().path();
        let before = fs::read_to_string(case.join(format!("before.{extension}"))).unwrap();
        let (name, result) = match edit(&before) {
            Ok(edited) => {
                let after = edited.into_text(&before);
                let again = edit(&after);
                assert_eq!(again, Ok(Edited::Unchanged), "{}", case.display());
                assert_undone(extension, &before, &after);
                (after_name.as_str(), after)
            }
            Err(error) => ("error.txt", format!("{error:#?}\n")),
        };
        let other = if name == "error.txt" {
            &after_name
        } else {
            "error.txt"
        };
        assert!(!case.join(other).exists(), "{} has {other}", case.display());
        let path = case.join(name);
        if std::env::var_os("BLUETEXT_UPDATE").is_some() {
            #[expect(clippy::disallowed_methods, reason = "no file of a project")]
            fs::write(&path, &result).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(result, expected, "{}", path.display());
        count += 1;
    }
    assert!(count > 10, "{} has {count} cases", folder.display());
}
