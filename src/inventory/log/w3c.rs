//! W3C extended logs: IIS, and CloudFront's standard logs. Which column is what `#Fields` says, as often as it likes.

use super::Line;
use super::part::{Unit, first_address, micros, request_of, said, size, status, time, without_port};

/// Columns looked at.
const MOST_COLUMNS: usize = 100;

/// A column that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Date,
    Time,
    Method,
    Stem,
    Query,
    Status,
    Took,
    Host,
    /// What the client asked for, where `cs(Host)` is the name of the distribution.
    Asked,
    User,
    Client,
    Size,
    Other,
}

const COLUMNS: [(&str, Column); 14] = [
    ("date", Column::Date),
    ("time", Column::Time),
    ("cs-method", Column::Method),
    ("cs-uri-stem", Column::Stem),
    ("cs-uri", Column::Stem),
    ("cs-uri-query", Column::Query),
    ("sc-status", Column::Status),
    ("time-taken", Column::Took),
    ("cs(host)", Column::Host),
    ("cs-host", Column::Host),
    ("x-host-header", Column::Asked),
    ("cs-username", Column::User),
    ("c-ip", Column::Client),
    ("sc-bytes", Column::Size),
];

/// Reads lines by the columns of the last `#Fields`.
#[derive(Debug, Default)]
pub(super) struct W3c {
    columns: Vec<Column>,
    /// `#Date`, for lines that carry a time alone.
    date: Vec<u8>,
    /// CloudFront counts seconds and IIS milliseconds.
    cloudfront: bool,
    target: Vec<u8>,
}

/// What a line is.
pub(super) enum Row<'a> {
    Line(Line<'a>),
    /// A directive or a comment.
    Directive,
    Missed,
}

impl W3c {
    /// One line without its newline.
    pub fn read<'a>(&'a mut self, line: &'a [u8]) -> Row<'a> {
        if line.starts_with(b"#") {
            self.directive(line);
            return Row::Directive;
        }
        self.row(line).map_or(Row::Missed, Row::Line)
    }

    fn directive(&mut self, line: &[u8]) {
        if let Some(names) = line.strip_prefix(b"#Fields:") {
            let words = names.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).take(MOST_COLUMNS);
            self.cloudfront = words.clone().any(|w| w.eq_ignore_ascii_case(b"x-edge-location"));
            let known = |w: &[u8]| COLUMNS.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(w));
            self.columns = words.map(|w| known(w).map_or(Column::Other, |(_, c)| *c)).collect();
        } else if let Some(date) = line.strip_prefix(b"#Date:") {
            let date = date.trim_ascii();
            self.date = date[..date.len().min(10)].to_vec();
        }
    }

    fn row<'a>(&'a mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let mark = if memchr::memchr(b'\t', line).is_some() { b'\t' } else { b' ' };
        let mut cells: [&[u8]; 13] = [b""; 13];
        let mut count = 0;
        let mut words = line.split(|b| *b == mark);
        for column in &self.columns {
            cells[*column as usize] = words.next()?;
            count += 1;
        }
        if count == 0 || words.next().is_some() {
            return None;
        }
        let cell = |c: Column| cells[c as usize];
        let status = status(cell(Column::Status))?;
        let date = if cell(Column::Date).is_empty() { &self.date } else { cell(Column::Date) };
        let time = time(&[date, b" ", cell(Column::Time)].concat());
        self.target.clear();
        let stem = cell(Column::Stem);
        if self.cloudfront {
            once_less(stem, &mut self.target);
        } else {
            self.target.extend_from_slice(stem);
        }
        if let Some(query) = said(cell(Column::Query)) {
            self.target.push(b'?');
            self.target.extend_from_slice(query);
        }
        let host = said(cell(Column::Asked)).or_else(|| said(cell(Column::Host))).map(without_port);
        let unit = if self.cloudfront { Unit::Seconds } else { Unit::Millis };
        let user = said(cell(Column::User));
        let request = request_of(cell(Column::Method), &self.target);
        Some(Line {
            time,
            status,
            host,
            request,
            micros: micros(cell(Column::Took), unit),
            size: size(cell(Column::Size)),
            client: user.or_else(|| first_address(cell(Column::Client))),
            credential: user.map(|_| true),
            ..Line::default()
        })
    }
}

/// CloudFront percent-encodes what was encoded already: `%2520` stands for `%20`.
fn once_less(stem: &[u8], out: &mut Vec<u8>) {
    let mut rest = stem;
    while let Some(at) = memchr::memmem::find(rest, b"%25") {
        out.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
}
