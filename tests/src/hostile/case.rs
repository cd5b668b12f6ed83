//! A case: one request with its approvers, their comments, and its ending.

use countersign::l10n::Language;
use fastrand::Rng;
use sandbox::codepipeline::ExecutionMode;
use serde_json::json;

use super::TAME;
use super::text::Author;

/// The most characters that names and an address may have together, so that a link stays below its 2,000.
const MAX_NAMES_TOGETHER: usize = 360;

/// One request, with all of its content.
#[derive(Debug, Clone)]
pub struct Case {
    pub number: u64,
    pub tame: bool,
    /// The route's language; English unless set.
    pub language: Option<Language>,
    pub door: Door,
    pub mode: ExecutionMode,
    pub pipeline: String,
    pub stage: String,
    pub action: String,
    pub approvers: Vec<Person>,
    /// The people who get copies and cannot decide.
    pub copy: Vec<Person>,
    pub quorum: usize,
    pub reply_to: Option<String>,
    pub reason_required: bool,
    /// Whether the links expire a day before the approval.
    pub expires_early: bool,
    /// Whether the last approver started the execution and may not approve it.
    pub barred: bool,
    pub instructions: Option<String>,
    pub review: Review,
    pub sources: Vec<Source>,
    /// The ARN of the principal or rule that started the execution, where the entry allows a choice.
    pub trigger: String,
    /// The comments of the first approvers, before the others are reminded. They approve, but are fewer than the
    /// quorum.
    pub early: Vec<String>,
    /// Whether comments end with bytes that are not UTF-8.
    pub broken_bytes: bool,
    pub ending: Ending,
    /// The comment of the person who decides, stops the execution, or decides in the console.
    pub last_word: String,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub name: Option<String>,
    pub address: String,
}

/// The entry through which the request arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// A running pipeline, started with chosen revisions.
    Api,
    /// A running pipeline, started by the case's principal or rule.
    Trigger,
    /// The approval's own SNS notice.
    Notice,
    /// A notification rule.
    Rule,
}

/// The review URL of the pipeline's author.
#[derive(Debug, Clone)]
pub enum Review {
    None,
    Link(String),
    /// A URL with characters beyond ASCII, which an email may show in any form.
    International(String),
    /// A text that must not become a link.
    NoLink(String),
}

#[derive(Debug, Clone)]
pub struct Source {
    pub github: bool,
    pub repository: String,
    pub message: String,
    /// The revision's id, where the entry allows a choice.
    pub revision: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Approved,
    Rejected,
    ApprovedElsewhere,
    RejectedElsewhere,
    Expired,
    Stopped,
    Superseded,
}

const ENDINGS: [Ending; 7] = [
    Ending::Approved,
    Ending::Rejected,
    Ending::ApprovedElsewhere,
    Ending::RejectedElsewhere,
    Ending::Expired,
    Ending::Stopped,
    Ending::Superseded,
];

impl Case {
    /// The case with this number. The same seed and number make the same case.
    pub fn new(seed: u64, number: u64) -> Self {
        let tame = number < TAME;
        let mut author = Author::new(Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number)), number, tame);
        if number == TAME || number == TAME + 1 {
            return Self::longest(&mut author, number);
        }
        let ending = ENDINGS[usize::try_from(number).unwrap() % ENDINGS.len()];
        let door = author.one_of(&[Door::Api, Door::Trigger, Door::Trigger, Door::Notice, Door::Rule]);
        let (pipeline, stage, action) =
            (author.resource("p", 100), author.resource("s", 100), author.resource("a", 100));
        let left = MAX_NAMES_TOGETHER.saturating_sub(pipeline.len() + stage.len() + action.len()).clamp(40, 254);
        let people = |author: &mut Author, first: usize, count: usize| -> Vec<Person> {
            (first..first + count)
                .map(|person| Person { name: author.name(), address: author.address(person, left) })
                .collect()
        };
        // Most have one approver, so that a thousand take minutes; the tame ones show all that the templates have.
        let count = if tame { author.one_of(&[1, 2, 4]) } else { author.one_of(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 3]) };
        let mut approvers = people(&mut author, 0, count);
        let watchers = usize::from(author.once_in(8));
        let copy = people(&mut author, approvers.len(), watchers);
        let barred = door == Door::Trigger && approvers.len() > 1 && author.once_in(4);
        if let Some(initiator) = approvers.last_mut().filter(|_| barred) {
            initiator.address = format!("initiator.{number}@example.com");
        }
        let deciding = approvers.len() - usize::from(barred);
        let quorum = if tame { deciding } else { author.among(1..=deciding) };
        let before = if tame { quorum - 1 } else { author.among(0..=quorum - 1) };
        let early = (0..before).map(|_| author.text(512)).collect();
        let trigger = match (barred, author.once_in(3)) {
            (true, _) => format!("arn:aws:iam::123456789012:user/initiator.{number}"),
            (false, true) => format!("arn:aws:events:us-east-2:123456789012:rule/{}", author.line(256)),
            (false, false) => format!("arn:aws:sts::123456789012:assumed-role/Admin/{}", author.line(256)),
        };
        let sources = if matches!(door, Door::Api | Door::Trigger) { author.one_of(&[1, 1, 1, 2, 3, 5]) } else { 0 };
        let review = match author.among(0..=7) {
            0 => Review::None,
            1 | 2 if !tame => Review::NoLink(author.no_link()),
            3 if !tame => Review::International(author.international_link()),
            _ => Review::Link(author.link(2048)),
        };
        Self {
            number,
            tame,
            // With a period that differs from the endings'.
            language: language(&mut author),
            door,
            // In the other modes no execution supersedes another.
            mode: match ending {
                Ending::Superseded => ExecutionMode::Superseded,
                _ => author.one_of(&[ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel]),
            },
            pipeline,
            stage,
            action,
            quorum,
            reply_to: author.once_in(3).then(|| author.address(90, 254)),
            reason_required: author.once_in(4),
            expires_early: author.once_in(4),
            barred,
            instructions: (!author.once_in(5)).then(|| author.text(1000).replace("#{", "#(")),
            review,
            sources: (0..sources).map(|_| Source::new(&mut author)).collect(),
            trigger,
            early,
            broken_bytes: !tame && author.once_in(6),
            ending,
            last_word: author.text(if ending == Ending::Stopped { 200 } else { 512 }),
            approvers,
            copy,
        }
    }

    /// The largest email: more votes than it shows, with comments of 512 characters, names and links of the longest allowed
    /// length, three revisions. The first such case ends by its votes, the second expires.
    fn longest(author: &mut Author, number: u64) -> Self {
        // A character that HTML escapes with five bytes, and one that UTF-8 encodes with four.
        let filler = if number == TAME { '&' } else { '👍' };
        let name = |person: usize| Person {
            name: Some(format!(
                "zz{number}l{}zz{}",
                person + 100,
                filler.to_string().repeat((200 - 12) / filler.len_utf8())
            )),
            address: format!("{}.{number}.{person}@example.com", "x".repeat(40)),
        };
        let long_link = |author: &mut Author| {
            let mut link = author.link(100);
            while link.len() + 4 <= 2048 {
                link += "&a=b";
            }
            link
        };
        let resource = |prefix: &str| format!("{prefix}{number}{}", "W".repeat(97))[..100].to_owned();
        Self {
            number,
            tame: false,
            language: "de".parse().ok(),
            door: Door::Trigger,
            mode: ExecutionMode::Superseded,
            pipeline: resource("p"),
            stage: resource("s"),
            action: resource("a"),
            approvers: (0..12).map(name).collect(),
            copy: Vec::new(),
            quorum: 11,
            reply_to: None,
            reason_required: true,
            expires_early: true,
            barred: true,
            instructions: Some(author.longest(filler, 1000)),
            review: Review::Link(long_link(author)),
            sources: (0..3)
                .map(|_| Source {
                    github: false,
                    // Of the address that the sandbox makes of it, all but the last few of 2,048 characters.
                    repository: "&a=b".repeat(475),
                    message: author.longest(filler, 2048),
                    revision: String::new(),
                })
                .collect(),
            trigger: format!("arn:aws:iam::123456789012:user/{}.{number}.11", "x".repeat(40)),
            early: (0..10).map(|_| author.longest(filler, 512)).collect(),
            broken_bytes: false,
            ending: if number == TAME { Ending::Approved } else { Ending::Expired },
            last_word: author.longest(filler, 512),
        }
    }

    /// The policy with this case's people and terms.
    pub fn policy(&self) -> String {
        let people = |people: &[Person]| json!(people.iter().map(Person::written).collect::<Vec<_>>()).to_string();
        let mut policy = format!("[default]\napprovers = {}\nquorum = {}\n", people(&self.approvers), self.quorum);
        // Either way, reminders come five days after the request.
        policy += if self.expires_early { "expires = \"6d\"\nremind = \"24h\"\n" } else { "remind = \"48h\"\n" };
        policy += &format!("reason_required = {}\n", self.reason_required);
        policy += &format!("initiator_may_approve = {}\n", !self.barred);
        if !self.copy.is_empty() {
            policy += &format!("copy = {}\n", people(&self.copy));
        }
        if let Some(reply_to) = &self.reply_to {
            policy += &format!("reply_to = {}\n", json!(reply_to));
        }
        if let Some(language) = self.language {
            policy += &format!("language = \"{}\"\n", language.as_str());
        }
        if self.barred {
            // Who supersedes another case's execution while this policy is in force, and may decide nothing.
            let principal = "arn:aws:iam::123456789012:user/AKIAOPERATOR";
            policy += &format!("[[person]]\naddress = \"operator@example.org\"\nprincipals = [\"{principal}\"]\n");
        }
        policy
    }
}

/// A random language, or none.
fn language(author: &mut Author) -> Option<Language> {
    let languages: Vec<Language> = Language::all().collect();
    (!author.once_in(8)).then(|| author.one_of(&languages))
}

impl Person {
    fn written(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} <{}>", self.address),
            None => self.address.clone(),
        }
    }
}

impl Source {
    fn new(author: &mut Author) -> Self {
        let github = author.once_in(2);
        // Part of the address of the revision, in the sandbox's CodePipeline.
        let repository = if author.once_in(2) { author.line(600) } else { author.resource("r", 100) };
        Self { github, repository, message: author.text(2048), revision: author.line(1500) }
    }
}
