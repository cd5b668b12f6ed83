//! A stand-in for API Gateway: an HTTP request becomes an event of payload format 2.0, and the callback's answer becomes
//! an HTTP answer.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callback::Callback;
use callback::gateway::sanitize;
use lambda_http::request::LambdaRequest;
use serde_json::{Map, Value, json};
use time::UtcDateTime;

/// The domain name of the sandbox's API.
pub(crate) const DOMAIN: &str = "127.0.0.1";

/// Calls the callback through the event that API Gateway would make of this request to its API at `domain`.
pub(crate) async fn call(callback: &Callback, domain: &str, parts: &Parts, body: &Bytes, now: UtcDateTime) -> Response {
    invoke(callback, event(domain, parts, body, now)).await
}

/// Invokes the callback with an event of payload format 2.0.
pub(crate) async fn invoke(callback: &Callback, event: Value) -> Response {
    let Ok(request) = serde_json::from_value::<LambdaRequest>(event) else {
        return (StatusCode::BAD_REQUEST, "API Gateway cannot make an event of this request").into_response();
    };
    let (parts, body) = callback.handle(&sanitize(request).into()).await.into_parts();
    let body = match body {
        lambda_http::Body::Empty => Body::empty(),
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => return (StatusCode::BAD_GATEWAY, "the callback answered with an unknown kind of body").into_response(),
    };
    Response::from_parts(parts, body)
}

/// The event, as the API Gateway guide describes payload format 2.0. The domain name is the API's own, whatever `Host`
/// says. The body goes in base64, which is what API Gateway does with every body that it does not know to be text; a form
/// arrives so in practice.
pub(crate) fn event(domain: &str, parts: &Parts, body: &Bytes, now: UtcDateTime) -> Value {
    let path = parts.uri.path();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers(&parts.headers),
        "requestContext": {
            "accountId": crate::aws::ACCOUNT,
            "apiId": "sandbox",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": parts.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": now.unix_timestamp() * 1000,
        },
        "isBase64Encoded": !body.is_empty(),
    });
    if let (Some(fields), false) = (event.as_object_mut(), body.is_empty()) {
        fields.insert("body".to_owned(), json!(STANDARD.encode(body)));
    }
    event
}

/// Names in lower case, repeated headers joined by commas.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .keys()
        .map(|name| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
            (name.as_str().to_owned(), json!(values.join(",")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use callback::gateway::origin;
    use time::macros::utc_datetime;

    #[test]
    fn the_callback_gets_the_domain_name_of_the_api_whatever_the_host_header_says() {
        for host in ["approvals.example.com", "evil.example"] {
            let request = Request::get("/approval?t=x").header("host", host).body(()).unwrap();
            let (parts, ()) = request.into_parts();
            let event = event("approvals.example.com", &parts, &Bytes::new(), utc_datetime!(2026-11-20 09:25));
            let request: lambda_http::Request = sanitize(serde_json::from_value(event).unwrap()).into();
            assert_eq!(origin(&request), "https://approvals.example.com".parse().ok(), "{host}");
        }
    }
}
