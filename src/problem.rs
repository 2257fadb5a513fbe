//! Codes of errors and warnings, problems with their position and hint, the conversion of
//! other modules' errors to problems, and exit codes.
//!
//! The meaning of a code never changes; `docs/codes.md` lists the codes, and a test compares it
//! with this file.

use std::path::Path;

use anstyle::AnsiColor;
use schemars::JsonSchema;
use serde::Serialize;

use crate::disk::{self, DiskError};
use crate::edit::{EditError, Position};
use crate::name::{RelPath, is_unsafe};
use crate::project::{FileFault, ProjectError};

/// The exit code of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExitCode {
    /// Done, or nothing to do.
    #[default]
    Done = 0,
    /// Failed, and rolled back.
    Failed = 1,
    /// Invalid arguments; nothing was read or written.
    Usage = 2,
    /// Not possible in this project; nothing was written.
    Refused = 3,
    /// `--check`: something would change. `check`: there are findings.
    WouldChange = 4,
    /// Scaffolded, but starting the services failed.
    NotStarted = 5,
    /// Another run holds the project, or a file was changed on disk during the run.
    TryAgain = 6,
    /// `verify`: a test or a workflow failed.
    NotVerified = 7,
    /// The command ended as it would have with another exit code, but its report could not be
    /// written.
    NotReported = 8,
}

/// Define an enum of kebab-case codes, each with its exit code and meaning.
macro_rules! codes {
    (
        $(#[$documentation:meta])*
        $name:ident {
            $($variant:ident = $text:literal ($exit:ident): $about:literal,)+
        }
    ) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
        #[schemars(inline)]
        pub enum $name {
            $(
                #[doc = $about]
                #[serde(rename = $text)]
                $variant,
            )+
        }

        impl $name {
            /// All codes, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it is written in reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// What it means.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)+
                }
            }

            /// The exit code that belongs to it.
            #[must_use]
            pub fn exit(self) -> ExitCode {
                match self {
                    $(Self::$variant => ExitCode::$exit,)+
                }
            }
        }
    };
}

codes! {
    /// Why a command was refused, or failed.
    ErrorCode {
        CannotVerify = "cannot-verify" (Failed): "The service could not be installed, or its tests, worker or server could not be run.",
        Case = "case" (Refused): "A path differs from an existing one only in case.",
        Changed = "changed" (TryAgain): "A file was changed on disk again and again during this run.",
        Conflict = "conflict" (Refused): "A tool, workflow, module or port of the project has the name that is needed.",
        DemoFailed = "demo-failed" (Failed): "A program that the demo runs failed or could not be found.",
        DifferentRequest = "different-request" (Refused): "A workflow of this name was added with other options; the message has the recorded command.",
        InTheWay = "in-the-way" (Refused): "A file or folder exists where another one is needed.",
        Interrupted = "interrupted" (Failed): "The command was cancelled, or ended with Ctrl-C or a signal before it was done.",
        InvalidCombination = "invalid-combination" (Usage): "Each value is valid, but not together with the others.",
        InvalidName = "invalid-name" (Usage): "A name, type, duration or version is not valid.",
        Io = "io" (Failed): "An I/O operation failed; all changes were undone, or the message names what could not be.",
        LaterStep = "later-step" (Refused): "What a later step has added needs this; the hint has the call that removes it first.",
        LeadsOut = "leads-out" (Refused): "A link leads out of the project.",
        Locked = "locked" (TryAgain): "Another run holds the project.",
        NoApplication = "no-application" (Refused): "Routes need a FastAPI application that starts Temporal, and the service has none.",
        NoProject = "no-project" (Usage): "The project's folder does not exist, or is `/` or the user's home and was not named.",
        NotOnRecord = "not-on-record" (Refused): "What would be removed is not on record.",
        NotStarted = "not-started" (NotStarted): "The files are scaffolded, but what they start does not run; the files stay.",
        OlderGeneration = "older-generation" (Refused): "A `polytope.yml` has an older format, without tools.",
        Panic = "panic" (Failed): "A bug in bluetext; the same call again completes what is missing.",
        ReadOnly = "read-only" (Failed): "A file that would be changed is not writable.",
        RequirementConflict = "requirement-conflict" (Refused): "A service requires versions that the client library does not support.",
        Sandbox = "sandbox" (Refused): "A parent package of the workflows does what Temporal's sandbox does not allow.",
        SeveralApplications = "several-applications" (Refused): "A service makes several web applications; the hint has the lines to add.",
        SeveralWorkers = "several-workers" (Refused): "Several modules of a service make Temporal workers, and none is chosen.",
        StepMissing = "step-missing" (Refused): "The step before this one is missing; `next` names it.",
        StillUsed = "still-used" (Refused): "Code or a tool of the project uses what would be removed.",
        Syntax = "syntax" (Refused): "A file cannot be parsed.",
        UnknownService = "unknown-service" (Refused): "There is no such service, or there are several and none is named.",
        UnknownShape = "unknown-shape" (Refused): "A file has a form that cannot be edited safely; the hint has the lines to add by hand.",
        UnknownStack = "unknown-stack" (Refused): "There is no such tool to run the containers.",
        UnknownWorkflow = "unknown-workflow" (Refused): "There is no such workflow, or there are several of the name.",
        Unreadable = "unreadable" (Refused): "A file is not UTF-8, is or would be too large, or cannot be read.",
        Usage = "usage" (Usage): "The command line or the call is wrong.",
        VersionStep = "version-step" (Refused): "The server cannot go from the version that is there to the one that is asked for.",
        WrongRecord = "wrong-record" (Refused): "A record names a file that its step never adds or edits.",
        WrongShape = "wrong-shape" (Refused): "A `polytope.yml` is valid YAML, but not a valid Polytope file.",
    }
}

codes! {
    /// A warning for the user.
    WarningCode {
        DataConverter = "data-converter" (Done): "The worker's client does not have the data converter of the generated models.",
        DataLeft = "data-left" (Done): "A volume with data stays when its container is removed.",
        DeprecatedImage = "deprecated-image" (Done): "A container runs an image that is no longer released.",
        DuplicateType = "duplicate-type" (Done): "Two workflows of a service have the same type name.",
        HooksByHand = "hooks-by-hand" (Done): "The hooks are imported in a file that is not edited: check that they are called.",
        Kept = "kept" (Done): "A file has been changed since it was written, or was there before, and is left as it is.",
        LibraryDiffers = "library-differs" (Done): "The client library of a service differs from the one of this version.",
        LibraryOutdated = "library-outdated" (Done): "The client library of a service is that of an earlier version, and nobody has changed it.",
        LockBehind = "lock-behind" (Done): "A lock file does not contain the new dependency yet.",
        NotKept = "not-kept" (Done): "A file that was replaced has lost its owner, an extended attribute or another name (hard link).",
        NotRegistered = "not-registered" (Done): "A workflow is in the service's code, but not in its registry: no worker runs it.",
        NotRecorded = "not-recorded" (Done): "A service has the client, and it is not on record: upgrades and removal need that.",
        NotRemoved = "not-removed" (Done): "Lines that were added have been edited since, and stay: the message has them.",
        NotRouted = "not-routed" (Done): "The routes of a workflow are not included in the application; the message has the lines to add.",
        NotWired = "not-wired" (Done): "A service has the client, and its application does not start it.",
        OldVersions = "old-versions" (Done): "A requirement of the service also allows versions that the client library does not support.",
        RecordBroken = "record-broken" (Done): "A record in `.bluetext` cannot be read.",
        RegistryInPackage = "registry-in-package" (Done): "The registry is in `workflows/__init__.py`, which is slow.",
        RuleBroken = "rule-broken" (Done): "Workflow code breaks a rule: `bluetext check` has the details.",
        ServerBehind = "server-behind" (Done): "The Temporal server is more than one minor version behind: the message has the next step.",
        ServerUpgrade = "server-upgrade" (Done): "The Temporal server is upgraded: the message has the order.",
        ServiceContainer = "service-container" (Done): "The service's container could not be edited: the message says what to add.",
        ServiceWorker = "service-worker" (Done): "The worker's tool could not be generated, or may not fit its container.",
        StartsTemporalAlready = "starts-temporal-already" (Done): "The hooks start Temporal differently and are left as they are.",
        TestRequirements = "test-requirements" (Done): "What the generated tests need is not declared: the message has the command that installs it.",
        ToolWithoutStep = "tool-without-step" (Done): "A tool is registered for a step that is not there.",
        Unparsable = "unparsable" (Done): "A Python module cannot be parsed: what it defines is not known.",
        WorkflowMissing = "workflow-missing" (Done): "A workflow is registered or on record, and its package is gone.",
        WorkflowRenamed = "workflow-renamed" (Done): "A workflow that is on record is in another module now.",
        WorkflowBody = "workflow-body" (Done): "Activities or messages were added to a workflow: the message has the lines for its own code.",
    }
}

/// Why a command cannot be carried out on this project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable name.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// The file at fault.
    pub path: Option<RelPath>,
    /// The position in the file.
    pub position: Option<Position>,
    /// The command or the lines that fix it.
    pub hint: Option<String>,
}

impl Problem {
    /// Create a problem without a position and without a hint.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: None,
            position: None,
            hint: None,
        }
    }

    /// Set the file.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<Option<RelPath>>) -> Self {
        self.path = path.into();
        self
    }

    /// Set the position in the file.
    #[must_use]
    pub fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }

    /// Set the command or the lines that fix it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The line at its position, read from the project.
    #[must_use]
    pub fn excerpt(&self, root: &Path) -> Option<String> {
        let path = root.join(self.path.as_ref()?.as_str());
        disk::line_of(&path, self.position?.line)
    }
}

impl From<ProjectError> for Problem {
    fn from(error: ProjectError) -> Self {
        let path = Some(error.path.clone());
        match error.fault {
            FileFault::Broken(error) => Self::of_edit(error, path),
            FileFault::Unreadable(reason) => Self::new(
                ErrorCode::Unreadable,
                format!("`{}` cannot be read: {reason}", error.path),
            )
            .in_file(path),
            FileFault::OlderGeneration(position) => Self::new(
                ErrorCode::OlderGeneration,
                format!(
                    "`{}` has an older format without tools (it has `templates` or `modules` \
                     as lists)",
                    error.path
                ),
            )
            .in_file(path)
            .at(position)
            .hint("move to Polytope's current format, with a mapping `tools`, and try again"),
            FileFault::WrongShape(what, position) => Self::new(
                ErrorCode::WrongShape,
                format!("`{}` is not a valid polytope.yml: {what}", error.path),
            )
            .in_file(path)
            .at(position),
        }
    }
}

impl Problem {
    /// An edit that was refused.
    #[must_use]
    pub fn of_edit(error: EditError, path: Option<RelPath>) -> Self {
        let file = path.as_ref().map_or("the file", |path| path.as_str());
        match error {
            EditError::Syntax { message, position } => Self::new(
                ErrorCode::Syntax,
                format!("`{file}` cannot be parsed: {message}"),
            )
            .in_file(path)
            .at(position)
            .hint("fix the file and try again"),
            EditError::Shape {
                message,
                position,
                by_hand,
            } => Self::new(
                ErrorCode::UnknownShape,
                format!("`{file}` cannot be edited: {message}"),
            )
            .in_file(path)
            .at(position)
            .hint(format!("add this by hand:\n{by_hand}")),
            EditError::TooLarge => Self::new(
                ErrorCode::Unreadable,
                format!("`{file}` cannot be edited: {error}"),
            )
            .in_file(path)
            .hint("add less, or add it to another service"),
        }
    }
}

impl Problem {
    /// A bug in this program, with its message.
    #[must_use]
    pub fn of_panic(message: &str) -> Self {
        Self::new(ErrorCode::Panic, format!("bluetext panicked: {message}"))
            .hint("repeat the call: it completes what is missing")
    }
}

impl From<&DiskError> for Problem {
    fn from(error: &DiskError) -> Self {
        let problem = |code| Self::new(code, error.to_string());
        match error {
            DiskError::NoProject(_) => {
                problem(ErrorCode::NoProject).hint("name a folder that exists with `--project`")
            }
            DiskError::TooWide(path) => problem(ErrorCode::NoProject).hint(format!(
                "go to the project's folder, or name it: `--project {}`",
                path.join("shop").display()
            )),
            DiskError::Locked(_) => {
                problem(ErrorCode::Locked).hint("try again, or wait longer with `--lock-wait 60s`")
            }
            DiskError::Changed(path) => problem(ErrorCode::Changed)
                .in_file(path.clone())
                .hint("nothing was written; try again"),
            DiskError::LeadsOut(path) => problem(ErrorCode::LeadsOut)
                .in_file(path.clone())
                .hint("replace the link with a folder in the project"),
            DiskError::InTheWay(path) => problem(ErrorCode::InTheWay)
                .in_file(path.clone())
                .hint("rename or remove it if you do not need it"),
            DiskError::Case { wanted, found } => problem(ErrorCode::Case)
                .in_file(wanted.clone())
                .hint(format!("rename `{found}`")),
            DiskError::ReadOnly(path) => problem(ErrorCode::ReadOnly)
                .in_file(path.clone())
                .hint(format!("make it writable: chmod u+w {path}")),
            DiskError::Io { not_restored, .. } if not_restored.is_empty() => {
                Self::new(ErrorCode::Io, format!("{error}; nothing was changed"))
            }
            DiskError::Io { not_restored, .. } => {
                let paths = not_restored.iter().map(|p| format!("\n  {}", p.display()));
                let paths: String = paths.collect();
                let message = format!("{error}; these paths could not be restored:{paths}");
                Self::new(ErrorCode::Io, message)
            }
        }
    }
}

/// A line of a file with its number, and a marker below the column.
#[must_use]
pub fn marked(excerpt: &str, line: usize, column: usize) -> String {
    /// Maximum number of characters to show, in total and before the marker.
    const MAX_WIDTH: usize = 96;
    const BEFORE: usize = 60;
    let blue = AnsiColor::Blue.on_default().bold();
    let red = AnsiColor::Red.on_default().bold();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let skipped = (column - 1).saturating_sub(BEFORE);
    let shown: String = excerpt
        .chars()
        .map(|character| {
            if is_unsafe(character) || character == '\t' {
                ' '
            } else {
                character
            }
        })
        .skip(skipped)
        .take(MAX_WIDTH)
        .collect();
    let offset = " ".repeat(column - 1 - skipped);
    format!(
        "  {blue}{margin} |{blue:#}\n  {blue}{number} |{blue:#} {}\n  {blue}{margin} |{blue:#} \
         {offset}{red}^{red:#}\n",
        shown.trim_end()
    )
}
