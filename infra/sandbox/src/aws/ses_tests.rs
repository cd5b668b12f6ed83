use std::sync::Arc;

use axum::http::HeaderMap;
use time::macros::utc_datetime;

use super::super::call::Incoming;
use super::*;

const MESSAGE: &str = "From: Countersign <approvals@example.com>\r\nTo: ann@example.com\r\nSubject: Approve?\r\n\
                       Message-ID: <mine@example.com>\r\n\r\nHello\r\n";

fn ses() -> Ses {
    Ses::new("us-east-2", Arc::new(|| utc_datetime!(2026-11-20 09:15:02)))
}

/// Calls SES as an HTTP request would, so that the fields are read as they are on the wire.
fn call(ses: &Ses, fields: &[(&str, &str)]) -> Result<String, AwsError> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let incoming = Incoming::read("POST", "/aws", &HeaderMap::new(), body.as_bytes()).ok().unwrap();
    ses.call(&incoming.operation, &incoming.form, |_| ())
}

fn send(ses: &Ses, to: &[&str], message: &str, more: &[(&str, &str)]) -> Result<String, AwsError> {
    let data = STANDARD.encode(message);
    let names: Vec<String> = (1..=to.len()).map(|number| format!("Destinations.member.{number}")).collect();
    let mut fields = vec![("Action", "SendRawEmail"), ("RawMessage.Data", data.as_str())];
    fields.extend(names.iter().map(String::as_str).zip(to.iter().copied()));
    fields.extend(more);
    call(ses, &fields)
}

fn refused(result: Result<String, AwsError>) -> (String, String) {
    let error = result.err().unwrap();
    assert_eq!(error.status, 400);
    (error.code, error.message)
}

#[test]
fn each_destination_gets_the_message_with_the_ids_of_ses() {
    let ses = ses();
    let answer = send(&ses, &["ann@example.com", "Bob <bob@example.com>"], MESSAGE, &[]).ok().unwrap();
    let mails = ses.mails();
    let [ann, bob] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((ann.id.as_str(), ann.to.as_str()), ("1", "ann@example.com"));
    assert_eq!((bob.id.as_str(), bob.to.as_str()), ("2", "bob@example.com"));
    assert_eq!(ann.from, "Countersign <approvals@example.com>");
    assert_eq!(ann.text, "Hello\r\n");
    assert_eq!(ann.ses_message_id, bob.ses_message_id);
    assert_eq!(answer, format!("<MessageId>{}</MessageId>", ann.ses_message_id));
    assert!(ann.raw.contains(&format!("Message-ID: <{}@us-east-2.amazonses.com>\r\n", ann.ses_message_id)));
    assert!(!ann.raw.contains("mine@example.com"));
}

#[test]
fn without_destinations_the_headers_tell() {
    let ses = ses();
    let message = MESSAGE.replace("Subject:", "Cc: x@example.com, Y <y@example.com>\r\nBcc: z@example.com\r\nSubject:");
    send(&ses, &[], &message, &[]).ok().unwrap();
    let to: Vec<String> = ses.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["ann@example.com", "x@example.com", "y@example.com", "z@example.com"]);
    assert!(ses.mails().iter().all(|mail| !mail.raw.contains("z@example.com")));
}

#[test]
fn one_malformed_address_refuses_the_whole_message() {
    for (bad, reason) in [
        ("ann", "Missing final '@domain'"),
        ("a nn@example.com", "Local address contains control or whitespace"),
        ("jürgen@example.com", "Local address contains control or whitespace"),
        ("ann@exämple.com", "Domain contains control or whitespace"),
        ("@example.com", "Missing local name"),
        ("ann@", "Missing domain"),
        ("ann@.example.com", "Domain starts with dot"),
        ("ann@example..com", "Domain contains dot-dot"),
        ("a..n@example.com", "Local address contains dot-dot"),
        ("a,n@example.com", "Local address contains illegal character"),
        ("ann@exa_mple.com", "Domain contains illegal character"),
        ("ann@example.com>", "Illegal address"),
        ("ann@example.com\r\nBcc: x@y.example", "Local address contains control or whitespace"),
    ] {
        let ses = ses();
        let expected = ("InvalidParameterValue".to_owned(), reason.to_owned());
        assert_eq!(refused(send(&ses, &["bob@example.com", bad], MESSAGE, &[])), expected, "{bad}");
        assert_eq!(ses.mails(), []);
    }
    let message = MESSAGE.replace("ann@example.com", "ann at example.com");
    assert_eq!(refused(send(&ses(), &["bob@example.com"], &message, &[])).0, "InvalidParameterValue");
}

#[test]
fn a_message_needs_a_sender_a_recipient_and_a_body_in_base64() {
    let ses = ses();
    let message_of = |message: &str, more: &[(&str, &str)]| refused(send(&ses, &[], message, more)).1;
    assert_eq!(message_of("To: a@example.com\r\n\r\n", &[]), "Missing required header 'From'.");
    assert_eq!(message_of("From: a@example.com\r\n\r\n", &[]), "Missing required header 'To'.");
    assert_eq!(message_of("From: nobody\r\nTo: a@example.com\r\n\r\n", &[]), "Missing final '@domain'");
    assert!(send(&ses, &[], "To: a@example.com\r\n\r\n", &[("Source", "b@example.com")]).is_ok());
    assert_eq!(refused(call(&ses, &[("Action", "SendRawEmail")])).0, "ValidationError");
    let data = [("Action", "SendRawEmail"), ("RawMessage.Data", "*")];
    assert_eq!(refused(call(&ses, &data)).1, "RawMessage.Data is not base64.");
}

#[test]
fn sizes_have_their_limits() {
    let ses = ses();
    let long = format!("{MESSAGE}{}", "x".repeat(10 * 1024 * 1024 - MESSAGE.len()));
    assert!(send(&ses, &[], &long, &[]).is_ok());
    let message = refused(send(&ses, &[], &format!("{long}x"), &[])).1;
    assert_eq!(message, "Message length is more than 10485760 bytes long: '10485761'.");
    assert!(send(&ses, &["a@example.com"; 50], MESSAGE, &[]).is_ok());
    assert_eq!(refused(send(&ses, &["a@example.com"; 51], MESSAGE, &[])).1, "Recipient count exceeds 50.");
}

#[test]
fn only_verified_identities_send_once_there_is_one() {
    let ses = ses();
    ses.verify("other.example");
    let reason = "Email address is not verified. The following identities failed the check in region US-EAST-2: \
                  approvals@example.com";
    let expected = ("MessageRejected".to_owned(), reason.to_owned());
    assert_eq!(refused(send(&ses, &[], MESSAGE, &[])), expected);
    // Addresses are compared with their case, domains without.
    ses.verify("Approvals@Example.com");
    assert!(send(&ses, &[], MESSAGE, &[]).is_err());
    ses.verify("approvals@example.com");
    assert!(send(&ses, &[], MESSAGE, &[]).is_ok());
    assert!(send(&ses, &[], MESSAGE, &[("Source", "x@other.example")]).is_ok());
    assert!(send(&ses, &[], MESSAGE, &[("Source", "x@third.example")]).is_err());

    let asked = [
        ("Action", "GetIdentityVerificationAttributes"),
        ("Identities.member.1", "other.example"),
        ("Identities.member.2", "third.example"),
    ];
    assert_eq!(
        call(&ses, &asked).ok().unwrap(),
        "<VerificationAttributes><entry><key>other.example</key><value><VerificationStatus>Success\
         </VerificationStatus></value></entry></VerificationAttributes>"
    );
    let domains = [("Action", "ListIdentities"), ("IdentityType", "Domain")];
    let list = call(&ses, &domains).ok().unwrap();
    assert_eq!(list, "<Identities><member>other.example</member></Identities>");
}

#[test]
fn refusals_can_be_had() {
    let ses = ses();
    assert_eq!(refused(send(&ses, &["x@Refused.example"], MESSAGE, &[])).0, "MessageRejected");
    ses.refuse("Ann@example.com", "Throttling", "Maximum sending rate exceeded.");
    let throttled = ("Throttling".to_owned(), "Maximum sending rate exceeded.".to_owned());
    assert_eq!(refused(send(&ses, &["bob@example.com", "ann@example.com"], MESSAGE, &[])), throttled);
    ses.accept("ann@example.com");
    let set = |name| send(&ses, &[], MESSAGE, &[("ConfigurationSetName", name)]);
    assert_eq!(set("tracked").err().unwrap().code, "AccessDenied");
    // The set of the identity counts where a message names none.
    ses.verify("example.com");
    ses.change(|settings| {
        settings.identities.values_mut().for_each(|identity| identity.configuration_set = Some("tracked".to_owned()));
    });
    let message = send(&ses, &[], MESSAGE, &[]).err().unwrap().message;
    assert!(message.ends_with("configuration-set/tracked'"), "{message}");
    assert!(set("sandbox").is_ok());
    let tag = |value| send(&ses, &[], MESSAGE, &[("Tags.member.1.Name", "delivery"), ("Tags.member.1.Value", value)]);
    assert_eq!(refused(tag("a@b")).1, "Invalid value for tag <delivery>.");
    ses.pause(true);
    assert_eq!(refused(set("sandbox")).0, "AccountSendingPausedException");
    let enabled = call(&ses, &[("Action", "GetAccountSendingEnabled")]).ok();
    assert_eq!(enabled.as_deref(), Some("<Enabled>false</Enabled>"));
    let quota = call(&ses, &[("Action", "GetSendQuota")]).ok().unwrap();
    assert!(quota.contains("<SentLast24Hours>1.0<"), "{quota}");
}

#[test]
fn whoever_sends_faster_than_the_rate_is_throttled() {
    let clock = crate::SandboxClock::frozen_at(utc_datetime!(2026-11-20 09:15:02));
    let ses = Ses::new("us-east-2", clock.clock());
    ses.limit_rate(2);
    let to = |to: &[&str]| send(&ses, to, MESSAGE, &[]);
    assert!(to(&["ann@example.com"]).is_ok() && to(&["bob@example.com"]).is_ok());
    assert_eq!(refused(to(&["ann@example.com"])), ("Throttling".into(), "Maximum sending rate exceeded.".into()));
    clock.advance(Duration::milliseconds(999));
    assert!(to(&["ann@example.com"]).is_err());
    clock.advance(Duration::milliseconds(1));
    assert!(to(&["ann@example.com"]).is_ok());
    assert!(to(&["ann@example.com", "bob@example.com"]).is_err(), "each mailbox counts");
    assert_eq!((ses.throttled(), ses.mails().len()), (3, 3));
}

#[test]
fn only_so_many_emails_are_kept() {
    let ses = ses();
    ses.keep(1);
    send(&ses, &["ann@example.com"], MESSAGE, &[]).ok().unwrap();
    send(&ses, &["bob@example.com"], MESSAGE, &[]).ok().unwrap();
    assert_eq!(ses.look(|mails| mails.iter().map(|mail| mail.to.clone()).collect::<Vec<_>>()), ["bob@example.com"]);
}
