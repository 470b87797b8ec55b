//! How much speaks for a word being a value.

use std::sync::LazyLock;

use hashbrown::HashMap;

/// How many features there are.
pub const FEATURES: usize = 36;

/// What speaks for and against a word being a value; `siblings.rs` says what each is.
#[derive(Debug, Clone, Copy)]
pub struct Features(pub [f64; FEATURES]);

/// Words that APIs are written with, the most usual first: those that two or more providers use in paths of public documents.
static WORDS: LazyLock<HashMap<&'static [u8], u32>> = LazyLock::new(|| {
    (0u32..).zip(include_str!("words.txt").split_whitespace()).map(|(i, w)| (w.as_bytes(), i)).collect()
});

/// How usual a word is in APIs: 1 for the most usual, 0 for one that is not known.
pub(super) fn known(word: &[u8]) -> f64 {
    let lower = word.to_ascii_lowercase();
    let at = WORDS.get(lower.as_slice());
    at.map_or(0.0, |at| 1.0 - f64::from(*at) / (WORDS.len() as f64 + 1.0))
}

/// Three questions asked one after the other: which feature, and up to what value the answer is the left one; and what each
/// of the eight ends adds to the odds.
struct Tree {
    questions: [(usize, f64); 7],
    ends: [f64; 8],
}

/// Gradient-boosted trees over generated traffic to public documents (`benches/long.sh templates` says how well they do, and
/// what they are fitted to): the first line is where the odds begin, each line after it is a tree.
static TREES: LazyLock<(f64, Vec<Tree>)> = LazyLock::new(|| {
    let mut lines = include_str!("trees.txt").lines();
    let start = lines.next().and_then(|l| l.parse().ok()).unwrap_or_default();
    (start, lines.filter_map(tree).collect())
});

fn tree(line: &str) -> Option<Tree> {
    let mut words = line.split(' ');
    let mut questions = [(0, 0.0); 7];
    for question in &mut questions {
        let (feature, most) = words.next()?.split_once(':')?;
        *question = (feature.parse().ok().filter(|f| *f < FEATURES)?, most.parse().ok()?);
    }
    let mut ends = [0.0; 8];
    for end in &mut ends {
        *end = words.next()?.parse().ok()?;
    }
    Some(Tree { questions, ends })
}

/// Where a value begins: below even odds, since one value that is left as a name makes a row of its own for every endpoint
/// below it. Even odds gave 0.908 of requests their exact template and 1.30 rows for one, this 0.916 and 1.23.
const LEAST_ODDS: f64 = -0.3;

/// True when more speaks for a value than for a name.
pub(super) fn is_value(features: &Features) -> bool {
    let (start, trees) = &*TREES;
    let odds: f64 = trees.iter().map(|t| t.ends[end(t, features)]).sum();
    start + odds > LEAST_ODDS
}

fn end(tree: &Tree, features: &Features) -> usize {
    let mut at = 0;
    for _ in 0..3 {
        let (feature, most) = tree.questions[at];
        at = 2 * at + if features.0[feature] <= most { 1 } else { 2 };
    }
    at - 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tree_is_read() {
        let text = include_str!("trees.txt");
        assert_eq!(TREES.1.len(), text.lines().count() - 1);
        assert!(TREES.1.len() > 10 && TREES.0 != 0.0);
        assert!(known(b"Search") > 0.9 && known(b"qwertz") == 0.0);
    }
}
