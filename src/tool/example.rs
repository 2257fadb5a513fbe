//! Calls that are suggested next.

use crate::plan::Next;
use crate::project::Project;
use crate::record;

/// The example names a workflow: one that is not on record yet.
pub(super) fn other_workflow(project: &Project, next: &mut Next) {
    const NAMES: [&str; 4] = ["greeting", "order", "shipping", "invoice"];
    let services = project.services();
    let is_free = |name: &&&str| {
        let mut records = services
            .iter()
            .map(|service| record::of_workflow(&service.folder, name));
        !records.any(|path| project.entry(&path).is_some())
    };
    if next.command.contains(NAMES[0])
        && let Some(name) = NAMES.iter().find(is_free)
    {
        next.command = next.command.replacen(NAMES[0], name, 1);
    }
}

/// The call that verifies workflows; the arguments begin with a space.
pub(crate) fn verify(arguments: &str) -> Next {
    Next {
        tool: Some("verify"),
        command: format!("bluetext verify{arguments}"),
        why: "runs the tests, and each workflow on a temporary Temporal server".to_owned(),
    }
}

/// The call that checks workflow code, and why it is suggested.
pub(crate) fn check(why: &str) -> Next {
    Next {
        tool: Some("check"),
        command: "bluetext check".to_owned(),
        why: why.to_owned(),
    }
}
