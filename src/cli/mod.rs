//! The command line: the only room that knows its flags. They become requests whose values
//! are already valid.

mod agents;

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::Options;
use crate::demo::Demo;
use crate::disk;
use crate::guide;
use crate::mcp::Discovery;
use crate::name::{ImageTag, NameError, RelPath, ServiceName, parse_duration, split_values};
use crate::problem::{ErrorCode, Problem};
use crate::python::{Field, WorkflowName, default_field, distinct};
use crate::report::{Format, Page, View};
use crate::start::{Ports, Runtime, Start};
use crate::tool::Request;
use crate::tool::client::AddTemporalClient;
use crate::tool::temporal::{self, AddTemporal};
use crate::tool::workflow::{ActivityOptions, AddTemporalWorkflow, Members, Wrong};

pub use agents::{Argument, Takes, arguments_of, command_line};

/// A command line that makes sense.
pub enum Invocation {
    /// One of the tools.
    Tool {
        /// What is asked for.
        request: Box<Request>,
        /// How it is carried out.
        options: Options,
        /// What the report shows.
        view: View,
        /// How what was added is started, if it is to be.
        start: Option<Start>,
    },
    /// `status`
    Status {
        /// Where to look.
        options: Options,
        /// What the report shows.
        view: View,
    },
    /// The agents' server.
    Mcp {
        /// Where it works.
        options: Options,
        /// Which tools it lists.
        discovery: Discovery,
    },
    /// A page to be printed.
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

/// A command line that ends here.
pub enum Stop {
    /// Help or a version: to be printed, exit 0.
    Print(String),
    /// It is wrong in itself: exit 2.
    Wrong {
        /// The command as far as it was understood.
        command: String,
        /// What is wrong.
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
                  the next one. `bluetext demo` shows it all in a new folder.",
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
#[command(next_help_heading = "Options everywhere")]
struct Global {
    /// The project's folder [default: `$BLUETEXT_PROJECT`, or found upwards]
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,

    /// How the report is written
    #[arg(long, global = true, value_enum, default_value = "human")]
    format: ReportFormat,

    /// Show the same plan, and write nothing
    #[arg(long, global = true)]
    dry_run: bool,

    /// As --dry-run; exit 4 if anything would change
    #[arg(long, global = true)]
    check: bool,

    /// Show every change as a unified diff
    #[arg(long, global = true)]
    diff: bool,

    /// Replace files of ours that differ
    #[arg(long, global = true)]
    force: bool,

    /// How long to wait for another run to end
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
    color: Color,

    /// Print nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Also list what needs no change
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportFormat {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add the Temporal server, Postgres and the web UI as containers
    #[command(after_help = "Examples:
  bluetext add-temporal --dry-run --diff
  bluetext add-temporal --no-start
  bluetext add-temporal --stack stack --history-shards 4 --no-start")]
    AddTemporal(AddTemporalArgs),
    /// Add the Temporal client to a Python service
    #[command(after_help = "Examples:
  bluetext add-temporal-client
  bluetext add-temporal-client --service api --check --format json")]
    AddTemporalClient(AddTemporalClientArgs),
    /// Add typed workflows with models, activities and tests
    #[command(
        after_help = "Types: str int float bool bytes datetime date timedelta uuid decimal,
list[T], dict[str,T], and T? for an optional value.

Examples:
  bluetext add-temporal-workflow greeting --input name:str --output message:str
  bluetext add-temporal-workflow order-processing --input order_id:str,lines:dict[str,int]
  bluetext add-temporal-workflow shipping --activity reserve,charge --heartbeat 10s
  bluetext add-temporal-workflow approval --signal approve --query progress:str"
    )]
    AddTemporalWorkflow(AddTemporalWorkflowArgs),
    /// Say what the project has, and the next step
    #[command(after_help = "Examples:
  bluetext status
  bluetext status --format json")]
    Status,
    /// Show it all in a new folder, on a real Temporal server
    #[command(after_help = "Examples:
  bluetext demo
  bluetext demo --once --format json")]
    Demo(DemoArgs),
    /// Serve these tools to AI agents, over stdin and stdout (Model Context Protocol)
    #[command(after_help = "Examples:
  bluetext mcp --discovery static
  bluetext mcp config --client claude-code")]
    Mcp(McpArgs),
    /// Print a page for AI agents: the three steps, the rules of workflows, how to verify
    #[command(after_help = "Examples:
  bluetext guide
  bluetext guide --format json")]
    Guide,
    /// Print what completes these commands in a shell
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
#[command(args_conflicts_with_subcommands = true)]
struct McpArgs {
    /// Which tools are listed: those whose turn has come, or all of them
    #[arg(long, value_enum, value_name = "HOW", default_value = "progressive")]
    discovery: ListedTools,

    #[command(subcommand)]
    command: Option<McpCommand>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListedTools {
    Progressive,
    Static,
}

#[derive(Debug, Subcommand)]
enum McpCommand {
    /// Print the lines that make the server known to a host; nothing is written
    #[command(after_help = "Examples:
  bluetext mcp config --client vscode
  bluetext mcp config --client codex --project .")]
    Config {
        /// The host
        #[arg(long, value_enum, value_name = "HOST")]
        client: Host,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Host {
    ClaudeCode,
    Vscode,
    Cursor,
    Codex,
}

#[derive(Debug, Args)]
struct AddTemporalArgs {
    /// Start what was added, which is the default
    #[arg(long, overrides_with = "no_start")]
    start: bool,

    /// Scaffold only; the report names the command that starts the containers. Also with
    /// `BLUETEXT_NO_START=1`
    #[arg(long)]
    no_start: bool,

    /// What runs the server: `auto` is Polytope if `pt` is there, else nothing
    #[arg(long, value_enum, value_name = "RUNTIME", default_value = "auto")]
    runtime: NamedRuntime,

    /// How long everything may take to answer
    #[arg(long, value_name = "TIME", default_value = "120s")]
    #[arg(value_parser = parse_duration)]
    wait: Duration,

    /// The tool whose `run` gets the containers [default: `default` or `stack`]
    #[arg(long, value_name = "TOOL")]
    stack: Option<String>,

    /// The folder for the modules [default: `modules`, or `services` if that is used]
    #[arg(long, value_name = "DIR")]
    modules_dir: Option<String>,

    /// Version of temporalio/server and temporalio/admin-tools
    #[arg(long, value_name = "VERSION", default_value = temporal::TEMPORAL_VERSION)]
    temporal_version: String,

    /// Version of temporalio/ui
    #[arg(long, value_name = "VERSION", default_value = temporal::UI_VERSION)]
    ui_version: String,

    /// Version of postgres
    #[arg(long, value_name = "VERSION", default_value = temporal::POSTGRES_VERSION)]
    postgres_version: String,

    /// Number of history shards; can never be changed for a database
    #[arg(long, value_name = "COUNT", default_value_t = temporal::HISTORY_SHARDS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(temporal::MOST_HISTORY_SHARDS)))]
    history_shards: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NamedRuntime {
    Auto,
    Polytope,
    DevServer,
}

#[derive(Debug, Args)]
struct AddTemporalClientArgs {
    /// The service that gets the client [default: `api`, or the only one]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

#[derive(Debug, Args)]
struct AddTemporalWorkflowArgs {
    /// The workflows' names, e.g. `order-processing`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    /// The service that gets them [default: `api`, or the only one with the client]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// A field of the input, e.g. `order_id:str`; several with commas or by repeating
    #[arg(long, value_name = "FIELD:TYPE", action = ArgAction::Append)]
    input: Vec<String>,

    /// A field of the result, e.g. `status:str`; several with commas or by repeating
    #[arg(long, value_name = "FIELD:TYPE", action = ArgAction::Append)]
    output: Vec<String>,

    /// An activity; several are executed in their order [default: `process`]
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    activity: Vec<String>,

    /// A signal that the workflow waits for, e.g. `approve` or `note:str`
    #[arg(long, value_name = "NAME[:TYPE]", action = ArgAction::Append)]
    signal: Vec<String>,

    /// A query, e.g. `progress:str`
    #[arg(long, value_name = "NAME:TYPE", action = ArgAction::Append)]
    query: Vec<String>,

    /// An update that the workflow waits for, with a validator, e.g. `address:str`
    #[arg(long, value_name = "NAME:TYPE", action = ArgAction::Append)]
    update: Vec<String>,

    /// How long one attempt of an activity may take [default: 30s, without the next]
    #[arg(long, value_name = "TIME")]
    start_to_close: Option<String>,

    /// How long all attempts of an activity may take together
    #[arg(long, value_name = "TIME")]
    schedule_to_close: Option<String>,

    /// How long an activity may wait for a worker
    #[arg(long, value_name = "TIME")]
    schedule_to_start: Option<String>,

    /// How long an activity may be silent; it then sends heartbeats
    #[arg(long, value_name = "TIME")]
    heartbeat: Option<String>,

    /// How often an activity is tried at the most [default: without end]
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<String>,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The folder to make
    #[arg(default_value = "bluetext-demo", value_name = "DIR")]
    folder: PathBuf,

    /// End after the workflow's result, without waiting for Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Understand a command line; the first argument is the program's name.
///
/// # Errors
///
/// [`Stop`] for help, versions and everything that is wrong.
pub fn parse(arguments: &[OsString], current: PathBuf) -> Result<Invocation, Stop> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return Err(stop(arguments, &error)),
    };
    let Global {
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
    } = cli.global;
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let view = View {
        check,
        diff,
        verbose,
        quiet,
        format: match format {
            ReportFormat::Human => Format::Human,
            ReportFormat::Json => Format::Json,
        },
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
        fault: None,
    };
    let mut values = Values::default();
    let mut start = None;
    let (command, request) = match cli.command {
        Command::Status => return Ok(Invocation::Status { options, view }),
        Command::Guide => {
            let page = Page::new("guide", guide::GUIDE.to_owned());
            return Ok(Invocation::Page { page, view });
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bluetext", &mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            let page = Page::new("completions", text);
            return Ok(Invocation::Page { page, view });
        }
        Command::Mcp(McpArgs { command, discovery }) => {
            return Ok(mcp(command.as_ref(), discovery, options, view));
        }
        Command::Demo(DemoArgs { folder, once }) => {
            let folder = options.current.join(folder);
            return Ok(Invocation::Demo {
                demo: Demo { folder, once },
                view,
            });
        }
        Command::AddTemporal(arguments) => {
            start = arguments.start(quiet).filter(|_| options.write);
            ("add-temporal", arguments.request(&mut values))
        }
        Command::AddTemporalClient(arguments) => {
            ("add-temporal-client", arguments.request(&mut values))
        }
        Command::AddTemporalWorkflow(arguments) => {
            ("add-temporal-workflow", arguments.request(&mut values))
        }
    };
    match request {
        Some(request) if values.problems.is_empty() => Ok(Invocation::Tool {
            request: Box::new(request),
            options,
            view,
            start,
        }),
        _ => Err(Stop::Wrong {
            command: command.to_owned(),
            problems: values.problems,
            view,
        }),
    }
}

/// The server, or a page about it.
fn mcp(
    command: Option<&McpCommand>,
    discovery: ListedTools,
    options: Options,
    view: View,
) -> Invocation {
    match command {
        None => Invocation::Mcp {
            options,
            discovery: match discovery {
                ListedTools::Progressive => Discovery::Progressive,
                ListedTools::Static => Discovery::Static,
            },
        },
        Some(McpCommand::Config { client }) => {
            let host = match client {
                Host::ClaudeCode => guide::Host::ClaudeCode,
                Host::Vscode => guide::Host::VsCode,
                Host::Cursor => guide::Host::Cursor,
                Host::Codex => guide::Host::Codex,
            };
            // The host starts the server in a folder of its own choice.
            let project = options.project.map(|project| options.current.join(project));
            let text = guide::configuration(host, project.as_deref());
            Invocation::Page {
                page: Page::new("mcp config", text),
                view,
            }
        }
    }
}

/// The definition of the command line, for manuals.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Values on their way to being valid, and what is wrong with those that are not.
#[derive(Default)]
struct Values {
    problems: Vec<Problem>,
}

impl Values {
    fn one<T: FromStr<Err = NameError>>(&mut self, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.wrong(&error)).ok()
    }

    /// A value that may be left out, or be empty, which counts as that.
    #[expect(
        clippy::option_option,
        reason = "not given, given and wrong, given and right"
    )]
    fn optional<T: FromStr<Err = NameError>>(&mut self, text: Option<&str>) -> Option<Option<T>> {
        match text.map(str::trim).filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => self.one(text).map(Some),
        }
    }

    fn many<T: FromStr<Err = NameError>>(&mut self, texts: &[String]) -> Option<Vec<T>> {
        let parts: Vec<&str> = texts.iter().flat_map(|text| split_values(text)).collect();
        let parsed: Vec<Option<T>> = parts.into_iter().map(|part| self.one(part)).collect();
        parsed.into_iter().collect()
    }

    /// Fields, no two of one name; one text where none is given.
    fn fields(&mut self, texts: &[String], flag: &str) -> Option<Vec<Field>> {
        let fields: Vec<Field> = self.many(texts)?;
        if fields.is_empty() {
            return Some(vec![default_field()]);
        }
        for (index, field) in fields.iter().enumerate() {
            if fields[..index].iter().any(|other| other.name == field.name) {
                self.problems.push(usage(
                    ErrorCode::InvalidName,
                    format!("`{flag}` has the field `{}` twice", field.name),
                    None,
                ));
                return None;
            }
        }
        Some(fields)
    }

    /// Values that have to fit each other.
    fn together<T>(&mut self, checked: Result<T, Vec<Wrong>>) -> Option<T> {
        let wrong = match checked {
            Ok(values) => return Some(values),
            Err(wrong) => wrong,
        };
        for Wrong { message, hint } in wrong {
            self.problems
                .push(usage(ErrorCode::InvalidCombination, message, Some(hint)));
        }
        None
    }

    fn wrong(&mut self, error: &NameError) {
        let hint = error
            .suggestion
            .as_ref()
            .map(|text| format!("`{text}` would do"));
        self.problems
            .push(usage(ErrorCode::InvalidName, error.to_string(), hint));
    }
}

fn usage(code: ErrorCode, message: String, hint: Option<String>) -> Problem {
    Problem {
        hint,
        ..Problem::new(code, message)
    }
}

impl AddTemporalArgs {
    /// How what is added is started, unless it is not to be.
    fn start(&self, quiet: bool) -> Option<Start> {
        let is_off = std::env::var_os("BLUETEXT_NO_START").is_some_and(|value| value == "1");
        let is_wanted = !self.no_start && (self.start || !is_off);
        is_wanted.then(|| Start {
            runtime: match self.runtime {
                NamedRuntime::Auto => Runtime::Auto,
                NamedRuntime::Polytope => Runtime::Polytope,
                NamedRuntime::DevServer => Runtime::DevServer,
            },
            wait: self.wait,
            quiet,
            path: std::env::var_os("PATH").unwrap_or_default(),
            state_folder: disk::state_folder(),
            ports: Ports::default(),
        })
    }

    fn request(self, values: &mut Values) -> Option<Request> {
        let Self {
            start: _,
            no_start: _,
            runtime: _,
            wait: _,
            stack,
            modules_dir,
            temporal_version,
            ui_version,
            postgres_version,
            history_shards,
        } = self;
        let stack = values.optional::<ServiceName>(stack.as_deref());
        let modules_dir = values.optional::<RelPath>(modules_dir.as_deref());
        let temporal_version = values.one::<ImageTag>(&temporal_version);
        let ui_version = values.one::<ImageTag>(&ui_version);
        let postgres_version = values.one::<ImageTag>(&postgres_version);
        Some(Request::AddTemporal(AddTemporal {
            stack: stack?.map(|name| name.to_string()),
            modules_dir: modules_dir?,
            temporal_version: temporal_version?,
            ui_version: ui_version?,
            postgres_version: postgres_version?,
            history_shards,
        }))
    }
}

impl AddTemporalClientArgs {
    fn request(self, values: &mut Values) -> Option<Request> {
        let service = values.optional(self.service.as_deref())?;
        Some(Request::AddTemporalClient(AddTemporalClient { service }))
    }
}

impl AddTemporalWorkflowArgs {
    fn request(self, values: &mut Values) -> Option<Request> {
        let Self {
            names,
            service,
            input,
            output,
            activity,
            signal,
            query,
            update,
            start_to_close,
            schedule_to_close,
            schedule_to_start,
            heartbeat,
            max_attempts,
        } = self;
        let names = values.many::<WorkflowName>(&names);
        let service = values.optional(service.as_deref());
        let input = values.fields(&input, "--input");
        let output = values.fields(&output, "--output");
        let activities = values.many(&activity);
        let signals = values.many(&signal);
        let queries = values.many(&query);
        let updates = values.many(&update);
        let start_to_close = values.optional(start_to_close.as_deref());
        let schedule_to_close = values.optional(schedule_to_close.as_deref());
        let schedule_to_start = values.optional(schedule_to_start.as_deref());
        let heartbeat = values.optional(heartbeat.as_deref());
        let max_attempts = values.optional(max_attempts.as_deref());
        let names = names?;
        if names.is_empty() {
            let message = "no workflow is named".to_owned();
            let hint = "bluetext add-temporal-workflow greeting".to_owned();
            values
                .problems
                .push(usage(ErrorCode::InvalidName, message, Some(hint)));
        }
        if let Err(error) = distinct(&names) {
            values.wrong(&error);
        }
        let options = ActivityOptions::checked(
            start_to_close?,
            schedule_to_close?,
            schedule_to_start?,
            heartbeat?,
            max_attempts?,
        );
        let options = values.together(options);
        let members = Members::checked(&names, activities?, signals?, queries?, updates?);
        let members = values.together(members);
        Some(Request::AddTemporalWorkflow(AddTemporalWorkflow {
            names,
            service: service?,
            input: input?,
            output: output?,
            members: members?,
            options: options?,
        }))
    }
}

/// What to do with a command line that clap did not take.
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
    let commands = Cli::command();
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
        problems: vec![usage(ErrorCode::Usage, message, None)],
        view: View {
            format: format_of(arguments),
            ..View::default()
        },
    }
}

/// The format asked for, in arguments that could not be parsed.
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
