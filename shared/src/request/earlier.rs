//! Decisions on earlier runs of an approval's action in the same execution: a stage that was rejected can be retried, and
//! whoever is asked again is told.

use std::fmt;

use time::UtcDateTime;

use super::{Outcome, Request};
use crate::approval::{ActionExecutionId, Approver, Comment, Decision};

/// The most votes that are kept of an earlier decision. Of one by more votes there is only CodePipeline's summary.
const MAX_VOTES: usize = 3;

/// A decision on an earlier run of the action, before its stage was retried.
#[derive(Clone, PartialEq, Eq)]
pub struct EarlierDecision {
    /// The decision.
    pub decision: Decision,
    /// Who decided, if CodePipeline names somebody: the end of an ARN.
    pub by: Option<String>,
    /// Whether that is our role, so that the summary names the approvers.
    pub by_our_role: bool,
    /// When.
    pub at: UtcDateTime,
    /// What CodePipeline keeps as its summary.
    pub summary: Option<String>,
    /// The run that was decided, if CodePipeline names it.
    pub run: Option<ActionExecutionId>,
    /// The votes that decided it, oldest first, where the ledger has them. The summary then says no more than they do.
    pub votes: Vec<EarlierVote>,
}

/// A vote that counted in an earlier decision.
#[derive(Clone, PartialEq, Eq)]
pub struct EarlierVote {
    /// The voter, as they were asked then.
    pub approver: Approver,
    /// The comment, if there is one.
    pub comment: Option<Comment>,
}

impl fmt::Debug for EarlierDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarlierDecision")
            .field("decision", &self.decision)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EarlierVote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EarlierVote(…)")
    }
}

impl EarlierDecision {
    /// The decision with its votes, if one of `requests` is about the same run and its votes explain it.
    #[must_use]
    pub fn with_votes(self, requests: &[Request]) -> Self {
        let request = requests.iter().find(|request| self.run.as_ref() == Some(&request.approval.run));
        let votes = request.map(|request| self.votes_in(request)).unwrap_or_default();
        Self { votes, ..self }
    }

    fn votes_in(&self, request: &Request) -> Vec<EarlierVote> {
        let outcome = Outcome {
            ending: self.decision.into(),
            by: self.by.clone(),
            by_our_role: self.by_our_role,
            at: self.at,
            summary: self.summary.clone(),
        };
        let request = Request { outcome: Some(outcome), ..request.clone() };
        let votes = request.votes_for(self.decision);
        if !request.ended_by_votes() || votes.len() > MAX_VOTES {
            return Vec::new();
        }
        let as_asked = |vote: &super::Vote| EarlierVote {
            approver: request
                .terms
                .approvers
                .get(&vote.approver.identity())
                .cloned()
                .unwrap_or_else(|| Approver { address: vote.approver.clone(), name: None }),
            comment: vote.comment.clone(),
        };
        votes.into_iter().map(as_asked).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{Approval, ApprovalAction, Digest};
    use crate::l10n::Language;
    use crate::request::{NewRequest, Release, Terms, Visitor, Vote};
    use crate::time_zone::TimeZone;

    const ANN: &str = "ann@example.com";
    const BEN: &str = "ben@example.com";
    const CAT: &str = "cat@example.com";

    fn request(quorum: &str, wanted: Option<&str>, votes: &[(&str, Decision)]) -> Request {
        let approval = Approval {
            action: ApprovalAction {
                account: "123456789012".parse().unwrap(),
                region: "us-east-2".parse().unwrap(),
                pipeline: "p".parse().unwrap(),
                stage: "s".parse().unwrap(),
                action: "a".parse().unwrap(),
            },
            token: "t".parse().unwrap(),
            execution: "e".parse().unwrap(),
            run: "run-1".parse().unwrap(),
        };
        let person = |address: &str| (address.to_owned(), format!("N <{address}>").parse().unwrap());
        let terms = Terms {
            route: "default".to_owned(),
            policy_version: 1,
            approvers: [ANN, BEN, CAT].map(person).into(),
            quorum: quorum.parse().unwrap(),
            expires: None,
            remind: Vec::new(),
            reason_required: false,
            barred: [].into(),
            must_include: wanted.map(str::to_owned),
            unrecognised_initiator: false,
            language: Language::ENGLISH,
            time_zone: TimeZone::UTC,
            time_zones: [].into(),
            reply_to: None,
            copy: [].into(),
        };
        let at = UtcDateTime::UNIX_EPOCH;
        let mut request = NewRequest::new(approval, terms, at, at, Release::default()).with_digest(Digest::of(b"r"));
        request.votes = votes
            .iter()
            .map(|(who, decision)| {
                let (approver, comment) = (who.parse().unwrap(), format!("says {who}").parse().ok());
                let (link, visitor) = (String::new(), Visitor::default());
                let vote = Vote { approver, decision: *decision, comment, at, link, visitor };
                ((*who).to_owned(), vote)
            })
            .collect();
        request
    }

    #[test]
    fn approvals_without_the_one_that_is_wanted_decide_nothing() {
        use Decision::{Approved, Rejected};
        for (quorum, wanted, votes, decision) in [
            ("1", None, vec![(ANN, Approved)], Some(Approved)),
            ("1", Some(BEN), vec![(ANN, Approved)], None),
            ("1", Some(BEN), vec![(BEN, Approved)], Some(Approved)),
            ("1", Some(BEN), vec![(ANN, Approved), (CAT, Approved)], None),
            ("2", Some(BEN), vec![(BEN, Approved)], None),
            ("2", Some(BEN), vec![(ANN, Approved), (CAT, Approved)], None),
            ("2", Some(BEN), vec![(ANN, Approved), (BEN, Approved)], Some(Approved)),
            ("1", Some(BEN), vec![(ANN, Rejected)], Some(Rejected)),
            ("1", Some(BEN), vec![(ANN, Approved), (BEN, Rejected)], Some(Rejected)),
        ] {
            assert_eq!(request(quorum, wanted, &votes).count(), decision, "{quorum} {wanted:?}");
        }
    }

    #[test]
    fn votes_are_those_of_the_same_run_that_explain_what_codepipeline_holds() {
        let request = request("1", None, &[(BEN, Decision::Rejected)]);
        let decision = EarlierDecision {
            decision: Decision::Rejected,
            by: None,
            by_our_role: true,
            at: UtcDateTime::UNIX_EPOCH,
            summary: Some(request.summary(Decision::Rejected)),
            run: "run-1".parse().ok(),
            votes: Vec::new(),
        };
        let voters = |decision: &EarlierDecision| {
            let votes = decision.clone().with_votes(std::slice::from_ref(&request)).votes;
            votes.into_iter().map(|vote| vote.approver.address.expose().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(voters(&decision), [BEN]);
        let approved = Some(request.summary(Decision::Approved));
        for other in [
            EarlierDecision { run: "run-2".parse().ok(), ..decision.clone() },
            EarlierDecision { run: None, ..decision.clone() },
            EarlierDecision { by_our_role: false, ..decision.clone() },
            EarlierDecision { summary: None, ..decision.clone() },
            EarlierDecision { summary: Some("Rejected by cat".to_owned()), ..decision.clone() },
            EarlierDecision { decision: Decision::Approved, summary: approved, ..decision.clone() },
        ] {
            assert!(voters(&other).is_empty());
        }
    }
}
