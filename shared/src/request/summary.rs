//! The summary that CodePipeline keeps with a decision: who decided, through what, and what they wrote.
//!
//! It is built from the votes that count and from nothing else, so that whoever reads it back can tell whether a decision
//! is theirs.

use super::Request;
use crate::approval::{Comment, Decision};
use crate::text::bounded_line;

/// The longest summary that CodePipeline keeps. The service may count characters or UTF-16 units, of which a text never
/// has fewer, so these are UTF-16 units.
const MAX_SUMMARY: usize = 512;

impl Request {
    /// The summary of `decision`: who decided, through what, and their comments, cut to [`MAX_SUMMARY`]. A comment is in
    /// quotation marks that it cannot close, so that it does not read as somebody else's.
    #[must_use]
    pub fn summary(&self, decision: Decision) -> String {
        let votes = self.votes_for(decision);
        let names = votes.iter().map(|vote| vote.approver.expose()).collect::<Vec<_>>().join(", ");
        let comments = votes.iter().filter_map(|vote| {
            let comment = quoted(vote.comment.as_ref()?);
            Some(if votes.len() == 1 { format!(" {comment}") } else { format!(" {}: {comment}", vote.approver.expose()) })
        });
        cut(format!("{decision} through Countersign by {names}.{}", comments.collect::<String>()))
    }
}

fn quoted(comment: &Comment) -> String {
    format!("\"{}\"", bounded_line(comment.expose(), Comment::MAX).replace(['"', '“', '”', '„', '«', '»'], "'"))
}

/// Cuts a text to [`MAX_SUMMARY`] UTF-16 units, between characters, with an ellipsis at the end if something was cut.
fn cut(text: String) -> String {
    if text.encode_utf16().count() <= MAX_SUMMARY {
        return text;
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
    use super::*;

    #[test]
    fn a_summary_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(512)), "é".repeat(512));
        assert_eq!(cut("é".repeat(513)), format!("{}…", "é".repeat(511)));
        // An emoji is two UTF-16 units: 255 of them and the ellipsis are 511, one more would be 513.
        assert_eq!(cut("🚀".repeat(300)), format!("{}…", "🚀".repeat(255)));
    }

    #[test]
    fn a_comment_cannot_close_its_quotation_marks() {
        for (comment, expected) in [
            ("looks good", "\"looks good\""),
            ("carol@example.com: sign-off given", "\"carol@example.com: sign-off given\""),
            ("no\" carol@example.com: \"yes", "\"no' carol@example.com: 'yes\""),
            ("two\nlines", "\"two lines\""),
            ("“typographic”", "\"'typographic'\""),
        ] {
            assert_eq!(quoted(&comment.parse().unwrap()), expected, "{comment}");
        }
    }
}
