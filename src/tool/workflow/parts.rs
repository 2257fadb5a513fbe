//! Builds the elements of a workflow from the request: models, activities, queries and test
//! samples.

use super::elements::{
    Activity, Imports, MessageContext, Model, ModelField, Query, Sample, SampleField,
};
use super::request::AddTemporalWorkflow;
use crate::name::FieldType;
use crate::python::{
    Field, Given, MemberName, Message, WorkflowName, annotation, default_field, initial, sample,
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
        if self.required_field().is_some() || !retries {
            client.push("WorkflowFailureError");
        }
        if !members.updates().is_empty() {
            client.push("WorkflowUpdateFailedError");
        }
        Imports {
            activities: sort_names(of_activities()),
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

    fn activity_input(&self, index: usize) -> String {
        let members = &self.request.members;
        if members.has_own_input(index) {
            format!("{}Input", members.activities()[index].class())
        } else {
            self.input_class()
        }
    }

    fn activity_output(&self, index: usize) -> String {
        let members = &self.request.members;
        if members.has_own_output(index) {
            format!("{}Output", members.activities()[index].class())
        } else {
            self.output_class()
        }
    }

    fn before(&self, index: usize) -> Option<&MemberName> {
        Some(&self.request.members.activities()[index.checked_sub(1)?])
    }

    /// The signals and updates with a payload: name, payload class and type.
    fn payloads(&self) -> Vec<(&MemberName, String, &FieldType)> {
        let members = &self.request.members;
        let signals = members.signals().iter().filter_map(|signal| {
            let class = format!("{}Signal", signal.name.class());
            Some((&signal.name, class, signal.kind.as_ref()?))
        });
        let updates = members.updates().iter();
        let updates = updates.map(|u| (&u.name, format!("{}Update", u.name.class()), &u.kind));
        signals.chain(updates).collect()
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
                let plain = |name: String, class: String| ModelField {
                    name,
                    annotation: class,
                    is_optional: false,
                    is_ambiguous: false,
                };
                let mut fields = vec![plain("request".to_owned(), self.input_class())];
                match self.before(index) {
                    Some(before) => fields.push(plain(
                        format!("{before}_output"),
                        format!("{}Output", before.class()),
                    )),
                    None => fields.extend(
                        self.payloads()
                            .into_iter()
                            .map(|(name, class, _)| plain(name.to_string(), class)),
                    ),
                }
                models.push(Model {
                    class: self.activity_input(index),
                    about: format!("The input of the activity `{activity}`."),
                    fields,
                    has_bytes: false,
                    has_float: false,
                });
            }
            if members.has_own_output(index) {
                models.push(model(
                    self.activity_output(index),
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
                let own_input = members.has_own_input(index);
                let own_output = members.has_own_output(index);
                let before = self.before(index);
                let given = Given {
                    fields: &self.request.input,
                    path: if own_input { "input.request" } else { "input" },
                    before: before.map(|before| format!("input.{before}_output.message")),
                };
                let values = if own_output {
                    vec![format!("message={}", given.text(activity.snake()))]
                } else {
                    let value = |field: &Field| format!("{}={}", field.name, given.value(field));
                    self.request.output.iter().map(value).collect()
                };
                Activity {
                    name: activity.to_string(),
                    input: self.activity_input(index),
                    output: self.activity_output(index),
                    before: before.map(ToString::to_string),
                    values,
                    input_sample: self.input_sample(index),
                    output_sample: self.output_sample(index),
                }
            })
            .collect()
    }

    fn input_sample(&self, index: usize) -> String {
        let members = &self.request.members;
        if members.has_own_input(index) {
            format!("{}_INPUT", members.activities()[index].constant())
        } else {
            "INPUT".to_owned()
        }
    }

    fn output_sample(&self, index: usize) -> String {
        let members = &self.request.members;
        if members.has_own_output(index) {
            format!("{}_OUTPUT", members.activities()[index].constant())
        } else {
            "OUTPUT".to_owned()
        }
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

    /// The sample constants of all models, each defined before its first use.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let of_fields = |name: String, class: String, fields: &[Field]| Sample {
            name,
            class,
            fields: fields
                .iter()
                .map(|field| SampleField {
                    name: field.name.clone(),
                    sample: sample(&field.kind, &field.name),
                })
                .collect(),
        };
        let mut samples = vec![of_fields(
            "INPUT".to_owned(),
            self.input_class(),
            &self.request.input,
        )];
        let payload_sample = |name: &MemberName, class: &str| {
            let suffix = if class.ends_with("Signal") {
                "SIGNAL"
            } else {
                "UPDATE"
            };
            format!("{}_{suffix}", name.constant())
        };
        for (name, class, kind) in self.payloads() {
            let constant = payload_sample(name, &class);
            samples.push(of_fields(constant, class, &[field(name, kind)]));
        }
        let members = &self.request.members;
        for index in 0..members.activities().len() {
            if members.has_own_input(index) {
                let value = |name: String, sample: String| SampleField { name, sample };
                let mut fields = vec![value("request".to_owned(), "INPUT".to_owned())];
                match self.before(index) {
                    Some(before) => fields.push(value(
                        format!("{before}_output"),
                        format!("{}_OUTPUT", before.constant()),
                    )),
                    None => {
                        fields.extend(self.payloads().into_iter().map(|(name, class, _)| {
                            value(name.to_string(), payload_sample(name, &class))
                        }));
                    }
                }
                samples.push(Sample {
                    name: self.input_sample(index),
                    class: self.activity_input(index),
                    fields,
                });
            }
            if members.has_own_output(index) {
                let (name, class) = (self.output_sample(index), self.activity_output(index));
                samples.push(of_fields(name, class, &[default_field()]));
            }
        }
        samples.push(of_fields(
            "OUTPUT".to_owned(),
            self.output_class(),
            &self.request.output,
        ));
        samples
    }
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
                is_ambiguous: ["I", "O", "l"].contains(&field.name.as_str()),
            })
            .collect(),
    }
}
