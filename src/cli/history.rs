//! `lunette history`: what was sent from the workspace, read back and sent again.

use crate::app::follow::Follow;
use crate::app::history::again;
use crate::base::{Exit, Result};
use crate::report::exchange::{Secrets, document, plain};
use crate::report::history;
use crate::store::History as _;
use crate::store::history::{Select, statuses};
use crate::wire::Policy;

use super::args::{HistoryAction, http};
use super::compare::Reading;
use super::output::{Output, complain};
use super::select::{host, since};
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
        HistoryAction::Send { id, http: version, show } => {
            let kept = means.recall(*id)?;
            let keyring = means.keyring();
            let (request, left_out) = again(&kept, &keyring);
            if !left_out.is_empty() && !common.quiet {
                complain(&format!("lunette: without {}: it was masked when it was kept", left_out.join(", ")));
            }
            let policy = Policy { raw: true, ..common.policy(http(version.as_deref())?)? };
            send::carry(
                common,
                request,
                policy,
                &Reading { show: *show, ..Reading::default() },
                keyring,
                means,
                None,
                Follow::default(),
            )
        }
    }
}
