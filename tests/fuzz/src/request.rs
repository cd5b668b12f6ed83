//! Any HTTP request to the callback, as API Gateway passes it on.

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callback::gateway::sanitize;
use callback::languages::accepted;
use callback::request::{BadRequest, Intent, UnverifiedVisit, read};
use countersign::l10n::Language;
use lambda_http::Request;
use lambda_http::http::Method;
use lambda_http::http::header::ACCEPT_LANGUAGE;
use lambda_http::request::LambdaRequest;
use serde_json::{Value, json};

use crate::text::text;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"];
const PATHS: [&str; 7] = ["/approval", "/approval", "/approval", "/", "/approval/", "//approval", "/APPROVAL"];
const PIECES: [&[&str]; 2] = [
    &["t=", "t=x", "&", "decision=Approved", "decision=Rejected", "comment="],
    &["=", "%", "%00", "+", "t", ";", "%E4"],
];
const HEADERS: [&str; 9] = [
    "sec-fetch-site",
    "host",
    "x-forwarded-proto",
    "x-forwarded-for",
    "accept-language",
    "cookie",
    "content-type",
    "origin",
    "x-a",
];

/// An HTTP request as a client sends it.
#[derive(Debug)]
pub struct Sent {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// Whether API Gateway passes the body on in base64, as it does unless it knows it to be text.
    pub encoded: bool,
}

impl Sent {
    /// A link with this query that is opened.
    pub fn get(query: String) -> Self {
        let (method, path) = ("GET".to_owned(), "/approval".to_owned());
        Self { method, path, query, headers: Vec::new(), body: None, encoded: false }
    }

    /// A form that is sent as browsers send it.
    pub fn post(query: String, body: String) -> Self {
        let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        Self { method: "POST".to_owned(), headers, body: Some(body.into_bytes()), ..Self::get(query) }
    }
}

/// Makes a request of the bytes.
pub fn run(data: &[u8]) {
    if let Ok(sent) = sent(&mut Unstructured::new(data)) {
        check(&sent);
    }
}

fn sent(u: &mut Unstructured) -> Result<Sent> {
    let headers = (0..u.int_in_range(0..=4_u8)?)
        .map(|_| {
            let value = text(u)?;
            // API Gateway, like any HTTP server, refuses control characters in a header.
            Ok(((*u.choose(&HEADERS)?).to_owned(), value.replace(|c: char| c.is_ascii_control(), "")))
        })
        .collect::<Result<Vec<_>>>()?;
    let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    let headers = if u.ratio(3, 4)? { headers.into_iter().chain([form]).collect() } else { headers };
    Ok(Sent {
        method: (*u.choose(&METHODS)?).to_owned(),
        path: if u.ratio(1, 4)? { text(u)? } else { (*u.choose(&PATHS)?).to_owned() },
        query: fields(u)?,
        headers,
        encoded: u.arbitrary()?,
        body: match u.arbitrary()? {
            true if u.arbitrary()? => Some(fields(u)?.into_bytes()),
            true => Some(u.arbitrary::<&[u8]>()?.to_vec()),
            false => None,
        },
    })
}

fn fields(u: &mut Unstructured) -> Result<String> {
    let mut fields = String::new();
    for _ in 0..u.int_in_range(0..=10_u8)? {
        match u.int_in_range(0..=3_u8)? {
            0 => fields.push_str(&text(u)?),
            _ => fields.push_str(u.choose(&PIECES.concat())?),
        }
    }
    Ok(fields)
}

/// Checks that the callback can read whatever was sent, and that only a POST decides.
pub fn check(sent: &Sent) {
    let request = received(sent);
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    if let Some(language) = header.and_then(accepted) {
        assert!(Language::all().any(|known| known == language));
    }
    let visit = read(&request);
    assert_eq!(read(&request), visit, "the same again");
    let is_ours = sent.path == "/approval";
    match visit {
        Ok(UnverifiedVisit { token, intent: Intent::Show }) => {
            assert!(is_ours && matches!(*request.method(), Method::GET | Method::HEAD));
            assert!(token.len() <= sent.query.len() * 3);
        }
        Ok(UnverifiedVisit { intent: Intent::Decide { comment, .. }, .. }) => {
            assert!(is_ours && *request.method() == Method::POST);
            assert!(comment.len() <= 3 * 32 * 1024);
        }
        Err(BadRequest::Path) => assert!(!is_ours),
        Err(_) => assert!(is_ours),
    }
}

/// The request as the callback receives it, by way of API Gateway's event of payload format 2.0.
pub fn received(sent: &Sent) -> Request {
    let request: LambdaRequest = serde_json::from_value(event(sent)).expect("what API Gateway passes on can be read");
    sanitize(request).into()
}

fn event(sent: &Sent) -> Value {
    let headers: serde_json::Map<String, Value> =
        sent.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": sent.path, "rawQueryString": sent.query, "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "domainName": "a.example", "domainPrefix": "a", "stage": "$default",
            "routeKey": "$default", "requestId": "1", "timeEpoch": 1,
            "http": {"method": sent.method, "path": sent.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
        },
        "isBase64Encoded": sent.encoded && sent.body.is_some(),
    });
    if let Some(body) = &sent.body {
        event["body"] = if sent.encoded { json!(STANDARD.encode(body)) } else { json!(String::from_utf8_lossy(body)) };
    }
    event
}
