//! Pipeline definitions: stages, actions, and how executions meet.

use std::collections::{BTreeMap, BTreeSet};

use super::errors::AwsError;
use super::input::{Pattern, TIMEOUT_MINUTES};

/// A pipeline as its owner declares it. Its name is unique in its account, whatever its region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineDefinition {
    /// The account: twelve digits.
    pub account: String,
    /// The region, such as `us-east-2`.
    pub region: String,
    /// The name, unique in the account.
    pub name: String,
    /// The rule for two executions that want the same stage.
    pub mode: ExecutionMode,
    /// The stages, in the order in which an execution passes them.
    pub stages: Vec<StageDefinition>,
}

/// The rule by which the executions of a pipeline meet (`executionMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecutionMode {
    /// The newer execution takes over. In the user guide, executions wait in front of a locked stage; here the
    /// newer one also takes over a stage in which the older one waits at an approval, so that the sandbox can show an
    /// approval that is superseded while somebody is asked for it. The service itself would lock that stage until the
    /// answer.
    #[default]
    Superseded,
    /// The newer execution waits in front of the stage until it is free.
    Queued,
    /// Executions run independently of each other.
    Parallel,
}

/// A stage: its actions run in the order of `run_order`, those with the same one side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDefinition {
    /// The name, unique in the pipeline.
    pub name: String,
    /// The actions, at least one.
    pub actions: Vec<ActionDefinition>,
}

/// One action of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionDefinition {
    /// The name, unique in the stage.
    pub name: String,
    /// The order within the stage: 1 to 999.
    pub run_order: u32,
    /// The kind of action.
    pub kind: ActionKind,
}

/// The kind of an action. All but approvals succeed as soon as they start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Brings a revision.
    Source(SourceAction),
    /// A CodeBuild build.
    Build,
    /// A CodeDeploy deployment.
    Deploy,
    /// Waits for a decision.
    Approval(ApprovalAction),
}

/// A source of revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAction {
    /// The provider of the repository.
    pub provider: SourceProvider,
    /// `name` in CodeCommit and ECR, `owner/name` on GitHub and behind a connection, the bucket in S3.
    pub repository: String,
    /// The branch that is followed; the key of the object in S3, and the tag of the image in ECR.
    pub branch: String,
    /// The variable namespace, `SourceVariables` unless said otherwise.
    pub namespace: Option<String>,
    /// Commit messages, taken in turn. When there are none the sandbox has some of its own.
    pub messages: Vec<String>,
}

/// The provider of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceProvider {
    /// AWS CodeCommit. The revision summary is the commit message.
    CodeCommit,
    /// GitHub behind a connection. The revision summary is JSON: `{"ProviderType":"GitHub","CommitMessage":"…"}`, and so it
    /// is behind every other connection.
    GitHubConnection,
    /// Bitbucket Cloud behind a connection.
    BitbucketConnection,
    /// GitLab.com behind a connection.
    GitLabConnection,
    /// GitHub Enterprise Server behind a connection.
    GitHubEnterpriseServerConnection,
    /// GitLab self-managed behind a connection.
    GitLabSelfManagedConnection,
    /// GitHub by OAuth, as before there were connections. The revision has the commit's own page.
    GitHub,
    /// An object in Amazon S3. The revision is a version of it.
    S3,
    /// An image in Amazon ECR. The revision is its digest.
    Ecr,
    /// An action of the owner's own, whose worker gives the revision.
    Custom,
}

impl SourceProvider {
    /// What a connection calls its provider; `None` for what is no connection.
    pub(super) fn connection(self) -> Option<&'static str> {
        match self {
            Self::GitHubConnection => Some("GitHub"),
            Self::BitbucketConnection => Some("Bitbucket"),
            Self::GitLabConnection => Some("GitLab"),
            Self::GitHubEnterpriseServerConnection => Some("GitHubEnterpriseServer"),
            Self::GitLabSelfManagedConnection => Some("GitLabSelfManaged"),
            Self::CodeCommit | Self::GitHub | Self::S3 | Self::Ecr | Self::Custom => None,
        }
    }

    /// Owner and provider (`actionTypeId`).
    fn owner_and_name(self) -> (&'static str, &'static str) {
        match self {
            Self::CodeCommit => ("AWS", "CodeCommit"),
            Self::S3 => ("AWS", "S3"),
            Self::Ecr => ("AWS", "ECR"),
            Self::GitHub => ("ThirdParty", "GitHub"),
            Self::Custom => ("Custom", "Subversion"),
            _ => ("AWS", "CodeStarSourceConnection"),
        }
    }
}

/// A manual approval. Its texts may hold variables, such as `#{SourceVariables.CommitId}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalAction {
    /// Comments for the approver (`CustomData`).
    pub custom_data: Option<String>,
    /// The URL to review (`ExternalEntityLink`).
    pub external_entity_link: Option<String>,
    /// The time-out in minutes: 5 to 86,400; seven days if unset.
    pub timeout_minutes: Option<u32>,
    /// The SNS topic that gets a notice (`NotificationArn`).
    pub notification_arn: Option<String>,
}

impl PipelineDefinition {
    /// A pipeline in SUPERSEDED mode that has no stages yet.
    pub fn new(account: &str, region: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            mode: ExecutionMode::default(),
            stages: Vec::new(),
        }
    }

    fn sources(&self) -> impl Iterator<Item = &ActionDefinition> {
        let actions = self.stages.iter().flat_map(|stage| &stage.actions);
        actions.filter(|action| matches!(action.kind, ActionKind::Source(_)))
    }

    /// The artifact that the other actions take in.
    pub(super) fn first_artifact(&self) -> String {
        self.sources().next().map_or_else(String::new, |source| self.artifact_of(&source.name))
    }

    /// The artifact that a source action puts out.
    pub(super) fn artifact_of(&self, source: &str) -> String {
        if self.sources().count() < 2 {
            return "SourceArtifact".to_owned();
        }
        // An artifact's name may have fewer characters than an action's.
        source.replace(['@', '.'], "_") + "Artifact"
    }

    /// The ARN that `GetPipeline` and events give.
    pub fn arn(&self) -> String {
        format!("arn:{}:codepipeline:{}:{}:{}", self.partition(), self.region, self.account, self.name)
    }

    pub(super) fn partition(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            _ if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    pub(super) fn connection_arn(&self) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:codeconnections:{region}:{account}:connection/5c2b8f0e-6a0d-4f43-9d3e-2f6f0a1b7c11")
    }

    pub(super) fn stage(&self, name: &str) -> Option<&StageDefinition> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Refuses what `CreatePipeline` would refuse and the state machine cannot work with.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        let invalid = |message: String| Err(AwsError::new("InvalidStructureException", message));
        let mut stages = BTreeSet::new();
        if !Pattern::Name.fits(&self.name) {
            return invalid(format!("'{}' is not a name for a pipeline", self.name));
        }
        for stage in &self.stages {
            if !Pattern::Name.fits(&stage.name) || !stages.insert(&stage.name) {
                return invalid(format!("'{}' is not a name, or two stages have it", stage.name));
            }
            let mut actions = BTreeSet::new();
            for action in &stage.actions {
                if !Pattern::Name.fits(&action.name) || !actions.insert(&action.name) {
                    return invalid(format!("'{}' is not a name, or two actions have it", action.name));
                }
                if let ActionKind::Approval(ApprovalAction { timeout_minutes: Some(minutes), .. }) = action.kind
                    && !TIMEOUT_MINUTES.contains(&minutes)
                {
                    return invalid(format!("Action '{}': timeoutInMinutes must be 5 to 86400", action.name));
                }
            }
        }
        Ok(())
    }
}

impl StageDefinition {
    /// A stage with these actions.
    pub fn new(name: &str, actions: impl Into<Vec<ActionDefinition>>) -> Self {
        Self { name: name.to_owned(), actions: actions.into() }
    }

    pub(super) fn action(&self, name: &str) -> Option<&ActionDefinition> {
        self.actions.iter().find(|action| action.name == name)
    }
}

impl ActionDefinition {
    /// An action that runs first in its stage.
    pub fn new(name: &str, kind: ActionKind) -> Self {
        Self { name: name.to_owned(), run_order: 1, kind }
    }
}

impl SourceAction {
    /// The branch `main` of a repository, with the sandbox's own commit messages.
    pub fn new(provider: SourceProvider, repository: &str) -> Self {
        Self {
            provider,
            repository: repository.to_owned(),
            branch: "main".to_owned(),
            namespace: Some("SourceVariables".to_owned()),
            messages: Vec::new(),
        }
    }

    fn configuration(&self, pipeline: &PipelineDefinition) -> BTreeMap<&'static str, String> {
        let (repository, branch) = (self.repository.clone(), self.branch.clone());
        let polls = || ("PollForSourceChanges", "false".to_owned());
        match self.provider {
            SourceProvider::CodeCommit => {
                BTreeMap::from([("RepositoryName", repository), ("BranchName", branch), polls()])
            }
            SourceProvider::GitHub => {
                let (owner, repo) = repository.split_once('/').unwrap_or(("", &repository));
                let token = ("OAuthToken", "****".to_owned());
                BTreeMap::from([
                    ("Owner", owner.to_owned()),
                    ("Repo", repo.to_owned()),
                    ("Branch", branch),
                    token,
                    polls(),
                ])
            }
            SourceProvider::S3 => BTreeMap::from([("S3Bucket", repository), ("S3ObjectKey", branch), polls()]),
            SourceProvider::Ecr => BTreeMap::from([("RepositoryName", repository), ("ImageTag", branch)]),
            SourceProvider::Custom => BTreeMap::from([("ProjectName", repository)]),
            _ => BTreeMap::from([
                ("ConnectionArn", pipeline.connection_arn()),
                ("FullRepositoryId", repository),
                ("BranchName", branch),
            ]),
        }
    }
}

impl ExecutionMode {
    /// The mode as the service writes it: `SUPERSEDED`, `QUEUED`, `PARALLEL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "SUPERSEDED",
            Self::Queued => "QUEUED",
            Self::Parallel => "PARALLEL",
        }
    }
}

impl ActionKind {
    /// The category, the owner and the provider (`actionTypeId`). The version of every kind here is `1`.
    pub(super) fn category_owner_and_provider(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Source(source) => {
                let (owner, provider) = source.provider.owner_and_name();
                ("Source", owner, provider)
            }
            Self::Build => ("Build", "AWS", "CodeBuild"),
            Self::Deploy => ("Deploy", "AWS", "CodeDeploy"),
            Self::Approval(_) => ("Approval", "AWS", "Manual"),
        }
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Source(source) => source.namespace.as_deref(),
            Self::Build | Self::Deploy | Self::Approval(_) => None,
        }
    }

    /// The configuration as `GetPipeline` shows it, variables unresolved.
    pub(super) fn configuration(&self, pipeline: &PipelineDefinition) -> BTreeMap<&'static str, String> {
        match self {
            Self::Source(source) => source.configuration(pipeline),
            Self::Build => BTreeMap::from([("ProjectName", pipeline.name.clone())]),
            Self::Deploy => BTreeMap::from([
                ("ApplicationName", pipeline.name.clone()),
                ("DeploymentGroupName", "production".to_owned()),
            ]),
            Self::Approval(approval) => [
                ("NotificationArn", &approval.notification_arn),
                ("CustomData", &approval.custom_data),
                ("ExternalEntityLink", &approval.external_entity_link),
            ]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.clone()?)))
            .collect(),
        }
    }
}
