//! `status NAME --diagram`: a workflow as a diagram.

use crate::analysis::{self, Known};
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
pub fn diagram(project: &Project, name: &str) -> Result<String, Refused> {
    let as_added = name.parse::<WorkflowName>().ok();
    let class = as_added
        .as_ref()
        .map(|name| format!("{}Workflow", name.class()));
    let package = as_added.as_ref().map(WorkflowName::snake);
    let is_it = |known: &Known| {
        let folder = known.path.parent();
        let folder = folder.as_ref().map(RelPath::file_name);
        known.class == name
            || known.name.as_deref() == Some(name)
            || known.path.as_str() == name
            || known.path.file_name().strip_suffix(".py") == Some(name)
            || class.as_deref() == Some(&known.class)
            || (package.is_some() && package == folder)
    };
    let all = analysis::workflows(project);
    let found: Vec<&Known> = all.iter().filter(|known| is_it(known)).collect();
    if let [known] = &found[..]
        && let Some(drawn) = analysis::diagram(project, known)
    {
        return Ok(drawn);
    }
    Err(if found.is_empty() {
        refused(format!("there is no workflow `{name}`"), all.iter())
    } else {
        let found = found.into_iter();
        refused(format!("there are several workflows `{name}`"), found)
    })
}

fn refused<'k>(message: String, known: impl Iterator<Item = &'k Known>) -> Refused {
    let names: Vec<String> = known
        .map(|known| format!("`{}` (`{}`)", known.class, known.path))
        .collect();
    let hint = match names.as_slice() {
        [] => "the project has no workflow yet".to_owned(),
        names => format!("use the class or the module of one of {}", names.join(", ")),
    };
    Problem::new(ErrorCode::UnknownWorkflow, message)
        .hint(hint)
        .into()
}
