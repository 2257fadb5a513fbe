//! What a valid result is in each language.

use std::collections::BTreeMap;

use crate::edit::python::Module;
use crate::edit::toml::PyProject;
use crate::edit::yaml::Document;

/// The language of a file, which decides what a valid result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A `polytope.yml`.
    Yaml,
    /// A `pyproject.toml`.
    Toml,
    /// A Python module.
    Python,
    /// Lines without a structure, such as requirements.
    Lines,
}

impl Language {
    /// The language of a file of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, "yml" | "yaml")) => Self::Yaml,
            Some((_, "toml")) => Self::Toml,
            Some((_, "py")) => Self::Python,
            _ => Self::Lines,
        }
    }

    /// Whether a replaced text is an empty value: it need not come back where others have added
    /// something.
    pub(super) fn is_empty_value(self, replaced: &str) -> bool {
        match self {
            // It may begin behind a key.
            Self::Yaml => [replaced.to_owned(), format!("key:{replaced}")]
                .into_iter()
                .any(|text| Document::parse(text).is_ok_and(|text| text.has_only_empty_values())),
            Self::Python => matches!(replaced.trim(), "" | "pass"),
            Self::Toml | Self::Lines => replaced.trim().is_empty(),
        }
    }

    /// Whether the rest of a text means the same without a part of it: each value of the new
    /// text is one of the old text, under the same keys.
    pub(super) fn keeps_meaning(self, old: &str, new: &str) -> bool {
        let leaves = |text: &str| match self {
            Self::Yaml => Document::parse(text).ok().map(|document| document.leaves()),
            Self::Toml => PyProject::parse(text).ok().map(|project| project.leaves()),
            Self::Python => Module::parse(text).ok().map(|module| module.outline()),
            Self::Lines => Some(Vec::new()),
        };
        let Some(new) = leaves(new) else {
            return false;
        };
        // One that cannot be parsed any more is not made worse.
        let Some(old) = leaves(old) else {
            return false;
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for leaf in old {
            *counts.entry(leaf).or_default() += 1;
        }
        new.into_iter().all(|leaf| match counts.get_mut(&leaf) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
    }
}
