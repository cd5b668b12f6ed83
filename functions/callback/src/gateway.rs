//! What API Gateway hands over, made safe to read.
//!
//! `lambda_http` builds a URI out of path, query and `Host`, and panics when they make none. A visitor may send anything,
//! so what makes no URI is taken out first. Such a request is none of ours, and gets the answer that any other such
//! request gets, with all headers.

use lambda_http::request::LambdaRequest;

/// The longest query that is looked at, in bytes. API Gateway lets 10,240 pass, headers included.
const MAX_QUERY: usize = 10_240;

/// The same request without what would make no URI.
#[must_use]
pub fn sanitize(request: LambdaRequest) -> LambdaRequest {
    match request {
        LambdaRequest::ApiGatewayV2(mut request) => {
            // Path and query say everything; nothing here depends on the name or the scheme that a visitor claims.
            request.request_context.domain_name = None;
            request.headers.remove("host");
            request.headers.remove("x-forwarded-proto");
            request.raw_query_string = request.raw_query_string.filter(|query| is_query(query));
            request.raw_path = request.raw_path.filter(|path| path.starts_with('/') && is_query(path));
            LambdaRequest::ApiGatewayV2(request)
        }
        other => other,
    }
}

/// Visible ASCII without the characters that no URI may hold as they are (RFC 3986, section 2).
fn is_query(text: &str) -> bool {
    text.len() <= MAX_QUERY
        && text.bytes().all(|b| {
            b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'#' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{BadRequest, Visit, read};
    use serde_json::{Value, json};

    /// An event of payload format 2.0, read as the function reads it.
    fn visit(path: &str, query: &str, headers: &Value) -> Result<Visit, BadRequest> {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": "a.example", "stage": "$default", "routeKey": "$default",
                "requestId": "1", "timeEpoch": 1,
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            },
            "isBase64Encoded": false,
        });
        let request: LambdaRequest = serde_json::from_value(event).unwrap();
        read(&sanitize(request).into())
    }

    #[test]
    fn nothing_that_a_visitor_sends_ends_the_function() {
        let shown = Ok(Visit::Show { token: "x".into() });
        for (path, query, headers, expected) in [
            ("/approval", "t=x", json!({"host": "a.example"}), &shown),
            ("/approval", "t=x", json!({"host": "a b"}), &shown),
            ("/approval", "t=x", json!({"host": "a:99999"}), &shown),
            ("/approval", "t=x", json!({"host": "a.example", "x-forwarded-proto": "a b"}), &shown),
            ("/approval", "t=x&a=%20", json!({}), &shown),
            ("/approval", "t=x y", json!({}), &Err(BadRequest::Token)),
            ("/approval", "t=<x>", json!({}), &Err(BadRequest::Token)),
            ("/approval", "t=x\u{7f}", json!({}), &Err(BadRequest::Token)),
            ("/approval", "t=ä", json!({}), &Err(BadRequest::Token)),
            ("/approval", &"x".repeat(100_000), json!({}), &Err(BadRequest::Token)),
            ("/approval", &format!("t=x&a={}", "x".repeat(9_000)), json!({}), &shown),
            ("/approval", &format!("t=x&a={}", "x".repeat(100_000)), json!({}), &Err(BadRequest::Token)),
            ("/a b", "t=x", json!({}), &Err(BadRequest::Path)),
            ("approval", "t=x", json!({}), &Err(BadRequest::Path)),
            ("/\u{0}", "t=x", json!({}), &Err(BadRequest::Path)),
            ("//evil.example/approval", "t=x", json!({}), &Err(BadRequest::Path)),
            ("", "", json!({}), &Err(BadRequest::Path)),
        ] {
            assert_eq!(&visit(path, query, &headers), expected, "{path} {query:.20} {headers}");
        }
    }
}
