//! Plays cases through a sandbox's public interfaces, and records each email with what it must contain.

mod letter;

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::Duration;

use super::case::{Case, Door, Ending, Person};
use super::input::{notice, pipeline, rule, source_name, trigger};
use super::text::beginning;
use crate::forge::Parts;
use crate::{World, fixture};

/// Half a surrogate pair and a byte that UTF-8 never has, as a form may send them.
const BROKEN_BYTES: &str = "%ED%A0%BD%FF";

/// What a browser may say of itself.
const BROWSER: &str = "Mozilla/5.0 (<b title=\"x\">&amp;</b>; 50% {{ texts }}) > \\ 'https' //evil.example/";

/// A case, and its progress so far.
struct Story {
    case: Case,
    /// The votes so far: the voter's index among the approvers, and the comment.
    votes: Vec<(usize, String)>,
    /// Each approver's links.
    links: BTreeMap<usize, [String; 2]>,
    /// The `References` header of the request's emails.
    thread: String,
    execution: String,
    /// The summary of a decision that was made in the console.
    console_summary: Option<String>,
}

/// An email that has just arrived.
struct Arrival {
    story: usize,
    person: usize,
    mail: sandbox::aws::ses::Mail,
}

/// The kind of an email.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Watch,
    Reminder,
    Receipt,
    /// That the request did not reach somebody.
    Unreached,
    Outcome,
    /// About a change of the policy.
    Policy,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Watch => "watch",
            Self::Reminder => "reminder",
            Self::Receipt => "receipt",
            Self::Unreached => "unreached",
            Self::Outcome => "outcome",
            Self::Policy => "policy",
        }
    }
}

/// Plays the cases in one sandbox, from the request to the outcome.
pub(super) async fn play(cases: Vec<Case>) -> Vec<Value> {
    let world = World::new().await;
    let mut mailbox = Mailbox::default();
    let mut letters = Vec::new();
    let mut stories: Vec<Story> = Vec::new();
    for case in cases {
        stories.push(Story::begin(&world, case).await);
        let index = stories.len() - 1;
        nothing_failed(&world);
        let arrived = mailbox.arrived(&world, &stories);
        letters.extend(stories[index].asked(&world, &arrived).await);
        let told = std::mem::take(&mut mailbox.about_policy);
        let told = told.iter().filter(|arrival| arrival.story == index);
        letters.extend(told.map(|arrival| stories[index].letter(&world, Kind::Policy, arrival.person, &arrival.mail)));
    }
    for story in &mut stories {
        for voter in 0..story.case.early.len() {
            let comment = story.case.early[voter].clone();
            story.vote(&world, voter, "Approved", &comment).await;
        }
    }
    nothing_failed(&world);
    let arrived = mailbox.arrived(&world, &stories);
    for (index, story) in stories.iter().enumerate() {
        let (receipts, others) = story.split(of(index, &arrived));
        assert!(others.is_empty(), "a vote that decides nothing is told to its voter alone");
        letters.extend(story.receipts(&world, &receipts, 0..story.case.early.len()));
    }
    world.sandbox().skip(Duration::days(5) + Duration::hours(1)).await;
    nothing_failed(&world);
    let arrived = mailbox.arrived(&world, &stories);
    for (index, story) in stories.iter_mut().enumerate() {
        letters.extend(story.reminded(&world, of(index, &arrived)));
    }
    for story in &stories {
        story.lose(&world).await;
    }
    nothing_failed(&world);
    let arrived = mailbox.arrived(&world, &stories);
    for (index, story) in stories.iter().enumerate() {
        letters.extend(story.unreached(&world, of(index, &arrived)));
    }
    for story in &mut stories {
        story.end(&world).await;
    }
    world.sandbox().skip(Duration::days(3)).await;
    nothing_failed(&world);
    let arrived = mailbox.arrived(&world, &stories);
    for (index, story) in stories.iter().enumerate() {
        let (receipts, others) = story.split(of(index, &arrived));
        // The last vote decided, or somebody else did.
        let told = story.case.early.len()..story.votes.len().saturating_sub(1).max(story.case.early.len());
        letters.extend(story.receipts(&world, &receipts, told));
        letters.extend(story.outcomes(&world, others));
    }
    letters
}

/// Asserts that no invocation of the notifier failed, so that its error appears before any consequence of it.
fn nothing_failed(world: &World) {
    assert_eq!(world.failures(), [""; 0]);
}

fn of(story: usize, arrived: &[Arrival]) -> Vec<&Arrival> {
    arrived.iter().filter(|arrival| arrival.story == story).collect()
}

/// The position up to which the sandbox's mailbox has been read.
#[derive(Default)]
struct Mailbox {
    read: usize,
    /// What arrived about changes of the policy: each case has its own.
    about_policy: Vec<Arrival>,
}

impl Mailbox {
    fn arrived(&mut self, world: &World, stories: &[Story]) -> Vec<Arrival> {
        let mails = world.aws().ses.mails();
        let arrived = mails.into_iter().skip(self.read).map(|mail| {
            let place = stories.iter().enumerate().find_map(|(story, known)| {
                let person = known.people().iter().position(|person| person.address == mail.to)?;
                Some((story, person))
            });
            let (story, person) = place.unwrap_or_else(|| panic!("nobody is called {}", mail.to));
            Arrival { story, person, mail }
        });
        let arrived: Vec<Arrival> = arrived.collect();
        self.read += arrived.len();
        let (about_policy, others) =
            arrived.into_iter().partition(|arrival| references(&arrival.mail.raw).starts_with("<policy."));
        self.about_policy.extend::<Vec<Arrival>>(about_policy);
        others
    }
}

impl Story {
    /// Starts the case, so that its approvers get their requests.
    async fn begin(world: &World, case: Case) -> Self {
        world.save_policy(&case.policy()).await;
        let report = match case.door {
            Door::Api | Door::Trigger => {
                world.aws().codepipeline.create(pipeline(&case)).unwrap();
                None
            }
            Door::Notice => Some(world.event(&notice(&case)).await),
            Door::Rule => Some(world.event(&rule(&case)).await),
        };
        if let Some((status, report)) = report {
            assert_eq!(status, 200, "{}: {report}", case.number);
        }
        if case.door == Door::Api {
            let revisions: Vec<Value> = (case.sources.iter().enumerate())
                .map(|(number, source)| {
                    json!({
                        "actionName": source_name(number), "revisionType": "COMMIT_ID", "revisionValue": source.revision
                    })
                })
                .collect();
            let input = json!({"name": case.pipeline, "sourceRevisions": revisions});
            world.codepipeline("StartPipelineExecution", input).await.unwrap();
        }
        if case.door == Door::Trigger {
            world.aws().codepipeline.start(&case.pipeline, trigger(&case)).unwrap();
            world.settle().await;
        }
        let executions =
            world.codepipeline("ListPipelineExecutions", json!({"pipelineName": case.pipeline})).await.unwrap();
        let execution = executions["pipelineExecutionSummaries"][0]["pipelineExecutionId"].as_str().unwrap().to_owned();
        Self {
            case,
            votes: Vec::new(),
            links: BTreeMap::new(),
            thread: String::new(),
            execution,
            console_summary: None,
        }
    }

    fn people(&self) -> Vec<&Person> {
        self.case.approvers.iter().chain(&self.case.copy).collect()
    }

    /// Checks that everybody has one email, in which approvers have two working links.
    async fn asked(&mut self, world: &World, arrived: &[Arrival]) -> Vec<Value> {
        self.everybody(arrived.iter());
        self.thread = references(&arrived[0].mail.raw);
        let mut letters = Vec::new();
        for Arrival { person, mail, .. } in arrived {
            let kind = if *person < self.case.approvers.len() { Kind::Request } else { Kind::Watch };
            if kind == Kind::Request {
                let links = self.links_in(world, mail, *person);
                self.links.insert(*person, links);
            }
            letters.push(self.letter(world, kind, *person, mail));
        }
        self.open(world).await;
        letters
    }

    /// Checks that those who have not voted have a reminder with working links.
    fn reminded(&mut self, world: &World, arrived: Vec<&Arrival>) -> Vec<Value> {
        let voted = self.votes.len();
        let mut reminded: Vec<usize> = arrived.iter().map(|arrival| arrival.person).collect();
        reminded.sort_unstable();
        let expected: Vec<usize> = (voted..self.case.approvers.len()).collect();
        assert_eq!(reminded, expected, "{}: who is reminded", self.case.number);
        let mut letters = Vec::new();
        for Arrival { person, mail, .. } in arrived {
            let links = self.links_in(world, mail, *person);
            self.links.insert(*person, links);
            letters.push(self.letter(world, Kind::Reminder, *person, mail));
        }
        letters
    }

    /// The last of those who are to decide, if nobody can do without them and somebody else can be told.
    fn indispensable(&self) -> Option<usize> {
        let Case { approvers, barred, quorum, copy, .. } = &self.case;
        let deciding = approvers.len() - usize::from(*barred);
        (*quorum == deciding && approvers.len() + copy.len() > 1).then(|| deciding - 1)
    }

    /// Has SES say that what asked the indispensable person came back.
    async fn lose(&self, world: &World) {
        let Some(missing) = self.indispensable() else { return };
        let address = &self.case.approvers[missing].address;
        let queue = world.sandbox().setting("COUNTERSIGN_EMAIL_QUEUE").unwrap();
        let asking =
            world.aws().ses.mails().into_iter().filter(|mail| {
                mail.to == *address && (mail.tag.ends_with("request") || mail.tag.contains("reminder-"))
            });
        for mail in asking.collect::<Vec<_>>() {
            let mut event = fixture("ses-bounced");
            event["detail"]["mail"]["messageId"] = json!(mail.ses_message_id);
            event["detail"]["mail"]["destination"] = json!([mail.to]);
            event["detail"]["mail"]["tags"] =
                json!({"ses:configuration-set": [sandbox::CONFIGURATION_SET], "delivery": [mail.tag]});
            event["detail"]["bounce"]["bouncedRecipients"] = json!([{"emailAddress": mail.to}]);
            let record = json!({
                "messageId": "1", "body": event.to_string(), "attributes": {"SentTimestamp": "0"},
                "eventSource": "aws:sqs", "eventSourceARN": queue,
            });
            let (status, report) = world.event(&json!({"Records": [record]})).await;
            assert_eq!((status, &report["results"][0]["fate"]), (200, &json!("bounced")), "{report}");
        }
    }

    /// Checks that the others are told that nobody can do without the one whom the request did not reach.
    fn unreached(&self, world: &World, arrived: Vec<&Arrival>) -> Vec<Value> {
        let missing = self.indispensable();
        let mut told: Vec<usize> = arrived.iter().map(|arrival| arrival.person).collect();
        told.sort_unstable();
        let others = (0..self.people().len()).filter(|person| Some(*person) != missing);
        let expected: Vec<usize> = missing.map(|_| others.collect()).unwrap_or_default();
        assert_eq!(told, expected, "{}: who is told who is missing", self.case.number);
        arrived.iter().map(|arrival| self.letter(world, Kind::Unreached, arrival.person, &arrival.mail)).collect()
    }

    /// The receipts among the arrivals, and the others.
    fn split<'a>(&self, arrived: Vec<&'a Arrival>) -> (Vec<&'a Arrival>, Vec<&'a Arrival>) {
        let title = self.case.language.unwrap_or_default().texts().receipt_title(&self.case.pipeline);
        arrived.into_iter().partition(|arrival| arrival.mail.text.starts_with(&title))
    }

    /// Checks that each of these votes was told to its voter.
    fn receipts(&self, world: &World, arrived: &[&Arrival], votes: Range<usize>) -> Vec<Value> {
        let told: Vec<usize> = arrived.iter().map(|arrival| arrival.person).collect();
        let voters: Vec<usize> = self.votes[votes].iter().map(|(voter, _)| *voter).collect();
        assert_eq!(told, voters, "{}: who is told of their vote", self.case.number);
        arrived.iter().map(|arrival| self.letter(world, Kind::Receipt, arrival.person, &arrival.mail)).collect()
    }

    /// Checks that everybody has an outcome email. If another execution took over, its requests are among the arrivals.
    fn outcomes(&self, world: &World, arrived: Vec<&Arrival>) -> Vec<Value> {
        let outcomes: Vec<&Arrival> =
            arrived.iter().filter(|arrival| references(&arrival.mail.raw) == self.thread).copied().collect();
        self.everybody(outcomes.iter().copied());
        if self.case.ending != Ending::Superseded {
            let others: Vec<&str> = arrived.iter().map(|arrival| arrival.mail.text.as_str()).collect();
            assert_eq!(outcomes.len(), arrived.len(), "{}: emails of another thread: {others:#?}", self.case.number);
        }
        outcomes.iter().map(|arrival| self.letter(world, Kind::Outcome, arrival.person, &arrival.mail)).collect()
    }

    fn everybody<'a>(&self, arrived: impl Iterator<Item = &'a Arrival>) {
        let mut people: Vec<usize> = arrived.map(|arrival| arrival.person).collect();
        people.sort_unstable();
        let expected: Vec<usize> = (0..self.people().len()).collect();
        assert_eq!(people, expected, "{}: who has an email, policy {}", self.case.number, self.case.policy());
    }

    /// The two links of an email, approve before reject. Foreign text cannot pass for one, since each of its lines is
    /// marked. Both must belong to this person and have a valid signature, so that no byte was lost on the way.
    fn links_in(&self, world: &World, mail: &sandbox::aws::ses::Mail, person: usize) -> [String; 2] {
        let ours = format!("{}/approval?t=", world.sandbox().url());
        let mut links: Vec<String> = Vec::new();
        for word in mail.text.lines().filter(|line| !line.starts_with('>')).flat_map(str::split_whitespace) {
            if word.starts_with(&ours) && !links.iter().any(|link| link == word) {
                links.push(word.to_owned());
            }
        }
        let number = self.case.number;
        for (link, decision) in links.iter().zip(["Approved", "Rejected"]) {
            let parts = Parts::of(link);
            assert_eq!(parts.claims["decision"], decision, "{number}");
            assert_eq!(parts.claims["sub"], self.case.approvers[person].address.as_str(), "{number}");
            assert_eq!(parts.claims["pipeline"], self.case.pipeline.as_str(), "{number}");
            // Ed25519 is deterministic: the same key and text give the same signature.
            let (signed, _) = link[parts.prefix.len()..].rsplit_once('.').unwrap();
            let signature = world.aws().kms.sign(&parts.key(), signed.as_bytes()).unwrap();
            let again = format!("{}{signed}.{}", parts.prefix, URL_SAFE_NO_PAD.encode(signature));
            assert_eq!(*link, again, "{number}: the link is not what was signed");
        }
        links.try_into().unwrap_or_else(|links| panic!("{number}: {links:?} in\n{}", mail.text))
    }

    /// Opens one of the links.
    async fn open(&self, world: &World) {
        let link = &self.links[&0][0];
        assert_eq!(world.get(link).await.status, 200, "{}: {link}", self.case.number);
    }

    async fn vote(&mut self, world: &World, voter: usize, decision: &str, comment: &str) {
        let link = &self.links[&voter][usize::from(decision == "Rejected")];
        let page = if self.case.broken_bytes {
            let comment = beginning(comment, 500);
            let comment: String = comment.bytes().map(|byte| format!("%{byte:02X}")).collect();
            world.post_body(link, &format!("comment={comment}{BROKEN_BYTES}&decision={decision}")).await
        } else {
            world.post_with(link, BROWSER, &[("comment", comment), ("decision", decision)]).await
        };
        // Its voter is told before the next vote decides.
        world.settle().await;
        assert_eq!(page.status, 200, "{}: {}", self.case.number, page.body);
        self.votes.push((voter, beginning(comment, if self.case.broken_bytes { 500 } else { 512 })));
    }

    async fn end(&mut self, world: &World) {
        let (pipeline, word) = (self.case.pipeline.clone(), self.case.last_word.clone());
        match self.case.ending {
            Ending::Approved => {
                while self.votes.len() < self.case.quorum {
                    self.vote(world, self.votes.len(), "Approved", &word).await;
                }
            }
            Ending::Rejected => self.vote(world, self.votes.len(), "Rejected", &word).await,
            Ending::ApprovedElsewhere => self.decide_elsewhere(world, "Approved", word).await,
            Ending::RejectedElsewhere => self.decide_elsewhere(world, "Rejected", word).await,
            Ending::Expired => {}
            Ending::Stopped => {
                let input = json!({
                    "pipelineName": pipeline, "pipelineExecutionId": self.execution, "abandon": true, "reason": word
                });
                world.codepipeline("StopPipelineExecution", input).await.unwrap();
            }
            Ending::Superseded => {
                // The execution that takes over has the same approvers, so that nobody else gets emails.
                world.save_policy(&self.case.policy()).await;
                world.codepipeline("StartPipelineExecution", json!({"name": pipeline})).await.unwrap();
            }
        }
        world.settle().await;
    }

    async fn decide_elsewhere(&mut self, world: &World, status: &str, summary: String) {
        let token = Parts::of(&self.links[&(self.case.approvers.len() - 1)][0]).claims["token"].clone();
        let input = json!({
            "pipelineName": self.case.pipeline, "stageName": self.case.stage, "actionName": self.case.action,
            "token": token, "result": {"status": status, "summary": summary},
        });
        world.codepipeline("PutApprovalResult", input).await.unwrap();
        self.console_summary = Some(summary);
    }
}

/// The header that groups the emails about one approval.
fn references(raw: &str) -> String {
    let message = mail_parser::MessageParser::default().parse(raw.as_bytes()).unwrap();
    message.header_raw("References").unwrap_or_default().trim().to_owned()
}
