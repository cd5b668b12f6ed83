//! What CodePipeline had answered the notifier when an email went out.

use sandbox::aws::ses::Mail;
use sandbox::simulation::{Attempt, Step};
use serde_json::Value;

use super::scene::{Approval, Shown};

/// The runs of actions that CodePipeline showed to one invocation, in the order in which they were asked for.
pub struct Answered(Vec<Value>);

impl Answered {
    /// What had been answered to the invocation that sent this email. `None` when no invocation did.
    pub fn before(mail: &Mail, steps: &[Step]) -> Option<Self> {
        let id = mail.ses_message_id.as_bytes();
        let took =
            |attempt: &Attempt| body_of(attempt).is_some_and(|body| body.windows(id.len()).any(|part| part == id));
        let sent = steps.iter().position(|step| step.operation == "SendRawEmail" && step.attempts.iter().any(took))?;
        let (before, invocation) = (&steps[..sent], steps[sent].invocation);
        let lists =
            before.iter().filter(|step| step.invocation == invocation && step.operation == "ListActionExecutions");
        let answers = lists.flat_map(|step| &step.attempts).filter(|attempt| attempt.arrived).filter_map(body_of);
        let runs = answers.flat_map(|body| {
            let answer: Value = serde_json::from_slice(body).unwrap();
            answer["actionExecutionDetails"].as_array().cloned().unwrap_or_default()
        });
        Some(Self(runs.collect()))
    }

    /// How the approval was shown.
    pub fn of<'a>(&'a self, approval: &'a Approval) -> impl Iterator<Item = Shown> + 'a {
        self.0.iter().filter(|run| run["actionExecutionId"] == approval.run.as_str()).map(Shown::of)
    }
}

fn body_of(attempt: &Attempt) -> Option<&[u8]> {
    attempt.effect.as_ref().filter(|(status, _)| *status == 200).map(|(_, body)| body.as_ref())
}
