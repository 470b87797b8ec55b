//! `lunette grade`: the headers of one reply.

use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use crate::app::send;
use crate::base::secret::mask_target;
use crate::base::{Exit, Result, text};
use crate::engine::{Budget, Entry};
use crate::report::grade::{document, plain};
use crate::wire::{HttpChoice, Request};

use super::args::{GradeArgs, header};
use super::output::{Output, complain};
use super::send::marked;
use super::{Common, Means};

pub fn run(common: &Common, a: &GradeArgs, means: &Means) -> Result<Exit> {
    let mut request = Request::new("GET", a.url.as_bytes())?;
    request.headers = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    let keyring = Arc::new(means.identify(common, &a.sends, &mut request)?);
    means.dress(common, &mut request, &keyring)?;
    send::introduce(&mut request, &send::marked_agent(Budget::GRADE.origin, &means.run));
    let policy = common.policy(HttpChoice::Auto)?;
    let engine = Arc::new(means.engine(common, vec![Entry::typed(&request.origin)], Vec::new(), &keyring)?);
    super::send::stop_on_signal(&engine)?;
    let (judged, notes) = send::once(&engine, Budget::GRADE, keyring, request, policy)?;
    common.note(&notes);
    let x = &judged.exchange;
    send::sent(x)?;
    let url = format!("{}{}", x.request.origin, text::display(&mask_target(&x.request.target)));
    let output = Output::new(common.format);
    let document = |grade| marked(document(&url, x.status(), grade), send::exit(x));
    let Some(grade) = &judged.headers else {
        let written = output.result(|| document(None), String::new);
        let why = x.error.as_ref().map_or("there is nothing to grade in this reply", |e| e.message.as_str());
        complain(&format!("lunette: not gradable: {why}"));
        return Ok(if written == Exit::Done { send::ungraded(x) } else { written });
    };
    let written = output.result(|| document(Some(grade)), || plain(&url, x.status(), grade));
    if let Some(e) = &x.error {
        complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    let interrupted = send::exit(x) == Exit::Interrupted;
    if !interrupted && a.fail_below.is_some_and(|least| grade.grade > least) {
        return Ok(Exit::Findings);
    }
    Ok(if written == Exit::Done { send::exit(x) } else { written })
}
