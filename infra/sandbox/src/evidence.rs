//! Reading and verifying evidence, as the command `sandbox verify` does.

use std::fmt::Write;

use countersign::approval::{Comment, Decision};
use countersign::clock::rfc3339;
use countersign::evidence::{Evidence, Problem, TrustedKeys, Verified, verify};
use countersign::request::{Ending, Request, Vote};
use countersign::text::{bounded_line, quoted_inline};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How much a report shows of a text that others wrote, in characters.
const MAX_LINE: usize = 600;

/// The answer of the notifier to the command `evidence`, as `aws lambda invoke` saves it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    results: [AnswerResult; 1],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerResult {
    result: Kind,
    key: String,
    evidence: Evidence,
}

#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "evidence")]
    Evidence,
}

/// Verifies the evidence in a file: the notifier's answer as it is, or the document in it. The report says in plain
/// English what it shows.
///
/// # Errors
/// The first part of it that does not hold.
pub fn report(file: &str, trusted: &TrustedKeys) -> Result<String, Problem> {
    let is_answer = file.trim_start().starts_with("{\"results\"");
    let (key, evidence) = if is_answer {
        let Answer { results: [AnswerResult { result: Kind::Evidence, key, evidence }] } = read(file)?;
        (Some(key), evidence)
    } else {
        (None, read(file)?)
    };
    let verified = verify(&evidence, trusted)?;
    let approval = verified.request.approval.key();
    if key.is_some_and(|key| key != approval.as_str()) {
        return Err(Problem { part: "key".to_owned(), problem: format!("the evidence is about {approval}") });
    }
    Ok(text(&verified))
}

fn read<T: DeserializeOwned>(file: &str) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_str(file);
    let unreadable = |part: String, error: &serde_json::Error| {
        let problem = format!("this is not evidence as the notifier gives it: {error}");
        Problem { part: bounded_line(&part, MAX_LINE), problem: bounded_line(&problem, MAX_LINE) }
    };
    let read = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| unreadable(error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| unreadable("end of the file".to_owned(), &error))?;
    Ok(read)
}

fn text(verified: &Verified) -> String {
    let Verified { deployment, request, outcome, by, deciding_role, read } = verified;
    let Request { approval, terms, .. } = request;
    let (action, of) = (&approval.action, terms.approvers.len());
    let mut out = format!(
        "The evidence holds. The deployment {deployment} made it.\n\nApproval    {action}\nPipeline    {}, in account {} and region {}\n",
        action.pipeline, action.account, action.region
    );
    let _ = writeln!(out, "Execution   {}\nKey         {}", approval.execution, approval.key());
    let _ = writeln!(out, "Asked       {}", rfc3339(request.asked));
    let _ = writeln!(
        out,
        "Terms       {} of {of} must approve, by the route {} of version {} of the policy",
        terms.quorum.get(),
        line(&terms.route),
        terms.policy_version
    );
    for approver in terms.approvers.values() {
        let barred =
            if request.bars(&approver.address) { ", whose approval does not count: they started it" } else { "" };
        let _ = writeln!(out, "            {}{barred}", line(&approver.expose()));
    }
    if let Some(started_by) = &request.release.started_by {
        let _ = writeln!(out, "Started by  {}", line(started_by));
    }
    for revision in &request.release.revisions {
        let summary = revision.summary.as_ref().map(|summary| format!(" {}", quoted_inline(&line(summary))));
        let _ = writeln!(out, "Change      {}{}", line(&revision.id), summary.unwrap_or_default());
    }
    out.push_str(if request.votes.is_empty() { "\nNobody voted.\n" } else { "\nVotes that count:\n" });
    for decision in Decision::ALL {
        for vote in request.votes_for(decision) {
            out.push_str(&line_of_vote(vote));
        }
    }
    let _ = writeln!(
        out,
        "\nCodePipeline was asked at {}. It showed that the approval {}.",
        rfc3339(*read),
        ending(verified)
    );
    if let Some(by) = by {
        let _ = writeln!(out, "Ended by    {}", line(by));
    }
    if let Some(summary) = &outcome.summary {
        let _ = writeln!(out, "Summary     {}", quoted_inline(&line(summary)));
    }
    if verified.is_decided_by_votes() {
        let _ = writeln!(
            out,
            "\nThese votes decided it: they come to this outcome, the summary is the one that they make, and\n{deciding_role},\nthe role that only Countersign's callback has, put it."
        );
    } else {
        let _ = writeln!(
            out,
            "\nTHESE VOTES DID NOT DECIDE IT: it did not end by {deciding_role},\nthe role that only Countersign's callback has."
        );
    }
    out
}

fn ending(verified: &Verified) -> String {
    let at = rfc3339(verified.outcome.at);
    match verified.outcome.ending {
        Ending::Approved => format!("was approved at {at}"),
        Ending::Rejected => format!("was rejected at {at}"),
        Ending::Expired => format!("expired at {at}"),
        Ending::Superseded => format!("was superseded at {at}"),
        Ending::Stopped => format!("was stopped at {at}"),
        Ending::NotShown => "is not there any more, and not how it ended".to_owned(),
    }
}

fn line_of_vote(vote: &Vote) -> String {
    let comment = vote.comment.as_ref().map(|comment| format!(": {}", quoted_inline(&line(Comment::expose(comment)))));
    let from = vote.visitor.address.as_ref().map(|address| format!(", from {}", line(address)));
    format!(
        "  {} by {} at {}{}{}\n",
        vote.decision,
        vote.approver.expose(),
        rfc3339(vote.at),
        from.unwrap_or_default(),
        comment.unwrap_or_default()
    )
}

fn line(text: &str) -> String {
    bounded_line(text, MAX_LINE)
}
