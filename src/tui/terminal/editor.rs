//! The reviewer's own editor, at a line of a file.

use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};

/// How editors are told a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    /// `+12 file`.
    Plus,
    /// `file:12`.
    Colon,
    /// `--goto file:12`.
    Goto,
    /// It is not known how, so the file is opened at its start.
    None,
}

/// Editors by the name of their program.
const EDITORS: &[(&str, Syntax)] = &[
    ("vi", Syntax::Plus),
    ("vim", Syntax::Plus),
    ("nvim", Syntax::Plus),
    ("vis", Syntax::Plus),
    ("view", Syntax::Plus),
    ("nano", Syntax::Plus),
    ("pico", Syntax::Plus),
    ("emacs", Syntax::Plus),
    ("emacsclient", Syntax::Plus),
    ("mg", Syntax::Plus),
    ("joe", Syntax::Plus),
    ("jed", Syntax::Plus),
    ("kak", Syntax::Plus),
    ("micro", Syntax::Plus),
    ("mcedit", Syntax::Plus),
    ("less", Syntax::Plus),
    ("hx", Syntax::Colon),
    ("helix", Syntax::Colon),
    ("subl", Syntax::Colon),
    ("zed", Syntax::Colon),
    ("code", Syntax::Goto),
    ("codium", Syntax::Goto),
];

/// Program and arguments for a file and its line. `editor` is what the environment says: a program and its options, split at
/// white space, with quotes; no shell reads it. `None` when it names nothing.
pub fn command(editor: &str, file: &str, line: Option<u64>) -> Option<Vec<String>> {
    let mut words = words(editor);
    let name = Path::new(words.first()?).file_name()?.to_string_lossy().into_owned();
    // A name that begins with a dash would be an option.
    let file = if file.starts_with('-') { format!("./{file}") } else { file.to_owned() };
    let syntax = EDITORS.iter().find(|(n, _)| *n == name).map_or(Syntax::None, |(_, s)| *s);
    match (syntax, line) {
        (Syntax::Plus, Some(n)) => words.extend([format!("+{n}"), file]),
        (Syntax::Colon, Some(n)) => words.push(format!("{file}:{n}")),
        (Syntax::Goto, Some(n)) => words.extend(["--goto".to_owned(), format!("{file}:{n}")]),
        _ => words.push(file),
    }
    Some(words)
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Runs a program on our terminal until it ends. Where it is stopped we stop as well, so that the shell has the terminal, and
/// are woken together.
///
/// # Errors
/// One sentence when it cannot be started.
pub fn run(command: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let child = Command::new(program).args(arguments).spawn().map_err(|e| format!("it cannot be started: {e}"))?;
    let pid = Pid::from_child(&child);
    loop {
        match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                let _ = kill_process(getpid(), Signal::STOP);
                let _ = kill_process(pid, Signal::CONT);
            }
            Err(rustix::io::Errno::INTR) | Ok(None) => {}
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_its_own_way() {
        for (editor, file, line, want) in [
            ("vi", "a.yaml", Some(7), &["vi", "+7", "a.yaml"][..]),
            ("/usr/bin/nvim -p", "a", Some(7), &["/usr/bin/nvim", "-p", "+7", "a"]),
            ("code --wait", "a b", Some(7), &["code", "--wait", "--goto", "a b:7"]),
            ("hx", "a", Some(7), &["hx", "a:7"]),
            ("hx", "a", None, &["hx", "a"]),
            ("my-own", "-x", Some(7), &["my-own", "./-x"]),
            ("\"/opt/my editor/vim\" -c 'set nu'", "a", Some(1), &["/opt/my editor/vim", "-c", "set nu", "+1", "a"]),
        ] {
            let made = command(editor, file, line).unwrap_or_default();
            assert_eq!(made.iter().map(String::as_str).collect::<Vec<_>>(), want, "{editor}");
        }
        assert_eq!(command("  ", "a", None), None);
    }

    #[test]
    fn what_cannot_be_started_says_so() {
        assert!(run(&["/no/such/editor".to_owned()]).is_err_and(|e| e.contains("cannot be started")));
        assert_eq!(run(&["true".to_owned()]), Ok(()));
    }
}
