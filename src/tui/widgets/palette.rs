//! Finds an action by a few letters of its name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::keymap::{ACTIONS, Action, Spec};

/// The actions that match `text`, best first; all of them for no text.
pub fn matches(text: &str) -> Vec<&'static Spec> {
    // Moving a cursor and closing the palette are no commands.
    let offered = ACTIONS.iter().filter(|s| {
        use crate::tui::keymap::Context::{Field, Layer, Move, Scope};
        !matches!(s.context, Move | Field | Layer | Scope) && !matches!(s.action, Action::Back | Action::Palette)
    });
    if text.trim().is_empty() {
        return offered.collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, &Spec)> = offered
        .filter_map(|s| {
            let name = format!("{} {} {}", s.id, s.label, s.help);
            pattern.score(Utf32Str::new(&name, &mut buffer), &mut matcher).map(|score| {
                // A hit in the name outweighs one in the sentence.
                let own = pattern.score(Utf32Str::new(s.id, &mut buffer), &mut matcher).unwrap_or(0);
                (score + 2 * own, s)
            })
        })
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, s)| s).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_an_action() {
        assert_eq!(matches("srch").first().map(|s| s.action), Some(Action::Search));
        assert_eq!(matches("quit").first().map(|s| s.action), Some(Action::Quit));
        assert!(matches("zzzzqq").is_empty());
        assert!(matches("").len() > 30);
    }
}
