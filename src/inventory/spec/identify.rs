//! Which kind of document this is, said in one sentence when it is not one that is read.

use crate::base::{Error, text::display_str};

use super::text::{Member, member, scalar};

pub(super) const HINT: &str = "give an OpenAPI 3.0 to 3.2 or Swagger 2.0 document, in JSON or YAML";

/// A document that is read.
pub(super) struct Version {
    /// As written.
    pub written: String,
    /// Swagger 2.0 and not `OpenAPI`.
    pub swagger: bool,
    /// Second number of the `OpenAPI` version.
    pub minor: u8,
}

/// The version of a document that is read, from its top-level members.
///
/// # Errors
/// Any other document, with what it is.
pub(super) fn version(source: &str, top: &[Member<'_>]) -> Result<Version, Error> {
    let get = |name: &str| top.iter().rfind(|m| m.key == name).map(|m| m.value);
    let word = |name: &str| get(name).and_then(scalar);
    let fail = |what: String| Err(Error::input(what).at(display_str(source)).hint(HINT));
    if let Some(version) = word("openapi") {
        let numbers: Vec<&str> = version.trim().split('.').collect();
        return match (numbers.first().copied(), numbers.get(1).copied()) {
            (Some("3"), minor @ (Some("0" | "1" | "2") | None)) => {
                let minor = minor.and_then(|m| m.parse().ok()).unwrap_or(0);
                Ok(Version { written: version, swagger: false, minor })
            }
            _ => fail(format!("this is OpenAPI {}, and OpenAPI 3.0 to 3.2 are read", display_str(&version))),
        };
    }
    if let Some(version) = word("swagger") {
        if version.trim() == "2" || version.trim() == "2.0" {
            return Ok(Version { written: version, swagger: true, minor: 0 });
        }
        return fail(format!("this is Swagger {}, and of Swagger only 2.0 is read", display_str(&version)));
    }
    if let Some(version) = word("asyncapi") {
        return fail(format!("this is AsyncAPI {}, and OpenAPI 3.0 to 3.2 are read", display_str(&version)));
    }
    if get("log").is_some_and(|log| member(log, "entries").is_some()) {
        return fail("this is a HAR capture, and OpenAPI 3.0 to 3.2 are read".to_owned());
    }
    let postman = |info: &str| {
        member(info, "_postman_id").is_some()
            || member(info, "schema").and_then(scalar).is_some_and(|s| s.contains("postman"))
    };
    if get("info").is_some_and(postman) {
        return fail("this is a Postman collection, and OpenAPI 3.0 to 3.2 are read".to_owned());
    }
    if get("paths").is_some() {
        return fail("this looks like OpenAPI but does not say which version (no `openapi` member)".to_owned());
    }
    let names: Vec<String> = top.iter().take(4).map(|m| display_str(&m.key)).collect();
    let has = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    fail(format!("this is no OpenAPI document: it has no `openapi` member (it holds {})", short(&has)))
}

/// The first 120 characters.
fn short(s: &str) -> String {
    s.chars().take(120).collect()
}
