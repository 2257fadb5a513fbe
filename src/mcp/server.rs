//! The protocol: what the server is asked, and what it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, Implementation,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use serde_json::json;

use super::announce::{Announcer, SEND_LIMIT};
use super::execute::call;
use super::schema::{described, names};
use super::transport::UNPARSABLE;
use crate::cli::Discovery;
use crate::guide;
use crate::process::Limits;
use crate::report::{Document, StatusReport};
use crate::run::{Options, find_root, status};

/// The URI of the resource that contains the `status` report.
const PROJECT: &str = "bluetext://project";

/// The URI of the resource that contains the guide.
const GUIDE: &str = "bluetext://guide";

/// The server.
#[derive(Clone)]
pub struct Server {
    options: Arc<Options>,
    announcer: Arc<Announcer>,
}

impl Server {
    /// Create a server for the project that these options select.
    #[must_use]
    pub fn new(options: Options, discovery: Discovery) -> Self {
        let options = Arc::new(options);
        let announcer = Announcer::new(options.clone(), discovery);
        Self {
            options,
            announcer: Arc::new(announcer),
        }
    }

    /// Reports the steps of a call to a client that has asked for it.
    fn progress(context: &RequestContext<RoleServer>) -> impl Fn(&str) + Send + Sync + 'static {
        let token = context.meta.get_progress_token();
        let peer = context.peer.clone();
        let runtime = tokio::runtime::Handle::current();
        let count = AtomicU32::new(0);
        move |step: &str| {
            let Some(token) = token.clone() else {
                return;
            };
            let done = count.fetch_add(1, Ordering::SeqCst) + 1;
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
        let capabilities = if self.announcer.is_progressive() {
            capabilities.enable_tool_list_changed().build()
        } else {
            capabilities.build()
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
        let tools: Vec<Tool> = self.announcer.listed().into_iter().map(described).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(name) = names().find(|name| *name == request.name) else {
            let names: Vec<&str> = names().collect();
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
        let call = call(
            self.options.clone(),
            name,
            arguments,
            limits.clone(),
            Self::progress(&context),
        );
        tokio::pin!(call);
        let answer = tokio::select! {
            answer = &mut call => answer,
            () = context.ct.cancelled() => {
                // It ends before it writes, or ends its processes.
                limits.cancel();
                call.await
            }
        };
        self.announcer.announce_changes();
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
            UNPARSABLE => return Err(ErrorData::parse_error("the line is not valid JSON", None)),
            method => {
                return Err(ErrorData::new(
                    rmcp::model::ErrorCode::METHOD_NOT_FOUND,
                    format!("unknown method `{method}`"),
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
                let options = self.options.clone();
                let report = move || StatusReport::new(&status(&options)).json();
                let text = tokio::task::spawn_blocking(report).await;
                let failed = |error: tokio::task::JoinError| {
                    ErrorData::internal_error(error.to_string(), None)
                };
                (text.map_err(failed)?, "application/json")
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
        if !self.announcer.is_progressive() {
            return;
        }
        let announcer = self.announcer.clone();
        let peer = context.peer;
        drop(tokio::spawn(async move {
            announcer.announce(|| peer.notify_tool_list_changed()).await;
        }));
    }

    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let filter = SubscriptionFilter::builder();
        Some(if self.announcer.is_progressive() {
            filter.tools_list_changed().build()
        } else {
            filter.build()
        })
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let sink = context.sink();
        tokio::select! {
            () = self.announcer.announce(|| sink.notify_tool_list_changed()) => {}
            () = context.cancelled() => {}
        }
        Ok(())
    }
}
