//! Any request, written as an email to any of those who are told of it.

use arbitrary::{Result, Unstructured};
use countersign::approval::{Address, Approver};
use countersign::delivery::EmailKind;
use countersign::request::Request;
use mail_parser::{Address as Parsed, HeaderName, MessageParser};
use notifier::email::{Email, Links, RenderError};
use time::Duration;

use crate::ground::{NOW, ground};
use crate::html::markup;
use crate::release::{person, request, tame};

/// RFC 5322, 2.1.1: what a line may hold, in octets.
const MAX_LINE: usize = 998;
/// Gmail clips what is longer, and the links stand near the end.
const LONGEST_HTML: usize = 102_000;
/// What an email's header has, besides `Reply-To` where there is one.
const HEADERS: [&str; 12] = [
    "auto-submitted",
    "content-language",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "references",
    "subject",
    "to",
    "x-auto-response-suppress",
    "reply-to",
];

/// An email, before it is one.
struct Letter {
    about: EmailKind,
    request: Request,
    to: Approver,
    with_links: bool,
    sender: Approver,
    reply_to: Option<Address>,
}

/// Makes a request of the bytes, and an email about it.
pub fn run(data: &[u8]) {
    if let Ok(letter) = letter(&mut Unstructured::new(data)) {
        letter.check();
    }
}

fn letter(u: &mut Unstructured) -> Result<Letter> {
    let request = request(u)?;
    let about = match (u.int_in_range(0..=3_u8)?, &request.outcome) {
        (0, _) => EmailKind::Request,
        (1, _) => EmailKind::Resend { at: NOW },
        (2, _) => EmailKind::Reminder { before: Duration::hours(24) },
        _ => EmailKind::Outcome,
    };
    let receivers: Vec<&Approver> = request.terms.approvers.values().chain(request.terms.copy.values()).collect();
    let to = (*u.choose(&receivers)?).clone();
    let with_links = about != EmailKind::Outcome && request.asks(&to.address);
    Ok(Letter { about, to, with_links, sender: person(u)?, reply_to: request.terms.reply_to.clone(), request })
}

impl Letter {
    fn render(&self, request: &Request, to: &Approver) -> std::result::Result<Vec<u8>, RenderError> {
        let [approve, reject] = ground().links.clone();
        let deployment = "Countersign".parse().unwrap();
        let email = Email {
            kind: self.about,
            request,
            to,
            links: self.with_links.then_some(Links { approve, reject }),
            sender: &self.sender,
            reply_to: self.reply_to.as_ref(),
            deployment: &deployment,
        };
        email.render(NOW)
    }

    /// One message to one person, whole, with the markup that the templates have and no other.
    fn check(&self) {
        let raw = match self.render(&self.request, &self.to) {
            Err(RenderError::NoOutcome) => {
                return assert!(self.about == EmailKind::Outcome && self.request.outcome.is_none());
            }
            rendered => rendered.unwrap(),
        };
        check_lines(&raw);
        let message = MessageParser::default().parse(&raw).expect("a message");
        let mut names: Vec<String> =
            message.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect();
        names.sort_unstable();
        let has_reply_to = self.reply_to.is_some();
        let mut expected: Vec<&str> = HEADERS.into_iter().filter(|name| has_reply_to || *name != "reply-to").collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert_one(message.to(), &self.to);
        assert_one(message.from(), &self.sender);
        if let Some(reply_to) = &self.reply_to {
            assert_one(message.reply_to(), &Approver { address: reply_to.clone(), name: None });
        }
        let action = &self.request.approval.action;
        let subject = message.subject().expect("a subject");
        assert!(subject.contains(action.pipeline.as_str()) && subject.contains(action.stage.as_str()), "{subject}");
        assert!(message.header(HeaderName::MessageId).is_some());
        assert_eq!((message.text_body.len(), message.html_body.len(), message.attachments.len()), (1, 1, 0));
        let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
        assert!(html.len() <= LONGEST_HTML, "{} bytes of HTML", html.len());
        let lines: Vec<&str> = text.lines().collect();
        for link in &ground().links {
            let wanted = usize::from(self.with_links);
            assert_eq!(lines.iter().filter(|line| **line == link.expose()).count(), wanted, "on a line of its own");
            assert_eq!(html.matches(&format!("href=\"{}\"", link.expose())).count(), wanted);
        }
        let to = Approver { address: self.to.address.clone(), name: None };
        let plain = self.render(&tame(&self.request), &to).expect("the tame twin");
        let plain = MessageParser::default().parse(&plain).expect("a message");
        assert_eq!(markup(&html), markup(&plain.body_html(0).unwrap()), "a stranger wrote markup");
        assert_eq!(lines.len(), plain.body_text(0).unwrap().lines().count(), "a stranger wrote lines");
    }
}

/// ASCII in lines that end with CR LF and are not too long.
fn check_lines(raw: &[u8]) {
    assert!(raw.is_ascii());
    let text = std::str::from_utf8(raw).unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() < MAX_LINE, "a line of {} octets", line.len());
        assert!(!line.contains(|c: char| c.is_ascii_control() && c != '\t'), "{line:?}");
    }
}

fn assert_one(parsed: Option<&Parsed>, expected: &Approver) {
    let Some(Parsed::List(people)) = parsed else { panic!("{parsed:?} is no list of people") };
    assert_eq!(people.len(), 1, "{people:?}");
    assert_eq!(people[0].address(), Some(expected.address.expose()));
    let squeezed = |name: &str| name.split_whitespace().collect::<String>();
    let name = expected.name.as_ref().map(|name| squeezed(name.expose())).unwrap_or_default();
    assert_eq!(squeezed(people[0].name().unwrap_or_default()), name);
}
