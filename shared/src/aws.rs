//! The configuration of the AWS SDK: time-outs, retries, and the classification of errors.

mod authorities;

use std::error::Error;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_codepipeline::config::SharedCredentialsProvider;
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, HttpClientError};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_types::sdk_config::Builder;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

pub(crate) use self::authorities::is_of_aws;
use crate::settings::environment;

/// How long one operation may take with all its attempts. A decision makes four in a row when all goes well, and API
/// Gateway gives up on the callback after 30 seconds.
const OPERATION: Duration = Duration::from_secs(6);
/// How long one attempt may take. Connections that died while the function was frozen show only on their next use, so
/// that an attempt must fail early enough for another.
const ATTEMPT: Duration = Duration::from_millis(2500);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(1);
/// Attempts in all.
const ATTEMPTS: u32 = 3;
/// The first pause between attempts. The SDK's own, one second, would eat the operation's time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Configuration from the environment that Lambda sets up.
///
/// `aws_config::load_defaults` would do the same and look in eight more places for credentials that no function has:
/// that is a tenth of the callback's code, and files to look for at each start.
///
/// # Errors
/// When there can be no TLS.
pub fn from_environment() -> Result<SdkConfig, HttpClientError> {
    let is_set = |name| environment(name).map(|text| text.eq_ignore_ascii_case("true"));
    let mut builder = builder();
    builder.set_use_fips(is_set("AWS_USE_FIPS_ENDPOINT")).set_use_dual_stack(is_set("AWS_USE_DUALSTACK_ENDPOINT"));
    let builder = builder
        .region(environment("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        // They are in the environment for as long as the function lives.
        .identity_cache(IdentityCache::no_cache())
        .http_client(https()?)
        .service_config(Environment);
    Ok(builder.build())
}

/// Configuration with our time-outs and retries, and without a place or credentials: the sandbox adds its own.
#[must_use]
pub fn builder() -> Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_PAUSE)
                .with_max_backoff(MAX_PAUSE),
        )
        // An answer that comes too slowly ends with its attempt.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// One pool of connections for all clients. Left to themselves, each client makes its own, and the SDK makes each of
/// them twice.
fn https() -> Result<SharedHttpClient, HttpClientError> {
    let trust = authorities::trusted(environment("AWS_REGION").as_deref(), environment);
    let connector = connector(trust, CONNECT)?;
    Ok(http_client_fn(move |_, _| connector.clone()))
}

fn connector(trust: TrustStore, connect: Duration) -> Result<SharedHttpConnector, HttpClientError> {
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(connect).build())
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(trust).build()?)
        .proxy_config(ProxyConfig::from_env())
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// Endpoints of one's own.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        of_service(key.env(), key.service_id(), environment)
    }
}

/// What is set for one service: `AWS_ENDPOINT_URL`, and `AWS_ENDPOINT_URL_KMS` and the like, which go first; nothing
/// where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` says so.
///
/// Source: AWS SDKs and Tools reference guide, "Service-specific endpoints".
fn of_service(name: &str, service: &str, look_up: impl Fn(&str) -> Option<String>) -> Option<String> {
    let ignored = look_up("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if ignored.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    let service = service.to_uppercase().replace([' ', '-'], "_");
    look_up(&format!("{name}_{service}")).or_else(|| look_up(name))
}

/// An AWS call that did not succeed, described without its input: messages of AWS repeat the input, tokens and
/// addresses included, so only the error's code is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}")]
pub struct AwsError {
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// AWS's error code, or what kept the answer from us.
    pub code: String,
    /// What may be done about it.
    pub kind: AwsErrorKind,
    /// Whether it is certain that the call had no effect: AWS answered, and that the fault was ours.
    pub without_effect: bool,
}

/// What may be done about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// Throttled, down, or out of reach. The call may have taken effect all the same; trying again may help.
    Unavailable,
    /// AWS answered no. Trying the same again gets the same answer.
    Refused,
}

/// Error codes that mean "too many calls": from the services' models and the SDK's own list.
const THROTTLING: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
];

/// Other error codes that mean "later".
const LATER: [&str; 5] = [
    "ConcurrentModificationException",
    "TransactionInProgressException",
    "TransactionConflictException",
    "KMSInternalException",
    "DependencyTimeoutException",
];

/// The error code of AWS's own answer, if there was one.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

pub(crate) fn is_throttling(code: &str) -> bool {
    THROTTLING.contains(&code)
}

impl AwsError {
    /// Whether AWS said that there were too many calls.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        is_throttling(&self.code)
    }

    /// Reads the SDK's error.
    pub fn new<E: ProvideErrorMetadata + Error + 'static>(operation: &'static str, error: &SdkError<E>) -> Self {
        // It may be another call that failed: the one for the credentials.
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(earlier) = error.downcast_ref::<Self>() {
                return earlier.clone();
            }
            cause = error.source();
        }
        let (code, kind) = match error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or("unknown error code");
                let later = answer.raw().status().is_server_error() || is_throttling(code) || LATER.contains(&code);
                (code, if later { AwsErrorKind::Unavailable } else { AwsErrorKind::Refused })
            }
            SdkError::TimeoutError(_) => ("timed out", AwsErrorKind::Unavailable),
            SdkError::DispatchFailure(_) => ("not reached", AwsErrorKind::Unavailable),
            SdkError::ResponseError(_) => ("unreadable answer", AwsErrorKind::Unavailable),
            _ => ("not sent", AwsErrorKind::Refused),
        };
        let without_effect =
            matches!(error, SdkError::ServiceError(answer) if !answer.raw().status().is_server_error());
        Self { operation, code: code.to_owned(), kind, without_effect }
    }

    /// The code of one entry of a call that otherwise succeeded.
    #[must_use]
    pub(crate) fn of_entry(operation: &'static str, code: &str) -> Self {
        let later = is_throttling(code) || code == "InternalFailure";
        let kind = if later { AwsErrorKind::Unavailable } else { AwsErrorKind::Refused };
        Self { operation, code: code.to_owned(), kind, without_effect: true }
    }

    /// Something that cannot be had now, and may be had later.
    #[must_use]
    pub fn unavailable(operation: &'static str, what: &str) -> Self {
        Self { operation, code: what.to_owned(), kind: AwsErrorKind::Unavailable, without_effect: true }
    }

    /// Something in an answer that should not be there, or is missing.
    #[must_use]
    pub fn unexpected(operation: &'static str, what: &str) -> Self {
        Self { operation, code: what.to_owned(), kind: AwsErrorKind::Refused, without_effect: false }
    }
}

#[cfg(test)]
mod tests {
    use super::of_service;

    #[test]
    fn an_endpoint_of_ones_own_is_taken_as_aws_documents_it() {
        for (service, set, expected) in [
            ("KMS", "", None),
            ("KMS", "AWS_ENDPOINT_URL=all", Some("all")),
            ("KMS", "AWS_ENDPOINT_URL=all AWS_ENDPOINT_URL_KMS=its", Some("its")),
            ("DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB=its", Some("its")),
            ("Some Service-X", "AWS_ENDPOINT_URL_SOME_SERVICE_X=its", Some("its")),
            ("KMS", "AWS_ENDPOINT_URL=all AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE", None),
        ] {
            let look_up = |name: &str| {
                let mut pairs = set.split(' ').filter_map(|pair| pair.split_once('='));
                pairs.find(|(known, _)| *known == name).map(|(_, url)| url.to_owned())
            };
            assert_eq!(of_service("AWS_ENDPOINT_URL", service, look_up).as_deref(), expected, "{service}, {set}");
        }
    }
}
