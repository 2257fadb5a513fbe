//! `polytope.yml` files: includes, tools, steps, and the resources that containers claim.

use serde_yaml::{Mapping, Value};

use super::{FileFault, POLYTOPE_FILE};
use crate::edit::Position;
use crate::edit::yaml::{Document, Step};
use crate::name::{Folder, RelPath};

/// A `polytope.yml` that the project includes, directly or indirectly; the root's is the first.
#[derive(Debug)]
pub struct PolytopeFile {
    /// Its path.
    pub path: RelPath,
    /// Its values and their positions.
    pub document: Document,
}

/// A tool that one of the project's own files defines.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// The file that defines it.
    pub file: &'a PolytopeFile,
    /// Its definition.
    pub value: &'a Value,
}

/// A resource that must be unique in a running project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// A port of the developer's machine.
    Port(u64),
    /// A container's id.
    Container(String),
    /// A host name inside the job.
    Host(String),
}

impl PolytopeFile {
    /// Parse a `polytope.yml`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn read(path: RelPath, text: &str) -> Result<Self, FileFault> {
        let document = Document::parse(text).map_err(FileFault::Broken)?;
        Self::of(path, document)
    }

    /// Create a file from a parsed document.
    ///
    /// # Errors
    ///
    /// What is wrong with its shape.
    pub fn of(path: RelPath, document: Document) -> Result<Self, FileFault> {
        let value = document.value();
        if !matches!(value, Value::Mapping(_) | Value::Null) {
            let what = "the file must be a mapping with keys such as `include` and `tools`";
            return Err(FileFault::WrongShape(
                what.to_owned(),
                document.position(&[]),
            ));
        }
        let has_tools = value.get("tools").is_some();
        for key in ["templates", "modules"] {
            if !has_tools && value.get(key).is_some_and(Value::is_sequence) {
                let position = document.position(&[Step::Key(key)]);
                return Err(FileFault::OlderGeneration(position));
            }
        }
        for (key, is_right, kind) in [
            ("include", is_list as fn(&Value) -> bool, "a list"),
            ("tools", is_mapping, "a mapping"),
        ] {
            if value.get(key).is_some_and(|found| !is_right(found)) {
                let position = document.position(&[Step::Key(key)]);
                return Err(FileFault::WrongShape(
                    format!("`{key}` must be {kind}"),
                    position,
                ));
            }
        }
        let file = Self { path, document };
        for tool in file.tools() {
            let run = tool.value.get("run");
            if !(is_mapping(tool.value) && run.is_none_or(|run| is_list(run) || run.is_string())) {
                let position = tool.position();
                let what = format!(
                    "the tool `{}` must be a mapping whose `run` is a list",
                    tool.name
                );
                return Err(FileFault::WrongShape(what, position));
            }
        }
        Ok(file)
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// The tools that this file defines.
    pub fn tools(&self) -> impl Iterator<Item = Tool<'_>> {
        let tools = self
            .document
            .value()
            .get("tools")
            .and_then(Value::as_mapping);
        tools
            .into_iter()
            .flatten()
            .filter_map(move |(name, value)| {
                let name = name.as_str()?;
                Some(Tool {
                    name,
                    file: self,
                    value,
                })
            })
    }

    /// The tool of this name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<Tool<'_>> {
        self.tools().find(|tool| tool.name == name)
    }

    pub(super) fn includes(&self) -> impl Iterator<Item = &Value> {
        let includes = self
            .document
            .value()
            .get("include")
            .and_then(Value::as_sequence);
        includes.into_iter().flatten()
    }

    /// The `polytope.yml` of each folder of this project that the file includes.
    #[must_use]
    pub fn local_includes(&self) -> Vec<RelPath> {
        let own = Folder::of(&self.path);
        self.includes()
            .filter_map(|include| match include {
                Value::String(path) => Some(path.as_str()),
                other if other.get("repo").is_some() => None,
                other => other.get("path").and_then(Value::as_str),
            })
            .filter_map(|path| {
                let base = if path.starts_with('/') {
                    &Folder::PROJECT
                } else {
                    &own
                };
                Some(base.resolve(path)?.join(POLYTOPE_FILE))
            })
            .collect()
    }
}

impl<'a> Tool<'a> {
    /// The position of its name.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position_of(&[])
    }

    /// Its steps, in their order.
    pub fn steps(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let run = self.value.get("run").and_then(Value::as_sequence);
        run.into_iter().flatten()
    }

    /// Its steps that run a container: the step's index, the tool that it calls, and the
    /// arguments.
    pub fn containers(&self) -> impl Iterator<Item = (usize, &'a str, &'a Mapping)> + use<'a> {
        self.steps().enumerate().filter_map(|(index, step)| {
            let called = step.get("tool")?.as_str()?;
            let mut kinds = ["polytope/python", "polytope/container"].iter();
            let is_container = kinds.any(|kind| called.starts_with(kind));
            let args = step.get("args").and_then(Value::as_mapping);
            Some((index, called, args.filter(|_| is_container)?))
        })
    }

    /// The names of the tools that its steps call.
    #[must_use]
    pub fn calls(&self) -> Vec<&'a str> {
        self.steps()
            .filter_map(|step| step.get("tool").and_then(Value::as_str))
            .collect()
    }

    /// The position of a value in it, by its route from the tool.
    #[must_use]
    pub fn position_of(&self, inside: &[Step<'_>]) -> Option<Position> {
        let mut route = vec![Step::Key("tools"), Step::Key(self.name)];
        route.extend_from_slice(inside);
        self.file.document.position(&route)
    }

    /// The claims of its containers, each with its route from the tool.
    #[must_use]
    pub fn claims(&self) -> Vec<(Claim, Vec<Step<'static>>)> {
        let mut claims = Vec::new();
        for (number, step) in self.steps().enumerate() {
            let Some(args) = step.get("args") else {
                continue;
            };
            let route = vec![Step::Key("run"), Step::Item(number), Step::Key("args")];
            if let Some(id) = literal(args.get("id")) {
                claims.push((Claim::Container(id), extended(&route, &[Step::Key("id")])));
            }
            let services = args.get("services").and_then(Value::as_sequence);
            for (index, service) in services.into_iter().flatten().enumerate() {
                let route = extended(&route, &[Step::Key("services"), Step::Item(index)]);
                if let Some(id) = literal(service.get("id")) {
                    claims.push((Claim::Host(id), extended(&route, &[Step::Key("id")])));
                }
                let ports = service.get("ports").and_then(Value::as_sequence);
                for (number, port) in ports.into_iter().flatten().enumerate() {
                    let exposed = port.get("expose-as");
                    let exposed = exposed
                        .and_then(|port| port.as_u64().or_else(|| port.as_str()?.parse().ok()));
                    if let Some(exposed) = exposed {
                        let rest = [
                            Step::Key("ports"),
                            Step::Item(number),
                            Step::Key("expose-as"),
                        ];
                        claims.push((Claim::Port(exposed), extended(&route, &rest)));
                    }
                }
            }
        }
        claims
    }
}

fn extended(route: &[Step<'static>], rest: &[Step<'static>]) -> Vec<Step<'static>> {
    route.iter().chain(rest).copied().collect()
}

/// A literal text: neither a reference nor code.
fn literal(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let is_code = text.starts_with("pt.") || text.starts_with('#') || text.contains("{pt.");
    (!is_code).then(|| text.to_owned())
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Sequence(_) | Value::Null)
}

fn is_mapping(value: &Value) -> bool {
    matches!(value, Value::Mapping(_) | Value::Null)
}
