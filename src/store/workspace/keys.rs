//! The one table of what may stand in `lunette.toml`: the reader, its errors and the JSON Schema all come from it.

use serde_json::{Map, Value, json};

use crate::wire::identity;

/// Name of the workspace file.
pub const FILE: &str = "lunette.toml";

/// The longest time in minutes: a day.
const MOST_MINUTES: u32 = 1_440;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text but an empty one.
    Text,
    /// A host name or an address, alone.
    Host,
    /// A port, 1 to 65535.
    Port,
    /// A whole number between these two.
    Whole(u32, u32),
    /// True or false.
    Flag,
    /// An address range.
    Range,
    /// A day.
    Date,
    /// The value of a header, or a reference to it.
    Header,
    /// The value of a variable, or a reference to it.
    Variable,
    /// A filter of the inventory.
    Filter,
    /// The credential of an identity.
    Credential,
    /// Object ids: `PARAM:V1|V2`.
    Ids,
    /// A reference to a secret.
    Secret,
    /// An absolute URL.
    Url,
    /// A proxy, whose secret stands as a reference.
    Proxy,
    /// One of these words.
    OneOf(&'static [&'static str]),
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
    key("identity", Kind::Named(&Kind::Table(IDENTITY)), false, "Who requests to the targets are sent as, by name"),
    key("profile", Kind::Named(&Kind::Table(PROFILE)), false, "Clients at OAuth authorization servers, by name"),
    key(
        "env",
        Kind::Named(&Kind::Named(&Kind::Variable)),
        false,
        "Environments by name: values of variables, put in where {{name}} stands; a secret stands as a reference",
    ),
    key("filters", Kind::Named(&Kind::Filter), false, "Filters of the inventory, by name"),
];

const WORKSPACE: &[Key] = &[
    key("name", Kind::Text, true, "The name shown on the first line of the screen"),
    key("read-only", Kind::Flag, false, "Whether only GET, HEAD, OPTIONS and TRACE are sent, until that is lifted"),
    key(
        "proxy",
        Kind::Proxy,
        false,
        "What everything is sent through: a proxy, or env for those of the environment; --proxy goes first",
    ),
    key(
        "vault-lock-minutes",
        Kind::Whole(1, MOST_MINUTES),
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
    key(
        "requests",
        Kind::Whole(1, 100_000_000),
        false,
        "Most requests that it takes in a run; any number when left out",
    ),
    key("rate", Kind::Whole(1, 10_000), false, "Most requests a second of what is sent in a batch"),
    key("concurrency", Kind::Whole(1, 1_000), false, "Most requests in flight of what is sent in a batch"),
];

const IDENTITY: &[Key] = &[
    key("credential", Kind::Credential, true, "What proves it; a secret stands as a reference"),
    key("role", Kind::Text, false, "What it may do, in a word"),
    key("ids", Kind::List(&Kind::Ids), false, "Object ids that belong to it, one parameter each: order:1001|1002"),
];

const PROFILE: &[Key] = &[
    key("issuer", Kind::Url, false, "Issuer, whose metadata names the endpoints; this or token-url"),
    key("token-url", Kind::Url, false, "Token endpoint, where no metadata is wanted"),
    key("client-id", Kind::Text, true, "Client identifier"),
    key("client-secret", Kind::Secret, false, "Client secret, by reference"),
    key("client-auth", Kind::OneOf(identity::CLIENT_AUTH), false, "How the client proves itself"),
    key("grant", Kind::OneOf(identity::GRANTS), true, "How a token is got"),
    key("scopes", Kind::List(&Kind::Text), false, "Scopes to ask for"),
];

/// Every key of the file and of its tables.
pub fn all() -> impl Iterator<Item = &'static Key> {
    ROOT.iter().flat_map(|key| {
        let inner = match key.kind {
            Kind::Table(keys) | Kind::Tables(keys) => keys,
            Kind::Named(Kind::Table(keys)) => *keys,
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
            Self::Whole(least, most) => least.midpoint(most.min(100)).to_string(),
            Self::Flag => "true".to_owned(),
            Self::Range => "\"10.0.0.0/8\"".to_owned(),
            Self::Date => "2026-12-31".to_owned(),
            Self::Header => "\"text\", or \"env:NAME\" for a secret".to_owned(),
            Self::Variable => "\"text\", or \"vault:NAME\" for a secret".to_owned(),
            Self::Filter => "\"~state shadow\"".to_owned(),
            Self::Credential => "\"bearer:env:NAME\"".to_owned(),
            Self::Ids => "\"order:1001|1002\"".to_owned(),
            Self::Secret => "\"env:NAME\"".to_owned(),
            Self::Url => "\"https://login.example.com\"".to_owned(),
            Self::Proxy => "\"http://127.0.0.1:8080\", or \"env\"".to_owned(),
            Self::OneOf(words) => return format!("write {name} as one of {}", words.join(", ")),
            Self::List(Self::Ids) => "[\"order:1001|1002\"]".to_owned(),
            Self::List(_) if name == "scopes" => "[\"orders:read\"]".to_owned(),
            Self::List(_) => "[\"openapi.yaml\", \"access.log\"]".to_owned(),
            Self::Named(Self::Table(_) | Self::Named(_)) => return format!("begin each one with [{name}.NAME]"),
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
            Self::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Range => json!({"type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Header => json!({"type": "string", "pattern": "^[^\\r\\n]*$"}),
            Self::Variable => json!({"type": "string"}),
            Self::Credential => {
                let words: Vec<&str> = identity::KINDS.iter().map(|k| k.word).collect();
                json!({"type": "string", "pattern": format!("^({}):.", words.join("|"))})
            }
            Self::Ids => json!({"type": "string", "pattern": "^[^:]+:[^|]+(\\|[^|]+)*$"}),
            Self::Secret => json!({"type": "string", "pattern": "^(env|file|vault):."}),
            Self::Url => json!({"type": "string", "format": "uri", "pattern": "^https?://"}),
            Self::Proxy => {
                json!({"type": "string", "pattern": "^(env|none|((http|socks5|socks5h)://)?[^/]+:[0-9]+/?|.+@[^/]+:[0-9]+/?)$"})
            }
            Self::OneOf(words) => json!({"type": "string", "enum": words}),
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
