//! Field types as Python: annotations, sample values, and the values that a scaffolded
//! activity returns.

use super::Field;
use crate::name::FieldType;

/// The Python annotation of a type.
#[must_use]
pub(crate) fn annotation(kind: &FieldType) -> String {
    match kind {
        FieldType::Str => "str".to_owned(),
        FieldType::Int => "int".to_owned(),
        FieldType::Float => "float".to_owned(),
        FieldType::Bool => "bool".to_owned(),
        FieldType::Bytes => "bytes".to_owned(),
        // Qualified, so that a field may be named `date`.
        FieldType::Datetime => "dt.datetime".to_owned(),
        FieldType::Date => "dt.date".to_owned(),
        FieldType::Timedelta => "dt.timedelta".to_owned(),
        FieldType::Uuid => "UUID".to_owned(),
        FieldType::Decimal => "Decimal".to_owned(),
        FieldType::List(inner) => format!("list[{}]", annotation(inner)),
        FieldType::Dict(inner) => format!("dict[str, {}]", annotation(inner)),
        FieldType::Optional(inner) => format!("{} | None", annotation(inner)),
    }
}

/// A literal of a type, for tests; for `str` it is the given text.
#[must_use]
pub(crate) fn sample(kind: &FieldType, text: &str) -> String {
    match kind {
        FieldType::Str => format!("\"{text}\""),
        FieldType::Int => "1".to_owned(),
        FieldType::Float => "1.5".to_owned(),
        FieldType::Bool => "True".to_owned(),
        FieldType::Bytes => "b\"\\x00\\xff\"".to_owned(),
        FieldType::Datetime => "dt.datetime(2026, 1, 2, tzinfo=dt.UTC)".to_owned(),
        FieldType::Date => "dt.date(2026, 1, 2)".to_owned(),
        FieldType::Timedelta => "dt.timedelta(seconds=90)".to_owned(),
        FieldType::Uuid => "UUID(int=1)".to_owned(),
        FieldType::Decimal => "Decimal(\"1.10\")".to_owned(),
        FieldType::Optional(inner) => sample(inner, text),
        FieldType::List(inner) => format!("[{}]", sample(inner, text)),
        FieldType::Dict(inner) => format!("{{\"key\": {}}}", sample(inner, text)),
    }
}

/// The initial value of a query's result in a workflow's code.
#[must_use]
pub(crate) fn initial(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Str => "\"\"",
        FieldType::Int => "0",
        FieldType::Float => "0.0",
        FieldType::Bool => "False",
        FieldType::Bytes => "b\"\"",
        FieldType::Datetime => "workflow.now()",
        FieldType::Date => "workflow.now().date()",
        FieldType::Timedelta => "dt.timedelta()",
        FieldType::Uuid => "workflow.uuid4()",
        FieldType::Decimal => "Decimal(0)",
        FieldType::List(_) => "[]",
        FieldType::Dict(_) => "{}",
        FieldType::Optional(_) => "None",
    }
}

/// A value for an activity's result that is the same for every attempt.
fn constant(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "True",
        FieldType::Datetime => "activity.info().scheduled_time",
        FieldType::Date => "activity.info().scheduled_time.date()",
        FieldType::Uuid => "uuid5(NAMESPACE_URL, idempotency_key())",
        other => initial(other),
    }
}

/// The default field of a model without specified fields.
pub(crate) fn default_field() -> Field {
    Field {
        name: "message".to_owned(),
        kind: FieldType::Str,
    }
}

/// Maximum length of a text with its label, so that it fits on a line together with the
/// field's name.
const MAX_TEXT: usize = 50;

/// The values from which an activity creates its result.
pub(crate) struct Given<'a> {
    /// The fields of the workflow's input, of which its own input has those that it uses.
    pub(crate) fields: &'a [Field],
    /// The Python expression for the text that the previous activity returned, if any.
    pub(crate) before: Option<String>,
}

impl Given<'_> {
    /// An expression for a field of the result. The first match is used: the input's field of
    /// the same name and type; for a text, one that includes its source; the input's first
    /// field of the same type; a value that is the same for every attempt.
    pub(crate) fn value(&self, field: &Field) -> String {
        let same_type = |other: &&Field| other.kind == field.kind;
        let mut same = self.fields.iter().filter(same_type);
        if let Some(same) = same.clone().find(|f| f.name == field.name) {
            return format!("input.{}", same.name);
        }
        if field.kind == FieldType::Str {
            return self.text(&field.name);
        }
        match same.next() {
            Some(same) => format!("input.{}", same.name),
            None => constant(&field.kind).to_owned(),
        }
    }

    /// A string that begins with a label and includes its source value. Long strings omit the
    /// label, because formatters do not wrap them.
    pub(crate) fn text(&self, label: &str) -> String {
        // Bytes cannot be shown as a string.
        let is_text = |field: &&Field| !field.kind.any(&|kind| *kind == FieldType::Bytes);
        let is_short = |text: &String| text.len() <= MAX_TEXT;
        match (&self.before, self.fields.iter().find(is_text)) {
            (Some(before), _) => Some(format!("f\"{label} after {{{before}}}\""))
                .filter(is_short)
                .unwrap_or_else(|| before.clone()),
            (None, Some(first)) => {
                let value = format!("input.{}", first.name);
                Some(format!("f\"{label} for {{{value}}}\""))
                    .filter(is_short)
                    .unwrap_or_else(|| format!("f\"{{{value}}}\""))
            }
            (None, None) => format!("\"{label}\""),
        }
    }
}

/// Whether a text contains a word as a whole word.
#[must_use]
pub(crate) fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|found| found == word)
}
