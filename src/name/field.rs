//! Fields of models and their types, as they are written on the command line.

use std::str::FromStr;

use super::{NameError, PYTHON_KEYWORDS, is_identifier, kebab};

/// The widest line that generated code has.
pub(super) const LONGEST_LINE: usize = 88;

/// With longer names the generated lines would not fit into 88 columns.
const LONGEST_FIELD: usize = 35;

/// Names that a field must not have: attributes of Pydantic's `BaseModel` (2.12) that it
/// would hide, and names that the generated code uses itself.
const TAKEN_FIELDS: &[&str] = &[
    "BaseModel",
    "ConfigDict",
    "Decimal",
    "NAMESPACE_URL",
    "UUID",
    "bool",
    "bytes",
    "construct",
    "copy",
    "dict",
    "dt",
    "float",
    "from_orm",
    "int",
    "json",
    "list",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "schema",
    "schema_json",
    "str",
    "update_forward_refs",
    "uuid4",
    "uuid5",
    "validate",
];

/// One field of a workflow's input or output, written `NAME:TYPE`.
///
/// Invariant: the name is a Python identifier in ASCII of at most 35 characters that is no
/// keyword, does not start with `_` and hides no attribute of a Pydantic model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The field's name.
    pub name: String,
    /// The field's type.
    pub kind: FieldType,
}

impl FromStr for Field {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |reason: String, suggestion: Option<String>| NameError {
            text: text.to_owned(),
            what: "a field",
            reason,
            suggestion,
        };
        let Some((name, kind)) = text.split_once(':') else {
            let name = text.trim();
            let suggestion = Self::fault(name).is_none().then(|| format!("{name}:str"));
            return Err(refuse("it is not written NAME:TYPE".to_owned(), suggestion));
        };
        let (name, kind) = (name.trim(), kind.trim());
        if let Some(reason) = Self::fault(name) {
            let stem = kebab(name).replace('-', "_");
            let stem = stem.strip_prefix("model_").unwrap_or(&stem);
            let candidates = [stem.to_owned(), format!("{stem}_value")];
            let usable = candidates.into_iter().find(|c| Self::fault(c).is_none());
            return Err(refuse(reason, usable.map(|name| format!("{name}:{kind}"))));
        }
        let field = Self {
            name: name.to_owned(),
            kind: kind.parse()?,
        };
        match field.width() {
            ..=LONGEST_LINE => Ok(field),
            width => Err(refuse(
                format!("its line would be {width} columns long, and {LONGEST_LINE} are the most"),
                None,
            )),
        }
    }
}

impl Field {
    /// How wide its line in a model is.
    pub(super) fn width(&self) -> usize {
        let default = match self.kind {
            FieldType::Optional(_) => " = None",
            _ => "",
        };
        format!("    {}: {}{default}", self.name, self.kind.annotation()).len()
    }

    /// Why a field cannot have this name.
    pub(super) fn fault(name: &str) -> Option<String> {
        // Soft keywords are names like any other here.
        let soft = ["case", "match", "type"];
        if !is_identifier(name) {
            Some(format!(
                "`{}` is not a Python identifier of ASCII letters, digits and `_`",
                name.escape_debug()
            ))
        } else if name.len() > LONGEST_FIELD {
            Some(format!(
                "its name is longer than {LONGEST_FIELD} characters"
            ))
        } else if PYTHON_KEYWORDS.contains(&name) && !soft.contains(&name) {
            Some(format!("`{name}` is a keyword of Python"))
        } else if name.starts_with('_') {
            Some("Pydantic keeps names that start with `_` out of the data".to_owned())
        } else if name.starts_with("model_") {
            Some("Pydantic keeps names that start with `model_` for itself".to_owned())
        } else if TAKEN_FIELDS.contains(&name) {
            Some(format!(
                "`{name}` would hide a name that Pydantic or the generated code needs"
            ))
        } else {
            None
        }
    }
}

/// The type of a field, as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// `str`
    Str,
    /// `int`
    Int,
    /// `float`; NaN and infinity are refused when a value is read.
    Float,
    /// `bool`
    Bool,
    /// `bytes`; base64 in JSON.
    Bytes,
    /// `datetime`
    Datetime,
    /// `date`
    Date,
    /// `timedelta`
    Timedelta,
    /// `uuid`
    Uuid,
    /// `decimal`
    Decimal,
    /// `list[T]`
    List(Box<FieldType>),
    /// `dict[str,T]`
    Dict(Box<FieldType>),
    /// `T?`
    Optional(Box<FieldType>),
}

const TYPES: &str = "str int float bool bytes datetime date timedelta uuid decimal, list[T], \
                     dict[str,T], and T? for an optional value";

/// Deeper types than this are refused rather than followed.
const DEEPEST_TYPE: usize = 8;

impl FieldType {
    /// The type as Python writes it in an annotation.
    #[must_use]
    pub fn annotation(&self) -> String {
        match self {
            Self::Str => "str".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            // Qualified, so that a field may be named `date`.
            Self::Datetime => "dt.datetime".to_owned(),
            Self::Date => "dt.date".to_owned(),
            Self::Timedelta => "dt.timedelta".to_owned(),
            Self::Uuid => "UUID".to_owned(),
            Self::Decimal => "Decimal".to_owned(),
            Self::List(inner) => format!("list[{}]", inner.annotation()),
            Self::Dict(inner) => format!("dict[str, {}]", inner.annotation()),
            Self::Optional(inner) => format!("{} | None", inner.annotation()),
        }
    }

    /// Whether this type or one inside it answers the question with yes.
    pub fn any(&self, question: &dyn Fn(&Self) -> bool) -> bool {
        question(self)
            || match self {
                Self::List(inner) | Self::Dict(inner) | Self::Optional(inner) => {
                    inner.any(question)
                }
                _ => false,
            }
    }

    fn parse(text: &str, depth: usize) -> Option<Self> {
        if depth > DEEPEST_TYPE {
            return None;
        }
        let text = text.trim();
        if let Some(inner) = text.strip_suffix('?') {
            let inner = Self::parse(inner, depth + 1)?;
            // `T??` says nothing that `T?` does not.
            return (!matches!(inner, Self::Optional(_))).then(|| Self::Optional(Box::new(inner)));
        }
        if let Some(inner) = text.strip_prefix("list[").and_then(|t| t.strip_suffix(']')) {
            return Some(Self::List(Box::new(Self::parse(inner, depth + 1)?)));
        }
        if let Some(inner) = text.strip_prefix("dict[").and_then(|t| t.strip_suffix(']')) {
            let (key, value) = inner.split_once(',')?;
            if key.trim() != "str" {
                return None;
            }
            return Some(Self::Dict(Box::new(Self::parse(value, depth + 1)?)));
        }
        Some(match text {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "bytes" => Self::Bytes,
            "datetime" => Self::Datetime,
            "date" => Self::Date,
            "timedelta" => Self::Timedelta,
            "uuid" => Self::Uuid,
            "decimal" => Self::Decimal,
            _ => return None,
        })
    }
}

impl FromStr for FieldType {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text, 0).ok_or_else(|| NameError {
            text: text.to_owned(),
            what: "a type",
            reason: format!("the types are {TYPES}"),
            suggestion: match text.to_ascii_lowercase().as_str() {
                "string" | "text" => Some("str".to_owned()),
                "integer" | "number" => Some("int".to_owned()),
                "double" => Some("float".to_owned()),
                "boolean" => Some("bool".to_owned()),
                "duration" => Some("timedelta".to_owned()),
                _ => None,
            },
        })
    }
}

/// Split a value that may hold several, separated by commas outside brackets.
///
/// Empty parts count as not given, so that a tool can pass one text that may be empty.
///
/// ```
/// use bluetext::name::split_values;
/// assert_eq!(split_values("a:str, b:dict[str,int],"), ["a:str", "b:dict[str,int]"]);
/// assert!(split_values("").is_empty());
/// ```
#[must_use]
pub fn split_values(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (index, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}
