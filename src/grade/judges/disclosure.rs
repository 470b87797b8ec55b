//! What headers give away: LNH19, 20, 28.

use super::listed;
use crate::base::{keys, secret};
use crate::grade::context::{Context, quote};
use crate::grade::rules::Verdict;

/// What one header with a version costs.
const VERSION: u32 = 4;
/// What all of them cost at most.
const VERSIONS: u32 = 8;

/// Headers that name the software behind a service.
const PRODUCT: &[&str] = &[
    "server",
    "x-powered-by",
    "x-powered-cms",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-sourcefiles",
    "x-generator",
    "x-generated-by",
    "x-cms",
    "x-content-powered-by",
    "x-drupal-version",
    "x-joomla-version",
    "x-php-version",
    "x-owa-version",
    "x-feserver",
    "x-beserver",
    "x-servername",
    "x-server-version",
    "x-application-version",
    "x-app-version",
    "x-api-version-build",
    "x-jenkins",
    "x-hudson",
    "x-jenkins-session",
    "x-atmosphere-framework",
    "x-mod-pagespeed",
    "x-page-speed",
    "x-litespeed-version",
    "x-redirect-by",
    "x-umbraco-version",
    "x-varnish-version",
    "x-engine",
    "x-framework",
    "microsoftsharepointteamservices",
    "sprequestguid",
    "liferay-portal",
    "powered-by",
    "product",
    "k-proxy-version",
    "x-confluence-version",
    "x-grafana-version",
    "x-elastic-product-version",
    "x-oracle-dms-version",
    "x-weblogic-version",
];

/// Headers that a client outside has no use for: debugging, internal routing, source maps.
const DEBUGGING: &[&str] = &[
    "x-debug-token",
    "x-debug-token-link",
    "x-debug",
    "x-debug-info",
    "x-exception",
    "x-exception-message",
    "x-stack-trace",
    "x-stacktrace",
    "x-error-details",
    "sourcemap",
    "x-sourcemap",
    "x-backend",
    "x-backend-server",
    "x-upstream",
    "x-upstream-addr",
    "x-real-server",
    "x-pod-name",
    "x-node-name",
    "x-sql-query",
    "x-clockwork-id",
    "x-clockwork-version",
    "x-wix-renderer-server",
];
const DEBUGGING_STARTS: &[&str] = &["x-envoy-", "x-kong-", "x-laravel-", "x-django-", "x-symfony-", "x-kubernetes-"];

/// True for a number with a dot in it, or one after a slash: how versions are written.
fn has_version(value: &str) -> bool {
    let b = value.as_bytes();
    (1..b.len()).any(|i| {
        b[i].is_ascii_digit() && (b[i - 1] == b'/' || (b[i - 1] == b'.' && i >= 2 && b[i - 2].is_ascii_digit()))
    })
}

/// LNH19.
pub fn versions(c: &Context<'_>) -> Verdict {
    let (mut told, mut named) = (Vec::new(), Vec::new());
    for (name, value) in &c.response.headers {
        let lower = name.lossy().to_ascii_lowercase();
        if !PRODUCT.contains(&lower.as_str()) {
            continue;
        }
        let value = value.lossy();
        let value: String = value.trim().chars().take(200).collect();
        if has_version(&value) {
            told.push(format!("{lower} {}", quote(&value)));
        } else if !value.is_empty() {
            named.push(format!("{lower} {}", quote(&value)));
        }
    }
    told.sort_unstable();
    named.sort_unstable();
    let count = u32::try_from(told.len()).unwrap_or(VERSIONS);
    match (told.as_slice(), named.as_slice()) {
        ([], []) => Verdict::pass("no header names software"),
        ([], _) => Verdict::Pass(format!("software is named without its version: {}", listed(&named, 3))),
        _ => Verdict::costs(count.saturating_mul(VERSION).min(VERSIONS), listed(&told, 3)),
    }
}

/// LNH20.
pub fn debugging(c: &Context<'_>) -> Verdict {
    let mut found: Vec<String> = c
        .response
        .headers
        .iter()
        .map(|(n, _)| n.lossy().to_ascii_lowercase())
        .filter(|n| DEBUGGING.contains(&n.as_str()) || DEBUGGING_STARTS.iter().any(|s| n.starts_with(s)))
        .map(|n| quote(&n))
        .collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { Verdict::pass("none is left over") } else { Verdict::Fail(listed(&found, 4)) }
}

/// Headers whose value holds addresses.
const ADDRESSES: &[&str] = &["location", "content-location", "link", "refresh"];
/// Headers of requests: a reply that repeats one gives a credential back.
const REPEATED: &[&str] = &["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// LNH28.
pub fn secrets(c: &Context<'_>) -> Verdict {
    let mut found = Vec::new();
    for (name, value) in &c.response.headers {
        let lower = name.lossy().to_ascii_lowercase();
        // Cookies are where a session belongs, and a preload or policy header holds hashes that look like secrets.
        if lower == "set-cookie" || lower.starts_with("content-security-policy") {
            continue;
        }
        let value = &value.as_bytes()[..value.as_bytes().len().min(64 << 10)];
        if !secret::find_tokens(value).is_empty() {
            found.push(format!("{} holds a JSON Web Token", quote(&lower)));
        } else if let Some(whose) = keys::find(value) {
            found.push(format!("{} holds {whose}", quote(&lower)));
        } else if REPEATED.contains(&lower.as_str()) && !value.is_empty() {
            found.push(format!("{} repeats a credential", quote(&lower)));
        } else if ADDRESSES.contains(&lower.as_str())
            && let Some(parameter) = secret_parameter(value)
        {
            found.push(format!("{} holds {}", quote(&lower), quote(&parameter)));
        }
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { Verdict::pass("no secret in the headers") } else { Verdict::Capped(listed(&found, 3)) }
}

/// The name of a query or fragment parameter that holds a secret. A one-time code on its way back to a client is none.
fn secret_parameter(address: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(address);
    let at = text.find(['?', '#'])?;
    text[at..].split(['?', '#', '&', ';', '>', ' ']).find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let csrf = name.to_ascii_lowercase().contains("csrf");
        (!value.is_empty() && !csrf && secret::is_secret_member(name)).then(|| name.to_owned())
    })
}
