//! The MCP server over stdin and stdout. It supports two protocol versions: 2025-11-25, with
//! a handshake, and 2026-07-28, without.
//!
//! It is stateless: every request reads the project again, and a call is converted to the
//! equivalent command line. The only state is the last announced list of tools, so that each
//! change is announced once. All async code is here.

mod call;
mod schema;
mod transport;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Implementation, JsonObject, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::{
    NotificationContext, RequestContext, RoleServer, ServerInitializeError, SubscriptionContext,
};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde_json::json;
use tokio::sync::watch;

use self::call::{Answer, checked_command_line};
use self::schema::{STATUS, described};
use self::transport::{Escaped, Patient, State};
use crate::cli::{self, Discovery, Invocation, Stop};
use crate::problem::{ErrorCode, Problem};
use crate::report::{ExitCode, Report, StatusReport};
use crate::run::{Options, find_root, offered, run, status};
use crate::tool::all_tools;

/// How often the project is checked for a changed list of tools.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Timeout for sending a notification: a client that stops reading must not block the server.
const SEND_LIMIT: Duration = Duration::from_millis(100);

/// Timeout for a running call after stdin closes. Calls are atomic, so aborting one is
/// safe.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(700);

/// The URI of the resource that contains the `status` report.
const PROJECT: &str = "bluetext://project";

/// Serve until stdin closes.
#[must_use]
pub fn serve(options: Options, discovery: Discovery) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the server cannot be started: {error}")),
    };
    let state = Arc::new(State::default());
    let outcome = runtime.block_on(async {
        let transport = Patient {
            inner: rmcp::transport::async_rw::AsyncRwTransport::new_server(
                tokio::io::stdin(),
                Escaped::new(tokio::io::stdout(), state.clone()),
            ),
            is_open: false,
            state: state.clone(),
        };
        match Server::new(options, discovery).serve(transport).await {
            Ok(serving) => tokio::select! {
                reason = serving.waiting() => reason.map(drop).map_err(|e| e.to_string()),
                () = async {
                    state.ended.notified().await;
                    tokio::time::sleep(SHUTDOWN_LIMIT).await;
                } => Ok(()),
            },
            // The client disconnected before its first request or before the answer.
            Err(
                ServerInitializeError::ConnectionClosed(_)
                | ServerInitializeError::TransportError { .. },
            ) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    });
    // Threads blocked on stdin or a lock cannot be cancelled; exit without joining them.
    runtime.shutdown_background();
    if let Some(error) = state.failure() {
        let message = format!("an answer could not be written to stdout: {error}");
        return Report::of_problems("mcp", &[Problem::new(ErrorCode::Io, message)])
            .print_trouble_as(ExitCode::NotReported);
    }
    match outcome {
        Ok(()) => ExitCode::Done,
        Err(message) => failed(&message),
    }
}

fn failed(message: &str) -> ExitCode {
    Report::of_problems("mcp", &[Problem::new(ErrorCode::Io, message.to_owned())]).print_trouble()
}

/// The server.
#[derive(Clone)]
pub struct Server {
    options: Arc<Options>,
    discovery: Discovery,
    announcer: Arc<Announcer>,
}

/// Stores the last announced list of tools and counts its changes.
struct Announcer {
    last: Mutex<Vec<&'static str>>,
    changes: watch::Sender<u64>,
}

impl Server {
    /// Create a server for the project that these options select.
    #[must_use]
    pub fn new(options: Options, discovery: Discovery) -> Self {
        let server = Self {
            options: Arc::new(options),
            discovery,
            announcer: Arc::new(Announcer {
                last: Mutex::new(Vec::new()),
                changes: watch::Sender::new(0),
            }),
        };
        *server.last() = server.listed();
        server
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        let last = &self.announcer.last;
        last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the currently listed tools, except `status`. All tools if the project's
    /// files cannot be read.
    fn listed(&self) -> Vec<&'static str> {
        let all = || all_tools().map(|tool| tool.name).collect();
        match self.discovery {
            Discovery::Static => all(),
            Discovery::Progressive => offered(&self.options).map_or_else(
                |_| all(),
                |tools| tools.iter().map(|tool| tool.name).collect(),
            ),
        }
    }

    /// Announce the list of tools if it has changed.
    fn announce_changes(&self) {
        if self.discovery == Discovery::Static {
            return;
        }
        let listed = self.listed();
        let mut last = self.last();
        if *last != listed {
            *last = listed;
            self.announcer.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Send a notification for each future change, until sending fails or this is dropped.
    async fn announce<F, E>(&self, mut send: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), E>>,
    {
        let mut changes = self.announcer.changes.subscribe();
        let mut timer = tokio::time::interval(POLL_INTERVAL);
        loop {
            tokio::select! {
                seen = changes.changed() => {
                    let outcome = tokio::time::timeout(SEND_LIMIT, send()).await;
                    if seen.is_err() || matches!(outcome, Ok(Err(_))) {
                        return;
                    }
                }
                _ = timer.tick() => self.announce_changes(),
            }
        }
    }

    /// Run the call like the command line, in its own thread: a panic ends the thread, not
    /// the session.
    async fn call(&self, tool: &'static str, arguments: JsonObject) -> Answer {
        let server = self.clone();
        let call = move || match tool {
            STATUS => server.call_status(&arguments),
            _ => server.call_tool_now(tool, arguments),
        };
        match tokio::task::spawn_blocking(call).await {
            Ok(answer) => answer,
            Err(error) => {
                let problem = Problem::of_panic(&error.to_string());
                Answer::of(&Report::of_problems(tool, &[problem]))
            }
        }
    }

    fn call_tool_now(&self, tool: &'static str, arguments: JsonObject) -> Answer {
        let line = match checked_command_line(tool, arguments) {
            Ok(line) => line,
            Err(message) => return self.usage(tool, &[Problem::new(ErrorCode::Usage, message)]),
        };
        match cli::parse(&line, self.options.current.clone()) {
            Ok(Invocation::Tool {
                request,
                mut options,
                view,
                start: _,
            }) => {
                options.project.clone_from(&self.options.project);
                options.lock_wait = self.options.lock_wait;
                options.fault.clone_from(&self.options.fault);
                Answer::of(&Report::new(tool, &run(&request, &options), view))
            }
            Err(Stop::Wrong { problems, .. }) => self.usage(tool, &problems),
            Ok(_) | Err(Stop::Print(_)) => unreachable!("a tool's flags call the tool"),
        }
    }

    /// The answer to a call with invalid arguments; it still names the project.
    fn usage(&self, tool: &str, problems: &[Problem]) -> Answer {
        let mut report = Report::of_problems(tool, problems);
        if let Ok(root) = find_root(&self.options) {
            report = report.in_project(&root);
        }
        Answer::of(&report)
    }

    fn call_status(&self, arguments: &JsonObject) -> Answer {
        let mut report = match arguments.keys().next() {
            None => StatusReport::new(&status(&self.options)),
            Some(name) => {
                let message = format!("`{STATUS}` takes no arguments, but got `{name}`");
                StatusReport::usage(&[Problem::new(ErrorCode::Usage, message)])
            }
        };
        if let Ok(root) = find_root(&self.options) {
            report = report.in_project(&root);
        }
        Answer {
            is_error: report.exit() != ExitCode::Done,
            text: report.trouble_text(),
            document: report.json(),
            json: json!(report),
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources();
        let capabilities = match self.discovery {
            Discovery::Progressive => capabilities.enable_tool_list_changed().build(),
            Discovery::Static => capabilities.build(),
        };
        let root = match find_root(&self.options) {
            Ok(root) => format!("The project is {}.", root.display()),
            Err(_) => "The project's folder does not exist.".to_owned(),
        };
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("bluetext", env!("CARGO_PKG_VERSION")))
            .with_instructions(format!(
                "{root} bluetext adds Temporal to it in three steps: add-temporal, \
                 add-temporal-client, add-temporal-workflow. Call `status` first; `next` in \
                 every result is the call to make. A step is listed once the one before it \
                 has been taken: list the tools again after each call. `dry_run` with `diff` \
                 shows what a call would change. `bluetext guide` explains the rest."
            ))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut tools: Vec<Tool> = self.listed().into_iter().map(described).collect();
        tools.push(described(STATUS));
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let names = all_tools().map(|tool| tool.name).chain([STATUS]);
        let Some(name) = names.clone().find(|name| *name == request.name) else {
            let names: Vec<&str> = names.collect();
            return Err(ErrorData::invalid_params(
                format!(
                    "there is no tool `{}`; use one of {}",
                    request.name,
                    names.join(", ")
                ),
                None,
            ));
        };
        let answer = self.call(name, request.arguments.unwrap_or_default()).await;
        self.announce_changes();
        Ok(answer.result().into())
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut resource = Resource::new(PROJECT, "project");
        resource.description = Some("What the project has, and the next step".to_owned());
        resource.mime_type = Some("application/json".to_owned());
        Ok(ListResourcesResult::with_all_items(vec![resource]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if request.uri != PROJECT {
            let message = format!("there is no resource `{}`; use {PROJECT}", request.uri);
            return Err(ErrorData::resource_not_found(message, None));
        }
        let answer = self.call(STATUS, JsonObject::new()).await;
        let mut contents = ResourceContents::text(answer.document, PROJECT);
        if let ResourceContents::TextResourceContents { mime_type, .. } = &mut contents {
            *mime_type = Some("application/json".to_owned());
        }
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    /// Clients of protocol 2025-11-25 are notified without a subscription.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if self.discovery == Discovery::Static {
            return;
        }
        let server = self.clone();
        let peer = context.peer;
        drop(tokio::spawn(async move {
            server.announce(|| peer.notify_tool_list_changed()).await;
        }));
    }

    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let filter = SubscriptionFilter::builder();
        Some(match self.discovery {
            Discovery::Progressive => filter.tools_list_changed().build(),
            Discovery::Static => filter.build(),
        })
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let sink = context.sink();
        tokio::select! {
            () = self.announce(|| sink.notify_tool_list_changed()) => {}
            () = context.cancelled() => {}
        }
        Ok(())
    }
}
