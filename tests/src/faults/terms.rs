//! The terms of a story.

use super::seen::Ending;

/// The terms of a story.
pub struct Terms {
    pub approvers: &'static [&'static str],
    pub quorum: usize,
    /// More lines of the policy's `[default]`.
    pub more: &'static str,
    pub timeout_minutes: Option<u32>,
    /// Whether the approval also notifies an SNS topic.
    pub topic: bool,
    /// Whether the pipeline is in PARALLEL mode.
    pub parallel: bool,
    /// The endings that the story may have.
    pub endings: &'static [Ending],
}

impl Terms {
    pub fn policy(&self) -> String {
        let list: Vec<String> =
            self.approvers.iter().map(|address| format!("\"{} <{address}>\"", name_of(address))).collect();
        format!("[default]\napprovers = [{}]\nquorum = {}\n{}\n", list.join(", "), self.quorum, self.more)
    }
}

/// The name that the policy gives a mailbox: unlike the address, and unlike any other word.
pub fn name_of(address: &str) -> String {
    format!("{} Quartermain", address.chars().take(3).collect::<String>().to_uppercase())
}
