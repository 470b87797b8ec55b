//! `lunette init`: the beginning of a workspace.

use std::path::Path;

use serde_json::json;

use crate::base::text::display;
use crate::base::{Exit, Result};
use crate::store::workspace;

use super::Common;
use super::output::Output;

pub fn run(common: &Common) -> Result<Exit> {
    let file = workspace::init(common.named().unwrap_or(Path::new("")))?;
    let shown = display(file.as_os_str().as_encoded_bytes());
    Ok(Output::new(common.format).result(
        || json!({"schema": "lunette.init/1", "file": shown}),
        || format!("wrote {shown}; say in it what is in scope\n"),
    ))
}
