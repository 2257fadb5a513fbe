//! What is wrong with a project after the first day, each with the call that fixes it.

use std::collections::{BTreeMap, BTreeSet};

use super::{TOOLS, client, workflow};
use crate::name::{Folder, RelPath, shell_word};
use crate::plan::{Next, Warning};
use crate::problem::WarningCode;
use crate::project::{Content, Project, Service, Wiring};
use crate::record;
use crate::tool::client::Registry;
use crate::tool::register::is_registered;
use crate::tool::remove;

/// The findings of a project, and the calls that fix them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) warnings: Vec<Warning>,
    pub(super) next: Vec<Next>,
    /// The packages of workflows that are known to be gone.
    gone: BTreeSet<RelPath>,
}

impl Findings {
    /// Look at everything that is on record or registered.
    pub(super) fn of(project: &Project) -> Self {
        let mut findings = Self::default();
        for service in project.services() {
            if !client::is_in(project, service) {
                continue;
            }
            let registries = client::registries(project, service);
            for registry in &registries {
                findings.missing(project, service, registry);
            }
            findings.types(project, service);
            findings.recorded(project, service);
            findings.wiring(project, service);
        }
        findings.tools(project);
        findings.records(project);
        findings
    }

    /// Records that cannot be read, and clients without one.
    fn records(&mut self, project: &Project) {
        let records = RelPath::literal(record::RECORDS);
        for path in project.below(&records) {
            let is_broken = match project.entry(path) {
                Some(Content::Folder) => false,
                _ => project.record(path).is_none(),
            };
            if is_broken && path.has_extension("yml") {
                self.add(
                    WarningCode::RecordBroken,
                    format!(
                        "`{path}` is no record that can be read: restore it from version control"
                    ),
                    Some(path.clone()),
                );
            }
        }
        for service in project.services() {
            let path = record::of_client(&service.folder);
            if project.entry(&path).is_none() && client::is_in(project, service) {
                self.add(
                    WarningCode::NotRecorded,
                    format!(
                        "the client of `{name}` is not on record: `bluetext {} --service {name}` \
                         writes the missing record",
                        client::TOOL.name,
                        name = service.name
                    ),
                    Some(path),
                );
                self.fix(
                    client::TOOL.name,
                    &format!(" --service {}", service.name),
                    "notes the client on record",
                );
            }
        }
    }

    fn add(&mut self, code: WarningCode, message: String, path: Option<RelPath>) {
        self.warnings.push(Warning {
            code,
            message,
            path,
        });
    }

    fn fix(&mut self, tool: &'static str, arguments: &str, why: &str) {
        let next = Next {
            tool: Some(tool),
            command: format!("bluetext {tool}{arguments}"),
            why: why.to_owned(),
        };
        if !self.next.contains(&next) {
            self.next.push(next);
        }
    }

    /// What a registry imports from the folder of the workflows, and is not there: the service
    /// fails when it starts.
    fn missing(&mut self, project: &Project, service: &Service, registry: &Registry) {
        let module = project.module(&registry.path);
        let Some(Ok(module)) = module.as_deref() else {
            return;
        };
        let folder = Folder::from(service.source().join(service.workflows));
        let flag = flag_of(project, service);
        let mut gone: Vec<String> = Vec::new();
        for (name, position) in module.imported_at() {
            let Some(path) = path_of(service, &registry.path, &name) else {
                continue;
            };
            let Some(package) = folder
                .relative(&path)
                .and_then(|path| path.split('/').next())
            else {
                continue;
            };
            let inside = folder.join(package);
            let is_there = project.entry(&inside).is_some()
                || project
                    .entry(&folder.join(&format!("{package}.py")))
                    .is_some();
            if is_there || gone.iter().any(|known| known == package) {
                continue;
            }
            gone.push(package.to_owned());
            let name = package.replace('_', "-");
            self.gone.insert(inside.clone());
            self.add(
                WarningCode::WorkflowMissing,
                format!(
                    "`{}:{}` imports the workflow package `{inside}`, which is gone: the service \
                     cannot start. `bluetext {} {name}{flag}` removes its registration and tests",
                    registry.path,
                    position.line,
                    remove::WORKFLOW.name
                ),
                Some(registry.path.clone()),
            );
            let is_recorded = project
                .entry(&record::of_workflow(&service.folder, package))
                .is_some();
            if is_recorded {
                self.fix(
                    remove::WORKFLOW.name,
                    &format!(" {name}{flag}"),
                    "removes what is left of a workflow whose package is gone",
                );
            }
        }
    }

    /// Two workflows with one type name: a worker refuses to start.
    fn types(&mut self, project: &Project, service: &Service) {
        let folder = service.source().join(service.workflows);
        let mut known: BTreeMap<String, RelPath> = BTreeMap::new();
        for path in project
            .below(&folder)
            .filter(|path| path.has_extension("py"))
        {
            let module = project.module(path);
            let Some(Ok(module)) = module.as_deref() else {
                continue;
            };
            for class in module.workflow_types() {
                if let Some(other) = known.get(&class) {
                    self.add(
                        WarningCode::DuplicateType,
                        format!(
                            "`{path}` and `{other}` both define the workflow type `{class}`: give \
                             one of them another name, in its class or with \
                             `@workflow.defn(name=\"…\")`"
                        ),
                        Some(path.clone()),
                    );
                } else {
                    known.insert(class, path.clone());
                }
            }
        }
    }

    /// Workflows that are on record, and whose package has another name or is gone.
    fn recorded(&mut self, project: &Project, service: &Service) {
        let folder = service.source().join(service.workflows);
        let flag = flag_of(project, service);
        let records = RelPath::literal(record::RECORDS);
        let names = project
            .below(&records)
            .filter_map(|path| record::workflow_of(&service.folder, path));
        for name in names {
            let package = folder.join(name);
            if project.entry(&package).is_some() || self.gone.contains(&package) {
                continue;
            }
            let Some(record) = project.record(&record::of_workflow(&service.folder, name)) else {
                continue;
            };
            let Some(asked) = workflow::name_of(&record) else {
                continue;
            };
            let class = format!("{}Workflow", asked.class());
            let place = project
                .below(&folder)
                .filter(|path| path.has_extension("py"))
                .find(|path| {
                    let module = project.module(path);
                    matches!(module.as_deref(), Some(Ok(module))
                        if module.decorated_classes("defn").contains(&class))
                });
            let path = record::of_workflow(&service.folder, name);
            if let Some(place) = place {
                self.add(
                    WarningCode::WorkflowRenamed,
                    format!(
                        "the workflow `{asked}` was added to `{package}`, and `{class}` is in \
                         `{place}` now: bluetext no longer tracks it. `git rm {}` deletes the \
                         record",
                        shell_word(path.as_str())
                    ),
                    Some(place.clone()),
                );
                continue;
            }
            self.add(
                WarningCode::WorkflowMissing,
                format!(
                    "the workflow `{asked}` is on record, and `{package}` is gone: `bluetext {} \
                     {asked}{flag}` removes its registration and tests",
                    remove::WORKFLOW.name
                ),
                Some(path),
            );
            self.fix(
                remove::WORKFLOW.name,
                &format!(" {asked}{flag}"),
                "removes what is left of a workflow whose package is gone",
            );
        }
    }

    /// A service with the library whose application does not start Temporal.
    fn wiring(&mut self, project: &Project, service: &Service) {
        let calls: &[&str] = match &service.wiring {
            Wiring::Hooks => &["init_temporal", "deinit_temporal"],
            Wiring::Application { .. } | Wiring::Several(_) => &["attach_temporal"],
            _ => return,
        };
        let is_called = |call: &str| {
            let files = project.inside(&service.folder);
            let mut modules = files.filter(|path| path.has_extension("py"));
            modules.any(|path| {
                let module = project.module(path);
                matches!(module.as_deref(), Some(Ok(module)) if module.calls(call))
            })
        };
        if calls.iter().copied().all(is_called) {
            return;
        }
        self.add(
            WarningCode::NotWired,
            format!(
                "nothing starts Temporal with the application of `{name}`: `{}` is not called. \
                 `bluetext {} --service {name}` adds the call",
                calls.join("` or `"),
                client::TOOL.name,
                name = service.name
            ),
            service.folder.path().cloned(),
        );
        self.fix(
            client::TOOL.name,
            &format!(" --service {}", service.name),
            "adds the call that starts Temporal",
        );
    }

    /// Registered tools whose step is not there.
    fn tools(&mut self, project: &Project) {
        for (before, tool) in TOOLS.iter().zip(&TOOLS[1..]) {
            if is_registered(project, tool.name) && !tool.is_allowed(project) {
                let path = project.tool(tool.name).map(|tool| tool.file.path.clone());
                self.add(
                    WarningCode::ToolWithoutStep,
                    format!(
                        "the tool `{}` is registered, and what `{before}` adds is gone: `bluetext \
                         {before}` adds it, or remove the tool",
                        tool.name,
                        before = before.name
                    ),
                    path,
                );
                self.fix(before.name, "", "adds what a registered tool needs");
            }
        }
    }
}

/// The flag that selects a service, where there are several.
fn flag_of(project: &Project, service: &Service) -> String {
    if project.services().len() > 1 {
        format!(" --service {}", shell_word(service.folder.as_str()))
    } else {
        String::new()
    }
}

/// The path, without an extension, that an imported name stands for.
fn path_of(service: &Service, from: &RelPath, name: &str) -> Option<RelPath> {
    let rest = name.trim_start_matches('.');
    let root = match name.len() - rest.len() {
        0 => service.root.clone(),
        dots => Folder::of(from).and_parents().nth(dots - 1)?,
    };
    root.join_checked(&rest.replace('.', "/"))
}
