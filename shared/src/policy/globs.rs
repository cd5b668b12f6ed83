//! What a route matches: globs for the parts of an approval.

use glob::{MatchOptions, Pattern};

use super::automaton::{Automaton, covers, overlap};
use crate::approval::{AccountId, ActionName, ApprovalAction, PipelineName, Region, StageName};

/// A part of an approval that routes have a glob for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The account that owns the pipeline.
    Account,
    /// The pipeline's region.
    Region,
    /// The pipeline's name.
    Pipeline,
    /// The stage's name.
    Stage,
    /// The action's name.
    Action,
}

impl Part {
    /// All of them, from the outside in.
    pub const ALL: [Self; 5] = [Self::Account, Self::Region, Self::Pipeline, Self::Stage, Self::Action];

    /// Its key in a route.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::Pipeline => "pipeline",
            Self::Stage => "stage",
            Self::Action => "action",
        }
    }

    fn of(self, action: &ApprovalAction) -> &str {
        match self {
            Self::Account => action.account.as_str(),
            Self::Region => action.region.as_str(),
            Self::Pipeline => action.pipeline.as_str(),
            Self::Stage => action.stage.as_str(),
            Self::Action => action.action.as_str(),
        }
    }

    /// Whether a part can be called this.
    pub(super) fn is_name(self, text: &str) -> bool {
        match self {
            Self::Account => text.parse::<AccountId>().is_ok(),
            Self::Region => text.parse::<Region>().is_ok(),
            Self::Pipeline => text.parse::<PipelineName>().is_ok(),
            Self::Stage => text.parse::<StageName>().is_ok(),
            Self::Action => text.parse::<ActionName>().is_ok(),
        }
    }

    /// The characters of its names.
    fn alphabet(self) -> &'static str {
        match self {
            Self::Account => "0123456789",
            Self::Region => "-0123456789abcdefghijklmnopqrstuvwxyz",
            Self::Pipeline | Self::Stage | Self::Action => {
                "-.0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
            }
        }
    }

    /// Whether a name may have this character.
    pub(super) fn is_of_names(self, c: char) -> bool {
        c == '-' || self.alphabet().contains(c)
    }

    /// The glob that all of its names match, over its alphabet.
    fn shape(self) -> &'static str {
        if self == Self::Account { "????????????" } else { "?*" }
    }

    /// Whether some name matches a glob. One that none can is a slip, and would hand what it means to another route.
    pub(super) fn is_possible(self, glob: &str) -> bool {
        if is_literal(glob) { self.is_name(glob) } else { self.overlap(glob, self.shape()) }
    }

    /// Whether all names that `inner` matches are matched by `outer`.
    fn cover(self, outer: &Pattern, inner: Option<&Pattern>) -> bool {
        let inner = inner.map_or(self.shape(), Pattern::as_str);
        if outer.as_str() == inner || is_literal(inner) {
            return outer.matches(inner) || outer.as_str() == inner;
        }
        let automata = [outer.as_str(), inner, self.shape()].map(Automaton::new);
        let [Some(outer), Some(inner), Some(shape)] = &automata else { return false };
        covers(outer, inner, shape, self.alphabet())
    }

    /// Whether some name matches both.
    fn overlap(self, one: &str, other: &str) -> bool {
        let matches = |glob: &str, name: &str| Pattern::new(glob).is_ok_and(|glob| glob.matches(name));
        if is_literal(one) {
            return matches(other, one);
        }
        if is_literal(other) {
            return matches(one, other);
        }
        let (Some(one), Some(other)) = (Automaton::new(one), Automaton::new(other)) else { return false };
        overlap(&one, &other, self.alphabet())
    }
}

fn is_literal(glob: &str) -> bool {
    !glob.contains(['*', '?', '['])
}

/// What a route matches: a glob for each part. A part without one is anything; what two routes match together may have
/// two for a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Globs(Vec<(Part, Pattern)>);

/// How the names of an approval fit a route's globs.
pub(super) enum Fit {
    /// All match.
    Matches,
    /// All match if capitals and small letters are taken for the same. These match in no other way.
    OnlyInCase(Vec<Part>),
    /// At least one does not match.
    Differs,
}

impl Globs {
    pub(super) fn new(globs: Vec<(Part, Pattern)>) -> Self {
        Self(globs)
    }

    /// The glob for a part, unless that may be anything.
    #[must_use]
    pub fn get(&self, part: Part) -> Option<&str> {
        self.pattern(part).map(Pattern::as_str)
    }

    /// All globs for a part.
    pub fn all(&self, part: Part) -> impl Iterator<Item = &str> {
        self.patterns(part).map(Pattern::as_str)
    }

    /// What both match.
    pub(super) fn and(&self, other: &Self) -> Self {
        let more =
            other.0.iter().filter(|(part, theirs)| !self.patterns(*part).any(|own| part.cover(theirs, Some(own))));
        let is_implied = |part: Part, own: &Pattern| other.patterns(part).any(|theirs| part.cover(own, Some(theirs)));
        let own = self.0.iter().filter(|(part, own)| {
            // Of two that match the same, this one's stays.
            !is_implied(*part, own) || other.patterns(*part).all(|theirs| part.cover(theirs, Some(own)))
        });
        Self(own.chain(more).cloned().collect())
    }

    /// Whether a part may be called this. Capitals and small letters differ, as they do in CodePipeline.
    #[must_use]
    pub fn admit(&self, part: Part, name: &str) -> bool {
        self.patterns(part).all(|pattern| pattern.matches(name))
    }

    /// Whether a part could be called this if capitals and small letters were the same.
    #[must_use]
    pub fn admit_ignoring_case(&self, part: Part, name: &str) -> bool {
        let options = MatchOptions { case_sensitive: false, ..MatchOptions::new() };
        self.patterns(part).all(|pattern| pattern.matches(name) || pattern.matches_with(name, options))
    }

    pub(super) fn fit(&self, action: &ApprovalAction) -> Fit {
        let differing: Vec<Part> = Part::ALL.into_iter().filter(|part| !self.admit(*part, part.of(action))).collect();
        if differing.is_empty() {
            Fit::Matches
        } else if differing.iter().all(|part| self.admit_ignoring_case(*part, part.of(action))) {
            Fit::OnlyInCase(differing)
        } else {
            Fit::Differs
        }
    }

    /// Whether one of these parts may be anything: the names of an approval that lands here were not thought of.
    #[must_use]
    pub fn leave_open(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.pattern(*part).is_none())
    }

    /// Whether everything that `other` matches is matched by this.
    pub(super) fn cover(&self, other: &Self) -> bool {
        Part::ALL.into_iter().all(|part| self.cover_part(other, part))
    }

    /// The same of one part: whether all names that `other` admits there are admitted by this.
    pub(super) fn cover_part(&self, other: &Self, part: Part) -> bool {
        self.patterns(part).all(|pattern| part.cover(pattern, other.pattern(part)))
    }

    /// Whether an approval may match both.
    pub(super) fn meet(&self, other: &Self) -> bool {
        self.0.iter().all(|(part, pattern)| {
            other.pattern(*part).is_none_or(|theirs| part.overlap(pattern.as_str(), theirs.as_str()))
        })
    }

    /// Whether an approval may match both, but only if capitals and small letters were the same.
    pub(super) fn meet_only_in_case(&self, other: &Self) -> bool {
        let lower = |pattern: &Pattern| pattern.as_str().to_ascii_lowercase();
        !self.meet(other)
            && self.0.iter().all(|(part, pattern)| {
                other.pattern(*part).is_none_or(|theirs| part.overlap(&lower(pattern), &lower(theirs)))
            })
    }

    /// Whether a part is one name, and not a pattern for several.
    pub(super) fn names(&self, part: Part) -> bool {
        self.get(part).is_some_and(is_literal)
    }

    fn pattern(&self, part: Part) -> Option<&Pattern> {
        self.patterns(part).next()
    }

    fn patterns(&self, part: Part) -> impl Iterator<Item = &Pattern> {
        self.0.iter().filter(move |(own, _)| *own == part).map(|(_, pattern)| pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabets_are_what_names_are_made_of() {
        for part in Part::ALL {
            // An account's number is as long as it is, and a region's name has its form.
            let name = |c: char| match part {
                Part::Account => c.to_string().repeat(12),
                Part::Region => format!("us-e{c}ast-1"),
                Part::Pipeline | Part::Stage | Part::Action => c.to_string(),
            };
            let possible: String = (0_u8..=255).map(char::from).filter(|c| part.is_name(&name(*c))).collect();
            assert_eq!(part.alphabet(), possible, "{part:?}");
            assert!(part.alphabet().is_ascii() && Pattern::new(part.shape()).is_ok());
        }
    }
}
