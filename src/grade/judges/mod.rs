//! How each rule judges, a file a theme. A judge never looks further than the context, and says why in one sentence.

pub mod caching;
pub mod content;
pub mod cookie;
pub mod cors;
pub mod disclosure;
pub mod framing;
pub mod isolation;
pub mod legacy;
pub mod protocol;
pub mod transport;

/// Why a rule of the live extras does not apply to a reply alone.
pub const NOT_TRIED: &str = "one reply does not show it: the live extras try it";

/// Words as a list in a sentence: at most `most` of them, and how many more there are.
pub fn listed(words: &[String], most: usize) -> String {
    let shown = words[..words.len().min(most)].join("; ");
    if words.len() > most { format!("{shown}; and {} more", words.len() - most) } else { shown }
}
