//! Property tests of the edits of `pyproject.toml` on unusual but valid files.
//!
//! An edit may be refused, but it never panics, loses nothing, and is complete: a second run
//! changes nothing. The values before and after are compared by a function of this test.

use proptest::prelude::*;
use toml_edit::{DocumentMut, Item, Value};

use super::case_tests::assert_undone;
use super::properties::cases;
use super::toml::PyProject;
use super::{EditError, Edited, keeps_every_byte};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

/// What may be anywhere between tables.
const FILLERS: &[&str] = &[
    "",
    "# [project]\n# dependencies = []\n",
    "\n\n   \n",
    "[tool.a]\nx = '''\n[project]\ndependencies = [\n'''\n",
    "[tool.b]\nx = \"\"\"a\\\n   b \\\" ] \"\"\"\ny = 1979-05-27T07:32:00Z # ]\n",
    "[[tool.c]]\nname = \"one\"\n[[tool.c]]\nname = \"two\"\n[tool.c.inner]\nz = [1, 2]\n",
    "[tool.\"d.e\".'f g']\n\"h \\u0022\" = inf\n\ti = [ # none\n]\n",
    "[ tool . j ]\nk . l . m = { n = 0x10, 'o' = [ [ ] ] }\n",
    "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
    "[tool.uv.sources]\nx = { path = \"../x\", editable = true }\n",
    "[project.scripts]\ndependencies = \"a:b\"\n",
    "[tool.ü]\n",
];

/// The lists of dependencies; the first ones can be edited.
const LISTS: &[&str] = &[
    "[]",
    "[ ]",
    "[\n]",
    "[\n    # none\n]",
    "['a']",
    "[\"a\", 'b', ]",
    "[\n  \"a>=1\",  # one, two ]\n  \"b[c] ; python_version > '3'\"  # last\n]",
    "[\"a\",\n\"b\"\n,\n]",
    "[\n\t\"\"\"a\"\"\",\n\t'''b'''\n\t]",
    "[\"pydantic >= 2.1\"]",
    "[\"# a\", \"]\", \"\\u005d\"]",
];

/// `[project]` with `LIST` for its dependencies; the first ones can be edited.
const PROJECTS: &[&str] = &[
    "[project]\nname = \"x\"\ndependencies = LIST\n",
    "[project]\ndependencies = LIST # all\nversion = \"1\"\n",
    "[ project ]  # ours\n\"name\" = 'x'\n'dependencies' =LIST\n\n# end\n",
    "[project]\nname = \"x\"\n\n[project.urls]\nhome = \"LINE\"\n",
    "[project]\n",
    // These may be refused.
    "project.name = \"x\"\nproject.dependencies = LIST\n",
    "project = { name = \"x\", dependencies = [] }\n",
    "[project.urls]\nhome = \"x\"\n",
    "[project]\ndynamic = [\"dependencies\"]\n",
    "[project]\ndependencies = \"a\"\n",
];

const EDITABLE: usize = 5;

/// `[dependency-groups]` with `LIST`; all can be edited.
const GROUPS: &[&str] = &[
    "",
    "[dependency-groups]\ndev = LIST\n",
    "[dependency-groups]\nother = LIST\n\n",
    "[dependency-groups]\nDev = LIST\nlint = [{ include-group = \"Dev\" }, ]\n",
    "[dependency-groups]\n# none yet\n",
];

fn file() -> impl Strategy<Value = (String, bool)> {
    let filler = || proptest::collection::vec(one_of(FILLERS), 0..2);
    (
        0..PROJECTS.len(),
        one_of(LISTS),
        filler(),
        one_of(GROUPS),
        one_of(LISTS),
        filler(),
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(project, list, first, group, groups, second, [swapped, crlf, is_cut])| {
                let mut parts = [
                    PROJECTS[project].replace("LIST", list),
                    group.replace("LIST", groups),
                ];
                // Dotted keys belong to the table before them.
                let is_dotted = !parts[0].trim_start().starts_with('[');
                if swapped && !is_dotted {
                    parts.swap(0, 1);
                }
                let [one, two] = parts;
                let mut text = format!("{one}{}{two}{}", first.concat(), second.concat());
                if is_cut {
                    text.truncate(text.trim_end().len());
                }
                if crlf {
                    text = text.replace('\n', "\r\n");
                }
                (text, project < EDITABLE)
            },
        )
}

const NEW: [&str; 2] = ["pydantic>=2,<3", "temporalio>=1.22,<2"];
const DEV: [&str; 1] = ["pytest>=8; sys_platform != 'win32'"];

fn edit(text: &str) -> Result<Edited, EditError> {
    let mut project = PyProject::parse(text)?;
    project.add_dependencies(&NEW)?;
    project.add_to_group("dev", &DEV)?;
    project.finish()
}

/// Remove what the edits add from a document, and write its values in one notation.
fn without_new(text: &str) -> String {
    let mut document = text.parse::<DocumentMut>().unwrap();
    let strip = |list: Option<&mut Item>, new: &[&str]| {
        if let Some(list) = list.and_then(Item::as_array_mut) {
            list.retain(|value| value.as_str().is_none_or(|text| !new.contains(&text)));
        }
    };
    strip(
        document
            .get_mut("project")
            .and_then(|p| p.get_mut("dependencies")),
        &NEW,
    );
    for name in ["dev", "Dev"] {
        let group = document
            .get_mut("dependency-groups")
            .and_then(|g| g.get_mut(name));
        strip(group, &DEV);
    }
    let mut lines = Vec::new();
    values("", document.as_item(), &mut lines);
    lines.retain(|line| !line.ends_with(".dependencies = []") && !line.ends_with(".dev = []"));
    lines.sort();
    lines.join("\n")
}

/// The values of a document, each with its path.
fn values(path: &str, item: &Item, lines: &mut Vec<String>) {
    let written = |value: &Value| match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Array(items) => {
            let items = items.iter().map(|item| match item.as_str() {
                Some(text) => format!("{text:?}"),
                None => item.to_string().trim().to_owned(),
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string().trim().to_owned(),
    };
    match item {
        Item::Table(table) => {
            for (key, item) in table {
                values(&format!("{path}.{key}"), item, lines);
            }
        }
        Item::ArrayOfTables(tables) => {
            for (index, table) in tables.iter().enumerate() {
                for (key, item) in table {
                    values(&format!("{path}[{index}].{key}"), item, lines);
                }
            }
        }
        Item::Value(value) => lines.push(format!("{path} = {}", written(value))),
        Item::None => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(200_000),
        // Some tables would be there twice.
        max_global_rejects: 1_000_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(13),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_pyproject_in_any_form_gets_its_requirements((before, is_editable) in file()) {
        prop_assume!(PyProject::parse(before.as_str()).is_ok());
        match edit(&before) {
            Ok(Edited::Changed(after)) => {
                prop_assert!(keeps_every_byte(&before, &after), "{before}\n{after}");
                prop_assert_eq!(edit(&after), Ok(Edited::Unchanged), "{}", after);
                assert_undone("toml", &before, &after);
                prop_assert_eq!(without_new(&before), without_new(&after), "{}", after);
                for new in [NEW[1], DEV[0]] {
                    prop_assert_eq!(after.matches(new).count(), 1, "{}", after);
                }
            }
            Ok(Edited::Unchanged) => prop_assert!(false, "{before}"),
            Err(error) => prop_assert!(!is_editable, "{error:?}\n{before}"),
        }
    }
}
