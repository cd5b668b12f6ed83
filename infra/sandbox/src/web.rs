//! The sandbox's HTTP routes.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Form, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::aws::ses::Mail;
use crate::aws::{Aws, FUNCTION_SESSION, MAX_BODY};
use crate::codepipeline::Trigger;
use crate::deployment::{ACCOUNT, FUNCTION_KEY};
use crate::functions::Functions;
use crate::{gateway, pages};

/// The state of the routes: AWS from the first moment, the functions as soon as they have started on it.
#[derive(Clone)]
struct Routes {
    aws: Arc<Aws>,
    functions: Started,
}

/// The functions, once they have started.
pub(crate) type Started = Arc<OnceLock<Arc<Functions>>>;

/// The functions, in a route that needs them.
struct Ready(Arc<Functions>);

impl FromRequestParts<Routes> for Ready {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(_: &mut Parts, routes: &Routes) -> Result<Self, Self::Rejection> {
        routes
            .functions
            .get()
            .cloned()
            .map(Self)
            .ok_or((StatusCode::SERVICE_UNAVAILABLE, "the sandbox is still starting"))
    }
}

/// Serves until `stopped`.
pub(crate) async fn serve(listener: TcpListener, aws: Arc<Aws>, functions: Started, stopped: oneshot::Receiver<()>) {
    let state = Routes { aws, functions };
    let router = Router::new()
        .route("/", get(index))
        .route("/executions", post(start))
        .route("/clock", post(advance))
        .route("/mailbox", get(mailbox))
        .route("/mailbox.json", get(mailbox_json))
        .route("/mailbox/{id}", get(mail))
        .route("/mailbox/{id}/html", get(mail_html))
        .route("/mailbox/{id}/raw", get(mail_raw))
        .route("/events", get(taken_events).post(events))
        .route("/approval", any(approval))
        // As API Gateway's catch-all route: the callback answers for what does not exist, too.
        .fallback(approval)
        .route("/aws", any(aws_call))
        .route("/aws/", any(aws_call))
        .route("/aws/{*rest}", any(aws_call))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state);
    let served = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    if let Err(error) = served.await {
        tracing::error!(%error, "the sandbox's server stopped");
    }
}

async fn aws_call(State(routes): State<Routes>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answer = routes.aws.handle(method.as_str(), &uri.to_string(), &headers, body).await;
    let Some(functions) = routes.functions.get().cloned() else { return answer };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if ["CodePipeline_", "AWSEvents."].iter().any(|service| text("x-amz-target").starts_with(service)) {
        // A command at a terminal returns only after its consequences, so that a script can check them. Our own
        // functions must not wait like that: they may be the very work that is waited for.
        let of_function = |prefix: &&str| text("authorization").contains(&format!("Credential={prefix}"));
        if [FUNCTION_KEY, FUNCTION_SESSION].iter().any(of_function) {
            tokio::spawn(async move { functions.lambda.drain().await });
        } else {
            functions.lambda.drain().await;
        }
    }
    answer
}

async fn approval(Ready(functions): Ready, parts: Parts, body: Bytes) -> Response {
    gateway::call(&functions.callback, gateway::DOMAIN, &parts, &body, functions.clock.now()).await
}

async fn events(Ready(functions): Ready, body: Bytes) -> Response {
    let event: Value = match serde_json::from_slice(&body) {
        Ok(event) => event,
        Err(error) => {
            let error = json!({"errorType": "InvalidRequestContentException", "errorMessage": format!("the event is not JSON: {error}")});
            return (StatusCode::BAD_REQUEST, Json(error)).into_response();
        }
    };
    match functions.play(event).await {
        Ok(report) => Json(report).into_response(),
        Err(Diagnostic { error_type, error_message, .. }) => {
            let error = json!({"errorType": error_type, "errorMessage": error_message});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response()
        }
    }
}

async fn taken_events(State(routes): State<Routes>) -> Response {
    Json(routes.aws.events()).into_response()
}

async fn index(Ready(functions): Ready, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let mails = functions.aws.ses.mails();
    page(pages::index(
        &functions.aws.codepipeline.overview(),
        mails.len(),
        &functions.lambda.failures(),
        functions.clock.now(),
        host,
    ))
}

#[derive(Deserialize)]
struct Start {
    pipeline: String,
}

async fn start(Ready(functions): Ready, Form(Start { pipeline }): Form<Start>) -> Response {
    let visitor = format!("arn:aws:iam::{ACCOUNT}:user/you");
    match functions.aws.codepipeline.start(&pipeline, Trigger::StartPipelineExecution(visitor)) {
        Ok(_) => {
            functions.lambda.drain().await;
            Redirect::to("/").into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{}: {}", error.code, error.message)).into_response(),
    }
}

#[derive(Deserialize)]
struct Advance {
    hours: u16,
}

async fn advance(Ready(functions): Ready, Form(Advance { hours }): Form<Advance>) -> Redirect {
    functions.advance(time::Duration::hours(hours.into())).await;
    Redirect::to("/")
}

async fn mailbox(Ready(functions): Ready) -> Response {
    page(pages::mailbox(&functions.aws.ses.mails()))
}

async fn mailbox_json(State(routes): State<Routes>) -> Response {
    let mails = routes.aws.ses.mails();
    let fields = |mail: &Mail| {
        json!({
            "id": mail.id, "to": mail.to, "from": mail.from, "subject": mail.subject,
            "date": mail.date, "text": mail.text, "html": mail.html, "raw": mail.raw,
        })
    };
    Json(mails.iter().map(fields).collect::<Vec<_>>()).into_response()
}

async fn mail(Ready(functions): Ready, Path(id): Path<String>) -> Response {
    with_mail(&functions, &id, |mail| page(pages::mail(mail)))
}

async fn mail_html(Ready(functions): Ready, Path(id): Path<String>) -> Response {
    with_mail(&functions, &id, |mail| Html(pages::as_mail_client(&mail.html)).into_response())
}

async fn mail_raw(Ready(functions): Ready, Path(id): Path<String>) -> Response {
    with_mail(&functions, &id, |mail| {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(mail.raw.clone())).into_response()
    })
}

fn with_mail(functions: &Functions, id: &str, show: impl Fn(&Mail) -> Response) -> Response {
    match functions.aws.ses.mails().iter().find(|mail| mail.id == id) {
        Some(mail) => show(mail),
        None => (StatusCode::NOT_FOUND, "no such email").into_response(),
    }
}

fn page(rendered: Result<String, askama::Error>) -> Response {
    match rendered {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
