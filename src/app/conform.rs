//! Use case: is a reply what the specification declares?

use crate::base::text::display_str;
use crate::inventory::{Inventory, Reply, declaring};
use crate::report::declared::Declared;
use crate::wire::{Exchange, Load};

/// Holds a reply against the operation that its request is one of. `None` where no document declares it, or nothing came back.
/// Takes time in proportion to the body.
pub fn conform(inventory: &Inventory, exchange: &Exchange, files: &dyn Load) -> Option<Declared> {
    let response = exchange.response.as_ref()?;
    let endpoint = declaring(inventory, &exchange.request)?;
    let (document, operation) = endpoint.operation?;
    let document = inventory.documents.get(document)?;
    let reply = Reply {
        status: response.status,
        content_type: response.get("content-type").map(crate::base::Untrusted::as_bytes),
        body: &response.body,
        head: exchange.request.method.eq_ignore_ascii_case(b"HEAD"),
    };
    let mut judgement = document.judge_reply(operation, &reply, Some(files));
    if response.truncated {
        judgement.unjudged.push("the body, of which only a part came".to_owned());
        judgement.mismatches.clear();
    }
    let place = endpoint.locations.first().map(|l| match l.line {
        Some(line) => format!("{}:{line}", display_str(&l.source)),
        None => display_str(&l.source),
    });
    let undeclared = judgement.undeclared_status.then(|| format!("status {} is not declared", response.status));
    let media = judgement.media_type.as_ref().map(|m| format!("the reply {m}"));
    let body = judgement.mismatches.iter().map(|m| {
        let at = if m.pointer.is_empty() { "the body" } else { &m.pointer };
        format!("{at}: {}", m.reason)
    });
    Some(Declared {
        operation: format!("{} {}", display_str(&endpoint.method), endpoint.path.display()),
        place: place.unwrap_or_default(),
        differs: undeclared.into_iter().chain(media).chain(body).collect(),
        not_judged: judgement.unjudged,
    })
}
