//! API Gateway's event, made safe for `lambda_http` to read.
//!
//! `lambda_http` builds a URI from `X-Forwarded-Proto`, `Host`, path and query, and panics if they do not form one. A
//! visitor can send anything, so whatever could break the URI is removed first. The request is then answered like any
//! other that is not a link's, with a page and all headers.

use countersign::link::PATH;
use lambda_http::http::{HeaderValue, Uri, header::HOST};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Request, RequestExt};

/// A host for the URI, which nothing reads. `lambda_http` takes the `Host` header, or else the domain name of the request
/// context; with this one in the header, neither has to be valid.
const URI_HOST: &str = "localhost";

/// The same request without anything that could break its URI.
#[must_use]
pub fn sanitize(request: LambdaRequest) -> LambdaRequest {
    match request {
        LambdaRequest::ApiGatewayV2(mut request) => {
            request.headers.remove("x-forwarded-proto");
            request.headers.insert(HOST, HeaderValue::from_static(URI_HOST));
            request.raw_path = request.raw_path.filter(|path| path == PATH);
            request.raw_query_string = request.raw_query_string.filter(|query| fits_a_uri(query));
            LambdaRequest::ApiGatewayV2(request)
        }
        other => other,
    }
}

fn fits_a_uri(query: &str) -> bool {
    Uri::try_from(format!("https://{URI_HOST}{PATH}?{query}")).is_ok()
}

/// The domain name that a request was sent to, as API Gateway reports it. A visitor chooses the `Host` header, but not
/// this.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayDomain<'a>(&'a str);

impl<'a> GatewayDomain<'a> {
    /// The domain name in a request's context. `None` if the request did not come through API Gateway.
    #[must_use]
    pub fn of(request: &'a Request) -> Option<Self> {
        match request.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => context.domain_name.as_deref().map(Self),
            _ => None,
        }
    }

    /// The name, such as `abc123.execute-api.eu-central-1.amazonaws.com`.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{BadRequest, Intent, UnverifiedVisit, read};
    use serde_json::{Value, json};

    /// An event of payload format 2.0, read as the function reads it.
    fn received(path: &str, query: &str, headers: &Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": "a.example", "stage": "$default", "routeKey": "$default",
                "requestId": "1", "timeEpoch": 1,
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            },
            "isBase64Encoded": false,
        });
        sanitize(serde_json::from_value(event).unwrap()).into()
    }

    #[test]
    fn nothing_that_a_visitor_sends_ends_the_function() {
        let show = |token: &str| Ok(UnverifiedVisit { token: token.to_owned(), intent: Intent::Show });
        for (path, query, headers, expected) in [
            ("/approval", "t=x", json!({"host": "a.example"}), show("x")),
            ("/approval", "t=x", json!({"host": "a b"}), show("x")),
            ("/approval", "t=x", json!({"host": "a:99999"}), show("x")),
            ("/approval", "t=x", json!({"host": "a.example", "x-forwarded-proto": "a b"}), show("x")),
            ("/approval", "t=x", json!({"x-forwarded-proto": ["https", "a b"]}), show("x")),
            ("/approval", "t=x&a=%20", json!({}), show("x")),
            ("/approval", "t=x y", json!({}), Err(BadRequest::Token)),
            ("/approval", "t=<x>", json!({}), Err(BadRequest::Token)),
            ("/approval", "t=x\u{0}", json!({}), Err(BadRequest::Token)),
            ("/approval", "t=x\r\ny", json!({}), Err(BadRequest::Token)),
            ("/approval", "t=ä", json!({}), show("ä")),
            ("/approval", &"x".repeat(100_000), json!({}), Err(BadRequest::Token)),
            ("/approval", &format!("t=x&a={}", "x".repeat(9_000)), json!({}), show("x")),
            // The longest query that fits, and one byte more.
            ("/approval", &format!("t=x&a={}", "x".repeat(65_501)), json!({}), show("x")),
            ("/approval", &format!("t=x&a={}", "x".repeat(65_502)), json!({}), Err(BadRequest::Token)),
            ("/a b", "t=x", json!({}), Err(BadRequest::Path)),
            ("approval", "t=x", json!({}), Err(BadRequest::Path)),
            (":x", "t=x", json!({}), Err(BadRequest::Path)),
            ("/\u{0}", "t=x", json!({}), Err(BadRequest::Path)),
            ("//evil.example/approval", "t=x", json!({}), Err(BadRequest::Path)),
            (&"/x".repeat(100_000), "t=x", json!({}), Err(BadRequest::Path)),
            ("", "", json!({}), Err(BadRequest::Path)),
        ] {
            assert_eq!(read(&received(path, query, &headers)), expected, "{path:.20} {query:.20} {headers}");
        }
    }

    #[test]
    fn the_domain_name_is_the_one_that_api_gateway_reports() {
        for headers in [json!({}), json!({"host": "evil.example", "x-forwarded-host": "evil.example"})] {
            let request = received("/approval", "t=x", &headers);
            assert_eq!(GatewayDomain::of(&request).map(GatewayDomain::as_str), Some("a.example"), "{headers}");
        }
        assert_eq!(GatewayDomain::of(&Request::default()), None);
    }
}
