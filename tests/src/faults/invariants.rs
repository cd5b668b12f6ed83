//! The invariants, checked from outside: in the mailbox, on the pages, in CodePipeline and in the history.
//!
//! The numbers are those of the invariants in `docs/architecture.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandbox::simulation::{Attempt, Death, Fault, Step};
use serde_json::{Value, json};

use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use super::scene::{HOUR, PIPELINE, Scene};
use super::seen::{Ending, Says, Seen};

/// The number of sweeps that may finish what faults left undone, once nothing fails any more.
const SWEEPS: usize = 2;
/// The time by which more than an hour may pass between an attempt at an event and the next sweep: the attempt's own
/// duration.
const SECONDS_MORE: Duration = Duration::from_mins(1);

/// The broken invariants, one line each.
pub async fn check(scene: &Scene) -> Vec<String> {
    scene.simulation.heal();
    scene.simulation.settle().await;
    for _ in 0..SWEEPS {
        scene.an_hour_later().await;
    }
    let mut broken = Vec::new();
    let ending = scene.ending();
    match ending {
        None => broken.push("3: the approval still waits".to_owned()),
        Some(ending) if !scene.terms.endings.contains(&ending) => {
            broken.push(format!("3: it was {}, which nobody wanted", ending.word()));
        }
        Some(_) => {}
    }
    let swept = scene.simulation.command(json!({"sweep": {}})).await;
    match swept.map(|report| serde_json::to_value(report).unwrap()) {
        Ok(report) if report["results"][0]["looked"] == 0 => {}
        Ok(report) => broken.push(format!("2: something is left to do after everything: {report}")),
        Err(error) => broken.push(format!("2: the last sweep fails: {error:?}")),
    }
    if let Some(ending) = ending {
        pages(scene, ending, &mut broken).await;
        history(scene, ending, &mut broken).await;
        mailbox(scene, ending, &mut broken);
    }
    processes(scene, &mut broken);
    broken
}

/// Invariants 3 and 4: every page has shown the result that CodePipeline holds, and all links show it now.
async fn pages(scene: &Scene, ending: Ending, broken: &mut Vec<String>) {
    for who in scene.terms.approvers {
        for decision in ["Approved", "Rejected"] {
            let says = scene.open(who, decision).await;
            let over = says == Says::Ended(ending) || (ending == Ending::Expired && says == Says::LinkExpired);
            if !over {
                broken.push(format!(
                    "4: it was {}, and in the end {who}'s link for {decision} says {says:?}",
                    ending.word()
                ));
            }
        }
    }
    for seen in scene.seen.borrow().iter() {
        match &seen.says {
            Says::Ended(shown) if *shown != ending => {
                broken.push(format!("3: {} saw {:?}, and it was {}", seen.who, shown, ending.word()));
            }
            Says::Nonsense(page) => broken.push(format!("3: {} saw \"{page}\"", seen.who)),
            _ => {}
        }
    }
    if let Some(console) = *scene.console.borrow()
        && console != ending
    {
        broken.push(format!("3: the console said {}, and it was {}", console.word(), ending.word()));
    }
}

/// Invariants 1 and 3: the history has CodePipeline's result, only votes that were given, and all that a page
/// confirmed.
async fn history(scene: &Scene, ending: Ending, broken: &mut Vec<String>) {
    let answer = scene.simulation.command(json!({"history": {"pipeline": PIPELINE}})).await;
    let report = answer.map(|report| serde_json::to_value(report).unwrap()).unwrap_or_default();
    let approvals = report["results"][0]["approvals"].as_array().cloned().unwrap_or_default();
    let [approval] = approvals.as_slice() else {
        broken.push(format!("2: one approval, and the history has {}", approvals.len()));
        return;
    };
    let outcome = &approval["outcome"];
    if outcome["ending"] != ending.word() {
        broken.push(format!("3: it was {}, and the history has {outcome}", ending.word()));
    }
    let text = |vote: &Value, field: &str| vote[field].as_str().unwrap_or_default().to_owned();
    let votes: BTreeMap<String, (String, String)> = approval["votes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|vote| (text(vote, "approver"), (text(vote, "decision"), text(vote, "comment"))))
        .collect();
    let seen = scene.seen.borrow();
    for (who, (decision, comment)) in &votes {
        let pressed =
            |seen: &&Seen| seen.who == who && seen.decision == decision && seen.pressed.as_ref() == Some(comment);
        if !seen.iter().any(|seen| pressed(&seen)) {
            broken.push(format!("1: a vote of {who} that was never given: {decision} {comment:?}"));
        }
    }
    // A vote that a page confirmed is kept, unless its voter pressed something else afterwards.
    for (index, shown) in seen.iter().enumerate().filter(|(_, seen)| seen.says == Says::Recorded) {
        let mut since = seen[index..].iter().filter(|seen| seen.who == shown.who && seen.pressed.is_some());
        let is_kept = votes.get(shown.who).is_some_and(|(decision, comment)| {
            let this = |seen: &&Seen| seen.decision == decision && seen.pressed.as_ref() == Some(comment);
            // Those who only opened their link again saw a vote that they had given before.
            let before =
                shown.pressed.is_none() && seen[..index].iter().any(|seen| seen.who == shown.who && this(&seen));
            before || since.any(|seen| this(&seen))
        });
        if !is_kept {
            broken.push(format!("3: the vote of {} was shown as recorded, and the history has {votes:?}", shown.who));
        }
    }
    told(scene, &votes, broken);
    super::events_out::check(scene, ending, votes.len(), broken);
    summary(scene, ending, &votes, outcome, broken);
}

/// Every vote was told to its voter, with where it came from: by a receipt, or by the email about the outcome. Nobody
/// else was told where from.
fn told(scene: &Scene, votes: &BTreeMap<String, (String, String)>, broken: &mut Vec<String>) {
    let says_where_from = |mail: &sandbox::aws::ses::Mail| mail.text.contains("IP address: 127.0.0.1");
    let mails = scene.simulation.aws().ses.mails();
    for (who, (decision, comment)) in votes {
        let is_told = mails.iter().any(|mail| mail.to == *who && says_where_from(mail) && mail.text.contains(comment));
        if !is_told {
            broken.push(format!("1: {who} was not told of their vote: {decision} {comment:?}"));
        }
    }
    let pressed = |who: &str| scene.seen.borrow().iter().any(|seen| seen.who == who && seen.pressed.is_some());
    for mail in mails.iter().filter(|mail| says_where_from(mail) && !pressed(&mail.to)) {
        broken.push(format!("5: {} was told where somebody else's vote came from", mail.to));
    }
}

/// Invariants 1 and 3: a result that Countersign put was voted for by the approvers whom it names, and by enough of
/// them.
fn summary(
    scene: &Scene,
    ending: Ending,
    votes: &BTreeMap<String, (String, String)>,
    outcome: &Value,
    broken: &mut Vec<String>,
) {
    let word = match ending {
        Ending::Approved => "Approved",
        Ending::Rejected => "Rejected",
        Ending::Expired | Ending::Superseded | Ending::Stopped => return,
    };
    let summary = scene.summary();
    if outcome["summary"] != summary.as_str() {
        broken.push(format!("3: CodePipeline keeps {summary:?}, and the history {}", outcome["summary"]));
    }
    if scene.console.borrow().is_some() {
        if outcome["byVotes"] != false {
            broken.push("3: it was decided in the console, and the history says by votes".to_owned());
        }
        return;
    }
    let Some(rest) = summary.strip_prefix(&format!("{word} through Countersign by ")) else {
        broken.push(format!("1: CodePipeline holds a result that nobody put: {summary:?}"));
        return;
    };
    let (names, comments) = rest.split_once(". ").unwrap_or((rest.trim_end_matches('.'), ""));
    let names: Vec<&str> = names.split(", ").collect();
    let needed = if ending == Ending::Approved { scene.terms.quorum } else { 1 };
    if names.len() < needed || outcome["byVotes"] != true {
        broken.push(format!("1: {} of {needed} votes, and {outcome}", names.len()));
    }
    let by = scene.decided_by();
    if !names.iter().any(|name| by.ends_with(&format!(":assumed-role/countersign-decide/{name}"))) {
        broken.push(format!("3: {by} put a result by the votes of {names:?}"));
    }
    for name in names {
        match votes.get(name) {
            Some((decision, comment)) if decision == word => {
                if !comments.contains(comment.as_str()) {
                    broken.push(format!("3: {name} said {comment:?}, and CodePipeline keeps {comments:?}"));
                }
            }
            other => broken.push(format!("3: CodePipeline names {name}, and the ledger has {other:?}")),
        }
    }
}

/// Invariant 2: everybody has every email once, and twice only if it could not be known that the first one arrived.
fn mailbox(scene: &Scene, ending: Ending, broken: &mut Vec<String>) {
    let steps = scene.simulation.steps();
    let deaths = scene.simulation.deaths();
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut all: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in scene.simulation.aws().ses.mails() {
        let id = mail.ses_message_id.as_bytes();
        let Some((step, arrived, about)) = sending_of(&steps, id) else {
            broken.push(format!("2: nobody sent the email {:?}", mail.subject));
            continue;
        };
        let to = (mail.to.clone(), about.clone());
        *all.entry(to.clone()).or_default() += 1;
        let marked = steps.iter().filter(|step| step.operation == "UpdateItem").any(|step| {
            step.attempts.iter().any(|attempt| {
                attempt.effect.as_ref().is_some_and(|(status, _)| *status == 200) && holds(&attempt.request, id)
            })
        });
        if marked {
            *known.entry(to).or_default() += 1;
        } else if arrived && !deaths.contains_key(&step.invocation) {
            broken.push(format!(
                "2: SES took the {about} to {}, answered a function that lives on, and the ledger does not have it",
                mail.to
            ));
        }
        if about == "outcome" && !mail.text.starts_with(ending.headline()) {
            let line = mail.text.lines().next().unwrap_or_default();
            broken.push(format!("3: it was {}, and {}'s email says \"{line}\"", ending.word(), mail.to));
        }
    }
    for ((to, about), number) in known.iter().filter(|(_, number)| **number > 1) {
        broken.push(format!("2: {to} got the {about} {number} times, and the ledger had SES's answer each time"));
    }
    for who in scene.terms.approvers {
        for about in ["request", "outcome"] {
            let to = ((*who).to_owned(), about.to_owned());
            let times = known.get(&to).copied().unwrap_or_default();
            let has_it = all.contains_key(&to);
            if times != 1 && !(times == 0 && has_it && about == "request" && over_before_a_sweep(scene, who)) {
                broken.push(format!("2: the ledger does not know of one {about} to {who}: {all:?}"));
            }
        }
    }
    let again = all.iter().filter(|((_, about), _)| about.starts_with("again")).count();
    let most = *scene.resent.borrow() * scene.terms.approvers.len();
    if again > most || (most > 0 && again == 0) {
        broken.push(format!("2: {again} emails were sent again, and {most} were asked for"));
    }
    reminders(scene, &all, broken);
}

/// Whether Lambda gave up an event and the approval ended before a sweep could make up for it. Then an email that
/// arrived, and whose sender died before recording it, is not sent again.
fn over_before_a_sweep(scene: &Scene, who: &str) -> bool {
    let given_up = scene.simulation.dead_letters().len();
    let first =
        scene.simulation.aws().ses.look(|mails| mails.iter().find(|mail| mail.to == who).map(|m| m.date.clone()));
    let sent = first.and_then(|date| UtcDateTime::parse(&date, &Rfc3339).ok());
    match (sent, scene.ended()) {
        (Some(sent), Some(ended)) if given_up > 0 => {
            ended - sent < (HOUR + SECONDS_MORE) * u32::try_from(given_up).unwrap()
        }
        _ => false,
    }
}

/// Invariant 2: approvers who had not voted were reminded.
fn reminders(scene: &Scene, all: &BTreeMap<(String, String), usize>, broken: &mut Vec<String>) {
    let seen = scene.seen.borrow();
    let voted = |who: &str| seen.iter().any(|seen| seen.who == who && seen.pressed.is_some());
    let reminded = |who: &str| all.keys().any(|(to, about)| to == who && about.starts_with("reminder"));
    let due = scene.terms.more.contains("remind");
    for who in scene.terms.approvers {
        match (due && !voted(who), reminded(who)) {
            (true, false) if scene.asked_in_time(who) && !timeout_denied(scene) => {
                broken.push(format!("2: {who} was not reminded"))
            }
            (false, true) if !due => broken.push(format!("2: {who} was reminded of nothing")),
            _ => {}
        }
    }
}

/// The step that sent an email, whether its answer arrived, and what the email is about.
fn sending_of<'a>(steps: &'a [Step], message_id: &[u8]) -> Option<(&'a Step, bool, String)> {
    let sent = steps.iter().filter(|step| step.operation == "SendRawEmail").find_map(|step| {
        let took = |attempt: &&Attempt| {
            attempt.effect.as_ref().is_some_and(|(status, body)| *status == 200 && holds(body, message_id))
        };
        Some((step, step.attempts.iter().find(took)?))
    });
    let (step, attempt) = sent?;
    let data = form_urlencoded::parse(&attempt.request).find(|(name, _)| name == "RawMessage.Data")?.1;
    let raw = String::from_utf8(STANDARD.decode(data.as_bytes()).ok()?).ok()?;
    // Our own id, which SES replaces: `<ABOUT.TIME.KEY@…>`.
    let id = raw.lines().find_map(|line| line.strip_prefix("Message-ID: <"))?;
    Some((step, attempt.arrived, id.split('.').next()?.to_owned()))
}

/// Invariant 5: no log line, error or metric holds a token, a link or a part of one, an address, a name or a comment.
pub fn leaks(scene: &Scene, secrets: &[(&'static str, String)], log: &[String]) -> Vec<String> {
    let (errors, metrics) = (scene.simulation.failures(), scene.simulation.metrics());
    let written = [("log line", log), ("error", errors.as_slice()), ("metric", metrics.as_slice())];
    let mut broken = Vec::new();
    for (kind, lines) in written {
        for (what, secret) in secrets {
            if let Some(line) = lines.iter().find(|line| line.contains(secret.as_str())) {
                broken.push(format!("5: a {kind} holds {what} {secret:?}: {line}"));
            }
        }
    }
    broken
}

/// Invariant 7: nothing panics. And every event is handled if there is only one fault.
fn processes(scene: &Scene, broken: &mut Vec<String>) {
    if scene.simulation.deaths().values().any(|death| *death == Death::Panicked) {
        broken.push("a function panicked".to_owned());
    }
    let faults = scene
        .simulation
        .steps()
        .iter()
        .filter(|step| step.attempts.iter().any(|attempt| attempt.fault.is_some()))
        .count();
    if faults <= 1 && !timeout_denied(scene) && !scene.simulation.dead_letters().is_empty() {
        broken.push(format!("2: one fault, and an event is dead: {:?}", scene.simulation.failures()));
    }
}

/// Whether the notifier was denied access to the approval's time-out. Then it sends the requests all the same and
/// assumes CodePipeline's default of seven days: reminders come too late, and an earlier end counts only once
/// CodePipeline has shown it for half an hour, which the sweep checks.
fn timeout_denied(scene: &Scene) -> bool {
    let denied = |step: &Step| step.attempts.iter().any(|attempt| attempt.fault == Some(Fault::Denied));
    scene.terms.timeout_minutes.is_some()
        && scene.simulation.steps().iter().any(|step| step.operation == "GetPipeline" && denied(step))
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
