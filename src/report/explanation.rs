//! What would be sent, and how: said without sending it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::base::secret::{mask_body, mask_header, mask_message, mask_target};
use crate::base::text::display;
use crate::engine::Choice;
use crate::wire::Request;
use crate::wire::http1::written;

use super::exchange::Secrets;

/// One part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `method`, `URL`, `header Accept`, `body`, `identity`, `scope`, `sender`, `altered`.
    pub what: String,
    /// In display form, with secrets masked.
    pub value: String,
    /// Where it came from.
    pub from: String,
}

/// What would be sent, and how.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What the request is about, with secrets masked.
    pub title: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// The request with all that is put in but the credential.
    pub request: Request,
    /// Headers that the identity adds when it is sent.
    pub adds: Vec<String>,
    /// How it would be carried, or why it would not.
    pub choice: Result<Choice, String>,
}

/// The parts as lines of one width of their first column.
pub fn lines(parts: &[Part]) -> Vec<String> {
    let width = parts.iter().map(|p| p.what.chars().count()).max().unwrap_or(0).min(28);
    let line = |p: &Part| {
        let from = if p.from.is_empty() { String::new() } else { format!("   ({})", p.from) };
        format!("{:width$}  {}{from}", p.what, p.value)
    };
    parts.iter().map(line).collect()
}

/// The `lunette.explanation/1` document of a request: its parts, the sender, and what would be altered.
pub fn document(explained: &Explanation, secrets: Secrets) -> Value {
    let Explanation { request, choice, adds, .. } = explained;
    let masked = secrets == Secrets::Masked;
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let target = if masked { mask_target(&request.target) } else { request.target.clone() };
    let value = |n: &[u8], v: &[u8]| if masked { mask_header(n, v) } else { v.to_vec() };
    let headers: Vec<Value> = request.headers.iter().map(|(n, v)| json!([lossy(n), lossy(&value(n, v))])).collect();
    let bytes = written(request);
    let choice_of = choice.as_ref().ok();
    json!({
        "schema": "lunette.explanation/1",
        "masked": masked,
        "request": {
            "method": display(&request.method),
            "url": format!("{}{}", request.origin, lossy(&target)),
            "target": lossy(&target),
            "headers": headers,
            "body_base64": STANDARD.encode(if masked { mask_body(&request.body) } else { request.body.to_vec() }),
            "http1_bytes_base64": STANDARD.encode(if masked { mask_message(&bytes) } else { bytes.to_vec() }),
            "raw": request.raw.is_some(),
        },
        "parts": explained.parts.iter().map(|p| json!({"what": p.what, "value": p.value, "from": p.from})).collect::<Vec<_>>(),
        "identity": request.identity,
        "identity_adds": adds,
        "sender": choice_of.map(|c| c.http1.word()),
        "sender_reason": choice_of.and_then(|c| c.reason.clone()),
        "may_be_http2": choice_of.map(|c| c.may_be_http2),
        "altered_on_http2": choice_of.map(|c| {
            c.altered.iter().map(|a| json!({"by": a.by, "what": a.what})).collect::<Vec<_>>()
        }),
        "refused": choice.as_ref().err(),
        "sent": false,
    })
}

/// The same as text: the parts, and the bytes as HTTP/1.1 has them.
pub fn plain(explained: &Explanation, secrets: Secrets) -> String {
    let mut out = format!("nothing was sent; {}\n{}\n", explained.title, lines(&explained.parts).join("\n"));
    let bytes = written(&explained.request);
    let bytes = if secrets == Secrets::Masked { mask_message(&bytes) } else { bytes.to_vec() };
    let _ = writeln!(out, "\nas HTTP/1.1:");
    for line in bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|b| *b == b'\n') {
        let _ = writeln!(out, "  {}", display(line.strip_suffix(b"\r").unwrap_or(line)));
    }
    out
}
