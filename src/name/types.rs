//! Field types from the command line.

use std::fmt;
use std::str::FromStr;

use super::NameError;

/// A field type from the command line.
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

/// Maximum nesting depth; deeper types are rejected.
const MAX_TYPE_DEPTH: usize = 8;

impl FieldType {
    /// Whether the predicate holds for this type or a nested type.
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
        if depth > MAX_TYPE_DEPTH {
            return None;
        }
        let text = text.trim();
        if let Some(inner) = text.strip_suffix('?') {
            let inner = Self::parse(inner, depth + 1)?;
            // `T??` is rejected: it means the same as `T?`.
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

/// As it is written in a request.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str => f.write_str("str"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Bool => f.write_str("bool"),
            Self::Bytes => f.write_str("bytes"),
            Self::Datetime => f.write_str("datetime"),
            Self::Date => f.write_str("date"),
            Self::Timedelta => f.write_str("timedelta"),
            Self::Uuid => f.write_str("uuid"),
            Self::Decimal => f.write_str("decimal"),
            Self::List(inner) => write!(f, "list[{inner}]"),
            Self::Dict(inner) => write!(f, "dict[str,{inner}]"),
            Self::Optional(inner) => write!(f, "{inner}?"),
        }
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

/// Split a list of values at commas outside brackets.
///
/// Empty parts are ignored: a registered tool passes an empty string for an unset parameter.
///
/// ```
/// use bluetext::name::split_values;
/// assert_eq!(split_values("a:str, b:dict[str,int],"), ["a:str", "b:dict[str,int]"]);
/// assert!(split_values("").is_empty());
/// ```
#[must_use]
pub fn split_values(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|character| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    let parts = parts.map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}
