//! Writes documents to the standard streams.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{ExitCode, Format, SCHEMA_VERSION, View};

/// Write what was asked for to stdout and what went wrong to stderr.
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
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            drop(writeln!(
                stderr,
                "error: the report cannot be written: {error}"
            ));
            ExitCode::Failed
        }
        _ => exit,
    }
}

/// A document with a newline behind it.
pub(super) fn json_of<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
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

/// A page that was asked for, as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "bluetext page", deny_unknown_fields)]
pub struct Page {
    /// The version of this document; what it holds does not change its meaning within one.
    schema_version: u32,
    /// The command that prints it.
    command: &'static str,
    /// The page.
    text: String,
}

impl Page {
    /// A page with the command that prints it.
    #[must_use]
    pub fn new(command: &'static str, text: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command,
            text,
        }
    }

    /// Write it to stdout.
    #[must_use]
    pub fn print(&self, view: View) -> ExitCode {
        let text = match view.format {
            Format::Json => json_of(self),
            Format::Human => self.text.clone(),
        };
        write_out(&text, "", ExitCode::Done)
    }
}

/// Print text that was asked for, such as help. A reader that has gone away is no fault.
pub fn print(text: &str) {
    let mut stdout = anstream::stdout();
    drop(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    );
}
