//! What a record may name: a record that somebody has written must not make a removal delete or
//! change other files than those that its step adds or edits.

use crate::edit::undo::Language;
use crate::name::{Folder, RelPath};
use crate::problem::{ErrorCode, Problem};
use crate::project::{POLYTOPE_FILE, root_path};
use crate::record::{self, Record};
use crate::tool::Draft;
use crate::tool::workflow::TEST_KINDS;

/// Refuse a record that names other files. Returns whether it is right.
///
/// `is_own` tells which files the step creates. It edits modules and requirements in the folder of
/// the service, if it concerns one, and any `polytope.yml`.
pub(super) fn check(
    draft: &mut Draft<'_>,
    path: &RelPath,
    found: &Record,
    service: Option<&Folder>,
    is_own: &dyn Fn(&RelPath) -> bool,
) -> bool {
    let files = record::paths(&found.library).chain(record::paths(&found.created));
    let files = files.map(|(file, _)| file).filter(|file| !is_own(file));
    let edited = record::paths(&found.edited).filter(|(file, edits)| {
        let language = Language::of(file.file_name());
        let is_inside = service.is_some_and(|service| service.relative(file).is_some());
        let is_polytope = file.file_name() == POLYTOPE_FILE && !is_record(file);
        let only_inserts = edits.iter().all(|edit| edit.only_inserts(language));
        !only_inserts || !(is_polytope || is_inside && is_edited_by_steps(file))
    });
    let mut wrong = files.chain(edited.map(|(file, _)| file));
    let Some(file) = wrong.next() else {
        return true;
    };
    drop(wrong);
    draft.problem(
        Problem::new(
            ErrorCode::WrongRecord,
            format!("`{path}` lists `{file}`, which this step never creates or edits"),
        )
        .in_file(path.clone())
        .hint(format!("restore `{path}` from version control")),
    );
    false
}

/// Whether a step may edit a file of this name.
fn is_edited_by_steps(file: &RelPath) -> bool {
    let name = file.file_name();
    let is_requirements = name.contains("requirements")
        || file
            .parent()
            .is_some_and(|folder| folder.file_name() == "requirements");
    file.has_extension("py")
        || name == "pyproject.toml"
        || (is_requirements && (file.has_extension("txt") || file.has_extension("in")))
}

/// Whether a workflow may have a file: one of its package, or its tests.
pub(super) fn is_of_workflow(service: &Folder, name: &str, file: &RelPath) -> bool {
    let Some(inside) = service.relative(file) else {
        return false;
    };
    let is_test = inside.starts_with("tests/workflows/")
        && TEST_KINDS
            .iter()
            .any(|kind| file.file_name().ends_with(&format!("{name}_{kind}.py")));
    let package = file.parent().map(|folder| folder.file_name().to_owned());
    is_test || (package.as_deref() == Some(name) && file.has_extension("py"))
}

/// Whether the client of a service, or a new service, may have a file.
pub(super) fn is_of_service(service: &Folder, file: &RelPath) -> bool {
    const NAMES: [&str; 20] = [
        ".gitignore",
        "README.md",
        "__init__.py",
        "bluetext.py",
        "bluetext_settings.py",
        "bluetext_temporal.py",
        "bluetext_worker.py",
        "conftest.py",
        "dependencies.py",
        "main.py",
        "polytope.yml",
        "pyproject.toml",
        "registry.py",
        "temporal.py",
        "temporal_settings.py",
        "temporal_setup.py",
        "temporal_worker.py",
        "test_health.py",
        "worker.py",
        "py.typed",
    ];
    let Some(inside) = service.relative(file).filter(|_| !is_record(file)) else {
        return false;
    };
    let is_library = Folder::of(file).name() == Some("temporal_client");
    let is_test = inside.starts_with("tests/workflows/test_");
    is_library || is_test || NAMES.contains(&file.file_name())
}

/// Whether the first step, or the registration of the next one, may have a file.
pub(super) fn is_of_step(file: &RelPath) -> bool {
    const MODULES: [&str; 3] = ["bluetext", "postgres", "temporal"];
    let folder = Folder::of(file);
    let is_module = folder.name().is_some_and(|name| MODULES.contains(&name));
    *file == root_path() || is_module && file.file_name() == POLYTOPE_FILE && !is_record(file)
}

fn is_record(file: &RelPath) -> bool {
    let records = Folder::from(RelPath::literal(record::RECORDS));
    records.relative(file).is_some()
}
