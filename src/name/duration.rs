//! Durations, as they are written on the command line.

use std::time::Duration;

use super::NameError;

/// Parse a duration such as `500ms`, `30s`, `5m`, `2h` or `1d`.
///
/// # Errors
///
/// A bare number is refused: nobody can tell whether it means seconds or milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, NameError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let total = number
        .parse::<u64>()
        .ok()
        .zip(milliseconds)
        .and_then(|(number, unit): (u64, u64)| number.checked_mul(unit));
    total.map(Duration::from_millis).ok_or_else(|| NameError {
        text: text.to_owned(),
        what: "a duration",
        reason: "a duration is a whole number and a unit: `500ms`, `30s`, `5m`, `2h` or `1d`"
            .to_owned(),
        suggestion: (unit.is_empty() && !number.is_empty()).then(|| format!("{number}s")),
    })
}
