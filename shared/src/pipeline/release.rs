//! What CodePipeline knows of an execution, as a [`Release`].

use aws_sdk_codepipeline::types::{
    ActionExecutionDetail, ActionExecutionStatus, ExecutionTrigger, ExecutionType, PipelineExecution,
    ResolvedPipelineVariable, TriggerType,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::end::{Failure, said_of};
use super::source::Source;
use super::{Initiator, moment};
use crate::approval::{ActionExecutionId, Decision, PrincipalArn, ReviewLink, RoleArn};
use crate::hosts::RepositoryId;
use crate::request::{EarlierDecision, Release, Revision, Rollback, Start, Variable};
use crate::text::{bounded, bounded_line, is_blank, is_invisible};

/// The longest instructions that we keep, in characters. `CustomData` may have 1,000.
pub(super) const MAX_INSTRUCTIONS: usize = 1000;
/// The longest commit message that we keep, in characters.
pub(super) const MAX_SUMMARY: usize = 2048;
/// Lines such as a commit id or a principal, in characters.
pub(super) const MAX_LINE: usize = 256;
/// How many sources of a pipeline are shown.
pub(super) const MAX_REVISIONS: usize = 10;
/// How many variables of an execution are kept: CodePipeline has no more in a pipeline.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
const MAX_VARIABLES: usize = 50;

/// `arn:aws:sts::123456789012:assumed-role/Admin/alice` → `assumed-role/Admin/alice`.
pub(super) fn principal(arn: &str) -> String {
    bounded_line(arn.splitn(6, ':').last().unwrap_or(arn), MAX_LINE)
}

fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}

/// What CodePipeline says of who or what started an execution, as it says it.
pub(super) fn started_by(trigger: Option<&ExecutionTrigger>) -> Option<String> {
    let trigger = trigger?;
    let kind = trigger.trigger_type.as_ref().map(TriggerType::as_str);
    match (trigger.trigger_detail.as_deref(), kind) {
        (Some(detail), Some("StartPipelineExecution")) if detail.starts_with("arn:") => Some(principal(detail)),
        // Some are JSON, which nobody outside of AWS reads.
        (Some(detail), Some(kind)) if !detail.is_empty() && !is_json_object(detail) => {
            Some(bounded_line(&format!("{kind}: {detail}"), MAX_LINE))
        }
        (_, kind) => kind.map(str::to_owned),
    }
}

/// What an execution releases, and the repositories of its revisions, as far as connections name them. `source_of` knows the
/// source that puts an artifact out.
pub(super) fn release_of(
    execution: &PipelineExecution,
    source_of: impl Fn(&str) -> Option<Source>,
    pushes_only: bool,
) -> (Release, Vec<Option<RepositoryId>>) {
    let all = execution.artifact_revisions.as_deref().unwrap_or_default();
    let (revisions, repositories): (Vec<_>, Vec<_>) = all
        .iter()
        .filter_map(|revision| {
            let artifact = revision.name.as_deref();
            let source = artifact.and_then(&source_of);
            let id = revision.revision_id.as_deref().filter(|id| !id.is_empty())?;
            let url = revision.revision_url.as_deref().and_then(ReviewLink::parse_lenient);
            let summary = revision.revision_summary.as_deref().unwrap_or_default();
            let repository = source.as_ref().and_then(|source| source.repository(summary, url.as_ref(), id));
            let summary = Some(commit_message(summary)).filter(|text| !text.is_empty() && !is_version(text, id));
            let name = source.as_ref().map(|source| source.action.as_str()).or(artifact);
            let revision = Revision {
                source: name.map(|name| bounded_line(name, MAX_LINE)),
                origin: source.as_ref().and_then(|source| source.origin(repository.as_ref())),
                id: bounded_line(id, MAX_LINE),
                summary,
                page: source.as_ref().and_then(|source| source.page(url.as_ref())),
                url,
                comparison: None,
            };
            Some((revision, repository))
        })
        .take(MAX_REVISIONS)
        .unzip();
    // One without an id is counted: what was not shown of it must not go unnoticed.
    let more_revisions = all.len().saturating_sub(revisions.len());
    let target = execution.rollback_metadata.as_ref();
    let target = target.and_then(|rollback| rollback.rollback_target_pipeline_execution_id.as_deref());
    let target = target.and_then(|target| target.parse().ok());
    let is_rollback = target.is_some() || execution.execution_type == Some(ExecutionType::Rollback);
    let rollback = is_rollback.then_some(Rollback { target, started: None });
    let variables = execution.variables.as_deref().unwrap_or_default();
    let variables = variables.iter().filter_map(variable).take(MAX_VARIABLES).collect();
    let trigger = execution.trigger.as_ref();
    let (started_by, start) = (started_by(trigger), Some(start_of(trigger, &revisions, pushes_only)));
    let release = Release { started_by, start, rollback, revisions, more_revisions, variables, ..Release::default() };
    (release, repositories)
}

/// A value that was given to an execution when it started, or that its pipeline declares.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ResolvedPipelineVariable.html>
fn variable(variable: &ResolvedPipelineVariable) -> Option<Variable> {
    let value = variable.resolved_value.as_deref().unwrap_or_default();
    Some(Variable { name: bounded_line(variable.name.as_deref()?, MAX_LINE), value: bounded_line(value, MAX_LINE) })
}

/// Whether a summary is what CodePipeline writes where nobody wrote one: the version, which is shown besides.
fn is_version(summary: &str, id: &str) -> bool {
    summary.strip_prefix("Amazon S3 version id: ").is_some_and(|version| version == id)
}

/// Who or what started an execution, as far as its trigger says. Who a principal is, the policy says.
pub(super) fn start_of(trigger: Option<&ExecutionTrigger>, revisions: &[Revision], pushes_only: bool) -> Start {
    if let Some(Initiator::Principal(_)) = initiator_of(trigger) {
        return Start::Principal;
    }
    let branches: Vec<Option<&str>> = revisions.iter().map(Revision::branch).collect();
    // The name stands in a sentence of ours, so that it must not read as one.
    let is_plain = |branch: &&str| {
        branch.len() <= 60
            && branch.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'))
    };
    let pushed = || {
        let only = branches.first().copied().flatten().filter(|_| branches.len() == 1);
        Start::Push(only.filter(is_plain).map(str::to_owned))
    };
    let all_are_pushed = !branches.is_empty() && branches.iter().all(Option::is_some);
    match trigger.and_then(|trigger| trigger.trigger_type.as_ref()) {
        Some(TriggerType::Webhook | TriggerType::WebhookV2) if pushes_only => pushed(),
        Some(TriggerType::PollForSourceChanges) if all_are_pushed => pushed(),
        Some(
            TriggerType::Webhook
            | TriggerType::WebhookV2
            | TriggerType::PollForSourceChanges
            | TriggerType::PutActionRevision,
        ) => Start::Change,
        Some(TriggerType::CloudWatchEvent) => {
            let rule = trigger.and_then(|trigger| rule_in(trigger.trigger_detail.as_deref()?));
            rule.map_or(Start::Change, Start::Rule)
        }
        Some(TriggerType::AutomatedRollback) => Start::AutomaticRollback,
        _ => Start::Unknown,
    }
}

/// The name in the ARN of an EventBridge rule: `arn:aws:events:REGION:ACCOUNT:rule/NAME`, with the bus before the name where
/// it is not the default one.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Rule.html>
fn rule_in(arn: &str) -> Option<String> {
    let (head, resource) = arn.split_once(":rule/")?;
    let name = resource.rsplit('/').next()?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let is_rule = head.starts_with("arn:") && head.split(':').nth(2) == Some("events");
    (is_rule && (1..=64).contains(&name.len()) && name.bytes().all(is_name)).then(|| name.to_owned())
}

/// The first line of what a revision's author wrote in which something can be seen, if there is one.
pub(super) fn title(summary: &str, id: &str) -> Option<String> {
    let message = Some(commit_message(summary)).filter(|message| !is_version(message, id))?;
    let line = message.lines().find(|line| !is_invisible(line))?;
    // What cannot be seen must not take the place of what can.
    Some(bounded_line(line.trim_start_matches(is_blank), MAX_LINE))
}

/// The provider in a wrapped commit message.
pub(super) fn provider_in(summary: &str) -> Option<String> {
    const MEMBER: &str = "{\"ProviderType\":\"";
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wrapped {
        provider_type: String,
    }
    // CodePipeline cuts the end of what is too long, and the provider comes first.
    let cut = || Some(summary.strip_prefix(MEMBER)?.split_once('"')?.0.to_owned());
    serde_json::from_str::<Wrapped>(summary).ok().map(|wrapped| wrapped.provider_type).or_else(cut)
}

/// How earlier runs of the action in the same execution were decided, oldest first: a stage that was rejected can be
/// retried, and the one who is asked again is told.
pub(super) fn earlier_decisions(
    runs: &[ActionExecutionDetail],
    run: &ActionExecutionId,
    deciding_role: &RoleArn,
) -> Vec<EarlierDecision> {
    // The list has the newest first, and of two in the same second the newer one stays the later.
    let mut earlier: Vec<EarlierDecision> = runs
        .iter()
        .rev()
        .filter(|other| other.action_execution_id.as_deref() != Some(run.as_str()))
        .filter_map(|other| {
            let by = other.updated_by.as_deref();
            let decision = match other.status {
                Some(ActionExecutionStatus::Succeeded) => Decision::Approved,
                // The time-out that it had is not known: where something was said, somebody may have rejected it.
                Some(ActionExecutionStatus::Failed) if Failure::of(other, false) == Failure::Rejected => {
                    Decision::Rejected
                }
                _ => return None,
            };
            Some(EarlierDecision {
                decision,
                by: by.map(principal),
                by_our_role: by.is_some_and(|arn| deciding_role.has_session(arn)),
                at: moment(other.last_update_time.as_ref())?,
                summary: said_of(other),
                run: other.action_execution_id.as_deref().and_then(|id| id.parse().ok()),
                votes: Vec::new(),
            })
        })
        .collect();
    earlier.sort_by_key(|decision| decision.at);
    earlier
}

/// The principal that made the last of the earlier decisions that rejected, if CodePipeline names it.
pub(super) fn rejected_by(runs: &[ActionExecutionDetail], earlier: &[EarlierDecision]) -> Option<PrincipalArn> {
    let last = earlier.iter().rfind(|decision| decision.decision == Decision::Rejected)?;
    let run = last.run.as_ref()?.as_str();
    let run = runs.iter().find(|other| other.action_execution_id.as_deref() == Some(run))?;
    run.updated_by.as_deref()?.parse().ok()
}

/// Sources behind a connection wrap the commit message: `{"ProviderType":"GitHub","CommitMessage":"…"}`, whatever the
/// provider. CodePipeline cuts what is longer than its member may be, the closing of the wrapper included.
fn commit_message(summary: &str) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wrapped {
        provider_type: Option<String>,
        commit_message: Option<String>,
    }
    let message = match serde_json::from_str::<Wrapped>(summary) {
        Ok(Wrapped { commit_message: Some(message), .. }) => message,
        Ok(Wrapped { provider_type: Some(_), commit_message: None }) => String::new(),
        _ => cut_commit_message(summary).unwrap_or_else(|| summary.to_owned()),
    };
    bounded(&message, MAX_SUMMARY)
}

/// What there is of a wrapped commit message whose end is missing, with a sign that it is.
fn cut_commit_message(summary: &str) -> Option<String> {
    const MEMBER: &str = "\"CommitMessage\":\"";
    /// The longest escape, of a character beyond the basic plane: `\ud83d\ude80`.
    const LONGEST_ESCAPE: usize = 12;
    let is_whole = serde_json::from_str::<IgnoredAny>(summary).is_ok();
    if is_whole || !summary.starts_with("{\"ProviderType\":\"") {
        return None;
    }
    let start = summary.find(MEMBER)? + MEMBER.len();
    // The cut may be within an escape, but no further back than its length.
    (0..LONGEST_ESCAPE).filter_map(|back| summary.get(start..summary.len().checked_sub(back)?)).find_map(|text| {
        // Only the closing brace may be missing.
        let text = text.strip_suffix('"').filter(|text| !text.ends_with('\\')).unwrap_or(text);
        serde_json::from_str::<String>(&format!("\"{text}\"")).ok().map(|message| message + "…")
    })
}

/// Who started an execution. Its trigger names them by an ARN of IAM or STS, whatever the kind of trigger. It started by
/// itself only where the kind of trigger says so; anything else is unknown.
pub(super) fn initiator_of(trigger: Option<&ExecutionTrigger>) -> Option<Initiator> {
    let trigger = trigger?;
    if let Some(principal) = trigger.trigger_detail.as_deref().and_then(principal_in) {
        return Some(Initiator::Principal(principal));
    }
    match trigger.trigger_type.as_ref()? {
        TriggerType::AutomatedRollback
        | TriggerType::CloudWatchEvent
        | TriggerType::PollForSourceChanges
        | TriggerType::Webhook
        | TriggerType::WebhookV2 => Some(Initiator::Automatic),
        _ => None,
    }
}

/// The principal that a trigger's detail is. The documentation shows some ARNs in braces.
fn principal_in(detail: &str) -> Option<PrincipalArn> {
    detail.trim().trim_start_matches('{').trim_end_matches('}').parse().ok()
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
    fn a_revision_without_an_id_is_counted() {
        use aws_sdk_codepipeline::types::ArtifactRevision;
        let revision = |name: &str| ArtifactRevision::builder().name(name);
        let execution = PipelineExecution::builder()
            .artifact_revisions(revision("App").revision_id("0123456789abcdef").build())
            .artifact_revisions(revision("Config").build());
        let (release, repositories) = release_of(&execution.build(), |_| None, true);
        assert_eq!((release.revisions.len(), repositories.len(), release.more_revisions), (1, 1, 1));
    }

    #[test]
    fn a_title_is_the_first_line_in_which_something_can_be_seen() {
        for (message, expected) in [
            ("Fix rounding\n\nin totals", Some("Fix rounding")),
            ("\u{200b}\nFix rounding", Some("Fix rounding")),
            (" \u{2800}\n\u{301}\nFix rounding", Some("Fix rounding")),
            (&*format!("{}Fix rounding", "\u{2800}".repeat(300)), Some("Fix rounding")),
            ("\u{200b}\n\u{3164}", None),
            ("", None),
        ] {
            assert_eq!(title(message, "id").as_deref(), expected, "{message:?}");
        }
    }

    #[test]
    fn a_wrapped_commit_message_is_unwrapped() {
        for (summary, message) in [
            (r#"{"ProviderType":"GitHub","CommitMessage":"Fix rounding\n\nin totals"}"#, "Fix rounding\n\nin totals"),
            (r#"{"ProviderType":"GitHubEnterpriseServer","CommitMessage":"Fix"}"#, "Fix"),
            (r#"{"ProviderType":"Bitbucket","CommitMessage":"Fix"}"#, "Fix"),
            (r#"{"ProviderType":"GitLab","CommitMessage":"Fix"}"#, "Fix"),
            (r#"{"ProviderType":"GitLabSelfManaged","CommitMessage":"Fix"}"#, "Fix"),
            (r#"{"CommitMessage":"Fix","ProviderType":"GitHub"}"#, "Fix"),
            (r#"{"ProviderType":"GitHub","CommitMessage":null}"#, ""),
            (r#"{"ProviderType":"GitHub"}"#, ""),
            // What is not the wrapper is what its author wrote.
            ("Edited README.md", "Edited README.md"),
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"ProviderType":"GitHub","CommitMessage":5}"#, r#"{"ProviderType":"GitHub","CommitMessage":5}"#),
            (r#"see "CommitMessage":"Fix"#, r#"see "CommitMessage":"Fix"#),
        ] {
            assert_eq!(commit_message(summary), message, "{summary}");
        }
    }

    #[test]
    fn a_wrapped_commit_message_is_unwrapped_wherever_it_is_cut() {
        let message = "Fix \"totals\" \\ in C:\\ 🚀\n\u{1}end\\";
        // As JSON may write it: in escapes, which a cut may be within.
        let written =
            r#"{"ProviderType":"GitHub","CommitMessage":"Fix \"totals\" \\ in C:\\ \ud83d\ude80\n\u0001end\\"}"#;
        let start = written.find("Fix").unwrap();
        for end in start..written.len() {
            let shown = commit_message(written.get(..end).unwrap());
            let shown = shown.strip_suffix('…').unwrap_or_else(|| panic!("{end}: {shown} is cut in silence"));
            let lost = bounded(message, MAX_SUMMARY).strip_prefix(shown.trim_end()).map(|rest| rest.chars().count());
            let is_near = lost.is_some_and(|lost| lost <= written.len() - end + 1);
            assert!(is_near, "{end}: {shown:?} is not a beginning of {message:?}");
        }
    }

    #[test]
    fn an_execution_is_started_by_a_principal_by_itself_or_by_somebody_unknown() {
        use aws_sdk_codepipeline::types::ExecutionTrigger;
        let alice = "arn:aws:iam::123456789012:user/division/alice";
        let session = "arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com";
        let root = "arn:aws:iam::123456789012:root";
        let principal = |arn: &str| Some(Initiator::Principal(arn.parse().unwrap()));
        for (kind, detail, initiator) in [
            (Some(TriggerType::StartPipelineExecution), Some(alice), principal(alice)),
            (Some(TriggerType::StartPipelineExecution), Some(session), principal(session)),
            (Some(TriggerType::StartPipelineExecution), Some(&*format!("{{{session}}}")), principal(session)),
            (Some(TriggerType::StartPipelineExecution), Some(root), principal(root)),
            (Some(TriggerType::ManualRollback), Some(alice), principal(alice)),
            (Some(TriggerType::CreatePipeline), Some(alice), principal(alice)),
            (None, Some(alice), principal(alice)),
            (
                Some(TriggerType::CloudWatchEvent),
                Some("arn:aws:events:us-east-2:123456789012:rule/r"),
                Some(Initiator::Automatic),
            ),
            (Some(TriggerType::WebhookV2), Some("{\"repository\":\"a/b\"}"), Some(Initiator::Automatic)),
            (Some(TriggerType::PollForSourceChanges), None, Some(Initiator::Automatic)),
            (Some(TriggerType::StartPipelineExecution), None, None),
            (Some(TriggerType::StartPipelineExecution), Some(""), None),
            (Some(TriggerType::StartPipelineExecution), Some("alice"), None),
            (Some(TriggerType::ManualRollback), Some("arn:aws:iam::123456789012"), None),
            (Some(TriggerType::ManualRollback), Some("arn:aws:iam::123456789012:user/"), None),
            (Some(TriggerType::PutActionRevision), None, None),
            (Some(TriggerType::from("SomethingNew")), None, None),
            (None, None, None),
        ] {
            let trigger = ExecutionTrigger::builder()
                .set_trigger_type(kind.clone())
                .set_trigger_detail(detail.map(str::to_owned))
                .build();
            let execution = PipelineExecution::builder().trigger(trigger).build();
            assert_eq!(initiator_of(execution.trigger.as_ref()), initiator, "{kind:?} {detail:?}");
        }
        assert_eq!(initiator_of(None), None, "no trigger at all");
    }
}
