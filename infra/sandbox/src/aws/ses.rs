//! Amazon SES, version 1 of its API: takes mail as SES does, and keeps it instead of sending it.
//!
//! Sources: the SES API reference (`SendRawEmail` and its errors), "Amazon SES quotas" (10 MB, 50 recipients), and the
//! messages that SES answers as people have reported them. An identity's default configuration set applies to each
//! message that names none, and SES asks for the right to use the set as to use the identity.

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::delivery::TAG;
use serde_json::Value;
use time::{Duration, UtcDateTime};
use uuid::Uuid;

use super::answer::element;
use super::form::Form;
pub use super::mail::Mail;
use super::mail::{self, Head};
use super::mailbox::{Mailbox, Taken};
use super::sesv2::Settings;
use crate::codepipeline::{AwsError, Now};
use crate::deployment::{ACCOUNT, CONFIGURATION_SET, NOTIFIER_ROLE};
use crate::lock::lock;

/// The operations that there are.
pub(super) const OPERATIONS: [&str; 5] =
    ["SendRawEmail", "GetSendQuota", "GetAccountSendingEnabled", "GetIdentityVerificationAttributes", "ListIdentities"];

/// Every address here is refused, so that a refusal can be had from outside, without a line of code.
pub const REFUSED_DOMAIN: &str = "refused.example";

/// The domain of the mailbox simulator.
const SIMULATOR: &str = "@simulator.amazonses.com";

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 10 * 1024 * 1024;
/// The most destinations of one message.
const MAX_DESTINATIONS: usize = 50;
/// The number of emails that are kept, the newest ones, unless [`Ses::keep`] says otherwise. A sandbox may run for weeks.
const KEPT_MAILS: usize = 10_000;
/// The span over which SES counts messages for the sending rate.
const RATE_SPAN: Duration = Duration::SECOND;

/// A mail service that keeps what it is given.
pub struct Ses {
    region: String,
    now: Now,
    state: Mutex<State>,
}

struct State {
    mails: Vec<Mail>,
    /// The number of emails that are kept.
    kept: usize,
    /// The number of messages allowed in a second. If there is none, any number is.
    rate: Option<usize>,
    /// The number of messages refused because of the rate.
    throttled: usize,
    /// The time of each email that still counts towards the daily quota.
    taken: Vec<UtcDateTime>,
    last_id: u64,
    refused: HashMap<String, (String, String)>,
    /// Identities, configuration sets and the account.
    settings: Settings,
    /// Whether SES says of ordinary mailboxes that they took an email: an event each.
    says_all: bool,
    paused: bool,
}

impl Ses {
    /// A mail service without mail, which lets everybody send.
    #[must_use]
    pub fn new(region: &str, now: Now) -> Self {
        let state = State {
            mails: Vec::new(),
            kept: KEPT_MAILS,
            rate: None,
            throttled: 0,
            taken: Vec::new(),
            last_id: 0,
            refused: HashMap::new(),
            settings: Settings::default(),
            says_all: false,
            paused: false,
        };
        Self { region: region.to_owned(), now, state: Mutex::new(state) }
    }

    /// The emails, oldest first: the last 10,000.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.state).mails.clone()
    }

    /// Looks at the emails without a copy of them all, oldest first.
    pub fn look<T>(&self, look: impl FnOnce(&[Mail]) -> T) -> T {
        look(&lock(&self.state).mails)
    }

    /// Sets the number of emails that are kept.
    pub fn keep(&self, mails: usize) {
        lock(&self.state).kept = mails;
    }

    /// Limits the sending rate to this many messages in any second, and throttles the rest.
    pub fn limit_rate(&self, per_second: usize) {
        lock(&self.state).rate = Some(per_second);
    }

    /// The number of messages that were throttled so far.
    #[must_use]
    pub fn throttled(&self) -> usize {
        lock(&self.state).throttled
    }

    /// Refuses every message to this address from now on, with an error of status 400.
    pub fn refuse(&self, address: &str, code: &str, message: &str) {
        lock(&self.state).refused.insert(address.to_ascii_lowercase(), (code.to_owned(), message.to_owned()));
    }

    /// Takes mail to this address again.
    pub fn accept(&self, address: &str) {
        lock(&self.state).refused.remove(&address.to_ascii_lowercase());
    }

    /// Verifies an address or a domain. Once one is verified, mail from others is refused.
    pub fn verify(&self, identity: &str) {
        lock(&self.state).settings.identities.entry(written(identity)).or_default().verified = true;
    }

    /// Changes identities, configuration sets or the account, as an administrator would.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut lock(&self.state).settings);
    }

    pub(super) fn settings(&self) -> Settings {
        lock(&self.state).settings.clone()
    }

    pub(super) fn is_paused(&self) -> bool {
        lock(&self.state).paused
    }

    /// Has SES say what became of every email from now on. Without this, it says so of those alone that a mailbox such as
    /// `bounce@` does not simply take.
    pub fn say_all(&self) {
        lock(&self.state).says_all = true;
    }

    /// Pauses sending for the account, or resumes it.
    pub fn pause(&self, paused: bool) {
        lock(&self.state).paused = paused;
    }

    /// Answers a call. What SES says of an email goes to `notifier`.
    pub(super) fn call(&self, operation: &str, form: &Form, notifier: impl Fn(Value)) -> Result<String, AwsError> {
        match operation {
            "SendRawEmail" => self.send(form, notifier).map(|id| element("MessageId", &id)),
            "GetSendQuota" => Ok(self.quota()),
            "GetAccountSendingEnabled" => Ok(element("Enabled", &(!lock(&self.state).paused).to_string())),
            "GetIdentityVerificationAttributes" => Ok(self.verification(&form.list("Identities"))),
            "ListIdentities" => {
                let settings = self.settings();
                let members: String = settings
                    .identities
                    .keys()
                    .filter(|identity| match form.get("IdentityType") {
                        Some("EmailAddress") => identity.contains('@'),
                        Some("Domain") => !identity.contains('@'),
                        _ => true,
                    })
                    .map(|identity| element("member", identity))
                    .collect();
                Ok(format!("<Identities>{members}</Identities>"))
            }
            _ => Err(AwsError::new(
                "InvalidAction",
                format!("Could not find operation {operation} for version 2010-12-01"),
            )),
        }
    }

    /// Takes a message, whole or not at all, and gives its id.
    fn send(&self, form: &Form, notifier: impl Fn(Value)) -> Result<String, AwsError> {
        let now = (self.now)();
        let data = form.get("RawMessage.Data").ok_or_else(|| {
            AwsError::new(
                "ValidationError",
                "1 validation error detected: Value null at 'rawMessage.data' failed to satisfy constraint: Member \
                 must not be null",
            )
        })?;
        let raw = STANDARD.decode(data).map_err(|_| bad_value("RawMessage.Data is not base64."))?;
        if raw.len() > MAX_MESSAGE {
            return Err(bad_value(format!("Message length is more than {MAX_MESSAGE} bytes long: '{}'.", raw.len())));
        }
        let head = Head::read(&raw)?;
        let written = mail::addresses(&raw);

        let source = form.get("Source");
        if source.is_none() && !head.has("From") {
            return Err(bad_value("Missing required header 'From'."));
        }
        let given = form.list("Destinations");
        let destinations: Vec<&str> =
            if given.is_empty() { written.to.iter().map(String::as_str).collect() } else { given };
        if destinations.is_empty() {
            return Err(bad_value("Missing required header 'To'."));
        }
        if destinations.len() > MAX_DESTINATIONS {
            return Err(bad_value(format!("Recipient count exceeds {MAX_DESTINATIONS}.")));
        }
        // One bad address anywhere, and nobody gets the message.
        let destinations = destinations.into_iter().map(address).collect::<Result<Vec<_>, _>>()?;
        let senders = source.into_iter().chain(written.from.iter().map(String::as_str));
        let senders = senders.map(address).collect::<Result<Vec<_>, _>>()?;
        for recipient in &written.to {
            address(recipient)?;
        }

        let tags = form.pairs("Tags", "Name", "Value");
        if let Some((name, _)) = tags.iter().find(|(name, value)| !is_tag(name) || !is_tag(value)) {
            return Err(bad_value(format!("Invalid value for tag <{name}>.")));
        }

        let mut events = Vec::new();
        let mut state = lock(&self.state);
        let configuration_set =
            form.get("ConfigurationSetName").map(str::to_owned).or_else(|| state.default_set(&senders));
        let identity = form.get("SourceArn");
        state.permit(&senders, identity, &destinations, configuration_set.as_deref(), &self.region)?;
        state.pace(destinations.len(), now)?;

        let millis = now.unix_timestamp_nanos() / 1_000_000;
        let message_id = format!("010f{millis:012x}-{}-000000", Uuid::new_v4());
        let sent = head.rewrite(&format!("{message_id}@{}.amazonses.com", self.region), now);
        for to in destinations {
            state.last_id += 1;
            let id = state.last_id.to_string();
            let tag = tags.iter().find(|(name, _)| name == TAG).map(|(_, value)| value.clone()).unwrap_or_default();
            let mail = Mail { tag, ..mail::read(id, to, &sent, &message_id, now) };
            let events_of = |set: &str| state.settings.sets.get(set)?.events.clone();
            if let Some(configuration_set) = &configuration_set
                && let Some(types) = &events_of(configuration_set)
                && (state.says_all || Mailbox::at(to) != Mailbox::Takes || to.ends_with(SIMULATOR))
            {
                let from = senders.first().copied().unwrap_or_default();
                let (subject, message_id) = (mail.subject.as_str(), message_id.as_str());
                let taken = Taken { from, to, message_id, subject, configuration_set, types, tags: &tags, now };
                events.extend(taken.events());
            }
            // The simulator's mailboxes are nobody's, and count nowhere.
            if !to.ends_with(SIMULATOR) {
                state.mails.push(mail);
                state.taken.push(now);
            }
        }
        let surplus = state.mails.len().saturating_sub(state.kept);
        state.mails.drain(..surplus);
        drop(state);
        events.into_iter().for_each(notifier);
        Ok(message_id)
    }

    /// The number of messages in the last day, and the number allowed in a second.
    pub(super) fn sent_today(&self) -> (f64, f64) {
        let day_ago = (self.now)() - Duration::DAY;
        let mut state = lock(&self.state);
        state.taken.retain(|taken| *taken > day_ago);
        let whole = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        (whole(state.taken.len()), whole(state.rate.unwrap_or(14)))
    }

    fn quota(&self) -> String {
        let (sent, rate) = self.sent_today();
        format!(
            "<Max24HourSend>50000.0</Max24HourSend><MaxSendRate>{rate:.1}</MaxSendRate><SentLast24Hours>{sent:.1}\
             </SentLast24Hours>"
        )
    }

    fn verification(&self, identities: &[&str]) -> String {
        let settings = self.settings();
        let is_verified = |identity: &str| settings.identities.get(identity).is_some_and(|known| known.verified);
        let entries: String = identities
            .iter()
            .filter(|identity| settings.identities.is_empty() || is_verified(&written(identity)))
            .map(|identity| {
                let key = element("key", identity);
                format!("<entry>{key}<value><VerificationStatus>Success</VerificationStatus></value></entry>")
            })
            .collect();
        format!("<VerificationAttributes>{entries}</VerificationAttributes>")
    }
}

impl State {
    /// Checks that the senders may send to the recipients.
    fn permit(
        &self,
        from: &[&str],
        identity: Option<&str>,
        to: &[&str],
        set: Option<&str>,
        region: &str,
    ) -> Result<(), AwsError> {
        if self.paused {
            return Err(AwsError::new("AccountSendingPausedException", "Email sending is disabled for your account."));
        }
        let denied = |resource: &str| {
            let message = format!(
                "User `arn:aws:sts::{ACCOUNT}:assumed-role/{NOTIFIER_ROLE}/sandbox' is not authorized to perform \
                 `ses:SendRawEmail' on resource `{resource}'"
            );
            Err(AwsError { status: 403, code: "AccessDenied".to_owned(), message })
        };
        if let Some(set) = set.filter(|set| *set != CONFIGURATION_SET) {
            return denied(&format!("arn:aws:ses:{region}:{ACCOUNT}:configuration-set/{set}"));
        }
        if let Some(identity) = identity.filter(|identity| !self.settings.shared.iter().any(|arn| arn == identity)) {
            return denied(identity);
        }
        let is_known = |sender: &str| identity.is_some() || self.is_verified(sender);
        let mut unverified: Vec<&str> = from.iter().copied().filter(|sender| !is_known(sender)).collect();
        unverified.dedup();
        if !unverified.is_empty() {
            return Err(AwsError::new(
                "MessageRejected",
                format!(
                    "Email address is not verified. The following identities failed the check in region {}: {}",
                    region.to_ascii_uppercase(),
                    unverified.join(", "),
                ),
            ));
        }
        for recipient in to {
            let recipient = recipient.to_ascii_lowercase();
            if let Some((code, message)) = self.refused.get(&recipient) {
                return Err(AwsError::new(code, message.as_str()));
            }
            if recipient.rsplit('@').next() == Some(REFUSED_DOMAIN) {
                return Err(AwsError::new("MessageRejected", format!("The sandbox refuses mail to {REFUSED_DOMAIN}.")));
            }
        }
        Ok(())
    }

    /// Checks that the sending rate allows this many more messages at `now`.
    fn pace(&mut self, more: usize, now: UtcDateTime) -> Result<(), AwsError> {
        let Some(rate) = self.rate else { return Ok(()) };
        let lately = self.taken.iter().rev().take_while(|taken| now - **taken < RATE_SPAN).count();
        if lately + more <= rate {
            return Ok(());
        }
        self.throttled += 1;
        Err(AwsError::new("Throttling", "Maximum sending rate exceeded."))
    }

    /// Whether the sender's address, its domain, or a domain above that is verified.
    fn is_verified(&self, sender: &str) -> bool {
        let identities = &self.settings.identities;
        identities.is_empty() || names_above(sender).any(|name| identities.get(&name).is_some_and(|one| one.verified))
    }

    /// The default set of the first sender's identity: the most specific one that there is.
    fn default_set(&self, senders: &[&str]) -> Option<String> {
        let identities = &self.settings.identities;
        let names = senders.first().into_iter().flat_map(|sender| names_above(sender));
        names.filter_map(|name| identities.get(&name)).find_map(|identity| identity.configuration_set.clone())
    }
}

/// The identities that mail from an address may be sent with, the most specific first.
fn names_above(address: &str) -> impl Iterator<Item = String> {
    let domain = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let domains = std::iter::successors(Some(domain), |domain| {
        let (_, above) = domain.split_once('.')?;
        above.contains('.').then(|| above.to_owned())
    });
    std::iter::once(address.to_owned()).chain(domains)
}

/// An identity as SES compares it: a domain without case, an address with it.
pub(super) fn written(identity: &str) -> String {
    if identity.contains('@') { identity.to_owned() } else { identity.to_ascii_lowercase() }
}

/// "ASCII letters, numbers, underscores, or dashes", and at most 256 of them.
fn is_tag(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=256).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn bad_value(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValue", message)
}

/// The bare address in `address` or `Name <address>`.
///
/// # Errors
/// The error of SES for an address that it cannot use.
fn address(text: &str) -> Result<&str, AwsError> {
    let text = text.trim();
    let address = match text.strip_suffix('>') {
        Some(named) => {
            named.rsplit_once('<').map(|(_, address)| address).ok_or_else(|| bad_value("Illegal address"))?
        }
        None => text,
    };
    let (local, domain) = address.rsplit_once('@').ok_or_else(|| bad_value("Missing final '@domain'"))?;
    let blank = |c: char| c.is_control() || c.is_whitespace() || !c.is_ascii();
    let reason = if local.is_empty() {
        "Missing local name"
    } else if local.contains(blank) {
        "Local address contains control or whitespace"
    } else if local.contains(['(', ')', ',', ';', ':', '\\', '"', '[', ']', '<', '>', '@']) {
        "Local address contains illegal character"
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        "Local address contains dot-dot"
    } else if domain.is_empty() {
        "Missing domain"
    } else if domain.contains(blank) {
        "Domain contains control or whitespace"
    } else if domain.starts_with('.') {
        "Domain starts with dot"
    } else if domain.contains("..") || domain.ends_with('.') {
        "Domain contains dot-dot"
    } else if !domain.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        "Domain contains illegal character"
    } else if local.len() > 64 || domain.len() > 255 {
        "Illegal address"
    } else {
        return Ok(address);
    };
    Err(bad_value(reason))
}

#[cfg(test)]
#[path = "ses_tests.rs"]
mod tests;
