//! `check`: the rules of workflow code, in a service or the whole project.

use super::Refused;
use super::client::{ServiceChoice, known_services, no_service, select};
use crate::analysis::Analysis;
use crate::project::Project;

/// Analyse the chosen service, or the whole project.
///
/// # Errors
///
/// [`Refused`] if there is no such service.
pub fn check(project: &Project, choice: Option<&ServiceChoice>) -> Result<Analysis, Refused> {
    let Some(choice) = choice else {
        return Ok(Analysis::of(project, None));
    };
    let services = project.services();
    if let Some(service) = select(services, Some(choice)) {
        return Ok(Analysis::of(project, Some(service)));
    }
    let hint = known_services(services)
        .unwrap_or_else(|| "without `--service`, the whole project is checked".to_owned());
    Err(Refused {
        problems: vec![no_service(project, Some(choice)).hint(hint)],
        next: Vec::new(),
    })
}
