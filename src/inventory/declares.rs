//! Which declared operation a request is one of.

use super::merge::join;
use super::model::{Endpoint, Inventory};
use super::spec::OperationKind;
use super::template::{Asked, Match, Trie, split_target};
use crate::wire::Request;

/// The endpoint whose operation a request is one of: by any of its servers, host and path, and its method. `None` where no
/// document declares it.
pub fn declaring<'a>(inventory: &'a Inventory, request: &Request) -> Option<&'a Endpoint> {
    let mut trie = Trie::default();
    for (i, endpoint) in inventory.endpoints.iter().enumerate() {
        let (Some((document, operation)), OperationKind::Path) = (endpoint.operation, endpoint.kind) else { continue };
        let Some(lite) = inventory.documents.get(document).and_then(|d| d.operations().get(operation)) else {
            continue;
        };
        for server in lite.servers.iter() {
            let index = u32::try_from(i).unwrap_or(u32::MAX);
            // Where it is sent to is the reviewer's to say: another host may run the same API.
            trie.insert(&join(&server.base_template, &lite.path), &lite.method, None, index);
        }
    }
    let mut scratch = Vec::new();
    let (path, query) = split_target(&request.target, &mut scratch);
    let method = request.method.to_ascii_uppercase();
    let asked = Asked { method: &method, host: None, path, query };
    match trie.find(&asked) {
        Match::Declared(index) => inventory.endpoints.get(index as usize),
        Match::OtherMethod(_) | Match::Unknown => None,
    }
}
