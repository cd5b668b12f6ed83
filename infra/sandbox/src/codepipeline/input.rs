//! Reads the input of an operation, and complains about it as the service does: about everything at once.
//!
//! The wording is the one that AWS services share. A reader returns something empty where the input is at fault;
//! [`Input::finish`] must be asked before anything that was read is used.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::errors::AwsError;

/// The range of an approval's time-out, in minutes.
pub(super) const TIMEOUT_MINUTES: RangeInclusive<u32> = 5..=86_400;
/// The service's model gives tokens the pattern of a UUID, but its own samples break it: the sandbox keeps them opaque.
const TOKEN_LENGTH: RangeInclusive<usize> = 1..=100;

#[derive(Clone, Copy)]
pub(super) enum Pattern {
    Name,
    RequestToken,
    VariableName,
}

/// The constraint on a string member.
#[derive(Clone)]
pub(super) struct Text {
    length: RangeInclusive<usize>,
    pattern: Option<Pattern>,
    choices: &'static [&'static str],
}

pub(super) struct Input<'a> {
    value: &'a Value,
    faults: Vec<String>,
    wrong_type: Option<String>,
}

impl Pattern {
    fn source(self) -> &'static str {
        match self {
            Self::Name => r"[A-Za-z0-9.@\-_]+",
            Self::RequestToken => "^[a-zA-Z0-9-]+$",
            Self::VariableName => r"[A-Za-z0-9@\-_]+",
        }
    }

    fn length(self) -> RangeInclusive<usize> {
        match self {
            Self::Name => 1..=100,
            Self::RequestToken | Self::VariableName => 1..=128,
        }
    }

    fn matches(self, text: &str) -> bool {
        let others = match self {
            Self::Name => ".@-_",
            Self::RequestToken => "-",
            Self::VariableName => "@-_",
        };
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
    }

    pub fn fits(self, text: &str) -> bool {
        self.length().contains(&text.len()) && self.matches(text)
    }
}

impl Text {
    pub fn of(pattern: Pattern) -> Self {
        Self { length: pattern.length(), pattern: Some(pattern), choices: &[] }
    }

    pub fn long(length: RangeInclusive<usize>) -> Self {
        Self { length, pattern: None, choices: &[] }
    }

    pub fn one_of(choices: &'static [&'static str]) -> Self {
        Self { length: 0..=usize::MAX, pattern: None, choices }
    }

    fn faults(&self, text: &str) -> Vec<String> {
        let length = text.chars().count();
        let mut faults = Vec::new();
        if length > *self.length.end() {
            faults.push(format!("Member must have length less than or equal to {}", self.length.end()));
        }
        if length < *self.length.start() {
            faults.push(format!("Member must have length greater than or equal to {}", self.length.start()));
        }
        if let Some(pattern) = self.pattern.filter(|pattern| !pattern.matches(text)) {
            faults.push(format!("Member must satisfy regular expression pattern: {}", pattern.source()));
        }
        if !self.choices.is_empty() && !self.choices.contains(&text) {
            faults.push(format!("Member must satisfy enum value set: [{}]", self.choices.join(", ")));
        }
        faults
    }
}

impl<'a> Input<'a> {
    pub fn new(value: &'a Value) -> Self {
        let mut input = Self { value, faults: Vec::new(), wrong_type: None };
        if !value.is_object() {
            input.type_fault("input", "a structure");
        }
        input
    }

    /// All validation errors in one.
    pub fn finish(self) -> Result<(), AwsError> {
        if let Some(message) = self.wrong_type {
            return Err(AwsError::new("SerializationException", message));
        }
        match self.faults.len() {
            0 => Ok(()),
            1 => Err(AwsError::validation(format!("1 validation error detected: {}", self.faults.join("; ")))),
            count => {
                Err(AwsError::validation(format!("{count} validation errors detected: {}", self.faults.join("; "))))
            }
        }
    }

    pub fn name(&mut self, path: &str) -> String {
        self.text(path, &Text::of(Pattern::Name))
    }

    /// An execution id. The model wants a UUID; anything else is simply not found, as the model's words on
    /// `PipelineExecutionNotFoundException` have it ("in an invalid format or cannot be found").
    pub fn execution_id(&mut self, path: &str) -> String {
        self.text(path, &Text::long(1..=100))
    }

    pub fn token(&mut self, path: &str) -> String {
        self.text(path, &Text::long(TOKEN_LENGTH))
    }

    /// A string that must be there.
    pub fn text(&mut self, path: &str, rule: &Text) -> String {
        if let Some(parent) = path.rsplit_once('.').map(|(parent, _)| parent)
            && self.find(parent).is_none()
        {
            return String::new();
        }
        let text = self.optional_text(path, rule);
        if text.is_none() && self.find(path).is_none() {
            self.fault("null", path, "Member must not be null");
        }
        text.unwrap_or_default()
    }

    pub fn optional_text(&mut self, path: &str, rule: &Text) -> Option<String> {
        let Some(text) = self.find(path)?.as_str() else {
            self.type_fault(path, "a string");
            return None;
        };
        for fault in rule.faults(text) {
            self.fault(&format!("'{text}'"), path, &fault);
        }
        Some(text.to_owned())
    }

    /// A structure that must be there.
    pub fn structure(&mut self, path: &str) {
        match self.find(path) {
            None => self.fault("null", path, "Member must not be null"),
            Some(Value::Object(_)) => {}
            Some(_) => self.type_fault(path, "a structure"),
        }
    }

    /// The paths of the members of a list; none when it is absent.
    pub fn list(&mut self, path: &str, most: usize) -> Vec<String> {
        let items = match self.find(path) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.type_fault(path, "a list");
                return Vec::new();
            }
        };
        if items.len() > most {
            self.faults.push(format!(
                "Value at '{path}' failed to satisfy constraint: Member must have length less than or equal to {most}"
            ));
        }
        (1..=items.len().min(most)).map(|number| format!("{path}.{number}.member")).collect()
    }

    pub fn flag(&mut self, path: &str) -> bool {
        match self.find(path) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.type_fault(path, "a boolean");
                false
            }
        }
    }

    pub fn optional_integer(&mut self, path: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(number) = self.find(path)?.as_i64() else {
            self.type_fault(path, "an integer");
            return None;
        };
        if number > *range.end() {
            let most = format!("Member must have value less than or equal to {}", range.end());
            self.fault(&format!("'{number}'"), path, &most);
        }
        if number < *range.start() {
            let least = format!("Member must have value greater than or equal to {}", range.start());
            self.fault(&format!("'{number}'"), path, &least);
        }
        Some(number)
    }

    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// Follows a path in the service's own notation: `result.summary`, `variables.1.member.name`.
    fn find(&self, path: &str) -> Option<&'a Value> {
        let mut value = self.value;
        let mut steps = path.split('.');
        while let Some(step) = steps.next() {
            value = match (value, step.parse::<usize>()) {
                (Value::Array(items), Ok(number)) => {
                    steps.next();
                    items.get(number.checked_sub(1)?)?
                }
                _ => value.get(step)?,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    fn fault(&mut self, value: &str, path: &str, constraint: &str) {
        self.faults.push(format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    fn type_fault(&mut self, path: &str, wanted: &str) {
        self.wrong_type.get_or_insert_with(|| format!("The value at '{path}' can not be converted to {wanted}"));
    }
}
