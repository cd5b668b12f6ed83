//! Links that the signer makes, and all others.

use countersign::approval::Decision;
use countersign::link::SignedToken;
use fuzz::fixture::{KEYS, NOW, TOKENS, approval, claims, good_link, sign, token, verify};
use fuzz::forged::{FORGERIES, Tally, open_many};
use fuzz::link;
use proptest::prelude::*;
use serde_json::Value;
use time::Duration;

use crate::{NAME, bytes};

#[test]
fn no_changed_or_forged_link_is_good() {
    let mut tallies = [Tally::default(); FORGERIES.len()];
    open_many(&mut fastrand::Rng::new(), 6_000, &mut tallies);
    for ((name, _), tally) in FORGERIES.iter().zip(&tallies) {
        assert!(tally.refused >= 50, "{name}: {tally:?}");
        // Percent-encoded and padded spellings of a token are the token.
        assert!(*name != "spelt differently in the query" || tally.unchanged >= 50, "{name}: {tally:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_signed_is_read_back(
        names in prop::array::uniform3(NAME), secret in "[!-~]{1,100}", local in "[a-z][a-z0-9.+-]{0,30}[a-z0-9]", approves: bool, minutes in 5_i64..86_400,
    ) {
        prop_assume!(!local.contains(".."));
        let (approval, approver) = (approval(names.each_ref().map(String::as_str), &secret), format!("{local}@example.com"));
        let decision = if approves { Decision::Approved } else { Decision::Rejected };
        let until = NOW + Duration::minutes(minutes);
        let signed = sign(0, &approval, &approver, decision, until).unwrap();
        let read = good_link(token(&signed));
        prop_assert_eq!((read.key(), read.action()), (&approval.key(), &approval.action));
        prop_assert_eq!(read.approver().expose(), approver);
        prop_assert_eq!((read.decision(), read.expires()), (decision, until));
        for late in [until, until + Duration::days(1)] {
            prop_assert!(!matches!(verify(token(&signed), late), Ok(SignedToken::Link(_))));
        }
    }

    #[test]
    fn nothing_else_is_a_link(bytes in bytes(), text in "\\PC{0,300}") {
        link::run(&bytes);
        link::check_token(&text);
    }

    #[test]
    fn no_header_but_the_signers_makes_a_link(
        order in Just(vec![0, 1, 2]).prop_shuffle(), extra in proptest::option::of("[a-z]{1,6}"), space in "[ \t\n]{0,2}", kid in "[!-~&&[^\"\\\\]]{0,40}",
    ) {
        let ours = [r#""alg":"EdDSA""#.to_owned(), r#""typ":"link+jwt""#.to_owned(), format!("\"kid\":\"{}\"", KEYS[0])];
        let mut fields: Vec<String> = order.iter().map(|field: &usize| ours[*field].clone()).collect();
        link::check_header(format!("{{{}}}", fields.join(&format!(",{space}"))).as_bytes());
        link::check_header(format!("{{{}{space}}}", ours.join(",")).as_bytes());
        link::check_header(format!("{{{},{},\"kid\":\"{kid}\"}}", ours[0], ours[1]).as_bytes());
        fields.extend(extra.map(|name| format!("\"{name}\":[\"exp\"]")));
        link::check_header(format!("{{{}}}", fields.join(",")).as_bytes());
    }

    #[test]
    fn no_claim_of_another_form_makes_a_link(field in 0_usize..15, value in prop_oneof![
        Just("null".to_owned()), Just("[]".to_owned()), Just("{}".to_owned()), Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()), any::<f64>().prop_map(|number| number.to_string()),
        "\\PC{0,120}".prop_map(|text| Value::from(text).to_string()), "\\PC{0,40}",
    ]) {
        let claims = claims(&TOKENS[0]);
        let mut fields: Vec<String> = claims.as_object().unwrap().iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let name = claims.as_object().unwrap().keys().nth(field).unwrap();
        fields[field] = format!("\"{name}\":{value}");
        link::check_claims(format!("{{{}}}", fields.join(",")).as_bytes());
    }
}
