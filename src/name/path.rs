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

    /// Whether it is a file with this extension, in lower case.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        let found = self.file_name().rsplit_once('.');
        found.is_some_and(|(_, found)| found == extension)
    }

    /// The number of folders above it.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
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
        let reason = "it must be relative and stay inside, without `..`";
        Err(NameError::new(text, "a path in the project", reason))
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
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':' | ',');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A folder of the project, or the project itself.
///
/// Written as the folder's path, and as `.` for the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Folder(Option<RelPath>);

impl Folder {
    /// The project itself.
    pub const PROJECT: Self = Self(None);

    /// The folder that contains a file or folder.
    #[must_use]
    pub fn of(path: &RelPath) -> Self {
        Self(path.parent())
    }

    /// The folder as a path; `None` for the project itself.
    #[must_use]
    pub fn path(&self) -> Option<&RelPath> {
        self.0.as_ref()
    }

    /// The folder as text, `.` for the project itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or(".", RelPath::as_str)
    }

    /// A path in it; `None` if the text is not a relative path.
    #[must_use]
    pub fn join_checked(&self, more: &str) -> Option<RelPath> {
        is_relative_path(more).then(|| self.join(more))
    }

    /// A path in this folder.
    ///
    /// # Panics
    ///
    /// As [`RelPath::join`].
    #[must_use]
    pub fn join(&self, more: &str) -> RelPath {
        match &self.0 {
            Some(path) => path.join(more),
            None => RelPath::literal(more),
        }
    }

    /// The folder at a path relative to this one, which may have `.` and `..`; `None` if it is
    /// not in the project or has a name that is not supported.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Option<Self> {
        let own = self.0.as_ref().map_or("", RelPath::as_str);
        let mut parts: Vec<&str> = own.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        parts.join("/").parse().ok()
    }

    /// The folder that contains this one; `None` for the project itself.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.as_ref().map(Self::of)
    }

    /// This folder and those that contain it, up to the project.
    pub fn and_parents(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// A path relative to this folder; `None` if it is not inside.
    #[must_use]
    pub fn relative<'p>(&self, path: &'p RelPath) -> Option<&'p str> {
        match &self.0 {
            Some(folder) => path
                .as_str()
                .strip_prefix(folder.as_str())?
                .strip_prefix('/'),
            None => Some(path.as_str()),
        }
    }

    /// The names of the folders from this one down to a folder inside it; empty for the folder
    /// itself, `None` if it is not inside.
    #[must_use]
    pub fn steps_to<'p>(&self, inner: &'p Self) -> Option<Vec<&'p str>> {
        match &inner.0 {
            _ if self == inner => Some(Vec::new()),
            Some(path) => self.relative(path).map(|rest| rest.split('/').collect()),
            None => None,
        }
    }

    /// The last part of its path; `None` for the project itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().map(RelPath::file_name)
    }
}

impl From<RelPath> for Folder {
    fn from(path: RelPath) -> Self {
        Self(Some(path))
    }
}

impl FromStr for Folder {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.trim_end_matches('/') {
            "." | "" => Ok(Self::PROJECT),
            path => path.parse().map(|path| Self(Some(path))),
        }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
