//! Secrets on the screen: the vault that is opened and closed, and what is masked until it is to be seen.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lunette::app::{Ask, Event, Judged, VaultState};
use lunette::base::{Error, known};
use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::data;

fn screen(width: u16, height: u16) -> Screen {
    let mut s = Screen::new(width, height, Theme::terminal(), &[]);
    s.event(data::loaded());
    s.asks.clear();
    s
}

#[test]
fn the_vault_is_opened_with_a_passphrase_that_is_never_drawn() {
    for (width, height) in [(140, 45), (80, 24)] {
        let mut s = screen(width, height);
        assert!(!s.view().contains("vault"));
        s.keys("F3");
        assert!(s.view().contains("there is no vault in this workspace"));
        s.event(Event::Vault(VaultState::Locked));
        assert!(s.view().lines().next().is_some_and(|l| l.contains("vault locked")), "{}", s.view());
        s.keys("F3").text("pässq:1");
        let last = |s: &Screen| s.view().lines().last().unwrap_or_default().to_owned();
        assert_eq!(last(&s), " passphrase of the vault •••••••");
        s.keys("Backspace").paste("2\n3");
        s.keys("Enter");
        let Some(Ask::Unlock(secret)) = s.asks.pop_back() else { panic!("not asked") };
        assert_eq!(secret.expose(), "pässq:23".as_bytes());
        s.event(Event::StaysLocked(Error::input("the passphrase is wrong")));
        assert!(last(&s).contains("the passphrase is wrong") && s.view().contains("vault locked"));
        s.keys(":").text("unlock");
        s.keys("Enter").text("x");
        s.keys("Esc");
        assert!(s.asks.is_empty(), "nothing is asked for when it is left");
        s.event(Event::Vault(VaultState::Open));
        assert!(s.view().lines().next().is_some_and(|l| l.contains("vault open")), "{}", s.view());
        s.keys(":").text("lock");
        s.keys("Enter");
        assert!(matches!(s.asks.pop_back(), Some(Ask::Lock)));
    }
}

#[test]
fn a_credential_is_masked_once_it_is_kept_and_sent_as_typed() {
    let mut s = screen(140, 45);
    s.keys(":").text("open GET https://api.test/x?access_token=qu3ry-v4lue");
    s.keys("Enter ] G a").text("Authorization: Bearer typ3d-by-hand");
    assert!(s.view().contains("typ3d-by-hand"), "an open field shows what is typed");
    s.keys("Enter");
    assert!(s.view().contains("Bearer ***") && s.view().contains("access_token=***"), "{}", s.view());
    assert!(!s.view().contains("typ3d") && !s.view().contains("qu3ry"), "{}", s.view());
    s.keys("y K");
    assert_eq!(s.copied.last().map(String::as_str), Some("Authorization: Bearer ***"));
    assert!(!s.view().contains("typ3d"));
    s.keys("Esc F4");
    assert!(s.view().contains("secrets shown") && s.view().contains("Bearer typ3d-by-hand"), "{}", s.view());
    s.keys("y s");
    assert_eq!(s.copied.last().map(String::as_str), Some("Authorization: Bearer typ3d-by-hand"));
    let Some(Ask::Send(draft)) = s.asks.pop_back() else { panic!("not sent") };
    assert!(draft.headers.contains(&("Authorization".into(), "Bearer typ3d-by-hand".into())));
    assert!(draft.url.ends_with("access_token=qu3ry-v4lue"));
}

#[test]
fn a_known_secret_in_a_reply_is_masked_on_every_tab_and_its_token_still_opens() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let token = format!("{}.{}.c2ln", part("{\"alg\":\"HS256\"}"), part("{\"sub\":\"of-the-kn0wn-token\"}"));
    known::learn(token.as_bytes());
    known::learn(b"kn0wn-to-the-screen");
    let body = format!("{{\"a\":1,\"token\":\"{token}\",\"echo\":\"<kn0wn-to-the-screen>\"}}");
    let mut exchange = data::exchange("https://api.test/x?note=kn0wn-to-the-screen", 200, &body);
    exchange.sent = Some(b"GET /x?note=kn0wn-to-the-screen HTTP/1.1\r\nCookie: sid=c00kie\r\n\r\n".to_vec().into());
    if let Some(r) = &mut exchange.response {
        r.headers.push(("x-echo".into(), "kn0wn-to-the-screen".into()));
        r.headers.push(("set-cookie".into(), "sid=fr0m-the-peer; Path=/".into()));
    }
    let mut s = screen(140, 45);
    s.keys(":").text("open GET https://api.test/x");
    s.keys("Enter s").event(Event::Started(1));
    s.event(Event::Done(1, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() })));
    s.keys("l");
    for tab in ["body", "headers", "sent"] {
        let view = s.view();
        assert!(view.contains("***"), "{tab}: {view}");
        assert!(!["kn0wn", "c00kie", "fr0m", token.as_str()].iter().any(|w| view.contains(w)), "{tab}: {view}");
        s.keys("]");
    }
    s.keys("[ [ [ F4");
    assert!(s.view().contains("<kn0wn-to-the-screen>"), "{}", s.view());
    s.keys("]");
    assert!(s.view().contains("fr0m-the-peer"), "{}", s.view());
    // The log of the screen holds none, whatever else is shown.
    s.keys(":").text("kn0wn-to-the-screen");
    s.keys("Enter Esc");
    let last = s.view().lines().last().unwrap_or_default().to_owned();
    assert!(last.contains("*** is no command"), "{last}");
    s.keys("[ F4");
    assert!(!s.view().contains("kn0wn"), "{}", s.view());
    // The line of the token, which is masked.
    s.keys("g j j y t");
    assert_eq!(s.copied.last().map(String::as_str), Some("\"***\""));
    assert!(s.view().contains("of-the-kn0wn-token"), "{}", s.view());
}
