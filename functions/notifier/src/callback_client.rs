//! A client of the callback: over HTTP, with a finish order.
//!
//! Only the callback may put a result. The sweep orders it to finish what recorded votes come to, where the visit that
//! should have done it died; the order votes for nobody. The doctor sends an order for an approval that no pipeline can
//! have, to see whether the callback answers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use countersign::approval::Origin;
use countersign::link::Link;

/// How long the callback may take to answer, cold start included.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why the callback did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// No request can be made of the link.
    #[error("the link is not a valid URL")]
    Url,
    /// The callback cannot be reached, or does not answer in time.
    #[error("the callback did not answer")]
    NoAnswer,
    /// The callback answered with another status than one of success.
    #[error("the callback answered with status {0}")]
    Status(u16),
}

/// A client of the callback. The HTTP connector is made for the first request: hardly any invocation makes one.
#[derive(Debug, Clone)]
pub(crate) struct CallbackClient {
    tls: bool,
    http: Arc<OnceLock<SharedHttpConnector>>,
}

impl CallbackClient {
    /// A client of the callback at this URL.
    pub(crate) fn of(callback: &Origin, through: Option<SharedHttpConnector>) -> Self {
        match through {
            Some(http) => Self { tls: false, http: Arc::new(OnceLock::from(http)) },
            None => Self { tls: callback.as_str().starts_with("https://"), http: Arc::default() },
        }
    }

    /// Has the callback put the result that the recorded votes come to.
    pub(crate) async fn finish(&self, order: &Link) -> Result<(), CallbackError> {
        match self.send(order).await? {
            // 409 and 410: it is over, or there is nothing left to finish.
            200 | 409 | 410 => Ok(()),
            status => Err(CallbackError::Status(status)),
        }
    }

    /// Sends a finish order and gives the status of the answer.
    pub(crate) async fn send(&self, order: &Link) -> Result<u16, CallbackError> {
        let mut request = HttpRequest::new("".into());
        request.set_method("POST").map_err(|_| CallbackError::Url)?;
        request.set_uri(order.expose()).map_err(|_| CallbackError::Url)?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        let http = self.http.get_or_init(|| {
            SharedHttpConnector::new(if self.tls {
                https(ProxyConfig::from_env())
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

/// A connector that goes through a proxy: in a VPC there may be no other way to the callback, which is on the internet.
fn https(proxy: ProxyConfig) -> Connector {
    Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).proxy_config(proxy).build()
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_callback_is_called_through_the_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = ProxyConfig::all(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mut request = HttpRequest::new("".into());
        request.set_uri("https://approve.example/approval").unwrap();
        let connector = https(proxy);
        let asked = async {
            let mut line = [0; 32];
            let read = listener.accept().await.unwrap().0.read(&mut line).await.unwrap();
            String::from_utf8_lossy(&line[..read]).into_owned()
        };
        tokio::select! {
            asked = asked => assert!(asked.starts_with("CONNECT approve.example:443 "), "{asked}"),
            answer = connector.call(request) => panic!("{answer:?}"),
        }
    }
}
