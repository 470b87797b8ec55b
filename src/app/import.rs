//! Use case: a request of a file: of a `.http` file, a HAR or a Postman collection, by its number, its name or a part of its URL.

use std::path::Path;

use super::curl::Imported;
use super::{Content, Draft};
use crate::base::error::nearest;
use crate::base::secret::{MASK, is_credential_header};
use crate::base::text::{display, display_str};
use crate::base::{Error, Result, known};
use crate::wire::curl::Data;
use crate::wire::flow::Flow;
use crate::wire::har::{self, Archive};
use crate::wire::http_file::{Part, Template};
use crate::wire::{HttpChoice, Load, Request, postman};

/// Bytes of a file of requests.
const MOST: u64 = 512 << 20;
/// Bytes of a file that is part of a body.
const MOST_BODY: u64 = 64 << 20;
/// Entries that are named where none was chosen.
const MOST_NAMED: usize = 8;

/// A request that was taken from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// One in which variables may stand.
    Draft(Imported),
    /// One that was made, with its bytes; and what of it is left out.
    Made(Request, Vec<String>),
}

/// Splits `FILE#N` and `FILE#NAME`; a file whose own name is that is taken whole.
pub fn split<'a>(text: &'a str, is_file: &dyn Fn(&str) -> bool) -> (&'a str, Option<&'a str>) {
    match text.split_once('#') {
        Some((file, pick)) if !file.is_empty() && !pick.is_empty() && !is_file(text) => (file, Some(pick)),
        _ => (text, None),
    }
}

/// Takes a request. `stays` tells which variables of a `.http` file are given their value later, by an environment.
///
/// # Errors
/// A file that is not there or holds no requests, none of that name, or several and none chosen.
pub fn taken(file: &str, pick: Option<&str>, files: &dyn Load, stays: &dyn Fn(&str) -> bool) -> Result<Got> {
    let path = Path::new(file);
    let bytes = files.whole(path, MOST)?;
    let shown = display_str(file);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    if !text.starts_with(b"{") || text.starts_with(b"{{") {
        return http(path, &bytes, &shown, pick, files, stays);
    }
    let start = &text[..text.len().min(4096)];
    let is = |word: &[u8]| memchr::memmem::find(start, word).is_some();
    if is(b"getpostman.com") || is(b"_postman_id") || is(b"schema.postman.com") || is(b"\"item\"") && !is(b"\"log\"") {
        return of_postman(&bytes, &shown, pick);
    }
    let archive = Archive::read(&bytes).map_err(|e| e.at(&shown))?;
    let entries: Vec<serde_json::Value> = match pick.and_then(|p| p.parse::<usize>().ok()) {
        // The others are not looked at.
        Some(n) => {
            let chosen = n.checked_sub(1).and_then(|i| archive.entries.get(i));
            let value = chosen.and_then(|e| serde_json::from_str(e.get()).ok());
            return made(&value.ok_or_else(|| absent(&shown, n, archive.entries.len()))?, &shown, n);
        }
        None => archive.entries.iter().map(|e| serde_json::from_str(e.get()).unwrap_or_default()).collect(),
    };
    let label = |e: &serde_json::Value| {
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        format!("{} {}", text(&e["request"]["method"]), text(&e["request"]["url"]))
    };
    let labels: Vec<String> = entries.iter().map(label).collect();
    let at = chosen(&labels, pick, &shown)?;
    made(&entries[at], &shown, at + 1)
}

fn absent(shown: &str, n: usize, of: usize) -> Error {
    Error::input(format!("there is no request {n} in it")).at(shown).hint(format!("it has {of}, counted from 1"))
}

/// Which of several: by number, by the whole label, or by a part that one alone has.
fn chosen(labels: &[String], pick: Option<&str>, shown: &str) -> Result<usize> {
    let named = |all: &[usize]| {
        let each = all.iter().take(MOST_NAMED).map(|i| {
            let label = String::from_utf8_lossy(&crate::base::secret::mask_target(labels[*i].as_bytes())).into_owned();
            format!("#{} {}", i + 1, display_str(&label.chars().take(80).collect::<String>()))
        });
        let more = all.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} others") } else { String::new() };
        format!("{}{more}", each.collect::<Vec<_>>().join(", "))
    };
    let all: Vec<usize> = (0..labels.len()).collect();
    let Some(pick) = pick else {
        return match labels.len() {
            0 => Err(Error::input("there is no request in it").at(shown).hint("give another file")),
            1 => Ok(0),
            n => Err(Error::input(format!("it holds {n} requests"))
                .at(shown)
                .hint(format!("choose one: {}", named(&all)))),
        };
    };
    if let Ok(n) = pick.parse::<usize>() {
        return n.checked_sub(1).filter(|i| *i < labels.len()).ok_or_else(|| absent(shown, n, labels.len()));
    }
    if let Some(at) = labels.iter().position(|l| l == pick) {
        return Ok(at);
    }
    let found: Vec<usize> = all.into_iter().filter(|i| labels[*i].contains(pick)).collect();
    match found[..] {
        [at] => Ok(at),
        [] => {
            let error = Error::input(format!("no request in it is {}", display_str(pick))).at(shown);
            Err(match nearest(pick, labels.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {}?", display_str(near))),
                None => error.hint("choose one by its number, its name or a part of its URL"),
            })
        }
        _ => Err(Error::input(format!("{} is in {} requests", display_str(pick), found.len()))
            .at(shown)
            .hint(format!("choose one: {}", named(&found)))),
    }
}

fn made(entry: &serde_json::Value, shown: &str, n: usize) -> Result<Got> {
    let har::Taken { request, notes } = har::request(entry).map_err(|e| {
        let what = e.place.as_ref().map_or_else(|| e.what.clone(), |place| format!("{place}: {}", e.what));
        Error { what, ..e }.at(format!("{shown}#{n}"))
    })?;
    let mut notes = notes;
    if entry["_lunette"]["masked"] == true && entry["request"].to_string().contains(MASK) {
        notes.push(format!("what was masked when it was exported stands as {MASK}"));
    }
    for (name, value) in &request.headers {
        known::learn_header(name, value);
    }
    Ok(Got::Made(request, notes))
}

/// Leaves out the credentials that a request brings along, since an identity sends it; and says so.
pub fn leave_credentials(request: &mut Request) -> Option<String> {
    let mut out = Vec::new();
    request.headers.retain(|(name, _)| {
        let stays = !is_credential_header(name);
        if !stays {
            out.push(display(name));
        }
        stays
    });
    (!out.is_empty()).then(|| format!("{} of the file is left out, since an identity sends it", out.join(", ")))
}

fn http(
    path: &Path,
    bytes: &[u8],
    shown: &str,
    pick: Option<&str>,
    files: &dyn Load,
    stays: &dyn Fn(&str) -> bool,
) -> Result<Got> {
    let flow = Flow::read(bytes, shown)?;
    let file = &flow.file;
    let labels: Vec<String> =
        file.requests.iter().map(|e| e.name.clone().unwrap_or_else(|| format!("{} {}", e.method, e.url))).collect();
    let at = chosen(&labels, pick, shown)?;
    let (entry, step) = (&file.requests[at], &flow.steps[at]);
    let mut notes: Vec<String> = flow.notes.iter().map(|(line, what)| format!("{shown}:{line}: {what}")).collect();
    if !step.assertions.is_empty() || !step.captures.is_empty() || step.retry.is_some() {
        notes.push("what is captured, asserted and tried again is left to lunette run".to_owned());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    // What the file itself gives is put in; what is captured, referred to or of an environment stays a variable.
    let put = |t: &Template| -> Result<String> {
        let mut known = |name: &str| {
            let own = file.variables.iter().any(|v| v.name == name) && !stays(name);
            (!own).then(|| Ok(format!("{{{{{name}}}}}").into_bytes()))
        };
        Ok(String::from_utf8_lossy(&file.fill(t, shown, &mut known)?).into_owned())
    };
    let mut headers = Vec::with_capacity(entry.headers.len());
    for (name, value) in &entry.headers {
        headers.push((put(name)?, put(value)?));
    }
    let body = match &entry.body[..] {
        [Part::File { path, fill: false }] => Content::File(folder.join(put(path)?).to_string_lossy().into_owned()),
        parts => {
            let mut text = Vec::new();
            for part in parts {
                match part {
                    Part::Text(t) => text.extend(put(t)?.into_bytes()),
                    Part::File { path, .. } => text.extend(files.exact(&folder.join(put(path)?), MOST_BODY)?),
                }
            }
            if std::str::from_utf8(&text).is_err() {
                notes.push("bytes of the body that are no UTF-8 were replaced; give it as one file".to_owned());
            }
            Content::Text(String::from_utf8_lossy(&text).into_owned())
        }
    };
    let draft = Draft {
        method: entry.method.clone(),
        url: put(&entry.url)?,
        headers,
        body,
        identity: step.identity.as_ref().and_then(|(_, name)| name.clone()),
        ..Draft::default()
    };
    let follow = u32::try_from(step.follow).ok().filter(|n| *n > 0);
    Ok(Got::Draft(Imported { draft, http: HttpChoice::Auto, follow, notes }))
}

fn of_postman(bytes: &[u8], shown: &str, pick: Option<&str>) -> Result<Got> {
    let mut collection = postman::read(bytes).map_err(|e| e.at(shown))?;
    let labels: Vec<String> = collection.items.iter().map(|i| i.name.clone()).collect();
    let item = collection.items.swap_remove(chosen(&labels, pick, shown)?);
    let values = collection.variables;
    // A value may hold a variable itself, which is not put in: it stays one.
    let fill = |text: &str| {
        let template = Template::parse(text, 0);
        let mut value = |name: &str| {
            let found = values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            Ok(found.unwrap_or_else(|| format!("{{{{{name}}}}}")).into_bytes())
        };
        Ok::<_, Error>(String::from_utf8_lossy(&template.put(&mut value)?).into_owned())
    };
    let mut headers = Vec::with_capacity(item.headers.len());
    for (name, value) in &item.headers {
        headers.push((fill(name)?, fill(value)?));
    }
    let body = match item.body {
        Data::None => Content::default(),
        Data::Bytes(bytes) => Content::Text(fill(&String::from_utf8_lossy(&bytes))?),
        Data::File(path) => Content::File(path),
        Data::Form(parts) => {
            let each =
                parts.into_iter().map(|p| Ok((p.name, if p.file { format!("@{}", p.value) } else { fill(&p.value)? })));
            Content::Multipart(each.collect::<Result<_>>()?)
        }
    };
    if matches!(body, Content::Multipart(_)) && !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), format!("multipart/form-data; boundary={}", super::draft::BOUNDARY)));
    }
    let draft = Draft { method: item.method, url: fill(&item.url)?, headers, body, ..Draft::default() };
    Ok(Got::Draft(Imported { draft, http: HttpChoice::Auto, follow: None, notes: item.notes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Disk, Scratch};

    fn take(name: &str, text: &str, pick: Option<&str>) -> Result<Got> {
        let file = Scratch::write(name, text.as_bytes()).expect("a file");
        taken(&file.path().to_string_lossy(), pick, &Disk, &|name| name == "env")
    }

    #[test]
    fn a_request_is_chosen_by_number_name_or_a_part_that_one_alone_has() {
        let labels = ["GET http://h/a", "GET http://h/ab", "POST http://h/c?token=s3cret"].map(str::to_owned);
        let pick = |p| chosen(&labels, Some(p), "f").map_err(|e| e.to_string());
        assert_eq!([pick("2"), pick("/ab"), pick("POST"), pick("GET http://h/a")], [Ok(1), Ok(1), Ok(2), Ok(0)]);
        assert_eq!(
            pick("GET"),
            Err("f: GET is in 2 requests; choose one: #1 GET http://h/a, #2 GET http://h/ab".to_owned())
        );
        assert!(pick("4").is_err_and(|e| e.contains("it has 3")) && pick("0").is_err() && pick("zzz").is_err());
        let all = chosen(&labels, None, "f").expect_err("several").to_string();
        assert!(all.contains("it holds 3 requests") && !all.contains("s3cret"), "{all}");
        let is_file = |t: &str| t == "a#b";
        assert_eq!(split("a#b", &is_file), ("a#b", None));
        assert_eq!((split("a.har#2", &is_file), split("a", &is_file)), (("a.har", Some("2")), ("a", None)));
    }

    #[test]
    fn an_entry_keeps_its_variables_but_those_of_its_file() {
        let text = "@base = http://h\n@env = 1\n### one\n# @identity alice\n# @follow 3\n# @assert status 200\n\
            POST {{base}}/{{id}}?{{env}}\nA: {{env:X}}\n\n{\"a\": \"{{base}}\"}\n### two\nGET http://h/\n";
        let Ok(Got::Draft(got)) = take("f.http", text, Some("one")) else { panic!("a draft") };
        assert_eq!(got.draft.url, "http://h/{{id}}?{{env}}");
        assert_eq!(got.draft.headers, [("A".to_owned(), "{{env:X}}".to_owned())]);
        assert_eq!(got.draft.body, Content::Text("{\"a\": \"http://h\"}".to_owned()));
        assert_eq!((got.draft.identity.as_deref(), got.follow, got.notes.len()), (Some("alice"), Some(3), 1));
        let file = "POST http://h/\n\n< x.bin\n";
        let Ok(Got::Draft(got)) = take("g.http", file, None) else { panic!("a draft") };
        assert!(matches!(&got.draft.body, Content::File(path) if path.ends_with("/x.bin")), "{:?}", got.draft.body);
    }

    #[test]
    fn an_entry_of_an_archive_is_made_and_one_of_a_collection_typed() {
        let har = r#"{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/{{x}}", "headers": [{"name": "Cookie", "value": "a=b"}, {"name": "X", "value": "1"}]}}, 5]}}"#;
        let Ok(Got::Made(mut request, _)) = take("a.har", har, Some("1")) else { panic!("a request") };
        assert_eq!(request.target, b"/{{x}}");
        assert!(leave_credentials(&mut request).is_some_and(|n| n.starts_with("Cookie of the file")));
        assert_eq!(request.headers.len(), 1);
        assert!(take("a.har", har, Some("2")).is_err_and(|e| e.to_string().contains("a.har#2: /request: ")));
        let postman = r#"{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/"}, "variable": [{"key": "b", "value": "http://h"}],
            "item": [{"name": "x", "request": {"url": "{{b}}/{{c}}"}}]}"#;
        let Ok(Got::Draft(got)) = take("p.json", postman, None) else { panic!("a draft") };
        assert_eq!(got.draft.url, "http://h/{{c}}");
    }
}
