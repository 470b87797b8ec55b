//! Use case: say what a request would be before it is sent: every part, where it came from, whether scope admits it, and
//! which sender would carry it. Nothing leaves, and no credential is made.

use super::variables::Used;
use super::{Draft, Keyring, draft, send, workspace};
use crate::base::figure::bytes;
use crate::base::secret::{mask_header, mask_url};
use crate::base::text::{display, display_str};
use crate::base::{Clock as _, Result, SystemClock};
use crate::engine::{self, Scope};
use crate::report::explanation::{Explanation, Part};
use crate::store::Workspace;
use crate::wire::{Policy, Request, Secrets, Sender};

/// What an explanation is made from.
pub struct Ground<'a> {
    /// The scope of the run.
    pub scope: &'a Scope,
    /// The identities of the run.
    pub keyring: &'a Keyring,
    /// The workspace, and what reads the secrets of its headers.
    pub workspace: Option<(&'a Workspace, &'a dyn Secrets)>,
    /// The variables that were put in.
    pub used: &'a [Used],
    /// What stands as the specification gave it.
    pub declared: &'a [String],
    /// How it would be carried.
    pub policy: &'a Policy,
    /// Whether the cookies of the jar go with it, wherever they else go.
    pub cookies: bool,
}

/// Explains a request that is ready to be sent.
///
/// # Errors
/// An identity that is not for this origin, or a header of the workspace whose secret is not there.
pub fn explain(mut request: Request, ground: &Ground<'_>) -> Result<Explanation> {
    let title = title(&request);
    let mut parts = Vec::new();
    let mut say = |what: &str, value: String, from: String| parts.push(Part { what: what.to_owned(), value, from });
    let from = |place: &str| {
        let base = if ground.declared.iter().any(|d| d == place) { "as the specification gave it" } else { "typed" };
        let put: Vec<String> = (ground.used.iter().filter(|u| u.place == place))
            .map(|u| format!("{{{{{}}}}} from {}", display_str(&u.name), u.source.words()))
            .collect();
        std::iter::once(base.to_owned()).chain(put).collect::<Vec<_>>().join(", ")
    };
    say("method", display(&request.method), from("method"));
    let url = [request.origin.to_string().as_bytes(), &request.target].concat();
    say("URL", display(&mask_url(&url)), from("URL"));
    if request.get("host").is_none() {
        say("header Host", display_str(&request.origin.authority()), "added by the sender".to_owned());
    }
    let typed = request.headers.len();
    if let Some((workspace, secrets)) = ground.workspace {
        workspace::dress(workspace, secrets, ground.keyring, &mut request, SystemClock.wall())?;
    }
    for (i, (name, value)) in request.headers.iter().enumerate() {
        let what = format!("header {}", display(name));
        let origin = match i < typed {
            true if value == send::USER_AGENT.as_bytes() => "default of lunette".to_owned(),
            true => from(&what),
            false => format!("[headers] of {}", ground.workspace.map_or("lunette.toml", |(w, _)| &w.shown)),
        };
        say(&what, display(&mask_header(name, value)), origin);
    }
    let mut adds = Vec::new();
    if let Some(name) = &request.identity {
        ground.keyring.admits(name, &request.origin)?;
        adds = ground.keyring.headers(name)?;
        let value = match adds.as_slice() {
            [] => "a client certificate".to_owned(),
            names => names.join(", "),
        };
        say("identity", value, format!("{}, made when it is sent", display_str(name)));
    } else {
        say("identity", "none".to_owned(), "nobody is chosen".to_owned());
    }
    let jar = &ground.keyring.jars;
    let kept =
        if ground.cookies || jar.are_used_everywhere() { jar.names(&request, SystemClock.wall()) } else { Vec::new() };
    if !kept.is_empty() {
        let whose = request.identity.as_deref().map_or_else(|| "nobody".to_owned(), display_str);
        say("header Cookie", kept.join(", "), format!("the jar of {whose}"));
    }
    let length = request.body.len() as u64;
    if length == 0 {
        say("body", "none".to_owned(), String::new());
    } else {
        if request.get("content-length").is_none() && request.get("transfer-encoding").is_none() {
            say("header Content-Length", length.to_string(), "added by the sender".to_owned());
        }
        let from: Vec<String> =
            ground.used.iter().map(|u| u.place.as_str()).chain(["body"]).filter(|p| is_body(p)).map(from).collect();
        say("body", bytes(length), from.first().cloned().unwrap_or_default());
    }
    let admitted =
        ground.scope.authorise(&request.origin).map(drop).and_then(|()| ground.scope.permits(&request.method));
    match admitted {
        Ok(()) => {
            let why =
                ground.scope.entries().into_iter().find(|e| e.covers(&request.origin)).map(|e| (e.to_string(), e.why));
            let (entry, why) = why.unwrap_or_default();
            say("scope", format!("admits it: {entry}"), why);
        }
        Err(denied) => say("scope", denied.error().to_string(), String::new()),
    }
    let choice = engine::choose(&request, ground.policy);
    match &choice {
        Ok(choice) => {
            let version = if choice.may_be_http2 { " on HTTP/1.1" } else { "" };
            say("sender", format!("{}{version}", choice.http1.word()), choice.reason.clone().unwrap_or_default());
            if choice.may_be_http2 {
                say(
                    "sender",
                    format!("{} on HTTP/2", Sender::Hyper.word()),
                    "where the server agrees to it".to_owned(),
                );
            }
            for a in &choice.altered {
                say("altered", display_str(&a.what), format!("on HTTP/2, by the {}", a.by));
            }
        }
        Err(why) => say("sender", display_str(why), "nothing would be sent".to_owned()),
    }
    Ok(Explanation { title, parts, request, adds, choice })
}

/// Why a request as it is typed would be carried by the raw sender; `None` where hyper carries it. Variables stand there
/// unfilled, and what cannot be told before it is made is left out.
pub fn raw_reason(draft: &Draft) -> Option<String> {
    if draft.raw.is_some() {
        return Some("the whole request was given as bytes".to_owned());
    }
    let mut request = Request::new(&draft.method, draft.url.as_bytes()).ok()?;
    let bytes = |text: &str| text.as_bytes().to_vec();
    request.headers = draft.headers.iter().map(|(n, v)| (bytes(n), bytes(v))).collect();
    request.body = bytes(draft.body.text()).into();
    let choice = engine::choose(&request, &Policy { raw: true, ..Policy::default() }).ok()?;
    choice.reason.filter(|_| choice.http1 == Sender::Raw)
}

fn is_body(place: &str) -> bool {
    place == "body" || place.starts_with("GraphQL ") || place.starts_with("part ")
}

/// What a request is about, for the heading of its explanation.
fn title(request: &Request) -> String {
    format!("what would be sent: {}", draft::subject(request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::variables::Source;
    use crate::engine::Entry;
    use crate::report::explanation::lines;

    #[test]
    fn every_part_says_where_it_came_from_and_no_secret_is_in_it() {
        let mut request = Request::new("GET", b"http://h.test/a?access_token=abc").expect("url");
        request = request.header("Accept", "*/*").header("Authorization", "Bearer s3cret").header("X", "1");
        request = request.header("User-Agent", send::USER_AGENT);
        request.body = b"{}".to_vec().into();
        let used = Used { place: "header X".into(), name: "x".into(), source: Source::Environment("staging".into()) };
        let scope = Scope::new(vec![Entry::parse("h.test").expect("an entry")], false);
        let keyring = Keyring::default();
        let ground = Ground {
            scope: &scope,
            keyring: &keyring,
            workspace: None,
            used: &[used],
            declared: &["header Accept".to_owned()],
            policy: &Policy { raw: true, ..Policy::default() },
            cookies: false,
        };
        let lines = lines(&explain(request.clone(), &ground).expect("explained").parts);
        let text = lines.join("\n");
        assert!(!text.contains("s3cret") && !text.contains("abc"), "{text}");
        for words in [
            "header Accept          */*   (as the specification gave it)",
            "header X               1   (typed, {{x}} from environment staging)",
            "default of lunette",
            "header Host            h.test   (added by the sender)",
            "header Content-Length  2   (added by the sender)",
            "admits it: h.test",
            "sender                 hyper",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let closed = Scope::new(Vec::new(), false);
        let parts = explain(request, &Ground { scope: &closed, ..ground }).expect("explained").parts;
        assert!(parts.iter().any(|p| p.what == "scope" && p.value.contains("not in scope")), "{parts:?}");
    }
}
