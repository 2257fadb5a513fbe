//! Parses the values of a file.

use serde_yaml::Value;

use super::tree::second_document;
use crate::edit::{EditError, Position};

/// The largest number of brackets that are open at once. The parser of values supports fewer
/// levels, and both parsers need time that is quadratic in them.
const MAX_OPEN: usize = 1_000;

/// Reject brackets that are nested too deeply. Those in texts count as well: a file of a person
/// does not have a thousand that are not closed.
pub(super) fn check_depth(text: &str) -> Result<(), EditError> {
    let mut open = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' | '{' => open += 1,
            ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_OPEN {
            let position = Some(Position::of(text, at));
            return Err(EditError::syntax("it is nested too deeply", position));
        }
    }
    Ok(())
}

/// Parse the values of a text.
pub(super) fn meaning(text: &str) -> Result<Value, EditError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::from_str(body).map_err(|error| {
        let mut message = error.to_string();
        // libyaml counts other characters as line breaks than editors do, so only its offset
        // is used: in characters, or in bytes where a character is not allowed.
        let position = match (error.location(), message.split_once(" at position ")) {
            (_, Some((_, offset))) => {
                let digits = offset.trim_end_matches(|c: char| !c.is_ascii_digit());
                let offset = digits.parse();
                offset.ok().map(|offset| Position::of(body, offset))
            }
            (Some(location), None) => {
                let offset = body.char_indices().nth(location.index());
                let offset = offset.map_or(body.len(), |(offset, _)| offset);
                Some(Position::of(body, offset))
            }
            (None, None) => {
                let second = second_document(body);
                if second.is_some() {
                    "the file has several documents; one is supported".clone_into(&mut message);
                }
                second
            }
        };
        // The position is reported separately.
        for separator in [" at line ", " at position "] {
            if let Some(at) = message.find(separator) {
                message.truncate(at);
            }
        }
        EditError::syntax(message, position.or(Some(Position::START)))
    })
}
