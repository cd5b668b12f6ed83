//! Settings, read through a look-up function, so that tests and the sandbox need no environment variables.

use std::fmt::Display;
use std::str::FromStr;

/// Where settings come from: a name in, its text out.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a function does not start. The error names the setting and never repeats its value, which may hold addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The variable is not set, or empty.
    #[error("the environment variable {name} is not set")]
    Missing {
        /// The environment variable.
        name: &'static str,
    },
    /// The variable has a value that is not valid.
    #[error("the environment variable {name} is not valid: {why}")]
    Wrong {
        /// The environment variable.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// The process environment.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A required setting.
///
/// # Errors
/// When it is missing, empty, or not what `T` takes.
pub fn required<T: FromStr<Err: Display>>(lookup: Lookup, name: &'static str) -> Result<T, SettingError> {
    optional(lookup, name)?.ok_or(SettingError::Missing { name })
}

/// An optional setting. An empty one counts as not set, because CloudFormation passes empty parameters.
///
/// # Errors
/// When it is there and not what `T` takes.
pub fn optional<T: FromStr<Err: Display>>(lookup: Lookup, name: &'static str) -> Result<Option<T>, SettingError> {
    match lookup(name).as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => parse(name, text).map(Some),
    }
}

/// A setting that is a list, separated by commas, and not empty.
///
/// # Errors
/// When it is missing, empty, or has an element that `T` does not take; the error says which, counted from 1.
pub fn list<T: FromStr<Err: Display>>(lookup: Lookup, name: &'static str) -> Result<Vec<T>, SettingError> {
    optional_list(lookup, name)?.ok_or(SettingError::Missing { name })
}

/// A setting that is a list, separated by commas, if it is set.
///
/// # Errors
/// When it has an element that `T` does not take; the error says which, counted from 1.
pub fn optional_list<T: FromStr<Err: Display>>(
    lookup: Lookup,
    name: &'static str,
) -> Result<Option<Vec<T>>, SettingError> {
    let Some(text) = optional::<String>(lookup, name)? else { return Ok(None) };
    let elements = text.split(',').enumerate().map(|(index, element)| {
        element
            .trim()
            .parse()
            .map_err(|error| SettingError::Wrong { name, why: format!("element {}: {error}", index + 1) })
    });
    elements.collect::<Result<_, _>>().map(Some)
}

fn parse<T: FromStr<Err: Display>>(name: &'static str, text: &str) -> Result<T, SettingError> {
    text.parse().map_err(|error: T::Err| SettingError::Wrong { name, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{Approver, Quorum};

    fn lookup(name: &str) -> Option<String> {
        match name {
            "EMPTY" => Some(" ".into()),
            "QUORUM" => Some("2".into()),
            "BAD" => Some("zero".into()),
            "LIST" => Some("a@example.com, B <b@example.com>".into()),
            "BAD_LIST" => Some("a@example.com,,b@example.com".into()),
            _ => None,
        }
    }

    #[test]
    fn errors_name_the_setting() {
        assert_eq!(required::<Quorum>(&lookup, "QUORUM").map(Quorum::get), Ok(2));
        assert_eq!(required::<Quorum>(&lookup, "NONE"), Err(SettingError::Missing { name: "NONE" }));
        assert_eq!(required::<Quorum>(&lookup, "EMPTY"), Err(SettingError::Missing { name: "EMPTY" }));
        assert_eq!(optional::<Quorum>(&lookup, "EMPTY"), Ok(None));
        let error = required::<Quorum>(&lookup, "BAD").unwrap_err().to_string();
        assert_eq!(error, "the environment variable BAD is not valid: the quorum is not a number from 1 to 255");
    }

    #[test]
    fn a_list_names_its_bad_element() {
        assert_eq!(list::<Approver>(&lookup, "LIST").unwrap().len(), 2);
        let error = list::<Approver>(&lookup, "BAD_LIST").unwrap_err().to_string();
        assert_eq!(error, "the environment variable BAD_LIST is not valid: element 2: the email address is empty");
    }
}
