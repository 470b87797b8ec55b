//! The body as it is typed: its kind, and what stands under each kind while another is chosen.

use ratatui::style::Style;
use ratatui_textarea::TextArea;

use super::row::{Kind as RowKind, Row, joined, replaced};
use crate::app::Content;
use crate::app::draft::{BOUNDARY, fields};
use crate::wire::http_file::Template;
use crate::wire::json;

/// JSON up to this size is checked as it is typed.
const MOST_CHECKED: usize = 256 * 1024;

/// How a body is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// There is none.
    #[default]
    None,
    /// JSON, checked as it is typed.
    Json,
    /// Pairs, percent-encoded.
    Form,
    /// Fields and files.
    Multipart,
    /// A GraphQL document and its variables.
    Graphql,
    /// Text, as it stands.
    Text,
    /// The bytes of a file.
    File,
}

impl Kind {
    /// Every kind, in the order the key goes through them.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Json, Self::Form, Self::Multipart, Self::Graphql, Self::Text, Self::File];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Graphql => "graphql",
            Self::Text => "text",
            Self::File => "file",
        }
    }

    /// The media type that is proposed for it.
    pub fn media_type(self) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Json | Self::Graphql => "application/json".to_owned(),
            Self::Form => "application/x-www-form-urlencoded".to_owned(),
            Self::Multipart => format!("multipart/form-data; boundary={BOUNDARY}"),
            Self::Text => "text/plain; charset=utf-8".to_owned(),
            Self::File => "application/octet-stream".to_owned(),
        })
    }

    /// The kind of a media type.
    pub fn of(media_type: &str) -> Self {
        let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Multipart,
            n if n.ends_with("json") || n.starts_with("*/") || n == "application/*" => Self::Json,
            _ => Self::Text,
        }
    }
}

/// A body as it is typed.
pub struct Body {
    /// Its kind.
    pub kind: Kind,
    /// Fields of a form, and parts.
    pub fields: Vec<Row>,
    /// The path of the file.
    pub file: String,
    /// JSON or text.
    pub text: TextArea<'static>,
    /// The GraphQL document, and its variables.
    pub graphql: [TextArea<'static>; 2],
    /// The text that the document gave.
    given: Option<String>,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            kind: Kind::None,
            fields: Vec::new(),
            file: String::new(),
            text: area(""),
            graphql: [area(""), area("")],
            given: None,
        }
    }
}

impl Body {
    /// A body of a media type.
    pub fn of(media_type: &str, text: &str) -> Self {
        let mut body = Self { kind: Kind::of(media_type), ..Self::default() };
        match (body.kind, fields(text)) {
            (Kind::Form, _) => body.set_form(text),
            (Kind::Multipart, Some(parts)) => {
                body.fields = parts.iter().map(|(n, v)| Row::new(RowKind::Part, n, v)).collect();
            }
            (Kind::Multipart, None) if !text.is_empty() => body.kind = Kind::Text,
            _ => {}
        }
        body.text = area(text);
        body.given = Some(body.summary());
        body
    }

    /// A text that was sent before.
    pub fn sent(media_type: &str, text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let kind = if Kind::of(media_type) == Kind::Json { Kind::Json } else { Kind::Text };
        Self { kind, text: area(text), ..Self::default() }
    }

    /// A body as the app holds it.
    pub fn held(media_type: &str, content: &Content) -> Self {
        match content {
            Content::Text(text) => Self::sent(media_type, text),
            Content::File(path) => Self { kind: Kind::File, file: path.clone(), ..Self::default() },
            Content::Multipart(parts) => Self {
                kind: Kind::Multipart,
                fields: parts.iter().map(|(n, v)| Row::new(RowKind::Part, n, v)).collect(),
                ..Self::default()
            },
            Content::Graphql { query, variables } => {
                Self { kind: Kind::Graphql, graphql: [area(query), area(variables)], ..Self::default() }
            }
        }
    }

    /// The fields as the text that they are.
    pub fn form(&self) -> String {
        joined(self.fields.iter().filter(|r| r.kind == RowKind::Field))
    }

    /// Takes the fields from a text.
    pub fn set_form(&mut self, text: &str) {
        let (fields, parts) =
            std::mem::take(&mut self.fields).into_iter().partition(|r: &Row| r.kind == RowKind::Field);
        self.fields = replaced(fields, RowKind::Field, (!text.is_empty()).then_some(text));
        self.fields.extend::<Vec<Row>>(parts);
    }

    /// The kind of its rows, where it has rows.
    pub fn rows_of(&self) -> Option<RowKind> {
        match self.kind {
            Kind::Form => Some(RowKind::Field),
            Kind::Multipart => Some(RowKind::Part),
            _ => None,
        }
    }

    /// The body as the app takes it.
    pub fn content(&self) -> Content {
        match self.kind {
            Kind::None => Content::default(),
            Kind::Json | Kind::Text => Content::Text(text(&self.text)),
            Kind::Form => Content::Text(self.form()),
            Kind::Multipart => Content::Multipart(
                (self.fields.iter().filter(|r| r.on && r.kind == RowKind::Part))
                    .map(|r| (r.name.clone(), r.value.clone()))
                    .collect(),
            ),
            Kind::Graphql => Content::Graphql { query: text(&self.graphql[0]), variables: text(&self.graphql[1]) },
            Kind::File => Content::File(self.file.trim().trim_start_matches('@').to_owned()),
        }
    }

    /// All that is typed, for telling whether it was changed.
    fn summary(&self) -> String {
        format!("{:?}", self.content())
    }

    /// True while it stands as the document gave it.
    pub fn is_given(&self) -> bool {
        self.given.as_ref() == Some(&self.summary())
    }

    /// What is wrong with the JSON, in words; `None` when nothing is, or when it is not to be checked.
    pub fn fault(&self) -> Option<String> {
        let text = match self.kind {
            Kind::Json => text(&self.text),
            Kind::Graphql => text(&self.graphql[1]),
            _ => return None,
        };
        if text.trim().is_empty() || text.len() > MOST_CHECKED {
            return None;
        }
        // A variable stands for a value that is not here.
        let template = Template::parse(&text, 0);
        let checked = if template.variables().next().is_some() {
            let filled = template.put(&mut |_| Ok(b"0".to_vec())).ok()?;
            String::from_utf8(filled).ok()?
        } else {
            text
        };
        serde_json::from_str::<serde::de::IgnoredAny>(&checked).err().map(|e| e.to_string())
    }

    /// Writes the JSON anew with line breaks. False when it is none, and then nothing changes.
    pub fn reformat(&mut self) -> bool {
        let at = match self.kind {
            Kind::Json => &mut self.text,
            Kind::Graphql => &mut self.graphql[1],
            _ => return false,
        };
        let Ok(value) = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text(at)) else { return false };
        *at = area(&json::pretty(value.get()));
        true
    }
}

/// A text area with this text.
pub fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_owned()).collect());
    area.set_cursor_line_style(Style::new());
    area.set_max_histories(200);
    area
}

/// The text of an area.
pub fn text(area: &TextArea<'_>) -> String {
    area.lines().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_checked_as_it_stands_and_reformatted_only_when_asked() {
        let mut body = Body::of("application/json", "{\"a\":1.50,\"b\":[ ],\"c\":[{\"d\":\"x\\\"{\"}]}");
        assert!(body.fault().is_none() && body.is_given());
        assert!(body.reformat());
        assert_eq!(
            text(&body.text),
            "{\n  \"a\": 1.50,\n  \"b\": [],\n  \"c\": [\n    {\n      \"d\": \"x\\\"{\"\n    }\n  ]\n}"
        );
        assert!(!body.is_given());
        body.text = area("{\"a\": {{id}}, \"b\": \"{{name}}\"}");
        assert_eq!(body.fault(), None);
        body.text = area("{\"a\": }");
        assert!(body.fault().is_some_and(|f| f.contains("line 1 column 7")));
        assert!(!body.reformat());
    }

    #[test]
    fn a_declared_body_opens_as_what_it_is() {
        let form = Body::of("application/x-www-form-urlencoded", "a=1&b=x+y");
        assert_eq!((form.kind, form.fields.len(), form.content().text()), (Kind::Form, 2, "a=1&b=x+y"));
        let parts = "--l\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--l--\r\n";
        let parts = Body::of("multipart/form-data; boundary=l", parts);
        assert_eq!(parts.content(), Content::Multipart(vec![("a".into(), "1".into())]));
        assert_eq!(Body::of("application/xml", "<a/>").kind, Kind::Text);
    }
}
