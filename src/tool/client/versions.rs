//! Ranges of versions, as requirements and packaging tools write them.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use version_ranges::Ranges;

/// The versions of Python that the generated code supports.
pub(super) const PYTHON: &str = ">=3.11";

/// The versions that a requirement allows; `None` if it has no literal range, or if its marker
/// may exclude the environment of the service.
pub(super) fn range_of(requirement: &str) -> Option<Ranges<Version>> {
    // PEP 508: a name, extras in brackets, the versions, and a marker after a semicolon.
    let (versions, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
    if !marker.trim().is_empty() && !marker.split(" and ").all(always_holds) {
        return None;
    }
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
    parsed(versions)
}

/// Whether a comparison of a marker holds on Linux, where the containers run, for all versions
/// of Python that the client library supports.
fn always_holds(comparison: &str) -> bool {
    let comparison = comparison.trim().trim_matches(['(', ')']);
    let operator_at = comparison.find(|c: char| "<>=!~".contains(c));
    let (name, rest) = comparison.split_at(operator_at.unwrap_or(0));
    let value_at = rest.find(['"', '\'']).unwrap_or(rest.len());
    let (operator, value) = rest.split_at(value_at);
    let (operator, value) = (operator.trim(), value.trim().trim_matches(['"', '\'']));
    let linux = match name.trim() {
        "python_version" | "python_full_version" => {
            let range = parsed(&format!("{operator}{value}"));
            let python = parsed(PYTHON);
            return range
                .zip(python)
                .is_some_and(|(range, python)| python.subset_of(&range));
        }
        "sys_platform" => "linux",
        "platform_system" => "Linux",
        "os_name" => "posix",
        _ => return false,
    };
    match operator {
        "==" => value == linux,
        "!=" => value != linux,
        _ => false,
    }
}

/// A range of Python versions, as in `requires-python`, or as Poetry writes it.
pub(super) fn python_range(written: &str) -> Option<Ranges<Version>> {
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
    parsed(&all)
}

pub(super) fn overlaps(range: &Ranges<Version>, other: &str) -> bool {
    parsed(other).is_some_and(|other| !range.is_disjoint(&other))
}

pub(super) fn is_within(range: &Ranges<Version>, outer: &str) -> bool {
    parsed(outer).is_some_and(|outer| range.subset_of(&outer))
}

fn parsed(range: &str) -> Option<Ranges<Version>> {
    VersionSpecifiers::from_str(range).ok().map(Ranges::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_that_holds_everywhere_changes_nothing() {
        let is_compared = |marker: &str| range_of(&format!("pydantic<2; {marker}")).is_some();
        for marker in [
            "python_version >= '3.8'",
            "python_version>=\"3.11\" and sys_platform != 'win32'",
            "(python_full_version >= '3.9.1') and (platform_system == 'Linux')",
            "os_name == \"posix\"",
        ] {
            assert!(is_compared(marker), "{marker}");
        }
        for marker in [
            "python_version < '3.12'",
            "python_version >= '3.12'",
            "sys_platform == 'darwin'",
            "sys_platform == 'linux' or python_version < '3'",
            "platform_machine == 'x86_64'",
            "extra == 'v1'",
            "'linux' in sys_platform",
            "!",
        ] {
            assert!(!is_compared(marker), "{marker}");
        }
    }
}
