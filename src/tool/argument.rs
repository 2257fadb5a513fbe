//! The arguments of a tool, read from the definition of its flags: the MCP server and the
//! tools in `polytope.yml` have the same ones.

use clap::ArgAction;

/// An argument of a tool.
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
    /// Whether it is given without its name on the command line.
    pub is_positional: bool,
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

impl Argument {
    /// The argument that a flag is. The range bounds a number, which the flag's own
    /// definition does not tell.
    #[must_use]
    pub fn of(argument: &clap::Arg, range: Option<(u32, u32)>) -> Self {
        let default = argument.get_default_values().first();
        let takes = match (argument.get_action(), range) {
            (ArgAction::SetTrue, _) => Takes::Flag,
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

    /// Its name as a flag, without the dashes before it, and as a parameter in `polytope.yml`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}
