//! Who acts in AWS: the full ARN of an IAM user, of a role's session, or of anything else that IAM and STS name.

use super::checked::{checked_text, secret_text};

checked_text!(
    /// A principal's full ARN, such as `arn:aws:iam::123456789012:user/ada`. A session's name is often an address, so it
    /// must not reach a log; [`for_log`](Self::for_log) may.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
    PrincipalArn, "the principal", max 2048, "the ARN of an IAM or STS principal",
    |text| text.bytes().all(|b| b.is_ascii_graphic()) && ArnParts::of(text).is_some()
);
secret_text!(PrincipalArn);

/// The parts of a principal's ARN that differ among principals.
struct ArnParts<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    /// All after the account, such as `user/ada`.
    resource: &'a str,
}

impl<'a> ArnParts<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some("")) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let (account, resource) = (parts.next()?, parts.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let is_named = !resource.is_empty() && resource.split('/').all(|segment| !segment.is_empty());
        let is_principal = matches!(service, "iam" | "sts") && !partition.is_empty();
        (is_principal && is_account && is_named).then_some(Self { partition, service, account, resource })
    }
}

/// The kinds of principals that can be a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind<'a> {
    /// An IAM user.
    User {
        /// The user's name, without its path.
        name: &'a str,
    },
    /// A session of a role.
    Session {
        /// The role's name.
        role: &'a str,
        /// The session's name. Whoever assumes the role picks it, unless an identity provider does.
        name: &'a str,
    },
    /// The root user, a federated user, or something new: nobody in particular.
    Other,
}

impl PrincipalArn {
    /// The account that the principal belongs to.
    #[must_use]
    pub fn account(&self) -> &str {
        ArnParts::of(self.expose()).map_or("", |parts| parts.account)
    }

    /// What kind of principal it is.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind<'_> {
        let Some(parts) = ArnParts::of(self.expose()) else { return PrincipalKind::Other };
        let segments: Vec<&str> = parts.resource.split('/').collect();
        match (parts.service, segments.as_slice()) {
            ("iam", ["user", .., name]) => PrincipalKind::User { name },
            ("sts", ["assumed-role", role, name]) => PrincipalKind::Session { role, name },
            _ => PrincipalKind::Other,
        }
    }

    /// The last part, by which AWS calls the principal. It must not reach a log.
    #[must_use]
    pub fn expose_name(&self) -> &str {
        self.expose().rsplit(['/', ':']).next().unwrap_or_default()
    }

    /// The ARN, with `…` for each part that has an `@` and so may be an address.
    #[must_use]
    pub fn for_log(&self) -> String {
        let Some(ArnParts { partition, service, account, resource }) = ArnParts::of(self.expose()) else {
            return "…".to_owned();
        };
        let shown = |part: &str| if part.contains('@') { "…".to_owned() } else { part.to_owned() };
        let resource: Vec<String> = resource.split('/').map(shown).collect();
        format!("arn:{}:{service}::{account}:{}", shown(partition), resource.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(text: &str) -> PrincipalArn {
        text.parse().unwrap()
    }

    #[test]
    fn a_principal_is_a_user_a_session_or_nobody_in_particular() {
        use PrincipalKind::{Other, Session, User};
        for (arn, kind, name) in [
            ("arn:aws:iam::123456789012:user/ada", User { name: "ada" }, "ada"),
            ("arn:aws-us-gov:iam::123456789012:user/division/team/ada", User { name: "ada" }, "ada"),
            (
                "arn:aws:sts::123456789012:assumed-role/Release/ada@example.com",
                Session { role: "Release", name: "ada@example.com" },
                "ada@example.com",
            ),
            // No session's name has a slash: this is no session that we know.
            ("arn:aws:sts::123456789012:assumed-role/Release/x/ada", Other, "ada"),
            ("arn:aws:sts::123456789012:assumed-role/Release", Other, "Release"),
            ("arn:aws:sts::123456789012:federated-user/ada", Other, "ada"),
            ("arn:aws:iam::123456789012:root", Other, "root"),
            ("arn:aws:iam::123456789012:user", Other, "user"),
            ("arn:aws:iam::123456789012:assumed-role/Release/ada", Other, "ada"),
            ("arn:aws:sts::123456789012:user/ada", Other, "ada"),
        ] {
            let principal = principal(arn);
            assert_eq!((principal.kind(), principal.expose_name()), (kind, name), "{arn}");
            assert_eq!(principal.account(), "123456789012");
        }
    }

    #[test]
    fn what_is_no_principal_of_an_account_is_refused() {
        for arn in [
            "",
            "ada",
            "arn:aws:events:us-east-2:123456789012:rule/nightly",
            "arn:aws:iam:us-east-2:123456789012:user/ada",
            "arn:aws:iam::aws:policy/ada",
            "arn:aws:iam::12345678901:user/ada",
            "arn:aws:iam::123456789012",
            "arn:aws:iam::123456789012:",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:user//ada",
            "arn::iam::123456789012:user/ada",
            "arn:aws:iam::123456789012:user/ada lovelace",
            "arn:aws:iam::123456789012:user/ada\n",
        ] {
            assert!(arn.parse::<PrincipalArn>().is_err(), "{arn:?}");
        }
    }

    #[test]
    fn a_log_gets_no_address() {
        for (arn, logged) in [
            ("arn:aws:iam::123456789012:user/ada", "arn:aws:iam::123456789012:user/ada"),
            ("arn:aws:iam::123456789012:user/a@b/ada", "arn:aws:iam::123456789012:user/…/ada"),
            (
                "arn:aws:sts::123456789012:assumed-role/Admin/ada@example.com",
                "arn:aws:sts::123456789012:assumed-role/Admin/…",
            ),
        ] {
            assert_eq!(principal(arn).for_log(), logged);
        }
        assert_eq!(format!("{:?}", principal("arn:aws:iam::123456789012:user/ada")), "PrincipalArn(…)");
    }
}
