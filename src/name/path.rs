//! Paths inside the project.

use std::fmt;
use std::str::FromStr;

use super::NameError;

/// A path inside the project, with `/` between its parts on every platform.
///
/// Invariant: relative, not empty, without `.`, `..`, empty parts or control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

// Paths sort like their text, so that sorted maps can be searched by folder.
impl std::borrow::Borrow<str> for RelPath {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl RelPath {
    /// Create a path from a constant in this program.
    ///
    /// # Panics
    ///
    /// If the text is not a valid relative path.
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

    /// Append parts to this path; the appended text must itself be a valid path.
    ///
    /// # Panics
    ///
    /// If `more` is not a valid relative path: callers pass constants, or parts of paths
    /// that were read from the project's folders.
    #[must_use]
    pub fn join(&self, more: &str) -> Self {
        let joined = format!("{}/{more}", self.0);
        assert!(is_relative_path(&joined), "`{joined}` leaves the project");
        Self(joined)
    }

    /// The parent folder, or `None` at the top level of the project.
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

/// Write a text as one word of a POSIX shell, quoted if necessary.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
