//! Links and seals that the functions would never make.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::World;
use crate::ledger_writer::{Item, digest_of};

/// A link, taken apart.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Everything before the token.
    pub prefix: String,
    pub header: Value,
    pub claims: Value,
}

impl Parts {
    pub fn of(link: &str) -> Self {
        let (prefix, token) = link.split_once("?t=").unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Self { prefix: format!("{prefix}?t="), header: json(parts[0]), claims: json(parts[1]) }
    }

    /// The parts with a claim changed or added.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    /// The parts without a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// The parts with a header field changed or added.
    pub fn head(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    /// The parts without a header field.
    pub fn headless(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    /// The signed text. The header is written as the notifier writes it, so that only the change is wrong.
    pub fn signing_input(&self) -> String {
        let known = ["alg", "typ", "kid"];
        let mut fields: Vec<String> = Vec::new();
        let all = self.header.as_object().unwrap();
        for name in known.into_iter().chain(all.keys().map(String::as_str).filter(|name| !known.contains(name))) {
            if let Some(value) = all.get(name) {
                fields.push(format!("{}:{value}", json!(name)));
            }
        }
        let header = format!("{{{}}}", fields.join(","));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(self.claims.to_string()))
    }

    /// A link with this signature.
    pub fn with_signature(&self, signature: &[u8]) -> String {
        format!("{}{}.{}", self.prefix, self.signing_input(), URL_SAFE_NO_PAD.encode(signature))
    }

    /// A link signed by our own key.
    pub fn signed(&self, world: &World, key: &str) -> String {
        let signature = world.aws().kms.sign(key, self.signing_input().as_bytes()).expect("a key that signs");
        self.with_signature(&signature)
    }

    /// A link signed by a foreign Ed25519 key.
    pub fn signed_by_a_stranger(&self) -> String {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        self.with_signature(key.sign(self.signing_input().as_bytes()).as_ref())
    }

    /// A link signed by a P-256 key.
    pub fn signed_es256(&self) -> String {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.with_signature(key.sign(&random, self.signing_input().as_bytes()).unwrap().as_ref())
    }

    /// A link signed with HMAC-SHA256 and this secret.
    pub fn signed_hs256(&self, secret: &[u8]) -> String {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        self.with_signature(aws_lc_rs::hmac::sign(&key, self.signing_input().as_bytes()).as_ref())
    }

    /// The id of the key that signed the link which was taken apart.
    pub fn key(&self) -> String {
        self.header["kid"].as_str().unwrap().to_owned()
    }
}

/// The id of the key whose seal an item or a vote has.
pub fn sealing_key(sealed: &Item) -> String {
    seal_parts(sealed).key()
}

/// A seal of this type on an item's object by a foreign key, which names the key that the item's own seal names.
pub fn seal_of_a_stranger(sealed: &Item, typ: &str) -> String {
    token(&seal_parts(sealed).head("typ", json!(typ)).signed_by_a_stranger())
}

/// A seal of this type on an item's object by the key of this id, as by somebody who may sign with it.
pub fn seal_by(world: &World, sealed: &Item, typ: &str, key: &str) -> String {
    token(&seal_parts(sealed).head("typ", json!(typ)).head("kid", json!(key)).signed(world, key))
}

/// An item's seal, taken apart as if it were a link, for the object that the item has now.
fn seal_parts(sealed: &Item) -> Parts {
    let ours = format!("?t={}", sealed["seal"]["S"].as_str().unwrap());
    Parts::of(&ours).claim("sha256", json!(digest_of(sealed)))
}

/// The token of a link.
fn token(link: &str) -> String {
    link.split_once("?t=").unwrap().1.to_owned()
}
