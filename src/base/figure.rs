//! Figures as a person reads them, the same on screen and in plain text.

/// `1 223`: digits in threes.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// `411 B`, `1.3 kB`, `64.0 MB`: powers of a thousand.
pub fn bytes(n: u64) -> String {
    match n {
        0..=999 => format!("{n} B"),
        1_000..=999_999 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..=999_999_999 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// Milliseconds with as many decimals as tell something: `0.42`, `6.2`, `88`.
pub fn millis(ms: f64) -> String {
    if ms < 1.0 {
        format!("{ms:.2}")
    } else if ms < 10.0 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_with_their_unit() {
        assert_eq!((count(7), count(1_234_567)), ("7".into(), "1 234 567".into()));
        assert_eq!((bytes(999), bytes(1_300), bytes(13_000_000)), ("999 B".into(), "1.3 kB".into(), "13.0 MB".into()));
        assert_eq!((millis(0.42), millis(6.25), millis(88.4)), ("0.42".into(), "6.2".into(), "88".into()));
    }
}
