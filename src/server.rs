//! A Temporal dev server in memory, on free ports, and Temporal's command line.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::environment::without_settings;
use crate::process::{Limits, Process, finish};

/// Maximum time until the server answers.
const SERVER_LIMIT: Duration = Duration::from_mins(1);

/// The namespace that a dev server has.
const NAMESPACE: &str = "default";

/// A running dev server; it ends when this is dropped.
pub(crate) struct DevServer {
    process: Process,
    temporal: PathBuf,
    /// Its address, on this machine.
    pub(crate) address: String,
    /// The port of its web UI, if it has one.
    pub(crate) ui_port: Option<u16>,
}

impl DevServer {
    /// Start a server, and wait until it answers.
    ///
    /// # Errors
    ///
    /// It cannot be started, ends, or does not answer in time.
    pub(crate) fn start(temporal: &Path, with_ui: bool, limits: &Limits) -> anyhow::Result<Self> {
        let (port, ui_port) = free_ports()?;
        let mut command = Command::new(temporal);
        command
            .args(["server", "start-dev"])
            .args(["--ip", "127.0.0.1"])
            .args(["--port", &port.to_string()]);
        if with_ui {
            command
                .args(["--log-level", "error"])
                .args(["--ui-port", &ui_port.to_string()]);
        } else {
            // It reports workers that end, which the caller does as well.
            command.args(["--log-level", "never", "--headless"]);
        }
        let (process, log) = Process::start_with_log(&mut command)?;
        let mut server = Self {
            process,
            temporal: temporal.to_owned(),
            address: format!("127.0.0.1:{port}"),
            ui_port: with_ui.then_some(ui_port),
        };
        let until = Instant::now() + SERVER_LIMIT;
        while server
            .call(&["operator", "cluster", "health"], limits)
            .is_err()
        {
            if let Some(reason) = limits.reason() {
                bail!("waiting for the dev server {reason}");
            }
            if let Some(status) = server.process.ended() {
                // A thread still reads what it wrote last.
                std::thread::sleep(Duration::from_millis(100));
                match log.lines().iter().rfind(|line| !line.trim().is_empty()) {
                    Some(line) => bail!("the dev server ended with {status}: {line}"),
                    None => bail!("the dev server ended with {status}"),
                }
            }
            if Instant::now() > until {
                let seconds = SERVER_LIMIT.as_secs();
                bail!("the dev server did not answer within {seconds} s");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// Run Temporal's command line on this server.
    ///
    /// # Errors
    ///
    /// The command failed; the error has the end of its output.
    pub(crate) fn call(&self, arguments: &[&str], limits: &Limits) -> anyhow::Result<Vec<u8>> {
        let mut command = Command::new(&self.temporal);
        command
            .args(arguments)
            .args(["--address", &self.address, "--namespace", NAMESPACE])
            // A profile of the user could name another server, or need a certificate.
            .args(["--disable-config-file", "--disable-config-env"]);
        without_settings(&mut command);
        let shown = arguments.iter().take_while(|word| !word.starts_with('-'));
        let shown: Vec<&str> = shown.copied().collect();
        finish(command, &format!("temporal {}", shown.join(" ")), limits)
    }

    /// The same, with JSON as the result.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub(crate) fn json(
        &self,
        arguments: &[&str],
        limits: &Limits,
    ) -> anyhow::Result<serde_json::Value> {
        let output = self.call(&[arguments, &["--output", "json"]].concat(), limits)?;
        serde_json::from_slice(&output).context("the answer of `temporal`")
    }

    /// Ask the server to end, and wait until it has ended.
    pub(crate) fn stop(self) {
        self.process.stop();
    }
}

/// Two free ports, bound at the same time so that they differ.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let listeners = [
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
    ];
    let [first, second] = listeners.map(|listener| listener.local_addr());
    Ok((first?.port(), second?.port()))
}
