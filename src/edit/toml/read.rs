//! What a `pyproject.toml` says about its project.

use toml_edit::Item;

use super::{PyProject, item_position};
use crate::edit::Position;

/// The normalised name that identifies a PEP 508 requirement, e.g. `pytest>=8`.
///
/// PEP 503: names are compared in lower case with runs of `-`, `_` and `.` as one `-`.
#[must_use]
pub fn requirement_name(requirement: &str) -> String {
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let written = requirement.trim_start().chars().take_while(is_part);
    let mut name: Vec<char> = written
        .map(|character| match character {
            '_' | '.' => '-',
            character => character.to_ascii_lowercase(),
        })
        .collect();
    name.dedup_by(|a, b| *a == '-' && *b == '-');
    name.into_iter().collect()
}

/// How a `pyproject.toml` declares the requirements of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependencies {
    /// In `[project]`.
    Project,
    /// In `[tool.poetry.dependencies]`.
    Poetry,
    /// In a file that setuptools reads; its path relative to the folder.
    File(String),
    /// They are made by the build.
    Dynamic,
    /// Not at all: it has only settings of tools.
    None,
}

impl PyProject {
    /// Whether there is a value at a path of keys.
    #[must_use]
    pub fn has(&self, path: &[&str]) -> bool {
        self.at(path).is_some()
    }

    /// The value at a path of keys.
    fn at(&self, path: &[&str]) -> Option<&Item> {
        let mut keys = path.iter();
        keys.try_fold(self.document.as_item(), |item, key| item.get(key))
    }

    /// Whether another file, or the build, has the project's requirements.
    pub(super) fn is_dynamic(&self) -> bool {
        let dynamic = self.at(&["project", "dynamic"]).and_then(Item::as_array);
        dynamic.is_some_and(|names| names.iter().any(|n| n.as_str() == Some("dependencies")))
    }

    /// How it declares requirements.
    #[must_use]
    pub fn dependencies(&self) -> Dependencies {
        match (self.has(&["project"]), self.has(&["tool", "poetry"])) {
            (true, _) if !self.is_dynamic() => return Dependencies::Project,
            (true, true) if self.has(&["tool", "poetry", "dependencies"]) => {
                return Dependencies::Poetry;
            }
            (true, _) => {}
            (false, true) => return Dependencies::Poetry,
            (false, false) => return Dependencies::None,
        }
        let file = self.at(&["tool", "setuptools", "dynamic", "dependencies", "file"]);
        let first = file.and_then(|file| match file.as_array() {
            Some(files) => files.get(0)?.as_str(),
            None => file.as_str(),
        });
        first.map_or(Dependencies::Dynamic, |file| {
            Dependencies::File(file.to_owned())
        })
    }

    /// The requirements of the project as they are written, each with its position. Those of
    /// Poetry are written as in PEP 508, if they can be.
    #[must_use]
    pub fn requirements(&self) -> Vec<(String, Position)> {
        let mut found = self.written(self.at(&["project", "dependencies"]));
        for (name, item) in self
            .poetry()
            .into_iter()
            .flat_map(toml_edit::TableLike::iter)
        {
            // One with a condition may not concern this environment.
            let is_plain = ["python", "markers"]
                .iter()
                .all(|key| item.get(key).is_none());
            let inner = item.get("version").filter(|_| is_plain);
            let version = item.as_str().or_else(|| inner?.as_str());
            if let (Some(version), Some(position)) =
                (version, item_position(self.text(), Some(item)))
            {
                // `^1.2` allows versions below 2, and a bare version only itself.
                let range = match version.strip_prefix('^') {
                    Some(lowest) => {
                        let major = lowest.split('.').next().unwrap_or(lowest);
                        let next = major.parse().map_or(u64::MAX, |major: u64| major + 1);
                        format!(">={lowest},<{next}")
                    }
                    None if version.starts_with(|c: char| c.is_ascii_digit()) => {
                        format!("=={version}")
                    }
                    None => version.to_owned(),
                };
                found.push((format!("{name}{range}"), position));
            }
        }
        found
    }

    /// The limits that uv puts on the versions of all packages
    /// (`tool.uv.constraint-dependencies`), each with its position.
    #[must_use]
    pub fn constraints(&self) -> Vec<(String, Position)> {
        self.written(self.at(&["tool", "uv", "constraint-dependencies"]))
    }

    /// The texts of a list, each with its position.
    fn written(&self, list: Option<&Item>) -> Vec<(String, Position)> {
        let list = list.and_then(Item::as_array).into_iter().flatten();
        list.filter_map(|value| {
            let position = Position::of(self.text(), value.span()?.start);
            Some((value.as_str()?.to_owned(), position))
        })
        .collect()
    }

    /// The versions of Python that the project supports, as it writes them.
    #[must_use]
    pub fn python(&self) -> Option<(String, Position)> {
        let required = self.at(&["project", "requires-python"]);
        let required = required.or_else(|| self.poetry()?.get("python"));
        let position = item_position(self.text(), required)?;
        Some((required?.as_str()?.to_owned(), position))
    }

    /// The name of the project.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let names = [&["project", "name"][..], &["tool", "poetry", "name"]];
        names.iter().find_map(|name| self.at(name)?.as_str())
    }

    /// Whether uv takes a folder for a member of this workspace, which then needs a
    /// `pyproject.toml`. `folder` is relative to this file's folder.
    ///
    /// Patterns are those of `tool.uv.workspace`, which uv matches with the crate `glob`.
    #[must_use]
    pub fn is_workspace_member(&self, folder: &str) -> bool {
        let workspace = self.at(&["tool", "uv", "workspace"]);
        let separated = glob::MatchOptions {
            require_literal_separator: true,
            ..glob::MatchOptions::default()
        };
        let matches = |key: &str| {
            let patterns = workspace.and_then(|workspace| workspace.get(key)?.as_array());
            let mut patterns = patterns.into_iter().flatten().filter_map(|p| p.as_str());
            patterns.any(|pattern| {
                let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
                glob::Pattern::new(pattern)
                    .is_ok_and(|pattern| pattern.matches_with(folder, separated))
            })
        };
        matches("members") && !matches("exclude")
    }

    fn poetry(&self) -> Option<&dyn toml_edit::TableLike> {
        self.at(&["tool", "poetry", "dependencies"])?
            .as_table_like()
    }
}
