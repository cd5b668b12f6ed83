//! Any request, shown to whoever opens a link.

use arbitrary::{Result, Unstructured};
use askama::Template;
use callback::notice::Notice;
use callback::pages::{Confirm, Decided, FormProblem, NoticePage, Recorded};
use countersign::l10n::{Language, Texts};
use countersign::link::VerifiedLink;
use countersign::request::Request;
use countersign::text::{clean, reorders};

use crate::ground::{NOW, ground};
use crate::html::markup;
use crate::release::{request, tame};
use crate::text::{Text, tamed};

/// What is shown, before it is a page.
struct Shown {
    texts: Texts,
    request: Request,
    link: VerifiedLink,
    problem: Option<FormProblem>,
    /// As it came in a form: nothing has been taken out of it.
    comment: String,
    yours: bool,
}

/// Makes a request of the bytes, and every page about it.
pub fn run(data: &[u8]) {
    if let Ok(shown) = shown(&mut Unstructured::new(data)) {
        shown.check();
    }
}

fn shown(u: &mut Unstructured) -> Result<Shown> {
    let languages: Vec<Language> = Language::all().collect();
    let token = u.choose(&ground().tokens)?;
    Ok(Shown {
        texts: u.choose(&languages)?.texts(),
        request: request(u)?,
        link: ground().verifier.verify(token, NOW).expect("a good link"),
        problem: *u.choose(&[
            None,
            Some(FormProblem::CommentTooLong),
            Some(FormProblem::CommentMissing),
            Some(FormProblem::ButtonNotPressed),
        ])?,
        comment: u.arbitrary::<Text>()?.0,
        yours: u.arbitrary()?,
    })
}

impl Shown {
    /// Every page has the markup that its template has and no other, and nothing that reorders it.
    fn check(&self) {
        let tame = tame(&self.request);
        let pages = self.pages(&self.request, &self.comment);
        let plain = self.pages(&tame, &tamed(&clean(&self.comment)));
        assert_eq!(pages.len(), plain.len());
        for (page, plain) in pages.iter().zip(&plain) {
            assert_eq!(markup(page), markup(plain), "a stranger wrote markup");
        }
        for page in pages.iter().skip(1) {
            let lead = page.replace(['\u{2068}', '\u{2069}'], "");
            assert!(!lead.contains(reorders), "what reorders text");
        }
    }

    fn pages(&self, request: &Request, comment: &str) -> Vec<String> {
        let Self { texts, link, problem, yours, .. } = self;
        let (texts, now) = (*texts, NOW);
        let mut pages = vec![
            Confirm { texts, request, link, problem: *problem, comment, now }.render(),
            Recorded { texts, request, now }.render(),
        ];
        if let Some(outcome) = &request.outcome {
            pages.push(Decided { texts, request, outcome, yours: *yours }.render());
            pages.push(NoticePage::new(&Notice::over(outcome.ending, request), texts).render());
        }
        pages.extend([
            NoticePage::new(&Notice::Initiator(request), texts).render(),
            NoticePage::new(&Notice::Expired(Some(request)), texts).render(),
        ]);
        pages.into_iter().map(|page| page.expect("a page")).collect()
    }
}
