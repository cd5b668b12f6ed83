//! The one place that configures the AWS SDK: time-outs, retries, and what became of a call.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};

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
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Configuration from the environment that Lambda sets up.
pub async fn from_environment() -> SdkConfig {
    with_limits(aws_config::defaults(BehaviorVersion::latest())).load().await
}

/// Our time-outs and retries on top of any other configuration: the sandbox adds its endpoint and credentials.
#[must_use]
pub fn with_limits(loader: ConfigLoader) -> ConfigLoader {
    loader
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
                .with_max_backoff(LONGEST_PAUSE),
        )
}

/// An AWS call that did not succeed, told without what was in it: messages of AWS repeat the input, tokens and
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

/// Error codes that mean "later": from the services' models and the SDK's own list.
const LATER: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
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

impl AwsError {
    /// Reads the SDK's error.
    pub fn new<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> Self {
        let (code, kind) = match error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or("unknown error code");
                let later = answer.raw().status().is_server_error() || LATER.contains(&code);
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

    /// Something in an answer that should not be there, or is missing.
    #[must_use]
    pub fn unexpected(operation: &'static str, what: &str) -> Self {
        Self { operation, code: what.to_owned(), kind: AwsErrorKind::Refused, without_effect: false }
    }
}
