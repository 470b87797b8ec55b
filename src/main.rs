//! Arguments in, exit code out. Makes the record, the loader and the engine, and starts one of the two front ends.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use lunette::app::fetched::{self, Fetched};
use lunette::app::secrets::Reader;
use lunette::app::variables::Variables;
use lunette::app::{Guard, Provided, VaultState, Workbench, load};
use lunette::base::{Clock as _, Error, Exit, Result, SystemClock, known, process};
use lunette::cli::{self, ColorChoice, Common, DemoArgs, Invocation, Means};
use lunette::demo;
use lunette::engine::Entry;
use lunette::files::Disk;
use lunette::store::vault::Held;
use lunette::store::{History, Keeper, KeySource, Memory, Workspace, run_name};
use lunette::tui;

use lunette::wire::{HttpChoice, Load, Record, Target};

fn main() -> ExitCode {
    process::keep_memory_private();
    cli::install_panic_hook();
    let exit = run().unwrap_or_else(|e| {
        cli::complain(&e);
        e.exit
    });
    known::forget();
    ExitCode::from(exit.code())
}

fn run() -> Result<Exit> {
    match cli::parse(std::env::args_os())? {
        Invocation::Text(text) => Ok(cli::say(&text)),
        Invocation::Command(common, command) => {
            let workspace = if command.finds_workspace() { None } else { common.workspace(command.in_workspace())? };
            let means = means(workspace);
            if command.in_workspace() {
                means.unlock_unasked();
            }
            let ran = cli::run(&common, *command, &means);
            means.close();
            ran
        }
        Invocation::Workbench(common, mut sources) => {
            let workspace = common.workspace(true)?;
            let mut name = "no workspace".to_owned();
            if let Some(w) = &workspace {
                name.clone_from(&w.name);
                if sources.is_empty() {
                    sources.clone_from(&w.sources);
                }
            }
            let mut means = means(workspace);
            // Nobody is asked where the screen stands: the vault is opened there.
            means.secrets.opener = |_| Err(Error::input("the vault is locked").hint("F3 opens it"));
            // A workspace that cannot keep a record is still worth looking at; the engine sends nothing then.
            if let Err(e) = means.ready() {
                cli::complain(&e);
                name.push_str(" (sends nothing: no record)");
            }
            load::readable(&sources, means.files.as_ref())?;
            let scope = fetched::scope(&sources)?;
            let opened = Opened { name, sources, files: Arc::clone(&means.files), scope, roots: Vec::new() };
            workbench(&common, &means, opened)
        }
        Invocation::Demo(common, arguments) if arguments.serve || arguments.list => cli::serve(&common, &arguments),
        Invocation::Demo(common, arguments) => practice(&common, &arguments, &means(None)),
    }
}

/// What the front ends work with: the workspace keeps the record where there is one.
fn means(workspace: Option<Workspace>) -> Means {
    let run = run_name();
    let vault = workspace.as_ref().map(|w| Held::new(&w.folder, w.vault_idle));
    // Asked for each use: what is kept while the vault is closed is masked, and not marked.
    let held = vault.clone();
    let keys: KeySource = Arc::new(move || held.as_ref().and_then(Held::keys));
    let keeper = workspace.as_ref().map(|w| Arc::new(Keeper::new(&w.folder, &run, keys)));
    let (record, history): (Arc<dyn Record>, Arc<dyn History>) = if let Some(keeper) = &keeper {
        (Arc::clone(keeper) as _, Arc::clone(keeper) as _)
    } else {
        let memory = Arc::new(Memory::default());
        (Arc::clone(&memory) as _, memory)
    };
    let files: Arc<dyn Load> = Arc::new(Disk);
    let secrets = Reader { folder: PathBuf::new(), files: Arc::clone(&files), vault, opener: cli::vault_key };
    Means { record, history, keeper, files, secrets, workspace, run }
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
    let keyring = Arc::new(means.keyring());
    let engine = means.engine(common, opened.scope, opened.roots, &keyring)?;
    let scope = Guard::of(&engine).scope_words(SystemClock.wall());
    let history = Arc::clone(&means.history);
    let policy = common.policy(HttpChoice::Auto)?;
    let files = Arc::new(Fetched::new(&engine, policy, &means.run, common.remote_refs, opened.files)?);
    let (bench, mut events) = Workbench::new(engine, files, history, Arc::clone(&keyring), &means.run);
    let vault = means.secrets.vault.clone();
    let folder = means.workspace.as_ref().map_or_else(PathBuf::new, |w| w.folder.clone());
    let variables = Variables::new(means.workspace.as_ref(), Arc::new(means.secrets.from(&folder)));
    let mut bench = bench.with_vault(vault.clone()).with_variables(variables);
    if let Some(w) = &means.workspace {
        bench = bench.with_workspace(w.clone(), Arc::new(means.secrets.from(&w.folder)));
    }
    if let Some(held) = vault.as_ref().filter(|v| v.state() == VaultState::Locked) {
        match cli::vault_key_unasked(held.workspace()) {
            Ok(Some(key)) => bench.unlock(key),
            Ok(None) => {}
            // It stays locked; the screen is worth having all the same.
            Err(e) => cli::complain(&e),
        }
    }
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
        scope,
        vault: vault.map_or(VaultState::None, |v| v.state()),
        sources: opened.sources,
        filters: means.workspace.as_ref().map(|w| w.filters.clone()).unwrap_or_default(),
        identities: keyring.list(),
        environments: means.workspace.iter().flat_map(|w| &w.environments).map(|e| e.name.clone()).collect(),
        open: None,
        theme: theme(common.color),
        mouse: true,
        clock: Arc::new(SystemClock),
    };
    let ran = tui::run(start, take, Box::new(move |ask| bench.ask(ask)));
    means.close();
    Ok(match u8::try_from(ran?) {
        Ok(0) | Err(_) => Exit::Done,
        Ok(code) => Exit::Signal(code),
    })
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
