//! The whole request as text: what is no text stands as an escape.

use ratatui_textarea::TextArea;

use super::body::{area, text};
use crate::app::Draft;
use crate::wire::{Target, escape};

/// The request written raw.
pub struct Raw {
    /// Whether it takes the place of the fields.
    pub on: bool,
    /// What is typed.
    pub text: TextArea<'static>,
    /// What it was filled with.
    filled: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self { on: false, text: area(""), filled: String::new() }
    }
}

impl Raw {
    /// Opens it with what the fields say, unless it was edited since it was filled.
    pub fn fill(&mut self, draft: &Draft, as_is: bool) {
        self.on = true;
        if text(&self.text) != self.filled {
            return;
        }
        self.filled = written(draft, as_is);
        self.text = area(&self.filled);
    }

    /// Opens it with bytes that were sent before.
    pub fn hold(&mut self, bytes: &[u8]) {
        self.on = true;
        self.text = area(&escape::written(bytes));
    }

    /// The bytes that it stands for.
    ///
    /// # Errors
    /// The line that cannot be read, and what to write.
    pub fn bytes(&self, as_is: bool) -> Result<Vec<u8>, String> {
        escape::message(&text(&self.text), as_is).map_err(|(line, what)| format!("raw request, line {line}: {what}"))
    }
}

/// A request as an HTTP/1.1 message, with the headers that a sender would add.
fn written(draft: &Draft, as_is: bool) -> String {
    let show = |s: &str| if as_is { s.to_owned() } else { escape::encode(s.as_bytes()) };
    let parsed = Target::parse(draft.url.as_bytes()).ok();
    let (target, host) = match &parsed {
        Some(t) => (String::from_utf8_lossy(&t.target).into_owned(), t.origin.authority()),
        // With a variable in place of the host there is nothing to tell it from the path by.
        None => ("/".to_owned(), "HOST".to_owned()),
    };
    let mut lines = vec![format!("{} {} HTTP/1.1", show(&draft.method), show(&target))];
    let has = |name: &str| draft.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !has("host") {
        lines.push(format!("Host: {}", show(&host)));
    }
    lines.extend(draft.headers.iter().map(|(n, v)| format!("{}: {}", show(n), show(v).replace('\n', "\\n"))));
    let body = draft.body.text();
    if !body.is_empty() && !has("content-length") {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.extend([String::new(), show(body)]);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Content;

    #[test]
    fn it_is_filled_from_the_fields_and_keeps_what_is_edited() {
        let mut draft = Draft {
            method: "POST".into(),
            url: "http://h:81/a/../b\\c?x=1#f".into(),
            headers: vec![("x-a".into(), "1".into())],
            body: Content::Text("{}\n".into()),
            ..Draft::default()
        };
        let mut raw = Raw::default();
        raw.fill(&draft, false);
        let wanted = b"POST /a/../b\\c?x=1 HTTP/1.1\r\nHost: h:81\r\nx-a: 1\r\nContent-Length: 3\r\n\r\n{}\n";
        assert_eq!(raw.bytes(false).expect("it reads"), wanted);
        draft.method = "PUT".into();
        raw.fill(&draft, false);
        assert!(raw.bytes(false).expect("it reads").starts_with(b"PUT "), "nothing was edited");
        raw.text.insert_str("\\xff");
        raw.fill(&Draft::default(), false);
        assert!(raw.bytes(false).expect("it reads").starts_with(b"\xffPUT "));
        raw.text.insert_str("\\q");
        assert!(raw.bytes(false).expect_err("no escape").starts_with("raw request, line 1: a backslash"));
    }
}
