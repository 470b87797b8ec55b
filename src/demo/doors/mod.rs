//! Doors that a token opens: one below `/api/tokens/` for each mistake that is made with tokens, every one of them strict but
//! for its own. `POST` gives a token for a door; `GET` is what the door guards. The safe twin has the same doors without
//! the mistakes.

mod fetch;
mod judge;
mod keys;

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::http::{Answer, Question};
use super::token::LIFETIME;
use judge::{AUDIENCE, ISSUER, Mistake};
use keys::{Alg, Keys};

pub use keys::secret;

/// Where the doors stand.
const PATH: &str = "/api/tokens";
/// Where the key set stands; twice, since both are usual.
const KEY_SETS: [&str; 2] = ["/.well-known/jwks.json", "/api/jwks.json"];
/// Where the public RSA key stands as a file.
const PEM: &str = "/api/public.pem";

/// One door.
struct Door {
    name: &'static str,
    alg: Alg,
    mistake: Mistake,
}

const fn door(name: &'static str, alg: Alg, mistake: Mistake) -> Door {
    Door { name, alg, mistake }
}

/// Every door.
static DOORS: &[Door] = &[
    door("none", Alg::Rs256, Mistake::None),
    door("spelling", Alg::Rs256, Mistake::Spelling),
    door("unchecked", Alg::Rs256, Mistake::Unchecked),
    door("stripped", Alg::Rs256, Mistake::Stripped),
    door("confused", Alg::Rs256, Mistake::Confused),
    door("embedded", Alg::Rs256, Mistake::Embedded),
    door("fetched", Alg::Rs256, Mistake::Fetched),
    door("issuer", Alg::Rs256, Mistake::Issuer),
    door("path", Alg::Hs256, Mistake::Path),
    door("query", Alg::Hs256, Mistake::Query),
    door("psychic", Alg::Es256, Mistake::Psychic),
    door("expired", Alg::Rs256, Mistake::Expired),
    door("audience", Alg::Rs256, Mistake::Audience),
];

/// The doors of one shop.
#[derive(Default)]
pub struct Doors {
    safe: bool,
    keys: OnceLock<Keys>,
}

impl Doors {
    /// With their mistakes or, safely, without.
    pub fn new(safe: bool) -> Self {
        Self { safe, keys: OnceLock::new() }
    }

    /// The answer to a request for a door, a key set or a key; `None` for any other path. HEAD is answered as GET.
    pub async fn answer(&self, method: &str, path: &str, q: &Question<'_>) -> Option<Answer> {
        let asks = method == "GET" || method == "HEAD";
        let keys = || self.keys.get_or_init(Keys::make);
        if KEY_SETS.contains(&path) {
            return Some(if asks { Answer::json(200, keys().jwks()) } else { other("GET, HEAD") });
        }
        if path == PEM {
            let media = "application/x-pem-file";
            return Some(if asks {
                Answer { media, body: keys().pem().as_bytes().to_vec(), ..Answer::empty(200) }
            } else {
                other("GET, HEAD")
            });
        }
        let name = path.strip_prefix(PATH)?;
        if name.is_empty() {
            return Some(if asks { list() } else { other("GET, HEAD") });
        }
        let door = DOORS.iter().find(|d| name.strip_prefix('/') == Some(d.name))?;
        Some(match method {
            "POST" => issue(door, keys(), q.now),
            "GET" | "HEAD" => match self.open(door, keys(), q).await {
                Ok(answer) | Err(answer) => answer,
            },
            _ => other("GET, HEAD, POST"),
        })
    }

    async fn open(&self, door: &Door, keys: &Keys, q: &Question<'_>) -> Result<Answer, Answer> {
        let mistake = (!self.safe).then_some(door.mistake);
        let refuse =
            |why: &str| super::token::refuse(&format!("the token is not good: {why}"), ", error=\"invalid_token\"");
        let sent = q.authorization.and_then(|a| a.trim().split_once(' '));
        let Some((_, token)) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            return Err(super::token::refuse(&format!("a token is needed: POST {PATH}/{} gives one", door.name), ""));
        };
        let token = judge::read(token.trim()).map_err(refuse)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let fetched = match mistake {
            Some(Mistake::Fetched) => match text(token.header.get("jku")) {
                Some(url) => fetch::json(&url).await,
                None => None,
            },
            Some(Mistake::Issuer) => match text(token.claims.get("iss")) {
                Some(issuer) => fetch::key_set(&issuer).await,
                None => None,
            },
            _ => None,
        };
        let claims = judge::admit(token, door.alg, mistake, keys, fetched.as_ref(), q.now).map_err(refuse)?;
        let claim = |name: &str| claims.get(name).cloned().unwrap_or(Value::Null);
        Ok(Answer::json(200, json!({ "door": door.name, "user": claim("name"), "role": claim("role"), "orders": 3 })))
    }
}

/// A token for a door; and two that are as genuine and must not open it: one that has expired, one for somebody else.
fn issue(door: &Door, keys: &Keys, now: i64) -> Answer {
    let token = |aud: &str, from: i64| {
        let claims = json!({
            "iss": ISSUER, "aud": aud, "sub": "1", "name": "alice", "role": "user", "iat": from, "exp": from + LIFETIME,
        });
        keys.sign(door.alg, &claims)
    };
    Answer::json(
        200,
        json!({
            "token": token(AUDIENCE, now),
            "expired": token(AUDIENCE, now - 24 * 3_600),
            "foreign": token("warehouse", now),
        }),
    )
}

fn list() -> Answer {
    let row = |d: &Door| json!({ "path": format!("{PATH}/{}", d.name), "alg": d.alg.name(), "kid": d.alg.kid() });
    Answer::json(200, json!({ "doors": DOORS.iter().map(row).collect::<Vec<_>>() }))
}

fn other(allowed: &str) -> Answer {
    Answer::problem(405, "this path has other methods").header("Allow", allowed)
}
