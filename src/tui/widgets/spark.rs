//! Small charts: a row of columns, and a bar.

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `width` values as columns of one row; a value of zero or less is a blank.
pub fn spark(values: &[f64], width: usize) -> String {
    let values = &values[values.len().saturating_sub(width)..];
    let max = values.iter().copied().fold(0.0_f64, f64::max);
    values
        .iter()
        .map(|v| {
            if *v <= 0.0 || max <= 0.0 {
                return ' ';
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7 by construction")]
            let i = ((v / max) * 7.0).round() as usize;
            EIGHTHS[i.min(7)]
        })
        .collect()
}

/// A bar of `share` (0 to 1) of `width` cells; anything above nothing shows at least a sliver.
pub fn bar(share: f64, width: usize) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the width")]
    let full = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    if full == 0 && share > 0.0 && width > 0 {
        return "▏".to_owned();
    }
    "█".repeat(full.min(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_scale_to_the_largest() {
        assert_eq!(spark(&[0.0, 1.0, 2.0, 4.0], 3), "▃▅█");
        assert_eq!(spark(&[0.0, f64::NAN], 9).chars().count(), 2);
        assert_eq!((bar(0.5, 4), bar(0.001, 4), bar(0.0, 4)), ("██".into(), "▏".into(), String::new()));
    }
}
