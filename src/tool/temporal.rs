//! `add-temporal`: server, Postgres and web UI as containers that Polytope manages.

use serde::Serialize;
use serde_yaml::Value;

use crate::change::Rank;
use crate::edit::indented;
use crate::name::{ImageTag, RelPath};
use crate::plan::{Next, Warning};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Claim, MODULE_FOLDERS, POLYTOPE_FILE, PolytopeFile, Project, Tool};
use crate::template::{Template, render, template};

use super::{Draft, ParameterStyle, TOOLS, client, is_ours};

/// The version of Temporal's server and admin tools that is used unless another is named.
pub const TEMPORAL_VERSION: &str = "1.32.0";

/// The version of Temporal's web UI that was released for that server.
pub const UI_VERSION: &str = "2.54.1";

/// The major version of Postgres: a volume written by one cannot be read by another.
pub const POSTGRES_VERSION: &str = "16";

/// More shards than this no cluster has been run with.
pub const MOST_HISTORY_SHARDS: u32 = 16_384;

/// Room to grow from one machine to a cluster.
pub const HISTORY_SHARDS: u32 = 512;

/// What `add-temporal` is asked for.
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
}

/// The line that begins a module of ours, by which it is known again.
const MADE_BY: &str = "# Made by `bluetext add-temporal`.\n";

/// Plan it.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporal) {
    let project = draft.project();
    let folder = modules_folder(project, arguments.modules_dir.as_ref());
    start_root_file(draft);
    let mut steps = Vec::new();
    let mut ui = project.has_tool("temporal-ui");
    if has_server_of_its_own(project) {
        draft.warnings(deprecated_images(project));
    } else {
        let awaits = ParameterStyle::awaits_containers(project);
        if !is_included_from_elsewhere(project, "postgres") {
            let text = render_postgres(arguments, awaits);
            add_module(draft, &folder, "postgres", &text);
        }
        if !is_included_from_elsewhere(project, "temporal") {
            let text = render_temporal(arguments, awaits);
            ui |= add_module(draft, &folder, "temporal", &text);
        }
        steps = vec!["postgres", "temporal"];
        if ui {
            steps.push("temporal-ui");
        }
    }
    add_base_tool(draft, &folder);
    let stack = stack_tool(draft, arguments.stack.as_deref());
    if let Some(stack) = &stack {
        add_steps(draft, stack, &steps);
    }
    register(draft, TOOLS[1].name, &client_tool(draft.project()));
    draft.next(TOOLS[1].next());
    if let Some(stack) = stack {
        let mut why = "starts the containers".to_owned();
        if ui {
            why.push_str("; the web UI is then at http://localhost:8233");
        }
        draft.run(&stack);
        draft.next(Next {
            tool: None,
            command: format!("pt run {stack}"),
            why,
        });
    }
}

/// The image that brought its own set-up, of which there are no releases since March 2026.
const DEPRECATED_IMAGE: &str = "temporalio/auto-setup";

/// Whether a tool of the project runs a server in the way that older scaffolders made it.
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
                "the tool `{name}` runs `{DEPRECATED_IMAGE}`, of which there are no releases \
                 since March 2026; its containers are kept. To move: stop them, take the tool \
                 out of `{path}` and call `add-temporal` again; with `--history-shards 4`, if \
                 the database is to be kept, for that is what this image sets up by default"
            ),
            path: Some(path.clone()),
        }
    };
    tools.map(warning).collect()
}

/// The version of an image that this program writes, or that there is none any more; `None`
/// for an image that it does not know.
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

/// The path of the project's own `polytope.yml`.
pub(super) fn root_file() -> RelPath {
    RelPath::literal(POLYTOPE_FILE)
}

fn start_root_file(draft: &mut Draft<'_>) {
    const ROOT: Template = template!("add-temporal/polytope.yml");
    if draft.project().root_file().is_none() {
        draft.start_file(root_file(), render(ROOT, &()), Rank::RootPolytope);
    }
}

/// Where modules go: where the project has its own.
pub(super) fn modules_folder(project: &Project, asked: Option<&RelPath>) -> RelPath {
    if let Some(folder) = asked {
        return folder.clone();
    }
    let [modules, services] = MODULE_FOLDERS.map(RelPath::literal);
    let is_used = |folder: &RelPath| project.below(folder).next().is_some();
    if is_used(&services) && !is_used(&modules) {
        services
    } else {
        modules
    }
}

/// Whether the project uses a tool of this name that none of its own files defines.
fn is_included_from_elsewhere(project: &Project, name: &str) -> bool {
    project.tool(name).is_none() && project.has_tool(name)
}

fn render_postgres(arguments: &AddTemporal, awaits: bool) -> String {
    #[derive(Serialize)]
    struct Context<'a> {
        postgres_version: &'a str,
        awaits: bool,
    }
    const MODULE: Template = template!("add-temporal/modules/postgres/polytope.yml");
    let context = Context {
        postgres_version: arguments.postgres_version.as_str(),
        awaits,
    };
    render(MODULE, &context)
}

fn render_temporal(arguments: &AddTemporal, awaits: bool) -> String {
    #[derive(Serialize)]
    struct Context<'a> {
        temporal_version: &'a str,
        ui_version: &'a str,
        history_shards: u32,
        awaits: bool,
    }
    const MODULE: Template = template!("add-temporal/modules/temporal/polytope.yml");
    let context = Context {
        temporal_version: arguments.temporal_version.as_str(),
        ui_version: arguments.ui_version.as_str(),
        history_shards: arguments.history_shards,
        awaits,
    };
    render(MODULE, &context)
}

/// Make the base tool `bluetext`, which every registered tool calls, unless one of the
/// project's own files defines it. An included repository does not count: many projects
/// include one called `bluetext` that has no such tool, and a local tool takes precedence.
pub(super) fn add_base_tool(draft: &mut Draft<'_>, folder: &RelPath) {
    const MODULE: Template = template!("add-temporal/modules/bluetext/polytope.yml");
    let image = format!("[default, str, \"bluetext:{}\"]", env!("CARGO_PKG_VERSION"));
    let parameters = [
        (
            "args",
            "The arguments as a list of strings; none of them passes through a shell",
            "[default, [str], [--help]]",
        ),
        (
            "image",
            "The image to run, built from the Dockerfile of the bluetext repository",
            &image,
        ),
    ];
    let text = render_registered(draft.project(), MODULE, "    ", &parameters);
    add_module(draft, folder, "bluetext", &text);
}

/// Make a module and include it, unless one of the project's own files defines its tool.
/// Says whether the module is ours.
fn add_module(draft: &mut Draft<'_>, folder: &RelPath, name: &str, text: &str) -> bool {
    let project = draft.project();
    let text = format!("{MADE_BY}{text}");
    // A module of ours may have been made elsewhere by an earlier call.
    let existing = project.tool(name).map(|tool| tool.file);
    let path = match existing {
        Some(file) if file.text().starts_with(MADE_BY) => file.path.clone(),
        Some(_) => return false,
        None => folder.join(name).join(POLYTOPE_FILE),
    };
    let there = project.text(&path).map(str::to_owned);
    match &there {
        Some(found) if !found.starts_with(MADE_BY) => {
            if !defines(&path, found, name) {
                draft.problem(
                    Problem::new(
                        ErrorCode::InTheWay,
                        format!("`{path}` is in the way: it defines no tool `{name}`"),
                    )
                    .in_file(path.clone())
                    .hint(format!(
                        "move `{path}`, or choose another folder with `--modules-dir`"
                    )),
                );
                return false;
            }
            // Somebody's own, which nothing has included yet.
        }
        _ => {
            match PolytopeFile::read(path.clone(), &text) {
                Ok(file) => find_conflicts(draft, &file),
                Err(fault) => unreachable!("a template is no polytope.yml: {fault:?}"),
            }
            draft.generate(path.clone(), text, Rank::New);
        }
    }
    let is_included = project.polytope_file(&path).is_some();
    if let (false, Some(parent)) = (is_included, path.parent()) {
        draft.edit_yaml(&root_file(), Rank::RootPolytope, |root| {
            root.add_include(parent.as_str())
        });
    }
    there.is_none_or(|found| found.starts_with(MADE_BY))
}

fn defines(path: &RelPath, text: &str, tool: &str) -> bool {
    PolytopeFile::read(path.clone(), text).is_ok_and(|f| f.tools().any(|t| t.name == tool))
}

/// Compare what a file of ours would claim with what the project's tools have: names of
/// tools, ports of the developer's machine, containers and hosts.
pub(super) fn find_conflicts(draft: &mut Draft<'_>, ours: &PolytopeFile) {
    let project = draft.project();
    for tool in ours.tools() {
        let claims = tool.claims();
        for other in project.tools().filter(|other| other.file.path != ours.path) {
            let mut conflict = |what: String, position| {
                draft.problem(
                    Problem::new(
                        ErrorCode::Conflict,
                        format!(
                            "{what} is taken by the tool `{}` of this project, and `{}` needs it",
                            other.name, tool.name
                        ),
                    )
                    .in_file(other.file.path.clone())
                    .at(position)
                    .hint(format!("rename or move that in `{}`", other.file.path)),
                );
            };
            if other.name == tool.name {
                conflict(format!("the tool name `{}`", tool.name), other.position());
            }
            for (claim, way) in other.claims() {
                if claims.iter().any(|(ours, _)| *ours == claim) {
                    conflict(described(&claim), other.position_of(&way));
                }
            }
        }
    }
}

fn described(claim: &Claim) -> String {
    match claim {
        Claim::Port(port) => format!("port {port}"),
        Claim::Container(id) => format!("the container id `{id}`"),
        Claim::Host(id) => format!("the service id `{id}`"),
    }
}

/// The tool whose `run` gets the containers; `None` if the one asked for is unknown.
pub(super) fn stack_tool(draft: &mut Draft<'_>, asked: Option<&str>) -> Option<String> {
    let project = draft.project();
    let usual = ["default", "stack"];
    let existing = usual.iter().find(|name| project.tool(name).is_some());
    match asked {
        None => Some(existing.unwrap_or(&usual[0]).to_string()),
        // A project without one gets the one it asks for.
        Some(name) if project.tool(name).is_some() || existing.is_none() => Some(name.to_owned()),
        Some(name) => {
            let known: Vec<String> = project.tools().map(|t| format!("`{}`", t.name)).collect();
            draft.problem(
                Problem::new(
                    ErrorCode::UnknownStack,
                    format!("there is no tool `{name}` in this project"),
                )
                .in_file(root_file())
                .hint(format!("`--stack` takes one of {}", known.join(", "))),
            );
            None
        }
    }
}

/// Let the stack tool run what it does not run yet.
pub(super) fn add_steps(draft: &mut Draft<'_>, stack: &str, steps: &[&str]) {
    let project = draft.project();
    let Some(tool) = project.tool(stack) else {
        let mut body = "info: Runs everything that this project consists of.\nrun:\n".to_owned();
        for step in steps {
            body.push_str(&format!("  - tool: {step}\n"));
        }
        draft.edit_yaml(&root_file(), Rank::RootPolytope, |root| {
            root.add_tool(stack, &body)
        });
        return;
    };
    let file = tool.file.path.clone();
    let reached = project.reached_from(stack);
    for step in steps {
        if !reached.contains(*step) {
            draft.edit_yaml(&file, Rank::RootPolytope, |file| file.add_step(stack, step));
        }
    }
}

/// Register a tool of ours in the root file, and let agents see it. One of ours that
/// somebody has edited is left alone; a foreign one of its name is in the way.
pub(super) fn register(draft: &mut Draft<'_>, name: &str, body: &str) {
    let project = draft.project();
    if let Some(tool) = project.tool(name) {
        if !is_ours(name, tool.value) {
            draft.problem(
                Problem::new(
                    ErrorCode::Conflict,
                    format!("the tool `{name}` of this project is another one"),
                )
                .in_file(tool.file.path.clone())
                .at(tool.position())
                .hint(format!("rename that tool in `{}`", tool.file.path)),
            );
            return;
        }
        let expected: Option<Value> = serde_yaml::from_str(body).ok();
        if expected.as_ref() != Some(tool.value) {
            draft.warn(
                WarningCode::Kept,
                format!("the tool `{name}` has been edited and is left as it is"),
                Some(tool.file.path.clone()),
            );
        }
    } else {
        let added = draft.edit_yaml(&root_file(), Rank::RootPolytope, |root| {
            root.add_tool(name, body)
        });
        if added {
            draft.registered(name);
        }
    }
    draft.edit_yaml(&root_file(), Rank::RootPolytope, |root| {
        root.allow_in_mcp(name)
    });
}

/// What a registered tool's template is rendered with.
#[derive(Serialize)]
struct Registered {
    params: String,
    reference: &'static str,
}

pub(super) fn render_registered(
    project: &Project,
    template: Template,
    indent: &str,
    parameters: &[(&str, &str, &str)],
) -> String {
    let style = ParameterStyle::of(project);
    let context = Registered {
        params: indented(&style.declaration(parameters), indent),
        reference: style.reference(),
    };
    render(template, &context)
}

fn client_tool(project: &Project) -> String {
    const TOOL: Template = template!("add-temporal/registered/add-temporal-client.yml");
    let services = project.services();
    let names: Vec<&str> = services.iter().map(|s| s.name.as_str()).collect();
    let (info, kind) = match client::default_service(services) {
        Some(name) => (
            "The service that gets the client".to_owned(),
            format!("[default, str, {name}]"),
        ),
        None => (
            format!(
                "The service that gets the client: one of {}",
                names.join(", ")
            ),
            "str".to_owned(),
        ),
    };
    render_registered(project, TOOL, "", &[("service", &info, &kind)])
}
