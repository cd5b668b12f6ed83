//! A service's answer as HTTP, in that service's protocol.
//!
//! Sources: the AWS JSON 1.0 and 1.1 and the AWS Query protocols of Smithy (<https://smithy.io/2.0/aws/protocols/>).

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use winterbaume_core::MockResponse;

use super::service::{Protocol, Service};
use crate::codepipeline::AwsError;

/// An answer before it is written.
pub(super) enum Answer {
    /// The output of an operation in a JSON protocol.
    Json(Value),
    /// The content of an operation's result element in the Query protocol, already escaped.
    Xml(String),
    /// The answer of a fake that writes its service's protocol itself, its errors included.
    Ready(MockResponse),
}

pub(super) fn success(service: Service, operation: &str, answer: Answer, request_id: &str) -> Response {
    let protocol = service.protocol();
    match answer {
        Answer::Json(output) => respond(protocol, 200, output.to_string().into(), request_id),
        Answer::Xml(result) => {
            let body = format!(
                "<{operation}Response xmlns=\"{}\"><{operation}Result>{result}</{operation}Result>\
                 <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
                service.namespace(),
            );
            respond(protocol, 200, body.into(), request_id)
        }
        Answer::Ready(response) => respond(protocol, response.status, response.body, request_id),
    }
}

pub(super) fn error(protocol: Protocol, namespace: &str, error: &AwsError, request_id: &str) -> Response {
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            let body = json!({ "__type": error.code, "message": error.message }).to_string();
            let mut response = respond(protocol, error.status, body.into(), request_id);
            if let Ok(code) = HeaderValue::from_str(&error.code) {
                response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
            }
            response
        }
        Protocol::Query => {
            let kind = if error.status < 500 { "Sender" } else { "Receiver" };
            let (code, message) = (element("Code", &error.code), element("Message", &error.message));
            let body = format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type>{code}{message}</Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
            );
            respond(protocol, error.status, body.into(), request_id)
        }
    }
}

/// The error of every service for an internal failure.
pub(super) fn internal_failure() -> AwsError {
    AwsError {
        status: 500,
        code: "InternalFailure".to_owned(),
        message: "The request processing has failed because of an unknown error, exception or failure.".to_owned(),
    }
}

/// An XML element around a text.
pub(super) fn element(name: &str, text: &str) -> String {
    let mut xml = format!("<{name}>");
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            '\t' | '\n' => xml.push(c),
            // XML 1.0 has no way to write the other control characters, nor these two.
            '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            c if c.is_control() => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml.push_str(&format!("</{name}>"));
    xml
}

fn respond(protocol: Protocol, status: u16, body: Bytes, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, protocol.content_type());
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_xml_element() {
        assert_eq!(element("A", "<b>&\"'\u{0}\r"), "<A>&lt;b&gt;&amp;&quot;&apos;\u{fffd}\u{fffd}</A>");
    }

    #[test]
    fn an_error_whose_code_is_no_header_value_is_still_answered() {
        let error = AwsError { status: 42, code: "a\nb".to_owned(), message: String::new() };
        let response = super::error(Protocol::Json11, "", &error, "id");
        assert_eq!(response.status(), 500);
        assert!(!response.headers().contains_key("x-amzn-errortype"));
    }
}
