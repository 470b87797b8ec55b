//! The mistakes planted on purpose: one table, from which a person learns where to look and how to prove each with nothing
//! but curl. The twin that is served safely has every one of them mended.

use serde::Serialize;

/// One planted mistake.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Flaw {
    /// Name.
    pub id: &'static str,
    /// Method and path below the base.
    pub endpoint: &'static str,
    /// What kind: `header`, `cookie` or `cors`.
    pub category: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u32,
    /// What is wrong.
    pub wrong: &'static str,
    /// How a person proves it; `$BASE` is where the practice API listens.
    pub proof: &'static str,
    /// What the safe twin does instead.
    pub mend: &'static str,
}

/// Every planted mistake.
pub static FLAWS: &[Flaw] = &[
    Flaw {
        id: "token-cached",
        endpoint: "POST /api/login",
        category: "header",
        cwe: 525,
        wrong: "the reply with the token may be stored by every cache",
        proof: "curl -si $BASE/api/login -H 'Content-Type: application/json' -d '{\"user\":\"alice\",\"password\":\"wonderland\"}' | grep -i cache-control  # nothing",
        mend: "Cache-Control: no-store",
    },
    Flaw {
        id: "session-cookie-bare",
        endpoint: "POST /api/login",
        category: "cookie",
        cwe: 614,
        wrong: "the session cookie is sent over plain HTTP and by requests of other sites",
        proof: "curl -si $BASE/api/login -H 'Content-Type: application/json' -d '{\"user\":\"alice\",\"password\":\"wonderland\"}' | grep -i set-cookie  # neither Secure nor SameSite",
        mend: "__Host-session with Secure; HttpOnly; SameSite=Strict",
    },
    Flaw {
        id: "order-public",
        endpoint: "GET /api/orders/1001",
        category: "header",
        cwe: 524,
        wrong: "somebody's order is kept by shared caches for a minute",
        proof: "curl -si $BASE/api/orders/1001 | grep -i cache-control  # public, max-age=60",
        mend: "Cache-Control: no-store",
    },
    Flaw {
        id: "report-as-page",
        endpoint: "GET /api/reports/2025-10",
        category: "header",
        cwe: 79,
        wrong: "JSON is labelled as HTML, so that a browser runs what is in it",
        proof: "curl -si $BASE/api/reports/2025-10 -H \"Authorization: Bearer $TOKEN\" | grep -i content-type  # text/html",
        mend: "Content-Type: application/json, and nosniff",
    },
    Flaw {
        id: "export-untyped",
        endpoint: "GET /api/orders/1002/export",
        category: "header",
        cwe: 430,
        wrong: "the reply does not say what it is, and a browser may guess",
        proof: "curl -si $BASE/api/orders/1002/export | grep -iE 'content-type'  # nothing",
        mend: "Content-Type: application/json, and nosniff",
    },
    Flaw {
        id: "export-version",
        endpoint: "GET /api/orders/1002/export",
        category: "header",
        cwe: 497,
        wrong: "Server tells the version of the software",
        proof: "curl -si $BASE/api/orders/1002/export | grep -i '^server'  # shop-export/0.9.1",
        mend: "no Server",
    },
    Flaw {
        id: "cors-null",
        endpoint: "GET /api/v1/orders",
        category: "cors",
        cwe: 942,
        wrong: "any sandboxed page may read the orders with the user's credentials",
        proof: "curl -si $BASE/api/v1/orders -H 'Origin: null' | grep -i access-control  # null, true",
        mend: "no CORS headers",
    },
    Flaw {
        id: "cors-reflected",
        endpoint: "GET /api/orders",
        category: "cors",
        cwe: 942,
        wrong: "every origin is allowed by name and with credentials",
        proof: "curl -si $BASE/api/orders -H 'Origin: https://evil.example' | grep -i access-control  # https://evil.example, true",
        mend: "no CORS headers",
    },
    Flaw {
        id: "cors-suffix",
        endpoint: "GET /api/health",
        category: "cors",
        cwe: 346,
        wrong: "an origin is allowed when it ends with the name of the host, so a stranger can register one",
        proof: "curl -si $BASE/api/health -H 'Origin: https://evillocalhost' | grep -i access-control  # allowed",
        mend: "no CORS headers",
    },
];

/// What every reply of the safe twin carries beside its own type.
pub const MENDED: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Headers of an answer that the safe twin leaves out or sends otherwise.
pub fn mended(name: &str, value: &str) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        "server" => None,
        "set-cookie" => Some(format!(
            "__Host-{}; Path=/; Secure; HttpOnly; SameSite=Strict",
            value.split(';').next().unwrap_or_default()
        )),
        _ => Some(value.to_owned()),
    }
}
