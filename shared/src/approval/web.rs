//! Addresses on the web that others wrote: links where a reader can see where they lead, text otherwise.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Url;

use super::checked::{checked_text, public_text};
use crate::text::{bounded_line, is_invisible, legible};

checked_text!(
    /// The address of a page that an approver may be sent to: `http` or `https`, a host that is written as browsers read
    /// it, no user name, and nothing that could leave an HTML attribute or a line.
    WebUrl, "the URL", max 2048, "an http or https URL without a user name", |text| is_plain(text) && host_in(text).is_some()
);
public_text!(WebUrl);

impl WebUrl {
    /// The address that somebody wrote by hand: as it is, if it can be; else as browsers read it, with an international
    /// domain in its `xn--` form, and spaces and letters beyond ASCII percent-encoded. `None` when it is no address for the
    /// web, has a user name, or has in it what ends an address: line breaks, quotes, angle brackets.
    /// <https://url.spec.whatwg.org/>
    #[must_use]
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().ok().or_else(|| as_browsers_read(text)?.parse().ok())
    }

    /// The host that a browser goes to.
    #[must_use]
    pub fn host(&self) -> &str {
        host_in(&self.0).unwrap_or_default()
    }
}

/// What somebody gave as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewLink {
    /// It can be followed, and shows where it leads.
    Url(WebUrl),
    /// It is shown, and is no link: a URL that hides its host behind a user name, or no URL at all.
    Text(String),
}

impl ReviewLink {
    /// The most characters of a text that cannot be followed.
    const MAX_TEXT: usize = 1000;

    /// What somebody wrote by hand. `None` when there is nothing to show.
    #[must_use]
    pub fn parse_lenient(text: &str) -> Option<Self> {
        if let Some(url) = WebUrl::parse_lenient(text) {
            return Some(Self::Url(url));
        }
        let disguised = as_browsers_read(text.trim()).filter(|url| disguised_host_in(url).is_some());
        let text = disguised.filter(|url| url.len() <= Self::MAX_TEXT).unwrap_or_else(|| Self::line(text));
        (!is_invisible(&text)).then_some(Self::Text(text))
    }

    /// A text that is no link: it stands above the buttons, so that it has one line, and nothing that cannot be seen.
    fn line(text: &str) -> String {
        bounded_line(&legible(text), Self::MAX_TEXT)
    }

    /// The text, as it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Url(url) => url.as_str(),
            Self::Text(text) => text,
        }
    }

    /// The host that a browser would go to. `None` when the text is no URL.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Url(url) => host_in(url.as_str()),
            Self::Text(text) => disguised_host_in(text),
        }
    }
}

/// What [`parse_lenient`](ReviewLink::parse_lenient) made, as it was stored.
impl From<String> for ReviewLink {
    fn from(text: String) -> Self {
        // Versions before kept its lines.
        text.parse().map_or_else(|_| Self::Text(Self::line(&text)), Self::Url)
    }
}

/// An `http` or `https` URL as the parser of browsers writes it, and in ASCII that nothing can end early.
fn as_browsers_read(text: &str) -> Option<String> {
    // A browser takes tabs and line breaks out and encodes the others; a reader takes what precedes them for the address.
    let ends = |c: char| c.is_control() || c.is_whitespace() && c != ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`');
    // Two addresses beside each other are not one.
    if text.contains(ends) || text.split(' ').skip(1).any(|word| word.contains("://")) {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let mut plain = String::with_capacity(url.as_str().len());
    for c in url.as_str().chars() {
        match c {
            // A server reads both forms as the same; the parser leaves these as they are, in some places or in all.
            '^' => plain.push_str("%5E"),
            '{' => plain.push_str("%7B"),
            '|' => plain.push_str("%7C"),
            '}' => plain.push_str("%7D"),
            c => plain.push(c),
        }
    }
    is_plain(&plain).then_some(plain)
}

/// Whether a text has only characters that a URL may have, and that neither an HTML attribute nor a line ends at.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'))
}

/// The part of a URL that says where it leads: user name, host and port.
fn authority_in(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#'));
    rest.get(..end.unwrap_or(rest.len()))
}

/// The host of a URL without a user name, unless a browser would read it in another way than it is written.
fn host_in(url: &str) -> Option<&str> {
    host_of(authority_in(url)?)
}

/// The host of a URL that has something before it: what precedes the last `@` is a user name, whatever it looks like.
fn disguised_host_in(url: &str) -> Option<&str> {
    let (_, host) = authority_in(url).filter(|_| is_plain(url))?.rsplit_once('@')?;
    host_of(host)
}

/// The host of `host` or `host:port`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (is_port && is_host(host)).then_some(host)
}

/// Whether a host is a name or an address, written as browsers write it: they decode `%2e`, and read `0x7f.1` as
/// `127.0.0.1`.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    if is_number {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_browsers_read_it() {
        for (text, expected) in [
            (" https://example.com/a ", Some("https://example.com/a")),
            ("http://example.com", Some("http://example.com")),
            ("HTTPS://Example.com/A", Some("https://example.com/A")),
            ("https://bücher.example/", Some("https://xn--bcher-kva.example/")),
            ("https://wiki.example/リリース", Some("https://wiki.example/%E3%83%AA%E3%83%AA%E3%83%BC%E3%82%B9")),
            ("https://e.com/ü b", Some("https://e.com/%C3%BC%20b")),
            (
                "https://dev.azure.com/acme/My Project/_workitems/edit/42",
                Some("https://dev.azure.com/acme/My%20Project/_workitems/edit/42"),
            ),
            (
                "https://github.com/acme/shop/compare/afd432bc^...afd432bc",
                Some("https://github.com/acme/shop/compare/afd432bc%5E...afd432bc"),
            ),
            ("https://e.com/?q={a|b}", Some("https://e.com/?q=%7Ba%7Cb%7D")),
            // What a browser takes for another host is shown as that host.
            ("https:///evil.example/", Some("https://evil.example/")),
            ("https:evil.example", Some("https://evil.example/")),
            ("https://evil%2eexample/", Some("https://evil.example/")),
            ("https://0x7f.1/", Some("https://127.0.0.1/")),
            ("https://2130706433/", Some("https://127.0.0.1/")),
            ("https://goo\u{ad}gle.com/", Some("https://google.com/")),
            ("https://github.com／acme.evil.example/", None),
            ("https://e.com/ü\"", None),
            ("https://e.com/ü\r\nx", None),
            ("https://e.com/a\tb", None),
            ("https://my host/", None),
            ("https://ci.example/1 and https://ci.example/2", None),
            ("https://github.com\\@evil.example/", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("example.com", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(WebUrl::parse_lenient(text).as_ref().map(WebUrl::as_str), expected, "{text}");
        }
    }

    #[test]
    fn urls_are_for_the_web_only() {
        for (url, host) in [
            ("https://example.com/a?b=c#d", "example.com"),
            ("http://example.com", "example.com"),
            ("http://192.0.2.7:8080", "192.0.2.7"),
            ("http://[2001:db8::1]/@x", "[2001:db8::1]"),
            ("https://example.com?@evil.example", "example.com"),
            ("https://example.com#@evil.example", "example.com"),
        ] {
            assert_eq!(url.parse::<WebUrl>().unwrap().host(), host);
            assert_eq!(Url::parse(url).unwrap().host_str(), Some(host), "as browsers read it");
        }
        for url in [
            "javascript:alert(1)",
            "https://",
            "https:///evil.example",
            "https://:80/",
            "https://example.com:x/",
            "https://evil%2eexample/",
            "https://0x7f.1/",
            "https://1.2.3.04/",
            "ftp://example.com",
            "https://e.com/\"><b>",
            "https://e.com/a b",
            "HTTPS",
        ] {
            assert!(url.parse::<WebUrl>().is_err(), "{url:?}");
        }
    }

    #[test]
    fn a_url_with_a_user_name_is_text_with_its_host() {
        for (text, shown, host) in [
            ("https://github.com%2Facme%2Fpull%2F42@evil.example/", None, "evil.example"),
            ("https://github.com@evil.example", Some("https://github.com@evil.example/"), "evil.example"),
            ("https://github.com:443@evil.example:8443/x", None, "evil.example"),
            ("https://a@b@evil.example/", Some("https://a%40b@evil.example/"), "evil.example"),
            (
                "https://github.com／acme@evil.example/",
                Some("https://github.com%EF%BC%8Facme@evil.example/"),
                "evil.example",
            ),
            ("https:github.com@evil.example/", Some("https://github.com@evil.example/"), "evil.example"),
            ("https://github.com@evil%2eexample/", Some("https://github.com@evil.example/"), "evil.example"),
        ] {
            let link = ReviewLink::parse_lenient(text).unwrap();
            assert_eq!(link, ReviewLink::Text(shown.unwrap_or(text).to_owned()));
            assert_eq!(link.host(), Some(host), "{text}");
            assert_eq!(Url::parse(text).unwrap().host_str(), Some(host), "as browsers read it");
        }
    }

    #[test]
    fn nothing_that_was_given_as_a_link_is_dropped() {
        for text in [
            "Fix rounding of totals (#42)",
            "staging.example.com/report",
            "javascript:alert(1)",
            "https://evil.example/\" onmouseover=\"alert(1)",
            "https://evil.example/\nhttps://github.com@evil.example/",
            "alice@example.com",
            "see https://github.com@evil.example/",
        ] {
            let link = ReviewLink::parse_lenient(text).unwrap();
            // It has one line.
            let shown = text.replace('\n', " ");
            assert_eq!((&link, link.host()), (&ReviewLink::Text(shown), None), "{text}");
        }
        let many = ReviewLink::parse_lenient("see the wiki\n\n\u{200b}\nthere");
        assert_eq!(many, Some(ReviewLink::Text("see the wiki there".to_owned())));
        for nothing in [" \n", "\u{200b}", "\u{2800}"] {
            assert_eq!(ReviewLink::parse_lenient(nothing), None);
        }
    }

    #[test]
    fn what_was_stored_is_read_as_the_same() {
        for text in [
            "https://example.com/a b^c",
            "https://github.com%2Facme@evil.example/",
            "https://evil.example/<b>",
            "staging.example.com/report",
            "HTTPS://Example.com",
        ] {
            let link = ReviewLink::parse_lenient(text).unwrap();
            assert_eq!(ReviewLink::from(link.as_str().to_owned()), link, "{text}");
        }
        // A version before took these for links.
        assert!(matches!(ReviewLink::from("https://a@b.example/".to_owned()), ReviewLink::Text(_)));
        assert!(matches!(ReviewLink::from("https:///b.example/".to_owned()), ReviewLink::Text(_)));
    }
}
