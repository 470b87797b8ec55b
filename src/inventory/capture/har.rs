//! HAR 1.2: `log.entries[]`.

use serde_json::Value;

use super::{Call, Capture, MOST_CALLS, lets_in};
use crate::base::secret::is_secret_member;
use crate::base::{Result, Stamp};
use crate::inventory::operations;
use crate::wire::har::Archive;

pub(super) fn read(bytes: &[u8]) -> Result<Capture> {
    let har = Archive::read(bytes)?;
    let mut capture = Capture { format: "HAR", ..Capture::default() };
    for (i, entry) in har.entries.iter().take(MOST_CALLS).enumerate() {
        match serde_json::from_str(entry.get()).ok().as_ref().and_then(call) {
            Some(call) => capture.calls.push(call),
            None => capture.odd(|| format!("/log/entries/{i}"), "has no HTTP request that can be read"),
        }
    }
    // Chrome leaves credentials out of what it exports unless it is told otherwise: then their absence says nothing.
    let chrome = har.creator.as_deref() == Some("WebInspector");
    if chrome && !capture.calls.iter().any(|c| c.credential == Some(true)) {
        capture.calls.iter_mut().for_each(|c| c.credential = None);
    }
    Ok(capture)
}

fn call(entry: &Value) -> Option<Call> {
    let request = &entry["request"];
    let url = request["url"].as_str()?;
    let mut call = Call::to(request["method"].as_str()?, url)?;
    call.time = entry["startedDateTime"].as_str().and_then(Stamp::parse).map(Stamp::unix);
    // A status of 0 stands for a request that was blocked or broken off.
    let status = request_status(&entry["response"]["status"])?;
    call.status = Some(status);
    call.micros = entry["time"].as_f64().and_then(micros);
    let size = |value: &Value| value.as_i64().and_then(|n| u64::try_from(n).ok());
    let reply = &entry["response"];
    // -1 stands for what is not known.
    call.size = size(&reply["bodySize"]).or_else(|| size(&reply["content"]["size"]));
    for header in reply["headers"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (header["name"].as_str(), header["value"].as_str()) {
            call.reply_header(name, value);
        }
    }
    let body = request["postData"]["text"].as_str().unwrap_or_default();
    call.operations = operations::of_body(body.as_bytes());
    let target = request["headers"].as_array().into_iter().flatten();
    let target = target.filter(|h| h["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case("x-amz-target")));
    call.told_apart(target.into_iter().find_map(|h| h["value"].as_str()), body);
    let named = |list: &Value, is: fn(&str) -> bool| {
        list.as_array().is_some_and(|all| all.iter().any(|h| h["name"].as_str().is_some_and(is)))
    };
    let cookies = request["cookies"].as_array().is_some_and(|c| !c.is_empty());
    call.credential =
        Some(cookies || named(&request["headers"], lets_in) || named(&request["queryString"], is_secret_member));
    Some(call)
}

fn request_status(value: &Value) -> Option<u16> {
    let n = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    u16::try_from(n).ok().filter(|n| *n < 1000)
}

/// Milliseconds as microseconds; -1 stands for what is not known.
pub(super) fn micros(ms: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, and a part of a microsecond is none"
    )]
    (ms.is_finite() && (0.0..1e15).contains(&ms)).then_some((ms * 1e3) as u64)
}
