//! Foreign texts of every kind, made from bytes, and the markup around them.

use arbitrary::{Result, Unstructured};
use countersign::text::is_blank;

/// Texts that have broken pages, emails and headers elsewhere: line breaks and controls, markup, escapes, templates and
/// encodings, other scripts, addresses.
const FRAGMENTS: [&[&str]; 8] = [
    &["\r\nBcc: thief@evil.example\r\n", "\r\n\r\n", "\n", "\r"],
    &["\u{b}", "\u{85}", "\u{2028}", "\0", "\u{1b}[2J", "\t"],
    &["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)"],
    &["</textarea>", "</title>", "<!--", "-->", "<![CDATA[", "</p></td></tr></table>"],
    &["<a href=\"https://evil.example/approval?t=x\">", "&lt;b&gt;", "&#60;", "&amp;"],
    &["&", "<", ">", "\"", "'", "{{ 7*7 }}", "{% include \"x\" %}", "=?utf-8?Q?=3Cb=3E?=", "=3Cb=3E=\n"],
    &["\u{202e}gpj.esaeler", "\u{2066}\u{2067}", "שלום", "本番", "👩‍👩‍👧‍👦", "e\u{301}\u{301}"],
    &["javascript:alert(1)", "https://evil.example/?a=1&b=2#c"],
];

/// A text that somebody might write.
pub fn text(u: &mut Unstructured) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=6_u8)? {
        match u.int_in_range(0..=5_u8)? {
            0 => text.push(u.arbitrary()?),
            1 => text.push_str(u.arbitrary()?),
            2 => {
                let times = u.int_in_range(1..=400_u16)?;
                text.push_str(&u.choose(&["x", "&", "👍", "a b ", "<", "\n"])?.repeat(times.into()));
            }
            _ => text.push_str(u.choose(&FRAGMENTS.concat())?),
        }
    }
    Ok(text)
}

/// A text of 1 to `max` of these characters.
pub fn text_of(u: &mut Unstructured, characters: &[u8], max: usize) -> Result<String> {
    (0..u.int_in_range(1..=max)?).map(|_| u.choose(characters).map(|byte| char::from(*byte))).collect()
}

/// The text with an `x` for every character that is seen: lines stay as long, and blank ones blank.
pub fn masked(text: &str) -> String {
    text.chars().map(|c| if is_blank(c) { c } else { 'x' }).collect()
}

/// The markup of a page or an email: every tag, comment and declaration, in order, with its attributes.
pub fn markup(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let end = end_of_tag(tag);
        found.push(&tag[..end]);
        rest = &tag[end..];
        // A style sheet holds no markup, whatever is in it.
        if found.last().is_some_and(|tag| tag.starts_with("style")) {
            rest = rest.split_once("</style>").map_or("", |(_, rest)| rest);
        }
    }
    found
}

/// The position of the tag's `>`, ignoring those in quoted values.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (index, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return index,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    tag.len()
}
