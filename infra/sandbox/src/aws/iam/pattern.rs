//! Patterns in policies.

/// Whether an ARN fits a pattern, each of their six parts on its own.
pub(super) fn arn_like(pattern: &str, arn: &str) -> bool {
    let (pattern, arn): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    pattern.len() == 6 && arn.len() == 6 && pattern.iter().zip(arn).all(|(pattern, part)| like(pattern, part))
}

/// Whether a text fits a pattern, in which `*` is any text and `?` is any character.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // After the latest `*`: the rest of the pattern, and the text that this rest has not been tried on yet.
    let mut retry = None;
    loop {
        match (pattern.clone().next(), text.clone().next()) {
            (Some('*'), _) => {
                pattern.next();
                retry = Some((pattern.clone(), text.clone()));
            }
            (Some(wanted), Some(c)) if wanted == '?' || wanted == c => {
                pattern.next();
                text.next();
            }
            (None, None) => return true,
            _ => {
                let Some((rest, untried)) = &mut retry else { return false };
                if untried.next().is_none() {
                    return false;
                }
                (pattern, text) = (rest.clone(), untried.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_is_any_character() {
        let cases = [
            ("", "", true),
            ("*", "", true),
            ("*", "a:b/c", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("*b*b*", "abb", true),
            ("*b*b*", "ab", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a", "ab", false),
            ("ab", "a", false),
            ("é?", "éü", true),
            (&"*a".repeat(50), &"a".repeat(49), false),
        ];
        for (pattern, text, fits) in cases {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn an_arn_is_compared_part_by_part() {
        let role = "arn:aws:iam::123456789012:role/a/b";
        let cases = [
            (role, true),
            ("arn:aws:iam::*:role/*", true),
            ("arn:*:*:*:*:*", true),
            ("arn:aws:iam::123456789012:role/?/b", true),
            ("arn:aws:iam::123456789012:role/a", false),
            ("arn:aws:iam:*:role/a/b", false),
            ("arn:*", false),
            ("*", false),
        ];
        for (pattern, fits) in cases {
            assert_eq!(arn_like(pattern, role), fits, "{pattern}");
        }
        assert!(!arn_like("*", "user"));
    }
}
