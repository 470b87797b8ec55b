//! `lunette send --compare`: one request as several identities and as nobody, and what differs. `lunette history diff`: the
//! same of exchanges that were kept.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::Value;

use super::output::Output;
use super::{Common, Means};
use crate::app::compare::{Plan, as_one, who};
use crate::app::conform::conform;
use crate::app::identity::NOBODY;
use crate::app::lay::{Laid, Side, lay};
use crate::app::load::{How, load};
use crate::app::{draft, send};
use crate::base::secret::mask_body;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock};
use crate::engine::Entry;
use crate::inventory::Inventory;
use crate::report::exchange::Secrets;
use crate::report::{declared, diff};
use crate::wire::query::{self, query};
use crate::wire::{Exchange, Policy, Request, Response};

/// Options of comparing.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparing")]
pub struct CompareArgs {
    /// Send it as each of these and show what differs from the first: identities, and none for nobody; repeatable
    #[arg(long, value_name = "NAME,NAME,none|NAME=SPEC", conflicts_with_all = ["explain", "raw", "times", "group", "vary", "export", "follow"])]
    pub compare: Vec<String>,
    /// Hold the reply against the operation of this specification that the request is one of
    #[arg(long, value_name = "FILE", conflicts_with_all = ["explain", "times", "group", "vary", "export", "compare", "filter"])]
    pub spec: Option<PathBuf>,
    /// Print only what this filter of jq, or JSONPath, finds in the body
    #[arg(long, value_name = "EXPRESSION", conflicts_with_all = ["explain", "times", "group", "vary", "export", "compare"])]
    pub filter: Option<String>,
}

/// What is done with a reply beside printing it.
#[derive(Debug, Default)]
pub struct Reading<'a> {
    /// Whether secrets are shown.
    pub show: bool,
    /// Print what this finds in the body, and nothing else.
    pub filter: Option<&'a str>,
    /// Hold it against what is declared here.
    pub spec: Option<Inventory>,
}

impl CompareArgs {
    /// Reads what is asked of a reply, before anything is sent.
    ///
    /// # Errors
    /// A filter that is none, or a specification that cannot be read.
    pub fn reading(&self, show: bool, means: &Means) -> Result<Reading<'_>> {
        check(self.filter.as_ref())?;
        let spec = self.spec.as_ref().map(|path| {
            let stop = AtomicBool::new(false);
            let files = means.files.as_ref();
            let loaded =
                load(std::slice::from_ref(path), &How::default(), files, SystemClock.wall(), &stop, false, &mut |_| ());
            match loaded.failures.into_iter().next() {
                Some(e) => Err(e),
                None if loaded.inventory.documents.is_empty() => Err(Error::input("this is no specification")
                    .at(display_str(&path.to_string_lossy()))
                    .hint("give an OpenAPI or Swagger document")),
                None => Ok(loaded.inventory),
            }
        });
        Ok(Reading { show, filter: self.filter.as_deref(), spec: spec.transpose()? })
    }
}

impl Reading<'_> {
    /// What the specification says of an exchange, where one was given: as a part of its document, and as text.
    pub fn declared(&self, x: &Exchange, means: &Means) -> Option<(Value, String)> {
        let declared = conform(self.spec.as_ref()?, x, means.files.as_ref());
        Some((declared::part(declared.as_ref()), declared::plain(declared.as_ref())))
    }
}

/// What a filter finds in a body, printed a result a line, or in a document.
///
/// # Errors
/// A filter that fails, or a body that is no JSON.
pub fn filtered(common: &Common, expression: &str, response: Option<&Response>, show: bool) -> Result<Exit> {
    let body = response.map(|r| r.body.as_ref()).unwrap_or_default();
    let found = if show { query(expression, body) } else { query(expression, &mask_body(body)) };
    let found = found.map_err(|e| e.at("--filter"))?;
    if let Some(cut) = &found.cut {
        common.note(&[format!("the results end here: {cut}")]);
    }
    Ok(Output::new(common.format)
        .showing(show)
        .result(|| diff::found_document(expression, &found), || diff::found_plain(&found)))
}

/// Refuses an expression that is none before anything is sent.
///
/// # Errors
/// What is wrong with it.
pub fn check(expression: Option<&String>) -> Result<()> {
    expression.map_or(Ok(()), |e| query::check(e).map_err(|e| e.at("--filter")))
}

/// Sends a request as each of the names, and prints what differs.
pub fn carry(
    common: &Common,
    asked: &[String],
    request: &Request,
    policy: Policy,
    show: bool,
    scope: Vec<Entry>,
    means: &Means,
) -> Result<Exit> {
    let mut keyring = means.keyring();
    let mut names = Vec::new();
    for asked in asked {
        if asked.contains('=') {
            names.push(means.known_as(common, asked, "--compare", &request.origin, &mut keyring)?);
        } else {
            names.extend(asked.split(',').filter(|n| !n.is_empty()).map(str::to_owned));
        }
    }
    // One name alone is held against nobody.
    if let [one] = names.as_slice()
        && one != NOBODY
    {
        names.push(NOBODY.to_owned());
    }
    let names = who(&names.join(","), &keyring, &request.origin)
        .map_err(|e| if e.place.as_deref() == Some("compare") { e.at("--compare") } else { e })?;
    let mut left_out = Vec::new();
    let mut requests = Vec::new();
    for name in &names {
        let mut one = as_one(request.clone(), name, &mut left_out);
        means.dress(common, &mut one, &keyring)?;
        send::introduce(&mut one, send::USER_AGENT);
        requests.push(one);
    }
    if !left_out.is_empty() {
        common.note(&[format!("sent without {}, which was typed and says who asks", left_out.join(", "))]);
    }
    let plan = Plan::new(names, requests, Policy { fresh: false, ..policy }, left_out)?;
    let (who, policy) = (plan.who.clone(), plan.policy);
    let (outcomes, ran) =
        super::vary::sent(common, who, move |name| plan.request(name), policy, keyring, scope, means)?;
    let sides: Vec<_> = outcomes.iter().filter_map(|o| Some((o.value.clone(), &o.judged.as_ref()?.exchange))).collect();
    let laid = Laid::of(&sides, mask_body);
    let exit = super::vary::exit(&outcomes);
    let secrets = Secrets::of(show);
    let written = Output::new(common.format).showing(show).result(
        || super::send::marked(diff::compared(&draft::subject(request), &sides, &laid.diff, secrets), exit),
        || diff::plain(&laid.heads, &laid.diff, secrets),
    );
    ran?;
    Ok(if written == Exit::Done { exit } else { written })
}

/// `lunette history diff`.
pub fn kept(common: &Common, ids: &[i64], show: bool, means: &Means) -> Result<Exit> {
    let sides: Vec<Side> = ids.iter().copied().map(Side::Kept).collect();
    let laid = lay(&sides, means.kept()?, mask_body)?;
    let secrets = Secrets::of(show);
    Ok(Output::new(common.format)
        .showing(show)
        .result(|| diff::document(&laid.heads, &laid.diff, secrets), || diff::plain(&laid.heads, &laid.diff, secrets)))
}
