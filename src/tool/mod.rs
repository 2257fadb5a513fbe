//! The tools: each looks at a picture of the project and returns a plan. All are pure.
//!
//! [`TOOLS`] is the one table of them, in their order. A tool owns its name, its arguments,
//! its plan and the text that registers it; the command line, `polytope.yml`, `status` and the
//! MCP server are derived from that.

pub mod argument;
pub mod client;
mod draft;
mod polytope;
mod register;
pub mod status;
pub mod temporal;
mod values;
pub mod workflow;

pub use argument::{Argument, Takes};
pub use draft::Draft;
pub use values::{Values, Wrong};

use crate::plan::{Next, Plan};
use crate::problem::{ErrorCode, Problem};
use crate::project::Project;
use crate::template::Template;

/// What is asked for: a tool and its arguments, all of them valid in themselves.
#[derive(Debug, Clone)]
pub enum Request {
    /// `add-temporal`
    AddTemporal(temporal::AddTemporal),
    /// `add-temporal-client`
    AddTemporalClient(client::AddTemporalClient),
    /// `add-temporal-workflow`
    AddTemporalWorkflow(workflow::AddTemporalWorkflow),
}

impl Request {
    /// The tool that is asked for.
    #[must_use]
    pub fn tool(&self) -> &'static ToolInfo {
        match self {
            Self::AddTemporal(_) => &temporal::TOOL,
            Self::AddTemporalClient(_) => &client::TOOL,
            Self::AddTemporalWorkflow(_) => &workflow::TOOL,
        }
    }
}

/// A tool: everything that the command line, `polytope.yml` and the MCP server say of it.
pub struct ToolInfo {
    /// Its name, as a command and in `polytope.yml`.
    pub name: &'static str,
    /// What it adds, in one line.
    pub about: &'static str,
    /// A call of it that works when pasted.
    pub example: &'static str,
    /// What its help begins with.
    help: &'static str,
    /// What its help ends with: examples, and what there is to know before them.
    examples: &'static str,
    /// Whether the command line starts what it adds.
    pub starts: bool,
    /// Adds the definitions of its flags to a command.
    define: fn(clap::Command) -> clap::Command,
    /// The ranges of those that are numbers, by their ids.
    ranges: &'static [(&'static str, (u32, u32))],
    /// The request that its flags make; `None` if a value is wrong.
    request: fn(&clap::ArgMatches, &mut Values) -> Option<Request>,
    /// Whether the files that it needs exist.
    allowed: fn(&Project) -> bool,
    /// How it is registered in `polytope.yml` by the step before it; `None` for the first.
    registered: Option<Registered>,
}

/// How a tool is registered in `polytope.yml`.
struct Registered {
    template: Template,
    /// The types of parameters that depend on the project.
    defaults: fn(&Project) -> Vec<(&'static str, String)>,
}

/// The tools, each of which registers the next one.
pub static TOOLS: [&ToolInfo; 3] = [&temporal::TOOL, &client::TOOL, &workflow::TOOL];

impl std::fmt::Debug for ToolInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl ToolInfo {
    /// The tool as a command with its flags.
    #[must_use]
    pub fn command(&self) -> clap::Command {
        let command = clap::Command::new(self.name)
            .about(self.help)
            .after_help(self.examples);
        (self.define)(command)
    }

    /// Its arguments, from the definitions of its flags.
    #[must_use]
    pub fn arguments(&self) -> Vec<Argument> {
        let range = |argument: &clap::Arg| {
            let id = argument.get_id().as_str();
            let known = self.ranges.iter().find(|(name, _)| *name == id);
            known.map(|(_, range)| *range)
        };
        let command = self.command();
        let arguments = command.get_arguments();
        arguments
            .map(|argument| Argument::of(argument, range(argument)))
            .collect()
    }

    /// The request that flags make; `None` if a value is wrong, as `values` then says.
    pub fn request(&self, flags: &clap::ArgMatches, values: &mut Values) -> Option<Request> {
        (self.request)(flags, values)
    }

    /// The tool that this one registers.
    #[must_use]
    pub fn following(&self) -> Option<&'static Self> {
        let at = TOOLS.iter().position(|tool| tool.name == self.name)?;
        TOOLS.get(at + 1).copied()
    }

    /// Whether the tool is shown in lists: the first always is, another when it is
    /// registered.
    #[must_use]
    pub fn is_offered(&self, project: &Project) -> bool {
        self.registered.is_none() || project.tool(self.name).is_some()
    }

    /// Whether the files that the tool needs exist.
    #[must_use]
    pub fn is_allowed(&self, project: &Project) -> bool {
        (self.allowed)(project)
    }

    /// This tool as the call to make next.
    #[must_use]
    pub fn next(&self) -> Next {
        Next {
            tool: Some(self.name),
            command: self.example.to_owned(),
            why: format!("adds {}", self.about),
        }
    }
}

/// Why a request is refused: all of its problems, and the call that solves them, if there
/// is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// At least one problem.
    pub problems: Vec<Problem>,
    /// The calls worth making instead.
    pub next: Vec<Next>,
}

/// Plan what is asked for.
///
/// # Errors
///
/// [`Refused`] with everything that is in the way.
pub fn plan(project: &Project, request: &Request, force: bool) -> Result<Plan, Refused> {
    let mut draft = Draft::new(project, force);
    check_order(project, request)?;
    match request {
        Request::AddTemporal(arguments) => temporal::plan(&mut draft, arguments),
        Request::AddTemporalClient(arguments) => client::plan(&mut draft, arguments),
        Request::AddTemporalWorkflow(arguments) => workflow::plan(&mut draft, arguments),
    }
    draft.finish()
}

/// Refuse a call that comes before the step that it builds on.
fn check_order(project: &Project, request: &Request) -> Result<(), Refused> {
    let tool = request.tool();
    if tool.is_allowed(project) {
        return Ok(());
    }
    // The first step that has not been taken: the one before the first that is allowed.
    let missing = TOOLS
        .iter()
        .zip(&TOOLS[1..])
        .find(|(_, after)| !after.is_allowed(project))
        .map_or(TOOLS[0], |(step, _)| *step);
    Err(Refused {
        problems: vec![
            Problem::new(
                ErrorCode::StepMissing,
                format!(
                    "`{}` needs what `{}` adds, and this project does not have it yet",
                    tool.name, missing.name
                ),
            )
            .hint(missing.example.to_owned()),
        ],
        next: vec![missing.next()],
    })
}
