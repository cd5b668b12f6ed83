//! An HTTP request → which operation of which service, and who calls.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::Value;

use super::form::Form;
use super::service::{Protocol, Service};
use super::{ses, sesv2, sts};
use crate::codepipeline::AwsError;

/// The longest name of an operation, or of an access key, that is kept. Both come from outside.
const MAX_NAME: usize = 64;

/// A call of an operation of a service that the sandbox has. Whether the service has the operation is for it to say.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) access_key: Option<String>,
    /// The region that the request is signed for.
    pub(super) region: Option<String>,
    pub(super) form: Form,
}

/// A call of anything else, with the error to answer.
pub(super) struct Unknown {
    pub(super) protocol: Protocol,
    pub(super) operation: String,
    pub(super) access_key: Option<String>,
    pub(super) error: AwsError,
}

impl Incoming {
    pub(super) fn read(method: &str, uri: &str, headers: &HeaderMap, body: &[u8]) -> Result<Self, Unknown> {
        let Signature { access_key, region, service: signed_for } = Signature::of(headers);

        if let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
            let (prefix, operation) = target.rsplit_once('.').unwrap_or((target, ""));
            let operation = tidy(operation);
            return match Service::of_target(prefix) {
                Some(service) => Ok(Self { service, operation, access_key, region, form: Form::default() }),
                None => Err(Unknown {
                    protocol: Protocol::Json11,
                    access_key,
                    error: AwsError::new(
                        "UnknownOperationException",
                        format!("The sandbox has no service {}; {operation} was called", tidy(prefix)),
                    ),
                    operation,
                }),
            };
        }

        // Version 2 of SES is the only service with paths.
        let path = uri.split(['?', '#']).next().unwrap_or_default();
        if let Some((_, path)) = path.split_once("/v2/email/") {
            return match sesv2::operation(method, path) {
                Some((operation, form)) => {
                    Ok(Self { service: Service::SesV2, operation: operation.to_owned(), access_key, region, form })
                }
                None => Err(Unknown {
                    protocol: Protocol::RestJson,
                    access_key,
                    operation: tidy(method),
                    error: AwsError::new(
                        "UnknownOperationException",
                        format!("The sandbox's SES has no operation {} {}", tidy(method), tidy(path)),
                    ),
                }),
            };
        }

        // The Query protocol takes its fields from the body, or, for a GET, from the address.
        let form = match uri.split_once('?') {
            Some((_, query)) if method == "GET" => Form::parse(query.as_bytes()),
            _ => Form::parse(body),
        };
        let Some(action) = form.get("Action").map(tidy) else {
            let named = signed_for.as_deref().unwrap_or("a service that the request does not name");
            return Err(Unknown {
                protocol: Protocol::Json11,
                access_key,
                operation: tidy(method),
                error: AwsError::new(
                    "UnknownOperationException",
                    format!("The sandbox has no such operation: {} for {named}", tidy(method)),
                ),
            });
        };
        let service = match signed_for.as_deref() {
            Some(name) => Service::of_signature(name),
            None => of_action(&action),
        };
        match service {
            Some(service) => Ok(Self { service, operation: action, access_key, region, form }),
            None => Err(Unknown {
                protocol: Protocol::Query,
                access_key,
                error: AwsError::new(
                    "InvalidAction",
                    format!("The sandbox has no {action} of {}", signed_for.as_deref().unwrap_or("any service")),
                ),
                operation: action,
            }),
        }
    }
}

/// The service with the Query protocol that has this action: for requests that are not signed.
fn of_action(action: &str) -> Option<Service> {
    if ses::OPERATIONS.contains(&action) {
        Some(Service::Ses)
    } else if sts::OPERATIONS.contains(&action) {
        Some(Service::Sts)
    } else {
        None
    }
}

/// Who signed, and for what: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Default)]
struct Signature {
    access_key: Option<String>,
    region: Option<String>,
    service: Option<String>,
}

impl Signature {
    fn of(headers: &HeaderMap) -> Self {
        let scope = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once("Credential="))
            .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
        let mut parts = scope.unwrap_or_default().split('/').map(tidy);
        let mut part = |skipped| parts.nth(skipped).filter(|part| !part.is_empty());
        Self { access_key: part(0), region: part(1), service: part(0) }
    }
}

/// A name from outside, fit for an ARN, a message and a log line: the characters that IAM names may have, bounded.
fn tidy(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c)).take(MAX_NAME).collect()
}

/// The body of a call in a JSON protocol; no body is an empty object, as for the services.
pub(super) fn json_input(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
        Ok(_) | Err(_) => Err(AwsError::new("SerializationException", "The request body is not a JSON object.")),
    }
}
