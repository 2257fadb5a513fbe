//! Property tests of the Python editors on modules in unusual but valid forms.
//!
//! An edit may be refused, but it never panics, loses nothing, and is complete: a second run
//! changes nothing.

use proptest::prelude::*;

use super::case_tests::assert_undone;
use super::properties::cases;
use super::python::{AppCall, Import, Module, Place};
use super::{EditError, Edited, keeps_every_byte};
use crate::python::Style;

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

/// What may come before the imports.
const HEADS: &[&str] = &[
    "",
    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
    "\"\"\"A docstring.\"\"\"\n",
    "\"\"\"A docstring.\"\"\"; VERSION = 1\n",
    "'''Many\n\nlines.\n'''  # end\n\n",
    "\u{c}\n# A form feed above.\n",
    "\"\"\"Doc\"\"\"\n\nfrom __future__ import annotations\n\n",
    "from __future__ import annotations; import os\n",
];

/// Statements that may be anywhere at the top level.
const FILLERS: &[&str] = &[
    "import os; import sys\n",
    "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from fastapi import FastAPI as Never\n",
    "X = 1 + \\\n    2\n",
    "TEXT = \"\"\"\napp = FastAPI()\n\"\"\"\n",
    "TEXT = f\"{1 + 1}\"; Y = '#'  # app = FastAPI()\n",
    "\u{c}\nclass A:\n    app = None\n\u{c}\n    def f(self): return self.app\n",
    "def outer():\n    def inner():\n        app = 1\n        return app\n    return inner\n",
    "@decorator(\n    1,\n)\ndef decorated(): ...\n",
    "if X := 1: pass\n",
    "try:\n    import fast\nexcept ImportError:\n    fast = None\nelse:\n\tpass\n",
    "# A comment alone\n",
    "\n\n\n",
    "(\n    1,\n    # in brackets\n    2,\n)\n",
    "match 1:\n    case 1: pass\n    case _:\n        pass\n",
    "ä = \"ü\"\n",
    "lambda: (yield)\n",
];

/// Statements that make an application; the first ones can be edited.
const APPLICATIONS: &[&str] = &[
    "app = FastAPI()\n",
    "app = FastAPI(  # made here\n    title=\"x\",\n)  # and served\n",
    "app: FastAPI = FastAPI(title='''\na'''); app.x = 1\n",
    "Z = 1; app = FastAPI(); TEXT = \"\"\"\nb\"\"\"\n",
    "app = FastAPI \\\n    ()\n",
    "def create(title: str = \"a\") -> FastAPI:\n    \"\"\"Make it.\"\"\"\n    app = FastAPI(title=title)\n\n    @app.get(\"/\")\n    def root(): ...\n\n    return app\n",
    "def create():\n\tapp = FastAPI(); app.y = 2\n\treturn app\n",
    "async def create():\n  x = [\n  1,\n ]\n  app = FastAPI()\n  return app  # end",
    // These are refused.
    "def create(): app = FastAPI(); return app\n",
    "def create():\n    return FastAPI()\n",
    "if True:\n    app = FastAPI()\n",
    "app = other = FastAPI()\n",
    "app, other = FastAPI(), 1\n",
    "for _ in range(2): app = FastAPI()\n",
];

/// How many of [`APPLICATIONS`] can be edited.
const EDITABLE: usize = 8;

fn module() -> impl Strategy<Value = (String, usize)> {
    let filler = || proptest::collection::vec(one_of(FILLERS), 0..4);
    (
        one_of(HEADS),
        filler(),
        0..APPLICATIONS.len(),
        filler(),
        any::<[bool; 2]>(),
    )
        .prop_map(|(head, before, application, after, [crlf, is_cut])| {
            let import = "from fastapi import FastAPI\n";
            let mut text = format!("{head}{import}{}", before.concat());
            text.push_str(APPLICATIONS[application]);
            if !text.ends_with('\n') && !after.is_empty() {
                text.push('\n');
            }
            text.push_str(&after.concat());
            if is_cut {
                text.truncate(text.trim_end().len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            (text, application)
        })
}

fn attach(text: &str) -> Result<Edited, EditError> {
    let module = Module::parse(text)?;
    let made = module.applications();
    let [application] = made.as_slice() else {
        return Ok(Edited::Unchanged);
    };
    let import = Import::new(".temporal", &[("attach_temporal", None)], &Style::default());
    module.attach(
        &import,
        &[],
        application,
        AppCall::Function("attach_temporal"),
    )
}

/// The lines that `after` has besides those of `before`; `None` if one of `before` is missing.
fn added_lines<'t>(before: &str, after: &'t str) -> Option<Vec<&'t str>> {
    let mut old = before.lines().peekable();
    let mut added = Vec::new();
    for line in after.lines() {
        if old.peek() == Some(&line) {
            old.next();
        } else {
            added.push(line.trim());
        }
    }
    old.next().is_none().then_some(added)
}

const HOOKS: &[&str] = &[
    "async def NAME(app):\n    pass\n",
    "async def NAME(app): pass\n",
    "async def NAME(app: FastAPI) -> None:\n    \"\"\"Doc.\"\"\"\n",
    "async def NAME(app: FastAPI) -> None:\n    \"\"\"Doc.\"\"\"; x = 1\n",
    "async def NAME(app):\n    \"\"\"Doc\n    more.\n    \"\"\"\n\n    # first\n    await other(app)  # last\n",
    "@wraps\nasync def NAME(\n    app,\n):\n\tawait other(app); await more(app)\n",
    "async def NAME(app):\n    x = \"\"\"\nasync def NAME(app): pass\n\"\"\"\n    pass\n",
    "async def NAME(app):\n    if app:\n        pass\n    else: pass\n",
    "async def NAME(app):\n    pass  # nothing yet\n    # later\n",
    "async def NAME(app):\n    x = 1 + \\\n        2\n",
    "async def NAME(app):\n\u{c}\n    await other(app)\n",
    // `init` is refused here, and `deinit` as well except for the `return`.
    "def NAME(app):\n    pass\n",
    "async def NAME():\n    pass\n",
    "async def NAME(app):\n    return\n",
    "NAME = None\n",
];

/// Whether one of [`HOOKS`] gets a call at its end, as `init` does.
fn has_end(hook: usize) -> bool {
    hook < 11
}

/// Whether one of [`HOOKS`] gets a call at its start, as `deinit` does: not if the docstring
/// shares its line with a statement, but also before a `return`.
fn has_start(hook: usize) -> bool {
    hook == 13 || (has_end(hook) && hook != 3)
}

/// A module with the hooks of these numbers, `init` first.
fn hooks() -> impl Strategy<Value = (String, [usize; 2])> {
    let filler = || proptest::collection::vec(one_of(FILLERS), 0..2);
    (
        one_of(HEADS),
        filler(),
        0..HOOKS.len(),
        filler(),
        0..HOOKS.len(),
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(head, first, init, second, deinit, [swapped, crlf, is_cut])| {
                let mut pair = [
                    HOOKS[init].replace("NAME", "init"),
                    HOOKS[deinit].replace("NAME", "deinit"),
                ];
                if swapped {
                    pair.swap(0, 1);
                }
                let [one, two] = pair;
                let mut text = format!("{head}{}{one}{}{two}", first.concat(), second.concat());
                if is_cut {
                    text.truncate(text.trim_end().len());
                }
                if crlf {
                    text = text.replace('\n', "\r\n");
                }
                (text, [init, deinit])
            },
        )
}

fn add_calls(text: &str) -> Result<Edited, EditError> {
    let names = [("deinit_temporal", None), ("init_temporal", None)];
    let import = Import::new(".temporal", &names, &Style::default());
    let calls = [
        ("init", "init_temporal", Place::Last),
        ("deinit", "deinit_temporal", Place::First),
    ];
    Module::parse(text)?.add_calls(&import, &[], &calls)
}

const LISTS: &[&str] = &[
    "[]",
    "[ ]",
    "[\n]",
    "[\n    # none yet, (really]\n]",
    "[A]",
    "[A, B]  # ours",
    "[A, B, ]",
    "[\n    A,  # a, comment ]\n    B  # last\n]",
    "[\n    A, B,\n    *OTHERS,\n]",
    "[\n    (A),\n    ((B)),  # )\n]",
    "()",
    "(A,)",
    "(A, B)",
    "(\n    A,\n    # ) B\n    B,\n)",
    "[\"]\", ']', '''\n]''']",
    "[\n\tA,\n\t]",
    "[A,\n B,\n]",
    // These are refused.
    "[x for x in ()]",
    "A, B",
    "list()",
];

/// How many of [`LISTS`] can be edited.
const EDITABLE_LISTS: usize = LISTS.len() - 3;

/// A registry with the lists of these numbers, that of the workflows first.
fn registry() -> impl Strategy<Value = (String, [usize; 2])> {
    (
        one_of(HEADS),
        proptest::collection::vec(one_of(FILLERS), 0..2),
        0..LISTS.len(),
        one_of(&["", ": list[type]", ": \"Sequence[type]\""]),
        0..LISTS.len(),
        any::<[bool; 2]>(),
    )
        .prop_map(|(head, filler, one, kind, two, [crlf, is_cut])| {
            let mut text = format!(
                "{head}{}WORKFLOWS{kind} = {}\nACTIVITIES = {}\n",
                filler.concat(),
                LISTS[one],
                LISTS[two],
            );
            if is_cut {
                text.truncate(text.trim_end().len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            (text, [one, two])
        })
}

fn add_items(text: &str, is_worker: bool) -> Result<Edited, EditError> {
    let style = Style::default();
    let imports = [Import::new(
        ".new.workflow",
        &[("NewWorkflow", None)],
        &style,
    )];
    let names = if is_worker {
        ["workflows", "activities"]
    } else {
        ["WORKFLOWS", "ACTIVITIES"]
    };
    let items = [
        (names[0], vec!["NewWorkflow".to_owned()]),
        (names[1], vec!["new.one".to_owned(), "new.two".to_owned()]),
    ];
    let module = Module::parse(text)?;
    if is_worker {
        module.add_to_worker(&imports, &[], &items, &style)
    } else {
        module.add_items(&imports, &[], &items, &style)
    }
}

/// A worker made by hand, with the lists of a registry as its arguments.
fn as_worker(registry: &str) -> String {
    let call = "Worker(c, task_queue=\"q\", activities=ACTIVITIES, workflows=WORKFLOWS)";
    format!("{registry}\nworker = {call}\n")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(70_000),
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(11),
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_application_in_any_form_gets_one_call((before, application) in module()) {
        prop_assume!(Module::parse(before.as_str()).is_ok());
        match attach(&before) {
            Ok(Edited::Changed(after)) => {
                prop_assert!(keeps_every_byte(&before, &after), "{before}\n{after}");
                prop_assert_eq!(attach(&after), Ok(Edited::Unchanged), "{}", after);
                assert_undone("py", &before, &after);
                let added = added_lines(&before, &after);
                prop_assert!(added.is_some(), "{before}\n{after}");
                let calls = added.unwrap().into_iter().filter(|line| *line == "attach_temporal(app)");
                prop_assert_eq!(calls.count(), 1, "{}", after);
            }
            Ok(Edited::Unchanged) => prop_assert!(application >= EDITABLE, "{before}"),
            Err(error) => prop_assert!(application >= EDITABLE, "{error:?}\n{before}"),
        }
    }

    #[test]
    fn hooks_in_any_form_get_their_calls((before, [init, deinit]) in hooks()) {
        prop_assume!(Module::parse(before.as_str()).is_ok());
        let is_editable = has_end(init) && has_start(deinit);
        match add_calls(&before) {
            Ok(Edited::Changed(after)) => {
                prop_assert!(is_editable, "{before}\n{after}");
                prop_assert_eq!(add_calls(&after), Ok(Edited::Unchanged), "{}", after);
                assert_undone("py", &before, &after);
                // Only a `pass` that is alone in its block is replaced.
                let kept = before.replace("pass", "");
                prop_assert!(keeps_every_byte(&kept, &after), "{before}\n{after}");
                for call in ["await init_temporal(app)", "await deinit_temporal(app)"] {
                    prop_assert_eq!(after.matches(call).count(), 1, "{}", after);
                }
            }
            Ok(Edited::Unchanged) => prop_assert!(false, "{before}"),
            Err(error) => prop_assert!(!is_editable, "{error:?}\n{before}"),
        }
    }

    #[test]
    fn lists_in_any_form_get_their_items(
        (registry, lists) in registry(),
        is_worker: bool,
    ) {
        prop_assume!(Module::parse(registry.as_str()).is_ok());
        let is_editable = lists.iter().all(|list| *list < EDITABLE_LISTS);
        let before = if is_worker { as_worker(&registry) } else { registry };
        match add_items(&before, is_worker) {
            Ok(Edited::Changed(after)) => {
                prop_assert!(is_editable, "{before}\n{after}");
                prop_assert!(keeps_every_byte(&before, &after), "{before}\n{after}");
                prop_assert_eq!(add_items(&after, is_worker), Ok(Edited::Unchanged), "{}", after);
                assert_undone("py", &before, &after);
                // Each is in the registry once, and the workflow in its import as well.
                for (item, count) in [("NewWorkflow", 2), ("new.one", 1), ("new.two", 1)] {
                    prop_assert_eq!(after.matches(item).count(), count, "{}", after);
                }
            }
            Ok(Edited::Unchanged) => prop_assert!(false, "{before}"),
            Err(error) => prop_assert!(!is_editable, "{error:?}\n{before}"),
        }
    }
}
