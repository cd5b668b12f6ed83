//! The deployment that the sandbox plays: its names, and the settings that its template would give the functions.

/// The account that everything in the sandbox belongs to. The crates behind DynamoDB, SSM and STS use the same.
pub const ACCOUNT: &str = winterbaume_core::DEFAULT_ACCOUNT_ID;
/// The region that everything is in, unless a played record says otherwise.
pub(crate) const REGION: &str = "us-east-2";
/// The ledger's table.
pub(crate) const TABLE: &str = "countersign";
/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "sandbox";
/// The name of the SSM parameter with the policy.
pub const POLICY: &str = "/sandbox/policy";
/// The access key ids by which the functions' roles are known.
pub(crate) const NOTIFIER_KEY: &str = "AKIASANDBOXNOTIFIER";
pub(crate) const CALLBACK_KEY: &str = "AKIASANDBOXCALLBACK";

/// The settings of both functions, with links that point at `url`, signed by `key`.
pub(crate) fn settings(url: &str, key: &str) -> impl Fn(&str) -> Option<String> + use<> {
    let (url, key) = (url.to_owned(), key.to_owned());
    move |name| {
        Some(match name {
            "COUNTERSIGN_DEPLOYMENT" => DEPLOYMENT.to_owned(),
            "COUNTERSIGN_CALLBACK_URL" => url.clone(),
            "COUNTERSIGN_SIGNING_KEY" | "COUNTERSIGN_SIGNING_KEYS" => key.clone(),
            "COUNTERSIGN_TABLE" => TABLE.to_owned(),
            "COUNTERSIGN_SENDER" => "Countersign <approvals@example.com>".to_owned(),
            "COUNTERSIGN_POLICY" => POLICY.to_owned(),
            _ => return None,
        })
    }
}
