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
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, Implementation,
    JsonObject, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    Resource, ResourceContents, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{
    NotificationContext, RequestContext, RoleServer, ServerInitializeError, SubscriptionContext,
};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde_json::json;
use tokio::sync::watch;

pub use self::call::in_words_of_calls;
use self::call::{Answer, checked_command_line};
use self::schema::{CHECK, COMMANDS, STATUS, VERIFY, described};
use self::transport::{Escaped, Parsable, Patient, State, UNPARSABLE};
use crate::cli::{self, Discovery, Invocation, Stop};
use crate::guide;
use crate::problem::{ErrorCode, Problem};
use crate::process::{self, Limits};
use crate::progress::Watch;
use crate::report::{CheckReport, Document, ExitCode, Report, StatusReport, VerifyReport};
use crate::run::{Options, check, find_root, offered, run, status};
use crate::tool::{TOOLS, all_tools};
use crate::verify::verify;

/// How often the project is checked for a changed list of tools.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Timeout for sending a notification: a client that stops reading must not block the server.
const SEND_LIMIT: Duration = Duration::from_millis(100);

/// Timeout for a running call after stdin closes. Calls are atomic, so aborting one is
/// safe.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(700);

/// The URI of the resource that contains the `status` report.
const PROJECT: &str = "bluetext://project";

/// The URI of the resource that contains the guide.
const GUIDE: &str = "bluetext://guide";

/// How often the server looks whether it was interrupted.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(100);

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
                Parsable::new(tokio::io::stdin(), state.clone()),
                Escaped::new(tokio::io::stdout(), state.clone()),
            ),
            state: state.clone(),
        };
        match Server::new(options, discovery).serve(transport).await {
            Ok(serving) => tokio::select! {
                reason = serving.waiting() => reason.map(drop).map_err(|e| e.to_string()),
                () = async {
                    state.ended.notified().await;
                    // A verification ends its processes.
                    process::interrupt();
                    tokio::time::sleep(SHUTDOWN_LIMIT).await;
                } => Ok(()),
                // Once a verification has run, Ctrl-C does not end the process by itself.
                () = interrupted() => Ok(()),
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

/// Waits for Ctrl-C or SIGTERM, and then until the processes of a verification have ended.
async fn interrupted() {
    while !process::is_interrupted() {
        tokio::time::sleep(INTERRUPT_INTERVAL).await;
    }
    tokio::time::sleep(SHUTDOWN_LIMIT).await;
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

    /// The names of the currently listed tools. All tools if the project's files cannot be
    /// read. Code can be checked and verified once a service has the client.
    fn listed(&self) -> Vec<&'static str> {
        let all = || all_tools().map(|tool| tool.name).chain(COMMANDS).collect();
        let Discovery::Progressive = self.discovery else {
            return all();
        };
        let Ok(tools) = offered(&self.options) else {
            return all();
        };
        let mut names: Vec<&'static str> = tools.iter().map(|tool| tool.name).collect();
        let has_client = names.contains(&TOOLS[2].name);
        let commands = COMMANDS.into_iter();
        names.extend(commands.filter(|name| *name == STATUS || has_client));
        names
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
    async fn call(
        &self,
        tool: &'static str,
        arguments: JsonObject,
        limits: &Limits,
        watch: impl Fn(&str) + Send + Sync + 'static,
    ) -> Answer {
        let server = self.clone();
        let limits = limits.clone();
        let call = move || server.call_now(tool, arguments, &limits, &watch);
        match tokio::task::spawn_blocking(call).await {
            Ok(answer) => answer,
            Err(error) => {
                let problem = Problem::of_panic(&error.to_string());
                Answer::of(&Report::of_problems(tool, &[problem]))
            }
        }
    }

    fn call_now(
        &self,
        tool: &'static str,
        arguments: JsonObject,
        limits: &Limits,
        watch: Watch<'_>,
    ) -> Answer {
        if tool == STATUS {
            return self.call_status(&arguments);
        }
        let line = match checked_command_line(tool, arguments) {
            Ok(line) => line,
            Err(message) => return self.usage(tool, &[Problem::new(ErrorCode::Usage, message)]),
        };
        match cli::parse(&line, self.options.current.clone()) {
            Ok(Invocation::Tool {
                request,
                options,
                view,
                start: _,
            }) => {
                let options = self.own(options, limits);
                Answer::of(&Report::new(tool, &run(&request, &options), view))
            }
            Ok(Invocation::Check {
                service, options, ..
            }) => {
                let options = self.own(options, limits);
                Answer::of(&CheckReport::new(&check(&options, service.as_ref())))
            }
            Ok(Invocation::Verify {
                service,
                workflows,
                timeout,
                options,
                ..
            }) => {
                let options = self.own(options, limits);
                let service = service.as_ref();
                let result = verify(&options, service, &workflows, timeout, true, watch);
                Answer::of(&VerifyReport::new(&result))
            }
            Err(Stop::Wrong { problems, .. }) => self.usage(tool, &problems),
            Ok(_) | Err(Stop::Print(_)) => unreachable!("a tool's flags call the tool"),
        }
    }

    /// The options of a call, in the project of this server.
    fn own(&self, mut options: Options, limits: &Limits) -> Options {
        options.project.clone_from(&self.options.project);
        options.lock_wait = self.options.lock_wait;
        options.fault.clone_from(&self.options.fault);
        options.limits = limits.clone();
        options
    }

    /// The answer to a call with invalid arguments; it still names the project.
    fn usage(&self, tool: &str, problems: &[Problem]) -> Answer {
        match tool {
            STATUS => self.answer(StatusReport::usage(problems)),
            CHECK => self.answer(CheckReport::usage(problems)),
            VERIFY => self.answer(VerifyReport::of_problems(problems)),
            _ => self.answer(Report::of_problems(tool, problems)),
        }
    }

    /// A report that names the project, if there is one.
    fn answer(&self, report: impl Document) -> Answer {
        match find_root(&self.options) {
            Ok(root) => Answer::of(&report.in_project(&root)),
            Err(_) => Answer::of(&report),
        }
    }

    fn call_status(&self, arguments: &JsonObject) -> Answer {
        if let Some(name) = arguments.keys().next() {
            let message = format!("`{STATUS}` takes no arguments, but got `{name}`");
            return self.usage(STATUS, &[Problem::new(ErrorCode::Usage, message)]);
        }
        self.answer(StatusReport::new(&status(&self.options)))
    }

    /// Reports the steps of a call to a client that has asked for it.
    fn progress(context: &RequestContext<RoleServer>) -> impl Fn(&str) + Send + Sync + 'static {
        let token = context.meta.get_progress_token();
        let peer = context.peer.clone();
        let runtime = tokio::runtime::Handle::current();
        let count = std::sync::atomic::AtomicU32::new(0);
        move |step: &str| {
            let Some(token) = token.clone() else {
                return;
            };
            let done = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            let mut progress = ProgressNotificationParam::new(token, f64::from(done));
            progress.message = Some(step.to_owned());
            let peer = peer.clone();
            drop(runtime.spawn(async move {
                drop(tokio::time::timeout(SEND_LIMIT, peer.notify_progress(progress)).await);
            }));
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
            Err(_) => "No project is known: the server must be started with `--project DIR`, in \
                       the client's configuration."
                .to_owned(),
        };
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("bluetext", env!("CARGO_PKG_VERSION")))
            .with_instructions(format!(
                "{root} bluetext adds Temporal to it in three steps: add-temporal, \
                 add-temporal-client, add-temporal-workflow. Call `status` first; `next` in \
                 every result is the call to make. A step is listed once the one before it \
                 has been taken: list the tools again after each call. `dry_run` with `diff` \
                 shows what a call would change. `check` finds faults in workflow code, and \
                 `verify` runs it. The resource {GUIDE} explains the rest."
            ))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools: Vec<Tool> = self.listed().into_iter().map(described).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let names = all_tools().map(|tool| tool.name).chain(COMMANDS);
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
        let limits = Limits::default();
        let arguments = request.arguments.unwrap_or_default();
        let call = self.call(name, arguments, &limits, Self::progress(&context));
        tokio::pin!(call);
        let answer = tokio::select! {
            answer = &mut call => answer,
            () = context.ct.cancelled() => {
                // It ends before it writes, or ends its processes.
                limits.cancel();
                call.await
            }
        };
        self.announce_changes();
        Ok(answer.result().into())
    }

    /// Requests that cannot be read: the SDK takes them for those of an unknown method.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let wanted = match request.method.as_str() {
            "tools/call" => "`name`, a string, and `arguments`, an object",
            "resources/read" => "`uri`, a string",
            "tools/list" | "resources/list" => "an object, or nothing",
            UNPARSABLE => return Err(ErrorData::parse_error("a line is no JSON", None)),
            method => {
                let method = method.to_owned();
                return Err(ErrorData::new(
                    rmcp::model::ErrorCode::METHOD_NOT_FOUND,
                    method,
                    None,
                ));
            }
        };
        let message = format!("the parameters of `{}` must be {wanted}", request.method);
        Err(ErrorData::invalid_params(message, None))
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource = |uri: &str, name: &str, about: &str, kind: &str| {
            let mut resource = Resource::new(uri, name);
            resource.description = Some(about.to_owned());
            resource.mime_type = Some(kind.to_owned());
            resource
        };
        let about = "What the project has, and the next step";
        let project = resource(PROJECT, "project", about, "application/json");
        let about = "The three steps, the rules of workflows, and how to verify";
        let guide = resource(GUIDE, "guide", about, "text/markdown");
        Ok(ListResourcesResult::with_all_items(vec![project, guide]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (text, kind) = match request.uri.as_str() {
            PROJECT => {
                let limits = Limits::default();
                let answer = self.call(STATUS, JsonObject::new(), &limits, |_| {}).await;
                (answer.document, "application/json")
            }
            GUIDE => (guide::GUIDE.to_owned(), "text/markdown"),
            other => {
                let message = format!("there is no resource `{other}`; use {PROJECT} or {GUIDE}");
                let data = json!({"uri": other});
                return Err(ErrorData::resource_not_found(message, Some(data)));
            }
        };
        let mut contents = ResourceContents::text(text, request.uri);
        if let ResourceContents::TextResourceContents { mime_type, .. } = &mut contents {
            *mime_type = Some(kind.to_owned());
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
