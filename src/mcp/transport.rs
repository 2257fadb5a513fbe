//! A transport that ignores messages before the client's first request.

use std::future::Future;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::Notify;

/// A transport that drops all messages before the first request: otherwise a stray
/// notification or response would end the server.
///
/// It also signals the end of stdin.
pub(super) struct Patient<T> {
    pub(super) inner: T,
    pub(super) is_open: bool,
    pub(super) ended: Arc<Notify>,
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Patient<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(message) = self.inner.receive().await else {
                self.ended.notify_one();
                return None;
            };
            let is_request = matches!(message, rmcp::model::JsonRpcMessage::Request(_));
            if self.is_open || is_request {
                self.is_open = true;
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
