//! Field types as Python: annotations, imports, sample values, and the values that a
//! scaffolded activity returns.

use crate::name::{Field, FieldType};

/// A field of a call that makes a model, for tests: `name=value`, as it stands on a line of
/// its own in a call at the top of a module. A `str` is the field's own name, if that is
/// short.
pub(super) fn sample(field: &Field) -> String {
    // A longer one would not fit on a line with the name before it.
    let text = if field.name.len() <= 32 {
        &field.name
    } else {
        "text"
    };
    let open = format!("{}=", field.name);
    value(&field.kind, &format!("\"{text}\""), 4, &open)
}

/// A literal behind what stands before it on its line, in as many lines as it needs.
fn value(kind: &FieldType, text: &str, indent: usize, before: &str) -> String {
    let literal = match kind {
        FieldType::Str => text,
        FieldType::Int => "1",
        FieldType::Float => "1.5",
        FieldType::Bool => "True",
        FieldType::Bytes => "b\"\\x00\\xff\"",
        FieldType::Datetime => "dt.datetime(2026, 1, 2, tzinfo=dt.UTC)",
        FieldType::Date => "dt.date(2026, 1, 2)",
        FieldType::Timedelta => "dt.timedelta(seconds=90)",
        FieldType::Uuid => "UUID(int=1)",
        FieldType::Decimal => "Decimal(\"1.10\")",
        FieldType::Optional(inner) => return value(inner, text, indent, before),
        FieldType::List(inner) => return bracketed(inner, text, indent, before, ["[", "", "]"]),
        FieldType::Dict(inner) => {
            return bracketed(inner, text, indent, before, ["{", "\"key\": ", "}"]);
        }
    };
    format!("{before}{literal}")
}

fn bracketed(
    inner: &FieldType,
    text: &str,
    indent: usize,
    before: &str,
    [open, key, close]: [&str; 3],
) -> String {
    let item = value(inner, text, indent + 4, key);
    let line = format!("{before}{open}{item}{close}");
    // With the comma behind it.
    if !item.contains('\n') && indent + line.len() < 88 {
        return line;
    }
    let margin = " ".repeat(indent);
    format!("{before}{open}\n{margin}    {item},\n{margin}{close}")
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
        // Bytes have no text that says what they are.
        let is_text = |field: &&Field| !field.kind.any(&|kind| *kind == FieldType::Bytes);
        match (&self.before, self.fields.iter().find(is_text)) {
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
        body.push_str(&format!("    {}: {}", field.name, field.kind.annotation()));
        if matches!(field.kind, FieldType::Optional(_)) {
            body.push_str(" = None");
        }
        if ["I", "O", "l"].contains(&field.name.as_str()) {
            // They look like digits, which is for their owner to judge.
            body.push_str("  # noqa: E741");
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
    if is_word(code, "Decimal") {
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
