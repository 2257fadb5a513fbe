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

/// A literal of a type, for tests; for a `str` it is the field's own name.
pub(super) fn sample(field: &Field) -> String {
    value(&field.kind, &format!("\"{}\"", field.name))
}

fn value(kind: &FieldType, text: &str) -> String {
    match kind {
        FieldType::Str => text.to_owned(),
        FieldType::Int => "1".to_owned(),
        FieldType::Float => "1.5".to_owned(),
        FieldType::Bool => "True".to_owned(),
        FieldType::Bytes => "b\"\\x00\\xff\"".to_owned(),
        FieldType::Datetime => "dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)".to_owned(),
        FieldType::Date => "dt.date(2026, 1, 2)".to_owned(),
        FieldType::Timedelta => "dt.timedelta(seconds=90)".to_owned(),
        FieldType::Uuid => "UUID(int=1)".to_owned(),
        FieldType::Decimal => "Decimal(\"1.10\")".to_owned(),
        FieldType::List(inner) => format!("[{}]", value(inner, text)),
        FieldType::Dict(inner) => format!("{{\"key\": {}}}", value(inner, text)),
        FieldType::Optional(inner) => value(inner, text),
    }
}

/// What a scaffolded activity returns for a field of its output: the input's field of the
/// same name and type; else, for a text, the input's first field; else the input's first
/// field of the same type; else a value that is the same each time the activity is tried.
pub(super) fn result(field: &Field, input: &[Field]) -> String {
    let same_type = |other: &&Field| other.kind == field.kind;
    let same = input
        .iter()
        .filter(same_type)
        .find(|f| f.name == field.name);
    if let Some(same) = same {
        return format!("input.{}", same.name);
    }
    if field.kind == FieldType::Str {
        let first = input.first().map(|first| first.name.as_str());
        return match first {
            Some(first) => format!("f\"{} for {{input.{first}}}\"", field.name),
            None => format!("\"{}\"", field.name),
        };
    }
    match input.iter().find(same_type) {
        Some(same) => format!("input.{}", same.name),
        None => steady(&field.kind).to_owned(),
    }
}

fn steady(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Str => "\"\"",
        FieldType::Int => "0",
        FieldType::Float => "0.0",
        FieldType::Bool => "True",
        FieldType::Bytes => "b\"\"",
        FieldType::Datetime => "activity.info().scheduled_time",
        FieldType::Date => "activity.info().scheduled_time.date()",
        FieldType::Timedelta => "dt.timedelta()",
        FieldType::Uuid => "uuid5(NAMESPACE_URL, f\"{activity.info().workflow_id}\")",
        FieldType::Decimal => "Decimal(0)",
        FieldType::List(_) => "[]",
        FieldType::Dict(_) => "{}",
        FieldType::Optional(_) => "None",
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
        .filter(|name| code.contains(&format!("{name}(")) || is_word(code, name))
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
