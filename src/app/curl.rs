//! Use case: a curl command as a draft, and a request as a curl command.

use super::{Content, Draft};
use crate::base::{Result, known};
use crate::wire::curl::{self, Data};
use crate::wire::{HttpChoice, Target};

/// What a pasted command became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The request.
    pub draft: Draft,
    /// The HTTP version that it asks for.
    pub http: HttpChoice,
    /// Redirects that it follows.
    pub follow: Option<u32>,
    /// What of it is not carried, or carried otherwise.
    pub notes: Vec<String>,
}

/// Reads a command. No file is opened: what `@` names is read when it is sent.
///
/// # Errors
/// As [`curl::read`].
pub fn imported(text: &str) -> Result<Imported> {
    let command = curl::read(text)?;
    let mut notes = command.notes;
    let said = command.headers.iter().flat_map(|(n, v)| [n, v]).chain([&command.url, &command.method]);
    let body = if let Data::Bytes(bytes) = &command.body { Some(bytes) } else { None };
    // A draft is text: what is none would be sent otherwise than it was pasted.
    if said.chain(body).chain(&command.target).any(|bytes| std::str::from_utf8(bytes).is_err()) {
        notes.push(
            "bytes that are no UTF-8 were replaced; give a body of them as a file, or write the request raw".to_owned(),
        );
    }
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut url = lossy(&command.url);
    if let Some(target) = command.target {
        match Target::parse(&command.url) {
            Ok(to) if target.first() == Some(&b'/') => url = format!("{}{}", to.origin, lossy(&target)),
            _ => notes.push("--request-target was left out; write the request raw to send it".to_owned()),
        }
    }
    for (name, value) in &command.headers {
        known::learn_header(name, value);
    }
    let body = match command.body {
        Data::None => Content::default(),
        Data::Bytes(bytes) => Content::Text(lossy(&bytes)),
        Data::File(path) => Content::File(path),
        Data::Form(parts) => Content::Multipart(
            parts.into_iter().map(|p| (p.name, if p.file { format!("@{}", p.value) } else { p.value })).collect(),
        ),
    };
    let mut headers: Vec<(String, String)> = command.headers.iter().map(|(n, v)| (lossy(n), lossy(v))).collect();
    if matches!(body, Content::Multipart(_)) && !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
        let value = format!("multipart/form-data; boundary={}", super::draft::BOUNDARY);
        headers.push(("Content-Type".to_owned(), value));
    }
    let draft =
        Draft { method: lossy(&command.method), url, headers, body, insecure: command.insecure, ..Draft::default() };
    Ok(Imported { draft, http: command.http, follow: command.follow, notes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_becomes_a_draft() {
        let got = imported("curl -kL h.test/a -F a=1 -F f=@x -H 'X: 1'").expect("read");
        assert_eq!((got.draft.method.as_str(), got.draft.url.as_str()), ("POST", "h.test/a"));
        assert_eq!(got.draft.body, Content::Multipart(vec![("a".into(), "1".into()), ("f".into(), "@x".into())]));
        assert!(got.draft.insecure && got.follow == Some(50) && got.notes.is_empty());
        assert_eq!(got.draft.headers[0], ("X".to_owned(), "1".to_owned()));
        assert!(got.draft.headers.iter().any(|(n, v)| n == "Content-Type" && v.contains("boundary=")));
        let target = imported("curl http://h:81/x --request-target '/a b'").expect("read");
        assert_eq!(target.draft.url, "http://h:81/a b");
        let bytes = imported("curl h -d $'\\xff'").expect("read");
        assert!(bytes.notes.iter().any(|n| n.contains("no UTF-8")), "{:?}", bytes.notes);
        let star = imported("curl http://h/ --request-target '*'").expect("read");
        assert!(star.draft.url == "http://h/" && star.notes.len() == 1);
    }
}
