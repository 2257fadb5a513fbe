//! Workflow names, and the rules for valid Python names.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::name::{NameError, capitalised, checked_words, kebab};

/// Python keywords, including soft keywords (Python 3.14 language reference, 2.3).
///
/// The soft keywords `match` and `case` are valid module names, but a line that begins with
/// one looks like a statement; `type` would hide the builtin. No name begins with `_`.
pub(super) const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "type", "while", "with", "yield",
];

/// Reserved names: modules that generated code imports, siblings of a generated package,
/// modules whose tests would collide with the workflow's, and folders that are not read.
const USED_NAMES: &[&str] = &[
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

/// Maximum length of a name in characters: it becomes part of file names, which file systems
/// limit to 255 bytes.
pub const MAX_NAME: usize = 200;

/// The name of a workflow, e.g. `order-processing`.
///
/// Invariant: [`snake`](Self::snake) is a Python identifier of at most [`MAX_NAME`] lower-case
/// ASCII letters, digits and underscores, is not a keyword and does not hide a module that
/// generated code imports. Names with the same [`class`](Self::class) are the same workflow.
///
/// ```
/// use bluetext::python::WorkflowName;
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

    /// The name as the prefix of Python class names: `OrderProcessing`.
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
            // A suffix makes a reserved name valid.
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
    /// The name, or the reason why the text is not valid.
    fn checked(text: &str) -> Result<Self, String> {
        let mut words = checked_words(text)?;
        // `greeting-workflow` would become `GreetingWorkflowWorkflow`.
        if words.len() > 1 && words.last().is_some_and(|last| last == "workflow") {
            words.pop();
        }
        let snake = words.join("_");
        if snake.len() > MAX_NAME {
            return Err(format!("it is longer than {MAX_NAME} characters"));
        }
        if KEYWORDS.contains(&snake.as_str()) {
            return Err(format!("`{snake}` is a keyword of Python"));
        }
        if USED_NAMES.contains(&snake.as_str()) {
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

/// Check that no two names become the same Python class name.
///
/// # Errors
///
/// The error names the second of the two.
pub fn distinct(names: &[WorkflowName]) -> Result<(), NameError> {
    let mut classes = HashMap::new();
    for name in names {
        if let Some(earlier) = classes.insert(name.class(), name) {
            return Err(NameError {
                text: name.to_string(),
                what: "a workflow's name",
                reason: format!(
                    "it becomes the same Python class `{}Workflow` as `{earlier}`",
                    name.class()
                ),
                suggestion: Some(format!("{name}-two")),
            });
        }
    }
    Ok(())
}

/// Whether a folder or file of this name can be imported: it is an identifier and no keyword.
pub(crate) fn is_module_name(text: &str) -> bool {
    let is_soft = ["case", "match", "type"].contains(&text);
    is_identifier(text) && (is_soft || !KEYWORDS.contains(&text))
}

pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
