//! The callback as a visitor has it: over HTTP, with a link.
//!
//! The doctor opens a link to see whether the callback answers. The sweep has a vote carried out that stands in the ledger
//! and whose visit died: the callback does that and nobody else, as when the voter tries again, except that it votes for
//! nobody. What the voter has said since then stands.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use countersign::approval::Decision;
use countersign::link::{CallbackUrl, Link};

/// How long the callback may take to answer, cold start included.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The link makes no request.
    #[error("the link is no URL")]
    Url,
    /// Nothing answers there.
    #[error("the callback does not answer")]
    NoAnswer,
    /// It answers that something cannot be done.
    #[error("the callback answers {0}")]
    Status(u16),
}

/// A visitor of the callback. His HTTP client is made at his first visit: hardly any invocation makes one.
#[derive(Debug, Clone)]
pub(crate) struct CallbackClient {
    tls: bool,
    http: Arc<OnceLock<SharedHttpConnector>>,
}

impl CallbackClient {
    pub(crate) fn of(callback: &CallbackUrl) -> Self {
        Self { tls: callback.as_str().starts_with("https://"), http: Arc::default() }
    }

    /// One whose requests go through `http`.
    pub(crate) fn through(http: SharedHttpConnector) -> Self {
        Self { tls: false, http: Arc::new(OnceLock::from(http)) }
    }

    /// Opens a link and gives the status of the page.
    pub(crate) async fn open(&self, link: &Link) -> Result<u16, CallbackError> {
        self.send(HttpRequest::get(link.expose()).map_err(|_| CallbackError::Url)?).await
    }

    /// Has the vote carried out that `link` says, if it stands.
    pub(crate) async fn finish(&self, link: &Link, decision: Decision) -> Result<(), CallbackError> {
        let mut request = HttpRequest::new(format!("decision={decision}&finish=yes").into());
        request.set_method("POST").map_err(|_| CallbackError::Url)?;
        request.set_uri(link.expose()).map_err(|_| CallbackError::Url)?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        match self.send(request).await? {
            // 403, 409 and 410: it is over, or there is nothing to carry out any more.
            200 | 403 | 409 | 410 => Ok(()),
            status => Err(CallbackError::Status(status)),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<u16, CallbackError> {
        let http = self.http.get_or_init(|| {
            SharedHttpConnector::new(if self.tls {
                Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
            } else {
                Connector::builder().build_http()
            })
        });
        match tokio::time::timeout(TIMEOUT, http.call(request)).await {
            Ok(Ok(answer)) => Ok(answer.status().as_u16()),
            Ok(Err(_)) | Err(_) => Err(CallbackError::NoAnswer),
        }
    }
}
