//! The deployment that the sandbox plays: its names, its policies, and the settings that its template would give the
//! functions.

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
/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "sandbox";
/// The name of the SSM parameter with the policy.
pub const POLICY: &str = "/sandbox/policy";
/// The access key ids by which the functions' roles are known.
pub const NOTIFIER_KEY: &str = "AKIASANDBOXNOTIFIER";
/// The callback's access key id: see [`NOTIFIER_KEY`].
pub const CALLBACK_KEY: &str = "AKIASANDBOXCALLBACK";

/// The names of the functions' roles.
pub const NOTIFIER_ROLE: &str = "countersign-notifier";
/// The name of the callback's role: see [`NOTIFIER_ROLE`].
pub const CALLBACK_ROLE: &str = "countersign-callback";
/// The detail types of the callback's events that the hub's rule hands to the notifier.
pub(crate) const HINTS: [&str; 2] = [events::VOTE_RECORDED, events::REQUEST_MISSING];

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

/// A role's ARN, which AWS compares, and the pattern of its sessions' ARNs, which some other evaluators compare.
fn both_arns(role: &str) -> [String; 2] {
    [format!("arn:aws:iam::{ACCOUNT}:role/{role}"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/*")]
}

/// The keys of the deployment.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) request: String,
    pub(crate) vote: String,
}

/// The settings of both functions, with links that point at `url`.
pub(crate) fn settings(url: &str, keys: &Keys) -> impl Fn(&str) -> Option<String> + use<> {
    let (url, keys) = (url.to_owned(), keys.clone());
    move |name| {
        Some(match name {
            "COUNTERSIGN_DEPLOYMENT" => DEPLOYMENT.to_owned(),
            "COUNTERSIGN_ACCOUNTS" => ACCOUNT.to_owned(),
            "COUNTERSIGN_CALLBACK_URL" => url.clone(),
            // API Gateway's own domain name always goes with https.
            "COUNTERSIGN_ORIGINS" if url.starts_with("http://") => url.clone(),
            "COUNTERSIGN_REQUEST_KEYS" => keys.request.clone(),
            "COUNTERSIGN_VOTE_KEYS" => keys.vote.clone(),
            "COUNTERSIGN_DECIDING_ROLE" => format!("arn:aws:iam::{ACCOUNT}:role/{CALLBACK_ROLE}"),
            "COUNTERSIGN_TABLE" => TABLE.to_owned(),
            "COUNTERSIGN_SENDER" => "Countersign <approvals@example.com>".to_owned(),
            "COUNTERSIGN_CONFIGURATION_SET" => CONFIGURATION_SET.to_owned(),
            "COUNTERSIGN_EMAIL_QUEUE" => EMAIL_QUEUE.to_owned(),
            "COUNTERSIGN_POLICY" => POLICY.to_owned(),
            _ => return None,
        })
    }
}
