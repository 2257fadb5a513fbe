//! The MCP server over stdin and stdout. It supports two protocol versions: 2025-11-25, with
//! a handshake, and 2026-07-28, without.
//!
//! It is stateless: every request reads the project again, and a call is converted to the
//! equivalent command line. The only state is the last announced list of tools, so that each
//! change is announced once. All async code is here.

mod announce;
mod arguments;
mod execute;
mod schema;
mod server;
mod transport;
mod words;

use std::sync::Arc;
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

use self::transport::{Escaped, Parsable, Patient, State};
use crate::cli::Discovery;
use crate::problem::{ErrorCode, Problem};
use crate::process;
use crate::report::{ExitCode, Report};
use crate::run::Options;

pub use self::server::Server;

/// The time that running calls have to end after stdin has closed, before their processes are
/// ended, and that these have then.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(700);

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
        let transport = Patient::new(
            rmcp::transport::async_rw::AsyncRwTransport::new_server(
                Parsable::new(tokio::io::stdin()),
                Escaped::new(tokio::io::stdout(), state.clone()),
            ),
            state.clone(),
        );
        match Server::new(options, discovery).serve(transport).await {
            Ok(serving) => tokio::select! {
                reason = serving.waiting() => reason.map(drop).map_err(|e| e.to_string()),
                () = ended(&state) => Ok(()),
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
        return Report::of_problems("mcp", &[Problem::new(ErrorCode::Io, message)], None)
            .print_trouble_as(ExitCode::NotReported);
    }
    match outcome {
        Ok(()) => ExitCode::Done,
        Err(message) => failed(&message),
    }
}

/// Waits for the end of stdin, and then for the calls that still run. Calls that write are short;
/// the processes of a verification are ended.
async fn ended(state: &State) {
    state.ended.notified().await;
    tokio::time::sleep(SHUTDOWN_LIMIT).await;
    process::interrupt();
    tokio::time::sleep(SHUTDOWN_LIMIT).await;
}

/// Waits for Ctrl-C or SIGTERM, and then until the processes of a verification have ended.
async fn interrupted() {
    while !process::is_interrupted() {
        tokio::time::sleep(INTERRUPT_INTERVAL).await;
    }
    tokio::time::sleep(SHUTDOWN_LIMIT).await;
}

fn failed(message: &str) -> ExitCode {
    Report::of_problems(
        "mcp",
        &[Problem::new(ErrorCode::Io, message.to_owned())],
        None,
    )
    .print_trouble()
}
