//! `lunette jwt lint`: a token judged, and its secret guessed.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::app::gate::severity;
use crate::app::judge::{Beside, judge};
use crate::base::{Exit, Result};
use crate::cli::output::Output;
use crate::cli::{Common, Means};
use crate::jwt::lint::Profile;
use crate::report::lint::{document, plain};

use super::{KeyArgs, Payload, Source, When, one_stdin};

/// `lunette jwt lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    payload: Payload,
    #[command(flatten)]
    when: When,
    /// What the token is for; else what its type says, or what its claims look like
    #[arg(long, value_name = "PROFILE", value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::word)))]
    profile: Option<String>,
    /// The host that the token is sent to: it may be its secret, and it may not be the issuer's
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Judge by FAPI 2.0 too
    #[arg(long)]
    fapi: bool,
    /// End with 1 when something is as bad as this: never, info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: String,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(common: &Common, a: &LintArgs, means: &Means) -> Result<Exit> {
    let now = a.when.stamp()?;
    let least = severity(&a.fail_on)?;
    one_stdin(&[a.source.reads_stdin(), a.payload.reads_stdin(), a.keys.reads_stdin()])?;
    let mut token = a.source.read(means)?;
    a.payload.attach(&mut token, means)?;
    let known = a.keys.read(common, means)?;
    let beside = Beside {
        profile: a.profile.as_deref().and_then(Profile::parse),
        host: a.host.clone(),
        fapi: a.fapi,
        ..Beside::default()
    };
    let (checked, judgement) = judge(token, &known, &beside, now);
    let written = Output::new(common.format).result(|| document(&checked, &judgement), || plain(&checked, &judgement));
    Ok(if judgement.fails(least) { Exit::Findings } else { written })
}
