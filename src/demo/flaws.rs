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
    /// What kind: `header`, `cookie`, `cors` or `token`.
    pub category: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u32,
    /// What is wrong.
    pub wrong: &'static str,
    /// How a person proves it in a shell; `$BASE` is where the practice API listens. Tokens that stand in one are signed with the
    /// key that its mistake lets in, and expire in 2100.
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
    Flaw {
        id: "token-none",
        endpoint: "GET /api/tokens/none",
        category: "token",
        cwe: 347,
        wrong: "an unsigned token is let in when its header says `none`",
        proof: "curl -si $BASE/api/tokens/none -H \"Authorization: Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.\" | head -1  # 200",
        mend: "one algorithm, fixed in the code; what the header says is compared with it",
    },
    Flaw {
        id: "token-none-spelling",
        endpoint: "GET /api/tokens/spelling",
        category: "token",
        cwe: 347,
        wrong: "`none` is on a list of refused algorithms, and `NoNe` is not",
        proof: "curl -si $BASE/api/tokens/spelling -H \"Authorization: Bearer eyJhbGciOiJOb05lIn0.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.\" | head -1  # 200",
        mend: "a list of what is allowed: one algorithm, compared letter by letter",
    },
    Flaw {
        id: "token-unchecked",
        endpoint: "GET /api/tokens/unchecked",
        category: "token",
        cwe: 347,
        wrong: "the token is decoded and its signature never checked",
        proof: "curl -si $BASE/api/tokens/unchecked -H \"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.AAAA\" | head -1  # 200",
        mend: "the signature is checked before a claim is read",
    },
    Flaw {
        id: "token-stripped",
        endpoint: "GET /api/tokens/stripped",
        category: "token",
        cwe: 347,
        wrong: "the signature is checked only where there is one",
        proof: "T=$(curl -s -X POST $BASE/api/tokens/stripped | cut -d'\"' -f4); curl -si $BASE/api/tokens/stripped -H \"Authorization: Bearer ${T%.*}.\" | head -1  # 200",
        mend: "an empty signature is a bad one",
    },
    Flaw {
        id: "token-confused",
        endpoint: "GET /api/tokens/confused",
        category: "token",
        cwe: 347,
        wrong: "a token that says HS256 is checked with the public RSA key as its secret",
        proof: "I=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9; K=$(curl -s $BASE/api/public.pem | xxd -p | tr -d '\\n'); S=$(printf %s $I | openssl dgst -sha256 -mac HMAC -macopt hexkey:$K -binary | base64 | tr '+/' '-_' | tr -d =); curl -si $BASE/api/tokens/confused -H \"Authorization: Bearer $I.$S\" | head -1  # 200",
        mend: "the algorithm belongs to the key, and an RSA key checks RS256 alone",
    },
    Flaw {
        id: "token-weak-secret",
        endpoint: "GET /api/users/1",
        category: "token",
        cwe: 1391,
        wrong: "tokens of the login are signed with a secret that tutorials print, so that anyone signs their own",
        proof: "curl -si $BASE/api/users/1 -H \"Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.TVUa19-6r5IktsX52Cwg8Jp_f2Ls4UazOjHfdMUoxN8\" | head -1  # 200",
        mend: "a secret of 256 random bits",
    },
    Flaw {
        id: "token-embedded",
        endpoint: "GET /api/tokens/embedded",
        category: "token",
        cwe: 345,
        wrong: "a token is checked with the key that it brings along in `jwk`",
        proof: "curl -si $BASE/api/tokens/embedded -H \"Authorization: Bearer eyJhbGciOiJFUzI1NiIsImp3ayI6eyJrdHkiOiJFQyIsImNydiI6IlAtMjU2IiwieCI6IlRqZC1mNXEzS3pEbEZMc2lEdWhtQk0xRXhJTDhpdUJwVklpektXY0hHYmciLCJ5Ijoid0hKT2d5MUdqWVRlOWRXcElGRk9MMERiOXlMS1RiQ0VvcXUxcHU1UTAxUSJ9fQ.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.CAj49Sl5A8kLDDRB_vHL2QdRK9rL9DCKkpSku6Ua7ZpoZ_XDM2yaLOa0KT_XbPzJJwDFFSl6pBpbcPQRMVYOgA\" | head -1  # 200",
        mend: "keys come from the shop's own set; `jwk` is not looked at",
    },
    Flaw {
        id: "token-fetched",
        endpoint: "GET /api/tokens/fetched",
        category: "token",
        cwe: 918,
        wrong: "the key set is fetched from wherever `jku` says",
        proof: "D=$(mktemp -d); printf %s '{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"Tjd-f5q3KzDlFLsiDuhmBM1ExIL8iuBpVIizKWcHGbg\",\"y\":\"wHJOgy1GjYTe9dWpIFFOL0Db9yLKTbCEoqu1pu5Q01Q\",\"kid\":\"k\"}]}' >$D/jwks.json; python3 -m http.server -b 127.0.0.1 -d $D 8099 >&2 & sleep 1; curl -si $BASE/api/tokens/fetched -H \"Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImsiLCJqa3UiOiJodHRwOi8vMTI3LjAuMC4xOjgwOTkvandrcy5qc29uIn0.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.knHjPCRFBt2Esn8Bhe8AIlEIykXgBl_PK0Sb_elZz4KL7KCHhxufen3_ctjwzqEjtQgueyvMIFnm9snsDBSCig\" | head -1  # 200; kill %1 afterwards",
        mend: "keys come from the shop's own set; `jku` is not looked at",
    },
    Flaw {
        id: "token-issuer",
        endpoint: "GET /api/tokens/issuer",
        category: "token",
        cwe: 918,
        wrong: "keys are fetched from whatever issuer a token names in `iss`",
        proof: "curl -si $BASE/api/tokens/issuer -H \"Authorization: Bearer $(printf '{\"alg\":\"ES256\"}' | base64 -w0 | tr -d =).$(printf '{\"iss\":\"http://127.0.0.1:8099\"}' | base64 -w0 | tr -d =).AAAA\"  # 401, and whoever listens on port 8099 is asked for /.well-known/openid-configuration",
        mend: "the issuer is compared with the shop's own before anything of it is fetched",
    },
    Flaw {
        id: "token-kid-path",
        endpoint: "GET /api/tokens/path",
        category: "token",
        cwe: 22,
        wrong: "`kid` is the path of a key file, and /dev/null is an empty one",
        proof: "curl -si $BASE/api/tokens/path -H \"Authorization: Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uLy4uL2Rldi9udWxsIn0.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.YQeKfEk_N_qkpS48e6xlVEQL_70I90mV_TRIFWwYq94\" | head -1  # 200",
        mend: "`kid` is looked up in a list of names",
    },
    Flaw {
        id: "token-kid-query",
        endpoint: "GET /api/tokens/query",
        category: "token",
        cwe: 89,
        wrong: "`kid` is put into a query as it stands, so that a token brings its own key",
        proof: "curl -si $BASE/api/tokens/query -H \"Authorization: Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6IicgVU5JT04gU0VMRUNUICdrJyAtLSAifQ.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.Ue5hwenv1VB_ZeGWQU9gXhG-ICGwo9Z8o-sJevYn2dA\" | head -1  # 200",
        mend: "`kid` is looked up in a list of names",
    },
    Flaw {
        id: "token-psychic",
        endpoint: "GET /api/tokens/psychic",
        category: "token",
        cwe: 347,
        wrong: "an ECDSA signature of two zeros is good for every token (CVE-2022-21449)",
        proof: "curl -si $BASE/api/tokens/psychic -H \"Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6InNob3AtZWMifQ.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AiLCJzdWIiOiIzIiwibmFtZSI6ImNhcm9sIiwicm9sZSI6ImFkbWluIiwiaWF0IjoxNzYyMTYwNDAwLCJleHAiOjQxMDI0NDQ4MDB9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" | head -1  # 200",
        mend: "r and s are checked to be at least 1 and below the order",
    },
    Flaw {
        id: "token-expired",
        endpoint: "GET /api/tokens/expired",
        category: "token",
        cwe: 613,
        wrong: "`exp` is not looked at: a token never dies",
        proof: "T=$(curl -s -X POST $BASE/api/tokens/expired | cut -d'\"' -f8); curl -si $BASE/api/tokens/expired -H \"Authorization: Bearer $T\" | head -1  # 200",
        mend: "a token is refused from the second of its `exp` on",
    },
    Flaw {
        id: "token-audience",
        endpoint: "GET /api/tokens/audience",
        category: "token",
        cwe: 345,
        wrong: "`aud` is not looked at: a token for the warehouse opens the shop",
        proof: "T=$(curl -s -X POST $BASE/api/tokens/audience | cut -d'\"' -f12); curl -si $BASE/api/tokens/audience -H \"Authorization: Bearer $T\" | head -1  # 200",
        mend: "a token is refused unless `aud` names the shop",
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
