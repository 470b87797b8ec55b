//! `lunette run`: flows without a screen.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::app::run::{self, Plan, Planned};
use crate::app::variables::Variables;
use crate::base::text::{display, display_str};
use crate::base::{Error, Exit, Result, Secret};
use crate::report::exchange::Secrets;
use crate::report::{junit, run as report};
use crate::wire::flow::{Flow, table};
use crate::wire::{Policy, Reference, http_file, identity};

use super::args::{header, http};
use super::output::{Format, Output};
use super::sends::Sends;
use super::{Common, Means};

/// Files of one run.
const MOST_FILES: usize = 1_000;

/// `lunette run`.
#[derive(Debug, Args)]
#[command(after_long_help = words())]
pub struct RunArgs {
    /// Files of requests, in order; their hosts have to be in scope
    #[arg(required = true, value_name = "FILE.http")]
    pub files: Vec<PathBuf>,
    /// Run the requests of this name alone, repeatable
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// End with the first request that fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Let later files use what earlier ones captured
    #[arg(long)]
    pub share: bool,
    /// The values of this environment of the workspace, before those that stand in a file
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// A value for {{NAME}}, before those of the environment and the file; env:NAME, file:PATH and vault:NAME are read
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// HTTP version
    #[arg(long, value_name = "1.1|2")]
    pub http: Option<String>,
    /// Show secrets instead of masking them
    #[arg(long)]
    pub show: bool,
    /// Who and how
    #[command(flatten)]
    pub sends: Sends,
}

/// The words of a flow, from their tables.
fn words() -> String {
    use std::fmt::Write as _;
    let directives = table::DIRECTIVES.iter().map(|d| (d.form, d.help));
    let subjects = table::SUBJECTS.iter().map(|s| (s.form, s.help));
    let predicates = table::PREDICATES.iter().map(|p| (p.form, p.help));
    let rows = directives.chain([("", ""), ("SUBJECT", "of an assertion or a capture:")]).chain(subjects);
    let rows =
        rows.chain([("", ""), ("PREDICATE", "of an assertion; not before it turns it around:")]).chain(predicates);
    let mut out = String::from("Directives of a request:\n");
    for (form, help) in rows {
        let _ = writeln!(out, "{}", format!("  {form:<36} {}", help.replace('`', "")).trim_end());
    }
    out.push_str(
        "\nExample:\n  lunette run login.http orders.http --share --allow api.example --format junit > report.xml",
    );
    out
}

pub fn run(common: &Common, a: &RunArgs, means: &Means) -> Result<Exit> {
    if a.files.len() > MOST_FILES {
        return Err(Error::input(format!("{} files are too many", a.files.len())).hint(format!("at most {MOST_FILES}")));
    }
    let files = a.files.iter().map(|f| planned(common, f, means)).collect::<Result<Vec<_>>>()?;
    let secrets = means.secrets_from(Path::new(""));
    let set = a.set.iter().map(|s| value(s, secrets.as_ref())).collect::<Result<_>>()?;
    let folder = means.workspace.as_ref().map_or_else(PathBuf::new, |w| w.folder.clone());
    let of_workspace = means.secrets_from(&folder);
    let identity = a.sends.identity.as_deref().map(|asked| asked.split_once('=').map_or(asked, |(name, _)| name));
    let plan = Plan {
        files,
        only: a.only.clone(),
        fail_fast: a.fail_fast,
        share: a.share,
        set,
        headers: a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?,
        identity: identity.map(str::to_owned),
        environment: a.env.clone(),
        policy: Policy { fresh: false, ..common.policy(http(a.http.as_deref())?)? },
        show: a.show,
        workspace: means.workspace.clone().map(|w| (Arc::new(w), Arc::clone(&of_workspace))),
        variables: Arc::new(Variables::new(means.workspace.as_ref(), of_workspace)),
        files_of: Arc::clone(&means.files),
    };
    // A typed identity is for the host of the first request, and is looked at before anything else could go wrong.
    let mut keyring = means.keyring();
    if a.sends.identity.as_deref().is_some_and(|asked| asked.contains('='))
        && let Some(mut first) = plan.first()?
    {
        keyring = means.identify(common, &a.sends, &mut first)?;
    } else if let Some(name) = identity {
        keyring.known(name).map_err(|e| e.at("--identity"))?;
    }
    plan.check(&keyring)?;
    let engine = Arc::new(means.engine_for(common, Some(&a.sends), true, Vec::new(), Vec::new(), &keyring)?);
    super::send::stop_on_signal(&engine)?;
    let output = Output::new(common.format).showing(a.show);
    let told = common.format == Format::Table;
    let ran = engine.run(plan.budget(), move |transport| {
        Box::pin(async move {
            let each = |path: &str, r: &report::RequestRun| {
                if told {
                    output.text(&report::lines(path, r));
                }
            };
            run::carried(transport, &keyring, &plan, &each).await
        })
    })?;
    common.note(&ran.notes);
    let (exit, secrets) = (run::exit(&ran), Secrets::of(a.show));
    let written = match common.format {
        Format::Junit => output.text(&junit::document(&ran)),
        _ => output.result(|| super::send::marked(report::document(&ran, secrets), exit), || report::totals(&ran)),
    };
    Ok(if written == Exit::Done { exit } else { written })
}

fn planned(common: &Common, path: &Path, means: &Means) -> Result<Planned> {
    let shown = display(path.as_os_str().as_bytes());
    let flow = Flow::read(&means.files.whole(path, http_file::MOST)?, &shown)?;
    common.note(&flow.notes.iter().map(|(line, what)| format!("{shown}:{line}: {what}")).collect::<Vec<_>>());
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let secrets = means.secrets_from(&folder);
    Ok(Planned { shown, folder, flow, secrets })
}

/// `NAME=VALUE`, where the value may be a reference.
fn value(text: &str, secrets: &dyn crate::wire::Secrets) -> Result<(String, Secret)> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| identity::is_name(name)) else {
        let name = text.split_once('=').map_or("", |(name, _)| name);
        return Err(Error::input("this gives no value to a name")
            .at(format!("--set {}", display_str(name)))
            .hint("write --set NAME=VALUE"));
    };
    let value = match Reference::parse(value) {
        Reference::Literal(text) => text,
        reference => secrets.read(&reference).map_err(|e| e.at(format!("--set {}", display_str(name))))?,
    };
    Ok((name.to_owned(), value))
}
