//! Names, types, durations and paths, parsed once where they enter the program.
//!
//! Values of these types are always valid; no code after the parser checks them again.
//! Errors give a reason and, if possible, a suggestion. This module does not depend on a
//! programming language: names that become Python code are in [`crate::python`].

mod duration;
mod path;
mod plain;
mod types;
mod words;

use std::fmt;
use std::str::FromStr;

pub(crate) use duration::duration_text;
pub use duration::{Attempts, MAX_ATTEMPTS, Timeout, parse_duration};
pub use path::{Folder, RelPath, shell_word};
pub use plain::{is_unsafe, plain, plain_json};
pub use types::{FieldType, split_values};
use words::described;
pub(crate) use words::{capitalised, checked_words, kebab};

/// Why a text is not a valid name, type or duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be {what}: {reason}", text.escape_debug())]
pub struct NameError {
    /// The rejected text.
    pub text: String,
    /// What was expected, with its article: "a workflow's name".
    pub what: &'static str,
    /// Why it is not valid.
    pub reason: String,
    /// A similar valid text.
    pub suggestion: Option<String>,
}

impl NameError {
    /// An error without a suggestion.
    fn new(text: &str, what: &'static str, reason: impl Into<String>) -> Self {
        Self {
            text: text.to_owned(),
            what,
            reason: reason.into(),
            suggestion: None,
        }
    }
}

const MAX_SERVICE_NAME: usize = 64;

/// The name of a service, of its folder and of its Polytope tool, e.g. `api`.
///
/// Invariant: 1 to 64 characters, lower-case ASCII letters, digits, `-` and `_`, the first
/// a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceName(String);

impl ServiceName {
    /// The name as used in paths and tools.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::checked(text).map_err(|reason| NameError {
            text: text.to_owned(),
            what: "a service's name",
            reason,
            suggestion: Some(kebab(text)).filter(|name| Self::checked(name).is_ok()),
        })
    }
}

impl ServiceName {
    /// The name, or the reason why the text is not valid.
    fn checked(text: &str) -> Result<Self, String> {
        let is_right =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if text.is_empty() {
            Err("it is empty".to_owned())
        } else if let Some(wrong) = text.chars().find(|c| !is_right(*c)) {
            Err(format!(
                "it contains {}; only lower-case ASCII letters, digits, `-` and `_` are allowed",
                described(wrong)
            ))
        } else if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            Err("it does not start with a letter".to_owned())
        } else if text.len() > MAX_SERVICE_NAME {
            Err(format!("it is longer than {MAX_SERVICE_NAME} characters"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tag of a container image, or its version, e.g. `1.32.0`.
///
/// Invariant: a tag that the OCI distribution specification (1.1, "Pulling manifests")
/// allows, except `latest`, which is not a fixed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTag(String);

impl ImageTag {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageTag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let reason = if text == "latest" {
            "`latest` is not a fixed version; specify a version"
        } else if text.is_empty() || text.len() > 128 || !text.chars().all(valid) {
            "a tag is 1 to 128 ASCII letters, digits, `_`, `.` and `-`"
        } else if text.starts_with(['.', '-']) {
            "a tag starts with a letter, a digit or `_`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(NameError::new(text, "an image's version", reason))
    }
}
