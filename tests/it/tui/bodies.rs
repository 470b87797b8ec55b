//! Bodies on screen that are large, no text, or text of another charset.

use std::sync::Arc;

use bytes::Bytes;
use lunette::app::{Event, Judged};
use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::data;

/// A screen with a reply of this type and body.
fn shown(kind: &str, body: Vec<u8>) -> Screen {
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    let mut exchange = data::exchange("https://api.test/", 200, "");
    let r = exchange.response.as_mut().expect("a reply");
    r.headers = vec![("content-type".into(), kind.into())];
    r.body = Bytes::from(body);
    s.keys("2 :").text("open GET https://api.test/");
    s.keys("Enter s")
        .event(Event::Started(1))
        .event(Event::Done(1, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() })));
    s.keys("l");
    s
}

#[test]
fn text_of_another_charset_is_read() {
    let s = shown("text/plain; charset=iso-8859-1", b"caf\xe9 \x80".to_vec());
    assert!(s.view().contains("caf\u{e9} \u{20ac}"), "{}", s.view());
    let utf16: Vec<u8> = "\u{feff}{\"name\":\"\u{e9}\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let view = shown("application/json", utf16).view();
    assert!(view.contains("\"name\": \"\u{e9}\""), "it is laid out: {view}");
    let s = shown("text/plain; charset=shift_jis", b"\x93\xfa\x96{".to_vec());
    assert!(s.view().replace(' ', "").contains("\u{65e5}\u{672c}"), "{}", s.view());
}

#[test]
fn what_is_no_text_is_named_and_not_drawn() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06".to_vec();
    png.extend((0..=255).cycle().take(2_000));
    let mut s = shown("image/png", png);
    let view = s.view();
    assert!(view.contains("PNG image, 640\u{d7}480") && view.contains("00000000  89 50 4e 47"), "{view}");
    // The cursor stays within what is drawn below the name.
    s.keys("G");
    assert!(s.view().contains("PNG image") && s.view().contains("000007e0"), "{}", s.view());
    assert!(shown("application/x-odd", vec![0, 1, 2]).view().contains("bytes that are no text"));
}

#[test]
fn large_json_stands_as_it_came_until_it_is_asked_for() {
    let json = format!("[{}{{\"last\":true}}]", "{\"a\":1},".repeat(1_200_000));
    let mut s = shown("application/json", json.into_bytes());
    assert!(s.view().contains("[{\"a\":1},{\"a\":1}"), "{}", s.view());
    assert!(s.view().contains("Enter lays the JSON out"), "{}", s.view());
    s.keys("Enter");
    assert!(s.view().contains("\"a\": 1") && !s.view().contains("Enter lays"), "{}", s.view());
    s.keys("Enter");
    assert!(s.view().contains("[ … 9"), "it folds: {}", s.view());
}
