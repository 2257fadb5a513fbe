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

    /// Like --dry-run; exit with 4 if anything would change, or `status` finds anything wrong
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

    /// Also list unchanged files
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
