//! The input models of activities: what each needs.

use super::elements::OwnField;
use super::parts::{Workflow, payload_sample};
use crate::python::{Field, Given, annotation};

impl Workflow<'_> {
    /// The values of an activity's result, as scaffolded.
    pub(super) fn values(&self, index: usize) -> Vec<String> {
        let members = &self.request.members;
        let before = self.before(index);
        let given = Given {
            fields: &self.request.input,
            before: before.map(|before| {
                let field = self.free(format!("{before}_output"));
                format!("input.{field}.message")
            }),
        };
        if members.has_own_output(index) {
            let name = members.activities()[index].snake();
            return vec![format!("message={}", given.text(name))];
        }
        let value = |field: &Field| format!("{}={}", field.name, given.value(field));
        self.request.output.iter().map(value).collect()
    }

    /// The fields of an activity's own input: the fields of the workflow's input that its result
    /// is made of, and the previous result, or the messages that the workflow has waited for.
    pub(super) fn own_fields(&self, index: usize) -> Vec<OwnField> {
        let values = self.values(index).join(" ");
        let used = self.request.input.iter();
        let used = used.filter(|field| {
            let path = format!("input.{}", field.name);
            let mut places = values.match_indices(&path);
            places.any(|(at, text)| {
                let next = values[at + text.len()..].chars().next();
                !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
            })
        });
        let mut fields: Vec<OwnField> = used
            .map(|field| OwnField {
                name: field.name.clone(),
                annotation: annotation(&field.kind),
                kind: Some(field.kind.clone()),
                value: format!("input.{}", field.name),
                sample: format!("INPUT.{}", field.name),
            })
            .collect();
        let of_model = |name: String, annotation: String, value: String, sample: String| OwnField {
            name: self.free(name),
            annotation,
            kind: None,
            value,
            sample,
        };
        if let Some(before) = self.before(index) {
            fields.push(of_model(
                format!("{before}_output"),
                format!("{}Output", before.class()),
                format!("{before}_output"),
                format!("{}_OUTPUT", before.constant()),
            ));
        } else {
            let payloads = self.payloads().into_iter();
            fields.extend(payloads.map(|(name, class, _)| {
                let sample = payload_sample(name, &class);
                of_model(name.to_string(), class, format!("self._{name}"), sample)
            }));
        }
        fields
    }

    /// A name that no field of the workflow's input has.
    fn free(&self, mut name: String) -> String {
        while self.request.input.iter().any(|field| field.name == name) {
            name.push_str("_value");
        }
        name
    }
}
