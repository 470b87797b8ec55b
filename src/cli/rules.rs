//! `lunette rules`: what a grade asks for, a row a rule.

use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::grade::{RULES, Rule, rule};
use crate::report::rules::{document, plain};

use super::Common;
use super::args::RulesArgs;
use super::output::Output;

pub fn run(common: &Common, a: &RulesArgs) -> Result<Exit> {
    let rules: Vec<&Rule> = match &a.id {
        None => RULES.iter().collect(),
        Some(id) => vec![rule(id).ok_or_else(|| {
            let hint = match nearest(&id.to_uppercase(), RULES.iter().map(|r| r.id)) {
                Some(near) => format!("did you mean {near}?"),
                None => "lunette rules lists them".to_owned(),
            };
            Error::input("there is no such rule").at(display_str(id)).hint(hint)
        })?],
    };
    Ok(Output::new(common.format).result(|| document(&rules), || plain(&rules)))
}
