//! `lunette audit`: what was sent from the workspace, and whether the log of it is whole.

use std::path::{Path, PathBuf};

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::report::audit::{document, intact, plain, verdict};
use crate::store::Workspace;
use crate::store::audit::{Chain, Select, scan};
use crate::store::seal::Keys;
use crate::store::vault::{self, Vault};

use super::args::AuditAction;
use super::output::{Output, complain};
use super::{Common, passphrase, select};

pub fn run(common: &Common, action: &AuditAction) -> Result<Exit> {
    let folder = folder(common)?;
    let output = Output::new(common.format);
    match action {
        AuditAction::Show { who, host, since } => {
            let select = chosen(who.as_deref(), host.as_deref(), since.as_deref())?;
            let (chain, sent) = scan(&folder, None, None, Some(&select))?;
            let written = output.result(|| document(&chain, Some(&sent)), || plain(&sent));
            if let Some(broken) = &chain.broken {
                complain(&format!("lunette: the chain is broken at line {}; run lunette audit verify", broken.line));
            }
            Ok(written)
        }
        AuditAction::Verify { head } => {
            let head = head.as_deref().map(head_typed).transpose()?;
            let (chain, _) = scan(&folder, head.as_deref(), keys(&folder)?.as_ref(), None)?;
            let written = output.result(|| document(&chain, None), || verdict(&chain));
            if let Some(why) = why(&chain) {
                complain(&format!("lunette: {why}"));
            }
            Ok(if intact(&chain) { written } else { Exit::Findings })
        }
    }
}

/// The keys of the vault, where a file that opens it is named: nobody is asked.
fn keys(folder: &Path) -> Result<Option<Keys>> {
    if !vault::exists(folder) {
        return Ok(None);
    }
    let key = passphrase::unasked(folder)?;
    key.map(|key| Vault::open(folder, &key)?.keys()).transpose()
}

fn why(chain: &Chain) -> Option<String> {
    match (&chain.broken, chain.anchored) {
        (Some(b), _) => Some(format!("audit.jsonl:{}: {}", b.line, b.what)),
        (None, Some(false)) => Some("audit.jsonl: the head that was given does not stand in it".to_owned()),
        _ => None,
    }
}

/// The folder of the workspace. Its file need not be right for its log to be read.
fn folder(common: &Common) -> Result<PathBuf> {
    if let Some(named) = common.named() {
        return Ok(named.to_owned());
    }
    let here = std::env::current_dir().unwrap_or_default();
    Workspace::locate(&here).map(ToOwned::to_owned).ok_or_else(|| {
        Error::input("there is no workspace here or above, and without one nothing is logged")
            .hint("name it with --workspace DIR")
    })
}

fn head_typed(head: &str) -> Result<String> {
    let head = head.to_ascii_lowercase();
    if head.len() == 64 && head.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(head);
    }
    Err(Error::input("this is not a head")
        .at(format!("--head {}", display_str(&head)))
        .hint("give 64 hexadecimal digits"))
}

fn chosen(who: Option<&str>, host: Option<&str>, since: Option<&str>) -> Result<Select> {
    let (host, port) = host.map(select::host).transpose()?.unzip();
    let since = since.map(select::since).transpose()?;
    Ok(Select { who: who.map(str::to_owned), host, port: port.flatten(), since })
}
