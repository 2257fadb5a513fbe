//! The client library: the package `temporal_client` of a service.

use crate::change::Rank;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Content, Project, Service};
use crate::record::{self, Hash, folded};
use crate::template::{Template, templates};
use crate::tool::Draft;

use super::Library;
use super::files::{ServiceContext, render_file};
use super::names::{Names, library_folder};

/// Add the library, or bring it to this version. One that somebody has changed is left, with a
/// warning.
pub(super) fn add_library(draft: &mut Draft<'_>, service: &Service) {
    let folder = library_folder(service);
    let module = service.source().join("temporal_client.py");
    let init = folder.join("__init__.py");
    let is_other = draft
        .text(&init)
        .is_some_and(|text| !text.starts_with(LIBRARY_BEGIN));
    for path in [(draft.exists(&module), module), (is_other, init)] {
        if let (true, path) = path {
            draft.problem(
                Problem::new(
                    ErrorCode::InTheWay,
                    format!(
                        "`{path}` has the name of the client library's package, and belongs to \
                         the service"
                    ),
                )
                .in_file(path)
                .hint("the service can be served once its own module has another name"),
            );
        }
    }
    let files = library_files(draft.project(), service);
    let changed: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.has_extension("py"))
        .filter(|(path, text)| draft.is_changed_library(path, text))
        .map(|(path, _)| format!("`{path}`"))
        .collect();
    let is_same = |path: &RelPath, text: &String| {
        let there = draft.project().text(path);
        there.is_none_or(|there| folded(there) == folded(text))
    };
    let differ = files
        .iter()
        .filter(|(path, text)| path.has_extension("py") && !is_same(path, text));
    if !changed.is_empty() && differ.count() > changed.len() {
        // Files of two versions do not work together.
        draft.warn(
            WarningCode::Kept,
            format!(
                "the client library in `{folder}` is left as it is, because {} {} been changed, \
                 and files of two versions do not work together; `--diff --force --dry-run` shows \
                 what `--force` replaces",
                changed.join(", "),
                if changed.len() == 1 { "has" } else { "have" }
            ),
            Some(folder.clone()),
        );
        return;
    }
    let current: Vec<RelPath> = files.iter().map(|(path, _)| path.clone()).collect();
    for (path, text) in files {
        let rank = if path.file_name() == "__init__.py" {
            Rank::Library
        } else {
            Rank::New
        };
        draft.library(path, text, rank);
    }
    draft.drop_library(&current);
}

/// How the library's `__init__.py` begins, in each version.
const LIBRARY_BEGIN: &str = "\"\"\"Connects a service to Temporal and runs its worker.";

/// Whether a service has the client library, and whether it matches this version.
pub(in crate::tool) fn library(project: &Project, service: &Service) -> Library {
    let files = library_files(project, service);
    // `status` reads only code.
    let is_same = |path: &RelPath, text: &String| match project.entry(path) {
        Some(Content::Unread) => true,
        _ => project
            .text(path)
            .is_some_and(|there| folded(there) == folded(text)),
    };
    let record = project.record(&record::of_client(&service.folder));
    let is_as_recorded = |path: &RelPath| {
        let recorded = record
            .as_ref()
            .and_then(|record| record.library.get(path.as_str()));
        match (project.text(path), recorded) {
            (Some(text), Some(recorded)) => Hash::of(text) == *recorded,
            (None, _) => true,
            (Some(_), None) => false,
        }
    };
    // A choice that was made with an option may have decided what is in a file.
    let is_this_version = record
        .as_ref()
        .is_some_and(|record| record.version == env!("CARGO_PKG_VERSION"));
    let mut differing = files.iter().filter(|(path, text)| !is_same(path, text));
    if files.iter().all(|(path, _)| project.entry(path).is_none()) {
        Library::Absent
    } else if differing.clone().next().is_none() {
        Library::Current
    } else if differing.all(|(path, _)| is_as_recorded(path)) {
        if is_this_version {
            Library::Current
        } else {
            Library::Outdated
        }
    } else {
        Library::Differs
    }
}

/// The module of the library that generated workflows need and earlier versions do not have.
const NEEDED: &str = "interceptors.py";

/// Refuse a workflow for a service whose library is that of an earlier version.
pub(in crate::tool) fn check_library(
    project: &Project,
    service: &Service,
    route: bool,
) -> Result<(), Problem> {
    let folder = library_folder(service);
    let needed = [Some(NEEDED), route.then_some("routes.py")];
    let is_missing = |file: &&str| project.entry(&folder.join(file)).is_none();
    let Some(file) = needed.into_iter().flatten().find(is_missing) else {
        return Ok(());
    };
    Err(Problem::new(
        ErrorCode::StepMissing,
        format!(
            "the client library in `{folder}` is that of an earlier version, without `{file}`, \
             which the workflow needs"
        ),
    )
    .in_file(folder)
    .hint(format!(
        "bluetext add-temporal-client --service {name}\nIf its report says that the library has \
         been changed and is left as it is, `bluetext add-temporal-client --service {name} --force` \
         replaces it.",
        name = service.name
    )))
}

/// The files of the client library in a service.
fn library_files(project: &Project, service: &Service) -> Vec<(RelPath, String)> {
    const FILES: [(&str, Template); 15] = templates![
        "add-temporal-client/library/temporal_client/",
        "README.md",
        "__init__.py",
        "activity.py",
        "connection.py",
        "errors.py",
        "health.py",
        "interceptors.py",
        "process.py",
        "py.typed",
        "reload.py",
        "routes.py",
        "service.py",
        "settings.py",
        "unknown.py",
        "worker.py",
    ];
    let names = Names::of(project, service);
    let context = ServiceContext::new(project, service, &names, "workflows.registry");
    let folder = library_folder(service);
    let style = project.python_style(service);
    // One that imports FastAPI is for services that have it.
    let is_needed = |file: &str| file != "routes.py" || context.framework == Some("FastAPI");
    let files = FILES.into_iter().filter(|(file, _)| is_needed(file));
    files
        .map(|(file, template)| (folder.join(file), render_file(template, &context, &style)))
        .collect()
}
