//! Links that were changed on their way, or made by somebody who has no key of ours.

use std::collections::HashSet;

use arbitrary::Unstructured;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::alphabet::URL_SAFE as ALPHABET;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use callback::request::{BadRequest, Intent, UnverifiedVisit, read};
use countersign::link::LinkError;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::ground::{Ground, KEYS, NOW, pair, public_key};
use crate::link::header;
use crate::request::{Sent, received};

/// The ways in which links are changed.
pub const KINDS: [Kind; 12] = [
    ("bits of the token flipped", bit_flips),
    ("bits of what is encoded flipped", inner_bit_flips),
    ("truncated", truncate),
    ("two tokens spliced anywhere", splice),
    ("parts of two tokens", recombine),
    ("characters changed, added, moved", characters),
    ("encoded otherwise", reencode),
    ("spelt otherwise in the query", respell),
    ("claims edited, signature kept", edited_claims),
    ("signed by another Ed25519 key", strangers_key),
    ("signed with HS256 and the public key", hs256),
    ("another algorithm, key or header", other_headers),
];

/// What it is called, and what gives the value of `t` in a query, encoded or not.
type Kind = (&'static str, fn(&mut Mutator) -> String);

/// Changes good tokens.
pub struct Mutator<'t> {
    tokens: &'t [String],
    rng: Rng,
}

impl<'t> Mutator<'t> {
    /// The same seed makes the same changes.
    pub fn new(tokens: &'t [String], seed: u64) -> Self {
        Self { tokens, rng: Rng::with_seed(seed) }
    }

    /// A changed token as a query's `t`, and the number of its kind.
    pub fn change(&mut self) -> (usize, String) {
        let kind = self.rng.usize(..KINDS.len());
        (kind, KINDS[kind].1(self))
    }

    fn token(&mut self) -> &'t str {
        &self.tokens[self.rng.usize(..self.tokens.len())]
    }

    fn parts(&mut self) -> [&'t str; 3] {
        let parts: Vec<&str> = self.token().split('.').collect();
        parts.try_into().unwrap()
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.usize(..choices.len())]
    }

    /// The claims of a good token with one of them changed, taken out or added.
    fn claims(&mut self) -> String {
        let mut claims = claims_of(self.token());
        let fields = claims.as_object_mut().unwrap();
        let names: Vec<String> = fields.keys().cloned().collect();
        let name = &names[self.rng.usize(..names.len())];
        match self.rng.u8(..8) {
            0 => drop(fields.remove(name)),
            1 => drop(fields.insert("admin".to_owned(), json!(true))),
            2 => drop(fields.insert("sub".to_owned(), json!("mallory@example.com"))),
            3 => {
                let other = if fields["decision"] == "Approved" { "Rejected" } else { "Approved" };
                fields.insert("decision".to_owned(), json!(other));
            }
            4 => drop(fields.insert("exp".to_owned(), json!(self.rng.i64(..)))),
            5 => {
                let value = self.one_of(&["", "null", "x", "Approved", "*"]);
                fields.insert(name.clone(), json!(value));
            }
            6 => drop(fields.insert(name.clone(), Value::Null)),
            // As they are: what is wrong is the signature alone.
            _ => {}
        }
        claims.to_string()
    }
}

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// What a good token says.
pub fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&decoded(token.split('.').nth(1).unwrap())).unwrap()
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn signed(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

/// For a query: every byte that is not plain as `%XX`.
fn quoted(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn bit_flips(m: &mut Mutator) -> String {
    let mut bytes = m.token().as_bytes().to_vec();
    for _ in 0..m.rng.usize(1..=8) {
        let at = m.rng.usize(..bytes.len());
        bytes[at] ^= 1 << m.rng.u8(..8);
    }
    quoted(&lossy(bytes))
}

fn inner_bit_flips(m: &mut Mutator) -> String {
    let mut parts = m.parts().map(decoded);
    let part = m.rng.usize(..3);
    for _ in 0..m.rng.usize(1..=4) {
        let at = m.rng.usize(..parts[part].len());
        parts[part][at] ^= 1 << m.rng.u8(..8);
    }
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn truncate(m: &mut Mutator) -> String {
    let token = m.token();
    let (from, to) = (m.rng.usize(..token.len()), m.rng.usize(..=token.len()));
    match m.rng.u8(..3) {
        0 => token[..to].to_owned(),
        1 => token[from..].to_owned(),
        _ => format!("{}{}", &token[..from.min(to)], &token[from.max(to)..]),
    }
}

fn splice(m: &mut Mutator) -> String {
    let (one, other) = (m.token(), m.token());
    let at = m.rng.usize(..one.len().min(other.len()));
    let from = if m.rng.bool() { at } else { m.rng.usize(..other.len()) };
    format!("{}{}", &one[..at], &other[from..])
}

fn recombine(m: &mut Mutator) -> String {
    let [header, _, _] = m.parts();
    let [_, claims, _] = m.parts();
    let [_, _, signature] = m.parts();
    let parts = [header, claims, signature];
    match m.rng.u8(..6) {
        0 => parts.iter().rev().copied().collect::<Vec<_>>().join("."),
        1 => format!("{header}.{claims}"),
        2 => format!("{header}.{claims}."),
        3 => format!("{header}.{claims}.{signature}.{signature}"),
        _ => parts.join("."),
    }
}

fn characters(m: &mut Mutator) -> String {
    let mut token: Vec<char> = m.token().chars().collect();
    let known: Vec<char> = ALPHABET.as_str().chars().chain(['.', '=', '+', '/', ' ', '\n', '\0', 'ä', ',']).collect();
    for _ in 0..m.rng.usize(1..=3) {
        let (at, to, c) = (m.rng.usize(..token.len()), m.rng.usize(..token.len()), m.one_of(&known));
        match m.rng.u8(..4) {
            0 => token[at] = c,
            1 => token.insert(at, c),
            2 => token.swap(at, to),
            _ => token.insert(to, token[at]),
        }
    }
    quoted(&token.into_iter().collect::<String>())
}

fn reencode(m: &mut Mutator) -> String {
    let mut parts = m.parts().map(str::to_owned);
    for part in &mut parts {
        let bytes = decoded(part);
        *part = match m.rng.u8(..8) {
            0 => URL_SAFE.encode(&bytes),
            1 => STANDARD.encode(&bytes),
            2 => STANDARD_NO_PAD.encode(&bytes),
            3 => loose_bits(part, &mut m.rng),
            4 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            5 => format!("{}={}", part, "=".repeat(m.rng.usize(..3))),
            _ => continue,
        };
    }
    quoted(&parts.join("."))
}

/// The last character of a part may carry bits that mean nothing: another one there decodes to the same for a careless
/// decoder.
fn loose_bits(part: &str, rng: &mut Rng) -> String {
    let loose = match part.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return part.to_owned(),
    };
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.as_str().find(last).unwrap() ^ rng.usize(1..1 << loose);
    format!("{rest}{}", &ALPHABET.as_str()[value..=value])
}

/// Most of these are the same token for whoever decodes them, and must be recognised as such.
fn respell(m: &mut Mutator) -> String {
    let token = m.token();
    let all = |byte: u8| format!("%{byte:02X}");
    match m.rng.u8(..7) {
        0 => token.bytes().map(all).collect(),
        1 => token
            .bytes()
            .map(|byte| if m.rng.bool() { all(byte).to_lowercase() } else { char::from(byte).into() })
            .collect(),
        2 => token.bytes().map(|byte| all(byte).replace('%', "%25")).collect(),
        3 => token.to_ascii_lowercase(),
        4 => token.to_ascii_uppercase(),
        5 => token
            .chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect(),
        _ => {
            let [before, behind] =
                [m.one_of(&["", "%20", "+", "%0A", "%EF%BB%BF"]), m.one_of(&["", "%20", "%00", "%0D%0A", "."])];
            format!("{before}{token}{behind}")
        }
    }
}

fn edited_claims(m: &mut Mutator) -> String {
    let [header, _, signature] = m.parts();
    let claims = m.claims();
    let claims = if m.rng.bool() { claims.replace(":", ": ") } else { claims };
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

fn strangers_key(m: &mut Mutator) -> String {
    let claims = m.claims();
    let stranger = m.rng.u8(2..10);
    let kid = match m.rng.u8(..3) {
        0 => "00000000-0000-0000-0000-000000000000",
        1 => KEYS[0],
        _ => KEYS[1],
    };
    signed(header(kid), claims, |input| pair(stranger).sign(input).as_ref().to_vec())
}

fn hs256(m: &mut Mutator) -> String {
    let claims = m.claims();
    let key = m.rng.usize(..KEYS.len());
    let der = public_key(u8::try_from(key).unwrap());
    let secret = match m.rng.u8(..4) {
        0 => der,
        1 => der[12..].to_vec(),
        2 => STANDARD.encode(&der).into_bytes(),
        _ => URL_SAFE_NO_PAD.encode(&der[12..]).into_bytes(),
    };
    let alg = m.one_of(&["HS256", "EdDSA", "HS512"]);
    let header = lossy(header(KEYS[key])).replace("EdDSA", alg);
    signed(header, claims, |input| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input);
        // As long as an Ed25519 signature, so that it is looked at.
        if m.rng.bool() { tag.as_ref().repeat(2) } else { tag.as_ref().to_vec() }
    })
}

fn other_headers(m: &mut Mutator) -> String {
    let claims = m.claims();
    let ours = lossy(header(KEYS[0]));
    let header = match m.rng.u8(..8) {
        0 => ours.replace("EdDSA", m.one_of(&["none", "None", "NONE", "ES256", "RS256", "PS256", "eddsa", ""])),
        1 => ours.replace("approval+jwt", m.one_of(&["JWT", "APPROVAL+JWT", "application/approval+jwt", ""])),
        2 => ours.replace(KEYS[0], m.one_of(&[KEYS[1], "nobody", "", "../../etc/passwd", "' or 1=1 --"])),
        3 => ours
            .replace('}', m.one_of(&[r#","crit":["exp"]}"#, r#","zip":"DEF"}"#, r#","jku":"https://evil.example"}"#])),
        4 => ours.replace(':', ": "),
        5 => ours.replace(r#""alg":"EdDSA","#, ""),
        6 => format!(r#"{{"kid":"{}","typ":"approval+jwt","alg":"EdDSA"}}"#, KEYS[0]),
        _ => ours,
    };
    // Signed by the key of the other kid, by nobody, or by a key in the header's own words.
    match m.rng.u8(..4) {
        0 => signed(header, claims, |_| Vec::new()),
        1 => signed(header, claims, |_| vec![0; 64]),
        2 => {
            let stranger = pair(9);
            let jwk = format!(
                r#","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{}"}}}}"#,
                URL_SAFE_NO_PAD.encode(&public_key(9)[12..])
            );
            signed(header.replace('}', &jwk), claims, |input| stranger.sign(input).as_ref().to_vec())
        }
        _ => signed(header.replace(KEYS[1], KEYS[0]), claims, |input| pair(1).sign(input).as_ref().to_vec()),
    }
}

/// A token of these with the bytes' own edits: each takes a place and says what happens there.
pub fn edit(tokens: &[String], data: &[u8]) -> String {
    let mut u = Unstructured::new(data);
    let mut token = match u.choose(tokens) {
        Ok(token) => token.clone().into_bytes(),
        Err(_) => return String::new(),
    };
    while !u.is_empty() && !token.is_empty() {
        let (Ok(at), Ok(what), Ok(byte)) =
            (u.int_in_range(0..=token.len() - 1), u.int_in_range(0..=4_u8), u.arbitrary())
        else {
            break;
        };
        match what {
            0 => token[at] = byte,
            1 => token.insert(at, byte),
            2 => drop(token.remove(at)),
            3 => token.truncate(at),
            _ => {
                let other = &tokens[usize::from(byte) % tokens.len()].as_bytes();
                let rest = other.get(at..).unwrap_or_default();
                token.splice(at.., rest.iter().copied());
            }
        }
    }
    lossy(token)
}

/// What became of changed links, by [`KINDS`].
#[derive(Debug, Default, Clone, Copy)]
pub struct Fate {
    /// No longer a token that the signer made, and refused.
    pub refused: u64,
    /// Not so much as a token: the query has none, or several.
    pub misunderstood: u64,
    /// The same token in another spelling, which is a good link.
    pub unchanged: u64,
}

/// Sends so many changed links through API Gateway's event, the form and request parser and the verifier.
///
/// # Panics
/// When one of them is good, or makes anything panic.
pub fn send(ground: &Ground, mutator: &mut Mutator, count: u64, fates: &mut [Fate; KINDS.len()]) {
    let good: HashSet<&str> = ground.tokens.iter().map(String::as_str).collect();
    for _ in 0..count {
        let (kind, token) = mutator.change();
        let fate = &mut fates[kind];
        match read(&received(&Sent::get(format!("t={token}")))) {
            Ok(UnverifiedVisit { token, intent: Intent::Show }) if good.contains(token.as_str()) => {
                ground.verifier.verify(&token, NOW).expect("the same token");
                fate.unchanged += 1;
            }
            Ok(UnverifiedVisit { token: read, intent: Intent::Show }) => match ground.verifier.verify(&read, NOW) {
                Ok(_) | Err(LinkError::Expired(_)) => {
                    panic!("{}: {read}, of t={token}, counts as signed", KINDS[kind].0)
                }
                Err(_) => fate.refused += 1,
            },
            Err(BadRequest::Token) => fate.misunderstood += 1,
            visit => panic!("{}: t={token} is read as {visit:?}", KINDS[kind].0),
        }
    }
}
