//! The file that `lunette init` writes: what stands after `# ` explains, what stands after `#` alone is an example to take.

use crate::wire::identity::KINDS;

/// The text, with this name in it.
pub fn text(name: &str) -> String {
    let kinds: Vec<String> = KINDS.iter().map(|k| format!("#   {:<52} {}", k.form, k.about)).collect();
    TEXT.replace("{kinds}", &kinds.join("\n")).replace("{name}", &toml::Value::String(name.to_owned()).to_string())
}

const TEXT: &str = r#"# The workspace of lunette. This file is meant for version control and holds no secret.
# What is done here is kept in .lunette/, which is not.

# Specifications and logs that open when lunette is started without any, relative to this folder.
#sources = ["openapi.yaml", "logs/access.log"]

[workspace]
name = {name}
# Send nothing but GET, HEAD, OPTIONS and TRACE, until that is lifted on the screen.
#read-only = true
# Send everything through a proxy: http://, socks5:// or socks5h://USER:env:NAME@HOST:PORT, or env for the environment's.
#proxy = "http://127.0.0.1:8080"
# Minutes without use after which the vault closes.
#vault-lock-minutes = 15

# What may be sent to. The last day is in UTC; after it the entry is out of scope, and says so.
# A range is needed where a name leads to a private address. Without a port, any port is meant.
#[[target]]
#host = "api.example.com"
#port = 443
#range = "10.0.0.0/8"
#owner = "team-orders"
#note = "ticket 4711, staging only"
#expires = 2030-12-31
# What it takes at most: requests in a run, and of what is sent in a batch requests a second and in flight.
#requests = 5000
#rate = 10
#concurrency = 4

# Added to requests to the targets above, unless a header of that name is typed.
# A credential is never written here: env:NAME reads a variable, file:PATH a file, vault:NAME the vault.
#[headers]
#X-Review = "ticket 4711"
#Authorization = "env:API_AUTHORIZATION"
#X-Api-Key = "vault:api-key"

# Who requests to the targets are sent as: lunette send --identity alice, or i in the composer. A credential is one of
{kinds}
# A SECRET is env:NAME, file:PATH or vault:NAME. The ids are those of objects that belong to it.
#[identity.alice]
#credential = "login:alice.http"
#role = "user"
#ids = ["order:1001|1002", "user:7"]
#[identity.bob]
#credential = "bearer:env:BOB_TOKEN"
#[identity.service]
#credential = "oauth:shop"

# Clients at OAuth authorization servers. Instead of an issuer a token-url may stand.
#[profile.shop]
#issuer = "https://login.example.com"
#token-url = "https://login.example.com/token"
#client-id = "lunette"
#client-secret = "env:SHOP_CLIENT_SECRET"
#client-auth = "client_secret_basic"
#grant = "client_credentials"
#scopes = ["orders:read"]

# Environments: what stands where {{name}} is written in a request. lunette send --env staging, or u in the composer.
#[env.staging]
#base = "https://staging.example.com"
#customer = "1001"
#token = "vault:staging-token"

# Filters of the inventory, by name.
#[filters]
#undeclared = "~state shadow"
"#;
