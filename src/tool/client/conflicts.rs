//! Compares the requirements of a service with those of the client library.

use std::str::FromStr;

use pep440_rs::Version;
use version_ranges::Ranges;

use crate::edit::toml::requirement_name;
use crate::problem::{Problem, WarningCode};
use crate::tool::Draft;

use super::packaging::{Form, Packaging};
use super::versions::{PYTHON, is_within, overlaps, python_range, range_of};

/// The requirements of the client library. The lowest versions are those of the test
/// `flat_modules_installed_with_pip`.
pub(super) const REQUIREMENTS: [&str; 2] = ["pydantic>=2,<3", "temporalio>=1.22,<2"];

/// Versions that work with the requirements of the client library.
const NEEDED_IF_PRESENT: [&str; 1] = ["fastapi>=0.100"];

/// [`PYTHON`] with the versions before the release, which `==3.11.*` contains.
const PYTHON_WITH_PREVIEWS: &str = ">=3.11.dev0";

/// The versions of Python for which the SDK can be installed: uv and Poetry find no solution
/// for a service that supports older ones.
const INSTALLABLE: &str = ">=3.10.dev0";

/// Warn of requirements that also allow versions older than the client library needs: a lock
/// file may have one.
pub(super) fn warn_of_old_versions(draft: &mut Draft<'_>, packaging: &Packaging) {
    // A file with one requirement a line is installed with the newest versions.
    if !matches!(packaging.form, Form::Project(_) | Form::Poetry(_)) {
        return;
    }
    if let Some(python) = &packaging.python
        && python_range(&python.text).is_some_and(|range| !is_within(&range, PYTHON_WITH_PREVIEWS))
    {
        draft.warn(
            WarningCode::OldVersions,
            format!(
                "the service also supports Python 3.10 (`{}`), and the client library needs \
                 `{PYTHON}`: run the service on a version that both allow",
                python.text
            ),
            Some(python.path.clone()),
        );
    }
    for theirs in &packaging.requirements {
        let name = requirement_name(&theirs.text);
        let ours = REQUIREMENTS
            .iter()
            .find(|ours| requirement_name(ours) == name);
        let (Some(ours), Some(range)) = (ours, range_of(&theirs.text)) else {
            continue;
        };
        let lowest = ours
            .split(['=', ','])
            .nth(1)
            .and_then(|v| Version::from_str(v).ok());
        let older = lowest.map(Ranges::strictly_lower_than);
        if older.is_some_and(|older| !range.is_disjoint(&older)) {
            draft.warn(
                WarningCode::OldVersions,
                format!(
                    "`{}` also allows versions that are too old: require `{ours}`, and upgrade \
                     `{name}` in a lock file",
                    theirs.text
                ),
                Some(theirs.path.clone()),
            );
        }
    }
}

/// The requirements of the service that cannot be met together with those of the client.
pub(super) fn conflicts(packaging: &Packaging) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(python) = &packaging.python
        && python_range(&python.text).is_some_and(|range| {
            !is_within(&range, INSTALLABLE) || !overlaps(&range, PYTHON_WITH_PREVIEWS)
        })
    {
        let key = match packaging.form {
            Form::Poetry(_) => "python",
            _ => "requires-python",
        };
        let message = format!(
            "the service supports Python `{}`, and the client library needs `{PYTHON}`",
            python.text
        );
        let hint = format!(
            "if the service runs on a supported version, write this instead:\n\
             {key} = \"{PYTHON}\"\n"
        );
        problems.push(python.problem(message, hint));
    }
    for theirs in &packaging.requirements {
        let name = requirement_name(&theirs.text);
        let mut ours = REQUIREMENTS.iter().chain(&NEEDED_IF_PRESENT);
        let Some(ours) = ours.find(|ours| requirement_name(ours) == name) else {
            continue;
        };
        let (Some(range), Some(needed)) = (range_of(&theirs.text), range_of(ours)) else {
            continue;
        };
        if range.is_disjoint(&needed) {
            let message = format!(
                "the service requires `{}`, and the client library needs `{ours}`",
                theirs.text
            );
            let line = match packaging.form {
                Form::Project(_) => format!("\"{ours}\","),
                _ => (*ours).to_owned(),
            };
            let hint = format!(
                "move the service to a version that both allow, and write this instead:\n{line}\n"
            );
            problems.push(theirs.problem(message, hint));
        }
    }
    problems
}
