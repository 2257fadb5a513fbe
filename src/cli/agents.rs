//! The flags of the tools as arguments of callers that are no shell: what there is, and the
//! command line that says the same.

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory};

use super::Cli;
use crate::tool::temporal;

/// An argument of a tool, as a caller that is no shell gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name, in snake case.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it takes.
    pub takes: Takes,
    /// Whether it has to be given.
    pub is_required: bool,
    /// What it is where it is not given, as text; an empty text is "not given".
    pub default: String,
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Yes or no.
    Flag,
    /// One text.
    Text,
    /// A whole number, from the first to the second.
    Number(u32, u32),
    /// Several texts.
    Texts,
}

/// The options that every tool takes from a caller that is no shell.
const SHARED: [&str; 3] = ["dry_run", "diff", "force"];

/// The arguments of a tool, from the same definitions as its flags.
///
/// # Panics
///
/// If there is no such tool.
#[must_use]
pub fn arguments_of(tool: &str) -> Vec<Argument> {
    let command = Cli::command();
    let Some(own) = command.find_subcommand(tool) else {
        panic!("there is no command `{tool}`");
    };
    let shared = command
        .get_arguments()
        .filter(|argument| SHARED.contains(&argument.get_id().as_str()));
    // An agent's host starts nothing that would outlive it.
    let starting = ["start", "no_start", "runtime", "wait"];
    let own = own
        .get_arguments()
        .filter(|argument| !starting.contains(&argument.get_id().as_str()));
    own.chain(shared).map(argument).collect()
}

fn argument(argument: &clap::Arg) -> Argument {
    let name = argument.get_id().as_str().to_owned();
    let default = argument.get_default_values().first();
    let takes = match argument.get_action() {
        ArgAction::SetTrue => Takes::Flag,
        ArgAction::Append => Takes::Texts,
        _ if name == "history_shards" => Takes::Number(1, temporal::MOST_HISTORY_SHARDS),
        _ => Takes::Text,
    };
    Argument {
        about: argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default(),
        takes,
        is_required: argument.is_required_set(),
        default: match (takes, default) {
            (Takes::Flag, _) | (_, None) => String::new(),
            (_, Some(default)) => default.to_string_lossy().into_owned(),
        },
        name,
    }
}

/// The command line that calls a tool with these arguments, each with its values.
#[must_use]
pub fn command_line(tool: &str, given: &[(Argument, Vec<String>)]) -> Vec<OsString> {
    let command = Cli::command();
    let positional = |name: &str| {
        let own = command.find_subcommand(tool);
        let mut arguments = own.into_iter().flat_map(clap::Command::get_positionals);
        arguments.any(|argument| argument.get_id() == name)
    };
    let mut line = vec!["bluetext".to_owned(), tool.to_owned()];
    let mut last = vec!["--".to_owned()];
    for (argument, values) in given {
        let flag = argument.name.replace('_', "-");
        match argument.takes {
            Takes::Flag => line.push(format!("--{flag}")),
            _ if positional(&argument.name) => last.extend(values.iter().cloned()),
            _ => line.extend(values.iter().map(|value| format!("--{flag}={value}"))),
        }
    }
    if last.len() > 1 {
        line.append(&mut last);
    }
    line.into_iter().map(OsString::from).collect()
}
