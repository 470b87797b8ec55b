//! A secret that is looked for in everything a run leaves: no file, no line and no cell of a screen holds it, in any form.
//!
//! What is searched is decoded here by other means than those that mask: base64, hexadecimal, percent and JSON escapes are
//! undone at every offset, and the plain secret is looked for in what comes out.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::support::cli::{Cli, Ran};
use crate::support::pty::{CommandBuilder, Pty};
use crate::support::recorder::Recorder;

/// Told apart by every encoding: it holds what each of them escapes.
const CANARY: &str = "C4n4ry+7Qz/9&w\"K<8~p";
const PERCENT: &str = "C4n4ry%2B7Qz%2F9%26w%22K%3C8~p";

/// The forms in which the canary stands in `bytes`.
fn traces(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |bytes: &[u8]| memchr::memmem::find(bytes, CANARY.as_bytes()).is_some();
    let mut found = Vec::new();
    if holds(bytes) {
        found.push("plain");
    }
    if holds(&unescaped(bytes, b'%', 2)) {
        found.push("percent");
    }
    if holds(&unescaped(bytes, b'\\', 4)) {
        found.push("JSON");
    }
    let runs = |is: fn(u8) -> bool| bytes.split(move |b| !is(*b)).filter(|run| run.len() > 20);
    let hex = |run: &[u8]| -> Vec<u8> {
        run.chunks_exact(2).filter_map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok()).collect()
    };
    if runs(|b| b.is_ascii_hexdigit()).any(|run| (0..2).any(|from| holds(&hex(&run[from..])))) {
        found.push("hex");
    }
    let lax = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    for (alphabet, is) in [
        (STANDARD, (|b| b.is_ascii_alphanumeric() || b"+/".contains(&b)) as fn(u8) -> bool),
        (URL_SAFE, |b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
    ] {
        let engine = GeneralPurpose::new(&alphabet, lax);
        let decodes = |run: &[u8]| {
            (0..4).any(|from| {
                let run = &run[from..];
                // One digit alone at the end decodes to nothing.
                let run = if run.len() % 4 == 1 { &run[..run.len() - 1] } else { run };
                engine.decode(run).is_ok_and(|plain| holds(&plain) || holds(&unescaped(&plain, b'\\', 4)))
            })
        };
        if runs(is).any(decodes) {
            found.push("base64");
        }
    }
    found
}

/// Bytes without their percent or JSON escapes.
fn unescaped(bytes: &[u8], mark: u8, digits: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let from = if mark == b'\\' { at + 2 } else { at + 1 };
        let code = bytes.get(from..from + digits).and_then(|d| std::str::from_utf8(d).ok());
        let code = code.and_then(|d| u8::try_from(u32::from_str_radix(d, 16).ok()?).ok());
        match (bytes[at] == mark, code, bytes.get(at + 1)) {
            (true, Some(b), next) if mark == b'%' || next == Some(&b'u') => {
                out.push(b);
                at = from + digits;
            }
            (true, _, Some(next)) if mark == b'\\' => {
                out.push(*next);
                at += 2;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

fn standard(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The canary in every form, each with what stands round it.
fn every_form() -> String {
    let hex = lunette::base::hash::hex(CANARY.as_bytes());
    let json = serde_json::to_string(CANARY).expect("JSON");
    let mut out = format!("plain {CANARY}\npercent {PERCENT}\nhex {hex} {}\njson {json}\n", hex.to_uppercase());
    out.push_str("html \"C4n4ry+7Qz/9\\u0026w\\\"K\\u003c8~p\"\nphp \"C4n4ry+7Qz\\/9&w\\\"K<8~p\"\n");
    for ahead in ["", "a", "ab"] {
        let coded = standard(format!("{ahead}{CANARY}abc").as_bytes());
        out.extend(["b64 ", &coded, " ", &coded.replace('+', "-").replace('/', "_"), "\n"]);
    }
    out
}

#[test]
fn what_looks_for_the_canary_finds_it_in_every_form() {
    for line in every_form().lines() {
        assert!(!traces(format!("x {line} y").as_bytes()).is_empty(), "{line}");
    }
    for (text, form) in [("%2B", "percent"), ("\\u0026", "JSON"), ("2b3751", "hex")] {
        let line = every_form().lines().find(|l| l.contains(text)).expect("a line").to_owned();
        assert!(traces(line.as_bytes()).contains(&form), "{line}");
    }
    assert!(traces(b"C4n4ry and nothing more, Kioq").is_empty());
}

fn clean(what: &str, bytes: &[u8]) {
    let found = traces(bytes);
    assert!(found.is_empty(), "{what} holds the canary: {found:?}\n{}", String::from_utf8_lossy(bytes));
}

fn quiet(ran: &Ran, what: &str) {
    clean(&format!("stdout of {what}"), &ran.stdout);
    clean(&format!("stderr of {what}"), &ran.stderr);
}

/// Every file below, but for those the test wrote itself.
fn no_file_holds_it(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            count += no_file_holds_it(&path);
        } else {
            clean(&path.display().to_string(), &fs::read(&path).expect("a file"));
            count += 1;
        }
    }
    count
}

/// A server that gives back what it was sent, in every form.
fn echo() -> Recorder {
    let json = serde_json::json!({"who": CANARY, "nested": [{"note": format!("<{CANARY}>")}], "text": every_form()});
    let body = format!("{json}\n{}", every_form());
    let reply = format!(
        "HTTP/1.1 200 {CANARY}\r\nContent-Type: text/plain\r\nX-Echo: {CANARY}\r\nX-Echo-64: {}\r\nX-{PERCENT}: 1\r\n\
         Set-Cookie: sid={PERCENT}; Path=/{CANARY}\r\nLocation: /next?token={PERCENT}&again={PERCENT}\r\nContent-Length: {}\r\n\r\n{body}",
        standard(CANARY.as_bytes()),
        body.len()
    );
    Recorder::scripted(vec![reply.replace("X-C4n4ry%2B7Qz%2F9%26w%22K%3C8~p: 1\r\n", "").into_bytes()], true)
}

fn begun(recorder: &Recorder) -> Cli {
    let port = recorder.addr.port();
    let base = recorder.url("");
    let spec = serde_json::json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": base}],
        "paths": {"/echo": {"get": {"responses": {"200": {"description": "ok"}}}}},
    });
    let file = format!(
        "sources = [\"shop.json\"]\n[workspace]\nname = \"w\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n\
         [headers]\nAuthorization = \"vault:authorization\"\nX-Who = \"vault:canary\"\n"
    );
    let cli = Cli::new()
        .file("lunette.toml", file)
        .file("shop.json", spec.to_string())
        .private("pass", "words of a passphrase")
        .env("LUNETTE_PASSPHRASE_FILE", "pass")
        .env("CANARY", CANARY)
        .env("BEARER", &format!("Bearer {CANARY}"))
        .stdin(CANARY);
    for (arguments, what) in [
        (&["vault", "init"][..], "init"),
        (&["vault", "set", "canary", "env:CANARY"], "set"),
        (&["vault", "set", "authorization", "env:BEARER"], "set"),
        (&["vault", "set", "piped", "-"], "set from stdin"),
    ] {
        quiet(cli.run(arguments).ended(0), what);
    }
    cli
}

#[test]
fn no_command_leaves_a_trace_of_it() {
    let recorder = echo();
    let cli = begun(&recorder);
    let url = recorder.url(&format!("/echo?note={PERCENT}&access_token={PERCENT}"));
    let cookie = format!("Cookie: sid={PERCENT}; note={CANARY}");
    let extra = format!("X-Extra: {CANARY}");
    let coded = format!("X-Coded: {}", standard(CANARY.as_bytes()));
    let body = format!("{{\"note\":{},\"b\":\"{}\"}}", serde_json::json!(CANARY), standard(CANARY.as_bytes()));
    for format in ["json", "table"] {
        let send = ["send", "POST", &url, "-H", &cookie, "-H", &extra, "-H", &coded, "-d", &body, "--format", format];
        let ran = cli.run(&send);
        quiet(ran.ended(0), "send");
        assert!(ran.out().contains("***"), "{}", ran.out());
        quiet(cli.run(&["grade", &url, "-H", &extra, "--format", format]).ended(0), "grade");
        quiet(cli.run(&["inventory", "shop.json", "--format", format]).ended(0), "inventory");
        quiet(cli.run(&["audit", "show", "--format", format]).ended(0), "audit show");
        quiet(cli.run(&["audit", "verify", "--format", format]).ended(0), "audit verify");
        quiet(cli.run(&["jwt", "decode", "eyJhbGciOiJub25lIn0.e30.", "--format", format]).ended(0), "jwt decode");
        let key = ["--secret", "vault:canary"];
        let claims = format!("{{\"note\":{}}}", serde_json::json!(CANARY));
        let made = cli.run(&[&["jwt", "sign", "--claims", "{}"][..], &key].concat()).ended(0).out();
        quiet(
            cli.run(&[&["jwt", "verify", made.trim(), "--format", format], &key[..]].concat()).ended(0),
            "jwt verify",
        );
        let held = cli.run(&[&["jwt", "sign", "--claims", &claims][..], &key].concat()).ended(0).out();
        quiet(
            cli.run(&[&["jwt", "decode", held.trim(), "--format", format], &key[..]].concat()).ended(0),
            "jwt decode",
        );
        quiet(
            &cli.run(&[&["jwt", "verify", "e30.e30.AA", "--key", "shop.json", "--format", format], &key[..]].concat()),
            "jwt verify, a bad key",
        );
        quiet(cli.run(&["history", "list", "--format", format]).ended(0), "history list");
        quiet(cli.run(&["history", "show", "1", "--format", format]).ended(0), "history show");
        quiet(cli.run(&["history", "send", "1", "--format", format]).ended(0), "history send");
        let alice = ["send", "GET", &url, "--identity", "alice=header:X-Alice:vault:canary", "--format", format];
        quiet(cli.run(&alice).ended(0), "send as somebody");
        quiet(cli.run(&["vault", "list", "--format", format]).ended(0), "vault list");
        quiet(cli.run(&["vault", "get", "canary", "--format", format]).ended(0), "vault get");
        // What goes wrong says no more.
        quiet(&cli.run(&["send", "GET", &url, "-H", &cookie, "--offline", "--format", format]), "send, refused");
        let target = format!("/{CANARY} x");
        quiet(&cli.run(&["send", "GET", &url, "--target", &target, "--format", format]), "send, inexpressible");
        let header = format!("X-Bad: {CANARY}\u{1}");
        quiet(&cli.run(&["send", "GET", &url, "-H", &header, "--format", format]), "send, a bad header");
    }
    // Without the vault: a credential that is typed is known from then on.
    let typed = format!("Authorization: Bearer {CANARY}");
    let plain = Cli::new();
    quiet(plain.run(&["send", "GET", &recorder.url("/"), "-H", &typed, "--format", "json"]).ended(0), "send, typed");
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {CANARY}\r\nContent-Length: 2\r\n\r\n{{}}");
    let coded = Recorder::scripted(vec![reply.into_bytes()], true);
    let ran = plain.run(&["send", "GET", &coded.url("/"), "-H", &typed]);
    quiet(&ran, "send, a failure that quotes it");
    assert!(ran.err().contains("content coding *** is not known"), "{}", ran.err());
    // Something was there to be found.
    let shown = cli.run(&["send", "GET", &url, "-H", &extra, "--show", "--format", "json"]);
    assert!(traces(&shown.ended(0).stdout).contains(&"base64") && traces(&shown.stdout).contains(&"JSON"));
    clean("stderr of send --show", &shown.stderr);
    quiet(cli.run(&["vault", "rekey", "--passphrase", "file:pass"]).ended(0), "rekey");
    quiet(cli.run(&["vault", "rm", "piped"]).ended(0), "rm");
    assert!(no_file_holds_it(&cli.path("")) >= 5, "the files are there");
}

#[test]
fn the_workbench_shows_it_only_when_asked_to() {
    let recorder = echo();
    let cli = begun(&recorder);
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.cwd(cli.path(""));
    command.env("TERM", "xterm-256color");
    command.env("LUNETTE_PASSPHRASE_FILE", "pass");
    for name in ["NO_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    let mut pty = Pty::spawn(command, 200, 60);
    pty.sees("vault open").sees("/echo").send(b"\r").sees("sent as typed");
    pty.send(b"s").sees("***");
    let masked = |pty: &Pty, what: &str| {
        let screen = pty.screen().contents();
        clean(what, screen.as_bytes());
        // Nor does a piece of it stand where a line is cut.
        let piece = (0..CANARY.len() - 7).map(|i| &CANARY[i..i + 8]).find(|piece| screen.contains(piece));
        assert_eq!(piece, None, "{what}\n{screen}");
    };
    pty.send(b"l>").during(std::time::Duration::from_millis(150));
    masked(&pty, "the body, scrolled sideways");
    pty.send(b"<");
    for tab in ["body", "headers", "sent", "time", "tls", "grade"] {
        pty.during(std::time::Duration::from_millis(150));
        masked(&pty, tab);
        pty.send(b"l");
    }
    pty.send(b":log\r").sees("log, newest first");
    masked(&pty, "the log");
    // Waited for: two escapes that arrive together are another key.
    pty.send(b"\x1b").until("the log closed", |s| !s.contents().contains("newest first"));
    clean("what was written to the terminal", &pty.raw);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", pty.id())).unwrap_or_default();
    assert_eq!(children, "", "it starts nothing");
    // One key shows it, and hides it again.
    pty.send(b"\x1bOS").sees("secrets shown").sees(CANARY);
    pty.send(b"\x1bOS").until("masked again", |s| !s.contents().contains("secrets shown"));
    masked(&pty, "the screen, masked again");
    pty.send(b":lock\r").sees("vault locked");
    pty.send(b"\x1bOR").sees("passphrase of the vault").send(b"wrong words\r").sees("the passphrase is wrong");
    pty.send(b"\x1bOR").sees("passphrase of the vault").send(b"words of a passphrase").sees("\u{2022}\u{2022}");
    assert!(!pty.screen().contents().contains("words of"));
    pty.send(b"\r").sees("vault open").send(b"q");
    assert!(pty.ends().success());
    no_file_holds_it(&cli.path(""));
}
