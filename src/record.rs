//! What a step has added to a project, on record in a file that is committed with it.
//!
//! Each step, service and workflow has a record of its own, so that branches which add
//! different things merge without a conflict. Upgrades and removal use it: a library file
//! with the recorded hash has not been changed by anybody, and recorded insertions can be
//! taken out again.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::edit::undo::Insertion;
use crate::edit::yaml::{self, Document};
use crate::edit::{EditError, Position};
use crate::name::{Folder, RelPath};

/// The folder of all records.
pub const RECORDS: &str = ".bluetext";

/// What a step has added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of bluetext that has written it.
    pub version: String,
    /// Whether the rest has been removed: these files were kept, because they had been changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left: bool,
    /// The workflow's name, in the record of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The options of the request, by the names of their flags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The files that belong to bluetext, with the hashes of what it wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub library: BTreeMap<String, Hash>,
    /// The files that were created and belong to the user, with the hashes of what was written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub created: BTreeMap<String, Hash>,
    /// The files of the user that were edited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edited: BTreeMap<String, Vec<Insertion>>,
}

/// The hash of a file's content, SHA-256 with line endings folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(String);

impl Hash {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(folded(text).as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text with `\n` for each `\r\n`.
#[must_use]
pub fn folded(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The first line of a record.
const HEAD: &str = "# Made by bluetext. Commit this file: upgrades and removal need it.\n";

impl Record {
    /// Read a record.
    ///
    /// # Errors
    ///
    /// [`EditError::Syntax`] if it is no record of this version or an earlier one.
    pub fn parse(text: &str) -> Result<Self, EditError> {
        let document = Document::parse(text)?;
        let record: Self = serde_yaml::from_value(document.value().clone())
            .map_err(|error| EditError::syntax(error.to_string(), Some(Position::START)))?;
        let paths = [&record.library, &record.created]
            .into_iter()
            .flat_map(BTreeMap::keys)
            .chain(record.edited.keys());
        for path in paths {
            path.parse::<RelPath>()
                .map_err(|error| EditError::syntax(error.to_string(), Some(Position::START)))?;
        }
        Ok(record)
    }

    /// Whether anything is on record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workflow.is_none()
            && self.options.is_empty()
            && self.library.is_empty()
            && self.created.is_empty()
            && self.edited.is_empty()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = serde_yaml::to_value(self).map_err(|_| fmt::Error)?;
        f.write_str(HEAD)?;
        f.write_str(&yaml::written(&value))
    }
}

/// The paths of a map of a record. They have been checked when it was read.
pub fn paths<T>(map: &BTreeMap<String, T>) -> impl Iterator<Item = (RelPath, &T)> {
    map.iter()
        .filter_map(|(path, value)| Some((path.parse().ok()?, value)))
}

/// The record of a step.
#[must_use]
pub fn of_step(tool: &str) -> RelPath {
    RelPath::literal(RECORDS).join(&format!("{tool}.yml"))
}

/// The record of a service that is new.
#[must_use]
pub fn of_service(service: &Folder) -> RelPath {
    in_folder(service, "service")
}

/// The record of the client of a service.
#[must_use]
pub fn of_client(service: &Folder) -> RelPath {
    in_folder(service, "client")
}

/// The record of a workflow of a service; its name as a Python module.
#[must_use]
pub fn of_workflow(service: &Folder, workflow: &str) -> RelPath {
    in_folder(service, &format!("{WORKFLOW}{workflow}"))
}

/// How the name of a workflow's record begins.
const WORKFLOW: &str = "workflow-";

/// The workflow's name as a Python module, if this is the path of a workflow's record of this
/// service.
#[must_use]
pub fn workflow_of<'p>(service: &Folder, path: &'p RelPath) -> Option<&'p str> {
    let name = path.file_name().strip_prefix(WORKFLOW)?;
    let name = name.strip_suffix(".yml")?;
    (of_workflow(service, name) == *path).then_some(name)
}

/// The service of a path of a record of a client.
#[must_use]
pub fn client_of(path: &RelPath) -> Option<Folder> {
    let services = Folder::from(RelPath::literal(RECORDS).join("services"));
    let inside = services.relative(path)?;
    let folder = match inside.strip_suffix("client.yml")? {
        "" => Folder::PROJECT,
        folder => folder.parse().ok()?,
    };
    (of_client(&folder) == *path).then_some(folder)
}

fn in_folder(service: &Folder, name: &str) -> RelPath {
    let folder = RelPath::literal(RECORDS).join("services");
    match service.path() {
        Some(path) => folder.join(&format!("{path}/{name}.yml")),
        None => folder.join(&format!("{name}.yml")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let texts = [
            "",
            " ",
            "\n",
            "a\n",
            "  - a\n",
            "a\r\n  b\r\n",
            "\n    x\n\n",
            "a \nb\n",
            "- |\n  x\n",
            "a\u{85}b\u{2028}c",
            "\u{feff}a\n",
            "'\"\\\t{}[]#: \n y",
            "yes",
            "null",
            "1",
            "~",
        ];
        let insertion = |text: &str| Insertion {
            after: text.to_owned(),
            replaced: text.to_owned(),
            inserted: text.to_owned(),
            among: None,
        };
        let mut record = Record {
            version: "1.2".to_owned(),
            workflow: Some("order-processing".to_owned()),
            ..Record::default()
        };
        record
            .library
            .insert("a/b c.py".to_owned(), Hash::of("x\r\n"));
        let list = texts.iter().map(|text| insertion(text)).collect();
        record.edited.insert("polytope.yml".to_owned(), list);
        let text = record.to_string();
        assert_eq!(Record::parse(&text).unwrap(), record, "{text}");
        assert_eq!(Hash::of("x\r\n"), Hash::of("x\n"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            rng_seed: proptest::test_runner::RngSeed::Fixed(5),
            ..proptest::prelude::ProptestConfig::default()
        })]

        #[test]
        fn any_text_is_read_as_it_was_written(texts in proptest::collection::vec("[ \n\t\r#:|\\-'\"a-c\u{85}\u{2028}]{0,12}", 1..6)) {
            let list = texts.iter().map(|text| Insertion {
                after: text.clone(),
                replaced: String::new(),
                inserted: text.clone(),
                among: None,
            });
            let mut record = Record::default();
            record.edited.insert("a/b.yml".to_owned(), list.collect());
            let text = record.to_string();
            proptest::prop_assert_eq!(Record::parse(&text).unwrap(), record, "{}", text);
        }
    }

    #[test]
    fn a_record_is_found_by_its_path() {
        for folder in [".", "api", "modules/api"] {
            let folder: Folder = folder.parse().unwrap();
            assert_eq!(client_of(&of_client(&folder)), Some(folder.clone()));
            let path = of_workflow(&folder, "order_processing");
            assert_eq!(workflow_of(&folder, &path), Some("order_processing"));
            assert_eq!(client_of(&path), None);
        }
        let other: Folder = "modules".parse().unwrap();
        let path = of_workflow(&"modules/api".parse().unwrap(), "x");
        assert_eq!(workflow_of(&other, &path), None);
    }

    #[test]
    fn a_path_out_of_the_project_is_refused() {
        let text = "version: 1.0.0\ncreated: { ../x: ab }\n";
        assert!(Record::parse(text).is_err());
    }
}
