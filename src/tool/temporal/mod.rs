//! `add-temporal`: server, Postgres and web UI as containers that Polytope manages.

mod versions;

use clap::parser::ValueSource;
use clap::{Args, FromArgMatches};
use serde::Serialize;

use crate::name::ServiceName;
use crate::name::{ImageTag, RelPath, shell_word};
use crate::plan::Warning;
use crate::problem::{Problem, WarningCode};
use crate::project::{Project, Tool};
use crate::record;
use crate::template::{Template, render, template};

use super::polytope::{
    add_base_tool, add_module, add_steps, is_included_from_elsewhere, modules_folder, stack_tool,
    start_root_file,
};
use super::register::{ParameterStyle, register};
use super::values::Values;
use super::{Draft, Request, ToolInfo};

/// Default version of Temporal's server and admin tools.
pub const TEMPORAL_VERSION: &str = "1.32.0";

/// Default version of Temporal's web UI, released for that server.
pub const UI_VERSION: &str = "2.54.1";

/// The major version of Postgres: a volume written by one cannot be read by another.
pub const POSTGRES_VERSION: &str = "16";

/// Largest number of history shards known to be in use.
pub const MAX_HISTORY_SHARDS: u32 = 16_384;

/// Default number of history shards: enough to grow from one machine to a cluster.
pub const HISTORY_SHARDS: u32 = 512;

/// The tool.
pub static TOOL: ToolInfo = ToolInfo {
    name: "add-temporal",
    about: "Temporal server, Postgres and web UI as containers",
    example: "bluetext add-temporal",
    title: "Add a Temporal server",
    note: "",
    call: "{}",
    help: "Add the Temporal server, Postgres and the web UI as containers",
    after_help: "Examples:
  bluetext add-temporal --dry-run --diff
  bluetext add-temporal --no-start
  bluetext add-temporal --stack stack --history-shards 4 --no-start",
    starts: true,
    define: Arguments::augment_args,
    ranges: &[("history_shards", (1, MAX_HISTORY_SHARDS))],
    request: |matches, values| {
        // A tool in `polytope.yml` always passes each flag, with its default as well.
        let is_given = |flag: &str| {
            let argument = TOOL
                .arguments()
                .into_iter()
                .find(|known| known.name == flag);
            let value = matches
                .get_raw(flag)
                .and_then(|mut values| values.next_back());
            matches.value_source(flag) == Some(ValueSource::CommandLine)
                && value.and_then(|value| value.to_str())
                    != argument.as_ref().map(|argument| argument.default.as_str())
        };
        let given = FLAGS.into_iter().filter(|flag| is_given(flag)).collect();
        Arguments::from_arg_matches(matches)
            .ok()?
            .request(given, values)
    },
    allowed: |_| true,
    registered: None,
    undoes: None,
};

#[derive(Debug, Args)]
struct Arguments {
    /// The tool whose `run` gets the containers [default: `default` or `stack`]
    #[arg(long, value_name = "TOOL")]
    stack: Option<String>,

    /// The folder for the modules [default: `modules`, or `services` if that is used]
    #[arg(long, value_name = "DIR")]
    modules_dir: Option<String>,

    /// Version of temporalio/server and temporalio/admin-tools
    #[arg(long, value_name = "VERSION", default_value = TEMPORAL_VERSION)]
    temporal_version: String,

    /// Version of temporalio/ui
    #[arg(long, value_name = "VERSION", default_value = UI_VERSION)]
    ui_version: String,

    /// Version of postgres
    #[arg(long, value_name = "VERSION", default_value = POSTGRES_VERSION)]
    postgres_version: String,

    /// Number of history shards; can never be changed for a database
    #[arg(long, value_name = "COUNT", default_value_t = HISTORY_SHARDS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_HISTORY_SHARDS)))]
    history_shards: u32,
}

impl Arguments {
    fn request(self, given: Vec<&'static str>, values: &mut Values) -> Option<Request> {
        let Self {
            stack,
            modules_dir,
            temporal_version,
            ui_version,
            postgres_version,
            history_shards,
        } = self;
        let stack = values.optional::<ServiceName>(stack.as_deref());
        let modules_dir = values.optional::<RelPath>(modules_dir.as_deref());
        let mut version = |given: &str, default: &str| {
            let given = given.trim();
            values.one::<ImageTag>(if given.is_empty() { default } else { given })
        };
        let temporal_version = version(&temporal_version, TEMPORAL_VERSION);
        let ui_version = version(&ui_version, UI_VERSION);
        let postgres_version = version(&postgres_version, POSTGRES_VERSION);
        Some(Request::AddTemporal(AddTemporal {
            stack: stack?.map(|name| name.to_string()),
            modules_dir: modules_dir?,
            temporal_version: temporal_version?,
            ui_version: ui_version?,
            postgres_version: postgres_version?,
            history_shards,
            given,
        }))
    }
}

/// The arguments of `add-temporal`.
#[derive(Debug, Clone)]
pub struct AddTemporal {
    /// The tool whose `run` gets the containers.
    pub stack: Option<String>,
    /// The folder that gets the modules.
    pub modules_dir: Option<RelPath>,
    /// The version of the images `temporalio/server` and `temporalio/admin-tools`, which
    /// must be the same.
    pub temporal_version: ImageTag,
    /// The version of the image `temporalio/ui`.
    pub ui_version: ImageTag,
    /// The version of the image `postgres`.
    pub postgres_version: ImageTag,
    /// The number of history shards, which can never be changed afterwards.
    pub history_shards: u32,
    /// The versions and numbers that were given and are not the defaults, by the ids of their
    /// flags.
    pub given: Vec<&'static str>,
}

/// All that the step may add, for the first line of a report.
pub(super) const SUBJECT: &str = "the Temporal server, Postgres and the web UI";

/// The flags whose values are on record.
const FLAGS: [&str; 4] = [
    "temporal_version",
    "ui_version",
    "postgres_version",
    "history_shards",
];

/// The modules of the containers.
const POSTGRES: Template = template!("add-temporal/modules/postgres/polytope.yml");
const TEMPORAL: Template = template!("add-temporal/modules/temporal/polytope.yml");

/// What the modules contain.
#[derive(Serialize)]
struct Context<'a> {
    temporal_version: &'a str,
    ui_version: &'a str,
    postgres_version: &'a str,
    history_shards: u32,
    awaits: bool,
}

/// Plan the server, its database and the web UI.
///
/// # Errors
///
/// Why nothing can be planned.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporal) -> Result<(), Problem> {
    let project = draft.project();
    let folder = modules_folder(project, arguments.modules_dir.as_ref());
    draft.act_for(record::of_step(TOOL.name));
    let deed = draft.deed();
    let arguments = &versions::chosen(draft, arguments)?;
    start_root_file(draft);
    let mut steps = Vec::new();
    let mut ui = project.has_tool("temporal-ui");
    let mut what = "the tools for the project's own Temporal server";
    if has_server_of_its_own(project) {
        draft.notes.warnings.extend(deprecated_images(project));
    } else {
        let context = Context {
            temporal_version: arguments.temporal_version.as_str(),
            ui_version: arguments.ui_version.as_str(),
            postgres_version: arguments.postgres_version.as_str(),
            history_shards: arguments.history_shards,
            awaits: ParameterStyle::awaits_containers(project),
        };
        what = "the Temporal server and the web UI, on the project's Postgres";
        if !is_included_from_elsewhere(project, "postgres") {
            add_module(draft, &folder, "postgres", &render(POSTGRES, &context));
            what = SUBJECT;
        }
        if !is_included_from_elsewhere(project, "temporal") {
            ui |= add_module(draft, &folder, "temporal", &render(TEMPORAL, &context));
        }
        steps = vec!["postgres", "temporal"];
        if ui {
            steps.push("temporal-ui");
        }
    }
    draft.say(deed, what, None);
    versions::note(draft, arguments);
    add_base_tool(draft, &folder);
    let stack = stack_tool(draft, arguments.stack.as_deref());
    if let Some(stack) = &stack {
        add_steps(draft, stack, &steps);
    }
    if let Some(next) = TOOL.following() {
        register(draft, next);
        draft.notes.next.push(next.next());
    }
    if let Some(stack) = stack {
        let ui = if ui {
            "; the web UI is then at http://localhost:8233"
        } else {
            ""
        };
        let command = format!("pt run {}", shell_word(&stack));
        draft.recommend(command, format!("starts the containers{ui}"));
        draft.notes.run = Some(stack);
    }
    Ok(())
}

/// The all-in-one image that sets up its own database. Not released since March 2026.
const DEPRECATED_IMAGE: &str = "temporalio/auto-setup";

/// Whether a tool of the project runs a server as older scaffolders generated it.
pub(super) fn has_server_of_its_own(project: &Project) -> bool {
    project.tools_with_image(DEPRECATED_IMAGE).next().is_some()
}

/// A warning for each tool that runs the deprecated image.
pub(super) fn deprecated_images(project: &Project) -> Vec<Warning> {
    let tools = project.tools_with_image(DEPRECATED_IMAGE);
    let warning = |tool: Tool<'_>| {
        let (name, path) = (tool.name, &tool.file.path);
        Warning {
            code: WarningCode::DeprecatedImage,
            message: format!(
                "the tool `{name}` runs `{DEPRECATED_IMAGE}`, which has had no release \
                 since March 2026; its containers are kept. To migrate: stop them, remove the \
                 tool from `{path}` and run `add-temporal` again. To keep the database, add \
                 `--history-shards 4`, the default of this image"
            ),
            path: Some(path.clone()),
        }
    };
    tools.map(warning).collect()
}

/// The version of an image that bluetext writes; `Some(None)` for an image without new
/// releases, `None` for an unknown image.
#[expect(
    clippy::option_option,
    reason = "unknown, without releases, with a version"
)]
pub(super) fn known_image(name: &str) -> Option<Option<&'static str>> {
    match name.strip_prefix("docker.io/").unwrap_or(name) {
        "temporalio/server" | "temporalio/admin-tools" => Some(Some(TEMPORAL_VERSION)),
        "temporalio/ui" => Some(Some(UI_VERSION)),
        "postgres" | "library/postgres" => Some(Some(POSTGRES_VERSION)),
        DEPRECATED_IMAGE => Some(None),
        _ => None,
    }
}

/// The volumes of the containers that bluetext has generated, each with its tool.
pub(super) fn volumes(project: &Project) -> Vec<(String, String)> {
    let of_tool = |tool: Tool<'_>| {
        let name = tool.name.to_owned();
        let mounts = tool.containers().filter_map(|(_, _, args)| {
            let mounts = args.get("mounts")?.as_sequence()?;
            let ids = mounts.iter().filter_map(|mount| {
                let source = mount.get("source")?;
                let is_volume = source.get("type")?.as_str()? == "volume";
                is_volume.then(|| source.get("id")?.as_str().map(str::to_owned))?
            });
            Some(ids.collect::<Vec<_>>())
        });
        let ids: Vec<String> = mounts.flatten().collect();
        ids.into_iter().map(move |id| (name.clone(), id))
    };
    let tools = ["postgres", "temporal", "temporal-ui"];
    let tools = tools.into_iter().filter_map(|name| project.tool(name));
    tools.flat_map(of_tool).collect()
}
