//! Pages for people and agents: the guide and the configuration of MCP clients.

use serde_json::{Value, json};

use crate::edit::json::nested;
use crate::template::template;

/// The three steps, the rules of workflows, and how to verify.
pub const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/for-agents.md"));

/// The section of `AGENTS.md`.
pub const SECTION: &str = template!("agents/AGENTS.md").source;

/// An MCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Host {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cline.
    Cline,
    /// Codex.
    Codex,
    /// Cursor.
    Cursor,
    /// Gemini CLI.
    GeminiCli,
    /// Goose.
    Goose,
    /// opencode.
    Opencode,
    /// Visual Studio Code.
    #[value(name = "vscode")]
    VsCode,
    /// Windsurf.
    Windsurf,
    /// Zed.
    Zed,
}

/// How an MCP client is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The file that it belongs to: relative to the project, or in the user's folders.
    pub file: &'static str,
    /// Whether that file is in the project.
    pub is_in_project: bool,
    /// The names of the members that lead to the server, in a JSON file.
    pub members: &'static [&'static str],
    /// The server, in a JSON file.
    pub server: Value,
    /// The lines to add.
    pub text: String,
}

/// The variable in which editors put the folder that is open.
const OPEN_FOLDER: &str = "${workspaceFolder}";

/// The time that a client waits for an answer, in seconds, where it can be set and is short by
/// default: `verify` installs a service and executes its workflows.
const ANSWER_TIMEOUT: u32 = 900;

impl Host {
    /// Whether the client starts the server in the project's folder, or knows the folder.
    #[must_use]
    pub fn starts_in_project(self) -> bool {
        !matches!(self, Self::ClaudeDesktop | Self::Cline | Self::Windsurf)
    }
}

/// The configuration that registers the server with an MCP client. A client that does not start
/// the server in the project needs the project's folder, absolute.
#[must_use]
pub fn configuration(host: Host, project: Option<&str>) -> Configuration {
    let (file, is_in_project, members): (&str, bool, &[&str]) = match host {
        Host::ClaudeCode => (".mcp.json", true, &["mcpServers", "bluetext"]),
        Host::ClaudeDesktop => (
            "claude_desktop_config.json, which Settings > Developer > Edit Config opens",
            false,
            &["mcpServers", "bluetext"],
        ),
        Host::Cline => (
            "cline_mcp_settings.json, which MCP Servers > Configure opens",
            false,
            &["mcpServers", "bluetext"],
        ),
        Host::Codex => ("~/.codex/config.toml", false, &[]),
        Host::Cursor => (".cursor/mcp.json", true, &["mcpServers", "bluetext"]),
        Host::GeminiCli => (".gemini/settings.json", true, &["mcpServers", "bluetext"]),
        Host::Goose => ("~/.config/goose/config.yaml", false, &[]),
        Host::Opencode => ("opencode.json", true, &["mcp", "bluetext"]),
        Host::VsCode => (".vscode/mcp.json", true, &["servers", "bluetext"]),
        Host::Windsurf => (
            "~/.codeium/windsurf/mcp_config.json",
            false,
            &["mcpServers", "bluetext"],
        ),
        Host::Zed => (".zed/settings.json", true, &["context_servers", "bluetext"]),
    };
    let mut arguments = vec!["mcp".to_owned()];
    // These read the list of tools only once.
    if matches!(host, Host::Codex | Host::ClaudeDesktop) {
        arguments.extend(["--discovery", "static"].map(str::to_owned));
    }
    let is_editor = matches!(host, Host::VsCode | Host::Cursor);
    if let Some(folder) = project.or(is_editor.then_some(OPEN_FOLDER)) {
        arguments.extend(["--project".to_owned(), folder.to_owned()]);
    }
    let server = match host {
        Host::Opencode => {
            let command = [vec!["bluetext".to_owned()], arguments.clone()].concat();
            json!({"type": "local", "command": command, "enabled": true})
        }
        Host::Zed => json!({"command": "bluetext", "args": arguments, "env": {}}),
        Host::Cline => {
            json!({"command": "bluetext", "args": arguments, "timeout": ANSWER_TIMEOUT})
        }
        Host::GeminiCli | Host::Windsurf | Host::ClaudeDesktop => {
            json!({"command": "bluetext", "args": arguments})
        }
        _ => json!({"type": "stdio", "command": "bluetext", "args": arguments}),
    };
    let text = match host {
        Host::Codex => {
            let arguments: toml_edit::Array = arguments.into_iter().collect();
            format!(
                "[mcp_servers.bluetext]\ncommand = \"bluetext\"\nargs = {arguments}\n\
                 tool_timeout_sec = {ANSWER_TIMEOUT}\n"
            )
        }
        // JSON is YAML.
        Host::Goose => format!(
            "extensions:\n  bluetext:\n    enabled: true\n    type: stdio\n    name: bluetext\n    \
             cmd: bluetext\n    args: {}\n    timeout: {ANSWER_TIMEOUT}\n",
            json!(arguments)
        ),
        _ => {
            format!("{:#}\n", nested(members, server.clone()))
        }
    };
    Configuration {
        file,
        is_in_project,
        members,
        server,
        text,
    }
}
