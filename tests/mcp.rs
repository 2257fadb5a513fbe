//! Tests of the MCP server: the built binary with a real client in both protocol versions,
//! malformed raw lines, and the same calls on the command line.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bluetext::cli::Discovery;
use bluetext::mcp::Server;
use common::Project;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ProtocolVersion, ReadResourceRequestParams,
    ResourceContents, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceError, ServiceExt,
};
use serde_json::{Value, json};

/// A client that counts the notifications it receives.
#[derive(Clone, Default)]
struct Host {
    notices: Arc<AtomicUsize>,
}

impl ClientHandler for Host {
    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.notices.fetch_add(1, Ordering::SeqCst);
    }
}

type Session = RunningService<RoleClient, Host>;

const ERAS: [&str; 2] = ["2025-11-25", "2026-07-28"];

fn lifecycle(era: &str) -> ClientLifecycleMode {
    if era == ERAS[0] {
        ClientLifecycleMode::Initialize
    } else {
        ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        }
    }
}

async fn connect(folder: &Path, era: &str, arguments: &[&str]) -> Session {
    let arguments = [&["mcp"], arguments].concat();
    let command = common::command(folder, &arguments);
    let transport = TokioChildProcess::new(tokio::process::Command::from(command)).unwrap();
    let host = Host::default();
    host.serve_with_lifecycle(transport, lifecycle(era))
        .await
        .unwrap()
}

async fn tools(session: &Session) -> Vec<Tool> {
    session.list_all_tools().await.unwrap()
}

async fn names(session: &Session) -> Vec<String> {
    let tools = tools(session).await;
    tools
        .into_iter()
        .map(|tool| tool.name.into_owned())
        .collect()
}

async fn call(session: &Session, tool: &'static str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().unwrap().clone();
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    session.call_tool(request).await.unwrap()
}

fn text_of(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

/// The placeholder for a folder in compared reports.
fn without(folder: &Path, value: &Value) -> Value {
    let text = value
        .to_string()
        .replace(folder.to_str().unwrap(), "[PROJECT]");
    serde_json::from_str(&text).unwrap()
}

/// A report without what is written in other words for an agent.
fn without_words(mut report: Value) -> Value {
    for call in report["next"].as_array_mut().unwrap() {
        call.as_object_mut().unwrap().remove("arguments");
    }
    if report["error"].is_object() {
        report["next"] = Value::Null;
        report["error"] = report["error"]["code"].clone();
    }
    report["warnings"] = Value::Null;
    report
}

#[tokio::test]
async fn each_step_makes_the_next_one_known() {
    for era in ERAS {
        let project = Project::empty();
        let session = connect(&project.path(), era, &[]).await;
        assert_eq!(
            names(&session).await,
            ["add-temporal", "status", "check"],
            "{era}"
        );

        let early = call(&session, "add-temporal-workflow", json!({"names": ["x"]})).await;
        assert_eq!(early.is_error, Some(true));
        assert!(text_of(&early).starts_with("next: call `add-temporal`"));

        let first = call(&session, "add-temporal", json!({})).await;
        assert_eq!(first.is_error, Some(false), "{}", text_of(&first));
        let next = &first.structured_content.unwrap()["next"][0]["tool"];
        assert_eq!(next, "add-temporal-client");
        assert_eq!(
            names(&session).await,
            [
                "add-temporal",
                "add-temporal-client",
                "remove-temporal",
                "status",
                "check"
            ]
        );
        call(&session, "add-temporal-client", json!({})).await;
        assert_eq!(
            names(&session).await,
            [
                "add-temporal",
                "add-temporal-client",
                "add-temporal-workflow",
                "remove-temporal-workflow",
                "remove-temporal-client",
                "remove-temporal",
                "status",
                "check",
                "verify"
            ]
        );
        let last = call(
            &session,
            "add-temporal-workflow",
            json!({"names": ["greeting"], "input": ["name:str"], "dry_run": false}),
        )
        .await;
        let report = last.structured_content.unwrap();
        assert_eq!(report["status"], "applied");
        assert_eq!(report["next"][0]["tool"], "verify");
        assert_eq!(
            report["next"][0]["arguments"],
            json!({"names": ["greeting"]})
        );
        assert_eq!(report["next"][0]["command"], "bluetext verify greeting");
        let checked = call(&session, "check", json!({})).await;
        assert_eq!(checked.is_error, Some(false));
        assert_eq!(checked.structured_content.unwrap()["findings"], json!([]));
        let status = call(&session, "status", json!({})).await;
        let status = status.structured_content.unwrap();
        assert_eq!(status["next"][0]["tool"], "verify");
        assert_eq!(
            status["services"][0]["workflows"],
            json!(["GreetingWorkflow"])
        );
        session.cancel().await.unwrap();
    }
}

/// Every refusal says what to do in the words of MCP, and never names a flag.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of calls")]
async fn refusals_are_in_words_of_calls() {
    let empty = Project::empty();
    let complete = Project::empty();
    complete.done(&["add-temporal"]);
    complete.done(&["add-temporal-client"]);
    complete.done(&["add-temporal-workflow", "order", "--input", "id:str"]);
    let two = Project::empty();
    two.done(&["add-temporal"]);
    for service in ["api", "shop"] {
        two.write(&format!("{service}/requirements.txt"), "fastapi\n");
        let main = "from fastapi import FastAPI\n\napp = FastAPI()\n";
        two.write(&format!("{service}/main.py"), main);
    }
    let broken = Project::with(&[("polytope.yml", "tools: [\n")]);
    let mut shown = String::new();
    let mut summaries = String::new();
    for (project, tool, arguments) in [
        (&empty, "add-temporal", json!({"history_shards": 0})),
        (&empty, "add-temporal", json!({"history_shards": 1e30})),
        (&empty, "add-temporal", json!({"history_shards": 4.5})),
        (&empty, "add-temporal", json!({"history_shards": "four"})),
        (&empty, "add-temporal", json!({"diff": "yes"})),
        (&empty, "add-temporal", json!({"force": true})),
        (&empty, "add-temporal-client", json!({})),
        (&empty, "verify", json!({})),
        (&empty, "status", json!({"explain": true})),
        (&empty, "check", json!({"explain": "clock"})),
        (&empty, "verify", json!({"timeout": "soon"})),
        (&two, "add-temporal-client", json!({})),
        (&complete, "add-temporal-workflow", json!({})),
        (&complete, "add-temporal-workflow", json!({"names": null})),
        (&complete, "add-temporal-workflow", json!({"names": []})),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["--force"]}),
        ),
        (&complete, "add-temporal-workflow", json!({"names": [true]})),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["--help"]}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["2fa; rm"], "heartbeat": "1h"}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["x"], "colour": "red"}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["x"], "max_attempts": 0}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["x"], "service": "ap"}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["order"], "input": ["id:int"]}),
        ),
        (
            &complete,
            "add-temporal-workflow",
            json!({"names": ["x"], "start_to_close": "2m", "schedule_to_close": "1m"}),
        ),
        (&complete, "verify", json!({"names": ["refund"]})),
        (&complete, "verify", json!({"service": "ap"})),
        (&complete, "remove-temporal", json!({})),
        (
            &complete,
            "remove-temporal-workflow",
            json!({"name": "refund"}),
        ),
        (&broken, "status", json!({})),
        (&broken, "check", json!({})),
    ] {
        let session = connect(&project.path(), ERAS[0], &["--discovery", "static"]).await;
        let result = call(&session, tool, arguments.clone()).await;
        session.cancel().await.unwrap();
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
        let report = result.structured_content.clone().unwrap();
        let error = &report["error"];
        assert!(error["hint"].is_string(), "{report:#}");
        let next = &report["next"][0];
        // Without a tool, it is a command for a person.
        assert_eq!(
            next["arguments"].is_object(),
            next["tool"].is_string(),
            "{report:#}"
        );
        assert_eq!(
            report["project"],
            json!(project.path()),
            "{tool} {arguments}"
        );
        summaries.push_str(report["summary"].as_str().unwrap_or_default());
        let text = text_of(&result);
        shown.push_str(&format!("{tool} {arguments}\n{text}\n"));
    }
    let is_flag = |at: usize| shown[at + 2..].starts_with(|c: char| c.is_ascii_lowercase());
    let flags: Vec<&str> = shown
        .match_indices("--")
        .filter(|(at, _)| is_flag(*at))
        .map(|(at, _)| shown[at..].split_whitespace().next().unwrap())
        .collect();
    // The caller's own names.
    assert_eq!(
        flags,
        ["--force\"]}", "--force`", "--help\"]}", "--help`"],
        "{shown}"
    );
    assert!(!summaries.contains("--"), "{summaries}");
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(shown);
    });
}

/// Every answer matches the tool's schema. The command line produces the same file trees and
/// reports.
#[tokio::test]
async fn a_call_is_the_command() {
    let steps: [(&'static str, Value, &[&str]); 9] = [
        ("add-temporal-client", json!({}), &[]),
        (
            "add-temporal",
            json!({"history_shards": 4.0, "diff": true}),
            &["--history-shards", "4", "--diff"],
        ),
        ("add-temporal", json!({"dry_run": true}), &["--dry-run"]),
        (
            "add-temporal",
            json!({"ui_version": "latest"}),
            &["--ui-version", "latest"],
        ),
        (
            "add-temporal-client",
            json!({"service": "shop"}),
            &["--service", "shop"],
        ),
        (
            "add-temporal-workflow",
            json!({
                "names": ["order-processing", "Refund"],
                "input": ["order_id:str", "lines:dict[str,int]"],
                "activity": ["reserve", "charge"],
                "signal": ["approve", "note:str"],
                "query": ["progress:str"],
                "start_to_close": "1m",
                "max_attempts": "3",
                "heartbeat": "",
            }),
            &[
                "--input=order_id:str",
                "--input=lines:dict[str,int]",
                "--activity=reserve,charge",
                "--signal=approve,note:str",
                "--query=progress:str",
                "--start-to-close=1m",
                "--max-attempts=3",
                "order-processing",
                "Refund",
            ],
        ),
        (
            "add-temporal-workflow",
            json!({"names": ["2fa; rm"], "heartbeat": "1h"}),
            &["--heartbeat=1h", "2fa; rm"],
        ),
        (
            "add-temporal-workflow",
            json!({"names": ["--help"]}),
            &["--", "--help"],
        ),
        ("status", json!({}), &[]),
    ];
    for era in ERAS {
        let (by_command, by_agent) = (Project::empty(), Project::empty());
        let session = connect(&by_agent.path(), era, &["--discovery", "static"]).await;
        let listed = tools(&session).await;
        for (tool, arguments, flags) in &steps {
            let line = [&[*tool, "--format", "json"], *flags].concat();
            let run = by_command.bluetext(&line);
            let mut expected: Value = serde_json::from_str(&run.stdout).unwrap();
            let result = call(&session, tool, arguments.clone()).await;
            let report = result.structured_content.clone().unwrap();
            let schema = listed.iter().find(|listed| listed.name == *tool).unwrap();
            let schema = json!(schema.output_schema.clone().unwrap());
            common::assert_valid(&schema, &report);
            // Invalid arguments are refused before the project is searched for.
            if run.code == 2 {
                expected["project"] = json!("[PROJECT]");
            }
            let found = without(&by_agent.path(), &report);
            assert_eq!(without_words(found), without_words(expected), "{tool}");
            assert_eq!(result.is_error, Some(run.code != 0), "{tool}");
            let document = result.content.last().unwrap().as_text().unwrap();
            let document: Value = serde_json::from_str(&document.text).unwrap();
            assert_eq!(document, report);
            assert_eq!(by_agent.tree(), by_command.tree(), "{tool} {arguments}");
        }
        session.cancel().await.unwrap();
    }
}

/// What hosts send instead of what the schema says is understood.
#[tokio::test]
async fn values_within_strings_are_understood() {
    let (by_agent, by_command) = (Project::empty(), Project::empty());
    let session = connect(&by_agent.path(), ERAS[1], &["--discovery", "static"]).await;
    for (tool, arguments, flags) in [
        (
            "add-temporal",
            json!({"history_shards": "8", "dry_run": "false", "ui_version": null}),
            &["--history-shards=8"][..],
        ),
        ("add-temporal-client", json!({"dry_run": null}), &[]),
        (
            "add-temporal-workflow",
            json!({
                "names": "[\"order\", \"refund\"]",
                "input": "order_id:str,lines:dict[str,int]",
                "max_attempts": 3,
                "signal": [],
                "heartbeat": null,
            }),
            &[
                "--input=order_id:str,lines:dict[str,int]",
                "--max-attempts=3",
                "order",
                "refund",
            ],
        ),
    ] {
        let result = call(&session, tool, arguments).await;
        assert_eq!(result.is_error, Some(false), "{}", text_of(&result));
        by_command.done(&[&[tool], flags].concat());
        assert_eq!(by_agent.tree(), by_command.tree(), "{tool}");
    }
    session.cancel().await.unwrap();
}

#[tokio::test]
async fn the_strictest_hosts_accept_the_tools() {
    let project = Project::empty();
    let session = connect(&project.path(), ERAS[1], &["--discovery", "static"]).await;
    let listed = tools(&session).await;
    for tool in &listed {
        let annotations = tool.annotations.clone().unwrap();
        let reads = ["status", "check"].contains(&&*tool.name);
        assert_eq!(annotations.read_only_hint, Some(reads));
        // It runs the activities of the user, which may do anything.
        let is_open = tool.name == "verify";
        let removes = tool.name.starts_with("remove-");
        assert_eq!(annotations.destructive_hint, Some(removes || is_open));
        assert_eq!(annotations.idempotent_hint, Some(!is_open));
        assert_eq!(annotations.open_world_hint, Some(is_open));
        assert!(!tool.title.clone().unwrap().is_empty());
        let schema = json!(tool.input_schema);
        // What replaces changes of somebody is no additive call.
        assert_eq!(schema["properties"]["force"].is_object(), removes);
        jsonschema::meta::validate(&schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        for property in schema["properties"].as_object().unwrap().values() {
            assert!(property["type"].is_string(), "{property}");
            assert!(!property["description"].as_str().unwrap().is_empty());
        }
        for word in ["$ref", "anyOf", "oneOf", "allOf", "$defs", "null"] {
            assert!(!schema.to_string().contains(word), "{word} in {schema}");
        }
        let output = json!(tool.output_schema.clone().unwrap());
        jsonschema::meta::validate(&output).unwrap();
        assert_eq!(output["type"], "object");
        // SDKs complain of numeric formats, and hosts refuse lists of types.
        let text = format!("{schema}{output}");
        assert!(
            !text.contains("format") && !text.contains("\"type\":["),
            "{text}"
        );
        let validator = jsonschema::validator_for(&schema).unwrap();
        let examples = schema["examples"].as_array().unwrap();
        assert_eq!(examples.len(), 1, "{}", tool.name);
        assert!(validator.is_valid(&examples[0]), "{}", tool.name);
    }
    // Measured: 4.3 characters a token, with the tokenizer o200k.
    let length = json!(listed).to_string().len();
    assert!(length <= 4 * 4_000, "{length}");
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("input_schemas", serde_json::to_string_pretty(
            &listed.iter().map(|tool| json!({
                "name": tool.name, "description": tool.description, "inputSchema": tool.input_schema,
            })).collect::<Vec<Value>>()
        ).unwrap());
    });
    let unknown = session.call_tool(CallToolRequestParams::new("rm")).await;
    assert!(matches!(unknown, Err(ServiceError::McpError(error)) if error.code.0 == -32602));
    session.cancel().await.unwrap();
}

#[tokio::test]
async fn the_resource_is_the_status() {
    for era in ERAS {
        let project = Project::empty();
        let session = connect(&project.path(), era, &[]).await;
        let resources = session.list_all_resources().await.unwrap();
        assert_eq!(resources[0].uri, "bluetext://project");
        let read = |uri: &str| session.read_resource(ReadResourceRequestParams::new(uri));
        let contents = read("bluetext://project").await.unwrap().contents;
        let ResourceContents::TextResourceContents {
            text, mime_type, ..
        } = &contents[0]
        else {
            panic!("{contents:?}");
        };
        assert_eq!(mime_type.as_deref(), Some("application/json"));
        let expected = project.done(&["status", "--format", "json"]).stdout;
        let text = text.replace(project.path().to_str().unwrap(), "[PROJECT]");
        assert_eq!(text, expected);
        let guide = read("bluetext://guide").await.unwrap().contents;
        let ResourceContents::TextResourceContents { text, .. } = &guide[0] else {
            panic!("{guide:?}");
        };
        assert_eq!(*text, project.done(&["guide"]).stdout);
        let Err(ServiceError::McpError(error)) = read("bluetext://other").await else {
            panic!("there is no such resource");
        };
        assert_eq!(error.data.unwrap()["uri"], "bluetext://other");
        session.cancel().await.unwrap();
    }
}

/// Wait for this number of notifications, then check that no further one arrives.
async fn told(host: &Host, times: usize) {
    let until = Instant::now() + Duration::from_secs(30);
    while host.notices.load(Ordering::SeqCst) < times {
        assert!(Instant::now() < until, "no notice came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(host.notices.load(Ordering::SeqCst), times);
}

#[tokio::test]
async fn a_change_is_announced_once_whoever_makes_it() {
    let project = Project::empty();
    let session = connect(&project.path(), ERAS[0], &[]).await;
    let host = session.service().clone();
    // By a call.
    call(&session, "add-temporal", json!({})).await;
    told(&host, 1).await;
    // By a call that changes nothing, and by an edit that does not change the list.
    call(&session, "add-temporal", json!({})).await;
    let root = project.read("polytope.yml");
    project.write("polytope.yml", &format!("{root}# mine\n"));
    told(&host, 1).await;
    // By another process.
    project.done(&["add-temporal-client"]);
    told(&host, 2).await;
    // By a half-finished edit: all tools are listed, and calls report the position of the error.
    let complete = project.read("polytope.yml");
    project.write("polytope.yml", "tools: [\n");
    told(&host, 2).await;
    let refused = call(&session, "add-temporal", json!({})).await;
    let report = refused.structured_content.unwrap();
    assert_eq!(report["error"]["code"], "syntax");
    assert_eq!(report["error"]["path"], "polytope.yml");
    assert!(report["error"]["line"].is_u64(), "{report:#}");
    project.write("polytope.yml", "tools: {}\n");
    told(&host, 3).await;
    assert_eq!(names(&session).await, ["add-temporal", "status", "check"]);
    project.write("polytope.yml", &complete);
    told(&host, 4).await;
    session.cancel().await.unwrap();
}

#[tokio::test]
async fn a_modern_host_is_told_where_it_listens() {
    let project = Project::empty();
    let session = connect(&project.path(), ERAS[1], &[]).await;
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut listening = session.listen(filter).await.unwrap();
    assert_eq!(listening.acknowledged().tools_list_changed, Some(true));
    call(&session, "add-temporal", json!({})).await;
    let limit = Duration::from_secs(30);
    let notice = tokio::time::timeout(limit, listening.next()).await.unwrap();
    assert!(notice.unwrap().is_some());
    let silence = Duration::from_millis(700);
    assert!(
        tokio::time::timeout(silence, listening.next())
            .await
            .is_err()
    );
    project.done(&["add-temporal-client"]);
    let notice = tokio::time::timeout(limit, listening.next()).await.unwrap();
    assert!(notice.unwrap().is_some());
    assert_eq!(session.service().notices.load(Ordering::SeqCst), 0);
    session.cancel().await.unwrap();
}

#[tokio::test]
async fn two_calls_at_once_both_land() {
    for era in ERAS {
        let project = Project::empty();
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        let session = connect(&project.path(), era, &[]).await;
        let one = call(&session, "add-temporal-workflow", json!({"names": ["one"]}));
        let two = call(&session, "add-temporal-workflow", json!({"names": ["two"]}));
        let (one, two) = tokio::join!(one, two);
        assert_eq!((one.is_error, two.is_error), (Some(false), Some(false)));
        let status = call(&session, "status", json!({})).await;
        let mut workflows = status.structured_content.unwrap()["services"][0]["workflows"].clone();
        let workflows = workflows.as_array_mut().unwrap();
        workflows.sort_by_key(ToString::to_string);
        assert_eq!(json!(workflows), json!(["OneWorkflow", "TwoWorkflow"]));
        session.cancel().await.unwrap();
    }
}

/// A panic ends the call, not the session.
#[tokio::test]
async fn a_panic_is_an_answer() {
    let project = Project::empty();
    let mut options = bluetext::Options::new(project.path());
    options.fault = Some(Arc::new(|operation, _| panic!("{operation:?} by a test")));
    let (here, there) = tokio::io::duplex(1 << 16);
    let server = Server::new(options, Discovery::Progressive);
    let serving = tokio::spawn(async move { server.serve(there).await.unwrap().waiting().await });
    let session = Host::default().serve(here).await.unwrap();
    for _ in 0..2 {
        let result = call(&session, "add-temporal", json!({})).await;
        assert_eq!(result.is_error, Some(true));
        let report = result.structured_content.unwrap();
        assert_eq!(report["error"]["code"], "panic");
    }
    // What the project offers is not known.
    let all = [
        "add-temporal",
        "add-temporal-client",
        "add-temporal-workflow",
        "remove-temporal-workflow",
        "remove-temporal-client",
        "remove-temporal",
        "status",
        "check",
        "verify",
    ];
    assert_eq!(names(&session).await, all);
    session.cancel().await.unwrap();
    drop(serving.await.unwrap());
}

/// The binary with pipes, for malformed lines.
struct Raw {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Raw {
    fn start(folder: &Path) -> Self {
        Self::of(common::command(folder, &["mcp", "--lock-wait", "60s"]))
    }

    fn of(mut command: std::process::Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
    }

    /// The answer to a request; what comes before it is skipped.
    fn answer_to(&mut self, id: u64) -> Value {
        loop {
            let answer = self.answer();
            if answer["id"] == id {
                return answer;
            }
        }
    }

    /// Close stdin; return the exit code, the rest of stdout, and stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.input.take());
        let until = Instant::now() + Duration::from_secs(30);
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        (code, rest, errors)
    }
}

const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
"#;

#[test]
fn lines_that_no_client_would_send_do_no_harm() {
    let project = Project::empty();
    let mut raw = Raw::start(&project.path());
    raw.send(b"\n\n   \ngarbage\n\xff\xfe\x00\n{\"jsonrpc\":\n[]\n");
    raw.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    raw.send(b"\n{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\r\n");
    raw.send(INITIALIZE);
    let mut answer = raw.answer();
    while answer["id"] != 1 {
        assert!(answer["error"].is_object(), "{answer}");
        answer = raw.answer();
    }
    assert_eq!(answer["result"]["serverInfo"]["name"], "bluetext");
    // A line of 20 MB is discarded.
    let huge = [&[b'{'; 1][..], &vec![b' '; 20 << 20], b"}\n"].concat();
    raw.send(&huge);
    raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no/such/method\"}\n");
    assert_eq!(raw.answer()["error"]["code"], -32601);
    raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{}}\n");
    assert!(raw.answer()["error"].is_object());
    raw.send(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":99}}\n");
    raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"status\",\"arguments\":{\"a\":[null,{}]}}}\n");
    let answer = raw.answer();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    raw.send("{\"jsonrpc\":\"2.0\",\"id\":\"vier \u{1f600}\",\"method\":\"ping\"}\n".as_bytes());
    assert_eq!(raw.answer()["id"], "vier \u{1f600}");
    let (code, rest, errors) = raw.end();
    assert_eq!((code, rest.as_str(), errors.as_str()), (Some(0), "", ""));
    assert!(project.tree().is_empty());
}

/// The process exits wherever stdin ends, stdout has only complete JSON-RPC lines, and a running
/// call is applied completely or not at all.
#[test]
fn the_end_of_stdin_ends_it_at_every_point() {
    let call = b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"add-temporal\",\"arguments\":{}}}\n";
    let all = [INITIALIZE, call].concat();
    let complete = Project::empty();
    complete.done(&["add-temporal"]);
    for end in [0, 1, 60, INITIALIZE.len(), all.len() - 1, all.len()] {
        let project = Project::empty();
        let mut raw = Raw::start(&project.path());
        raw.send(&all[..end]);
        let started = Instant::now();
        let (code, rest, errors) = raw.end();
        let took = started.elapsed();
        // One second, plus a margin for a busy machine.
        assert!(took < Duration::from_secs(3), "{end}: {took:?}");
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{end}");
        for line in rest.lines() {
            let message: Value = serde_json::from_str(line).unwrap();
            assert_eq!(message["jsonrpc"], "2.0");
        }
        let tree = project.tree();
        assert!(tree.is_empty() || tree == complete.tree(), "{end}");
    }
}

/// Requests that were sent before stdin was closed are answered, in any number.
#[test]
fn every_request_before_the_end_of_stdin_is_answered() {
    let project = Project::empty();
    let call = |id: usize| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"status\",\"arguments\":{{}}}}}}\n"
        )
    };
    for count in [1, 2, 9] {
        let mut raw = Raw::start(&project.path());
        let calls: String = (2..count + 2).map(call).collect();
        raw.send(&[INITIALIZE, calls.as_bytes()].concat());
        let (code, rest, errors) = raw.end();
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let message = |line| serde_json::from_str::<Value>(line).unwrap();
        let mut ids: Vec<u64> = rest
            .lines()
            .filter_map(|line| message(line)["id"].as_u64())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=count as u64 + 1).collect::<Vec<_>>());
    }
}

/// A call that was sent before stdin was closed is made.
#[test]
fn a_call_before_the_end_of_stdin_is_made() {
    let call = b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"add-temporal\",\"arguments\":{}}}\n";
    let complete = Project::empty();
    complete.done(&["add-temporal"]);
    let project = Project::empty();
    let mut raw = Raw::start(&project.path());
    raw.send(&[INITIALIZE, call].concat());
    drop(raw.input.take());
    let answer = raw.answer_to(2);
    let report = &answer["result"]["structuredContent"];
    assert_eq!(report["status"], "applied", "{answer:#}");
    let (code, _, errors) = raw.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(project.tree(), complete.tree());
}

/// A long request is one request, as far as the SDK reads it.
#[test]
fn a_long_request_is_answered() {
    let project = Project::empty();
    for (megabytes, is_read) in [(3, true), (5, true), (15, true), (17, false)] {
        let mut raw = Raw::start(&project.path());
        raw.send(INITIALIZE);
        raw.answer();
        let long = "x".repeat(megabytes << 20);
        let request = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{{\"name\":\"status\",\"arguments\":{{\"a\":\"{long}\"}}}}}}\n{{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}}\n"
        );
        raw.send(request.as_bytes());
        let (code, rest, _) = raw.end();
        assert_eq!(code, Some(0));
        let mut ids: Vec<Value> = rest
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .collect();
        ids.sort_by_key(ToString::to_string);
        let expected = if is_read {
            vec![json!(2), json!(3)]
        } else {
            vec![json!(3)]
        };
        assert_eq!(ids, expected, "{megabytes} MiB");
    }
}

/// What comes from files and arguments reaches no terminal as a control character.
#[test]
fn unsafe_characters_are_escaped_in_every_message() {
    let project = Project::empty();
    let name = "a\u{9b}31m\u{202e}b";
    project.write(&format!("{name}/polytope.yml"), "tools: [");
    project.write("polytope.yml", &format!("include: [\"{name}\"]\n"));
    let mut raw = Raw::start(&project.path());
    raw.send(INITIALIZE);
    raw.send(format!("{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{{\"name\":\"status\",\"arguments\":{{}}}}}}\n{{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"{name}\"}}\n").as_bytes());
    let (code, rest, _) = raw.end();
    assert_eq!(code, Some(0));
    assert_eq!(rest.lines().count(), 3, "{rest}");
    assert!(rest.contains("a\\u009b31m\\u202eb"), "{rest}");
    assert!(!rest.chars().any(bluetext::name::is_unsafe), "{rest}");
}

/// An answer that cannot be written is an error of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_reported() {
    let project = Project::empty();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut child = common::command(&project.path(), &["mcp"])
        .stdin(Stdio::piped())
        .stdout(full.unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(INITIALIZE).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("an answer could not be written to stdout"),
        "{errors}"
    );
}

/// A client that disconnects without closing stdin is detected when the server answers.
#[test]
fn the_end_of_stdout_ends_it() {
    let project = Project::empty();
    let mut child = common::command(&project.path(), &["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    input.write_all(INITIALIZE).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    drop(input);
}

/// A call that waits for another run does not keep the process alive after the client has
/// disconnected or cancelled the call.
#[test]
fn a_call_that_waits_is_left_behind() {
    let project = Project::empty();
    let disk = bluetext::disk::Disk::new(project.path(), None);
    let held = disk.lock(Duration::from_secs(1), &|| false).unwrap();
    let mut raw = Raw::start(&project.path());
    raw.send(INITIALIZE);
    raw.answer();
    raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"add-temporal\",\"arguments\":{}}}\n");
    raw.send(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}\n");
    raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\n");
    assert_eq!(raw.answer()["id"], 3);
    let started = Instant::now();
    let (code, _, errors) = raw.end();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    drop(held);
    assert!(project.tree().is_empty());
}

/// A host that starts the server in `/` has not chosen a project.
#[test]
fn the_root_and_the_home_are_no_projects() {
    let home = Project::empty();
    for folder in [Path::new("/").to_owned(), home.path()] {
        let output = common::command(&folder, &["status", "--format", "json"])
            .env("HOME", home.path())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{report:#}");
        assert_eq!(report["error"]["code"], "no-project");
        let mut command = common::command(&folder, &["mcp", "--discovery", "static"]);
        command.env("HOME", home.path());
        let mut raw = Raw::of(command);
        raw.send(INITIALIZE);
        let instructions = raw.answer()["result"]["instructions"].clone();
        let instructions = instructions.as_str().unwrap();
        assert!(
            instructions.starts_with("No project is known"),
            "{instructions}"
        );
        raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"add-temporal\",\"arguments\":{}}}\n");
        let answer = raw.answer()["result"]["structuredContent"].clone();
        assert_eq!(answer["error"]["code"], "no-project");
        assert_eq!(
            answer["error"]["hint"],
            "start this server in the project's folder, or with `--project DIR`: it is set in \
             the client's configuration"
        );
        drop(raw.end());
    }
    // Named, it is one.
    let named = common::command(&home.path(), &["status", "--project", "."])
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(named.status.success());
    assert_eq!(home.tree().len(), 0);
}

/// Lines with wrong parameters, and lines that are no JSON, are answered as such, also if all of
/// them are read at once.
#[test]
fn malformed_calls_are_invalid_parameters() {
    let project = Project::empty();
    let mut raw = Raw::start(&project.path());
    let lines = [
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"status","arguments":[1]}}"#,
        r#"{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":6,"method":"nope"}"#,
        "{not JSON",
        "[1, 2",
        // Half of an emoji, as JavaScript cuts it.
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"\ud800"}}"#,
    ];
    let lines = lines.join("\n") + "\n";
    // The last line has no line end.
    let last = br#"{"jsonrpc":"2.0","id":8,"method":"nope"}"#;
    raw.send(&[INITIALIZE, lines.as_bytes(), last].concat());
    let (code, answers, errors) = raw.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let mut codes: Vec<(Option<i64>, i64)> = answers
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|answer| Some((answer["id"].as_i64(), answer["error"]["code"].as_i64()?)))
        .collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            (None, -32700),
            (None, -32700),
            (None, -32700),
            (Some(2), -32602),
            (Some(3), -32602),
            (Some(4), -32602),
            (Some(5), -32602),
            (Some(6), -32601),
            (Some(8), -32601)
        ]
    );
}

/// A call that is cancelled while it waits for another run does not write afterwards; another one
/// does.
#[test]
fn a_cancelled_call_does_not_write() {
    for is_cancelled in [true, false] {
        let project = Project::empty();
        let disk = bluetext::disk::Disk::new(project.path(), None);
        let held = disk.lock(Duration::from_secs(1), &|| false).unwrap();
        let mut raw = Raw::start(&project.path());
        raw.send(INITIALIZE);
        raw.answer();
        raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"add-temporal\",\"arguments\":{}}}\n");
        if is_cancelled {
            raw.send(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}\n");
        }
        // Answered in order, so the cancellation has been read before it.
        raw.send(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\n");
        assert_eq!(raw.answer()["id"], 3);
        drop(held);
        if is_cancelled {
            // The session goes on, and so would the call.
            for id in 4..9 {
                std::thread::sleep(Duration::from_millis(200));
                raw.send(
                    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n").as_bytes(),
                );
                assert_eq!(raw.answer()["id"], id);
            }
        } else {
            let answer = raw.answer_to(2);
            assert_eq!(answer["result"]["structuredContent"]["status"], "applied");
        }
        assert_eq!(project.tree().is_empty(), is_cancelled);
        assert_eq!(raw.end().0, Some(0));
        assert_eq!(project.tree().is_empty(), is_cancelled);
    }
}
