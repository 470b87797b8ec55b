//! The `lunette.exchange/1` document, and an exchange as plain text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use serde_json::{Value, json};

use crate::base::figure::{bytes, millis};
use crate::base::secret::{mask_body, mask_header, mask_message, mask_target};
use crate::base::{Untrusted, hash, text};
use crate::grade::HeaderGrade;
use crate::jwt::{self, StepUp};
use crate::wire::magic;
use crate::wire::stream::{self, EVENT_STREAM};
use crate::wire::{Exchange, Fault, Group, Oddity, Phases, Request, Response, Staple, TlsFacts, Together};

/// Bytes of a body that stand in a document or a text.
const MOST_BODY: usize = 64 << 20;
/// The same of one that was cut short, which may have had no end.
const MOST_CUT: usize = 4 << 20;

/// Whether secrets stand in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Masked before anything else is done with them; hashes are over the real bytes.
    Masked,
    /// As they are.
    Shown,
}

impl Secrets {
    /// In clear where that was asked for.
    pub fn of(show: bool) -> Self {
        if show { Self::Shown } else { Self::Masked }
    }
}

/// The document of one exchange.
pub fn document(x: &Exchange, grade: Option<&HeaderGrade>, secrets: Secrets) -> Value {
    let mut doc = body(x, grade, secrets);
    let hops: Vec<Value> = x.hops.iter().map(|h| body(h, None, secrets)).collect();
    if let Some(map) = doc.as_object_mut() {
        let mut whole = serde_json::Map::new();
        whole.insert("schema".to_owned(), json!("lunette.exchange/1"));
        whole.append(map);
        whole.insert("hops".to_owned(), json!(hops));
        return Value::Object(whole);
    }
    doc
}

fn body(x: &Exchange, grade: Option<&HeaderGrade>, secrets: Secrets) -> Value {
    json!({
        "id": x.id,
        "started": x.started,
        "masked": secrets == Secrets::Masked,
        "request": request(x, secrets),
        "response": x.response.as_ref().map(|r| response(r, secrets)),
        "more": x.more.iter().map(|r| response(r, secrets)).collect::<Vec<_>>(),
        "oddities": x.oddities.iter().map(oddity).collect::<Vec<_>>(),
        "received_bytes_base64": x.received.as_deref().map(|b| STANDARD.encode(message(b, secrets))),
        "surplus_base64": x.surplus.as_deref().map(|b| STANDARD.encode(message(b, secrets))),
        "group": x.group.as_ref().map(group),
        "phases_ms": phases(&x.phases),
        "traffic": {"written_bytes": x.traffic.written, "read_bytes": x.traffic.read, "head_bytes": x.traffic.head},
        "connection": x.connection.as_ref().map(|c| json!({
            "remote": c.remote.to_string(),
            "local": c.local.to_string(),
            "alpn": c.alpn,
            "reused": c.reused,
            "proxy": c.proxy,
            "proxy_answer": (!c.proxy_answer.as_bytes().is_empty()).then(|| proxy_answer(&c.proxy_answer, secrets)),
        })),
        "tls": x.tls.as_ref().map(tls),
        "grade": grade.map(|g| json!({"headers": g.grade, "tls": null})),
        "identity": x.identity,
        "error": x.error.as_ref().map(|e| json!({
            "phase": e.phase.word(),
            "kind": e.kind.word(),
            "message": e.message,
        })),
    })
}

fn request(x: &Exchange, secrets: Secrets) -> Value {
    let r = &x.request;
    let sent = x.sent.as_deref();
    let masked = secrets == Secrets::Masked;
    json!({
        "method": text::display(&r.method),
        "url": format!("{}{}", r.origin, lossy(&target(r, secrets))),
        "target": lossy(&target(r, secrets)),
        "headers": request_headers(r, secrets).iter().map(|(n, v)| json!([lossy(n), lossy(v)])).collect::<Vec<_>>(),
        "body_base64": STANDARD.encode(if masked { mask_body(&r.body) } else { r.body.to_vec() }),
        "sent_bytes_base64": sent.map(|s| STANDARD.encode(if masked { mask_message(s) } else { s.to_vec() })),
        "sha256": x.sent_on_wire().map(hash::sha256_hex),
        "raw": r.raw.is_some(),
        "sender": x.sender.word(),
        "sender_reason": x.sender_reason,
        "altered": x.altered.iter().map(|a| json!({"by": a.by, "what": a.what})).collect::<Vec<_>>(),
    })
}

fn oddity(o: &Oddity) -> Value {
    let rule = o.rule();
    json!({"id": rule.id, "words": rule.words, "detail": o.detail, "reference": rule.reference})
}

fn group(g: &Group) -> Value {
    json!({
        "how": g.how.word(),
        "size": g.size,
        "spread_ms": g.spread.map(|d| (d.as_secs_f64() * 1e6).round() / 1e3),
    })
}

/// Bytes of HTTP/1 as they stand in a document.
fn message(bytes: &[u8], secrets: Secrets) -> Vec<u8> {
    match secrets {
        Secrets::Masked => mask_message(bytes),
        Secrets::Shown => bytes.to_vec(),
    }
}

/// The document of requests that were sent together.
pub fn together_document(all: &[Exchange], secrets: Secrets) -> Value {
    json!({
        "schema": "lunette.exchanges/1",
        "group": all.first().and_then(|x| x.group.as_ref()).map(group),
        "exchanges": all.iter().map(|x| body(x, None, secrets)).collect::<Vec<_>>(),
    })
}

/// Requests that were sent together, a line each.
pub fn together_plain(all: &[Exchange]) -> String {
    let mut out = String::new();
    if let Some(g) = all.first().and_then(|x| x.group) {
        let spread = g.spread.map(|d| format!(", last bytes within {} ms", millis(d.as_secs_f64() * 1e3)));
        let how = match g.how {
            Together::Sequence => "one after the other",
            Together::Parallel => "at one instant",
        };
        let _ = writeln!(out, "{} requests {how}{}", g.size, spread.unwrap_or_default());
    }
    let _ = writeln!(out, "{:>3}  {:>6}  {:>9}  {:>9}  request", "#", "status", "ms", "bytes");
    for (i, x) in all.iter().enumerate() {
        let status = x.status().map_or_else(|| "–".to_owned(), |s| s.to_string());
        let total = x.phases.total.map_or_else(|| "–".to_owned(), |d| millis(d.as_secs_f64() * 1e3));
        let size = x.response.as_ref().map_or_else(|| "–".to_owned(), |r| r.decoded_bytes.to_string());
        let reused = if x.connection.as_ref().is_some_and(|c| c.reused) { "  reused" } else { "" };
        let target = text::display(&target(&x.request, Secrets::Masked));
        let method = text::display(&x.request.method);
        let why = x.error.as_ref().map(|e| format!("  {}: {}", e.phase.word(), e.message)).unwrap_or_default();
        let _ = writeln!(out, "{:>3}  {status:>6}  {total:>9}  {size:>9}  {method} {target}{reused}{why}", i + 1);
    }
    out
}

fn response(r: &Response, secrets: Secrets) -> Value {
    json!({
        "version": r.version,
        "status": r.status,
        "reason": r.reason,
        "headers": response_headers(&r.headers, secrets).iter().map(|(n, v)| json!([n, v])).collect::<Vec<_>>(),
        "trailers": response_headers(&r.trailers, secrets).iter().map(|(n, v)| json!([n, v])).collect::<Vec<_>>(),
        "body_base64": STANDARD.encode(response_body(r, secrets)),
        "content": what_no_text_is(&r.body),
        "charset": r.charset().map(Encoding::name),
        "truncated": r.truncated || r.body.len() > most(r),
        "wire_bytes": r.wire_bytes,
        "decoded_bytes": r.decoded_bytes,
        "codings": r.undone.iter().map(|(coding, bytes)| json!({"coding": coding, "bytes": bytes})).collect::<Vec<_>>(),
        "events": events(r, secrets),
        "step_up": step_up(r).map(|s| json!({"acr_values": s.acr, "max_age_s": s.max_age})),
    })
}

/// The stronger or fresher sign-in that a reply asks for.
fn step_up(r: &Response) -> Option<StepUp> {
    let mut challenges = r.headers.iter().filter(|(n, _)| n.lossy().eq_ignore_ascii_case("www-authenticate"));
    challenges.find_map(|(_, v)| jwt::step_up(&v.lossy()))
}

/// The events of a stream of server-sent events, each with the time after the beginning of the exchange at which its end came;
/// `null` for any other reply.
fn events(r: &Response, secrets: Secrets) -> Value {
    if r.media_type().as_deref() != Some(EVENT_STREAM) {
        return Value::Null;
    }
    let text = |bytes: &[u8]| text::display(bytes);
    let each = |e: stream::Event| {
        let data = if secrets == Secrets::Masked { mask_body(&e.data) } else { e.data };
        let at = stream::arrived(&r.arrivals, e.to);
        json!({
            "at_ms": at.map(|us| us as f64 / 1e3),
            "event": text(&e.event),
            "id": e.id.as_deref().map(text),
            "data": text(&data),
            "retry_ms": e.retry_ms,
            "whole": e.whole,
        })
    };
    stream::events(&r.body).into_iter().map(each).collect()
}

fn phases(p: &Phases) -> Value {
    let figure = |d: Option<std::time::Duration>| d.map(|d| (d.as_secs_f64() * 1e6).round() / 1e3);
    json!({
        "dns": figure(p.dns),
        "connect": figure(p.connect),
        "tls": figure(p.tls),
        "send": figure(p.send),
        "wait": figure(p.wait),
        "receive": figure(p.receive),
        "total": figure(p.total),
    })
}

fn tls(t: &TlsFacts) -> Value {
    let word = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    json!({
        "version": word(&t.version),
        "cipher": word(&t.cipher),
        "group": t.group,
        "signature": t.signature,
        "resumed": t.resumed,
        "sni": t.sni,
        "faults": t.faults,
        "staple": t.staple.map(|s| json!({
            "status": s.status.word(),
            "this_update": s.this_update,
            "next_update": s.next_update,
            "signature": "not judged",
        })),
        "client_certificate_requested": t.client_certificate_requested,
        "client_certificate_authorities": t.client_certificate_authorities,
        // This client takes part neither in a renegotiation (RFC 5746) nor in authentication after the handshake (RFC 8446
        // section 4.2.6), so a server has no way to ask later.
        "client_certificate_requested_later": "not observable",
        "chain": t.chain.iter().map(|c| json!({
            "subject": c.subject,
            "issuer": c.issuer,
            "san": c.san,
            "not_before": c.not_before,
            "not_after": c.not_after,
            "key": c.key,
            "serial": c.serial,
            "sha256": c.sha256,
            "version": c.version,
            "signature": c.signature,
            "faults": c.faults.iter().map(fault).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn fault(f: &Fault) -> Value {
    json!({"id": f.rule().id, "words": f.words(), "detail": f.detail, "reference": f.rule().reference})
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn target(r: &Request, secrets: Secrets) -> Vec<u8> {
    match secrets {
        Secrets::Masked => mask_target(&r.target),
        Secrets::Shown => r.target.clone(),
    }
}

fn request_headers(r: &Request, secrets: Secrets) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mask = |(n, v): &(Vec<u8>, Vec<u8>)| match secrets {
        Secrets::Masked => (n.clone(), mask_header(n, v)),
        Secrets::Shown => (n.clone(), v.clone()),
    };
    r.headers.iter().map(mask).collect()
}

fn response_headers(headers: &[(Untrusted, Untrusted)], secrets: Secrets) -> Vec<(Untrusted, Untrusted)> {
    let mask = |(n, v): &(Untrusted, Untrusted)| match secrets {
        Secrets::Masked => (n.clone(), mask_header(n.as_bytes(), v.as_bytes()).into()),
        Secrets::Shown => (n.clone(), v.clone()),
    };
    headers.iter().map(mask).collect()
}

/// Bytes of a body that are written out.
fn most(r: &Response) -> usize {
    if r.truncated { MOST_CUT } else { MOST_BODY }
}

fn response_body(r: &Response, secrets: Secrets) -> Vec<u8> {
    let body = &r.body[..r.body.len().min(most(r))];
    match secrets {
        Secrets::Masked => mask_body(body),
        Secrets::Shown => body.to_vec(),
    }
}

fn proxy_answer(answer: &Untrusted, secrets: Secrets) -> Untrusted {
    match secrets {
        Secrets::Masked => mask_message(answer.as_bytes()).into(),
        Secrets::Shown => answer.clone(),
    }
}

/// An exchange as plain text: what was sent, what came back, the phases and facts of its connection, the grade.
pub fn plain(x: &Exchange, grade: Option<&HeaderGrade>, secrets: Secrets) -> String {
    let mut out = facts(x, grade, secrets);
    for (i, r) in x.response.iter().chain(&x.more).enumerate() {
        out.push('\n');
        if i > 0 {
            let _ = writeln!(out, "{} {} {}", r.version, r.status, r.reason);
        }
        out.push_str(&fields(&r.headers, secrets));
        out.push('\n');
        out.push_str(&body_lines(r, secrets));
        out.push_str(&fields(&r.trailers, secrets));
    }
    if let (None, Some(received)) = (&x.response, &x.received) {
        out.push('\n');
        lines(&mut out, &message(received, secrets));
    }
    out
}

/// The head of a reply as plain text, and the empty line behind it.
pub fn head_lines(r: &Response, secrets: Secrets) -> String {
    format!("{} {} {}\n{}\n", r.version, r.status, r.reason, fields(&r.headers, secrets))
}

/// The body of a reply as plain text.
pub fn body_lines(r: &Response, secrets: Secrets) -> String {
    let mut out = String::new();
    let body = &r.body[..r.body.len().min(most(r))];
    if let Some(what) = what_no_text_is(body) {
        let _ = writeln!(out, "({what}, which is not shown; --format json has its bytes)");
        return out;
    }
    match r.charset().map(|charset| charset.decode_with_bom_removal(body).0) {
        Some(text) if secrets == Secrets::Masked => lines(&mut out, &mask_body(text.as_bytes())),
        Some(text) => lines(&mut out, text.as_bytes()),
        None => lines(&mut out, &response_body(r, secrets)),
    }
    out
}

/// What bytes are that are no text, by their first ones.
fn what_no_text_is(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(&body[..body.len().min(1_024)]).map_or_else(|e| e.error_len().is_none(), |_| true);
    let named = magic::named(body)?;
    (!text || memchr::memchr(0, &body[..body.len().min(1_024)]).is_some()).then_some(named)
}

/// The facts of an exchange whose reply was printed while it came.
pub fn facts_below(x: &Exchange, grade: Option<&HeaderGrade>, secrets: Secrets) -> String {
    let mut out = format!("\n{}", facts(x, grade, secrets));
    if let Some(r) = x.response.as_ref().filter(|r| r.media_type().as_deref() == Some(EVENT_STREAM)) {
        let events = stream::events(&r.body);
        let times: Vec<u64> = events.iter().filter_map(|e| stream::arrived(&r.arrivals, e.to)).collect();
        let at = |us: Option<&u64>| us.map(|us| format!("{} ms", millis(*us as f64 / 1e3))).unwrap_or_default();
        let _ = match events.len() {
            0 => writeln!(out, "no event"),
            1 => writeln!(out, "1 event after {}", at(times.first())),
            n => {
                writeln!(out, "{n} events, the first after {}, the last after {}", at(times.first()), at(times.last()))
            }
        };
    }
    out
}

fn fields(fields: &[(Untrusted, Untrusted)], secrets: Secrets) -> String {
    response_headers(fields, secrets).iter().fold(String::new(), |mut out, (n, v)| {
        let _ = writeln!(out, "{n}: {v}");
        out
    })
}

fn facts(x: &Exchange, grade: Option<&HeaderGrade>, secrets: Secrets) -> String {
    let mut out = String::new();
    for hop in &x.hops {
        out.push_str(&hop_lines(hop, secrets));
    }
    let r = &x.request;
    let _ = writeln!(out, "{} {}{}", text::display(&r.method), r.origin, text::display(&target(r, secrets)));
    if let Some(r) = &x.response {
        let _ = writeln!(
            out,
            "{} {} {}   {} on the wire, {} decoded{}",
            r.version,
            r.status,
            r.reason,
            bytes(r.wire_bytes),
            bytes(r.decoded_bytes),
            match (r.truncated, r.body.len() > most(r)) {
                (_, true) => format!(", cut short, of which the first {} stand here", bytes(most(r) as u64)),
                (true, false) => ", cut short".to_owned(),
                (false, false) => String::new(),
            }
        );
        let way = codings_line(r);
        if !way.is_empty() {
            let _ = writeln!(out, "{way}");
        }
    }
    if let Some(step) = x.response.as_ref().and_then(step_up) {
        let _ = writeln!(out, "{}", step.words());
    }
    let _ = writeln!(out, "{}", phase_line(&x.phases));
    if let Some(c) = &x.connection {
        let alpn = c.alpn.as_deref().map(|a| format!("   {a}")).unwrap_or_default();
        let through = c.proxy.as_deref().map(|p| format!("   proxy {p}")).unwrap_or_default();
        let reused = if c.reused { "   reused" } else { "" };
        let _ = writeln!(out, "{} from {}{reused}{alpn}{through}", c.remote, c.local);
        if x.response.is_none() && !c.proxy_answer.as_bytes().is_empty() {
            let answer = proxy_answer(&c.proxy_answer, secrets);
            for line in answer.as_bytes().split(|b| *b == b'\n') {
                let _ = writeln!(out, "proxy: {}", text::display(line.strip_suffix(b"\r").unwrap_or(line)));
            }
        }
    }
    if let Some(t) = &x.tls {
        for line in tls_lines(t) {
            let _ = writeln!(out, "{line}");
        }
    }
    if let Some(g) = grade {
        let _ = writeln!(out, "headers {} ({})", g.grade, g.score);
        for line in super::grade::reasons(g) {
            let _ = writeln!(out, "  {line}");
        }
    }
    if let Some(why) = &x.sender_reason {
        let _ = writeln!(out, "sender {}: {why}", x.sender.word());
    }
    for a in &x.altered {
        let _ = writeln!(out, "altered by {}: {}", a.by, a.what);
    }
    for o in &x.oddities {
        let _ = writeln!(out, "odd {}: {} ({})", o.rule().id, o.words(), o.rule().reference);
    }
    out
}

fn lines(out: &mut String, bytes: &[u8]) {
    for line in bytes.split(|b| *b == b'\n') {
        let _ = writeln!(out, "{}", text::display(line.strip_suffix(b"\r").unwrap_or(line)));
    }
}

/// A redirect on the way: what was asked, where it led, and what was altered for it.
fn hop_lines(hop: &Exchange, secrets: Secrets) -> String {
    let r = &hop.request;
    let mut out = format!("{} {}{}", text::display(&r.method), r.origin, text::display(&target(r, secrets)));
    if let Some(reply) = &hop.response {
        let headers = response_headers(&reply.headers, secrets);
        let location = headers.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(b"location"));
        let location = location.map(|(_, v)| format!(" to {v}")).unwrap_or_default();
        let _ = write!(out, "   {}{location}", reply.status);
    }
    out.push('\n');
    for a in &hop.altered {
        let _ = writeln!(out, "  altered by {}: {}", a.by, a.what);
    }
    out
}

/// The phases on one line.
pub fn phase_line(p: &Phases) -> String {
    let mut parts: Vec<String> =
        p.list().map(|(phase, d)| format!("{} {}", phase.word(), millis(d.as_secs_f64() * 1e3))).collect();
    if let Some(total) = p.total {
        parts.push(format!("total {} ms", millis(total.as_secs_f64() * 1e3)));
    }
    parts.join("  ")
}

/// What the answer about revocation says, which nobody checked.
pub fn staple_words(s: &Staple) -> String {
    let until = s.next_update.map(|t| format!(" until {t}")).unwrap_or_default();
    let from = s.this_update.map(|t| format!(" from {t}")).unwrap_or_default();
    format!("OCSP staple: {} (unverified){from}{until}", s.status.word())
}

/// The way of a body through its codings: what came, what came out of each; empty for one without.
pub fn codings_line(r: &Response) -> String {
    let mut line = String::new();
    let mut before = r.wire_bytes;
    for (coding, after) in &r.undone {
        let from = if line.is_empty() { bytes(before) } else { String::new() };
        let _ = write!(line, "{from} → {} → {}", text::display_str(coding), bytes(*after));
        before = *after;
    }
    line
}

/// The facts of a handshake, a line each.
pub fn tls_lines(t: &TlsFacts) -> Vec<String> {
    let mut out = Vec::new();
    if !t.version.is_empty() {
        let mut line = format!("{} {}", t.version, t.cipher);
        for fact in [&t.group, &t.signature].into_iter().flatten() {
            let _ = write!(line, "  {fact}");
        }
        if t.client_certificate_requested {
            line.push_str("  asks for a client certificate");
        }
        out.push(line);
        if !t.client_certificate_authorities.is_empty() {
            let names: Vec<String> = t.client_certificate_authorities.iter().map(Untrusted::display).collect();
            out.push(format!("client certificates of {}", names.join("; ")));
        }
    }
    if let Some(leaf) = t.chain.first() {
        let end = leaf.not_after.map(|d| format!(" until {d}")).unwrap_or_default();
        out.push(format!("{} by {}{end}  {}", leaf.subject, leaf.issuer, leaf.key));
    }
    out.extend(t.faults.iter().map(|f| format!("certificate fault: {f}")));
    out.extend(t.staple.map(|s| staple_words(&s)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;

    fn sample() -> Exchange {
        let mut r =
            Request::new("POST", b"http://h/x?token=abc").expect("url").header("Authorization", "Bearer s3cret");
        r.body = bytes::Bytes::from_static(br#"{"password":"s3cret"}"#);
        let mut x = Exchange::new(7, Stamp::from_unix(0).expect("time"), r);
        x.sent = Some(bytes::Bytes::from_static(
            b"POST /x?token=abc HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n{\"password\":\"s3cret\"}",
        ));
        x.response = Some(Response {
            version: "HTTP/1.1".into(),
            status: 200,
            headers: vec![("Set-Cookie".into(), "sid=s3cret; Secure".into())],
            body: bytes::Bytes::from_static(br#"{"access_token":"s3cret"}"#),
            ..Response::default()
        });
        x
    }

    #[test]
    fn nothing_secret_is_left_when_masked() {
        let x = sample();
        let doc = super::super::json::to_string(&document(&x, None, Secrets::Masked));
        assert!(!doc.contains("s3cret"));
        for value in serde_json::from_str::<Value>(&doc).expect("json")["request"].as_object().expect("object").values()
        {
            if let Some(b) = value.as_str().and_then(|s| STANDARD.decode(s).ok()) {
                assert!(!String::from_utf8_lossy(&b).contains("s3cret"));
            }
        }
        assert!(!plain(&x, None, Secrets::Masked).contains("s3cret"));
        let shown = document(&x, None, Secrets::Shown);
        assert_eq!(shown["request"]["headers"][0][1], "Bearer s3cret");
        assert_eq!(shown["request"]["sha256"], document(&x, None, Secrets::Masked)["request"]["sha256"]);
    }

    #[test]
    fn the_document_has_every_field_of_the_contract() {
        let doc = document(&sample(), None, Secrets::Masked);
        assert_eq!(doc["schema"], "lunette.exchange/1");
        for field in ["request", "response", "phases_ms", "connection", "tls", "grade", "hops", "identity", "error"] {
            assert!(doc.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn what_is_no_text_is_named_and_other_charsets_are_read() {
        let mut x = sample();
        let r = x.response.as_mut().expect("a reply");
        r.body = bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02");
        assert_eq!(document(&x, None, Secrets::Shown)["response"]["content"], "PNG image, 3×2");
        let text = plain(&x, None, Secrets::Masked);
        assert!(text.contains("(PNG image, 3×2, which is not shown") && !text.contains("IHDR"), "{text}");
        let r = x.response.as_mut().expect("a reply");
        r.headers = vec![("Content-Type".into(), "text/plain; charset=iso-8859-1".into())];
        r.body = bytes::Bytes::from_static(b"caf\xe9");
        assert!(plain(&x, None, Secrets::Masked).ends_with("caf\u{e9}\n"));
        let doc = document(&x, None, Secrets::Shown);
        assert_eq!((&doc["response"]["charset"], &doc["response"]["content"]), (&json!("windows-1252"), &Value::Null));
        assert_eq!(doc["response"]["body_base64"], STANDARD.encode(b"caf\xe9"), "the bytes stay");
        // Text that begins like something else is text.
        x.response.as_mut().expect("a reply").body = bytes::Bytes::from_static(b"BM is a name");
        assert!(plain(&x, None, Secrets::Masked).ends_with("BM is a name\n"));
    }

    #[test]
    fn of_a_body_that_was_cut_short_a_part_is_written() {
        let mut x = sample();
        let r = x.response.as_mut().expect("a reply");
        (r.body, r.truncated) = (vec![b'x'; MOST_CUT + 1].into(), true);
        let body =
            STANDARD.decode(document(&x, None, Secrets::Shown)["response"]["body_base64"].as_str().expect("text"));
        assert_eq!(body.expect("base64").len(), MOST_CUT);
        assert!(plain(&x, None, Secrets::Shown).contains("of which the first 4.2 MB stand here"));
        x.response.as_mut().expect("a reply").truncated = false;
        let whole = document(&x, None, Secrets::Shown);
        assert_eq!(whole["response"]["truncated"], false);
        assert!(!plain(&x, None, Secrets::Shown).contains("cut short"));
    }

    #[test]
    fn a_sign_in_that_is_asked_for_is_told() {
        let mut x = sample();
        assert!(document(&x, None, Secrets::Masked)["response"]["step_up"].is_null());
        let challenge = "Bearer error=\"insufficient_user_authentication\", acr_values=\"phr\", max_age=60";
        x.response.as_mut().expect("a reply").headers.push(("WWW-Authenticate".into(), challenge.into()));
        let doc = document(&x, None, Secrets::Masked);
        assert_eq!(doc["response"]["step_up"], json!({"acr_values": ["phr"], "max_age_s": 60}));
        let told = "sign in by phr (resists phishing), not more than 60 s ago (RFC 9470)";
        assert!(plain(&x, None, Secrets::Masked).contains(told));
    }
}
