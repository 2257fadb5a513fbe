//! Finds a service's container in its `polytope.yml`.

use serde_yaml::{Mapping, Value};

use crate::edit::yaml;
use crate::project::{PolytopeFile, Service, Tool};
use crate::python::mentions;
use crate::tool::register::parameter;

/// The step of a tool that runs the service.
pub(super) struct Container {
    pub(super) tool: String,
    step: usize,
    pub(super) tool_value: Value,
    pub(super) called: String,
    pub(super) args: Mapping,
}

impl Container {
    /// The container of the service's code. In the tool named after the service: the container
    /// with that id, the only Python step, or the only one. Else the one with that id anywhere.
    pub(super) fn of(file: &PolytopeFile, service: &Service) -> Option<Self> {
        let tool = service.tool.as_ref().map(|(_, tool)| tool.as_str());
        let name = tool.unwrap_or(service.name.as_str());
        let is_named = |container: &Self| {
            let id = container.args.get("id").map(|id| container.resolved(id));
            id.and_then(Value::as_str) == Some(name)
        };
        let mut own = file
            .tools()
            .find(|tool| tool.name == name)
            .map(containers_of)
            .unwrap_or_default();
        if let Some(at) = own.iter().position(is_named) {
            return Some(own.swap_remove(at));
        }
        let is_python = |container: &Self| container.called.starts_with("polytope/python");
        if own.iter().filter(|container| is_python(container)).count() == 1 {
            return own.into_iter().find(is_python);
        }
        if own.len() == 1 {
            return own.pop();
        }
        file.tools().flat_map(containers_of).find(is_named)
    }

    pub(super) fn route<'a>(&'a self, key: &'a str) -> [yaml::Step<'a>; 6] {
        [
            yaml::Step::Key("tools"),
            yaml::Step::Key(&self.tool),
            yaml::Step::Key("run"),
            yaml::Step::Item(self.step),
            yaml::Step::Key("args"),
            yaml::Step::Key(key),
        ]
    }

    pub(super) fn has_address(&self) -> bool {
        let env = self.args.get("env").and_then(Value::as_sequence);
        let mut env = env.into_iter().flatten();
        env.any(|entry| entry.get("name").and_then(Value::as_str) == Some("TEMPORAL_ADDRESS"))
    }

    /// Whether its environment is absent or a list that can be appended to.
    pub(super) fn has_plain_environment(&self) -> bool {
        let env = self.args.get("env");
        env.is_none_or(|env| env.is_sequence() || env.is_null())
    }

    pub(super) fn uses_uv(&self) -> bool {
        self.mentions("image", "uv") || self.mentions("cmd", "uv")
    }

    /// The type of one of the tool's parameters, in either style.
    pub(super) fn parameter(&self, id: &str) -> Option<&Value> {
        parameter(&self.tool_value, id)?.get("type")
    }

    /// A value when the tool is run without arguments: a reference to a parameter resolves to
    /// the parameter's default.
    pub(super) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let name = value.as_str().and_then(|text| {
            let embedded = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
            let text = embedded.unwrap_or(text);
            let reference = text.strip_prefix("pt.param ");
            reference.or_else(|| text.strip_prefix("pt.input "))
        });
        let default = name
            .and_then(|name| self.parameter(name.trim())?.as_sequence())
            .filter(|kind| kind.first().and_then(Value::as_str) == Some("default"))
            .and_then(|kind| kind.get(2));
        default.unwrap_or(value)
    }

    /// The words of its command when the tool is run without arguments.
    pub(super) fn command_words(&self) -> Vec<&str> {
        ["entrypoint", "cmd"]
            .iter()
            .filter_map(|key| self.args.get(*key))
            .flat_map(|value| match self.resolved(value) {
                Value::Sequence(words) => words.iter().filter_map(Value::as_str).collect(),
                other => {
                    let text = other.as_str().unwrap_or_default();
                    text.split_whitespace().collect::<Vec<&str>>()
                }
            })
            .collect()
    }

    pub(super) fn mentions(&self, key: &str, word: &str) -> bool {
        let text = self.args.get(key).map(yaml::written);
        text.is_some_and(|text| mentions(&text, word))
    }
}

/// The containers that a tool runs.
pub(super) fn containers_of(tool: Tool<'_>) -> Vec<Container> {
    let containers = tool.containers();
    containers
        .map(|(step, called, args)| Container {
            tool: tool.name.to_owned(),
            step,
            tool_value: tool.value.clone(),
            called: called.to_owned(),
            args: args.clone(),
        })
        .collect()
}
