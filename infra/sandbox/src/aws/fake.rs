//! Calls of the services that come from crates, and SSM, which needs nothing else.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;
use winterbaume_core::{MockRequest, MockResponse, MockService};
use winterbaume_ssm::SsmService;

use super::answer::internal_failure;
use super::service::Service;
use crate::codepipeline::AwsError;

/// Asks a fake, in a task of its own: a panic in there is one failed call, and a caller who hangs up half-way does not
/// leave a write half-done.
///
/// # Errors
/// The fake panicked.
pub(super) async fn ask<S: MockService>(fake: &Arc<S>, request: MockRequest) -> Result<MockResponse, AwsError> {
    let fake = Arc::clone(fake);
    tokio::spawn(async move { fake.handle(request).await }).await.map_err(|_| internal_failure())
}

/// AWS Systems Manager, for its Parameter Store.
pub(super) struct Ssm {
    fake: Arc<SsmService>,
    region: String,
}

impl Ssm {
    pub(super) fn new(region: &str) -> Self {
        Self { fake: Arc::new(SsmService::new()), region: region.to_owned() }
    }

    pub(super) async fn call(&self, operation: &str, body: Bytes) -> Result<MockResponse, AwsError> {
        ask(&self.fake, for_fake(Service::Ssm, operation, &self.region, body)).await
    }

    /// Saves a parameter.
    pub(super) async fn put(&self, input: &Value) -> Result<(), AwsError> {
        let response = self.call("PutParameter", input.to_string().into()).await?;
        if response.status == 200 { Ok(()) } else { Err(error_of(&response)) }
    }
}

/// The error that a fake answered in a JSON protocol.
pub(super) fn error_of(response: &MockResponse) -> AwsError {
    let error: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |field: &str| error.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    AwsError { status: response.status, code: text("__type"), message: text("message") }
}

/// The request that the fakes from crates expect: addressed to the service in the sandbox's region, unsigned, so that
/// they cannot take the region from a signature.
pub(super) fn for_fake(service: Service, operation: &str, region: &str, body: Bytes) -> MockRequest {
    let mut headers = HeaderMap::new();
    if let Ok(target) = format!("{}.{operation}", service.target_prefix()).parse() {
        headers.insert("x-amz-target", target);
    }
    let uri = format!("https://{}.{region}.amazonaws.com/", service.name());
    MockRequest { method: "POST".to_owned(), uri, headers, body }
}
