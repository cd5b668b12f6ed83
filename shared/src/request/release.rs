//! What is being approved, as approvers see it. All of it is fixed with the terms, and any of it may be missing.

use std::collections::BTreeSet;
use std::fmt;

use time::UtcDateTime;

use super::EarlierDecision;
use crate::approval::{Approver, ExecutionId, ReviewLink, WebUrl};
use crate::hosts::{Hosts, RepositoryId};

/// A release that waits for its approval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// What CodePipeline says of who or what started the execution: the end of an ARN, or the kind of trigger.
    pub started_by: Option<String>,
    /// Who or what started it. Requests of the versions before have none.
    pub start: Option<Start>,
    /// How its stage was retried, if it was.
    pub retry: Option<Retry>,
    /// The release that this one puts back, if it is a rollback.
    pub rollback: Option<Rollback>,
    /// What changes.
    pub revisions: Vec<Revision>,
    /// How many further sources there are whose changes are not among those: they are too many, or CodePipeline does not name
    /// them.
    pub more_revisions: usize,
    /// The values that it runs with, as the pipeline declares them or whoever started it chose.
    pub variables: Vec<Variable>,
    /// What was released to the stage before. Requests of the versions before do not say.
    pub before: Option<Before>,
    /// The pipeline author's words to the reviewer, `CustomData`.
    pub instructions: Option<String>,
    /// What the reviewer should look at, `ExternalEntityLink`.
    pub review_url: Option<ReviewLink>,
    /// How earlier runs of the same action in the same execution were decided, oldest first.
    pub earlier: Vec<EarlierDecision>,
}

/// Who or what started an execution.
#[derive(Clone, PartialEq, Eq)]
pub enum Start {
    /// CodePipeline does not say.
    Unknown,
    /// A person whom the policy knows.
    Person(Approver),
    /// A principal in AWS whom the policy does not recognise as anybody.
    Principal,
    /// A push to a repository: its branch, if there is only one that it can be.
    Push(Option<String>),
    /// Another change of a source.
    Change,
    /// A rule of EventBridge, by its name: a schedule, say.
    Rule(String),
    /// CodePipeline, after a release had failed.
    AutomaticRollback,
}

/// The name of a person is in it.
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Start(…)")
    }
}

/// How a stage came to run once more in the same execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Somebody asked for it. CodePipeline does not say who.
    ByHand,
    /// The pipeline does that by itself.
    Automatic,
    /// CodePipeline shows an earlier run, and not how this one came about.
    Unknown,
}

/// A release that puts an earlier one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The execution whose release it was, if CodePipeline said so.
    pub target: Option<ExecutionId>,
    /// When that one was started, if CodePipeline lists it.
    pub started: Option<UtcDateTime>,
}

/// A value that an execution runs with, such as the name of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the pipeline.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One source's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The source action that brought it.
    pub source: Option<String>,
    /// Where it is from.
    pub origin: Option<Origin>,
    /// The commit, or the version of an object or an image.
    pub id: String,
    /// The commit message.
    pub summary: Option<String>,
    /// Where AWS shows it. That needs an account, and often there is none for approvers.
    pub url: Option<ReviewLink>,
    /// Its own page at the repository's host.
    pub page: Option<WebUrl>,
    /// A page that compares it with what was released before.
    pub comparison: Option<WebUrl>,
}

/// Where a revision is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A repository.
    Repository {
        /// Its name at its host, such as `acme/payments-api`.
        name: String,
        /// The branch that the source action follows, where the pipeline declares one.
        branch: Option<String>,
    },
    /// An object in a bucket of Amazon S3.
    Object {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// A container image.
    Image {
        /// The repository.
        repository: String,
        /// The tag that the source action follows, where the pipeline declares one.
        tag: Option<String>,
    },
}

/// What was released to the stage before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// CodePipeline could not be asked, or did not answer in time.
    Unread,
    /// Nothing: this is the pipeline's only execution that CodePipeline lists.
    Nothing,
    /// Nothing since the pipeline was edited last. CodePipeline does not say what passed the stage before that.
    NothingSinceEdit,
    /// This release.
    Release(Box<LastRelease>),
}

/// The release that passed the stage last.
#[derive(Clone, PartialEq, Eq)]
pub struct LastRelease {
    /// Its execution.
    pub execution: ExecutionId,
    /// When that was started. CodePipeline does not say when a stage was passed.
    pub started: UtcDateTime,
    /// What an approver must know of it besides.
    pub caveats: BTreeSet<Caveat>,
    /// What it brought.
    pub revisions: Vec<PastRevision>,
    /// Whose signed votes to approve it the ledger has.
    pub approved_by: Vec<Approver>,
    /// What was started before the one that waits, and is not in this release; of a rollback, what it takes back besides.
    /// Newest first.
    pub unreleased: Vec<PastRevision>,
    /// How many more of those there are.
    pub more: usize,
}

/// What an approver must know of the last release besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caveat {
    /// A release has passed the stage that is newer than the one that waits.
    Newer,
    /// The rollback that waits puts this release back: none passed the stage since.
    PutBack,
    /// The release that the rollback puts back has been rolled back itself.
    PutBackAgain,
    /// Another release may have passed the stage after it: CodePipeline does not show which came last.
    Unordered,
    /// Its execution has not succeeded, so that it may not have come through the stages behind this one.
    Unfinished,
    /// A rollback was started after it that did not come through this stage: what is in use may be older.
    RolledBack,
    /// There may be other changes still: CodePipeline could not be asked about all of the time between, or not about all
    /// that passed the stage.
    Partial,
}

impl Caveat {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Newer,
        Self::PutBack,
        Self::PutBackAgain,
        Self::Unordered,
        Self::Unfinished,
        Self::RolledBack,
        Self::Partial,
    ];

    /// Whether something else may be in use than the last release.
    fn is_doubt(self) -> bool {
        !matches!(self, Self::PutBack | Self::PutBackAgain)
    }
}

/// Names of approvers are in it.
impl fmt::Debug for LastRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastRelease")
            .field("execution", &self.execution)
            .field("started", &self.started)
            .field("caveats", &self.caveats)
            .field("revisions", &self.revisions)
            .field("unreleased", &self.unreleased)
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

/// A revision of another execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRevision {
    /// The source action that brought it.
    pub source: String,
    /// The commit, or the version of an object or an image.
    pub id: String,
    /// The first line of the commit message.
    pub title: Option<String>,
    /// Its repository, where a connection has it.
    pub repository: Option<RepositoryId>,
}

impl Revision {
    /// The branch that its source follows.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        match &self.origin {
            Some(Origin::Repository { branch, .. }) => branch.as_deref(),
            Some(Origin::Object { .. } | Origin::Image { .. }) | None => None,
        }
    }

    /// Whether two with the same id have the same content. Every object of a bucket without versioning has the version `null`.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>
    fn names_its_content(&self) -> bool {
        match &self.origin {
            Some(Origin::Object { .. }) => self.id != "null",
            Some(Origin::Repository { .. } | Origin::Image { .. }) => true,
            None => false,
        }
    }
}

impl Release {
    /// The release that passed the stage last, if there is one and it could be read.
    #[must_use]
    pub fn last(&self) -> Option<&LastRelease> {
        match &self.before {
            Some(Before::Release(last)) => Some(last),
            Some(Before::Unread | Before::Nothing | Before::NothingSinceEdit) | None => None,
        }
    }

    /// Links each change to the repository's own pages, where its host is known: `repositories` has what connections say,
    /// in the order of the revisions.
    pub fn link(&mut self, repositories: &[Option<RepositoryId>], hosts: &Hosts) {
        // The comparison is with what is there, and only where that is known.
        let may_compare = self.last().is_some_and(|last| !last.caveats.iter().any(|caveat| caveat.is_doubt()));
        let before: Vec<PastRevision> =
            self.last().filter(|_| may_compare).map_or_else(Vec::new, |last| last.revisions.clone());
        // Whoever starts an execution may choose an older commit, and a rollback puts one back.
        let is_newer = self.rollback.is_none() && matches!(self.start, Some(Start::Push(_)));
        for (revision, repository) in self.revisions.iter_mut().zip(repositories) {
            let Some(repository) = repository else { continue };
            revision.page = hosts.commit(repository, &revision.id).or(revision.page.take());
            let earlier = before.iter().find(|earlier| {
                Some(&earlier.source) == revision.source.as_ref() && earlier.repository.as_ref() == Some(repository)
            });
            revision.comparison = earlier
                .filter(|earlier| earlier.id != revision.id)
                .filter(|_| is_newer || repository.compares_both_ways())
                .and_then(|earlier| hosts.comparison(repository, &earlier.id, &revision.id));
        }
    }

    /// Whether a rollback puts back what passed the stage last.
    #[must_use]
    pub fn puts_back_the_last(&self) -> bool {
        self.last().is_some_and(|last| last.caveats.contains(&Caveat::PutBack))
    }

    /// Whether nothing about what changes can be opened without an account in AWS, or nothing is known of it.
    #[must_use]
    pub fn is_unseen(&self) -> bool {
        let may_be_opened = |revision: &Revision| revision.page.is_some() || revision.comparison.is_some();
        let is_reviewed = matches!(self.review_url, Some(ReviewLink::Url(_)));
        // Requests of the versions before did not look for pages.
        self.start.is_some() && !is_reviewed && !self.revisions.iter().any(may_be_opened)
    }

    /// Whether all that changes is what was released before. What is not from a repository, a bucket or a registry has ids
    /// that anybody may choose. Nothing is known of the values that the release before ran with.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let is_in = |last: &LastRelease, revision: &Revision| {
            let same = |past: &PastRevision| Some(&past.source) == revision.source.as_ref() && past.id == revision.id;
            revision.names_its_content() && last.revisions.iter().any(same)
        };
        let is_whole = self.more_revisions == 0 && !self.revisions.is_empty() && self.variables.is_empty();
        is_whole && self.last().is_some_and(|last| self.revisions.iter().all(|revision| is_in(last, revision)))
    }
}
