//! What a `pyproject.toml` says about its project.

use toml_edit::Item;

use super::{PyProject, item_position};
use crate::edit::Position;

/// The normalised name that identifies a PEP 508 requirement, e.g. `pytest>=8`.
///
/// PEP 503: names are compared in lower case with runs of `-`, `_` and `.` as one `-`.
#[must_use]
pub fn requirement_name(requirement: &str) -> String {
    let name: String = requirement
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    let mut normalised = String::new();
    for character in name.to_ascii_lowercase().chars() {
        let character = if matches!(character, '_' | '.') {
            '-'
        } else {
            character
        };
        if character != '-' || !normalised.ends_with('-') {
            normalised.push(character);
        }
    }
    normalised
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
        let root = self.document.as_item();
        path.iter()
            .try_fold(root, |item, key| item.get(key))
            .is_some()
    }

    /// How it declares requirements.
    #[must_use]
    pub fn dependencies(&self) -> Dependencies {
        let at = |path: &[&str]| {
            path.iter()
                .try_fold(self.document.as_item(), |item, key| item.get(key))
        };
        let has_poetry = at(&["tool", "poetry", "dependencies"]).is_some();
        let Some(project) = self.document.get("project") else {
            let is_poetry = has_poetry || at(&["tool", "poetry"]).is_some();
            return if is_poetry {
                Dependencies::Poetry
            } else {
                Dependencies::None
            };
        };
        let dynamic = project.get("dynamic").and_then(Item::as_array);
        let is_dynamic =
            dynamic.is_some_and(|names| names.iter().any(|n| n.as_str() == Some("dependencies")));
        if !is_dynamic {
            return Dependencies::Project;
        }
        if has_poetry {
            return Dependencies::Poetry;
        }
        let file = at(&["tool", "setuptools", "dynamic", "dependencies", "file"]);
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
        let project = self.document.get("project");
        let mut found = self.written(project.and_then(|project| project.get("dependencies")));
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
        let tool = self.document.get("tool");
        let list = tool.and_then(|tool| tool.get("uv")?.get("constraint-dependencies"));
        self.written(list)
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
        let project = self.document.get("project");
        let required = project.and_then(|project| project.get("requires-python"));
        let required = required.or_else(|| self.poetry()?.get("python"));
        let position = item_position(self.text(), required)?;
        Some((required?.as_str()?.to_owned(), position))
    }

    /// The name of the project.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let poetry = || self.document.get("tool")?.get("poetry");
        let mut tables = self.document.get("project").into_iter().chain(poetry());
        tables.find_map(|table| table.get("name")?.as_str())
    }

    /// Whether uv takes a folder for a member of this workspace, which then needs a
    /// `pyproject.toml`. `folder` is relative to this file's folder.
    ///
    /// Patterns are those of `tool.uv.workspace`, which uv matches with the crate `glob`.
    #[must_use]
    pub fn is_workspace_member(&self, folder: &str) -> bool {
        let tool = self.document.get("tool");
        let workspace = tool.and_then(|tool| tool.get("uv")?.get("workspace"));
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
        let tool = self.document.get("tool")?;
        tool.get("poetry")?.get("dependencies")?.as_table_like()
    }
}
