//! `check`: every rule on the probes of `tests/check/probes`, on hostile code and on projects.
//!
//! A probe is a workflow that does one thing. The cells of a file, which `# %% NAME` separates,
//! are one probe each; `# %% NAME/FILE` is a further module of it. `# expect: CODE` marks the
//! line of a finding, and `# expect-next: CODES` the line above it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bluetext::analysis::{Analysis, Rule};
use bluetext::{Options, check};
use common::Project;
use real::{Server, Tools, free_port, skip_if_asked};

/// A probe: its name, and its files.
type Probe = (String, BTreeMap<String, String>);

fn probes() -> Vec<Probe> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/probes");
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut probes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in names {
        let group = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for cell in text.split("# %% ").skip(1) {
            let (name, code) = cell.split_once('\n').unwrap();
            let (name, file) = name.split_once('/').unwrap_or((name, "workflow.py"));
            let files = probes.entry(format!("{group}/{name}")).or_default();
            let before = files.insert(file.to_owned(), format!("{}\n", code.trim_end()));
            assert_eq!(before, None, "{group}/{name}/{file}");
        }
    }
    probes.into_iter().collect()
}

/// The findings that the comments of a file announce: line and code, sorted.
fn expected(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let marks = [("# expect: ", 1), ("# expect-next: ", 2)];
        for (mark, offset) in marks {
            if let Some((_, codes)) = line.split_once(mark) {
                for code in codes.split_whitespace() {
                    assert!(Rule::of(code).is_some(), "{code}");
                    found.push((index + offset, code.to_owned()));
                }
            }
        }
    }
    found.sort();
    found
}

/// A project whose service has these modules.
fn project(files: &BTreeMap<String, String>) -> Project {
    let project = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("app/pyproject.toml", "[project]\nname = \"app\"\n"),
        ("app/shop/__init__.py", ""),
    ]);
    for (name, text) in files {
        project.write(&format!("app/shop/{name}"), text);
    }
    project
}

fn analysed(files: &BTreeMap<String, String>) -> Analysis {
    let project = project(files);
    let mut options = Options::new(project.path());
    options.project = Some(project.path());
    check(&options, None).unwrap().1
}

/// The findings by file: line and code.
fn found(analysis: &Analysis) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut found: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for finding in &analysis.findings {
        let file = finding.at.path.file_name().to_owned();
        let place = (finding.at.position.line, finding.rule.code().to_owned());
        found.entry(file).or_default().push(place);
    }
    for places in found.values_mut() {
        places.sort();
    }
    found
}

#[test]
fn each_probe_has_the_findings_that_it_announces() {
    let mut faults = Vec::new();
    let probes = probes();
    assert!(probes.len() >= 200, "{}", probes.len());
    let announced: BTreeSet<String> = probes
        .iter()
        .flat_map(|(_, files)| files.values().flat_map(|code| expected(code)))
        .map(|(_, code)| code)
        .collect();
    let all: BTreeSet<String> = Rule::ALL
        .iter()
        .map(|rule| rule.code().to_owned())
        .collect();
    assert_eq!(announced, all, "each rule has a probe that breaks it");
    for (name, files) in &probes {
        let expected: BTreeMap<String, Vec<(usize, String)>> = files
            .iter()
            .map(|(file, code)| (file.clone(), expected(code)))
            .filter(|(_, expected)| !expected.is_empty())
            .collect();
        let found = found(&analysed(files));
        if found != expected {
            faults.push(format!("{name}: found {found:?}, expected {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The first example of a rule breaks it, and the second one breaks none.
#[test]
fn the_examples_of_the_rules_are_right() {
    // They are about several modules, or no code that can be parsed.
    let others = [
        Rule::ActivityImport,
        Rule::DuplicateName,
        Rule::Syntax,
        Rule::UnregisteredActivity,
        Rule::UnregisteredWorkflow,
    ];
    let head = "import asyncio\nimport hashlib\nimport json\nimport os\nimport subprocess\n\
                import threading\nimport uuid\nfrom datetime import UTC, datetime, timedelta\n\
                from pathlib import Path\n\nimport httpx\nfrom pydantic import BaseModel, Field\n\
                from temporalio import activity, workflow\n\nCACHE = {}\n\n\n\
                class Order(BaseModel):\n    id: str\n    buyer: str\n    seller: str\n    region: str\n";
    let activities = ["build", "charge", "compute", "fetch", "read_rates"]
        .map(|name| format!("@activity.defn\ndef {name}(value=None):\n    return value\n"));
    let functions =
        ["notify", "work"].map(|name| format!("async def {name}(value=None):\n    return value\n"));
    let analysed = |rule: Rule, example: &str| {
        let lines = |indent: &str| -> String {
            let lines = example.lines();
            lines.map(|line| format!("{indent}{line}\n")).collect()
        };
        // A class is that of the input.
        let (class, body, input) = if rule == Rule::ModelDefault {
            (lines(""), String::new(), "Entry")
        } else {
            (String::new(), lines("        "), "int")
        };
        let code = format!(
            "{head}\n\n{}\n\n{}\n\n{class}\n\n@workflow.defn\nclass W:\n    \
             def __init__(self) -> None:\n        self.totals = {{}}\n\n    @workflow.run\n    \
             async def run(self, order: Order, url: str, total: {input}) -> None:\n{body}        \
             return None\n",
            activities.join("\n\n"),
            functions.join("\n\n"),
        );
        let analysis = analysed(&BTreeMap::from([("workflow.py".to_owned(), code)]));
        let codes = analysis.findings.iter().map(|finding| finding.rule);
        codes.collect::<BTreeSet<Rule>>()
    };
    for rule in Rule::ALL.iter().filter(|rule| !others.contains(rule)) {
        let (wrong, right) = rule.examples();
        let found = analysed(*rule, wrong);
        assert!(found.contains(rule), "{rule:?}: {found:?}");
        assert_eq!(analysed(*rule, right), BTreeSet::new(), "{rule:?}");
    }
}

/// A service whose workflow reads the clock in a helper.
fn shop() -> Project {
    let workflow = "from temporalio import workflow\n\nfrom .prices import total\n\n\n\
                    @workflow.defn\nclass OrderWorkflow:\n    @workflow.run\n    async def run(self) -> \
                    str:\n        return total()\n";
    let prices = "import time as t\n\nfrom .pick import pick\n\n\ndef total() -> str:\n    return \
                  f\"ä {t.time()}\" + pick()\n";
    let pick = "HANDLERS = {}\n\n\ndef pick() -> str:\n    return HANDLERS[\"a\"]()\n";
    project(&BTreeMap::from([
        ("workflow.py".to_owned(), workflow.to_owned()),
        ("prices.py".to_owned(), prices.to_owned()),
        ("pick.py".to_owned(), pick.to_owned()),
    ]))
}

#[test]
fn the_report_shows_the_calls_that_lead_to_a_finding() {
    let project = shop();
    let run = project.bluetext(&["check"]);
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    insta::assert_snapshot!("human", run.stdout);
    let verbose = project.bluetext(&["check", "-v"]).stdout;
    assert!(
        verbose.contains("app/shop/pick.py:5:12 not followed: HANDLERS[\"a\"]\n"),
        "{verbose}"
    );
    let quiet = project
        .bluetext(&["check", "--service", "app", "-q"])
        .stdout;
    assert_eq!(quiet.lines().next(), run.stdout.lines().next());
}

#[test]
fn findings_are_json_and_sarif() {
    let project = shop();
    let run = project.bluetext(&["check", "--format", "json"]);
    let mut document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    document["project"] = "PROJECT".into();
    insta::assert_snapshot!("json", format!("{document:#}"));
    let run = project.bluetext(&["check", "--format", "sarif"]);
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    let mut log: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
    assert_eq!(rules.as_array().unwrap().len(), Rule::ALL.len());
    let result = &log["runs"][0]["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], result["ruleId"]);
    insta::assert_snapshot!("sarif", format!("{log:#}"));
    let other = project.bluetext(&["status", "--format", "sarif"]);
    assert_eq!((other.code, other.stdout.as_str()), (2, ""));
    insta::assert_snapshot!("sarif-elsewhere", other.stderr);
    let page = project.bluetext(&["check", "--explain", "clock", "--format", "sarif"]);
    assert_eq!(page.code, 2);
    let log: serde_json::Value = serde_json::from_str(&page.stdout).unwrap();
    let why = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(why, "`--explain` prints a page, which cannot be SARIF");
}

#[test]
fn each_rule_is_explained() {
    let project = Project::empty();
    for rule in Rule::ALL {
        let page = project.done(&["check", "--explain", rule.code()]).stdout;
        assert!(
            page.starts_with(&format!("{}\n\n{}", rule.code(), rule.title())),
            "{page}"
        );
    }
    insta::assert_snapshot!(
        "explain",
        project.done(&["check", "--explain", "clock"]).stdout
    );
    let unknown = project.bluetext(&["check", "--explain", "clok"]);
    assert_eq!(unknown.code, 2);
    insta::assert_snapshot!("explain-unknown", unknown.stderr);
}

/// What a project has besides modules in one package: the file with the finding, if any.
#[test]
fn imports_are_followed_as_python_does() {
    let workflow = |imports: &str, value: &str| {
        format!(
            "from temporalio import workflow\n\n{imports}\n\n\n@workflow.defn\nclass W:\n    \
             @workflow.run\n    async def run(self) -> float:\n        return {value}\n"
        )
    };
    let clock = "import time\n\n\ndef now() -> float:\n    return time.time()\n";
    for (imports, value, package) in [
        ("import helpers.clock", "helpers.clock.now()", false),
        ("import helpers.clock", "helpers.clock.now()", true),
        ("import helpers.clock as c", "c.now()", false),
        ("from helpers import clock", "clock.now()", false),
        ("from helpers.clock import now", "now()", true),
        ("import helpers", "helpers.clock.now()", true),
    ] {
        let workflow = workflow(imports, value);
        let mut files = vec![
            ("polytope.yml", "tools: {}\n"),
            ("shop/requirements.txt", "temporalio\n"),
            ("shop/workflow.py", workflow.as_str()),
            ("shop/helpers/clock.py", clock),
        ];
        if package {
            files.push(("shop/helpers/__init__.py", "from . import clock\n"));
        }
        let run = Project::with(&files).bluetext(&["check"]);
        assert!(
            run.code == 4 && run.stdout.contains("shop/helpers/clock.py:5:12 clock"),
            "{imports} {package}: {}",
            run.stdout
        );
    }
    // What the package itself defines.
    let workflow = workflow("import helpers.other", "helpers.now()");
    let project = Project::with(&[
        ("polytope.yml", "tools: {}\n"),
        ("shop/requirements.txt", "temporalio\n"),
        ("shop/workflow.py", &workflow),
        ("shop/helpers/__init__.py", clock),
        ("shop/helpers/other.py", ""),
    ]);
    let run = project.bluetext(&["check"]);
    assert!(
        run.stdout.contains("shop/helpers/__init__.py:5:12 clock"),
        "{}",
        run.stdout
    );
}

/// `status` leaves out only what it says itself.
#[test]
fn status_has_the_findings_of_workers_made_by_hand() {
    let code = "from temporalio import activity, workflow\nfrom temporalio.worker import Worker\n\n\n\
                @workflow.defn\nclass W:\n    @workflow.run\n    async def run(self) -> str:\n        \
                return \"\"\n\n\n@activity.defn(name=\"call\")\ndef a() -> None: ...\n\n\n\
                @activity.defn(name=\"call\")\ndef b() -> None:\n    print(1)\n\n\n\
                def make(c):\n    return Worker(c, task_queue=\"q\", workflows=[], activities=[a, b])\n";
    let project = project(&BTreeMap::from([(
        "workflow.py".to_owned(),
        code.to_owned(),
    )]));
    assert_eq!(project.bluetext(&["check"]).code, 4);
    let run = project.bluetext(&["status", "--check"]);
    assert_eq!(run.code, 4);
    for rule in ["duplicate-name", "unregistered-workflow"] {
        let said = format!("breaks the rule `{rule}`");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }
}

#[test]
fn status_warns_of_broken_rules() {
    let project = shop();
    let run = project.bluetext(&["status", "--check"]);
    assert_eq!(run.code, 4);
    insta::assert_snapshot!("status", run.stderr);
    assert!(run.stdout.contains("bluetext check"), "{}", run.stdout);
}

/// The README of a new service shows the diagram that the program prints.
#[test]
fn the_readme_of_a_service_shows_a_diagram() {
    let project = Project::empty();
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project.done(&["add-temporal-workflow", "greeting"]);
    let drawn = project.done(&["status", "greeting", "--diagram"]).stdout;
    let readme = project.read("modules/api/README.md");
    let (_, shown) = readme.split_once("```mermaid\n").unwrap();
    assert_eq!(shown.split_once("```").unwrap().0, drawn);
    assert_eq!(project.bluetext(&["check"]).code, 0);
}

/// A method that the workflow's class replaces is drawn, and the steps of a condition are part of
/// the loop.
#[test]
fn a_diagram_shows_the_code_that_runs() {
    let code = "from datetime import timedelta\n\nfrom temporalio import workflow\n\n\nclass Base:\n    \
                @workflow.run\n    async def run(self) -> None:\n        await self.work()\n\n    \
                async def work(self) -> None:\n        pass\n\n\n@workflow.defn\nclass W(Base):\n    \
                async def work(self) -> None:\n        while not await workflow.execute_activity(\n            \
                \"ready\", start_to_close_timeout=timedelta(1)\n        ):\n            \
                await workflow.sleep(1)\n";
    let project = project(&BTreeMap::from([(
        "workflow.py".to_owned(),
        code.to_owned(),
    )]));
    let drawn = project.done(&["status", "W", "--diagram"]).stdout;
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("diagram_of_subclass", drawn);
    });
}

/// Branches, loops, waits, messages and own functions are drawn.
#[test]
fn a_diagram_shows_what_a_workflow_does() {
    let code = r#"
import asyncio
from datetime import timedelta

from temporalio import workflow


@workflow.defn(name="order")
class OrderWorkflow:
    @workflow.run
    async def run(self, order: str) -> str:
        if order == "none":
            raise ValueError("\"none\" & <such>")
        await self.prepare(order)
        await asyncio.gather(self.step("charge"), self.step("ship"))
        while not self.done:
            try:
                await workflow.wait_condition(lambda: self.done, timeout=timedelta(days=1))
            except asyncio.TimeoutError:
                await workflow.execute_child_workflow("Remind", order)
                continue
            for item in order:
                if item == "x":
                    break
                await workflow.sleep(5)
        match order:
            case "again":
                workflow.continue_as_new("again")
            case _:
                pass
        label = order.upper()
        return label

    async def prepare(self, order: str) -> None:
        if not order:
            return
        await workflow.execute_local_activity("prepare", start_to_close_timeout=timedelta(1))

    async def step(self, name: str) -> None:
        await workflow.execute_activity(name, start_to_close_timeout=timedelta(1))

    @workflow.signal(name="finish")
    def end(self) -> None:
        self.done = True

    @workflow.query
    def state(self) -> bool:
        return self.done
"#;
    let project = project(&BTreeMap::from([(
        "workflow.py".to_owned(),
        code.to_owned(),
    )]));
    let drawn = project.done(&["status", "order", "--diagram"]).stdout;
    insta::assert_snapshot!("diagram", drawn);
    // The same by its class and by its module.
    for name in ["OrderWorkflow", "workflow"] {
        assert_eq!(project.done(&["status", name, "--diagram"]).stdout, drawn);
    }
}

/// Each way out of a `try` or `match` leads on.
#[test]
fn a_diagram_shows_each_way_out() {
    let code = r#"
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

DAY = timedelta(days=1)


@workflow.defn
class ChargeWorkflow:
    @workflow.run
    async def run(self, order: str) -> str:
        match order:
            case "free":
                return "free"
        try:
            return await workflow.execute_activity("charge", start_to_close_timeout=DAY)
        except ActivityError:
            self.failed = True
        await workflow.execute_activity("compensate", start_to_close_timeout=DAY)
        try:
            return await workflow.execute_activity("use", start_to_close_timeout=DAY)
        finally:
            await workflow.execute_activity("release", start_to_close_timeout=DAY)
"#;
    let project = project(&BTreeMap::from([(
        "workflow.py".to_owned(),
        code.to_owned(),
    )]));
    let drawn = project
        .done(&["status", "ChargeWorkflow", "--diagram"])
        .stdout;
    insta::assert_snapshot!("diagram_ways_out", drawn);
}

/// Code that refers to itself, or is deep, is analysed in bounded time.
#[test]
#[expect(clippy::too_many_lines, reason = "one entry for each kind of circle")]
fn code_in_circles_ends() {
    let head = "from temporalio import workflow\nimport time\n\n";
    let run = "@workflow.defn\nclass W:\n    @workflow.run\n    async def run(self) -> str:\n";
    let many =
        |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    let imports = "import asyncio\nfrom datetime import timedelta\n";
    let charge =
        "await workflow.execute_activity(\"charge\", 1, start_to_close_timeout=timedelta(1))";
    for (name, expected, code) in [
        (
            "names",
            0,
            format!("{head}a = b\nb = a\n\n{run}        return a()\n"),
        ),
        (
            "classes",
            0,
            format!(
                "{head}class A(B):\n    pass\nclass B(A):\n    pass\n\n{run}        return A().x()\n"
            ),
        ),
        (
            "assignments",
            0,
            format!(
                "{head}{run}{}        return x0()\n",
                many(300, &|n| format!(
                    "        x{n} = x{} + x{}\n",
                    (n + 1) % 300,
                    (n * 7) % 300
                ))
            ),
        ),
        (
            "same name",
            0,
            format!(
                "{head}{run}{}        return x()\n",
                many(2000, &|n| format!("        x = x + {n}\n"))
            ),
        ),
        (
            "calls",
            4,
            format!(
                "{head}{}{run}        return f0()\n",
                many(400, &|n| format!(
                    "def f{n}():\n    return f{}() + f{}() + time.time()\n",
                    (n + 1) % 400,
                    (n * 3) % 400
                ))
            ),
        ),
        (
            "decorators",
            0,
            format!("{head}@d\ndef d(f):\n    return d(f)\n\n{run}        return d(d)\n"),
        ),
        (
            "imports",
            0,
            format!(
                "from .workflow import x\nfrom .workflow import *\n{head}{run}        return x()\n"
            ),
        ),
        (
            "a base of itself",
            0,
            format!("{head}class A(A.x):\n    pass\n\n{run}        return A().x()\n"),
        ),
        (
            "a decorator of itself",
            0,
            format!(
                "{head}class A:\n    @app.task\n    def task(self):\n        pass\n\napp = A()\n\n{run}        return app.task()\n"
            ),
        ),
        (
            "attributes as bases",
            0,
            format!(
                "{head}class C0:\n    pass\n{}{run}        return C59().x()\n",
                many(60, &|n| format!(
                    "class C{}(C{n}.x, C{n}.y):\n    pass\n",
                    n + 1
                ))
            ),
        ),
        (
            "an attribute of itself",
            0,
            format!(
                "{head}{run}        return self.v.x()\n{}",
                many(800, &|n| format!(
                    "    def m{n}(self):\n        self.v = self.v.x(self.v)\n"
                ))
            ),
        ),
        (
            "nested functions",
            4,
            format!(
                "{head}{run}{}",
                many(60, &|n| format!("{}def f{n}():\n", " ".repeat(8 + n)))
                    + &format!("{}return time.time()\n", " ".repeat(68))
            ),
        ),
        (
            "ignore comments on each way",
            4,
            format!(
                "{head}{}def f40():\n    return time.time()\n\n\n{run}        return f0()\n",
                many(40, &|n| format!(
                    "def f{n}():\n    f{0}()  # bluetext: ignore[random] a\n    f{0}()  # bluetext: \
                     ignore[hash] b\n\n\n",
                    n + 1
                ))
            ),
        ),
        (
            "a long way",
            4,
            format!(
                "{head}{}def f2000():\n    return time.time()\n\n\n{run}        return f0()\n",
                many(2000, &|n| format!(
                    "def f{n}():\n    time.time()\n    return f{}()\n\n\n",
                    n + 1
                ))
            ),
        ),
        (
            "one name again and again",
            0,
            format!(
                "{head}{run}{}        return x()\n",
                many(4000, &|_| "        x = x()\n".to_owned())
            ),
        ),
        (
            "lists of lists",
            0,
            format!(
                "{head}from temporalio.worker import Worker\n\n{run}        return \"\"\n\n\nL40 = \
                 [W]\n{}\n\ndef make(c):\n    return Worker(c, task_queue=\"q\", workflows=[*L0])\n",
                many(40, &|n| format!(
                    "L{n} = [{}]\n",
                    format!("*L{}, ", n + 1).repeat(40)
                ))
            ),
        ),
        (
            "options of options",
            0,
            format!(
                "{imports}{head}D40 = {{}}\n{}\n{run}        return await \
                 workflow.execute_activity(\"charge\", 1, **D0)\n",
                many(40, &|n| format!(
                    "D{n} = {{{}}}\n",
                    format!("**D{}, ", n + 1).repeat(40)
                ))
            ),
        ),
        (
            "gather in gather",
            0,
            format!(
                "{imports}{head}{run}        return {}1{}\n",
                "asyncio.gather(".repeat(40),
                ")".repeat(40)
            ),
        ),
        (
            "functions drawn many times",
            0,
            format!(
                "{imports}{head}{}async def f12():\n    {charge}\n\n\n{run}        await f0()\n        \
                 return \"\"\n",
                many(12, &|n| format!(
                    "async def f{n}():\n{}\n\n",
                    format!("    await f{}()\n", n + 1).repeat(8)
                ))
            ),
        ),
        (
            "final bodies in each other",
            0,
            format!(
                "{imports}{head}{run}{}{}return \"\"\n{}",
                many(18, &|n| format!("{}try:\n", " ".repeat(8 + n))),
                " ".repeat(26),
                (0..18)
                    .rev()
                    .map(|n| format!("{0}finally:\n{0} {charge}\n", " ".repeat(8 + n)))
                    .collect::<String>()
            ),
        ),
    ] {
        let begun = std::time::Instant::now();
        let project = project(&BTreeMap::from([("workflow.py".to_owned(), code)]));
        let run = project.bluetext(&["check", "--format", "json"]);
        assert_eq!(run.code, expected, "{name}: {}", run.stdout);
        let drawn = project.done(&["status", "W", "--diagram"]).stdout;
        // About 60 characters a node.
        assert!(drawn.len() < 200_000, "{name}: {}", drawn.len());
        project.bluetext(&["status", "none", "--diagram"]);
        // Far above what it takes: this only tells an end from none.
        assert!(
            begun.elapsed().as_secs() < 20,
            "{name}: {:?}",
            begun.elapsed()
        );
    }
}

/// What the sandbox refuses, and no rule is about: classes of values and errors, and functions
/// that depend on their arguments alone.
const HARMLESS: [&str; 18] = [
    "concurrent.futures.CancelledError",
    "concurrent.futures.TimeoutError",
    "http.client.HTTPException",
    "shutil.Error",
    "signal.Signals",
    "socket.AddressFamily",
    "socket.error",
    "socket.gaierror",
    "socket.herror",
    "socket.timeout",
    "subprocess.CalledProcessError",
    "subprocess.CompletedProcess",
    "subprocess.TimeoutExpired",
    "subprocess.list2cmdline",
    "threading.ThreadError",
    "urllib.request.quote",
    "urllib.request.unquote",
    "zoneinfo.ZoneInfo.from_file",
];

/// Every other call that the sandbox refuses is found.
#[test]
fn what_the_sandbox_refuses_is_found() {
    skip_if_asked!();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/refused.py");
    let folder = Project::empty();
    let printed = Tools::get().uv(
        &folder.path(),
        &[
            "run",
            "--no-project",
            "--with=temporalio==1.35.*",
            "python",
            script.to_str().unwrap(),
        ],
    );
    let names: Vec<&str> = printed.lines().collect();
    assert!(names.len() > 500, "{printed}");
    let mut code = "from temporalio import workflow\n".to_owned();
    let in_modules = names.iter().map(|name| name.rsplit_once('.').unwrap().0);
    for module in in_modules.collect::<BTreeSet<_>>() {
        // A class is imported with its module.
        let (module, class) = match module.rsplit_once('.') {
            Some((module, class)) if class.starts_with(char::is_uppercase) => (module, class),
            _ => (module, ""),
        };
        if !["__builtins__", "datetime"].contains(&module) && class.is_empty() {
            let _ = writeln!(code, "import {module}");
        }
    }
    code.push_str("import datetime, pathlib, tarfile, zipfile, zoneinfo\n\n\n");
    code.push_str("@workflow.defn\nclass W:\n    @workflow.run\n    async def run(self):\n");
    let before = code.lines().count();
    for name in &names {
        let name = name.trim_start_matches("__builtins__.");
        let _ = writeln!(code, "        {name}()");
    }
    let project = project(&BTreeMap::from([("workflow.py".to_owned(), code)]));
    let report: serde_json::Value =
        serde_json::from_str(&project.bluetext(&["check", "--format", "json"]).stdout).unwrap();
    let found: BTreeSet<u64> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["line"].as_u64().unwrap())
        .collect();
    let missing: Vec<&str> = (before + 1..)
        .zip(&names)
        .filter(|(line, _)| !found.contains(&(*line as u64)))
        .map(|(_, name)| *name)
        .collect();
    let harmful: Vec<&str> = missing
        .into_iter()
        .filter(|name| !HARMLESS.contains(name))
        .collect();
    assert_eq!(harmful, Vec::<&str>::new());
}

/// What `check` says about each probe, and what the sandbox does with it on a real server.
#[test]
fn the_table_compares_check_with_the_sandbox() {
    skip_if_asked!();
    let folder = Project::empty();
    let probes = probes();
    for (name, files) in &probes {
        folder.write(&format!("cases/{name}/__init__.py"), "");
        for (file, code) in files {
            folder.write(&format!("cases/{name}/{file}"), code);
        }
    }
    let server = Server::start(free_port());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let script = tests.join("run_probes.py");
    let printed = Tools::get().uv(
        &folder.path(),
        &[
            "run",
            "--no-project",
            "--with=temporalio==1.35.*",
            "--with=pydantic==2.*",
            "python",
            script.to_str().unwrap(),
            &server.address,
            folder.path().to_str().unwrap(),
        ],
    );
    let outcomes: BTreeMap<&str, &str> = printed
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    let mut table = format!(
        "{:<38} {:<22} sandbox of the SDK\n",
        "probe", "bluetext check"
    );
    for (name, files) in &probes {
        let codes: BTreeSet<String> = files
            .values()
            .flat_map(|code| expected(code))
            .map(|(_, code)| code)
            .collect();
        let codes: Vec<String> = codes.into_iter().collect();
        let codes = if codes.is_empty() {
            "-".to_owned()
        } else {
            codes.join(", ")
        };
        let outcome = outcomes[name.as_str()];
        // What does not run has a finding, unless a comment says that it is meant.
        let is_found = codes != "-" || outcome == "runs" || name.starts_with("ignore/");
        assert!(is_found, "{name}: {outcome}");
        let _ = writeln!(table, "{name:<38} {codes:<22} {outcome}");
    }
    let path = tests.join("table.txt");
    if std::env::var_os("BLUETEXT_UPDATE").is_some() {
        fs::File::create(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, table.as_bytes()))
            .unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), table);
}
