//! Rules about the registered claims.

use serde_json::Value;

use super::context::{Context, Hit, hit, hit_as, quoted, shown, url};
use super::time::is_there;
use super::{LOGOUT_EVENT, Place, Profile};
use crate::base::Severity;

/// Scopes above which a token may do too much.
const SCOPES: usize = 20;

/// Claims by which a token grants by itself.
const GRANTS: &[&str] = &[
    "role",
    "roles",
    "groups",
    "permissions",
    "authorities",
    "entitlements",
    "admin",
    "is_admin",
    "isadmin",
    "is_superuser",
    "superuser",
    "is_staff",
    "root",
    "is_root",
    "privileges",
    "user_role",
    "userrole",
    "access_level",
];

pub(super) fn iss_missing(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || c.is(&[Profile::Dpop]) || is_there(c, "iss") {
        return Vec::new();
    }
    vec![hit("there is no `iss`: nothing says whose token it is")]
}

pub(super) fn iss_form(c: &Context<'_>) -> Vec<Hit> {
    let Some(value) = c.claim("iss") else { return Vec::new() };
    let Some(iss) = value.as_str() else {
        return vec![hit(format!("`iss` is {}, and a string is meant", shown(value)))];
    };
    let mut out = Vec::new();
    match url(iss) {
        Some(at) => {
            if !at.scheme.eq_ignore_ascii_case("https") && !c.is(&[Profile::Assertion]) {
                out.push(hit(format!("`iss` is {}, which is not https", quoted(iss))));
            }
            if at.query || at.fragment {
                out.push(hit(format!("`iss` is {}: an issuer has neither query nor fragment", quoted(iss))));
            }
        }
        None if c.is(&[Profile::Access, Profile::Id, Profile::Logout]) && c.place() != Some(Place::Bearer) => {
            out.push(hit(format!("`iss` is {}, which is no https URL", quoted(iss))));
        }
        None => {}
    }
    let of_metadata = c.s.metadata.and_then(|m| m.get("issuer")).and_then(Value::as_str);
    if let Some(issuer) = of_metadata.filter(|i| *i != iss && !c.is(&[Profile::Assertion, Profile::Dpop])) {
        let how = if issuer.trim_end_matches('/') == iss.trim_end_matches('/') {
            "but for the slash at its end"
        } else {
            "exactly"
        };
        out.push(hit(format!(
            "`iss` is {}, and the metadata says {}: they have to be equal, {how} they {}",
            quoted(iss),
            quoted(issuer),
            if how == "exactly" { "are not" } else { "are" }
        )));
    }
    out
}

pub(super) fn aud_missing(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || c.is(&[Profile::Dpop]) {
        return Vec::new();
    }
    match c.claim("aud") {
        None | Some(Value::Null) => vec![hit("there is no `aud`: any service that trusts the issuer takes it")],
        Some(Value::Array(list)) if list.is_empty() => vec![hit("`aud` is an empty list")],
        Some(Value::String(s)) if s.is_empty() => vec![hit("`aud` is empty")],
        Some(_) => Vec::new(),
    }
}

pub(super) fn aud_wide(c: &Context<'_>) -> Vec<Hit> {
    let list = c.texts("aud");
    let mut out = Vec::new();
    if let Some(wild) = list.iter().find(|a| a.contains('*')) {
        out.push(hit(format!("`aud` is {}: it is meant for everybody", quoted(wild))));
    }
    if list.len() > 1
        && !is_there(c, "azp")
        && !is_there(c, "client_id")
        && !c.is(&[Profile::Assertion, Profile::Logout])
    {
        out.push(hit(format!("`aud` names {} and no `azp` says who asked for it", list.len())));
    }
    let client = c.claim_text("client_id").or_else(|| c.claim_text("azp"));
    if let Some(client) = client.filter(|id| c.is(&[Profile::Access]) && list.contains(id)) {
        out.push(hit(format!("`aud` is the client {} itself, as of an ID token, and not an API", quoted(client))));
    }
    out
}

pub(super) fn sub_missing(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || c.is(&[Profile::Dpop]) || is_there(c, "sub") {
        return Vec::new();
    }
    if c.is(&[Profile::Logout]) {
        return Vec::new();
    }
    vec![hit("there is no `sub`: nothing says whom it speaks of")]
}

pub(super) fn sub_form(c: &Context<'_>) -> Vec<Hit> {
    let Some(sub) = c.claim("sub").filter(|_| !c.is(&[Profile::Assertion])) else { return Vec::new() };
    let text = match sub {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        other => return vec![hit(format!("`sub` is {}, and a string is meant", shown(other)))],
    };
    if is_email(&text) {
        return vec![hit("`sub` is an e-mail address: it tells who it is, and may be given to another person one day")];
    }
    if !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
        return vec![hit(format!("`sub` is {}: a number that counts up tells the next one", quoted(&text)))];
    }
    Vec::new()
}

pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let fine =
        |s: &str| !s.is_empty() && s.len() < 200 && s.chars().all(|c| c.is_alphanumeric() || "._+-%".contains(c));
    fine(name) && fine(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
}

pub(super) fn jti_missing(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || is_there(c, "jti") {
        return Vec::new();
    }
    match c.profile {
        // Of what calls itself at+jwt another rule says it.
        Some(Profile::Access) if is_at_jwt(c) => Vec::new(),
        Some(Profile::Access) => vec![hit("there is no `jti`: a replay cannot be told")],
        Some(p @ (Profile::Assertion | Profile::Dpop | Profile::Logout)) => {
            vec![hit_as(Severity::High, format!("there is no `jti`, so {} can be used again", p.words()))]
        }
        Some(Profile::Id) | None => Vec::new(),
    }
}

/// The type, in lower case and without `application/`.
fn typ(c: &Context<'_>) -> String {
    let typ = c.header_text("typ").unwrap_or_default().to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ).to_owned()
}

fn is_at_jwt(c: &Context<'_>) -> bool {
    typ(c) == "at+jwt"
}

pub(super) fn type_of(c: &Context<'_>) -> Vec<Hit> {
    let Some(profile) = c.profile.filter(|_| c.is_signed()) else { return Vec::new() };
    let typ = typ(c);
    let said = c.header("typ").map_or_else(|| "`typ` is missing".to_owned(), |v| format!("`typ` is {}", shown(v)));
    let others = ["at+jwt", "dpop+jwt", "logout+jwt", "client-authentication+jwt", "secevent+jwt"];
    let (own, absent) = match profile {
        Profile::Access => ("at+jwt", Severity::Low),
        Profile::Dpop => ("dpop+jwt", Severity::Medium),
        // Neither specification asked for a type when it was written, so that many correct ones have none.
        Profile::Logout => ("logout+jwt", Severity::Info),
        Profile::Assertion => ("client-authentication+jwt", Severity::Info),
        Profile::Id => ("jwt", Severity::Info),
    };
    if typ == own || (profile == Profile::Id && typ.is_empty()) {
        return Vec::new();
    }
    if others.contains(&typ.as_str()) {
        return vec![hit(format!("{said}, and it is judged as {}", profile.words()))];
    }
    if profile == Profile::Id {
        return Vec::new();
    }
    vec![hit_as(absent, format!("{said}, and {} is {own}", profile.words()))]
}

pub(super) fn id_as_access(c: &Context<'_>) -> Vec<Hit> {
    let sent = c.place() == Some(Place::Bearer) || (c.s.profile == Some(Profile::Access));
    if !sent || !c.has_claims() {
        return Vec::new();
    }
    let mut names = vec!["nonce", "at_hash", "c_hash", "s_hash"];
    // Access tokens may say when their user signed in (RFC 9068 section 2.2.1): it tells an ID token only where nothing else
    // tells an access token.
    if !is_at_jwt(c) && !["scope", "scp", "client_id"].into_iter().any(|n| is_there(c, n)) {
        names.push("auth_time");
    }
    names.retain(|n| is_there(c, n));
    if names.is_empty() {
        return Vec::new();
    }
    vec![hit(format!("it has `{}`, which ID tokens have, and is used at an API", names.join("`, `")))]
}

pub(super) fn rfc9068(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || !c.is(&[Profile::Access]) {
        return Vec::new();
    }
    let mut out = Vec::new();
    if is_at_jwt(c) {
        let missing: Vec<&str> = ["client_id", "iat", "jti"].into_iter().filter(|n| !is_there(c, n)).collect();
        if !missing.is_empty() {
            out.push(hit(format!("its type is at+jwt, and `{}` is missing", missing.join("`, `"))));
        }
    }
    if c.s.asked.is_some_and(|a| a.scope.is_some()) && !is_there(c, "scope") {
        out.push(hit_as(Severity::Low, "a scope was asked for, and there is no `scope`"));
    }
    out
}

pub(super) fn scope(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || !c.is_bearer() {
        return Vec::new();
    }
    let mut scopes: Vec<&str> = Vec::new();
    for name in ["scope", "scp", "scopes"] {
        scopes.extend(c.texts(name).iter().flat_map(|s| s.split_whitespace()));
    }
    let mut out = Vec::new();
    let broad = |s: &&&str| {
        let s = s.to_ascii_lowercase();
        s.contains('*')
            || s.split([':', '.', '/', '-', '_']).any(|w| matches!(w, "admin" | "all" | "root" | "superuser"))
    };
    let found: Vec<String> = scopes.iter().filter(broad).take(5).map(|s| quoted(s)).collect();
    if !found.is_empty() {
        out.push(hit(format!("its scope holds {}", found.join(", "))));
    }
    if scopes.len() > SCOPES {
        out.push(hit(format!("its scope holds {} names", scopes.len())));
    }
    for (name, value) in &c.t.claims.members {
        if GRANTS.contains(&name.to_ascii_lowercase().as_str()) && !matches!(value, Value::Null | Value::Bool(false)) {
            let by = format!("the claim {} grants by itself: it is {}", quoted(name), shown(value));
            let strong = *value == Value::Bool(true);
            out.push(if strong { hit(by) } else { hit_as(Severity::Info, by) });
        }
    }
    out
}

pub(super) fn logout(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || !c.is(&[Profile::Logout]) {
        return Vec::new();
    }
    let mut out = Vec::new();
    if !c.claim("events").and_then(Value::as_object).is_some_and(|e| e.contains_key(LOGOUT_EVENT)) {
        out.push(hit("`events` does not hold the event of a logout"));
    }
    if is_there(c, "nonce") {
        out.push(hit(
            "`nonce` is there, which keeps logout tokens from being taken for ID tokens only where it is not",
        ));
    }
    if !is_there(c, "sub") && !is_there(c, "sid") {
        out.push(hit("neither `sub` nor `sid` says who is logged out"));
    }
    if !is_there(c, "iat") {
        out.push(hit("`iat` is missing"));
    }
    out
}
