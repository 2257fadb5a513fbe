//! How Temporal can be started with a service.

use super::Wiring;
use super::candidates::Candidate;
use crate::edit::python::Application;
use crate::edit::yaml::written;
use crate::name::{Folder, RelPath};
use crate::project::Project;

pub(super) fn wiring_of(project: &Project, candidate: &Candidate) -> Wiring {
    if let Some(existing) = existing_runtime(project, candidate) {
        return existing;
    }
    if candidate
        .hooks
        .iter()
        .any(|hooks| are_called(project, candidate, hooks))
    {
        return Wiring::Hooks;
    }
    let all: Vec<(RelPath, Application)> = candidate
        .applications
        .iter()
        .flat_map(|(path, made)| made.iter().map(move |one| (path.clone(), one.clone())))
        .collect();
    let outer: Vec<_> = all
        .iter()
        .filter(|(_, made)| !made.is_mounted)
        .cloned()
        .collect();
    match outer.as_slice() {
        [] => Wiring::Worker,
        [(module, application)] => Wiring::Application {
            module: module.clone(),
            application: application.clone(),
        },
        several => {
            // One that starts Temporal already has been chosen before.
            let attached = several.iter().find(|(path, _)| {
                let module = project.module(path);
                let module = module.as_deref().and_then(|module| module.as_ref().ok());
                module.is_some_and(|module| module.calls("attach_temporal"))
            });
            if let Some((module, application)) = attached {
                return Wiring::Application {
                    module: module.clone(),
                    application: application.clone(),
                };
            }
            // The command of the service's tool may name the module.
            let command = command_of(project, candidate);
            let named: Vec<_> = several
                .iter()
                .filter(|(path, _)| is_named(&command, path))
                .collect();
            match named.as_slice() {
                [(module, application)] => Wiring::Application {
                    module: module.clone(),
                    application: application.clone(),
                },
                _ => Wiring::Several(several.to_vec()),
            }
        }
    }
}

/// The module that makes a worker by hand, or uses a client library that is not ours.
fn existing_runtime(project: &Project, candidate: &Candidate) -> Option<Wiring> {
    let mut other = None;
    for path in &candidate.modules {
        let text = project.text(path).unwrap_or("");
        let may_work = text.contains("Worker(") && text.contains("temporalio");
        if !may_work && !text.contains("temporal_client") {
            continue;
        }
        let module = project.module(path);
        let Some(Ok(module)) = module.as_deref() else {
            continue;
        };
        if may_work && module.makes_worker() {
            return Some(Wiring::Existing {
                module: path.clone(),
                is_worker: true,
            });
        }
        let imports_other = module
            .imported()
            .iter()
            .any(|name| name == "temporal_client" || name.starts_with("temporal_client."));
        // Ours is imported by this name only where the service's modules are at the top level.
        let mut folders = Folder::of(path).and_parents();
        let is_ours = folders.any(|folder| {
            let has = |file: &str| project.entry(&folder.join(file)).is_some();
            has("temporal_client/replicas.py") && !has("__init__.py")
        });
        if imports_other && !is_ours {
            other.get_or_insert(path.clone());
        }
    }
    other.map(|module| Wiring::Existing {
        module,
        is_worker: false,
    })
}

/// Whether a module of the service imports and calls the hooks of a file.
fn are_called(project: &Project, candidate: &Candidate, hooks: &RelPath) -> bool {
    let source = Folder::of(hooks).parent().unwrap_or_default();
    candidate.modules.iter().any(|path| {
        let is_near = Folder::of(path) == source;
        let text = project.text(path).unwrap_or("");
        if !is_near || !text.contains("init") {
            return false;
        }
        let module = project.module(path);
        let Some(Ok(module)) = module.as_deref() else {
            return false;
        };
        let imports = |hook: &str| {
            let imported = module.imported();
            let ends = [
                format!("init.{hook}"),
                ".init".to_owned(),
                "init".to_owned(),
            ];
            imported
                .iter()
                .any(|name| ends.iter().any(|end| name.ends_with(end)))
                && module.calls(hook)
        };
        imports("init") && imports("deinit")
    })
}

/// The text of the commands of the tool that runs a service.
pub(super) fn command_of(project: &Project, candidate: &Candidate) -> String {
    let Some((_, tool)) = &candidate.tool else {
        return String::new();
    };
    let Some(tool) = project.tool(tool) else {
        return String::new();
    };
    let mut text = String::new();
    for step in tool.steps() {
        let args = step.get("args");
        for key in ["entrypoint", "cmd"] {
            if let Some(value) = args.and_then(|args| args.get(key)) {
                text.push_str(&written(value));
                text.push(' ');
            }
        }
    }
    text
}

/// Whether a command names a module, by its path or by its dotted name.
fn is_named(command: &str, path: &RelPath) -> bool {
    let path = path.as_str();
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let parts: Vec<&str> = stem.split('/').collect();
    (0..parts.len()).any(|from| {
        let dotted = format!("{}:", parts[from..].join("."));
        let file = format!("{}.py", parts[from..].join("/"));
        let words = command.split(|c: char| c.is_whitespace() || "\"',[]".contains(c));
        words
            .into_iter()
            .any(|word| word.starts_with(&dotted) || word.trim_start_matches("./") == file)
    })
}
