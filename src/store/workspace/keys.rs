//! The one table of what may stand in `lunette.toml`: the reader, its errors and the JSON Schema all come from it.

use serde_json::{Map, Value, json};

/// Name of the workspace file.
pub const FILE: &str = "lunette.toml";

/// The longest time in minutes: a day.
pub const MOST_MINUTES: u32 = 1_440;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text but an empty one.
    Text,
    /// A host name or an address, alone.
    Host,
    /// A port, 1 to 65535.
    Port,
    /// An address range.
    Range,
    /// A day.
    Date,
    /// Minutes, 1 to 1440: a day.
    Minutes,
    /// The value of a header, or a reference to it.
    Header,
    /// A filter of the inventory.
    Filter,
    /// A list of such values.
    List(&'static Kind),
    /// A table with these keys.
    Table(&'static [Key]),
    /// Any number of tables with these keys.
    Tables(&'static [Key]),
    /// A table whose keys are names the user chooses.
    Named(&'static Kind),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, for the schema.
    pub about: &'static str,
}

const fn key(name: &'static str, kind: Kind, required: bool, about: &'static str) -> Key {
    Key { name, kind, required, about }
}

/// Every key of the file.
pub const ROOT: &[Key] = &[
    key("sources", Kind::List(&Kind::Text), false, "Specifications and logs to open, relative to this file's folder"),
    key("workspace", Kind::Table(WORKSPACE), true, "The workspace itself"),
    key("target", Kind::Tables(TARGET), false, "What is in scope, one table each"),
    key(
        "headers",
        Kind::Named(&Kind::Header),
        false,
        "Headers added to requests to the targets when they have none of that name; a credential stands as a reference",
    ),
    key("filters", Kind::Named(&Kind::Filter), false, "Filters of the inventory, by name"),
];

const WORKSPACE: &[Key] = &[
    key("name", Kind::Text, true, "The name shown on the first line of the screen"),
    key(
        "vault-lock-minutes",
        Kind::Minutes,
        false,
        "Minutes without use after which the vault closes; 15 when left out",
    ),
];

const TARGET: &[Key] = &[
    key("host", Kind::Host, true, "Host name or address, alone"),
    key("port", Kind::Port, false, "Port; any when left out"),
    key("range", Kind::Range, false, "Range of addresses the name may resolve to although it is not public"),
    key("owner", Kind::Text, false, "Who answers for it"),
    key("note", Kind::Text, false, "Why it is in scope"),
    key("expires", Kind::Date, false, "Last day, in UTC, on which it is in scope"),
];

/// Every key of the file and of its tables.
pub fn all() -> impl Iterator<Item = &'static Key> {
    ROOT.iter().flat_map(|key| {
        let inner = match key.kind {
            Kind::Table(keys) | Kind::Tables(keys) => keys,
            _ => &[],
        };
        std::iter::once(key).chain(inner)
    })
}

impl Kind {
    /// What to write, for an error.
    pub fn example(self, name: &str) -> String {
        let value = match self {
            Self::Text => "\"text\"".to_owned(),
            Self::Host => "\"api.example.com\"".to_owned(),
            Self::Port => "443".to_owned(),
            Self::Range => "\"10.0.0.0/8\"".to_owned(),
            Self::Date => "2026-12-31".to_owned(),
            Self::Minutes => "15".to_owned(),
            Self::Header => "\"text\", or \"env:NAME\" for a secret".to_owned(),
            Self::Filter => "\"~state shadow\"".to_owned(),
            Self::List(_) => "[\"openapi.yaml\", \"access.log\"]".to_owned(),
            Self::Table(_) | Self::Named(_) => return format!("write it as a table that begins with [{name}]"),
            Self::Tables(_) => return format!("begin each one with [[{name}]]"),
        };
        format!("write {name} = {value}")
    }

    fn schema(self) -> Value {
        match self {
            Self::Text | Self::Filter => json!({"type": "string", "minLength": 1}),
            Self::Host => json!({"type": "string", "minLength": 1, "pattern": "^[^\\s/@*?#=\\[\\]]+$"}),
            Self::Port => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
            Self::Range => json!({"type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Minutes => json!({"type": "integer", "minimum": 1, "maximum": MOST_MINUTES}),
            Self::Header => json!({"type": "string", "pattern": "^[^\\r\\n]*$"}),
            Self::List(kind) => json!({"type": "array", "items": kind.schema()}),
            Self::Table(keys) => object(keys),
            Self::Tables(keys) => json!({"type": "array", "items": object(keys)}),
            Self::Named(kind) => json!({"type": "object", "additionalProperties": kind.schema()}),
        }
    }
}

fn object(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|k| {
            let mut schema = k.kind.schema();
            schema["description"] = k.about.into();
            (k.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = keys.iter().filter(|k| k.required).map(|k| k.name).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

/// The JSON Schema (draft 2020-12) of the file, as text. A TOML day stands for a string in the format `date`.
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        "description": "The workspace file of lunette: readable, for version control, without secrets",
    });
    if let (Value::Object(all), Value::Object(keys)) = (&mut schema, object(ROOT)) {
        all.extend(keys);
    }
    format!("{schema:#}\n")
}
