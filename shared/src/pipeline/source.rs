//! What a pipeline declares of a source, and what its revisions are of.

use std::collections::HashMap;

use aws_sdk_codepipeline::types::{ActionDeclaration, ActionOwner, PipelineTriggerDeclaration};

use super::release::{MAX_LINE, provider_in};
use crate::approval::{ReviewLink, WebUrl};
use crate::hosts::RepositoryId;
use crate::request::Origin;
use crate::text::bounded_line;

/// The provider of every connection.
const CONNECTION: &str = "CodeStarSourceConnection";
/// Where the commits of a source are that reaches GitHub by OAuth.
const GITHUB: &str = "github.com";

/// A source action.
pub(super) struct Source {
    pub(super) action: String,
    provider: Option<Provider>,
    /// The configuration, with what its run resolved in place of variables.
    configuration: HashMap<String, String>,
    /// The configuration as it is declared.
    declared: HashMap<String, String>,
}

/// The providers of which the configuration is known.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/structure-configuration-examples.html>
#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider {
    Connection,
    CodeCommit,
    /// By OAuth, as before there were connections.
    GitHub,
    S3,
    Ecr,
}

impl Source {
    /// The source that an action declares, with what its run shows in place of variables.
    pub(super) fn of(action: &ActionDeclaration, resolved: Option<&HashMap<String, String>>) -> Self {
        let kind = action.action_type_id.as_ref();
        let provider = kind.and_then(|kind| match (&kind.owner, kind.provider.as_str()) {
            (ActionOwner::Aws, CONNECTION) => Some(Provider::Connection),
            (ActionOwner::Aws, "CodeCommit") => Some(Provider::CodeCommit),
            (ActionOwner::Aws, "S3") => Some(Provider::S3),
            (ActionOwner::Aws, "ECR") => Some(Provider::Ecr),
            (ActionOwner::ThirdParty, "GitHub") => Some(Provider::GitHub),
            _ => None,
        });
        let declared = action.configuration.clone().unwrap_or_default();
        let mut configuration = declared.clone();
        configuration.extend(resolved.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        Self { action: action.name.clone(), provider, configuration, declared }
    }

    /// The repository of one of its revisions, if it is behind a connection.
    pub(super) fn repository(&self, summary: &str, url: Option<&ReviewLink>, revision: &str) -> Option<RepositoryId> {
        if self.provider != Some(Provider::Connection) {
            return None;
        }
        RepositoryId::of(&provider_in(summary)?, url?, revision)
    }

    /// The page of one of its revisions that needs no account in AWS, where CodePipeline links to it itself.
    pub(super) fn page(&self, url: Option<&ReviewLink>) -> Option<WebUrl> {
        match url? {
            ReviewLink::Url(url) if self.provider == Some(Provider::GitHub) && url.host() == GITHUB => {
                Some(url.clone()).filter(|url| url.as_str().starts_with("https://"))
            }
            _ => None,
        }
    }

    /// Where its revisions are from. What a revision's own address says of the repository comes before what is declared now.
    pub(super) fn origin(&self, repository: Option<&RepositoryId>) -> Option<Origin> {
        let value_in = |configuration: &HashMap<String, String>, key: &str| {
            let value = configuration.get(key).map(|value| bounded_line(value, MAX_LINE));
            // A variable that was not resolved says nothing.
            value.filter(|value| !value.is_empty() && !value.contains("#{"))
        };
        let value = |key: &str| value_in(&self.configuration, key);
        // What a variable is resolved to may be the choice of whoever started the execution, and is not what it follows.
        let usual = |key: &str| value_in(&self.declared, key);
        Some(match self.provider? {
            Provider::Connection => Origin::Repository {
                name: repository
                    .map(|repository| repository.name().to_owned())
                    .or_else(|| value("FullRepositoryId"))?,
                branch: usual("BranchName"),
            },
            Provider::CodeCommit => Origin::Repository { name: value("RepositoryName")?, branch: usual("BranchName") },
            Provider::GitHub => {
                Origin::Repository { name: format!("{}/{}", value("Owner")?, value("Repo")?), branch: usual("Branch") }
            }
            // Whoever starts the pipeline may choose another object then.
            Provider::S3 if value("AllowOverrideForS3ObjectKey").is_some_and(|allows| allows == "true") => return None,
            Provider::S3 => Origin::Object { bucket: value("S3Bucket")?, key: value("S3ObjectKey")? },
            Provider::Ecr => Origin::Image { repository: value("RepositoryName")?, tag: usual("ImageTag") },
        })
    }
}

/// Whether what starts a pipeline behind its connections is always a push to the branch that a source declares: neither a
/// tag, nor a pull request, nor one of several branches.
pub(super) fn pushes_only(triggers: &[PipelineTriggerDeclaration]) -> bool {
    triggers.iter().filter_map(|trigger| trigger.git_configuration.as_ref()).all(|git| {
        let push = git.push.as_deref().unwrap_or_default();
        let pull_request = git.pull_request.as_deref().unwrap_or_default();
        pull_request.is_empty() && push.iter().all(|push| push.tags.is_none() && push.branches.is_none())
    })
}
