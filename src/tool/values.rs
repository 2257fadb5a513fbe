//! Validates argument values and collects the errors.

use std::str::FromStr;

use crate::name::{NameError, split_values};
use crate::problem::{ErrorCode, Problem};
use crate::python::{Field, default_field};

/// Parses argument values and collects a problem for each invalid one.
#[derive(Debug, Default)]
pub struct Values {
    /// The problems found so far.
    pub problems: Vec<Problem>,
}

impl Values {
    pub(super) fn one<T: FromStr<Err = NameError>>(&mut self, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.wrong(&error)).ok()
    }

    /// An optional value; an empty one counts as omitted.
    #[expect(
        clippy::option_option,
        reason = "not given, given and wrong, given and right"
    )]
    pub(crate) fn optional<T: FromStr<Err = NameError>>(
        &mut self,
        text: Option<&str>,
    ) -> Option<Option<T>> {
        match text.map(str::trim).filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => self.one(text).map(Some),
        }
    }

    pub(super) fn many<T: FromStr<Err = NameError>>(&mut self, texts: &[String]) -> Option<Vec<T>> {
        let parts: Vec<&str> = texts.iter().flat_map(|text| split_values(text)).collect();
        let parsed: Vec<Option<T>> = parts.into_iter().map(|part| self.one(part)).collect();
        parsed.into_iter().collect()
    }

    /// Fields with unique names; by default, a single string field.
    pub(super) fn fields(&mut self, texts: &[String], flag: &str) -> Option<Vec<Field>> {
        let fields: Vec<Field> = self.many(texts)?;
        if fields.is_empty() {
            return Some(vec![default_field()]);
        }
        for (index, field) in fields.iter().enumerate() {
            if fields[..index].iter().any(|other| other.name == field.name) {
                self.problems.push(usage(
                    ErrorCode::InvalidName,
                    format!("`{flag}` has the field `{}` twice", field.name),
                    None,
                ));
                return None;
            }
        }
        Some(fields)
    }

    /// Values that constrain each other.
    pub(super) fn together<T>(&mut self, checked: Result<T, Vec<Problem>>) -> Option<T> {
        checked
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }

    pub(super) fn wrong(&mut self, error: &NameError) {
        let hint = error
            .suggestion
            .as_ref()
            .map(|text| format!("use `{text}`"));
        self.problems
            .push(usage(ErrorCode::InvalidName, error.to_string(), hint));
    }
}

/// Why individually valid values cannot be combined, and a valid alternative.
pub(super) fn combination(message: String, hint: String) -> Problem {
    usage(ErrorCode::InvalidCombination, message, Some(hint))
}

pub(super) fn usage(code: ErrorCode, message: String, hint: Option<String>) -> Problem {
    Problem {
        hint,
        ..Problem::new(code, message)
    }
}
