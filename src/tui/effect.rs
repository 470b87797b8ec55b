//! What happened, and what is to be done about it.

use bytes::Bytes;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::keymap::Action;
use super::panes::composer::Answer;
use super::widgets::body::Lines;
use crate::app::inspect::{Stood, TokenAsk};
use crate::app::token::Known;
use crate::app::{Ask, Event};
use crate::base::Letter;
use crate::grade::odd::Sends;
use crate::inventory::Inventory;
use crate::jwt::Decoded;

/// What reaches the screen.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse moved, clicked or turned its wheel.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize,
    /// Text was pasted.
    Paste(String),
    /// The app tells something.
    App(Event),
    /// A large body is ready to be drawn: of which exchange, whether its secrets are shown, its bytes and its lines.
    Indexed((u64, bool), Bytes, Lines),
    /// What was asked of a body is answered: of which exchange, and whether its secrets are shown.
    Queried((u64, bool), Box<Answer>),
    /// A text comes back from the editor.
    Edited(String),
    /// A signal arrived.
    Signal(i32),
    /// A thread other than the one that draws has failed.
    Panicked(String),
    /// Nobody types any more: the terminal is gone.
    InputClosed,
}

/// The panes, in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneId {
    /// Every endpoint.
    Inventory,
    /// A request and its reply.
    Composer,
    /// A token taken apart.
    Token,
    /// Flows.
    Oauth,
    /// Live latency.
    Rate,
    /// What was found.
    Findings,
}

impl PaneId {
    /// Every pane.
    pub const ALL: [Self; 6] = [Self::Inventory, Self::Composer, Self::Token, Self::Oauth, Self::Rate, Self::Findings];

    /// The name on line 2.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inventory => "Inventory",
            Self::Composer => "Composer",
            Self::Token => "Token",
            Self::Oauth => "OAuth",
            Self::Rate => "Rate",
            Self::Findings => "Findings",
        }
    }
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Info,
    /// Something could not be done.
    Warn,
    /// Something failed.
    Error,
}

/// What names an endpoint across loads: method, host and path.
pub type EndpointKey = (String, Option<String>, String);

/// What an exchange says of its endpoint, for the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grades {
    /// Header grade.
    pub headers: Option<Letter>,
    /// `ok`, `bad`, or `no` for plain text.
    pub tls: Option<&'static str>,
    /// Which headers that belong on every reply it sends.
    pub sends: Option<Sends>,
}

/// What is to be done. Panes return effects and do nothing themselves.
pub enum Effect {
    /// Ask the app.
    Ask(Ask),
    /// Tell the user.
    Notice(Level, String),
    /// Put text on the clipboard: what it is, and the text.
    Copy(&'static str, String),
    /// Open a file of the reviewer's in an editor, at a line.
    Edit(PathBuf, Option<u64>),
    /// Edit a text in an editor: a name for its file, and the text. What it becomes comes back as a message.
    EditText(&'static str, String),
    /// Open a pane.
    Go(PaneId),
    /// Open an endpoint in the composer.
    Compose(Arc<Inventory>, usize, EndpointKey),
    /// Open a token: where it came from, and what it is.
    Token(Stood, Box<Decoded>),
    /// Put a token into the request of the composer.
    UseToken(Vec<u8>),
    /// Plan a live run with a token and these keys against the request of the composer.
    Attack {
        /// The token.
        token: Arc<Decoded>,
        /// Keys of its issuer.
        keys: Arc<Known>,
        /// Where a listener of ours serves the keys that tokens name.
        listen: Option<SocketAddr>,
    },
    /// Note the grades of an endpoint.
    Graded(EndpointKey, Grades),
    /// Show text above the panes.
    Explain(String, Vec<String>),
    /// Show what would be sent, and the action that sends it.
    Plan(String, Vec<String>, Action),
    /// Show what guards this run.
    Guard,
    /// Show the cookies of an identity, or of nobody.
    Jar(Option<String>),
    /// Ask for a command, with its start typed already.
    Command(String),
    /// Do something long off the main thread and come back with a message.
    Work(Box<dyn FnOnce() -> Msg + Send>),
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back and stop until woken.
    Suspend,
    /// Leave with this exit code.
    Quit(i32),
}

impl Effect {
    /// Ask the app something about a token.
    pub fn token(ask: TokenAsk) -> Self {
        Self::Ask(Ask::Token(Box::new(ask)))
    }
}
