//! `lunette demo`: the practice API.

use std::sync::mpsc;

use clap::Args;

use crate::base::{Error, Exit, Result};
use crate::demo::Demo;

use super::Common;
use super::output::Output;

/// `lunette demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Serve without a screen until interrupted
    #[arg(long)]
    pub serve: bool,
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
        Demo::start(self.port).map_err(|e| {
            let place = self.port.map_or_else(|| "demo".to_owned(), |p| format!("port {p}"));
            Error::input(format!("the practice API cannot start: {e}"))
                .at(place)
                .hint("choose another --port, or leave it out")
        })
    }
}

pub fn serve(common: &Common, a: &DemoArgs) -> Result<Exit> {
    let demo = a.start()?;
    let (stop, stopped) = mpsc::channel();
    super::send::on_signal(move || {
        let _ = stop.send(());
    })?;
    let text = format!(
        "practice API on http://{} and https://{}\nits document: http://{}/api/openapi.json\nCtrl-C ends it\n",
        demo.http, demo.https, demo.http
    );
    let written = Output::new(common.format).result(
        || {
            serde_json::json!({
                "schema": "lunette.demo/1",
                "http": format!("http://{}", demo.http),
                "https": format!("https://{}", demo.https),
            })
        },
        || text,
    );
    let _ = stopped.recv();
    Ok(written)
}
