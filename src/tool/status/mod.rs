//! `status`: the state of a project and the next step.

mod diagram;
mod findings;
mod rules;

use std::collections::BTreeSet;

use serde_yaml::Value;

pub use self::diagram::diagram;
use self::findings::Findings;
use super::client::{self, Library, Registry};
use super::{TOOLS, ToolInfo, example, temporal, verify, workflow};
use crate::edit::Position;
use crate::edit::yaml::Step;
use crate::name::RelPath;
use crate::plan::{Next, Warning};
use crate::problem::WarningCode;
use crate::project::{Project, Service, Tool};
use crate::record;

/// The state of a project.
#[derive(Debug)]
pub struct Status {
    /// The steps in their order.
    pub steps: Vec<StepStatus>,
    /// The Python services, by name.
    pub services: Vec<ServiceStatus>,
    /// The images of Temporal and Postgres that its containers run.
    pub images: Vec<ImageStatus>,
    /// Suggested next calls, best first.
    pub next: Vec<Next>,
    /// Warnings.
    pub warnings: Vec<Warning>,
}

/// A step and its state in the project.
#[derive(Debug, Clone, Copy)]
pub struct StepStatus {
    /// The tool that performs it.
    pub tool: &'static ToolInfo,
    /// Whether the tool is registered; the first one needs no registration.
    pub offered: bool,
    /// Whether the files that the tool needs exist.
    pub allowed: bool,
    /// Whether the project already has what it adds.
    pub taken: bool,
}

/// A Python service and its state.
#[derive(Debug)]
pub struct ServiceStatus {
    /// The service as it was found.
    pub service: Service,
    /// How its requirements are declared, in words.
    pub packaging: &'static str,
    /// The client library.
    pub library: Library,
    /// The version of bluetext that has written it, if that is on record.
    pub library_version: Option<String>,
    /// The next step for it.
    pub next: &'static ToolInfo,
    /// The names of the workflows that its registry lists.
    pub workflows: Vec<String>,
    /// The workflows in its code that the registry does not list, each with its module.
    pub unregistered: Vec<(String, RelPath)>,
}

/// An image that a container runs.
#[derive(Debug)]
pub struct ImageStatus {
    /// Its name, without the version.
    pub name: String,
    /// Its version, if it names one.
    pub version: Option<String>,
    /// The version that this program would write, if it knows the image.
    pub current: Option<&'static str>,
    /// Whether it is no longer released.
    pub deprecated: bool,
    /// The tool that runs it.
    pub tool: String,
    /// The file that declares the container.
    pub path: RelPath,
    /// The position in that file.
    pub position: Option<Position>,
}

impl Status {
    /// Compute the status of a project.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let mut warnings = Vec::new();
        let services: Vec<ServiceStatus> = project
            .services()
            .iter()
            .map(|service| service_status(project, service, &mut warnings))
            .collect();
        let has_client_step = client::TOOL.is_allowed(project);
        let has_workflows = services.iter().any(|s| !s.workflows.is_empty());
        let steps: Vec<StepStatus> = TOOLS
            .iter()
            .enumerate()
            .map(|(index, tool)| StepStatus {
                tool,
                offered: tool.is_offered(project),
                allowed: tool.is_allowed(project),
                // A step is taken if the next one has what it needs.
                taken: match TOOLS.get(index + 1) {
                    Some(after) => after.is_allowed(project),
                    None => has_workflows && tool.is_allowed(project),
                },
            })
            .collect();
        let images: Vec<ImageStatus> = project.tools().flat_map(images_of).collect();
        warnings.extend(temporal::deprecated_images(project));
        let findings = Findings::of(project);
        warnings.extend(findings.warnings);
        let (broken, check) = rules::broken_rules(project, &warnings);
        warnings.extend(broken);
        // The last step can be repeated.
        let next = steps.iter().find(|step| !step.taken).or(steps.last());
        let mut next: Vec<Next> = next.into_iter().map(|step| step.tool.next()).collect();
        if let Some(next) = next.first_mut() {
            example::other_workflow(project, next);
        }
        // What was made is shown to run before more is made.
        if steps.iter().all(|step| step.taken) && has_generated_worker(project) {
            next.insert(0, example::verify(""));
        }
        if services.len() > 1 {
            next.extend(
                services
                    .iter()
                    .filter(|service| service.library == Library::Absent)
                    .filter(|_| has_client_step)
                    .map(|service| {
                        let mut next = client::TOOL.next();
                        let name = &service.service.name;
                        next.command = format!("{} --service {name}", next.command);
                        next
                    }),
            );
        }
        next.extend(findings.next);
        next.extend(check);
        Self {
            steps,
            services,
            images,
            next,
            warnings,
        }
    }
}

/// Whether a service has a generated worker, with a workflow on record.
fn has_generated_worker(project: &Project) -> bool {
    verify::plan(project, None, &[]).is_ok()
}

fn service_status(
    project: &Project,
    service: &Service,
    warnings: &mut Vec<Warning>,
) -> ServiceStatus {
    let library = client::library(project, service);
    if library == Library::Differs {
        warnings.push(Warning {
            code: WarningCode::LibraryDiffers,
            message: format!(
                "the client library of `{name}` differs from the one of this version; \
                 `bluetext add-temporal-client --service {name} --diff --force --dry-run` shows \
                 the difference",
                name = service.name
            ),
            path: service.folder.path().cloned(),
        });
    }
    if library == Library::Outdated {
        warnings.push(Warning {
            code: WarningCode::LibraryOutdated,
            message: format!(
                "the client library of `{name}` is that of an earlier version: `bluetext \
                 add-temporal-client --service {name}` brings it to this one",
                name = service.name
            ),
            path: service.folder.path().cloned(),
        });
    }
    let registries = client::registries(project, service);
    let mut workflows: Vec<String> = registries
        .iter()
        .flat_map(Registry::workflow_classes)
        .map(str::to_owned)
        .collect();
    // Several workers may run the same workflow.
    let mut seen = BTreeSet::new();
    workflows.retain(|workflow| seen.insert(workflow.clone()));
    let unregistered = match registries.first() {
        Some(registry) => unregistered(project, service, registry, &workflows, warnings),
        None => Vec::new(),
    };
    ServiceStatus {
        service: service.clone(),
        packaging: client::packaging_name(project, service),
        library,
        library_version: project
            .record(&record::of_client(&service.folder))
            .map(|record| record.version.clone()),
        next: if client::is_in(project, service) {
            &workflow::TOOL
        } else {
            &client::TOOL
        },
        workflows,
        unregistered,
    }
}

/// The workflows below a service's `workflows` that its registry does not list.
fn unregistered(
    project: &Project,
    service: &Service,
    registry: &Registry,
    registered: &[String],
    warnings: &mut Vec<Warning>,
) -> Vec<(String, RelPath)> {
    let mut found = Vec::new();
    let folder = service.source().join(service.workflows);
    let registered: BTreeSet<&String> = registered.iter().collect();
    for path in project.below(&folder) {
        let is_module = path
            .file_name()
            .rsplit_once('.')
            .is_some_and(|n| n.1 == "py");
        let Some(module) = is_module.then(|| project.module(path)).flatten() else {
            continue;
        };
        let classes = match module.as_ref() {
            Ok(module) => module.decorated_classes("defn"),
            Err(error) => {
                warnings.push(Warning {
                    code: WarningCode::Unparsable,
                    message: format!("`{path}` cannot be parsed: {error}"),
                    path: Some(path.clone()),
                });
                continue;
            }
        };
        for class in classes {
            if registered.contains(&class) {
                continue;
            }
            warnings.push(Warning {
                code: WarningCode::NotRegistered,
                message: format!(
                    "no worker runs the workflow `{class}` of `{path}`: import it in `{}` and \
                     add it to `{}`",
                    registry.path, registry.lists[0]
                ),
                path: Some(path.clone()),
            });
            found.push((class, path.clone()));
        }
    }
    found
}

/// The images of Temporal and Postgres that a tool's containers run.
fn images_of(tool: Tool<'_>) -> Vec<ImageStatus> {
    let steps = tool.value.get("run").and_then(Value::as_sequence);
    steps
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, step)| {
            let image = step.get("args")?.get("image")?.as_str()?;
            let image = image.split('@').next().unwrap_or(image);
            // A colon before a slash belongs to a registry's port.
            let (name, version) = match image.rsplit_once(':') {
                Some((name, version)) if !version.contains('/') => (name, Some(version)),
                _ => (image, None),
            };
            let known = temporal::known_image(name)?;
            let way = [
                Step::Key("run"),
                Step::Item(index),
                Step::Key("args"),
                Step::Key("image"),
            ];
            Some(ImageStatus {
                name: name.to_owned(),
                version: version.map(str::to_owned),
                current: known,
                deprecated: known.is_none(),
                tool: tool.name.to_owned(),
                path: tool.file.path.clone(),
                position: tool.position_of(&way),
            })
        })
        .collect()
}
