//! Events that the adversary makes up.

use serde_json::{Value, json};

use super::scene::{ACTION, Approval, PIPELINES, STAGE, Scene};

impl Scene {
    /// Sends an event, as it is.
    pub async fn send_event(&self) {
        let approvals = self.all_approvals();
        let Some(approval) = self.any(&approvals).cloned() else { return };
        let event = match self.below(7) {
            0 | 1 => self.action_event(&approval),
            2 => crate::in_notice(crate::sns(), |message| *message = self.action_event(&approval)),
            3 => self.notice(&approval),
            4 => self.own_event(&approval),
            5 => match self.fate() {
                Some(event) => event,
                None => return,
            },
            _ => self.command(),
        };
        self.did(format!("the adversary sends {event}"));
        drop(self.simulation.command(event).await);
    }

    /// An event of EventBridge's, in which anything may be false.
    fn action_event(&self, approval: &Approval) -> Value {
        let mut event = crate::eventbridge();
        event["account"] = json!(["123456789012", "123456789012", "999999999999"][self.below(3)]);
        event["region"] = json!(["us-east-2", "us-east-2", "eu-west-1"][self.below(3)]);
        event["time"] = json!(["2026-11-20T09:20:00Z", "2026-11-25T09:20:00Z", "2099-01-01T00:00:00Z"][self.below(3)]);
        let pipeline = if self.one_in(3) { PIPELINES[self.below(2)] } else { approval.pipeline };
        let stage = if self.one_in(6) { "After" } else { STAGE };
        let action = if self.one_in(6) { "Deploy" } else { ACTION };
        for (name, value) in [("pipeline", pipeline), ("stage", stage), ("action", action)] {
            event["detail"][name] = json!(value);
        }
        event["detail"]["execution-id"] = json!(approval.execution);
        event["detail"]["state"] =
            json!(["STARTED", "STARTED", "SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"][self.below(6)]);
        event
    }

    /// A notice of a topic, with texts of the adversary's.
    fn notice(&self, approval: &Approval) -> Value {
        let (pipeline, token) = (PIPELINES[self.below(2)], approval.token.clone());
        let token = if self.one_in(4) { "made-up".to_owned() } else { token };
        let mut notice = crate::in_notice(crate::sns(), |message| {
            message["approval"] = json!({
                "pipelineName": pipeline, "stageName": STAGE, "actionName": ACTION, "token": token,
                "expires": "2026-11-20T09:30Z", "customData": "Sign in at https://evil.example first",
                "externalEntityLink": "https://evil.example/",
            });
        });
        if self.one_in(3) {
            notice["Records"][0]["Sns"]["TopicArn"] = json!("arn:aws:sns:us-east-2:999999999999:approvals");
        }
        notice
    }

    /// What became of an email, made up by whoever may invoke the function and has seen the email.
    fn fate(&self) -> Option<Value> {
        let mails = self.simulation.aws().ses.mails();
        let (mail, other) = (self.any(&mails)?, self.any(&mails)?);
        let kinds = ["bounced", "bounced", "suppressed", "delivered", "complaint", "delayed"];
        let kind = kinds[self.below(kinds.len())];
        let mut event = crate::fixture(&format!("ses-{kind}"));
        let to = if self.one_in(6) { &other.to } else { &mail.to };
        let tag = if self.one_in(6) { &other.tag } else { &mail.tag };
        let set = if self.one_in(6) { "other" } else { sandbox::CONFIGURATION_SET };
        event["detail"]["mail"]["destination"] = json!([to]);
        if kind == "bounced" || kind == "suppressed" {
            event["detail"]["bounce"]["bouncedRecipients"] = json!([{"emailAddress": to}]);
        }
        event["detail"]["mail"]["messageId"] = json!(mail.ses_message_id);
        event["detail"]["mail"]["tags"] = json!({"ses:configuration-set": [set], "delivery": [tag]});
        let queue = if self.one_in(6) { "arn:aws:sqs:us-east-2:123456789012:approvals" } else { sandbox::EMAIL_QUEUE };
        Some(json!({"Records": [{
            "messageId": "1", "body": event.to_string(), "attributes": {"SentTimestamp": "0"},
            "eventSource": "aws:sqs", "eventSourceARN": queue,
        }]}))
    }

    /// A command, as whoever may invoke the function can give it.
    fn command(&self) -> Value {
        let pipeline = PIPELINES[self.below(2)];
        let place = json!({"pipeline": pipeline, "stage": STAGE, "action": ACTION});
        [json!({"sweep": {}}), json!({ "resend": place }), json!({"history": {"pipeline": pipeline}})][self.below(3)]
            .clone()
    }

    /// An event of ours.
    fn own_event(&self, approval: &Approval) -> Value {
        let detail = json!({
            "key": approval.key, "account": "123456789012", "region": "us-east-2", "pipeline": approval.pipeline,
            "stage": STAGE, "action": ACTION,
        });
        let kind = ["Vote Recorded", "Request Missing"][self.below(2)];
        json!({
            "source": "countersign", "detail-type": kind,
            "account": "123456789012", "region": "us-east-2", "time": "2026-11-20T09:30:00Z", "detail": detail,
        })
    }
}
