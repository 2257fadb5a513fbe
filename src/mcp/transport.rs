//! A transport that ignores messages before the client's first request, answers lines that are
//! no JSON, waits for the answers to requests at the end of stdin (the server limits how long), and
//! writes unsafe characters as escapes.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::DEFAULT_MAX_LINE_LENGTH;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::name::plain_json;

/// What the server has to know about its transport.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Signals the end of stdin.
    pub(super) ended: Notify,
    /// Requests without an answer.
    unanswered: AtomicUsize,
    answered: Notify,
    /// The first failed write to stdout, unless the reader is gone.
    failure: Mutex<Option<String>>,
}

impl State {
    /// Why stdout could not be written. A reader that is gone is no failure.
    pub(super) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, error: &io::Error) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            let failure = self.failure.lock();
            let mut failure = failure.unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| error.to_string());
        }
    }
}

/// A transport that drops all messages before the first request: otherwise a stray
/// notification or response would end the server. At the end of stdin, it first waits for
/// the answers to all requests.
pub(super) struct Patient<T> {
    inner: T,
    state: Arc<State>,
    /// Whether the client has made its first request.
    is_open: bool,
}

impl<T> Patient<T> {
    pub(super) fn new(inner: T, state: Arc<State>) -> Self {
        Self {
            inner,
            state,
            is_open: false,
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Patient<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let is_answer = matches!(
            message,
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)
        );
        let sent = self.inner.send(message);
        let state = self.state.clone();
        async move {
            let sent = sent.await;
            if is_answer {
                // Errors about lines that are no requests have not been counted.
                let less = |count: usize| count.checked_sub(1);
                let order = Ordering::SeqCst;
                let _ = state.unanswered.fetch_update(order, order, less);
                state.answered.notify_one();
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(message) = self.inner.receive().await else {
                self.state.ended.notify_one();
                while self.state.unanswered.load(Ordering::SeqCst) > 0 {
                    self.state.answered.notified().await;
                }
                return None;
            };
            if matches!(message, JsonRpcMessage::Request(_)) {
                self.state.unanswered.fetch_add(1, Ordering::SeqCst);
                self.is_open = true;
            }
            if self.is_open {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

/// The method of the request that stands for a line that is no JSON: the SDK drops such lines.
pub(super) const UNPARSABLE: &str = "bluetext/unparsable";

/// The beginning of the ID of such a request, which the answer must not have.
const UNPARSABLE_ID: &str = "\"id\":\"bluetext/unparsable-";

/// Reads lines; one that is no JSON becomes a request that is answered with an error (JSON-RPC
/// 2.0, section 5.1).
pub(super) struct Parsable<R> {
    inner: R,
    /// Whether a request has been read: lines before it are not answered.
    is_open: bool,
    /// The beginning of a line.
    line: Vec<u8>,
    /// Whether the beginning of this line has been passed on already.
    is_passing: bool,
    /// The number of lines that were no JSON.
    unparsable: u64,
    /// Whole lines that have not been read yet.
    ready: VecDeque<u8>,
}

impl<R: AsyncRead + Unpin> Parsable<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            is_open: false,
            line: Vec::new(),
            is_passing: false,
            unparsable: 0,
            ready: VecDeque::new(),
        }
    }

    fn take_lines(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = part.ends_with(b"\n");
            if self.is_passing {
                self.ready.extend(part);
                self.is_passing = !is_whole;
                continue;
            }
            self.line.extend_from_slice(part);
            if is_whole {
                let line = std::mem::take(&mut self.line);
                self.take_line(&line);
            } else if self.line.len() > DEFAULT_MAX_LINE_LENGTH {
                // The SDK drops it.
                self.ready.extend(std::mem::take(&mut self.line));
                self.is_passing = true;
            }
        }
    }

    fn take_line(&mut self, line: &[u8]) {
        let is_blank = line.iter().all(u8::is_ascii_whitespace);
        // As the SDK reads it: a text of bytes that are no UTF-8, or a number out of range, is none.
        let message = serde_json::from_slice::<Value>(line);
        if self.is_open && !is_blank && message.is_err() {
            // The SDK answers one request of an ID at a time.
            self.unparsable += 1;
            let id = self.unparsable;
            let request = format!(
                "{{\"jsonrpc\":\"2.0\",{UNPARSABLE_ID}{id}\",\"method\":\"{UNPARSABLE}\"}}\n"
            );
            self.ready.extend(request.as_bytes());
            return;
        }
        // JSON-RPC 2.0, section 4: only a request has both.
        let is_request = |message: Value| message["method"].is_string() && !message["id"].is_null();
        self.is_open |= message.is_ok_and(is_request);
        self.ready.extend(line);
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Parsable<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.ready.is_empty() {
            let mut bytes = [0; 8192];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                // The end: the last line may have no line end.
                let mut line = std::mem::take(&mut self.line);
                if !line.is_empty() {
                    line.push(b'\n');
                    self.take_line(&line);
                }
                break;
            }
            self.take_lines(read.filled());
        }
        let count = buffer.remaining().min(self.ready.len());
        let bytes: Vec<u8> = self.ready.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

/// Answers to lines that were no JSON, with the ID `null` (JSON-RPC 2.0, section 5).
fn without_unparsable_ids(text: &str) -> String {
    let mut parts = text.split(UNPARSABLE_ID);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once('"').map_or(part, |(_, rest)| rest);
        result.push_str("\"id\":null");
        result.push_str(rest);
    }
    result
}

/// Writes JSON with unsafe characters as escapes of JSON, and keeps the first error.
pub(super) struct Escaped<W> {
    inner: W,
    state: Arc<State>,
    /// Escaped text that is not written yet.
    waiting: Vec<u8>,
    /// The first bytes of a character.
    partial: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Escaped<W> {
    pub(super) fn new(inner: W, state: Arc<State>) -> Self {
        Self {
            inner,
            state,
            waiting: Vec::new(),
            partial: Vec::new(),
        }
    }

    fn write_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.waiting));
            let count = written.inspect_err(|error| self.state.fail(error))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Escaped<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_waiting(context))?;
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&all) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        self.partial = all.split_off(whole);
        let text = without_unparsable_ids(&String::from_utf8_lossy(&all));
        self.waiting = plain_json(&text).into_bytes();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_waiting(context))?;
        let flushed = ready!(Pin::new(&mut self.inner).poll_flush(context));
        Poll::Ready(flushed.inspect_err(|error| self.state.fail(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_waiting(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
