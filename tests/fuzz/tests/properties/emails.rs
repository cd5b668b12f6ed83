//! Emails and pages about any request.

use fuzz::{email, page};
use proptest::prelude::*;

use crate::bytes;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_email_is_one_message_to_one_person_without_a_strangers_markup(bytes in bytes()) {
        email::run(&bytes);
    }

    #[test]
    fn a_page_has_the_markup_of_its_template(bytes in bytes()) {
        page::run(&bytes);
    }
}
