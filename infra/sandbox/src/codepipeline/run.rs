//! One run of an action: how it begins, and what it brings.

use std::collections::BTreeMap;

use serde_json::json;
use time::{Duration, UtcDateTime};

use super::definition::{ActionDefinition, ActionKind, PipelineDefinition, SourceAction, SourceProvider};
use super::events::{self, ActionEvent};
use super::id::{Id, fresh_uuid};
use super::state::{ActionRun, ApprovalRun, Execution, Pipeline, Revision};
use super::status::ActionStatus;
use super::variables;
use super::world::World;

/// An approval without `timeoutInMinutes` waits for seven days.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::days(7);

/// Commit messages for pipelines that have none of their own.
const MESSAGES: [&str; 5] = [
    "Fix rounding of totals in the monthly report",
    "Retry uploads when the connection drops",
    "Add an index for the search by customer",
    "Update dependencies",
    "Show the delivery date on the order page",
];

/// Starts an action, and sends its events. All but an approval have succeeded when this returns.
pub(super) fn start(pipeline: &mut Pipeline, world: &World<'_>, index: usize, stage: &str, action: &ActionDefinition) {
    let token = Id::fresh();
    let Some(execution) = begin(pipeline, world.into(), index, stage, action, token) else { return };
    let Some(run) = execution.runs.last() else { return };
    world.emit(events::state_change(execution, run, ActionEvent::Started, world.now));
    if run.approval.is_none() {
        world.emit(events::state_change(execution, run, ActionEvent::Succeeded, world.now));
    } else if let Some(notice) = events::approval_needed(execution, run, world.now) {
        world.emit(notice);
    }
}

/// When a run begins, and how long it waits, if it is an approval that does not say.
pub(super) struct Begins {
    pub now: UtcDateTime,
    pub timeout: Duration,
}

impl From<&World<'_>> for Begins {
    fn from(world: &World<'_>) -> Self {
        Self { now: world.now, timeout: world.default_timeout }
    }
}

/// Records the run as the last one of its execution, without an event. The token matters to approvals only.
pub(super) fn begin<'a>(
    pipeline: &'a mut Pipeline,
    Begins { now, timeout }: Begins,
    index: usize,
    stage: &str,
    action: &ActionDefinition,
    token: Id,
) -> Option<&'a mut Execution> {
    let sequence = pipeline.next_in_sequence();
    let execution = pipeline.executions.get_mut(index)?;
    let configuration = action.kind.configuration(&execution.definition);
    let resolved = configuration.iter().map(|(key, value)| (*key, variables::resolve(value, execution))).collect();
    let mut run = ActionRun {
        id: fresh_uuid(),
        sequence,
        stage: stage.to_owned(),
        action: action.clone(),
        status: ActionStatus::Succeeded,
        started: now,
        updated: now,
        updated_by: None,
        summary: None,
        external_id: None,
        external_url: None,
        configuration,
        resolved,
        output_variables: BTreeMap::new(),
        approval: None,
        retried: false,
    };
    match &action.kind {
        ActionKind::Source(source) => fetch(&mut run, execution, source, index, now),
        ActionKind::Build => {
            run.external_id = Some(format!("{}:{}", execution.definition.name, fresh_uuid()));
            run.summary = Some("Build terminated with state: SUCCEEDED".to_owned());
        }
        ActionKind::Deploy => {
            let id: String = fresh_hex(9).to_uppercase();
            run.external_id = Some(format!("d-{id}"));
            run.summary = Some("Deployment Succeeded".to_owned());
        }
        ActionKind::Approval(approval) => {
            let minutes = approval.timeout_minutes.map(|minutes| Duration::minutes(minutes.into()));
            let deadline = now.checked_add(minutes.unwrap_or(timeout)).unwrap_or(now);
            run.status = ActionStatus::InProgress;
            run.external_id = Some(token.value.clone());
            run.approval = Some(ApprovalRun { token, began: now, deadline, decision: None });
        }
    }
    execution.runs.push(run);
    execution.updated = now;
    Some(execution)
}

/// Brings a revision, and the variables that a source action puts out.
fn fetch(run: &mut ActionRun, execution: &mut Execution, source: &SourceAction, age: usize, now: UtcDateTime) {
    let pinned = execution.overrides.iter().find(|(action, _)| *action == run.action.name);
    let id = pinned.map_or_else(|| fresh_revision(source), |(_, revision)| revision.clone());
    let texts: Vec<&str> = source.messages.iter().map(String::as_str).collect();
    let texts = if texts.is_empty() { MESSAGES.as_slice() } else { texts.as_slice() };
    let message = texts.iter().cycle().nth(age % texts.len()).copied().unwrap_or_default();
    // The longest summary that the model allows.
    let summary: String = summary_of(source, &id, message).chars().take(2048).collect();
    let url = revision_url(&execution.definition, source, &id);
    run.output_variables = match source.provider {
        SourceProvider::S3 => BTreeMap::from([
            ("BucketName", source.repository.clone()),
            ("ObjectKey", source.branch.clone()),
            ("VersionId", id.clone()),
        ]),
        SourceProvider::Ecr => BTreeMap::from([
            ("RepositoryName", source.repository.clone()),
            ("ImageTag", source.branch.clone()),
            ("ImageDigest", id.clone()),
        ]),
        SourceProvider::Custom => BTreeMap::new(),
        provider => {
            let full = if provider == SourceProvider::CodeCommit { "RepositoryName" } else { "FullRepositoryName" };
            BTreeMap::from([
                ("BranchName", source.branch.clone()),
                ("CommitId", id.clone()),
                ("CommitMessage", message.to_owned()),
                (full, source.repository.clone()),
            ])
        }
    };
    run.external_id = Some(id.clone());
    run.summary = Some(summary.clone()).filter(|summary| !summary.is_empty());
    run.external_url = Some(url.clone()).filter(|url| !url.is_empty());
    execution.revisions.push(Revision { action: run.action.name.clone(), id, summary, url, created: now });
}

/// The id of a new revision in the form that its provider has.
fn fresh_revision(source: &SourceAction) -> String {
    match source.provider {
        SourceProvider::Ecr => format!("sha256:{}", fresh_hex(64)),
        SourceProvider::S3 => fresh_hex(32),
        SourceProvider::Custom => fresh_hex(5),
        _ => fresh_hex(40),
    }
}

fn summary_of(source: &SourceAction, id: &str, message: &str) -> String {
    match source.provider {
        // Without a summary among the object's metadata.
        SourceProvider::S3 if source.messages.is_empty() => format!("Amazon S3 version id: {id}"),
        SourceProvider::Ecr | SourceProvider::Custom if source.messages.is_empty() => String::new(),
        provider => match provider.connection() {
            // In the service's order: what is cut is the message.
            Some(name) => format!(r#"{{"ProviderType":"{name}","CommitMessage":{}}}"#, json!(message)),
            None => message.to_owned(),
        },
    }
}

fn revision_url(pipeline: &PipelineDefinition, source: &SourceAction, id: &str) -> String {
    let (region, repository, branch) = (&pipeline.region, &source.repository, &source.branch);
    match source.provider {
        SourceProvider::CodeCommit => {
            format!("https://{region}.console.aws.amazon.com/codecommit/home#/repository/{repository}/commit/{id}")
        }
        SourceProvider::GitHub => format!("https://github.com/{repository}/commit/{id}"),
        SourceProvider::S3 => format!("https://console.aws.amazon.com/s3/object/{repository}/{branch}?versionId={id}"),
        SourceProvider::Ecr => {
            format!("https://{region}.console.aws.amazon.com/ecr/repositories/{repository}/image/{id}/details")
        }
        SourceProvider::Custom => String::new(),
        _ => format!(
            "https://{region}.console.aws.amazon.com/codesuite/settings/connections/redirect?connectionArn={}\
             &referenceType=COMMIT&FullRepositoryId={repository}&Commit={id}",
            pipeline.connection_arn(),
        ),
    }
}

/// Hexadecimal digits, as many as asked, at most 64.
fn fresh_hex(digits: usize) -> String {
    let (first, second) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    format!("{}{}", first.simple(), second.simple()).chars().take(digits).collect()
}
