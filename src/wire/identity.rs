//! Who a request is sent as: a credential by reference, a role, and the object ids that belong to it. One parser reads it from
//! the command line and from the workspace file alike, and one table names its kinds.

use std::path::PathBuf;

use super::Reference;
use super::request::is_name_byte;
use crate::base::error::nearest;
use crate::base::text::{display_str, is_hazard};
use crate::base::{Error, Result};

/// One identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// What proves it.
    pub credential: Credential,
    /// What it may do, in the reviewer's words.
    pub role: Option<String>,
    /// Object ids that belong to it: name of the parameter, and its values.
    pub ids: Vec<(String, Vec<String>)>,
}

/// What proves an identity. A secret stands as a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer` (RFC 6750 section 2.1).
    Bearer(Reference),
    /// `Authorization: Basic` (RFC 7617 section 2): user name and password.
    Basic(String, Reference),
    /// One cookie: its name and its value.
    Cookie(String, Reference),
    /// One header: its name and its value.
    Header(String, Reference),
    /// A file with a certificate, its chain and its key: PEM or PKCS#12; and the password of the key.
    Certificate(PathBuf, Option<Reference>),
    /// An OAuth profile of the workspace, by name.
    Oauth(String),
    /// A file of requests that log in.
    Login(PathBuf),
    /// AWS Signature Version 4.
    Sigv4(Sigv4),
    /// A program and its arguments, whose output is the credential.
    Command(Vec<String>),
}

/// The parts of an AWS credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sigv4 {
    /// Access key id, which is no secret.
    pub key_id: String,
    /// Secret access key.
    pub secret: Reference,
    /// For example `eu-central-1`.
    pub region: String,
    /// For example `execute-api`.
    pub service: String,
    /// Session token of a temporary credential.
    pub session: Option<Reference>,
}

/// One kind of credential, as the user meets it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The word before the colon.
    pub word: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it does.
    pub about: &'static str,
}

const fn kind(word: &'static str, form: &'static str, about: &'static str) -> Kind {
    Kind { word, form, about }
}

/// Every kind: errors, help and documentation are drawn from this.
pub const KINDS: &[Kind] = &[
    kind("bearer", "bearer:SECRET", "Authorization: Bearer"),
    kind("basic", "basic:USER:SECRET", "Authorization: Basic"),
    kind("cookie", "cookie:NAME=SECRET", "a cookie"),
    kind("header", "header:NAME:SECRET", "a header"),
    kind(
        "cert",
        "cert:FILE[:SECRET]",
        "a client certificate: one file, PEM or PKCS#12, with its key, and its password",
    ),
    kind("oauth", "oauth:PROFILE", "a profile of the workspace"),
    kind("login", "login:FILE.http", "requests that log in, with captures"),
    kind("sigv4", "sigv4:ACCESS_KEY_ID:SECRET:REGION:SERVICE[:SESSION]", "AWS Signature Version 4"),
    kind("command", "command:PROGRAM ARG...", "what a program prints: a bearer token, or a line 'Name: value'"),
];

/// What may stand for a SECRET.
pub const SECRET: &str = "env:NAME, file:PATH, vault:NAME or - for stdin";

/// Longest name of an identity, in bytes.
const MOST_NAME: usize = 64;
/// Parameters, and values of each, that an identity may own.
const MOST_IDS: usize = 1_000;

/// Every form, in one line.
pub fn forms() -> String {
    KINDS.iter().map(|k| k.form).collect::<Vec<_>>().join(", ")
}

/// True for a name that can be typed, shown and told from a specification.
pub fn is_name(name: &str) -> bool {
    let odd = |c: char| is_hazard(c) || c.is_whitespace() || matches!(c, '=' | ',');
    !name.is_empty() && name.len() <= MOST_NAME && !name.chars().any(odd)
}

impl Identity {
    /// Reads a specification: a credential, then `,role=R` and `,ids=PARAM:V1|V2`, where `ids` may hold several parameters
    /// with `;` between them, or stand again.
    ///
    /// # Errors
    /// What is wrong with it and what to write. No error holds any of what may be a secret.
    pub fn parse(name: &str, spec: &str) -> Result<Self> {
        if !is_name(name) {
            return Err(Error::input(format!("{} is no name for an identity", shown_name(name)))
                .hint("use letters, digits, - and _, for example alice"));
        }
        let end = [",role=", ",ids="].iter().filter_map(|o| spec.find(o)).min().unwrap_or(spec.len());
        let (head, options) = spec.split_at(end);
        let mut identity =
            Self { name: name.to_owned(), credential: Credential::parse(head)?, role: None, ids: Vec::new() };
        for option in options.split(',').skip(1) {
            match option.split_once('=') {
                Some(("role", _)) if identity.role.is_some() => {
                    return Err(Error::input("role stands there twice").hint("an identity has one role"));
                }
                Some(("role", role)) => identity.role = Some(self::role(role)?),
                Some(("ids", ids)) => {
                    for one in ids.split(';') {
                        identity.own(one)?;
                    }
                }
                _ => {
                    return Err(Error::input("after the credential may stand role= and ids=, and this is neither")
                        .hint("write ,role=user,ids=order:1001|1002"));
                }
            }
        }
        Ok(identity)
    }

    /// Takes `PARAM:V1|V2` as owned.
    ///
    /// # Errors
    /// A parameter without a name or without a value, or one that stands there twice.
    pub fn own(&mut self, text: &str) -> Result<()> {
        let hint = "write the parameter, a colon and its values: order:1001|1002";
        let (param, values) = text.split_once(':').unwrap_or(("", text));
        let values: Vec<String> = values.split('|').map(str::to_owned).collect();
        let odd = |s: &str| s.is_empty() || s.chars().any(is_hazard);
        if odd(param) {
            return Err(Error::input("these ids name no parameter").hint(hint));
        }
        let shown = display_str(param);
        if values.iter().any(|v| odd(v)) {
            return Err(Error::input(format!("the ids of {shown} lack a value")).hint(hint));
        }
        if self.ids.iter().any(|(p, _)| p == param) {
            return Err(Error::input(format!("the ids of {shown} stand there twice")).hint("give them in one list"));
        }
        if values.len() > MOST_IDS || self.ids.len() == MOST_IDS {
            return Err(Error::input(format!("there are more than {MOST_IDS} ids")).hint("name the ones that matter"));
        }
        self.ids.push((param.to_owned(), values));
        Ok(())
    }
}

/// A role as typed.
///
/// # Errors
/// An empty one.
fn role(text: &str) -> Result<String> {
    if text.trim().is_empty() || text.chars().any(is_hazard) {
        return Err(Error::input("the role is empty or cannot be shown").hint("write a word, for example role=user"));
    }
    Ok(text.to_owned())
}

/// A name in display form, cut short: what stands there instead of one may be anything.
fn shown_name(name: &str) -> String {
    match name.len() {
        0 => "an empty text".to_owned(),
        n if n > MOST_NAME => "so long a text".to_owned(),
        _ => display_str(name),
    }
}

impl Credential {
    /// Reads the credential alone.
    ///
    /// # Errors
    /// An unknown kind, with the nearest one, or a part that lacks.
    pub fn parse(head: &str) -> Result<Self> {
        let (word, rest) = head.split_once(':').unwrap_or((head, ""));
        let Some(kind) = KINDS.iter().find(|k| k.word == word) else {
            // What stands there may be the secret itself, so it is not shown.
            let error = Error::input("this is no kind of credential");
            return Err(match nearest(word, KINDS.iter().map(|k| k.word)) {
                Some(near) => error.hint(format!("did you mean {near}:?")),
                None => error.hint(format!("write one of {}", forms())),
            });
        };
        let lacks = |what: &str| {
            Error::input(format!("{word} needs {what}")).hint(format!("write {}; a SECRET is {SECRET}", kind.form))
        };
        let secret = |text: &str| secret(text, &lacks);
        Ok(match word {
            "bearer" => Self::Bearer(secret(rest)?),
            "basic" => {
                let (user, password) = rest.split_once(':').ok_or_else(|| lacks("a user and a secret"))?;
                if user.chars().any(char::is_control) {
                    return Err(lacks("a user without control characters"));
                }
                Self::Basic(user.to_owned(), secret(password)?)
            }
            "cookie" => {
                let (name, value) = rest.split_once('=').ok_or_else(|| lacks("a name, = and a secret"))?;
                named(name, "a cookie").and_then(|n| Ok(Self::Cookie(n, secret(value)?)))?
            }
            "header" => {
                let (name, value) = rest.split_once(':').ok_or_else(|| lacks("a name and a secret"))?;
                named(name, "a header").and_then(|n| Ok(Self::Header(n, secret(value)?)))?
            }
            "cert" => {
                // A reference alone is taken for a password: a file may have a colon in its name.
                let at = [":env:", ":file:", ":vault:"].iter().filter_map(|scheme| rest.find(scheme)).min();
                let (file, password) = match at {
                    Some(at) => (&rest[..at], Some(secret(&rest[at + 1..])?)),
                    None => (rest, None),
                };
                Self::Certificate(Some(file).filter(|f| !f.is_empty()).ok_or_else(|| lacks("a file"))?.into(), password)
            }
            "login" => Self::Login(Some(rest).filter(|r| !r.is_empty()).ok_or_else(|| lacks("a file"))?.into()),
            "oauth" => Self::Oauth(Some(rest).filter(|r| is_name(r)).ok_or_else(|| lacks("a profile"))?.to_owned()),
            "sigv4" => Self::Sigv4(Sigv4::parse(rest).ok_or_else(|| lacks("four parts"))?),
            _ => {
                let words = words(rest).ok_or_else(|| lacks("every quote closed"))?;
                if words.first().is_none_or(String::is_empty) {
                    return Err(lacks("a program"));
                }
                Self::Command(words)
            }
        })
    }

    /// Its entry in the table.
    pub fn kind(&self) -> &'static Kind {
        let word = match self {
            Self::Bearer(_) => "bearer",
            Self::Basic(..) => "basic",
            Self::Cookie(..) => "cookie",
            Self::Header(..) => "header",
            Self::Certificate(..) => "cert",
            Self::Oauth(_) => "oauth",
            Self::Login(_) => "login",
            Self::Sigv4(_) => "sigv4",
            Self::Command(_) => "command",
        };
        KINDS.iter().find(|k| k.word == word).unwrap_or(&KINDS[0])
    }

    /// The references in it.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Bearer(r) | Self::Basic(_, r) | Self::Cookie(_, r) | Self::Header(_, r) => vec![r],
            Self::Sigv4(s) => std::iter::once(&s.secret).chain(&s.session).collect(),
            Self::Certificate(_, password) => password.iter().collect(),
            Self::Oauth(_) | Self::Login(_) | Self::Command(_) => Vec::new(),
        }
    }

    /// True when a secret stands in it.
    pub fn is_literal(&self) -> bool {
        self.references().iter().any(|r| r.is_literal())
    }
}

impl Sigv4 {
    /// `ACCESS_KEY_ID:SECRET:REGION:SERVICE[:SESSION]`. The secret takes two of the parts when it is a reference.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let key_id = parts.next().filter(|p| !p.is_empty())?;
        let secret = match parts.next().filter(|p| !p.is_empty())? {
            scheme @ ("env" | "file" | "vault") => format!("{scheme}:{}", parts.next().filter(|p| !p.is_empty())?),
            literal => literal.to_owned(),
        };
        let region = parts.next().filter(|p| is_scope_word(p))?;
        let service = parts.next().filter(|p| is_scope_word(p))?;
        let session = parts.collect::<Vec<_>>().join(":");
        Some(Self {
            key_id: Some(key_id).filter(|k| k.bytes().all(|b| b.is_ascii_alphanumeric()))?.to_owned(),
            secret: Reference::parse(&secret),
            region: region.to_owned(),
            service: service.to_owned(),
            session: (!session.is_empty()).then(|| Reference::parse(&session)),
        })
    }
}

fn is_scope_word(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A reference, which a stray option does not become part of.
fn secret(text: &str, lacks: &impl Fn(&str) -> Error) -> Result<Reference> {
    if text.is_empty() || ["env:", "file:", "vault:"].contains(&text) {
        return Err(lacks("a secret"));
    }
    let reference = Reference::parse(text);
    match &reference {
        Reference::Env(n) | Reference::Vault(n) if n.contains(',') => {
            Err(Error::input("after the credential may stand role= and ids=, and this is neither")
                .hint("write ,role=user,ids=order:1001|1002"))
        }
        _ => Ok(reference),
    }
}

/// A name of a cookie or a header (RFC 9110 section 5.6.2, token).
fn named(name: &str, what: &str) -> Result<String> {
    if name.is_empty() || !name.bytes().all(is_name_byte) {
        return Err(Error::input(format!("the name of {what} is not an HTTP token")).hint("use letters, digits and -"));
    }
    Ok(name.to_owned())
}

/// The words of a command: white space parts them, quotes keep it, and nothing else is special. `None` for an open quote.
fn words(text: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => out.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    quote.is_none().then_some(out)
}

/// How an OAuth profile gets a token (RFC 6749 section 1.3, RFC 8628).
pub const GRANTS: &[&str] = &["authorization_code", "client_credentials", "device_code", "password", "refresh_token"];

/// How a client proves itself to the token endpoint (OpenID Connect Core section 9, RFC 8705).
pub const CLIENT_AUTH: &[&str] = &[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
];

/// A client at an authorisation server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Issuer identifier (RFC 8414 section 2), whose metadata names the endpoints.
    pub issuer: Option<String>,
    /// Token endpoint, where no metadata is wanted.
    pub token_url: Option<String>,
    /// Client identifier.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Option<Reference>,
    /// One of [`CLIENT_AUTH`].
    pub client_auth: Option<String>,
    /// One of [`GRANTS`].
    pub grant: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn says(spec: &str) -> String {
        Identity::parse("alice", spec).expect_err(spec).to_string()
    }

    #[test]
    fn every_kind_reads_and_has_its_entry() {
        let specs = [
            "bearer:env:T",
            "basic:al:env:P",
            "cookie:sid=file:a:b",
            "header:X-Key:vault:k:1",
            "cert:alice.p12:env:PW",
            "oauth:shop",
            "login:login.http",
            "sigv4:AKID:env:S:eu-west-1:execute-api",
            "command:pass show 'a b'",
        ];
        for (spec, kind) in specs.iter().zip(KINDS) {
            let identity = Identity::parse("alice", &format!("{spec},role=user,ids=order:1|2;user:7,ids=x:9"))
                .unwrap_or_else(|e| panic!("{spec}: {e}"));
            assert_eq!(identity.credential.kind().word, kind.word);
            assert!(!identity.credential.is_literal(), "{spec}");
            assert_eq!(identity.role.as_deref(), Some("user"));
            let ids: Vec<(&str, usize)> = identity.ids.iter().map(|(p, v)| (p.as_str(), v.len())).collect();
            assert_eq!(ids, [("order", 2), ("user", 1), ("x", 1)]);
        }
        assert_eq!(specs.len(), KINDS.len());
        let Credential::Command(words) = Credential::parse("command:pass show 'a b' \"\"").expect("it reads") else {
            panic!("a command");
        };
        assert_eq!(words, ["pass", "show", "a b", ""]);
    }

    #[test]
    fn an_aws_credential_takes_references_and_a_session() {
        for (text, secret, session) in [
            ("sigv4:AK:s3cret:r-1:s3", "***", None),
            ("sigv4:AK:env:S:r-1:s3", "env:S", None),
            ("sigv4:AK:env:S:r-1:s3:env:T", "env:S", Some("env:T")),
            ("sigv4:AK:vault:S:r-1:s3:tok", "vault:S", Some("***")),
        ] {
            let Credential::Sigv4(s) = Credential::parse(text).expect(text) else { panic!("{text}") };
            assert_eq!((s.key_id.as_str(), s.region.as_str(), s.service.as_str()), ("AK", "r-1", "s3"));
            assert_eq!(s.secret.to_string(), secret);
            assert_eq!(s.session.map(|r| r.to_string()).as_deref(), session);
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_no_secret_is() {
        for (spec, what) in [
            ("hunter2", "no kind"),
            ("baerer:hunter2", "did you mean bearer:?"),
            ("bearer:", "needs a secret"),
            ("bearer:env:", "needs a secret"),
            ("bearer:env:T,rol=x", "role= and ids="),
            ("basic:hunter2", "a user and a secret"),
            ("cookie:hunter2", "a name, ="),
            ("cookie:a b=hunter2", "not an HTTP token"),
            ("header:X Y:hunter2", "not an HTTP token"),
            ("header::hunter2", "not an HTTP token"),
            ("cert:", "a file"),
            ("login:", "a file"),
            ("oauth:", "a profile"),
            ("sigv4:AK:hunter2:r", "four parts"),
            ("command:", "a program"),
            ("command:x 'y", "every quote closed"),
            ("bearer:hunter2,role=a,role=b", "role stands there twice"),
            ("bearer:hunter2,role=", "the role is empty"),
            ("bearer:hunter2,ids=1|2", "name no parameter"),
            ("bearer:hunter2,ids=a:1|", "lack a value"),
            ("bearer:hunter2,ids=a:1;a:2", "twice"),
            ("bearer:hunter2,role=a,x=b", "neither"),
        ] {
            let said = says(spec);
            assert!(said.contains(what), "{spec}: {said}");
            assert!(!said.contains("hunter2") && said.contains("; "), "{spec}: {said}");
        }
        for name in ["", "a b", "a=b", "a,b", "a\u{202e}", &"x".repeat(65)] {
            assert!(Identity::parse(name, "bearer:env:T").is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_answered_without_it(text in "[a-z]{0,8}:?(\\PC|[:=,;|' ]){0,30}") {
            if let Err(e) = Identity::parse("alice", &text) {
                prop_assert!(!e.to_string().contains('\n'));
            }
        }
    }
}
