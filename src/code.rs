//! The names of errors and warnings. What one means never changes; `docs/codes.md` lists
//! them, and a test compares it with this file.

use schemars::JsonSchema;
use serde::Serialize;

/// An enum of names in kebab case, each with what it means.
macro_rules! codes {
    (
        $(#[$documentation:meta])*
        $name:ident {
            $($variant:ident = $text:literal ($exit:literal): $about:literal,)+
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
            /// All of them, in the order of the alphabet.
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

            /// The exit code that it comes with.
            #[must_use]
            pub fn exit(self) -> u8 {
                match self {
                    $(Self::$variant => $exit,)+
                }
            }
        }
    };
}

codes! {
    /// Why a command was refused, or failed.
    ErrorCode {
        Case = "case" (3): "A path differs from one that is there only in upper and lower case.",
        Changed = "changed" (6): "A file was changed by somebody else again and again while the plan was made.",
        Conflict = "conflict" (3): "A tool, workflow, module or port of the project has the name that is needed.",
        DemoFailed = "demo-failed" (1): "A program that the demo runs failed or could not be found.",
        InTheWay = "in-the-way" (3): "A file or folder stands where one would be made.",
        Interrupted = "interrupted" (1): "The demo was ended with Ctrl-C or a signal before it was done.",
        InvalidCombination = "invalid-combination" (2): "Values that are right in themselves cannot stand together.",
        InvalidName = "invalid-name" (2): "A name, type, duration or version is wrong in itself.",
        Io = "io" (1): "The disk or the system failed; everything was undone, or what could not be is named.",
        LeadsOut = "leads-out" (3): "A link leads out of the project.",
        Locked = "locked" (6): "Another run holds the project.",
        NoProject = "no-project" (2): "The project's folder does not exist.",
        NotStarted = "not-started" (5): "It was scaffolded, but what was to be started does not run; the files stay.",
        OlderGeneration = "older-generation" (3): "A `polytope.yml` is of the generation that had no tools.",
        Panic = "panic" (1): "A fault of this program; the same call again completes what is missing.",
        ReadOnly = "read-only" (1): "A file that would be changed is not writable.",
        StepMissing = "step-missing" (3): "The step that this one builds on has not been taken; `next` names it.",
        Syntax = "syntax" (3): "A file cannot be parsed.",
        UnknownService = "unknown-service" (3): "There is no such service, or it is not clear which one is meant.",
        UnknownShape = "unknown-shape" (3): "A file is written in a way that is not edited; the hint has the lines to add by hand.",
        UnknownStack = "unknown-stack" (3): "There is no such tool to run the containers.",
        Unreadable = "unreadable" (3): "A file is not UTF-8, too large, or cannot be read.",
        Usage = "usage" (2): "The command line or the call is wrong.",
        WrongShape = "wrong-shape" (3): "A `polytope.yml` is YAML, but not what Polytope reads.",
    }
}

codes! {
    /// Something that a person should know.
    WarningCode {
        DeprecatedImage = "deprecated-image" (0): "A container runs an image that is not released any more.",
        Dockerfile = "dockerfile" (0): "A Dockerfile installs the service before it has the client library.",
        HooksByHand = "hooks-by-hand" (0): "The hooks are imported in a file that is not edited: see that they are called.",
        Kept = "kept" (0): "A file of ours differs and is left as it is; `--force` replaces it.",
        LibraryDiffers = "library-differs" (0): "The client library of a service is not what this version would write.",
        LockBehind = "lock-behind" (0): "A lock file does not have the new dependency yet.",
        NotRegistered = "not-registered" (0): "A workflow is in the service's code, but not in its registry: no worker runs it.",
        RegistryInPackage = "registry-in-package" (0): "The registry stands in `workflows/__init__.py`, which is slow.",
        ServiceContainer = "service-container" (0): "The service's container could not be edited: the message has what to add.",
        ServiceWorker = "service-worker" (0): "The worker's tool could not be made, or may not fit its container.",
        StartsTemporalAlready = "starts-temporal-already" (0): "The hooks start Temporal in another way and are left as they are.",
        Unparsable = "unparsable" (0): "A Python module cannot be parsed: what it defines is not known.",
    }
}
