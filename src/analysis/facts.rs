//! What a piece of code does: the rules that it breaks, and what it calls.

use super::index::{ClassId, FunctionId, ModuleId};
use super::rules::Rule;

/// A piece of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    /// The body of a function.
    Function(FunctionId),
    /// The body of a method, called on an instance of this class or on the class.
    Method(FunctionId, ClassId),
    /// What a decorator of the service adds to a function: the functions that it makes. With
    /// arguments, it makes the decorator first.
    Wrapper(FunctionId, bool),
    /// What runs when an instance of a class is created.
    New(ClassId),
    /// What runs when an instance of a class is made from JSON: also those of its fields.
    Decode(ClassId),
    /// The top level of a module.
    Top(ModuleId),
}

/// Where code runs: conditions such as `workflow.in_workflow()` tell that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Runs {
    /// In a workflow.
    InWorkflow,
    /// In an activity.
    InActivity,
}

/// Whether code is called with state that others share as its `self`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receiver {
    /// The state is a variable of a module.
    Shared,
    /// The state is that of the caller.
    Same,
    /// The state belongs to the execution, or there is none.
    Own,
}

/// A rule that is broken, and where.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) rule: Rule,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
    /// What the code does, e.g. "`datetime.now()` reads the system clock".
    pub(super) what: String,
    /// Whether it only counts if the receiver is shared.
    pub(super) needs_shared: bool,
    /// The full name of the called function, if it is one of another library.
    pub(super) function: Option<String>,
    /// The field whose default value it is part of.
    pub(super) field: Option<String>,
}

impl Hit {
    /// A broken rule that does not depend on the receiver or on the fields that are given.
    pub(super) fn new(rule: Rule, module: ModuleId, offset: usize, what: String) -> Self {
        Self {
            rule,
            module,
            offset,
            what,
            needs_shared: false,
            function: None,
            field: None,
        }
    }
}

/// A call of other code.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) to: Node,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
    pub(super) receiver: Receiver,
    /// The field whose default value it is part of.
    pub(super) field: Option<String>,
    /// The fields that a created object is given: their defaults are not used.
    pub(super) given: Given,
}

impl Edge {
    /// A call without arguments, whose state belongs to the execution.
    pub(super) fn new(to: Node, module: ModuleId, offset: usize) -> Self {
        Self {
            to,
            module,
            offset,
            receiver: Receiver::Own,
            field: None,
            given: Given::None,
        }
    }
}

/// The fields that a call of a class gives values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) enum Given {
    /// None.
    #[default]
    None,
    /// These.
    Fields(Vec<String>),
    /// Maybe all: the arguments are not known.
    All,
}

impl Given {
    /// Whether a field may be given.
    pub(super) fn has(&self, field: &str) -> bool {
        match self {
            Self::None => false,
            Self::Fields(fields) => fields.iter().any(|given| given == field),
            Self::All => true,
        }
    }
}

/// What a piece of code does.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) hits: Vec<Hit>,
    pub(super) edges: Vec<Edge>,
    /// Calls whose target is not known: their offset and text.
    pub(super) unfollowed: Vec<(usize, String)>,
    /// Whether it sends heartbeats of an activity.
    pub(super) heartbeats: bool,
    /// The activities of the service that it executes.
    pub(super) executed: Vec<Executed>,
}

/// An activity that workflow code executes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Executed {
    pub(super) function: FunctionId,
    /// The start of the call.
    pub(super) offset: usize,
    /// Whether the call sets a heartbeat timeout.
    pub(super) needs_heartbeats: bool,
}
