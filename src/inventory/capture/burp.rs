//! Items saved by Burp: XML with the request and the reply in base64, or as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Call, Capture, MOST_CALLS, lets_in};
use crate::base::secret::is_secret_member;
use crate::base::{Error, Result, Stamp};
use crate::inventory::operations;

pub(super) fn read(bytes: &[u8]) -> Result<Capture> {
    // What stands before may declare elements of the same names.
    let Some(start) = memchr::memmem::find(bytes, b"<items") else {
        return Err(Error::input("this is no file of items saved by Burp").hint("save them with Save items"));
    };
    let mut capture = Capture { format: "file of Burp items", ..Capture::default() };
    let mut rest = &bytes[start..];
    let mut item = Item::default();
    let mut number = 0;
    while let Some((name, attributes, after)) = tag(rest) {
        rest = after_data(&rest[memchr::memchr(b'<', rest).unwrap_or(0)..]).unwrap_or(after);
        if name.starts_with(b"![CDATA[") {
            continue;
        }
        match name {
            b"item" => item = Item::default(),
            b"/item" => {
                number += 1;
                if capture.calls.len() >= MOST_CALLS {
                    break;
                }
                match item.call() {
                    Some(call) => capture.calls.push(call),
                    None => capture.odd(|| format!("item {number}"), "has no request that can be read"),
                }
            }
            _ => {
                if let Some(slot) = item.slot(name) {
                    let (text, after) = content(rest);
                    rest = after;
                    let encoded = memchr::memmem::find(attributes, b"base64=\"true\"").is_some();
                    *slot = if encoded { decode(&text) } else { text };
                }
            }
        }
    }
    Ok(capture)
}

#[derive(Default)]
struct Item {
    url: Vec<u8>,
    method: Vec<u8>,
    status: Vec<u8>,
    time: Vec<u8>,
    length: Vec<u8>,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Item {
    fn slot(&mut self, name: &[u8]) -> Option<&mut Vec<u8>> {
        match name {
            b"url" => Some(&mut self.url),
            b"method" => Some(&mut self.method),
            b"status" => Some(&mut self.status),
            b"time" => Some(&mut self.time),
            b"responselength" => Some(&mut self.length),
            b"request" => Some(&mut self.request),
            b"response" => Some(&mut self.response),
            _ => None,
        }
    }

    fn call(&self) -> Option<Call> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).trim().to_owned();
        let mut call = Call::to(&text(&self.method), &text(&self.url))?;
        call.status = text(&self.status).parse().ok();
        call.time = time(&text(&self.time));
        call.size = text(&self.length).parse().ok();
        let body = self.request.get(head(&self.request).len() + 4..).unwrap_or_default();
        call.operations = operations::of_body(body);
        let target = fields(&self.request).find(|(n, _)| n.eq_ignore_ascii_case("x-amz-target")).map(|(_, v)| v);
        call.told_apart(target.as_deref(), &text(body));
        for (name, value) in fields(&self.response) {
            call.reply_header(&name, &value);
        }
        let query = text(&self.url)
            .split_once('?')
            .is_some_and(|(_, q)| q.split('&').filter_map(|p| p.split('=').next()).any(is_secret_member));
        let sent = query || fields(&self.request).any(|(n, _)| lets_in(&n));
        call.credential = (!self.request.is_empty()).then_some(sent);
        Some(call)
    }
}

/// A message up to the blank line.
fn head(message: &[u8]) -> &[u8] {
    &message[..memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len())]
}

/// The header fields of a message.
fn fields(message: &[u8]) -> impl Iterator<Item = (String, String)> {
    let text = |b: &[u8]| String::from_utf8_lossy(b).trim().to_owned();
    head(message).split(|b| *b == b'\n').skip(1).filter_map(move |line| {
        let (name, value) = line.split_at(memchr::memchr(b':', line)?);
        Some((text(name), text(&value[1..])))
    })
}

/// What follows a CDATA section that starts here, of an element nobody asked for: tags in it are none.
fn after_data(bytes: &[u8]) -> Option<&[u8]> {
    let data = bytes.strip_prefix(b"<![CDATA[")?;
    Some(memchr::memmem::find(data, b"]]>").map_or(&[][..], |end| &data[end + 3..]))
}

/// The next tag: its name with a leading slash where it closes, its attributes, and what follows it.
fn tag(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = memchr::memchr(b'<', bytes)? + 1;
    let rest = &bytes[start..];
    let end = memchr::memchr(b'>', rest)?;
    let inside = &rest[..end];
    let cut = inside.iter().position(u8::is_ascii_whitespace).unwrap_or(inside.len());
    Some((&inside[..cut], &inside[cut..], &rest[end + 1..]))
}

/// The text up to the next tag: a CDATA section as it is, else with its entities resolved.
fn content(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let start = bytes.trim_ascii_start();
    if let Some(data) = start.strip_prefix(b"<![CDATA[") {
        let end = memchr::memmem::find(data, b"]]>").unwrap_or(data.len());
        return (data[..end].to_vec(), data.get(end + 3..).unwrap_or_default());
    }
    let end = memchr::memchr(b'<', bytes).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.into_owned(), |t, (entity, c)| t.replace(entity, c));
    (plain.into_bytes(), &bytes[end..])
}

fn decode(text: &[u8]) -> Vec<u8> {
    let dense: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).unwrap_or_default()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Tue Nov 14 22:13:20 UTC 2023`. The letters of other zones are not unique, so a time in one of them is left out.
fn time(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_, month, day, clock, "UTC" | "GMT", year] = words[..] else { return None };
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    Stamp::parse(&format!("{year}-{month:02}-{day:0>2}T{clock}Z")).map(Stamp::unix)
}
