//! Use case: replies laid side by side, of this run or of the history.

use std::sync::Arc;

use super::Judged;
use crate::base::Result;
use crate::base::figure::{bytes, millis};
use crate::base::known;
use crate::store::History;
use crate::wire::Exchange;
use crate::wire::diff::{Diff, MOST_SIDES, Mask};

/// One reply to lay beside others.
#[derive(Debug, Clone)]
pub enum Side {
    /// One of this run, and what it is called.
    Here(String, Arc<Judged>),
    /// One of the history, by its number.
    Kept(i64),
}

/// Replies laid side by side.
#[derive(Debug, Clone)]
pub struct Laid {
    /// What each is called, and what came in a few words, in display form.
    pub heads: Vec<[String; 2]>,
    /// The lines.
    pub diff: Diff,
}

impl Laid {
    /// Lays exchanges side by side, each under its name, bodies to be shown as `mask` leaves them.
    pub fn of(sides: &[(String, &Exchange)], mask: Mask) -> Self {
        let sides = &sides[..sides.len().min(MOST_SIDES)];
        let heads = sides.iter().map(|(name, x)| [name.clone(), facts(x)]).collect();
        Self { heads, diff: Diff::of(&sides.iter().map(|(_, x)| *x).collect::<Vec<_>>(), mask) }
    }
}

/// Status, size and time of an exchange.
fn facts(x: &Exchange) -> String {
    let status = match (&x.response, &x.error) {
        (Some(r), _) => format!("{}  {}", r.status, bytes(r.decoded_bytes)),
        (None, Some(e)) => format!("no reply, {}", e.kind.word()),
        (None, None) => "no reply".to_owned(),
    };
    let total = x.phases.total.map(|d| format!("  {} ms", millis(d.as_secs_f64() * 1e3))).unwrap_or_default();
    format!("{status}{total}")
}

/// The mask of the screen: known secrets.
pub fn as_drawn(bytes: &[u8]) -> Vec<u8> {
    known::redact(bytes).into_owned()
}

/// Lays replies side by side, [`MOST_SIDES`] at most; those of the history are read back. Takes up to some seconds.
///
/// # Errors
/// A number that the history has not.
pub fn lay(sides: &[Side], history: &dyn History, mask: Mask) -> Result<Laid> {
    let mut kept = Vec::new();
    for side in sides.iter().take(MOST_SIDES) {
        kept.push(match side {
            Side::Kept(id) => {
                let kept = history.load(*id)?;
                let as_ = kept.row.identity.as_deref().map(|i| format!(" as {i}")).unwrap_or_default();
                Some((
                    format!(
                        "no {id} {} {}{as_}",
                        kept.row.method,
                        kept.row.target.chars().take(60).collect::<String>()
                    ),
                    kept.exchange,
                ))
            }
            Side::Here(..) => None,
        });
    }
    let named = sides.iter().zip(&kept).filter_map(|(side, kept)| match (side, kept) {
        (Side::Here(name, judged), _) => Some((name.clone(), &judged.exchange)),
        (Side::Kept(_), Some((name, exchange))) => Some((name.clone(), exchange)),
        _ => None,
    });
    Ok(Laid::of(&named.collect::<Vec<_>>(), mask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::base::secret::mask_body;
    use crate::store::{Memory, history::Select};
    use crate::wire::{Intent, Record as _, Request};

    #[test]
    fn what_a_kept_one_is_called_shows_no_secret_of_its_url() {
        let memory = Memory::default();
        for id in 1..=2 {
            let request = Request::new("GET", b"http://h/a?token=s3cret-of-a-url&page=2").expect("a URL");
            let intent = Intent {
                id,
                origin: "hand",
                remote: "127.0.0.1:80".parse().expect("an address"),
                method: "GET".to_owned(),
                url: "http://h/a".to_owned(),
                identity: None,
            };
            memory.intent(&intent).expect("kept");
            memory.result(&Exchange::new(id, Stamp::from_unix(0).expect("a time"), request));
        }
        let rows = memory.list(&Select::default()).expect("a list");
        let sides: Vec<Side> = rows.iter().map(|r| Side::Kept(r.id)).collect();
        let laid = lay(&sides, &memory, mask_body).expect("laid");
        assert_eq!(laid.heads.len(), 2);
        for [name, _] in &laid.heads {
            assert!(name.contains("/a?token=***&page=2"), "{name}");
        }
    }
}
