//! `lunette vault`: secrets by name, in a file that only who has its passphrase or identity can read.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result, known};
use crate::report::vault as report;
use crate::store::Workspace;
use crate::store::vault::{self, Relock, Vault};
use crate::store::workspace::FILE;

use super::output::Output;
use super::secret::{Written, referred};
use super::{Common, Means, passphrase};

/// `lunette vault`.
#[derive(Debug, Args)]
pub struct VaultArgs {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

/// What can be done with the vault.
#[derive(Debug, Subcommand)]
enum Action {
    /// Make the vault of the workspace, with a passphrase or for recipients
    Init {
        /// Who may open it instead of a passphrase, repeatable
        #[arg(long, value_name = "age1…")]
        recipient: Vec<String>,
    },
    /// Put a secret in
    Set {
        /// Its name
        name: String,
        /// Where it is: env:NAME, file:PATH or - for stdin; asked for on the terminal when left out
        #[arg(value_name = "REFERENCE")]
        value: Option<String>,
        /// How it is written there
        #[arg(long, value_name = "ENCODING", value_enum, default_value = "text")]
        secret_encoding: Written,
    },
    /// Take a secret out: masked, unless it is to be shown
    Get {
        /// Its name
        name: String,
        /// Print the value, and in table format nothing else
        #[arg(long)]
        show: bool,
    },
    /// List names, and when each was set; never a value
    List,
    /// Remove a secret
    Rm {
        /// Its name
        name: String,
    },
    /// Change what opens the vault, and seal records with a new key from now on; older ones stay readable
    Rekey {
        /// Let this recipient open it, repeatable; a passphrase opens it no more then
        #[arg(long, value_name = "age1…")]
        recipient: Vec<String>,
        /// Let this recipient open it no more, repeatable
        #[arg(long, value_name = "age1…")]
        remove_recipient: Vec<String>,
        /// Where the new passphrase is: env:NAME, file:PATH or -; asked for on the terminal when left out
        #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["recipient", "remove_recipient"])]
        passphrase: Option<String>,
    },
}

pub fn run(common: &Common, a: VaultArgs, means: &Means) -> Result<Exit> {
    let folder = folder(common)?;
    let output = Output::new(common.format);
    match a.action {
        Action::Init { recipient } => init(common, &folder, &recipient, output),
        Action::Set { name, value, secret_encoding } => {
            present(&folder)?;
            // What opens the vault is asked for first, as everywhere.
            let key = passphrase::key(&folder)?;
            let written = match value {
                Some(text) => referred(common, &text, means)?,
                None => passphrase::ask(&format!("value of {}: ", display_str(&name)))?,
            };
            known::learn(written.expose());
            let secret = secret_encoding.encoding().decode(&written)?;
            let replaced = Vault::set(&folder, &key, &name, secret)?;
            let verb = if replaced { "replaced" } else { "set" };
            Ok(output.result(
                || report::done("set", json!({"name": name, "replaced": replaced})),
                || format!("{verb} {name}; refer to it as vault:{name}\n"),
            ))
        }
        Action::Get { name, show } => {
            let vault = open(&folder)?;
            let secret = vault.get(&name)?;
            if show {
                let document = || report::value(&name, secret, true);
                return Ok(output.showing(true).secret(secret, document, || report::shown(secret)));
            }
            Ok(output.result(
                || report::value(&name, secret, false),
                || format!("{name} is there, of {} bytes; --show prints it\n", secret.expose().len()),
            ))
        }
        Action::List => {
            let vault = open(&folder)?;
            Ok(output.result(|| report::list(&vault), || report::plain(&vault)))
        }
        Action::Rm { name } => {
            present(&folder)?;
            Vault::remove(&folder, &passphrase::key(&folder)?, &name)?;
            Ok(output.result(|| report::done("rm", json!({"name": name})), || format!("removed {name}\n")))
        }
        Action::Rekey { recipient, remove_recipient, passphrase } => {
            present(&folder)?;
            let (add, remove) = (recipients(&recipient)?, recipients(&remove_recipient)?);
            let by_passphrase = vault::takes_passphrase(&folder)?;
            let key = passphrase::key(&folder)?;
            let relock = match passphrase {
                Some(text) => Relock::Passphrase(passphrase::strong(referred(common, &text, means)?, common.quiet)?),
                None if !add.is_empty() || !remove.is_empty() => Relock::Recipients { add, remove },
                None if by_passphrase => Relock::Passphrase(passphrase::new(false, common.quiet)?),
                None => Relock::Same,
            };
            let vault = Vault::rekey(&folder, &key, relock)?;
            Ok(output.result(
                || report::done("rekey", report::lock(vault.recipients())),
                || "the vault is locked anew, and records are sealed with a new key\n".to_owned(),
            ))
        }
    }
}

fn init(common: &Common, folder: &Path, recipient: &[String], output: Output) -> Result<Exit> {
    let recipients = recipients(recipient)?;
    // Nobody is asked for what is not needed.
    let key = match (vault::exists(folder), recipients.is_empty()) {
        (false, true) => Some(passphrase::new(true, common.quiet)?),
        _ => None,
    };
    vault::init(folder, recipients.clone(), key.as_ref())?;
    let shown = crate::base::text::display(vault::path(folder).as_os_str().as_encoded_bytes());
    Ok(output.result(
        || {
            let mut members = report::lock(&recipients);
            members["file"] = shown.clone().into();
            report::done("init", members)
        },
        || format!("wrote {shown}; lunette vault set NAME puts a secret in\n"),
    ))
}

fn recipients(typed: &[String]) -> Result<Vec<String>> {
    typed.iter().map(|r| vault::recipient(r)).collect()
}

fn open(folder: &Path) -> Result<Vault> {
    present(folder)?;
    let vault = Vault::open(folder, &passphrase::key(folder)?)?;
    known::learn_all(vault.values());
    Ok(vault)
}

/// Says that there is no vault before anybody is asked for what opens it.
fn present(folder: &Path) -> Result<()> {
    vault::takes_passphrase(folder).map(drop)
}

/// The folder of the workspace. Its file need not be right for its vault to be used.
fn folder(common: &Common) -> Result<PathBuf> {
    let none = || Error::input("there is no workspace to keep a vault in").hint("lunette init begins one");
    let here = match common.named() {
        Some(named) => named.to_owned(),
        None => std::env::current_dir().map_err(|_| none())?,
    };
    match Workspace::locate(&here) {
        // One that is named is meant itself, and none above it.
        Some(found) if common.named().is_none_or(|named| named == found) => Ok(found.to_owned()),
        _ => Err(none().at(format!("no {FILE}"))),
    }
}
