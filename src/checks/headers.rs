//! The live extras of the header grade: every probe of a plan, one after the other.

use crate::grade::Probes;
use crate::grade::probes::Probe;
use crate::wire::{Exchange, FailureKind, Policy, Transport};

/// Probes that may fail in a row before the rest is left out: a host that has gone is not asked on.
const PATIENCE: usize = 3;

/// Sends every probe in order. What was sent is given back even where the run ended early: cancelled, refused by scope or a
/// budget, or after some failures in a row.
pub async fn run(transport: &dyn Transport, plan: Vec<Probe>, policy: Policy) -> Probes {
    // Only the first exchange of a grade needs a connection of its own.
    let policy = Policy { fresh: false, ..policy };
    let mut sent: Vec<(Probe, Exchange)> = Vec::new();
    let mut failed = 0;
    for probe in plan {
        let exchange = transport.send(probe.request.clone(), policy).await;
        // Another port than the one that was typed may be out of scope, which says nothing of the others.
        let own = sent.last().is_none_or(|(p, _)| p.request.origin == probe.request.origin);
        let over = match exchange.error.as_ref().map(|e| e.kind) {
            Some(FailureKind::Cancelled | FailureKind::Budget | FailureKind::Record | FailureKind::Offline) => true,
            Some(_) if own => {
                failed += 1;
                failed == PATIENCE
            }
            _ => {
                failed = 0;
                false
            }
        };
        sent.push((probe, exchange));
        if over {
            break;
        }
    }
    Probes::new(sent)
}
