//! What keys do: asks that leave, answers that arrive, and everything that must not be lost on the way.

use std::time::Duration;

use lunette::app::{Ask, Event};
use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::data;

fn screen() -> Screen {
    Screen::new(140, 45, Theme::terminal(), &["shop.yaml", "gw.log"])
}

fn composed() -> Screen {
    let mut s = screen();
    s.asks.clear();
    s.event(data::loaded()).keys("Enter").event(data::composed());
    s.asks.clear();
    s
}

fn sent(s: &mut Screen) -> lunette::app::Draft {
    match s.asks.pop_back() {
        Some(Ask::Send(draft)) => draft,
        other => panic!("not a send: {other:?}"),
    }
}

#[test]
fn sources_are_asked_for_at_once() {
    let mut s = screen();
    assert!(matches!(s.asks.pop_front(), Some(Ask::Load(paths)) if paths.len() == 2));
    assert!(s.view().contains("reading"));
    s.keys("Esc");
    assert!(matches!(s.asks.pop_front(), Some(Ask::CancelAll)));
}

#[test]
fn enter_composes_the_endpoint_under_the_cursor() {
    let mut s = screen();
    s.event(data::loaded()).keys("j j Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Compose { endpoint: 2, .. })));
}

#[test]
fn what_is_under_the_cursor_is_looked_up_one_at_a_time() {
    let mut s = screen();
    let list = data::inventory();
    let looks = |s: &Screen| s.asks.iter().filter(|a| matches!(a, Ask::Look { .. })).count();
    s.event(Event::Loaded { inventory: list.clone(), complete: true }).keys("j j j");
    assert_eq!(looks(&s), 1, "the others wait for the first");
    s.event(data::looked(&list, 0));
    assert!(matches!(s.asks.pop_back(), Some(Ask::Look { endpoint: 3, .. })), "then what is under the cursor by now");
    assert!(!s.view().contains("takes application/json"), "what is known is of another");
    s.event(data::looked(&list, 3));
    assert!(s.view().contains("takes application/json") && s.view().contains("owner*"), "{}", s.view());
    let known = looks(&s);
    s.keys("d d");
    assert_eq!(looks(&s), known, "what is known is not asked for again");
}

#[test]
fn the_cursor_stays_on_its_endpoint_when_the_list_grows() {
    let mut s = screen();
    s.event(data::loaded()).keys("j j");
    let mut more = (*data::inventory()).clone();
    more.endpoints.insert(0, data::endpoint(None, "GET", "/a", 3));
    s.event(Event::Loaded { inventory: more.into(), complete: false }).keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Compose { endpoint: 3, .. })));
}

#[test]
fn a_filter_shows_what_matches_and_a_broken_one_says_where() {
    let mut s = screen();
    s.event(data::loaded()).keys("/").text("~state shadow");
    assert!(s.view().contains("1 of 7") || s.view().contains("2 of 7"), "{}", s.view());
    s.text(" (");
    assert!(s.view().contains(" at 1"), "{}", s.view().lines().last().unwrap_or_default());
    s.keys("Esc");
    assert!(s.view().contains("7 endpoints"));
    s.keys(":").text("filter ~m DELETE");
    s.keys("Enter");
    assert!(s.view().contains("1 of 7") && s.view().contains("/users/{id}"), "{}", s.view());
    s.keys("Esc");
    assert!(s.view().contains("7 endpoints"));
}

#[test]
fn what_is_typed_is_what_is_asked_for() {
    let mut s = composed();
    // The cursor stands on the first parameter: values are encoded, the URL never is.
    s.keys("Enter").text("/../x y");
    s.keys("Ctrl+J");
    let draft = sent(&mut s);
    assert_eq!(draft.url, "https://api.test/orders/1001%2F..%2Fx%20y?expand=items%20%26%20more");
    assert_eq!(draft.method, "POST");
    assert_eq!(draft.headers[0], ("X-Trace".into(), "a1".into()));
    assert!(draft.body.text().contains("\"owner\": \"alice\""));
    assert!(!draft.headers.iter().any(|(n, _)| n == "Authorization"), "optional until taken in");
    s.event(data::done(1));
    // The URL itself: up to it, and dot segments at its end.
    s.keys("Home j Enter End").text("&up=/%2e%2e/../ x#f");
    s.keys("Enter s");
    let url = sent(&mut s).url;
    assert!(url.ends_with("?expand=items%20%26%20more&up=/%2e%2e/../ x#f"), "{url}");
    assert!(s.view().contains("as typed"), "{}", s.view());
}

#[test]
fn fields_are_left_out_added_and_removed() {
    let mut s = composed();
    s.keys("Space s");
    assert!(sent(&mut s).url.starts_with("https://api.test/orders/{id}?"));
    s.event(data::done(1)).keys("a").text("deep=1&2");
    s.keys("Enter s");
    assert!(sent(&mut s).url.ends_with("&deep=1%262"));
    s.event(data::done(2)).keys("x s");
    assert!(!sent(&mut s).url.contains("deep"));
}

#[test]
fn the_body_takes_line_breaks_and_sends_from_inside() {
    let mut s = composed();
    s.keys("] ] G Enter Ctrl+J");
    let _ = sent(&mut s);
    s.event(data::done(1)).keys("G Enter Home").text("//");
    assert!(s.view().contains("not JSON"), "it is checked as it is typed: {}", s.view());
    s.keys("Enter Ctrl+J");
    assert!(sent(&mut s).body.text().starts_with("//\n{"));
}

#[test]
fn a_running_request_is_cancelled_by_its_number() {
    let mut s = composed();
    s.keys("s").event(Event::Started(9)).keys("s");
    assert!(s.view().contains("one request is under way"));
    assert!(s.view().contains("1 running"));
    s.keys("Esc");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Cancel(9))));
    s.event(data::failed(9));
    assert!(s.view().contains("0 running") && s.view().contains("no reply"));
    s.keys("r");
    assert_eq!(s.asks.iter().filter(|a| matches!(a, Ask::Send(_))).count(), 2);
}

#[test]
fn a_scope_question_takes_no_letter_of_what_is_typed() {
    let mut s = composed();
    let origin = lunette::wire::Request::new("GET", b"https://api.test/").expect("url").origin;
    s.keys("s Tab Enter");
    s.event(Event::ScopeAsked { origin: origin.clone(), reason: "why".into() }).text("aa");
    assert!(!s.asks.iter().any(|a| matches!(a, Ask::Admit { .. })));
    assert!(s.view().contains("leave the field to answer"));
    s.keys("Enter a");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Admit { origin: o, allow: true }) if o == origin));
    assert!(s.view().contains("api.test:443 +1"));
    s.event(Event::ScopeAsked { origin, reason: "why".into() }).keys("Esc");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Admit { allow: false, .. })));
}

#[test]
fn a_grade_reaches_the_list() {
    let mut s = composed();
    s.keys("s").event(data::done(1)).keys("1");
    let row = s
        .view()
        .lines()
        .find(|l| l.starts_with(" shadow ") && l.contains("/orders/{id}/export"))
        .map(str::to_owned)
        .expect("the row");
    assert!(row.contains(" T ") && row.contains("bad"), "{row}");
}

#[test]
fn a_fix_is_copied_as_a_header_line_and_explained_for_its_owner() {
    let mut s = composed();
    s.keys("s").event(data::done(1));
    s.keys("l [");
    for _ in 0..6 {
        s.keys("l");
    }
    let at = |s: &mut Screen, words: &str| {
        s.keys("g");
        for _ in 0..60 {
            s.keys("y");
            if s.copied.last().is_some_and(|c| c == words) {
                return true;
            }
            s.keys("j");
        }
        false
    };
    assert!(s.view().contains("fix") && s.view().contains("Observatory"), "{}", s.view());
    assert!(at(&mut s, "Strict-Transport-Security: max-age=31536000; includeSubDomains"), "{:?}", s.copied);
    assert!(at(&mut s, "server_tokens off;"), "{:?}", s.copied);
    s.keys("K");
    assert!(s.view().contains("published weaknesses") && s.view().contains("OWASP API8:2023"), "{}", s.view());
}

#[test]
fn the_odd_one_out_of_a_host_is_named() {
    let mut s = screen();
    s.event(data::loaded());
    for (i, host) in data::inventory().endpoints.iter().map(|e| e.host.clone()).enumerate().take(4) {
        assert_eq!(host, data::inventory().endpoints[0].host, "one host");
        s.keys("1 g");
        (0..i).for_each(|_| {
            s.keys("j");
        });
        s.keys("Enter").event(data::composed()).keys("s").event(data::done_with(i as u64 + 1, i < 3));
    }
    s.keys("1");
    assert!(s.view().contains("3 endpoints send x-content-type-options, this one"), "{}", s.view());
    s.keys("g");
    assert!(!s.view().contains("this one does not"), "{}", s.view());
}

#[test]
fn the_live_extras_are_shown_before_they_are_sent() {
    let mut s = composed();
    s.keys("s").event(data::done(1));
    s.asks.clear();
    s.keys("l x");
    // The request of this reply is no GET: nothing is offered.
    assert!(s.asks.is_empty() && s.view().contains("another method may change something"), "{}", s.view());
    let mut s = composed();
    s.keys("s").event(data::done_get(1));
    s.asks.clear();
    s.keys("l x");
    assert!(s.view().contains("live extras: 13 requests") && s.view().contains("Origin: null"), "{}", s.view());
    assert!(s.asks.is_empty());
    // Looked at and left: nothing is sent, and the next press shows it again.
    s.keys("Esc x");
    assert!(s.asks.is_empty() && s.view().contains("live extras: 13 requests"), "{}", s.view());
    s.keys("x");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Live { plan, .. }) if plan.len() == 13));
    s.keys("x");
    assert!(s.view().contains("one request is under way"), "{}", s.view());
}

#[test]
fn the_token_under_the_cursor_opens() {
    let mut s = composed();
    s.keys("s").event(data::done(1));
    s.keys("l");
    s.keys("/").text("eyJ");
    s.keys("Enter t");
    assert!(s.view().contains("subject: whom it speaks of"), "{}", s.view());
    assert!(s.view().contains("from reply to POST"));
    s.paste("Bearer eyJhbGciOiJub25lIn0.\ne30.");
    assert!(s.view().contains("nothing protects this token"), "{}", s.view());
}

#[test]
fn edits_of_one_endpoint_wait_while_another_is_open() {
    let mut s = composed();
    s.keys("Enter").text("777");
    s.keys("Enter 1 j Enter").event(data::composed());
    assert!(!s.view().contains("1001777"));
    s.keys("1 k Enter").event(data::composed());
    assert!(s.view().contains("1001777"), "{}", s.view());
}

#[test]
fn notices_go_after_three_seconds_and_stay_in_the_log() {
    let mut s = screen();
    s.event(data::loaded());
    assert!(s.view().contains("7 endpoints from 96 154 log lines") && s.moves());
    s.pass(Duration::from_secs(3));
    assert!(!s.view().contains("96 154 log lines") && !s.moves(), "nothing moves any more");
    s.keys("L");
    assert!(s.view().contains("96 154 log lines"));
    s.event(Event::Failed(lunette::base::Error::input("no such file").at("x.yaml:3"))).keys("Esc");
    assert!(s.view().contains("x.yaml:3: no such file"));
}

#[test]
fn leaving_asks_only_while_something_runs() {
    let mut s = Screen::new(80, 24, Theme::terminal(), &[]);
    s.keys("q");
    assert_eq!(s.left, Some(0));
    let mut s = composed();
    s.keys("s").event(Event::Started(1)).keys("q");
    assert_eq!(s.left, None);
    s.keys("q");
    assert_eq!(s.left, Some(0));
}

#[test]
fn commands_and_palette_do_what_keys_do() {
    let mut s = screen();
    s.event(data::loaded()).keys(":").text("opne");
    s.keys("Enter");
    assert!(s.view().contains("opne"), "an unknown command stays to be mended");
    s.keys("Esc :").text("open PUT http://127.0.0.1:1/x/{y}");
    s.keys("Enter");
    assert!(s.view().contains("PUT") && s.view().contains(" y "), "{}", s.view());
    s.keys("Ctrl+P").text("quit-now");
    s.keys("Enter");
    assert_eq!(s.left, Some(0));
}

#[test]
fn the_mouse_opens_tabs_and_rows() {
    let mut s = screen();
    s.event(data::loaded()).click(5, 6).keys("y");
    assert_eq!(s.copied, ["/orders"]);
    s.click(30, 1);
    assert!(s.view().contains("No token yet"));
    s.click(2, 1).wheel(5, 6, true).keys("y");
    assert_eq!(s.copied.len(), 2);
    s.keys("F2");
    assert!(s.view().contains("the mouse is the terminal's"));
}

#[test]
fn a_large_body_is_indexed_beside_the_screen() {
    let mut s = composed();
    let long = format!("[{}]", vec!["{\"a\":1}"; 300_000].join(","));
    let exchange = data::exchange("https://api.test/", 200, &long);
    let judged = lunette::app::Judged { exchange, headers: None, tokens: Vec::new() };
    s.keys("s").event(Event::Done(1, judged.into()));
    s.keys("l");
    s.keys("G");
    assert!(s.view().contains("900 002 / 900 002"), "{}", s.view());
}

#[test]
fn tab_completes_a_filter_and_up_brings_the_last_one_back() {
    let mut s = screen();
    s.event(data::loaded()).keys("/").text("~st");
    s.keys("Tab").text("gh");
    s.keys("Tab Enter");
    assert!(s.view().contains("1 of 7   ~state ghost"), "{}", s.view());
    s.keys("/").text("|x");
    s.keys("Esc /");
    for _ in 0..20 {
        s.keys("Backspace");
    }
    s.keys("Up Enter");
    assert!(s.view().contains("1 of 7   ~state ghost"), "{}", s.view());
    // The language is explained where it is typed.
    s.keys("Esc /").text("?");
    assert!(s.view().contains("~seen log") && s.view().contains("!~kind path"), "{}", s.view());
    s.keys("Esc").text("~m ");
    s.keys("Tab");
    assert!(s.view().contains("DELETE  GET  PATCH  POST"), "{}", s.view());
    s.keys("F1");
    assert!(s.view().contains("the kind of source"), "{}", s.view());
}

#[test]
fn the_tree_folds_marks_and_keeps_the_cursor_on_its_endpoint() {
    let mut s = screen();
    s.event(data::loaded()).keys("j j j T");
    assert!(s.view().contains("▾ /orders  (3)"), "{}", s.view());
    s.keys("y");
    assert_eq!(s.copied.last().map(String::as_str), Some("/orders"), "the cursor stayed on its endpoint");
    s.keys("Left Left");
    assert!(s.view().contains("▸ /orders  (3)") && !s.view().contains("/export"), "{}", s.view());
    // A branch stands for all that is in it.
    s.keys("Space");
    assert!(s.view().contains("3 marked"), "{}", s.view());
    s.keys("k Enter");
    assert!(s.view().contains("▾ /orders  (3)"), "{}", s.view());
    s.asks.clear();
    s.keys("Right Enter");
    assert!(s.asks.iter().any(|a| matches!(a, Ask::Compose { endpoint: 3, .. })), "{:?}", s.asks);
    // The filter is the same.
    s.keys("/").text("~m DELETE");
    s.keys("Enter");
    assert!(s.view().contains("1 of 7") && !s.view().contains("▾"), "{}", s.view());
    s.keys("Esc T");
    assert!(s.view().contains("7 endpoints") && !s.view().contains("▾"), "{}", s.view());
}

#[test]
fn a_source_opens_at_its_line() {
    let mut s = screen();
    s.event(data::loaded()).keys("o");
    assert_eq!(s.edited, [("gw.log".into(), Some(1_203))]);
}

#[test]
fn what_is_written_is_what_is_marked_or_else_listed() {
    let mut s = screen();
    s.event(data::loaded()).keys("/").text("orders");
    s.keys("Enter w").text("a.csv");
    assert!(s.view().contains("4 endpoints; .json .csv .md or .txt"), "{}", s.view());
    s.keys("Enter");
    let Some(Ask::Write { rows, path, over, .. }) = s.asks.pop_back() else { panic!("{:?}", s.asks) };
    assert_eq!((rows.as_slice(), path.to_str(), over), (&[0, 2, 3, 4][..], Some("a.csv"), false));
    s.event(Event::Wrote("a.csv".into(), lunette::app::Wrote::IsThere));
    // Another name is another file: nothing of it may be replaced.
    s.text("x");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Write { over: false, path, .. }) if path.ends_with("a.csvx")));
    s.event(Event::Wrote("a.csv".into(), lunette::app::Wrote::IsThere)).keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Write { over: true, .. })));
    s.keys("Esc j Space").keys(":").text("write b.md");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Write { rows, .. }) if rows == [1]));
    // Marks outlive a reload.
    s.keys("r").event(data::loaded());
    assert!(s.view().contains("1 marked"), "{}", s.view());
}

#[test]
fn every_column_sorts() {
    let mut s = Screen::new(200, 45, Theme::terminal(), &[]);
    s.event(data::loaded());
    for head in ["calls", "err %", "p95 ms", "seen", "hdr", "tls", "method", "path", "by"] {
        s.keys("s");
        assert!(s.view().contains(&format!("by {head}")), "{head}: {}", s.view());
    }
    s.keys("s");
    assert!(s.view().contains("in order of state"), "{}", s.view());
}

#[test]
fn the_query_and_the_headers_are_tables_and_texts_of_the_same_thing() {
    let mut s = composed();
    s.keys("T").text("");
    s.keys("Enter").text("&x=%2e%2e&y");
    s.keys("Enter T s");
    assert!(sent(&mut s).url.ends_with("?expand=items%20%26%20more&x=%2e%2e&y"), "{}", s.view());
    s.event(data::done(1)).keys("] T Enter Enter").text("x-odd:  1");
    s.keys("Enter").text("X-Odd: 2");
    s.keys("Esc s");
    let headers = sent(&mut s).headers;
    let odd: Vec<&(String, String)> = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("x-odd")).collect();
    assert_eq!(odd, [&("x-odd".to_owned(), " 1".to_owned()), &("X-Odd".to_owned(), "2".to_owned())], "{headers:?}");
}

#[test]
fn a_block_of_headers_is_read_and_a_line_break_in_one_stays_to_be_mended() {
    let mut s = composed();
    s.keys("]").paste("Cookie: a=1\r\nX-New: 2\r\n");
    s.keys("a").text("X-Bad: ");
    s.paste("1\r\nX-Smuggled: 2").keys("Enter s");
    let headers = sent(&mut s).headers;
    assert!(headers.contains(&("X-New".into(), "2".into())) && headers.contains(&("Cookie".into(), "a=1".into())));
    assert!(headers.contains(&("X-Bad".into(), "1\nX-Smuggled: 2".into())), "{headers:?}");
}

#[test]
fn a_body_is_typed_as_what_it_is_and_its_media_type_is_proposed() {
    let mut s = composed();
    let media_type = |d: &lunette::app::Draft| {
        d.headers.iter().find(|(n, _)| n == "Content-Type").map(|(_, v)| v.clone()).unwrap_or_default()
    };
    s.keys(":").text("body-kind form");
    s.keys("Enter a").text("a=b c");
    s.keys("Enter s");
    let draft = sent(&mut s);
    assert_eq!((draft.body.text(), media_type(&draft).as_str()), ("a=b%20c", "application/x-www-form-urlencoded"));
    s.event(data::done(1)).keys("b a").text("f=@/tmp/a.bin");
    s.keys("Enter s");
    let draft = sent(&mut s);
    assert_eq!(draft.body, lunette::app::Content::Multipart(vec![("f".into(), "@/tmp/a.bin".into())]));
    assert!(media_type(&draft).starts_with("multipart/form-data; boundary="));
    s.event(data::done(2)).keys(":").text("body-kind file");
    s.keys("Enter Enter").text("x.bin");
    s.keys("Enter s");
    assert_eq!(sent(&mut s).body, lunette::app::Content::File("x.bin".into()));
    // A media type that was typed stays, and that is said.
    s.event(data::done(3)).keys("[ G Enter Ctrl+U").text("Content-Type: application/x-own");
    s.keys("Enter").text("");
    s.keys(":").text("body-kind none");
    s.keys("Enter");
    assert!(s.view().contains("nothing is sent"), "{}", s.view());
}

#[test]
fn the_whole_request_is_written_raw_and_read_back_as_bytes() {
    let mut s = composed();
    s.keys("R");
    assert!(s.view().contains("POST /orders/1001?expand=") && s.view().contains("Host: api.test"), "{}", s.view());
    s.keys("Enter").text("\\x00\\xff");
    s.keys("Ctrl+J");
    let raw = sent(&mut s).raw.expect("raw");
    assert!(raw.starts_with(b"\0\xffPOST /orders/1001"), "{}", raw.escape_ascii());
    assert!(memchr::memmem::find(&raw, b"\r\nHost: api.test\r\n").is_some());
    s.event(data::done(1)).keys("Enter").text("\\q");
    s.keys("Ctrl+J");
    assert!(s.view().contains("raw request, line 1: a backslash"), "{}", s.view());
    assert!(!s.asks.iter().any(|a| matches!(a, Ask::Send(_))));
    s.keys("R s");
    assert_eq!(sent(&mut s).raw, None);
}

#[test]
fn what_would_be_sent_is_explained_and_nothing_is_sent() {
    let mut s = composed();
    s.keys("E");
    let Some(Ask::Explain(draft)) = s.asks.pop_back() else { panic!("not asked") };
    assert!(draft.declared.contains(&"body".to_owned()) && draft.declared.contains(&"URL".to_owned()));
    let part = |what: &str, value: &str, from: &str| lunette::app::Part {
        what: what.into(),
        value: value.into(),
        from: from.into(),
    };
    let parts = vec![part("method", "POST", "typed"), part("scope", "api.test:443 is not in scope", "")];
    s.event(Event::Explained("what would be sent: POST https://api.test/".into(), parts));
    assert!(s.view().contains("method  POST   (typed)") && s.view().contains("is not in scope"), "{}", s.view());
    assert!(s.asks.is_empty());
}

#[test]
fn what_a_document_holds_is_no_variable() {
    let mut s = screen();
    let Event::Composed(mut composed) = data::composed() else { unreachable!("made so") };
    composed.operation.parameters[0].example = "{{env:HOME}}".into();
    s.event(data::loaded()).keys("Enter").event(Event::Composed(composed)).keys("s");
    let draft = sent(&mut s);
    assert!(draft.as_is && draft.url.contains("{{env:HOME}}"), "{draft:?}");
    assert!(s.view().contains("as-is"), "{}", s.view());
}

#[test]
fn a_value_of_a_reply_is_kept_under_a_name() {
    let mut s = composed();
    s.keys("s").event(data::done(1));
    s.keys("l").keys("/").text("owner");
    s.keys("Enter C").text("who");
    s.keys("Enter");
    let Some(Ask::Capture(name, value)) = s.asks.pop_back() else { panic!("{}", s.view()) };
    assert_eq!((name.as_str(), value.expose()), ("who", &b"bob"[..]));
}

#[test]
fn one_field_is_varied_and_each_row_opens() {
    let mut s = composed();
    data::varied(&mut s);
    assert!(s.view().contains("{{vary}}  5 of 6  by no"), "{}", s.view());
    // What is under way is cancelled by its number, and what came stays.
    s.keys("Esc");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Cancel(5))));
    s.event(Event::VaryEnded(5, Some("5 of 6 were sent".into())));
    assert!(s.view().contains("0 running") && s.view().contains("5 of 6 were sent"), "{}", s.view());
    s.keys("d d D g");
    let first = s.view().lines().find(|l| l.contains(" 1004 ")).map(str::to_owned).expect("the row");
    assert!(first.contains("403") && first.contains("status"), "{first}");
    s.keys("Enter");
    assert!(s.view().contains("403") && s.view().contains("\"owner\""), "{}", s.view());
    s.keys("Esc");
    assert!(s.view().contains("by status, turned round"), "{}", s.view());
    s.keys("b");
    assert!(s.view().lines().any(|l| l.contains(" 1004 ") && l.contains("base")), "{}", s.view());
    s.keys("V");
    assert!(s.view().contains("No reply yet") || s.view().contains("403"), "{}", s.view());
    // The field is as it was.
    s.keys("s");
    assert!(sent(&mut s).url.contains("/orders/1001?"));
    s.event(data::done(6)).keys("Home v").text("1..3");
    s.keys("Enter");
    assert!(s.view().contains("put the cursor on a parameter"), "{}", s.view());
}

#[test]
fn a_body_goes_to_the_editor_and_comes_back() {
    let mut s = composed();
    s.keys("o");
    assert_eq!(s.written.last().map(|(name, _)| *name), Some("body.json"));
    s.back("{\"edited\": true}");
    s.keys("s");
    assert_eq!(sent(&mut s).body.text(), "{\"edited\": true}");
    s.event(data::done(1)).keys("R Enter Ctrl+O");
    assert!(s.written.last().is_some_and(|(name, text)| *name == "request.http" && text.starts_with("POST /orders")));
    s.back("PUT /x HTTP/1.1\n\n");
    s.keys("s");
    assert_eq!(sent(&mut s).raw.as_deref(), Some(&b"PUT /x HTTP/1.1\r\n\r\n"[..]));
}
