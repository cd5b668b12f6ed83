//! TLS servers like AWS's, with certificates of our own authority, which the functions trust beside Amazon's.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

/// The authorities that a function trusts in AWS.
const AMAZON: &str = include_str!("../../../shared/src/aws/amazon.pem");

/// A server's side of it, and the file with all authorities.
pub struct Tls {
    acceptor: TlsAcceptor,
    authorities: NamedTempFile,
}

impl Tls {
    pub fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let server = server.signed_by(&key, &authority).expect("a certificate");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .expect("a server's configuration");
        let authorities = NamedTempFile::new().expect("a file");
        std::fs::write(authorities.path(), AMAZON.to_owned() + &authority.pem()).expect("a file");
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), authorities }
    }

    /// The path of the file with the authorities to trust.
    pub fn authorities(&self) -> &str {
        self.authorities.path().to_str().expect("a path")
    }

    pub fn over<L: Listener<Io = TcpStream>>(&self, listener: L) -> TlsListener<L> {
        TlsListener { listener, acceptor: self.acceptor.clone() }
    }
}

pub struct TlsListener<L> {
    listener: L,
    acceptor: TlsAcceptor,
}

impl<L: Listener<Io = TcpStream, Addr = SocketAddr>> Listener for TlsListener<L> {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    /// One handshake after the other: each service has its own listener, and there are two cores.
    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await;
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
