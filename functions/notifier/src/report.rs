//! What came of an event, and why one fails.

use countersign::approval::ApprovalKey;
use countersign::aws::AwsError;
use countersign::pipeline::FindError;
use lambda_runtime::Diagnostic;
use serde::Serialize;

use crate::callback_client::CallbackError;
use crate::doctor::Diagnosis;
use crate::event::EventError;
use crate::history::History;
use crate::outbox::DeliveryError;
use crate::policy_store::PolicyReadError;

/// What came of an event, one entry for each thing that it told. Without addresses, since Lambda keeps answers; only a
/// history has them, which goes to whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of the event's records.
    pub results: Vec<Handled>,
}

/// What came of one thing that an event told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Handled {
    /// Its approvers have been asked, now or before.
    Asked {
        /// Pipeline, stage and action.
        approval: String,
        /// The approval's key in ledger and log.
        key: ApprovalKey,
        /// How many emails this invocation sent.
        sent: usize,
        /// How many had been sent before.
        already_sent: usize,
    },
    /// An approval that waits no more, or not long enough for anybody to answer: nobody was asked.
    Over {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// An approval ended.
    Ended {
        /// Pipeline, stage and action.
        approval: String,
        /// How many requests it ended, none if it was never asked for here or known to have ended.
        requests: usize,
        /// How many people were told so by this invocation.
        told: usize,
    },
    /// The emails were sent again.
    Resent {
        /// Pipeline, stage and action.
        approval: String,
        /// How many.
        sent: usize,
    },
    /// What waits was looked after.
    SweepSummary(SweepSummary),
    /// What the ledger knows of a pipeline's approvals.
    History(History),
    /// The deployment was looked over.
    Diagnosed(Diagnosis),
    /// None of our business.
    Ignored {
        /// Why.
        why: &'static str,
    },
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SweepSummary {
    /// Approvals that it looked at: those of the ledger that are not done with, and others that wait.
    pub looked: usize,
    /// Emails that ask, sent now because they were missing.
    pub asked: usize,
    /// Emails that remind.
    pub reminded: usize,
    /// Emails that tell how an approval ended.
    pub told: usize,
    /// Votes that had settled an approval and had not been carried out.
    pub finished: usize,
}

impl Handled {
    /// The result for the log, which must not hold what a history holds.
    pub(crate) fn for_log(&self) -> String {
        match self {
            Self::History(history) => format!("{{\"result\":\"history\",\"approvals\":{}}}", history.approvals.len()),
            other => serde_json::to_string(other).unwrap_or_default(),
        }
    }
}

/// How many errors an error tells of.
const LISTED: usize = 10;

/// Why an invocation fails, so that Lambda runs it again and in the end hands the event to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The approval was not found.
    #[error("{approval}: {error}")]
    Find {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        error: FindError,
    },
    /// The policy does not say who may decide.
    #[error("{approval}: {error}")]
    Policy {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        error: PolicyReadError,
    },
    /// An AWS call did not succeed.
    #[error("{what}: {error}")]
    Aws {
        /// Pipeline, stage and action, or what else was looked at.
        what: String,
        /// Which, and why.
        error: AwsError,
    },
    /// A command spoke of an approval that does not wait.
    #[error("{approval}: nothing waits there")]
    NothingWaits {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// CodePipeline tells of an end and does not show it (yet).
    #[error("{approval}: CodePipeline does not show yet how it ended")]
    EndNotShown {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// Votes settle an approval, and the callback did not carry them out.
    #[error("{approval}: its votes could not be carried out: {error}")]
    NotFinished {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        error: CallbackError,
    },
    /// Some emails were not sent; the others were.
    #[error("{approval}: {} of {recipients} emails were not sent ({})", failures.len(), listed(failures))]
    Deliveries {
        /// Pipeline, stage and action.
        approval: String,
        /// How many were to be sent.
        recipients: usize,
        /// Why, one for each that was not sent.
        failures: Vec<DeliveryError>,
    },
    /// There was more to look after than there was time for.
    #[error("no time for {left} approvals: the next sweep looks after them")]
    NoTime {
        /// How many approvals were not looked at.
        left: usize,
    },
    /// More than one thing failed.
    #[error("{}", listed(.0))]
    Several(Vec<NotifyError>),
}

impl NotifyError {
    /// The kind of error, as Lambda reports it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnreadableEvent",
            Self::Find { .. } => "ApprovalNotFound",
            Self::Policy { error: PolicyReadError::NoRoute { .. }, .. } => "NoRoute",
            Self::Policy { .. } => "PolicyError",
            Self::Aws { .. } => "AwsError",
            Self::NothingWaits { .. } => "NothingWaits",
            Self::EndNotShown { .. } => "EndNotShown",
            Self::NotFinished { .. } => "NotFinished",
            Self::Deliveries { .. } => "EmailsNotSent",
            Self::NoTime { .. } => "NoTime",
            Self::Several(_) => "Several",
        }
    }

    /// Whether emails were not sent that will not be, however often it is tried.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Deliveries { failures, .. } if failures.iter().all(DeliveryError::is_refusal))
    }

    /// One error as it is, more than one as a list.
    pub(crate) fn several(mut errors: Vec<Self>) -> Self {
        match (errors.pop(), errors.is_empty()) {
            (Some(error), true) => error,
            (last, _) => {
                errors.extend(last);
                Self::Several(errors)
            }
        }
    }
}

impl From<NotifyError> for Diagnostic {
    fn from(error: NotifyError) -> Self {
        Self { error_type: error.kind().to_owned(), error_message: error.to_string() }
    }
}

/// The first few, and how many more: a sweep may have a thousand, and Lambda cuts what is too long.
fn listed<T: ToString>(errors: &[T]) -> String {
    let mut list: Vec<String> = errors.iter().take(LISTED).map(T::to_string).collect();
    if errors.len() > LISTED {
        list.push(format!("and {} more", errors.len() - LISTED));
    }
    list.join("; ")
}
