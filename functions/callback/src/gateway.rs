//! API Gateway's event, made safe for `lambda_http` to read.
//!
//! `lambda_http` builds a URI from `X-Forwarded-Proto`, `Host`, path and query, and panics if they do not form one. A
//! visitor can send anything, so whatever could break the URI is removed first. The request is then answered like any
//! other that is not a link's, with a page and all headers.

use std::net::IpAddr;

use countersign::approval::Origin;
use countersign::link::{HELP_PATH, PATH};
use countersign::request::Visitor;
use countersign::text::bounded_line;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::http::{HeaderValue, Uri, header::HOST};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Request, RequestExt};

/// A host for the URI, which nothing reads. `lambda_http` takes the `Host` header, or else the domain name of the request
/// context; with this one in the header, neither has to be valid.
const URI_HOST: &str = "localhost";

/// How much is kept of what a browser says that it is, in characters.
const MAX_BROWSER: usize = 200;

/// The same request without anything that could break its URI.
#[must_use]
pub fn sanitize(request: LambdaRequest) -> LambdaRequest {
    match request {
        LambdaRequest::ApiGatewayV2(mut request) => {
            request.headers.remove("x-forwarded-proto");
            request.headers.insert(HOST, HeaderValue::from_static(URI_HOST));
            request.raw_path = request.raw_path.filter(|path| [PATH, HELP_PATH].contains(&path.as_str()));
            request.raw_query_string = request.raw_query_string.filter(|query| fits_a_uri(query));
            LambdaRequest::ApiGatewayV2(request)
        }
        other => other,
    }
}

fn fits_a_uri(query: &str) -> bool {
    Uri::try_from(format!("https://{URI_HOST}{PATH}?{query}")).is_ok()
}

/// The origin that a request was sent to, by the domain name that API Gateway reports, such as
/// `https://abc123.execute-api.eu-central-1.amazonaws.com`. A visitor chooses the `Host` header, but not this. `None` if
/// the request did not come through API Gateway.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
#[must_use]
pub fn origin(request: &Request) -> Option<Origin> {
    let context = context(request)?;
    format!("https://{}", context.domain_name.as_deref()?).parse().ok()
}

/// Where a request came from, as API Gateway reports it.
#[must_use]
pub fn visitor(request: &Request) -> Visitor {
    let Some(http) = context(request).map(|context| &context.http) else { return Visitor::default() };
    let address = http.source_ip.as_deref().and_then(|address| address.parse::<IpAddr>().ok());
    let browser = http.user_agent.as_deref().map(|agent| bounded_line(agent, MAX_BROWSER));
    Visitor { address: address.map(|address| address.to_string()), browser: browser.filter(|agent| !agent.is_empty()) }
}

fn context(request: &Request) -> Option<&ApiGatewayV2httpRequestContext> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{BadRequest, Intent, UnverifiedVisit, is_for_help, read};
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
    fn both_paths_arrive() {
        assert!(is_for_help(&received("/help", "", &json!({}))));
        assert!(!is_for_help(&received("/approval", "t=x", &json!({}))));
        assert_eq!(
            read(&received("/help", "t=x", &json!({}))),
            Err(BadRequest::Path),
            "and the other one is no link's"
        );
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
            assert_eq!(origin(&request).as_ref().map(Origin::as_str), Some("https://a.example"), "{headers}");
            assert_eq!(visitor(&request), Visitor { address: Some("127.0.0.1".to_owned()), browser: None });
        }
        assert_eq!(origin(&Request::default()), None);
    }
}
