//! The `lunette.vault/1` document: what was done with the vault, and what is in it. Values stand in it only when asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::base::secret::MASK;
use crate::base::text::{display, display_str};
use crate::base::{Secret, Stamp};
use crate::store::Vault;

use super::table::{Align, Table};

/// The document of a deed: `init`, `set`, `rm` or `rekey`, with the members that belong to it.
pub fn done(action: &str, members: Value) -> Value {
    let mut out = json!({"schema": "lunette.vault/1", "action": action});
    if let (Value::Object(out), Value::Object(members)) = (&mut out, members) {
        out.extend(members);
    }
    out
}

/// What opens a vault, as members of a document.
pub fn lock(recipients: &[String]) -> Value {
    json!({"lock": lock_word(recipients), "recipients": recipients})
}

fn lock_word(recipients: &[String]) -> &'static str {
    if recipients.is_empty() { "passphrase" } else { "recipients" }
}

/// The document of a vault: names and times.
pub fn list(vault: &Vault) -> Value {
    let entries: Vec<Value> = vault.list().map(|(name, set)| json!({"name": name, "set": set})).collect();
    let mut out = done("list", lock(vault.recipients()));
    out["data_keys"] = vault.keys().map_or(0, |k| k.all().len()).into();
    out["entries"] = entries.into();
    out
}

/// The same as text.
pub fn plain(vault: &Vault) -> String {
    let mut table = Table::new(&[("name", Align::Left), ("set", Align::Left)]);
    let entries: Vec<(&str, Stamp)> = vault.list().collect();
    if entries.is_empty() {
        return "the vault is empty; lunette vault set NAME puts a secret in\n".to_owned();
    }
    for (name, set) in entries {
        table.row(vec![display_str(name), set.to_string()]);
    }
    table.render()
}

/// The document of one secret, masked unless it is to be shown.
pub fn value(name: &str, secret: &Secret, show: bool) -> Value {
    let bytes = if show { secret.expose() } else { MASK.as_bytes() };
    done(
        "get",
        json!({
            "name": name,
            "masked": !show,
            "value": std::str::from_utf8(bytes).ok(),
            "value_base64": STANDARD.encode(bytes),
        }),
    )
}

/// One secret for a terminal: nothing in it can steer it.
pub fn shown(secret: &Secret) -> String {
    format!("{}\n", display(secret.expose()))
}
