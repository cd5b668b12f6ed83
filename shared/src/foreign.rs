//! Foreign text: what somebody else wrote, as pages and emails show it.
//!
//! It stands in one component that cannot be taken for our own words: in a box, below a line that says who wrote it, and
//! no longer than its place allows.

use std::borrow::Cow;
use std::fmt;

use crate::approval::{Address, Comment, DisplayName, ReviewLink, WebUrl};
use crate::l10n::Texts;
use crate::request::{
    EarlierDecision, EarlierVote, Origin, PastRevision, Release, Request, Revision, Start, Variable, Vote,
};
use crate::status_text;
use crate::text::{bounded_line, clean, is_blank, is_invisible, is_mark, legible, reads_as_address, short_id};

/// The most characters of a name above a comment.
const MAX_NAME: usize = 40;
/// The most characters of a part of where a change is from: of a branch, say.
const MAX_ORIGIN: usize = 100;
/// The most characters of a change's first line in a list of them.
const MAX_TITLE: usize = 120;

/// How much of a text is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The most lines.
    pub lines: usize,
    /// The most characters.
    pub characters: usize,
}

/// A text in lines that can be shown: no two blank ones in a row, no stacks of combining marks, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignText {
    shown: String,
    rest: String,
    omitted: Option<Omitted>,
}

/// What a limit leaves out. It is always said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omitted {
    /// So many lines.
    Lines(usize),
    /// So many characters: the limit is within a line.
    Characters(usize),
}

impl ForeignText {
    /// `None` when there is nothing to see.
    #[must_use]
    pub fn new(text: &str, limit: Limit) -> Option<Self> {
        let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n'));
        let mut shown = if is_plain { squeezed(text) } else { squeezed(&legible(&clean(text))) };
        if shown.is_empty() {
            return None;
        }
        let (mut rest, mut omitted) = (String::new(), None);
        if let Some(at) = end(&shown, limit) {
            rest = shown.split_off(at);
            omitted = Some(if let Some(lines) = rest.strip_prefix('\n') {
                rest = lines.trim_start_matches('\n').to_owned();
                shown.truncate(shown.trim_end_matches('\n').len());
                Omitted::Lines(rest.lines().count())
            } else {
                shown.push('…');
                Omitted::Characters(rest.chars().count())
            });
        }
        Some(Self { shown, rest, omitted })
    }

    /// The lines to show.
    pub fn lines(&self) -> std::str::Lines<'_> {
        self.shown.lines()
    }

    /// The lines after them, for a place that shows them when asked to.
    pub fn rest(&self) -> std::str::Lines<'_> {
        self.rest.lines()
    }

    /// What the first lines leave out.
    #[must_use]
    pub fn omitted(&self) -> Option<Omitted> {
        self.omitted
    }

    /// The sentence about what is left out.
    #[must_use]
    pub fn more(&self, texts: Texts) -> Option<String> {
        Some(match self.omitted? {
            Omitted::Lines(count) => texts.more_lines(count),
            Omitted::Characters(count) => texts.more_characters(count),
        })
    }
}

/// The lines of a text without blank ones at its ends, and with at most one between two others.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut blank = false;
    for line in text.lines() {
        if line.chars().all(is_blank) {
            blank = true;
            continue;
        }
        if !squeezed.is_empty() {
            squeezed.push_str(if blank { "\n\n" } else { "\n" });
        }
        squeezed.push_str(line.trim_end());
        blank = false;
    }
    squeezed
}

/// Where a text has to end, in bytes, to keep to the limit. `None` when it does.
fn end(text: &str, limit: Limit) -> Option<usize> {
    if text.len() <= limit.characters && text.bytes().filter(|b| *b == b'\n').count() < limit.lines {
        return None;
    }
    let (mut lines, mut characters) = (0, 0);
    for (at, c) in text.char_indices() {
        if c == '\n' {
            lines += 1;
            if lines == limit.lines || characters >= limit.characters {
                return Some(at);
            }
        } else if characters >= limit.characters && !is_mark(c) {
            return Some(at);
        }
        characters += 1;
    }
    None
}

/// What the component shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign<'a> {
    /// Which source it is of, where there are several.
    pub source: Option<String>,
    /// What it is and who wrote it, in our words.
    pub label: String,
    /// Names and ids of theirs that would read as words of ours in the label.
    pub apart: Option<String>,
    /// What they wrote.
    pub text: Option<ForeignText>,
    /// The revision that it is about, where its id cannot read as words of ours.
    pub id: Option<Cow<'a, str>>,
    /// What they gave as a link, below a line of ours: where it leads, or why it cannot be followed.
    pub link: Option<(String, &'a ReviewLink)>,
    /// Pages about it, whose addresses are made of its repository's: what is there, and on which host.
    pub pages: Vec<(String, &'a WebUrl)>,
    /// What else there is to know of it, in our words.
    pub note: Option<String>,
}

impl<'a> Foreign<'a> {
    /// The change of each source, by its author. Where there are several, each has its source's name.
    pub fn changes(release: &'a Release, limit: Limit, texts: Texts) -> impl Iterator<Item = Self> {
        release.revisions.iter().map(move |revision| Self::change(release, revision, limit, texts))
    }

    fn change(release: &'a Release, revision: &'a Revision, limit: Limit, texts: Texts) -> Self {
        // Whoever starts a pipeline may choose a commit of any branch, or an image with any tag.
        let is_pushed = matches!(release.start, Some(Start::Push(_)));
        let origin = revision.origin.as_ref().map(|origin| Names::of(origin, is_pushed));
        let plain = origin.as_ref().filter(|names| names.are_plain());
        let (label, usually) = plain.map_or_else(|| (texts.written_by_author(), None), |names| names.say(texts));
        let page = |page: &'a Option<WebUrl>, words: fn(Texts, &str) -> String| {
            page.as_ref().map(|url| (words(texts, url.host()), url))
        };
        // The whole of it, and AWS's link to it, are among the technical details.
        let id = short_id(&revision.id);
        let (id, id_apart) = if is_plain_name(&id) { (Some(id), None) } else { (None, Some(id.into_owned())) };
        let names = origin.filter(|names| !names.are_plain()).map(|names| names.to_string());
        let apart: Vec<String> = names.into_iter().chain(id_apart).collect();
        let pages: Vec<_> =
            [page(&revision.page, Texts::see_change), page(&revision.comparison, Texts::compare_with_last)]
                .into_iter()
                .flatten()
                .collect();
        // Requests of the versions before did not look for pages.
        let only_in_aws = (release.start.is_some() && pages.is_empty()).then(|| texts.only_in_aws());
        // What a rollback puts back was released before.
        let usually = usually.filter(|_| release.rollback.is_none());
        let notes: Vec<String> = [usually, only_in_aws].into_iter().flatten().collect();
        let is_one_of_several = release.revisions.len() + release.more_revisions > 1;
        let source = revision.source.as_deref().filter(|_| is_one_of_several);
        Self {
            source: source.map(|source| texts.source(&bounded_line(&legible(source), MAX_ORIGIN))),
            note: (!notes.is_empty()).then(|| status_text::sentences(&notes, texts)),
            pages,
            apart: (!apart.is_empty()).then(|| apart.join(", ")),
            id,
            text: revision.summary.as_deref().and_then(|summary| ForeignText::new(summary, limit)),
            ..Self::labelled(label)
        }
    }

    /// Nothing yet below a line of ours.
    #[must_use]
    pub fn labelled(label: String) -> Self {
        Self { source: None, label, apart: None, text: None, id: None, link: None, pages: Vec::new(), note: None }
    }

    /// What was released before, by the first lines that its authors wrote; and, of a rollback, what else it takes back.
    pub fn before(release: &'a Release, limit: Limit, texts: Texts) -> impl Iterator<Item = Self> {
        let last = release.last().filter(|_| !release.puts_back_the_last());
        let last = last.and_then(|last| titles(&last.revisions, last.revisions.len() > 1, limit));
        let last = last.map(|text| Self { text: Some(text), ..Self::labelled(texts.written_by_author()) });
        let taken_back = Self::others(release, limit, texts.taken_back_too(), texts);
        last.into_iter().chain(taken_back.filter(|_| release.rollback.is_some()))
    }

    /// The changes that the last release did not have, and this one may have besides its own. `None` where none are known.
    #[must_use]
    pub fn also_changes(release: &'a Release, limit: Limit, texts: Texts) -> Option<Self> {
        Self::others(release, limit, texts.unreleased_since(), texts).filter(|_| release.rollback.is_none())
    }

    /// The changes of other releases that matter to this one.
    fn others(release: &'a Release, limit: Limit, label: String, texts: Texts) -> Option<Self> {
        let last = release.last()?;
        let shown: Vec<_> = last.unreleased.iter().take(limit.lines).cloned().collect();
        let more = last.more + last.unreleased.len().saturating_sub(limit.lines);
        let text = titles(&shown, release.revisions.len() > 1, limit)?;
        let note = (more > 0).then(|| texts.more_unreleased(more));
        Some(Self { text: Some(text), note, ..Self::labelled(label) })
    }

    /// The values that the release runs with. `None` when there are none.
    #[must_use]
    pub fn variables(release: &Release, limit: Limit, texts: Texts) -> Option<Self> {
        let lines: Vec<String> =
            release.variables.iter().map(|Variable { name, value }| format!("{name} = {value}")).collect();
        let text = ForeignText::new(&lines.join("\n"), limit)?;
        Some(Self { text: Some(text), ..Self::labelled(texts.variables()) })
    }

    /// The instructions and the review link, by the pipeline's owner. `None` when there are neither.
    #[must_use]
    pub fn instructions(release: &'a Release, limit: Limit, texts: Texts) -> Option<Self> {
        let text = release.instructions.as_deref().and_then(|text| ForeignText::new(text, limit));
        let link = release.review_url.as_ref();
        if text.is_none() && link.is_none() {
            return None;
        }
        let link = link.map(|link| (about_link(link, texts), link));
        Some(Self { text, link, ..Self::labelled(texts.written_by_owner()) })
    }

    /// A vote's comment, by its approver. `None` when there is none.
    #[must_use]
    pub fn comment(request: &Request, vote: &Vote, limit: Limit, texts: Texts) -> Option<Self> {
        let text = ForeignText::new(vote.comment.as_ref().map(Comment::expose)?, limit)?;
        // The sentence about the vote, which precedes it, has the whole name and the address.
        let name = request.terms.approvers.get(&vote.approver.identity()).and_then(|approver| approver.name.as_ref());
        Some(Self::comment_by(name, &vote.approver, text, texts))
    }

    /// A comment with a vote in an earlier decision. `None` when there is none.
    #[must_use]
    pub fn earlier_comment(vote: &EarlierVote, limit: Limit, texts: Texts) -> Option<Self> {
        let text = ForeignText::new(vote.comment.as_ref().map(Comment::expose)?, limit)?;
        Some(Self::comment_by(vote.approver.name.as_ref(), &vote.approver.address, text, texts))
    }

    fn comment_by(name: Option<&DisplayName>, address: &Address, text: ForeignText, texts: Texts) -> Self {
        let name = name.map_or_else(|| address.expose(), DisplayName::expose);
        let label = texts.comment_by(&bounded_line(&legible(name), MAX_NAME));
        Self { text: Some(text), ..Self::labelled(label) }
    }

    /// What CodePipeline keeps of an earlier decision. `None` when there is nothing.
    #[must_use]
    pub fn earlier_summary(decision: &EarlierDecision, limit: Limit, texts: Texts) -> Option<Self> {
        let text = ForeignText::new(decision.summary.as_deref()?, limit)?;
        Some(Self { text: Some(text), ..Self::labelled(texts.from_codepipeline()) })
    }

    /// What was said with a decision that came without our links. `None` when there was nothing.
    #[must_use]
    pub fn decided_elsewhere(request: &Request, limit: Limit, texts: Texts) -> Option<Self> {
        let text = ForeignText::new(status_text::foreign_summary(request)?, limit)?;
        Some(Self { text: Some(text), ..Self::labelled(texts.from_codepipeline()) })
    }
}

/// The first lines of changes, one below the other; where nothing can be seen in one, its id. With its source, where there are
/// several.
fn titles(revisions: &[PastRevision], several: bool, limit: Limit) -> Option<ForeignText> {
    let line = |revision: &PastRevision| {
        let title = revision.title.as_deref().map(|title| bounded_line(&legible(title), MAX_TITLE));
        let title = title.filter(|title| !is_invisible(title)).unwrap_or_else(|| short_id(&revision.id).into_owned());
        // It counts as a change even so.
        let title = if is_invisible(&title) { "?".to_owned() } else { title };
        if several { format!("{}: {title}", revision.source) } else { title }
    };
    let lines: Vec<String> = revisions.iter().map(line).collect();
    ForeignText::new(&lines.join("\n"), limit)
}

/// Whether a name can stand among words of ours: it reads neither as a sentence nor as an address, which mail clients make a
/// link.
fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '#' | '+' | '…');
    name.chars().all(is_plain) && !name.contains("//") && !reads_as_address(name)
}

/// The names in where a revision is from, as labels say them.
enum Names {
    Repository { name: String, branch: Option<String>, is_pushed: bool },
    Object { bucket: String, key: String },
    Image { repository: String, tag: Option<String> },
}

impl Names {
    fn of(origin: &Origin, is_pushed: bool) -> Self {
        let shown = |name: &str| bounded_line(&legible(name), MAX_ORIGIN);
        let maybe = |name: &Option<String>| name.as_deref().map(shown);
        match origin {
            Origin::Repository { name, branch } => {
                Self::Repository { name: shown(name), branch: maybe(branch), is_pushed }
            }
            Origin::Object { bucket, key } => Self::Object { bucket: shown(bucket), key: shown(key) },
            Origin::Image { repository, tag } => Self::Image { repository: shown(repository), tag: maybe(tag) },
        }
    }

    fn all(&self) -> Vec<&str> {
        let (first, second) = match self {
            Self::Repository { name, branch, .. } => (name, branch.as_ref()),
            Self::Object { bucket, key } => (bucket, Some(key)),
            Self::Image { repository, tag } => (repository, tag.as_ref()),
        };
        [Some(first), second].into_iter().flatten().map(String::as_str).collect()
    }

    /// Whether they can stand among words of ours.
    fn are_plain(&self) -> bool {
        self.all().into_iter().all(is_plain_name)
    }

    /// What the revision is, and what the pipeline usually takes where this one may differ.
    fn say(&self, texts: Texts) -> (String, Option<String>) {
        match self {
            Self::Repository { name, branch: Some(branch), is_pushed: true } => {
                (texts.change_in_branch(branch, name), None)
            }
            Self::Repository { name, branch, .. } => {
                (texts.change_in_repository(name), branch.as_deref().map(|branch| texts.usual_branch(branch)))
            }
            Self::Object { bucket, key } => (texts.version_of_file(bucket, key), None),
            Self::Image { repository, tag } => {
                (texts.version_of_image(repository), tag.as_deref().map(|tag| texts.usual_tag(tag)))
            }
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all().join(", "))
    }
}

/// Where a link leads, or why it cannot be followed.
pub(crate) fn about_link(link: &ReviewLink, texts: Texts) -> String {
    match (link, link.host()) {
        (ReviewLink::Url(_), host) => texts.link_to(host.unwrap_or_default()),
        (ReviewLink::Text(_), Some(host)) => texts.link_hides_host(host),
        (ReviewLink::Text(_), None) => texts.not_a_link(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { lines: 3, characters: 12 };

    #[test]
    fn lines_are_squeezed_and_what_is_left_out_is_counted() {
        for (text, lines, omitted) in [
            ("a", vec!["a"], None),
            ("a\nb\nc", vec!["a", "b", "c"], None),
            ("\n \na\n\n\n\t\n\nb\n", vec!["a", "", "b"], None),
            ("a\u{200b}\n\u{200b}\n\u{feff}\n\u{2800}\nb", vec!["a", "", "b"], None),
            ("a\r\nb\u{2028}c\u{7}", vec!["a", "b", "c"], None),
            ("a\nb\nc\nd\ne", vec!["a", "b", "c"], Some(Omitted::Lines(2))),
            ("a\nb\n\nd\ne", vec!["a", "b"], Some(Omitted::Lines(2))),
            ("0123456789ab", vec!["0123456789ab"], None),
            ("0123456789abcd", vec!["0123456789ab…"], Some(Omitted::Characters(2))),
            ("0123456789\nabcd", vec!["0123456789", "a…"], Some(Omitted::Characters(3))),
            ("0123456789ab\nc", vec!["0123456789ab"], Some(Omitted::Lines(1))),
            ("0123456789ae\u{301}\u{301}", vec!["0123456789ae\u{301}\u{301}"], None),
            ("  indented", vec!["  indented"], None),
        ] {
            let text = ForeignText::new(text, LIMIT).unwrap();
            assert_eq!(text.lines().collect::<Vec<_>>(), lines, "{text:?}");
            assert_eq!(text.omitted(), omitted, "{text:?}");
        }
        for nothing in ["", " \n", "\u{200b}\u{3164}\n\u{301}"] {
            assert_eq!(ForeignText::new(nothing, LIMIT), None);
        }
    }

    #[test]
    fn the_rest_is_all_that_is_not_shown() {
        let text = ForeignText::new("a\nb\nc\n\nd\ne", LIMIT).unwrap();
        assert_eq!(text.rest().collect::<Vec<_>>(), ["d", "e"]);
        assert_eq!(text.more(crate::l10n::Language::ENGLISH.texts()).as_deref(), Some("… and 2 more lines"));
        let text = ForeignText::new("0123456789abc", LIMIT).unwrap();
        assert_eq!(text.rest().collect::<Vec<_>>(), ["c"]);
        assert_eq!(text.more(crate::l10n::Language::ENGLISH.texts()).as_deref(), Some("… and 1 more character"));
    }
}
