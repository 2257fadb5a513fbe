//! Field types as Python: annotations, imports, sample values, and the values that a
//! scaffolded activity returns.

use crate::name::{Field, FieldType};

/// How a type is written as an annotation.
pub(super) fn annotation(kind: &FieldType) -> String {
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

/// A literal of a type, for tests; for a `str` it is the field's own name, if that is short.
pub(super) fn sample(field: &Field) -> String {
    // A longer one would not fit on a line with the name before it.
    let text = if field.name.len() <= 32 {
        &field.name
    } else {
        "text"
    };
    value(&field.kind, &format!("\"{text}\""))
}

fn value(kind: &FieldType, text: &str) -> String {
    match kind {
        FieldType::Str => text.to_owned(),
        FieldType::Int => "1".to_owned(),
        FieldType::Float => "1.5".to_owned(),
        FieldType::Bool => "True".to_owned(),
        FieldType::Bytes => "b\"\\x00\\xff\"".to_owned(),
        FieldType::Datetime => "dt.datetime(2026, 1, 2, tzinfo=dt.UTC)".to_owned(),
        FieldType::Date => "dt.date(2026, 1, 2)".to_owned(),
        FieldType::Timedelta => "dt.timedelta(seconds=90)".to_owned(),
        FieldType::Uuid => "UUID(int=1)".to_owned(),
        FieldType::Decimal => "Decimal(\"1.10\")".to_owned(),
        FieldType::List(inner) => format!("[{}]", value(inner, text)),
        FieldType::Dict(inner) => format!("{{\"key\": {}}}", value(inner, text)),
        FieldType::Optional(inner) => value(inner, text),
    }
}

/// What an activity is given, to make its result from.
pub(super) struct Given<'a> {
    /// The fields of the workflow's input.
    pub fields: &'a [Field],
    /// The expression that is the workflow's input.
    pub path: &'static str,
    /// The expression that is the text which the activity before returned, if there is one.
    pub before: Option<String>,
}

impl Given<'_> {
    /// An expression for a field of the result: the input's field of the same name and type;
    /// else, for a text, one that shows what it was made from; else the input's first field
    /// of the same type; else a value that is the same each time the activity is tried.
    pub(super) fn value(&self, field: &Field) -> String {
        let same_type = |other: &&Field| other.kind == field.kind;
        let mut same = self.fields.iter().filter(same_type);
        if let Some(same) = same.clone().find(|f| f.name == field.name) {
            return format!("{}.{}", self.path, same.name);
        }
        if field.kind == FieldType::Str {
            return self.text(&field.name, &field.name);
        }
        match same.next() {
            Some(same) => format!("{}.{}", self.path, same.name),
            None => steady(&field.kind).to_owned(),
        }
    }

    /// A text for a field that begins with a label and shows what it was made from; without
    /// the label where that would not fit on the line.
    pub(super) fn text(&self, field: &str, label: &str) -> String {
        // The indentation below a `with`, and the comma.
        const AROUND: usize = 12 + 1;
        let fits = |text: &String| AROUND + field.len() + 1 + text.len() <= 88;
        match (&self.before, self.fields.first()) {
            (Some(before), _) => Some(format!("f\"{label} after {{{before}}}\""))
                .filter(fits)
                .unwrap_or_else(|| before.clone()),
            (None, Some(first)) => {
                let value = format!("{}.{}", self.path, first.name);
                Some(format!("f\"{label} for {{{value}}}\""))
                    .filter(fits)
                    .unwrap_or_else(|| format!("f\"{{{value}}}\""))
            }
            (None, None) => format!("\"{label}\""),
        }
    }
}

fn steady(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "True",
        FieldType::Datetime => "activity.info().scheduled_time",
        FieldType::Date => "activity.info().scheduled_time.date()",
        FieldType::Uuid => "uuid5(NAMESPACE_URL, idempotency_key())",
        other => unset(other),
    }
}

/// A value in a workflow's code that says that nothing is known yet.
pub(super) fn unset(kind: &FieldType) -> &'static str {
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

/// The field of a model for which none is given.
pub(crate) fn usual_field() -> Field {
    Field {
        name: "message".to_owned(),
        kind: FieldType::Str,
    }
}

/// The body of a model's class: its configuration, where one is needed, and its fields.
pub(super) fn body(fields: &[Field]) -> String {
    let has = |question: fn(&FieldType) -> bool| fields.iter().any(|f| f.kind.any(&question));
    let mut body = String::new();
    let mut options = Vec::new();
    if has(|kind| *kind == FieldType::Bytes) {
        options.push("ser_json_bytes=\"base64\"");
        options.push("val_json_bytes=\"base64\"");
    }
    if has(|kind| *kind == FieldType::Float) {
        options.push("allow_inf_nan=False");
    }
    if !options.is_empty() {
        body.push_str(&crate::template::fit(
            "    ",
            "model_config = ConfigDict(",
            &options,
            ")",
        ));
        body.push_str("\n\n");
    }
    for field in fields {
        body.push_str(&format!("    {}: {}", field.name, annotation(&field.kind)));
        if matches!(field.kind, FieldType::Optional(_)) {
            body.push_str(" = None");
        }
        body.push('\n');
    }
    body.truncate(body.trim_end().len());
    body
}

/// The standard library's names that a piece of generated code uses, as import statements
/// in the order of import sorters.
pub(super) fn standard_imports(code: &str) -> Vec<String> {
    let mut statements = Vec::new();
    if code.contains("dt.") {
        statements.push("import datetime as dt".to_owned());
    }
    if code.contains("Decimal") {
        statements.push("from decimal import Decimal".to_owned());
    }
    let names: Vec<String> = ["NAMESPACE_URL", "UUID", "uuid4", "uuid5"]
        .into_iter()
        .filter(|name| is_word(code, name))
        .map(str::to_owned)
        .collect();
    if !names.is_empty() {
        statements.push(crate::edit::python::import_statement("", "uuid", &names));
    }
    statements
}

fn is_word(code: &str, word: &str) -> bool {
    crate::edit::python::mentions(code, word)
}
