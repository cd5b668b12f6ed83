//! Names: what AWS and a deployment call things.

use super::checked::{checked_text, public_text, secret_text};

/// `[A-Za-z0-9.@\-_]+`: names of pipelines, stages and actions, as the CodePipeline API has them.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'-' | b'_'))
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// `us-gov-west-1`: some words and a number. It becomes a part of hosts that get credentials: `s3-us-west-2` would make the
/// host of CodePipeline there one of a bucket.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_place = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_word = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    is_place(first) && !middle.is_empty() && middle.iter().all(is_word) && is_number(last)
}

checked_text!(
    /// An AWS account id, 12 digits.
    AccountId, "the account", max 12, "12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
public_text!(AccountId);

checked_text!(
    /// An AWS region, such as `eu-central-1`.
    Region, "the region", max 32, "a region name such as eu-central-1",
    is_region
);
public_text!(Region);

checked_text!(
    /// A pipeline's name.
    PipelineName, "the pipeline name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(PipelineName);

checked_text!(
    /// How the names of the pipelines begin that a deployment serves.
    PipelinePrefix, "the prefix", max 80, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(PipelinePrefix);

impl PipelinePrefix {
    /// Whether the pipeline of this name is one of them.
    #[must_use]
    pub fn has(&self, pipeline: &PipelineName) -> bool {
        pipeline.as_str().starts_with(self.as_str())
    }
}

checked_text!(
    /// A stage's name.
    StageName, "the stage name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(StageName);

checked_text!(
    /// An action's name.
    ActionName, "the action name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(ActionName);

checked_text!(
    /// A pipeline execution's id. A UUID in practice; kept opaque.
    ExecutionId, "the pipeline execution id", max 64, "made of letters, digits and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
public_text!(ExecutionId);

checked_text!(
    /// CodePipeline's id of one run of an action. A UUID in practice; kept opaque.
    ActionExecutionId, "the action execution id", max 64, "made of letters, digits and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
public_text!(ActionExecutionId);

checked_text!(
    /// The ARN of an IAM role.
    RoleArn, "the role", max 256, "the ARN of an IAM role", |text| RoleParts::of(text).is_some()
);
public_text!(RoleArn);

checked_text!(
    /// The ARN of an identity of SES, perhaps in another account.
    IdentityArn, "the identity", max 512, "the ARN of an SES identity", |text| identity_of(text).is_some()
);
public_text!(IdentityArn);

impl IdentityArn {
    /// The account that the identity is of.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

/// The name in the ARN of an identity: `arn:PARTITION:ses:REGION:ACCOUNT:identity/NAME`.
fn identity_of(arn: &str) -> Option<&str> {
    let ["arn", partition, "ses", region, account, resource] = arn.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_name =
        |name: &&str| !name.is_empty() && !name.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control());
    let is_arn = partition.starts_with("aws") && !region.is_empty() && is_account;
    resource.strip_prefix("identity/").filter(|_| is_arn).filter(is_name)
}

checked_text!(
    /// The roles that the functions assume in the accounts that they serve: a role's ARN with `*` for the account, and
    /// without the ends of the names, `-read` and `-decide`.
    MemberRoles, "the roles", max 256, "the ARN of a role with * for the account, such as arn:aws:iam::*:role/countersign",
    |text| {
        let arn = text.replacen("::*:", "::000000000000:", 1);
        let longest = RoleParts::LONGEST_NAME - MemberRoles::DECIDING.len();
        arn != text && RoleParts::of(&arn).is_some_and(|parts| parts.name.len() <= longest)
    }
);
public_text!(MemberRoles);

impl MemberRoles {
    const READING: &str = "-read";
    const DECIDING: &str = "-decide";

    /// The role that the functions read with in this account.
    #[must_use]
    pub fn reading(&self, account: &AccountId) -> RoleArn {
        self.role(account, Self::READING)
    }

    /// The role that the callback decides with in this account.
    #[must_use]
    pub fn deciding(&self, account: &AccountId) -> RoleArn {
        self.role(account, Self::DECIDING)
    }

    /// The partition that the accounts are in, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    fn role(&self, account: &AccountId, end: &str) -> RoleArn {
        RoleArn(self.0.replacen("::*:", &format!("::{account}:"), 1) + end)
    }
}

impl RoleArn {
    /// The pattern of the ARNs of its sessions.
    #[must_use]
    pub fn session_pattern(&self) -> String {
        RoleParts::of(&self.0).map_or_else(String::new, |RoleParts { partition, account, name }| {
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/*")
        })
    }

    /// Whether `principal`, an ARN as AWS names callers, is a session of this role.
    #[must_use]
    pub fn has_session(&self, principal: &str) -> bool {
        RoleParts::of(&self.0).is_some_and(|RoleParts { partition, account, name }| {
            let session = principal.strip_prefix(&format!("arn:{partition}:sts::{account}:assumed-role/{name}/"));
            session.is_some_and(|session| !session.is_empty())
        })
    }
}

/// What a role's ARN shares with those of its sessions, which have no path.
struct RoleParts<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> RoleParts<'a> {
    /// The longest name that IAM gives a role, in characters.
    const LONGEST_NAME: usize = 64;

    fn of(arn: &'a str) -> Option<Self> {
        let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
        let (account, path) = rest.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
        let is_partition = partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let is_whole = is_partition && is_account && !name.is_empty() && name.bytes().all(is_name);
        is_whole.then_some(Self { partition, account, name })
    }
}

checked_text!(
    /// CodePipeline's approval token. The API model calls it a UUID, AWS's own samples break that: it is kept opaque.
    ApprovalToken, "the approval token", max 100, "made of visible ASCII characters", is_graphic
);
secret_text!(ApprovalToken);

checked_text!(
    /// The name of one installation of Countersign, `iss` of all that it signs. Two installations that share a key still
    /// refuse each other's links.
    Deployment, "the deployment name", max 64, "made of letters, digits, '.' and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
);
public_text!(Deployment);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ParseError;

    #[test]
    fn names_are_what_the_api_allows() {
        for name in ["MyFirstPipeline", "a.b@c-d_e", "9", &"x".repeat(100)] {
            assert_eq!(name.parse::<PipelineName>().unwrap().as_str(), name);
        }
        assert_eq!("".parse::<PipelineName>(), Err(ParseError::Empty { what: "the pipeline name" }));
        assert_eq!("x".repeat(101).parse::<StageName>(), Err(ParseError::TooLong { what: "the stage name", max: 100 }));
        for name in ["a b", "a/b", "a\n", "ä", "a:b", "<b>"] {
            assert!(matches!(name.parse::<ActionName>(), Err(ParseError::Form { .. })), "{name:?}");
        }
    }

    #[test]
    fn a_prefix_has_the_pipelines_whose_names_begin_with_it() {
        let prefix: PipelinePrefix = "team-a-".parse().unwrap();
        for (name, expected) in [("team-a-web", true), ("team-a-", true), ("team-a", false), ("Team-A-web", false)] {
            assert_eq!(prefix.has(&name.parse().unwrap()), expected, "{name}");
        }
        for wrong in ["", "team a", "team*", "team/", &"x".repeat(81)] {
            assert!(wrong.parse::<PipelinePrefix>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_region_is_nothing_that_makes_another_host() {
        for name in ["us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-7", "mx-central-1"]
        {
            assert_eq!(name.parse::<Region>().unwrap().as_str(), name);
        }
        for name in ["", "s3", "none", "us-east", "east-1", "s3-us-west-2", "s3-1", "us--1", "us-east-1a", "-us-east-1"]
        {
            assert!(name.parse::<Region>().is_err(), "{name:?}");
        }
        for name in ["us-east-1.evil", "us-east-1/", "us-east-1#", "US-EAST-1", "us-east-1\n", "us-é-1"] {
            assert!(name.parse::<Region>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_role_has_its_own_sessions_and_no_others() {
        let role: RoleArn = "arn:aws:iam::123456789012:role/service/countersign-callback".parse().unwrap();
        for (principal, expected) in [
            ("arn:aws:sts::123456789012:assumed-role/countersign-callback/countersign-callback", true),
            ("arn:aws:sts::123456789012:assumed-role/countersign-callback/ada@example.com", true),
            ("arn:aws:sts::123456789012:assumed-role/countersign-callback/", false),
            ("arn:aws:sts::123456789012:assumed-role/countersign-callback-2/x", false),
            ("arn:aws:sts::999999999999:assumed-role/countersign-callback/x", false),
            ("arn:aws:iam::123456789012:role/countersign-callback", false),
            ("arn:aws:iam::123456789012:user/countersign-callback/x", false),
            ("assumed-role/countersign-callback/x", false),
            ("", false),
        ] {
            assert_eq!(role.has_session(principal), expected, "{principal}");
        }
        for arn in ["", "arn:aws:iam::1:role/a", "arn:aws:iam::123456789012:user/a", "arn:aws:iam::123456789012:role/"]
        {
            assert!(arn.parse::<RoleArn>().is_err(), "{arn}");
        }
    }

    #[test]
    fn every_account_has_the_same_two_roles() {
        let roles: MemberRoles = "arn:aws-us-gov:iam::*:role/delivery/countersign".parse().unwrap();
        let account = "210987654321".parse().unwrap();
        let of = "arn:aws-us-gov:iam::210987654321:role/delivery/countersign";
        assert_eq!(roles.reading(&account).as_str(), format!("{of}-read"));
        assert_eq!(roles.deciding(&account).as_str(), format!("{of}-decide"));
        assert_eq!(roles.partition(), "aws-us-gov");
        let longest = format!("arn:aws:iam::*:role/{}", "x".repeat(57));
        assert!(longest.parse::<MemberRoles>().is_ok());
        for wrong in [
            "",
            "countersign",
            "arn:aws:iam::123456789012:role/countersign",
            "arn:aws:iam::*:role/",
            "arn:aws:iam::*:user/countersign",
            "arn:aws:iam::*:role/*",
            "arn:*:iam::*:role/countersign",
            &format!("{longest}x"),
        ] {
            assert!(wrong.parse::<MemberRoles>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_identity_is_named_with_its_account() {
        let identity: IdentityArn = "arn:aws:ses:eu-west-1:210987654321:identity/example.com".parse().unwrap();
        assert_eq!(identity.account(), "210987654321");
        for arn in [
            "",
            "example.com",
            "arn:aws:ses:eu-west-1:1:identity/example.com",
            "arn:aws:ses:eu-west-1:210987654321:identity/",
            "arn:aws:ses:eu-west-1:210987654321:configuration-set/a",
            "arn:aws:ses::210987654321:identity/example.com",
            "arn:aws:sns:eu-west-1:210987654321:identity/example.com",
        ] {
            assert!(arn.parse::<IdentityArn>().is_err(), "{arn}");
        }
    }

    #[test]
    fn tokens_are_opaque_but_bounded() {
        for token in ["1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN", "a/b+c=="] {
            assert!(token.parse::<ApprovalToken>().is_ok(), "{token:?}");
        }
        for token in ["", "a b", "a\nb", "ä", &"x".repeat(101)] {
            assert!(token.parse::<ApprovalToken>().is_err(), "{token:?}");
        }
    }
}
