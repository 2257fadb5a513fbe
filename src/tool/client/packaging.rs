//! How a service declares its requirements.

use crate::edit::requirements;
use crate::edit::toml::{Dependencies, PyProject};
use crate::name::{Folder, RelPath, shell_word};
use crate::problem::Problem;
use crate::project::{Project, Service};
use crate::tool::Draft;

/// Where a service declares its requirements.
pub(super) enum Packaging {
    /// `[project]` in `pyproject.toml`.
    Project(RelPath),
    /// Poetry's tables in `pyproject.toml`.
    Poetry(RelPath),
    /// A file with one requirement a line.
    Lines(RelPath),
    /// Something that is not edited, with the reason.
    Other(String, Option<RelPath>),
}

impl Packaging {
    pub(super) fn of(draft: &Draft<'_>, service: &Service) -> Result<Self, Problem> {
        let pyproject = service.folder.join("pyproject.toml");
        let is_there = |path: &RelPath| draft.exists(path);
        if is_there(&pyproject) {
            let text = draft.readable(&pyproject)?;
            let parsed = PyProject::parse(text)
                .map_err(|error| Problem::of_edit(error, Some(pyproject.clone())))?;
            // Without dependencies, it does not declare those of the service.
            let lines = service.folder.join("requirements.txt");
            if parsed.requirements().is_empty() && has_requirements(draft, &lines) {
                return Ok(Self::Lines(lines));
            }
            match parsed.dependencies() {
                Dependencies::Project => return Ok(Self::Project(pyproject)),
                Dependencies::Poetry => return Ok(Self::Poetry(pyproject)),
                Dependencies::File(file) => {
                    let path = format!("{}/{file}", service.folder).parse::<Folder>();
                    let path = path.ok().and_then(|path| path.path().cloned());
                    if let Some(path) = path.filter(is_there) {
                        return Ok(Self::Lines(path));
                    }
                    let why = format!(
                        "`{pyproject}` reads its dependencies from `{}`, which is not a file in \
                         the project",
                        file.escape_debug()
                    );
                    return Ok(Self::Other(why, Some(pyproject)));
                }
                Dependencies::Dynamic => {
                    let why = format!("the dependencies in `{pyproject}` are made by the build");
                    return Ok(Self::Other(why, Some(pyproject)));
                }
                // Only settings of tools.
                Dependencies::None => {}
            }
        }
        let files = [
            "requirements.in",
            "requirements.txt",
            "requirements/base.txt",
        ];
        if let Some(file) = files
            .map(|file| service.folder.join(file))
            .into_iter()
            .find(is_there)
        {
            return Ok(Self::Lines(file));
        }
        let setup = ["setup.cfg", "setup.py"].map(|file| service.folder.join(file));
        Ok(match setup.into_iter().find(is_there) {
            Some(file) => Self::Other(
                format!("the requirements in `{file}` cannot be edited automatically"),
                Some(file),
            ),
            None => Self::Other("no file declares requirements".to_owned(), None),
        })
    }
}

fn has_requirements(draft: &Draft<'_>, path: &RelPath) -> bool {
    let text = draft.text(path).unwrap_or("");
    !requirements::requirements(text).is_empty()
}

/// How uv runs a program of a service with its requirements, if the container has uv.
pub(super) fn uv_runner(draft: &Draft<'_>, service: &Service) -> Option<String> {
    match Packaging::of(draft, service).ok()? {
        Packaging::Project(_) => Some("uv run --no-dev ".to_owned()),
        Packaging::Lines(path) => {
            let file = service.folder.path().map_or(path.as_str(), |folder| {
                path.as_str()
                    .strip_prefix(folder.as_str())
                    .unwrap_or("")
                    .trim_start_matches('/')
            });
            Some(format!(
                "uv run --no-project --with-requirements {} ",
                shell_word(file)
            ))
        }
        Packaging::Poetry(_) | Packaging::Other(..) => None,
    }
}

/// How a service's requirements are declared, in words.
pub(in crate::tool) fn packaging_name(project: &Project, service: &Service) -> &'static str {
    let draft = Draft::new(project, false);
    match Packaging::of(&draft, service) {
        Ok(Packaging::Project(_)) => "pyproject.toml",
        Ok(Packaging::Poetry(_)) => "Poetry",
        Ok(Packaging::Lines(_)) => "requirements.txt",
        Ok(Packaging::Other(_, Some(_))) | Err(_) => "other",
        Ok(Packaging::Other(_, None)) => "none",
    }
}
