//! What would be sent, and how: said without sending it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::base::secret::{mask_body, mask_header, mask_message, mask_target};
use crate::base::text::display;
use crate::engine::Choice;
use crate::wire::http1::written;
use crate::wire::{Request, Sender};

use super::exchange::Secrets;

/// The `lunette.explanation/1` document of a request: its parts, the sender, and what would be altered.
pub fn document(request: &Request, choice: &Result<Choice, String>, adds: &[String], secrets: Secrets) -> Value {
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

/// The same as text.
pub fn plain(request: &Request, choice: &Result<Choice, String>, adds: &[String], secrets: Secrets) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "nothing was sent; this would go to {}:", request.origin);
    let bytes = written(request);
    let bytes = if secrets == Secrets::Masked { mask_message(&bytes) } else { bytes.to_vec() };
    for line in bytes.split(|b| *b == b'\n') {
        let _ = writeln!(out, "  {}", display(line.strip_suffix(b"\r").unwrap_or(line)));
    }
    if let Some(name) = &request.identity {
        let adds = if adds.is_empty() { "nothing to the bytes".to_owned() } else { adds.join(", ") };
        let _ = writeln!(out, "identity {} adds {adds}", crate::base::text::display_str(name));
    }
    match choice {
        Err(why) => {
            let _ = writeln!(out, "refused: {why}");
        }
        Ok(choice) => {
            let why = choice.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
            let version = if choice.may_be_http2 { " on HTTP/1.1" } else { "" };
            let _ = writeln!(out, "sender {}{version}{why}", choice.http1.word());
            if choice.may_be_http2 {
                let _ = writeln!(out, "sender {} on HTTP/2, where the server agrees to it", Sender::Hyper.word());
            }
            for a in &choice.altered {
                let _ = writeln!(out, "altered by {} on HTTP/2: {}", a.by, a.what);
            }
        }
    }
    out
}
