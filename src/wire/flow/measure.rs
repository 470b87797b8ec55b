//! Figures as a flow writes them: times, and bounds on numbers.

use std::cmp::Ordering;
use std::time::Duration;

use super::table::Predicate;

/// `250 ms`, `1.5 s`; milliseconds where no unit stands there.
pub fn millis(text: &str) -> Option<f64> {
    let (figure, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(figure), _) => (figure, 1.0),
        (None, Some(figure)) => (figure, 1e3),
        (None, None) => (text, 1.0),
    };
    number(figure.trim()).map(|n| n * factor).filter(|n| *n >= 0.0)
}

/// The same as a duration.
pub fn duration(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(millis(text)? / 1e3).ok()
}

/// A finite number.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// `[OP] N`, where no operator stands for equality.
pub fn bound(text: &str) -> Option<(Predicate, f64)> {
    let text = text.trim();
    let operators = [
        ("==", Predicate::Equals),
        ("<=", Predicate::AtMost),
        (">=", Predicate::AtLeast),
        ("<", Predicate::Less),
        (">", Predicate::More),
    ];
    let found = operators.iter().find_map(|(word, p)| Some((*p, text.strip_prefix(word)?)));
    let (operator, figure) = found.unwrap_or((Predicate::Equals, text));
    Some((operator, number(figure)?))
}

/// Whether an order of two figures is what a comparison asks for.
pub fn holds(predicate: Predicate, order: Ordering) -> bool {
    match predicate {
        Predicate::Less => order.is_lt(),
        Predicate::AtMost => order.is_le(),
        Predicate::More => order.is_gt(),
        Predicate::AtLeast => order.is_ge(),
        _ => order.is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_bounds() {
        assert_eq!(["500 ms", "500", "1.5s", "2 s"].map(millis), [500.0, 500.0, 1500.0, 2000.0].map(Some));
        assert_eq!(["", "ms", "-1", "NaN", "1 h", "inf"].map(millis), [None; 6]);
        assert_eq!(bound(">= 3"), Some((Predicate::AtLeast, 3.0)));
        assert_eq!(bound("3"), Some((Predicate::Equals, 3.0)));
        assert_eq!(bound("=> 3"), None);
        assert!(holds(Predicate::AtMost, Ordering::Equal) && !holds(Predicate::Less, Ordering::Equal));
    }
}
