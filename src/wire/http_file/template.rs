//! Text with places for variables.

use std::fmt;

use super::MOST_FILLED;
use crate::base::{Error, Result};

/// Text with `{{name}}` in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Line on which it begins.
    pub line: usize,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

impl Template {
    /// Reads the places of a text. Braces that are never closed are text.
    pub fn parse(text: &str, line: usize) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, next)) = after.split_once("}}").filter(|(n, _)| !n.contains(['\n', '{'])) else { break };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Variable(name.trim().to_owned()));
            rest = next;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Self { line, pieces }
    }

    /// The names in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|p| match p {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with every variable replaced by what `values` gives for it.
    ///
    /// # Errors
    /// As `values`, at the line of the text; more than 1 MiB.
    pub fn put(&self, values: &mut dyn FnMut(&str) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Variable(name) => out.extend(values(name)?),
            }
            if out.len() > MOST_FILLED {
                return Err(Error::input(format!("with its variables it is more than {MOST_FILLED} bytes"))
                    .hint("look at what the variables hold"));
            }
        }
        Ok(out)
    }
}

/// The text as written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|p| match p {
            Piece::Text(text) => f.write_str(text),
            Piece::Variable(name) => write!(f, "{{{{{name}}}}}"),
        })
    }
}
