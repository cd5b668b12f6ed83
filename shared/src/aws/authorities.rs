//! Who may say that a server is AWS.

use aws_smithy_http_client::tls::TrustStore;

use super::of_service;

/// Amazon's own authorities, one of which signs the certificates of AWS's endpoints.
///
/// Source: AWS Security Blog, "How to Prepare for AWS's Move to Its Own Certificate Authority". Amazon Trust Services,
/// <https://www.amazontrust.com/repository/>, recommends these five together to anybody who keeps their own list. A test
/// fails when Mozilla has others of Amazon.
const AMAZON: &str = include_str!("amazon.pem");

/// The services that a function calls.
const SERVICES: [&str; 9] = ["CodePipeline", "DynamoDB", "EventBridge", "KMS", "SES", "SESv2", "SQS", "SSM", "STS"];

/// What says whom to trust, puts somebody in between, or leads to other endpoints.
const OTHERWISE: [&str; 10] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
];

/// Where the regions of the partition `aws` lie, by the first word of their names. Source: `partitions.json` of the AWS
/// SDKs.
const PLACES: [&str; 9] = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"];

/// Amazon's five authorities at the usual endpoints of the partition `aws`. All that this machine trusts where five may be
/// too few: in other partitions (the European Sovereign Cloud has authorities of its own), for an HTTPS endpoint of one's
/// own, and where one of [`OTHERWISE`] is set.
///
/// Five are quick: of the 14.3 million instructions until a callback's first answer, reading the machine's 140 took 8.6.
/// They age until somebody deploys anew, as the lists do that AWS's Python client and Node.js carry with them.
pub(super) fn trusted(region: Option<&str>, look_up: impl Fn(&str) -> Option<String>) -> TrustStore {
    let otherwise = OTHERWISE.into_iter().any(|name| look_up(name).is_some_and(|value| !value.is_empty()));
    let own_endpoint = SERVICES.into_iter().any(|service| {
        of_service("AWS_ENDPOINT_URL", service, &look_up).is_some_and(|url| !url.starts_with("http://"))
    });
    if otherwise || own_endpoint || !region.is_some_and(is_of_aws) {
        return TrustStore::default();
    }
    TrustStore::empty().with_pem_certificate(AMAZON)
}

/// Whether a region is one of the partition `aws`: `us-east-2`, and neither `us-gov-west-1` nor `cn-north-1`.
pub(crate) fn is_of_aws(region: &str) -> bool {
    match region.split('-').collect::<Vec<_>>()[..] {
        [place, _, number] => PLACES.contains(&place) && number.parse::<u8>().is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use aws_smithy_runtime_api::client::http::HttpConnector;
    use aws_smithy_runtime_api::http::Request;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

    use super::super::connector;
    use super::*;

    #[test]
    fn no_authority_that_mozilla_has_of_amazon_is_missing() {
        let names = ["Amazon", "Starfield Services Root Certificate Authority"];
        let is_amazons = |certificate: &[u8]| {
            names.iter().any(|name| certificate.windows(name.len()).any(|window| window == name.as_bytes()))
        };
        let mozillas: BTreeSet<&[u8]> =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref).filter(|der| is_amazons(der)).collect();
        let ours: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(AMAZON.as_bytes()).collect::<Result<_, _>>().unwrap();
        // Mozilla drops the old ones in time, and AWS goes on with them for a while.
        assert!(mozillas.is_subset(&ours.iter().map(AsRef::as_ref).collect()));
        assert!(mozillas.len() >= 4, "Mozilla has {} of Amazon", mozillas.len());
        assert_eq!(ours.len(), 5);
    }

    #[test]
    fn the_machines_authorities_count_where_amazons_may_not_do() {
        for (region, set, amazons) in [
            ("us-east-2", "", true),
            ("ap-southeast-5", "", true),
            ("mx-central-1", "", true),
            ("us-gov-west-1", "", false),
            ("us-iso-east-1", "", false),
            ("cn-north-1", "", false),
            ("eusc-de-east-1", "", false),
            ("", "", false),
            ("us-east-2", "SSL_CERT_FILE=/opt/authorities.pem", false),
            ("us-east-2", "SSL_CERT_DIR=/opt/authorities", false),
            ("us-east-2", "SSL_CERT_FILE=", true),
            ("us-east-2", "HTTPS_PROXY=https://proxy.example", false),
            ("us-east-2", "all_proxy=http://proxy.example", false),
            ("us-east-2", "AWS_USE_FIPS_ENDPOINT=true", false),
            ("us-east-2", "AWS_USE_DUALSTACK_ENDPOINT=true", false),
            ("us-east-2", "AWS_ENDPOINT_URL=https://aws.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL_KMS=https://kms.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL_STS=https://sts.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL_EVENTBRIDGE=https://events.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL_SESV2=https://ses.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL_KMS=HTTPS://kms.example", false),
            ("us-east-2", "AWS_ENDPOINT_URL=http://127.0.0.1:4566", true),
        ] {
            let look_up = |name: &str| {
                let mut pairs = set.split(' ').filter_map(|pair| pair.split_once('='));
                pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
            };
            let expected =
                if amazons { TrustStore::empty().with_pem_certificate(AMAZON) } else { TrustStore::default() };
            let got = trusted(Some(region), look_up);
            assert!(format!("{got:?}") == format!("{expected:?}"), "{region}, {set}");
        }
    }

    #[tokio::test]
    async fn a_server_that_another_authority_vouches_for_is_not_aws() {
        let mut other = CertificateParams::default();
        other.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let other = CertifiedIssuer::self_signed(other, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &other).unwrap();
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let acceptor = TlsAcceptor::from(Arc::new(server));

        let amazon = trusted(Some("us-east-2"), |_| None);
        let both = amazon.clone().with_pem_certificate(other.pem());
        for (trust, met) in [(amazon, false), (both, true)] {
            let handshake = async { acceptor.accept(listener.accept().await.unwrap().0).await.is_ok() };
            let connector = connector(trust, Duration::from_mins(1)).unwrap();
            let visit = connector.call(Request::get(&url).unwrap());
            if met {
                // Nobody answers the request.
                tokio::select! {
                    agreed = handshake => assert!(agreed),
                    answer = visit => panic!("{answer:?}"),
                }
            } else {
                let (agreed, answer) = tokio::join!(handshake, visit);
                assert!(!agreed);
                assert!(format!("{answer:?}").contains("UnknownIssuer"), "{answer:?}");
            }
        }
    }
}
