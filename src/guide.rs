//! Pages for people and agents: the guide and the configuration of MCP clients.

use std::path::Path;

use serde_json::json;

/// The three steps, the rules of workflows, and how to verify.
pub const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/for-agents.md"));

/// An MCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Host {
    /// Claude Code: `.mcp.json` in the project.
    ClaudeCode,
    /// Visual Studio Code: `.vscode/mcp.json` in the project.
    #[value(name = "vscode")]
    VsCode,
    /// Cursor: `.cursor/mcp.json` in the project.
    Cursor,
    /// Codex: `~/.codex/config.toml`. It reads the list of tools only once, so all tools are
    /// listed.
    Codex,
}

/// The configuration that registers the server with an MCP client.
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
