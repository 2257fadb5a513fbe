//! Commands that write files for AI agents.

use crate::guide::{self, Configuration};
use crate::name::RelPath;
use crate::plan::Plan;
use crate::project::Project;
use crate::tool::Refused;
use crate::tool::agents::{configure, remove_guide, write_guide};

/// A file for agents to write.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentTask {
    /// The configuration of an MCP client.
    Configure(Configuration),
    /// The section of `AGENTS.md`.
    WriteGuide,
    /// Nothing in its place.
    RemoveGuide,
}

impl AgentTask {
    /// The command.
    #[must_use]
    pub fn command(&self) -> &'static str {
        match self {
            Self::Configure(_) => "mcp config",
            Self::WriteGuide | Self::RemoveGuide => "guide",
        }
    }

    /// The plan for a project.
    ///
    /// # Errors
    ///
    /// [`Refused`] if a file cannot be edited.
    pub fn plan(&self, project: &Project, force: bool) -> Result<Plan, Refused> {
        match self {
            Self::Configure(configuration) => {
                let path = RelPath::literal(configuration.file);
                configure(project, &path, configuration.members, &configuration.server)
            }
            Self::WriteGuide => write_guide(project, guide::SECTION, force),
            Self::RemoveGuide => remove_guide(project, force),
        }
    }
}
