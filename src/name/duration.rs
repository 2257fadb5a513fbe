//! Durations and attempt counts from the command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::NameError;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Parse a duration such as `500ms`, `30s`, `5m`, `2h` or `1d`.
///
/// # Errors
///
/// A number without a unit is rejected: it could mean seconds or milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, NameError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = UNITS.iter().find(|(name, _)| *name == unit);
    let total = number
        .parse::<u64>()
        .ok()
        .zip(milliseconds)
        .and_then(|(number, (_, unit))| number.checked_mul(*unit));
    let reason = "a duration is a whole number and a unit: `500ms`, `30s`, `5m`, `2h` or `1d`";
    total.map(Duration::from_millis).ok_or_else(|| NameError {
        suggestion: (unit.is_empty() && !number.is_empty()).then(|| format!("{number}s")),
        ..NameError::new(text, "a duration", reason)
    })
}

/// A timeout of an activity.
///
/// Invariant: 100 milliseconds to 3650 days. In less than 100 milliseconds a task cannot
/// reach a worker and return its result to the server.
///
/// ```
/// use bluetext::name::Timeout;
/// let timeout: Timeout = "120s".parse().unwrap();
/// assert_eq!(timeout.to_string(), "2m");
/// assert_eq!(timeout.parts(), (2, "m"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

impl Timeout {
    /// Create a timeout from a constant in this program.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A multiple of it, at most the longest timeout.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self(self.0.saturating_mul(factor).min(LONGEST))
    }

    /// The timeout as a whole number of the largest possible unit: `d`, `h`, `m`, `s` or
    /// `ms`.
    #[must_use]
    pub fn parts(self) -> (u128, &'static str) {
        parts(self.0)
    }
}

/// A duration as a whole number of the largest possible unit.
fn parts(duration: Duration) -> (u128, &'static str) {
    let milliseconds = duration.as_millis();
    for (name, unit) in UNITS {
        if milliseconds.is_multiple_of(u128::from(unit)) {
            return (milliseconds / u128::from(unit), name);
        }
    }
    unreachable!("everything is a multiple of one millisecond")
}

/// A duration as [`parse_duration`] reads it, to the millisecond.
pub(crate) fn duration_text(duration: Duration) -> String {
    let (number, unit) = parts(duration);
    format!("{number}{unit}")
}

const LONGEST: Duration = Duration::from_hours(3650 * 24);

impl FromStr for Timeout {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const SHORTEST: Duration = Duration::from_millis(100);
        let duration = parse_duration(text)?;
        let reason = if duration < SHORTEST {
            "a task cannot reach a worker and return within less than 100ms"
        } else if duration > LONGEST {
            "it is longer than ten years"
        } else {
            return Ok(Self(duration));
        };
        Err(NameError::new(text, "a timeout", reason))
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration_text(self.0))
    }
}

/// The maximum number of attempts of an activity.
///
/// Invariant: at least 1; Temporal interprets 0 as "unlimited".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts(u32);

/// The largest number of attempts: the server's field is a signed 32-bit integer.
pub const MAX_ATTEMPTS: u32 = u32::MAX / 2;

impl Attempts {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Attempts {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let most = MAX_ATTEMPTS;
        match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(Self(number)),
            _ => Err(NameError::new(
                text,
                "a number of attempts",
                format!("it must be a whole number from 1 to {most}; omit it for no limit"),
            )),
        }
    }
}
