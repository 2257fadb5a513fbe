//! Compares the requirements of a service with those of the client library.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use version_ranges::Ranges;

use crate::edit::toml::{PyProject, requirement_name};
use crate::edit::{Position, requirements};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::Service;
use crate::tool::Draft;

use super::packaging::Packaging;

/// The requirements of the client library. The lowest versions are those of the test
/// `flat_modules_installed_with_pip`.
pub(super) const REQUIREMENTS: [&str; 3] = [
    "pydantic>=2,<3",
    "temporalio>=1.22,<2",
    "watchfiles>=0.20,<2",
];

/// Versions that work with the requirements of the client library.
const NEEDED_IF_PRESENT: [&str; 1] = ["fastapi>=0.100"];

/// The versions of Python that the generated code supports.
const PYTHON: &str = ">=3.11";

/// The same with the versions before the release, which `==3.11.*` contains.
const PYTHON_WITH_PREVIEWS: &str = ">=3.11.dev0";

/// The versions of Python for which the SDK can be installed: uv and Poetry find no solution
/// for a service that supports older ones.
const INSTALLABLE: &str = ">=3.10.dev0";

/// Warn of requirements that also allow versions older than the client library needs: a lock
/// file may have one.
pub(super) fn warn_of_old_versions(draft: &mut Draft<'_>, packaging: &Packaging) {
    let (Packaging::Project(path) | Packaging::Poetry(path)) = packaging else {
        return;
    };
    let Ok(Ok(project)) = draft.readable(path).map(PyProject::parse) else {
        return;
    };
    let path = path.clone();
    if let Some((written, _)) = project.python()
        && python_range(&written).is_some_and(|range| !is_within(&range, PYTHON_WITH_PREVIEWS))
    {
        draft.warn(
            WarningCode::OldVersions,
            format!(
                "the service also supports Python 3.10 (`{written}`), and the client library \
                 needs `{PYTHON}`: run the service on a version that both allow"
            ),
            Some(path.clone()),
        );
    }
    for (written, _) in project.requirements() {
        let name = requirement_name(&written);
        let ours = REQUIREMENTS
            .iter()
            .find(|ours| requirement_name(ours) == name);
        let (Some(ours), Some(theirs)) = (ours, range_of(&written)) else {
            continue;
        };
        let lowest = ours
            .split(['=', ','])
            .nth(1)
            .and_then(|v| Version::from_str(v).ok());
        let older = lowest.map(Ranges::strictly_lower_than);
        if older.is_some_and(|older| !theirs.intersection(&older).is_empty()) {
            draft.warn(
                WarningCode::OldVersions,
                format!(
                    "`{written}` also allows versions that are too old: require `{ours}`, and \
                     upgrade `{name}` in a lock file"
                ),
                Some(path.clone()),
            );
        }
    }
}

/// The requirements of the service that cannot be met together with those of the client.
pub(super) fn conflicts(draft: &Draft<'_>, packaging: &Packaging) -> Vec<Problem> {
    let key = match packaging {
        Packaging::Poetry(_) => "python",
        _ => "requires-python",
    };
    let (path, present, python) = match packaging {
        Packaging::Project(path) | Packaging::Poetry(path) => {
            let Ok(Ok(project)) = draft.readable(path).map(PyProject::parse) else {
                return Vec::new();
            };
            (path, project.requirements(), project.python())
        }
        Packaging::Lines(path) => {
            let Ok(text) = draft.readable(path) else {
                return Vec::new();
            };
            let lines = requirements::requirements(text).into_iter();
            let present = lines
                .map(|(line, text)| (text.to_owned(), Position { line, column: 1 }))
                .collect();
            (path, present, None)
        }
        Packaging::Other(..) => return Vec::new(),
    };
    let mut problems = Vec::new();
    let mut conflict = |message: String, position: Position, hint: String| {
        problems.push(
            Problem::new(ErrorCode::RequirementConflict, message)
                .in_file(path.clone())
                .at(Some(position))
                .hint(hint),
        );
    };
    if let Some((written, position)) = python
        && python_range(&written).is_some_and(|range| {
            !is_within(&range, INSTALLABLE) || !overlaps(&range, PYTHON_WITH_PREVIEWS)
        })
    {
        conflict(
            format!(
                "the service supports Python `{written}`, and the client library needs \
                 `{PYTHON}`"
            ),
            position,
            format!(
                "if the service runs on a supported version, write this instead:\n\
                 {key} = \"{PYTHON}\"\n"
            ),
        );
    }
    for (written, position) in present {
        let ours = REQUIREMENTS
            .iter()
            .chain(&NEEDED_IF_PRESENT)
            .find(|ours| requirement_name(ours) == requirement_name(&written));
        let Some(ours) = ours else { continue };
        let (Some(theirs), Some(range)) = (range_of(&written), range_of(ours)) else {
            continue;
        };
        if theirs.intersection(&range).is_empty() {
            conflict(
                format!("the service requires `{written}`, and the client library needs `{ours}`"),
                position,
                format!(
                    "move the service to a version that both allow, and write this instead:\n\
                     {}\n",
                    match packaging {
                        Packaging::Project(_) => format!("\"{ours}\","),
                        _ => (*ours).to_owned(),
                    }
                ),
            );
        }
    }
    problems
}

/// A file that chooses a version of Python which the client library does not support.
pub(super) fn old_python(draft: &Draft<'_>, service: &Service) -> Option<Problem> {
    // A Dockerfile comes first: a version for development may differ. Of several images, the
    // last is the one that runs.
    let image = (service.folder.join("Dockerfile"), "python:");
    let pins = service
        .folder
        .and_parents()
        .map(|folder| (folder.join(".python-version"), ""));
    let files = std::iter::once(image).chain(pins);
    let (path, line, version) = files.into_iter().find_map(|(path, prefix)| {
        let text = draft.exists(&path).then(|| draft.readable(&path).ok())??;
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| prefix.is_empty() || line.starts_with("FROM "));
        let versions = lines.filter_map(|(index, line)| {
            let (_, version) = line.split_once(prefix)?;
            let number = version
                .trim()
                .split(|c: char| c != '.' && !c.is_ascii_digit());
            Version::from_str(number.into_iter().next()?)
                .ok()
                .map(|version| (index + 1, version))
        });
        versions.last().map(|(line, version)| (path, line, version))
    })?;
    let range = VersionSpecifiers::from_str(PYTHON).ok()?;
    // `3` is any version.
    if version.release().len() < 2 || range.contains(&version) {
        return None;
    }
    Some(
        Problem::new(
            ErrorCode::RequirementConflict,
            format!(
                "the service runs on Python {version}, and the client library needs `{PYTHON}`"
            ),
        )
        .in_file(path)
        .at(Some(Position { line, column: 1 }))
        .hint("choose a version that the client library supports, such as 3.12"),
    )
}

/// The versions that a requirement allows; `None` if it has no literal range.
fn range_of(requirement: &str) -> Option<Ranges<Version>> {
    // PEP 508: a name, extras in brackets, the versions, and a marker after a semicolon. A
    // marker may exclude the environment of the service.
    if requirement.contains(';') {
        return None;
    }
    let versions = requirement;
    let versions = versions.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ')
    });
    let versions = match versions.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => versions,
    };
    let versions = versions
        .trim()
        .trim_start_matches('(')
        .trim_end_matches(')');
    VersionSpecifiers::from_str(versions)
        .ok()
        .map(|versions| ranges(&versions))
}

fn ranges(specifiers: &VersionSpecifiers) -> Ranges<Version> {
    Ranges::from(specifiers.clone())
}

/// A range of Python versions, as in `requires-python`, or as Poetry writes it.
fn python_range(written: &str) -> Option<Ranges<Version>> {
    // Poetry: `^3.10` is `>=3.10,<4`, `~3.10` is `==3.10.*`, and a bare version is that one.
    let parts = written.split(',').map(|part| {
        let part = part.trim();
        let lowest = |part: &str| part.trim().trim_end_matches(".*").to_owned();
        match part.chars().next() {
            Some('^') => {
                let lowest = lowest(&part[1..]);
                let major = lowest
                    .split('.')
                    .next()
                    .and_then(|major| major.parse::<u64>().ok());
                let next = major.map_or_else(String::new, |major| format!(",<{}", major + 1));
                format!(">={lowest}{next}")
            }
            Some('~') if !part.starts_with("~=") => {
                let minor: Vec<String> = lowest(&part[1..])
                    .split('.')
                    .take(2)
                    .map(str::to_owned)
                    .collect();
                format!("=={}.*", minor.join("."))
            }
            Some('0'..='9') => format!("=={part}"),
            _ => part.to_owned(),
        }
    });
    let all = parts.collect::<Vec<_>>().join(",");
    VersionSpecifiers::from_str(&all)
        .ok()
        .map(|all| ranges(&all))
}

fn overlaps(range: &Ranges<Version>, other: &str) -> bool {
    let other = VersionSpecifiers::from_str(other).map(|other| ranges(&other));
    other.is_ok_and(|other| !range.intersection(&other).is_empty())
}

fn is_within(range: &Ranges<Version>, outer: &str) -> bool {
    let outer = VersionSpecifiers::from_str(outer).map(|outer| ranges(&outer));
    outer.is_ok_and(|outer| range.subset_of(&outer))
}
