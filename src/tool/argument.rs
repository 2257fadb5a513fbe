//! The arguments of a tool, derived from its clap flags. The MCP server and the tools in
//! `polytope.yml` use the same arguments.

use clap::ArgAction;

/// An argument of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name, in snake case.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The type of its value.
    pub takes: Takes,
    /// Whether it is required.
    pub is_required: bool,
    /// Whether it is positional on the command line.
    pub is_positional: bool,
    /// Its default value as text; an empty string means that there is none.
    pub default: String,
}

/// The type of an argument's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A boolean.
    Flag,
    /// A string.
    Text,
    /// An integer with its minimum and maximum.
    Number(u32, u32),
    /// A list of strings.
    Texts,
}

impl Argument {
    /// Convert a clap argument. `range` bounds a number, because clap does not expose the
    /// range of a value parser.
    #[must_use]
    pub fn of(argument: &clap::Arg, range: Option<(u32, u32)>) -> Self {
        let default = argument.get_default_values().first();
        let takes = match (argument.get_action(), range) {
            (ArgAction::SetTrue, _) => Takes::Flag,
            // A flag with an optional value, which a tool in `polytope.yml` can set.
            _ if argument.get_num_args() == Some((0..=1).into()) => Takes::Flag,
            (ArgAction::Append, _) => Takes::Texts,
            (_, Some((min, max))) => Takes::Number(min, max),
            _ => Takes::Text,
        };
        Self {
            name: argument.get_id().as_str().to_owned(),
            about: argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default(),
            takes,
            is_required: argument.is_required_set(),
            is_positional: argument.is_positional(),
            default: match (takes, default) {
                (Takes::Flag, _) | (_, None) => String::new(),
                (_, Some(default)) => default.to_string_lossy().into_owned(),
            },
        }
    }

    /// Its name as a flag, without leading dashes, and as a parameter in `polytope.yml`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}
