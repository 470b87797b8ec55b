//! Copying: through a program of the desktop where the screen is on this machine, else through the terminal (OSC 52), the one
//! route that works over SSH.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long a program may take over a text; they go on in the background once they have it.
const PATIENCE: Duration = Duration::from_millis(700);
/// Bytes that are given to a program.
const MOST_NATIVE: usize = 64 << 20;

/// The programs of a desktop: the variable that says it is there, the program and what it is called with.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("WAYLAND_DISPLAY", "wl-copy", &[]),
    ("DISPLAY", "xclip", &["-selection", "clipboard"]),
    ("DISPLAY", "xsel", &["--clipboard", "--input"]),
    ("__CFBundleIdentifier", "pbcopy", &[]),
];

/// Gives `text` to the first program that is there, on its standard input: an argument would show it to every process. `None`
/// over SSH, without a desktop, and where none takes it.
pub fn natively(text: &str, variable: impl Fn(&str) -> bool) -> Option<&'static str> {
    if variable("SSH_CONNECTION") || variable("SSH_TTY") || text.len() > MOST_NATIVE {
        return None;
    }
    let mut there = PROGRAMS.iter().filter(|(desktop, ..)| variable(desktop));
    there.find_map(|(_, program, arguments)| given(OsStr::new(program), arguments, text).then_some(*program))
}

/// Whether a program took the text. One that is not there takes nothing; one that hangs is ended.
fn given(program: &OsStr, arguments: &[&str], text: &str) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let Some(mut input) = child.stdin.take() else { return false };
    let text = text.to_owned();
    // One that does not read would hold the screen.
    let writer = std::thread::spawn(move || match input.write_all(text.as_bytes()) {
        Err(e) => e.kind() == ErrorKind::BrokenPipe,
        Ok(()) => true,
    });
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success() && writer.join().unwrap_or(false),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

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
    fn a_program_gets_the_text_and_one_that_hangs_or_fails_does_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let script = |name: &str, body: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
            path
        };
        let takes = script("takes", &format!("cat > {}", out.display()));
        assert!(given(takes.as_os_str(), &[], "a secret"));
        assert_eq!(std::fs::read_to_string(&out).expect("written"), "a secret");
        assert!(!given(script("hangs", "exec sleep 60").as_os_str(), &[], "x"));
        assert!(!given(script("fails", "cat > /dev/null; exit 1").as_os_str(), &[], "x"));
        assert!(!given(OsStr::new("/no/such/program"), &[], "x"));
        // Over SSH the clipboard of this machine is nobody's.
        assert_eq!(natively("x", |name| matches!(name, "SSH_TTY" | "DISPLAY" | "WAYLAND_DISPLAY")), None);
        assert_eq!(natively("x", |_| false), None);
    }

    #[test]
    fn the_text_travels_encoded() {
        assert_eq!(sequence("a;b", false), Ok(("\x1b]52;c;YTti\x07".into(), "OSC 52")));
        assert!(
            sequence("x", true).is_ok_and(|(s, _)| s.starts_with("\x1bPtmux;\x1b\x1b]52") && s.ends_with("\x1b\\"))
        );
        assert!(sequence(&"x".repeat(80_000), false).is_err());
    }
}
