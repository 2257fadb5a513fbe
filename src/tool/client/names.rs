//! The names of generated modules, which no file of the user has.

use crate::name::{RelPath, shell_word};
use crate::project::{Project, Service, Wiring, imports_module};

/// The names of the generated modules of a service, relative to its source folder.
pub(super) struct Names {
    /// The module with the settings.
    pub(super) settings: &'static str,
    /// The module that starts Temporal; the same as `settings` without Bluetext's hooks.
    pub(super) start: &'static str,
    /// The module that runs the worker.
    pub(super) worker: &'static str,
}

impl Names {
    /// The names that no file of the user has.
    ///
    /// The library's `__init__.py` is written after the modules: where it is missing, a killed
    /// run may have written some of them.
    pub(super) fn of(project: &Project, service: &Service) -> Self {
        let source = service.source();
        // Once a module is generated, it belongs to the user, whatever it contains.
        let library = library_folder(service).join("__init__.py");
        let has_client = project.entry(&library).is_some();
        let is_there = |name: &str| {
            project.entry(&source.join(&file_of(name))).is_some()
                || project
                    .entry(&source.join(&name.replace('.', "/")))
                    .is_some()
        };
        let is_begun = |name: &str| {
            let text = project.text(&source.join(&file_of(name)));
            !has_client && text.is_some_and(is_generated_module)
        };
        let first = |names: [&'static str; 3]| {
            // With the client, the last name in use is that of the generated module.
            let used = names
                .into_iter()
                .rev()
                .find(|name| has_client && is_there(name));
            let mut free = names.into_iter().filter(|name| {
                is_begun(name) || !is_there(name) && !is_imported(project, service, name)
            });
            used.or_else(|| free.next()).unwrap_or(names[2])
        };
        let worker = match service.wiring {
            // No worker is generated.
            Wiring::Existing { .. } | Wiring::SeveralWorkers(_) => "worker",
            _ => first(["worker", "temporal_worker", "bluetext_worker"]),
        };
        let (settings, start) = match service.wiring {
            Wiring::Hooks if project.entry(&source.join("conf.py")).is_none() => (
                first(["conf.temporal", "conf.temporal_setup", "conf.bluetext"]),
                first(["init.temporal", "init.temporal_setup", "init.bluetext"]),
            ),
            Wiring::Hooks => (
                first(["temporal_settings", "temporal_setup", "bluetext_settings"]),
                first(["init.temporal", "init.temporal_setup", "init.bluetext"]),
            ),
            _ => {
                let name = first(["temporal", "temporal_setup", "bluetext_temporal"]);
                (name, name)
            }
        };
        Self {
            settings,
            start,
            worker,
        }
    }

    /// The command that runs the worker in the service's folder.
    pub(super) fn worker_command(&self, service: &Service) -> String {
        let path = service.path_entry();
        let path = path.map_or_else(String::new, |path| {
            format!("PYTHONPATH={} ", shell_word(&path))
        });
        format!("{path}python -m {}", service.module(self.worker))
    }
}

/// Whether a text begins as the generated settings, start-up and worker modules do.
fn is_generated_module(text: &str) -> bool {
    const BEGINNINGS: [&str; 3] = [
        "\"\"\"Starts and stops Temporal together with the ",
        "\"\"\"Temporal settings of this service. All are optional.\"\"\"",
        "\"\"\"This service's worker, without the API: `",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

/// Whether modules at the top level import an installed package of this name, which a generated
/// module would hide.
fn is_imported(project: &Project, service: &Service, name: &str) -> bool {
    service.is_flat()
        && project
            .inside(&service.folder)
            .filter(|path| path.has_extension("py"))
            .filter_map(|path| project.text(path))
            .any(|text| imports_module(text, name))
}

/// The file of a module in a service's source folder.
pub(super) fn file_of(module: &str) -> String {
    format!("{}.py", module.replace('.', "/"))
}

/// The folder of the client library inside a service.
pub(super) fn library_folder(service: &Service) -> RelPath {
    service.source().join("temporal_client")
}

/// The path of a generated test, with a name that no other test of the service has: pytest's
/// default import mode does not allow two of the same name.
pub(in crate::tool) fn test_file(project: &Project, service: &Service, name: &str) -> RelPath {
    let folder = "tests/workflows";
    let path = |prefix: &str| {
        service
            .folder
            .join(&format!("{folder}/test_{prefix}{name}.py"))
    };
    let is_free = |candidate: &RelPath| {
        let mut same = project.with_file_name(candidate.file_name()).iter();
        !same.any(|other| other != candidate && service.folder.relative(other).is_some())
    };
    let plain = path("");
    if is_free(&plain) {
        plain
    } else {
        path("bluetext_")
    }
}
