//! Runs the call of a tool like the command line.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use super::arguments::checked_command_line;
use super::schema::{CHECK, STATUS, VERIFY};
use super::words::{in_words_of_calls, text_of};
use crate::cli::{self, Invocation, Stop, Task};
use crate::name::shell_word;
use crate::problem::{ErrorCode, Problem};
use crate::process::Limits;
use crate::progress::Watch;
use crate::report::{CheckReport, Document, ExitCode, Report, StatusReport, VerifyReport};
use crate::run::{Options, check, find_root, run, status};
use crate::verify::verify;

/// The result of a call.
pub(super) struct Answer {
    is_error: bool,
    report: Value,
    /// The command line of the call, if its arguments are valid.
    line: Option<String>,
}

impl Answer {
    /// Findings, and a workflow that fails, are results and no errors.
    fn of(report: &impl Document) -> Self {
        let results = [ExitCode::Done, ExitCode::WouldChange, ExitCode::NotVerified];
        Self {
            is_error: !results.contains(&report.exit()),
            report: json!(report),
            line: None,
        }
    }

    /// The report for a client: its data, the same as text, and before it what a model reads
    /// first.
    pub(super) fn result(self) -> CallToolResult {
        let report = in_words_of_calls(self.report, self.line.as_deref());
        let texts = [text_of(&report), format!("{report:#}")];
        let mut result = if self.is_error {
            CallToolResult::structured_error(report)
        } else {
            CallToolResult::structured(report)
        };
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        result.content = texts.map(ContentBlock::text).collect();
        result
    }
}

/// Run the call in its own thread: a panic ends the thread, not the session.
pub(super) async fn call(
    server: Arc<Options>,
    tool: &'static str,
    arguments: JsonObject,
    limits: Limits,
    watch: impl Fn(&str) + Send + Sync + 'static,
) -> Answer {
    let call = move || call_now(&server, tool, arguments, limits, &watch);
    match tokio::task::spawn_blocking(call).await {
        Ok(answer) => answer,
        Err(error) => {
            let problem = Problem::of_panic(&error.to_string());
            Answer::of(&Report::of_problems(tool, &[problem], None))
        }
    }
}

fn call_now(
    server: &Options,
    tool: &'static str,
    arguments: JsonObject,
    limits: Limits,
    watch: Watch<'_>,
) -> Answer {
    let line = match checked_command_line(tool, arguments) {
        Ok(line) => line,
        Err(message) => {
            return usage(server, tool, &[Problem::new(ErrorCode::Usage, message)]);
        }
    };
    let Invocation {
        task,
        mut options,
        view,
    } = match cli::parse(&line, server.current.clone()) {
        Ok(invocation) => invocation,
        Err(Stop::Wrong { problems, .. }) => return usage(server, tool, &problems),
        Err(Stop::Print(_)) => unreachable!("no argument of a tool prints help"),
    };
    options.project.clone_from(&server.project);
    options.lock_wait = server.lock_wait;
    options.fault.clone_from(&server.fault);
    options.limits = limits;
    let words = line.iter().map(|word| word.to_string_lossy());
    // The separator is needed only before a name that begins with a dash.
    let words = words
        .filter(|word| word != "--")
        .map(|word| shell_word(&word));
    let shown = words.collect::<Vec<String>>().join(" ");
    let mut answer = match task {
        Task::Tool { request, .. } => {
            Answer::of(&Report::new(tool, &run(&request, &options), view))
        }
        Task::Status => Answer::of(&StatusReport::new(&status(&options))),
        Task::Check(service) => Answer::of(&CheckReport::new(&check(&options, service.as_ref()))),
        Task::Verify {
            service,
            workflows,
            timeout,
        } => {
            let service = service.as_ref();
            let result = verify(&options, service, &workflows, timeout, true, watch);
            Answer::of(&VerifyReport::new(&result))
        }
        _ => unreachable!("a tool's arguments call the tool"),
    };
    answer.line = Some(shown);
    answer
}

/// The answer to a call with invalid arguments; it still names the project.
fn usage(server: &Options, tool: &str, problems: &[Problem]) -> Answer {
    let root = find_root(server).ok();
    let root = root.as_deref();
    match tool {
        STATUS => Answer::of(&StatusReport::usage(problems, root)),
        CHECK => Answer::of(&CheckReport::usage(problems, root)),
        VERIFY => Answer::of(&VerifyReport::of_problems(problems, root)),
        _ => Answer::of(&Report::of_problems(tool, problems, root)),
    }
}
