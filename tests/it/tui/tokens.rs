//! The token pane: what arrives is judged, edited, signed anew, forged and tried, on the drawn screen and with the real program
//! against the practice API.

use std::sync::Arc;
use std::time::Duration;

use lunette::app::inspect::{self, Stood, TokenAsk, TokenTold};
use lunette::app::token::Known;
use lunette::app::{Ask, Event};
use lunette::base::Stamp;
use lunette::demo::Demo;
use lunette::jwt;
use lunette::jwt::crack::Guessed;
use lunette::jwt::verify::Status;
use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::composing::program;
use super::data;

fn tutorial() -> Screen {
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    s.keys("3").paste(data::TUTORIAL);
    data::inspected(&mut s);
    s
}

/// The token that `y` copies, taken apart.
fn copied(s: &mut Screen) -> jwt::Decoded {
    s.keys("y");
    jwt::decode(s.copied.pop().expect("a copy").as_bytes())
}

#[test]
fn the_token_of_a_tutorial_has_its_secret_on_the_spot() {
    let s = tutorial();
    let view = s.view();
    for words in [
        "your_secret_key",
        "verified by the secret that was guessed",
        "jwt-weak-secret",
        "jwt-exp-missing",
        "jwt-iss-missing",
        "jwt-aud-missing",
        "grants by cla",
        "no exp: valid for ever once issued",
    ] {
        assert!(view.contains(words), "{words}: {view}");
    }
}

#[test]
fn a_token_stands_anywhere_in_what_is_pasted() {
    for around in ["Authorization: Bearer {}", "curl -H 'Cookie: s={}; a=1' https://h/", "GET /a?t={}&b=1 HTTP/1.1"] {
        let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
        s.keys("3").paste(&around.replace("{}", data::TUTORIAL));
        data::inspected(&mut s);
        assert!(s.view().contains("user_id") && s.view().contains("your_secret_key"), "{around}: {}", s.view());
        assert_eq!(copied(&mut s).token.as_bytes(), data::TUTORIAL.as_bytes());
    }
}

#[test]
fn members_are_edited_doubled_taken_out_and_signed_with_any_key_or_none() {
    let mut s = tutorial();
    // The cursor comes to `role`.
    s.keys("j j j j j j j j e");
    assert!(s.view().contains("member role: \"admin\""), "{}", s.view());
    s.keys("Ctrl+U").text("role: [\"root\", 1.0]");
    s.keys("Enter D A").text("exp: 1");
    s.keys("Enter");
    assert!(s.view().contains("edited") && s.view().contains("of what it was"), "{}", s.view());
    s.keys("s");
    assert!(s.view().contains("sign with HS256 guessed"), "{}", s.view());
    s.keys("Enter");
    data::signed(&mut s);
    data::inspected(&mut s);
    let token = copied(&mut s);
    assert_eq!(token.claims.bytes.as_bytes(), br#"{"user_id":123,"role":["root", 1.0],"role":["root", 1.0],"exp":1}"#);
    assert!(
        s.view().contains("verified by the secret that was guessed") && s.view().contains("expired"),
        "{}",
        s.view()
    );
    // Without a signature, and with the one it had.
    s.keys(":").text("sign none");
    s.keys("Enter");
    data::signed(&mut s);
    data::inspected(&mut s);
    assert!(copied(&mut s).signature.is_empty() && s.view().contains("nothing protects this token"), "{}", s.view());
    s.keys("B");
    data::inspected(&mut s);
    let before = copied(&mut s);
    assert_eq!(before.signature, token.signature, "B goes back");
    s.keys("j j j j j j j j x s Ctrl+U").text("keep");
    s.keys("Enter");
    data::signed(&mut s);
    let kept = copied(&mut s);
    assert_eq!((kept.signature == token.signature, kept.claims.members.len()), (true, 3), "{}", s.view());
    // A key that is not there is said, and nothing is lost.
    s.asks.clear();
    s.keys(":").text("sign RS256");
    s.keys("Enter");
    data::signed(&mut s);
    assert!(s.view().contains("there is no key here that signs with RS256"), "{}", s.view());
}

#[test]
fn a_part_is_edited_as_text_and_any_text_is_taken() {
    let mut s = tutorial();
    s.keys("j j j j j j j o");
    assert_eq!(s.written.pop(), Some(("claims.json", r#"{"user_id":123,"role":"admin"}"#.to_owned())));
    s.back("not json at all");
    assert!(s.view().contains("as text:") && s.view().contains("not json at all"), "{}", s.view());
    s.keys("s Ctrl+U").text("none");
    s.keys("Enter");
    data::signed(&mut s);
    assert_eq!(copied(&mut s).claims.bytes.as_bytes(), b"not json at all");
    // Dropped edits bring the token back as it came.
    s.keys("B");
    data::inspected(&mut s);
    s.keys("j j j j j j j j x");
    assert!(!s.view().contains("  role "), "{}", s.view());
    s.keys("u");
    assert!(s.view().contains("  role "), "{}", s.view());
}

#[test]
fn a_variant_is_explained_copied_and_put_into_the_request() {
    let mut s = tutorial();
    s.keys("f");
    data::forged(&mut s);
    assert!(s.view().contains("alg NoNe") && s.view().contains("an unsigned token is let in"), "{}", s.view());
    s.keys("j Enter");
    assert!(s.view().contains("fix") && s.view().contains("RFC"), "{}", s.view());
    s.keys("Esc");
    let variant = copied(&mut s);
    assert_eq!(variant.claims.members.len(), 2);
    s.keys("w");
    assert!(s.view().contains("the token stands in Authorization") && s.view().contains("2 Composer"), "{}", s.view());
    s.keys("Ctrl+J");
    s.keys("3 a");
    assert!(
        !s.asks.iter().any(|a| matches!(a, Ask::Token(t) if matches!(**t, TokenAsk::Attack(_)))),
        "nothing is sent"
    );
}

#[test]
fn only_a_token_that_runs_down_moves_the_screen() {
    // exp is 3,600 s after the clock of the test.
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    s.keys("3").paste(data::TOKEN);
    data::inspected(&mut s);
    s.pass(Duration::from_secs(4));
    let before = s.view();
    assert!(before.contains("left") && s.moves(), "{before}");
    s.pass(Duration::from_mins(10));
    assert!(s.view() != before && s.moves(), "it counts down: {}", s.view());
    s.keys("1");
    assert!(!s.moves(), "nobody looks at it");
    s.keys("3").pass(Duration::from_hours(1));
    assert!(s.view().contains("expired") && !s.moves(), "{}", s.view());
    s.paste(data::TUTORIAL);
    data::inspected(&mut s);
    s.pass(Duration::from_secs(4));
    assert!(!s.moves(), "one without an end stands still");
}

#[test]
fn a_large_token_and_ten_thousand_keys_do_not_stall_the_screen() {
    let claims = (0..50_000).map(|i| format!("\"claim{i}\":{i}")).collect::<Vec<_>>().join(",");
    let part = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let token = format!("{}.{}.", part("{\"alg\":\"none\"}"), part(&format!("{{{claims}}}")));
    assert!(token.len() > 1 << 20);
    let mut s = Screen::new(80, 24, Theme::terminal(), &[]);
    s.keys("3").paste(&token);
    // It is read by the app and not on the drawing thread.
    assert!(
        matches!(s.asks.back(), Some(Ask::Token(ask)) if matches!(&**ask, TokenAsk::Read { text, .. } if text.len() > 1 << 20))
    );
    assert!(s.view().contains("a long token is being read"), "{}", s.view());
}

#[test]
fn a_secret_that_a_word_list_had_stays_with_its_token_and_with_no_other() {
    let secret = b"no list of ours has this one 7f3a";
    let sign = |claims: &str| {
        let token = jwt::sign::compact(
            br#"{"alg":"HS256"}"#,
            claims.as_bytes(),
            "HS256",
            Some(&jwt::Key::secret(secret.to_vec())),
        );
        jwt::decode(&token.expect("a token"))
    };
    let known = Known::default();
    let found = Guessed { secret: secret.as_slice().into(), origin: "words.txt".to_owned() };
    let now = Stamp::from_unix(1_700_000_000).expect("a time");
    let first = inspect::inspect(Arc::new(sign("{}")), Stood::default(), &known, Some(found), now);
    assert_eq!(first.verdict.status, Status::Valid);
    // Judged again, as when a key is added, it is still known.
    let again = inspect::inspect(first.token, first.stood, &known, None, now);
    assert_eq!((again.verdict.status, again.guessed.map(|g| g.origin)), (Status::Valid, Some("words.txt".to_owned())));
    // What is signed of it with another key is not taken for weak.
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    let event = |told: TokenTold| Event::Token(Box::new(told));
    s.event(event(TokenTold::Read(again.stood.clone(), Box::new(sign("{}")))));
    s.asks.clear();
    let other = jwt::sign::compact(br#"{"alg":"HS256"}"#, b"{}", "HS256", Some(&jwt::Key::secret(vec![9; 32])));
    s.event(event(TokenTold::Signed { token: other.expect("a token"), words: "here".to_owned(), stood: again.stood }));
    data::inspected(&mut s);
    s.keys("3");
    assert!(!s.view().contains("jwt-weak-secret") && s.view().contains("not verified"), "{}", s.view());
}

#[test]
fn a_word_list_is_tried_until_esc() {
    // Half a minute of words on any machine: what ends is Esc.
    let words = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(words.path(), "no-such-word\n".repeat(6_000_000)).expect("words");
    let mut pty = program(140, 45);
    let claims = "eyJzdWIiOiIxIn0";
    pty.send(format!("3ieyJhbGciOiJIUzI1NiJ9.{claims}.{}\r", "A".repeat(43)).as_bytes()).sees("not verified");
    pty.send(format!("c{}\r", words.path().display()).as_bytes()).sees(" a second").sees("1 running");
    pty.send(b"p").sees("paused").send(b"p").until("it goes on", |s| !s.contents().contains("paused"));
    pty.send(b"\x1b").sees("stopped after").sees("0 running");
}

#[test]
fn the_program_takes_a_token_from_a_reply_and_finds_what_the_server_takes_instead() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let demo = Demo::start(None).expect("the practice API");
        let base = format!("http://{}", demo.http);
        let mut pty = program(cols, rows);
        pty.send(format!(":open POST {base}/api/tokens/confused\r").as_bytes()).sees("/api/tokens/confused");
        pty.send(b"s").sees("not in scope — a ").send(b"a").sees("200");
        pty.send(b"t").sees("which key of the issuer signed it").sees("alice");
        pty.send(format!(":open GET {base}/api/tokens/confused\r").as_bytes()).sees("GET ");
        pty.send(b"3").sees("issuer: who made and signed it");
        pty.send(b"w").sees("the token stands in Authorization").send(b"s").sees("\"door\": \"confused\"");
        pty.send(format!("3n{base}/api/jwks.json\r").as_bytes()).sees("RSA of 2048 bits");
        // Shown first, with how many requests; nothing is sent until x.
        pty.send(b"a").sees("requests at most").send(b"x");
        pty.sees("a token signed with the public key is let in").sees("refused  signature unchecked");
        pty.send(b"jj\r").sees("confirmed").sees("Esc close").send(b"\x1b");
        pty.until("the detail closes", |s| !s.contents().contains("Esc close"));
        // The key set that a token names is served by us, and asked for by the server.
        pty.send(format!(":open POST {base}/api/tokens/fetched\r").as_bytes()).sees("/api/tokens/fetched");
        pty.send(b"s").sees("200").send(b"t").sees("alice");
        pty.send(format!(":open GET {base}/api/tokens/fetched\r").as_bytes()).sees("GET ").send(b"3");
        pty.sees("issuer: who made").send(b":attack 127.0.0.1:0\r").sees("requests at most").send(b"x");
        pty.sees("one attack was let in").sees("confirmed").sees("jku");
    }
}
