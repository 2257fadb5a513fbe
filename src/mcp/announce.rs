//! The list of tools, and its announcement to clients when it changes.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::schema::{COMMANDS, VERIFY, names};
use crate::cli::Discovery;
use crate::run::{Options, offered};
use crate::tool::TOOLS;

/// How often the project is checked for a changed list of tools.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Timeout for sending a notification: a client that stops reading must not block the server.
pub(super) const SEND_LIMIT: Duration = Duration::from_millis(100);

/// Knows which tools are listed, and announces changes of the list.
pub(super) struct Announcer {
    options: Arc<Options>,
    discovery: Discovery,
    /// The last announced list.
    last: Mutex<Vec<&'static str>>,
    /// Counts its changes.
    changes: watch::Sender<u64>,
}

impl Announcer {
    /// For the project that these options select.
    pub(super) fn new(options: Arc<Options>, discovery: Discovery) -> Self {
        let announcer = Self {
            options,
            discovery,
            last: Mutex::default(),
            changes: watch::Sender::new(0),
        };
        *announcer.last() = announcer.listed();
        announcer
    }

    fn last(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the list changes with the project.
    pub(super) fn is_progressive(&self) -> bool {
        self.discovery == Discovery::Progressive
    }

    /// The names of the currently listed tools. All tools if the project's files cannot be
    /// read. Workflows that are there can be checked, and verified once a service has the client.
    pub(super) fn listed(&self) -> Vec<&'static str> {
        if !self.is_progressive() {
            return names().collect();
        }
        let Ok(tools) = offered(&self.options) else {
            return names().collect();
        };
        let mut listed: Vec<&'static str> = tools.iter().map(|tool| tool.name).collect();
        let has_client = listed.contains(&TOOLS[2].name);
        let commands = COMMANDS.iter().map(|command| command.name);
        listed.extend(commands.filter(|name| *name != VERIFY || has_client));
        listed
    }

    /// Announce the list of tools if it has changed.
    pub(super) fn announce_changes(&self) {
        if !self.is_progressive() {
            return;
        }
        let listed = self.listed();
        let mut last = self.last();
        if *last != listed {
            *last = listed;
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Send a notification for each future change, until sending fails or this is dropped.
    pub(super) async fn announce<F, E>(&self, mut send: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), E>>,
    {
        let mut changes = self.changes.subscribe();
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
}
