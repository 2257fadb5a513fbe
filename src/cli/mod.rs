//! The command line. Parses flags into validated requests. Each tool defines its own flags.

mod agents;
mod files;
mod start;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{
    Arg, ArgAction, ArgMatches, Args, ColorChoice, CommandFactory, FromArgMatches, Parser,
    Subcommand,
};

use crate::analysis::Rule;
use crate::demo::Demo;
use crate::guide;
use crate::name::parse_duration;
use crate::problem::{ErrorCode, Problem};
use crate::process::Limits;
use crate::report::{Format, Page, View};
use crate::run::Options;
use crate::start::Start;
use crate::tool::client::ServiceChoice;
use crate::tool::{Request, ToolInfo, Values, all_tools, tool_of};

pub use agents::{arguments_of, command_line};
pub use files::AgentTask;
use start::StartArgs;

/// Which tools are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Discovery {
    /// Only the tools that the project has registered.
    Progressive,
    /// All of them, for clients that read the list only once.
    Static,
}

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

/// Adds Temporal to a project that Polytope runs, in three steps.
#[derive(Debug, Parser)]
#[command(
    name = "bluetext",
    version,
    about,
    after_help = "Start in your project's folder with `bluetext add-temporal`; each step names \
                  the next one. `bluetext demo` runs all of them in a new folder.",
    disable_help_subcommand = true,
    infer_long_args = false
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// The project's folder [default: `$BLUETEXT_PROJECT`, or the nearest above]
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,

    /// Format of the report
    #[arg(long, global = true, value_enum, default_value = "human")]
    format: Format,

    /// Print the plan, and write nothing
    #[arg(long, global = true)]
    dry_run: bool,

    /// Like --dry-run; exit with 4 if anything would change, or `status` finds anything wrong
    #[arg(long, global = true)]
    check: bool,

    /// Print each change as a unified diff
    #[arg(long, global = true)]
    diff: bool,

    /// Replace or remove files of bluetext that have been changed
    #[arg(long, global = true)]
    force: bool,

    /// How long to wait for another run on the same project
    #[arg(long, global = true, value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = parse_duration)]
    lock_wait: Duration,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: ColorChoice,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Also list unchanged files
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the state of the project, and the next step
    #[command(after_help = "Examples:
  bluetext status
  bluetext status --check --format json
  bluetext status greeting --diagram")]
    Status(StatusArgs),
    /// Find what breaks the rules of workflow code, before it runs
    #[command(after_help = "Exit code 4 if there are findings.

Examples:
  bluetext check
  bluetext check --service api --format sarif
  bluetext check --explain clock")]
    Check(CheckArgs),
    /// Prove that a service works: run its tests, and each workflow on a Temporal dev server
    #[command(
        after_help = "Installs the service in its folder, as its packaging says. The \
activities run for real.
Each workflow must end within 60 s.
Exit code 7 if a test or a workflow fails.

Examples:
  bluetext verify
  bluetext verify greeting --service api --format json"
    )]
    Verify(VerifyArgs),
    /// Run all three steps in a new folder, on a real Temporal server
    #[command(after_help = "Examples:
  bluetext demo
  bluetext demo --once --format json")]
    Demo(DemoArgs),
    /// Serve the tools to AI agents over stdin and stdout (Model Context Protocol)
    #[command(after_help = "Examples:
  bluetext mcp --discovery static
  bluetext mcp config --client claude-code")]
    Mcp(McpArgs),
    /// Print a guide for AI agents: the three steps, the rules of workflows, how to verify
    #[command(after_help = "Examples:
  bluetext guide
  bluetext guide --write
  bluetext guide --remove")]
    Guide(GuideArgs),
    /// Print shell completions
    #[command(after_help = "Examples:
  bluetext completions bash
  bluetext completions fish")]
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
struct GuideArgs {
    /// Add a short section to the project's AGENTS.md, or bring it to this version
    #[arg(long)]
    write: bool,

    /// Remove that section
    #[arg(long, conflicts_with = "write")]
    remove: bool,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// The workflow to draw: its name, class or module
    #[arg(value_name = "NAME", requires = "diagram")]
    workflow: Option<String>,

    /// Print the workflow NAME as a Mermaid diagram
    #[arg(long, requires = "workflow")]
    diagram: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The service to check, by name or folder [default: the whole project]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// Print a rule: what it is about, why, and what to write instead
    #[arg(
        long,
        value_name = "CODE",
        conflicts_with = "service",
        hide_possible_values = true
    )]
    #[arg(value_parser = rule_codes())]
    explain: Option<String>,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The workflows to execute [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// The service to verify, by name or folder [default: all with a generated worker]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// Maximum time for everything
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    timeout: Duration,
}

/// The codes of the rules.
fn rule_codes() -> PossibleValuesParser {
    PossibleValuesParser::new(Rule::ALL.iter().map(|rule| rule.code()))
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct McpArgs {
    /// Which tools are listed: the next ones only, or all of them
    #[arg(long, value_enum, value_name = "HOW", default_value = "progressive")]
    discovery: Discovery,

    #[command(subcommand)]
    command: Option<McpCommand>,
}

#[derive(Debug, Subcommand)]
enum McpCommand {
    /// Print the configuration of an MCP client, and the file that it belongs into
    #[command(after_help = "Examples:
  bluetext mcp config --client vscode
  bluetext mcp config --client claude-code --write
  bluetext mcp config --client codex --project .")]
    Config {
        /// The MCP client
        #[arg(long, value_enum, value_name = "HOST")]
        client: guide::Host,

        /// Put it into that file, if it is in the project
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The folder to create
    #[arg(default_value = "bluetext-demo", value_name = "DIR")]
    folder: PathBuf,

    /// End after the workflow's result, without waiting for Ctrl-C
    #[arg(long)]
    once: bool,
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

/// The definition of the command line: the tools first, each from its own definition.
#[must_use]
pub fn command() -> clap::Command {
    let tools = all_tools().enumerate().map(|(index, tool)| {
        let command = tool.command().display_order(index);
        if tool.starts {
            StartArgs::augment_args(command)
        } else {
            command
        }
    });
    // Short help only: long help has a line for each value of an option.
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .help("Print help")
        .action(ArgAction::HelpShort)
        .global(true);
    Cli::command()
        .disable_help_flag(true)
        .arg(help)
        .subcommands(tools)
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
