//! The tools: each looks at a picture of the project and returns a plan. All are pure.
//!
//! [`TOOLS`] is the one table of them, in their order. The command line, `status` and the
//! agents' server all read it, so that none of them can offer something else.

pub mod client;
mod container;
mod draft;
pub mod status;
pub mod temporal;
pub mod workflow;

use serde_yaml::Value;

pub use draft::Draft;

use crate::edit::yaml;
use crate::plan::{Next, Plan};
use crate::problem::{ErrorCode, Problem};
use crate::project::Project;

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
            Self::AddTemporal(_) => &TOOLS[0],
            Self::AddTemporalClient(_) => &TOOLS[1],
            Self::AddTemporalWorkflow(_) => &TOOLS[2],
        }
    }
}

/// A tool as it is shown.
#[derive(Debug)]
pub struct ToolInfo {
    /// Its name, as a command and in `polytope.yml`.
    pub name: &'static str,
    /// What it adds, in one line.
    pub about: &'static str,
    /// A call of it that works when pasted.
    pub example: &'static str,
    /// Whether the files that it needs exist.
    allowed: fn(&Project) -> bool,
}

/// The tools, each of which makes the next one known.
pub static TOOLS: [ToolInfo; 3] = [
    ToolInfo {
        name: "add-temporal",
        about: "Temporal server, Postgres and web UI as containers",
        example: "bluetext add-temporal",
        allowed: |_| true,
    },
    ToolInfo {
        name: "add-temporal-client",
        about: "the client library, configuration, hooks and a worker in a service",
        example: "bluetext add-temporal-client",
        allowed: |project| project.has_tool("temporal") || temporal::has_server_of_its_own(project),
    },
    ToolInfo {
        name: "add-temporal-workflow",
        about: "a typed workflow with models, activities and tests",
        example: "bluetext add-temporal-workflow greeting --input name:str --output message:str",
        allowed: |project| project.services().iter().any(|s| client::is_in(project, s)),
    },
];

impl ToolInfo {
    /// Whether the tool is shown in lists: the first always is, another when it is
    /// registered.
    #[must_use]
    pub fn is_offered(&self, project: &Project) -> bool {
        self.name == TOOLS[0].name || project.tool(self.name).is_some()
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

/// Why a request is refused: everything that stands in its way, and the call that clears
/// it, if one does.
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
        .map_or(&TOOLS[0], |(step, _)| step);
    Err(Refused {
        problems: vec![
            Problem::new(
                ErrorCode::StepMissing,
                format!(
                    "`{}` builds on what `{}` adds, and this project does not have that yet",
                    tool.name, missing.name
                ),
            )
            .hint(missing.example.to_owned()),
        ],
        next: vec![missing.next()],
    })
}

/// How the project's tools take their arguments: Polytope has renamed `params` to `inputs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterStyle {
    /// A list below `params`, referred to with `pt.param`.
    Params,
    /// A mapping below `inputs`, referred to with `pt.input`.
    Inputs,
}

impl ParameterStyle {
    /// The style that most of the project's tools are written in.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let count = |key: &str| {
            project
                .tools()
                .filter(|t| t.value.get(key).is_some())
                .count()
        };
        if count("inputs") > count("params") {
            Self::Inputs
        } else {
            Self::Params
        }
    }

    /// Whether containers of the project's generation have the argument `await`: with
    /// `await: false` a step ends once its container runs, so that a call returns. Tools with
    /// `inputs` have it, and so do projects that use it.
    #[must_use]
    pub fn awaits_containers(project: &Project) -> bool {
        let uses_it = |tool: crate::project::Tool<'_>| {
            tool.steps().any(|step| {
                step.get("args")
                    .is_some_and(|args| args.get("await").is_some())
            })
        };
        Self::of(project) == Self::Inputs || project.tools().any(uses_it)
    }

    /// The word behind `pt.` in a reference.
    #[must_use]
    pub fn reference(self) -> &'static str {
        match self {
            Self::Params => "param",
            Self::Inputs => "input",
        }
    }

    /// The block that declares parameters, each an id, what it is for, and its type in flow
    /// style.
    #[must_use]
    pub fn declaration(self, parameters: &[(&str, &str, &str)]) -> String {
        let mut block = String::new();
        let written = |text: &str| yaml::written(&text.into()).trim_end().to_owned();
        match self {
            Self::Params => {
                block.push_str("params:\n");
                for (id, info, kind) in parameters {
                    let info = written(info);
                    block.push_str(&format!(
                        "  - id: {id}\n    info: {info}\n    type: {kind}\n"
                    ));
                }
            }
            Self::Inputs => {
                block.push_str("inputs:\n");
                for (id, info, kind) in parameters {
                    let info = written(info);
                    block.push_str(&format!("  {id}:\n    info: {info}\n    type: {kind}\n"));
                }
            }
        }
        block
    }
}

/// Whether a tool in `polytope.yml` is one of ours: its step calls `bluetext` with the
/// tool's own name first.
fn is_ours(name: &str, value: &Value) -> bool {
    let steps = value.get("run").and_then(Value::as_sequence);
    steps.into_iter().flatten().any(|step| {
        let called = step.get("tool").and_then(Value::as_str);
        let first = step
            .get("args")
            .and_then(|args| args.get("args")?.get(0)?.as_str());
        called == Some("bluetext") && first == Some(name)
    })
}
