//! Floor 5: one file a use case. A typed ask in, events and one document out. Both front ends speak to this and nothing else.

pub mod attack;
pub mod compare;
mod compose;
pub mod conform;
pub mod cookies;
pub mod crack;
mod crew;
pub mod curl;
pub mod draft;
pub mod explain;
pub mod fetched;
pub mod follow;
pub mod gate;
pub mod grade;
pub mod group;
pub mod history;
pub mod identity;
pub mod import;
pub mod incoming;
pub mod inspect;
pub mod judge;
pub mod keep;
pub mod lay;
pub mod load;
pub mod look;
mod provided;
pub mod proxy;
pub mod run;
pub mod secrets;
pub mod send;
pub mod token;
pub mod variables;
pub mod vary;
mod workbench;
pub mod workspace;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Error, Secret, Stamp};
use crate::engine::{Engine, Entry, Spent};
use crate::grade::HeaderGrade;
use crate::grade::probes::Probe;
use crate::inventory::{Inventory, Operation};
use crate::jwt::Decoded;
use crate::rate::Snapshot;
pub use crate::store::history::{Graded, Row, Select};
use crate::wire::curl::Export;
use crate::wire::{Exchange, Origin, Together};

pub use crate::report::declared::Declared;
pub use crate::report::explanation::Part;
pub use crate::store::vault::State as VaultState;
pub use draft::{Content, Draft};
pub use identity::Keyring;
pub use incoming::Incoming;
pub use look::Looked;
pub use provided::Provided;
pub use workbench::Workbench;
pub use write::Wrote;

/// Number of a job of this run.
pub type JobId = u64;

/// What a front end asks for. Asking never blocks.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Load sources into the inventory: [`Event::Progress`] while it runs, then [`Event::Loaded`] with what could be read, then
    /// one [`Event::Failed`] for each source that could not.
    Load(Vec<PathBuf>),
    /// The same, and go on reading the last log as it grows, until [`Ask::CancelAll`] or another load.
    Follow(Vec<PathBuf>),
    /// Write endpoints to a file: [`Event::Wrote`].
    Write {
        /// The inventory they are of.
        inventory: Arc<Inventory>,
        /// Their indices in it, in the order to write them.
        rows: Vec<u32>,
        /// The file; its ending says the format.
        path: PathBuf,
        /// Whether to replace a file that is there already.
        over: bool,
    },
    /// Resolve an endpoint for the composer: [`Event::Composed`].
    Compose {
        /// The inventory it is an index into.
        inventory: Arc<Inventory>,
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// Tell all that is known of an endpoint: [`Event::Looked`].
    Look {
        /// The inventory it is an index into.
        inventory: Arc<Inventory>,
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// Write a request as a curl command, secrets shown or masked: [`Event::Exported`].
    Export(Draft, bool),
    /// Write what is typed to a `.http` file: [`Event::Kept`].
    Save {
        /// The request.
        draft: Draft,
        /// The file; a bare name lies in the folder of requests of the workspace.
        path: PathBuf,
        /// Whether to replace a file that is there already.
        over: bool,
        /// Whether secrets stand in it.
        show: bool,
    },
    /// Write an exchange to a file: [`Event::Kept`].
    Keep {
        /// The exchange.
        judged: Arc<Judged>,
        /// As what.
        to: keep::As,
        /// The file.
        path: PathBuf,
        /// Whether to replace a file that is there already.
        over: bool,
        /// Whether secrets stand in it.
        show: bool,
    },
    /// Take a request of a file, `FILE[#N|#NAME]`: [`Event::Imported`].
    Import(String),
    /// Say what would be sent: [`Event::Explained`].
    Explain(Draft),
    /// Say what would be sent for each of some values, `[NAME=]1..50`, a list or `@FILE`: [`Event::Varies`].
    Vary(Draft, String),
    /// Say what would be sent as these identities, named in a text, and as nobody: [`Event::Compares`].
    Compare(Draft, String),
    /// Send it: [`Event::Started`], an [`Event::Varied`] for each identity, then [`Event::VaryEnded`].
    CompareGo(Arc<compare::Plan>),
    /// Hold a reply against what the specifications of a list declare: [`Event::Conforms`].
    Conform(Arc<Inventory>, Arc<Judged>),
    /// Lay replies side by side: [`Event::Laid`].
    Lay(Vec<lay::Side>),
    /// Send it: [`Event::Started`], an [`Event::Varied`] for each value, then [`Event::VaryEnded`].
    VaryGo(Draft, Arc<vary::Values>),
    /// Say what request a redirect leads to, without sending it: [`Event::Stepped`].
    Step {
        /// What was typed for the reply, where that is known.
        draft: Option<Draft>,
        /// The redirect.
        judged: Arc<Judged>,
        /// Take what is a credential along to another origin.
        keep: bool,
    },
    /// Tell what the jar of an identity holds, or that of nobody: [`Event::Cookies`].
    Cookies(Option<String>),
    /// Set a cookie as a reply would: [`Event::Cookies`].
    SetCookie {
        /// Whose jar.
        identity: Option<String>,
        /// The URL that sets it, where the line names none.
        url: String,
        /// `[URL] NAME=VALUE; Path=/; Secure`.
        line: Secret,
    },
    /// Take one out of a jar: [`Event::Cookies`].
    RemoveCookie(Option<String>, Box<cookies::Cookie>),
    /// Send cookies with every request, or on redirects alone; then tell of this jar: [`Event::Cookies`].
    CookiesEverywhere(Option<String>, bool),
    /// Say what a group of requests would be, each so many times: [`Event::Groups`].
    Group {
        /// The requests, in order.
        drafts: Vec<Draft>,
        /// How they are sent.
        how: Together,
        /// How often each is in it.
        times: usize,
    },
    /// Send it: [`Event::Started`], an [`Event::Varied`] for each request, then [`Event::VaryEnded`].
    GroupGo(Arc<group::Plan>),
    /// Keep a value for `{{name}}` for the rest of the run.
    Capture(String, Secret),
    /// Something about a token: [`Event::Token`].
    Token(Box<inspect::TokenAsk>),
    /// Send what is typed: [`Event::Started`], [`Event::Arriving`] where the reply goes on, then [`Event::Done`], or [`Event::ScopeAsked`] when scope does not admit the host.
    Send(Draft),
    /// Ask the live extras of a grade: [`Event::Started`], then [`Event::Done`] with the same exchange graded anew.
    Live {
        /// The exchange and what was judged of it.
        judged: Arc<Judged>,
        /// What to send.
        plan: Vec<Probe>,
        /// Go on when the certificate is not trusted.
        insecure: bool,
    },
    /// Admit a host (and the range its name may resolve to) for this run, or refuse it, and go on with the sends that wait.
    Admit {
        /// The question that is answered.
        origin: Origin,
        /// Whether to admit it.
        allow: bool,
    },
    /// Admit what is typed, `HOST[:PORT][=CIDR]`, for this run.
    AdmitTyped(String),
    /// Take an entry out of scope for the rest of this run: [`Event::Guarded`].
    Withdraw(Entry),
    /// Tell what guards this run: [`Event::Guarded`].
    Guard,
    /// End all traffic at once, and send nothing more until [`Ask::Resume`]: [`Event::Guarded`].
    Halt,
    /// Let traffic flow again: [`Event::Guarded`].
    Resume,
    /// Send only what changes nothing, or anything again: [`Event::Guarded`].
    ReadOnly(bool),
    /// List the history: [`Event::Listed`].
    History(Select),
    /// Keep what the latest exchange with an endpoint was worth.
    Grade(Graded),
    /// Tell what earlier runs kept of that: [`Event::Grades`].
    Grades,
    /// Read one exchange of the history back: [`Event::Recalled`].
    Recall(i64),
    /// Stop one job.
    Cancel(JobId),
    /// Stop everything that runs.
    CancelAll,
    /// Open the vault with this passphrase: [`Event::Vault`], or [`Event::StaysLocked`].
    Unlock(Secret),
    /// Close the vault: [`Event::Vault`].
    Lock,
}

/// An endpoint made ready for the composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Title for the screen: method and path template.
    pub title: String,
    /// Method.
    pub method: String,
    /// Scheme, host and port without a trailing slash, for example `http://127.0.0.1:8080`; empty when no source names one.
    pub base: String,
    /// Path template with its `{name}` places.
    pub path: String,
    /// What the document says of it.
    pub operation: Operation,
}

/// An exchange with what was judged of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The exchange.
    pub exchange: Exchange,
    /// Header grade, where the reply can be graded.
    pub headers: Option<HeaderGrade>,
    /// Tokens found in the reply and in the request, in order of finding: where, and the token.
    pub tokens: Vec<(String, Decoded)>,
}

/// What guards a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guard {
    /// Everything was stopped by hand.
    pub halted: bool,
    /// Only what changes nothing is sent.
    pub read_only: bool,
    /// Nothing is connected to.
    pub offline: bool,
    /// What is in scope, and why.
    pub entries: Vec<Entry>,
    /// What every origin was sent so far, and what it takes.
    pub spent: Vec<Spent>,
}

impl Guard {
    /// What guards the run of this engine, as it stands now.
    pub fn of(engine: &Engine) -> Self {
        let scope = engine.scope();
        Self {
            halted: scope.is_stopped(),
            read_only: scope.is_read_only(),
            offline: scope.is_offline(),
            entries: scope.entries(),
            spent: engine.spent(),
        }
    }

    /// What is in scope, in a few words: the first entry, how many more there are, and how many have expired.
    pub fn scope_words(&self, now: Stamp) -> String {
        let living: Vec<&Entry> = self.entries.iter().filter(|e| !e.expired(now)).collect();
        let words = match living.as_slice() {
            [] => "none".to_owned(),
            [one] => one.to_string(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
        };
        match self.entries.len() - living.len() {
            0 => words,
            expired => format!("{words} ({expired} expired)"),
        }
    }
}

/// An exchange that was read back from the history.
#[derive(Debug, Clone)]
pub struct Recalled {
    /// Its row.
    pub row: Row,
    /// The exchange, judged anew.
    pub judged: Arc<Judged>,
    /// What can be sent again.
    pub draft: Draft,
    /// What of the request was left out since only its masked form was kept.
    pub left_out: Vec<String>,
}

/// How far a load is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is being read, in display form.
    pub what: String,
    /// Bytes read so far, over all sources.
    pub done: u64,
    /// Bytes in all; 0 when unknown.
    pub total: u64,
    /// Bytes a second, over the whole load.
    pub rate: u64,
    /// All that is there was read, and what is added is waited for.
    pub following: bool,
}

/// What a front end is told.
#[derive(Debug, Clone)]
pub enum Event {
    /// A load goes on.
    Progress(Progress),
    /// A load ended; also sent with a partial list while a long load runs (`complete` false).
    Loaded {
        /// The list.
        inventory: Arc<Inventory>,
        /// False while more is to come.
        complete: bool,
    },
    /// An endpoint is ready for the composer.
    Composed(Box<Composed>),
    /// What is known of an endpoint.
    Looked(Box<Looked>),
    /// What came of writing endpoints to this file.
    Wrote(PathBuf, Wrote),
    /// What would be sent: a heading, and every part.
    Explained(String, Vec<Part>),
    /// A request as a curl command.
    Exported(Box<Export>),
    /// A file was written, and what is to be known of it in display form; `None` where it was there already, and stays as it was.
    Kept(PathBuf, Option<Vec<String>>),
    /// A request that was taken from a file.
    Imported(Box<curl::Imported>),
    /// What would be sent for each of some values: a heading and lines.
    Varies {
        /// The request, with the place of the values in it.
        draft: Box<Draft>,
        /// The values.
        values: Arc<vary::Values>,
        /// What is to be known before it is sent, in display form.
        lines: Vec<String>,
    },
    /// What a group would send, with what is to be known before, in display form.
    Groups(Arc<group::Plan>, Vec<String>),
    /// What would be sent as several identities, with what is to be known before, in display form.
    Compares(Arc<compare::Plan>, Vec<String>),
    /// What the specification says of a reply, by the number of its exchange; `None` where no document declares it.
    Conforms(u64, Option<Arc<Declared>>),
    /// Replies side by side.
    Laid(Arc<lay::Laid>),
    /// What came of one value, or of one request of a group.
    Varied(JobId, Box<vary::Outcome>),
    /// No more values are sent, and why not where it ended early.
    VaryEnded(JobId, Option<String>),
    /// The request that a redirect leads to.
    Stepped(Box<follow::Stepped>),
    /// What a jar holds.
    Cookies(Arc<cookies::Held>),
    /// A send was queued under this number.
    Started(JobId),
    /// Scope does not admit this origin: one question, answered with [`Ask::Admit`].
    ScopeAsked {
        /// Who is asked about.
        origin: Origin,
        /// What is known of it in a few words; empty when nothing is.
        reason: String,
    },
    /// More is known of an origin that was asked about: where its name leads.
    ScopeKnown {
        /// Who was asked about.
        origin: Origin,
        /// All that is known of it in a few words, for example `10.0.0.7, a private address`.
        reason: String,
    },
    /// What came of something about a token.
    Token(Box<inspect::TokenTold>),
    /// More of a reply that goes on has come.
    Arriving(JobId, Arc<Incoming>),
    /// A send ended, however it ended.
    Done(JobId, Arc<Judged>),
    /// Something worth knowing happened on the way, in display form.
    Noted(String),
    /// An identity was sent as, and its credential ends at this time, where that is known.
    Identity(String, Option<Stamp>),
    /// The live latency panel moved.
    Latency(Arc<Snapshot>),
    /// What guards this run, as it stands now.
    Guarded(Arc<Guard>),
    /// What the record says: why it cannot be kept; `None` once it can.
    Record(Option<String>),
    /// What endpoints were worth when they were last sent to.
    Grades(Arc<Vec<Graded>>),
    /// Exchanges of the history, newest first.
    Listed(Arc<Vec<Row>>),
    /// An exchange of the history, judged anew, and as a request that can be sent again: what was masked when it was kept is
    /// left out.
    Recalled(Box<Recalled>),
    /// The vault was opened, or closed: by hand, or by itself after its time without use.
    Vault(VaultState),
    /// The vault could not be opened.
    StaysLocked(Error),
    /// What was asked could not be done.
    Failed(Error),
}
