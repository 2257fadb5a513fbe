//! Converts calls of MCP clients to command lines, and back.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Map, Value};

use super::command;
use crate::tool::{Argument, Takes, tool_of};

/// The options of every tool that an MCP client can set.
const SHARED: [&str; 2] = ["dry_run", "diff"];

/// The option that replaces or removes what somebody has changed: only for tools that are
/// announced as destructive.
const FORCE: &str = "force";

/// The commands that an MCP client can call like a tool.
const COMMANDS: [&str; 3] = ["status", "check", "verify"];

/// The arguments of commands that print pages for people.
const NOT_FOR_AGENTS: [&str; 3] = ["explain", "workflow", "diagram"];

/// The arguments of a tool or command, from the same definitions as its flags. Empty if there is
/// no such command.
#[must_use]
pub fn arguments_of(name: &str) -> Vec<Argument> {
    let command = command();
    let Some(tool) = tool_of(name) else {
        let found = command.find_subcommand(name);
        let own = found.into_iter().flat_map(clap::Command::get_arguments);
        return own
            .filter(|argument| {
                let id = argument.get_id().as_str();
                !argument.is_global_set() && !NOT_FOR_AGENTS.contains(&id)
            })
            .map(|argument| Argument::of(argument, None))
            .collect();
    };
    let shared = command.get_arguments().filter(|argument| {
        let id = argument.get_id().as_str();
        SHARED.contains(&id) || id == FORCE && tool.undoes.is_some()
    });
    let own = tool.arguments().into_iter();
    own.chain(shared.map(|argument| Argument::of(argument, None)))
        .collect()
}

/// The command line that calls a tool with these arguments, each with its values.
#[must_use]
pub fn command_line(tool: &str, given: &[(Argument, Vec<String>)]) -> Vec<OsString> {
    let mut line = vec!["bluetext".to_owned(), tool.to_owned()];
    let mut positional = vec!["--".to_owned()];
    for (argument, values) in given {
        let flag = argument.flag();
        match argument.takes {
            Takes::Flag => line.push(format!("--{flag}")),
            _ if argument.is_positional => positional.extend(values.iter().cloned()),
            _ => line.extend(values.iter().map(|value| format!("--{flag}={value}"))),
        }
    }
    if positional.len() > 1 {
        line.append(&mut positional);
    }
    line.into_iter().map(OsString::from).collect()
}

/// The tool that a command line calls, with its arguments as a client sends them. `None` if a
/// client cannot make this call.
#[must_use]
pub fn call_of(line: &str) -> Option<(String, Map<String, Value>)> {
    let words = shlex::split(line.strip_prefix("bluetext ")?)?;
    let words = std::iter::once("bluetext".to_owned()).chain(words);
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words).ok()?;
    let (name, flags) = matches.subcommand()?;
    if tool_of(name).is_none() && !COMMANDS.contains(&name) {
        return None;
    }
    let known = arguments_of(name);
    let mut arguments = Map::new();
    // The options of all commands are among them, once a command line has been parsed.
    for id in command.find_subcommand(name)?.get_arguments() {
        let id = id.get_id().as_str();
        if flags.value_source(id) == Some(ValueSource::CommandLine) {
            let argument = known.iter().find(|argument| argument.name == id)?;
            arguments.insert(id.to_owned(), given(argument, flags)?);
        }
    }
    Some((name.to_owned(), arguments))
}

/// A value of a command line as a client sends it.
fn given(argument: &Argument, flags: &ArgMatches) -> Option<Value> {
    let values = flags.get_raw(&argument.name)?;
    let values: Option<Vec<&str>> = values.map(|value| value.to_str()).collect();
    let values = values?;
    Some(match (argument.takes, values.first()) {
        (Takes::Texts, _) => values.into(),
        (Takes::Flag, None) => true.into(),
        (Takes::Flag, Some(value)) => value.parse::<bool>().ok()?.into(),
        (Takes::Number(..), Some(value)) => value.parse::<u32>().ok()?.into(),
        (Takes::Text, Some(value)) => (*value).into(),
        (Takes::Text | Takes::Number(..), None) => return None,
    })
}
