//! Requests that browsers send, and any others.

use callback::request::{Intent, UnverifiedVisit, read};
use countersign::approval::Decision;
use fuzz::request::{self, Sent, received};
use proptest::prelude::*;

use crate::bytes;

fn quoted(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_sent_has_a_reading_and_only_a_post_decides(bytes in bytes()) {
        request::run(&bytes);
    }

    #[test]
    fn what_a_form_says_is_read_back(token in "[A-Za-z0-9_.-]{1,1500}", comment in "(?s).{0,600}", approves: bool, encoded: bool, in_query: bool) {
        let decision = if approves { Decision::Approved } else { Decision::Rejected };
        let form = format!("decision={decision}&comment={}", quoted(&comment));
        let (query, body) = if in_query { (format!("t={token}"), form) } else { (String::new(), format!("{form}&t={token}")) };
        let sent = Sent { encoded, ..Sent::post(query, body) };
        request::check(&sent);
        prop_assert_eq!(read(&received(&sent)), Ok(UnverifiedVisit { token, intent: Intent::Decide { decision: Some(decision), comment } }));
    }

    #[test]
    fn a_form_that_says_something_twice_is_refused(field in 0_usize..2, other in "[A-Za-z]{0,8}", at in 0_usize..4) {
        let mut fields = vec!["decision=Approved".to_owned(), "comment=a".to_owned()];
        let name = ["decision", "comment"][field];
        fields.insert(at.min(fields.len()), format!("{name}={other}"));
        let sent = Sent { method: "POST".to_owned(), body: Some(fields.join("&").into_bytes()), ..Sent::get("t=x".to_owned()) };
        request::check(&sent);
        prop_assert!(read(&received(&sent)).is_err());
    }

    #[test]
    fn a_token_in_a_link_is_read_back(token in "\\PC{1,300}") {
        let sent = Sent::get(format!("t={}", quoted(&token)));
        request::check(&sent);
        prop_assert_eq!(read(&received(&sent)), Ok(UnverifiedVisit { token, intent: Intent::Show }));
    }
}
