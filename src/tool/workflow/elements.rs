//! The elements of a workflow in the template context.

use serde::Serialize;

use crate::name::FieldType;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Model {
    pub(super) class: String,
    pub(super) about: String,
    pub(super) fields: Vec<ModelField>,
    pub(super) has_bytes: bool,
    pub(super) has_float: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelField {
    pub(super) name: String,
    pub(super) annotation: String,
    pub(super) is_optional: bool,
    /// Whether the name looks like a digit, which linters report.
    pub(super) is_ambiguous: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Activity {
    pub(super) name: String,
    /// The class of its input.
    pub(super) input: String,
    /// The class of its result.
    pub(super) output: String,
    /// How the workflow names it: `reserve`, or `OrderActivities.reserve`.
    pub(super) reference: String,
    /// The previous activity, whose result is part of its input.
    pub(super) before: Option<String>,
    /// The fields of its own input model, with their values in the workflow; empty if its input
    /// is the workflow's.
    pub(super) fields: Vec<ArgumentField>,
    /// The arguments of its result, as scaffolded.
    pub(super) values: Vec<String>,
    /// The constant that holds a sample of its input.
    pub(super) input_sample: String,
    /// The constant that holds a sample of its result.
    pub(super) output_sample: String,
}

/// A field of the input model of an activity that has one of its own.
pub(super) struct OwnField {
    pub(super) name: String,
    pub(super) annotation: String,
    /// Of a field of the workflow's input; none for a model.
    pub(super) kind: Option<FieldType>,
    /// Its value in the workflow.
    pub(super) value: String,
    /// Its value in the tests.
    pub(super) sample: String,
}

/// A field of a model, and its value where one is made.
#[derive(Debug, Serialize)]
pub(super) struct ArgumentField {
    pub(super) name: String,
    pub(super) value: String,
}

/// A signal or an update.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MessageContext {
    pub(super) name: String,
    /// The class of its payload, if any.
    pub(super) model: Option<String>,
    /// The constant that holds a sample payload.
    pub(super) sample: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Query {
    pub(super) name: String,
    /// The class of its answer.
    pub(super) model: String,
    /// The answer's value at the start.
    pub(super) first: String,
    /// The answer's value at the end, if it changes.
    pub(super) last: Option<String>,
    /// Whether it returns the name of the current activity.
    pub(super) tells_stage: bool,
    /// Whether the final answer is the result field of the same name.
    pub(super) is_in_result: bool,
}

/// A constant of the tests that holds a model.
#[derive(Debug, Serialize)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) fields: Vec<SampleField>,
}

#[derive(Debug, Serialize)]
pub(super) struct SampleField {
    pub(super) name: String,
    pub(super) sample: String,
}

/// The names of each import, in the order of import sorters.
#[derive(Debug, Serialize)]
pub(super) struct Imports {
    pub(super) activities: Vec<String>,
    /// The functions, or the class, with the activities.
    pub(super) functions: Vec<String>,
    pub(super) workflow: Vec<String>,
    pub(super) test: Vec<String>,
    pub(super) client: Vec<String>,
    pub(super) exceptions: Vec<String>,
    /// The models of the workflow and its messages.
    pub(super) routes: Vec<String>,
}
