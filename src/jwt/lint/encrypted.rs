//! Rules about tokens that are encrypted (RFC 7516).

use serde_json::Value;

use super::context::{Context, Hit, hit, shown};
use super::secret::is_human;
use crate::jwt::key::Material;

/// Rounds above which a reader can be kept busy.
const MOST: u64 = 1_000_000;
/// Rounds below which a password is soon guessed (RFC 7518 section 4.8.1.2).
const LEAST: u64 = 1_000;

pub(super) fn rsa1_5(c: &Context<'_>) -> Vec<Hit> {
    match c.alg() {
        Some("RSA1_5") => {
            vec![hit("the key is encrypted with RSA1_5: a server that tells one failure from another gives it away")]
        }
        _ => Vec::new(),
    }
}

pub(super) fn rounds(c: &Context<'_>) -> Vec<Hit> {
    if !c.alg().is_some_and(|a| a.starts_with("PBES2-")) {
        return Vec::new();
    }
    match c.header("p2c") {
        None => vec![hit("`p2c` is missing")],
        Some(count) => match count.as_u64() {
            Some(n) if n > MOST => {
                vec![hit(format!(
                    "`p2c` asks for {n} rounds: whoever opens it is busy for as long as the sender likes"
                ))]
            }
            Some(n) if n < LEAST => vec![hit(format!("`p2c` asks for {n} rounds, and {LEAST} are the least"))],
            Some(_) => Vec::new(),
            None => vec![hit(format!("`p2c` is {}, and a number of rounds is meant", shown(count)))],
        },
    }
}

pub(super) fn unsigned(c: &Context<'_>) -> Vec<Hit> {
    if !c.is_encrypted() {
        return Vec::new();
    }
    let mut out = Vec::new();
    if c.alg() == Some("dir") {
        for key in c.keys(100) {
            if let Material::Secret(s) = &key.material
                && is_human(s.expose())
            {
                out.push(hit(format!("{} reads like words, and is used as the key itself", key.name())));
            }
        }
    }
    let nested = c.header("cty").and_then(Value::as_str).is_some_and(|t| {
        let t = t.to_ascii_lowercase();
        t.strip_prefix("application/").unwrap_or(&t).ends_with("jwt")
    });
    if !nested {
        let who = match c.alg() {
            Some(a) if a.starts_with("RSA") || a.starts_with("ECDH-ES") => {
                "whoever has the public key can make such a token"
            }
            _ => "whoever can open it can make it",
        };
        out.push(hit(format!("nothing says that a signed token is inside: {who}")));
    }
    out
}
