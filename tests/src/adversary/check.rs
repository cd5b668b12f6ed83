//! What must hold after every step, whatever the adversary did.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sandbox::aws::ses::Mail;
use sandbox::simulation::{Answer, Step};
use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::answered::Answered;
use super::scene::{Approval, Press, STRICT, Scene, Shown};
use crate::ledger_writer::{Item, REQUEST, object};

/// How long an approval waits.
const TIMEOUT: time::Duration = time::Duration::days(7);
/// A moment as emails write it.
const UNTIL: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]");

/// The beginnings of the first line of an email about an end, behind the pipeline's name.
const HEADLINES: [(&str, &str); 2] = [("was approved", "approved"), ("was rejected", "rejected")];

impl Scene {
    /// Compares what was put and mailed since the last check with what CodePipeline holds.
    pub fn check(&self) {
        let approvals: Vec<Approval> = self.approvals.borrow().values().cloned().collect();
        for approval in &approvals {
            if let Some(shown) = self.shown(approval)
                && shown.ending.is_some()
                && self.ended.borrow_mut().insert(approval.key.clone())
            {
                self.check_result(approval, &shown);
            }
        }
        let mails = self.simulation.aws().ses.mails();
        let steps = if mails.len() > self.checked.get() { self.simulation.steps() } else { Vec::new() };
        for mail in &mails[self.checked.get()..] {
            self.check_mail(mail, &steps);
        }
        self.checked.set(mails.len());
        let events = self.simulation.aws().events();
        for event in &events[self.heard.get()..] {
            self.check_event(event);
        }
        self.heard.set(events.len());
    }

    /// What is said to others of an approval: that it was asked about, votes that somebody pressed for, and the end that
    /// CodePipeline holds. The adversary sends its own events to the function, and none to the bus.
    fn check_event(&self, event: &Value) {
        let detail = &event["detail"];
        let lie = |what: &str| self.broken(format!("{what}, and an event says {event}"));
        if event["detail-type"] == "Request Missing" {
            return;
        }
        let Some(approval) = self.approvals.borrow().get(detail["key"].as_str().unwrap_or_default()).cloned() else {
            return lie("no such approval");
        };
        if event["detail-type"] == "Vote Recorded" {
            let is_it = |press: &Press| press.key == approval.key && detail["decision"] == press.decision.as_str();
            if !self.presses.borrow().iter().any(is_it) {
                lie("nobody pressed for that");
            }
        }
        if event["detail-type"] == "Approval Ended" && detail["ending"] != "notShown" {
            let ending = self.shown(&approval).and_then(|shown| shown.ending);
            if ending.is_none() || detail["ending"].as_str() != ending {
                lie("it did not end like that");
            }
        }
    }

    /// Nothing is put by our role but in the name of somebody who pressed for it, no `Approved` unless a quorum of distinct unbarred persons each pressed Approve under one digest,
    /// and no `Rejected` unless somebody pressed Reject.
    fn check_result(&self, approval: &Approval, shown: &Shown) {
        if !Self::is_ours(&shown.by) {
            return;
        }
        self.was_put();
        let presses = self.presses.borrow();
        let of = |decision: &str| {
            let decision = decision.to_owned();
            presses.iter().filter(move |press| press.key == approval.key && press.decision == decision)
        };
        // The session is in the name of somebody who pressed the button for that.
        let word = if shown.ending == Some("approved") { "Approved" } else { "Rejected" };
        let name = shown.by.rsplit('/').next().unwrap_or_default();
        if !of(word).any(|press| press.who == name) {
            self.broken(format!("{} was ended in the name of {name}, who did not press {word}", approval.pipeline));
        }
        let digests: BTreeSet<&String> = of("Approved").map(|press| &press.digest).collect();
        let persons = |digest: &String| -> BTreeSet<&str> {
            let pressed = of("Approved").filter(|press| press.digest == *digest).map(|press| press.who.as_str());
            pressed.filter(|who| self.may_approve(approval, who)).collect()
        };
        let summary = &shown.summary;
        match shown.ending {
            Some("approved")
                if !digests.iter().any(|digest| persons(digest).len() >= self.needed(approval, digest)) =>
            {
                let pressed: Vec<_> =
                    digests.iter().map(|digest| (persons(digest), self.needed(approval, digest))).collect();
                self.broken(format!("{} was approved by {pressed:?}: {summary}", approval.pipeline));
            }
            Some("rejected") if of("Rejected").next().is_none() => {
                self.broken(format!("{} was rejected, and nobody pressed: {summary}", approval.pipeline));
            }
            _ => {}
        }
    }

    /// How many approvals the request with this digest asks for.
    fn needed(&self, approval: &Approval, digest: &str) -> usize {
        let least = if approval.pipeline == STRICT { self.quorum.get() } else { 1 };
        let pool = self.pool.borrow();
        let is_it = |item: &&Item| item["sk"]["S"] == REQUEST && digest_of(item).as_deref() == Some(digest);
        // One that was deleted as soon as it was written was seen by nobody here.
        let asked = pool.iter().find(is_it).map(|item| object(item)["terms"]["quorum"].as_u64().unwrap() as usize);
        asked.unwrap_or(least).max(least)
    }

    fn may_approve(&self, approval: &Approval, who: &str) -> bool {
        let is_approver = self.approvers.borrow()[approval.pipeline].contains(who);
        let initiator = self.started_by.borrow().get(&approval.execution).copied().unwrap_or_default();
        let is_barred = approval.pipeline == STRICT && who.split('@').next() == Some(initiator);
        is_approver && !is_barred
    }

    /// Each email's claims about an approval are what CodePipeline holds, and its recipient stood in a policy.
    fn check_mail(&self, mail: &Mail, steps: &[Step]) {
        let lie = |what: String| self.broken(format!("{what}, and the email to {} says:\n{}", mail.to, mail.text));
        let Some(approval) = self.approval_of(mail) else {
            let is_true = mail.raw.contains("\nReferences: <policy.") && self.may_have_changed_for(&mail.to);
            if !is_true || mail.raw.contains("evil.example") {
                lie("no such approval, and no such change of the policy".to_owned());
            }
            return;
        };
        if !self.approvers.borrow()[approval.pipeline].contains(mail.to.as_str()) {
            lie(format!("nobody ever asked {} about {}", mail.to, approval.pipeline));
        }
        if mail.raw.contains("evil.example") {
            lie("the adversary's words are in it".to_owned());
        }
        self.check_votes(&approval, mail, &lie);
        let Some(answered) = Answered::before(mail, steps) else { return lie("nobody sent it".to_owned()) };
        if mail.text.contains("There is nothing left to decide.") {
            match answered.of(&approval).last() {
                Some(shown) => self.check_outcome(&approval, &shown, mail, &lie),
                None => lie("CodePipeline was not asked".to_owned()),
            }
        } else if let Some((_, rest)) = mail.text.split_once("The email that asks ") {
            let missing = rest.split(" to decide on").next().unwrap_or_default();
            if !self.approvers.borrow()[approval.pipeline].contains(missing) {
                lie(format!("nobody ever asked {missing}"));
            }
            match answered.of(&approval).last() {
                Some(shown) if shown.ending.is_none() => {}
                shown => lie(format!("it had been {shown:?}")),
            }
        } else if mail.text.contains("/approval?t=") {
            match answered.of(&approval).last() {
                Some(shown) if shown.ending.is_none() => self.check_request(&approval, &shown, mail, &lie),
                shown => lie(format!("it had been {shown:?}")),
            }
        }
    }

    /// What an email asks about is what CodePipeline shows.
    fn check_request(&self, approval: &Approval, shown: &Shown, mail: &Mail, lie: &impl Fn(String)) {
        let until = (shown.began + TIMEOUT).format(UNTIL).unwrap();
        let by = format!("user/{}", self.started_by.borrow()[&approval.execution]);
        for part in [until, by, shown.instructions.clone()] {
            if part.is_empty() || !mail.text.contains(&part) {
                lie(format!("it lacks {part:?}"));
            }
        }
        let approvals = self.approvals.borrow();
        let before = approvals.values().filter(|one| one.execution == approval.execution && one.run != approval.run);
        let was_rejected = before
            .filter_map(|one| self.shown(one))
            .any(|one| one.began < shown.began && one.ending == Some("rejected"));
        if mail.text.lines().next().unwrap_or_default().to_lowercase().contains("after a rejection") != was_rejected {
            lie(format!("that it was rejected before is {was_rejected}"));
        }
    }

    fn approval_of(&self, mail: &Mail) -> Option<Approval> {
        let id = mail.raw.lines().find_map(|line| line.strip_prefix("References: <"))?;
        self.approvals.borrow().get(id.split('@').next()?).cloned()
    }

    fn check_outcome(&self, approval: &Approval, shown: &Shown, mail: &Mail, lie: &impl Fn(String)) {
        let Some(ending) = shown.ending else { return lie("it still waits".to_owned()) };
        let first = mail.text.lines().next().unwrap_or_default();
        let said = HEADLINES.iter().find(|(words, _)| first == format!("{} {words}", approval.pipeline));
        let said = match said {
            Some((_, said)) => said,
            None if first.contains("was not approved in time") => "expired",
            None if first.contains("no longer shows") => return lie("CodePipeline shows it".to_owned()),
            None => "abandoned",
        };
        if said != ending {
            return lie(format!("it was {ending}"));
        }
        if !matches!(ending, "approved" | "rejected") {
            return;
        }
        let who = mail.text.lines().nth(2).unwrap_or_default();
        let word = if ending == "approved" { "Approved" } else { "Rejected" };
        if let Some(rest) = who.strip_prefix(&format!("{word} in AWS by ")) {
            let by = shown.by.split(':').next_back().unwrap_or_default();
            if !rest.starts_with(&format!("{by} on ")) {
                lie(format!("it was decided by {by}"));
            }
        } else if let Some(rest) = who.strip_prefix(&format!("{word} by ")) {
            let named = rest.split(" on ").next().unwrap_or_default();
            if !Self::is_ours(&shown.by) {
                lie(format!("it was decided by {}", shown.by));
            } else if !shown.summary.starts_with(&format!("{word} through Countersign by {named}.")) {
                lie(format!("CodePipeline has {:?}", shown.summary));
            }
        } else {
            lie("it does not say by whom".to_owned());
        }
    }

    /// Every vote that an email lists was given.
    fn check_votes(&self, approval: &Approval, mail: &Mail, lie: &impl Fn(String)) {
        let presses = self.presses.borrow();
        for (words, decision) in [("You voted to approve", "Approved"), ("You voted to reject", "Rejected")] {
            let is_it = |press: &Press| press.key == approval.key && press.decision == decision && press.who == mail.to;
            if mail.text.contains(words) && !presses.iter().any(is_it) {
                lie(format!("{} never pressed {decision}", mail.to));
            }
        }
        for decision in ["Approved", "Rejected"] {
            for line in mail.text.lines().filter(|line| line.contains(&format!(": {decision}, "))) {
                let who = line.split(": ").next().unwrap_or_default();
                let gave = |press: &&Press| press.key == approval.key && press.decision == decision && press.who == who;
                if !presses.iter().any(|press| gave(&press)) {
                    lie(format!("{who} never pressed {decision}"));
                }
            }
        }
    }

    /// A page says that an approval ended only if it did, and in no other way than it did.
    pub fn check_page(&self, token: &str, answer: &Answer) {
        let title =
            answer.body.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
        let (Some(title), Some(approval)) = (title, self.of_token(token)) else { return };
        let Some(shown) = self.shown(&approval) else { return };
        for (words, ending) in [(" approved", "approved"), (" rejected", "rejected")] {
            if title.starts_with(approval.pipeline) && title.ends_with(words) && shown.ending != Some(ending) {
                self.broken(format!("a page says {title:?}, and it was {:?}", shown.ending));
            }
        }
    }

    fn of_token(&self, token: &str) -> Option<Approval> {
        self.approvals.borrow().values().find(|approval| approval.token == token).cloned()
    }
}

/// The digest of what is sealed in an item, whatever the item says it is.
fn digest_of(item: &Item) -> Option<String> {
    let bytes = STANDARD.decode(item.get("object")?["B"].as_str()?).ok()?;
    Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, &bytes)))
}
