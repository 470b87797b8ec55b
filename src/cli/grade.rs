//! `lunette grade`: the headers of one reply, received now or read from a file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::app::follow::{self, Follow};
use crate::app::{grade as case, send};
use crate::base::secret::mask_target;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock, text};
use crate::engine::{Budget, Entry};
use crate::grade::HeaderGrade;
use crate::grade::probes::{UNSAFE, plain_origin};
use crate::report::grade::{document, plain};
use crate::wire::{Exchange, HttpChoice, Request};

use super::args::{GradeArgs, header};
use super::output::{Output, complain};
use super::send::marked;
use super::{Common, Means};

pub fn run(common: &Common, a: &GradeArgs, means: &Means) -> Result<Exit> {
    if let Some(path) = &a.response {
        return file(common, a, path, means);
    }
    let Some(url) = &a.url else {
        return Err(Error::input("there is nothing to grade").hint("name a URL, or a file with --response"));
    };
    let mut request = Request::new("GET", url.as_bytes())?;
    request.headers = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    let keyring = Arc::new(means.identify(common, &a.sends, &mut request)?);
    means.dress(common, &mut request, &keyring)?;
    send::introduce(&mut request, &send::marked_agent(Budget::GRADE.origin, &means.run));
    let policy = common.policy(HttpChoice::Auto)?;
    let mut scope = vec![Entry::typed(&request.origin)];
    let (judged, notes) = if a.live {
        let plan = case::plan(&request);
        if plan.is_empty() {
            return Err(Error::input(UNSAFE).at("--live"));
        }
        // The same host was typed, and what is asked of its http port is shown first.
        scope.extend(plain_origin(&request.origin).as_ref().map(Entry::typed));
        if !common.quiet {
            complain(&format!("lunette: {} more requests for the live extras:", plan.len()));
            for line in case::words(&plan) {
                complain(&format!("lunette:   {line}"));
            }
        }
        let engine = Arc::new(means.engine_for(common, Some(&a.sends), false, scope, Vec::new(), &keyring)?);
        super::send::stop_on_signal(&engine)?;
        case::live(&engine, Arc::clone(&keyring), request, plan, policy)?
    } else {
        let engine = Arc::new(means.engine_for(common, Some(&a.sends), false, scope, Vec::new(), &keyring)?);
        super::send::stop_on_signal(&engine)?;
        follow::once(&engine, Budget::GRADE, keyring, request, policy, Follow::default(), None)?
    };
    common.note(&notes);
    send::sent(&judged.exchange)?;
    Ok(show(common, a, &judged.exchange, judged.headers.as_ref()))
}

/// A reply from a file: nothing is sent.
fn file(common: &Common, a: &GradeArgs, path: &Path, means: &Means) -> Result<Exit> {
    let bytes = means.files.whole(path, case::MOST_REPLY)?;
    let place = |mut e: Error| {
        let inside = std::mem::take(&mut e.place);
        let file = text::display_str(&path.to_string_lossy());
        e.at(match inside {
            Some(inside) => format!("{file}: {inside}"),
            None => file,
        })
    };
    let url = a.from.as_deref().map(OsStr::as_bytes);
    let (exchange, grade) = case::of_file(&bytes, url, SystemClock.wall()).map_err(place)?;
    Ok(show(common, a, &exchange, grade.as_ref()))
}

/// Prints a grade, or why there is none, and says how the process ends.
fn show(common: &Common, a: &GradeArgs, x: &Exchange, grade: Option<&HeaderGrade>) -> Exit {
    let url = format!("{}{}", x.request.origin, text::display(&mask_target(&x.request.target)));
    let output = Output::new(common.format);
    let document = |grade| marked(document(&url, x.status(), grade), send::exit(x));
    let Some(grade) = grade else {
        let written = output.result(|| document(None), String::new);
        let why = x.error.as_ref().map_or("there is nothing to grade in this reply", |e| e.message.as_str());
        complain(&format!("lunette: not gradable: {why}"));
        return if written == Exit::Done { send::ungraded(x) } else { written };
    };
    let written = output.result(|| document(Some(grade)), || plain(&url, x.status(), grade));
    if let Some(e) = &x.error {
        complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    let interrupted = send::exit(x) == Exit::Interrupted;
    if !interrupted && a.fail_below.is_some_and(|least| grade.grade > least) {
        return Exit::Findings;
    }
    if written == Exit::Done { send::exit(x) } else { written }
}
