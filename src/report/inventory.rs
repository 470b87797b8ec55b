//! The `lunette.inventory/1` document, and the list as a table.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::base::figure::{bytes, count, millis};
use crate::base::text;
use crate::inventory::{Called, Endpoint, Found, Inventory, Location};

use super::table::{Align, Table};

/// The document of an inventory.
pub fn document(inv: &Inventory) -> Value {
    json!({
        "schema": "lunette.inventory/1",
        "endpoints": inv.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "findings": inv.findings.iter().map(finding).collect::<Vec<_>>(),
        "logs": inv.logs.iter().map(|l| json!({
            "source": text::display_str(&l.source), "format": l.format, "lines": l.lines, "requests": l.requests,
        })).collect::<Vec<_>>(),
        "noise": {"requests": inv.noise.requests, "paths": inv.noise.paths},
        "unparsed": inv.unparsed.iter().map(|u| json!({
            "source": text::display_str(&u.source), "lines": u.lines, "first": u.first,
        })).collect::<Vec<_>>(),
        "problems": inv.problems.iter().map(|p| json!({
            "source": text::display_str(&p.source), "location": p.location, "line": p.line, "message": p.message,
        })).collect::<Vec<_>>(),
        "totals": {"endpoints": inv.counts().0, "log_lines": inv.log_lines, "log_bytes": inv.log_bytes},
    })
}

fn endpoint(e: &Endpoint) -> Value {
    let statuses: Map<String, Value> = e.statuses.iter().map(|(s, n)| (s.to_string(), json!(n))).collect();
    json!({
        "kind": e.kind.word(),
        "method": e.method,
        "host": e.host,
        "path": e.path,
        "seen": e.seen.words().collect::<Vec<_>>(),
        "state": e.state.map(crate::inventory::State::word),
        "in_code": null,
        "requests": e.requests,
        "statuses": statuses,
        "latency_ms": e.latency.map(|l| json!({"p50": l.p50, "p95": l.p95, "p99": l.p99})),
        "first_seen": e.first_seen,
        "last_seen": e.last_seen,
        "credentials": e.credentials.map(|c| json!({"sent": c.sent, "none": c.none})),
        "deprecated": e.deprecated,
        "sunset": e.sunset,
        "security": e.security,
        "locations": e.locations.iter().map(location).collect::<Vec<_>>(),
        "newer": e.newer,
        "operations": e.operations.iter().map(called).collect::<Vec<_>>(),
    })
}

/// What was called inside requests of one endpoint.
fn called(c: &Called) -> Value {
    json!({
        "protocol": c.operation.protocol.word(),
        "kind": c.operation.kind,
        "name": c.operation.name,
        "fields": c.operation.fields,
        "requests": c.requests,
        "errors": c.errors,
    })
}

/// A finding as it is everywhere, and where it stands.
fn finding(f: &Found) -> Value {
    let mut doc = json!(f.finding);
    doc["method"] = json!(f.method);
    doc["host"] = json!(f.host);
    doc["path"] = json!(f.path);
    doc["client"] = json!(f.client);
    doc["requests"] = json!(f.requests);
    doc["samples"] = json!(f.samples);
    doc
}

fn location(l: &Location) -> Value {
    json!({"source": text::display_str(&l.source), "pointer": l.pointer, "line": l.line})
}

/// The list as a table, and under it what was odd.
pub fn plain(inv: &Inventory) -> String {
    let mut table = Table::new(&[
        ("state", Align::Left),
        ("method", Align::Left),
        ("path", Align::Left),
        ("by", Align::Left),
        ("calls", Align::Right),
        ("err %", Align::Right),
        ("p95 ms", Align::Right),
    ]);
    for e in &inv.endpoints {
        let none = || "\u{2013}".to_owned();
        table.row(vec![
            e.word().map_or_else(none, str::to_owned),
            text::display_str(&e.method),
            e.path.display(),
            e.seen.words().collect::<Vec<_>>().join(" "),
            if e.requests > 0 { count(e.requests) } else { none() },
            e.error_share().map_or_else(none, |s| format!("{:.1}", s * 100.0)),
            e.latency.map_or_else(none, |l| millis(l.p95)),
        ]);
        for c in &e.operations {
            let share = (c.requests > 0).then(|| c.errors as f64 / c.requests as f64);
            table.row(vec![
                String::new(),
                String::new(),
                format!("  {}", c.operation.line()),
                String::new(),
                if c.requests > 0 { count(c.requests) } else { none() },
                share.map_or_else(none, |s| format!("{:.1}", s * 100.0)),
                none(),
            ]);
        }
    }
    let mut out = table.render();
    let (endpoints, apart) = inv.counts();
    let mut notes = vec![format!("{} endpoints", count(endpoints as u64))];
    if apart > 0 {
        notes.push(format!("{} webhooks and callbacks, which the API calls", count(apart as u64)));
    }
    if inv.log_lines > 0 {
        notes.push(format!("{} log lines, {}", count(inv.log_lines), bytes(inv.log_bytes)));
    }
    if inv.noise.requests > 0 {
        notes.push(format!(
            "{} requests on {} paths put aside as noise",
            count(inv.noise.requests),
            count(inv.noise.paths)
        ));
    }
    let _ = write!(out, "\n{}\n", notes.join("; "));
    for f in &inv.findings {
        let _ = writeln!(out, "{:<6} {}: {}: {}", f.finding.severity.word(), f.finding.id, f.place(), f.finding.detail);
        for sample in &f.samples {
            let _ = writeln!(out, "       {sample}");
        }
    }
    for l in &inv.logs {
        let _ = writeln!(out, "{}: read as {}, {} requests", text::display_str(&l.source), l.format, count(l.requests));
    }
    for u in &inv.unparsed {
        let _ = writeln!(
            out,
            "{}: {} lines did not parse, first: {}",
            text::display_str(&u.source),
            count(u.lines),
            u.first
        );
    }
    for p in &inv.problems {
        let line = p.line.map(|l| format!(":{l}")).unwrap_or_default();
        let _ = writeln!(out, "{}{line}: {} {}", text::display_str(&p.source), p.location, p.message);
    }
    out
}
