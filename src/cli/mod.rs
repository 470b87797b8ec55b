//! Floor 6: the command line. One file a subcommand; each is a use case of `app/` and a document of `report/`.

mod args;
mod audit;
mod demo;
mod future;
mod grade;
mod init;
mod inventory;
mod output;
mod rules;
mod send;
mod token;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::send as send_case;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock};
use crate::engine::{Engine, Entry};
use crate::store::Workspace;
use crate::wire::{Load, Record, Request};

pub use args::{ColorChoice, Common};
pub use demo::DemoArgs;
pub use output::{Format, Output};

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
    /// Reads files.
    pub files: Arc<dyn Load>,
    /// The workspace, where there is one.
    pub workspace: Option<Workspace>,
}

impl Means {
    /// An engine with the settings of the command line, and with what is in scope and trusted besides.
    ///
    /// # Errors
    /// Settings that do not parse, or roots that cannot be read.
    pub fn engine(&self, common: &Common, scope: Vec<Entry>, roots: Vec<u8>) -> Result<Engine> {
        let mut config = common.engine(self.files.as_ref())?;
        config.scope.extend(scope);
        config.scope.extend(self.workspace.iter().flat_map(|w| &w.targets).map(|t| Entry {
            host: t.host.clone(),
            port: t.port,
            range: t.range,
            typed: false,
            until: t.until,
        }));
        config.roots.get_or_insert_default().extend(roots);
        config.roots = config.roots.filter(|r| !r.is_empty());
        Engine::start(config, Arc::clone(&self.record))
    }

    /// Adds the headers of the workspace to a request to one of its targets, and says so; and says when it is none, or one
    /// whose time is over.
    ///
    /// # Errors
    /// A header that refers to a variable or a file that is not there.
    fn dress(&self, common: &Common, request: &mut Request) -> Result<()> {
        let Some(workspace) = &self.workspace else { return Ok(()) };
        let origin = &request.origin;
        let place = display_str(&origin.host_port());
        let now = SystemClock.wall();
        let note = match workspace.target(&origin.host, origin.port, now) {
            Some(target) if target.expired(now) => {
                let until = target.until.map(|u| u.to_string()).unwrap_or_default();
                Some(format!("{}: {place} was in scope until {until}, and is only because it was typed", target.place))
            }
            Some(_) => {
                let added = send_case::dress(request, workspace.headers(self.files.as_ref())?);
                (!added.is_empty()).then(|| format!("{}: adds {}", workspace.shown, added.join(", ")))
            }
            None if workspace.headers.is_empty() => None,
            None => Some(format!("{}: {place} is no target, so its headers are left out", workspace.shown)),
        };
        if let Some(note) = note.filter(|_| !common.quiet) {
            output::complain(&format!("lunette: {note}"));
        }
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
        args::Command::Jwt(a) => token::run(common, &a, means),
        args::Command::Send(a) => send::run(common, &a, means),
        args::Command::Grade(a) => grade::run(common, &a, means),
        args::Command::Rules(a) => rules::run(common, &a),
        args::Command::Init => init::run(common),
        args::Command::Audit(a) => audit::run(common, &a.action),
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

/// Prints an error where errors go.
pub fn complain(error: &Error) {
    output::complain(&format!("lunette: {error}"));
}

/// Prints a text that was asked for (help, a version).
pub fn say(text: &str) -> Exit {
    Output::new(Format::Table).text(text)
}
