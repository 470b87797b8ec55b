//! `lunette history`: what was sent from the workspace, read back and sent again.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::app::follow::Follow;
use crate::app::history::replayed;
use crate::app::keep::{self, As, Subject};
use crate::base::text::display;
use crate::base::{Error, Exit, Result};
use crate::engine::Entry;
use crate::report::exchange::{Secrets, document, plain};
use crate::report::history;
use crate::store::History as _;
use crate::store::history::{Select, statuses};
use crate::wire::Policy;

use super::args::http;
use super::compare::Reading;
use super::output::{Output, complain};
use super::select::{host, since};
use super::send::How;
use super::{Common, Means, send};

/// `lunette history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// What to do
    #[command(subcommand)]
    pub action: HistoryAction,
}

/// What can be done with the history.
#[derive(Debug, Subcommand)]
pub enum HistoryAction {
    /// List exchanges, newest first
    List {
        /// Only those with this in their method or URL
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// Only those of this method
        #[arg(long, value_name = "METHOD")]
        method: Option<String>,
        /// Only those sent to this host
        #[arg(long, value_name = "HOST[:PORT]")]
        host: Option<String>,
        /// Only those with this status, of this class, or in this range: 404, 5xx, 400..404
        #[arg(long, value_name = "CODE|CLASS")]
        status: Option<String>,
        /// Only those asked for by: hand, vary, run, load, grade, check, rate, oauth, login
        #[arg(long, value_name = "WHO")]
        who: Option<String>,
        /// Only those sent as this identity
        #[arg(long = "sent-as", value_name = "NAME")]
        identity: Option<String>,
        /// Only those that began at this instant or later
        #[arg(long, value_name = "RFC3339")]
        since: Option<String>,
        /// Only those before this one: the next page
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// At most so many; 1000 are the most
        #[arg(long, value_name = "N", default_value_t = 100)]
        most: usize,
    },
    /// Lay two to four exchanges side by side, and say what differs from the first
    Diff {
        /// Their numbers
        #[arg(required = true, num_args = 2..=4)]
        ids: Vec<i64>,
        /// Show secrets instead of masking them
        #[arg(long)]
        show: bool,
    },
    /// Show one exchange whole
    Show {
        /// Its number
        id: i64,
        /// Print only what this filter of jq, or JSONPath, finds in the body of the reply
        #[arg(long, value_name = "EXPRESSION")]
        filter: Option<String>,
        /// Show secrets instead of masking them
        #[arg(long)]
        show: bool,
    },
    /// Write exchanges as something that other programs open; secrets are masked
    #[command(after_help = "Example:\n  lunette history export 12 13 --as har -o evidence.har")]
    Export {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// As what
        #[arg(long = "as", value_enum, value_name = "har|http|curl|markdown")]
        to: KeptAs,
        /// Into this file, which only you may read, and not to standard output
        #[arg(short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write over a file that is there already
        #[arg(long, requires = "output")]
        replace: bool,
        /// Show secrets instead of masking them
        #[arg(long)]
        show: bool,
    },
    /// Send a request once more, byte for byte where it was raw; its identity makes its credential anew
    Send {
        /// Its number
        id: i64,
        /// HTTP version: 1.1 or 2; else what the server agrees to
        #[arg(long, value_name = "VERSION")]
        http: Option<String>,
        /// Show secrets instead of masking them
        #[arg(long)]
        show: bool,
    },
}

/// What exchanges of the history are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeptAs {
    /// HAR 1.2.
    Har,
    /// A `.http` file.
    Http,
    /// Commands for curl.
    Curl,
    /// Evidence in Markdown.
    Markdown,
}

impl From<KeptAs> for As {
    fn from(to: KeptAs) -> Self {
        match to {
            KeptAs::Har => Self::Har,
            KeptAs::Http => Self::Http,
            KeptAs::Curl => Self::Curl,
            KeptAs::Markdown => Self::Markdown,
        }
    }
}

pub fn run(common: &Common, action: &HistoryAction, means: &Means) -> Result<Exit> {
    let output = Output::new(common.format);
    match action {
        HistoryAction::List { text, method, host: at, status, who, identity, since: from, before, most } => {
            let (host, port) = at.as_deref().map(host).transpose()?.unzip();
            let rows = means.kept()?.list(&Select {
                text: text.clone(),
                host,
                port: port.flatten(),
                method: method.clone(),
                status: status.as_deref().map(statuses).transpose()?,
                who: who.clone(),
                identity: identity.clone(),
                since: from.as_deref().map(since).transpose()?,
                before: *before,
                most: *most,
            })?;
            Ok(output.result(|| history::document(&rows), || history::plain(&rows)))
        }
        HistoryAction::Diff { ids, show } => super::compare::kept(common, ids, *show, means),
        HistoryAction::Show { id, filter, show } => {
            super::compare::check(filter.as_ref())?;
            let kept = means.recall(*id)?;
            if let Some(expression) = filter {
                return super::compare::filtered(common, expression, kept.exchange.response.as_ref(), *show);
            }
            let secrets = Secrets::of(*show);
            let judged = crate::app::send::judge(kept.exchange);
            let grade = judged.headers.as_ref();
            Ok(output
                .showing(*show)
                .result(|| document(&judged.exchange, grade, secrets), || plain(&judged.exchange, grade, secrets)))
        }
        HistoryAction::Export { ids, to, output: file, replace, show } => {
            let keyring = means.keyring();
            let all =
                ids.iter().map(|id| Ok(Subject::kept(means.recall(*id)?, &keyring))).collect::<Result<Vec<_>>>()?;
            let stem = file.as_deref().map_or_else(|| "request".to_owned(), keep::stem);
            let to: As = (*to).into();
            let made = keep::exported(&all, to, *show, &stem);
            let Some(file) = file else { return Ok(send::keep_printed(common, to, *show, &made)) };
            if !keep::store(&made, file, *replace)? {
                return Err(Error::input("it is there already, or a file beside it is")
                    .at(display(file.as_os_str().as_encoded_bytes()))
                    .hint("--replace writes over it"));
            }
            common.note(&made.notes);
            let name = display(file.as_os_str().as_encoded_bytes());
            Ok(output.result(|| made.document(to, Some(file), *show), || format!("{name}\n")))
        }
        HistoryAction::Send { id, http: version, show } => {
            let kept = means.recall(*id)?;
            let keyring = means.keyring();
            let (request, left_out) = replayed(&kept, &keyring)?;
            if !left_out.is_empty() && !common.quiet {
                complain(&format!("lunette: without {}: it was masked when it was kept", left_out.join(", ")));
            }
            let policy = Policy { raw: true, ..common.policy(http(version.as_deref())?)? };
            let scope = vec![Entry::typed(&request.origin)];
            let reading = Reading { show: *show, ..Reading::default() };
            let how = How { policy, reading: &reading, sends: None, follow: Follow::default(), scope, kept: None };
            send::carry(common, request, how, keyring, means)
        }
    }
}
