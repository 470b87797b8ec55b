//! The words of a flow, a row each: reader, errors, help and README are drawn from these tables.

/// What stands behind a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A name.
    Name,
    /// A JSON path (RFC 9535).
    Path,
    /// A regular expression, to the end of the line.
    Pattern,
}

/// What of a reply is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The status code.
    Status,
    /// The version of HTTP.
    Version,
    /// The values of a header.
    Header,
    /// The cookies of a name that are set.
    Cookie,
    /// What a JSON path finds in the body.
    Json,
    /// The body after content decoding.
    Body,
    /// What a regular expression finds in the body.
    Regex,
    /// Bytes of the body.
    Bytes,
    /// The time that the exchange took.
    Time,
    /// The grade of the headers.
    Grade,
}

/// A row of [`SUBJECTS`].
#[derive(Debug)]
pub struct SubjectRow {
    /// The subject.
    pub subject: Subject,
    /// Its word.
    pub word: &'static str,
    /// What stands behind it.
    pub argument: Argument,
    /// How it is written, with its argument.
    pub form: &'static str,
    /// Whether a capture may take it.
    pub captured: bool,
    /// Whether an assertion may be made of it.
    pub asserted: bool,
    /// What it is.
    pub help: &'static str,
}

const fn subject(
    subject: Subject,
    form: (&'static str, &'static str),
    argument: Argument,
    uses: (bool, bool),
    help: &'static str,
) -> SubjectRow {
    SubjectRow { subject, word: form.0, argument, form: form.1, captured: uses.0, asserted: uses.1, help }
}

/// Every subject.
pub const SUBJECTS: &[SubjectRow] = &[
    subject(
        Subject::Status,
        ("status", "status"),
        Argument::None,
        (true, true),
        "the status code; `==` may be left out",
    ),
    subject(Subject::Version, ("version", "version"), Argument::None, (false, true), "`HTTP/1.1`, `HTTP/2`"),
    subject(Subject::Header, ("header", "header NAME"), Argument::Name, (true, true), "the values of a header"),
    subject(
        Subject::Cookie,
        ("cookie", "cookie NAME"),
        Argument::Name,
        (true, true),
        "the values of a cookie that the reply sets",
    ),
    subject(
        Subject::Json,
        ("json", "json PATH"),
        Argument::Path,
        (true, true),
        "what a JSON path (RFC 9535) finds in the body",
    ),
    subject(Subject::Body, ("body", "body"), Argument::None, (true, true), "the body, decoded"),
    subject(
        Subject::Regex,
        ("regex", "regex PATTERN"),
        Argument::Pattern,
        (true, false),
        "what the first group of a regular expression finds in the body, or all of it where it has none",
    ),
    subject(Subject::Bytes, ("bytes", "bytes"), Argument::None, (false, true), "bytes of the body, decoded"),
    subject(
        Subject::Time,
        ("time", "time"),
        Argument::None,
        (false, true),
        "how long the exchange took, in `ms` or `s`",
    ),
    subject(Subject::Grade, ("grade", "grade"), Argument::None, (false, true), "the letter of the headers"),
];

/// What is asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    /// It is this.
    Equals,
    /// It is less.
    Less,
    /// It is this or less.
    AtMost,
    /// It is more.
    More,
    /// It is this or more.
    AtLeast,
    /// It holds this.
    Contains,
    /// A regular expression finds something in it.
    Matches,
    /// There is one.
    Exists,
    /// There is none.
    Absent,
    /// There are so many.
    Count,
    /// It has so many elements, members or characters.
    Length,
    /// It is of this type.
    Type,
    /// It has this hash.
    Sha256,
    /// The cookie has the attribute `Secure`.
    Secure,
    /// The cookie has the attribute `HttpOnly`.
    HttpOnly,
    /// The cookie has this `SameSite`.
    SameSite,
}

/// A row of [`PREDICATES`].
#[derive(Debug)]
pub struct PredicateRow {
    /// The predicate.
    pub predicate: Predicate,
    /// Its word.
    pub word: &'static str,
    /// How it is written, with its value.
    pub form: &'static str,
    /// The subjects it is asked of.
    pub of: &'static [Subject],
    /// What it asks.
    pub help: &'static str,
}

impl PredicateRow {
    /// Whether a value stands behind it.
    pub fn takes_value(&self) -> bool {
        self.form.len() > self.word.len()
    }
}

const fn predicate(
    predicate: Predicate,
    word: &'static str,
    form: &'static str,
    of: &'static [Subject],
    help: &'static str,
) -> PredicateRow {
    PredicateRow { predicate, word, form, of, help }
}

use Subject::{Body, Bytes, Cookie, Grade, Header, Json, Status, Time, Version};

const TEXTS: &[Subject] = &[Version, Header, Cookie, Json, Body];
const FIGURES: &[Subject] = &[Status, Header, Json, Bytes, Time, Grade];
const LISTS: &[Subject] = &[Header, Cookie, Json];

/// Every predicate.
pub const PREDICATES: &[PredicateRow] = &[
    predicate(
        Predicate::Equals,
        "==",
        "== VALUE",
        &[Status, Version, Header, Cookie, Json, Body, Bytes, Grade],
        "it is this: of `json` a JSON value, of `status` also `2xx` or `200..299`",
    ),
    predicate(Predicate::Less, "<", "< N", FIGURES, "it is less"),
    predicate(Predicate::AtMost, "<=", "<= N", FIGURES, "it is this or less"),
    predicate(Predicate::More, ">", "> N", FIGURES, "it is more"),
    predicate(Predicate::AtLeast, ">=", ">= N", FIGURES, "it is this or more; of `grade`, this or better"),
    predicate(
        Predicate::Contains,
        "contains",
        "contains TEXT",
        TEXTS,
        "it holds this text; a JSON list holds this value",
    ),
    predicate(Predicate::Matches, "matches", "matches PATTERN", TEXTS, "a regular expression finds something in it"),
    predicate(Predicate::Exists, "exists", "exists", LISTS, "there is one"),
    predicate(Predicate::Absent, "absent", "absent", LISTS, "there is none"),
    predicate(Predicate::Count, "count", "count [OP] N", LISTS, "so many are found: `count 3`, `count >= 1`"),
    predicate(
        Predicate::Length,
        "length",
        "length [OP] N",
        &[Header, Cookie, Json],
        "so many elements, members or characters",
    ),
    predicate(
        Predicate::Type,
        "type",
        "type WORD",
        &[Json],
        "it is a `string`, `number`, `integer`, `boolean`, `array`, `object` or `null`",
    ),
    predicate(Predicate::Sha256, "sha256", "sha256 HEX", &[Body], "its bytes have this hash"),
    predicate(Predicate::Secure, "secure", "secure", &[Cookie], "it goes over TLS alone"),
    predicate(Predicate::HttpOnly, "httponly", "httponly", &[Cookie], "no script reads it"),
    predicate(Predicate::SameSite, "samesite", "samesite WORD", &[Cookie], "it is `strict`, `lax` or `none`"),
];

/// A row of [`DIRECTIVES`].
#[derive(Debug)]
pub struct DirectiveRow {
    /// Its word.
    pub word: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every directive of a flow.
pub const DIRECTIVES: &[DirectiveRow] = &[
    DirectiveRow { word: "name", form: "# @name NAME", help: "names the request, as the text behind `###` does" },
    DirectiveRow {
        word: "identity",
        form: "# @identity NAME|none",
        help: "sends as this identity, whatever `--identity` says",
    },
    DirectiveRow {
        word: "capture",
        form: "# @capture NAME = SUBJECT",
        help: "keeps something of the reply as `{{NAME}}` for the requests below",
    },
    DirectiveRow {
        word: "assert",
        form: "# @assert SUBJECT [not] PREDICATE",
        help: "fails the request where this does not hold",
    },
    DirectiveRow {
        word: "retry",
        form: "# @retry N every TIME",
        help: "sends again, at most N times, until all of its assertions hold",
    },
    DirectiveRow { word: "follow", form: "# @follow N", help: "follows at most so many redirects" },
];

/// Directives of other uses of such a file, and those that ask for what is so anyway.
pub const ELSEWHERE: &[&str] = &["credential", "expires", "no-redirect"];
