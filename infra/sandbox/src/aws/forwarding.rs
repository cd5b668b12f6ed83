//! The rule for approval events that each account has in each region, and its dead-letter queue, as the templates make
//! them: what the doctor reads with an account's reading role.
//!
//! Every account has one in every region, until somebody changes it. Events reach the notifier without it, as `PutEvents`
//! and CodePipeline hand them over.
//!
//! Sources: the models of EventBridge (`DescribeRule`, `ListTargetsByRule`) and SQS (`GetQueueUrl`, `GetQueueAttributes`),
//! and their service authorization references for the resources.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use countersign::events::{DOCTOR_SOURCE, TEST_EVENT};
use serde_json::{Value, json};
use time::UtcDateTime;
use uuid::Uuid;

use crate::codepipeline::AwsError;
use crate::deployment::{ACCOUNT, DEPLOYMENT, HUB_DEAD_LETTERS, MEMBER_BUS, REGION, dead_letters_name, rule_name};
use crate::lock::lock;
use crate::moment;

/// The rules of all accounts and regions.
#[derive(Default)]
pub struct Forwarding {
    changed: Mutex<HashMap<(String, String), Rule>>,
    /// Whether the templates were deployed with test events.
    takes_tests: AtomicBool,
    /// How the names of the pipelines begin that they were deployed for, if not for all.
    prefix: OnceLock<String>,
}

/// The rule of an account and region.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Whether it is there.
    pub exists: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its event pattern.
    pub pattern: Value,
    /// Its target, as `ListTargetsByRule` gives it.
    pub target: Value,
    /// How many events wait in its dead-letter queue.
    pub undelivered: u64,
}

impl Rule {
    /// As the templates make it.
    fn of(account: &str, region: &str, takes_tests: bool, prefix: Option<&String>) -> Self {
        let letters = json!({"Arn": format!("arn:aws:sqs:{region}:{account}:{}", queue_of(account, region))});
        let target = if is_home(account, region) {
            let notifier = format!("arn:aws:lambda:{region}:{account}:function:{DEPLOYMENT}-notifier");
            json!({"Id": "Notifier", "Arn": notifier, "DeadLetterConfig": letters})
        } else {
            let role = format!("arn:aws:iam::{account}:role/forwarding");
            json!({"Id": "HubBus", "Arn": MEMBER_BUS, "RoleArn": role, "DeadLetterConfig": letters})
        };
        let (mut sources, mut types) = (vec!["aws.codepipeline"], vec!["CodePipeline Action Execution State Change"]);
        if takes_tests {
            sources.push(DOCTOR_SOURCE);
            types.push(TEST_EVENT);
        }
        let mut detail = json!({
            "type": {"owner": ["AWS"], "provider": ["Manual"], "category": ["Approval"]},
            "state": ["STARTED", "SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"],
        });
        if let (Some(prefix), Some(detail)) = (prefix, detail.as_object_mut()) {
            detail.insert("pipeline".to_owned(), json!([{"prefix": prefix}]));
        }
        let pattern = json!({"source": sources, "detail-type": types, "detail": detail});
        Self { exists: true, enabled: true, pattern, target, undelivered: 0 }
    }
}

/// A call about a rule or its queue, by an account's own caller.
pub(super) struct Asked<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) operation: &'a str,
    pub(super) input: &'a Value,
}

impl Asked<'_> {
    /// Whether it is about a rule.
    pub(super) fn is_about_rule(operation: &str) -> bool {
        matches!(operation, "DescribeRule" | "ListTargetsByRule")
    }

    /// The ARN of the rule or of the queue.
    pub(super) fn resource(&self) -> String {
        let Self { account, region, .. } = self;
        if Self::is_about_rule(self.operation) {
            let bus = match self.text("EventBusName") {
                "" | "default" => String::new(),
                bus => format!("{bus}/"),
            };
            return format!("arn:aws:events:{region}:{account}:rule/{bus}{}", self.rule());
        }
        format!("arn:aws:sqs:{region}:{account}:{}", self.queue())
    }

    fn rule(&self) -> &str {
        if self.operation == "DescribeRule" { self.text("Name") } else { self.text("Rule") }
    }

    fn queue(&self) -> &str {
        match self.text("QueueName") {
            "" => self.text("QueueUrl").rsplit('/').next().unwrap_or_default(),
            name => name,
        }
    }

    fn text(&self, field: &str) -> &str {
        self.input.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Forwarding {
    /// Has the templates deployed with test events: from now on the doctor may put them, and rules take them.
    pub fn enable_test_events(&self) {
        self.takes_tests.store(true, Ordering::Relaxed);
    }

    /// Has the templates deployed for the pipelines whose names begin so.
    pub fn serve_only(&self, prefix: String) {
        self.prefix.get_or_init(|| prefix);
    }

    /// Changes the rule of an account and region, as an administrator there may.
    pub fn change(&self, account: &str, region: &str, change: impl FnOnce(&mut Rule)) {
        let mut rules = lock(&self.changed);
        let rule = rules.entry((account.to_owned(), region.to_owned()));
        change(rule.or_insert_with(|| self.template(account, region)));
    }

    fn takes_tests(&self) -> bool {
        self.takes_tests.load(Ordering::Relaxed)
    }

    fn template(&self, account: &str, region: &str) -> Rule {
        Rule::of(account, region, self.takes_tests(), self.prefix.get())
    }

    fn rule(&self, account: &str, region: &str) -> Rule {
        let changed = lock(&self.changed).get(&(account.to_owned(), region.to_owned())).cloned();
        changed.unwrap_or_else(|| self.template(account, region))
    }

    /// Takes the doctor's test events, and no other, and hands over to `notifier` what the rule there forwards to the hub.
    pub(super) fn put(&self, asked: &Asked, now: UtcDateTime, notifier: impl Fn(Value)) -> Result<Value, AwsError> {
        let Asked { account, region, input, .. } = asked;
        let entries = input.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_test = |entry: &Value| {
            text(entry, "Source") == DOCTOR_SOURCE
                && text(entry, "DetailType") == TEST_EVENT
                && matches!(text(entry, "EventBusName").as_str(), "" | "default")
        };
        if !self.takes_tests() || entries.is_empty() || !entries.iter().all(is_test) {
            let message =
                "User is not authorized to perform: events:PutEvents because no identity-based policy allows it";
            return Err(AwsError::new("AccessDeniedException", message.to_owned()));
        }
        let (rule, template) = (self.rule(account, region), self.template(account, region));
        let prefix = self.prefix.get().map_or("", String::as_str);
        let mut results = Vec::new();
        for entry in entries {
            let id = Uuid::new_v4().to_string();
            results.push(json!({ "EventId": id }));
            let detail: Value = serde_json::from_str(&text(entry, "Detail")).unwrap_or_default();
            let is_meant = text(&detail, "pipeline").starts_with(prefix);
            let is_sound = rule.exists && rule.enabled && rule.pattern == template.pattern;
            if is_sound && rule.target == template.target && is_meant {
                notifier(json!({
                    "version": "0", "id": id, "detail-type": TEST_EVENT, "source": DOCTOR_SOURCE, "account": account,
                    "time": moment::text(now, moment::SECONDS), "region": region, "resources": [], "detail": detail,
                }));
            }
        }
        Ok(json!({ "FailedEntryCount": 0, "Entries": results }))
    }

    pub(super) fn call(&self, asked: &Asked) -> Result<Value, AwsError> {
        let Asked { account, region, operation, .. } = asked;
        let rule = self.rule(account, region);
        if Asked::is_about_rule(operation) {
            return about_rule(asked, &rule);
        }
        let queue = queue_of(account, region);
        if asked.queue() != queue {
            let message = "The specified queue does not exist.";
            return Err(AwsError::new("com.amazonaws.sqs#QueueDoesNotExist", message));
        }
        match *operation {
            "GetQueueUrl" => Ok(json!({"QueueUrl": format!("https://sqs.{region}.amazonaws.com/{account}/{queue}")})),
            "GetQueueAttributes" => {
                Ok(json!({"Attributes": {"ApproximateNumberOfMessages": rule.undelivered.to_string()}}))
            }
            _ => Err(AwsError::new("UnsupportedOperation", format!("The sandbox's SQS has no {operation}"))),
        }
    }
}

fn about_rule(asked: &Asked, rule: &Rule) -> Result<Value, AwsError> {
    let Asked { account, region, operation, .. } = asked;
    let (name, bus) = (asked.rule(), asked.text("EventBusName"));
    let bus = if bus.is_empty() { "default" } else { bus };
    if !rule.exists || name != rule_name() || bus != "default" {
        let message = format!("Rule {name} does not exist on EventBus {bus}.");
        return Err(AwsError::new("ResourceNotFoundException", message));
    }
    if *operation == "ListTargetsByRule" {
        return Ok(json!({"Targets": [rule.target]}));
    }
    Ok(json!({
        "Name": name,
        "Arn": format!("arn:aws:events:{region}:{account}:rule/{name}"),
        "EventPattern": rule.pattern.to_string(),
        "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "EventBusName": bus,
    }))
}

/// The name of the rule's dead-letter queue. In the hub's stack, CloudFormation makes it up.
fn queue_of(account: &str, region: &str) -> String {
    if is_home(account, region) { HUB_DEAD_LETTERS.to_owned() } else { dead_letters_name() }
}

fn is_home(account: &str, region: &str) -> bool {
    (account, region) == (ACCOUNT, REGION)
}
