//! The embedded templates, and how they are rendered.
//!
//! `templates/` mirrors the generated files: one folder for each step, with each file at its
//! target path. Templates are whole files; their values come from one context struct. Python
//! code is then formatted by [`crate::python::Style`].

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// A template: its path in `templates/` and its text.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The path in `templates/`, for messages.
    pub path: &'static str,
    /// The text.
    pub source: &'static str,
}

/// Embed a file of `templates/`.
macro_rules! template {
    ($path:expr) => {
        $crate::template::Template {
            path: $path,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $path)),
        }
    };
}
pub(crate) use template;

/// Embed files of a folder of `templates/`, each with its name.
macro_rules! templates {
    ($folder:literal, $($name:literal),+ $(,)?) => {
        [$(($name, $crate::template::template!(concat!($folder, $name)))),+]
    };
}
pub(crate) use templates;

/// Render a template.
///
/// # Panics
///
/// If the template is invalid or uses a value that is not in the context. Both are bugs that
/// the tests find, because they render every template.
#[must_use]
pub fn render<C: Serialize>(template: Template, context: &C) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    match syntax {
        Ok(syntax) => environment.set_syntax(syntax),
        Err(error) => unreachable!("the default delimiters are valid: {error}"),
    }
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    match environment.render_named_str(template.path, template.source, Serde(context)) {
        Ok(text) => text,
        Err(error) => panic!("templates/{}: {error:#}", template.path),
    }
}
