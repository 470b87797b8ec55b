//! Colours by meaning. A role says what a thing is; a theme says how that looks; nothing else on screen names a colour.

mod load;

use ratatui::style::Style;

use crate::base::{Letter, Result};
use crate::inventory::State;

/// Declares every role once: its place in a theme file and its name in code.
macro_rules! roles {
    ($($section:literal { $($variant:ident = $key:literal: $doc:literal),* $(,)? })*) => {
        /// What a thing on screen is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role { $($(#[doc = $doc] $variant,)*)* }

        /// Every role with its section and key in a theme file.
        pub const ROLES: &[(Role, &str, &str)] = &[$($((Role::$variant, $section, $key),)*)*];
    };
}

roles! {
    "ui" {
        Text = "text": "Plain text.",
        Muted = "muted": "Less important text.",
        Border = "border": "Rules between columns.",
        Focus = "focus": "The bar that says where the keys go.",
        Title = "title": "A heading.",
        Selection = "selection": "The row under the cursor.",
        CursorLine = "cursor_line": "The row under the cursor of a part that has no focus.",
        Input = "input": "A field that takes text.",
        Match = "match": "What a search found.",
        TabActive = "tab_active": "The tab that is open.",
        Accent = "accent": "The one accent.",
        Key = "key": "The name of a key.",
    }
    "state" {
        Ok = "ok": "As it should be.",
        Info = "info": "Worth knowing.",
        Warn = "warn": "Wants a look.",
        Error = "error": "Wrong.",
        Critical = "critical": "Gives something away.",
        Unknown = "unknown": "Not known.",
        Pending = "pending": "Under way.",
    }
    "grade" {
        GradeA = "a": "A and A+.",
        GradeB = "b": "B.",
        GradeC = "c": "C.",
        GradeD = "d": "D.",
        GradeF = "f": "F.",
    }
    "method" {
        Get = "get": "GET and HEAD.",
        Post = "post": "POST.",
        Put = "put": "PUT.",
        Patch = "patch": "PATCH.",
        Delete = "delete": "DELETE.",
        Method = "other": "Any other method.",
    }
    "syntax" {
        JsonKey = "key": "A member name.",
        Str = "string": "A string.",
        Number = "number": "A number.",
        Keyword = "keyword": "true, false, null.",
        Comment = "comment": "A remark of ours beside foreign text.",
        Punctuation = "punctuation": "Brackets and commas.",
    }
    "chart" {
        Chart1 = "1": "First series.",
        Chart2 = "2": "Second series.",
        Chart3 = "3": "Third series.",
        Chart4 = "4": "Fourth series.",
        Chart5 = "5": "Fifth series.",
        Chart6 = "6": "Sixth series.",
        Axis = "axis": "Axes and their labels.",
    }
}

impl Role {
    /// The role of a method.
    pub fn of_method(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Method,
        }
    }

    /// The role of a grade letter.
    pub fn of_letter(letter: Letter) -> Self {
        match letter {
            Letter::APlus | Letter::A => Self::GradeA,
            Letter::B => Self::GradeB,
            Letter::C => Self::GradeC,
            Letter::D => Self::GradeD,
            Letter::F | Letter::T => Self::GradeF,
        }
    }

    /// The role of an endpoint's state.
    pub fn of_state(state: State) -> Self {
        match state {
            State::Shadow | State::ShadowMethod => Self::Error,
            State::Zombie => Self::Warn,
            State::Documented => Self::Ok,
            State::Ghost => Self::Unknown,
        }
    }

    /// The role of a status code; 0 stands for no reply.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Ok,
            100..=199 | 300..=399 => Self::Info,
            400..=499 => Self::Warn,
            _ => Self::Error,
        }
    }
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Name as written in the file.
    pub name: String,
    styles: Vec<Style>,
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The default theme: the terminal's own sixteen colours.
    pub fn terminal() -> Self {
        load::builtin("terminal")
    }

    /// The theme without any colour.
    pub fn mono() -> Self {
        load::builtin("mono")
    }

    /// Reads a theme from the text of a file called `name`.
    ///
    /// # Errors
    /// Not TOML, an unknown key (with the nearest known one), or a value that is no colour; each with its place.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        load::parse(text, name)
    }

    /// The theme for a run: without colour when `--color never`, `NO_COLOR` or a dumb terminal says so.
    pub fn for_terminal(color: ColorChoice, no_color: Option<&str>, term: Option<&str>) -> Self {
        match color {
            ColorChoice::Never => Self::mono(),
            ColorChoice::Auto if no_color.is_some_and(|v| !v.is_empty()) || term == Some("dumb") => Self::mono(),
            ColorChoice::Auto | ColorChoice::Always => Self::terminal(),
        }
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// As the environment says.
    #[default]
    Auto,
    /// Colour whatever the environment says.
    Always,
    /// No colour.
    Never,
}
