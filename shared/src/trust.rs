//! Whom we take for AWS.
//!
//! AWS's endpoints show certificates by Amazon's own authorities. Those five are compiled in, so that a start need not
//! read the hundred and forty that a machine trusts: that is a third of the CPU time of the callback's start. They are a
//! shortcut, and not a pin: when an endpoint shows a certificate that none of them has signed, the machine's authorities
//! are asked from then on. So an authority that Amazon opens after this was built, a partition that has others, and a
//! proxy that looks into TLS cost a start some milliseconds, and nothing breaks when the compiled ones grow old. Whoever
//! names authorities of his own, by `SSL_CERT_FILE` or `SSL_CERT_DIR`, gets those alone.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::settings::environment;

/// <https://www.amazontrust.com/repository/>
const AMAZON: &[u8] = include_bytes!("amazon.pem");

/// HTTPS to AWS.
pub(crate) fn https(settings: &HttpConnectorSettings) -> SharedHttpConnector {
    let own = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| environment(name).is_some());
    let amazon = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(AMAZON)).build();
    match amazon {
        Ok(amazon) if !own => {
            let machine = settings.clone();
            SharedHttpConnector::new(Either::new(trusting(settings, amazon), move || {
                tracing::warn!("an endpoint of AWS shows a certificate that no authority of Amazon's has signed");
                trusting(&machine, TlsContext::default())
            }))
        }
        _ => trusting(settings, TlsContext::default()),
    }
}

fn trusting(settings: &HttpConnectorSettings, context: TlsContext) -> SharedHttpConnector {
    let tls = Provider::Rustls(CryptoMode::AwsLc);
    let connector = Connector::builder().connector_settings(settings.clone()).tls_provider(tls).tls_context(context);
    SharedHttpConnector::new(connector.build())
}

/// A connector that trusts few, and one that trusts more, made when the first one distrusts somebody.
struct Either<F> {
    few: SharedHttpConnector,
    more: Arc<(OnceLock<SharedHttpConnector>, F)>,
}

impl<F: Fn() -> SharedHttpConnector> Either<F> {
    fn new(few: SharedHttpConnector, more: F) -> Self {
        Self { few, more: Arc::new((OnceLock::new(), more)) }
    }
}

impl<F> std::fmt::Debug for Either<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Either").field("few", &self.few).finish_non_exhaustive()
    }
}

impl<F: Fn() -> SharedHttpConnector + Send + Sync + 'static> HttpConnector for Either<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(more) = self.more.0.get() {
            return more.call(request);
        }
        let again = request.try_clone();
        let (few, more) = (self.few.clone(), Arc::clone(&self.more));
        HttpConnectorFuture::new(async move {
            match (few.call(request).await, again) {
                // There is no connection, so nothing of the request has been sent.
                (Err(error), Some(again)) if distrusts(&error) => more.0.get_or_init(&more.1).call(again).await,
                (answer, _) => answer,
            }
        })
    }
}

/// Whether it is the certificate that kept us from connecting.
fn distrusts(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // What an I/O error holds is its content, and not its source.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    fn of(pem: impl Into<Vec<u8>>) -> SharedHttpConnector {
        let store = TrustStore::empty().with_pem_certificate(pem);
        let context = TlsContext::builder().with_trust_store(store).build().unwrap();
        trusting(&HttpConnectorSettings::builder().build(), context)
    }

    /// A server of its own authority. It gives its address, and that authority.
    async fn stranger() -> (String, String) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![cert.der().clone()], key.into()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        });
        (format!("https://localhost:{port}/"), cert.pem())
    }

    #[tokio::test]
    async fn whom_amazon_did_not_sign_the_machine_is_asked_about_and_then_believed_or_not() {
        let (address, authority) = stranger().await;
        let get = || HttpRequest::get(&address).unwrap();
        let error = of(AMAZON).call(get()).await.unwrap_err();
        assert!(distrusts(&error), "{error:?}");

        let both = Either::new(of(AMAZON), move || of(authority.clone()));
        assert_eq!(both.call(get()).await.unwrap().status().as_u16(), 200);
        assert!(both.more.0.get().is_some());
        assert_eq!(both.call(get()).await.unwrap().status().as_u16(), 200);

        let neither = Either::new(of(AMAZON), || of(AMAZON));
        assert!(distrusts(&neither.call(get()).await.unwrap_err()));
    }

    #[tokio::test]
    async fn what_is_no_matter_of_trust_is_not_tried_again() {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}/", nobody.local_addr().unwrap());
        drop(nobody);
        let once = Either::new(of(AMAZON), || panic!("there was no certificate to distrust"));
        assert!(!distrusts(&once.call(HttpRequest::get(&address).unwrap()).await.unwrap_err()));
    }
}
