//! Every pane and every layer at every size a terminal can have.

use lunette::tui::Theme;
use lunette::tui::harness::Screen;

use super::data;

#[test]
fn nothing_fails_from_1x1_to_200x60() {
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    s.event(data::loaded()).event(data::latency());
    s.keys("Enter").event(data::composed());
    s.keys("s").event(lunette::app::Event::Started(1)).event(data::done(1));
    // Widths move faster where layouts change.
    let widths: Vec<u16> = (1..=20).chain((21..=200).step_by(7)).chain([59, 60, 61, 79, 80, 119, 120, 121]).collect();
    let heights: Vec<u16> = (1..=24).chain([40, 60]).collect();
    for setup in [
        "1",
        "1 d",
        "1 T",
        "1 T d",
        "1 / ~",
        "2",
        "2 Tab Enter",
        "2 Tab Tab Tab",
        "3",
        "4",
        "5",
        "6",
        "1 ?",
        "Ctrl+P",
        ":",
        "L",
    ] {
        s.resize(140, 45).keys("Esc Esc Esc Esc Esc").keys(setup);
        for width in &widths {
            for height in &heights {
                s.resize(*width, *height);
                if *width % 31 == 0 {
                    s.keys("PgDn k").wheel(width / 2, height / 2, true).click(width / 2, height / 2);
                }
            }
        }
    }
}

#[test]
fn a_small_screen_says_so() {
    let mut s = Screen::new(59, 16, Theme::terminal(), &[]);
    assert!(s.view().contains("lunette needs 60 by 16 cells; this is 59 by 16"), "{}", s.view());
    assert!(s.resize(60, 16).view().contains("No endpoints yet"));
    s.resize(20, 3).keys("q");
    assert_eq!(s.left, Some(0));
}
