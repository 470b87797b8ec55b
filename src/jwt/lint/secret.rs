//! Rules about the secret of a token that is signed with HMAC.

use serde_json::Value;

use super::context::{Context, Hit, hit, quoted, same_site, url};
use crate::base::text::display;
use crate::jwt::alg::Hash;
use crate::jwt::confusion;
use crate::jwt::crack::guesser;
use crate::jwt::key::{Key, Material};

/// Keys whose public forms are tried on a token.
const MOST: usize = 200;

/// The shared secrets that were given; not one that was guessed, since what is wrong with that is told by its own rule.
fn secrets<'a>(c: &Context<'a>) -> Vec<&'a Key> {
    let all = c.keys(MOST);
    let guessed = |k: &Key| c.s.secret.is_some_and(|found| found.secret.as_bytes() == bytes(k));
    all.into_iter().filter(|k| matches!(k.material, Material::Secret(_)) && !guessed(k)).collect()
}

fn bytes(key: &Key) -> &[u8] {
    if let Material::Secret(s) = &key.material { s.expose() } else { &[] }
}

pub(super) fn weak(c: &Context<'_>) -> Vec<Hit> {
    let Some(found) = c.s.secret else { return Vec::new() };
    let secret =
        if found.secret.is_empty() { "empty".to_owned() } else { format!("`{}`", display(found.secret.as_bytes())) };
    vec![hit(format!("the secret is {secret} ({}): whoever tries it makes tokens of their own", found.origin))]
}

pub(super) fn short(c: &Context<'_>) -> Vec<Hit> {
    let Some(hash) = c.algorithm().filter(|_| c.is_hmac()).and_then(|a| a.hash).map(Hash::bytes) else {
        return Vec::new();
    };
    let short = |k: &&Key| bytes(k).len() < hash;
    secrets(c)
        .iter()
        .filter(|k| short(k))
        .map(|k| hit(format!("{} has {} bytes, and the hash has {hash}", k.name(), bytes(k).len())))
        .collect()
}

pub(super) fn human(c: &Context<'_>) -> Vec<Hit> {
    if !c.is_hmac() {
        return Vec::new();
    }
    let human = |k: &&Key| is_human(bytes(k));
    secrets(c)
        .iter()
        .filter(|k| human(k))
        .map(|k| hit(format!("{} reads like words, not like a random key", k.name())))
        .collect()
}

/// True for a key that somebody typed: text that is mostly words, that counts up, or that hardly varies. Random keys, also those in
/// hexadecimal or base64, have few runs of letters of one case.
pub(super) fn is_human(key: &[u8]) -> bool {
    if key.is_empty() || !key.iter().all(|b| (0x20..0x7f).contains(b)) {
        return false;
    }
    let mut words = 0;
    let mut run = 0;
    let mut last = 0;
    let kind = |b: u8| if b.is_ascii_lowercase() { 1 } else { u8::from(b.is_ascii_uppercase()) * 2 };
    for b in key.iter().copied().chain([b' ']) {
        // A capital letter begins a word.
        let goes_on = kind(b) != 0 && (kind(b) == kind(last) || (run == 1 && kind(last) == 2));
        if goes_on {
            run += 1;
        } else {
            words += if run >= 4 { run } else { 0 };
            run = usize::from(kind(b) != 0);
        }
        last = b;
    }
    let steps = key.windows(2).filter(|w| w[0].abs_diff(w[1]) <= 1).count();
    words * 2 >= key.len() || steps * 2 >= key.len() || entropy(key) < 60.0
}

/// Bits of information in the letters of a text, each taken for itself.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for b in text {
        counts[usize::from(*b)] += 1;
    }
    let n = text.len() as f64;
    counts.iter().filter(|c| **c > 0).map(|c| -f64::from(*c) * (f64::from(*c) / n).log2()).sum()
}

pub(super) fn shared(c: &Context<'_>) -> Vec<Hit> {
    if !c.is_hmac() || !c.has_claims() {
        return Vec::new();
    }
    let mut out = Vec::new();
    if let Some(list) = c.claim("aud").and_then(Value::as_array).filter(|l| l.len() > 1) {
        out.push(hit(format!("{} audiences share the secret, and each can make tokens for the others", list.len())));
    }
    if let (Some(host), Some(iss)) = (c.s.host, c.claim_text("iss"))
        && let Some(at) = url(iss)
        && !same_site(at.host, host)
    {
        out.push(hit(format!("{} and {} share the secret, and either can make tokens", quoted(at.host), quoted(host))));
    }
    out
}

pub(super) fn confusion(c: &Context<'_>) -> Vec<Hit> {
    if !c.is_hmac() || c.s.keys.is_none() {
        return Vec::new();
    }
    let Some(mut guesser) = guesser(c.t) else { return Vec::new() };
    for key in c.keys(MOST) {
        let forms = confusion::forms(key);
        let keys: Vec<&[u8]> = forms.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        if let Some(i) = guesser.first(&keys) {
            return vec![hit(format!(
                "its code is made with the public key {} for a secret, in this form: {}",
                key.name(),
                forms[i].0
            ))];
        }
    }
    Vec::new()
}
