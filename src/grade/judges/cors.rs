//! Cross-origin resource sharing: LNH10 to 16.

use super::{NOT_TRIED, listed};
use crate::base::Letter;
use crate::grade::context::{Context, Credential, quote};
use crate::grade::probes::{Kind, Probe, Probes};
use crate::grade::rules::Verdict;
use crate::wire::Response;

/// What a rule about credentials costs where a script sets the credential, which no other page can.
const SCRIPT: u32 = 3;
/// What trusting any subdomain or plain HTTP costs: it takes another weakness to use it.
const NEEDS_ANOTHER: u32 = 8;
/// A day in seconds: the longest that browsers remember a preflight.
const DAY: u64 = 86_400;

/// The origins a reply allows.
fn origins(c: &Context<'_>) -> Vec<String> {
    c.values("access-control-allow-origin")
}

/// Full weight where the browser adds the credential, little where a script sets it.
fn weigh(c: &Context<'_>, points: u32, cap: Letter, why: String) -> Verdict {
    match c.credential {
        Credential::Script => {
            Verdict::costs(SCRIPT, format!("{why}; low, since a script sets the credential and no other page has it"))
        }
        Credential::Browser(what) => {
            Verdict::Costs { points, cap: Some(cap), why: format!("{why}; the browser adds {what}") }
        }
        Credential::None | Credential::Unknown => Verdict::Costs { points, cap: Some(cap), why },
    }
}

/// Whether a reply allows `origin` by name, and with credentials.
fn allows(r: &Response, origin: &str) -> (bool, bool) {
    let named = r.all("access-control-allow-origin").any(|v| v.as_bytes().trim_ascii() == origin.as_bytes());
    let credentials = r.all("access-control-allow-credentials").any(|v| v.as_bytes().trim_ascii() == b"true");
    (named, named && credentials)
}

/// The probes with an origin, and how each was answered.
fn answered(probes: &Probes) -> impl Iterator<Item = (&Probe, &str, (bool, bool))> {
    probes.all().iter().filter_map(|(probe, x)| {
        let origin = probe.origin.as_deref()?;
        Some((probe, origin, allows(x.response.as_ref()?, origin)))
    })
}

/// Both made-up origins are answered by name: (at all, with credentials). `None` where they were not tried.
fn reflects(probes: &Probes) -> Option<(bool, bool)> {
    let mut tried = 0;
    let (mut named, mut credentials) = (true, true);
    for (_, _, (n, c)) in answered(probes).filter(|(p, ..)| p.kind == Kind::Stranger) {
        tried += 1;
        named &= n;
        credentials &= c;
    }
    (tried >= 2).then_some((named, credentials))
}

/// LNH10.
pub fn reflected(c: &Context<'_>) -> Verdict {
    let Some(answer) = c.probes.and_then(reflects) else { return Verdict::na(NOT_TRIED) };
    match answer {
        (_, true) => {
            weigh(c, 40, Letter::F, "two made-up origins were each allowed by name, with credentials".to_owned())
        }
        (true, false) => Verdict::pass("any origin is answered by name, but without credentials: as open as *"),
        (false, _) => Verdict::pass("a made-up origin is not allowed"),
    }
}

/// LNH11.
pub fn null(c: &Context<'_>) -> Verdict {
    let tried = c.probes.into_iter().flat_map(answered).find(|(p, ..)| p.kind == Kind::Null).map(|(_, _, a)| a);
    let origins = origins(c);
    if origins.is_empty() && tried.is_none() {
        return Verdict::na("there are no CORS headers");
    }
    let says_null = origins.iter().any(|v| v == "null");
    let with = (says_null && c.allows_credentials()) || tried.is_some_and(|(_, with)| with);
    if with {
        weigh(c, 30, Letter::D, "any sandboxed page may read this reply with the user's credentials".to_owned())
    } else if says_null || tried.is_some_and(|(named, _)| named) {
        Verdict::pass("the origin null is allowed, but without credentials")
    } else {
        Verdict::pass("the origin allowed is not null")
    }
}

/// LNH12.
pub fn look_alike(c: &Context<'_>) -> Verdict {
    let Some(probes) = c.probes.filter(|p| p.all().iter().any(|(p, _)| p.kind.is_look_alike())) else {
        return Verdict::na(NOT_TRIED);
    };
    if reflects(probes).is_some_and(|(_, with)| with) {
        return Verdict::na("every origin is allowed, which LNH10 judges");
    }
    let (mut hard, mut soft) = (Vec::new(), Vec::new());
    for (probe, origin, (_, with)) in answered(probes).filter(|(p, ..)| p.kind.is_look_alike()) {
        if with {
            let list = if probe.kind.is_soft() { &mut soft } else { &mut hard };
            list.push(format!("{} ({})", quote(origin), probe.kind.words()));
        }
    }
    if !hard.is_empty() {
        hard.append(&mut soft);
        return weigh(c, 25, Letter::D, format!("allowed with credentials: {}", listed(&hard, 3)));
    }
    if !soft.is_empty() {
        let points = if c.credential == Credential::Script { SCRIPT } else { NEEDS_ANOTHER };
        return Verdict::costs(points, format!("allowed with credentials: {}", listed(&soft, 3)));
    }
    Verdict::pass("no look-alike of the host is allowed with credentials")
}

/// LNH13.
pub fn one_origin(c: &Context<'_>) -> Verdict {
    let origins = origins(c);
    match origins.as_slice() {
        [] => Verdict::na("there are no CORS headers"),
        [_, _, ..] => {
            Verdict::Fail("Access-Control-Allow-Origin is sent more than once: browsers refuse it".to_owned())
        }
        [one] if one.contains([',', ' ']) => Verdict::Fail(format!(
            "Access-Control-Allow-Origin lists several origins, and browsers take one: {}",
            quote(one)
        )),
        [one] if one == "*" && c.allows_credentials() => {
            Verdict::Fail("* with credentials: browsers refuse it".to_owned())
        }
        [_] => Verdict::pass("one origin"),
    }
}

/// LNH14.
pub fn open(c: &Context<'_>) -> Verdict {
    let origins = origins(c);
    if origins.is_empty() {
        return Verdict::na("there are no CORS headers");
    }
    if !origins.iter().any(|v| v == "*") {
        return Verdict::pass("the reply is not open to every origin");
    }
    match c.credential {
        Credential::Browser(what) => Verdict::Fail(format!("every origin may read it, and the browser adds {what}")),
        Credential::Script => Verdict::pass(
            "open to every origin; a remark only, since a script sets the credential and no other page has it",
        ),
        Credential::None | Credential::Unknown if c.allows_credentials() => {
            Verdict::Fail("every origin may read it, and it speaks of credentials".to_owned())
        }
        Credential::None => Verdict::pass("open to every origin, and nobody's own"),
        Credential::Unknown => Verdict::pass("open to every origin; whether it is somebody's own is not known"),
    }
}

/// LNH15.
pub fn vary(c: &Context<'_>) -> Verdict {
    let origins = origins(c);
    let sent = c.exchange.request.get("origin").map(|o| String::from_utf8_lossy(o).trim().to_owned());
    let repeated = sent.is_some_and(|o| o != "*" && origins.contains(&o));
    let tried = c.probes.into_iter().flat_map(Probes::all).filter_map(|(p, x)| {
        let r = x.response.as_ref()?;
        allows(r, p.origin.as_deref()?).0.then_some(r)
    });
    let varies = |r: &Response| {
        r.all("vary").any(|v| {
            let text = v.lossy();
            text.split(',').map(str::trim).any(|v| v == "*" || v.eq_ignore_ascii_case("origin"))
        })
    };
    let dynamic: Vec<&Response> = repeated.then_some(c.response).into_iter().chain(tried).collect();
    if dynamic.is_empty() {
        return Verdict::na(if origins.is_empty() {
            "there are no CORS headers"
        } else {
            "nothing shows that the answer depends on Origin"
        });
    }
    if c.is_unstored() {
        return Verdict::pass("not stored, so no cache can confuse origins");
    }
    if dynamic.iter().all(|r| varies(r)) {
        Verdict::pass("Vary names Origin")
    } else {
        Verdict::Fail("the answer repeats the Origin of the request, and Vary does not name it".to_owned())
    }
}

/// LNH16.
pub fn preflight(c: &Context<'_>) -> Verdict {
    let tried = c.probes.and_then(|p| p.find(Kind::Preflight));
    let own = (c.method == "OPTIONS").then_some((None, c.response));
    let asked = tried.and_then(|(p, x)| Some((Some(p), x.response.as_ref()?)));
    let Some((probe, r)) = asked.or(own) else {
        return Verdict::na("no preflight was seen: the live extras try one");
    };
    let list = |name: &str| -> Vec<String> {
        let joined: Vec<String> = r.all(name).map(|v| v.lossy().into_owned()).collect();
        joined.join(",").split(',').map(|v| v.trim().to_ascii_lowercase()).filter(|v| !v.is_empty()).collect()
    };
    if r.get("access-control-allow-origin").is_none() {
        return Verdict::pass("the preflight allows nothing");
    }
    let (methods, headers) = (list("access-control-allow-methods"), list("access-control-allow-headers"));
    let mut wrong = Vec::new();
    if methods.iter().any(|m| m == "*") || headers.iter().any(|h| h == "*") {
        wrong.push("it allows * methods or headers".to_owned());
    }
    if let Some(m) = methods.iter().find(|m| matches!(m.as_str(), "trace" | "connect" | "track")) {
        wrong.push(format!("it allows {}", m.to_ascii_uppercase()));
    }
    if let Some(made_up) = probe.and_then(|p| p.made_up.as_deref()) {
        let made_up = made_up.to_ascii_lowercase();
        if methods.contains(&made_up) || headers.contains(&made_up) {
            wrong.push("it allows whatever it is asked for, a made-up name included".to_owned());
        }
    }
    if list("access-control-allow-private-network").iter().any(|v| v == "true") {
        wrong.push("it lets public pages into a private network".to_owned());
    }
    if let Some(age) = list("access-control-max-age").first().and_then(|v| v.parse::<u64>().ok()).filter(|a| *a > DAY) {
        wrong.push(format!("it is remembered for {age} s, more than a day"));
    }
    if wrong.is_empty() {
        Verdict::pass("the preflight allows no more than it names")
    } else {
        Verdict::Fail(listed(&wrong, 4))
    }
}
