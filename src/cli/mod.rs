//! The command line. Parses flags into validated requests. Each tool defines its own flags.

mod agents;
mod calls;
mod definition;
mod start;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgMatches, ColorChoice, FromArgMatches};

use crate::analysis::Rule;
use crate::demo::Demo;
use crate::guide::{self, Host};
use crate::problem::{ErrorCode, Problem};
use crate::process::Limits;
use crate::report::{Format, Page, View, columns};
use crate::run::{Error, Options, find_root};
use crate::start::Start;
use crate::tool::client::ServiceChoice;
use crate::tool::{Request, ToolInfo, Values, tool_of};

pub use agents::AgentTask;
pub use calls::{arguments_of, call_of, command_line};
use definition::{
    CheckArgs, Cli, Command, DemoArgs, Global, GuideArgs, McpArgs, McpCommand, StatusArgs,
};
pub use definition::{Discovery, command};
use start::StartArgs;

/// A valid command line.
pub struct Invocation {
    /// What is asked for.
    pub task: Task,
    /// The options of the run.
    pub options: Options,
    /// What the report shows.
    pub view: View,
}

/// What a command line asks for.
pub enum Task {
    /// One of the tools.
    Tool {
        /// What is asked for.
        request: Box<Request>,
        /// How to start the added containers, if requested.
        start: Option<Start>,
    },
    /// `status`
    Status,
    /// `status NAME --diagram`, with the name of the workflow.
    Diagram(String),
    /// `check` of a service, or of the whole project.
    Check(Option<ServiceChoice>),
    /// `verify`
    Verify {
        /// The service to verify; `None` for all.
        service: Option<ServiceChoice>,
        /// The workflows to execute; empty for all.
        workflows: Vec<String>,
        /// Maximum time for everything.
        timeout: Duration,
    },
    /// The MCP server, and which tools it lists.
    Mcp(Discovery),
    /// `mcp config --write`, `guide --write` or `guide --remove`
    Agents(AgentTask),
    /// A page to print.
    Page(Page),
    /// The demo.
    Demo(Demo),
}

/// A command line that runs no command.
pub enum Stop {
    /// Help or version to print; exit 0.
    Print(String),
    /// Invalid usage; exit 2.
    Wrong {
        /// The command, if it was recognised.
        command: String,
        /// The problems.
        problems: Vec<Problem>,
        /// How to report it.
        view: View,
    },
}

/// Parse a command line; the first argument is the program's name.
///
/// # Errors
///
/// [`Stop`] for help, version and invalid usage.
pub fn parse(arguments: &[OsString], current: PathBuf) -> Result<Invocation, Stop> {
    let wrong = |error: &clap::Error| stop(arguments, error);
    let matches = definition::with_whole_commands(command())
        .try_get_matches_from(arguments)
        .map_err(|error| wrong(&error))?;
    let global = Global::from_arg_matches(&matches).map_err(|error| wrong(&error))?;
    let (options, view) = global.into_options(current);
    let name = matches.subcommand_name().unwrap_or_default();
    let refuse = |problems, view| Stop::Wrong {
        command: name.to_owned(),
        problems,
        view,
    };
    if let Some(problem) = dry_run_problem(&matches, &options) {
        return Err(refuse(vec![problem], view));
    }
    if view.format == Format::Sarif && name != "check" {
        let message = format!("`{name}` has no SARIF: `--format sarif` is for `check`");
        let hint = format!("bluetext {name} --format json");
        let problem = Problem::new(ErrorCode::Usage, message).hint(hint);
        return Err(refuse(vec![problem], View::default()));
    }
    let tool = matches
        .subcommand()
        .and_then(|(name, flags)| Some((tool_of(name)?, flags)));
    let task = if let Some((tool, flags)) = tool {
        tool_call(tool, flags, &options, view)
    } else {
        let cli = Cli::from_arg_matches(&matches).map_err(|error| wrong(&error))?;
        task(cli.command, &options, view)
    };
    match task {
        Ok(task) => Ok(Invocation {
            task,
            options,
            view,
        }),
        Err(problems) => Err(refuse(problems, view)),
    }
}

/// The problem of a command that does more than write files and is told not to.
fn dry_run_problem(matches: &ArgMatches, options: &Options) -> Option<Problem> {
    let (name, flags) = matches.subcommand()?;
    let (why, hint) = match name {
        "verify" => ("runs programs", "bluetext check"),
        "demo" => ("runs programs", "bluetext demo --once"),
        "mcp" if flags.subcommand().is_none() => (
            "serves tools, each with a `dry_run` of its own",
            "bluetext mcp",
        ),
        _ => return None,
    };
    if options.write {
        return None;
    }
    let message = format!("`{name}` {why}: it has no `--dry-run` and no `--check`");
    Some(Problem::new(ErrorCode::Usage, message).hint(hint))
}

/// What a command that is no tool is asked for.
fn task(command: Command, options: &Options, view: View) -> Result<Task, Vec<Problem>> {
    Ok(match command {
        Command::Status(StatusArgs { workflow, .. }) => match workflow {
            Some(workflow) => Task::Diagram(workflow),
            None => Task::Status,
        },
        Command::Check(arguments) => return check(&arguments, view),
        Command::Verify(arguments) => Task::Verify {
            service: chosen_service(arguments.service.as_deref())?,
            workflows: arguments.names,
            timeout: arguments.timeout,
        },
        Command::Guide(GuideArgs { write: true, .. }) => Task::Agents(AgentTask::WriteGuide),
        Command::Guide(GuideArgs { remove: true, .. }) => Task::Agents(AgentTask::RemoveGuide),
        Command::Guide(_) => Task::Page(Page::new("guide", guide::GUIDE.to_owned())),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut self::command(), "bluetext", &mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            Task::Page(Page::new("completions", text))
        }
        Command::Mcp(McpArgs {
            command: None,
            discovery,
        }) => Task::Mcp(discovery),
        Command::Mcp(McpArgs {
            command: Some(McpCommand::Config { client, write }),
            ..
        }) => return mcp_config(client, write, options),
        Command::Demo(DemoArgs { folder, once }) => {
            let folder = options.current.join(folder);
            Task::Demo(Demo { folder, once })
        }
    })
}

/// The check, or the page of a rule.
fn check(arguments: &CheckArgs, view: View) -> Result<Task, Vec<Problem>> {
    let CheckArgs { service, explain } = arguments;
    let Some(rule) = explain.as_deref().and_then(Rule::of) else {
        return Ok(Task::Check(chosen_service(service.as_deref())?));
    };
    if view.format == Format::Sarif {
        let message = "`--explain` prints a page, which cannot be SARIF".to_owned();
        let hint = format!("bluetext check --explain {}", rule.code());
        return Err(vec![Problem::new(ErrorCode::Usage, message).hint(hint)]);
    }
    Ok(Task::Page(Page::new("check", rule.page())))
}

/// The chosen service, if its name is valid.
fn chosen_service(service: Option<&str>) -> Result<Option<ServiceChoice>, Vec<Problem>> {
    let mut values = Values::default();
    values.optional(service).ok_or(values.problems)
}

/// The call of a tool, if its values are valid.
fn tool_call(
    tool: &ToolInfo,
    flags: &ArgMatches,
    options: &Options,
    view: View,
) -> Result<Task, Vec<Problem>> {
    let start = tool.starts.then(|| StartArgs::from_arg_matches(flags).ok());
    let start = start.flatten().and_then(|start| start.start(view.quiet));
    let mut values = Values::default();
    match tool.request(flags, &mut values) {
        Some(request) if values.problems.is_empty() => Ok(Task::Tool {
            request: Box::new(request),
            start: start.filter(|_| options.write),
        }),
        _ => Err(values.problems),
    }
}

impl Global {
    /// Convert these options for a run in the folder `current`.
    fn into_options(self, current: PathBuf) -> (Options, View) {
        let Self {
            project,
            format,
            dry_run,
            check,
            diff,
            force,
            lock_wait,
            color,
            quiet,
            verbose,
        } = self;
        match color {
            ColorChoice::Auto => {}
            ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
            ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        }
        let view = View {
            check,
            diff,
            verbose,
            quiet,
            format,
            columns: columns(),
        };
        // An empty variable counts as not set.
        let project = project
            .or_else(|| std::env::var_os("BLUETEXT_PROJECT").map(PathBuf::from))
            .filter(|path| !path.as_os_str().is_empty());
        let options = Options {
            project,
            current,
            write: !(dry_run || check),
            force,
            lock_wait,
            limits: Limits::default(),
            fault: None,
        };
        (options, view)
    }
}

/// The configuration of an MCP client, printed or written.
fn mcp_config(client: Host, write: bool, options: &Options) -> Result<Task, Vec<Problem>> {
    let configuration = guide::configuration(client, None);
    if write && configuration.is_in_project {
        // It has no path of this machine: its client starts the server in the project.
        return Ok(Task::Agents(AgentTask::Configure(configuration)));
    }
    // Some clients start the server in any folder.
    let needs_folder = options.project.is_some() || !client.starts_in_project();
    let project = needs_folder.then(|| folder(options)).transpose()?;
    let project = project.map(|project| project.display().to_string());
    let configuration = guide::configuration(client, project.as_deref());
    if !write {
        let page = Page::new("mcp config", configuration.text).belongs_into(configuration.file);
        return Ok(Task::Page(page));
    }
    let message = format!(
        "the configuration of this client is outside of the project: {}",
        configuration.file
    );
    let hint = format!("add this there by hand:\n{}", configuration.text);
    Err(vec![Problem::new(ErrorCode::Usage, message).hint(hint)])
}

/// The folder of the project. One that is given may not be there yet.
fn folder(options: &Options) -> Result<PathBuf, Vec<Problem>> {
    match (find_root(options), &options.project) {
        (Ok(root), _) => Ok(root),
        (Err(_), Some(given)) => Ok(options.current.join(given)),
        (Err(Error::Disk { error, .. }), None) => Err(vec![(&error).into()]),
        (Err(_), None) => Ok(options.current.clone()),
    }
}

/// Convert a clap error.
fn stop(arguments: &[OsString], error: &clap::Error) -> Stop {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if is_help {
        return Stop::Print(definition::with_spaces(&error.render().ansi().to_string()));
    }
    let rendered = error.render().to_string();
    let mut message = rendered.trim().trim_start_matches("error: ").to_owned();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        message = format!("no command was given\n\n{message}");
    }
    let commands = command();
    let commands: Vec<&str> = commands
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let command = arguments
        .iter()
        .skip(1)
        .filter_map(|argument| argument.to_str())
        .find(|argument| commands.contains(argument));
    Stop::Wrong {
        command: command.unwrap_or("").to_owned(),
        problems: vec![Problem::new(ErrorCode::Usage, message)],
        view: View {
            format: format_of(arguments),
            ..View::default()
        },
    }
}

/// The requested format, from arguments that could not be parsed.
fn format_of(arguments: &[OsString]) -> Format {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        match argument {
            "--format=json" => return Format::Json,
            "--format" if arguments.next() == Some("json") => return Format::Json,
            "--" => break,
            _ => {}
        }
    }
    Format::Human
}
