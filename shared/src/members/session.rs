//! What the session of an approver is called.

use aws_lc_rs::digest::{SHA256, digest};

use crate::approval::Address;
use crate::approval::checked::secret_text;

/// The longest name, in characters: STS has the same limit for names of sessions and for source identities.
const MAX: usize = 64;
/// How much of the address is left where it is cut, in characters.
const READABLE: usize = 30;
/// What stands between the readable beginning and the digest. No escape has it.
const CUT: &str = "=.";

/// The name of the session in which an approver's decision is made, and its source identity: the approver's address, with
/// what STS does not take (`[\w+=,.@-]`) escaped as in quoted-printable, so that no two addresses have the same. One that is
/// too long is cut, and ends in a digest of the whole.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionName(String);

secret_text!(SessionName);

impl SessionName {
    /// The name for the approver with this address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        let mut name = String::new();
        for byte in address.expose().bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b',' | b'.' | b'@' | b'-') {
                name.push(char::from(byte));
            } else {
                name.push_str(&format!("={byte:02X}"));
            }
        }
        if name.len() > MAX {
            let whole = digest(&SHA256, address.expose().as_bytes());
            let digits: String = whole.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            name.truncate(READABLE);
            name.push_str(CUT);
            name.extend(digits.chars().take(MAX - READABLE - CUT.len()));
        }
        Self(name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn name(address: &str) -> String {
        SessionName::of(&address.parse().unwrap()).expose().to_owned()
    }

    #[test]
    fn the_name_is_the_address_as_far_as_sts_takes_it() {
        for (address, expected) in [
            ("ada@example.com", "ada@example.com"),
            ("Ada.Lovelace+releases_1@sub.example.co.uk", "Ada.Lovelace+releases_1@sub.example.co.uk"),
            ("o'neil@xn--bcher-kva.example", "o=27neil@xn--bcher-kva.example"),
            ("a=b@example.com", "a=3Db@example.com"),
            ("a=3Db@example.com", "a=3D3Db@example.com"),
            ("a!#$%&*/?^`{|}~@b.example", "a=21=23=24=25=26=2A=2F=3F=5E=60=7B=7C=7D=7E@b.example"),
        ] {
            assert_eq!(name(address), expected);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_still_names_one_person() {
        let domain = "a-department-with-a-long-name.example.com";
        let (one, other) =
            (format!("ada.lovelace.of.the.first.team@{domain}"), format!("ada.lovelace.of.the.first.team@{domain}.uk"));
        let (one, other) = (name(&one), name(&other));
        assert_eq!(one.len(), 64);
        assert!(one.starts_with("ada.lovelace.of.the.first.team=."), "{one}");
        assert_ne!(one, other);
        // The longest that there may be, with an escape at the cut.
        let longest =
            format!("{}@{}.example", "'".repeat(64), ["x".repeat(60), "y".repeat(60), "z".repeat(50)].join("."));
        assert_eq!(name(&longest).len(), 64);
    }

    #[test]
    fn every_address_has_a_name_that_sts_takes_and_no_two_share_one() {
        let mut names = BTreeSet::new();
        let mut taken = 0;
        for byte in 0x21..0x7f_u8 {
            for address in [
                format!("{0}a{0}@b.example", char::from(byte)),
                format!("{0}@{1}.example", char::from(byte), "c".repeat(60)),
            ] {
                let Ok(address) = address.parse::<Address>() else { continue };
                let name = SessionName::of(&address).expose().to_owned();
                assert!((2..=64).contains(&name.len()), "{name}");
                assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)), "{name}");
                taken += 1;
                assert!(names.insert(name), "{address:?}");
            }
        }
        assert!(taken > 150, "{taken}");
    }
}
