//! Requests: what a visitor sends, read out of HTTP. The link's token is unverified text here.

use std::fmt;

use countersign::approval::Decision;
use countersign::link;
use lambda_http::http::Method;
use lambda_http::http::header::{CONTENT_TYPE, HeaderName};
use lambda_http::{Body, Request, RequestExt};

/// The longest form that is read, in bytes: a token, a decision and a comment of 512 characters, percent-encoded, fit
/// several times.
const MAX_FORM: usize = 32 * 1024;

/// Whether a request is for the page that explains the emails. It needs no link, and says the same to everybody.
#[must_use]
pub fn is_for_help(request: &Request) -> bool {
    request.raw_http_path() == link::HELP_PATH && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// What a visitor sent, before its link is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedVisit {
    /// The link's token.
    pub token: String,
    /// What the visitor wants of the link.
    pub intent: Intent,
}

/// What a visitor wants of a link.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    /// To see what it is for (GET and HEAD). This changes nothing.
    Show,
    /// To decide (POST).
    Decide {
        /// The button that was pressed. `None` if the form was sent without pressing one.
        decision: Option<Decision>,
        /// The comment, as it was written.
        comment: String,
    },
}

// Tokens and comments as they were sent are plain text, and `Debug` shows none of it.

impl fmt::Debug for UnverifiedVisit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedVisit").field("intent", &self.intent).finish_non_exhaustive()
    }
}

impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Show => f.write_str("Show"),
            Self::Decide { decision, .. } => write!(f, "Decide({decision:?}, …)"),
        }
    }
}

/// Why a request cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRequest {
    /// A path other than the links'.
    Path,
    /// A method other than GET, HEAD and POST.
    Method,
    /// No token, or more than one.
    Token,
    /// A form that is too long or has a field twice.
    Form,
    /// A decision that is neither `Approved` nor `Rejected`.
    Decision,
    /// Sent by another site's page, as the browser says.
    CrossSite,
    /// Not a form: pages elsewhere can send a few other types without asking.
    ContentType,
}

impl BadRequest {
    /// The reason in a few words from a closed list: for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Path => "no such page",
            Self::Method => "method not allowed",
            Self::Token => "not exactly one token",
            Self::Form => "unreadable form",
            Self::Decision => "unknown decision",
            Self::CrossSite => "from another site",
            Self::ContentType => "not a form",
        }
    }
}

/// Reads a request as API Gateway hands it over.
///
/// # Errors
/// When neither a link nor its page's form makes such a request.
pub fn read(request: &Request) -> Result<UnverifiedVisit, BadRequest> {
    if request.raw_http_path() != link::PATH {
        return Err(BadRequest::Path);
    }
    let query = fields(request.uri().query().unwrap_or_default().as_bytes());
    match *request.method() {
        Method::GET | Method::HEAD => Ok(UnverifiedVisit { token: token(&query, &[])?, intent: Intent::Show }),
        Method::POST => {
            check_source(request)?;
            let form = fields(form(request.body())?);
            let token = token(&query, &form)?;
            let decision = match at_most_one(&form, "decision")? {
                None => None,
                Some(word) => Some(word.parse().map_err(|_| BadRequest::Decision)?),
            };
            let comment = at_most_one(&form, "comment")?.unwrap_or_default().to_owned();
            Ok(UnverifiedVisit { token, intent: Intent::Decide { decision, comment } })
        }
        _ => Err(BadRequest::Method),
    }
}

/// Checks that a form comes from one of our own pages, as far as the browser says. Where a link works, its page works:
/// nobody needs to send one from elsewhere.
/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
fn check_source(request: &Request) -> Result<(), BadRequest> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if header(HeaderName::from_static("sec-fetch-site")).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(BadRequest::CrossSite);
    }
    let essence = header(CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM)) {
        Ok(())
    } else {
        Err(BadRequest::ContentType)
    }
}

type Fields = Vec<(String, String)>;

fn fields(encoded: &[u8]) -> Fields {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// The form's bytes. API Gateway hands a body over as text or in base64, which `lambda_http` has decoded.
fn form(body: &Body) -> Result<&[u8], BadRequest> {
    let bytes: &[u8] = match body {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(BadRequest::Form),
    };
    if bytes.len() > MAX_FORM { Err(BadRequest::Form) } else { Ok(bytes) }
}

/// The token, which must be there exactly once: in the query, where the page's form leaves it, or in the form.
fn token(query: &[(String, String)], form: &[(String, String)]) -> Result<String, BadRequest> {
    let mut tokens = query.iter().chain(form).filter(|(name, _)| name == "t");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(token.clone()),
        _ => Err(BadRequest::Token),
    }
}

fn at_most_one<'a>(form: &'a [(String, String)], wanted: &str) -> Result<Option<&'a str>, BadRequest> {
    let mut values = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(BadRequest::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http;

    fn request(method: &str, path: &str, query: &str, body: impl Into<Body>) -> Request {
        let uri = format!("https://a.example{path}{query}");
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into())
            .unwrap()
            .with_raw_http_path(path)
    }

    #[test]
    fn what_is_understood_and_what_is_not() {
        use BadRequest::{Decision as D, Form, Method, Path, Token};
        let visit = |token: &str, intent| Ok(UnverifiedVisit { token: token.to_owned(), intent });
        let show = |token| visit(token, Intent::Show);
        let decide = |decision, comment: &str| visit("x", Intent::Decide { decision, comment: comment.to_owned() });
        let approved = Some(Decision::Approved);
        for (method, path, query, body, expected) in [
            ("GET", "/approval", "?t=x", "", show("x")),
            ("HEAD", "/approval", "?t=x", "", show("x")),
            ("GET", "/approval", "?utm_source=mail&t=x", "", show("x")),
            ("GET", "/approval", "", "", Err(Token)),
            ("GET", "/approval", "?t=x&t=x", "", Err(Token)),
            ("GET", "/approval", "?t=x,y", "", show("x,y")),
            ("GET", "/", "?t=x", "", Err(Path)),
            ("GET", "/approval/", "?t=x", "", Err(Path)),
            ("GET", "/APPROVAL", "?t=x", "", Err(Path)),
            ("PUT", "/approval", "?t=x", "", Err(Method)),
            ("DELETE", "/approval", "?t=x", "", Err(Method)),
            ("OPTIONS", "/approval", "?t=x", "", Err(Method)),
            ("PUT", "/other", "?t=x", "", Err(Path)),
            ("POST", "/approval", "?t=x", "decision=Approved", decide(approved, "")),
            ("POST", "/approval", "", "t=x&decision=Approved", decide(approved, "")),
            (
                "POST",
                "/approval",
                "?t=x",
                "decision=Rejected&comment=no+way%21",
                decide(Some(Decision::Rejected), "no way!"),
            ),
            ("POST", "/approval", "?t=x", "comment=hm", decide(None, "hm")),
            ("POST", "/approval", "?t=x", "", decide(None, "")),
            ("POST", "/approval", "?t=x&decision=Approved", "", decide(None, "")),
            ("POST", "/approval", "?t=x", "t=x&decision=Approved", Err(Token)),
            ("POST", "/approval", "", "decision=Approved", Err(Token)),
            ("POST", "/approval", "?t=x", "decision=approved", Err(D)),
            ("POST", "/approval", "?t=x", "decision=", Err(D)),
            ("POST", "/approval", "?t=x", "decision=Approved&decision=Rejected", Err(Form)),
            ("POST", "/approval", "?t=x", "decision=Approved&comment=a&comment=b", Err(Form)),
            ("GET", "/approval", "?t=x&decision=Approved", "", show("x")),
        ] {
            assert_eq!(read(&request(method, path, query, body)), expected, "{method} {path}{query} {body}");
        }
    }

    #[test]
    fn the_help_page_is_at_its_path_alone() {
        for (method, path, expected) in [
            ("GET", "/help", true),
            ("HEAD", "/help", true),
            ("POST", "/help", false),
            ("GET", "/help/", false),
            ("GET", "/approval/help", false),
            ("GET", "/approval", false),
            ("GET", "/", false),
        ] {
            assert_eq!(is_for_help(&request(method, path, "?t=x", "")), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_form_comes_from_our_own_page() {
        use BadRequest::{ContentType, CrossSite};
        const FORM: &str = "application/x-www-form-urlencoded";
        for (site, kind, expected) in [
            (None, Some(FORM), Ok(())),
            (Some("same-origin"), Some(FORM), Ok(())),
            (Some("none"), Some("application/x-www-form-urlencoded;charset=UTF-8"), Ok(())),
            (Some("same-site"), Some(FORM), Err(CrossSite)),
            (Some("cross-site"), Some(FORM), Err(CrossSite)),
            (Some(""), Some(FORM), Err(CrossSite)),
            (None, Some("text/plain"), Err(ContentType)),
            (None, Some("multipart/form-data; boundary=x"), Err(ContentType)),
            (Some("same-origin"), Some("application/json"), Err(ContentType)),
            (None, None, Err(ContentType)),
        ] {
            let mut request = request("POST", "/approval", "?t=x", "decision=Approved");
            let headers = request.headers_mut();
            headers.remove("content-type");
            headers.extend(site.map(|site| (HeaderName::from_static("sec-fetch-site"), site.parse().unwrap())));
            headers.extend(kind.map(|kind| (CONTENT_TYPE, kind.parse().unwrap())));
            assert_eq!(read(&request).map(|_| ()), expected, "{site:?} {kind:?}");
        }
    }

    #[test]
    fn a_form_is_bounded() {
        let long = format!("decision=Approved&comment={}", "x".repeat(MAX_FORM));
        assert_eq!(read(&request("POST", "/approval", "?t=x", long)), Err(BadRequest::Form));
    }

    #[test]
    fn a_binary_body_is_read_too() {
        let body = Body::Binary(b"decision=Approved&comment=%FF".to_vec());
        let visit = read(&request("POST", "/approval", "?t=x", body)).unwrap();
        let (decision, comment) = (Some(Decision::Approved), "\u{fffd}".to_owned());
        assert_eq!(visit, UnverifiedVisit { token: "x".to_owned(), intent: Intent::Decide { decision, comment } });
    }
}
