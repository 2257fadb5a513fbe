//! How tools are registered in `polytope.yml`, in the style of the project's own tools. Their
//! parameters are the arguments of the command line.

use serde::Serialize;
use serde_yaml::Value;

use crate::change::Rank;
use crate::edit::{indented, yaml};
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Project, Tool, root_path};
use crate::template::{Template, render};

use super::argument::Takes;
use super::{Draft, SpecialKind, ToolInfo};

/// Register a tool in the root file and expose it to agents. Leave an edited registration
/// unchanged; a different tool with the same name is an error.
pub(super) fn register(draft: &mut Draft<'_>, tool: &ToolInfo) {
    let name = tool.name;
    let project = draft.project();
    if let Some(found) = project.tool(name) {
        if !is_ours(name, found.value) {
            draft.problem(
                Problem::new(
                    ErrorCode::Conflict,
                    format!("the tool `{name}` is already defined differently"),
                )
                .in_file(found.file.path.clone())
                .at(found.position())
                .hint(format!("rename that tool in `{}`", found.file.path)),
            );
            return;
        }
        if !is_as_registered(project, tool, found.value) {
            let missing = missing_parameters(tool, found.value);
            let message = if missing.is_empty() {
                format!("the tool `{name}` has been edited and is left as it is")
            } else {
                format!(
                    "the tool `{name}` is left as it is, without the parameters {}: it has been \
                     edited, or an earlier version has registered it. Take it out of `{}`, and \
                     call this again, to register it with them",
                    missing.join(", "),
                    found.file.path
                )
            };
            draft.warn(WarningCode::Kept, message, Some(found.file.path.clone()));
        }
    } else {
        let kinds: Vec<(&str, String)> = special_kinds(tool)
            .map(|(name, kind)| (name, kind(project)))
            .collect();
        let body = text(project, tool, &kinds);
        let added = draft.edit_yaml(&root_path(), Rank::RootPolytope, |root| {
            root.add_tool(name, &body)
        });
        if added {
            draft.notes.registered.push(name.to_owned());
        }
    }
    draft.edit_yaml(&root_path(), Rank::RootPolytope, |root| {
        root.allow_in_mcp(name)
    });
}

/// Whether a registered tool is as it was written, whatever the project was like then: types
/// that depend on the project are not compared.
fn is_as_registered(project: &Project, tool: &ToolInfo, found: &Value) -> bool {
    const ANY: &str = "str";
    let names = || special_kinds(tool).map(|(name, _)| name);
    let kinds: Vec<(&str, String)> = names().map(|name| (name, ANY.to_owned())).collect();
    let expected: Option<Value> = serde_yaml::from_str(&text(project, tool, &kinds)).ok();
    let mut found = found.clone();
    for name in names() {
        let parameter = match found.get_mut("inputs") {
            Some(inputs) => inputs.get_mut(name),
            None => found
                .get_mut("params")
                .and_then(Value::as_sequence_mut)
                .and_then(|all| {
                    all.iter_mut()
                        .find(|one| one.get("id").and_then(Value::as_str) == Some(name))
                }),
        };
        if let Some(kind) = parameter.and_then(|parameter| parameter.get_mut("type")) {
            *kind = ANY.into();
        }
    }
    expected == Some(found)
}

/// The parameters of a tool that a registration of it does not have.
fn missing_parameters(tool: &ToolInfo, found: &Value) -> Vec<String> {
    let arguments = tool.arguments().into_iter().map(|argument| argument.flag());
    arguments
        .filter(|flag| parameter(found, flag).is_none())
        .map(|flag| format!("`{flag}`"))
        .collect()
}

/// A parameter of a tool in `polytope.yml`, in either style.
pub(super) fn parameter<'v>(tool: &'v Value, id: &str) -> Option<&'v Value> {
    let of_params = || {
        let mut params = tool.get("params")?.as_sequence()?.iter();
        params.find(|one| one.get("id").and_then(Value::as_str) == Some(id))
    };
    let inputs = tool.get("inputs").and_then(|inputs| inputs.get(id));
    inputs.or_else(of_params)
}

/// The parameters of a tool whose types depend on the project.
fn special_kinds(tool: &ToolInfo) -> impl Iterator<Item = SpecialKind> {
    tool.registered
        .iter()
        .flat_map(|registered| registered.kinds)
        .copied()
}

/// A parameter of a tool in `polytope.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Its id: the flag's name.
    pub(super) id: String,
    /// What it is for.
    pub(super) info: String,
    /// Its type in flow style.
    pub(super) kind: String,
}

/// The text of a tool in `polytope.yml`: the parameters are those of the command line.
fn text(project: &Project, tool: &ToolInfo, kinds: &[(&str, String)]) -> String {
    let Some(registered) = &tool.registered else {
        unreachable!("`{}` is the first step and never registered", tool.name);
    };
    render_with(
        project,
        registered.template,
        "",
        &parameters(tool, kinds),
        &arguments(tool, ParameterStyle::of(project)),
    )
}

/// The parameters of a tool; `kinds` has types that depend on the project.
pub(super) fn parameters(tool: &ToolInfo, kinds: &[(&str, String)]) -> Vec<Parameter> {
    let arguments = tool.arguments().into_iter();
    arguments
        .map(|argument| {
            let special = kinds.iter().find(|(name, _)| *name == argument.name);
            let kind = match (special, argument.takes) {
                (Some((_, kind)), _) => kind.clone(),
                (None, _) if argument.is_required => "str".to_owned(),
                // Polytope puts only strings and numbers into a text.
                (None, Takes::Flag) => "[default, str, \"false\"]".to_owned(),
                (None, Takes::Number(..)) if !argument.default.is_empty() => {
                    format!("[default, int, {}]", argument.default)
                }
                // The empty text stands for what is not given.
                (None, Takes::Number(..) | Takes::Text | Takes::Texts) => {
                    format!("[default, str, \"{}\"]", argument.default)
                }
            };
            Parameter {
                id: argument.flag(),
                info: argument.about,
                kind,
            }
        })
        .collect()
}

/// The command-line arguments that pass the parameters on, as items of a YAML list.
pub(super) fn arguments(tool: &ToolInfo, style: ParameterStyle) -> Vec<String> {
    let reference = style.reference();
    let (positional, flags): (Vec<_>, Vec<_>) =
        tool.arguments().into_iter().partition(|a| a.is_positional);
    let mut words = vec![tool.name.to_owned()];
    words.extend(flags.iter().map(|argument| {
        let flag = argument.flag();
        format!("\"--{flag}={{pt.{reference} {flag}}}\"")
    }));
    if !positional.is_empty() {
        words.push("\"--\"".to_owned());
    }
    words.extend(positional.iter().map(|argument| {
        let id = argument.flag();
        format!("\"{{pt.{reference} {id}}}\"")
    }));
    words
}

/// Render a tool's template, in which the parameters are indented.
pub(super) fn render_with(
    project: &Project,
    template: Template,
    indent: &str,
    parameters: &[Parameter],
    arguments: &[String],
) -> String {
    #[derive(Serialize)]
    struct Context<'a> {
        params: String,
        reference: &'static str,
        arguments: &'a [String],
        awaits: bool,
    }
    let style = ParameterStyle::of(project);
    let context = Context {
        params: indented(&style.declaration(parameters), indent),
        reference: style.reference(),
        arguments,
        awaits: ParameterStyle::awaits_containers(project),
    };
    render(template, &context)
}

/// How the project's tools take their arguments: Polytope has renamed `params` to `inputs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterStyle {
    /// A list below `params`, referred to with `pt.param`.
    Params,
    /// A mapping below `inputs`, referred to with `pt.input`.
    Inputs,
}

impl ParameterStyle {
    /// The style that most of the project's tools use.
    #[must_use]
    pub(super) fn of(project: &Project) -> Self {
        let count = |key: &str| {
            project
                .tools()
                .filter(|t| t.value.get(key).is_some())
                .count()
        };
        if count("inputs") > count("params") {
            Self::Inputs
        } else {
            Self::Params
        }
    }

    /// Whether the project's Polytope version supports the container argument `await`. With
    /// `await: false` a step ends once its container runs, so that a call returns. Tools with
    /// `inputs` support it, and so do projects that already use it.
    #[must_use]
    pub(super) fn awaits_containers(project: &Project) -> bool {
        let uses_it = |tool: Tool<'_>| {
            tool.steps().any(|step| {
                step.get("args")
                    .is_some_and(|args| args.get("await").is_some())
            })
        };
        Self::of(project) == Self::Inputs || project.tools().any(uses_it)
    }

    /// The word after `pt.` in a reference.
    #[must_use]
    pub(super) fn reference(self) -> &'static str {
        match self {
            Self::Params => "param",
            Self::Inputs => "input",
        }
    }

    /// The block that declares parameters.
    pub(super) fn declaration(self, parameters: &[Parameter]) -> String {
        let mut block = String::new();
        block.push_str(match self {
            Self::Params => "params:\n",
            Self::Inputs => "inputs:\n",
        });
        for Parameter { id, info, kind } in parameters {
            let info = yaml::written(&info.as_str().into());
            let info = info.trim_end();
            block.push_str(&match self {
                Self::Params => format!("  - id: {id}\n    info: {info}\n    type: {kind}\n"),
                Self::Inputs => format!("  {id}:\n    info: {info}\n    type: {kind}\n"),
            });
        }
        block
    }
}

/// Whether a project has a tool of this name that bluetext registered.
pub(super) fn is_registered(project: &Project, name: &str) -> bool {
    let tool = project.tool(name);
    tool.is_some_and(|tool| is_ours(name, tool.value))
}

/// Whether bluetext registered a tool in `polytope.yml`: its step calls `bluetext` with the
/// tool's own name first.
fn is_ours(name: &str, value: &Value) -> bool {
    let steps = value.get("run").and_then(Value::as_sequence);
    steps.into_iter().flatten().any(|step| {
        let called = step.get("tool").and_then(Value::as_str);
        let first = step
            .get("args")
            .and_then(|args| args.get("args")?.get(0)?.as_str());
        called == Some("bluetext") && first == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{Argument, TOOLS};

    /// A new flag appears in the tool's help, in its `polytope.yml` parameters in both styles,
    /// in the command line that they build, and in the schema for MCP clients.
    #[test]
    fn a_new_flag_is_everywhere() {
        for tool in TOOLS {
            let define: fn(clap::Command) -> clap::Command = match tool.name {
                "add-temporal" => {
                    |command| with_one_more(crate::tool::temporal::TOOL.define, command)
                }
                "add-temporal-client" => {
                    |command| with_one_more(crate::tool::client::TOOL.define, command)
                }
                _ => |command| with_one_more(crate::tool::workflow::TOOL.define, command),
            };
            let tool = ToolInfo { define, ..*tool };
            let help = tool.command().render_help().to_string();
            assert!(help.contains("--one-more <THING>"), "{help}");
            let arguments: Vec<Argument> = tool.arguments();
            assert!(
                arguments
                    .iter()
                    .any(|a| a.name == "one_more" && a.about == "One more")
            );
            let parameters = parameters(&tool, &[]);
            for (style, text) in [
                (
                    ParameterStyle::Params,
                    "  - id: one-more\n    info: One more\n    type: [default, str, \"\"]\n",
                ),
                (
                    ParameterStyle::Inputs,
                    "  one-more:\n    info: One more\n    type: [default, str, \"\"]\n",
                ),
            ] {
                assert!(
                    style.declaration(&parameters).contains(text),
                    "{}",
                    tool.name
                );
                let word = format!("\"--one-more={{pt.{} one-more}}\"", style.reference());
                assert!(
                    super::arguments(&tool, style).contains(&word),
                    "{}",
                    tool.name
                );
            }
        }
    }

    fn with_one_more(
        define: fn(clap::Command) -> clap::Command,
        command: clap::Command,
    ) -> clap::Command {
        let more = clap::Arg::new("one_more")
            .long("one-more")
            .value_name("THING")
            .help("One more");
        define(command).arg(more)
    }
}
