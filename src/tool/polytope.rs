//! What every tool does to `polytope.yml` files: modules, includes, the stack tool, and what
//! is already taken.

use crate::change::Rank;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::{Claim, MODULE_FOLDERS, POLYTOPE_FILE, PolytopeFile, Project, root_path};
use crate::template::{Template, render, template};

use super::Draft;
use super::register::{Parameter, render_with};

/// The first line of a generated module, by which it is recognised.
const MADE_BY: &str = "# Made by `bluetext add-temporal`.\n";

pub(super) fn start_root_file(draft: &mut Draft<'_>) {
    const ROOT: Template = template!("add-temporal/polytope.yml");
    if draft.project().root_file().is_none() {
        draft.start_file(root_path(), render(ROOT, &()), Rank::RootPolytope);
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
pub(super) fn is_included_from_elsewhere(project: &Project, name: &str) -> bool {
    project.tool(name).is_none() && project.has_tool(name)
}

/// Make the base tool `bluetext`, which every registered tool calls, unless one of the
/// project's own files defines it. An included repository does not count: many projects
/// include one called `bluetext` that has no such tool, and a local tool takes precedence.
pub(super) fn add_base_tool(draft: &mut Draft<'_>, folder: &RelPath) {
    const MODULE: Template = template!("add-temporal/modules/bluetext/polytope.yml");
    let image = format!("[default, str, \"bluetext:{}\"]", env!("CARGO_PKG_VERSION"));
    let parameters = [
        Parameter {
            id: "args".to_owned(),
            info: "The arguments as a list of strings; none of them passes through a shell"
                .to_owned(),
            kind: "[default, [str], [--help]]".to_owned(),
        },
        Parameter {
            id: "image".to_owned(),
            info: "The image to run, built from the Dockerfile of the bluetext repository"
                .to_owned(),
            kind: image,
        },
    ];
    let text = render_with(draft.project(), MODULE, "    ", &parameters, &[]);
    add_module(draft, folder, "bluetext", &text);
}

/// Make a module and include it, unless one of the project's own files defines its tool.
/// Says whether the module is ours.
pub(super) fn add_module(draft: &mut Draft<'_>, folder: &RelPath, name: &str, text: &str) -> bool {
    let project = draft.project();
    let text = format!("{MADE_BY}{text}");
    // An earlier call may have generated the module elsewhere.
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
            // The user's own module, which nothing includes yet.
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
        draft.edit_yaml(&root_path(), Rank::RootPolytope, |root| {
            root.add_include(parent.as_str())
        });
    }
    there.is_none_or(|found| found.starts_with(MADE_BY))
}

fn defines(path: &RelPath, text: &str, tool: &str) -> bool {
    PolytopeFile::read(path.clone(), text).is_ok_and(|f| f.tools().any(|t| t.name == tool))
}

/// Compare what a generated file would use with what the project's tools have: names of
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
    let defaults = ["default", "stack"];
    let existing = defaults.iter().find(|name| project.tool(name).is_some());
    match asked {
        None => Some(existing.unwrap_or(&defaults[0]).to_string()),
        // A project without one gets the one it asks for.
        Some(name) if project.tool(name).is_some() || existing.is_none() => Some(name.to_owned()),
        Some(name) => {
            let known: Vec<String> = project.tools().map(|t| format!("`{}`", t.name)).collect();
            draft.problem(
                Problem::new(
                    ErrorCode::UnknownStack,
                    format!("there is no tool `{name}` in this project"),
                )
                .in_file(root_path())
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
        draft.edit_yaml(&root_path(), Rank::RootPolytope, |root| {
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
