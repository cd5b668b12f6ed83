//! Connections that are opened while a function starts, so that nobody waits for them later.
//!
//! Lambda starts a function with a whole CPU; one of 128 MB then answers with a fourteenth of one. A TLS handshake that
//! takes 3 ms of CPU time while the function starts takes 40 when somebody waits for the page.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// An HTTP client for a call of which only the connection is wanted: the call goes as far as to where it would be sent,
/// and nothing of it is. What is sent is a `HEAD` of the same address without a signature. It needs no rights, does
/// nothing, and tells nothing; the connection that it opens goes back to the pool. The call itself then fails.
#[derive(Debug)]
pub struct ConnectionOnly(SharedHttpClient);

impl ConnectionOnly {
    /// Connections of the pool of `http`.
    #[must_use]
    pub fn of(http: SharedHttpClient) -> Self {
        Self(http)
    }
}

impl HttpClient for ConnectionOnly {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connecting(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Connecting(SharedHttpConnector);

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let mut head = HttpRequest::empty();
            if head.set_uri(request.uri()).is_ok() && head.set_method("HEAD").is_ok() {
                // Whether there is a connection, and what for, the first real call will say.
                let _ = http.call(head).await;
            }
            // Of the kinds of errors, the one that is not tried again.
            Err(ConnectorError::user("only the connection was wanted".into()))
        })
    }
}

/// Runs a call of a client as far as its connection: `connect!(client, config, call)`, with the SDK's module of the
/// client's configuration.
#[macro_export]
macro_rules! connect {
    ($client:expr, $config:path, $call:ident) => {
        async {
            use $config as config;
            if let Some(http) = $client.config().http_client() {
                let only = config::Builder::new().http_client($crate::connect::ConnectionOnly::of(http));
                let _ = $client.$call().customize().config_override(only).send().await;
            }
        }
    };
}
