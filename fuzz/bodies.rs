//! What each fuzz target does with any bytes. The tests run the same over the seeds in `corpus/`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette::base::Stamp;
use lunette::engine::decode::{Parts, codings, in_memory};
use lunette::inventory::log::{Choice, FORMATS};
use lunette::inventory::template::{Asked, Match, Trie, infer, split_target, unique_names};
use lunette::inventory::{Builder, Document, Inventory, Kind, Reply, compose, sniff};
use lunette::wire::Caps;

fn now() -> Stamp {
    Stamp::from_unix(1_700_000_000).expect("a year that is written in four digits")
}

/// Any bytes as a specification: reading, resolving and listing never panic, and end.
pub fn spec(bytes: &[u8]) {
    let Ok((document, problems)) = Document::read(Arc::from("fuzz"), bytes.to_vec()) else { return };
    for index in 0..document.operations().len().min(64) {
        let operation = document.operation(index, None);
        for body in [br#"{"a": [1, {"b": null}], "c": "2024-01-31"}"#.as_slice(), b"[[]]", b"1.5"] {
            let reply = Reply { status: 200, content_type: Some(b"application/json"), body, head: false };
            let _ = document.judge_reply(index, &reply, None);
        }
        if let Some(body) = &operation.body {
            let _ = document.judge_body(index, &body.media_type, body.text.as_bytes(), None);
        }
        for parameter in operation.parameters.iter().take(16) {
            let _ = document.judge_parameter(index, parameter, None);
        }
    }
    let mut builder = Builder::new(now());
    builder.spec(document, problems);
    let inventory = builder.finish();
    for index in 0..inventory.endpoints.len().min(64) {
        let _ = compose(&inventory, index, None);
    }
}

/// Any bytes as an access log, in the format that the first byte picks or that is detected, in blocks of a size that it chooses
/// too: the list is the same as from one block.
pub fn log(bytes: &[u8]) {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let _ = sniff("fuzz", bytes);
    let pasted = ["$status|$request|$time_iso8601", "json:method=m,target=u,status=s,ms=t"];
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name).chain(pasted).collect();
    let choice = names.get(usize::from(first) % (names.len() + 1)).map_or(Ok(Choice::Detect), |n| Choice::parse(n));
    let choice = choice.expect("a format");
    let block = usize::from(first) + 1;
    let (a, b) = (read(bytes, &choice, block), read(bytes, &choice, bytes.len().max(1)));
    let (Some(a), Some(b)) = (a, b) else { return };
    assert_eq!(a.logs, b.logs);
    assert_eq!(a.log_lines, b.log_lines);
    assert_eq!(a.unparsed, b.unparsed);
    assert_eq!(a.noise, b.noise);
    let list = |i: &Inventory| i.endpoints.iter().map(|e| (e.path.clone(), e.requests)).collect::<Vec<_>>();
    assert_eq!(list(&a), list(&b));
    declared(&a);
}

/// What is written of a list as an OpenAPI document is one, with nothing odd in it.
fn declared(inventory: &Inventory) {
    let written = lunette::report::json::to_string(&lunette::report::openapi::document(inventory).document);
    let (_, problems) = Document::read(Arc::from("own"), written.into_bytes()).expect("its own document");
    assert_eq!(problems, []);
}

/// Any lines as declared templates, and after an empty line as request targets: a path that is declared without variables is
/// found again, and all searches end.
pub fn trie(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (declared, asked) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut trie = Trie::default();
    for (number, template) in (0u32..).zip(declared.lines().take(200)) {
        let first = trie.insert(template, "GET", None, number);
        let plain = template.len() < 200 && !template.contains(['{', '?', '#', '%', ';']);
        if plain && template.starts_with('/') {
            let asked = Asked { method: b"GET", host: None, path: template.as_bytes(), query: b"" };
            let found = trie.find(&asked);
            assert!(matches!(found, Match::Declared(_)), "{template}: {found:?}, {first:?}");
        }
    }
    let mut scratch = Vec::new();
    for target in asked.lines().take(200) {
        let (path, query) = split_target(target.as_bytes(), &mut scratch);
        let asked = Asked { method: b"POST", host: Some(b"h"), path, query };
        assert!(!matches!(trie.find(&asked), Match::Declared(_)), "nothing is declared with POST");
        let mut inferred = Vec::new();
        infer(path, &mut inferred);
        assert!(inferred.starts_with(b"/"));
        let _ = unique_names(&inferred);
    }
}

fn read(bytes: &[u8], choice: &Choice, block: usize) -> Option<Inventory> {
    let mut builder = Builder::new(now());
    builder.log_as(Arc::from("fuzz"), choice).expect("a format");
    for part in bytes.chunks(block) {
        builder.feed(part).ok()?;
    }
    builder.end_log().ok()?;
    Some(builder.finish())
}

/// Any bytes as a capture of each kind: read or answered in one sentence.
pub fn capture(bytes: &[u8]) {
    for kind in [Kind::Har, Kind::Postman, Kind::Burp] {
        let mut builder = Builder::new(now());
        if let Err(e) = builder.capture(&Arc::from("fuzz"), kind, bytes) {
            assert!(!e.to_string().chars().any(char::is_control), "{e}");
        }
        declared(&builder.finish());
    }
    requests(bytes);
}

/// What is taken from an archive or a collection is a request without a line break in its head, and one that is written to an archive
/// is read from it again.
fn requests(bytes: &[u8]) {
    use lunette::wire::har::{Archive, archive, request};
    use lunette::wire::{Exchange, postman};
    let safe = |notes: &[String]| assert!(!notes.iter().any(|n| n.chars().any(lunette::base::text::is_hazard)));
    if let Ok(read) = Archive::read(bytes) {
        for entry in read.entries.iter().take(64) {
            let Ok(value) = serde_json::from_str(entry.get()) else { continue };
            let Ok(taken) = request(&value) else { continue };
            safe(&taken.notes);
            let fields = taken.request.headers.iter().flat_map(|(n, v)| [n, v]);
            assert!(!fields.flatten().any(|b| matches!(b, b'\r' | b'\n' | 0)));
            let again = archive(&[&Exchange::new(1, now(), taken.request.clone())], true);
            let again = request(&again["log"]["entries"][0]).expect("what was written is read");
            assert_eq!(again.request, taken.request);
        }
    }
    if let Ok(collection) = postman::read(bytes) {
        collection.items.iter().for_each(|item| safe(&item.notes));
    }
}

/// Whatever is asserted is judged, and a request that is made is written so that it is read again, or is said to differ.
fn flow(bytes: &[u8]) {
    use lunette::wire::flow::{Facts, Flow};
    use lunette::wire::http_file::write::{Item, write};
    use lunette::wire::{Exchange, HttpFile, Request, Response};
    let Ok(flow) = Flow::read(bytes, "fuzz.http") else { return };
    let mut known = |_: &str| Some(Ok(b"value".to_vec()));
    let mut exchange = Exchange::new(1, now(), Request::new("GET", b"http://h/").expect("a URL"));
    exchange.response = Some(Response { status: 200, body: bytes.to_vec().into(), ..Response::default() });
    for (entry, step) in flow.file.requests.iter().zip(&flow.steps).take(16) {
        for assertion in &step.assertions {
            let facts = Facts { exchange: &exchange, grade: None, show: false };
            let checked = assertion.check(facts, &mut |t| flow.file.fill(t, "fuzz.http", &mut known));
            assert!(!checked.actual.chars().any(lunette::base::text::is_hazard), "{checked:?}");
        }
        let Ok(made) = flow.file.request(entry, "fuzz.http", &mut known, &mut |_| Ok(Vec::new())) else { continue };
        let written = write(&[Item::of(&made)], true, &|_| "beside".to_owned());
        let file = HttpFile::read(written.text.as_bytes(), "again.http").expect("what was written is read");
        assert_eq!(file.requests.len(), 1, "{written:?}");
        let body = written.bodies.first().map(|(_, body)| body.clone()).unwrap_or_default();
        let again = file.request(&file.requests[0], "again.http", &mut |_| None, &mut |_| Ok(body.clone()));
        let told = written.notes.iter().any(|n| !n.starts_with("the body of"));
        assert!(told || again.as_ref().is_ok_and(|r| *r == made), "{written:?} {again:?} {made:?}");
    }
}

/// Any bytes as a token, as keys, and up to the first zero byte as the one with the rest as the other: something is read, it
/// is checked, and nothing of it reaches a screen raw.
pub fn token(bytes: &[u8]) {
    let cut = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let keys = keys(bytes.get(cut + 1..).unwrap_or_default());
    for text in [bytes, &bytes[..cut]] {
        let read = lunette::app::token::read(text);
        assert_eq!(read.encode(), read.token.as_bytes());
        for part in [&read.header, &read.claims] {
            for index in 0..part.members.len() {
                assert!(part.place(index).is_none_or(|place| place.end <= read.token.len()));
            }
        }
        let checked = lunette::app::token::verify(read, &keys);
        let shown = lunette::report::token::plain(&checked, now());
        assert!(!shown.chars().any(|c| c != '\n' && lunette::base::text::is_hazard(c)));
        let document = lunette::report::token::document(&checked);
        let document = lunette::report::json::to_string(&document);
        assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
        judged(&checked.token, &keys);
    }
    for range in lunette::base::secret::find_tokens(bytes) {
        let _ = lunette::jwt::decode(&bytes[range]);
    }
    let _ = lunette::base::secret::mask_message(bytes);
}

/// A token judged with keys, as a set and by whatever profile: nothing raw is said of it.
fn judged(token: &lunette::jwt::Decoded, keys: &[lunette::jwt::Key]) {
    use lunette::jwt::lint::{Profile, Situation, lint};
    let keys = lunette::jwt::Keys { keys: keys.to_vec(), set: true, problems: Vec::new() };
    for profile in Profile::ALL.map(Some).into_iter().chain([None]) {
        let situation = Situation { profile, keys: Some(&keys), ..Situation::new(token, now()) };
        for finding in lint(&situation) {
            assert!(!finding.detail.chars().any(lunette::base::text::is_hazard), "{}", finding.detail);
        }
    }
}

/// Any bytes as keys: what is read can be written again, and nothing raw is said of it.
fn keys(bytes: &[u8]) -> Vec<lunette::jwt::Key> {
    let read = match lunette::jwt::key::read(bytes, "fuzz") {
        Ok(read) => read,
        Err(e) => {
            assert!(!e.to_string().chars().any(lunette::base::text::is_hazard), "{e}");
            return Vec::new();
        }
    };
    assert!(!read.problems.iter().any(|p| p.chars().any(lunette::base::text::is_hazard)), "{:?}", read.problems);
    for key in read.keys.iter().take(16) {
        let said = format!("{} {} {} {}", key.name(), key.words(), key.bits(), key.thumbprint());
        assert!(!said.chars().any(lunette::base::text::is_hazard), "{said}");
        for form in [lunette::jwt::key::Form::Spki, lunette::jwt::key::Form::Pkcs1] {
            if let Some(pem) = key.public_pem(form) {
                assert!(lunette::jwt::key::read(pem.as_bytes(), "fuzz").is_ok() || key.bits() == 0, "{pem}");
            }
        }
    }
    read.keys.into_iter().take(16).collect()
}

/// Any bytes as the headers of a reply: policies, cookies, structured fields and all else are read, the reply has a letter,
/// and no reason holds anything raw.
pub fn headers(bytes: &[u8]) {
    lunette::grade::read_any(&String::from_utf8_lossy(bytes));
    let reply = [b"HTTP/1.1 200 OK\n", bytes].concat();
    for url in ["https://api.test/", "http://127.0.0.1/"] {
        let Ok((_, Some(grade))) = lunette::app::grade::of_file(&reply, Some(url.as_bytes()), now()) else { continue };
        for ruling in &grade.rules {
            assert!(!ruling.reason.chars().any(lunette::base::text::is_hazard), "{}", ruling.id);
        }
        assert!(grade.score <= 100);
        let shown = lunette::report::grade::plain("x", Some(200), &grade);
        assert!(!shown.chars().any(|c| c != '\n' && lunette::base::text::is_hazard(c)));
    }
}

/// Any bytes as a file of requests and as a login recipe: read or answered in one sentence, its requests made or refused, and
/// whatever its variables hold, in bounded room.
pub fn http(bytes: &[u8]) {
    use lunette::wire::{HttpFile, Recipe, Response};
    let mut known = |name: &str| name.starts_with("env:").then(|| Ok(b"value".to_vec()));
    let one_line = |e: &lunette::base::Error| assert!(!e.to_string().chars().any(char::is_control), "{e}");
    match HttpFile::read(bytes, "fuzz.http") {
        Ok(file) => {
            for entry in file.requests.iter().take(16) {
                let made = file.request(entry, "fuzz.http", &mut known, &mut |_| Ok(b"{{env:A}}".to_vec()));
                made.err().iter().for_each(one_line);
                assert!(!entry.shown().chars().any(lunette::base::text::is_hazard));
            }
        }
        Err(e) => one_line(&e),
    }
    flow(bytes);
    match Recipe::read(bytes, "fuzz.http") {
        Ok(recipe) => {
            let reply = Response { status: 200, body: bytes.to_vec().into(), ..Response::default() };
            for step in 0..recipe.file.requests.len() {
                recipe.capture(step, &reply, "fuzz.http").err().iter().for_each(one_line);
                recipe.life(step, &reply, "fuzz.http").err().iter().for_each(one_line);
            }
        }
        Err(e) => one_line(&e),
    }
}

/// Any text as a curl command: read or refused in one line, and written again as a command that asks for the same.
pub fn curl(bytes: &[u8]) {
    use lunette::wire::curl::{Data, read, write};
    let text = String::from_utf8_lossy(bytes);
    let command = match read(&text) {
        Ok(command) => command,
        Err(e) => return assert!(!e.to_string().chars().any(char::is_control), "{e}"),
    };
    assert!(!command.notes.iter().any(|n| n.chars().any(char::is_control)), "{:?}", command.notes);
    let Ok(mut request) = lunette::wire::Request::new("GET", &command.url) else { return };
    request.method.clone_from(&command.method);
    request.headers.clone_from(&command.headers);
    if let Data::Bytes(body) = &command.body {
        request.body = body.clone().into();
    }
    let export = write(&request, command.http, command.insecure, true);
    assert!(
        !export.command.chars().any(|c| c.is_control() || lunette::base::text::is_hazard(c)),
        "{:?}",
        export.command
    );
    if export.changes.is_empty() && !export.command.starts_with("printf") {
        let again = read(&export.command).expect("what was written is read");
        assert_eq!(again.method, request.method);
        let body = if let Data::Bytes(body) = again.body { body } else { Vec::new() };
        assert_eq!(body, &request.body[..]);
        let mut rest = again.headers.iter();
        assert!(request.headers.iter().all(|h| rest.any(|other| other == h)), "{:?}", export.command);
    }
}

/// Any bytes as replies on a connection, cut into parts of a size that the first byte picks: what is read is the same as in one
/// part, within its bounds. The same bytes as a request: something is asked for, and its parts are read.
pub fn reply(bytes: &[u8]) {
    use lunette::wire::http1::{Asked, Bounds, Reader, asked, written};
    use lunette::wire::{Origin, Request, Scheme};
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let bounds = Bounds { fields: 16, body: 4_096, informational: 4 };
    let kinds = [[Asked::Other, Asked::Head], [Asked::Connect, Asked::Other]][usize::from(first & 1)];
    let read = |size: usize| {
        let mut reader = Reader::new(kinds[..=usize::from(first >> 1 & 1)].to_vec(), bounds);
        for part in bytes.chunks(size) {
            reader.feed(part);
        }
        reader.end();
        reader.finish()
    };
    let whole = read(bytes.len().max(1));
    assert_eq!(read(1 + usize::from(first >> 2)), whole);
    assert!(bytes.starts_with(&whole.received));
    assert!(whole.replies.iter().map(|r| r.wire.len() as u64).sum::<u64>() <= bounds.body);
    for odd in &whole.oddities {
        assert!(!odd.words().chars().any(lunette::base::text::is_hazard), "{}", odd.words());
    }
    let origin = Origin { scheme: Scheme::Http, host: "h".to_owned(), port: 80 };
    let request = Request::whole(origin, bytes.to_vec().into());
    assert_eq!(written(&request), bytes);
    assert!(!asked(bytes).is_empty());
}

/// Any bytes as an encoded body: the first byte picks the chain of codings, the second how it is cut. It ends within its caps, and
/// what is told of it on the way is the beginning of what it is.
pub fn decode(bytes: &[u8]) {
    let Some(([first, second], wire)) = bytes.split_first_chunk() else { return };
    let name = |at: u8| ["gzip", "deflate", "br", "zstd"][usize::from(at & 3)];
    let chain: Vec<&str> = (0..=(first >> 6)).map(|i| name(first >> (2 * i))).collect();
    let caps = Caps { decoded_bytes: 1 << 20, ..Caps::default() };
    let chain = codings(&chain.join(", "), caps.encodings).expect("four at most");
    let (whole, stopped) = in_memory(wire, &chain, &caps, Instant::now() + Duration::from_secs(5));
    assert!(whole.len() as u64 <= caps.decoded_bytes);
    let mut parts = Parts::new(&chain, &caps);
    let mut told = Vec::new();
    for part in wire.chunks(usize::from(*second) + 1) {
        let Some(more) = parts.push(part) else { break };
        told.extend(more);
    }
    if stopped.is_none() {
        assert!(whole.starts_with(&told), "{} of {} bytes were told", told.len(), whole.len());
    }
}
