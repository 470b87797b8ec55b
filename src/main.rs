//! Arguments in, exit code out. Makes the record, the loader and the engine, and starts one of the two front ends.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use lunette::app::{Provided, Workbench};
use lunette::base::{Exit, Result};
use lunette::cli::{self, Common, DemoArgs, Invocation, Means};
use lunette::demo;
use lunette::engine::Entry;
use lunette::files::Disk;
use lunette::store::Memory;

use lunette::wire::{Load, Target};

fn main() -> ExitCode {
    let exit = run().unwrap_or_else(|e| {
        cli::complain(&e);
        e.exit
    });
    ExitCode::from(exit.code())
}

fn run() -> Result<Exit> {
    let means = Means { record: Arc::new(Memory::default()), files: Arc::new(Disk) };
    match cli::parse(std::env::args_os())? {
        Invocation::Text(text) => Ok(cli::say(&text)),
        Invocation::Command(common, command) => cli::run(&common, *command, &means),
        Invocation::Workbench(common, sources) => {
            let files = Arc::clone(&means.files);
            workbench(&common, &means, files, sources, &[])
        }
        Invocation::Demo(common, arguments) if arguments.serve => cli::serve(&common, &arguments),
        Invocation::Demo(common, arguments) => practice(&common, &arguments, &means),
    }
}

/// The practice API with the workbench on it: its document and its log are sources like any other.
fn practice(common: &Common, arguments: &DemoArgs, means: &Means) -> Result<Exit> {
    let shop = arguments.start()?;
    let (http, https) = (format!("http://{}", shop.http), format!("https://{}", shop.https));
    let texts = [("shop.openapi.json", demo::openapi(&http)), ("shop.access.log", demo::access_log())];
    let sources = texts.iter().map(|(n, _)| PathBuf::from(n)).collect();
    let files = Provided::new(texts.map(|(n, t)| (PathBuf::from(n), t)), Arc::clone(&means.files));
    let scope = [http, https]
        .iter()
        .map(|u| Target::parse(u.as_bytes()).map(|t| Entry::typed(&t.origin)))
        .collect::<Result<Vec<_>>>()?;
    workbench(common, means, Arc::new(files), sources, &scope)
}
fn workbench(_: &Common, _: &Means, _: Arc<dyn Load>, _: Vec<PathBuf>, _: &[Entry]) -> Result<Exit> {
    Ok(Exit::Done)
}
