//! Writes documents to the standard streams.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{ExitCode, Format, SCHEMA_VERSION, View};
use crate::name::plain_json;

/// The width of the terminal in characters, if stdout is one.
#[must_use]
pub fn columns() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| usize::from(width.0))
}

/// Write the result to stdout, and warnings and errors to stderr.
pub(super) fn write_out(text: &str, trouble: &str, exit: ExitCode) -> ExitCode {
    let mut stdout = anstream::stdout();
    let mut stderr = anstream::stderr();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    drop(
        stderr
            .write_all(trouble.as_bytes())
            .and_then(|()| stderr.flush()),
    );
    outcome_of(written, exit)
}

/// The exit code, once something has been written to stdout. A reader that is gone is no error.
fn outcome_of(written: io::Result<()>, exit: ExitCode) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            drop(writeln!(
                anstream::stderr(),
                "error: the output could not be written: {error}; the command itself ended with \
                 exit code {}",
                exit as u8
            ));
            ExitCode::NotReported
        }
        _ => exit,
    }
}

/// A JSON document with a trailing newline.
pub(super) fn json_of<T: Serialize>(document: &T) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    plain_json(&text) + "\n"
}

/// The JSON schema of a document.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.contract = schemars::generate::Contract::Serialize;
    });
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// A printed page as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext page", deny_unknown_fields)]
pub struct Page {
    /// Schema version of this document. Fields keep their meaning within a version.
    schema_version: u32,
    /// The command that prints it.
    command: &'static str,
    /// The page.
    text: String,
    /// The file that it belongs into, if it is part of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl Page {
    /// A page with the command that prints it.
    #[must_use]
    pub fn new(command: &'static str, text: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command,
            text,
            file: None,
        }
    }

    /// Name the file that the page belongs into.
    #[must_use]
    pub fn belongs_into(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// Write it to stdout.
    #[must_use]
    pub fn print(&self, view: View) -> ExitCode {
        let text = match view.format {
            Format::Json | Format::Sarif => json_of(self),
            Format::Human => self.text.clone(),
        };
        let into = match (&self.file, view.format, view.quiet) {
            (Some(file), Format::Human, false) => format!("add this to {file}:\n"),
            _ => String::new(),
        };
        write_out(&text, &into, ExitCode::Done)
    }
}

/// Print text such as help to stdout. A broken pipe is not an error.
pub fn print(text: &str) -> ExitCode {
    write_out(text, "", ExitCode::Done)
}

/// Print what a command has shown: as one JSON document, or as text unless `--quiet` is given.
pub(crate) fn print_shown(document: &impl Serialize, text: &str, view: View) -> ExitCode {
    match view.format {
        Format::Json | Format::Sarif => print(&json_of(document)),
        Format::Human if view.quiet => ExitCode::Done,
        Format::Human => print(text),
    }
}
