//! `lunette demo`: the practice API.

use std::fmt::Write as _;
use std::sync::mpsc;

use clap::Args;

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::demo::{Demo, FLAWS};
use crate::files::Scratch;
use crate::report::table::{Align, Table};

use super::Common;
use super::output::Output;

/// `lunette demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Serve without a screen until interrupted
    #[arg(long)]
    pub serve: bool,
    /// Serve the twin that has every planted mistake mended
    #[arg(long)]
    pub safe: bool,
    /// List the planted mistakes, and how to prove each with curl
    #[arg(long, conflicts_with_all = ["serve", "port", "safe"])]
    pub list: bool,
    /// Port for http on loopback; a free one when left out
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

impl DemoArgs {
    /// Starts the practice API.
    ///
    /// # Errors
    /// A port that cannot be had.
    pub fn start(&self) -> Result<Demo> {
        let started = if self.safe { Demo::start_safe(self.port) } else { Demo::start(self.port) };
        started.map_err(|e| {
            let place = self.port.map_or_else(|| "demo".to_owned(), |p| format!("port {p}"));
            Error::input(format!("the practice API cannot start: {e}"))
                .at(place)
                .hint("choose another --port, or leave it out")
        })
    }
}

/// Serves it, or lists what is wrong with it.
pub fn serve(common: &Common, a: &DemoArgs) -> Result<Exit> {
    if a.list {
        return Ok(Output::new(common.format)
            .result(|| serde_json::json!({ "schema": "lunette.demo/1", "flaws": FLAWS }), listed));
    }
    let demo = a.start()?;
    let (stop, stopped) = mpsc::channel();
    super::send::on_signal(move || {
        let _ = stop.send(());
    })?;
    let authority = Scratch::write("ca.pem", demo.ca_pem().as_bytes()).map_err(|e| {
        Error::input(format!("its certificate authority cannot be written: {e}"))
            .at("demo")
            .hint("set TMPDIR to a folder that takes files")
    })?;
    let path = display_str(&authority.path().to_string_lossy());
    let (plain, secure) = (format!("http://{}", demo.http), format!("https://localhost:{}", demo.https.port()));
    let what = if a.safe { "safe twin of the practice API" } else { "practice API" };
    let text = format!(
        "{what} on {plain} and {secure}\nits document: {plain}/api/openapi.json\n\
         its certificate authority: {path} (--cacert trusts it)\n\
         doors that a token opens: {plain}/api/tokens (POST to one gives a token)\nCtrl-C ends it\n"
    );
    let written = Output::new(common.format).result(
        || {
            serde_json::json!({
                "schema": "lunette.demo/1",
                "http": plain,
                "https": secure,
                "cacert": path,
                "safe": a.safe,
            })
        },
        || text,
    );
    let _ = stopped.recv();
    Ok(written)
}

/// The planted mistakes: a table, and under it the proof of each.
fn listed() -> String {
    let mut table = Table::new(&[
        ("id", Align::Left),
        ("endpoint", Align::Left),
        ("kind", Align::Left),
        ("CWE", Align::Right),
        ("what is wrong", Align::Left),
    ]);
    for f in FLAWS {
        let cells = [f.id, f.endpoint, f.category, &f.cwe.to_string(), f.wrong];
        table.row(cells.iter().map(|c| (*c).to_owned()).collect());
    }
    let mut out = table.render();
    for f in FLAWS {
        let _ = write!(out, "\n{}\n  proof  {}\n  mend   {}\n", f.id, f.proof, f.mend);
    }
    out
}
