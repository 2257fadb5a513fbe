//! Edits of Python modules in the shapes that people write.

use super::*;
use crate::edit::Edited;

fn hooks(text: &str) -> Result<Edited, EditError> {
    let import = Import::new(
        ".temporal",
        &[("deinit_temporal", None), ("init_temporal", None)],
        &crate::python::Style::default(),
    );
    let calls = [
        ("init", "init_temporal", Place::Last),
        ("deinit", "deinit_temporal", Place::First),
    ];
    Module::parse(text)?.add_calls(&import, &[], &calls)
}

fn registry(text: &str) -> Result<Edited, EditError> {
    let imports = [
        Import::new(
            ".greeting",
            &[("activities", Some("greeting_activities"))],
            &crate::python::Style::default(),
        ),
        Import::new(
            ".greeting.workflow",
            &[("GreetingWorkflow", None)],
            &crate::python::Style::default(),
        ),
    ];
    let items = [
        ("WORKFLOWS", vec!["GreetingWorkflow".to_owned()]),
        ("ACTIVITIES", vec!["greeting_activities.process".to_owned()]),
    ];
    let style = crate::python::Style::default();
    Module::parse(text)?.add_items(&imports, &[], &items, &style)
}

/// Both sides of each case as a text that a reviewer can read.
fn check(name: &str, edit: fn(&str) -> Result<Edited, EditError>, cases: &[(&str, &str)]) {
    let mut shown = String::new();
    for (case, text) in cases {
        let after = match edit(text) {
            Ok(Edited::Unchanged) => "(unchanged)\n".to_owned(),
            Ok(Edited::Changed(after)) => {
                assert_eq!(edit(&after), Ok(Edited::Unchanged), "{case}: twice is once");
                after
            }
            Err(EditError::Syntax { message, position }) => {
                format!("(broken: {message} at {position:?})\n")
            }
            Err(EditError::Shape {
                message,
                position,
                by_hand,
            }) => {
                format!("(refused: {message} at {position:?}; by hand:\n{by_hand})\n")
            }
        };
        let after = after.replace('\r', "<CR>").replace('\t', "<TAB>");
        shown.push_str(&format!("=== {case}\n{after}"));
        if !after.ends_with('\n') {
            shown.push_str("<END>\n");
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn hooks_of_every_shape() {
    check(
        "hooks",
        hooks,
        &[
            (
                "pass",
                "from fastapi import FastAPI\n\n\nasync def init(app: FastAPI) -> None:\n    pass\n\n\nasync def deinit(app: FastAPI) -> None:\n    pass  # nothing yet\n",
            ),
            (
                "one-line docstrings and pass",
                "from fastapi import FastAPI\nfrom .postgres import init_postgres\n\nasync def init(app: FastAPI) -> None:\n    \"\"\"Start.\"\"\"\n    pass\n\nasync def deinit(app: FastAPI) -> None:\n    '''Stop.'''\n    pass\n",
            ),
            (
                "many-line docstring, calls, trailing comments",
                "\"\"\"Hooks.\"\"\"\n\nfrom fastapi import FastAPI\n\nfrom ..utils import log\nfrom .postgres import (\n    init_postgres,\n)\n\nlogger = log.get_logger(__name__)\n\n\nasync def init(app: FastAPI) -> None:\n    \"\"\"Start.\n\n    All of it.\n    \"\"\"\n    await init_postgres(app)  # first\n    # await init_redis(app)\n\nasync def deinit(app: FastAPI) -> None:\n    \"\"\"Stop.\"\"\"\n",
            ),
            (
                "decorators, type hints, nested functions, another name",
                "import os\n\n@traced\nasync def init(application: \"FastAPI\", *, fast: bool = False) -> None:\n    async def helper() -> None:\n        async def init(app): pass\n        return None\n\n    if fast:\n        await helper()\n    else:\n        try:\n            await helper()\n        finally:\n            print(f\"{'a' + \"b\"}\")\n\n@traced\n@other(1)\nasync def deinit(application) -> None: pass\n",
            ),
            (
                "tabs and CRLF",
                "from fastapi import FastAPI\r\n\r\nasync def init(app):\r\n\tawait x(app)\r\n\r\nasync def deinit(app):\r\n\tawait y(app)",
            ),
            (
                "no imports",
                "async def init(app):\n    ...\n\nasync def deinit(app):\n    ...\n",
            ),
            (
                "call is there, import is not",
                "async def init(app):\n    if app:\n        await init_temporal(app)\n\nasync def deinit(app):\n    pass\n",
            ),
            (
                "all is there",
                "from .temporal import deinit_temporal\nfrom .temporal import init_temporal\n\nasync def init(app):\n    await init_temporal(app)\n\nasync def deinit(app):\n    await deinit_temporal(app)\n",
            ),
            ("no deinit", "async def init(app):\n    pass\n"),
            (
                "not async",
                "def init(app):\n    pass\n\ndef deinit(app):\n    pass\n",
            ),
            (
                "no parameter",
                "async def init():\n    pass\n\nasync def deinit():\n    pass\n",
            ),
            (
                "leaves early",
                "async def init(app):\n    return None\n\nasync def deinit(app):\n    pass\n",
            ),
            (
                "body on the line of the name",
                "async def init(app): print(1)\n\nasync def deinit(app): print(2)\n",
            ),
            (
                "called by other means",
                "import asyncio\nfrom .temporal import deinit_temporal, init_temporal\n\nasync def init(app):\n    await asyncio.gather(a(app), init_temporal(app))\n\nasync def deinit(app):\n    match app:\n        case 1: await deinit_temporal(app)\n",
            ),
            (
                "never reached",
                "async def init(app):\n    if app:\n        return\n    else:\n        raise ValueError\n\nasync def deinit(app):\n    pass\n",
            ),
            (
                "yields",
                "async def init(app):\n    yield\n\nasync def deinit(app):\n    pass\n",
            ),
            (
                "bound anew",
                "async def init(app):\n    pass\n\ninit = other\n\nasync def deinit(app):\n    pass\n",
            ),
            (
                "several parameters",
                "async def init(settings, application: fastapi.FastAPI):\n    await a()\n\nasync def deinit(settings, app):\n    # first\n    await b()\n",
            ),
            (
                "comments that belong to what is below",
                "import os\n# zeta must come last\nfrom .zeta import y\n\nasync def init(app):\n    await a()\n\nasync def deinit(app):\n    await b()\n",
            ),
            (
                "a comment above the first function",
                "\n# Start-up hooks.\nasync def init(app):\n    await a()\n\nasync def deinit(app):\n    await b()\n",
            ),
            ("Python 2", "print 'hello'\n"),
            ("empty", ""),
        ],
    );
}

#[test]
fn registries_of_every_shape() {
    check(
        "registries",
        registry,
        &[
            ("one line, empty", "WORKFLOWS = []\nACTIVITIES = []\n"),
            (
                "annotated, with a docstring",
                "\"\"\"What runs.\"\"\"\n\nWORKFLOWS: list[type] = []\nACTIVITIES: list = []\n",
            ),
            (
                "one line",
                "from .zebra import activities as zebra_activities\nfrom .zebra.workflow import ZebraWorkflow\n\nWORKFLOWS = [ZebraWorkflow]\nACTIVITIES = [zebra_activities.run, zebra_activities.stop,]\n",
            ),
            (
                "many lines, comments",
                "from .a import A\nfrom .b import run_b\n\nWORKFLOWS = [\n    A,  # the first, ever\n    # B is not ready\n]\n\nACTIVITIES = [\n    run_b # no comma\n]\n",
            ),
            ("tuples", "WORKFLOWS = (A,)\nACTIVITIES = (\n    (b),\n)\n"),
            (
                "only comments inside",
                "WORKFLOWS = [\n    # none\n]\nACTIVITIES = [  # none\n]\n",
            ),
            (
                "CRLF",
                "WORKFLOWS = [\r\n    A,\r\n]\r\nACTIVITIES = []\r\n",
            ),
            (
                "there already",
                "from .greeting import activities as greeting_activities\nfrom .greeting.workflow import GreetingWorkflow\nWORKFLOWS = [GreetingWorkflow]\nACTIVITIES = [greeting_activities.process]\n",
            ),
            ("computed", "WORKFLOWS = find_all()\nACTIVITIES = []\n"),
            (
                "a bare tuple that begins with a bracket",
                "WORKFLOWS = (A), B\nACTIVITIES = []\n",
            ),
            ("bare tuple", "WORKFLOWS = A, B\nACTIVITIES = []\n"),
            ("missing", "ACTIVITIES = []\n"),
        ],
    );
}

#[test]
fn what_would_end_the_process_is_refused() {
    let deep = format!("x = {}{}\n", "(".repeat(200_000), ")".repeat(200_000));
    let unary = format!("x = {}1\n", "-".repeat(200_000));
    let not = format!("x = {}1\n", "not ".repeat(200_000));
    let blocks: String = (0..2_000)
        .map(|n| format!("{}if x:\n", " ".repeat(n)))
        .collect();
    let chain = format!("x = {}1\n", "1 if x else ".repeat(20_000));
    let power = format!("x = {}1\n", "1 ** ".repeat(20_000));
    let lambda = format!("x = {}1\n", "lambda: ".repeat(100_000));
    let large = format!("# {}\n", "x".repeat(crate::edit::MAX_FILE_SIZE));
    for text in [deep, unary, not, blocks, chain, power, lambda, large] {
        assert!(
            matches!(hooks(&text), Err(EditError::Syntax { .. })),
            "{}",
            &text[..40]
        );
    }
}
