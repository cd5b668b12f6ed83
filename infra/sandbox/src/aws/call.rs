//! An HTTP request → which operation of which service, and who calls.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use winterbaume_core::MockRequest;

use super::answer::Protocol;
use super::{ACCOUNT, refusal, ses, sts};
use crate::codepipeline::AwsError;

/// The longest name of an operation, or of an access key, that is kept. Both come from outside.
const MAX_NAME: usize = 64;

/// The services that the sandbox has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    CodePipeline,
    DynamoDb,
    Kms,
    Ses,
    Ssm,
    Sts,
}

impl Service {
    /// The name that the service has in signatures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CodePipeline => "codepipeline",
            Self::DynamoDb => "dynamodb",
            Self::Kms => "kms",
            Self::Ses => "ses",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::DynamoDb => Protocol::Json10,
            Self::CodePipeline | Self::Kms | Self::Ssm => Protocol::Json11,
            Self::Ses | Self::Sts => Protocol::Query,
        }
    }

    /// The XML namespace of its answers; the JSON services have none.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::Ses => "http://ses.amazonaws.com/doc/2010-12-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::CodePipeline | Self::DynamoDb | Self::Kms | Self::Ssm => "",
        }
    }

    fn of_target(prefix: &str) -> Option<Self> {
        match prefix {
            "CodePipeline_20150709" => Some(Self::CodePipeline),
            "DynamoDB_20120810" => Some(Self::DynamoDb),
            "TrentService" => Some(Self::Kms),
            "AmazonSSM" => Some(Self::Ssm),
            _ => None,
        }
    }

    /// Of the services that speak the Query protocol, the one that signs with this name. SES signs as `ses`, and
    /// `email` is the name in its host.
    fn of_signature(name: &str) -> Option<Self> {
        match name {
            "ses" | "email" => Some(Self::Ses),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }

    /// Of the services that speak the Query protocol, the one with this action: for requests that are not signed.
    fn of_action(action: &str) -> Option<Self> {
        if ses::OPERATIONS.contains(&action) {
            Some(Self::Ses)
        } else if sts::OPERATIONS.contains(&action) {
            Some(Self::Sts)
        } else {
            None
        }
    }
}

/// The fields of a request in the Query protocol, in their order.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The field of this name; an empty one counts as missing, as for the services.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The members of a list: `NAME.member.1`, `NAME.member.2`, …
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let mut members: Vec<(u32, &str)> = self
            .0
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix(".member.")?;
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        members.sort_by_key(|(number, _)| *number);
        members.into_iter().map(|(_, value)| value).collect()
    }
}

/// A call of an operation of a service that the sandbox has. Whether the service has the operation is for it to say.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) access_key: Option<String>,
    pub(super) form: Form,
}

/// A call of something else, with the error that tells so.
pub(super) struct Unknown {
    pub(super) protocol: Protocol,
    pub(super) operation: String,
    pub(super) access_key: Option<String>,
    pub(super) error: AwsError,
}

impl Incoming {
    pub(super) fn read(method: &str, uri: &str, headers: &HeaderMap, body: &[u8]) -> Result<Self, Unknown> {
        let (access_key, signed_for) = credential(headers);

        if let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
            let (prefix, operation) = target.rsplit_once('.').unwrap_or((target, ""));
            let operation = tidy(operation);
            return match Service::of_target(prefix) {
                Some(service) => Ok(Self { service, operation, access_key, form: Form::default() }),
                None => Err(Unknown {
                    protocol: Protocol::Json11,
                    access_key,
                    error: refusal(
                        "UnknownOperationException",
                        format!("The sandbox has no service {}; {operation} was called", tidy(prefix)),
                    ),
                    operation,
                }),
            };
        }

        // The Query protocol takes its fields from the body, or, for a GET, from the address.
        let form = match uri.split_once('?') {
            Some((_, query)) if method == "GET" => Form::parse(query.as_bytes()),
            _ => Form::parse(body),
        };
        let Some(action) = form.get("Action").map(tidy) else {
            let named = signed_for.as_deref().unwrap_or("a service it cannot tell");
            return Err(Unknown {
                protocol: Protocol::Json11,
                access_key,
                operation: tidy(method),
                error: refusal(
                    "UnknownOperationException",
                    format!("The sandbox has no such operation: {} for {named}", tidy(method)),
                ),
            });
        };
        let service = match signed_for.as_deref() {
            Some(name) => Service::of_signature(name),
            None => Service::of_action(&action),
        };
        match service {
            Some(service) => Ok(Self { service, operation: action, access_key, form }),
            None => Err(Unknown {
                protocol: Protocol::Query,
                access_key,
                error: refusal(
                    "InvalidAction",
                    format!("The sandbox has no {action} of {}", signed_for.as_deref().unwrap_or("any service")),
                ),
                operation: action,
            }),
        }
    }
}

/// The access key id and the service's name in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn credential(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let scope = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
    let Some(scope) = scope else {
        return (None, None);
    };
    let mut parts = scope.split('/');
    let key = parts.next().map(tidy).filter(|key| !key.is_empty());
    let service = parts.nth(2).map(tidy).filter(|name| !name.is_empty());
    (key, service)
}

/// Who calls, from the access key id: the functions' keys stand for their roles, any other for a user of that name.
pub(super) fn caller_arn(access_key: Option<&str>) -> String {
    match access_key {
        Some("AKIASANDBOXNOTIFIER") => format!("arn:aws:sts::{ACCOUNT}:assumed-role/countersign-notifier/sandbox"),
        Some("AKIASANDBOXCALLBACK") => format!("arn:aws:sts::{ACCOUNT}:assumed-role/countersign-callback/sandbox"),
        Some(key) => format!("arn:aws:iam::{ACCOUNT}:user/{key}"),
        None => format!("arn:aws:iam::{ACCOUNT}:user/anonymous"),
    }
}

/// A name from outside, fit for an ARN, a message and a log line: the characters that IAM names may have, bounded.
fn tidy(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c)).take(MAX_NAME).collect()
}

/// The request that the fakes from crates expect: addressed to the service in the sandbox's region, unsigned, so that
/// they cannot take the region from a signature.
pub(super) fn for_fake(service: Service, operation: &str, region: &str, body: axum::body::Bytes) -> MockRequest {
    let prefix = match service {
        Service::DynamoDb => "DynamoDB_20120810",
        Service::Ssm => "AmazonSSM",
        Service::CodePipeline | Service::Kms | Service::Ses | Service::Sts => "",
    };
    let mut headers = HeaderMap::new();
    if let Ok(target) = format!("{prefix}.{operation}").parse() {
        headers.insert("x-amz-target", target);
    }
    let uri = format!("https://{}.{region}.amazonaws.com/", service.name());
    MockRequest { method: "POST".to_owned(), uri, headers, body }
}
