//! Model fields from the command line.

use std::str::FromStr;

use super::name::{KEYWORDS, MAX_NAME, is_identifier};
use crate::name::{FieldType, NameError, kebab};

/// Reserved field names: attributes of Pydantic's `BaseModel` (2.12) that a field would
/// hide, and names that the generated code uses.
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
/// Invariant: the name is an ASCII Python identifier of at most [`MAX_NAME`] characters, is not
/// a keyword, does not start with `_` and does not hide an attribute of a Pydantic model.
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
        Ok(Self {
            name: name.to_owned(),
            kind: kind.parse()?,
        })
    }
}

impl Field {
    /// Why a field cannot have this name.
    pub(super) fn fault(name: &str) -> Option<String> {
        // Soft keywords are valid field names.
        let soft = ["case", "match", "type"];
        if !is_identifier(name) {
            Some(format!(
                "`{}` is not a Python identifier of ASCII letters, digits and `_`",
                name.escape_debug()
            ))
        } else if name.len() > MAX_NAME {
            Some(format!("its name is longer than {MAX_NAME} characters"))
        } else if KEYWORDS.contains(&name) && !soft.contains(&name) {
            Some(format!("`{name}` is a keyword of Python"))
        } else if name.starts_with('_') {
            Some("Pydantic keeps names that start with `_` out of the data".to_owned())
        } else if name.starts_with("model_") {
            Some("Pydantic reserves names that start with `model_`".to_owned())
        } else if TAKEN_FIELDS.contains(&name) {
            Some(format!(
                "`{name}` would hide a name that Pydantic or the generated code needs"
            ))
        } else {
            None
        }
    }
}
