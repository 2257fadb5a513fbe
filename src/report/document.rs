//! What all reports have in common.

use serde::Serialize;

use super::output::{json_of, write_out};
use super::{ExitCode, Format, View};

/// A report: one JSON document, or text for people.
pub trait Document: Serialize + Sized {
    /// The command's exit code.
    fn exit(&self) -> ExitCode;

    /// The text for stdout, and the warnings and errors for stderr, in a format other than JSON.
    fn texts(&self, view: View) -> (String, String);

    /// The report as one JSON document with a trailing newline.
    fn json(&self) -> String {
        json_of(self)
    }

    /// Write the result to stdout, and warnings and errors to stderr. A broken pipe is not an
    /// error.
    fn print(&self, view: View) -> ExitCode {
        let (text, trouble) = match view.format {
            Format::Json => (self.json(), String::new()),
            Format::Human | Format::Sarif => self.texts(view),
        };
        write_out(&text, &trouble, self.exit())
    }
}
