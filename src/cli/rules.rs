//! `lunette rules`: what replies, traffic and tokens are judged by, a row a rule.

use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::report::rules::{Rule, all, document, plain};

use super::Common;
use super::args::RulesArgs;
use super::output::Output;

pub fn run(common: &Common, a: &RulesArgs) -> Result<Exit> {
    let rules: Vec<Rule> = match &a.id {
        None => all().collect(),
        Some(id) => vec![all().find(|r| r.id().eq_ignore_ascii_case(id)).ok_or_else(|| {
            let upper = id.to_uppercase();
            let hint = match nearest(&upper, all().map(Rule::id)).or_else(|| nearest(id, all().map(Rule::id))) {
                Some(near) => format!("did you mean {near}?"),
                None => "lunette rules lists them".to_owned(),
            };
            Error::input("there is no such rule").at(display_str(id)).hint(hint)
        })?],
    };
    Ok(Output::new(common.format).result(|| document(&rules), || plain(&rules)))
}
