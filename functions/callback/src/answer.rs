//! Answers: the status, the page and the headers for whatever came of a visit.

use askama::Template;
use countersign::approval::Address;
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::l10n::{Language, Texts};
use countersign::link::LinkError;
use countersign::request::Request;
use lambda_http::http::header::{
    ACCEPT_LANGUAGE, ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue,
    RETRY_AFTER,
};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Response};
use time::UtcDateTime;

use crate::decide::DecideError;
use crate::languages::accepted;
use crate::notice::Notice;
use crate::pages::{Confirm, Decided, Help, NoticePage, Recorded, style_hash};
use crate::refusal::Refusal;
use crate::request::BadRequest;
use crate::submission::Submission;
use crate::visit::Reply;

/// After how many seconds a visitor should try again if AWS did not answer.
const RETRY_AFTER_SECONDS: &str = "30";

/// The headers of every answer, besides `Content-Security-Policy`. `Referrer-Policy: no-referrer` would make browsers
/// send `Origin: null` with the form.
const HEADERS: [(&str, &str); 9] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// The person who looks at a page, and the time at which they do.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// The language that their browser asks for, if it has texts.
    language: Option<Language>,
    /// The time of the visit.
    pub now: UtcDateTime,
}

impl Viewer {
    /// The sender of this request.
    #[must_use]
    pub fn of(request: &lambda_http::Request, now: UtcDateTime) -> Self {
        let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
        Self { language: header.and_then(accepted), now }
    }

    /// The texts in the browser's language, or else in the language of the request's emails.
    fn texts(self, request: Option<&Request>) -> Texts {
        let emails = || request.map_or(Language::ENGLISH, |request| request.terms.language);
        self.language.unwrap_or_else(emails).texts()
    }

    /// The same, with moments as the clock of the link's approver has them. A browser does not say where it is.
    fn texts_about(self, request: &Request, approver: Option<&Address>) -> Texts {
        let time_zone = approver.map_or(request.terms.time_zone, |approver| request.terms.time_zone_of(approver));
        self.texts(Some(request)).in_zone(time_zone)
    }
}

/// The policy that allows a page its own style and its own form, and nothing else.
///
/// # Errors
/// When the style's hash is not a valid header value.
pub fn content_security_policy() -> Result<HeaderValue, InvalidHeaderValue> {
    let style = style_hash();
    HeaderValue::from_str(&format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ))
}

/// A status and a page.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    html: askama::Result<String>,
}

impl Answer {
    /// The answer to a visit that was not refused, with what was sent and a link of this approver's.
    #[must_use]
    pub fn new(reply: &Reply, submission: Option<&Submission>, viewer: Viewer, approver: Option<&Address>) -> Self {
        match reply {
            Reply::Confirm(request, link, draft) => {
                let texts = viewer.texts_about(request, approver);
                let (problem, comment) = match draft {
                    Some(draft) => (Some(draft.problem), draft.comment.as_str()),
                    None => (None, submission.map_or("", Submission::comment)),
                };
                let page = Confirm::new(texts, request, link, problem, comment, viewer.now);
                Self {
                    status: if problem.is_none() { StatusCode::OK } else { StatusCode::BAD_REQUEST },
                    html: page.render(),
                }
            }
            Reply::Recorded(request) => {
                let page = Recorded { texts: viewer.texts_about(request, approver), request, now: viewer.now };
                Self { status: StatusCode::OK, html: page.render() }
            }
            Reply::Decided { request, outcome, yours } => {
                let (texts, unsaved) =
                    (viewer.texts_about(request, approver), submission.and_then(|sent| sent.unsaved(Some(request))));
                let page = Decided { texts, request, outcome, yours: *yours, unsaved };
                Self { status: if *yours { StatusCode::OK } else { StatusCode::CONFLICT }, html: page.render() }
            }
            Reply::Ended(request, ending) => Self::gone(&Notice::over(*ending, request), submission, viewer),
            Reply::Expired(request) => Self::gone(&Notice::Expired(request.as_deref()), submission, viewer),
            Reply::AskedAnew => Self::gone(&Notice::AskedAnew, submission, viewer),
        }
    }

    /// The page that explains the emails.
    #[must_use]
    pub fn help(viewer: Viewer) -> Self {
        Self { status: StatusCode::OK, html: Help { texts: viewer.texts(None) }.render() }
    }

    /// The answer to a visit that was refused, with what was sent, if it came with a link of ours.
    #[must_use]
    pub fn refusing(refusal: &Refusal, submission: Option<&Submission>, viewer: Viewer) -> Self {
        let (status, notice) = match refusal {
            Refusal::BadRequest(BadRequest::Path) => (StatusCode::NOT_FOUND, Notice::NotFound),
            Refusal::BadRequest(BadRequest::Method) => (StatusCode::METHOD_NOT_ALLOWED, Notice::NotAllowed),
            Refusal::BadRequest(BadRequest::CrossSite) => (StatusCode::FORBIDDEN, Notice::CrossSite),
            Refusal::BadRequest(BadRequest::ContentType) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Notice::CrossSite),
            Refusal::Unserved => (StatusCode::GONE, Notice::Unserved),
            Refusal::Link(LinkError::Unbound) => (StatusCode::GONE, Notice::AskedAnew),
            Refusal::BadRequest(BadRequest::Form | BadRequest::Decision) | Refusal::WrongButton => {
                (StatusCode::BAD_REQUEST, Notice::BadForm)
            }
            Refusal::BadRequest(BadRequest::Token) | Refusal::Link(_) | Refusal::NotAsked => {
                (StatusCode::BAD_REQUEST, Notice::BadLink)
            }
            Refusal::Initiator(request) => (StatusCode::FORBIDDEN, Notice::Initiator(request)),
            Refusal::Decide(DecideError::Aws(AwsError { kind: AwsErrorKind::Refused, .. })) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Notice::Broken)
            }
            Refusal::Missing | Refusal::Decide(_) | Refusal::Late => {
                (StatusCode::SERVICE_UNAVAILABLE, Notice::TryAgain)
            }
        };
        Self::notice(status, &notice, submission, viewer)
    }

    fn gone(notice: &Notice, submission: Option<&Submission>, viewer: Viewer) -> Self {
        Self::notice(StatusCode::GONE, notice, submission, viewer)
    }

    fn notice(status: StatusCode, notice: &Notice, submission: Option<&Submission>, viewer: Viewer) -> Self {
        Self { status, html: NoticePage::new(notice, submission, viewer.texts(notice.request())).render() }
    }

    /// The answer as HTTP, with all headers. The answer to HEAD has no body.
    #[must_use]
    pub fn respond(self, method: &Method, content_security_policy: &HeaderValue) -> Response<Body> {
        let (status, html) = match self.html {
            Ok(html) => (self.status, html),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, String::new())
            }
        };
        let body = if method == Method::HEAD { Body::Empty } else { Body::Text(html) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_SECURITY_POLICY, content_security_policy.clone());
        for (name, value) in HEADERS {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            }
            _ => {}
        }
        response
    }
}
