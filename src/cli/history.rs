//! `lunette history`: what was sent from the workspace, read back and sent again.

use crate::app::follow::Follow;
use crate::app::history::replayed;
use crate::app::keep::{self, Subject};
use crate::base::text::display;
use crate::base::{Error, Exit, Result};
use crate::engine::Entry;
use crate::report::exchange::{Secrets, document, plain};
use crate::report::history;
use crate::store::History as _;
use crate::store::history::{Select, statuses};
use crate::wire::Policy;

use super::args::{HistoryAction, http};
use super::compare::Reading;
use super::output::{Output, complain};
use super::select::{host, since};
use super::send::How;
use super::{Common, Means, send};

pub fn run(common: &Common, action: &HistoryAction, means: &Means) -> Result<Exit> {
    let output = Output::new(common.format);
    match action {
        HistoryAction::List { text, host: at, status, who, identity, since: from, before, most } => {
            let (host, port) = at.as_deref().map(host).transpose()?.unzip();
            let rows = means.kept()?.list(&Select {
                text: text.clone(),
                host,
                port: port.flatten(),
                method: None,
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
            let secrets = if *show { Secrets::Shown } else { Secrets::Masked };
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
            let made = keep::exported(&all, (*to).into(), *show, &stem);
            let Some(file) = file else { return Ok(send::keep_printed(common, *show, &made)) };
            if !keep::store(&made, file, *replace)? {
                return Err(Error::input("it is there already, or a file beside it is")
                    .at(display(file.as_os_str().as_encoded_bytes()))
                    .hint("--replace writes over it"));
            }
            common.note(&made.notes);
            Ok(Exit::Done)
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
