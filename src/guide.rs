//! Pages for people and agents who want to know how: the guide, and what makes the agents'
//! server known to a host.

use std::path::Path;

use serde_json::json;

/// How the three steps go, what workflows must not do, and how to verify.
pub const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/for-agents.md"));

/// A program that agents run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Host {
    /// Claude Code: `.mcp.json` in the project.
    ClaudeCode,
    /// Visual Studio Code: `.vscode/mcp.json` in the project.
    #[value(name = "vscode")]
    VsCode,
    /// Cursor: `.cursor/mcp.json` in the project.
    Cursor,
    /// Codex: `~/.codex/config.toml`. It never asks again for the list of tools, so that
    /// all of them are listed.
    Codex,
}

/// The text that makes the server known to a host, ready to be put into its file.
#[must_use]
pub fn configuration(host: Host, project: Option<&Path>) -> String {
    let mut arguments = vec!["mcp".to_owned()];
    if host == Host::Codex {
        arguments.extend(["--discovery", "static"].map(str::to_owned));
    }
    if let Some(project) = project {
        let project = project.display().to_string();
        arguments.extend(["--project".to_owned(), project]);
    }
    let server = json!({"type": "stdio", "command": "bluetext", "args": arguments});
    let document = match host {
        Host::ClaudeCode | Host::Cursor => json!({"mcpServers": {"bluetext": server}}),
        Host::VsCode => json!({"servers": {"bluetext": server}}),
        Host::Codex => {
            let arguments: toml_edit::Array = arguments.into_iter().collect();
            return format!("[mcp_servers.bluetext]\ncommand = \"bluetext\"\nargs = {arguments}\n");
        }
    };
    format!("{document:#}\n")
}
