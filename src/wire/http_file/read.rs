//! Reads the lines of a file into requests.

use super::{Directive, Entry, HttpFile, MOST_ITEMS, Part, Template, Variable};
use crate::wire::request::is_name_byte;

/// Where in a request the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Before its request line.
    #[default]
    Start,
    /// Among its headers.
    Headers,
    /// In its body.
    Body,
}

/// What was read so far.
#[derive(Default)]
pub struct Reader {
    file: HttpFile,
    at: At,
    name: Option<String>,
    directives: Vec<Directive>,
    entry: Option<Entry>,
    /// Lines of text of the body that belong together, and the line of the first.
    text: Vec<String>,
    text_line: usize,
    /// Inside a script, which is left out whole.
    script: bool,
}

impl Reader {
    /// The requests of a text.
    pub fn read(text: &str) -> HttpFile {
        let mut reader = Self::default();
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            reader.line(i + 1, line);
        }
        reader.end();
        reader.file
    }

    fn note(&mut self, line: usize, what: &str) {
        if self.file.notes.len() < MOST_ITEMS {
            self.file.notes.push((line, what.to_owned()));
        }
    }

    fn line(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        if let Some(title) = line.strip_prefix("###") {
            self.end();
            let title = title.trim_matches(|c: char| c == '#' || c.is_whitespace());
            self.name = (!title.is_empty()).then(|| title.to_owned());
            return;
        }
        if self.script {
            self.script = !trimmed.contains("%}");
            return;
        }
        let opens = trimmed.strip_prefix(['<', '>']).is_some_and(|r| r.trim_start().starts_with("{%"));
        if opens || trimmed.starts_with("> ") || trimmed.starts_with(">>") || trimmed.starts_with("<>") {
            self.script = opens && !trimmed.contains("%}");
            self.note(number, "scripts and redirected replies are left out");
            return;
        }
        match self.at {
            At::Start => self.start(number, trimmed),
            At::Headers if trimmed.is_empty() => self.at = At::Body,
            At::Headers => self.header(number, line),
            At::Body => self.body(number, line),
        }
    }

    /// The text of a comment.
    fn comment(line: &str) -> Option<&str> {
        line.strip_prefix("//").or_else(|| line.strip_prefix('#'))
    }

    fn directive(&mut self, number: usize, comment: &str) {
        let Some(text) = comment.trim_start().strip_prefix('@') else { return };
        let (word, text) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (word, text) = (word.trim_end_matches(':').to_owned(), text.trim().to_owned());
        if word == "name" && !text.is_empty() {
            self.name = Some(text);
        } else if self.directives.len() < MOST_ITEMS {
            self.directives.push(Directive { line: number, word, text });
        } else {
            self.note(number, "too many directives; this one is left out");
        }
    }

    fn start(&mut self, number: usize, line: &str) {
        if line.is_empty() {
            return;
        }
        if let Some(comment) = Self::comment(line) {
            return self.directive(number, comment);
        }
        if let Some(variable) = line.strip_prefix('@') {
            match variable.split_once('=') {
                Some((name, value)) if self.file.variables.len() < MOST_ITEMS => self
                    .file
                    .variables
                    .push(Variable { name: name.trim().to_owned(), value: Template::parse(value.trim(), number) }),
                Some(_) => self.note(number, "too many variables; this one is left out"),
                None => self.note(number, "a variable needs a value: @name = value"),
            }
            return;
        }
        if self.file.requests.len() == MOST_ITEMS {
            return self.note(number, "too many requests; this one is left out");
        }
        // Any token is one, since a URL with nothing before it holds what no token does.
        let is_method = |w: &str| !w.is_empty() && w.bytes().all(is_name_byte);
        let (method, url) = match line.split_once(char::is_whitespace) {
            Some((method, url)) if is_method(method) && !url.trim_start().starts_with("HTTP/") => (method, url.trim()),
            _ => ("GET", line),
        };
        let url = url
            .rsplit_once(char::is_whitespace)
            .map_or(url, |(before, version)| if version.starts_with("HTTP/") { before.trim_end() } else { url });
        self.entry = Some(Entry {
            name: None,
            line: number,
            method: method.to_owned(),
            url: Template::parse(url, number),
            headers: Vec::new(),
            body: Vec::new(),
            directives: Vec::new(),
        });
        self.at = At::Headers;
    }

    fn header(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        if let Some(comment) = Self::comment(trimmed) {
            return self.directive(number, comment);
        }
        let Some(entry) = &mut self.entry else { return };
        // A query may go on over lines, indented.
        if line.starts_with([' ', '\t']) && entry.headers.is_empty() {
            let whole = format!("{}{trimmed}", entry.url);
            if whole.len() > 64 << 10 {
                return self.note(number, "the URL is too long; this part is left out");
            }
            entry.url = Template::parse(&whole, entry.line);
            return;
        }
        match trimmed.split_once(':') {
            Some((name, value)) if entry.headers.len() < MOST_ITEMS => {
                entry.headers.push((Template::parse(name.trim(), number), Template::parse(value.trim(), number)));
            }
            Some(_) => self.note(number, "too many headers; this one is left out"),
            None => self.note(number, "this is no header: Name: value"),
        }
    }

    fn body(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        // A directive is one wherever it stands; any other comment in a body is the body's own.
        if let Some(comment) = Self::comment(trimmed).filter(|c| c.trim_start().starts_with('@')) {
            return self.directive(number, comment);
        }
        let named = trimmed.strip_prefix('<').filter(|r| r.starts_with([' ', '\t', '@']));
        if let (Some(path), Some(_)) = (named, &self.entry) {
            self.end_text(true);
            let (path, fill) = match path.strip_prefix('@') {
                // An encoding may stand before the path.
                Some(rest) => (rest.split_once(' ').map_or(rest, |(_, p)| p), true),
                None => (path, false),
            };
            let part = Part::File { path: Template::parse(path.trim(), number), fill };
            if let Some(entry) = self.entry.as_mut().filter(|e| e.body.len() < MOST_ITEMS) {
                entry.body.push(part);
            }
            return;
        }
        if self.text.is_empty() {
            self.text_line = number;
        }
        self.text.push(line.to_owned());
    }

    /// The lines of a body become one part of it; `more` when another part follows.
    fn end_text(&mut self, more: bool) {
        let mut lines = std::mem::take(&mut self.text);
        let Some(entry) = &mut self.entry else { return };
        while !more && lines.last().is_some_and(|l| l.trim().is_empty()) {
            lines.pop();
        }
        if lines.is_empty() {
            return;
        }
        let content = |word: &str| {
            entry.headers.iter().any(|(n, v)| {
                n.to_string().eq_ignore_ascii_case("content-type") && v.to_string().to_ascii_lowercase().contains(word)
            })
        };
        let end = if content("multipart/") { "\r\n" } else { "\n" };
        let mut text = String::new();
        if !entry.body.is_empty() {
            text.push_str(end);
        }
        // A form may stand on several lines, each pair on its own.
        let form = content("x-www-form-urlencoded");
        for (i, line) in lines.iter().enumerate() {
            let joined = form && line.trim_start().starts_with('&');
            if i > 0 && !joined {
                text.push_str(end);
            }
            text.push_str(if form { line.trim() } else { line });
        }
        if more {
            text.push_str(end);
        }
        if entry.body.len() < MOST_ITEMS {
            entry.body.push(Part::Text(Template::parse(&text, self.text_line)));
        }
    }

    fn end(&mut self) {
        self.end_text(false);
        self.at = At::Start;
        self.script = false;
        let directives = std::mem::take(&mut self.directives);
        let name = self.name.take();
        if let Some(entry) = self.entry.take() {
            self.file.requests.push(Entry { name, directives, ..entry });
        } else if let Some(first) = directives.first() {
            self.note(first.line, "these directives belong to no request");
        }
    }
}
