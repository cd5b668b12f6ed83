//! Who gets the emails about a request.

use countersign::approval::Approver;
use countersign::request::Terms;

/// Somebody who gets the emails about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) mailbox: &'a Approver,
    /// Whether they may decide. If not, they get copies without links.
    pub(crate) decides: bool,
}

/// Everybody who gets the emails about a request: first those who decide.
pub(crate) fn recipients(terms: &Terms) -> impl Iterator<Item = Recipient<'_>> {
    let approvers = terms.approvers.values().map(|mailbox| Recipient { mailbox, decides: true });
    approvers.chain(terms.copy.values().map(|mailbox| Recipient { mailbox, decides: false }))
}
