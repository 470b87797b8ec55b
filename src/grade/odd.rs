//! The odd one out: what most endpoints of a host send and one does not.

use crate::wire::Response;

use super::judges::legacy::EVERYWHERE;

/// Fewest endpoints that send a header before the lack of it is odd.
const FEWEST: usize = 3;

/// Which of the headers that belong on every reply one has, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sends(u8);

impl Sends {
    /// What a reply sends.
    pub fn of(response: &Response) -> Self {
        let bits = EVERYWHERE.iter().enumerate().filter(|(_, n)| response.get(n).is_some());
        Self(bits.fold(0, |all, (i, _)| all | 1 << i))
    }

    /// As it is kept: a bit a header, in the order of the list of such headers.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// As it was kept.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

/// What an endpoint lacks although most of its host send it: `17 endpoints send x-content-type-options, this one does not`.
/// `others` are the replies of the same host, this one left out.
pub fn out(this: Sends, others: &[Sends]) -> Vec<String> {
    EVERYWHERE
        .iter()
        .enumerate()
        .filter(|(i, _)| this.0 & (1 << i) == 0)
        .filter_map(|(i, name)| {
            let with = others.iter().filter(|o| o.0 & (1 << i) != 0).count();
            (with >= FEWEST && with * 3 >= others.len() * 2)
                .then(|| format!("{with} endpoints send {name}, this one does not"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_differs_is_named() {
        let with = |names: &[&str]| {
            Sends::of(&Response {
                headers: names.iter().map(|n| ((*n).into(), "x".into())).collect(),
                ..Response::default()
            })
        };
        let (all, none) = (with(&["X-Content-Type-Options"]), with(&["x-other"]));
        assert_eq!(out(none, &[all; 17]), ["17 endpoints send x-content-type-options, this one does not"]);
        assert_eq!(out(all, &[all; 17]), [""; 0]);
        assert_eq!(out(none, &[all, all]), [""; 0], "two are no rule");
        assert_eq!(out(none, &[all, all, all, none, none, none]), [""; 0], "half is no rule");
    }
}
