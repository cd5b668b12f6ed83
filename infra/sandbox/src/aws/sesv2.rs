//! Amazon SES, version 2 of its API: what can be read of identities, configuration sets and the account.
//!
//! Sources: the SES API v2 reference (`GetEmailIdentity`, `GetConfigurationSet`,
//! `GetConfigurationSetEventDestinations`, `GetAccount`) and the service model.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::form::Form;
use super::ses::{Ses, written};
use crate::codepipeline::AwsError;
use crate::deployment::CONFIGURATION_SET;

/// What the path of a call names, for operations that take a name.
pub(super) const NAME: &str = "Name";

/// An identity.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Whether mail can be sent from it.
    pub verified: bool,
    /// Its default configuration set.
    pub configuration_set: Option<String>,
}

/// A configuration set.
#[derive(Clone, Debug)]
pub struct ConfigurationSet {
    /// Whether messages are sent through TLS or not at all.
    pub requires_tls: bool,
    /// Whether it lets the account's engagement metrics track opens and clicks: `None` leaves that to the account.
    pub engagement_metrics: Option<bool>,
    /// Whether it sends.
    pub sends: bool,
    /// The types of events of its destination on EventBridge, if it has one.
    pub events: Option<Vec<&'static str>>,
    /// The types of events of another destination.
    pub other_events: Option<Vec<&'static str>>,
}

/// The set as the templates make it.
impl Default for ConfigurationSet {
    fn default() -> Self {
        Self {
            requires_tls: true,
            engagement_metrics: Some(false),
            sends: true,
            events: Some(vec!["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY"]),
            other_events: None,
        }
    }
}

/// What version 2 shows, and an administrator may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The identities. If there are none, every identity that is asked for is there and verified.
    pub identities: BTreeMap<String, Identity>,
    /// The configuration sets.
    pub sets: BTreeMap<String, ConfigurationSet>,
    /// The ARNs of identities of other accounts whose owners let this one send with them.
    pub shared: Vec<String>,
    /// Whether the account is out of SES's sandbox.
    pub has_production_access: bool,
    /// Whether the account tracks opens and clicks.
    pub engagement_metrics: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            identities: BTreeMap::new(),
            sets: BTreeMap::from([(CONFIGURATION_SET.to_owned(), ConfigurationSet::default())]),
            shared: Vec::new(),
            has_production_access: true,
            engagement_metrics: false,
        }
    }
}

/// The operation that a request names by its method and its path below `/v2/email/`, and what it is about.
pub(super) fn operation(method: &str, path: &str) -> Option<(&'static str, Form)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (operation, name) = match (method, parts.as_slice()) {
        ("GET", ["account"]) => ("GetAccount", ""),
        ("GET", ["identities", name]) => ("GetEmailIdentity", *name),
        ("GET", ["configuration-sets", name]) => ("GetConfigurationSet", *name),
        ("GET", ["configuration-sets", name, "event-destinations"]) => ("GetConfigurationSetEventDestinations", *name),
        _ => return None,
    };
    // The name is percent-encoded in the path as a value is in a form.
    Some((operation, Form::parse(format!("{NAME}={name}").as_bytes())))
}

impl Ses {
    /// Answers a call of version 2.
    pub(super) fn call_v2(&self, operation: &str, form: &Form) -> Result<Value, AwsError> {
        let name = form.get(NAME).unwrap_or_default();
        let settings = self.settings();
        let set = || settings.sets.get(name).ok_or_else(|| not_found("Configuration set", name));
        match operation {
            "GetAccount" => Ok(self.account(&settings)),
            "GetEmailIdentity" => {
                let any = Identity { verified: true, ..Identity::default() };
                let known = settings.identities.get(&written(name));
                let identity = known.or_else(|| settings.identities.is_empty().then_some(&any));
                identity.map(|identity| shown(name, identity)).ok_or_else(|| not_found("Email identity", name))
            }
            "GetConfigurationSet" => {
                let set = set()?;
                let metrics = |is_on| json!({"DashboardOptions": {"EngagementMetrics": enabled(is_on)}});
                let shown = json!({
                    "ConfigurationSetName": name,
                    "DeliveryOptions": {"TlsPolicy": if set.requires_tls { "REQUIRE" } else { "OPTIONAL" }},
                    "SendingOptions": {"SendingEnabled": set.sends},
                    "Tags": [],
                });
                Ok(with(shown, "VdmOptions", set.engagement_metrics.map(metrics)))
            }
            "GetConfigurationSetEventDestinations" => {
                let set = set()?;
                let bus = "arn:aws:events:us-east-2:123456789012:event-bus/default";
                let topic = "arn:aws:sns:us-east-2:123456789012:engagement";
                let events = set.events.as_ref().map(|types| {
                    json!({
                        "Name": "events", "Enabled": true, "MatchingEventTypes": types,
                        "EventBridgeDestination": {"EventBusArn": bus},
                    })
                });
                let others = set.other_events.as_ref().map(|types| {
                    json!({
                        "Name": "others", "Enabled": true, "MatchingEventTypes": types,
                        "SnsDestination": {"TopicArn": topic},
                    })
                });
                Ok(json!({"EventDestinations": events.into_iter().chain(others).collect::<Vec<_>>()}))
            }
            _ => Err(AwsError::new("UnknownOperationException", format!("The sandbox's SES has no {operation}"))),
        }
    }

    fn account(&self, settings: &Settings) -> Value {
        let (sent, rate) = self.sent_today();
        let (quota, rate) = if settings.has_production_access { (50_000.0, rate) } else { (200.0, 1.0) };
        json!({
            "DedicatedIpAutoWarmupEnabled": true,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": settings.has_production_access,
            "SendQuota": {"Max24HourSend": quota, "MaxSendRate": rate, "SentLast24Hours": sent},
            "SendingEnabled": !self.is_paused(),
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
            "VdmAttributes": {
                "VdmEnabled": enabled(settings.engagement_metrics),
                "DashboardAttributes": {"EngagementMetrics": enabled(settings.engagement_metrics)},
            },
        })
    }
}

fn shown(name: &str, identity: &Identity) -> Value {
    let status = if identity.verified { "SUCCESS" } else { "PENDING" };
    let shown = json!({
        "IdentityType": if name.contains('@') { "EMAIL_ADDRESS" } else { "DOMAIN" },
        "FeedbackForwardingStatus": true,
        "VerifiedForSendingStatus": identity.verified,
        "VerificationStatus": status,
        "Policies": {},
        "Tags": [],
    });
    with(shown, "ConfigurationSetName", identity.configuration_set.as_ref().map(|set| json!(set)))
}

/// A structure with one more member, if there is one.
fn with(mut shown: Value, name: &str, value: Option<Value>) -> Value {
    if let (Some(members), Some(value)) = (shown.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
    shown
}

fn enabled(is_on: bool) -> &'static str {
    if is_on { "ENABLED" } else { "DISABLED" }
}

fn not_found(what: &str, name: &str) -> AwsError {
    AwsError { status: 404, code: "NotFoundException".to_owned(), message: format!("{what} <{name}> does not exist.") }
}
