//! A raw message (RFC 5322) → the email that its reader sees.

use mail_parser::{Message, MessageParser, MessagePart, PartType};
use serde::Serialize;
use time::UtcDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::codepipeline::AwsError;

/// An email as it arrived at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// A short id for URLs. No other email has the same.
    pub id: String,
    /// The address that it was delivered to.
    pub to: String,
    /// The sender in the message, name and address.
    pub from: String,
    /// The subject, decoded.
    pub subject: String,
    /// The time at which SES accepted the email, as in RFC 3339.
    pub date: String,
    /// The plain text, or nothing.
    pub text: String,
    /// The HTML, or nothing.
    pub html: String,
    /// The whole message, as SES sent it on.
    pub raw: String,
    /// The message id that SES answered, the same for every address of one message.
    pub ses_message_id: String,
    /// The value of its tag `delivery`, or nothing.
    pub tag: String,
}

/// The headers that SES reads or writes, out of a message that it was given.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// Each header's name and its lines, in their order.
    fields: Vec<(&'a str, &'a [u8])>,
    /// The empty line and what follows it.
    body: &'a [u8],
}

impl<'a> Head<'a> {
    /// Splits a message into its headers and its body.
    ///
    /// # Errors
    /// The errors of SES for a header that has no name, or occurs twice.
    pub(super) fn read(message: &'a [u8]) -> Result<Self, AwsError> {
        let mut fields: Vec<(&'a str, &'a [u8])> = Vec::new();
        let mut rest = message;
        while !rest.is_empty() && !rest.starts_with(b"\r\n") && !rest.starts_with(b"\n") {
            let (field, after) = rest.split_at(field_length(rest));
            // A line without a colon has no name either.
            let colon = field.iter().position(|byte| *byte == b':').unwrap_or_default();
            let name = std::str::from_utf8(field.split_at(colon).0).unwrap_or_default().trim_end();
            if name.is_empty() {
                return Err(AwsError::new("InvalidParameterValue", "Empty header names are illegal."));
            }
            if fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(AwsError::new("InvalidParameterValue", format!("Duplicate header '{name}'.")));
            }
            fields.push((name, field));
            rest = after;
        }
        Ok(Self { fields, body: rest })
    }

    /// Whether the message has a header of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field.eq_ignore_ascii_case(name))
    }

    /// The message as SES sends it on: with its own `Message-ID` and `Date`, and without the hidden recipients.
    pub(super) fn rewrite(&self, message_id: &str, now: UtcDateTime) -> Vec<u8> {
        let mut message = format!("Message-ID: <{message_id}>\r\n").into_bytes();
        if let Ok(date) = now.format(&Rfc2822) {
            message.extend_from_slice(format!("Date: {date}\r\n").as_bytes());
        }
        for (name, field) in &self.fields {
            if !["message-id", "date", "bcc"].contains(&name.to_ascii_lowercase().as_str()) {
                message.extend_from_slice(field);
            }
        }
        message.extend_from_slice(self.body);
        message
    }
}

/// The length of the first header with the lines that continue it.
fn field_length(head: &[u8]) -> usize {
    let mut length = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if length > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        length += line.len();
    }
    length
}

/// The addresses in the headers that say whom a message is from (`From`) and for (`To`, `Cc`, `Bcc`), as written.
pub(super) struct Addresses {
    pub(super) from: Vec<String>,
    pub(super) to: Vec<String>,
}

pub(super) fn addresses(message: &[u8]) -> Addresses {
    let Some(message) = MessageParser::default().parse_headers(message).filter(has_root) else {
        return Addresses { from: Vec::new(), to: Vec::new() };
    };
    let written = |list: Option<&mail_parser::Address<'_>>| -> Vec<String> {
        let addresses = list.into_iter().flat_map(mail_parser::Address::iter);
        addresses.map(|one| one.address().unwrap_or_default().to_owned()).collect()
    };
    Addresses {
        from: written(message.from()),
        to: [message.to(), message.cc(), message.bcc()].into_iter().flat_map(written).collect(),
    }
}

/// The parser's own accessors panic on a message without parts.
fn has_root(message: &Message<'_>) -> bool {
    !message.parts.is_empty()
}

/// Reads a message as the mailbox of `to` shows it.
pub(super) fn read(id: String, to: &str, raw: &[u8], ses_message_id: &str, now: UtcDateTime) -> Mail {
    let parsed = MessageParser::default().parse(raw).filter(has_root);
    let parsed = parsed.as_ref();
    let from = parsed.and_then(Message::from).and_then(mail_parser::Address::first).map(|from| {
        let address = from.address().unwrap_or_default();
        match from.name() {
            Some(name) => format!("{name} <{address}>"),
            None => address.to_owned(),
        }
    });
    // The parser makes text of HTML, and HTML of text, when asked for what is not there. A reader's mail program does
    // not, and the tests want to know what was sent.
    let text = parsed.and_then(|message| {
        message.text_bodies().find_map(|part| match part {
            MessagePart { body: PartType::Text(text), .. } => Some(text.to_string()),
            _ => None,
        })
    });
    let html = parsed.and_then(|message| {
        message.html_bodies().find_map(|part| match part {
            MessagePart { body: PartType::Html(html), .. } => Some(html.to_string()),
            _ => None,
        })
    });
    Mail {
        id,
        to: to.to_owned(),
        from: from.unwrap_or_default(),
        subject: parsed.and_then(Message::subject).unwrap_or_default().to_owned(),
        date: now.format(&Rfc3339).unwrap_or_default(),
        text: text.unwrap_or_default(),
        html: html.unwrap_or_default(),
        raw: String::from_utf8_lossy(raw).into_owned(),
        ses_message_id: ses_message_id.to_owned(),
        tag: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;

    const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:15:02);

    #[test]
    fn ses_writes_its_own_message_id_and_date() {
        let message = b"Date: Mon, 1 Jan 2024\r\n 00:00:00 +0000\r\nSubject: Hi\r\n there\r\nmessage-id: <x@y>\r\n\
                        Bcc: h@example.com\r\n\r\nDate: stays\r\n";
        let head = Head::read(message).ok().unwrap();
        assert!(head.has("subject") && !head.has("from"));
        let sent = String::from_utf8(head.rewrite("1@us-east-2.amazonses.com", NOW)).unwrap();
        assert_eq!(
            sent,
            "Message-ID: <1@us-east-2.amazonses.com>\r\nDate: Fri, 20 Nov 2026 09:15:02 +0000\r\n\
             Subject: Hi\r\n there\r\n\r\nDate: stays\r\n"
        );
    }

    #[test]
    fn headers_that_ses_refuses_are_refused() {
        let refused = |message: &[u8]| Head::read(message).err().map(|error| error.message).unwrap();
        assert_eq!(refused(b"From: a@b.example\nfrom: c@d.example\n\n"), "Duplicate header 'from'.");
        assert_eq!(refused(b"Subject: x\r\nno colon here\r\n\r\n"), "Empty header names are illegal.");
        assert_eq!(refused(b": x\r\n\r\n"), "Empty header names are illegal.");
    }

    #[test]
    fn text_and_html_are_what_was_sent() {
        let both = b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nSubject: =?utf-8?b?w7xiZXI=?=\r\n\
            MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            gr=C3=BCn=\r\n!\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>hi</p>\r\n--x--\r\n";
        let mail = read("1".to_owned(), "a@b.example", both, "m", NOW);
        assert_eq!((mail.from.as_str(), mail.subject.as_str()), ("Jürgen <j@example.com>", "über"));
        assert_eq!((mail.text.trim(), mail.html.trim()), ("grün!", "<p>hi</p>"));
        assert_eq!(mail.date, "2026-11-20T09:15:02Z");

        let html = read("1".to_owned(), "a", b"Content-Type: text/html\r\n\r\n<p>hi</p>", "m", NOW);
        assert_eq!((html.text.as_str(), html.html.as_str()), ("", "<p>hi</p>"));
        let text = read("1".to_owned(), "a", b"Subject: x\r\n\r\nhi", "m", NOW);
        assert_eq!((text.text.as_str(), text.html.as_str()), ("hi", ""));
    }

    #[test]
    fn no_message_makes_it_panic() {
        for message in [&b""[..], b"\n", b"\r\n\r\n", b"\xff\xfe: \xff\r\n\r\n\xff", b" x: y\n", b"a:\r", b":"] {
            if let Ok(head) = Head::read(message) {
                head.rewrite("id", NOW);
            }
            read(String::new(), "", message, "", NOW);
            addresses(message);
        }
    }
}
