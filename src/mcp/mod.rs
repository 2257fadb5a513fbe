//! The agents' server: the Model Context Protocol over stdin and stdout, in both eras of it
//! (2025-11-25 with its handshake, and 2026-07-28 without).
//!
//! It is stateless: the project is read again for every request, and a call becomes
//! the command line that a person would have typed. The one exception is the list of tools
//! that was announced last, so that each change is announced once. All async code is here.

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
use tokio::sync::{Notify, watch};

use self::call::{Answer, command_line};
use self::schema::{STATUS, described};
use self::transport::Patient;
use crate::cli::{self, Discovery, Invocation, Stop};
use crate::problem::{ErrorCode, Problem};
use crate::report::{ExitCode, Report, StatusReport};
use crate::run::{Options, find_root, offered, run, status};
use crate::tool::TOOLS;

/// How often the project's files are looked at for a change of the list.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How long a notice may take to be sent: a host that reads no more must not hold anything.
const SEND_LIMIT: Duration = Duration::from_millis(100);

/// How long a call that is running when stdin ends may take to end: it is all or nothing,
/// so that it may also be cut off.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(700);

/// The resource that is the report of `status`.
const PROJECT: &str = "bluetext://project";

/// Serve until stdin ends.
#[must_use]
pub fn serve(options: Options, discovery: Discovery) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the server cannot be started: {error}")),
    };
    let ended = Arc::new(Notify::new());
    let outcome = runtime.block_on(async {
        let transport = Patient {
            inner: rmcp::transport::async_rw::AsyncRwTransport::new_server(
                tokio::io::stdin(),
                tokio::io::stdout(),
            ),
            is_open: false,
            ended: ended.clone(),
        };
        match Server::new(options, discovery).serve(transport).await {
            Ok(serving) => tokio::select! {
                reason = serving.waiting() => reason.map(drop).map_err(|e| e.to_string()),
                () = async {
                    ended.notified().await;
                    tokio::time::sleep(SHUTDOWN_LIMIT).await;
                } => Ok(()),
            },
            // The host has gone before there was a request, or before it was answered.
            Err(
                ServerInitializeError::ConnectionClosed(_)
                | ServerInitializeError::TransportError { .. },
            ) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    });
    // Threads that wait, for stdin or for a lock, cannot be ended; the process can.
    runtime.shutdown_background();
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

/// Knows which list of tools was announced last, and counts the changes.
struct Announcer {
    last: Mutex<Vec<&'static str>>,
    changes: watch::Sender<u64>,
}

impl Server {
    /// A server that works in the project that these options find.
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

    /// The names of the tools that are listed now, besides `status`. While the project's
    /// files cannot be read, all of them are.
    fn listed(&self) -> Vec<&'static str> {
        let all = || TOOLS.iter().map(|tool| tool.name).collect();
        match self.discovery {
            Discovery::Static => all(),
            Discovery::Progressive => offered(&self.options).map_or_else(
                |_| all(),
                |tools| tools.iter().map(|tool| tool.name).collect(),
            ),
        }
    }

    /// Announce the list if it is another one than was announced last.
    fn look(&self) {
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

    /// Send a notice for each change from now on, until that fails or this is dropped.
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
                _ = timer.tick() => self.look(),
            }
        }
    }

    /// Make the call as the command line would have, in a thread of its own: a panic
    /// ends that thread, and not the session.
    async fn call(&self, tool: &'static str, arguments: JsonObject) -> Answer {
        let server = self.clone();
        let call = move || match tool {
            STATUS => server.call_status(&arguments),
            _ => server.call_tool_now(tool, arguments),
        };
        match tokio::task::spawn_blocking(call).await {
            Ok(answer) => answer,
            Err(error) => {
                let mut problem = Problem::new(
                    ErrorCode::Panic,
                    format!("a fault of bluetext ended the call: {error}"),
                );
                let again = "make the same call again: it completes what is missing";
                problem.hint = Some(again.to_owned());
                Answer::of(&Report::of_problems(tool, &[problem]))
            }
        }
    }

    fn call_tool_now(&self, tool: &'static str, arguments: JsonObject) -> Answer {
        let line = match command_line(tool, arguments) {
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

    /// A call that is wrong in itself; the project is named all the same.
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
                let message = format!("`{STATUS}` takes no argument `{name}`: it takes none");
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
        let names = TOOLS.iter().map(|tool| tool.name).chain([STATUS]);
        let Some(name) = names.clone().find(|name| *name == request.name) else {
            let names: Vec<&str> = names.collect();
            return Err(ErrorData::invalid_params(
                format!("there is no tool `{}`: {}", request.name, names.join(", ")),
                None,
            ));
        };
        let answer = self.call(name, request.arguments.unwrap_or_default()).await;
        self.look();
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
            let message = format!("there is no resource `{}`: {PROJECT}", request.uri);
            return Err(ErrorData::resource_not_found(message, None));
        }
        let answer = self.call(STATUS, JsonObject::new()).await;
        let mut contents = ResourceContents::text(answer.document, PROJECT);
        if let ResourceContents::TextResourceContents { mime_type, .. } = &mut contents {
            *mime_type = Some("application/json".to_owned());
        }
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    /// Hosts of the earlier era are told without having asked.
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
