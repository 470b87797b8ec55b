//! Rows in and out of the file.

use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::stored::Parts;
use super::{Form, Graded, MOST_ROWS, Row, Select, TLS_WORDS};
use crate::base::{Clock as _, Letter, Stamp, SystemClock};
use crate::grade::odd::Sends;
use crate::wire::{Origin, Scheme};

const COLUMNS: &str =
    "id, run, number, at, who, identity, method, scheme, host, port, target, status, failure, total_us, size, form";

/// Adds one.
pub fn insert(db: &Connection, row: &Row, parts: &Parts) -> rusqlite::Result<()> {
    // The same exchange once more is the one that is there: a write whose answer was lost is tried again.
    db.prepare_cached(
        "INSERT OR IGNORE INTO exchange (run, number, at, who, identity, method, scheme, host, port, target, status,
         failure, total_us, size, form, facts, request_body, sent, response_body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        row.run,
        number(row.number),
        row.at.millis(),
        row.who,
        row.identity,
        row.method,
        row.origin.scheme.word(),
        row.origin.host,
        row.origin.port,
        row.target,
        row.status,
        row.failure,
        row.total.map(|t| i64::try_from(t.as_micros()).unwrap_or(i64::MAX)),
        number(row.size),
        row.form.word(),
        parts.facts,
        parts.request_body,
        parts.sent,
        parts.response_body,
    ])?;
    Ok(())
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Lists, newest first.
pub fn list(db: &Connection, select: &Select) -> rusqlite::Result<Vec<Row>> {
    let mut tests: Vec<&str> = vec!["1"];
    let mut values: Vec<Value> = Vec::new();
    let mut only = |test: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            tests.push(test);
            values.push(value);
        }
    };
    only(
        "instr(lower(method || ' ' || scheme || '://' || host || ':' || port || target), ?)",
        select.text.as_ref().map(|t| t.to_ascii_lowercase().into()),
    );
    only("host = ?", select.host.clone().map(Into::into));
    only("port = ?", select.port.map(|p| i64::from(p).into()));
    only("method = ? COLLATE NOCASE", select.method.clone().map(Into::into));
    only("status >= ?", select.status.map(|(from, _)| i64::from(from).into()));
    only("status <= ?", select.status.map(|(_, to)| i64::from(to).into()));
    only("who = ?", select.who.clone().map(Into::into));
    only("identity = ?", select.identity.clone().map(Into::into));
    only("at >= ?", select.since.map(|s| s.millis().into()));
    only("id < ?", select.before.map(Into::into));
    let most = if select.most == 0 { MOST_ROWS } else { select.most.min(MOST_ROWS) };
    let query = format!("SELECT {COLUMNS} FROM exchange WHERE {} ORDER BY id DESC LIMIT {most}", tests.join(" AND "));
    db.prepare_cached(&query)?.query_map(params_from_iter(values), read)?.collect()
}

/// One row with its parts; `None` where there is none of that number.
pub fn load(db: &Connection, id: i64) -> rusqlite::Result<Option<(Row, Parts)>> {
    let query = format!("SELECT {COLUMNS}, facts, request_body, sent, response_body FROM exchange WHERE id = ?1");
    db.prepare_cached(&query)?
        .query_row([id], |r| {
            let parts =
                Parts { facts: r.get(16)?, request_body: r.get(17)?, sent: r.get(18)?, response_body: r.get(19)? };
            Ok((read(r)?, parts))
        })
        .optional()
}

/// Puts a grade in the place of an earlier one.
pub fn grade(db: &Connection, g: &Graded) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO grade (host, method, path, headers, tls, sends, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        // No host has this name.
        g.host.as_deref().unwrap_or_default(),
        g.method,
        g.path,
        g.headers.map(Letter::word),
        g.tls,
        g.sends.map(Sends::bits),
        SystemClock.wall().millis(),
    ])?;
    Ok(())
}

/// Every grade.
pub fn grades(db: &Connection) -> rusqlite::Result<Vec<Graded>> {
    db.prepare_cached("SELECT host, method, path, headers, tls, sends FROM grade")?
        .query_map([], |r| {
            let (host, headers, tls): (String, Option<String>, Option<String>) = (r.get(0)?, r.get(3)?, r.get(4)?);
            Ok(Graded {
                method: r.get(1)?,
                host: (!host.is_empty()).then_some(host),
                path: r.get(2)?,
                headers: headers.as_deref().and_then(Letter::parse),
                tls: tls.and_then(|t| TLS_WORDS.into_iter().find(|w| *w == t)),
                sends: r.get::<_, Option<u8>>(5)?.map(Sends::from_bits),
            })
        })?
        .collect()
}

fn read(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let scheme: String = r.get(7)?;
    let form: String = r.get(15)?;
    Ok(Row {
        id: r.get(0)?,
        run: r.get(1)?,
        number: count(r.get(2)?),
        at: Stamp::from_millis(r.get(3)?).unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.into()),
        who: r.get(4)?,
        identity: r.get(5)?,
        method: r.get(6)?,
        origin: Origin {
            scheme: if scheme == Scheme::Https.word() { Scheme::Https } else { Scheme::Http },
            host: r.get(8)?,
            port: r.get(9)?,
        },
        target: r.get(10)?,
        status: r.get(11)?,
        failure: r.get(12)?,
        total: r.get::<_, Option<i64>>(13)?.map(|us| Duration::from_micros(count(us))),
        size: count(r.get(14)?),
        // What no version ever wrote is opened as sealed, which says that it was changed.
        form: Form::parse(&form).unwrap_or(Form::Sealed),
    })
}
