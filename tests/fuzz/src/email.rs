//! Emails about any request, to anybody who gets one.

use arbitrary::{Result, Unstructured};
use countersign::approval::{Address, Approver};
use countersign::delivery::{EmailKind, PersonId};
use countersign::request::Request;
use mail_parser::{Address as Parsed, Message, MessageParser};
use notifier::email::{Email, Links, RenderError};
use time::Duration;

use crate::approval_request::{masked_request, person, request};
use crate::fixture::{LINKS, NOW};
use crate::text::markup;

/// The octets that a line may hold (RFC 5322, 2.1.1).
const MAX_LINE: usize = 998;
/// Gmail clips what is longer, and the links are near the end.
const MAX_HTML: usize = 102_000;
/// The headers of every email, in alphabetical order.
const HEADERS: &str = "auto-submitted content-language content-type date from message-id mime-version references \
                       subject to x-auto-response-suppress";

/// Makes a request of the bytes, and an email about it.
pub fn run(data: &[u8]) {
    // The bytes run out for some requests: there is no email to check then.
    let _ = check(&mut Unstructured::new(data));
}

/// Checks that the email is one message to one person, with the markup of its template and no other.
fn check(u: &mut Unstructured) -> Result<()> {
    let request = request(u)?;
    let kind = match u.int_in_range(0..=4_u8)? {
        0 => EmailKind::Request,
        1 => EmailKind::Resend { at: NOW },
        2 => EmailKind::Reminder { before: Duration::hours(24) },
        3 => EmailKind::Unreached { who: PersonId::of(&"ann@example.com".parse().unwrap()) },
        _ => EmailKind::Outcome,
    };
    let recipients: Vec<&Approver> = request.terms.approvers.values().chain(request.terms.copy.values()).collect();
    let to = *u.choose(&recipients)?;
    let sender = person(u)?;
    let reply_to = request.terms.reply_to.as_ref();
    let with_links = kind.asks() && request.asks(&to.address);
    let render = |request: &Request, to: &Approver| {
        let [approve, reject] = LINKS.clone();
        let links = with_links.then_some(Links { approve, reject });
        let deployment = &"Countersign".parse().unwrap();
        let missing = Some(&to.address);
        Email { kind, request, to, missing, links, sender: &sender, reply_to, deployment }.render(NOW)
    };
    let raw = match render(&request, to) {
        Err(RenderError::NoOutcome) => {
            assert!(kind == EmailKind::Outcome && request.outcome.is_none());
            return Ok(());
        }
        rendered => rendered.unwrap(),
    };
    check_lines(&raw);
    let message = MessageParser::default().parse(&raw).expect("a message");
    check_headers(&message, &request, &sender, to);
    assert_eq!((message.text_body.len(), message.html_body.len(), message.attachments.len()), (1, 1, 0));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(html.len() <= MAX_HTML, "{} bytes of HTML", html.len());
    for link in LINKS.iter().map(|link| link.expose()) {
        let expected = usize::from(with_links);
        assert_eq!(text.lines().filter(|line| *line == link).count(), expected, "each link on a line of its own");
        assert_eq!(html.matches(&format!("href=\"{link}\"")).count(), 2 * expected, "a button, and a line");
    }
    // Hostile votes take more room than masked ones, so fewer of them fit.
    let texts = request.terms.language.texts();
    if (1..request.votes.len()).any(|omitted| html.contains(&texts.older_votes(omitted))) {
        return Ok(());
    }
    let masked = render(&masked_request(&request), &unnamed(&to.address)).expect("the masked email");
    let masked = MessageParser::default().parse(&masked).expect("a message");
    assert_eq!(markup(&html), markup(&masked.body_html(0).unwrap()), "foreign text added markup");
    assert_eq!(text.lines().count(), masked.body_text(0).unwrap().lines().count(), "foreign text added lines");
    Ok(())
}

fn unnamed(address: &Address) -> Approver {
    Approver { address: address.clone(), name: None }
}

/// Checks that the message is ASCII, in lines that end with CR LF and are not too long.
fn check_lines(raw: &[u8]) {
    assert!(raw.is_ascii());
    for line in std::str::from_utf8(raw).unwrap().split("\r\n") {
        assert!(line.len() < MAX_LINE, "a line of {} octets", line.len());
        assert!(!line.contains(|c: char| c.is_ascii_control() && c != '\t'), "{line:?}");
    }
}

fn check_headers(message: &Message, request: &Request, sender: &Approver, to: &Approver) {
    let mut names: Vec<String> = message.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect();
    names.sort_unstable();
    let expected = if request.terms.reply_to.is_some() {
        HEADERS.replace("subject", "reply-to subject")
    } else {
        HEADERS.to_owned()
    };
    assert_eq!(names.join(" "), expected);
    check_person(message.to(), to);
    check_person(message.from(), sender);
    if let Some(reply_to) = &request.terms.reply_to {
        check_person(message.reply_to(), &unnamed(reply_to));
    }
    let (subject, action) = (message.subject().expect("a subject"), &request.approval.action);
    assert!(subject.contains(action.pipeline.as_str()) && subject.contains(action.stage.as_str()), "{subject}");
}

fn check_person(parsed: Option<&Parsed>, expected: &Approver) {
    let Some(Parsed::List(people)) = parsed else { panic!("{parsed:?} is not a list of people") };
    assert_eq!(people.len(), 1, "{people:?}");
    assert_eq!(people[0].address(), Some(expected.address.expose()));
    // Folding a header may change the white space in a name.
    let squeezed = |name: &str| name.split_whitespace().collect::<String>();
    let name = expected.name.as_ref().map(|name| squeezed(name.expose())).unwrap_or_default();
    assert_eq!(squeezed(people[0].name().unwrap_or_default()), name);
}
