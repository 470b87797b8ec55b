//! The requests of an archive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::wire::Request;
use crate::wire::escape;
use crate::wire::request::is_name_byte;

/// Header fields of one request that are read.
const MOST_FIELDS: usize = 1_000;

/// The outside of an archive alone; each entry is looked at for itself, so that an odd one costs that one.
#[derive(Debug)]
pub struct Archive<'a> {
    /// The name of the program that wrote it.
    pub creator: Option<String>,
    /// Its entries.
    pub entries: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Outside<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(default)]
    creator: Value,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

impl<'a> Archive<'a> {
    /// Reads an archive.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let outside: Outside<'_> = serde_json::from_slice(bytes).map_err(|e| {
            Error::input(format!("this is no HAR: {}", display_str(&e.to_string()))).hint("export it again as HAR 1.2")
        })?;
        let creator = outside.log.creator["name"].as_str().map(str::to_owned);
        Ok(Self { creator, entries: outside.log.entries })
    }
}

/// A request that was taken from an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The request.
    pub request: Request,
    /// What of the entry is left out, a sentence each in display form.
    pub notes: Vec<String>,
}

/// The request of an entry, as it is sent again: without the pseudo-headers of HTTP/2, and without what belongs to the
/// connection it went over or is written anew.
///
/// # Errors
/// No method or no URL that is sent here.
pub fn request(entry: &Value) -> Result<Taken> {
    let asked = &entry["request"];
    let (Some(method), Some(url)) = (asked["method"].as_str(), asked["url"].as_str()) else {
        return Err(Error::input("this entry has no request").at("/request").hint("choose another"));
    };
    let mut notes = Vec::new();
    let mut request = Request::new(method, url.as_bytes())?;
    let authority = request.origin.authority();
    for header in asked["headers"].as_array().into_iter().flatten().take(MOST_FIELDS) {
        let (Some(name), Some(value)) = (header["name"].as_str(), header["value"].as_str()) else { continue };
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let own = is("content-length")
            || is("connection")
            || is("keep-alive")
            || is("proxy-connection")
            || is("transfer-encoding")
            || is("host") && value.eq_ignore_ascii_case(&authority);
        if name.starts_with(':') || own {
            continue;
        }
        if name.is_empty() || !name.bytes().all(is_name_byte) || value.contains(['\r', '\n', '\0']) {
            notes.push(format!("the header {} cannot be one and is left out", display_str(name)));
            continue;
        }
        request.headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    }
    // Some exporters keep cookies in their list alone.
    let cookies: Vec<String> = asked["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| Some(format!("{}={}", c["name"].as_str()?, c["value"].as_str()?)))
        .filter(|c| !c.contains(['\r', '\n', '\0', ';']))
        .collect();
    if request.get("cookie").is_none() && !cookies.is_empty() {
        request = request.header("Cookie", &cookies.join("; "));
    }
    body(&asked["postData"], &mut request, &mut notes);
    let declared = asked["bodySize"].as_u64().filter(|n| *n > 0);
    if request.body.is_empty() && declared.is_some() {
        notes.push("the archive does not hold its body".to_owned());
    }
    Ok(Taken { request, notes })
}

fn body(posted: &Value, request: &mut Request, notes: &mut Vec<String>) {
    if !posted.is_object() {
        return;
    }
    let media = posted["mimeType"].as_str().unwrap_or_default();
    if let Some(text) = posted["text"].as_str().filter(|t| !t.is_empty()) {
        let encoded = [&posted["_encoding"], &posted["encoding"]].iter().any(|e| **e == "base64");
        request.body = match STANDARD.decode(text) {
            Ok(bytes) if encoded => bytes.into(),
            _ => text.to_owned().into(),
        };
        if !encoded && text.contains('\u{fffd}') {
            notes.push("the body was no text, and the archive does not hold its bytes".to_owned());
        }
    } else if media.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        let form = |value: &Value| Some(escape::form(value.as_str()?.as_bytes(), b"*-._"));
        let pair = |p: &Value| Some([form(&p["name"])?, form(&p["value"]).unwrap_or_default()].join("="));
        let pairs: Vec<String> = posted["params"].as_array().into_iter().flatten().filter_map(pair).collect();
        request.body = pairs.join("&").into();
    } else if posted["params"].as_array().is_some_and(|p| !p.is_empty()) {
        notes.push(format!(
            "the parts of the body ({}) are left out: the archive does not hold it whole",
            display_str(media)
        ));
    }
    let fits = !media.is_empty() && !media.bytes().any(|b| b < b' ' || b == 0x7f);
    if !request.body.is_empty() && fits && request.get("content-type").is_none() {
        *request = request.clone().header("Content-Type", media);
    }
    let coded = request.get("content-encoding").map(display).filter(|_| !request.body.is_empty());
    if let Some(coding) = coded {
        notes.push(format!("the body is sent as it stands in the archive, with Content-Encoding: {coding}"));
    }
}
