//! The command line. Parses flags into validated requests. Each tool defines its own flags.

mod agents;
mod definition;
mod files;
mod start;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgMatches, ColorChoice, FromArgMatches};

use crate::analysis::Rule;
use crate::demo::Demo;
use crate::guide;
use crate::problem::{ErrorCode, Problem};
use crate::process::Limits;
use crate::report::{Format, Page, View};
use crate::run::Options;
use crate::start::Start;
use crate::tool::client::ServiceChoice;
use crate::tool::{Request, ToolInfo, Values, tool_of};

pub use agents::{arguments_of, command_line};
use definition::{
    CheckArgs, Cli, Command, DemoArgs, Global, GuideArgs, McpArgs, McpCommand, StatusArgs,
    VerifyArgs,
};
pub use definition::{Discovery, command};
pub use files::AgentTask;
use start::StartArgs;

/// A valid command line.
pub enum Invocation {
    /// One of the tools.
    Tool {
        /// What is asked for.
        request: Box<Request>,
        /// The options of the run.
        options: Options,
        /// What the report shows.
        view: View,
        /// How to start the added containers, if requested.
        start: Option<Start>,
    },
    /// `status`
    Status {
        /// Where to look.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// `status NAME --diagram`
    Diagram {
        /// The name of the workflow.
        workflow: String,
        /// Where to look.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// `check`
    Check {
        /// The service to check; `None` for the whole project.
        service: Option<ServiceChoice>,
        /// Where to look.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// `verify`
    Verify {
        /// The service to verify; `None` for all.
        service: Option<ServiceChoice>,
        /// The workflows to execute; empty for all.
        workflows: Vec<String>,
        /// Maximum time for everything.
        timeout: Duration,
        /// Where to look.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// The MCP server.
    Mcp {
        /// The options of its runs.
        options: Options,
        /// Which tools it lists.
        discovery: Discovery,
    },
    /// `mcp config --write`, `guide --write` or `guide --remove`
    Agents {
        /// What is written.
        task: AgentTask,
        /// The options of the run.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// A page to print.
    Page {
        /// The page.
        page: Page,
        /// How it is written.
        view: View,
    },
    /// The demo.
    Demo {
        /// What is asked for.
        demo: Demo,
        /// What the report shows.
        view: View,
    },
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
    let matches = command()
        .try_get_matches_from(arguments)
        .map_err(|error| wrong(&error))?;
    let global = Global::from_arg_matches(&matches).map_err(|error| wrong(&error))?;
    let (options, view) = global.into_options(current);
    let name = matches.subcommand_name().unwrap_or_default();
    if view.format == Format::Sarif && name != "check" {
        let message = format!("`{name}` has no SARIF: `--format sarif` is for `check`");
        return Err(Stop::Wrong {
            command: name.to_owned(),
            problems: vec![
                Problem::new(ErrorCode::Usage, message)
                    .hint(format!("bluetext {name} --format json")),
            ],
            view: View::default(),
        });
    }
    let tool = matches
        .subcommand()
        .and_then(|(name, flags)| Some((tool_of(name)?, flags)));
    if let Some((tool, flags)) = tool {
        return tool_call(tool, flags, options, view);
    }
    let cli = Cli::from_arg_matches(&matches).map_err(|error| wrong(&error))?;
    Ok(match cli.command {
        Command::Status(StatusArgs { workflow, .. }) => match workflow {
            Some(workflow) => Invocation::Diagram {
                workflow,
                options,
                view,
            },
            None => Invocation::Status { options, view },
        },
        Command::Check(arguments) => return check(arguments, options, view),
        Command::Verify(arguments) => return verify(arguments, options, view),
        Command::Guide(GuideArgs { write, remove }) => {
            let task = match (write, remove) {
                (true, _) => AgentTask::WriteGuide,
                (_, true) => AgentTask::RemoveGuide,
                (false, false) => {
                    let page = Page::new("guide", guide::GUIDE.to_owned());
                    return Ok(Invocation::Page { page, view });
                }
            };
            Invocation::Agents {
                task,
                options,
                view,
            }
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command(), "bluetext", &mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            let page = Page::new("completions", text);
            Invocation::Page { page, view }
        }
        Command::Mcp(McpArgs { command, discovery }) => {
            return mcp(command.as_ref(), discovery, options, view);
        }
        Command::Demo(DemoArgs { folder, once }) => {
            let folder = options.current.join(folder);
            Invocation::Demo {
                demo: Demo { folder, once },
                view,
            }
        }
    })
}

/// The check, or the page of a rule.
fn check(arguments: CheckArgs, options: Options, view: View) -> Result<Invocation, Stop> {
    let CheckArgs { service, explain } = arguments;
    if let Some(rule) = explain.as_deref().and_then(Rule::of) {
        let page = Page::new("check", rule.page());
        return Ok(Invocation::Page { page, view });
    }
    let service = chosen_service("check", service.as_deref(), view)?;
    Ok(Invocation::Check {
        service,
        options,
        view,
    })
}

/// The verification.
fn verify(arguments: VerifyArgs, options: Options, view: View) -> Result<Invocation, Stop> {
    let VerifyArgs {
        names: workflows,
        service,
        timeout,
    } = arguments;
    if !options.write {
        let message = "`verify` runs programs: it has no `--dry-run` and no `--check`".to_owned();
        return Err(Stop::Wrong {
            command: "verify".to_owned(),
            problems: vec![Problem::new(ErrorCode::Usage, message).hint("bluetext check")],
            view,
        });
    }
    let service = chosen_service("verify", service.as_deref(), view)?;
    Ok(Invocation::Verify {
        service,
        workflows,
        timeout,
        options,
        view,
    })
}

/// The chosen service, if its name is valid.
fn chosen_service(
    command: &str,
    service: Option<&str>,
    view: View,
) -> Result<Option<ServiceChoice>, Stop> {
    let mut values = Values::default();
    values.optional(service).ok_or_else(|| Stop::Wrong {
        command: command.to_owned(),
        problems: values.problems,
        view,
    })
}

/// The call of a tool, if its values are valid.
fn tool_call(
    tool: &ToolInfo,
    flags: &ArgMatches,
    options: Options,
    view: View,
) -> Result<Invocation, Stop> {
    let start = tool.starts.then(|| StartArgs::from_arg_matches(flags).ok());
    let start = start.flatten().and_then(|start| start.start(view.quiet));
    let mut values = Values::default();
    match tool.request(flags, &mut values) {
        Some(request) if values.problems.is_empty() => Ok(Invocation::Tool {
            request: Box::new(request),
            start: start.filter(|_| options.write),
            options,
            view,
        }),
        _ => Err(Stop::Wrong {
            command: tool.name.to_owned(),
            problems: values.problems,
            view,
        }),
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

/// The MCP server, or its client configuration.
fn mcp(
    command: Option<&McpCommand>,
    discovery: Discovery,
    options: Options,
    view: View,
) -> Result<Invocation, Stop> {
    let Some(McpCommand::Config { client, write }) = command else {
        return Ok(Invocation::Mcp { options, discovery });
    };
    // Some clients start the server in any folder. A file in the project has no path of this
    // machine: its client starts the server in the project.
    let needs_folder = options.project.is_some() || !client.starts_in_project();
    let project = (needs_folder && !write).then(|| {
        let given = options.project.as_deref().unwrap_or(Path::new(""));
        let project = options.current.join(given);
        project
            .canonicalize()
            .unwrap_or(project)
            .display()
            .to_string()
    });
    let configuration = guide::configuration(*client, project.as_deref());
    if !write {
        let page = Page::new("mcp config", configuration.text).belongs_into(configuration.file);
        return Ok(Invocation::Page { page, view });
    }
    if !configuration.is_in_project {
        let message = format!(
            "the configuration of this client is outside of the project: {}",
            configuration.file
        );
        let hint = format!("add this there by hand:\n{}", configuration.text);
        return Err(Stop::Wrong {
            command: "mcp".to_owned(),
            problems: vec![Problem::new(ErrorCode::Usage, message).hint(hint)],
            view,
        });
    }
    Ok(Invocation::Agents {
        task: AgentTask::Configure(configuration),
        options,
        view,
    })
}

/// Convert a clap error.
fn stop(arguments: &[OsString], error: &clap::Error) -> Stop {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if is_help {
        return Stop::Print(error.render().ansi().to_string());
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
