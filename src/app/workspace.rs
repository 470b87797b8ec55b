//! Use case: what a workspace adds to a request to one of its targets.

use crate::base::text::display_str;
use crate::base::{Result, Stamp};
use crate::store::Workspace;
use crate::wire::{Request, Secrets};

use super::{Keyring, send};

/// Adds the headers of the workspace to a request to one of its targets, and gives a sentence that says so; or that it is
/// none, or one whose time is over. A header that the identity of the request sets is the identity's.
///
/// # Errors
/// A header that refers to a secret that is not there.
pub fn dress(
    workspace: &Workspace,
    secrets: &dyn Secrets,
    keyring: &Keyring,
    request: &mut Request,
    now: Stamp,
) -> Result<Option<String>> {
    let origin = &request.origin;
    let place = display_str(&origin.host_port());
    Ok(match workspace.target(&origin.host, origin.port, now) {
        Some(target) if target.expired(now) => {
            let until = target.until.map(|u| u.to_string()).unwrap_or_default();
            Some(format!("{}: {place} was in scope until {until}, and is only because it was typed", target.place))
        }
        Some(_) => {
            let own = request.identity.as_ref().map(|name| keyring.headers(name)).transpose()?.unwrap_or_default();
            let mut headers = workspace.headers(secrets)?;
            headers.retain(|(n, _)| !own.iter().any(|o| o.as_bytes().eq_ignore_ascii_case(n)));
            let added = send::dress(request, headers);
            (!added.is_empty()).then(|| format!("{}: adds {}", workspace.shown, added.join(", ")))
        }
        None if workspace.headers.is_empty() => None,
        None => Some(format!("{}: {place} is no target, so its headers are left out", workspace.shown)),
    })
}
