//! Globs as automata: whether everything that one glob matches is matched by another, and whether two have a name in
//! common. The crate `glob` only matches; a policy must know what a route leaves to the ones after it.

use std::collections::{BTreeMap, BTreeSet};

/// The most characters of a glob besides its stars, one state each. No name is longer.
const MAX_TOKENS: usize = 100;

/// The most pairs of states that a comparison looks at. Globs that people write need a few dozen.
const MAX_PAIRS: usize = 500;

/// A glob's states are the places before each of its characters, and the end. A set of states is a number: bit `n` is
/// the place before character `n`.
type States = u128;

const START: States = 1;

/// A glob that was split into what matches one character each. A `*` lets the place before the next one stay.
pub struct Automaton {
    tokens: Vec<Token>,
    stays: States,
}

enum Token {
    Any,
    Ranges { ranges: Vec<(char, char)>, negated: bool },
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Ranges { ranges, negated } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

impl Automaton {
    /// The automaton of a glob that the crate `glob` accepts. `None` when it is longer than any name.
    pub fn new(glob: &str) -> Option<Self> {
        let (mut tokens, mut stays) = (Vec::new(), 0);
        let mut rest = glob.chars();
        while let Some(c) = rest.next() {
            if tokens.len() > MAX_TOKENS {
                return None;
            }
            match c {
                '*' => stays |= START << tokens.len(),
                '?' => tokens.push(Token::Any),
                '[' => tokens.push(class(&mut rest)),
                c => tokens.push(Token::Ranges { ranges: vec![(c, c)], negated: false }),
            }
        }
        (tokens.len() <= MAX_TOKENS).then_some(Self { tokens, stays })
    }

    /// The automaton that matches no name.
    fn nothing() -> Self {
        Self { tokens: vec![Token::Ranges { ranges: Vec::new(), negated: false }], stays: 0 }
    }

    fn end(&self) -> States {
        START << self.tokens.len()
    }

    /// The places whose character is `c`.
    fn places_of(&self, c: char) -> States {
        let places = self.tokens.iter().enumerate().filter(|(_, token)| token.takes(c));
        places.fold(0, |all, (place, _)| all | START << place)
    }

    /// The states after one character, whose places are given.
    fn step(&self, states: States, places: States) -> States {
        ((states & places) << 1) | (states & self.stays)
    }
}

/// A class, after its bracket. As in the crate, the first character is never the closing bracket.
fn class(rest: &mut std::str::Chars<'_>) -> Token {
    let negated = rest.as_str().starts_with('!');
    if negated {
        rest.next();
    }
    let mut members: Vec<char> = rest.next().into_iter().collect();
    members.extend(rest.by_ref().take_while(|c| *c != ']'));
    let mut ranges = Vec::new();
    let mut members = members.as_slice();
    loop {
        members = match members {
            [from, '-', to, others @ ..] => {
                ranges.push((*from, *to));
                others
            }
            [one, others @ ..] => {
                ranges.push((*one, *one));
                others
            }
            [] => return Token::Ranges { ranges, negated },
        };
    }
}

/// Whether `outer` matches every text over the alphabet that both `inner` and `shape` match. `false` also when that would
/// take too long to find out.
pub fn covers(outer: &Automaton, inner: &Automaton, shape: &Automaton, alphabet: &str) -> bool {
    // Characters that no glob tells apart are one.
    let letters: BTreeSet<[States; 3]> =
        alphabet.chars().map(|c| [inner, shape, outer].map(|glob| glob.places_of(c))).collect();
    let mut todo = vec![[START; 3]];
    // For a state of `inner` and of `shape`: the smallest sets of states that `outer` can be in. A larger one takes more.
    let mut seen: BTreeMap<[States; 2], Vec<States>> = BTreeMap::new();
    let mut pairs = 0;
    while let Some([one, other, set]) = todo.pop() {
        if one == inner.end() && other == shape.end() && set & outer.end() == 0 {
            return false;
        }
        for [of_inner, of_shape, of_outer] in &letters {
            let set = outer.step(set, *of_outer);
            for one in single_states(inner.step(one, *of_inner)) {
                for other in single_states(shape.step(other, *of_shape)) {
                    let sets = seen.entry([one, other]).or_default();
                    if sets.iter().any(|smaller| smaller & set == *smaller) {
                        continue;
                    }
                    pairs += 1;
                    if pairs > MAX_PAIRS {
                        return false;
                    }
                    sets.retain(|larger| larger & set != set);
                    sets.push(set);
                    todo.push([one, other, set]);
                }
            }
        }
    }
    true
}

/// Whether both match the same text over the alphabet.
pub fn overlap(one: &Automaton, other: &Automaton, alphabet: &str) -> bool {
    !covers(&Automaton::nothing(), one, other, alphabet)
}

fn single_states(mut states: States) -> impl Iterator<Item = States> {
    std::iter::from_fn(move || {
        let lowest = states & states.wrapping_neg();
        states ^= lowest;
        (lowest != 0).then_some(lowest)
    })
}

#[cfg(test)]
mod tests {
    use glob::Pattern;

    use super::*;

    const NAMES: &str = "ABPabcdeinoprstux-_0123456789";

    fn covered(outer: &str, inner: &str) -> bool {
        let [outer, inner, name] = [outer, inner, "?*"].map(|glob| Automaton::new(glob).unwrap());
        covers(&outer, &inner, &name, NAMES)
    }

    #[test]
    fn a_glob_covers_what_it_matches_all_of() {
        for (outer, inner, expected) in [
            ("Prod*", "Production", true),
            ("Production", "Prod*", false),
            ("Prod*", "Prod*", true),
            ("Prod*", "Prod-*", true),
            ("Prod-*", "Prod*", false),
            ("P*n", "Pro*ion", true),
            ("P*n", "Pro*io", false),
            ("*-prod", "payments-*-prod", true),
            ("?*", "*", true),
            ("*", "?*", true),
            ("??*", "*", false),
            ("*a*", "*a", true),
            ("*a*", "*b*", false),
            ("[a-c]*", "b*", true),
            ("[a-c]*", "[bc]x", true),
            ("[a-c]*", "[a-d]*", false),
            ("[!a-c]*", "d*", true),
            ("[!a-c]*", "[A-Z]*", true),
            ("[!a-c]*", "a*", false),
            ("?", "[!a]", true),
            ("[!a]", "?", false),
            ("[a-]", "-", true),
            ("*a?", "*a*a?", true),
            ("*a*b*", "*b*a*", false),
            ("*ab*", "*aab*", true),
            ("Production", "production", false),
            ("[Pp]roduction", "production", true),
        ] {
            assert_eq!(covered(outer, inner), expected, "{outer} covers {inner}");
        }
    }

    /// Everything that up to so many of the elements make.
    fn texts_of(elements: &[&str], most: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut longest = texts.clone();
        for _ in 0..most {
            longest =
                longest.iter().flat_map(|text| elements.iter().map(move |more| format!("{text}{more}"))).collect();
            texts.extend(longest.iter().cloned());
        }
        texts
    }

    #[test]
    fn it_agrees_with_trying_every_short_name() {
        let names = texts_of(&["a", "b"], 7);
        let (name, nothing) = (Automaton::new("*").unwrap(), Automaton::nothing());
        let globs: Vec<(String, Automaton, Vec<bool>)> = texts_of(&["a", "b", "?", "*", "[ab]", "[!a]", "[!b-c]"], 3)
            .into_iter()
            .filter(|glob| !glob.contains("**"))
            .map(|glob| {
                let pattern = Pattern::new(&glob).unwrap();
                let matched = names.iter().map(|name| pattern.matches(name)).collect();
                (glob.clone(), Automaton::new(&glob).unwrap(), matched)
            })
            .collect();
        assert!(globs.len() > 200, "{}", globs.len());
        for (outer, outer_automaton, by_outer) in &globs {
            assert_eq!(!covers(&nothing, outer_automaton, &name, "ab"), by_outer.contains(&true), "{outer}");
            for (inner, inner_automaton, by_inner) in &globs {
                let expected = by_inner.iter().zip(by_outer).all(|(inner, outer)| !inner || *outer);
                assert_eq!(covers(outer_automaton, inner_automaton, &name, "ab"), expected, "{outer} covers {inner}");
                let common = by_inner.iter().zip(by_outer).any(|(inner, outer)| *inner && *outer);
                assert_eq!(overlap(outer_automaton, inner_automaton, "ab"), common, "{outer} meets {inner}");
            }
        }
    }

    #[test]
    fn what_would_take_too_long_to_compare_counts_as_not_covered() {
        let any = "?".repeat(40);
        assert!(!covered(&format!("*a{any}*"), &format!("*[ab]{any}[ab]*b{any}")));
        assert!(covered(&format!("*{any}*"), &format!("*a{any}")));
    }

    #[test]
    fn a_glob_that_is_longer_than_any_name_has_no_automaton() {
        assert!(Automaton::new(&"*?".repeat(MAX_TOKENS)).is_some());
        assert!(Automaton::new(&"?".repeat(MAX_TOKENS + 1)).is_none());
    }
}
