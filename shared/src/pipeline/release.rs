//! What CodePipeline knows of an execution, as a [`Release`].

use aws_sdk_codepipeline::types::{PipelineExecution, TriggerType};
use serde::Deserialize;

use super::Initiator;
use crate::approval::ReviewLink;
use crate::request::{Release, Revision};
use crate::text::{bounded, bounded_line};

/// The longest instructions that we keep, in characters. `CustomData` may have 1,000.
pub(super) const MAX_INSTRUCTIONS: usize = 1000;
/// The longest commit message that we keep, in characters.
pub(super) const MAX_SUMMARY: usize = 2048;
/// Lines such as a commit id or a principal, in characters.
const MAX_LINE: usize = 256;
/// How many sources of a pipeline are shown.
const MAX_REVISIONS: usize = 10;

/// `arn:aws:sts::123456789012:assumed-role/Admin/alice` → `assumed-role/Admin/alice`.
pub(super) fn principal(arn: &str) -> String {
    bounded_line(arn.splitn(6, ':').last().unwrap_or(arn), MAX_LINE)
}

pub(super) fn release_of(execution: &PipelineExecution) -> Release {
    let started_by = execution.trigger.as_ref().and_then(|trigger| {
        let kind = trigger.trigger_type.as_ref().map(TriggerType::as_str);
        match (trigger.trigger_detail.as_deref(), kind) {
            (Some(detail), Some("StartPipelineExecution")) if detail.starts_with("arn:") => Some(principal(detail)),
            (Some(detail), Some(kind)) if !detail.is_empty() => {
                Some(bounded_line(&format!("{kind}: {detail}"), MAX_LINE))
            }
            (_, kind) => kind.map(str::to_owned),
        }
    });
    let revisions = execution
        .artifact_revisions
        .as_deref()
        .unwrap_or_default()
        .iter()
        .take(MAX_REVISIONS)
        .filter_map(|revision| {
            Some(Revision {
                id: bounded_line(revision.revision_id.as_deref().filter(|id| !id.is_empty())?, MAX_LINE),
                summary: revision.revision_summary.as_deref().map(commit_message).filter(|text| !text.is_empty()),
                url: revision.revision_url.as_deref().and_then(ReviewLink::parse_lenient),
            })
        })
        .collect();
    Release { started_by, revisions, ..Release::default() }
}

/// Sources behind a connection wrap the commit message: `{"ProviderType":"GitHub","CommitMessage":"…"}`.
fn commit_message(summary: &str) -> String {
    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(rename = "CommitMessage")]
        commit_message: String,
    }
    match serde_json::from_str::<Wrapped>(summary) {
        Ok(wrapped) => bounded(&wrapped.commit_message, MAX_SUMMARY),
        Err(_) => bounded(summary, MAX_SUMMARY),
    }
}

/// Who started an execution. Its trigger names them by an ARN of IAM or STS, whatever the kind of trigger. It is no
/// person only where the kind of trigger says so; anything else is unknown.
pub(super) fn initiator_of(execution: &PipelineExecution) -> Option<Initiator> {
    let trigger = execution.trigger.as_ref()?;
    if let Some(name) = trigger.trigger_detail.as_deref().and_then(person) {
        return Some(Initiator::Person(name));
    }
    match trigger.trigger_type.as_ref()? {
        TriggerType::AutomatedRollback
        | TriggerType::CloudWatchEvent
        | TriggerType::PollForSourceChanges
        | TriggerType::Webhook
        | TriggerType::WebhookV2 => Some(Initiator::Nobody),
        _ => None,
    }
}

/// The name of a user or of a role's session: the last part of its ARN. The documentation shows some ARNs in braces.
fn person(arn: &str) -> Option<String> {
    let mut parts = arn.trim().trim_start_matches('{').trim_end_matches('}').splitn(6, ':');
    let (Some("arn"), Some(_), Some("iam" | "sts")) = (parts.next(), parts.next(), parts.next()) else { return None };
    let name = parts.nth(2)?.rsplit('/').next()?;
    (!name.is_empty()).then(|| bounded_line(name, MAX_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_the_end_of_its_arn() {
        for (arn, shown) in [
            ("arn:aws:iam::123456789012:user/alice", "user/alice"),
            ("arn:aws:sts::123456789012:assumed-role/Admin/a:b", "assumed-role/Admin/a:b"),
            ("codepipeline.amazonaws.com", "codepipeline.amazonaws.com"),
        ] {
            assert_eq!(principal(arn), shown);
        }
    }

    #[test]
    fn a_wrapped_commit_message_is_unwrapped() {
        assert_eq!(
            commit_message(r#"{"ProviderType":"GitHub","CommitMessage":"Fix rounding\n\nin totals"}"#),
            "Fix rounding\n\nin totals"
        );
        assert_eq!(commit_message("Edited README.md"), "Edited README.md");
        assert_eq!(commit_message("{\"a\":1}"), "{\"a\":1}");
    }

    #[test]
    fn who_started_it_is_a_person_nobody_or_not_known() {
        use aws_sdk_codepipeline::types::ExecutionTrigger;
        let person = |name: &str| Some(Initiator::Person(name.to_owned()));
        let alice = "arn:aws:iam::123456789012:user/alice";
        for (kind, detail, initiator) in [
            (Some(TriggerType::StartPipelineExecution), Some(alice), person("alice")),
            (Some(TriggerType::ManualRollback), Some(alice), person("alice")),
            (Some(TriggerType::CreatePipeline), Some(alice), person("alice")),
            (None, Some(alice), person("alice")),
            (
                Some(TriggerType::CloudWatchEvent),
                Some("arn:aws:events:us-east-2:123456789012:rule/r"),
                Some(Initiator::Nobody),
            ),
            (Some(TriggerType::WebhookV2), Some("{\"repository\":\"a/b\"}"), Some(Initiator::Nobody)),
            (Some(TriggerType::PollForSourceChanges), None, Some(Initiator::Nobody)),
            (Some(TriggerType::StartPipelineExecution), None, None),
            (Some(TriggerType::StartPipelineExecution), Some(""), None),
            (Some(TriggerType::StartPipelineExecution), Some("alice"), None),
            (Some(TriggerType::ManualRollback), Some("arn:aws:iam::123456789012"), None),
            (Some(TriggerType::PutActionRevision), None, None),
            (Some(TriggerType::from("SomethingNew")), None, None),
            (None, None, None),
        ] {
            let trigger = ExecutionTrigger::builder()
                .set_trigger_type(kind.clone())
                .set_trigger_detail(detail.map(str::to_owned))
                .build();
            let execution = PipelineExecution::builder().trigger(trigger).build();
            assert_eq!(initiator_of(&execution), initiator, "{kind:?} {detail:?}");
        }
        assert_eq!(initiator_of(&PipelineExecution::builder().build()), None, "no trigger at all");
    }

    #[test]
    fn a_person_is_a_user_or_a_session() {
        for (arn, name) in [
            ("arn:aws:iam::123456789012:user/alice", Some("alice")),
            ("arn:aws-us-gov:iam::123456789012:user/division/team/alice", Some("alice")),
            ("arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com", Some("alice@example.com")),
            ("{arn:aws:sts::123456789012:assumed-role/Admin/alice}", Some("alice")),
            ("arn:aws:sts::123456789012:federated-user/alice", Some("alice")),
            ("arn:aws:iam::123456789012:root", Some("root")),
            ("arn:aws:events:us-east-2:123456789012:rule/nightly", None),
            ("arn:aws:iam::123456789012", None),
            ("arn:aws:iam::123456789012:user/", None),
            ("", None),
            ("alice", None),
        ] {
            assert_eq!(person(arn).as_deref(), name, "{arn}");
        }
    }
}
