//! Who gets the emails about a request.

use countersign::approval::Approver;
use countersign::request::Request;

/// Somebody who gets the emails about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) mailbox: &'a Approver,
    /// Whether they may decide. If not, they get copies without links.
    pub(crate) decides: bool,
}

/// Everybody who gets the emails about a request: first those who decide.
pub(crate) fn recipients(request: &Request) -> impl Iterator<Item = Recipient<'_>> {
    let approvers = request.terms.approvers.values().map(|mailbox| Recipient { mailbox, decides: true });
    approvers.chain(request.terms.copy.values().map(|mailbox| Recipient { mailbox, decides: false }))
}
