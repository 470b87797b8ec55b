//! Floor 6: the command line. One file a subcommand; each is a use case of `app/` and a document of `report/`.

mod args;
mod demo;
mod future;
mod grade;
mod inventory;
mod output;
mod send;
mod token;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Error, Exit, Result};
use crate::engine::{Engine, Entry};
use crate::wire::{Load, Record};

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
}

impl Means {
    /// An engine with the settings of the command line, and with what is in scope and trusted besides.
    ///
    /// # Errors
    /// Settings that do not parse, or roots that cannot be read.
    pub fn engine(&self, common: &Common, scope: Vec<Entry>, roots: Vec<u8>) -> Result<Engine> {
        let mut config = common.engine(self.files.as_ref())?;
        config.scope.extend(scope);
        config.roots.get_or_insert_default().extend(roots);
        config.roots = config.roots.filter(|r| !r.is_empty());
        Engine::start(config, Arc::clone(&self.record))
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
