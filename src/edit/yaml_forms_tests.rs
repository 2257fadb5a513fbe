//! Property tests of the edits of `polytope.yml` on unusual but valid files: anchors, merge keys,
//! explicit keys, tags, flow collections over several lines, block scalars that look like keys.
//!
//! An edit may be refused, but it never panics, loses nothing, and is complete. The values before
//! and after are compared by a function of this test.

use proptest::prelude::*;
use serde_yaml::Value;

use super::case_tests::assert_undone;
use super::keeps_every_byte;
use super::properties::{cases, edit_all};
use super::yaml::Document;

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

const HEADS: &[&str] = &[
    "",
    "---\n",
    "%YAML 1.2\n---\n",
    "# tools:\n#   default: {}\n\n",
    "x-shared: &shared\n  image: a\n  env: &env [ { name: A, value: \"1\" } ]\n",
    "x-text: |2\n    tools:\n    include: []\n\n",
    "x-folded: >-\n  tools:\n\n   default:\n",
    "? [a, b]\n: { c: d }\n",
    "\"x-quo\\u0074ed\": 'it''s: # no comment'\n",
    "x-long: plain\n  text over\n  lines\n",
    "x-tag: !!str 12\n",
    "x-multi: \"one\n  two \\\n  three\"\n",
];

/// `include`; the first ones can be edited.
const INCLUDES: &[&str] = &[
    "",
    "include:\n",
    "include: []\n",
    "include: [ a,\n  b\n]\n",
    "include:\n- a # first\n\n# second\n- { repo: gh:x/y, path: b }\n",
    "include:\n    -   a\n    -\n        path: b\n",
    "include: [\n  \"a\", 'b', # , ]\n  ]\n",
    "include: [\n  a,\n  b,\n]\n",
    // These may be refused.
    "include: &inc [a]\n",
    "include: !!seq [a]\n",
    "? include\n: [a]\n",
];

/// `tools` with the stack tool `default`; the first ones can be edited.
const TOOLS: &[&str] = &[
    "tools:\n  default:\n    run: []\n",
    "tools:\n  default:\n    run:\n    - tool: web\n    # last\n",
    "tools: { default: { run: [ { tool: web } ] } }\n",
    "tools: {\n  default: {\n    run: [\n      { tool: web }, # one\n    ]\n  }\n}\n",
    "tools:\n    \"default\":\n        info: |\n            run:\n              - tool: no\n        run:\n            -   tool: web\n                args: { a: [1,\n                  2] }\n",
    "tools:\n  web:\n    run: [{ tool: polytope/container, args: { id: \"a: b # c\" } }]\n\n  default: # the stack\n    # steps\n    run:\n\n      - tool: web\n",
    "tools:\n  default:\n    run: ~\n  web: { run: [] }\n",
    "tools: {\n  default: {run: [{ tool: web, }, ], },  # one, }\n  # two ]\n}\n",
    "tools: {\n  default: { run: [],\n  },\n}\n",
    // These may be refused.
    "tools: &t\n  default: { run: [] }\nx-other: *t\n",
    "tools:\n  default: &d\n    run: [{ tool: web }]\n  web: *d\n",
    "tools:\n  base: &b { info: x }\n  default:\n    <<: *b\n    run: []\n",
    "tools:\n  base: &b { run: [{ tool: web }] }\n  default:\n    <<: *b\n",
    "tools:\n  ? default\n  : run: []\n",
    "tools: !!map\n  default:\n    run: !!seq []\n",
    "tools:\n  default:\n    run: [ { tool: web } ]  \t\n  'web': {run: [], }\n",
];

const TAILS: &[&str] = &[
    "",
    "# the end",
    "\n\n",
    "x-end: null\n",
    "x-last: [a,\n b]\n",
    "...\n",
];

fn file() -> impl Strategy<Value = (String, bool)> {
    (
        proptest::collection::vec(one_of(HEADS), 0..2),
        0..INCLUDES.len(),
        0..TOOLS.len(),
        one_of(TAILS),
        any::<[bool; 3]>(),
    )
        .prop_map(|(heads, include, tools, tail, [swapped, crlf, is_cut])| {
            let mut parts = [INCLUDES[include], TOOLS[tools]];
            if swapped {
                parts.swap(0, 1);
            }
            let mut text = format!("{}{}{tail}", heads.concat(), parts.concat());
            if is_cut {
                text.truncate(text.trim_end().len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            // Directives and explicit keys are read, and may be refused.
            let is_usual =
                heads.iter().all(|head| !head.starts_with(['%', '?'])) && tail != "...\n";
            (text, is_usual && include < 8 && tools < 9)
        })
}

/// The values of a file without what the edits add.
fn without_new(text: &str) -> Value {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut value: Value = serde_yaml::from_str(body).unwrap();
    let empty = |value: Option<&Value>| {
        value.is_none_or(|v| v.is_null() || v.as_sequence().is_some_and(Vec::is_empty))
    };
    if let Some(Value::Sequence(include)) = value.get_mut("include") {
        include.retain(|item| item.as_str() != Some("modules/temporal"));
    }
    if empty(value.get("include"))
        && let Some(root) = value.as_mapping_mut()
    {
        root.remove("include");
    }
    if let Some(Value::Mapping(tools)) = value.get_mut("tools") {
        tools.remove("add-temporal-client");
        if let Some(Value::Mapping(stack)) = tools.get_mut("default") {
            if let Some(Value::Sequence(run)) = stack.get_mut("run") {
                run.retain(|step| step.get("tool").and_then(Value::as_str) != Some("temporal"));
            }
            if empty(stack.get("run")) {
                stack.remove("run");
            }
        }
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(200_000),
        failure_persistence: None,
        max_global_rejects: 1_000_000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(17),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_polytope_yml_in_any_form_is_edited_or_left((before, is_editable) in file()) {
        prop_assume!(serde_yaml::from_str::<Value>(&before).is_ok_and(|value| value.is_mapping()));
        match edit_all(&before) {
            Ok(after) => {
                prop_assert_eq!(without_new(&before), without_new(&after), "{}\n{}", before, after);
                let has_empty_value = ["[]", "{}", "~", "null", "include:"];
                let has_empty_value = has_empty_value.iter().any(|mark| before.contains(mark));
                prop_assert!(has_empty_value || keeps_every_byte(&before, &after), "{before}\n{after}");
                assert_undone("yml", &before, &after);
                for new in ["modules/temporal", "add-temporal-client"] {
                    prop_assert_eq!(after.matches(new).count(), 1, "{}", after);
                }
            }
            Err(error) => prop_assert!(!is_editable, "{error:?}\n{before}"),
        }
    }

    /// Parsing ends, whatever the text is.
    #[test]
    fn a_part_of_a_polytope_yml_is_parsed_or_refused(
        (whole, _) in file(),
        cut in any::<proptest::sample::Index>(),
        length in 0..40_usize,
    ) {
        let start = whole.floor_char_boundary(cut.index(whole.len() + 1));
        let end = whole.ceil_char_boundary((start + length).min(whole.len()));
        for part in [&whole[start..end], &[&whole[..start], &whole[end..]].concat()] {
            match Document::parse(part) {
                Ok(document) => drop(document.leaves()),
                Err(error) => prop_assert!(error.position().is_some(), "{error}"),
            }
        }
    }
}
