//! Names, types and paths, parsed once at the border of the program.
//!
//! Every type here is a promise: a value of it is right, and nothing behind the border
//! checks again. A text that is refused is refused with the reason and, where one can
//! be made, with a text that would do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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

/// Modules that generated code imports or that stand beside a generated package.
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
    "importlib",
    "init",
    "inspect",
    "logging",
    "main",
    "models",
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
    "worker",
    "workflow",
    "workflows",
];

/// Names that a field must not have: attributes of Pydantic's `BaseModel` (2.12) that it
/// would hide, and names that the generated class body uses itself.
const TAKEN_FIELDS: &[&str] = &[
    "BaseModel",
    "ConfigDict",
    "Decimal",
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
    "validate",
];

const LONGEST_NAME: usize = 64;

/// The name of a workflow, e.g. `order-processing`.
///
/// Invariant: [`snake`](Self::snake) is a Python identifier of at most 64 lower-case ASCII
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
        let mut words = words_of(text);
        // `greeting-workflow` would become `GreetingWorkflowWorkflow`.
        if words.len() > 1 && words.last().is_some_and(|last| last == "workflow") {
            words.pop();
        }
        let snake = words.join("_");
        if text.len() > LONGEST_NAME || snake.len() > LONGEST_NAME {
            return Err(format!("it is longer than {LONGEST_NAME} characters"));
        }
        if PYTHON_KEYWORDS.contains(&snake.as_str()) {
            return Err(format!("`{snake}` is a keyword of Python"));
        }
        if USED_MODULES.contains(&snake.as_str()) {
            return Err(format!(
                "`{snake}` would hide a module that the generated code needs"
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

/// One field of a workflow's input or output, written `NAME:TYPE`.
///
/// Invariant: the name is a Python identifier in ASCII of at most 64 characters that is no
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
        Ok(Self {
            name: name.to_owned(),
            kind: kind.parse()?,
        })
    }
}

impl Field {
    /// Why a field cannot have this name.
    fn fault(name: &str) -> Option<String> {
        // Soft keywords are names like any other here.
        let soft = ["case", "match", "type"];
        if !is_identifier(name) {
            Some(format!(
                "`{}` is not a Python identifier of ASCII letters, digits and `_`",
                name.escape_debug()
            ))
        } else if name.len() > LONGEST_NAME {
            Some(format!("its name is longer than {LONGEST_NAME} characters"))
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

/// Parse a duration such as `500ms`, `30s`, `5m`, `2h` or `1d`.
///
/// # Errors
///
/// A bare number is refused: nobody can tell whether it means seconds or milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, NameError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let total = number
        .parse::<u64>()
        .ok()
        .zip(milliseconds)
        .and_then(|(number, unit): (u64, u64)| number.checked_mul(unit));
    total.map(Duration::from_millis).ok_or_else(|| NameError {
        text: text.to_owned(),
        what: "a duration",
        reason: "a duration is a whole number and a unit: `500ms`, `30s`, `5m`, `2h` or `1d`"
            .to_owned(),
        suggestion: (unit.is_empty() && !number.is_empty()).then(|| format!("{number}s")),
    })
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

/// A path inside the project, with `/` between its parts on every platform.
///
/// Invariant: relative, not empty, without `.`, `..`, empty parts or control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

impl RelPath {
    /// A path that this program has written itself.
    ///
    /// # Panics
    ///
    /// If the text is no valid relative path.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        assert!(is_relative_path(text), "`{text}` leaves the project");
        Self(text.to_owned())
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This path with more parts behind it; what is added must itself be a valid path.
    ///
    /// # Panics
    ///
    /// If `more` is no valid relative path: callers pass texts of the program's own, or
    /// parts of paths that were read from the project's folders.
    #[must_use]
    pub fn join(&self, more: &str) -> Self {
        let joined = format!("{}/{more}", self.0);
        assert!(is_relative_path(&joined), "`{joined}` leaves the project");
        Self(joined)
    }

    /// The folder that this path is in, or `None` at the top of the project.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        Some(Self(parent.to_owned()))
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for RelPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let trimmed = text.trim_start_matches("./").trim_end_matches('/');
        if is_relative_path(trimmed) {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(NameError {
            text: text.to_owned(),
            what: "a path in the project",
            reason: "it must be relative and stay inside, without `..`".to_owned(),
            suggestion: None,
        })
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_relative_path(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(['\\', '\0'])
        && !text.chars().any(char::is_control)
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
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
