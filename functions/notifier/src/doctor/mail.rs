//! The doctor on emails: the sender's identity, the configuration set, the account, and one real email to SES's mailbox
//! simulator, whose event must come back. What SES shows of another account's identity is nothing, so that the email is
//! the only test of it.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::operation::get_account::GetAccountOutput;
use aws_sdk_sesv2::operation::get_configuration_set::GetConfigurationSetOutput;
use aws_sdk_sesv2::types::{EventDestination, EventType, FeatureStatus, TlsPolicy};
use countersign::approval::{Address, Approver, Digest};
use countersign::aws::AwsError;
use countersign::delivery::{About, DeliveryId, Fate};
use countersign::pipeline::Polling;
use futures_util::future::join_all;
use time::Duration;

use super::{Finding, unanswered};
use crate::email::TestEmail;
use crate::mailer::SEND;
use crate::outbox::{LEASE, Outbox};

const SENDER: &str = "sender";
const QUOTA: &str = "sending quota";
const SET: &str = "configuration set";
const EMAIL: &str = "test email";

/// The mailbox of SES's simulator that takes everything. It works in the SES sandbox and does not count as sending.
const SIMULATOR: &str = "success@simulator.amazonses.com";

/// The events without which it is not known that an email did not arrive.
const WANTED: [EventType; 4] = [EventType::Bounce, EventType::Complaint, EventType::Delivery, EventType::Reject];

/// Examines what emails need.
#[derive(Clone)]
pub(crate) struct MailDoctor {
    ses: Client,
    outbox: Outbox,
}

impl MailDoctor {
    /// One that looks at how the outbox sends.
    pub(crate) fn new(aws: &SdkConfig, outbox: Outbox) -> Self {
        Self { ses: Client::new(&outbox.mailer.sending().in_region(aws)), outbox }
    }

    /// Everything about emails, side by side.
    pub(super) async fn examine(&self) -> Vec<Finding> {
        let account =
            async { self.ses.get_account().send().await.map_err(|error| AwsError::new("ses:GetAccount", &error)) };
        let (sender, account, set, email) = tokio::join!(self.sender(), account, self.set(), self.email());
        let set = match set {
            Ok((set, destinations)) => of_set(&set, &destinations, account.as_ref()),
            Err(error) => unanswered(SET, &error),
        };
        vec![sender, of_account(account), set, email]
    }

    /// The sender's address, its domain, or a domain above that must be verified in SES.
    async fn sender(&self) -> Finding {
        if let Some(identity) = &self.outbox.mailer.sending().identity {
            let found =
                format!("not checked: the identity is of account {}, and the test email shows it", identity.account());
            return Finding::sound(SENDER, found);
        }
        let names = identities_of(&self.outbox.sender.address);
        let answers = join_all(names.iter().map(async |name| {
            let answer = self.ses.get_email_identity().email_identity(name).send().await;
            let answer = answer.map_err(|error| AwsError::new("ses:GetEmailIdentity", &error));
            match answer {
                Ok(identity) => Ok(identity.verified_for_sending_status),
                Err(error) if error.code == "NotFoundException" => Ok(false),
                Err(error) => Err(error),
            }
        }));
        let mut refused = None;
        for (name, answer) in names.iter().zip(answers.await) {
            match answer {
                Ok(true) => {
                    let kind = if name.contains('@') { "address".to_owned() } else { format!("domain {name}") };
                    return Finding::sound(SENDER, format!("SES has verified the sender's {kind}"));
                }
                Ok(false) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) => unanswered(SENDER, &error),
            None => Finding::unsound(
                SENDER,
                "SES has verified neither the sender's address nor its domain, nor a domain above that",
                "verify the address or the domain in Amazon SES, in the region that emails are sent from, or set another sender",
            ),
        }
    }

    /// The configuration set that emails name, with its event destinations.
    async fn set(&self) -> Result<(GetConfigurationSetOutput, Vec<EventDestination>), AwsError> {
        let name = &self.outbox.mailer.sending().configuration_set;
        let set = async {
            let answer = self.ses.get_configuration_set().configuration_set_name(name).send().await;
            answer.map_err(|error| AwsError::new("ses:GetConfigurationSet", &error))
        };
        let destinations = async {
            let call = self.ses.get_configuration_set_event_destinations().configuration_set_name(name);
            call.send().await.map_err(|error| AwsError::new("ses:GetConfigurationSetEventDestinations", &error))
        };
        let (set, destinations) = tokio::try_join!(set, destinations)?;
        Ok((set, destinations.event_destinations.unwrap_or_default()))
    }

    /// An email to the simulator must be accepted, and the event about it must come back.
    async fn email(&self) -> Finding {
        match self.round_trip().await {
            Ok(finding) => finding,
            Err(error) if error.operation == SEND => {
                Finding { remedy: Some(remedy_of(&error)), ..unanswered(EMAIL, &error) }
            }
            Err(error) => unanswered(EMAIL, &error),
        }
    }

    async fn round_trip(&self) -> Result<Finding, AwsError> {
        const BUG: &str = "report this as a bug";
        let Outbox { ledger, mailer, sender, deployment, clock, polling, .. } = &self.outbox;
        let now = clock();
        let digest = Digest::of(format!("{} {}", now.unix_timestamp_nanos(), fastrand::u64(..)).as_bytes());
        let Ok(to) = SIMULATOR.parse::<Approver>() else { return Ok(Finding::unsound(EMAIL, "no mailbox", BUG)) };
        let email = TestEmail { digest: &digest, to: &to, sender, deployment };
        let Ok(message) = email.render(now) else { return Ok(Finding::unsound(EMAIL, "no message", BUG)) };
        let id = DeliveryId { about: About::Test(&digest), to: &to.address };
        ledger.claim_delivery(id, fastrand::u64(..), now, LEASE, now.saturating_add(Duration::DAY)).await?;
        let message_id = mailer.send(id, message).await?;
        ledger.mark_sent(id, &message_id, clock()).await?;
        // An event takes longer than what others are doing.
        let polling = Polling { attempts: polling.attempts * 5, ..*polling };
        let said = polling.until(async || {
            let said = ledger.said(id).await?;
            Ok(said.filter(|said| said.fate != Fate::Delayed))
        });
        let said = said.await?;
        Ok(match said.map(|said| said.fate) {
            Some(Fate::Delivered) => {
                Finding::sound(EMAIL, "SES delivered an email to its simulator, and the event about it came back")
            }
            Some(fate) => Finding::unsound(
                EMAIL,
                format!("an email to the simulator of SES was not delivered: {}", fate.as_str()),
                "look at the sender's reputation in Amazon SES: it may have paused sending",
            ),
            None => Finding::unsound(
                EMAIL,
                "SES accepted an email to its simulator, but no event about it came back",
                "check the set's event destination on EventBridge, the rule for its events, their queue, its dead-letter \
                 queue, and the notifier's event source mapping; events take seconds as a rule, so try again once",
            ),
        })
    }
}

/// The address, its domain and the domains above that: whatever of them SES has verified, it sends with the first.
fn identities_of(sender: &Address) -> Vec<String> {
    let address = sender.expose();
    let domain = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let above = std::iter::successors(Some(domain.as_str()), |domain| {
        domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
    });
    std::iter::once(address.to_owned()).chain(above.map(str::to_owned)).collect()
}

/// The account must be out of SES's sandbox, and allowed to send.
fn of_account(account: Result<GetAccountOutput, AwsError>) -> Finding {
    let account = match account {
        Ok(account) => account,
        Err(error) => return unanswered(QUOTA, &error),
    };
    let quota = account.send_quota();
    let (day, second) = quota.map_or((0.0, 0.0), |quota| (quota.max24_hour_send, quota.max_send_rate));
    let number = if day < 0.0 { "any number of".to_owned() } else { day.to_string() };
    let found = format!("{number} emails a day, {second} a second");
    if !account.production_access_enabled {
        let found = format!("{found}: the account is in the SES sandbox");
        let remedy = "request production access in Amazon SES, or verify every approver's address and deploy with SesSandbox=true";
        return Finding::unsound(QUOTA, found, remedy);
    }
    if !account.sending_enabled {
        return Finding::unsound(QUOTA, "SES has paused sending for the account", "see its reputation in Amazon SES");
    }
    Finding::sound(QUOTA, found)
}

/// The set must send, say what becomes of emails, and leave links as they are.
fn of_set(
    set: &GetConfigurationSetOutput,
    destinations: &[EventDestination],
    account: Result<&GetAccountOutput, &AwsError>,
) -> Finding {
    if set.sending_options().is_some_and(|options| !options.sending_enabled) {
        return Finding::unsound(SET, "it does not send", "enable sending for the configuration set in Amazon SES");
    }
    let enabled = || destinations.iter().filter(|destination| destination.enabled);
    let has = |destination: &EventDestination, event: &EventType| destination.matching_event_types.contains(event);
    if enabled().any(|one| has(one, &EventType::Click) || has(one, &EventType::Open)) {
        return Finding::unsound(
            SET,
            "it tracks clicks or opens, so that SES rewrites the links in emails",
            "take open and click out of its event destinations, or use the set that the stack makes",
        );
    }
    let of_set =
        set.vdm_options().and_then(|vdm| vdm.dashboard_options()).and_then(|options| options.engagement_metrics());
    let of_account = match (of_set, account) {
        (None, Err(error)) => return unanswered(SET, error),
        (_, account) => account.ok().and_then(GetAccountOutput::vdm_attributes),
    };
    let of_account = of_account.and_then(|vdm| vdm.dashboard_attributes()).and_then(|of| of.engagement_metrics());
    if of_set.or(of_account) == Some(&FeatureStatus::Enabled) {
        return Finding::unsound(
            SET,
            "the engagement metrics of Virtual Deliverability Manager track clicks and opens, so that SES rewrites links",
            "turn them off for the configuration set, or use the set that the stack makes",
        );
    }
    let on_bus = || enabled().filter(|destination| destination.event_bridge_destination().is_some());
    if !WANTED.iter().all(|event| on_bus().any(|destination| has(destination, event))) {
        return Finding::unsound(
            SET,
            "it does not say on EventBridge whether emails arrive, so nobody learns of those that do not",
            "add an event destination on the default event bus with send, reject, bounce, complaint, delivery and \
             deliveryDelay, or use the set that the stack makes",
        );
    }
    let is_required = set.delivery_options().and_then(|options| options.tls_policy()) == Some(&TlsPolicy::Require);
    let tls = if is_required { "sends through TLS alone" } else { "also sends without TLS" };
    Finding::sound(SET, format!("it tracks nobody, says what becomes of emails, and {tls}"))
}

fn remedy_of(error: &AwsError) -> &'static str {
    match error.code.as_str() {
        "AccessDenied" | "AccessDeniedException" => {
            "SES needs the right to use the identity that it sends with, and the configuration set: set SenderIdentity \
             to the verified identity; for one of another account, its owner must allow it"
        }
        "MessageRejected" => "verify the sender in Amazon SES, in the region that emails are sent from",
        "ConfigurationSetDoesNotExist" => "make the configuration set, in the region that emails are sent from",
        _ => "look the error up in the AWS documentation of the operation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_sent_with_by_itself_its_domain_and_those_above() {
        let of = |address: &str| identities_of(&address.parse().unwrap());
        assert_eq!(
            of("Approvals@Mail.Dev.Example.com"),
            ["Approvals@Mail.Dev.Example.com", "mail.dev.example.com", "dev.example.com", "example.com"]
        );
        assert_eq!(of("a@example.com"), ["a@example.com", "example.com"]);
    }
}
