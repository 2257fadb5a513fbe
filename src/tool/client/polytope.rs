//! Edits the service's `polytope.yml`: the server's address, the worker tool, and the step in
//! the stack.

use crate::change::Rank;
use crate::edit::yaml::Document;
use crate::problem::WarningCode;
use crate::project::{POLYTOPE_FILE, Service, root_path};
use crate::tool::Draft;
use crate::tool::polytope::{add_steps, stack_tool};
use crate::tool::register::ParameterStyle;

use super::container::Container;
use super::names::Names;

/// The environment entry with the server's address inside the job.
const ADDRESS: &str = "{ name: TEMPORAL_ADDRESS, value: \"temporal:7233\" }";

/// Add the server's address to the service's container, and add the worker's tool.
pub(super) fn add_to_polytope(
    draft: &mut Draft<'_>,
    service: &Service,
    names: &Names,
    uv_runner: Option<&str>,
) {
    let path = match &service.tool {
        Some((path, _)) => path.clone(),
        None => service.folder.join(POLYTOPE_FILE),
    };
    let by_hand = |draft: &mut Draft<'_>, why: &str| {
        draft.warn(
            WarningCode::ServiceContainer,
            format!(
                "{why}: give the container of `{}` the environment entry `{ADDRESS}`, and add \
                 a tool `{}-worker` that runs `{}` in it",
                service.name,
                service.name,
                names.worker_command(service)
            ),
            Some(path.clone()),
        );
    };
    if draft.text(&path).is_none() {
        by_hand(draft, "no tool runs the service");
        return;
    }
    let file = match draft.polytope_file(&path, Rank::ServicePolytope) {
        Ok(file) => file,
        Err(problem) => {
            draft.problem(problem);
            return;
        }
    };
    let Some(container) = Container::of(&file, service) else {
        by_hand(
            draft,
            &format!("no tool in `{path}` runs the service in exactly one container"),
        );
        return;
    };
    if !container.has_address() {
        let route = container.route("env");
        let edit = |file: &mut Document| file.add_item(&route, ADDRESS);
        if !container.has_plain_environment()
            || draft
                .try_edit_yaml(&path, Rank::ServicePolytope, edit)
                .is_err()
        {
            by_hand(
                draft,
                "the container's environment cannot be edited automatically",
            );
            return;
        }
    }
    let worker = format!("{}-worker", service.name);
    if draft.project().tool(&worker).is_some() || file.tools().any(|tool| tool.name == worker) {
        return;
    }
    let awaits = ParameterStyle::awaits_containers(draft.project());
    let Some(body) = container.worker_tool(service, names, awaits, uv_runner) else {
        draft.warn(
            WarningCode::ServiceWorker,
            format!(
                "the container of `{}` cannot be copied automatically: add a tool \
                 `{worker}` that runs `{}` in it",
                service.name,
                names.worker_command(service)
            ),
            Some(path),
        );
        return;
    };
    let added = draft.edit_yaml(&path, Rank::ServicePolytope, |file| {
        file.add_tool(&worker, &body)
    });
    if let (true, Some(doubt)) = (added, container.doubt()) {
        draft.warn(
            WarningCode::ServiceWorker,
            format!(
                "{doubt}: check that the tool `{worker}` can run `{}` in its container",
                container.worker_command(service, names, uv_runner)
            ),
            Some(path),
        );
    }
}

/// Include a service that is not included yet, and add it to the stack. Returns whether it was
/// not included.
pub(super) fn include_service(draft: &mut Draft<'_>, service: &Service) -> bool {
    let project = draft.project();
    let path = service.folder.join(POLYTOPE_FILE);
    let is_included = project.polytope_file(&path).is_some();
    if is_included || !draft.exists(&path) {
        return false;
    }
    draft.edit_yaml(&root_path(), Rank::RootPolytope, |root| {
        root.add_include(service.folder.as_str())
    });
    if let Some(stack) = stack_tool(draft, None) {
        add_steps(draft, &stack, &[service.name.as_str()]);
    }
    true
}
