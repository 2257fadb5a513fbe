//! How a service is installed, as its packaging says.

use super::names::Names;
use super::packaging::{Form, Packaging};
use super::requirements::{DEVELOPMENT_FILES, TEST_REQUIREMENTS};
use crate::project::{Project, Service, Wiring};
use crate::tool::Draft;

/// How a service is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Install {
    /// `[project]` in `pyproject.toml`, with its development group.
    Project,
    /// Files with one requirement a line, relative to the service's folder.
    Files(Vec<String>),
    /// The package is built, with a build system that declares the requirements.
    Build,
}

impl Install {
    /// How a service is installed.
    ///
    /// # Errors
    ///
    /// Why that is not known.
    pub(in crate::tool) fn of(project: &Project, service: &Service) -> Result<Self, String> {
        let draft = Draft::new(project, false);
        let packaging = Packaging::of(&draft, service).map_err(|problem| problem.message)?;
        match packaging.form {
            Form::Project(_) => Ok(Self::Project),
            Form::Poetry(_) | Form::Other(_, Some(_)) => Ok(Self::Build),
            Form::Other(why, None) => Err(why),
            Form::Lines(path) => {
                let name = |path: &str| path.to_owned();
                let main = service.folder.relative(&path).map(name);
                let development = DEVELOPMENT_FILES
                    .into_iter()
                    .find(|file| project.entry(&service.folder.join(file)).is_some());
                let files = main.into_iter().chain(development.map(name));
                Ok(Self::Files(files.collect()))
            }
        }
    }

    /// What the tests need besides what the packaging declares.
    #[must_use]
    pub fn further_requirements(&self) -> &'static [&'static str] {
        match self {
            Self::Project => &[],
            Self::Files(_) | Self::Build => &TEST_REQUIREMENTS,
        }
    }
}

/// The module of a service's generated worker; `None` if its worker is made by hand.
pub(in crate::tool) fn worker_module(project: &Project, service: &Service) -> Option<String> {
    match service.wiring {
        Wiring::Existing { .. } | Wiring::SeveralWorkers(_) => None,
        _ => {
            let names = Names::of(project, service);
            Some(service.module(names.worker))
        }
    }
}
