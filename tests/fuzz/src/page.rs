//! Pages about any request, shown to any visitor.

use arbitrary::{Result, Unstructured};
use askama::Template;
use callback::notice::Notice;
use callback::pages::{Confirm, Decided, FormProblem, NoticePage, Recorded};
use countersign::approval::Comment;
use countersign::l10n::Language;
use countersign::request::Request;
use countersign::text::{bounded, clean, reorders};

use crate::approval_request::{masked_request, request};
use crate::fixture::{NOW, TOKENS, good_link};
use crate::text::{markup, masked, text};

/// Makes a request of the bytes, and every page about it.
pub fn run(data: &[u8]) {
    // The bytes run out for some requests: there is no page to check then.
    let _ = check(&mut Unstructured::new(data));
}

/// Checks that every page has the markup of its template and no other, and nothing that reorders its text.
fn check(u: &mut Unstructured) -> Result<()> {
    let languages: Vec<Language> = Language::all().collect();
    let link = good_link(u.choose(&TOKENS)?);
    let language = *u.choose(&languages)?;
    let request = request(u)?;
    let texts = language.texts().in_zone(request.terms.time_zone);
    let problems = [
        None,
        Some(FormProblem::CommentTooLong),
        Some(FormProblem::CommentMissing),
        Some(FormProblem::ButtonNotPressed),
    ];
    let problem = *u.choose(&problems)?;
    // As a form sent it: nothing has been taken out of it.
    let comment = text(u)?;
    let yours = u.arbitrary()?;
    let pages = |request: &Request, comment: &str| -> Vec<String> {
        let mut pages = vec![
            Confirm::new(texts, request, &link, problem, comment, NOW).render(),
            Recorded { texts, request, now: NOW }.render(),
            NoticePage::new(&Notice::Initiator(request), None, texts).render(),
            NoticePage::new(&Notice::Expired(Some(request)), None, texts).render(),
        ];
        if let Some(outcome) = &request.outcome {
            let unsaved = Some(bounded(comment, Comment::MAX));
            pages.push(Decided { texts, request, outcome, yours, unsaved }.render());
            pages.push(NoticePage::new(&Notice::over(outcome.ending, request), None, texts).render());
        }
        pages.into_iter().map(|page| page.expect("a page")).collect()
    };
    let shown = pages(&request, &comment);
    let plain = pages(&masked_request(&request), &masked(&clean(&comment)));
    assert_eq!(shown.len(), plain.len());
    for (page, plain) in shown.iter().zip(&plain) {
        assert_eq!(markup(page), markup(plain), "foreign text added markup");
    }
    // The first page repeats the comment in its form, as it was written.
    for page in &shown[1..] {
        assert!(!page.replace(['\u{2068}', '\u{2069}'], "").contains(reorders), "foreign text reorders the page");
    }
    Ok(())
}
