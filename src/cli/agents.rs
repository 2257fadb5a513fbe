//! Converts calls of MCP clients to command lines.

use std::ffi::OsString;

use super::command;
use crate::tool::{Argument, Takes, tool_of};

/// The options of every tool that an MCP client can set.
const SHARED: [&str; 3] = ["dry_run", "diff", "force"];

/// The arguments of a tool or command, from the same definitions as its flags.
///
/// # Panics
///
/// If there is no such command.
#[must_use]
pub fn arguments_of(name: &str) -> Vec<Argument> {
    let command = command();
    let Some(tool) = tool_of(name) else {
        let Some(command) = command.find_subcommand(name) else {
            panic!("there is no command `{name}`");
        };
        // The pages of the rules are for people.
        let own = command
            .get_arguments()
            .filter(|one| one.get_id() != "explain");
        return own.map(|argument| Argument::of(argument, None)).collect();
    };
    let shared = command
        .get_arguments()
        .filter(|argument| SHARED.contains(&argument.get_id().as_str()));
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
