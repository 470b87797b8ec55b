//! What is typed of the way a request takes: as whom, with which certificate, under which name, through what.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::app::identity::MOST_CERTIFICATE;
use crate::app::proxy;
use crate::base::text::display_str;
use crate::base::{Error, Result};
use crate::engine::{ClientCertificate, Proxies, Sni};
use crate::wire::{Reference, Secrets as _, identity};

use super::{Common, Means};

/// Options of every command that sends.
#[derive(Debug, Args)]
#[command(next_help_heading = "Who and how")]
pub struct Sends {
    #[arg(long, value_name = "NAME|NAME=SPEC", help = identity_help())]
    pub identity: Option<String>,
    /// A header of the request, repeatable
    #[arg(short = 'H', value_name = "'Name: value'")]
    pub header: Vec<String>,
    /// Present this client certificate to the host typed: PEM, with its chain
    #[arg(long, value_name = "FILE", conflicts_with = "p12")]
    pub cert: Option<PathBuf>,
    /// The key of --cert, where it stands in a file of its own: PKCS#1, PKCS#8 (encrypted too) or SEC1, as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Present the client certificate of this PKCS#12 file to the host typed
    #[arg(long, value_name = "FILE")]
    pub p12: Option<PathBuf>,
    #[arg(long, value_name = "SECRET", help = password_help())]
    pub key_password: Option<String>,
    /// The server name to send in the TLS handshake with the host typed, and to judge its certificate by; none sends none
    #[arg(long, value_name = "NAME|none")]
    pub sni: Option<String>,
}

fn password_help() -> String {
    format!("The password of --key, --cert or --p12: {}", identity::SECRET)
}

impl Sends {
    /// The server name to send, where one is typed.
    ///
    /// # Errors
    /// One that cannot be sent.
    pub(super) fn sni(&self) -> Result<Option<Sni>> {
        let Some(typed) = &self.sni else { return Ok(None) };
        if typed == "none" {
            return Ok(Some(Sni::Hidden));
        }
        let odd = |b: u8| !(b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if typed.is_empty() || typed.parse::<std::net::IpAddr>().is_ok() || typed.bytes().any(odd) {
            return Err(Error::input(format!("{} cannot be a TLS server name", display_str(typed)))
                .at("--sni")
                .hint("write a host name, or none to send none"));
        }
        Ok(Some(Sni::Name(typed.to_ascii_lowercase())))
    }
}

fn identity_help() -> String {
    format!(
        "Send as an identity of the workspace, or as the one given: SPEC is one of {}; then ,role=R and \
         ,ids=PARAM:V1|V2; a SECRET is {}",
        identity::forms(),
        identity::SECRET
    )
}

impl Means {
    /// The client certificate that was typed, read whole before anything is sent.
    ///
    /// # Errors
    /// A file that is not there or not right, each named.
    pub(super) fn certificate(&self, common: &Common, sends: &Sends) -> Result<Option<ClientCertificate>> {
        let Some(file) = sends.cert.as_ref().or(sends.p12.as_ref()) else {
            return match sends.key_password {
                Some(_) => Err(Error::input("there is no certificate it is for")
                    .at("--key-password")
                    .hint("name one with --cert or --p12")),
                None => Ok(None),
            };
        };
        let read = |path: &Path| self.files.whole(path, MOST_CERTIFICATE);
        let password = sends.key_password.as_deref().map(Reference::parse);
        if password.as_ref().is_some_and(Reference::is_literal) {
            common.note(&["--key-password: the secret itself was typed, where the shell's history and the list of \
                           processes show it; use env:NAME or file:PATH"
                .to_owned()]);
        }
        let password = password.map(|p| self.secrets.read(&p).map_err(|e| e.at("--key-password"))).transpose()?;
        let key = sends.key.as_deref().map(read).transpose()?;
        let shown = |path: &Path| display_str(&path.to_string_lossy());
        let place =
            sends.key.as_deref().map_or_else(|| shown(file), |key| format!("{} with {}", shown(file), shown(key)));
        let bytes = read(file)?;
        if sends.p12.is_some() && bytes.first() != Some(&b'0') {
            return Err(Error::input("this is no PKCS#12").at(place).hint("give a PEM file with --cert"));
        }
        ClientCertificate::read(&bytes, key.as_deref(), password.as_ref()).map(Some).map_err(|e| e.at(place))
    }

    /// What everything goes through, which is said.
    ///
    /// # Errors
    /// What is no proxy, or a secret of it that is not there.
    pub(super) fn proxies(&self, common: &Common) -> Result<Proxies> {
        let of_workspace = self.workspace.as_ref().and_then(|w| Some((w, w.proxy.as_ref()?)));
        let (asked, secrets, place) = match (&common.proxy, of_workspace) {
            (Some(typed), _) => (typed, self.secrets_from(Path::new("")), "--proxy".to_owned()),
            (None, Some((w, (asked, place)))) => (asked, self.secrets_from(&w.folder), place.clone()),
            (None, None) => return Ok(Proxies::default()),
        };
        let variable = |name: &str| std::env::var(name).ok();
        let (proxies, notes) = proxy::chosen(asked, &variable, secrets.as_ref())
            .map_err(|e| if e.place.is_none() { e.at(place.clone()) } else { e })?;
        common.note(&notes);
        Ok(proxies)
    }
}
