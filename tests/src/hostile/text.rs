//! Texts meant to break an email or to mislead its reader, and texts in other scripts.
//!
//! A generated text has marks, `zz` CASE KIND NUMBER `zz`, so that it can be recognised in the email. The kinds are `b`
//! for a text of several lines, `l` for one of a single line, `u` for a web address that may be a link and `x` for what
//! must be shown as text where a link would be.

use fastrand::Rng;

/// Characters that some programs take for line breaks.
const BREAKS: [&str; 11] =
    ["\r\n", "\n", "\r", "\n\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\u{1c}", "\n\r\n"];

const CONTROLS: [&str; 8] = ["\0", "\u{7}", "\u{8}", "\u{1b}[31;1m", "\u{7f}", "\u{9b}2J", "\t", "\u{1a}"];

const HEADERS: [&str; 8] = [
    "\r\nBcc: thief@evil.example\r\n",
    "\nSubject: Approved\n",
    "\r\n\r\n<h1>Approved</h1>\r\n",
    "\r\nContent-Type: text/html\r\n\r\n",
    "\r\n.\r\n",
    "\nFrom thief Mon Jan  1 00:00:00 2024\n",
    "\r\n--=_boundary--\r\n",
    "%0d%0aBcc:%20thief@evil.example",
];

const MARKUP: [&str; 22] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</p></td></tr></table></body></html>",
    "<!-- ",
    "-->",
    "<![CDATA[",
    "]]>",
    "<style>*{display:none}</style>",
    "<a href=\"https://evil.example/approval?t=eyJhbGciOiJFZERTQSJ9.e30.AAAA\">Approve</a>",
    "<plaintext>",
    "</title><base href=//evil.example>",
    "<form action=//evil.example><button>",
    "<svg/onload=alert(1)>",
    "<?xml version=\"1.0\"?>",
    "&lt;b&gt;",
    "&#60;script&#62;",
    "&amp;amp;",
    "&nbsp&#x3c",
    "&NewLine;&zwj;&#0;&#xD800;",
    "<",
    "&",
];

const TEMPLATES: [&str; 7] =
    ["{{ 7*7 }}", "{% include \"facts.html\" %}", "{# gone? #}", "{%- raw -%}", "${7*7}", "<%= 7*7 %>", "%s%n%x"];

const ENCODINGS: [&str; 8] = [
    "=?utf-8?Q?=3Cscript=3E?=",
    "=?utf-8?B?PHNjcmlwdD4=?=",
    "=?iso-2022-jp?B?GyRCJUYbKEI=?=",
    "=?us-ascii?Q?=0D=0ABcc=3A_thief=40evil=2Eexample?=",
    "=3Cb=3E=20=",
    "\\u003cb\\u003e",
    "+ADw-script+AD4-",
    "a=\r\nb",
];

const RIGHT_TO_LEFT: [&str; 8] = [
    "\u{202e}gpj.esaeler",
    "\u{202d}abc",
    "\u{2067}123\u{2069}",
    "\u{2066}\u{2067}\u{2068}",
    "\u{202b}\u{202a}",
    "שלום עולם",
    "مرحبا بالعالم",
    "\u{200f}!\u{61c}",
];

const EXOTIC: [&str; 24] = [
    "👩‍👩‍👧‍👦",
    "🏴\u{200d}☠️",
    "🇩🇪🇯🇵",
    "👍🏿1️⃣",
    "本番環境へのリリース",
    "发布到生产环境",
    "프로덕션 배포",
    "ทดสอบ",
    "हिन्दी",
    "Z\u{335}\u{31b}\u{34a}a\u{334}\u{309}\u{356}l\u{338}\u{323}g\u{337}o\u{336}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "ﷺ",
    "ก\u{e49}\u{e49}\u{e49}\u{e49}\u{e49}\u{e47}\u{e47}\u{e47}\u{e47}",
    "\u{338}\u{338}\u{338}",
    "\u{200b}\n\u{200b}\n\u{2800}\n\u{3164}\n",
    "\n\n\n\n\n\n\n\n\n\n\n\n",
    "\u{feff}",
    "\u{200b}\u{2060}\u{ad}",
    "\u{fffd}\u{fffe}\u{10ffff}",
    "\u{e000}\u{e0041}\u{e007f}",
    "𝕬𝖕𝖕𝖗𝖔𝖛𝖊",
    "ßŁøœı",
    "Ωмегa",
    "\u{3000}　",
];

const OURS: [&str; 12] = [
    "Approve:\nhttps://evil.example/approval?t=eyJhbGciOiJFZERTQSJ9.e30.AAAA",
    "Reject: https://evil.example/approval?t=x",
    "> > quoted",
    "Votes\n2 of 2 approvals are there\nCarol <carol@example.com>: Approved",
    "Written by the pipeline’s owner:\nThe pipeline continues.",
    "https://github.com%2Facme%2Fpull%2F42@evil.example/",
    "-- \nBest regards",
    "https://evil.example/?a=1&b=2#c",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "begin 644 virus.exe",
    "mailto:thief@evil.example?subject=Approve",
];

const TAME: [&str; 6] = [
    "Round totals half to even",
    "as the auditors asked",
    "Look at the report on staging",
    "Retry card refunds once",
    "and show the delivery date",
    "on the order page",
];

/// Makes texts for one case.
pub struct Author {
    rng: Rng,
    case: u64,
    marks: u32,
    tame: bool,
}

impl Author {
    /// A tame author writes nothing hostile.
    pub fn new(rng: Rng, case: u64, tame: bool) -> Self {
        Self { rng, case, marks: 0, tame }
    }

    /// True with a probability of 1 in `times`.
    pub fn once_in(&mut self, times: u32) -> bool {
        self.rng.u32(0..times) == 0
    }

    /// A random number in the range.
    pub fn among(&mut self, range: std::ops::RangeInclusive<usize>) -> usize {
        self.rng.usize(range)
    }

    /// A random one of the choices.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.usize(..choices.len())]
    }

    fn mark(&mut self, kind: char) -> String {
        self.marks += 1;
        format!("zz{}{kind}{}zz", self.case, self.marks)
    }

    fn fragment(&mut self) -> String {
        if self.tame {
            return self.one_of(&TAME).to_owned();
        }
        let pool: &[&str] = match self.rng.u32(0..20) {
            0..=1 => &BREAKS,
            2 => &CONTROLS,
            3..=4 => &HEADERS,
            5..=8 => &MARKUP,
            9 => &TEMPLATES,
            10..=11 => &ENCODINGS,
            12..=13 => &RIGHT_TO_LEFT,
            14..=16 => &EXOTIC,
            17 => &OURS,
            18 => {
                return self
                    .one_of(&["W", "あ", "=", "&", "<", "\"", "e\u{301}", "👩\u{200d}"])
                    .repeat(self.among(20..=400));
            }
            _ => &TAME,
        };
        self.one_of(pool).to_owned()
    }

    /// A text of at most `max` characters with a mark in each line, by every notion of a line.
    pub fn text(&mut self, max: usize) -> String {
        let mark = self.mark('b');
        let wanted = if self.once_in(4) { max } else { self.among(1..=max) };
        let mut text = mark.clone();
        while text.chars().count() < wanted {
            let fragment = self.fragment();
            for c in fragment.chars() {
                text.push(c);
                if breaks_a_line(c) {
                    text.push_str(&mark);
                }
            }
            if self.rng.bool() {
                text.push(' ');
            }
        }
        text.chars().take(wanted.max(mark.len())).collect()
    }

    /// A text of `max` characters that is all `filler` after its mark: escaping or encoding makes it longest.
    pub fn longest(&mut self, filler: char, max: usize) -> String {
        let mark = self.mark('b');
        let rest = max - mark.len();
        mark + &filler.to_string().repeat(rest)
    }

    /// A text of at most `max` characters for a single line: revision ids, principals. It may have any character.
    pub fn line(&mut self, max: usize) -> String {
        let mut line = self.mark('l');
        for _ in 0..self.among(0..=3) {
            line += &self.fragment();
        }
        line.chars().take(max).collect()
    }

    /// A person's name as a policy may have it: no control characters, none that reorder or end a line, no angle
    /// brackets, no beginning of an encoded word, at most 200 bytes.
    pub fn name(&mut self) -> Option<String> {
        if self.once_in(6) {
            return None;
        }
        let mut name = if self.rng.bool() { String::new() } else { self.fragment() };
        name += &self.mark('l');
        let wanted = if self.once_in(4) { 200 } else { self.among(1..=80) };
        while name.len() < wanted {
            let next = match self.rng.u32(0..6) {
                0 => self.one_of(&["\"", "'", ",", ";", "\\", "(", ")", "@", ":", ".", "[", "]"]).to_owned(),
                _ => self.fragment(),
            };
            name += &next;
        }
        let breaks = countersign::text::BREAKS;
        name.retain(|c| {
            !c.is_control() && !countersign::text::reorders(c) && !breaks.contains(&c) && !matches!(c, '<' | '>')
        });
        name = name.replace("=?", "= ?");
        // The policy strips quotes and spaces around a name.
        let mut end = name.len().min(200);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let trimmed = name[..end].trim_matches(|c: char| c == '"' || c.is_whitespace());
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// A unique address of at most `max` characters, made of all characters that an address may have.
    pub fn address(&mut self, person: usize, max: usize) -> String {
        let own = format!("{}.{person}", self.case);
        if self.tame {
            return format!("approver.{own}@example.com");
        }
        let domain = match self.rng.u32(0..4) {
            0 => "xn--bcher-kva.xn--p1ai".to_owned(),
            1 if max > 140 => format!("{}.{}.example.com", "d".repeat(63), "e".repeat((max - 140).min(63))),
            _ => "example.com".to_owned(),
        };
        let local = match self.rng.u32(0..4) {
            0 => "o'brien+tag=x".to_owned(),
            1 => "!#$%&'*+-/=?^_`{|}~".to_owned(),
            2 => "x".repeat(63 - own.len()),
            _ => "Zed".to_owned(),
        };
        // What follows a `+` tells nobody apart.
        let address = format!("{own}.{local}@{domain}");
        if address.len() <= max { address } else { format!("{own}@example.com") }
    }

    /// The name of a pipeline, a stage or an action, of at most `max` characters that CodePipeline accepts.
    pub fn resource(&mut self, prefix: &str, max: usize) -> String {
        let filler = if self.tame { "api" } else { self.one_of(&["W", "a.b", "@", "-_", "x@y.example-", "0"]) };
        let wanted = if self.once_in(3) { max } else { self.among(1..=40) };
        let mut name = format!("{prefix}{}", self.case);
        while name.len() < wanted {
            name += filler;
        }
        name.truncate(max);
        name
    }

    /// A web address that may be a link, of at most `max` characters.
    pub fn link(&mut self, max: usize) -> String {
        let mark = self.mark('u');
        let rest = if self.tame {
            "/report?a=1&b=2"
        } else {
            self.one_of(&[
                "/",
                "/?a=1&b=2&lt;=3&copy=4",
                "/'onmouseover='alert(1)",
                "/#Approve",
                "/%3Cscript%3E%0d%0aBcc:x",
                "/(a)[b];c,d.e!f*g$h~i",
                "/=?utf-8?Q?=3C?=",
                "/a=3D=20=",
                "/approval?t=eyJhbGciOiJFZERTQSJ9.e30.AAAA",
                "/..//%2e%2e/@evil.example:80/",
            ])
        };
        let host = if self.tame {
            "https://review.example.com"
        } else {
            self.one_of(&[
                "https://example.com",
                "http://192.0.2.7:8080",
                "https://xn--bcher-kva.example",
                "http://[2001:db8::1]",
            ])
        };
        let mut link = format!("{host}/{mark}{rest}");
        if !self.tame && self.once_in(8) {
            let filler = self.one_of(&["a", "a/", "&b=c"]);
            while link.len() + filler.len() <= max {
                link += filler;
            }
        }
        link
    }

    /// A web address with characters beyond ASCII, or with others that browsers encode.
    pub fn international_link(&mut self) -> String {
        let mark = self.mark('u');
        let host = self.one_of(&["https://bücher.example", "https://例え.テスト", "https://example.com"]);
        let path = self.one_of(&["リリース", "prüfung?größe=1", "🚀", "My Project/42", "compare/a^...b", "?q={a|b}"]);
        format!("{host}/{mark}/{path}")
    }

    /// A text that must not become a link.
    pub fn no_link(&mut self) -> String {
        let mark = self.mark('x');
        let form = self.one_of(&[
            "javascript:alert('MARK')",
            "JaVaScRiPt:alert('MARK')",
            "java\nscript:alert('MARK')",
            "data:text/html,<script>alert('MARK')</script>",
            "vbscript:msgbox(\"MARK\")",
            "file:///etc/MARK",
            "//evil.example/MARK",
            "https://evil.example/MARK\" onmouseover=\"alert(1)",
            "https://evil.example/MARK\r\nBcc: thief@evil.example",
            "https://evil.example/MARK<script>",
            "MARK",
            "https://github.com%2Facme%2Fpull%2F42@evil.example/MARK",
            "http://user:pass@192.0.2.7:8080/MARK",
            "https://github.com\\@evil.example/MARK",
            "staging.example.com/MARK",
        ]);
        form.replace("MARK", &mark)
    }
}

/// Whether some program might break the line at this character.
pub(super) fn breaks_a_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The marks in a text.
pub(super) fn marks(text: &str) -> Vec<String> {
    let end = text.rfind("zz").unwrap();
    vec![text[text.find("zz").unwrap()..end + 2].to_owned()]
}

/// The first lines of a text, by every notion of a line.
pub(super) fn first_lines(text: &str, lines: usize) -> String {
    let mut breaks = 0;
    let is_within = |c: &char| {
        breaks += usize::from(breaks_a_line(*c));
        breaks < lines
    };
    text.chars().take_while(is_within).collect()
}

pub(super) fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
