//! The floors of the house, held up: every path in `use`, expressions and macros is read, and a room that reaches up, or
//! sideways, or for a library that is not its own, fails with file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Every room, also those to come, and its floor.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("wire", 1),
    ("inventory", 2),
    ("jwt", 2),
    ("graphql", 2),
    ("grade", 2),
    ("tls", 2),
    ("rate", 2),
    ("oauth", 3),
    ("checks", 3),
    ("engine", 4),
    ("store", 4),
    ("files", 4),
    ("app", 5),
    ("report", 5),
    ("demo", 5),
    ("tui", 6),
    ("cli", 6),
];

/// Edges between rooms of one floor that are allowed.
const SIDEWAYS: &[(&str, &str)] = &[("app", "report"), ("checks", "oauth")];

/// Edges that the floors would allow and the plan forbids.
const FORBIDDEN: &[(&str, &str)] = &[("engine", "oauth"), ("engine", "checks")];

/// Rooms that may use only these.
const ONLY: &[(&str, &[&str])] = &[("demo", &["base"])];

/// Names of libraries and who alone may say them: (path prefix, rooms, whether test code is exempt).
const NAMES: &[(&str, &[&str], bool)] = &[
    ("tokio::net", &["engine", "demo"], false),
    ("std::net::TcpStream", &["engine", "demo"], false),
    ("std::net::TcpListener", &["engine", "demo"], false),
    ("std::net::UdpSocket", &["engine", "demo"], false),
    ("hyper", &["engine", "demo"], false),
    ("hyper_util", &["engine", "demo"], false),
    ("tokio_rustls", &["engine", "demo"], false),
    ("rustls", &["engine", "demo"], false),
    ("reqwest", &["engine/download.rs"], false),
    ("rusqlite", &["store"], false),
    ("age", &["store"], false),
    ("ratatui", &["tui"], false),
    ("crossterm", &["tui"], false),
    ("std::fs", &["files", "store"], true),
    ("tokio::fs", &["files", "store"], true),
    ("tokio", &["oauth", "checks", "engine", "store", "files", "app", "demo", "tui", "cli"], true),
];

const MOST_LINES: usize = 700;

/// A breach: file, line, what.
type Breach = (String, usize, String);

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(r, _)| *r == room).map(|(_, f)| *f)
}

/// Reads sources (path below `src/`, text) and lists every breach.
fn breaches(sources: &[(String, String)]) -> Vec<Breach> {
    let mut out = Vec::new();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources {
        let syntax = syn::parse_file(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        let room = module.first().cloned().unwrap_or_else(|| file.clone());
        let top = matches!(file.as_str(), "lib.rs" | "main.rs");
        if !top && floor(&room).is_none() {
            out.push((file.clone(), 1, format!("{room} is not a room of the house")));
            continue;
        }
        let mut reader = Reader { module, tests: 0, test_lines: 0, paths: Vec::new() };
        reader.visit_file(&syntax);
        let lines = text.lines().count() - reader.test_lines;
        if lines > MOST_LINES {
            out.push((file.clone(), lines, format!("{lines} lines of code, and {MOST_LINES} are the most")));
        }
        if file == "main.rs" {
            continue;
        }
        for (path, line, test) in reader.paths {
            if let Some(other) = path.strip_prefix("crate::") {
                let other = other.split("::").next().unwrap_or_default().to_owned();
                if other == room || floor(&other).is_none() {
                    continue;
                }
                if let Some(why) = forbidden(&room, &other) {
                    out.push((file.clone(), line, why));
                }
                edges.entry(room.clone()).or_default().insert(other);
            } else if let Some(why) = misnamed(file, &room, &path, test) {
                out.push((file.clone(), line, why));
            }
        }
    }
    for room in edges.keys() {
        if reaches(&edges, room, room, &mut BTreeSet::new()) {
            out.push((room.clone(), 0, format!("{room} is part of a cycle")));
        }
    }
    out
}

fn forbidden(room: &str, other: &str) -> Option<String> {
    if let Some((_, allowed)) = ONLY.iter().find(|(r, _)| *r == room)
        && !allowed.contains(&other)
    {
        return Some(format!("{room} may use {} alone, not {other}", allowed.join(", ")));
    }
    if FORBIDDEN.contains(&(room, other)) {
        return Some(format!("{room} must not know {other}"));
    }
    let (mine, theirs) = (floor(room)?, floor(other)?);
    if theirs > mine {
        return Some(format!("{room} (floor {mine}) reaches up to {other} (floor {theirs})"));
    }
    (theirs == mine && !SIDEWAYS.contains(&(room, other)))
        .then(|| format!("{room} and {other} stand on one floor ({mine}) and may not know each other"))
}

fn misnamed(file: &str, room: &str, path: &str, test: bool) -> Option<String> {
    let (name, rooms, _) = NAMES.iter().find(|(name, _, exempt)| {
        !(test && *exempt) && (path == *name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::")))
    })?;
    (!rooms.contains(&room) && !rooms.contains(&file)).then(|| format!("only {} may name {name}", rooms.join(", ")))
}

fn reaches(edges: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
    edges
        .get(from)
        .into_iter()
        .flatten()
        .any(|next| next == to || (seen.insert(next.clone()) && reaches(edges, next, to, seen)))
}

/// Collects every path of a file, resolved as far as the floors need: `crate::…`, or as written for libraries.
struct Reader {
    module: Vec<String>,
    tests: usize,
    test_lines: usize,
    paths: Vec<(String, usize, bool)>,
}

impl Reader {
    fn add(&mut self, segments: &[String], line: usize) {
        let mut base = self.module.clone();
        let mut rest = segments;
        match segments.first().map(String::as_str) {
            Some("crate" | "lunette") => return self.keep(&["crate".to_owned()], &segments[1..], line),
            Some("self") => rest = &segments[1..],
            Some("super") => {
                while rest.first().is_some_and(|s| s == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => return self.keep(&[], segments, line),
        }
        base.insert(0, "crate".to_owned());
        self.keep(&base, rest, line);
    }

    fn keep(&mut self, base: &[String], rest: &[String], line: usize) {
        let whole = [base, rest].concat().join("::");
        self.paths.push((whole, line, self.tests > 0));
    }

    fn tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(p) => self.tree(&with(&p.ident), &p.tree),
            syn::UseTree::Name(n) => self.add(&with(&n.ident), n.span().start().line),
            syn::UseTree::Rename(r) => self.add(&with(&r.ident), r.span().start().line),
            syn::UseTree::Glob(g) => self.add(prefix, g.span().start().line),
            syn::UseTree::Group(g) => g.items.iter().for_each(|t| self.tree(prefix, t)),
        }
    }

    /// Paths inside a macro call, which syn leaves as tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(p) if p.as_char() == ':' => colons += 1,
                TokenTree::Ident(i) => {
                    if colons != 2 {
                        self.flush(&mut path, line);
                        line = i.span().start().line;
                    }
                    path.push(i.to_string());
                    colons = 0;
                }
                other => {
                    self.flush(&mut path, line);
                    colons = 0;
                    if let TokenTree::Group(g) = other {
                        self.tokens(g.stream());
                    }
                }
            }
        }
        self.flush(&mut path, line);
    }

    fn flush(&mut self, path: &mut Vec<String>, line: usize) {
        if path.len() > 1 {
            self.add(path, line);
        }
        path.clear();
    }

    fn in_tests(&mut self, attributes: &[syn::Attribute], lines: usize, inside: impl FnOnce(&mut Self)) {
        let test = attributes.iter().any(|a| {
            a.path().is_ident("cfg") && a.meta.require_list().is_ok_and(|l| l.tokens.to_string().contains("test"))
        });
        if test && self.tests == 0 {
            self.test_lines += lines;
        }
        self.tests += usize::from(test);
        inside(self);
        self.tests -= usize::from(test);
    }
}

fn lines(spanned: &impl syn::spanned::Spanned) -> usize {
    let span = spanned.span();
    span.end().line + 1 - span.start().line
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        self.in_tests(&m.attrs, lines(m), |me| {
            me.module.push(m.ident.to_string());
            visit::visit_item_mod(me, m);
            me.module.pop();
        });
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        self.in_tests(&f.attrs, lines(f), |me| visit::visit_item_fn(me, f));
    }
    fn visit_item_use(&mut self, u: &'ast syn::ItemUse) {
        self.in_tests(&u.attrs, lines(u), |me| me.tree(&[], &u.tree));
    }
    fn visit_path(&mut self, p: &'ast syn::Path) {
        let segments: Vec<String> = p.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments, p.span().start().line);
        }
        visit::visit_path(self, p);
    }
    fn visit_macro(&mut self, m: &'ast syn::Macro) {
        visit::visit_path(self, &m.path);
        self.tokens(m.tokens.clone());
    }
}

fn read(folder: &Path, below: &Path, out: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("src").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read(&path, below, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(below).expect("below src").to_string_lossy().replace('\\', "/");
            out.push((name, fs::read_to_string(&path).expect("source")));
        }
    }
}

#[test]
fn the_house_stands() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read(&src, &src, &mut sources);
    assert!(sources.len() > 30, "the sources were found");
    let found: Vec<String> = breaches(&sources).iter().map(|(f, l, w)| format!("src/{f}:{l}: {w}")).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_planted_breach_of_each_kind_is_found() {
    let long = "fn f() {}\n".repeat(MOST_LINES + 1);
    for (file, text, line, what) in [
        ("wire/x.rs", "use crate::engine::Engine;", 1, "reaches up"),
        ("wire/x.rs", "fn f() {\n    crate::app::go();\n}", 2, "reaches up"),
        ("wire/x.rs", "fn f() {\n    println!(\"{}\", crate::app::go());\n}", 2, "reaches up"),
        ("wire/x/y.rs", "use super::super::super::tui::Pane;", 1, "reaches up"),
        ("jwt/mod.rs", "use crate::grade::rules;", 1, "one floor"),
        ("cli/mod.rs", "use crate::{base, tui::run};", 1, "one floor"),
        ("engine/x.rs", "use crate::checks::run;", 1, "must not know"),
        ("demo/x.rs", "use crate::wire::Request;", 1, "base alone"),
        ("app/x.rs", "fn f() { tokio::net::TcpStream::connect(\"\"); }", 1, "may name tokio::net"),
        ("app/x.rs", "use std::net::{IpAddr, TcpStream};", 1, "may name std::net::TcpStream"),
        ("checks/x.rs", "use hyper::Request;", 1, "may name hyper"),
        ("oauth/x.rs", "use rustls::ClientConfig;", 1, "may name rustls"),
        ("engine/send.rs", "use reqwest::Client;", 1, "may name reqwest"),
        ("cli/x.rs", "use ratatui::Frame;", 1, "may name ratatui"),
        ("cli/x.rs", "use crossterm::event;", 1, "may name crossterm"),
        ("grade/x.rs", "use tokio::time::sleep;", 1, "may name tokio"),
        ("inventory/x.rs", "use std::fs;", 1, "may name std::fs"),
        ("app/x.rs", "fn f() { std::fs::read(\"x\"); }", 1, "may name std::fs"),
        ("attic/x.rs", "", 1, "not a room"),
        ("base/x.rs", long.as_str(), MOST_LINES + 1, "lines of code"),
    ] {
        let found = breaches(&[(file.to_owned(), text.to_owned())]);
        assert!(
            found.iter().any(|(f, l, w)| f == file && *l == line && w.contains(what)),
            "{file}: {text:.60}: {what}: {found:?}"
        );
    }
    let cycle = [("app/x.rs", "use crate::report::a;"), ("report/x.rs", "use crate::app::b;")]
        .map(|(f, t)| (f.to_owned(), t.to_owned()));
    assert!(breaches(&cycle).iter().any(|(_, _, w)| w.contains("cycle")));
}

#[test]
fn what_is_allowed_is_not_a_breach() {
    for (file, text) in [
        ("engine/download.rs", "use reqwest::Client;"),
        ("app/x.rs", "use crate::report::json;"),
        ("inventory/x.rs", "#[cfg(test)]\nmod tests { use std::fs; }"),
        ("app/x.rs", "use std::net::IpAddr;"),
        ("tui/x.rs", "use ratatui::Frame; use super::keymap::Action;"),
        ("base/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{}}}", "fn f() {}\n".repeat(MOST_LINES))),
    ] {
        assert_eq!(breaches(&[(file.to_owned(), text.to_owned())]), [], "{file}");
    }
}
