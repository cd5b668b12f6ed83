//! What honest people do: with true links, in the order that chance has them do it.

use std::time::Duration;

use serde_json::json;

use super::scene::{ACTION, MALLORY, PIPELINES, Press, STAGE, STRICT, Scene};
use crate::forge::Parts;
use crate::links_of;

impl Scene {
    /// Somebody honest does something.
    pub async fn act(&self) {
        match self.below(16) {
            0..8 => self.press().await,
            8 => self.open().await,
            9..12 => {
                self.did("an hour goes by".to_owned());
                self.simulation.hour().await;
            }
            12 => {
                self.did("ten minutes go by".to_owned());
                self.simulation.pass(Duration::from_mins(10)).await;
            }
            13 => self.save_policy().await,
            14 if self.one_in(2) => self.resend().await,
            14 => self.decide_in_console(),
            _ => self.start_or_retry().await,
        }
    }

    /// A link in an email to somebody, with its claims: mostly about the strict pipeline, and rarely one that rejects.
    fn link(&self) -> Option<(String, Parts)> {
        let links: Vec<(String, Parts)> = self.simulation.aws().ses.look(|mails| {
            let of = |text: &str| links_of(text).into_iter().map(str::to_owned).collect::<Vec<_>>();
            let mut mails: Vec<_> = mails.iter().collect();
            mails.sort_by_key(|mail| (&mail.date, &mail.subject, &mail.to));
            mails.into_iter().flat_map(|mail| of(&mail.text)).map(|link| (link.clone(), Parts::of(&link))).collect()
        });
        let reject = self.one_in(8);
        let pipeline = if self.one_in(6) { None } else { Some(STRICT) };
        let fits = |parts: &Parts| {
            (parts.claims["decision"] == "Rejected") == reject
                && pipeline.is_none_or(|pipeline| parts.claims["pipeline"] == pipeline)
        };
        let links: Vec<_> = links.into_iter().filter(|(_, parts)| fits(parts)).collect();
        // Newer links more often than older ones.
        let from = if self.one_in(2) { links.len().saturating_sub(6) } else { 0 };
        self.any(&links[from..]).cloned()
    }

    async fn press(&self) {
        let Some((link, Parts { claims, .. })) = self.link() else { return };
        let text = |name: &str| claims[name].as_str().unwrap().to_owned();
        let (who, decision) = (text("sub"), text("decision"));
        self.did(format!("{who} presses {decision} at {}, of {:.6}", text("pipeline"), text("request")));
        let key = self.key_of(&text("token"));
        let press = Press { key, digest: text("request"), who, decision: decision.clone() };
        self.presses.borrow_mut().push(press);
        let answer = self.simulation.visit("POST", &link, Some(&[("comment", "ok"), ("decision", &decision)])).await;
        self.check_page(&text("token"), &answer);
    }

    async fn open(&self) {
        let Some((link, Parts { claims, .. })) = self.link() else { return };
        self.did(format!("{} opens a link", claims["sub"]));
        let answer = self.simulation.visit("GET", &link, None).await;
        self.check_page(claims["token"].as_str().unwrap(), &answer);
    }

    fn key_of(&self, token: &str) -> String {
        let approvals = self.approvals.borrow();
        approvals.values().find(|approval| approval.token == token).map(|one| one.key.clone()).unwrap_or_default()
    }

    async fn resend(&self) {
        let pipeline = PIPELINES[self.below(2)];
        self.did(format!("the emails about {pipeline} are sent again"));
        let command = json!({"pipeline": pipeline, "stage": STAGE, "action": ACTION});
        drop(self.simulation.command(json!({ "resend": command })).await);
    }

    fn decide_in_console(&self) {
        let waits = self.waiting();
        let waiting: Vec<_> = self.all_approvals().into_iter().filter(|one| waits.contains(&one.key)).collect();
        let Some(approval) = self.any(&waiting).cloned() else { return };
        let (status, summary) = match self.below(3) {
            0 => ("Approved", "by hand".to_owned()),
            1 => ("Rejected", "by hand".to_owned()),
            // The console takes any words, ours included.
            _ => ("Approved", format!("Approved through Countersign by {MALLORY}.")),
        };
        self.did(format!("an operator decides {} at {}: {status}", approval.pipeline, approval.key));
        let input = json!({
            "pipelineName": approval.pipeline, "stageName": STAGE, "actionName": ACTION, "token": approval.token,
            "result": {"status": status, "summary": summary},
        });
        drop(self.codepipeline("PutApprovalResult", &input));
    }

    /// The stage of an execution that was rejected is tried again, or another execution is started.
    async fn start_or_retry(&self) {
        let approvals = self.all_approvals();
        let failed = |ending: Option<&str>| matches!(ending, Some("rejected" | "expired"));
        let mut failed = approvals.iter().filter(|one| self.shown(one).is_some_and(|shown| failed(shown.ending)));
        if let Some(approval) = failed.next() {
            let input = json!({
                "pipelineName": approval.pipeline, "stageName": STAGE, "pipelineExecutionId": approval.execution,
                "retryMode": "FAILED_ACTIONS",
            });
            if self.codepipeline("RetryStageExecution", &input).is_ok() {
                self.did(format!("the stage of {} is tried again", approval.pipeline));
                return;
            }
        }
        let initiator = ["alice", "bob", "dave"][self.below(3)];
        self.start(if self.one_in(3) { PIPELINES[1] } else { STRICT }, initiator).await;
    }
}
