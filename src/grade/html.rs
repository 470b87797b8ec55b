//! The few elements of a page that a grade looks at: `meta` and `script`, with their attributes.
//!
//! This is no parser of HTML: it finds start tags outside comments and outside the text of scripts and styles, which is
//! what the start of real pages needs.

/// Bytes of a page that are looked at.
const READ: usize = 1 << 20;
/// Elements of a page that are looked at.
const MOST: usize = 2_000;

/// One start tag: its name in lower case and its attributes, their names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name.
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute; empty where it has none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A `meta` element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// `http-equiv`, in lower case.
    pub equiv: String,
    /// `name`, in lower case.
    pub name: String,
    /// `charset`.
    pub charset: String,
    /// `content`.
    pub content: String,
}

impl Meta {
    /// True for a Content-Security-Policy.
    pub fn is_policy(&self) -> bool {
        self.equiv == "content-security-policy" && !self.content.is_empty()
    }
}

/// Every `meta` of a page.
pub fn metas(page: &[u8]) -> impl Iterator<Item = Meta> + '_ {
    tags(page, &["meta"]).map(|t| {
        let text = |name: &str| t.get(name).unwrap_or_default().trim().to_owned();
        Meta {
            equiv: text("http-equiv").to_ascii_lowercase(),
            name: text("name").to_ascii_lowercase(),
            charset: text("charset"),
            content: text("content"),
        }
    })
}

/// Every `script` of a page.
pub fn scripts(page: &[u8]) -> impl Iterator<Item = Tag> + '_ {
    tags(page, &["script"])
}

fn tags<'a>(page: &'a [u8], names: &'static [&'static str]) -> impl Iterator<Item = Tag> + 'a {
    let page = &page[..page.len().min(READ)];
    Tags { page, at: 0 }.take(MOST).filter(move |t| names.contains(&t.name.as_str()))
}

struct Tags<'a> {
    page: &'a [u8],
    at: usize,
}

/// Elements whose content is text and no tags.
const RAW: &[&str] = &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let rest = self.page.get(self.at..)?;
            let open = memchr::memchr(b'<', rest)?;
            self.at += open + 1;
            let rest = &self.page[self.at..];
            if rest.starts_with(b"!--") {
                self.at += 3 + memchr::memmem::find(&rest[3..], b"-->")? + 3;
                continue;
            }
            if !rest.first()?.is_ascii_alphabetic() {
                continue;
            }
            let tag = self.tag();
            if RAW.contains(&tag.name.as_str()) {
                self.at = end_of_raw(self.page, self.at, &tag.name);
            }
            return Some(tag);
        }
    }
}

/// Index of the end tag of `name`, or the end of the page.
fn end_of_raw(page: &[u8], from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(offset) = page.get(at..).and_then(|rest| memchr::memmem::find(rest, b"</")) {
        at += offset;
        let word = &page[at + 2..page.len().min(at + 2 + name.len())];
        if word.eq_ignore_ascii_case(name.as_bytes()) {
            return at;
        }
        at += 2;
    }
    page.len()
}

impl Tags<'_> {
    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &[u8] {
        let start = self.at;
        while self.page.get(self.at).is_some_and(|b| keep(*b)) {
            self.at += 1;
        }
        &self.page[start..self.at]
    }

    fn tag(&mut self) -> Tag {
        let name = lower(self.take_while(|b| !b.is_ascii_whitespace() && b != b'>' && b != b'/'));
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            self.take_while(|b| b.is_ascii_whitespace() || b == b'/');
            if self.page.get(self.at).is_none_or(|b| *b == b'>') {
                self.at = (self.at + 1).min(self.page.len());
                return Tag { name, attributes };
            }
            // An attribute name may begin with `=`.
            let first = self.at;
            self.at += 1;
            self.take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/' | b'='));
            let key = lower(&self.page[first..self.at]);
            self.take_while(|b| b.is_ascii_whitespace());
            let mut value = String::new();
            if self.page.get(self.at) == Some(&b'=') {
                self.at += 1;
                self.take_while(|b| b.is_ascii_whitespace());
                let raw = match self.page.get(self.at).copied() {
                    Some(quote @ (b'"' | b'\'')) => {
                        self.at += 1;
                        let raw = self.take_while(|b| b != quote).to_vec();
                        self.at = (self.at + 1).min(self.page.len());
                        raw
                    }
                    _ => self.take_while(|b| !b.is_ascii_whitespace() && b != b'>').to_vec(),
                };
                value = unescaped(&String::from_utf8_lossy(&raw));
            }
            // The first of a name counts.
            if attributes.len() < 100 && !attributes.iter().any(|(n, _)| *n == key) {
                attributes.push((key, value));
            }
        }
    }
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

/// The character references that stand in policies and addresses.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&#39;", "'")
        .replace("&apos;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_where_a_browser_finds_them() {
        let page = br#"<!doctype html><!-- <script src=no> --><META charset='utf-8'><title><meta name=no></title>
            <script SRC="/a.js?x&amp;y" integrity=sha256-x async>var s = "<script src=no2>";</script>
            <meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;"/><script src = b.js></script
            ><script"#;
        let scripts: Vec<Tag> = scripts(page).collect();
        let sources: Vec<Option<&str>> = scripts.iter().map(|t| t.get("src")).collect();
        assert_eq!(sources, [Some("/a.js?x&y"), Some("b.js"), None]);
        assert_eq!(scripts[0].get("integrity"), Some("sha256-x"));
        assert_eq!(scripts[0].get("async"), Some(""));
        let metas: Vec<Meta> = metas(page).collect();
        assert_eq!(metas.len(), 2);
        assert_eq!(metas[0].charset, "utf-8");
        assert!(metas[1].is_policy());
        assert_eq!(metas[1].content, "default-src 'none'");
    }

    #[test]
    fn broken_pages_end() {
        for page in
            ["<", "<a", "<a b", "<a b=", "<a b='", "<!--", "<script>", "<a =x y>", "<meta a a a", "<textarea></"]
        {
            assert!(tags(page.as_bytes(), &["meta"]).count() <= 1, "{page}");
        }
        assert!(tags(&b"<a ".repeat(400_000), &["meta"]).count() == 0);
    }
}
