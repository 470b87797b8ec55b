//! The `lunette.audit/1` document: what was sent from a workspace, and whether the log of it is whole.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::base::figure::count;
use crate::base::text::display_str;
use crate::store::audit::{Chain, Sent};

use super::table::{Align, Table};

/// What a chain without a key is worth.
pub const UNKEYED: &str = "the head is unkeyed: who can write the log can also write its chain anew";
/// What it takes to see that lines are missing at the end.
pub const TAIL: &str =
    "a cut tail shows only against a head printed earlier: keep this one, and give it to audit verify --head";

/// The document. `sent` where exchanges were asked for.
pub fn document(chain: &Chain, sent: Option<&[Sent]>) -> Value {
    let mut out = json!({
        "schema": "lunette.audit/1",
        "chain": {
            "intact": intact(chain),
            "lines": chain.lines,
            "head": chain.head,
            "keyed": chain.marked > 0,
            "marked": chain.marked,
            "vouched": chain.vouched,
            "torn": chain.torn,
            "open": chain.open,
            "broken": chain.broken.as_ref().map(|b| json!({"line": b.line, "message": b.what})),
            "anchored": chain.anchored,
        },
    });
    if let Some(sent) = sent {
        out["entries"] = sent.iter().map(entry).collect();
    }
    out
}

/// True when nothing is wrong with the chain, nor with what it was held against.
pub fn intact(chain: &Chain) -> bool {
    chain.broken.is_none() && chain.anchored != Some(false)
}

fn entry(sent: &Sent) -> Value {
    let (i, r) = (&sent.intent, sent.result.as_ref());
    json!({
        "seq": i["seq"],
        "time": i["time"],
        "run": i["run"],
        "who": i["who"],
        "identity": i["identity"],
        "remote": i["remote"],
        "method": i["method"],
        "url": i["url"],
        "result": r.map(|r| json!({
            "time": r["time"],
            "remote": r["remote"],
            "status": r["status"],
            "failure": r["failure"],
            "sha256": r["sha256"],
        })),
    })
}

/// The exchanges as a table.
pub fn plain(sent: &[Sent]) -> String {
    let left = |name| (name, Align::Left);
    let mut table = Table::new(&[
        ("seq", Align::Right),
        left("time"),
        left("who"),
        left("as"),
        left("result"),
        left("dialled"),
        left("method"),
        left("url"),
    ]);
    for s in sent {
        let text = |v: &Value| v.as_str().map(display_str).unwrap_or_default();
        let result = match &s.result {
            None => "open".to_owned(),
            Some(r) => match (r["status"].as_u64(), r["failure"].as_str()) {
                (Some(status), None) => status.to_string(),
                (Some(status), Some(failure)) => format!("{status} {}", display_str(failure)),
                (None, failure) => display_str(failure.unwrap_or("none")),
            },
        };
        let i = &s.intent;
        table.row(vec![
            i["seq"].as_u64().unwrap_or_default().to_string(),
            text(&i["time"]),
            text(&i["who"]),
            text(&i["identity"]),
            result,
            text(&i["remote"]),
            text(&i["method"]),
            text(&i["url"]),
        ]);
    }
    table.render()
}

/// The verdict on a chain.
pub fn verdict(chain: &Chain) -> String {
    let mut out = String::new();
    match &chain.broken {
        None => {
            let _ = writeln!(out, "the chain is whole: {} lines", count(chain.lines));
        }
        Some(b) => {
            let _ = writeln!(out, "the chain is broken at line {}: {}", b.line, b.what);
        }
    }
    let _ = writeln!(out, "head {}", chain.head);
    match chain.anchored {
        Some(true) => out.push_str("the head that was given stands in it\n"),
        Some(false) => {
            out.push_str("the head that was given does not stand in it: its tail was cut, or it was rewritten\n");
        }
        None => {}
    }
    if chain.torn > 0 {
        let _ = writeln!(out, "torn lines, marked after a crash: {}", count(chain.torn));
    }
    if chain.open > 0 {
        let _ = writeln!(out, "intents without a result: {}", count(chain.open));
    }
    let _ = writeln!(out, "{}\n{TAIL}", worth(chain));
    out
}

/// What the chain is worth against one who can write the log.
fn worth(chain: &Chain) -> String {
    match chain.vouched {
        _ if chain.marked == 0 => UNKEYED.to_owned(),
        None => format!(
            "the head is keyed: {} of {} lines are marked; name a file that opens the vault to hold the marks against its key (LUNETTE_PASSPHRASE_FILE, LUNETTE_IDENTITY_FILE)",
            count(chain.marked),
            count(chain.lines)
        ),
        Some(last) if last == chain.lines => "the head is keyed: the vault's key vouches for every line".to_owned(),
        Some(last) => format!(
            "the vault's key vouches for the first {} lines; the {} after them were written without it, or anew by who has it not",
            count(last),
            count(chain.lines.saturating_sub(last))
        ),
    }
}
