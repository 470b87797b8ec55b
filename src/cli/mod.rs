//! Floor 6: the command line. One file a subcommand; each is a use case of `app/` and a document of `report/`.

mod args;
mod audit;
mod compare;
mod demo;
mod future;
mod grade;
mod history;
mod init;
mod inventory;
mod output;
mod passphrase;
mod rules;
mod run;
mod secret;
mod select;
mod send;
mod sends;
mod stream;
mod token;
mod vary;
mod vault;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::app::Keyring;
use crate::app::secrets::Reader;
use crate::app::workspace::dress;
use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock};
use crate::engine::{Engine, Entry, Most};
use crate::files::Disk;
use crate::store::history::{Form, Kept, Select};
use crate::store::vault::{Key, State};
use crate::store::{History, Keeper, Workspace};
use crate::wire::{Credential, Identity, Load, Origin, Record, Request, Secrets};

use sends::Sends;

pub use args::{ColorChoice, Common};
pub use demo::DemoArgs;
pub use output::{Format, Output, install_panic_hook};

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// The workbench on these sources.
    Workbench(Common, Vec<PathBuf>),
    /// The practice API.
    Demo(Common, DemoArgs),
    /// A command without a screen.
    Command(Common, Box<args::Command>),
    /// Help or a version: print it and end well.
    Text(String),
}

/// What the commands work with.
pub struct Means {
    /// Keeps the record.
    pub record: Arc<dyn Record>,
    /// Reads back what was sent.
    pub history: Arc<dyn History>,
    /// Both, where there is a workspace.
    pub keeper: Option<Arc<Keeper>>,
    /// The name of this run, by which its lines, rows and marks are told from others.
    pub run: String,
    /// Reads files.
    pub files: Arc<dyn Load>,
    /// Reads secrets from where they are referred to.
    pub secrets: Reader,
    /// The workspace, where there is one.
    pub workspace: Option<Workspace>,
}

impl Means {
    /// Opens what is to be written, so that what keeps it from being written is known before anything is sent.
    ///
    /// # Errors
    /// One sentence.
    pub fn ready(&self) -> Result<()> {
        self.keeper.as_ref().map_or(Ok(()), |k| k.ready())
    }

    /// Opens the vault where a file that opens it is named, so that what is kept is sealed and marked. Nobody is asked, and
    /// where the file does not open it that is said: what needs a secret of it fails later.
    pub fn unlock_unasked(&self) {
        let Some(held) = self.secrets.vault.as_ref().filter(|v| v.state() == State::Locked) else { return };
        let opened = passphrase::unasked(held.workspace()).and_then(|key| key.map_or(Ok(()), |key| held.unlock(&key)));
        if let Err(e) = opened {
            complain(&e.hint("the vault stays closed: what is kept is masked, and not marked"));
        }
    }

    /// An exchange of the history; for one that is sealed the vault is opened.
    ///
    /// # Errors
    /// There is no workspace, no such exchange, or it does not open.
    fn recall(&self, id: i64) -> Result<Kept> {
        let keeper = self.kept()?;
        let row = keeper.list(&Select { before: id.checked_add(1), most: 1, ..Select::default() })?;
        let sealed = row.first().is_some_and(|r| r.id == id && r.form == Form::Sealed);
        if let Some(held) = self.secrets.vault.as_ref().filter(|v| sealed && v.state() == State::Locked) {
            held.unlock(&passphrase::key(held.workspace())?)?;
        }
        keeper.load(id)
    }

    /// The history of the workspace.
    ///
    /// # Errors
    /// There is no workspace, so nothing was kept.
    fn kept(&self) -> Result<&Keeper> {
        self.keeper.as_deref().ok_or_else(|| {
            Error::input("there is no workspace here or above, and without one nothing is kept")
                .hint("name it with --workspace DIR")
        })
    }

    /// Keeps what still waits, and says what could not be kept.
    pub fn close(&self) {
        if let Some(Err(e)) = self.keeper.as_ref().map(|k| k.close()) {
            complain(&e);
        }
    }

    /// An engine with the settings of the command line, with what is in scope and trusted besides, and with the certificates
    /// of the identities.
    ///
    /// # Errors
    /// Settings that do not parse, or roots that cannot be read.
    pub fn engine(&self, common: &Common, scope: Vec<Entry>, roots: Vec<u8>, keyring: &Keyring) -> Result<Engine> {
        self.engine_for(common, None, false, scope, roots, keyring)
    }

    /// The same for one command that sends: with the client certificate and the server name typed for its host, or that
    /// certificate for any host of the scope.
    fn engine_for(
        &self,
        common: &Common,
        sends: Option<&Sends>,
        anywhere: bool,
        scope: Vec<Entry>,
        roots: Vec<u8>,
        keyring: &Keyring,
    ) -> Result<Engine> {
        let mut config = common.engine(self.files.as_ref())?;
        if let Some(sends) = sends {
            config.certificate = self.certificate(common, sends)?;
            config.certificate_anywhere = anywhere;
            config.sni = sends.sni()?;
        }
        keyring.jars.use_everywhere(common.cookies);
        config.certificates = keyring.certificates();
        config.proxies = self.proxies(common)?;
        config.scope.extend(scope);
        config.scope.extend(self.workspace.iter().flat_map(|w| &w.targets).map(|t| {
            Entry {
                host: t.host.clone(),
                port: t.port,
                range: t.range,
                typed: false,
                until: t.until,
                most: Most {
                    requests: t.requests,
                    interval: t.rate.map(|r| Duration::from_secs(1) / r),
                    concurrency: t.concurrency,
                },
                why: [Some(&t.place), t.owner.as_ref(), t.note.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|s| display_str(s))
                    .collect::<Vec<_>>()
                    .join(" \u{b7} "),
            }
        }));
        config.read_only |= self.workspace.as_ref().is_some_and(|w| w.read_only);
        config.roots.get_or_insert_default().extend(roots);
        config.roots = config.roots.filter(|r| !r.is_empty());
        config.spill = Some(Arc::new(Disk));
        Engine::start(config, Arc::clone(&self.record))
    }

    /// What reads secrets, from paths that start in this folder.
    fn secrets_from(&self, folder: &Path) -> Arc<dyn Secrets> {
        Arc::new(self.secrets.from(folder))
    }

    /// The identities of the workspace.
    pub fn keyring(&self) -> Keyring {
        let of = |w: &Workspace| Keyring::of(w, &self.files, &self.secrets_from(&w.folder));
        self.workspace.as_ref().map(of).unwrap_or_default()
    }

    /// Puts the name of the identity that was asked for into a request, and gives the keyring that knows it. A secret that
    /// was typed is warned of.
    ///
    /// # Errors
    /// A specification that does not parse, no such identity, or one that is not for this host.
    fn identify(&self, common: &Common, sends: &Sends, request: &mut Request) -> Result<Keyring> {
        let mut keyring = self.keyring();
        let Some(asked) = &sends.identity else { return Ok(keyring) };
        request.identity = Some(self.known_as(common, asked, "--identity", &request.origin, &mut keyring)?);
        Ok(keyring)
    }

    /// The name of the identity that is asked for by its name or with its specification, which the keyring knows from then on.
    ///
    /// # Errors
    /// As [`Means::identify`].
    fn known_as(
        &self,
        common: &Common,
        asked: &str,
        option: &str,
        origin: &Origin,
        keyring: &mut Keyring,
    ) -> Result<String> {
        let name = asked.split_once('=').map_or(asked, |(name, _)| name);
        if let Some((name, spec)) = asked.split_once('=') {
            let identity = Identity::parse(name, spec).map_err(|e| e.at(option))?;
            if let Credential::Oauth(profile) = &identity.credential {
                let known = || self.workspace.iter().flat_map(|w| &w.profiles).map(|p| p.name.as_str());
                if !known().any(|p| p == profile) {
                    let error = Error::input(format!("the workspace has no profile {profile}")).at(option);
                    return Err(match nearest(profile, known()) {
                        Some(near) => error.hint(format!("did you mean {near}?")),
                        None => error.hint(format!("declare it in lunette.toml: [profile.{profile}]")),
                    });
                }
            }
            if identity.credential.is_literal() {
                common.note(&[format!(
                    "{option} {name}: the secret itself was typed, where the shell's history and the list of processes \
                     show it; use env:NAME or file:PATH"
                )]);
            }
            keyring.add(identity, origin, &self.files, &self.secrets_from(Path::new("")));
        }
        keyring.admits(name, origin).map_err(|e| if e.place.is_none() { e.at(option) } else { e })?;
        Ok(name.to_owned())
    }

    /// Adds the headers of the workspace to a request to one of its targets, and says so, as [`dress`] does.
    ///
    /// # Errors
    /// A header that refers to a secret that is not there.
    fn dress(&self, common: &Common, request: &mut Request, keyring: &Keyring) -> Result<()> {
        let Some(workspace) = &self.workspace else { return Ok(()) };
        let secrets = self.secrets.from(&workspace.folder);
        let note = dress(workspace, &secrets, keyring, request, SystemClock.wall())?;
        common.note(note.as_slice());
        Ok(())
    }
}

/// Reads the arguments.
///
/// # Errors
/// A usage error in one sentence.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    args::parse(arguments)
}

/// Runs a command without a screen and says how the process ends.
///
/// # Errors
/// What keeps it from giving a result.
pub fn run(common: &Common, command: args::Command, means: &Means) -> Result<Exit> {
    match command {
        args::Command::Inventory(a) => inventory::run(common, &a, means),
        args::Command::Jwt(a) => token::run(common, &a.action, means),
        args::Command::Send(a) => send::run(common, &a, means),
        args::Command::Run(a) => run::run(common, &a, means),
        args::Command::Grade(a) => grade::run(common, &a, means),
        args::Command::Rules(a) => rules::run(common, &a),
        args::Command::History(a) => history::run(common, &a.action, means),
        args::Command::Init => init::run(common),
        args::Command::Audit(a) => audit::run(common, &a.action),
        args::Command::Vault(a) => vault::run(common, a, means),
        args::Command::Demo(_) => Err(Error::input("the practice API is started by the program itself")),
    }
}

/// Serves the practice API until the process is told to end.
///
/// # Errors
/// A port that cannot be had.
pub fn serve(common: &Common, arguments: &DemoArgs) -> Result<Exit> {
    demo::serve(common, arguments)
}

/// What opens the vault of a workspace: a file named in the environment, or who sits at the terminal.
///
/// # Errors
/// There is neither, or the file is not right.
pub fn vault_key(workspace: &Path) -> Result<Key> {
    passphrase::key(workspace)
}

/// The same without anybody being asked: `None` where no file is named.
///
/// # Errors
/// The file is not right.
pub fn vault_key_unasked(workspace: &Path) -> Result<Option<Key>> {
    passphrase::unasked(workspace)
}

/// Prints an error where errors go.
pub fn complain(error: &Error) {
    output::complain(&format!("lunette: {error}"));
}

/// Prints a text that was asked for (help, a version).
pub fn say(text: &str) -> Exit {
    Output::new(Format::Table).text(text)
}
