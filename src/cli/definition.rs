//! The definition of the command line: its commands, flags and help.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Args, ColorChoice, CommandFactory, Parser, Subcommand};

use super::start::StartArgs;
use crate::analysis::Rule;
use crate::guide;
use crate::name::parse_duration;
use crate::report::Format;
use crate::tool::all_tools;

/// Which tools are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Discovery {
    /// Only the tools that the project has registered.
    Progressive,
    /// All of them, for clients that read the list only once.
    Static,
}

/// Adds Temporal to a project of Python services, in three steps.
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
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The project's folder [default: `$BLUETEXT_PROJECT`, or the nearest above]
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,

    /// Format of the report
    #[arg(long, global = true, value_enum, default_value = "human")]
    pub(super) format: Format,

    /// Print the plan, and write nothing
    #[arg(long, global = true)]
    pub(super) dry_run: bool,

    /// Like --dry-run; exit with 4 if anything would change
    #[arg(long, global = true)]
    pub(super) check: bool,

    /// Print each change as a unified diff
    #[arg(long, global = true)]
    pub(super) diff: bool,

    /// Replace or remove files of bluetext that have been changed
    #[arg(long, global = true)]
    pub(super) force: bool,

    /// How long to wait for another run on the same project
    #[arg(long, global = true, value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = parse_duration)]
    pub(super) lock_wait: Duration,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(super) color: ColorChoice,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// List every file, unchanged ones too
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
pub(super) struct GuideArgs {
    /// Add a short section to the project's AGENTS.md, or bring it to this version
    #[arg(long)]
    pub(super) write: bool,

    /// Remove that section
    #[arg(long, conflicts_with = "write")]
    pub(super) remove: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The workflow to draw: its name, class or module
    #[arg(value_name = "NAME", requires = "diagram")]
    pub(super) workflow: Option<String>,

    /// Print the workflow NAME as a Mermaid diagram
    #[arg(long, requires = "workflow")]
    pub(super) diagram: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The service to check, by name or folder [default: the whole project]
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,

    /// Print a rule: what it is about, why, and what to write instead
    #[arg(
        long,
        value_name = "CODE",
        conflicts_with = "service",
        hide_possible_values = true
    )]
    #[arg(value_parser = rule_codes())]
    pub(super) explain: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The workflows to execute [default: all]
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,

    /// The service to verify, by name or folder [default: all with a generated worker]
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,

    /// Maximum time for everything
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub(super) timeout: Duration,
}

/// The codes of the rules.
fn rule_codes() -> PossibleValuesParser {
    PossibleValuesParser::new(Rule::ALL.iter().map(|rule| rule.code()))
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct McpArgs {
    /// Which tools are listed: the next ones only, or all of them
    #[arg(long, value_enum, value_name = "HOW", default_value = "progressive")]
    pub(super) discovery: Discovery,

    #[command(subcommand)]
    pub(super) command: Option<McpCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum McpCommand {
    /// Print the configuration of an MCP client, and the file that it belongs to
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
pub(super) struct DemoArgs {
    /// The folder to create
    #[arg(default_value = "bluetext-demo", value_name = "DIR")]
    pub(super) folder: PathBuf,

    /// End after the workflow's result, without waiting for Ctrl-C
    #[arg(long)]
    pub(super) once: bool,
}

/// The global options of a command; `None` for all, as in commands that write files. The others
/// have no effect on it.
fn globals_of(command: &str) -> Option<&'static [&'static str]> {
    Some(match command {
        "status" => &["project", "format", "check", "color", "quiet"],
        "check" => &["project", "format", "color", "quiet", "verbose"],
        "verify" => &["project", "format", "color", "quiet"],
        "demo" => &["format", "color", "quiet"],
        "mcp" => &["project", "lock_wait"],
        "completions" => &["format"],
        _ => return None,
    })
}

/// Hide the global options that have no effect on a command from its help, and describe the
/// others in its terms.
fn with_its_globals(mut command: clap::Command, globals: &[Arg]) -> clap::Command {
    let own = globals_of(command.get_name());
    for global in globals {
        let id = global.get_id().as_str();
        let mut global = global
            .clone()
            .hide(own.is_some_and(|own| !own.contains(&id)));
        match (command.get_name(), id) {
            ("check", "verbose") => global = global.help("List the calls that were not followed"),
            ("check", _) => {}
            ("status", "check") => global = global.help("Exit with 4 if anything is wrong"),
            ("mcp", "lock_wait") => {
                global = global.help("How long a call waits for another run on the same project");
            }
            (_, "format") => {
                let help = "Format of the report: human or json [default: human]";
                global = global
                    .help(help)
                    .hide_possible_values(true)
                    .hide_default_value(true);
            }
            _ => {}
        }
        command = command.arg(global);
    }
    // Commands inside this one have their own.
    command.mut_subcommands(|inside| with_its_globals(inside, globals))
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
    let command = Cli::command()
        .disable_help_flag(true)
        .arg(help)
        .subcommands(tools);
    let globals: Vec<Arg> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set() && argument.get_id() != "help")
        .cloned()
        .collect();
    command.mut_subcommands(|command| with_its_globals(command, &globals))
}

/// A space at which clap does not wrap a line.
const NO_BREAK_SPACE: &str = "\u{a0}";

/// The definition with the end of each help text in a form in which no command is wrapped;
/// [`with_spaces`] turns the printed help back.
pub(super) fn with_whole_commands(command: clap::Command) -> clap::Command {
    let command = match command.get_after_help() {
        Some(text) => {
            let text = text.to_string();
            command.after_help(whole_commands(&text))
        }
        None => command,
    };
    command.mut_subcommands(with_whole_commands)
}

/// Replace the spaces of commands, which are indented lines or between backticks.
fn whole_commands(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("  ") {
            return line.replace(' ', NO_BREAK_SPACE);
        }
        let parts = line.split('`').enumerate().map(|(index, part)| {
            if index % 2 == 1 {
                part.replace(' ', NO_BREAK_SPACE)
            } else {
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("`")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A printed help with ordinary spaces.
pub(super) fn with_spaces(help: &str) -> String {
    help.replace(NO_BREAK_SPACE, " ")
}
