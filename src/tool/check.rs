//! `check`: the rules of workflow code, in a service or the whole project.

use super::Refused;
use super::client::{ServiceChoice, chosen};
use crate::analysis::Analysis;
use crate::project::Project;

/// Analyse the chosen service, or the whole project.
///
/// # Errors
///
/// [`Refused`] if there is no such service.
pub fn check(project: &Project, choice: Option<&ServiceChoice>) -> Result<Analysis, Refused> {
    let service = choice.map(|choice| chosen(project, choice)).transpose()?;
    Ok(Analysis::of(project, service))
}
