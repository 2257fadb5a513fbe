//! Network namespaces: hosts of their own on one machine.
#![allow(dead_code, reason = "each test file uses a part")]

use std::process::{Command, Stdio};

/// A network namespace, removed on drop.
pub(crate) struct Namespace(pub(crate) String);

impl Namespace {
    /// `None` without the program `ip` or the permission.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let made = Command::new("ip").args(["netns", "add", name]).output();
        made.is_ok_and(|made| made.status.success()).then_some(())?;
        let namespace = Self(name.to_owned());
        namespace.set_link("lo", "up");
        Some(namespace)
    }

    /// Connect or disconnect a device, with "up" or "down".
    pub(crate) fn set_link(&self, device: &str, state: &str) {
        self.ip(&["link", "set", device, state]);
    }

    /// Run `ip` inside, and expect success.
    pub(crate) fn ip(&self, arguments: &[&str]) {
        let mut command = Command::new("ip");
        let output = command.args(["-n", &self.0]).args(arguments).output();
        let output = output.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {arguments:?}: {errors}");
    }

    /// The same command, run inside.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside
            .args(["netns", "exec", &self.0])
            .arg(command.get_program());
        inside.args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).output();
    }
}
