//! Use case: an endpoint made ready for the composer.

use crate::inventory::{self, Inventory};
use crate::wire::Load;

use super::Composed;

/// Resolves the endpoint at `index`, or `None` when there is none. `files` reads what a specification refers to in other files.
pub fn compose(list: &Inventory, index: usize, files: &dyn Load) -> Option<Composed> {
    let endpoint = list.endpoints.get(index)?;
    let (base, path, operation) = inventory::compose(list, index, Some(files));
    Some(Composed {
        title: format!("{} {}", crate::base::text::display_str(&endpoint.method), endpoint.path),
        method: endpoint.method.clone(),
        base,
        path,
        operation,
    })
}
