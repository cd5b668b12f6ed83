//! Who calls, as AWS knows it from the access key.

use super::rights::{Rights, member_role};
use crate::codepipeline::AwsError;
use crate::deployment::{ACCOUNT, CALLBACK_KEY, CALLBACK_ROLE, NOTIFIER_KEY, NOTIFIER_ROLE};

/// An IAM user, or a session of a role.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The ARN that AWS names the caller by: in `lastUpdatedBy`, in triggers and in refusals.
    pub(super) arn: String,
    /// The value of `aws:PrincipalArn` in policies. For a session it is the role's ARN, never the session's ("AWS
    /// global condition context keys" in the IAM user guide).
    pub(super) principal: String,
    /// The source identity of a session, which it hands on to sessions that it begins.
    pub(super) source_identity: Option<String>,
    /// What the caller's own policies allow.
    pub(super) rights: Rights,
}

impl Caller {
    /// The owner of an access key that no session has: the functions' keys belong to their roles, any other to a user of
    /// that name in the hub's account.
    pub(super) fn of_key(access_key: Option<&str>) -> Self {
        match access_key {
            Some(NOTIFIER_KEY) => Self::function(NOTIFIER_ROLE),
            Some(CALLBACK_KEY) => Self::function(CALLBACK_ROLE),
            Some(key) => Self::user(key),
            None => Self::user("anonymous"),
        }
    }

    /// A session of the role with this ARN, or nothing if that is no role's ARN. The session's ARN has the role's
    /// partition, account and name, and not its path ("IAM identifiers" in the IAM user guide).
    pub(super) fn session(role_arn: &str, name: &str) -> Option<Self> {
        let mut parts = role_arn.splitn(6, ':');
        let ["arn", partition, "iam", "", account, resource] = std::array::from_fn(|_| parts.next().unwrap_or("?"))
        else {
            return None;
        };
        let role = resource.strip_prefix("role/")?.rsplit('/').next()?;
        let fits =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        let is_account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
        (is_account && partition.starts_with("aws") && fits(role)).then(|| Self {
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}"),
            principal: role_arn.to_owned(),
            source_identity: None,
            rights: Rights::of_role(role_arn),
        })
    }

    /// Refuses what the caller's own policies do not allow.
    pub(super) fn check(&self, action: &str, resource: &str) -> Result<(), AwsError> {
        self.rights.check(self, action, resource)
    }

    /// Whether the caller may put an event of this source and detail type.
    pub(super) fn may_put(&self, source: &str, detail_type: &str) -> bool {
        self.rights.allow_event(source, detail_type)
    }

    /// Whether it is a session of a role that the functions assume in the accounts that they serve.
    pub(super) fn is_of_member_role(&self) -> bool {
        member_role(&self.principal).is_some()
    }

    /// Whether it is one of the functions.
    pub(super) fn is_function(&self) -> bool {
        self.rights.are_of_function()
    }

    /// Whether it is a session of a role.
    pub(super) fn is_session(&self) -> bool {
        self.arn.contains(":assumed-role/")
    }

    /// The account of the user or of the role.
    pub(super) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// Whether what belongs to the hub's account is the caller's own.
    pub(super) fn is_of_the_hub(&self) -> bool {
        self.account() == ACCOUNT
    }

    fn user(name: &str) -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        Self { principal: arn.clone(), arn, source_identity: None, rights: Rights::default() }
    }

    fn function(role: &str) -> Self {
        let principal = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/sandbox");
        Self { arn, rights: Rights::of_role(&principal), principal, source_identity: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_a_function_or_to_a_user() {
        let cases = [
            (
                Some("AKIASANDBOXNOTIFIER"),
                "sts",
                "assumed-role/countersign-notifier/sandbox",
                "role/countersign-notifier",
            ),
            (
                Some("AKIASANDBOXCALLBACK"),
                "sts",
                "assumed-role/countersign-callback/sandbox",
                "role/countersign-callback",
            ),
            (Some("ben"), "iam", "user/ben", "user/ben"),
            (None, "iam", "user/anonymous", "user/anonymous"),
        ];
        for (key, service, resource, principal) in cases {
            let caller = Caller::of_key(key);
            assert_eq!(caller.arn, format!("arn:aws:{service}::123456789012:{resource}"));
            assert_eq!(caller.principal, format!("arn:aws:iam::123456789012:{principal}"));
            assert_eq!(caller.account(), "123456789012");
        }
    }

    #[test]
    fn a_session_has_the_account_and_the_name_of_its_role() {
        let cases = [
            ("arn:aws:iam::210987654321:role/decider", Some("arn:aws:sts::210987654321:assumed-role/decider/ben")),
            ("arn:aws:iam::123456789012:role/a/b/decider", Some("arn:aws:sts::123456789012:assumed-role/decider/ben")),
            ("arn:aws-cn:iam::123456789012:role/x", Some("arn:aws-cn:sts::123456789012:assumed-role/x/ben")),
            ("arn:aws:iam::123456789012:user/ben", None),
            ("arn:aws:iam::123456789012:role/", None),
            ("arn:aws:iam::123456789012:role/a:b", None),
            ("arn:aws:iam::1234:role/decider", None),
            ("arn:aws:sts::123456789012:assumed-role/decider/x", None),
            ("decider", None),
        ];
        for (role, arn) in cases {
            let session = Caller::session(role, "ben");
            assert_eq!(session.as_ref().map(|session| session.arn.as_str()), arn, "{role}");
            assert_eq!(session.map(|session| session.principal), arn.map(|_| role.to_owned()), "{role}");
        }
    }
}
