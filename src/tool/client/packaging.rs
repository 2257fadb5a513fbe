//! How a service declares its requirements.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::edit::requirements::{self, Line};
use crate::edit::toml::{Dependencies, PyProject, requirement_name};
use crate::edit::{EditError, Position};
use crate::name::{Folder, RelPath, shell_word};
use crate::problem::{ErrorCode, Problem};
use crate::project::{Project, Service};
use crate::tool::Draft;

/// How and where a service declares its requirements.
pub(super) struct Packaging {
    /// The file that is edited.
    pub(super) form: Form,
    /// What the file and those that it includes require, in their order.
    pub(super) requirements: Vec<Written>,
    /// The versions of Python that the service supports.
    pub(super) python: Option<Written>,
}

/// The kind of file that declares requirements.
pub(super) enum Form {
    /// `[project]` in `pyproject.toml`.
    Project(RelPath),
    /// Poetry's tables in `pyproject.toml`.
    Poetry(RelPath),
    /// A file with one requirement a line.
    Lines(RelPath),
    /// Something that is not edited, with the reason.
    Other(String, Option<RelPath>),
}

/// A requirement as it is written in a file.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) path: RelPath,
    pub(super) position: Position,
    /// Whether it only limits the version, and does not install the package.
    pub(super) is_constraint: bool,
}

impl Written {
    /// The refusal of this requirement.
    pub(super) fn problem(&self, message: String, hint: String) -> Problem {
        Problem::new(ErrorCode::RequirementConflict, message)
            .in_file(self.path.clone())
            .at(Some(self.position))
            .hint(hint)
    }
}

impl Packaging {
    /// The packaging of a service, with the changes planned so far.
    ///
    /// # Errors
    ///
    /// Why its `pyproject.toml` cannot be read.
    pub(super) fn of(draft: &Draft<'_>, service: &Service) -> Result<Self, Problem> {
        let path = service.folder.join("pyproject.toml");
        let parsed = pyproject(draft, &path)?;
        let pyproject = match parsed.as_deref() {
            Some(Ok(pyproject)) => Some((&path, pyproject)),
            _ => None,
        };
        let form = Form::of(draft, service, pyproject)?;
        let written = |(text, position)| Written {
            text,
            path: path.clone(),
            position,
            is_constraint: false,
        };
        let requirements = match (&form, pyproject) {
            (Form::Project(_) | Form::Poetry(_), Some((_, pyproject))) => {
                let constraints = pyproject.constraints().into_iter().map(written);
                let constraints = constraints.map(|constraint| Written {
                    is_constraint: true,
                    ..constraint
                });
                let required = pyproject.requirements().into_iter().map(written);
                required.chain(constraints).collect()
            }
            (Form::Lines(path), _) => of_lines(draft, path)?,
            _ => Vec::new(),
        };
        // Files with one requirement a line are installed without looking at the project.
        let python = pyproject.filter(|_| matches!(form, Form::Project(_) | Form::Poetry(_)));
        Ok(Self {
            requirements,
            python: python.and_then(|(_, pyproject)| pyproject.python().map(written)),
            form,
        })
    }

    /// Whether a package is installed with the service.
    pub(super) fn installs(&self, name: &str) -> bool {
        let mut installed = self.requirements.iter().filter(|one| !one.is_constraint);
        installed.any(|one| requirement_name(&one.text) == name)
    }

    /// How uv runs a program of the service with its requirements.
    pub(super) fn uv_runner(&self, service: &Service) -> Option<String> {
        match &self.form {
            Form::Project(_) => Some("uv run --no-dev ".to_owned()),
            Form::Lines(path) => {
                let file = service.folder.relative(path)?;
                // Polytope replaces what is in braces.
                let file = Some(file).filter(|file| !file.contains(['{', '}']))?;
                Some(format!(
                    "uv run --no-project --with-requirements {} ",
                    shell_word(file)
                ))
            }
            Form::Poetry(_) | Form::Other(..) => None,
        }
    }
}

/// The parsed `pyproject.toml` at a path, if there is one.
fn pyproject(
    draft: &Draft<'_>,
    path: &RelPath,
) -> Result<Option<Rc<Result<PyProject, EditError>>>, Problem> {
    if !draft.exists(path) {
        return Ok(None);
    }
    draft.readable(path)?;
    let parsed = draft.pyproject(path);
    match parsed.as_deref() {
        Some(Err(error)) => Err(Problem::of_edit(error.clone(), Some(path.clone()))),
        _ => Ok(parsed),
    }
}

impl Form {
    fn of(
        draft: &Draft<'_>,
        service: &Service,
        pyproject: Option<(&RelPath, &PyProject)>,
    ) -> Result<Self, Problem> {
        let is_there = |path: &RelPath| draft.exists(path);
        if let Some((pyproject, parsed)) = pyproject {
            // Without dependencies, it does not declare those of the service.
            let lines = service.folder.join("requirements.txt");
            if parsed.requirements().is_empty() && !of_lines(draft, &lines)?.is_empty() {
                return Ok(Self::Lines(lines));
            }
            match parsed.dependencies() {
                Dependencies::Project => return Ok(Self::Project(pyproject.clone())),
                Dependencies::Poetry => return Ok(Self::Poetry(pyproject.clone())),
                Dependencies::File(file) => {
                    let path = service.folder.resolve(&file);
                    let path = path.and_then(|path| path.path().cloned());
                    if let Some(path) = path.filter(is_there) {
                        return Ok(Self::Lines(path));
                    }
                    let why = format!(
                        "`{pyproject}` reads its dependencies from `{}`, which is not a file in \
                         the project",
                        file.escape_debug()
                    );
                    return Ok(Self::Other(why, Some(pyproject.clone())));
                }
                Dependencies::Dynamic => {
                    let why = format!("the dependencies in `{pyproject}` are made by the build");
                    return Ok(Self::Other(why, Some(pyproject.clone())));
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
        let files = files.map(|file| service.folder.join(file));
        if let Some(file) = files.into_iter().find(is_there) {
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

/// The requirements of a file with one a line, and of the files that it includes.
fn of_lines(draft: &Draft<'_>, path: &RelPath) -> Result<Vec<Written>, Problem> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(path.clone(), false)];
    while let Some((path, is_constraint)) = waiting.pop() {
        if !draft.exists(&path) || !seen.insert(path.clone()) {
            continue;
        }
        for (line, content) in requirements::lines(draft.readable(&path)?) {
            let (file, is_constraint) = match content {
                Line::Requirement(text) => {
                    found.push(Written {
                        text: text.to_owned(),
                        path: path.clone(),
                        position: Position { line, column: 1 },
                        is_constraint,
                    });
                    continue;
                }
                Line::Include(file) => (file, is_constraint),
                Line::Constraints(file) => (file, true),
            };
            // pip: relative to the file that includes it.
            let included = Folder::of(&path).resolve(file);
            let included = included.and_then(|path| path.path().cloned());
            waiting.extend(included.map(|path| (path, is_constraint)));
        }
    }
    Ok(found)
}

/// How a service's requirements are declared, in words.
pub(in crate::tool) fn packaging_name(project: &Project, service: &Service) -> &'static str {
    let draft = Draft::new(project, false);
    match Packaging::of(&draft, service).map(|packaging| packaging.form) {
        Ok(Form::Project(_)) => "pyproject.toml",
        Ok(Form::Poetry(_)) => "Poetry",
        Ok(Form::Lines(_)) => "requirements.txt",
        Ok(Form::Other(_, Some(_))) | Err(_) => "other",
        Ok(Form::Other(_, None)) => "none",
    }
}
