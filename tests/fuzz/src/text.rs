//! Foreign texts of every kind, out of bytes.

use arbitrary::{Arbitrary, Result, Unstructured};

/// What has broken pages, emails and headers elsewhere.
const FRAGMENTS: [&str; 40] = [
    "\r\nBcc: thief@evil.example\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "\u{b}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\u{1b}[2J",
    "\t",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea>",
    "</title>",
    "<!--",
    "-->",
    "<![CDATA[",
    "</p></td></tr></table>",
    "<a href=\"https://evil.example/approval?t=x\">",
    "&lt;b&gt;",
    "&#60;",
    "&amp;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "{{ 7*7 }}",
    "{% include \"x\" %}",
    "=?utf-8?Q?=3Cb=3E?=",
    "=3Cb=3E=\n",
    "\u{202e}gpj.esaeler",
    "\u{2066}\u{2067}",
    "שלום",
    "本番",
    "👩‍👩‍👧‍👦",
    "e\u{301}\u{301}",
    "javascript:alert(1)",
    "https://evil.example/?a=1&b=2#c",
];

/// A text that somebody might write.
#[derive(Debug, Clone)]
pub struct Text(pub String);

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=6_u8)? {
            match u.int_in_range(0..=5_u8)? {
                0 => text.push(u.arbitrary()?),
                1 => text.push_str(u.arbitrary()?),
                2 => {
                    let times = u.int_in_range(1..=400_u16)?;
                    text.push_str(&u.choose(&["x", "&", "👍", "a b ", "<", "\n"])?.repeat(times.into()));
                }
                _ => text.push_str(u.choose(&FRAGMENTS)?),
            }
        }
        Ok(Self(text))
    }
}

/// A text of 1 to `max` characters out of these.
pub fn made_of(u: &mut Unstructured, characters: &[u8], max: usize) -> Result<String> {
    (0..u.int_in_range(1..=max)?).map(|_| u.choose(characters).map(|byte| char::from(*byte))).collect()
}

/// The same with every character that is no line break an `x`.
pub fn tamed(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { 'x' }).collect()
}
