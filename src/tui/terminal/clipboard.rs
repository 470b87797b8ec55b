//! Copying through the terminal (OSC 52): the one route that works over SSH.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Terminals drop longer sequences, some without a word.
const CAP: usize = 74_000;

/// The sequence that puts `text` on the clipboard, and the words for the route; inside tmux it is wrapped so that tmux
/// passes it on.
///
/// # Errors
/// One sentence when the text is longer than terminals take.
pub fn sequence(text: &str, tmux: bool) -> Result<(String, &'static str), String> {
    let encoded = STANDARD.encode(text);
    if encoded.len() > CAP {
        return Err(format!("{} bytes are more than terminals take", text.len()));
    }
    let osc = format!("\x1b]52;c;{encoded}\x07");
    Ok(if tmux {
        (format!("\x1bPtmux;\x1b{osc}\x1b\\"), "OSC 52 through tmux, which must allow passthrough")
    } else {
        (osc, "OSC 52")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_travels_encoded() {
        assert_eq!(sequence("a;b", false), Ok(("\x1b]52;c;YTti\x07".into(), "OSC 52")));
        assert!(
            sequence("x", true).is_ok_and(|(s, _)| s.starts_with("\x1bPtmux;\x1b\x1b]52") && s.ends_with("\x1b\\"))
        );
        assert!(sequence(&"x".repeat(80_000), false).is_err());
    }
}
