//! Exchanges as an archive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

use super::pairs;
use crate::base::secret::{MASK, mask_body, mask_header, mask_target};
use crate::base::{Stamp, Untrusted};
use crate::wire::exchange::{Exchange, TlsFacts};
use crate::wire::http1::Parts;
use crate::wire::{Headers, Request, Response};

/// The archive of these exchanges: each redirect on the way is an entry before the one it led to. Secrets are masked unless
/// `show` says otherwise.
pub fn archive(exchanges: &[&Exchange], show: bool) -> Value {
    let entries = exchanges.iter().flat_map(|x| x.hops.iter().chain([*x])).map(|x| entry(x, show));
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "lunette", "version": env!("CARGO_PKG_VERSION")},
        "entries": entries.collect::<Vec<_>>(),
    }})
}

fn entry(x: &Exchange, show: bool) -> Value {
    let p = &x.phases;
    let ms = |d: Option<Duration>| d.map(|d| (d.as_secs_f64() * 1e6).round() / 1e3);
    // The handshake is part of connecting.
    let connect = [p.connect, p.tls].into_iter().flatten().reduce(|a, b| a + b);
    let parts = [("blocked", None), ("dns", ms(p.dns)), ("connect", ms(connect)), ("send", ms(p.send))];
    let parts = [&parts[..], &[("wait", ms(p.wait)), ("receive", ms(p.receive))]].concat();
    let time: f64 = parts.iter().filter_map(|(_, d)| *d).sum();
    // These three have to be there: nothing took no time.
    let least = |name: &str| if matches!(name, "send" | "wait" | "receive") { 0.0 } else { -1.0 };
    let mut timings: serde_json::Map<String, Value> =
        parts.iter().map(|(name, d)| ((*name).to_owned(), json!(d.unwrap_or(least(name))))).collect();
    timings.insert("ssl".to_owned(), json!(ms(p.tls).unwrap_or(-1.0)));
    let mut out = json!({
        "startedDateTime": stamp(x.started),
        "time": time,
        "request": request(x, show),
        "response": x.response.as_ref().map_or_else(nothing, |r| response(r, show)),
        "cache": {},
        "timings": timings,
        "_lunette": {
            "id": x.id,
            "masked": !show,
            "identity": x.identity,
            "sender": x.sender.word(),
            "altered": x.altered.iter().map(|a| format!("{}: {}", a.by, a.what)).collect::<Vec<_>>(),
            "oddities": x.oddities.iter().map(|o| o.rule().id).collect::<Vec<_>>(),
            "tls": x.tls.as_ref().map(tls),
            "error": x.error.as_ref().map(|e| json!({"phase": e.phase.word(), "kind": e.kind.word(), "message": e.message})),
        },
    });
    if let Some(c) = &x.connection {
        out["serverIPAddress"] = json!(c.remote.ip().to_string());
        out["connection"] = json!(c.local.port().to_string());
    }
    out
}

/// RFC 3339 with milliseconds.
fn stamp(at: Stamp) -> String {
    format!("{}.{:03}Z", at.to_string().trim_end_matches('Z'), at.millis().rem_euclid(1_000))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The header fields as they left, where that is known, else as they were typed.
fn sent(x: &Exchange) -> Headers {
    match (&x.sent, x.http2) {
        (Some(sent), false) => Parts::read(sent).headers,
        (Some(sent), true) => {
            let lines = sent.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
            let fields = lines.take_while(|l| !l.is_empty()).filter_map(|l| {
                let at = memchr::memmem::find(l, b": ").filter(|_| l.first() != Some(&b':'))?;
                Some((l[..at].to_vec(), l[at + 2..].to_vec()))
            });
            fields.collect()
        }
        (None, _) => x.request.headers.clone(),
    }
}

fn request(x: &Exchange, show: bool) -> Value {
    let r = &x.request;
    let target = if show { r.target.clone() } else { mask_target(&r.target) };
    let query = target.splitn(2, |b| *b == b'?').nth(1).unwrap_or_default();
    let headers = sent(x);
    let values = |name: &str| {
        let found = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, v)| v.clone()).collect::<Vec<_>>()
    };
    let cookies = values("cookie")
        .iter()
        .flat_map(|v| v.split(|b| *b == b';').map(<[u8]>::to_vec).collect::<Vec<_>>())
        .map(|pair| {
            let pair = pair.trim_ascii();
            let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let value = if show { text(pair.get(at + 1..).unwrap_or_default()) } else { MASK.to_owned() };
            json!({"name": text(&pair[..at]), "value": value})
        })
        .collect::<Vec<_>>();
    let version = match (x.http2, &x.response) {
        (true, _) => "HTTP/2",
        (false, Some(r)) if r.version == "HTTP/1.0" => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let head = x.sent_on_wire().and_then(|s| i64::try_from(s.len().checked_sub(r.body.len())?).ok());
    let mut out = json!({
        "method": text(&r.method),
        "url": format!("{}{}", r.origin, text(&target)),
        "httpVersion": version,
        "cookies": cookies,
        "headers": fields(headers.iter().map(|(n, v)| (&n[..], &v[..])), show),
        "queryString": pairs(query).map(|(n, v)| json!({"name": text(&n), "value": text(&v)})).collect::<Vec<_>>(),
        "headersSize": head.unwrap_or(-1),
        "bodySize": r.body.len(),
    });
    if !r.body.is_empty() {
        out["postData"] = posted(r, show);
    }
    out
}

fn posted(r: &Request, show: bool) -> Value {
    let body = if show { r.body.to_vec() } else { mask_body(&r.body) };
    let media = r.get("content-type").map(text).unwrap_or_default();
    let mut out = json!({"mimeType": media});
    let form = media.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
    let params = pairs(&body).filter(|_| form);
    out["params"] = params.map(|(n, v)| json!({"name": text(&n), "value": text(&v)})).collect();
    match String::from_utf8(body) {
        Ok(body) => out["text"] = json!(body),
        Err(e) => {
            out["text"] = json!(STANDARD.encode(e.as_bytes()));
            out["_encoding"] = json!("base64");
            out["comment"] = json!("the body is no text and stands here in base64");
        }
    }
    out
}

fn fields<'a>(headers: impl Iterator<Item = (&'a [u8], &'a [u8])>, show: bool) -> Vec<Value> {
    let value = |n: &[u8], v: &[u8]| if show { text(v) } else { text(&mask_header(n, v)) };
    headers.map(|(n, v)| json!({"name": text(n), "value": value(n, v)})).collect()
}

/// A reply that never came, as browsers write one.
fn nothing() -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
    })
}

fn response(r: &Response, show: bool) -> Value {
    let body = if show { r.body.to_vec() } else { mask_body(&r.body) };
    let media = r.get("content-type").map(|v| text(v.as_bytes())).unwrap_or_default();
    let mut content = json!({"size": r.decoded_bytes, "mimeType": if media.is_empty() { "x-unknown" } else { &media }});
    if let Some(saved) = r.decoded_bytes.checked_sub(r.wire_bytes).filter(|n| *n > 0) {
        content["compression"] = json!(saved);
    }
    match String::from_utf8(body) {
        Ok(body) => content["text"] = json!(body),
        Err(e) => {
            content["text"] = json!(STANDARD.encode(e.as_bytes()));
            content["encoding"] = json!("base64");
        }
    }
    if r.truncated {
        content["comment"] = json!("the body was cut short");
    }
    let pairs = |list: &[(Untrusted, Untrusted)]| fields(list.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())), show);
    let location =
        r.get("location").map(|v| if show { v.as_bytes().to_vec() } else { mask_header(b"location", v.as_bytes()) });
    let mut out = json!({
        "status": r.status,
        "statusText": r.reason.lossy(),
        "httpVersion": r.version,
        "cookies": r.all("set-cookie").map(|v| cookie(v.as_bytes(), show)).collect::<Vec<_>>(),
        "headers": pairs(&r.headers),
        "content": content,
        "redirectURL": location.map(|l| text(&l)).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": r.wire_bytes,
    });
    if !r.trailers.is_empty() {
        out["_trailers"] = json!(pairs(&r.trailers));
    }
    out
}

/// What a `Set-Cookie` sets.
fn cookie(line: &[u8], show: bool) -> Value {
    let mut parts = line.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let split = |part: &[u8]| {
        let at = memchr::memchr(b'=', part).unwrap_or(part.len());
        (text(part[..at].trim_ascii()), text(part.get(at + 1..).unwrap_or_default().trim_ascii()))
    };
    let (name, value) = split(parts.next().unwrap_or_default());
    let mut out =
        json!({"name": name, "value": if show { value } else { MASK.to_owned() }, "httpOnly": false, "secure": false});
    for (name, value) in parts.map(split) {
        match name.to_ascii_lowercase().as_str() {
            "path" => out["path"] = json!(value),
            "domain" => out["domain"] = json!(value),
            "samesite" => out["sameSite"] = json!(value),
            "httponly" => out["httpOnly"] = json!(true),
            "secure" => out["secure"] = json!(true),
            "expires" => {
                if let Some(at) = Stamp::parse_http(&value) {
                    out["expires"] = json!(at);
                }
            }
            _ => {}
        }
    }
    out
}

fn tls(t: &TlsFacts) -> Value {
    json!({
        "version": t.version,
        "cipher": t.cipher,
        "group": t.group,
        "signature": t.signature,
        "sni": t.sni,
        "faults": t.faults,
        "chain_sha256": t.chain.iter().map(|c| &c.sha256).collect::<Vec<_>>(),
    })
}
