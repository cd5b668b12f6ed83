//! The summary that CodePipeline keeps with a decision: who decided, through what, and what they wrote.
//!
//! It is built from the votes that count and from nothing else, so that whoever reads it back can tell whether a decision
//! is theirs.

use super::{Request, Vote};
use crate::approval::{Comment, Decision};
use crate::text::{bounded_line, clean, quoted_inline};

/// The longest summary that CodePipeline keeps. The service may count characters or UTF-16 units, of which a text never
/// has fewer, so these are UTF-16 units.
const MAX_SUMMARY: usize = 512;

impl Request {
    /// The summary of `decision`: who decided, through what, and their comments, cut to [`MAX_SUMMARY`]. A comment is in
    /// quotation marks that it cannot close, so that it does not read as somebody else's.
    #[must_use]
    pub fn summary(&self, decision: Decision) -> String {
        summary_of(decision, &self.votes_for(decision))
    }
}

fn summary_of(decision: Decision, votes: &[&Vote]) -> String {
    let names = votes.iter().map(|vote| vote.approver.expose()).collect::<Vec<_>>().join(", ");
    let comments = votes.iter().filter_map(|vote| {
        let comment = quoted(vote.comment.as_ref()?);
        Some(if votes.len() == 1 { format!(" {comment}") } else { format!(" {}: {comment}", vote.approver.expose()) })
    });
    // What is read back is cleaned: with anything in it that goes then, a summary of ours would not be recognised.
    cut(&clean(&format!("{decision} through Countersign by {names}.{}", comments.collect::<String>())))
}

fn quoted(comment: &Comment) -> String {
    quoted_inline(&bounded_line(comment.expose(), Comment::MAX))
}

/// Cuts a text to [`MAX_SUMMARY`] UTF-16 units, between characters, with an ellipsis at the end if something was cut.
fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= MAX_SUMMARY {
        return text.to_owned();
    }
    let mut units = '…'.len_utf16();
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= MAX_SUMMARY
        })
        .collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use time::UtcDateTime;

    use super::*;
    use crate::request::Visitor;
    use crate::text::bounded;

    #[test]
    fn a_summary_is_cut_between_characters() {
        assert_eq!(cut(&"é".repeat(512)), "é".repeat(512));
        assert_eq!(cut(&"é".repeat(513)), format!("{}…", "é".repeat(511)));
        // An emoji is two UTF-16 units: 255 of them and the ellipsis are 511, one more would be 513.
        assert_eq!(cut(&"🚀".repeat(300)), format!("{}…", "🚀".repeat(255)));
    }

    #[test]
    fn a_summary_is_read_back_as_it_was_written() {
        let long = "é".repeat(500);
        for comment in ["looks good", "שלום \"abc\"", "a\u{202e}b", "👩‍💻 ok", "tab\tand\nline", &long] {
            let vote = Vote {
                approver: "alice@example.com".parse().unwrap(),
                decision: Decision::Approved,
                comment: comment.parse().ok(),
                at: UtcDateTime::UNIX_EPOCH,
                link: String::new(),
                visitor: Visitor::default(),
            };
            let summary = summary_of(Decision::Approved, &[&vote]);
            assert_eq!(bounded(&summary, 2048), summary, "{comment}");
        }
    }
}
