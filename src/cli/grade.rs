//! `lunette grade`: the headers of one reply.

use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use crate::app::send;
use crate::base::{Exit, Result};
use crate::report::grade::{document, plain};
use crate::wire::{HttpChoice, Request};

use super::args::{GradeArgs, header, typed};
use super::output::{Output, complain};
use super::{Common, Means};

pub fn run(common: &Common, a: &GradeArgs, means: &Means) -> Result<Exit> {
    let mut request = Request::new("GET", a.url.as_bytes())?;
    request.headers = a.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    send::introduce(&mut request);
    let policy = common.policy(HttpChoice::Auto)?;
    let engine = Arc::new(means.engine(common)?);
    engine.scope().admit(typed(&request.origin));
    super::send::stop_on_signal(&engine)?;
    let judged = send::once(&engine, request, policy)?;
    let x = &judged.exchange;
    let url = format!("{}{}", x.request.origin, crate::base::text::display(&x.request.target));
    let output = Output::new(common.format);
    let Some(grade) = &judged.headers else {
        let written = output.result(|| document(&url, x.status(), None), String::new);
        let why = x.error.as_ref().map_or("there is nothing to grade in this reply", |e| e.message.as_str());
        complain(&format!("lunette: not gradable: {why}"));
        return Ok(match send::exit(x) {
            Exit::Done if written == Exit::Done => Exit::NotJudged,
            Exit::Done => written,
            failed => failed,
        });
    };
    let written = output.result(|| document(&url, x.status(), Some(grade)), || plain(&url, x.status(), grade));
    if let Some(e) = &x.error {
        complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    if a.fail_below.is_some_and(|least| grade.grade > least) {
        return Ok(Exit::Findings);
    }
    Ok(if written == Exit::Done { send::exit(x) } else { written })
}
