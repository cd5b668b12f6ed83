//! The callback as a whole: a request in, an answer out. Here, and only here, what happened becomes a status and a page.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use aws_config::SdkConfig;
use countersign::approval::{Approval, Comment, Decision};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::clock::Clock;
use countersign::keys::VerifyingKeys;
use countersign::l10n::{Language, Texts};
use countersign::ledger::Ledger;
use countersign::link::{ExpiredLink, LinkError, LinkVerifier, VerifiedLink};
use countersign::metrics::{Metrics, Sink};
use countersign::pipeline::{CodePipeline, Polling};
use countersign::request::{Ending, Request};
use lambda_http::http::header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Response};
use time::UtcDateTime;

use crate::decide::{DecideError, Decisions};
use crate::metrics;
use crate::notice::Notice;
use crate::pages::{Confirm, Decided, FormProblem, NoticePage, Recorded, style_hash};
use crate::request::{BadRequest, Visit, read};
use crate::settings::Settings;

/// After how many seconds a visitor should try again when AWS did not answer.
const RETRY_AFTER_SECONDS: &str = "30";

/// When a visitor is told to try again although AWS might still answer: API Gateway would cut him off at 30 seconds, with
/// an answer that is not ours.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(25);

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

/// How often the callback asks CodePipeline again while a visitor waits.
pub const POLLING: Polling = Polling { attempts: 6, interval: Duration::from_millis(500) };

/// The callback, ready to answer.
#[derive(Clone)]
pub struct Callback {
    verifier: LinkVerifier,
    decisions: Decisions,
    clock: Clock,
    content_security_policy: HeaderValue,
}

/// Why the callback does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A public key cannot be read.
    #[error("the signing keys cannot be read: {0}")]
    Keys(#[from] AwsError),
    /// The style's hash makes no header.
    #[error("the style's hash makes no header")]
    Style,
}

/// Who looks at a page, and when.
#[derive(Clone, Copy)]
struct Viewer {
    /// The language that his browser asks for, if there are words for it.
    language: Option<Language>,
    now: UtcDateTime,
}

impl Viewer {
    fn new(request: &lambda_http::Request, now: UtcDateTime) -> Self {
        let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
        Self { language: header.and_then(Language::accepted), now }
    }

    /// Whose browser asks for nothing that there is reads what his emails are written in.
    fn texts(self, request: Option<&Request>) -> Texts {
        let emails = || request.map_or(Language::ENGLISH, |request| request.terms.language);
        self.language.unwrap_or_else(emails).texts()
    }
}

/// What is answered, before it is HTTP.
struct Answer {
    status: StatusCode,
    html: Result<String, askama::Error>,
}

/// What kept a request from being answered with what was asked for.
enum Refusal {
    BadRequest(BadRequest),
    Link(LinkError),
    NotAsked,
    Initiator(Box<Request>),
    NoButton,
    WrongButton,
    Decide(DecideError),
    Late,
}

impl Callback {
    /// A callback on the AWS of `aws`: it reads the public keys, once.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub async fn start(settings: Settings, aws: &SdkConfig, clock: Clock, metrics: Sink) -> Result<Self, StartError> {
        let keys = VerifyingKeys::fetch(&aws_sdk_kms::Client::new(aws), &settings.signing_keys).await?;
        let csp = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            style_hash()
        );
        let metrics = Metrics::new(settings.deployment.clone(), Arc::clone(&clock), metrics);
        Ok(Self {
            verifier: LinkVerifier::new(settings.deployment, keys),
            decisions: Decisions {
                ledger: Ledger::new(aws_sdk_dynamodb::Client::new(aws), settings.table),
                pipeline: CodePipeline::new(aws_sdk_codepipeline::Client::new(aws), POLLING),
                metrics,
            },
            clock,
            content_security_policy: HeaderValue::from_str(&csp).map_err(|_| StartError::Style)?,
        })
    }

    /// Waits as patiently for CodePipeline as `patience` says.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.decisions.pipeline = self.decisions.pipeline.with_polling(polling);
        self
    }

    /// Answers one request. Whatever it is, there is an answer with a page and all headers.
    pub async fn handle(&self, request: &lambda_http::Request) -> Response<Body> {
        let viewer = Viewer::new(request, (self.clock)());
        let answer = match read(request) {
            Ok(visit) => {
                let late = |_| Err(Refusal::Late);
                tokio::time::timeout(MAX_ANSWER_TIME, self.visit(visit, viewer)).await.unwrap_or_else(late)
            }
            Err(bad_request) => Err(Refusal::BadRequest(bad_request)),
        };
        let answer = answer.unwrap_or_else(|refusal| {
            let reason = refusal.reason();
            self.decisions.metrics.record(metrics::refusals(reason), 1);
            refuse(&refusal, viewer)
        });
        self.respond(request.method(), answer)
    }

    async fn visit(&self, visit: Visit, viewer: Viewer) -> Result<Answer, Refusal> {
        match visit {
            Visit::Show { token } => self.show(&token, viewer).await,
            Visit::Finish { token, decision } => self.finish(&token, decision, viewer).await,
            Visit::Decide { token, decision: None, comment } => self.unpressed(&token, &comment, viewer).await,
            Visit::Decide { token, decision: Some(decision), comment } => {
                match self.verifier.verify(&token, viewer.now) {
                    Ok(link) if link.decision() != decision => Err(Refusal::WrongButton),
                    Ok(link) => self.decide(&link, &comment, viewer).await,
                    Err(LinkError::Expired(link)) => self.expired(&link, viewer).await,
                    Err(error) => Err(Refusal::Link(error)),
                }
            }
        }
    }

    async fn show(&self, token: &str, viewer: Viewer) -> Result<Answer, Refusal> {
        let link = match self.verifier.verify(token, viewer.now) {
            Ok(link) => link,
            Err(LinkError::Expired(link)) => return self.expired(&link, viewer).await,
            Err(error) => return Err(Refusal::Link(error)),
        };
        match self.decisions.read(&link).await.map_err(Refusal::Decide)? {
            Some(request) => stands(&request, &link, viewer),
            None => Ok(forgotten(link.approval(), viewer)),
        }
    }

    async fn decide(&self, link: &VerifiedLink, comment: &str, viewer: Viewer) -> Result<Answer, Refusal> {
        let comment = match comment.parse::<Comment>() {
            Ok(comment) => Some(comment),
            Err(countersign::approval::ParseError::Empty { .. }) => None,
            Err(_) => return self.ask_again(link, comment, FormProblem::CommentTooLong, viewer).await,
        };
        let silent = comment.is_none();
        let decided = Box::pin(self.decisions.decide(link, comment, viewer.now)).await;
        let request = decided.map_err(Refusal::Decide)?;
        let Some(request) = request else { return Ok(forgotten(link.approval(), viewer)) };
        if silent && lacks_its_reason(&request, link) {
            return self.ask_again(link, "", FormProblem::CommentMissing, viewer).await;
        }
        let answer = stands(&request, link, viewer)?;
        tracing::info!(
            key = %request.approval.key(),
            approval = %request.approval.action,
            decision = %link.decision(),
            outcome = request.outcome.as_ref().map(|outcome| outcome.ending.as_str()),
            status = answer.status.as_u16(),
            "a decision was answered"
        );
        Ok(answer)
    }

    /// A vote that stands is carried out: the notifier's sweep asks for that, where the voter's own visit died.
    async fn finish(&self, token: &str, decision: Decision, viewer: Viewer) -> Result<Answer, Refusal> {
        let link = match self.verifier.verify(token, viewer.now) {
            Ok(link) => link,
            Err(LinkError::Expired(link)) => return self.expired(&link, viewer).await,
            Err(error) => return Err(Refusal::Link(error)),
        };
        if link.decision() != decision {
            return Err(Refusal::WrongButton);
        }
        let finished = Box::pin(self.decisions.resume(&link, viewer.now)).await.map_err(Refusal::Decide)?;
        let Some(request) = finished else { return Ok(forgotten(link.approval(), viewer)) };
        stands(&request, &link, viewer)
    }

    /// A form that was sent without its button: by a script, or by a machine. It says nothing.
    async fn unpressed(&self, token: &str, comment: &str, viewer: Viewer) -> Result<Answer, Refusal> {
        match self.verifier.verify(token, viewer.now) {
            Ok(link) => self.ask_again(&link, comment, FormProblem::ButtonNotPressed, viewer).await,
            Err(LinkError::Expired(link)) => self.expired(&link, viewer).await,
            Err(error) => Err(Refusal::Link(error)),
        }
    }

    /// The page with its form once more, with what was written and what is wrong.
    async fn ask_again(
        &self,
        link: &VerifiedLink,
        comment: &str,
        problem: FormProblem,
        viewer: Viewer,
    ) -> Result<Answer, Refusal> {
        let request = self.decisions.read(link).await.map_err(Refusal::Decide)?.ok_or(Refusal::NoButton)?;
        if !request.asks(link.approver()) {
            return Err(Refusal::NotAsked);
        }
        if request.outcome.is_some() || request.bars(link.approver()) && link.decision() == Decision::Approved {
            return stands(&request, link, viewer);
        }
        let html = confirm(&request, link, Some(problem), comment, viewer);
        Ok(Answer { status: StatusCode::BAD_REQUEST, html })
    }

    /// An expired link tells how its approval ended, as far as that can be known.
    async fn expired(&self, link: &ExpiredLink, viewer: Viewer) -> Result<Answer, Refusal> {
        let request = self.decisions.read_expired(link, viewer.now).await.map_err(Refusal::Decide)?;
        let request = request.filter(|request| request.asks(link.approver()));
        tracing::info!(key = %link.approval().key(), "an expired link was opened");
        match request.as_ref().and_then(|request| Some((request, request.outcome.as_ref()?))) {
            Some((request, outcome)) if matches!(outcome.ending, Ending::Approved | Ending::Rejected) => {
                let page = Decided { texts: viewer.texts(Some(request)), request, outcome, yours: false };
                Ok(Answer { status: StatusCode::CONFLICT, html: page.render() })
            }
            Some((request, outcome)) => Ok(gone(&Notice::over(outcome.ending, request), viewer)),
            None => Ok(gone(&Notice::Expired(request.as_ref()), viewer)),
        }
    }

    fn respond(&self, method: &Method, answer: Answer) -> Response<Body> {
        let (status, html) = if let Ok(html) = answer.html {
            (answer.status, html)
        } else {
            tracing::error!("a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        };
        let body = if method == Method::HEAD { Body::Empty } else { Body::Text(html) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert("content-security-policy", self.content_security_policy.clone());
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

/// The page for a link whose request stands as it does, looked at or voted on.
fn stands(request: &Request, link: &VerifiedLink, viewer: Viewer) -> Result<Answer, Refusal> {
    if !request.asks(link.approver()) {
        return Err(Refusal::NotAsked);
    }
    let texts = viewer.texts(Some(request));
    let vote = request.vote_of(link.approver()).filter(|vote| vote.decision == link.decision());
    Ok(match (&request.outcome, vote) {
        (Some(outcome), vote) if matches!(outcome.ending, Ending::Approved | Ending::Rejected) => {
            // His own press, however often repeated, is no conflict: his vote is among those that decided.
            let yours =
                request.ended_by_votes() && vote.is_some_and(|vote| Ending::from(vote.decision) == outcome.ending);
            let page = Decided { texts, request, outcome, yours };
            Answer { status: if yours { StatusCode::OK } else { StatusCode::CONFLICT }, html: page.render() }
        }
        (Some(outcome), _) => gone(&Notice::over(outcome.ending, request), viewer),
        // A vote that settles the approval and has not been carried through is not "recorded, 1 of 1": a visit ended in
        // between, and the button finishes it.
        (None, Some(_)) if request.verdict.is_none() && request.count().is_none() => {
            Answer { status: StatusCode::OK, html: Recorded { texts, request, now: viewer.now }.render() }
        }
        (None, None) if link.decision() == Decision::Approved && request.bars(link.approver()) => {
            return Err(Refusal::Initiator(Box::new(request.clone())));
        }
        (None, _) => Answer { status: StatusCode::OK, html: confirm(request, link, None, "", viewer) },
    })
}

fn confirm(
    request: &Request,
    link: &VerifiedLink,
    problem: Option<FormProblem>,
    comment: &str,
    viewer: Viewer,
) -> askama::Result<String> {
    Confirm { texts: viewer.texts(Some(request)), request, link, problem, comment, now: viewer.now }.render()
}

/// Whether this is a rejection that was not taken for want of a comment.
fn lacks_its_reason(request: &Request, link: &VerifiedLink) -> bool {
    link.decision() == Decision::Rejected
        && request.terms.reason_required
        && request.asks(link.approver())
        && request.verdict.is_none()
        && request.outcome.is_none()
}

fn notice(status: StatusCode, notice: &Notice, viewer: Viewer) -> Answer {
    Answer { status, html: NoticePage::new(notice, viewer.texts(notice.request())).render() }
}

fn gone(why: &Notice, viewer: Viewer) -> Answer {
    notice(StatusCode::GONE, why, viewer)
}

fn forgotten(approval: &Approval, viewer: Viewer) -> Answer {
    tracing::warn!(key = %approval.key(), "a good link to an approval that the ledger does not know");
    gone(&Notice::Forgotten, viewer)
}

impl Refusal {
    /// The reason in a few words from a closed list: for logs and metrics.
    fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(bad_request) => bad_request.reason(),
            Self::Link(error) => error.reason(),
            Self::NotAsked => "a link of somebody who was not asked",
            Self::Initiator(_) => "an approval of whoever started the execution",
            Self::NoButton => "no button pressed",
            Self::WrongButton => "a decision that is not the signed one",
            Self::Decide(_) => "not carried through",
            Self::Late => "not carried through in time",
        }
    }
}

/// What a visitor is told of a refusal, and what the log is told.
fn refuse(refusal: &Refusal, viewer: Viewer) -> Answer {
    let reason = refusal.reason();
    let (status, why) = match refusal {
        Refusal::BadRequest(BadRequest::Path) => (StatusCode::NOT_FOUND, Notice::NotFound),
        Refusal::BadRequest(BadRequest::Method) => (StatusCode::METHOD_NOT_ALLOWED, Notice::NotAllowed),
        Refusal::BadRequest(BadRequest::Form | BadRequest::Decision) | Refusal::NoButton | Refusal::WrongButton => {
            (StatusCode::BAD_REQUEST, Notice::BadForm)
        }
        Refusal::BadRequest(BadRequest::Token) | Refusal::Link(_) | Refusal::NotAsked => {
            (StatusCode::BAD_REQUEST, Notice::BadLink)
        }
        Refusal::Initiator(request) => (StatusCode::FORBIDDEN, Notice::Initiator(request)),
        Refusal::Decide(error) => {
            tracing::error!(%error, reason, "not answered");
            match error {
                DecideError::Aws(AwsError { kind: AwsErrorKind::Refused, .. }) => {
                    (StatusCode::INTERNAL_SERVER_ERROR, Notice::Broken)
                }
                _ => (StatusCode::SERVICE_UNAVAILABLE, Notice::TryAgain),
            }
        }
        Refusal::Late => {
            tracing::error!(reason, "not answered");
            (StatusCode::SERVICE_UNAVAILABLE, Notice::TryAgain)
        }
    };
    if status.is_client_error() {
        tracing::warn!(reason, status = status.as_u16(), "refused");
    }
    notice(status, &why, viewer)
}
