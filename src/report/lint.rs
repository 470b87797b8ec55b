//! The `lunette.jwt/1` document of a token that was judged, the `lunette.jwt-crack/1` document, and both as plain text.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::token::{document as read, stands};
use crate::base::figure::count;
use crate::jwt::check::Checked;
use crate::jwt::crack::{Guessed, Outcome};
use crate::jwt::lint::{Judgement, Profile};

/// The document of a token with what was found.
pub fn document(checked: &Checked, j: &Judgement) -> Value {
    let mut doc = read(checked);
    doc["profile"] = j.profile.map(Profile::word).into();
    put_secret(&mut doc, j.secret.as_ref());
    doc["findings"] = json!(j.findings);
    doc
}

/// Puts in a secret that was found: in full, since it is what was looked for.
fn put_secret(doc: &mut Value, found: Option<&Guessed>) {
    let text = found.and_then(|f| std::str::from_utf8(f.secret.as_bytes()).ok());
    doc["secret"] = match (text, found) {
        (Some(text), _) => text.into(),
        (None, Some(found)) => base64(found.secret.as_bytes()).into(),
        (None, None) => Value::Null,
    };
    doc["secret_encoding"] = found.map(|_| if text.is_some() { "text" } else { "base64" }).into();
    doc["secret_origin"] = found.map(|f| f.origin.as_str()).into();
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A secret in one line, in display form: bytes that are no text as base64.
fn named(found: &Guessed) -> String {
    let shown = match std::str::from_utf8(found.secret.as_bytes()) {
        Ok("") => "(empty)".to_owned(),
        Ok(_) => found.secret.display(),
        Err(_) => format!("base64 {}", base64(found.secret.as_bytes())),
    };
    format!("{shown}   {}", found.origin)
}

/// What was found, a line each with what to do about it.
pub fn plain(checked: &Checked, j: &Judgement) -> String {
    let mut out = stands(checked);
    let _ = match j.profile {
        Some(p) => writeln!(out, "judged as {}, {}", p.words(), j.why),
        None => writeln!(out, "judged by the rules for all: {}", j.why),
    };
    if let Some(found) = &j.secret {
        let _ = writeln!(out, "secret    {}", named(found));
    }
    out.push('\n');
    for f in &j.findings {
        let _ = writeln!(out, "{:<8} {}: {}", f.severity.word(), f.id, f.detail);
    }
    if j.findings.is_empty() {
        out.push_str("nothing was found\n");
    } else {
        out.push_str("\nfix\n");
        for f in &j.findings {
            let _ = writeln!(out, "  {}: {}", f.id, f.fix);
        }
        out.push_str("\nlunette rules ID explains a rule\n");
    }
    out
}

/// The document of a secret that was looked for.
pub fn cracked(o: &Outcome) -> Value {
    let mut doc = json!({
        "schema": "lunette.jwt-crack/1",
        "secret": null,
        "candidates": o.progress.candidates,
        "elapsed_ms": u64::try_from(o.progress.elapsed.as_millis()).unwrap_or(u64::MAX),
        "rate_per_s": o.progress.rate(),
        "compressions": o.cost,
        "skipped": o.skipped,
        "stopped": o.stopped,
    });
    put_secret(&mut doc, o.secret.as_ref());
    if o.cancelled {
        doc["partial"] = true.into();
    }
    doc
}

/// The same as text.
pub fn plain_cracked(o: &Outcome) -> String {
    let mut out = match &o.secret {
        Some(found) => format!("secret {}\n", named(found)),
        None if o.cancelled => "not found until it was interrupted\n".to_owned(),
        None => "not found\n".to_owned(),
    };
    let _ = write!(out, "{} keys tried in {:.2} s", count(o.progress.candidates), o.progress.elapsed.as_secs_f64());
    // Of the built-in list alone most of the time is not spent on trying.
    if o.progress.done > 0 {
        let _ = write!(out, ", {} a second, {} compressions each", count(o.progress.rate()), o.cost);
    }
    out.push('\n');
    if o.skipped > 0 {
        let _ = writeln!(out, "lines longer than 64 KiB, which were passed over: {}", count(o.skipped));
    }
    if let Some(why) = &o.stopped {
        let _ = writeln!(out, "the list: {why}");
    }
    out
}
