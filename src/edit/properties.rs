//! Property tests of the editors on randomly generated files.
//!
//! The editors themselves check meaning and bytes before they return. These tests check that
//! valid files of common shapes can be edited, that edits are idempotent, and that removing
//! the added lines restores the original file.

use proptest::prelude::*;

use super::case_tests::assert_undone;
use super::python::{Import, Module, Place};
use super::{EditError, Edited, keeps_every_byte, yaml};

/// The style of generated YAML.
#[derive(Debug, Clone)]
struct Style {
    indent: usize,
    dash: usize,
    flow_lists: bool,
    comments: bool,
    blank_lines: bool,
    quoted: bool,
    crlf: bool,
    bom: bool,
    start: bool,
    final_newline: bool,
}

fn style() -> impl Strategy<Value = Style> {
    (
        prop_oneof![Just(2_usize), Just(4)],
        prop_oneof![Just(0_usize), Just(2), Just(4)],
        any::<[bool; 8]>(),
    )
        .prop_map(|(indent, dash, flags)| Style {
            indent,
            dash,
            flow_lists: flags[0],
            comments: flags[1],
            blank_lines: flags[2],
            quoted: flags[3],
            crlf: flags[4],
            bom: flags[5],
            start: flags[6],
            final_newline: flags[7],
        })
}

/// The value of a key.
#[derive(Debug, Clone)]
enum Piece {
    Missing,
    Null(&'static str),
    Empty,
    Items(Vec<String>),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        Just(Piece::Missing),
        prop_oneof![Just(""), Just(" ~"), Just(" null")].prop_map(Piece::Null),
        Just(Piece::Empty),
        proptest::collection::vec("[a-z]{1,6}", 1..4).prop_map(Piece::Items),
    ]
}

#[derive(Debug, Clone)]
struct File {
    style: Style,
    include: Piece,
    run: Piece,
    tools: Piece,
    mcp: Piece,
    tools_first: bool,
    info: Option<&'static str>,
}

fn file() -> impl Strategy<Value = File> {
    let info = prop_oneof![
        Just(None),
        Just(Some("|")),
        Just(Some("|-")),
        Just(Some("|+")),
        Just(Some(">")),
    ];
    (
        style(),
        piece(),
        piece(),
        piece(),
        piece(),
        any::<bool>(),
        info,
    )
        .prop_map(
            |(style, include, run, tools, mcp, tools_first, info)| File {
                style,
                include,
                run,
                tools,
                mcp,
                tools_first,
                info,
            },
        )
}

impl File {
    fn text(&self) -> String {
        let style = &self.style;
        let mut text = String::new();
        if style.start {
            text.push_str("---\n");
        }
        if style.comments {
            text.push_str("# the project\n");
        }
        let mut sections = vec![self.list(0, "include", &self.include, ""), self.tools()];
        if self.tools_first {
            sections.reverse();
        }
        if let Piece::Items(_) = self.mcp {
            let margin = " ".repeat(style.indent);
            sections.push(format!(
                "mcp:\n{margin}{}",
                self.list(style.indent, "only", &self.mcp, "")
            ));
        }
        let gap = if style.blank_lines { "\n" } else { "" };
        text.push_str(&sections.join(gap));
        if style.comments {
            text.push_str("# the end\n");
        }
        if !style.final_newline {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if style.crlf {
            text = text.replace('\n', "\r\n");
        }
        if style.bom {
            text.insert(0, '\u{feff}');
        }
        text
    }

    fn key(&self, key: &str) -> String {
        if self.style.quoted {
            format!("\"{key}\"")
        } else {
            key.to_owned()
        }
    }

    fn remark(&self, remark: &'static str) -> &'static str {
        if self.style.comments { remark } else { "" }
    }

    /// A list below a key; each item has a prefix.
    fn list(&self, column: usize, key: &str, piece: &Piece, before: &str) -> String {
        let key = self.key(key);
        match piece {
            Piece::Missing => String::new(),
            Piece::Null(null) => format!("{key}:{null}{}\n", self.remark(" # later")),
            Piece::Empty => format!("{key}: []{}\n", self.remark(" # none")),
            Piece::Items(items) if self.style.flow_lists => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| {
                        if before.is_empty() {
                            item.clone()
                        } else {
                            format!("{{{before}{item}}}")
                        }
                    })
                    .collect();
                format!("{key}: [{}]{}\n", items.join(", "), self.remark(" # all"))
            }
            Piece::Items(items) => {
                let margin = " ".repeat(column + self.style.dash);
                let mut text = format!("{key}:\n");
                for item in items {
                    text.push_str(&format!(
                        "{margin}- {before}{item}{}\n",
                        self.remark(" # one")
                    ));
                    if self.style.comments {
                        text.push_str(&format!("{margin}# below {item}\n"));
                    }
                }
                text
            }
        }
    }

    fn tools(&self) -> String {
        let Piece::Items(names) = &self.tools else {
            return match &self.tools {
                Piece::Missing => String::new(),
                Piece::Null(null) => format!("{}:{null}\n", self.key("tools")),
                _ => format!("{}: {{}}\n", self.key("tools")),
            };
        };
        let indent = self.style.indent;
        let (one, two) = (" ".repeat(indent), " ".repeat(2 * indent));
        let mut text = format!("{}:\n{one}{}:\n", self.key("tools"), self.key("default"));
        if let Some(header) = self.info {
            text.push_str(&format!(
                "{two}info: {header}\n{two}  One: #two\n\n{two}  three\n\n"
            ));
        } else {
            text.push_str(&format!("{two}params: []\n"));
        }
        let run = self.list(2 * indent, "run", &self.run, "tool: ");
        if !run.is_empty() {
            text.push_str(&format!("{two}{run}"));
        }
        let gap = if self.style.blank_lines { "\n" } else { "" };
        text.push_str(&format!("{gap}{one}x-{}: {{ run: [] }}\n", names[0]));
        text
    }
}

/// The text after the edit without the lines that the edit added.
fn without_added_lines(before: &str, after: &str) -> Option<String> {
    let mut rest = after.split_inclusive('\n').peekable();
    let mut kept = String::new();
    for line in before.split_inclusive('\n') {
        loop {
            let next = rest.next()?;
            if next == line || (!line.ends_with('\n') && next.trim_end() == line) {
                kept.push_str(line);
                break;
            }
        }
    }
    Some(kept)
}

const TOOL: &str = "info: |\n  Two\n  lines.\n# ours\nrun:\n  - tool: bluetext\n";

type Edit<'a> = &'a dyn Fn(&mut yaml::Document) -> Result<bool, EditError>;

/// Makes every edit of `polytope.yml` in one document, twice.
pub(super) fn edit_all(text: &str) -> Result<String, EditError> {
    let edits: [Edit<'_>; 4] = [
        &|file| file.add_include("modules/temporal"),
        &|file| file.add_step("default", "temporal"),
        &|file| file.add_tool("add-temporal-client", TOOL),
        &|file| file.allow_in_mcp("add-temporal-client"),
    ];
    let mut document = yaml::Document::parse(text)?;
    for edit in edits {
        edit(&mut document)?;
    }
    let edited = document.finish().map_err(|errors| errors[0].clone())?;
    let after = edited.into_text(text);
    let mut again = yaml::Document::parse(after.as_str())?;
    for edit in edits {
        assert_eq!(edit(&mut again), Ok(false), "twice is once:\n{after}");
    }
    Ok(after)
}

/// The number of cases of a property: 400, or this many with `BLUETEXT_SOAK=1`.
pub(super) fn cases(soak: u32) -> u32 {
    let is_soak = std::env::var_os("BLUETEXT_SOAK").is_some_and(|value| value == "1");
    if is_soak { soak } else { 400 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(200_000),
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_usual_polytope_yml_is_edited(file in file()) {
        let before = file.text();
        let after = edit_all(&before);
        prop_assert!(after.is_ok(), "{after:?}\n{before}");
        let after = after.unwrap();
        let has_empty_value = ["[]", "{}", "~", "null"].iter().any(|mark| before.contains(mark));
        prop_assert!(has_empty_value || keeps_every_byte(&before, &after), "{before}\n{after}");
        assert_undone("yml", &before, &after);
        if !has_empty_value && !file.style.flow_lists {
            prop_assert_eq!(without_added_lines(&before, &after), Some(before.clone()), "{}", after);
        }
        if before.contains('\n') && file.style.crlf {
            prop_assert!(!after.replace("\r\n", "").contains('\n'), "{after:?}");
        }
    }

    #[test]
    fn every_usual_hook_file_is_edited(
        body in proptest::collection::vec(statement(), 0..4),
        docstring in prop_oneof![Just(""), Just("\"\"\"One.\"\"\"\n"), Just("\"\"\"Many.\n\n    Lines.\n    \"\"\"\n")],
        indent in prop_oneof![Just("    "), Just("  "), Just("\t")],
        crlf: bool,
        imports: bool,
    ) {
        let mut lines = String::new();
        if !docstring.is_empty() {
            lines.push_str(&format!("{indent}{docstring}"));
        }
        for statement in &body {
            for line in statement.lines() {
                lines.push_str(&format!("{indent}{}\n", line.replace("\\t", indent)));
            }
        }
        if body.is_empty() {
            lines.push_str(&format!("{indent}pass\n"));
        }
        let import = if imports { "from fastapi import FastAPI\n\n\n" } else { "" };
        let mut before = format!(
            "{import}async def init(app: FastAPI) -> None:\n{lines}\n\nasync def deinit(app: FastAPI) -> None:\n{lines}"
        );
        if crlf {
            before = before.replace('\n', "\r\n");
        }
        let import = Import::new(".temporal", &[("deinit_temporal", None), ("init_temporal", None)], &crate::python::Style::default());
        let calls = [("init", "init_temporal", Place::Last), ("deinit", "deinit_temporal", Place::First)];
        let edited = Module::parse(before.as_str()).and_then(|module| module.add_calls(&import, &[], &calls));
        prop_assert!(matches!(edited, Ok(Edited::Changed(_))), "{edited:?}\n{before}");
        let after = edited.unwrap().into_text(&before);
        prop_assert_eq!(Module::parse(after.as_str()).and_then(|module| module.add_calls(&import, &[], &calls)), Ok(Edited::Unchanged));
        assert_undone("py", &before, &after);
        if !body.is_empty() {
            prop_assert_eq!(without_added_lines(&before, &after), Some(before));
        }
    }

    #[test]
    fn every_usual_registry_is_edited(
        items in proptest::collection::vec("[A-Z][a-z]{1,8}", 0..4),
        own_lines: bool,
        trailing: bool,
        comments: bool,
        annotated: bool,
        tuple: bool,
    ) {
        let (open, close) = if tuple { ("(", ")") } else { ("[", "]") };
        let list = |name: &str| {
            let kind = if annotated { ": Sequence[type]" } else { "" };
            let remark = if comments { "  # ours, (really)" } else { "" };
            let comma = if trailing || (tuple && items.len() == 1) { "," } else { "" };
            let body = if own_lines && !items.is_empty() {
                let items = items.join(&format!(",{remark}\n    "));
                format!("\n    {items}{comma}{remark}\n")
            } else if items.is_empty() {
                String::new()
            } else {
                format!("{}{comma}", items.join(", "))
            };
            format!("{name}{kind} = {open}{body}{close}{remark}\n")
        };
        let before = format!("{}\n{}", list("WORKFLOWS"), list("ACTIVITIES"));
        let imports = [Import::new(".a.workflow", &[("AWorkflow", None)], &crate::python::Style::default())];
        let new = [("WORKFLOWS", vec!["AWorkflow".to_owned()]), ("ACTIVITIES", vec!["a_b.c".to_owned()])];
        let edited = Module::parse(before.as_str()).and_then(|module| module.add_items(&imports, &[], &new, &crate::python::Style::default()));
        prop_assert!(matches!(edited, Ok(Edited::Changed(_))), "{edited:?}\n{before}");
        let after = edited.unwrap().into_text(&before);
        prop_assert!(keeps_every_byte(&before, &after));
        assert_undone("py", &before, &after);
        prop_assert_eq!(Module::parse(after.as_str()).and_then(|module| module.add_items(&imports, &[], &new, &crate::python::Style::default())), Ok(Edited::Unchanged));
    }
}

fn statement() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("await init_postgres(app)"),
        Just("app.state.x = 1  # first; or not"),
        Just("if app:\n\\tawait other(app)\nelse:\n\\tpass"),
        Just("async def inner() -> None:\n\\treturn None"),
        Just("try:\n\\tx = [\n\\t\\t1,\n\\t]\nfinally:\n\\tprint('#')"),
        Just("# a comment alone\nx = \"\"\"\n# not a comment\n\"\"\""),
        Just("async with a(app) as b: await c(b); await d(b)"),
    ]
}
