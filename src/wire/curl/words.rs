//! The words of a shell command.

/// A command split into words, and what a shell would have put in or done besides.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Words {
    pub words: Vec<Vec<u8>>,
    pub notes: Vec<String>,
}

/// Splits a command as a POSIX shell does, with the `$'…'` of bash, or as `cmd.exe` does where it is written so.
///
/// # Errors
/// A quote that is not closed.
pub(super) fn split(text: &str) -> Result<Words, String> {
    // Browsers write a caret before each quote for cmd.exe, and at the end of a line.
    let first = text.find(['\'', '"']).unwrap_or(text.len());
    if text[..first].ends_with(" ^") || text[..first].contains(" ^\n") || text[..first].contains(" ^\r\n") {
        return windows(text);
    }
    let mut shell = Shell { rest: text.as_bytes(), out: Words::default(), word: None };
    shell.run()?;
    Ok(shell.out)
}

struct Shell<'a> {
    rest: &'a [u8],
    out: Words,
    /// The word that is being read; an empty one that is quoted is a word too.
    word: Option<Vec<u8>>,
}

impl Shell<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some((b, rest)) = self.rest.split_first() {
            self.rest = rest;
            match b {
                b'\\' => match self.take() {
                    Some(b'\n') | None => {}
                    Some(b'\r') if self.rest.first() == Some(&b'\n') => self.rest = &self.rest[1..],
                    Some(next) => self.push(next),
                },
                b'\'' => {
                    let quoted = self.until(b'\'')?;
                    self.word().extend_from_slice(&quoted);
                }
                b'"' => self.double()?,
                b'$' if self.rest.first() == Some(&b'\'') => {
                    self.rest = &self.rest[1..];
                    self.ansi()?;
                }
                b'$' | b'`' => {
                    self.unexpanded(*b);
                    self.push(*b);
                }
                b'#' if self.word.is_none() => {
                    self.rest = &self.rest[self.rest.iter().position(|b| *b == b'\n').unwrap_or(self.rest.len())..];
                }
                b'|' | b';' | b'&' | b'>' | b'<' | b'\n' if self.ends(*b) => break,
                b if b.is_ascii_whitespace() => self.end(),
                b => self.push(*b),
            }
        }
        self.end();
        Ok(())
    }

    fn take(&mut self) -> Option<u8> {
        let (b, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*b)
    }

    fn word(&mut self) -> &mut Vec<u8> {
        self.word.get_or_insert_default()
    }

    fn push(&mut self, b: u8) {
        self.word().push(b);
    }

    fn end(&mut self) {
        self.out.words.extend(self.word.take());
    }

    fn until(&mut self, quote: u8) -> Result<Vec<u8>, String> {
        let at =
            memchr::memchr(quote, self.rest).ok_or_else(|| format!("a quote ({}) is not closed", char::from(quote)))?;
        let (quoted, rest) = self.rest.split_at(at);
        self.rest = &rest[1..];
        Ok(quoted.to_vec())
    }

    fn double(&mut self) -> Result<(), String> {
        self.word();
        loop {
            match self.take().ok_or("a quote (\") is not closed")? {
                b'"' => return Ok(()),
                b'\\' => match self.take() {
                    Some(b'\n') => {}
                    Some(b @ (b'"' | b'\\' | b'$' | b'`')) => self.push(b),
                    Some(b) => self.word().extend([b'\\', b]),
                    None => return Err("a quote (\") is not closed".to_owned()),
                },
                b @ (b'$' | b'`') => {
                    self.unexpanded(b);
                    self.push(b);
                }
                b => self.push(b),
            }
        }
    }

    /// `$'…'`, with the escapes of C.
    fn ansi(&mut self) -> Result<(), String> {
        self.word();
        let open = "a quote ($') is not closed";
        loop {
            let b = match self.take().ok_or(open)? {
                b'\'' => return Ok(()),
                b'\\' => self.take().ok_or(open)?,
                b => {
                    self.push(b);
                    continue;
                }
            };
            let byte = match b {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 7,
                b'b' => 8,
                b'e' | b'E' => 27,
                b'f' => 12,
                b'v' => 11,
                b'x' => self.digits(16, 2, 0).and_then(|n| u8::try_from(n).ok()).unwrap_or(b'x'),
                b'0'..=b'7' => {
                    let n = self.digits(8, 2, u32::from(b - b'0')).unwrap_or(0);
                    u8::try_from(n & 0xff).unwrap_or(0)
                }
                b'u' | b'U' => {
                    let most = if b == b'u' { 4 } else { 8 };
                    let c = self.digits(16, most, 0).and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                    let mut room = [0; 4];
                    self.word().extend_from_slice(c.encode_utf8(&mut room).as_bytes());
                    continue;
                }
                other => other,
            };
            self.push(byte);
        }
    }

    /// A number of at most so many digits, after what was read of it; `None` where there is no digit and nothing was read.
    fn digits(&mut self, radix: u32, most: usize, start: u32) -> Option<u32> {
        let mut value = start;
        let mut seen = radix == 8;
        for _ in 0..most {
            let Some(digit) = self.rest.first().and_then(|b| char::from(*b).to_digit(radix)) else { break };
            self.rest = &self.rest[1..];
            value = value.checked_mul(radix)?.checked_add(digit)?;
            seen = true;
        }
        seen.then_some(value)
    }

    /// A shell would put a value in here; we have none.
    fn unexpanded(&mut self, b: u8) {
        let starts = self.rest.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'{' | b'('));
        let opens = b == b'`' && !self.out.notes.iter().any(|n| n.contains('`'));
        if opens || b == b'$' && starts {
            let name: String = self
                .rest
                .iter()
                .take(20)
                .map_while(|b| (b.is_ascii_alphanumeric() || matches!(b, b'_' | b'{' | b'}')).then(|| char::from(*b)))
                .collect();
            let note = format!("a shell would put something in for {}{name}; it stands as typed", char::from(b));
            if !self.out.notes.contains(&note) {
                self.out.notes.push(note);
            }
        }
    }

    /// True where the command ends here and something else begins.
    fn ends(&mut self, b: u8) -> bool {
        // `a=1&b=2` without quotes: a shell would end the command, and nobody means that.
        if matches!(b, b'&' | b';')
            && self.word.is_some()
            && self.rest.first().is_some_and(|n| !n.is_ascii_whitespace())
        {
            self.out.notes.push(format!(
                "a shell would end the command at the {} in a URL without quotes; it is read on",
                char::from(b)
            ));
            return false;
        }
        if b == b'\n' && self.rest.iter().all(u8::is_ascii_whitespace) {
            return true;
        }
        let what = if b == b'\n' { "the first line".to_owned() } else { format!("a {}", char::from(b)) };
        self.out.notes.push(format!("what follows {what} is another command and was left out"));
        true
    }
}

/// As `cmd.exe` reads it: a caret takes the meaning of the next character, and quotes are doubled or escaped inside quotes.
fn windows(text: &str) -> Result<Words, String> {
    let mut plain = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(b) = bytes.next() {
        if b != b'^' {
            plain.push(b);
            continue;
        }
        match bytes.next() {
            Some(b'\r') => _ = bytes.next_if_eq(&b'\n'),
            Some(b'\n') | None => {}
            Some(next) => plain.push(next),
        }
    }
    let mut out = Words::default();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut rest = plain.as_slice();
    while let Some((b, after)) = rest.split_first() {
        rest = after;
        match b {
            b'\\' if rest.first() == Some(&b'"') => {
                word.get_or_insert_default().push(b'"');
                rest = &rest[1..];
            }
            b'"' if quoted && rest.first() == Some(&b'"') => {
                word.get_or_insert_default().push(b'"');
                rest = &rest[1..];
            }
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b if b.is_ascii_whitespace() && !quoted => out.words.extend(word.take()),
            b => word.get_or_insert_default().push(*b),
        }
    }
    if quoted {
        return Err("a quote (\") is not closed".to_owned());
    }
    out.words.extend(word);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let words = split(text).expect(text).words;
        words.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect()
    }

    #[test]
    fn quotes_of_shells() {
        for (text, want) in [
            ("curl a 'b c' \"d $e\" ''", &["curl", "a", "b c", "d $e", ""][..]),
            ("curl \\\n  a\\ b\t'c'\"d\"e", &["curl", "a b", "cde"]),
            (r#"curl "a\"b\\c\d""#, &["curl", "a\"b\\c\\d"]),
            (r"curl $'it\'s\n\x41\102\u00e9\!'", &["curl", "it's\nAB\u{e9}!"]),
            ("curl a#b # c\n", &["curl", "a#b"]),
            ("curl a | jq .", &["curl", "a"]),
            ("curl h/?a=1&b=2", &["curl", "h/?a=1&b=2"]),
            ("curl a\ncurl b", &["curl", "a"]),
            ("curl ^\"h/?a^%^20b^\" ^\n  -d ^\"^{^\\^\"x^\\^\":1^}^\"", &["curl", "h/?a%20b", "-d", "{\"x\":1}"]),
        ] {
            assert_eq!(words(text), want, "{text}");
        }
        for open in ["curl 'a", "curl \"a", "curl $'a", "curl ^\"a"] {
            assert!(split(open).expect_err(open).contains("not closed"));
        }
    }

    #[test]
    fn what_a_shell_would_have_done_is_said() {
        for (text, note) in [
            ("curl $TOKEN", "for $TOKEN"),
            ("curl \"a ${T}\"", "for ${T}"),
            ("curl `x`", "for `x"),
            ("curl a; rm b", "follows a ;"),
            ("curl a > b", "follows a >"),
            ("curl h?a&b", "read on"),
            ("curl a\ncurl b", "first line"),
        ] {
            let notes = split(text).expect(text).notes;
            assert!(notes.len() == 1 && notes[0].contains(note), "{text}: {notes:?}");
        }
        assert!(split("curl 'a $b'\n").expect("one").notes.is_empty());
    }
}
