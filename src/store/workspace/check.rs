//! Holds a parsed file against the table of keys: the first thing wrong in it, with its place and what to write.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Key, Kind, ROOT, all};
use crate::base::error::nearest;
use crate::base::secret::{find_tokens, is_credential_header, is_secret_member};
use crate::base::text::{display_str, is_hazard};
use crate::inventory::filter::Filter;
use crate::wire::identity::{Identity, is_name};
use crate::wire::request::is_name_byte;
use crate::wire::url::split_port;
use crate::wire::{Cidr, Credential, Proxy, Reference, Target};

/// Something wrong in the file.
#[derive(Debug)]
pub struct Problem {
    /// Byte offset.
    pub at: usize,
    /// What it is.
    pub what: String,
    /// What to write.
    pub hint: String,
}

/// The first problem of the file, in its own order.
pub fn first(text: &str) -> Result<(), Problem> {
    // Anywhere, a comment too: what stands in version control is no secret any more.
    if let Some(token) = find_tokens(text.as_bytes()).first() {
        return Err(Problem { at: token.start, what: "this is a token".to_owned(), hint: REFERENCE.to_owned() });
    }
    let root = DeTable::parse(text).map_err(|e| {
        let at = e.span().map_or(0, |s| s.start);
        // The key of that line, where it is a known one, says what to write.
        let begin = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let name = text.get(begin..).and_then(|t| t.split(['=', '\n']).next()).unwrap_or_default().trim();
        let hint =
            all().find(|k| k.name == name).map_or_else(|| "mend the line".to_owned(), |k| k.kind.example(k.name));
        Problem { at, what: format!("this is not TOML: {}", display_str(e.message())), hint }
    })?;
    let mut problems = Vec::new();
    table(root.get_ref(), ROOT, "the file", 0, &mut problems);
    problems.into_iter().min_by_key(|p| p.at).map_or(Ok(()), Err)
}

const REFERENCE: &str = "keep secrets out of this file and write a reference: env:NAME, file:PATH or vault:NAME";

fn table(table: &DeTable<'_>, keys: &[Key], what: &str, at: usize, problems: &mut Vec<Problem>) {
    let mut misspelt = false;
    for (name, value) in table {
        if let Some(key) = keys.iter().find(|k| k.name == name.get_ref().as_ref()) {
            check(value, key.kind, key.name, problems);
        } else {
            misspelt = true;
            problems.push(unknown(name, keys));
        }
    }
    // A key that lacks may be the one that is misspelt: that one is told.
    for key in keys.iter().filter(|k| !misspelt && k.required && !table.contains_key(k.name)) {
        problems.push(Problem { at, what: format!("{what} has no {}", key.name), hint: key.kind.example(key.name) });
    }
}

fn unknown(name: &Spanned<std::borrow::Cow<'_, str>>, keys: &[Key]) -> Problem {
    let names = || keys.iter().map(|k| k.name);
    let hint = match nearest(name.get_ref(), names()) {
        _ if ROOT.iter().any(|k| k.name == name.get_ref().as_ref()) => {
            "it belongs to the whole file: write it before the first [table]".to_owned()
        }
        Some(near) => format!("did you mean {near}?"),
        None => {
            format!("what may stand here is {}; a newer version may know more", names().collect::<Vec<_>>().join(", "))
        }
    };
    Problem { at: name.span().start, what: format!("{} is not a key here", display_str(name.get_ref())), hint }
}

fn check(value: &Spanned<DeValue<'_>>, kind: Kind, name: &str, problems: &mut Vec<Problem>) {
    let Range { start, .. } = value.span();
    let mut say = |what: String, hint: String| problems.push(Problem { at: start, what, hint });
    match (kind, value.get_ref()) {
        (Kind::Table(keys), DeValue::Table(t)) => table(t, keys, &format!("[{name}]"), start, problems),
        (Kind::Tables(keys), DeValue::Array(all)) => {
            for one in all {
                match one.get_ref() {
                    DeValue::Table(t) => table(t, keys, &format!("[[{name}]]"), one.span().start, problems),
                    _ => check(one, kind, name, problems),
                }
            }
        }
        (Kind::List(inner), DeValue::Array(all)) => {
            for one in all {
                if let DeValue::String(s) = one.get_ref() {
                    if let Err(what) = judge(*inner, s) {
                        problems.push(Problem { at: one.span().start, what, hint: kind.example(name) });
                    }
                } else {
                    let what = format!("{name} holds {}", article(one.get_ref().type_str()));
                    problems.push(Problem { at: one.span().start, what, hint: kind.example(name) });
                }
            }
        }
        (Kind::Named(inner), DeValue::Table(t)) => {
            let mut names: Vec<String> = Vec::new();
            for (given, value) in t {
                let word = given.get_ref().as_ref();
                let shown = display_str(word);
                let mut wrong = |what: String, hint: String| {
                    problems.push(Problem { at: given.span().start, what, hint });
                };
                if matches!(inner, Kind::Header) {
                    if word.is_empty() || !word.bytes().all(is_name_byte) {
                        wrong(format!("{shown} is not a header name"), "use letters, digits and -".to_owned());
                    } else if names.contains(&word.to_ascii_lowercase()) {
                        wrong(format!("{shown} stands here twice"), "header names have no case; keep one".to_owned());
                    } else if let DeValue::String(s) = value.get_ref()
                        && let Err(what) = credential(word, s)
                    {
                        wrong(what, REFERENCE.to_owned());
                    }
                    names.push(word.to_ascii_lowercase());
                } else if matches!(inner, Kind::Table(_) | Kind::Named(_) | Kind::Variable) {
                    if !is_name(word) {
                        wrong(format!("{shown:?} is no name"), "use letters, digits, - and _".to_owned());
                    } else if matches!(inner, Kind::Variable)
                        && is_secret_member(word)
                        && let DeValue::String(s) = value.get_ref()
                        && matches!(Reference::parse(s), Reference::Literal(_))
                    {
                        wrong(format!("the value of {shown} is a secret by its name"), REFERENCE.to_owned());
                    }
                    if matches!(inner, Kind::Variable) {
                        check(value, *inner, &shown, problems);
                        continue;
                    }
                    check(value, *inner, &format!("{name}.{shown}"), problems);
                    continue;
                } else if word.trim().is_empty() || word.chars().any(is_hazard) {
                    wrong(format!("{shown:?} is no name"), "give it a name that can be typed".to_owned());
                }
                check(value, *inner, &shown, problems);
            }
        }
        (Kind::Date, DeValue::Datetime(d)) => {
            if d.date.is_none() || d.time.is_some() || d.offset.is_some() {
                say(format!("{name} is not a day alone"), kind.example(name));
            }
        }
        (Kind::Date, DeValue::String(_)) => {
            say(format!("{name} is text and must be a day"), format!("{} without quotes", kind.example(name)));
        }
        (Kind::Port, DeValue::Integer(n)) => {
            let port = u32::from_str_radix(n.as_str(), n.radix());
            if !port.is_ok_and(|p| (1..=65_535).contains(&p)) {
                say(format!("{name} is not between 1 and 65535"), kind.example(name));
            }
        }
        (Kind::Whole(least, most), DeValue::Integer(n)) => {
            let number = u32::from_str_radix(n.as_str(), n.radix());
            if !number.is_ok_and(|n| (least..=most).contains(&n)) {
                say(format!("{name} is not between {least} and {most}"), kind.example(name));
            }
        }
        (Kind::Flag, DeValue::Boolean(_)) => {}
        (Kind::Credential, DeValue::String(s)) => {
            if let Err((what, hint)) = reference_alone(s) {
                say(what, hint);
            }
        }
        (
            Kind::Text
            | Kind::Host
            | Kind::Range
            | Kind::Header
            | Kind::Variable
            | Kind::Filter
            | Kind::Ids
            | Kind::Secret
            | Kind::Url
            | Kind::Proxy
            | Kind::OneOf(_),
            DeValue::String(s),
        ) => {
            if let Err(what) = judge(kind, s) {
                let hint = match kind {
                    Kind::Header | Kind::Filter => "see the example that lunette init writes".to_owned(),
                    _ => kind.example(name),
                };
                say(format!("{name}: {what}"), hint);
            }
        }
        (_, other) => say(format!("{name} is {}", article(other.type_str())), kind.example(name)),
    }
}

fn article(kind: &str) -> String {
    match kind {
        "integer" | "array" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

/// A header that carries a credential may only refer to it.
fn credential(name: &str, value: &str) -> Result<(), String> {
    if !matches!(Reference::parse(value), Reference::Literal(_) | Reference::Stdin) {
        return Ok(());
    }
    let scheme = value.split(' ').next().unwrap_or_default();
    let schemed = ["bearer", "basic", "dpop"].iter().any(|s| scheme.eq_ignore_ascii_case(s) && value.contains(' '));
    if schemed || is_credential_header(name.as_bytes()) || is_secret_member(name) {
        return Err(format!("the value of {} is a credential", display_str(name)));
    }
    Ok(())
}

/// Judges a text by what it stands for.
fn judge(kind: Kind, s: &str) -> Result<(), String> {
    if !matches!(kind, Kind::Header | Kind::Variable) && s.trim().is_empty() {
        return Err("this is empty".to_owned());
    }
    if s.chars().any(is_hazard) {
        return Err(format!("{} holds a control or an invisible character", display_str(s)));
    }
    match kind {
        Kind::Host => host(s),
        Kind::Range if Cidr::parse(s).is_none() => Err(format!("{} is not an address range", display_str(s))),
        Kind::Ids => anybody().own(s).map_err(|e| e.what),
        Kind::Secret => match Reference::parse(s) {
            Reference::Literal(_) => Err("the secret itself stands in this file".to_owned()),
            Reference::Stdin => Err(NO_STDIN.to_owned()),
            _ => Ok(()),
        },
        Kind::Url => match Target::parse(s.as_bytes()) {
            Ok(t) if t.userinfo.is_none() && t.fragment.is_none() && s.contains("://") => Ok(()),
            Ok(_) => Err("this is no absolute URL without a user and a fragment".to_owned()),
            Err(e) => Err(e.what),
        },
        Kind::Proxy if s == "env" || s == "none" => Ok(()),
        Kind::Proxy => match Proxy::parse(s) {
            Err(e) => Err(e.what),
            Ok(proxy) => match proxy.secret() {
                Some(Reference::Literal(_)) => Err("the secret itself stands in this file".to_owned()),
                Some(Reference::Stdin) => Err(NO_STDIN.to_owned()),
                _ => Ok(()),
            },
        },
        Kind::OneOf(words) if !words.contains(&s) => Err(format!("{} is not known here", display_str(s))),
        Kind::Filter => Filter::parse(s).map(drop).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

const NO_STDIN: &str = "a workspace has no stdin to read a secret from";

/// An identity to try ids on.
fn anybody() -> Identity {
    let credential = Credential::Oauth(String::new());
    Identity { name: String::new(), credential, role: None, ids: Vec::new() }
}

/// A credential in which no secret stands.
fn reference_alone(s: &str) -> Result<(), (String, String)> {
    let reference =
        || "keep secrets out of this file and write a reference: env:NAME, file:PATH or vault:NAME".to_owned();
    if s.chars().any(is_hazard) {
        return Err(("the credential holds a control or an invisible character".to_owned(), reference()));
    }
    if s.contains(",role=") || s.contains(",ids=") {
        let hint = "write role = \"user\" and ids = [\"order:1001\"] as keys beside it";
        return Err(("role and ids are keys of their own here".to_owned(), hint.to_owned()));
    }
    let credential = Credential::parse(s).map_err(|e| (e.what, e.hint.unwrap_or_default()))?;
    if credential.is_literal() {
        return Err(("the secret itself stands in this credential".to_owned(), reference()));
    }
    if credential.references().contains(&&Reference::Stdin) {
        return Err((NO_STDIN.to_owned(), reference()));
    }
    Ok(())
}

fn host(s: &str) -> Result<(), String> {
    let shown = display_str(s);
    if s.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    if s.contains("://") || s.contains('/') {
        return Err(format!("{shown} is a URL or a range, and not a host alone"));
    }
    if s.contains(['@', '*', '?', '#', '=', '[', ']', '%', ',', ';']) {
        return Err(format!("{shown} is not a host name"));
    }
    match split_port(s.as_bytes()) {
        Ok((host, None)) if !host.is_empty() && !s.contains(':') => Ok(()),
        Ok((_, Some(port))) => Err(format!("{shown} holds a port, which is a key of its own: port = {port}")),
        Ok(_) => Err(format!("{shown} is not a host name")),
        Err(what) => Err(what),
    }
}
