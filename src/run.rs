//! Runs a command: finds and reads the project, makes the plan and writes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::Analysis;
use crate::disk::{self, Disk, DiskError, InjectedFault, Lost};
use crate::edit::on_large_stack;
use crate::plan::{Plan, Warning};
use crate::problem::{Problem, WarningCode};
use crate::process::Limits;
use crate::project::{Files, Project};
use crate::tool::client::ServiceChoice;
use crate::tool::status::{self, Status};
use crate::tool::verify::Verification;
use crate::tool::{self, Refused, Request, ToolInfo, all_tools};

/// Options that apply to every request.
#[derive(Clone)]
pub struct Options {
    /// The project's folder, if it was specified.
    pub project: Option<PathBuf>,
    /// The folder in which the search for the project starts.
    pub current: PathBuf,
    /// Whether the plan is carried out.
    pub write: bool,
    /// Whether generated files that have been edited are replaced.
    pub force: bool,
    /// How long to wait for another run on the same project.
    pub lock_wait: Duration,
    /// What ends the run before it writes.
    pub limits: Limits,
    /// Makes disk operations fail in tests.
    pub fault: Option<InjectedFault>,
}

impl Options {
    /// Options to carry out the plan in the project that contains this folder.
    #[must_use]
    pub fn new(current: PathBuf) -> Self {
        Self {
            project: None,
            current,
            write: true,
            force: false,
            lock_wait: Duration::from_secs(10),
            limits: Limits::default(),
            fault: None,
        }
    }
}

/// A plan, and whether it has been carried out.
#[derive(Debug)]
pub struct Outcome {
    /// The project's folder, absolute.
    pub root: PathBuf,
    /// The plan.
    pub plan: Plan,
    /// Whether the plan's changes are on the disk.
    pub written: bool,
}

/// Why there is no outcome.
#[derive(Debug)]
pub enum Error {
    /// The request does not fit this project; nothing was written.
    Refused {
        /// The project's folder, absolute.
        root: PathBuf,
        /// Why it was refused.
        refused: Refused,
    },
    /// The project could not be found, read or written.
    Disk {
        /// The project's folder, absolute, once it is known.
        root: Option<PathBuf>,
        /// What happened.
        error: DiskError,
    },
    /// The call was cancelled; nothing was written.
    Cancelled(PathBuf),
    /// A bug in this program, with its message.
    Panicked(String),
}

/// Do some work; a panic is an error.
fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Panicked(message.unwrap_or("no message").to_owned()))
    })
}

/// Carry out a request: find the project, lock it, read it, plan, write.
///
/// If a file is changed on disk between reading and writing, everything is done again,
/// once.
///
/// # Errors
///
/// See [`Error`]; the project is unchanged, or the error names what could not be restored.
pub fn run(request: &Request, options: &Options) -> Result<Outcome, Error> {
    let plan = |project: &Project| tool::plan(project, request, options.force);
    caught(|| run_now(&plan, options))
}

/// Carry out a plan that is no tool's, as [`run`] does.
///
/// # Errors
///
/// See [`run`].
pub fn run_plan(plan: Planner<'_>, options: &Options) -> Result<Outcome, Error> {
    caught(|| run_now(plan, options))
}

/// Makes the plan for a project.
pub type Planner<'p> = &'p (dyn Fn(&Project) -> Result<Plan, Refused> + Sync);

fn run_now(planner: Planner<'_>, options: &Options) -> Result<Outcome, Error> {
    let root = find_root(options)?;
    let fail = |error| of_disk(&root, error);
    let disk = Disk::new(root.clone(), options.fault.clone());
    let is_cancelled = || options.limits.is_cancelled();
    let cancelled = || Error::Cancelled(root.clone());
    let _lock = if options.write {
        let lock = disk.lock(options.lock_wait, &is_cancelled);
        Some(lock.map_err(|error| {
            if is_cancelled() {
                cancelled()
            } else {
                fail(error)
            }
        })?)
    } else {
        None
    };
    let mut is_retry = false;
    loop {
        // What is at the paths that the plan would create is read, too.
        let more = |plan: &Plan, files: &mut Files| disk.read_targets(plan.changes(), files);
        let mut plan = on_large_stack(|| with_files(&disk, &root, planner, more))?;
        if is_cancelled() {
            return Err(cancelled());
        }
        let written = disk.prepare(plan.changes()).and_then(|targets| {
            if options.write {
                return disk.commit(&targets);
            }
            Ok(Vec::new())
        });
        match written {
            Ok(lost) => {
                let lost = lost.into_iter().map(|Lost { path, what }| Warning {
                    code: WarningCode::NotKept,
                    message: format!("`{path}` lost {}", what.join(" and ")),
                    path: Some(path),
                });
                plan.notes.warnings.extend(lost);
                return Ok(Outcome {
                    root,
                    plan,
                    written: options.write,
                });
            }
            Err(DiskError::Changed(_)) if !is_retry => is_retry = true,
            Err(error) => return Err(fail(error)),
        }
    }
}

/// Report the status of the project without changing it.
///
/// # Errors
///
/// See [`Error`].
pub fn status(options: &Options) -> Result<(PathBuf, Status), Error> {
    look(options, |project| Ok(Status::of(project)))
}

/// Draw a workflow of the project.
///
/// # Errors
///
/// See [`Error`].
pub fn diagram(options: &Options, name: &str) -> Result<(PathBuf, String), Error> {
    look(options, |project| status::diagram(project, name))
}

/// What `verify` does in the project.
///
/// # Errors
///
/// See [`Error`].
pub(crate) fn to_verify(
    options: &Options,
    service: Option<&ServiceChoice>,
    workflows: &[String],
) -> Result<(PathBuf, Vec<Verification>), Error> {
    look(options, |project| {
        tool::verify::plan(project, service, workflows)
    })
}

/// Check the workflow code of the project, or of one service, without changing it.
///
/// # Errors
///
/// See [`Error`].
pub fn check(
    options: &Options,
    service: Option<&ServiceChoice>,
) -> Result<(PathBuf, Analysis), Error> {
    look(options, |project| tool::check::check(project, service))
}

/// Read the project and look at it, without changing it.
fn look<T>(
    options: &Options,
    at: impl Fn(&Project) -> Result<T, Refused> + Sync,
) -> Result<(PathBuf, T), Error>
where
    T: Send,
{
    let root = find_root(options)?;
    let disk = Disk::new(root.clone(), options.fault.clone());
    let found = caught(|| on_large_stack(|| with_files(&disk, &root, &at, |_, _| Ok(false))))?;
    Ok((root, found))
}

/// The tools that the project offers, determined from its `polytope.yml` files alone.
///
/// # Errors
///
/// See [`Error`].
pub fn offered(options: &Options) -> Result<Vec<&'static ToolInfo>, Error> {
    let root = find_root(options)?;
    caught(|| {
        let files = Disk::new(root.clone(), options.fault.clone()).read_tools();
        let files = files.map_err(|error| of_disk(&root, error))?;
        let project = read_project(&root, files)?;
        Ok(all_tools()
            .filter(|tool| tool.is_offered(&project))
            .collect())
    })
}

/// The project's folder, absolute.
///
/// # Errors
///
/// See [`Error`].
pub fn find_root(options: &Options) -> Result<PathBuf, Error> {
    disk::find_root(options.project.as_deref(), &options.current)
        .map_err(|error| Error::Disk { root: None, error })
}

fn of_disk(root: &Path, error: DiskError) -> Error {
    Error::Disk {
        root: Some(root.to_owned()),
        error,
    }
}

fn read_project(root: &Path, files: Files) -> Result<Project, Error> {
    Project::new(root.to_owned(), files).map_err(|errors| {
        let problems: Vec<Problem> = errors.into_iter().map(Into::into).collect();
        Error::Refused {
            root: root.to_owned(),
            refused: problems.into(),
        }
    })
}

/// Read the project and look at it. If that needs files that have not been read, or `more` reads
/// others because of the result, look again.
fn with_files<T>(
    disk: &Disk,
    root: &Path,
    at: impl Fn(&Project) -> Result<T, Refused>,
    more: impl Fn(&T, &mut Files) -> Result<bool, DiskError>,
) -> Result<T, Error> {
    let fail = |error| of_disk(root, error);
    let mut files = disk.read().map_err(fail)?;
    loop {
        let project = read_project(root, files)?;
        let found = at(&project);
        let (read, wanted) = project.into_files();
        files = read;
        if disk.read_more(&wanted, &mut files).map_err(fail)? {
            continue;
        }
        let found = found.map_err(|refused| Error::Refused {
            root: root.to_owned(),
            refused,
        })?;
        if !more(&found, &mut files).map_err(fail)? {
            return Ok(found);
        }
    }
}
