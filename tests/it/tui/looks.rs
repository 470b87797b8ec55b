//! How every pane and every layer looks, at both sizes every screen is designed for.

use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::data;

/// Takes a picture at 80x24 and at 140x45.
fn picture(name: &str, play: impl Fn(&mut Screen)) {
    for (width, height) in [(80, 24), (140, 45)] {
        let mut screen = Screen::new(width, height, Theme::terminal(), &[]);
        play(&mut screen);
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), screen.view());
    }
}

fn with_list(s: &mut Screen) {
    s.event(data::loaded());
    s.pass(std::time::Duration::from_secs(4));
}

fn with_request(s: &mut Screen) {
    with_list(s);
    s.keys("Enter");
    s.event(data::composed());
}

fn with_reply(s: &mut Screen) {
    with_request(s);
    s.keys("s").event(lunette::app::Event::Started(3)).event(data::done(3));
    // Where there is little room the reply comes to the front by itself.
    if s.buffer().area.width >= 120 {
        s.keys("l");
    }
}

#[test]
fn inventory() {
    picture("inventory-empty", |_| {});
    picture("inventory", |s| {
        with_list(s);
        s.keys("j Space");
    });
    picture("inventory-detail", |s| {
        with_list(s);
        s.keys("d");
    });
    picture("inventory-shadow", |s| {
        let list = data::inventory();
        s.event(lunette::app::Event::Loaded { inventory: list.clone(), complete: true });
        s.keys(if s.buffer().area.width < 120 { "d" } else { "" }).event(data::looked(&list, 0));
        s.pass(std::time::Duration::from_secs(4));
    });
    picture("inventory-schema", |s| {
        let list = data::inventory();
        s.event(lunette::app::Event::Loaded { inventory: list.clone(), complete: true });
        s.keys(if s.buffer().area.width < 120 { "j j j d" } else { "j j j" });
        s.event(data::looked(&list, 3)).keys("Ctrl+D Ctrl+D").pass(std::time::Duration::from_secs(4));
    });
    picture("inventory-tree", |s| {
        with_list(s);
        s.keys("j j j T Left");
    });
    picture("filter-language", |s| {
        with_list(s);
        s.keys("/ ?");
    });
    picture("filter-offers", |s| {
        with_list(s);
        s.keys("/").text("~m ");
        s.keys("Tab");
    });
    picture("inventory-filter", |s| {
        with_list(s);
        s.keys("/").text("~p (ord");
    });
    picture("inventory-reading", |s| {
        s.keys(":").text("load gw.log");
        s.keys("Enter").event(lunette::app::Event::Progress(lunette::app::Progress {
            what: "gw.log".into(),
            done: 610_000_000,
            total: 1_000_000_000,
            rate: 82_000_000,
            following: false,
        }));
    });
}

#[test]
fn composer() {
    picture("composer-empty", |s| {
        s.keys("2");
    });
    picture("composer", with_request);
    picture("composer-editing", |s| {
        with_request(s);
        s.keys("Enter").text("/..");
    });
    picture("composer-headers", |s| {
        with_request(s);
        s.keys("] j");
    });
    picture("composer-headers-text", |s| {
        with_request(s);
        s.keys("] T Enter");
    });
    picture("composer-query-text", |s| {
        with_request(s);
        s.keys("T");
    });
    picture("composer-body", |s| {
        with_request(s);
        s.keys("] ] j Enter").text(",");
    });
    picture("composer-multipart", |s| {
        with_request(s);
        s.keys(":").text("body-kind multipart");
        s.keys("Enter a").text("avatar=@me.png");
        s.keys("Enter a").text("name=alice");
        s.keys("Enter");
    });
    picture("composer-graphql", |s| {
        with_request(s);
        s.keys(":").text("body-kind graphql");
        s.keys("Enter Enter").text("{ me { id } }");
        s.keys("Esc");
    });
    picture("composer-identity", |s| {
        with_request(s);
        s.keys("] ] ]");
    });
    picture("composer-raw", |s| {
        with_request(s);
        s.keys("R");
    });
    picture("composer-carried-raw", |s| {
        with_request(s);
        s.keys("] a").text("x-trace: 2");
        s.keys("Enter");
    });
    picture("composer-explain", |s| {
        with_request(s);
        s.keys("E").event(super::data::explained());
    });
    picture("composer-vary", |s| {
        with_request(s);
        super::data::varied(s);
    });
    picture("composer-running", |s| {
        with_request(s);
        s.keys("s").event(lunette::app::Event::Started(3));
    });
    picture("composer-scope", |s| {
        with_request(s);
        s.keys("s").event(lunette::app::Event::ScopeAsked {
            origin: lunette::wire::Request::new("GET", b"https://api.test/").expect("url").origin,
            reason: "it resolves to 192.0.2.7".into(),
        });
    });
    picture("composer-failed", |s| {
        with_request(s);
        s.keys("s").event(lunette::app::Event::Started(3)).event(data::failed(3));
    });
}

#[test]
fn reply() {
    for (tab, name) in ["body", "headers", "sent", "time", "tls", "grade"].iter().enumerate() {
        picture(&format!("reply-{name}"), |s| {
            with_reply(s);
            for _ in 0..tab {
                s.keys("]");
            }
        });
    }
    picture("reply-folded", |s| {
        with_reply(s);
        s.keys("j j j j j Enter");
    });
    picture("reply-search", |s| {
        with_reply(s);
        s.keys("/").text("sku");
        s.keys("Enter n");
    });
}

#[test]
fn what_follows_a_reply() {
    picture("composer-redirected", |s| {
        with_request(s);
        s.keys("s").event(lunette::app::Event::Started(3)).event(data::redirected(3));
        s.pass(std::time::Duration::from_secs(4));
    });
    picture("composer-redirect", |s| {
        with_request(s);
        s.keys("s").event(lunette::app::Event::Started(3)).event(data::redirected(3));
        super::composing::stepped(s);
        s.pass(std::time::Duration::from_secs(4));
    });
    picture("cookies", |s| {
        with_reply(s);
        s.keys("J").event(data::jar());
    });
    picture("cookies-empty", |s| {
        with_request(s);
        s.keys("J");
    });
    picture("group-plan", |s| {
        with_request(s);
        s.keys("g Enter").event(data::group());
    });
    picture("composer-compared", |s| {
        with_request(s);
        super::reading::compared(s);
    });
    picture("composer-filtered", |s| {
        with_reply(s);
        s.text(":query .items[0]");
        s.keys("Enter").pass(std::time::Duration::from_secs(4));
    });
    picture("group-rows", |s| {
        with_request(s);
        super::composing::grouped(s);
        s.pass(std::time::Duration::from_secs(4));
    });
    for (name, keys) in [("text", "T T"), ("hex", "T"), ("odd", "]")] {
        picture(&format!("reply-raw-{name}"), |s| {
            with_request(s);
            s.keys("s").event(lunette::app::Event::Started(3)).event(data::raw(3));
            s.keys(if s.buffer().area.width >= 120 { "l" } else { "" }).keys(keys);
            s.pass(std::time::Duration::from_secs(4));
        });
    }
}

#[test]
fn token() {
    picture("token-empty", |s| {
        s.keys("3");
    });
    picture("token", |s| {
        with_reply(s);
        s.keys("t");
    });
    // What a tutorial prints: its secret is found on the spot.
    let tutorial = |s: &mut Screen| {
        s.keys("3").paste(data::TUTORIAL);
        data::inspected(s);
    };
    picture("token-judged", tutorial);
    picture("token-findings", |s| {
        tutorial(s);
        s.keys("] j");
    });
    picture("token-edited", |s| {
        tutorial(s);
        s.keys("j j j j j j j j e").text("1");
        s.keys("Enter D");
    });
    picture("token-forge", |s| {
        tutorial(s);
        s.keys("f");
        data::forged(s);
    });
    picture("token-keys", |s| {
        tutorial(s);
        s.keys("n").text("keys.pem");
        s.keys("Enter");
        data::keyed(s);
    });
}

#[test]
fn the_other_panes() {
    picture("rate-empty", |s| {
        s.keys("5");
    });
    picture("rate", |s| {
        s.keys("5").event(data::latency());
    });
    picture("oauth", |s| {
        s.keys("4");
    });
    picture("findings", |s| {
        s.keys("6");
    });
}

#[test]
fn layers() {
    picture("help", |s| {
        with_list(s);
        s.keys("?");
    });
    picture("palette", |s| {
        with_list(s);
        s.keys("Ctrl+P").text("srch");
    });
    picture("command", |s| {
        with_list(s);
        s.keys(":").text("co");
    });
    picture("log", |s| {
        s.event(data::loaded()).keys("s L");
    });
    picture("explain", |s| {
        with_list(s);
        s.keys("K");
    });
}

#[test]
fn without_colour_nothing_is_lost() {
    let mut mono = Screen::new(140, 45, Theme::mono(), &[]);
    let mut colour = Screen::new(140, 45, Theme::terminal(), &[]);
    for s in [&mut mono, &mut colour] {
        with_reply(s);
    }
    assert_eq!(mono.view(), colour.view());
    assert!(
        mono.buffer()
            .content()
            .iter()
            .all(|c| { matches!(c.fg, ratatui::style::Color::Reset) && matches!(c.bg, ratatui::style::Color::Reset) })
    );
    let reversed = |s: &Screen| {
        s.buffer().content().iter().filter(|c| c.modifier.contains(ratatui::style::Modifier::REVERSED)).count()
    };
    assert!(reversed(&mono) > 10, "the selection is seen without colour");
    assert!(colour.buffer().content().iter().any(|c| !matches!(c.fg, ratatui::style::Color::Reset)));
}

#[test]
fn guard_and_history() {
    picture("guard", |s| {
        with_list(s);
        s.keys("Ctrl+G").event(super::guard::guard(true));
    });
    picture("history", |s| {
        with_list(s);
        s.keys("H").event(super::guard::rows());
    });
}
