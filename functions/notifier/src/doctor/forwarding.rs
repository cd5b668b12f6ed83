//! The doctor on the events of an account and region: whether the rule is in place that forwards them to the hub, or that
//! hands those of the hub's own account and region to the notifier, and what became of what it forwarded.
//!
//! All of it is read in the account's reading role, which may read just that.

use std::str::FromStr;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use countersign::approval::{Deployment, Location, ParseError, PipelinePrefix};
use countersign::aws::AwsError;
use countersign::events::{DOCTOR_SOURCE, TEST_EVENT};
use countersign::members::Members;
use countersign::text::bounded_line;
use serde_json::{Value, json};

use super::{Finding, RULES, unanswered};

/// The bus that every account and region has.
const DEFAULT_BUS: &str = "default";

const DEPLOY: &str = "deploy the template again in that account and region: the member template, or the hub's own in its \
                      own account and region";
const DISABLED: &str = "enable the rule, and find out in CloudTrail who disabled it; the sweep asks meanwhile";
const PURGE: &str = "find out why they did not, and purge the queue: the sweep has made up for them";

/// The longest name of a queue, in characters.
const MAX_NAME: usize = 80;

/// An event bus, by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusArn {
    text: String,
    at: Location,
}

impl FromStr for BusArn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::Form {
            what: "the bus",
            form: "the ARN of an event bus, such as arn:aws:events:us-east-2:123456789012:event-bus/countersign-members",
        };
        let ["arn", partition, "events", region, account, resource] = text.splitn(6, ':').collect::<Vec<_>>()[..]
        else {
            return Err(wrong());
        };
        let is_bus = resource.strip_prefix("event-bus/").is_some_and(|name| !name.is_empty());
        let at = Location { account: account.parse()?, region: region.parse()? };
        if is_bus && partition.starts_with("aws") { Ok(Self { text: text.to_owned(), at }) } else { Err(wrong()) }
    }
}

/// Examines the rules that forward events.
#[derive(Clone)]
pub(crate) struct Forwarding {
    pub(crate) members: Members,
    pub(crate) deployment: Deployment,
    /// The bus that members forward to. The deployment is in its account and region.
    pub(crate) member_bus: BusArn,
    /// The bus of the hub's own rule.
    pub(crate) own_bus: String,
    /// How the names of the pipelines begin that are served, if not all are.
    pub(crate) prefix: Option<PipelinePrefix>,
}

/// The rule of an account and region, as it should be.
struct Wanted {
    name: String,
    bus: String,
    target: String,
    /// Whether the target is a bus, which EventBridge needs a role for.
    has_role: bool,
}

/// The dead-letter queue of a rule: `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`.
struct Queue<'a> {
    account: &'a str,
    name: &'a str,
}

impl Forwarding {
    /// Whether what waits there reaches the notifier by an event.
    pub(super) async fn check(&self, at: &Location) -> Result<(), Finding> {
        let wanted = self.wanted(at);
        match self.examine(at, &wanted).await {
            Ok(None) => Ok(()),
            Ok(Some((found, remedy))) => Err(Finding::unsound(RULES, format!("{at}: {found}"), remedy)),
            Err(error) if error.code == "ResourceNotFoundException" => {
                let found = format!("{at}: there is no rule {} on the bus {}", wanted.name, wanted.bus);
                Err(Finding::unsound(RULES, found, DEPLOY))
            }
            Err(error) => {
                let found = format!("{at}: {error}");
                Err(Finding { found, ..unanswered(RULES, &error) })
            }
        }
    }

    /// The name of the bus that approval events arrive on there.
    pub(super) fn bus(&self, at: &Location) -> String {
        self.wanted(at).bus
    }

    fn wanted(&self, at: &Location) -> Wanted {
        let Self { deployment, member_bus: BusArn { text: member_bus, at: home }, .. } = self;
        let name = format!("{deployment}-approvals");
        if at == home {
            let Location { account, region } = at;
            let partition = member_bus.split(':').nth(1).unwrap_or_default();
            let target = format!("arn:{partition}:lambda:{region}:{account}:function:{deployment}-notifier");
            return Wanted { name, bus: self.own_bus.clone(), target, has_role: false };
        }
        Wanted { name, bus: DEFAULT_BUS.to_owned(), target: member_bus.clone(), has_role: true }
    }

    /// What is wrong there, and what to do about it.
    async fn examine(&self, at: &Location, wanted: &Wanted) -> Result<Option<(String, &'static str)>, AwsError> {
        let aws = self.members.aws(at).await?;
        let events = aws_sdk_eventbridge::Client::new(&aws);
        let (rule, targets) = tokio::join!(
            events.describe_rule().name(&wanted.name).event_bus_name(&wanted.bus).send(),
            events.list_targets_by_rule().rule(&wanted.name).event_bus_name(&wanted.bus).send(),
        );
        let rule = rule.map_err(|error| AwsError::new("events:DescribeRule", &error))?;
        let targets = targets.map_err(|error| AwsError::new("events:ListTargetsByRule", &error))?;
        if let Some(wrong) = wrong_rule(&rule, wanted, self.prefix.as_ref()) {
            return Ok(Some(wrong));
        }
        let target = targets.targets().iter().find(|target| target.arn == wanted.target);
        let Some(target) = target else {
            return Ok(Some((format!("the rule {} does not send to {}", wanted.name, wanted.target), DEPLOY)));
        };
        if let Some(wrong) = wrong_target(target, wanted) {
            return Ok(Some((wrong.to_owned(), DEPLOY)));
        }
        let queue = target.dead_letter_config().and_then(|letters| letters.arn()).and_then(|arn| Queue::of(arn, at));
        let Some(queue) = queue else {
            return Ok(Some(("the rule keeps nothing of what it cannot forward".to_owned(), DEPLOY)));
        };
        let waiting = undelivered(&aws, &queue).await?;
        Ok((waiting > 0).then(|| {
            (
                format!("the queue {} holds {waiting} events that did not arrive", bounded_line(queue.name, MAX_NAME)),
                PURGE,
            )
        }))
    }
}

fn wrong_rule(
    rule: &DescribeRuleOutput,
    wanted: &Wanted,
    prefix: Option<&PipelinePrefix>,
) -> Option<(String, &'static str)> {
    let name = &wanted.name;
    if rule.state != Some(RuleState::Enabled) {
        return Some((format!("the rule {name} is not enabled"), DISABLED));
    }
    let pattern = rule.event_pattern().and_then(|pattern| serde_json::from_str(pattern).ok());
    let ours = [false, true].map(|with_tests| sorted(approval_pattern(with_tests, prefix)));
    if !pattern.map(sorted).is_some_and(|pattern| ours.contains(&pattern)) {
        let with = prefix.map_or_else(String::new, |prefix| format!(" with PipelineNamePrefix={prefix}"));
        return Some((format!("the rule {name} has another event pattern than the template's{with}"), DEPLOY));
    }
    None
}

fn wrong_target(target: &Target, wanted: &Wanted) -> Option<&'static str> {
    if wanted.has_role && target.role_arn().is_none() {
        return Some("the rule has no role to forward events with");
    }
    let changes = target.input().is_some() || target.input_path().is_some() || target.input_transformer().is_some();
    changes.then_some("the rule does not forward events as they are")
}

/// How many events wait in a dead-letter queue.
async fn undelivered(aws: &SdkConfig, queue: &Queue<'_>) -> Result<u64, AwsError> {
    const NUMBER: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessages;
    const URL: &str = "sqs:GetQueueUrl";
    const ATTRIBUTES: &str = "sqs:GetQueueAttributes";
    let sqs = aws_sdk_sqs::Client::new(aws);
    let url = sqs.get_queue_url().queue_name(queue.name).queue_owner_aws_account_id(queue.account).send().await;
    let url = url.map_err(|error| AwsError::new(URL, &error))?;
    let url = url.queue_url.ok_or_else(|| AwsError::unexpected(URL, "no URL in the answer"))?;
    let attributes = sqs.get_queue_attributes().queue_url(url).attribute_names(NUMBER).send().await;
    let attributes = attributes.map_err(|error| AwsError::new(ATTRIBUTES, &error))?;
    let number = attributes.attributes.and_then(|attributes| attributes.get(&NUMBER)?.parse().ok());
    number.ok_or_else(|| AwsError::unexpected(ATTRIBUTES, "no number of messages in the answer"))
}

impl<'a> Queue<'a> {
    /// The queue of this ARN, if it is there.
    fn of(arn: &'a str, at: &Location) -> Option<Self> {
        let ["arn", _, "sqs", region, account, name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
        (region == at.region.as_str() && account == at.account.as_str()).then_some(Self { account, name })
    }
}

/// The event pattern of the templates, with the doctor's test events or without.
fn approval_pattern(with_tests: bool, prefix: Option<&PipelinePrefix>) -> Value {
    let (mut sources, mut types) = (vec!["aws.codepipeline"], vec!["CodePipeline Action Execution State Change"]);
    if with_tests {
        sources.push(DOCTOR_SOURCE);
        types.push(TEST_EVENT);
    }
    let mut detail = json!({
        "type": {"owner": ["AWS"], "provider": ["Manual"], "category": ["Approval"]},
        "state": ["STARTED", "SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"],
    });
    if let (Some(prefix), Some(detail)) = (prefix, detail.as_object_mut()) {
        detail.insert("pipeline".to_owned(), json!([{"prefix": prefix.as_str()}]));
    }
    json!({"source": sources, "detail-type": types, "detail": detail})
}

/// A pattern with each list in order: that of its values means nothing.
fn sorted(pattern: Value) -> Value {
    match pattern {
        Value::Array(mut values) => {
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, sorted(value))).collect(),
        other => other,
    }
}
