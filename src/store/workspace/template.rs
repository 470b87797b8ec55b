//! The file that `lunette init` writes: what stands after `# ` explains, what stands after `#` alone is an example to take.

/// The text, with this name in it.
pub fn text(name: &str) -> String {
    TEXT.replace("{name}", &toml::Value::String(name.to_owned()).to_string())
}

const TEXT: &str = r#"# The workspace of lunette. This file is meant for version control and holds no secret.
# What is done here is kept in .lunette/, which is not.

# Specifications and logs that open when lunette is started without any, relative to this folder.
#sources = ["openapi.yaml", "logs/access.log"]

[workspace]
name = {name}
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

# Added to requests to the targets above, unless a header of that name is typed.
# A credential is never written here: env:NAME reads a variable, file:PATH a file, vault:NAME the vault.
#[headers]
#X-Review = "ticket 4711"
#Authorization = "env:API_AUTHORIZATION"
#X-Api-Key = "vault:api-key"

# Filters of the inventory, by name.
#[filters]
#undeclared = "~state shadow"
"#;
