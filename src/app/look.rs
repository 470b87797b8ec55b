//! Use case: all that is known of one endpoint.

use std::sync::Arc;

use crate::inventory::{self, Inventory, Operation};
use crate::wire::Load;

/// What the list alone does not say of an endpoint.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The list it is of.
    pub inventory: Arc<Inventory>,
    /// Its index there.
    pub endpoint: usize,
    /// Parameters, bodies and what else its document says; empty where none declares it.
    pub operation: Operation,
    /// The declared path that is most like the one of an endpoint that nothing declares, in display form.
    pub nearest: Option<String>,
}

/// Resolves the endpoint at `endpoint`, or `None` when there is none.
pub fn look(inventory: Arc<Inventory>, endpoint: usize, files: &dyn Load) -> Option<Looked> {
    let here = inventory.endpoints.get(endpoint)?;
    let operation = here
        .operation
        .and_then(|(document, operation)| Some(inventory.documents.get(document)?.operation(operation, Some(files))));
    let nearest = inventory::nearest(&inventory, endpoint).map(|e| e.path.display());
    Some(Looked { operation: operation.unwrap_or_default(), nearest, endpoint, inventory })
}
