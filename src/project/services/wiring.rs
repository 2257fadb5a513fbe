//! How Temporal can be started with a service.

use super::Wiring;
use super::candidates::Candidate;
use crate::edit::python::{Application, Module};
use crate::edit::yaml::written;
use crate::name::{Folder, RelPath};
use crate::project::Project;

pub(super) fn wiring_of(project: &Project, candidate: &Candidate, workers: &[RelPath]) -> Wiring {
    let existing = of_workers(project, workers).or_else(|| other_client(project, candidate));
    if let Some(existing) = existing {
        return existing;
    }
    if called_hooks(project, candidate).is_some() {
        return Wiring::Hooks;
    }
    let outer = outer_applications(candidate);
    match outer.as_slice() {
        [] => Wiring::Worker,
        [only] => Wiring::with(only),
        several => {
            // One that starts Temporal already has been chosen before.
            let mut all = several.iter();
            if let Some(attached) = all.find(|(path, made)| starts_temporal(project, path, made)) {
                return Wiring::with(attached);
            }
            // The command of the service's tool may name the module.
            let command = command_of(project, candidate);
            let mut named = several.iter().filter(|(path, _)| is_named(&command, path));
            match (named.next(), named.next()) {
                (Some(only), None) => Wiring::with(only),
                _ => Wiring::Several(several.to_vec()),
            }
        }
    }
}

/// Whether an application starts Temporal.
#[must_use]
pub fn starts_temporal(project: &Project, path: &RelPath, application: &Application) -> bool {
    let name = application.name.as_deref().unwrap_or("app");
    let is_attached = |module: &Module| module.calls_with("attach_temporal", name);
    project.of_module(path, is_attached) == Some(true)
}

/// Generated modules that import the client library.
const GENERATED: [&str; 7] = [
    "bluetext_temporal.py",
    "bluetext_worker.py",
    "conf/temporal.py",
    "temporal.py",
    "temporal_setup.py",
    "temporal_worker.py",
    "worker.py",
];

/// The applications that are not mounted in another one, each with its module.
pub(super) fn outer_applications(candidate: &Candidate) -> Vec<(RelPath, Application)> {
    let all = candidate.applications.iter();
    all.flat_map(|(path, made)| made.iter().map(move |one| (path.clone(), one.clone())))
        .filter(|(_, made)| !made.is_mounted)
        .collect()
}

/// The modules that make workers by hand.
pub(super) fn worker_modules(project: &Project, candidate: &Candidate) -> Vec<RelPath> {
    let makes_worker = |path: &&RelPath| {
        let text = project.text(path).unwrap_or("");
        text.contains("temporalio") && project.of_module(path, Module::makes_worker) == Some(true)
    };
    candidate
        .modules
        .iter()
        .filter(makes_worker)
        .cloned()
        .collect()
}

/// The wiring of a service with workers made by hand.
fn of_workers(project: &Project, workers: &[RelPath]) -> Option<Wiring> {
    // One with the client library beside it has been chosen before.
    let has_library = |path: &&RelPath| {
        let library = Folder::of(path).join("temporal_client/unknown.py");
        project.entry(&library).is_some()
    };
    let with_library: Vec<RelPath> = workers.iter().filter(has_library).cloned().collect();
    let likely = if with_library.is_empty() {
        workers.to_vec()
    } else {
        with_library
    };
    match likely.as_slice() {
        [] => None,
        [only] => Some(Wiring::Existing {
            module: only.clone(),
            is_worker: true,
        }),
        _ => Some(Wiring::SeveralWorkers(likely)),
    }
}

/// A module that uses a client library that is not ours.
fn other_client(project: &Project, candidate: &Candidate) -> Option<Wiring> {
    let mut other = None;
    for path in &candidate.modules {
        if !project.text(path).unwrap_or("").contains("temporal_client") {
            continue;
        }
        let imported = project.of_module(path, Module::imported);
        let imports_other = imported
            .unwrap_or_default()
            .iter()
            .any(|name| name == "temporal_client" || name.starts_with("temporal_client."));
        // Ours is imported by this name only where the service's modules are at the top level;
        // so do the generated modules beside it.
        let mut folders = Folder::of(path).and_parents();
        let is_ours = folders.any(|folder| {
            let imports = |file: &str| {
                let text = project.text(&folder.join(file));
                text.is_some_and(|text| text.contains("from temporal_client import"))
            };
            project
                .entry(&folder.join("temporal_client/unknown.py"))
                .is_some()
                && GENERATED.iter().any(|file| imports(file))
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

/// The hook file whose hooks a module beside its folder imports and calls.
pub(super) fn called_hooks<'c>(project: &Project, candidate: &'c Candidate) -> Option<&'c RelPath> {
    candidate.hooks.iter().find(|hooks| {
        let source = Folder::of(hooks).parent().unwrap_or_default();
        candidate.modules.iter().any(|path| {
            if Folder::of(path) != source || !project.text(path).unwrap_or("").contains("init") {
                return false;
            }
            let calls_hooks = |module: &Module| {
                let imported = module.imported();
                ["init", "deinit"].iter().all(|hook| {
                    let name = format!("init.{hook}");
                    let dotted = format!(".{name}");
                    let is_imported = |found: &String| *found == name || found.ends_with(&dotted);
                    imported.iter().any(is_imported) && module.calls(hook)
                })
            };
            project.of_module(path, calls_hooks) == Some(true)
        })
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

/// The commands that files of a service have, besides those of its tool.
pub(super) fn other_commands(project: &Project, folder: &Folder, candidate: &Candidate) -> String {
    let files = [
        "Dockerfile",
        "Procfile",
        "compose.yml",
        "docker-compose.yml",
    ];
    let texts = files
        .iter()
        .filter_map(|file| project.text(&folder.join(file)));
    let modules = candidate
        .modules
        .iter()
        .filter_map(|path| project.text(path));
    let modules = modules.filter(|text| text.contains("uvicorn.run("));
    let all = texts.chain(modules).collect::<Vec<_>>().join(" ");
    all.replace(['"', '\'', ',', '[', ']', '(', ')', '='], " ")
}

/// Whether a command names a module, by its path or by its dotted name.
pub(super) fn is_named(command: &str, path: &RelPath) -> bool {
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
