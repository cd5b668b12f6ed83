//! Several errors as one.

use std::fmt;

/// How many errors a message lists: a sweep can have a thousand, and Lambda truncates a long message.
const MAX_LISTED: usize = 10;

/// One or more errors of work that was done as far as it could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors<E>(Vec<E>);

impl<E> Errors<E> {
    /// Nothing if there are no errors.
    ///
    /// # Errors
    /// All of them, if there are any.
    pub(crate) fn check(errors: Vec<E>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The error, if there is only one.
    pub(crate) fn only(&self) -> Option<&E> {
        match self.0.as_slice() {
            [error] => Some(error),
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        self.0.iter()
    }
}

impl<E> From<E> for Errors<E> {
    fn from(error: E) -> Self {
        Self(vec![error])
    }
}

/// The first few, and how many more there are.
impl<E: fmt::Display> fmt::Display for Errors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().take(MAX_LISTED).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        match self.0.len().saturating_sub(MAX_LISTED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Errors<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lists_the_first_errors_and_counts_the_others() {
        assert_eq!(Errors::check(Vec::<usize>::new()), Ok(()));
        assert_eq!(Errors::from(1).to_string(), "1");
        let many = Errors::check((1..=12).collect()).unwrap_err();
        assert_eq!(many.to_string(), "1; 2; 3; 4; 5; 6; 7; 8; 9; 10; and 2 more");
        assert_eq!((Errors::from(1).only(), many.only()), (Some(&1), None));
    }
}
