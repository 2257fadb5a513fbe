//! Names, types and paths, parsed once at the border of the program.
//!
//! Every type here is a promise: a value of it is right, and nothing behind the border
//! checks again. A text that is refused is refused with the reason and, where one can
//! be made, with a text that would do.

mod duration;
mod field;
mod member;
mod path;

use std::fmt;
use std::str::FromStr;

pub use duration::{Attempts, Timeout, parse_duration};
pub use field::{Field, FieldType, split_values};
pub use member::{MemberName, Message, Signal};
pub use path::{RelPath, shell_word};

/// Why a text is not the name, type or duration that it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be {what}: {reason}", text.escape_debug())]
pub struct NameError {
    /// The text as it was given.
    pub text: String,
    /// What it was meant to be, with its article: "a workflow's name".
    pub what: &'static str,
    /// Why it cannot be that.
    pub reason: String,
    /// A text close to it that would do.
    pub suggestion: Option<String>,
}

/// Words that Python keeps for itself, soft ones included (Python 3.14 reference, 2.3).
///
/// The soft keywords `match`, `case` and `_` may be module names, but a line that begins
/// with one reads as a statement; `type` would hide the builtin.
const PYTHON_KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "type", "while", "with", "yield",
];

/// Modules that generated code imports, that stand beside a generated package or whose
/// tests have the place of the workflow's, and folders that are not read.
const USED_MODULES: &[&str] = &[
    "activities",
    "activity",
    "asyncio",
    "backend",
    "collections",
    "conf",
    "conftest",
    "datetime",
    "decimal",
    "health",
    "histories",
    "importlib",
    "init",
    "inspect",
    "logging",
    "main",
    "models",
    "node_modules",
    "os",
    "pkgutil",
    "pydantic",
    "pytest",
    "pytest_asyncio",
    "registry",
    "shutil",
    "sys",
    "sysconfig",
    "temporal_client",
    "temporalio",
    "test",
    "typing",
    "uuid",
    "venv",
    "worker",
    "workflow",
    "workflows",
];

const LONGEST_NAME: usize = 64;

/// With longer names the generated lines would not fit into 88 columns.
const LONGEST_WORKFLOW: usize = 40;

/// The name of a workflow, e.g. `order-processing`.
///
/// Invariant: [`snake`](Self::snake) is a Python identifier of at most 40 lower-case ASCII
/// letters, digits and underscores that is no keyword and hides no module that generated
/// code imports. Two names are the same workflow when their [`class`](Self::class) is.
///
/// ```
/// use bluetext::name::WorkflowName;
/// let name: WorkflowName = "order-processing".parse().unwrap();
/// assert_eq!(name.snake(), "order_processing");
/// assert_eq!(name.class(), "OrderProcessing");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkflowName {
    words: Vec<String>,
    snake: String,
}

impl WorkflowName {
    /// The name as a Python module: `order_processing`.
    #[must_use]
    pub fn snake(&self) -> &str {
        &self.snake
    }

    /// The name as the stem of Python classes: `OrderProcessing`.
    #[must_use]
    pub fn class(&self) -> String {
        self.words.iter().map(|word| capitalised(word)).collect()
    }
}

impl FromStr for WorkflowName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::checked(text).map_err(|reason| {
            let bare = kebab(text);
            // A word that is taken becomes free with another one behind it.
            let candidates = [bare.clone(), format!("{bare}-flow")];
            NameError {
                text: text.to_owned(),
                what: "a workflow's name",
                reason,
                suggestion: candidates.into_iter().find(|c| Self::checked(c).is_ok()),
            }
        })
    }
}

impl WorkflowName {
    /// The name, or the reason why there is none.
    fn checked(text: &str) -> Result<Self, String> {
        let mut words = checked_words(text)?;
        // `greeting-workflow` would become `GreetingWorkflowWorkflow`.
        if words.len() > 1 && words.last().is_some_and(|last| last == "workflow") {
            words.pop();
        }
        let snake = words.join("_");
        if snake.len() > LONGEST_WORKFLOW {
            return Err(format!("it is longer than {LONGEST_WORKFLOW} characters"));
        }
        if PYTHON_KEYWORDS.contains(&snake.as_str()) {
            return Err(format!("`{snake}` is a keyword of Python"));
        }
        if USED_MODULES.contains(&snake.as_str()) {
            return Err(format!(
                "`{snake}` is the name of a module or folder that the generated code needs"
            ));
        }
        Ok(Self { words, snake })
    }
}

impl fmt::Display for WorkflowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join("-"))
    }
}

/// Refuse a list in which two names become the same Python name.
///
/// # Errors
///
/// Names the later of the two.
pub fn distinct(names: &[WorkflowName]) -> Result<(), NameError> {
    for (index, name) in names.iter().enumerate() {
        if let Some(earlier) = names[..index].iter().find(|n| n.class() == name.class()) {
            return Err(NameError {
                text: name.to_string(),
                what: "a workflow's name",
                reason: format!(
                    "it becomes the Python class `{}Workflow`, as `{earlier}` before it does",
                    name.class()
                ),
                suggestion: Some(format!("{name}-two")),
            });
        }
    }
    Ok(())
}

/// The name of a service: that of its folder and of its Polytope tool, e.g. `api`.
///
/// Invariant: 1 to 64 characters, lower-case ASCII letters, digits, `-` and `_`, the first
/// a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceName(String);

impl ServiceName {
    /// The name as it stands in paths and tools.
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
    /// The name, or the reason why there is none.
    fn checked(text: &str) -> Result<Self, String> {
        let is_right =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if text.is_empty() {
            Err("it is empty".to_owned())
        } else if let Some(wrong) = text.chars().find(|c| !is_right(*c)) {
            Err(format!(
                "it holds {}, and only lower-case ASCII letters, digits, `-` and `_` may be in it",
                described(wrong)
            ))
        } else if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            Err("it does not start with a letter".to_owned())
        } else if text.len() > LONGEST_NAME {
            Err(format!("it is longer than {LONGEST_NAME} characters"))
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

/// The tag of a container image or the version that it carries, e.g. `1.32.0`.
///
/// Invariant: what the OCI distribution specification (1.1, "Pulling manifests") allows as
/// a tag, and not `latest`, which means something else every week.
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
            "`latest` is another image every week; name the version"
        } else if text.is_empty() || text.len() > 128 || !text.chars().all(valid) {
            "a tag is 1 to 128 ASCII letters, digits, `_`, `.` and `-`"
        } else if text.starts_with(['.', '-']) {
            "a tag starts with a letter, a digit or `_`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(NameError {
            text: text.to_owned(),
            what: "an image's version",
            reason: reason.to_owned(),
            suggestion: None,
        })
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn described(character: char) -> String {
    match character {
        ' ' => "a space".to_owned(),
        c if c.is_control() => format!("the control character {c:?}"),
        '`' => "a backtick".to_owned(),
        c => format!("`{c}`"),
    }
}

/// The words of a name that becomes one in Python, or the reason why it cannot.
fn checked_words(text: &str) -> Result<Vec<String>, String> {
    if let Some(character) = text.chars().find(|c| !is_name_character(*c)) {
        return Err(format!(
            "it holds {}, and only ASCII letters, digits, `-` and `_` may be in it",
            described(character)
        ));
    }
    match text.chars().next() {
        None => return Err("it is empty".to_owned()),
        Some(first) if !first.is_ascii_alphabetic() => {
            return Err(format!("it starts with `{first}` and not with a letter"));
        }
        Some(_) => {}
    }
    if text.split(['-', '_']).any(str::is_empty) {
        return Err("`-` and `_` stand between two words, one at a time".to_owned());
    }
    Ok(words_of(text))
}

/// The words of a name in kebab, snake or Pascal case, in lower case.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in text.split(['-', '_']) {
        let characters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, &character) in characters.iter().enumerate() {
            let after_lower = index > 0 && !characters[index - 1].is_ascii_uppercase();
            let before_lower = characters
                .get(index + 1)
                .is_some_and(char::is_ascii_lowercase);
            // `orderV2` begins a word at `V`, and `HTTPServer` at `S`.
            if character.is_ascii_uppercase() && index > 0 && (after_lower || before_lower) {
                words.push(std::mem::take(&mut word));
            }
            word.push(character.to_ascii_lowercase());
        }
        words.push(word);
    }
    words
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        None => String::new(),
    }
}

/// The letters and digits of a text as a name in kebab case; may be empty.
fn kebab(text: &str) -> String {
    // Leaving letters out would make another word.
    if text.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return String::new();
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .flat_map(words_of)
        .collect();
    words
        .join("-")
        .trim_start_matches(|c: char| !c.is_ascii_alphabetic())
        .to_owned()
}
