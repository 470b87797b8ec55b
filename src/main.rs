//! Arguments in, exit code out. Makes the record, the loader and the engine, and starts one of the two front ends.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use lunette::app::{Provided, Workbench, load};
use lunette::base::{Clock as _, Exit, Result, SystemClock};
use lunette::cli::{self, ColorChoice, Common, DemoArgs, Invocation, Means};
use lunette::demo;
use lunette::engine::Entry;
use lunette::files::Disk;
use lunette::store::{Audit, Memory, Workspace};
use lunette::tui;

use lunette::wire::{Load, Record, Target};

fn main() -> ExitCode {
    let exit = run().unwrap_or_else(|e| {
        cli::complain(&e);
        e.exit
    });
    ExitCode::from(exit.code())
}

fn run() -> Result<Exit> {
    match cli::parse(std::env::args_os())? {
        Invocation::Text(text) => Ok(cli::say(&text)),
        Invocation::Command(common, command) => {
            let workspace = if command.finds_workspace() { None } else { common.workspace(command.in_workspace())? };
            cli::run(&common, *command, &means(workspace))
        }
        Invocation::Workbench(common, mut sources) => {
            let workspace = common.workspace(true)?;
            let mut name = "no workspace".to_owned();
            if let Some(w) = &workspace {
                name.clone_from(&w.name);
                if sources.is_empty() {
                    sources.clone_from(&w.sources);
                }
                // A workspace that cannot keep a record is still worth looking at; the engine sends nothing then.
                if let Err(e) = Audit::new(&w.folder).ready() {
                    cli::complain(&e);
                    name.push_str(" (sends nothing: no record)");
                }
            }
            let means = means(workspace);
            load::readable(&sources, means.files.as_ref())?;
            let opened =
                Opened { name, sources, files: Arc::clone(&means.files), scope: Vec::new(), roots: Vec::new() };
            workbench(&common, &means, opened)
        }
        Invocation::Demo(common, arguments) if arguments.serve || arguments.list => cli::serve(&common, &arguments),
        Invocation::Demo(common, arguments) => practice(&common, &arguments, &means(None)),
    }
}

/// What the front ends work with: the workspace keeps the record where there is one.
fn means(workspace: Option<Workspace>) -> Means {
    let record: Arc<dyn Record> = match &workspace {
        Some(w) => Arc::new(Audit::new(&w.folder)),
        None => Arc::new(Memory::default()),
    };
    Means { record, files: Arc::new(Disk), workspace }
}

/// What the workbench opens on.
struct Opened {
    name: String,
    sources: Vec<PathBuf>,
    files: Arc<dyn Load>,
    scope: Vec<Entry>,
    roots: Vec<u8>,
}

/// The practice API with the workbench on it: its document and its log are sources like any other, and its certificate
/// authority is trusted for this run.
fn practice(common: &Common, arguments: &DemoArgs, means: &Means) -> Result<Exit> {
    let shop = arguments.start()?;
    let base = format!("https://localhost:{}", shop.https.port());
    let plain = format!("http://localhost:{}", shop.http.port());
    let texts = [("shop.openapi.json", demo::openapi(&base)), ("shop.access.log", demo::access_log())];
    let sources = texts.iter().map(|(n, _)| PathBuf::from(n)).collect();
    let files = Provided::new(texts.map(|(n, t)| (PathBuf::from(n), t)), Arc::clone(&means.files));
    let scope = [&base, &plain]
        .into_iter()
        .map(|u| Target::parse(u.as_bytes()).map(|t| Entry::typed(&t.origin)))
        .collect::<Result<_>>()?;
    let opened = Opened {
        name: "practice shop".to_owned(),
        sources,
        files: Arc::new(files),
        scope,
        roots: shop.ca_pem().as_bytes().to_vec(),
    };
    workbench(common, means, opened)
}

/// The screen over an engine. Its events cross to the screen's thread one by one, and never without bound.
fn workbench(common: &Common, means: &Means, opened: Opened) -> Result<Exit> {
    let engine = means.engine(common, opened.scope, opened.roots)?;
    let now = SystemClock.wall();
    let entries = engine.scope().entries();
    let scope: Vec<String> = entries.iter().filter(|e| !e.expired(now)).map(ToString::to_string).collect();
    let words = scope_words(&scope, entries.len() - scope.len());
    let (bench, mut events) = Workbench::new(engine, opened.files);
    let (give, take) = std::sync::mpsc::sync_channel(256);
    std::thread::spawn(move || {
        while let Some(event) = events.blocking_recv() {
            if give.send(event).is_err() {
                return;
            }
        }
    });
    let start = tui::Start {
        workspace: opened.name,
        scope: words,
        sources: opened.sources,
        filters: means.workspace.as_ref().map(|w| w.filters.clone()).unwrap_or_default(),
        open: None,
        theme: theme(common.color),
        mouse: true,
        clock: Arc::new(SystemClock),
    };
    let code = tui::run(start, take, Box::new(move |ask| bench.ask(ask)))?;
    Ok(match u8::try_from(code) {
        Ok(0) | Err(_) => Exit::Done,
        Ok(code) => Exit::Signal(code),
    })
}

/// The first entry of a scope, how many more there are, and how many have expired.
fn scope_words(entries: &[String], expired: usize) -> String {
    let words = match entries {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    };
    if expired == 0 { words } else { format!("{words} ({expired} expired)") }
}

fn theme(choice: ColorChoice) -> tui::Theme {
    let choice = match choice {
        ColorChoice::Auto => tui::ColorChoice::Auto,
        ColorChoice::Always => tui::ColorChoice::Always,
        ColorChoice::Never => tui::ColorChoice::Never,
    };
    let variable = |name| std::env::var(name).ok();
    tui::Theme::for_terminal(choice, variable("NO_COLOR").as_deref(), variable("TERM").as_deref())
}
