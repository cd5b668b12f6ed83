//! A policy's text as TOML, each value with its key and its position, so that every error can name both.
//!
//! The tree is read here by hand. A derived reader's errors repeat values, and values are people's addresses.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{PolicyError, PolicyWarning};

/// The key that errors about the text as a whole have.
const WHOLE: &str = "policy";

/// The most characters of a key that an error shows.
const MAX_KEY: usize = 64;

/// A place in the text: a position, and the key there.
#[derive(Clone)]
pub struct Place<'t> {
    text: &'t str,
    offset: usize,
    key: String,
}

impl<'t> Place<'t> {
    /// The text as a whole, at an offset in bytes.
    pub fn in_text(text: &'t str, offset: usize) -> Self {
        Self { text, offset, key: WHOLE.to_owned() }
    }

    /// The error that something is wrong here. The problem must not repeat a value.
    pub fn wrong(&self, problem: impl Into<String>) -> PolicyError {
        let (line, column) = self.position();
        PolicyError { line, column, key: self.key.clone(), problem: problem.into() }
    }

    /// The warning that something here may not be meant. The problem must not repeat a value.
    pub fn odd(&self, problem: impl Into<String>) -> PolicyWarning {
        let (line, column) = self.position();
        PolicyWarning { line, column, key: self.key.clone(), problem: problem.into() }
    }

    /// The line and the column, from 1.
    fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.text.floor_char_boundary(self.offset)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The place of a key in the table here.
    fn of_key(&self, key: &str, offset: usize) -> Self {
        let key = if is_plain(key) { key } else { "?" };
        let key = if self.key == WHOLE { key.to_owned() } else { format!("{}.{key}", self.key) };
        Self { text: self.text, offset, key }
    }

    /// The place of an element of the list here. Routes and persons have the numbers by which people know them.
    fn of_element(&self, index: usize, offset: usize) -> Self {
        let key = match self.key.as_str() {
            key @ ("route" | "person") => format!("{key} {}", index + 1),
            key => format!("{key}[{index}]"),
        };
        Self { text: self.text, offset, key }
    }
}

/// Whether a key, or a group's name, is `[A-Za-z0-9_-]{1,64}`: it may be shown.
pub fn is_plain(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Parses TOML.
pub fn toml(text: &str) -> Result<DeTable<'_>, PolicyError> {
    DeTable::parse(text).map(Spanned::into_inner).map_err(|error| {
        // The parser's messages are its own words; its `Display` would print the line.
        let offset = error.span().map_or(text.len(), |span| span.start);
        Place::in_text(text, offset).wrong(format!("not TOML: {}", error.message()))
    })
}

/// A value and its place.
#[derive(Clone)]
pub struct Node<'t> {
    value: &'t DeValue<'t>,
    place: Place<'t>,
}

impl<'t> Node<'t> {
    /// The error that something is wrong with this value, which the problem must not repeat.
    pub fn wrong(&self, problem: impl Into<String>) -> PolicyError {
        self.place.wrong(problem)
    }

    /// The warning that this value may not be meant, which the problem must not repeat.
    pub fn odd(&self, problem: impl Into<String>) -> PolicyWarning {
        self.place.odd(problem)
    }

    /// Whether it is a text, rather than a list of them.
    pub fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Whether it is a table, rather than a list of them.
    pub fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// Its text.
    pub fn text(&self) -> Result<&'t str, PolicyError> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a text in quotes"))
    }

    /// Its whole number; `None` when that has more than 64 bits.
    pub fn number(&self) -> Result<Option<i64>, PolicyError> {
        let integer = self.value.as_integer().ok_or_else(|| self.wrong("must be a whole number, without quotes"))?;
        Ok(i64::from_str_radix(integer.as_str(), integer.radix()).ok())
    }

    /// Its yes or no.
    pub fn flag(&self) -> Result<bool, PolicyError> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false, without quotes"))
    }

    /// Its elements.
    pub fn list(&self) -> Result<Vec<Self>, PolicyError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("must be a list in square brackets"))?;
        let elements = list.iter().enumerate();
        Ok(elements
            .map(|(index, element)| Self {
                value: element.get_ref(),
                place: self.place.of_element(index, element.span().start),
            })
            .collect())
    }

    /// Its table.
    pub fn table(&self) -> Result<Table<'t>, PolicyError> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table"))?;
        Ok(Table { table, place: self.place.clone() })
    }
}

/// A table and its place.
#[derive(Clone)]
pub struct Table<'t> {
    table: &'t DeTable<'t>,
    place: Place<'t>,
}

impl<'t> Table<'t> {
    /// The outermost table of a text.
    pub fn outermost(text: &'t str, table: &'t DeTable<'t>) -> Self {
        Self { table, place: Place::in_text(text, 0) }
    }

    /// The error that something is wrong with the table itself.
    pub fn wrong(&self, problem: impl Into<String>) -> PolicyError {
        self.place.wrong(problem)
    }

    /// The warning that the table itself may not be meant.
    pub fn odd(&self, problem: impl Into<String>) -> PolicyWarning {
        self.place.odd(problem)
    }

    /// The error that something is wrong with the first of these keys that is there; with the table, when none is.
    pub fn wrong_at(&self, keys: &[&str], problem: impl Into<String>) -> PolicyError {
        let node = keys.iter().find_map(|key| self.get(key));
        node.map_or_else(|| self.place.clone(), |node| node.place).wrong(problem)
    }

    /// The error that a key is missing.
    pub fn missing(&self, key: &str, problem: &str) -> PolicyError {
        self.place.of_key(key, self.place.offset).wrong(problem)
    }

    /// Refuses the first key that is not among the known ones, which mostly is one that was mistyped.
    pub fn only(&self, known: &[&str]) -> Result<(), PolicyError> {
        match self.entries().into_iter().find(|(key, ..)| !known.contains(key)) {
            Some((_, place, _)) => Err(place.wrong(format!("unknown key; expected one of {}", known.join(", ")))),
            None => Ok(()),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Node<'t>> {
        let value = self.table.get(key)?;
        Some(Node { value: value.get_ref(), place: self.place.of_key(key, value.span().start) })
    }

    /// Every key, its own place and its value, in the order of the text.
    pub fn entries(&self) -> Vec<(&'t str, Place<'t>, Node<'t>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                let (name, own) = (key.get_ref().as_ref(), self.place.of_key(key.get_ref(), key.span().start));
                let place = self.place.of_key(name, value.span().start);
                (name, own, Node { value: value.get_ref(), place })
            })
            .collect();
        entries.sort_by_key(|(_, own, _)| own.offset);
        entries
    }
}
