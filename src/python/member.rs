//! Names of functions and methods in generated code: activities, and the messages (signals,
//! queries, updates) that a running workflow accepts.

use std::fmt;
use std::str::FromStr;

use super::Field;
use super::name::{KEYWORDS, MAX_NAME};
use crate::name::{FieldType, NameError, capitalised, checked_words, kebab};

/// Reserved names: names that generated code uses in the scope of the user's functions and
/// methods, and the builtins that its annotations need.
const TAKEN_MEMBERS: &[&str] = &[
    "activities",
    "activity",
    "asyncio",
    "bool",
    "bytes",
    "dict",
    "dt",
    "float",
    "heartbeating",
    "idempotency_key",
    "input",
    "int",
    "l",
    "list",
    "output",
    "property",
    "request",
    "run",
    "self",
    "str",
    "timedelta",
    "uuid4",
    "uuid5",
    "workflow",
];

/// The name of an activity, signal, query or update.
///
/// Invariant: [`snake`](Self::snake) is a Python identifier of at most [`MAX_NAME`] lower-case
/// ASCII letters, digits and underscores, begins with a letter, is not a keyword and does not
/// hide a name that generated code needs.
///
/// ```
/// use bluetext::python::MemberName;
/// let name: MemberName = "charge-card".parse().unwrap();
/// assert_eq!(name.snake(), "charge_card");
/// assert_eq!(name.class(), "ChargeCard");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberName {
    words: Vec<String>,
    snake: String,
}

impl MemberName {
    /// The name as a Python function: `charge_card`.
    #[must_use]
    pub fn snake(&self) -> &str {
        &self.snake
    }

    /// The name as the prefix of Python class names: `ChargeCard`.
    #[must_use]
    pub fn class(&self) -> String {
        self.words.iter().map(|word| capitalised(word)).collect()
    }

    /// The name as a Python constant: `CHARGE_CARD`.
    #[must_use]
    pub fn constant(&self) -> String {
        self.snake.to_ascii_uppercase()
    }

    /// The name, or the reason why the text is not valid.
    fn checked(text: &str) -> Result<Self, String> {
        let words = checked_words(text)?;
        let snake = words.join("_");
        if snake.len() > MAX_NAME {
            Err(format!("it is longer than {MAX_NAME} characters"))
        } else if KEYWORDS.contains(&snake.as_str()) {
            Err(format!("`{snake}` is a keyword of Python"))
        } else if snake.starts_with("model_") {
            Err("Pydantic reserves names that start with `model_`".to_owned())
        } else if TAKEN_MEMBERS.contains(&snake.as_str()) {
            Err(format!(
                "`{snake}` would hide a name that the generated code needs"
            ))
        } else {
            Ok(Self { words, snake })
        }
    }

    /// Check the name of a message, which also becomes a field name in its model.
    fn of_message(text: &str) -> Result<Self, String> {
        let name = Self::checked(text)?;
        match Field::fault(&name.snake) {
            None => Ok(name),
            Some(reason) => Err(reason),
        }
    }
}

impl FromStr for MemberName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::checked(text).map_err(|reason| NameError {
            text: text.to_owned(),
            what: "an activity's name",
            reason,
            suggestion: usable(text, Self::checked),
        })
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.snake)
    }
}

/// A valid name similar to a text.
fn usable(text: &str, check: fn(&str) -> Result<MemberName, String>) -> Option<String> {
    let bare = kebab(text);
    let candidates = [bare.clone(), format!("{bare}-step"), format!("do-{bare}")];
    candidates.into_iter().find(|name| check(name).is_ok())
}

/// A signal, written `NAME` or `NAME:TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its name.
    pub name: MemberName,
    /// The type of its argument, if it has one.
    pub kind: Option<FieldType>,
}

impl FromStr for Signal {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, kind) = match text.split_once(':') {
            None => (text.trim(), None),
            Some((name, kind)) => (name.trim(), Some(kind.parse()?)),
        };
        let name = MemberName::of_message(name).map_err(|reason| NameError {
            text: text.to_owned(),
            what: "a signal",
            reason,
            suggestion: usable(name, MemberName::of_message),
        })?;
        Ok(Self { name, kind })
    }
}

/// A query or an update, written `NAME:TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name.
    pub name: MemberName,
    /// The type of a query's result or of an update's argument.
    pub kind: FieldType,
}

impl FromStr for Message {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |reason: String, suggestion: Option<String>| NameError {
            text: text.to_owned(),
            what: "a query or an update",
            reason,
            suggestion,
        };
        let (name, kind) = match text.split_once(':') {
            None => (text.trim(), None),
            Some((name, kind)) => (name.trim(), Some(kind.trim())),
        };
        let checked = MemberName::of_message(name);
        let written = kind.unwrap_or("str");
        match (checked, kind) {
            (Ok(name), Some(kind)) => Ok(Self {
                name,
                kind: kind.parse()?,
            }),
            (Ok(name), None) => Err(refuse(
                "it is not written NAME:TYPE".to_owned(),
                Some(format!("{name}:{written}")),
            )),
            (Err(reason), _) => Err(refuse(
                reason,
                usable(name, MemberName::of_message).map(|name| format!("{name}:{written}")),
            )),
        }
    }
}
