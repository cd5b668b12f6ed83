//! Checked texts: types that only a text of the right length and form can become.

/// Why a text is not what it should be. The error never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// The kind of text, in words.
        what: &'static str,
    },
    /// The text is longer than CodePipeline, SES or a link allows.
    #[error("{what} is longer than {max} characters")]
    TooLong {
        /// The kind of text, in words.
        what: &'static str,
        /// The most that is allowed, in characters.
        max: usize,
    },
    /// The text has a character or a form that it may not have.
    #[error("{what} is not {form}")]
    Form {
        /// The kind of text, in words.
        what: &'static str,
        /// What it should look like.
        form: &'static str,
    },
}
/// A checked text: its name in errors, its greatest length in bytes, and its form.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, max $max:literal, $form:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl std::str::FromStr for $name {
            type Err = $crate::approval::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                use $crate::approval::ParseError;
                let check: fn(&str) -> bool = $check;
                match text.len() {
                    0 => Err(ParseError::Empty { what: $what }),
                    1..=$max if check(text) => Ok(Self(text.to_owned())),
                    1..=$max => Err(ParseError::Form { what: $what, form: $form }),
                    _ => Err(ParseError::TooLong { what: $what, max: $max }),
                }
            }
        }
    };
}

/// A text that may be shown and logged.
macro_rules! public_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

/// A text that must not be logged: it has no `Display`, and every use of it can be found by the name `expose`.
macro_rules! secret_text {
    ($name:ident) => {
        impl $name {
            /// The text itself. It must not reach a log.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        $crate::approval::checked::redacted!($name);
    };
}

/// `Debug` shows no more than the type's name.
macro_rules! redacted {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}(…)", stringify!($name))
            }
        }
    };
}

pub(crate) use {checked_text, public_text, redacted, secret_text};
