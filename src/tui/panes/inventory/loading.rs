//! What is being read, and what stands where the list would be.

use std::fmt::Write as _;
use std::path::PathBuf;

use ratatui::layout::Rect;

use crate::app::Progress;
use crate::base::figure::bytes;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip, distance};

/// Failures shown where a list would be.
const MOST_FAILURES: usize = 4;

/// What is being read.
#[derive(Default)]
pub(super) struct Loading {
    /// What was asked to be read.
    pub sources: Vec<PathBuf>,
    /// How far it is.
    pub progress: Option<Progress>,
    /// Whether it goes on.
    pub running: bool,
    /// What could not be read.
    failed: Vec<String>,
}

impl Loading {
    /// Sources that are read from now on; none of them is nothing to wait for.
    pub fn of(sources: Vec<PathBuf>) -> Self {
        Self { running: !sources.is_empty(), sources, ..Self::default() }
    }

    /// It ended.
    pub fn stopped(&mut self) {
        self.running = false;
        self.progress = None;
    }

    /// A source could not be read.
    pub fn failed(&mut self, why: &str) {
        self.stopped();
        if self.failed.len() < MOST_FAILURES {
            self.failed.push(why.to_owned());
        }
    }

    /// True while all was read and more is waited for.
    pub fn following(&self) -> bool {
        self.running && self.progress.as_ref().is_some_and(|p| p.following)
    }

    /// What line 1 says while sources are read, with the bytes there are where there is room for it.
    pub fn words(&self, roomy: bool) -> Option<String> {
        let p = match &self.progress {
            Some(p) if self.running => p,
            None if self.running => return Some("reading …".to_owned()),
            _ => return None,
        };
        if p.following {
            let stops = if roomy { "  Esc stops" } else { "" };
            return Some(format!("following {}{stops}", clip(&p.what)));
        }
        let mut text = format!("reading {}", clip(&p.what));
        if p.total > 0 {
            let done = p.done.min(p.total);
            let _ = write!(text, " {} %", u128::from(done) * 100 / u128::from(p.total));
            if roomy {
                let _ = write!(text, " of {}", bytes(p.total));
            }
        }
        if p.rate > 0 {
            let _ = write!(text, "  {}/s", bytes(p.rate));
            if let Some(left) = p.total.saturating_sub(p.done).checked_div(p.rate).filter(|s| *s > 1) {
                let _ = write!(text, "  {} left", distance(left));
            }
        }
        if roomy {
            text.push_str("  Esc cancels");
        }
        Some(text)
    }

    /// Says what fills an empty list.
    pub fn draw(&self, pen: &mut Pen<'_>, area: Rect) {
        let mut area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        for why in &self.failed {
            let y = pen.wrapped(area, &clip(why), Role::Error).min(area.bottom());
            area = Rect { y, height: area.bottom() - y, ..area };
        }
        let text = if self.running {
            "Reading. Endpoints appear here as they are found; Esc cancels."
        } else {
            "No endpoints yet. `:load FILE ...` reads OpenAPI documents and access logs; `:open URL` goes straight to the composer."
        };
        pen.wrapped(area, text, Role::Muted);
    }
}
