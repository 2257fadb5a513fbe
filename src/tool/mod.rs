//! The tools: each reads a snapshot of the project and returns a plan. All are pure.
//!
//! [`TOOLS`] lists them in order. A tool defines its name, its arguments, its plan and the
//! template that registers it. The command line, `polytope.yml`, `status` and the MCP server
//! are derived from these.

pub mod agents;
pub mod argument;
pub mod check;
pub mod client;
mod draft;
pub(crate) mod example;
mod polytope;
mod register;
pub mod remove;
pub mod status;
pub mod temporal;
mod values;
pub mod verify;
pub mod workflow;

pub use argument::{Argument, Takes};
pub use draft::Draft;
pub use values::Values;

use crate::name::{Folder, RelPath};
use crate::plan::{Next, Plan};
use crate::problem::{ErrorCode, Problem};
use crate::project::{DENIED, Project};
use crate::record::RECORDS;
use crate::template::Template;

/// A tool and its arguments, each of them validated.
#[derive(Debug, Clone)]
pub enum Request {
    /// `add-temporal`
    AddTemporal(temporal::AddTemporal),
    /// `add-temporal-client`
    AddTemporalClient(client::AddTemporalClient),
    /// `add-temporal-workflow`
    AddTemporalWorkflow(workflow::AddTemporalWorkflow),
    /// `remove-temporal-workflow`
    RemoveTemporalWorkflow(remove::RemoveTemporalWorkflow),
    /// `remove-temporal-client`
    RemoveTemporalClient(remove::RemoveTemporalClient),
    /// `remove-temporal`
    RemoveTemporal(remove::RemoveTemporal),
}

impl Request {
    /// The requested tool.
    #[must_use]
    pub fn tool(&self) -> &'static ToolInfo {
        match self {
            Self::AddTemporal(_) => &temporal::TOOL,
            Self::AddTemporalClient(_) => &client::TOOL,
            Self::AddTemporalWorkflow(_) => &workflow::TOOL,
            Self::RemoveTemporalWorkflow(_) => &remove::WORKFLOW,
            Self::RemoveTemporalClient(_) => &remove::CLIENT,
            Self::RemoveTemporal(_) => &remove::TEMPORAL,
        }
    }
}

/// A tool: its definition for the command line, `polytope.yml` and the MCP server.
#[derive(Clone, Copy)]
pub struct ToolInfo {
    /// Its name, as a command and in `polytope.yml`.
    pub name: &'static str,
    /// What it adds or removes, in one line.
    pub about: &'static str,
    /// An example call that works when pasted.
    pub example: &'static str,
    /// Its title for MCP clients, an order in a few words.
    pub title: &'static str,
    /// What its description for MCP clients says besides; may be empty.
    pub note: &'static str,
    /// The arguments of an example call, as JSON.
    pub call: &'static str,
    /// The first line of its help.
    help: &'static str,
    /// The end of its help: notes and examples.
    after_help: &'static str,
    /// Whether the command line starts the containers that it adds.
    pub starts: bool,
    /// Adds the definitions of its flags to a command.
    define: fn(clap::Command) -> clap::Command,
    /// The ranges of numeric flags, by id.
    ranges: &'static [(&'static str, (u32, u32))],
    /// Parses its flags into a request; `None` if a value is invalid.
    request: fn(&clap::ArgMatches, &mut Values) -> Option<Request>,
    /// Whether the files that it needs exist.
    allowed: fn(&Project) -> bool,
    /// How the previous step registers it in `polytope.yml`; `None` for the first.
    registered: Option<Registered>,
    /// The step that it undoes; `None` if it is a step.
    pub undoes: Option<&'static ToolInfo>,
}

/// How a tool is registered in `polytope.yml`.
#[derive(Clone, Copy)]
struct Registered {
    template: Template,
    /// The types of parameters that depend on the project.
    kinds: &'static [SpecialKind],
}

/// The name of a parameter, and its type in a project.
type SpecialKind = (&'static str, fn(&Project) -> String);

/// The tools, each of which registers the next one.
pub static TOOLS: [&ToolInfo; 3] = [&temporal::TOOL, &client::TOOL, &workflow::TOOL];

/// The tools that undo the steps, the last step first.
pub static REMOVERS: [&ToolInfo; 3] = [&remove::WORKFLOW, &remove::CLIENT, &remove::TEMPORAL];

/// All tools: the steps, and those that undo them.
pub fn all_tools() -> impl Iterator<Item = &'static ToolInfo> + Clone {
    TOOLS.into_iter().chain(REMOVERS)
}

/// The tool of a name.
#[must_use]
pub fn tool_of(name: &str) -> Option<&'static ToolInfo> {
    all_tools().find(|tool| tool.name == name)
}

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
            .after_help(self.after_help);
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

    /// Parse flags into a request. `None` if a value is invalid; `values` has the problems.
    pub fn request(&self, flags: &clap::ArgMatches, values: &mut Values) -> Option<Request> {
        let request = (self.request)(flags, values);
        if request.is_none() && values.problems.is_empty() {
            let message = format!("the arguments of `{}` are not valid", self.name);
            values
                .problems
                .push(Problem::new(ErrorCode::Usage, message));
        }
        request
    }

    /// The next tool, which this one registers.
    #[must_use]
    pub fn following(&self) -> Option<&'static Self> {
        let at = TOOLS.iter().position(|tool| tool.name == self.name)?;
        TOOLS.get(at + 1).copied()
    }

    /// Whether the tool is listed: the first step always is, the others once they are
    /// registered, and what undoes a step once the next one is.
    #[must_use]
    pub fn is_offered(&self, project: &Project) -> bool {
        if let Some(step) = self.undoes {
            return step.following().unwrap_or(step).is_offered(project);
        }
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
            why: match self.undoes {
                None => format!("adds {}", self.about),
                Some(_) => format!("removes {}", self.about),
            },
        }
    }
}

/// Why a request is refused: all problems, and the call that solves them, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// At least one problem.
    pub problems: Vec<Problem>,
    /// The calls worth making instead.
    pub next: Vec<Next>,
}

impl Refused {
    /// A refusal because a step is missing, which `next` takes.
    fn without_step(message: String, step: &ToolInfo) -> Self {
        let problem = Problem::new(ErrorCode::StepMissing, message);
        Self {
            problems: vec![problem.hint(step.example.to_owned())],
            next: vec![step.next()],
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl From<Vec<Problem>> for Refused {
    fn from(problems: Vec<Problem>) -> Self {
        let next = Vec::new();
        Self { problems, next }
    }
}

/// The first step that has not been taken: the one before the first that is not allowed.
fn missing_step(project: &Project) -> Option<&'static ToolInfo> {
    TOOLS
        .iter()
        .zip(&TOOLS[1..])
        .find(|(_, after)| !after.is_allowed(project))
        .map(|(step, _)| *step)
}

/// Plan a request.
///
/// # Errors
///
/// [`Refused`] with all problems.
pub fn plan(project: &Project, request: &Request, force: bool) -> Result<Plan, Refused> {
    let mut draft = Draft::new(project, force);
    check_order(project, request)?;
    check_records(project)?;
    let planned = match request {
        Request::AddTemporal(arguments) => temporal::plan(&mut draft, arguments),
        Request::AddTemporalClient(arguments) => client::plan(&mut draft, arguments),
        Request::AddTemporalWorkflow(arguments) => workflow::plan(&mut draft, arguments),
        Request::RemoveTemporalWorkflow(arguments) => remove::plan_workflow(&mut draft, arguments),
        Request::RemoveTemporalClient(arguments) => remove::plan_client(&mut draft, arguments),
        Request::RemoveTemporal(_) => remove::plan_temporal(&mut draft),
    };
    if let Err(problem) = planned {
        draft.problem(problem);
    }
    draft.finish()
}

/// Refuse every call if a record cannot be read: it must not count as absent.
fn check_records(project: &Project) -> Result<(), Refused> {
    let records = RelPath::literal(RECORDS);
    let folder = Folder::from(records.clone());
    let hidden = project
        .hidden()
        .filter(|path| **path == records || folder.relative(path).is_some());
    let problems: Vec<Problem> = hidden.map(hidden_problem).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.into())
}

/// A problem of a path that the user may not read.
fn hidden_problem(path: &RelPath) -> Problem {
    let message = format!("`{path}` cannot be read: {DENIED}");
    Problem::new(ErrorCode::Unreadable, message).in_file(path.clone())
}

/// Refuse a call whose previous step is missing.
fn check_order(project: &Project, request: &Request) -> Result<(), Refused> {
    let tool = request.tool();
    if tool.is_allowed(project) {
        return Ok(());
    }
    let missing = missing_step(project).unwrap_or(TOOLS[0]);
    let message = format!(
        "`{}` needs what `{}` adds, and this project does not have it yet",
        tool.name, missing.name
    );
    let mut refused = Refused::without_step(message, missing);
    // It may be in what cannot be read.
    refused
        .problems
        .extend(project.hidden().map(hidden_problem));
    Err(refused)
}
