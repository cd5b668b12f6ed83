//! The deployment that the sandbox plays: its names, its policies, and the settings that its template would give the
//! functions.

use countersign::approval::{AccountId, Region};
use countersign::events;
use serde_json::json;

/// The account that everything in the sandbox belongs to. The crates behind DynamoDB, SSM and STS use the same.
pub const ACCOUNT: &str = winterbaume_core::DEFAULT_ACCOUNT_ID;
/// The region that everything is in, unless a played record says otherwise.
pub(crate) const REGION: &str = "us-east-2";
/// The ledger's table.
pub const TABLE: &str = "countersign";
/// The configuration set that the emails are sent with. The notifier may use no other.
pub const CONFIGURATION_SET: &str = "sandbox";
/// The queue that SES's events about emails come through.
pub const EMAIL_QUEUE: &str = "arn:aws:sqs:us-east-2:123456789012:sandbox-emails";
/// The queue that the sweep fans out through.
pub(crate) const SWEEP_QUEUE: &str = "arn:aws:sqs:us-east-2:123456789012:sandbox-sweep.fifo";
/// Its URL.
pub(crate) const SWEEP_QUEUE_URL: &str = "https://sqs.us-east-2.amazonaws.com/123456789012/sandbox-sweep.fifo";
/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "sandbox";
/// The name of the SSM parameter with the policy.
pub const POLICY: &str = "/sandbox/policy";
/// The name of the SSM parameter with accounts that are served beside those in the settings.
pub const ACCOUNTS: &str = "/sandbox/accounts";
/// How the access key ids of both functions begin.
pub(crate) const FUNCTION_KEY: &str = "AKIASANDBOX";
/// The access key ids by which the functions' roles are known.
pub const NOTIFIER_KEY: &str = "AKIASANDBOXNOTIFIER";
/// The callback's access key id: see [`NOTIFIER_KEY`].
pub const CALLBACK_KEY: &str = "AKIASANDBOXCALLBACK";

/// The names of the functions' roles.
pub const NOTIFIER_ROLE: &str = "countersign-notifier";
/// The name of the callback's role: see [`NOTIFIER_ROLE`].
pub const CALLBACK_ROLE: &str = "countersign-callback";
/// What the names of the roles begin with that the functions assume in the accounts that they serve.
pub const ROLE_PREFIX: &str = "countersign";
/// The bus that members forward approval events to.
pub(crate) const MEMBER_BUS: &str = "arn:aws:events:us-east-2:123456789012:event-bus/sandbox-members";
/// The dead-letter queue of the rules in the hub's own stack.
pub(crate) const HUB_DEAD_LETTERS: &str = "sandbox-RuleDeadLetterQueue-1A2B3C";
/// The detail types of the callback's events that the hub's rule hands to the notifier.
pub(crate) const HINTS: [&str; 2] = [events::VOTE_RECORDED, events::REQUEST_MISSING];
/// The detail types of the events that the callback's role may put, and those that the notifier's may.
pub(crate) const CALLBACK_EVENTS: [&str; 2] = HINTS;
pub(crate) const NOTIFIER_EVENTS: [&str; 4] =
    [events::APPROVAL_REQUESTED, events::VOTE_RECORDED, events::APPROVAL_ENDED, events::EMAIL_UNDELIVERED];

/// The resource policy of the ledger's table, as the templates have it: nobody but the functions writes items. Nothing
/// denies reading, removing the policy, deleting the table or restoring it.
#[must_use]
pub fn table_policy(table_arn: &str) -> String {
    let functions = [both_arns(NOTIFIER_ROLE), both_arns(CALLBACK_ROLE)].concat();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "DenyWritesExceptByFunctions",
            "Effect": "Deny",
            "Principal": "*",
            "Action": [
                "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem",
                "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete",
            ],
            "Resource": table_arn,
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": functions},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        }],
    })
    .to_string()
}

/// The policy of a key that only one role signs with, as the templates have it.
#[must_use]
pub fn key_policy(role: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AllowAdministrationByAccount",
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "DenySigningExceptByRole",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "kms:Sign",
                "Resource": "*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": both_arns(role)}},
            },
        ],
    })
    .to_string()
}

/// A role that the functions assume in an account that they serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRole {
    /// With which both functions read.
    Reading,
    /// With which the callback puts results, each in an approver's name.
    Deciding,
}

impl MemberRole {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Reading, Self::Deciding];

    /// The role's name.
    #[must_use]
    pub fn name(self) -> String {
        let suffix = match self {
            Self::Reading => "read",
            Self::Deciding => "decide",
        };
        format!("{ROLE_PREFIX}-{suffix}")
    }

    /// The role's ARN in this account.
    #[must_use]
    pub fn arn(self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role/{}", self.name())
    }

    /// Who may assume it, as the templates have it. The principal is the hub's account, since a role's ARN there is
    /// resolved to an id, and a hub that was made anew would be nobody.
    #[must_use]
    pub fn trust_policy(self) -> String {
        let (functions, actions) = match self {
            Self::Reading => ([both_arns(NOTIFIER_ROLE), both_arns(CALLBACK_ROLE)].concat(), json!("sts:AssumeRole")),
            Self::Deciding => (both_arns(CALLBACK_ROLE).to_vec(), json!(["sts:AssumeRole", "sts:SetSourceIdentity"])),
        };
        let mut condition = json!({"ArnLike": {"aws:PrincipalArn": functions}});
        if let (Self::Deciding, Some(condition)) = (self, condition.as_object_mut()) {
            condition.insert("StringLike".to_owned(), json!({"sts:SourceIdentity": "*"}));
        }
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "TrustHub",
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
                "Action": actions,
                "Condition": condition,
            }],
        })
        .to_string()
    }

    /// What it may do in its account, as the templates have it.
    #[must_use]
    pub fn rights(self, account: &str) -> String {
        let queues = format!("arn:aws:sqs:*:{account}:{}", dead_letters_name());
        let statements = match self {
            Self::Reading => json!([
                {
                    "Sid": "ReadPipelines",
                    "Effect": "Allow",
                    "Action": [
                        "codepipeline:GetPipeline",
                        "codepipeline:GetPipelineExecution",
                        "codepipeline:GetPipelineState",
                        "codepipeline:ListActionExecutions",
                        "codepipeline:ListPipelineExecutions",
                    ],
                    "Resource": format!("arn:aws:codepipeline:*:{account}:*"),
                },
                {"Sid": "ListPipelines", "Effect": "Allow", "Action": "codepipeline:ListPipelines", "Resource": "*"},
                {
                    "Sid": "CheckRule",
                    "Effect": "Allow",
                    "Action": ["events:DescribeRule", "events:ListTargetsByRule"],
                    "Resource": format!("arn:aws:events:*:{account}:rule/{}", rule_name()),
                },
                {
                    "Sid": "CheckRuleDeadLetters",
                    "Effect": "Allow",
                    "Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
                    "Resource": if account == ACCOUNT {
                        json!([queues, format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{HUB_DEAD_LETTERS}")])
                    } else {
                        json!(queues)
                    },
                },
            ]),
            Self::Deciding => json!({
                "Sid": "PutApprovalResults",
                "Effect": "Allow",
                "Action": "codepipeline:PutApprovalResult",
                "Resource": format!("arn:aws:codepipeline:*:{account}:*/*/*"),
            }),
        };
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }
}

/// The name of the rule for approval events in every account and region.
pub(crate) fn rule_name() -> String {
    format!("{DEPLOYMENT}-approvals")
}

/// The name of that rule's dead-letter queue in every region of a member.
pub(crate) fn dead_letters_name() -> String {
    format!("{DEPLOYMENT}-approvals-dead-letters")
}

/// A role's ARN, which AWS compares, and the pattern of its sessions' ARNs, which some other evaluators compare.
fn both_arns(role: &str) -> [String; 2] {
    [format!("arn:aws:iam::{ACCOUNT}:role/{role}"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/*")]
}

/// The accounts and regions whose approvals are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// The accounts.
    pub accounts: Vec<String>,
    /// The regions, of each account.
    pub regions: Vec<String>,
}

impl Members {
    /// Reads accounts and regions, as `ACCOUNT/REGION` and separated by commas. Each of the accounts is served in each of the
    /// regions.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut members = Self { accounts: Vec::new(), regions: Vec::new() };
        for member in text.split(',').map(str::trim) {
            let (account, region) = member.split_once('/').ok_or_else(|| format!("{member} is not ACCOUNT/REGION"))?;
            account.parse::<AccountId>().map_err(|error| format!("{member}: {error}"))?;
            region.parse::<Region>().map_err(|error| format!("{member}: {error}"))?;
            for (names, name) in [(&mut members.accounts, account), (&mut members.regions, region)] {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        Ok(members)
    }
}

impl Default for Members {
    /// The hub alone.
    fn default() -> Self {
        Self { accounts: vec![ACCOUNT.to_owned()], regions: vec![REGION.to_owned()] }
    }
}

/// The keys of the deployment.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) request: String,
    pub(crate) vote: String,
}

/// The settings of both functions, with links that point at `url`.
pub(crate) fn settings(url: &str, keys: &Keys, members: &Members) -> impl Fn(&str) -> Option<String> + use<> {
    let (url, keys, members) = (url.to_owned(), keys.clone(), members.clone());
    move |name| {
        Some(match name {
            "COUNTERSIGN_DEPLOYMENT" => DEPLOYMENT.to_owned(),
            "COUNTERSIGN_ACCOUNTS" => members.accounts.join(","),
            "COUNTERSIGN_PIPELINE_REGIONS" => members.regions.join(","),
            "COUNTERSIGN_CALLBACK_URL" => url.clone(),
            // API Gateway's own domain name always goes with https.
            "COUNTERSIGN_ORIGINS" if url.starts_with("http://") => url.clone(),
            "COUNTERSIGN_REQUEST_KEYS" => keys.request.clone(),
            "COUNTERSIGN_VOTE_KEYS" => keys.vote.clone(),
            "COUNTERSIGN_MEMBER_ROLES" => format!("arn:aws:iam::*:role/{ROLE_PREFIX}"),
            "COUNTERSIGN_MEMBER_BUS" => MEMBER_BUS.to_owned(),
            "COUNTERSIGN_CALLBACK_ROLE" => format!("arn:aws:iam::{ACCOUNT}:role/{CALLBACK_ROLE}"),
            "AWS_REGION" => REGION.to_owned(),
            "COUNTERSIGN_TABLE" => TABLE.to_owned(),
            "COUNTERSIGN_SENDER" => "Countersign <approvals@example.com>".to_owned(),
            "COUNTERSIGN_CONFIGURATION_SET" => CONFIGURATION_SET.to_owned(),
            "COUNTERSIGN_EMAIL_QUEUE" => EMAIL_QUEUE.to_owned(),
            "COUNTERSIGN_SWEEP_QUEUE" => SWEEP_QUEUE_URL.to_owned(),
            "COUNTERSIGN_POLICY" => POLICY.to_owned(),
            _ => return None,
        })
    }
}
