//! An endpoint made ready to be sent.

use super::model::{Endpoint, Inventory};
use super::spec::{Operation, OperationKind, Parameter, Place, Server};
use super::template::{Class, variables};
use crate::wire::Load;

/// Scheme, host and port without a trailing slash (empty when no source names them), the path template with its base
/// path, and what is known of the operation. An index beyond the end gives empty parts.
///
/// A documented endpoint is resolved from its document, and with `files` from other files of its folder. One that was only seen gets path parameters with values that look
/// like what was seen; a method that is not declared takes path parameters and security from a declared neighbour.
pub fn compose(inventory: &Inventory, index: usize, files: Option<&dyn Load>) -> (String, String, Operation) {
    let Some(endpoint) = inventory.endpoints.get(index) else { return Default::default() };
    let mut path = endpoint.path.lossy().into_owned();
    let mut operation = match endpoint.operation {
        Some(place) => resolve(inventory, place, files),
        None => guessed(inventory, endpoint, &path, files),
    };
    if endpoint.kind != OperationKind::Path {
        // Where it is called is for the reader to say.
        return (String::new(), String::new(), operation);
    }
    // What stands after `#` in a declared path tells operations of one path apart; sent, it is part of the query.
    if let (Some(_), Some((before, after))) = (endpoint.operation, path.split_once('#')) {
        path = format!("{before}{}{after}", if before.contains('?') { '&' } else { '?' });
    }
    // A base path may have its own variables, and an inferred template has only those.
    for name in variables(&path) {
        if !operation.parameters.iter().any(|p| p.place == Place::Path && p.name == name) {
            operation.parameters.push(Parameter {
                name: name.to_owned(),
                place: Place::Path,
                required: true,
                hint: "as seen in traffic".to_owned(),
                example: Class::example(name).to_owned(),
            });
        }
    }
    let base = endpoint.operation.or_else(|| neighbour(inventory, endpoint)).and_then(|p| origin(inventory, p));
    let base = base.or_else(|| from_host(inventory, endpoint)).unwrap_or_default();
    (base, path, operation)
}

fn resolve(inventory: &Inventory, (document, operation): (usize, usize), files: Option<&dyn Load>) -> Operation {
    inventory.documents.get(document).map(|d| d.operation(operation, files)).unwrap_or_default()
}

fn guessed(inventory: &Inventory, endpoint: &Endpoint, path: &str, files: Option<&dyn Load>) -> Operation {
    let Some(place) = neighbour(inventory, endpoint) else { return Operation::default() };
    let known = resolve(inventory, place, files);
    let names = variables(path);
    Operation {
        servers: known.servers,
        parameters: known
            .parameters
            .into_iter()
            .filter(|p| p.place == Place::Path && names.contains(&p.name.as_str()))
            .collect(),
        security: known.security,
        ..Operation::default()
    }
}

/// A declared operation of the same path.
fn neighbour(inventory: &Inventory, endpoint: &Endpoint) -> Option<(usize, usize)> {
    inventory.endpoints.iter().filter(|e| e.path == endpoint.path && e.host == endpoint.host).find_map(|e| e.operation)
}

/// The first absolute server of an operation.
fn origin(inventory: &Inventory, (document, operation): (usize, usize)) -> Option<String> {
    let lite = inventory.documents.get(document)?.operations().get(operation)?;
    lite.servers.iter().find_map(Server::origin).map(str::to_owned)
}

/// For an endpoint that was only seen: the server of its host, else any server when no host is known, else the host over TLS.
fn from_host(inventory: &Inventory, endpoint: &Endpoint) -> Option<String> {
    if endpoint.operation.is_some() {
        return None;
    }
    let mut servers = inventory.documents.iter().flat_map(|d| d.operations()).flat_map(|o| o.servers.iter());
    match &endpoint.host {
        None => servers.find_map(Server::origin).map(str::to_owned),
        Some(host) => servers
            .find(|s| s.host().as_ref() == Some(host))
            .and_then(Server::origin)
            .map(str::to_owned)
            .or_else(|| Some(format!("https://{host}"))),
    }
}
