//! The declared path that an undeclared one is most like.

use super::model::{Endpoint, Inventory};
use super::spec::OperationKind;

/// The declared endpoint whose path shares the most leading segments with an endpoint that nothing declares, and of those the
/// one with the fewest that differ. `None` where none shares any, and for an endpoint that is declared.
pub fn nearest(inventory: &Inventory, index: usize) -> Option<&Endpoint> {
    let endpoint = inventory.endpoints.get(index)?;
    if endpoint.operation.is_some() {
        return None;
    }
    let here = endpoint.path.as_bytes();
    let declared = inventory.endpoints.iter().filter(|e| e.operation.is_some() && e.kind == OperationKind::Path);
    let alike = declared.filter_map(|e| {
        let shared = segments(here).zip(segments(e.path.as_bytes())).take_while(|(a, b)| same(a, b)).count();
        let rest = segments(here).count().max(segments(e.path.as_bytes()).count()) - shared;
        (shared > 0).then_some((std::cmp::Reverse(shared), rest, e.method != endpoint.method, e))
    });
    alike.min_by_key(|(shared, rest, method, _)| (*shared, *rest, *method)).map(|(.., e)| e)
}

fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|s| !s.is_empty())
}

/// Equal, or both a place for a value.
fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || (a.starts_with(b"{") && b.starts_with(b"{"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Untrusted;

    #[test]
    fn the_longest_way_together_wins() {
        let endpoint = |path: &str, declared: bool| Endpoint {
            method: "GET".to_owned(),
            path: Untrusted::from(path),
            operation: declared.then_some((0, 0)),
            ..Endpoint::default()
        };
        let list = |paths: &[&str], of: &str| {
            let mut endpoints: Vec<Endpoint> = paths.iter().map(|p| endpoint(p, true)).collect();
            endpoints.push(endpoint(of, false));
            Inventory { endpoints, ..Inventory::default() }
        };
        for (of, want) in [
            ("/orders/{n}/export", Some("/orders/{id}")),
            ("/orders/all", Some("/orders")),
            ("/users", Some("/users/{id}/keys")),
            ("/metrics", None),
        ] {
            let list = list(&["/orders", "/orders/{id}", "/orders/{id}/items/{n}", "/users/{id}/keys"], of);
            assert_eq!(nearest(&list, 4).map(|e| e.path.display()).as_deref(), want, "{of}");
        }
        assert!(nearest(&list(&["/a"], "/a"), 0).is_none(), "it is declared");
    }
}
