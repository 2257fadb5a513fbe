//! Builds the elements of a workflow from the request: models, activities, queries and test
//! samples.

use super::elements::{
    Activity, ArgumentField, Imports, MessageContext, Model, ModelField, OwnField, Query, Sample,
    SampleField,
};
use super::request::AddTemporalWorkflow;
use crate::name::FieldType;
use crate::python::{
    Field, MemberName, Message, WorkflowName, annotation, default_field, initial, sample,
    sort_names,
};

/// The initial answer of a query that returns the stage.
const FIRST_STAGE: &str = "\"waiting\"";

/// Its answer after the last activity.
const LAST_STAGE: &str = "\"done\"";

/// A workflow and its request.
pub(super) struct Workflow<'a> {
    pub(super) name: &'a WorkflowName,
    pub(super) request: &'a AddTemporalWorkflow,
    pub(super) form: Form,
}

/// How the activities of a workflow are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Methods of a class that is created with what the service's activities share.
    Methods,
    /// Functions.
    Functions,
}

impl Workflow<'_> {
    pub(super) fn input_class(&self) -> String {
        format!("{}Input", self.name.class())
    }

    pub(super) fn output_class(&self) -> String {
        format!("{}Output", self.name.class())
    }

    /// The names that each file imports.
    pub(super) fn imports(
        &self,
        payloads: &[MessageContext],
        queries: &[Query],
        activities: &[Activity],
        retries: bool,
    ) -> Imports {
        let members = &self.request.members;
        let mut messages = vec![self.input_class(), self.output_class()];
        messages.extend(payloads.iter().filter_map(|message| message.model.clone()));
        messages.extend(queries.iter().map(|query| query.model.clone()));
        let own_inputs = activities.iter().enumerate();
        let own_inputs = own_inputs
            .filter(|(index, _)| members.has_own_input(*index))
            .map(|(_, activity)| activity.input.clone());
        let of_activities = || {
            let classes = activities.iter().flat_map(|a| [&a.input, &a.output]);
            classes.cloned()
        };
        let mut client = vec!["WorkflowHandle", "WorkflowHistory"];
        if self.required_field().is_some() || !retries || members.waits() {
            client.push("WorkflowFailureError");
        }
        if !members.updates().is_empty() {
            client.push("WorkflowUpdateFailedError");
        }
        let mut exceptions = Vec::new();
        if !retries {
            exceptions.push("ActivityError".to_owned());
        }
        if members.waits() {
            exceptions.push("ApplicationError".to_owned());
        }
        let functions = match self.form {
            Form::Methods => vec![self.activities_class()],
            Form::Functions => members
                .activities()
                .iter()
                .map(|activity| match function_alias(activity) {
                    Some(alias) => format!("{activity} as {alias}"),
                    None => activity.to_string(),
                })
                .collect(),
        };
        Imports {
            functions: sort_names(functions),
            exceptions: sort_names(exceptions),
            activities: sort_names(of_activities()),
            routes: sort_names(messages.iter().cloned()),
            test: sort_names(messages.iter().cloned().chain(of_activities())),
            workflow: sort_names(messages.into_iter().chain(own_inputs)),
            client: sort_names(client.into_iter().map(str::to_owned)),
        }
    }

    /// The first required field of the input.
    pub(super) fn required_field(&self) -> Option<&str> {
        let required = |field: &&Field| !matches!(field.kind, FieldType::Optional(_));
        let field = self.request.input.iter().find(required);
        field.map(|field| field.name.as_str())
    }

    /// The class of an activity's input, and the constant with a sample of it: its own, or those
    /// of the workflow.
    fn input_of(&self, index: usize) -> (String, String) {
        let activity = &self.request.members.activities()[index];
        if self.request.members.has_own_input(index) {
            let sample = format!("{}_INPUT", activity.constant());
            return (format!("{}Input", activity.class()), sample);
        }
        (self.input_class(), "INPUT".to_owned())
    }

    /// The same for its result.
    fn output_of(&self, index: usize) -> (String, String) {
        let activity = &self.request.members.activities()[index];
        if self.request.members.has_own_output(index) {
            let sample = format!("{}_OUTPUT", activity.constant());
            return (format!("{}Output", activity.class()), sample);
        }
        (self.output_class(), "OUTPUT".to_owned())
    }

    pub(super) fn before(&self, index: usize) -> Option<&MemberName> {
        Some(&self.request.members.activities()[index.checked_sub(1)?])
    }

    /// The signals and updates with a payload: name, payload class and type.
    pub(super) fn payloads(&self) -> Vec<(&MemberName, String, &FieldType)> {
        let members = &self.request.members;
        let signals = members.signals().iter().filter_map(|signal| {
            let class = format!("{}Signal", signal.name.class());
            Some((&signal.name, class, signal.kind.as_ref()?))
        });
        let updates = members.updates().iter();
        let updates = updates.map(|u| (&u.name, format!("{}Update", u.name.class()), &u.kind));
        signals.chain(updates).collect()
    }

    /// The class whose methods are the activities.
    pub(super) fn activities_class(&self) -> String {
        activities_class(self.name)
    }

    pub(super) fn models(&self) -> Vec<Model> {
        let mut models = vec![
            model(
                self.input_class(),
                "What the workflow is started with.".to_owned(),
                &self.request.input,
            ),
            model(
                self.output_class(),
                "What the workflow returns.".to_owned(),
                &self.request.output,
            ),
        ];
        for (name, class, kind) in self.payloads() {
            let about = if class.ends_with("Signal") {
                format!("What the signal `{name}` carries.")
            } else {
                format!("What the update `{name}` carries and returns.")
            };
            models.push(model(class, about, &[field(name, kind)]));
        }
        for Message { name, kind } in self.request.members.queries() {
            models.push(model(
                format!("{}Answer", name.class()),
                format!("The answer to the query `{name}`."),
                &[field(name, kind)],
            ));
        }
        let members = &self.request.members;
        for (index, activity) in members.activities().iter().enumerate() {
            if members.has_own_input(index) {
                let own = self.own_fields(index);
                let has = |wanted: &FieldType| {
                    let mut kinds = own.iter().filter_map(|field| field.kind.as_ref());
                    kinds.any(|kind| kind.any(&|kind| kind == wanted))
                };
                models.push(Model {
                    class: self.input_of(index).0,
                    about: format!("The input of the activity `{activity}`: what it needs."),
                    has_bytes: has(&FieldType::Bytes),
                    has_float: has(&FieldType::Float),
                    fields: own
                        .into_iter()
                        .map(|field| ModelField {
                            is_optional: matches!(field.kind, Some(FieldType::Optional(_))),
                            is_ambiguous: is_ambiguous(&field.name),
                            name: field.name,
                            annotation: field.annotation,
                        })
                        .collect(),
                });
            }
            if members.has_own_output(index) {
                models.push(model(
                    self.output_of(index).0,
                    format!("The result of the activity `{activity}`."),
                    &[default_field()],
                ));
            }
        }
        models
    }

    pub(super) fn activities(&self) -> Vec<Activity> {
        let members = &self.request.members;
        let activities = members.activities().iter().enumerate();
        activities
            .map(|(index, activity)| {
                let own = members.has_own_input(index).then(|| self.own_fields(index));
                let argument = |field: OwnField| ArgumentField {
                    name: field.name,
                    value: field.value,
                };
                let (input, input_sample) = self.input_of(index);
                let (output, output_sample) = self.output_of(index);
                Activity {
                    name: activity.to_string(),
                    input,
                    output,
                    reference: match self.form {
                        Form::Methods => format!("{}.{activity}", self.activities_class()),
                        Form::Functions => {
                            function_alias(activity).unwrap_or_else(|| activity.to_string())
                        }
                    },
                    before: self.before(index).map(ToString::to_string),
                    fields: own.into_iter().flatten().map(argument).collect(),
                    values: self.values(index),
                    input_sample,
                    output_sample,
                }
            })
            .collect()
    }

    pub(super) fn queries(&self) -> Vec<Query> {
        let members = &self.request.members;
        // The first query of type `str` returns the stage; at the end it may return a field
        // of the result.
        let stage = members.queries().iter().find(|q| q.kind == FieldType::Str);
        let queries = members.queries().iter();
        queries
            .map(|query| {
                let tells_stage = stage.is_some_and(|stage| stage.name == query.name);
                let is_in_result = self
                    .request
                    .output
                    .iter()
                    .any(|field| field.name == query.name.snake() && field.kind == query.kind);
                let first = match (tells_stage, members.waits()) {
                    (false, _) => initial(&query.kind).to_owned(),
                    (true, true) => FIRST_STAGE.to_owned(),
                    (true, false) => format!("\"{}\"", members.activities()[0]),
                };
                let last = match (is_in_result, tells_stage) {
                    (true, _) => Some(format!("output.{}", query.name)),
                    (false, true) => Some(LAST_STAGE.to_owned()),
                    (false, false) => None,
                };
                Query {
                    name: query.name.to_string(),
                    model: format!("{}Answer", query.name.class()),
                    first,
                    last,
                    tells_stage,
                    is_in_result,
                }
            })
            .collect()
    }

    /// The sample constants of the input and of the messages.
    pub(super) fn message_samples(&self) -> Vec<Sample> {
        let mut samples = vec![sample_of(
            "INPUT".to_owned(),
            self.input_class(),
            &self.request.input,
        )];
        for (name, class, kind) in self.payloads() {
            let constant = payload_sample(name, &class);
            samples.push(sample_of(constant, class, &[field(name, kind)]));
        }
        samples
    }

    /// The sample constants of all models, each defined before its first use.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let mut samples = self.message_samples();
        let members = &self.request.members;
        for index in 0..members.activities().len() {
            if members.has_own_input(index) {
                let fields = self.own_fields(index).into_iter();
                let fields = fields.map(|field| SampleField {
                    name: field.name,
                    sample: field.sample,
                });
                let (class, name) = self.input_of(index);
                samples.push(Sample {
                    name,
                    class,
                    fields: fields.collect(),
                });
            }
            if members.has_own_output(index) {
                let (class, name) = self.output_of(index);
                samples.push(sample_of(name, class, &[default_field()]));
            }
        }
        samples.push(sample_of(
            "OUTPUT".to_owned(),
            self.output_class(),
            &self.request.output,
        ));
        samples
    }
}

/// A constant of the tests that holds a model with these fields.
fn sample_of(name: String, class: String, fields: &[Field]) -> Sample {
    let fields = fields.iter().map(|field| SampleField {
        name: field.name.clone(),
        sample: sample(&field.kind, &field.name),
    });
    Sample {
        name,
        class,
        fields: fields.collect(),
    }
}

/// The constant of the tests that holds a sample of a message.
pub(super) fn payload_sample(name: &MemberName, class: &str) -> String {
    let suffix = if class.ends_with("Signal") {
        "SIGNAL"
    } else {
        "UPDATE"
    };
    format!("{}_{suffix}", name.constant())
}

/// The class whose methods are the activities of a workflow.
pub(super) fn activities_class(name: &WorkflowName) -> String {
    format!("{}Activities", name.class())
}

/// Another name for an activity that is a function, if the workflow's module has its name.
fn function_alias(activity: &MemberName) -> Option<String> {
    const TAKEN: [&str; 6] = ["dt", "input", "output", "suppress", "timedelta", "workflow"];
    let name = activity.snake();
    TAKEN.contains(&name).then(|| format!("{name}_activity"))
}

/// Whether a name looks like a digit, which linters report.
fn is_ambiguous(name: &str) -> bool {
    ["I", "O", "l"].contains(&name)
}

/// The one field of a message's model.
fn field(name: &MemberName, kind: &FieldType) -> Field {
    Field {
        name: name.to_string(),
        kind: kind.clone(),
    }
}

fn model(class: String, about: String, fields: &[Field]) -> Model {
    let has = |kind: &FieldType| fields.iter().any(|f| f.kind.any(&|k| k == kind));
    Model {
        class,
        about,
        has_bytes: has(&FieldType::Bytes),
        has_float: has(&FieldType::Float),
        fields: fields
            .iter()
            .map(|field| ModelField {
                name: field.name.clone(),
                annotation: annotation(&field.kind),
                is_optional: matches!(field.kind, FieldType::Optional(_)),
                is_ambiguous: is_ambiguous(&field.name),
            })
            .collect(),
    }
}
