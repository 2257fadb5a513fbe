//! Tests of the four edits of `polytope.yml` on file shapes from real projects.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn shapes() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/polytope");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

const TOOL: &str = "info: |\n  Two\n  lines.\n# ours\nrun:\n  - tool: bluetext\n";

/// One edit of a document.
type Edit<'a> = &'a dyn Fn(&mut Document) -> Result<bool, EditError>;

/// Apply all four edits to one document, as a tool does.
fn edit_all(text: &str) -> Result<String, Vec<EditError>> {
    let stack = if text.contains("stack:") {
        "stack"
    } else {
        "default"
    };
    let edits: [Edit<'_>; 4] = [
        &|file| file.add_include("modules/temporal"),
        &|file| file.add_step(stack, "temporal"),
        &|file| file.add_tool("add-temporal-client", TOOL),
        &|file| file.allow_in_mcp("add-temporal-client"),
    ];
    let mut document = Document::parse(text).map_err(|error| vec![error])?;
    for edit in edits {
        edit(&mut document).unwrap();
    }
    let after = document.finish()?.into_text(text);
    let mut again = Document::parse(after.as_str()).unwrap();
    for edit in edits {
        assert_eq!(edit(&mut again), Ok(false), "twice is once:\n{after}");
    }
    assert_eq!(again.finish(), Ok(Edited::Unchanged));
    Ok(after)
}

/// Make line endings and byte-order marks visible in a snapshot.
fn visible(text: &str) -> String {
    text.replace('\u{feff}', "<BOM>").replace('\r', "<CR>") + "<END>"
}

#[test]
fn every_shape_is_edited_as_a_person_would() {
    for (name, text) in shapes() {
        let shown = match edit_all(&text) {
            Ok(after) => visible(&after),
            Err(error) => format!("{error:#?}"),
        };
        insta::with_settings!({ snapshot_suffix => name, omit_expression => true }, {
            insta::assert_snapshot!("shape", shown);
        });
    }
}

/// The table in `README.md` lists every shape with the snapshot of its result.
#[test]
fn the_table_names_every_shape() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/polytope");
    let table = fs::read_to_string(tests.join("README.md")).unwrap();
    let mut rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| ["))
        .collect();
    for (name, _) in shapes() {
        let at = rows
            .iter()
            .position(|row| row.starts_with(&format!("| [{name}]({name}.yml) |")));
        let row = rows.remove(at.unwrap_or_else(|| panic!("{name} is not in the table")));
        let link = row.rsplit('(').next().unwrap().trim_end_matches(") |");
        assert!(tests.join(link).exists(), "{link}");
    }
    assert_eq!(rows, Vec::<&str>::new());
}

#[test]
fn a_block_style_file_only_gets_whole_lines() {
    for (name, text) in shapes() {
        let is_block = !["[", "{", "~"].iter().any(|mark| text.contains(mark));
        let Ok(after) = edit_all(&text) else { continue };
        if is_block && text.ends_with('\n') {
            let mut lines = after.lines();
            assert!(
                text.lines().all(|line| lines.any(|other| other == line)),
                "{name}:\n{after}"
            );
        }
    }
}

#[test]
fn bad_files_are_refused_with_the_place() {
    let deep = "[".repeat(5_000);
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..12).map(|n| {
            let one = format!("*a{}", n - 1);
            format!("a{n}: &a{n} [{}]\n", vec![one; 9].join(", "))
        }))
        .collect();
    let large = format!("a: {}\n", "x".repeat(MAX));
    let cases: [(&str, &str); 13] = [
        ("a list before a key", " []\ntools: {}\n"),
        ("tabs", "tools:\n\tdefault: x\n"),
        ("duplicate keys", "tools:\n  a: 1\ntools:\n  b: 1\n"),
        ("two documents", "a: 1\n---\nb: 1\n"),
        ("open bracket", "include: [a\ntools: {}\n"),
        ("bad indentation", "tools:\n  a: 1\n b: 2\n"),
        ("unknown alias", "tools: *nothing\n"),
        ("control character", "a: 1\nb: \u{7}\n"),
        ("after a line separator", "a: \"\u{2028}\"\nb: [\nc: 1\n"),
        ("two documents after ä", "ä: ä\n---\nb: 1\n"),
        ("deep", &deep),
        ("bomb", &bomb),
        ("large", &large),
    ];
    let mut shown = String::new();
    for (name, text) in cases {
        let edited = Document::parse(text).and_then(|mut file| file.add_include("modules/x"));
        match edited {
            Err(EditError::Syntax { message, position }) => {
                let at =
                    position.map_or("nowhere".to_owned(), |p| format!("{}:{}", p.line, p.column));
                shown.push_str(&format!("{name}: {at}: {message}\n"));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    insta::assert_snapshot!(shown);
}

/// An edit that would also change another tool is refused at the shared collection, and the
/// lines to add name the whole way there.
#[test]
fn a_shared_collection_is_not_edited() {
    use Step::{Item, Key};
    let args = |env: &str| format!("{{ id: x, env: {env} }}");
    let text = |first: &str, second: &str| {
        format!(
            "tools:\n  a:\n    run: [{{ args: {} }}]\n  b:\n    run: [{{ args: {} }}]\n",
            args(first),
            args(second)
        )
    };
    let add_env = |tool: &str, text: &str| {
        let route = [
            Key("tools"),
            Key(tool),
            Key("run"),
            Item(0),
            Key("args"),
            Key("env"),
        ];
        let mut document = Document::parse(text).unwrap();
        assert_eq!(document.add_item(&route, "{ name: N, value: v }"), Ok(true));
        document.finish().map(|edited| edited.into_text(text))
    };
    let shared = text("&e [{ name: A }]", "*e");
    let mut shown = String::new();
    for tool in ["a", "b"] {
        let errors = add_env(tool, &shared).unwrap_err();
        shown.push_str(&format!("{tool}: {errors:#?}\n"));
    }
    // An anchor that nothing refers to is no obstacle.
    let own = text("&e [{ name: A }]", "[]");
    shown.push_str(&add_env("a", &own).unwrap());
    insta::assert_snapshot!(shown);
}

const MAX: usize = crate::edit::MAX_FILE_SIZE;

#[test]
fn a_scalar_is_quoted_only_where_it_must_be() {
    let texts = [
        "modules/a-b_c.d",
        "pt.param id",
        "yes",
        "null",
        "1",
        "a: b",
        "",
        "it's",
        "ä",
    ];
    for text in texts {
        let value: Value = serde_yaml::from_str(&scalar(text)).unwrap();
        assert_eq!(value, Value::from(text));
    }
    assert_eq!(scalar("modules/a-b_c.d"), "modules/a-b_c.d");
    assert_eq!(scalar("pt.param id"), "pt.param id");
    assert_eq!(scalar("yes"), "\"yes\"");
}

#[test]
fn what_is_written_means_what_it_was() {
    let text = "a: {b: [1, 2], c: \"x: y\"}\nd: |\n  one\n\n  two\ne: []\nf: [{g: h}]\n";
    let value: Value = serde_yaml::from_str(text).unwrap();
    let written = written(&value);
    assert_eq!(serde_yaml::from_str::<Value>(&written).unwrap(), value);
    insta::assert_snapshot!(written);
}
