//! The stories. Each runs to its end whatever fails on the way: a visitor who is asked to try again does so.

use std::str::FromStr;

use crate::{ALICE, BOB};

use super::scene::Scene;
use super::seen::{Ending, Says};
use super::terms::Terms;

const CAROL: &str = "carol@example.com";

/// A story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// Scanners open every link, and then one of two approvers approves, which is enough.
    Approve,
    /// Two of three must approve, and the first edits their comment before the second votes.
    Quorum,
    /// An approval is not enough yet, and its voter rejects instead.
    ChangedMind,
    /// A rejection needs a reason, which the second attempt gives.
    Reject,
    /// Too few vote, the others are reminded, and the approval expires.
    Expire,
    /// One decides in the console and another by their link, at the same moment.
    Console,
    /// Two decide the opposite at the same moment. They were asked by an event and by a notice.
    Opposite,
    /// Two approve at the same moment, and two must.
    Together,
    /// Two approve at the same moment, and one is enough.
    Either,
    /// The emails are sent again, and a link in one of the new emails decides.
    Resend,
    /// The execution is stopped at the moment at which somebody approves.
    Stop,
    /// Every event arrives twice, a sweep runs at the same time, and the button is pressed twice at once.
    Twice,
}

impl FromStr for Story {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|story| story.name() == name).ok_or_else(|| format!("expected one of {names}"))
    }
}

impl Story {
    pub const ALL: [Self; 12] = [
        Self::Approve,
        Self::Quorum,
        Self::ChangedMind,
        Self::Reject,
        Self::Expire,
        Self::Console,
        Self::Opposite,
        Self::Together,
        Self::Either,
        Self::Resend,
        Self::Stop,
        Self::Twice,
    ];

    /// The story's name in a schedule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Quorum => "quorum",
            Self::ChangedMind => "changed-mind",
            Self::Reject => "reject",
            Self::Expire => "expire",
            Self::Console => "console",
            Self::Opposite => "opposite",
            Self::Together => "together",
            Self::Either => "either",
            Self::Resend => "resend",
            Self::Stop => "stop",
            Self::Twice => "twice",
        }
    }

    pub(super) fn terms(self) -> Terms {
        use Ending::{Approved, Expired, Rejected, Stopped};
        let terms = Terms {
            approvers: &[ALICE, BOB],
            quorum: 1,
            more: "",
            timeout_minutes: None,
            topic: false,
            parallel: false,
            endings: &[Approved],
        };
        match self {
            Self::Approve | Self::Either | Self::Resend | Self::Twice => terms,
            Self::Quorum => Terms { approvers: &[ALICE, BOB, CAROL], quorum: 2, ..terms },
            Self::ChangedMind => Terms { quorum: 2, endings: &[Rejected], ..terms },
            Self::Reject => Terms { more: "reason_required = true", endings: &[Rejected], ..terms },
            Self::Expire => {
                Terms { quorum: 2, more: "remind = \"2h\"", timeout_minutes: Some(240), endings: &[Expired], ..terms }
            }
            Self::Console => Terms { endings: &[Approved, Rejected], ..terms },
            Self::Opposite => Terms { topic: true, endings: &[Approved, Rejected], ..terms },
            Self::Together => Terms { quorum: 2, parallel: true, ..terms },
            Self::Stop => Terms { endings: &[Approved, Stopped], ..terms },
        }
    }

    pub(super) async fn play(self, scene: &Scene) {
        match self {
            Self::Approve => {
                scene.ask().await;
                scene.scan().await;
                scene.press(ALICE, "Approved", "go ahead").await;
            }
            Self::Quorum => {
                scene.ask().await;
                scene.press(ALICE, "Approved", "my first word").await;
                scene.post(ALICE, "Approved", "second thoughts").await;
                scene.open(CAROL, "Rejected").await;
                scene.press(BOB, "Approved", "").await;
                scene.press(ALICE, "Approved", "second thoughts").await;
            }
            Self::ChangedMind => {
                scene.ask().await;
                scene.press(ALICE, "Approved", "looks good").await;
                scene.press(ALICE, "Rejected", "no, it does not").await;
            }
            Self::Reject => {
                scene.ask().await;
                let says = scene.post(ALICE, "Rejected", "").await;
                assert!(matches!(says, Says::Asks | Says::TryAgain), "a rejection without its reason: {says:?}");
                scene.press(ALICE, "Rejected", "not today").await;
            }
            Self::Expire => {
                scene.ask().await;
                scene.press(ALICE, "Approved", "in time for once").await;
                for _ in 0..5 {
                    scene.an_hour_later().await;
                }
            }
            Self::Console => {
                scene.ask().await;
                let console = async {
                    scene.a_moment().await;
                    scene.decide_in_console(Ending::Rejected);
                };
                let visitor = async {
                    scene.a_moment().await;
                    scene.post(ALICE, "Approved", "decided by mail").await;
                };
                tokio::join!(console, visitor);
                scene.press(ALICE, "Approved", "decided by mail").await;
            }
            Self::Opposite => {
                scene.ask().await;
                at_once(scene, (ALICE, "Approved"), (BOB, "Rejected")).await;
            }
            Self::Together | Self::Either => {
                scene.ask().await;
                at_once(scene, (ALICE, "Approved"), (BOB, "Approved")).await;
            }
            Self::Resend => {
                scene.ask().await;
                scene.resend().await;
                scene.press(BOB, "Approved", "from the second email").await;
            }
            Self::Stop => {
                let execution = scene.ask().await;
                let console = async {
                    scene.a_moment().await;
                    scene.stop_in_console(&execution);
                };
                let visitor = async {
                    scene.a_moment().await;
                    scene.post(ALICE, "Approved", "too late?").await;
                };
                tokio::join!(console, visitor);
                scene.press(ALICE, "Approved", "too late?").await;
            }
            Self::Twice => {
                scene.start();
                scene.simulation.again().await;
                scene.simulation.sweep();
                scene.all_are_asked().await;
                at_once(scene, (ALICE, "Approved"), (ALICE, "Approved")).await;
                scene.simulation.again().await;
                scene.simulation.sweep();
            }
        }
        // The sweep that follows may fail, too.
        scene.simulation.settle().await;
        scene.an_hour_later().await;
    }
}

/// Two visitors press at the same moment, and each repeats it until they see a result.
async fn at_once(scene: &Scene, one: (&'static str, &'static str), other: (&'static str, &'static str)) {
    let first = async |(who, decision)| {
        scene.a_moment().await;
        scene.post(who, decision, "both at once").await;
    };
    tokio::join!(first(one), first(other));
    for (who, decision) in [one, other] {
        scene.press(who, decision, "both at once").await;
    }
}
