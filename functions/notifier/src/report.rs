//! What Lambda answers: what was done about an event, or why the invocation failed.

use countersign::approval::{ApprovalKey, PipelineName};
use countersign::aws::AwsError;
use countersign::evidence::Evidence;
use countersign::policy::answers::{Answer, Verdict};
use lambda_runtime::Diagnostic;
use serde::Serialize;

use crate::announce::AnnounceError;
use crate::ask::AskError;
use crate::doctor::Diagnosis;
use crate::errors::Errors;
use crate::event::EventError;
use crate::evidence::EvidenceError;
use crate::fates::FateError;
use crate::history::HistoryPage;
use crate::policy_changes::PolicyChangeError;
use crate::policy_store::PolicyReadError;
use crate::receipts::ReceiptError;
use crate::routes::RouteList;
use crate::served::ScopeError;
use crate::sweep::{RoundSummary, SweepError, SweepFailure, SweepSummary};

/// What was done about an event, one entry for each of its records. It holds no addresses, since Lambda keeps answers;
/// only a history and evidence have them, and only the caller of the command gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of the event's records.
    pub results: Vec<EventReport>,
    /// The messages of SES's queue that were not dealt with: Lambda hands over those alone again.
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedMessage>,
}

/// A message to be handed over again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedMessage {
    /// SQS's id of it.
    pub item_identifier: String,
}

/// What was done about one record of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventReport {
    /// The approvers have been asked, now or before.
    Asked {
        /// Pipeline, stage and action.
        approval: String,
        /// The approval's key in the ledger and the log.
        key: String,
        /// How many emails this invocation sent.
        sent: usize,
        /// How many had been sent before.
        already_sent: usize,
    },
    /// The approval no longer waits, or not long enough for anybody to answer: nobody was asked.
    Over {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// An approval ended.
    Ended {
        /// Pipeline, stage and action.
        approval: String,
        /// How many outcomes were recorded: none if the approval was never asked for here, or was known to have ended.
        requests: usize,
        /// How many emails this invocation sent to announce an outcome.
        told: usize,
    },
    /// The voters have been told of their votes, now or before.
    Receipts {
        /// Pipeline, stage and action.
        approval: String,
        /// The approval's key in the ledger and the log.
        key: String,
        /// How many emails this invocation sent.
        sent: usize,
    },
    /// What became of an email is on record.
    Fate {
        /// What.
        fate: &'static str,
        /// How many others were told that it did not arrive.
        told: usize,
    },
    /// What waits at an action has its request, now or before.
    AskedAnew {
        /// Pipeline, stage and action.
        approval: String,
        /// How many emails this invocation sent.
        sent: usize,
    },
    /// The emails were sent again.
    Resent {
        /// Pipeline, stage and action.
        approval: String,
        /// How many.
        sent: usize,
    },
    /// A sweep was done, or a part of a round.
    Swept(SweepSummary),
    /// A round was begun.
    Round(RoundSummary),
    /// A page of a pipeline's history.
    History(HistoryPage),
    /// Evidence about an approval.
    Evidence {
        /// The approval's key.
        key: String,
        /// The document.
        evidence: Box<Evidence>,
    },
    /// Every approval action, and who would be asked about it.
    Routes(RouteList),
    /// Whether a text is a valid policy.
    Checked(AnswerLines),
    /// Whom a policy would ask.
    Explained(AnswerLines),
    /// A test event of the doctor's arrived.
    TestArrived {
        /// From which account and region.
        place: String,
    },
    /// The deployment was examined.
    Diagnosed(Diagnosis),
    /// The event is not for the notifier.
    Ignored {
        /// Why.
        why: &'static str,
    },
}

/// An answer to a question about a policy, line by line, as the command line gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerLines {
    /// `yes`, `no` or `unclear`.
    pub verdict: &'static str,
    /// The answer.
    pub lines: Vec<String>,
    /// Errors, warnings, and what the question lacks.
    pub problems: Vec<String>,
}

impl From<Answer> for AnswerLines {
    fn from(answer: Answer) -> Self {
        let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect();
        Self {
            verdict: match answer.verdict {
                Verdict::Yes => "yes",
                Verdict::No => "no",
                Verdict::Unclear => "unclear",
            },
            lines: lines(&answer.said),
            problems: lines(&answer.problems),
        }
    }
}

impl EventReport {
    pub(crate) fn checked(answer: Answer) -> Self {
        Self::Checked(answer.into())
    }

    pub(crate) fn explained(answer: Answer) -> Self {
        Self::Explained(answer.into())
    }

    /// The report for the log, which must not hold what a history, evidence or a policy holds.
    pub(crate) fn for_log(&self) -> String {
        match self {
            Self::History(page) => format!("{{\"result\":\"history\",\"approvals\":{}}}", page.approvals.len()),
            Self::Routes(list) => format!("{{\"result\":\"routes\",\"actions\":{}}}", list.actions.len()),
            Self::Checked(answer) => format!("{{\"result\":\"checked\",\"verdict\":\"{}\"}}", answer.verdict),
            Self::Explained(answer) => format!("{{\"result\":\"explained\",\"verdict\":\"{}\"}}", answer.verdict),
            Self::Evidence { key, .. } => format!("{{\"result\":\"evidence\",\"key\":\"{key}\"}}"),
            other => serde_json::to_string(other).unwrap_or_default(),
        }
    }
}

/// Why a record of an event was not dealt with, or not completely. It fails the invocation, so that Lambda retries it
/// and at last hands the event to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifierError {
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Not everybody was asked.
    #[error("{approval}: {error}")]
    Ask {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        error: AskError,
    },
    /// Not all emails were sent again, or anew.
    #[error("{approval}: {errors}")]
    Resend {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        errors: Errors<AskError>,
    },
    /// What became of an email was not kept, or not told.
    #[error("what became of an email: {0}")]
    Fate(#[from] FateError),
    /// Not all voters were told of their votes.
    #[error("{key}: {error}")]
    Receipts {
        /// The approval's key.
        key: ApprovalKey,
        /// Why.
        error: ReceiptError,
    },
    /// How an approval ended was not announced to everybody.
    #[error("{approval}: {errors}")]
    Conclude {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        errors: Errors<AnnounceError>,
    },
    /// It is not clear where a command is to act.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// It cannot be noted that a test event arrived.
    #[error("a test event: {0}")]
    TestEvent(AwsError),
    /// It cannot be read which accounts are served.
    #[error("which accounts are served: {0}")]
    Accounts(AwsError),
    /// A sweep could not do everything.
    #[error(transparent)]
    Sweep(#[from] Errors<SweepFailure>),
    /// Without a policy, nobody would be asked about anything.
    #[error(transparent)]
    Routes(PolicyReadError),
    /// The policy in force cannot be read, so it explains nothing.
    #[error(transparent)]
    Explain(PolicyReadError),
    /// The history cannot be read.
    #[error("{pipeline}: {error}")]
    History {
        /// The pipeline.
        pipeline: PipelineName,
        /// Why.
        error: AwsError,
    },
    /// There is no evidence.
    #[error("{key}: {error}")]
    Evidence {
        /// The approval's key.
        key: ApprovalKey,
        /// Why.
        error: EvidenceError,
    },
}

/// The type of several errors at once, as Lambda reports it.
const SEVERAL: &str = "Several";
const AWS_ERROR: &str = "AwsError";
const EMAILS_NOT_SENT: &str = "EmailsNotSent";
const EVENTS_NOT_PUT: &str = "EventsNotPut";

impl NotifierError {
    /// The type of the error, as Lambda reports it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnreadableEvent",
            Self::Scope(_) => "UnclearCommand",
            Self::Ask { error, .. } => kind_of_ask(error),
            Self::Resend { errors, .. } => errors.only().map_or(SEVERAL, kind_of_ask),
            Self::Receipts { error: ReceiptError::Undelivered(_), .. } | Self::Fate(FateError::Undelivered(_)) => {
                EMAILS_NOT_SENT
            }
            Self::Conclude { errors, .. } => errors.only().map_or(SEVERAL, kind_of_announce),
            Self::Sweep(failures) => failures.only().map_or(SEVERAL, |failure| kind_of_sweep(&failure.error)),
            Self::Receipts { error: ReceiptError::Aws(_), .. }
            | Self::Fate(FateError::Aws(_))
            | Self::Accounts(_)
            | Self::TestEvent(_)
            | Self::History { .. } => AWS_ERROR,
            Self::Fate(FateError::Unpublished(_)) => EVENTS_NOT_PUT,
            Self::Fate(FateError::NotMarked) => "EmailNotMarked",
            Self::Evidence { error, .. } => kind_of_evidence(error),
            Self::Routes(error) | Self::Explain(error) => kind_of_policy(error),
        }
    }
}

fn kind_of_ask(error: &AskError) -> &'static str {
    match error {
        AskError::Find(_) => "ApprovalNotFound",
        AskError::Policy(error) => kind_of_policy(error),
        AskError::Seal(_) | AskError::Aws(_) => AWS_ERROR,
        AskError::NothingPending => "NothingWaits",
        AskError::Undelivered(_) => EMAILS_NOT_SENT,
        AskError::Announce(error) => kind_of_announce(error),
        AskError::PolicyChange(error) => kind_of_change(error),
    }
}

fn kind_of_evidence(error: &EvidenceError) -> &'static str {
    match error {
        EvidenceError::Aws(_) | EvidenceError::Seal(_) => AWS_ERROR,
        EvidenceError::NotOnRecord => "NotOnRecord",
        EvidenceError::StillWaiting => "StillWaiting",
        EvidenceError::EndNotShown => "EndNotShown",
    }
}

fn kind_of_policy(error: &PolicyReadError) -> &'static str {
    match error {
        PolicyReadError::NoRoute { .. } | PolicyReadError::OnlyInCase { .. } => "NoRoute",
        _ => "PolicyError",
    }
}

fn kind_of_change(error: &PolicyChangeError) -> &'static str {
    match error {
        PolicyChangeError::Aws(_) | PolicyChangeError::Seal(_) => AWS_ERROR,
        PolicyChangeError::Contended => "PolicyNotNoted",
        PolicyChangeError::Undelivered(_) => EMAILS_NOT_SENT,
    }
}

fn kind_of_announce(error: &AnnounceError) -> &'static str {
    match error {
        AnnounceError::Aws(_) => AWS_ERROR,
        AnnounceError::EndNotShown => "EndNotShown",
        AnnounceError::Undelivered(_) => EMAILS_NOT_SENT,
        AnnounceError::Unpublished(_) => EVENTS_NOT_PUT,
    }
}

fn kind_of_sweep(error: &SweepError) -> &'static str {
    match error {
        SweepError::Aws(_) => AWS_ERROR,
        SweepError::Ask(error) => kind_of_ask(error),
        SweepError::Announce(error) => kind_of_announce(error),
        SweepError::Undelivered(_) => EMAILS_NOT_SENT,
        SweepError::Policy(error) => kind_of_policy(error),
        SweepError::PolicyChange(error) => kind_of_change(error),
        SweepError::NotSigned(_) | SweepError::NotFinished(_) => "NotFinished",
        SweepError::NoTime { .. } => "NoTime",
    }
}

impl From<Errors<NotifierError>> for Diagnostic {
    fn from(errors: Errors<NotifierError>) -> Self {
        let error_type = errors.only().map_or(SEVERAL, NotifierError::kind).to_owned();
        Self { error_type, error_message: errors.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_results_are_an_interface_and_stay() {
        let approval = || "pipeline/stage/action".to_owned();
        let history = HistoryPage { pipeline: "pipeline".to_owned(), approvals: Vec::new(), next: None };
        let results = vec![
            EventReport::Asked { approval: approval(), key: "key".to_owned(), sent: 1, already_sent: 2 },
            EventReport::Over { approval: approval() },
            EventReport::Ended { approval: approval(), requests: 1, told: 2 },
            EventReport::Receipts { approval: approval(), key: "key".to_owned(), sent: 1 },
            EventReport::Fate { fate: "delivered", told: 0 },
            EventReport::AskedAnew { approval: approval(), sent: 1 },
            EventReport::Resent { approval: approval(), sent: 1 },
            EventReport::Swept(SweepSummary {
                looked: 1,
                asked: 2,
                reminded: 3,
                receipts: 4,
                told: 5,
                finished: 6,
                rights: 7,
                left: 8,
                throttled: 9,
            }),
            EventReport::Round(RoundSummary { places: 1, parts: 2, running: 3, rights: 4 }),
            EventReport::History(history),
            EventReport::Routes(RouteList {
                policy_version: 1,
                pipelines: 0,
                actions: Vec::new(),
                unread: Vec::new(),
                round: std::time::Duration::ZERO,
            }),
            EventReport::Checked(AnswerLines { verdict: "yes", lines: vec!["line".to_owned()], problems: Vec::new() }),
            EventReport::Explained(AnswerLines { verdict: "no", lines: Vec::new(), problems: vec!["line".to_owned()] }),
            EventReport::TestArrived { place: "account/region".to_owned() },
            EventReport::Diagnosed(Diagnosis { sound: true, findings: Vec::new() }),
            EventReport::Ignored { why: "an event of another service" },
        ];
        let expected = json!({"results": [
            {"result": "asked", "approval": "pipeline/stage/action", "key": "key", "sent": 1, "alreadySent": 2},
            {"result": "over", "approval": "pipeline/stage/action"},
            {"result": "ended", "approval": "pipeline/stage/action", "requests": 1, "told": 2},
            {"result": "receipts", "approval": "pipeline/stage/action", "key": "key", "sent": 1},
            {"result": "fate", "fate": "delivered", "told": 0},
            {"result": "askedAnew", "approval": "pipeline/stage/action", "sent": 1},
            {"result": "resent", "approval": "pipeline/stage/action", "sent": 1},
            {"result": "swept", "looked": 1, "asked": 2, "reminded": 3, "receipts": 4, "told": 5, "finished": 6, "rights": 7, "left": 8, "throttled": 9},
            {"result": "round", "places": 1, "parts": 2, "running": 3, "rights": 4},
            {"result": "history", "pipeline": "pipeline", "approvals": []},
            {"result": "routes", "policyVersion": 1, "pipelines": 0, "actions": []},
            {"result": "checked", "verdict": "yes", "lines": ["line"], "problems": []},
            {"result": "explained", "verdict": "no", "lines": [], "problems": ["line"]},
            {"result": "testArrived", "place": "account/region"},
            {"result": "diagnosed", "sound": true, "findings": []},
            {"result": "ignored", "why": "an event of another service"},
        ]});
        assert_eq!(serde_json::to_value(Report { results, failed: Vec::new() }).unwrap(), expected);
    }

    #[test]
    fn the_log_has_no_evidence() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../shared/tests/golden/evidence-decided.json")).unwrap();
        let evidence: Evidence = serde_json::from_value(golden["results"][0]["evidence"].clone()).unwrap();
        let report = EventReport::Evidence { key: "key".to_owned(), evidence: Box::new(evidence) };
        assert_eq!(report.for_log(), r#"{"result":"evidence","key":"key"}"#);
        assert_eq!(serde_json::to_value(&report).unwrap()["evidence"], golden["results"][0]["evidence"]);
    }

    #[test]
    fn one_error_keeps_its_type_and_several_have_their_own() {
        let no_time = || SweepFailure { what: "the sweep".to_owned(), error: SweepError::NoTime { left: 2 } };
        let type_of = |failures| {
            let error = NotifierError::Sweep(Errors::check(failures).unwrap_err());
            Diagnostic::from(Errors::from(error)).error_type
        };
        assert_eq!(type_of(vec![no_time()]), "NoTime");
        assert_eq!(type_of(vec![no_time(), no_time()]), "Several");
    }
}
