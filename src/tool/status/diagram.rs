//! `status NAME --diagram`: a workflow as a diagram.

use crate::analysis::{Diagram, diagrams};
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::Project;
use crate::python::WorkflowName;
use crate::tool::Refused;

/// The diagram of the workflow of this name: that of its class, its type, its package or its
/// module.
///
/// # Errors
///
/// [`Refused`] if there is no such workflow, or more than one.
pub fn diagram(project: &Project, name: &str) -> Result<Diagram, Refused> {
    let as_added = name.parse::<WorkflowName>().ok();
    let class = as_added
        .as_ref()
        .map(|name| format!("{}Workflow", name.class()));
    let package = as_added.as_ref().map(WorkflowName::snake);
    let is_it = |found: &str, kind: Option<&str>, path: &RelPath| {
        let folder = path.parent();
        let folder = folder.as_ref().map(RelPath::file_name);
        found == name
            || kind == Some(name)
            || path.as_str() == name
            || path.file_name().strip_suffix(".py") == Some(name)
            || class.as_deref() == Some(found)
            || (package.is_some() && package == folder)
    };
    let mut found = diagrams(project, &is_it);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            let all = diagrams(project, &|_, _, _| true);
            Err(refused(format!("there is no workflow `{name}`"), &all))
        }
        _ => Err(refused(
            format!("there are several workflows `{name}`"),
            &found,
        )),
    }
}

fn refused(message: String, known: &[Diagram]) -> Refused {
    let names: Vec<String> = known
        .iter()
        .map(|diagram| format!("`{}` (`{}`)", diagram.class, diagram.path))
        .collect();
    let hint = match names.as_slice() {
        [] => "the project has no workflow yet".to_owned(),
        names => format!("use the class or the module of one of {}", names.join(", ")),
    };
    Problem::new(ErrorCode::UnknownWorkflow, message)
        .hint(hint)
        .into()
}
