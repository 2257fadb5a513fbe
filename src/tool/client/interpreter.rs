//! Finds the version of Python that runs a service.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::edit::Position;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem};
use crate::project::Service;
use crate::tool::Draft;

use super::container::Container;
use super::versions::PYTHON;

/// A version of Python, and where it is chosen.
type Chosen = (RelPath, Option<Position>, Version);

/// The refusal of a version of Python that the client library does not support.
pub(super) fn old_python(draft: &Draft<'_>, service: &Service) -> Option<Problem> {
    let file = service.tool.as_ref();
    let file = file.and_then(|(path, _)| draft.project().polytope_file(path));
    let container = file.and_then(|file| Container::of(file, service));
    let in_container = || {
        let (file, container) = (file?, container.as_ref()?);
        let image = container.resolved(container.args.get("image")?);
        let version = of_image(image.as_str()?)?;
        let position = file.document.position(&container.route("image"));
        Some((file.path.clone(), position, version))
    };
    let in_image = || in_container().or_else(|| of_dockerfile(draft, service));
    // uv takes the version of the file before that of the image. Without uv, the file is only
    // for development.
    let uses_uv = container.as_ref().is_some_and(Container::uses_uv);
    let in_file = || of_version_file(draft, service);
    let chosen = if uses_uv {
        in_file().or_else(in_image)
    } else {
        in_image().or_else(in_file)
    };
    let (path, position, version) = chosen?;
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
        .at(position)
        .hint("choose a version that the client library supports, such as 3.12"),
    )
}

/// The version of the last image in a service's `Dockerfile`: that stage runs.
fn of_dockerfile(draft: &Draft<'_>, service: &Service) -> Option<Chosen> {
    let path = service.folder.join("Dockerfile");
    let text = draft.text(&path)?;
    let mut arguments = BTreeMap::new();
    let mut last = None;
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("ARG") => arguments.extend(words.filter_map(|word| {
                let (name, value) = word.split_once('=')?;
                Some((name, value.trim_matches(['"', '\''])))
            })),
            Some("FROM") => {
                let image = words.find(|word| !word.starts_with("--"));
                let version = image.and_then(|image| of_image(&expanded(image, &arguments)));
                let position = Position {
                    line: index + 1,
                    column: 1,
                };
                last = version.map(|version| (position, version)).or(last);
            }
            _ => {}
        }
    }
    last.map(|(position, version)| (path, Some(position), version))
}

/// A text of a `Dockerfile` with its build arguments: `$NAME`, `${NAME}` or `${NAME:-default}`.
fn expanded(text: &str, arguments: &BTreeMap<&str, &str>) -> String {
    let mut parts = text.split('$');
    let mut result = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let braced = part.strip_prefix('{').and_then(|part| part.split_once('}'));
        let (reference, rest) = braced.unwrap_or_else(|| {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            part.split_at(end.unwrap_or(part.len()))
        });
        let (name, default) = reference.split_once(":-").unwrap_or((reference, ""));
        result.push_str(arguments.get(name).copied().unwrap_or(default));
        result.push_str(rest);
    }
    result
}

/// The version in the name of an image: `python:3.10-slim`, or `uv:python3.10-bookworm`.
fn of_image(image: &str) -> Option<Version> {
    image.rmatch_indices("python").find_map(|(at, word)| {
        let rest = &image[at + word.len()..];
        number(rest.trim_start_matches([':', '-']))
    })
}

/// The version in the nearest `.python-version`: `3.10`, `cpython-3.10` or `pypy3.10`.
fn of_version_file(draft: &Draft<'_>, service: &Service) -> Option<Chosen> {
    service.folder.and_parents().find_map(|folder| {
        let path = folder.join(".python-version");
        let text = draft.exists(&path).then(|| draft.readable(&path).ok())??;
        let mut lines = text.lines().enumerate();
        let (index, line) =
            lines.find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))?;
        let version =
            number(line.trim_start_matches(|c: char| !"<>=~!".contains(c) && !c.is_ascii_digit()))?;
        let position = Position {
            line: index + 1,
            column: 1,
        };
        Some((path, Some(position), version))
    })
}

/// The version at the start of a text.
fn number(text: &str) -> Option<Version> {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
    Version::from_str(text[..end.unwrap_or(text.len())].trim_end_matches('.')).ok()
}
