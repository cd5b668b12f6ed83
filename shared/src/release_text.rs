//! What pages and emails say of a release, in our own words: the question, who or what started it, and what was released
//! before. What others wrote about it is [`Foreign`](crate::foreign::Foreign).

use time::UtcDateTime;

use crate::approval::Approver;
use crate::l10n::Texts;
use crate::request::{Before, Caveat, LastRelease, Release, Request, Retry, Start};
use crate::status_text::{self, sentences};
use crate::text::{bounded_line, legible, reads_as_address};

/// The most characters of a person's name in a sentence, and the most names.
const MAX_NAME: usize = 80;
const MAX_NAMES: usize = 5;

/// What is asked, as far as it is not the usual question. The headline has the first that holds. A retry is said below it,
/// too, with who started the release, and so is what cannot be opened, beside the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Usual,
    /// The release that was started at this moment is put back, if it is known.
    Rollback(Option<UtcDateTime>),
    RollbackAgain,
    AfterRejection,
    Retried,
    /// Nothing about the change can be opened without an account in AWS.
    Unseen,
}

impl Question {
    fn of(request: &Request) -> Self {
        let release = &request.release;
        match (&release.rollback, request.was_rejected_before()) {
            (Some(_), true) => Self::RollbackAgain,
            (Some(rollback), false) => Self::Rollback(rollback.started),
            (None, true) => Self::AfterRejection,
            (None, false) if release.retry.is_some() => Self::Retried,
            (None, false) if release.is_unseen() => Self::Unseen,
            (None, false) => Self::Usual,
        }
    }
}

/// The question that the request puts.
#[must_use]
pub fn question(request: &Request, texts: Texts) -> String {
    let action = &request.approval.action;
    let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
    match Question::of(request) {
        Question::Usual => texts.release_question(pipeline, stage),
        Question::Rollback(Some(started)) => texts.release_question_rollback(&texts.day_of(started), pipeline, stage),
        Question::Rollback(None) => texts.release_question_rollback_undated(pipeline, stage),
        Question::RollbackAgain => texts.release_question_rollback_again(pipeline, stage),
        Question::AfterRejection => texts.release_question_again(pipeline, stage),
        Question::Retried => texts.release_question_retried(pipeline, stage),
        Question::Unseen => texts.release_question_unseen(pipeline, stage),
    }
}

/// The question of whether to reject it.
#[must_use]
pub fn reject_question(request: &Request, texts: Texts) -> String {
    let action = &request.approval.action;
    let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
    match Question::of(request) {
        Question::Rollback(_) | Question::RollbackAgain => texts.reject_question_rollback(pipeline, stage),
        Question::AfterRejection => texts.reject_question_again(pipeline, stage),
        Question::Usual | Question::Retried | Question::Unseen => texts.reject_question(pipeline, stage),
    }
}

/// Who or what started it, and how its stage came to run once more. `None` for requests of the versions before.
#[must_use]
pub fn started(request: &Request, texts: Texts) -> Option<String> {
    let release = &request.release;
    let start = match release.start.as_ref()? {
        Start::Person(person) => texts.started_by_person(&name(person)),
        Start::Principal => texts.started_by_stranger(),
        // Mail clients would make a link of such a name.
        Start::Push(Some(branch)) if !reads_as_address(branch) => texts.started_by_push(branch),
        Start::Push(_) => texts.started_by_a_push(),
        Start::Change => texts.started_by_change(),
        Start::Rule(rule) if reads_as_address(rule) => texts.started_by_a_rule(),
        Start::Rule(rule) => texts.started_by_rule(rule),
        Start::AutomaticRollback => texts.started_by_rollback(),
        Start::Unknown => texts.started_by_unknown(),
    };
    let retry = release.retry.map(|retry| match retry {
        Retry::ByHand => texts.retried_by_hand(),
        Retry::Automatic => texts.retried_automatically(),
        Retry::Unknown => texts.retried(),
    });
    let all: Vec<String> =
        [Some(start), retry, status_text::unrecognised_initiator(request, texts)].into_iter().flatten().collect();
    Some(sentences(&all, texts))
}

/// When the last release to the stage was started, who voted to approve it, and what an approver must know of it. `None` for
/// requests of the versions before.
#[must_use]
pub fn before(request: &Request, texts: Texts) -> Option<String> {
    let (release, stage) = (&request.release, request.approval.action.stage.as_str());
    let last = match release.before.as_ref()? {
        Before::Unread => return Some(texts.last_release_unread(stage)),
        Before::Nothing => return Some(texts.no_release_before(stage)),
        Before::NothingSinceEdit => return Some(texts.no_release_since_edit(stage)),
        Before::Release(last) => last,
    };
    let at = texts.at(last.started);
    let told = if last.approved_by.is_empty() {
        texts.last_release(&at, stage)
    } else {
        let mut names: Vec<String> = last.approved_by.iter().take(MAX_NAMES).map(name).collect();
        if last.approved_by.len() > MAX_NAMES {
            names.push(texts.more_people(last.approved_by.len() - MAX_NAMES));
        }
        texts.last_release_voted(&at, &texts.list(&names), stage)
    };
    let all: Vec<String> = [told].into_iter().chain(besides(release, last, stage, texts)).collect();
    Some(sentences(&all, texts))
}

/// What an approver must know of the last release besides.
fn besides(release: &Release, last: &LastRelease, stage: &str, texts: Texts) -> Vec<String> {
    let may_be_the_same = !last.caveats.contains(&Caveat::Newer) && !release.puts_back_the_last();
    let unchanged = (may_be_the_same && release.is_unchanged()).then(|| texts.nothing_changed());
    let caveats = last.caveats.iter().map(|caveat| match caveat {
        Caveat::Newer => texts.newer_release_here(stage),
        Caveat::PutBack => texts.same_is_put_back(),
        Caveat::PutBackAgain => texts.put_back_again(),
        Caveat::Unordered => texts.order_unknown(),
        Caveat::Unfinished => texts.last_release_unfinished(),
        Caveat::RolledBack => texts.rolled_back_since(),
        Caveat::Partial => texts.more_may_have_changed(),
    });
    unchanged.into_iter().chain(caveats).collect()
}

/// What the changes are, as a heading.
#[must_use]
pub fn changes_title(request: &Request, texts: Texts) -> String {
    if request.release.rollback.is_some() { texts.what_is_put_back() } else { texts.what_changes() }
}

/// The heading above what was released before, for a rollback. Elsewhere, our sentence about it is enough.
#[must_use]
pub fn before_title(request: &Request, texts: Texts) -> Option<String> {
    request.release.rollback.is_some().then(|| texts.what_is_taken_back())
}

/// What comes of it if nobody decides; `None` where the pipeline waits for longer than the links work.
#[must_use]
pub fn without_a_decision(request: &Request, texts: Texts) -> Option<String> {
    let is_rollback = request.release.rollback.is_some();
    (request.expires >= request.waits_until)
        .then(|| if is_rollback { texts.without_a_decision_rollback() } else { texts.without_a_decision() })
}

/// That CodePipeline does not say what changes, where it was asked.
#[must_use]
pub fn change_unread(request: &Request, texts: Texts) -> Option<String> {
    let release = &request.release;
    (release.revisions.is_empty() && release.before.is_some()).then(|| texts.change_unread())
}

fn name(person: &Approver) -> String {
    let name = person.name.as_ref().map_or_else(|| person.address.expose(), |name| name.expose());
    bounded_line(&legible(name), MAX_NAME)
}
