//! The whole screen on an in-memory terminal, driven by scripted keys and events: for tests and benchmarks.
#![doc(hidden)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::{Effect, Level, Msg};
use super::root::Root;
use super::{Start, Theme, keymap};
use crate::app::{Ask, Event, VaultState};
use crate::base::{Clock, Stamp};

/// A clock that moves only when told to.
pub struct StillClock {
    start: Instant,
    wall: i64,
    gone_ms: AtomicU64,
}

impl StillClock {
    /// A clock that stands at this number of seconds since 1970.
    pub fn at(wall: i64) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), wall, gone_ms: AtomicU64::new(0) })
    }
    /// Moves the clock on.
    pub fn pass(&self, by: Duration) {
        self.gone_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn wall(&self) -> Stamp {
        let gone = i64::try_from(self.gone_ms.load(Ordering::SeqCst) / 1_000).unwrap_or(0);
        Stamp::from_unix(self.wall + gone).unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.into())
    }
    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.gone_ms.load(Ordering::SeqCst))
    }
}

/// A screen of cells, the asks it made and the texts it copied.
pub struct Screen {
    root: Root,
    terminal: Terminal<TestBackend>,
    /// Its clock.
    pub clock: Arc<StillClock>,
    /// What the app was asked, oldest first.
    pub asks: VecDeque<Ask>,
    /// What went to the clipboard.
    pub copied: Vec<String>,
    /// Files that were opened in an editor, with their lines.
    pub edited: Vec<(std::path::PathBuf, Option<u64>)>,
    /// Texts that were given to an editor, with the names of their files.
    pub written: Vec<(&'static str, String)>,
    /// The exit code, once it was left.
    pub left: Option<i32>,
}

impl Screen {
    /// A screen of this size.
    pub fn new(width: u16, height: u16, theme: Theme, sources: &[&str]) -> Self {
        let clock = StillClock::at(1_700_000_000);
        let root = Root::new(Start {
            workspace: "no workspace".to_owned(),
            scope: "api.test:443".to_owned(),
            vault: VaultState::None,
            sources: sources.iter().map(Into::into).collect(),
            filters: Vec::new(),
            identities: Vec::new(),
            environments: Vec::new(),
            open: None,
            theme,
            mouse: true,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        });
        let Ok(terminal) = Terminal::new(TestBackend::new(width, height));
        let mut screen = Self {
            root,
            terminal,
            clock,
            asks: VecDeque::new(),
            copied: Vec::new(),
            edited: Vec::new(),
            written: Vec::new(),
            left: None,
        };
        let effects = screen.root.begin();
        screen.carry_out(effects);
        screen.draw();
        screen
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(a) => self.asks.push_back(a),
                Effect::Copy(what, text) => {
                    self.root.say(Level::Info, format!("{what} went to the terminal's clipboard by OSC 52"));
                    self.copied.push(text);
                }
                Effect::Work(work) => {
                    let effects = self.root.update(work());
                    self.carry_out(effects);
                }
                Effect::Edit(file, line) => self.edited.push((file, line)),
                Effect::EditText(name, text) => self.written.push((name, text)),
                Effect::Quit(code) => self.left = Some(code),
                _ => {}
            }
        }
    }

    fn send(&mut self, msg: Msg) {
        let effects = self.root.update(msg);
        self.carry_out(effects);
    }

    /// Presses keys by the names of the key table, separated by spaces, and draws.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for name in keys.split(' ').filter(|k| !k.is_empty()) {
            match keymap::key(name) {
                Some(key) => self.send(Msg::Key(key)),
                None => self.text(name),
            }
        }
        self.draw();
        self
    }

    /// Types text, one key a character.
    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        self.draw();
    }

    /// A text comes back from the editor.
    pub fn back(&mut self, text: &str) -> &mut Self {
        self.send(Msg::Edited(text.to_owned()));
        self.draw();
        self
    }

    /// Pastes text.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send(Msg::Paste(text.to_owned()));
        self.draw();
        self
    }

    /// Clicks a cell.
    pub fn click(&mut self, column: u16, row: u16) -> &mut Self {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.draw();
        self
    }

    /// Turns the wheel down (or up) over a cell.
    pub fn wheel(&mut self, column: u16, row: u16, down: bool) -> &mut Self {
        let kind = if down { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp };
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.draw();
        self
    }

    /// The app tells something.
    pub fn event(&mut self, event: Event) -> &mut Self {
        self.send(Msg::App(event));
        self.draw();
        self
    }

    /// Time passes.
    pub fn pass(&mut self, by: Duration) -> &mut Self {
        self.clock.pass(by);
        self.root.expire();
        self.draw();
        self
    }

    /// True while something on screen changes by itself.
    pub fn moves(&self) -> bool {
        self.root.deadline().is_some()
    }

    /// The terminal gets another size.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.terminal.backend_mut().resize(width, height);
        let Ok(()) = self.terminal.resize(Rect::new(0, 0, width, height));
        self.send(Msg::Resize);
        self.draw();
        self
    }

    /// Draws one frame.
    pub fn draw(&mut self) {
        let root = &mut self.root;
        let Ok(_) = self.terminal.draw(|frame| {
            if let Some(at) = root.draw(frame.buffer_mut()) {
                frame.set_cursor_position(at);
            }
        });
    }

    /// The cells.
    pub fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    /// The screen as lines without the blanks at their ends.
    pub fn view(&self) -> String {
        let buffer = self.buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                // A wide character covers the cell after it.
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap_or(1).max(1);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}
