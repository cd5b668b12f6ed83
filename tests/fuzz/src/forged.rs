//! Links that were changed on their way, or forged by somebody without our key.

use arbitrary::{Result, Unstructured};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::alphabet::URL_SAFE as ALPHABET;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use callback::request::{BadRequest, Intent, UnverifiedVisit, read};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::fixture::{self, KEYS, TOKENS, assemble, header, public_key, signature};
use crate::link::check_token;
use crate::request::{Sent, received};

/// The ways to change or forge a link: what each is called, and what returns the value of `t` for a query.
pub const FORGERIES: [Forgery; 9] = [
    ("bits of the token flipped", bit_flips),
    ("bits of the decoded parts flipped", inner_bit_flips),
    ("a start and an end of two tokens", splice),
    ("parts of two tokens", recombine),
    ("characters changed, added, moved", characters),
    ("parts encoded differently", reencode),
    ("spelt differently in the query", respell),
    ("claims edited, signature kept", edited_claims),
    ("another header, algorithm or key", forge),
];

type Forgery = (&'static str, fn(&mut Unstructured) -> Result<String>);

/// How many random bytes one forgery takes at most.
const ENTROPY: usize = 256;

/// How opened links were answered.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// No longer a token that the signer made, and refused.
    pub refused: u64,
    /// Not even a token: the query has none, or several.
    pub unreadable: u64,
    /// The same token in another spelling, which is a good link.
    pub unchanged: u64,
}

/// Opens `count` forged links, and adds their answers to the tally of their kind.
///
/// # Panics
/// When one of them is accepted, or makes anything panic.
pub fn open_many(rng: &mut Rng, count: u64, tallies: &mut [Tally; FORGERIES.len()]) {
    let mut entropy = [0; ENTROPY];
    for _ in 0..count {
        let kind = rng.usize(..FORGERIES.len());
        rng.fill(&mut entropy);
        let query = FORGERIES[kind].1(&mut Unstructured::new(&entropy)).expect("enough random bytes");
        match open(&query) {
            Some(true) => tallies[kind].unchanged += 1,
            Some(false) => tallies[kind].refused += 1,
            None => tallies[kind].unreadable += 1,
        }
    }
}

/// Opens a link by way of API Gateway's event, the query parser and the verifier, and returns whether its token is one
/// that the signer made. `None` if it has no token.
pub fn open(query: &str) -> Option<bool> {
    match read(&received(&Sent::get(format!("t={query}")))) {
        Ok(UnverifiedVisit { token, intent: Intent::Show }) => Some(check_token(&token)),
        Err(BadRequest::Token) => None,
        visit => panic!("t={query} is read as {visit:?}"),
    }
}

fn token(u: &mut Unstructured) -> Result<&'static str> {
    u.choose(&TOKENS).map(String::as_str)
}

fn parts(u: &mut Unstructured) -> Result<[&'static str; 3]> {
    Ok(token(u)?.split('.').collect::<Vec<_>>().try_into().unwrap())
}

/// The claims of a good token with one of them changed, removed or added.
fn claims(u: &mut Unstructured) -> Result<String> {
    let mut claims = fixture::claims(token(u)?);
    let fields = claims.as_object_mut().unwrap();
    let name = u.choose_iter(fields.keys().cloned().collect::<Vec<_>>())?;
    let (name, value) = match u.int_in_range(0..=7_u8)? {
        0 => {
            fields.remove(&name);
            return Ok(claims.to_string());
        }
        1 => ("admin", json!(true)),
        2 => ("sub", json!("mallory@example.com")),
        3 => ("decision", json!(if fields["decision"] == "Approved" { "Rejected" } else { "Approved" })),
        4 => ("exp", json!(u.arbitrary::<i64>()?)),
        5 => (name.as_str(), json!(u.choose(&["", "null", "x", "Approved", "*"])?)),
        6 => (name.as_str(), Value::Null),
        // Unchanged: only the signature is wrong.
        _ => return Ok(claims.to_string()),
    };
    fields.insert(name.to_owned(), value);
    Ok(claims.to_string())
}

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// Percent-encodes every byte that is not plain in a query.
fn quoted(text: &[u8]) -> String {
    form_urlencoded::byte_serialize(String::from_utf8_lossy(text).as_bytes()).collect()
}

fn flip_bits(u: &mut Unstructured, bytes: &mut [u8], most: u8) -> Result<()> {
    for _ in 0..u.int_in_range(1..=most)? {
        bytes[u.choose_index(bytes.len())?] ^= 1 << u.int_in_range(0..=7_u8)?;
    }
    Ok(())
}

fn bit_flips(u: &mut Unstructured) -> Result<String> {
    let mut bytes = token(u)?.as_bytes().to_vec();
    flip_bits(u, &mut bytes, 8)?;
    Ok(quoted(&bytes))
}

fn inner_bit_flips(u: &mut Unstructured) -> Result<String> {
    let mut parts = parts(u)?.map(decoded);
    let part = u.choose_index(3)?;
    flip_bits(u, &mut parts[part], 4)?;
    Ok(parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join("."))
}

/// A start of one token and an end of another, or of the same one: either may be empty.
fn splice(u: &mut Unstructured) -> Result<String> {
    let one = token(u)?;
    let other = if u.arbitrary()? { one } else { token(u)? };
    let (to, from) = (u.int_in_range(0..=one.len())?, u.int_in_range(0..=other.len())?);
    Ok(match u.int_in_range(0..=3_u8)? {
        0 => one[..to].to_owned(),
        1 => other[from..].to_owned(),
        2 => format!("{}{}", &one[..to], other.get(to..).unwrap_or_default()),
        _ => format!("{}{}", &one[..to], &other[from..]),
    })
}

fn recombine(u: &mut Unstructured) -> Result<String> {
    let ([header, _, _], [_, claims, _], [_, _, signature]) = (parts(u)?, parts(u)?, parts(u)?);
    Ok(match u.int_in_range(0..=5_u8)? {
        0 => format!("{signature}.{claims}.{header}"),
        1 => format!("{header}.{claims}"),
        2 => format!("{header}.{claims}."),
        3 => format!("{header}.{claims}.{signature}.{signature}"),
        _ => format!("{header}.{claims}.{signature}"),
    })
}

fn characters(u: &mut Unstructured) -> Result<String> {
    let mut token: Vec<char> = token(u)?.chars().collect();
    let known: Vec<char> = ALPHABET.as_str().chars().chain(".=+/ \n\0ä,".chars()).collect();
    for _ in 0..u.int_in_range(1..=3_u8)? {
        let (at, to, c) = (u.choose_index(token.len())?, u.choose_index(token.len())?, *u.choose(&known)?);
        match u.int_in_range(0..=3_u8)? {
            0 => token[at] = c,
            1 => token.insert(at, c),
            2 => token.swap(at, to),
            _ => token.insert(to, token[at]),
        }
    }
    Ok(quoted(token.into_iter().collect::<String>().as_bytes()))
}

fn reencode(u: &mut Unstructured) -> Result<String> {
    let mut parts = parts(u)?.map(str::to_owned);
    for part in &mut parts {
        let bytes = decoded(part);
        *part = match u.int_in_range(0..=7_u8)? {
            0 => URL_SAFE.encode(&bytes),
            1 => STANDARD.encode(&bytes),
            2 => STANDARD_NO_PAD.encode(&bytes),
            3 => loose_bits(u, part)?,
            4 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            5 => format!("{part}{}", "=".repeat(u.int_in_range(1..=3)?)),
            _ => continue,
        };
    }
    Ok(quoted(parts.join(".").as_bytes()))
}

/// Changes the bits of a part's last character that encode nothing: a careless decoder ignores them.
fn loose_bits(u: &mut Unstructured, part: &str) -> Result<String> {
    let loose = match part.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return Ok(part.to_owned()),
    };
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.as_str().find(last).unwrap() ^ u.int_in_range(1..=(1 << loose) - 1)?;
    Ok(format!("{rest}{}", &ALPHABET.as_str()[value..=value]))
}

/// Most of these decode to the same token, and must be recognised as such.
fn respell(u: &mut Unstructured) -> Result<String> {
    let token = token(u)?;
    let percent = |byte: u8| format!("%{byte:02X}");
    let swapped = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    Ok(match u.int_in_range(0..=6_u8)? {
        0 | 1 => {
            let plain: u8 = u.arbitrary()?;
            token.bytes().map(|b| if b > plain { percent(b).to_lowercase() } else { char::from(b).into() }).collect()
        }
        2 => token.bytes().map(|byte| format!("%25{byte:02X}")).collect(),
        3 => token.to_ascii_lowercase(),
        4 => token.to_ascii_uppercase(),
        5 => token.chars().map(swapped).collect(),
        _ => {
            let before = u.choose(&["", "%20", "+", "%0A", "%EF%BB%BF"])?;
            format!("{before}{token}{}", u.choose(&["", "%20", "%00", "%0D%0A", "."])?)
        }
    })
}

fn edited_claims(u: &mut Unstructured) -> Result<String> {
    let [header, _, signature] = parts(u)?;
    let claims = claims(u)?;
    let claims = if u.arbitrary()? { claims.replace(':', ": ") } else { claims };
    Ok(format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims)))
}

/// A header and a signature of which at least one is not the signer's.
fn forge(u: &mut Unstructured) -> Result<String> {
    const KIDS: [&str; 5] = [KEYS[1], "00000000-0000-0000-0000-000000000000", "", "../../etc/passwd", "' or 1=1 --"];
    const ALGORITHMS: [&str; 10] = ["HS256", "HS512", "none", "None", "NONE", "ES256", "RS256", "PS256", "eddsa", ""];
    let (claims, forger) = (claims(u)?, u.int_in_range(2..=9)?);
    let ours = header(KEYS[0]);
    let with = |more: &str| ours.replace('}', &format!(",{more}}}"));
    let header = match u.int_in_range(0..=9_u8)? {
        0 => ours.replace(KEYS[0], u.choose(&KIDS)?),
        1 | 2 => ours.replace("EdDSA", u.choose(&ALGORITHMS)?),
        3 => ours.replace("link+jwt", u.choose(&["JWT", "LINK+JWT", "application/link+jwt", "request+jwt", ""])?),
        4 => with(u.choose(&[r#""crit":["exp"]"#, r#""zip":"DEF""#, r#""jku":"https://evil.example""#])?),
        5 => {
            let x = URL_SAFE_NO_PAD.encode(&public_key(forger)[12..]);
            with(&format!(r#""jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#))
        }
        6 => ours.replace(':', ": "),
        7 => ours.replace(r#""alg":"EdDSA","#, ""),
        8 => format!(r#"{{"kid":"{}","typ":"link+jwt","alg":"EdDSA"}}"#, KEYS[0]),
        _ => ours.clone(),
    };
    let secrets = [0, 1].map(public_key).map(|der| [der.clone(), der[12..].to_vec()]).concat();
    let secret = u.choose(&secrets)?;
    let secret = if u.arbitrary()? { secret.clone() } else { STANDARD.encode(secret).into_bytes() };
    // Twice is as long as an Ed25519 signature, so that the verifier looks at it.
    let times = u.int_in_range(1..=2)?;
    let how: u8 = u.int_in_range(0..=5)?;
    // The other of our keys than the header names.
    let header = if how == 0 { header.replace(KEYS[1], KEYS[0]) } else { header };
    Ok(assemble(header.as_bytes(), claims.as_bytes(), |input| match how {
        0 => signature(1, input),
        1 => Vec::new(),
        2 => vec![0; 64],
        3 => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input).as_ref().repeat(times),
        _ => signature(forger, input),
    }))
}
