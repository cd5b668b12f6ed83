//! Origins: where links work.

use std::str::FromStr;

use super::ParseError;

/// Where links work: scheme and host, and a port if need be, as browsers write an origin. `https`; `http` only on this
/// machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let what = "the origin";
        let form = "an https URL without a path";
        // Host names are the same in capitals, and a link's `aud` is compared as a text.
        let text = text.trim_end_matches('/').to_ascii_lowercase();
        let host = match text.strip_prefix("https://") {
            Some(rest) => Some(rest),
            None => text.strip_prefix("http://").filter(|rest| {
                ["127.0.0.1", "localhost", "[::1]"]
                    .iter()
                    .any(|name| rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
            }),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        match host {
            _ if text.is_empty() => Err(ParseError::Empty { what }),
            _ if text.len() > 200 => Err(ParseError::TooLong { what, max: 200 }),
            Some(rest) if !rest.is_empty() && !rest.starts_with(':') && rest.bytes().all(plain) => {
                Ok(Self(text.clone()))
            }
            _ => Err(ParseError::Form { what, form }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_reached_by_https() {
        for url in [
            "https://abc.execute-api.eu-central-1.amazonaws.com",
            "https://a.example/",
            "http://127.0.0.1:3000",
            "http://localhost",
        ] {
            assert!(url.parse::<Origin>().is_ok(), "{url:?}");
        }
        for url in [
            "",
            "https://",
            "http://example.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "ftp://a",
            "https://a?b",
            "https://a#b",
            "https://a/base",
            "https://user@a",
            "https:///a",
            "https://a b",
        ] {
            assert!(url.parse::<Origin>().is_err(), "{url:?}");
        }
        assert_eq!("https://a.example/".parse::<Origin>().unwrap().0, "https://a.example");
    }
}
