//! Floor 5: one file a use case. A typed ask in, events and one document out. Both front ends speak to this and nothing else.

mod compose;
pub mod grade;
pub mod load;
mod provided;
pub mod secrets;
pub mod send;
pub mod token;
mod workbench;

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::Error;
use crate::grade::HeaderGrade;
use crate::grade::probes::Probe;
use crate::inventory::{Inventory, Operation};
use crate::jwt::Decoded;
use crate::rate::Snapshot;
use crate::wire::{Exchange, Origin};

pub use provided::Provided;
pub use workbench::Workbench;

/// Number of a job of this run.
pub type JobId = u64;

/// What a front end asks for. Asking never blocks.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Load sources into the inventory: [`Event::Progress`] while it runs, then [`Event::Loaded`] with what could be read, then
    /// one [`Event::Failed`] for each source that could not.
    Load(Vec<PathBuf>),
    /// Resolve an endpoint for the composer: [`Event::Composed`].
    Compose {
        /// The inventory it is an index into.
        inventory: Arc<Inventory>,
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// Send what is typed: [`Event::Started`], then [`Event::Done`], or [`Event::ScopeAsked`] when scope does not admit the host.
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
    /// Stop one job.
    Cancel(JobId),
    /// Stop everything that runs.
    CancelAll,
}

/// A request as it stands in the composer: text that becomes bytes unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Method, free text.
    pub method: String,
    /// Absolute URL with every parameter filled in.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
    /// Go on when the certificate is not trusted.
    pub insecure: bool,
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
    /// A send was queued under this number.
    Started(JobId),
    /// Scope does not admit this origin: one question, answered with [`Ask::Admit`].
    ScopeAsked {
        /// Who is asked about.
        origin: Origin,
        /// What is known of it in a few words, for example `a loopback address`; empty when nothing is.
        reason: String,
    },
    /// A send ended, however it ended.
    Done(JobId, Arc<Judged>),
    /// The live latency panel moved.
    Latency(Arc<Snapshot>),
    /// What was asked could not be done.
    Failed(Error),
}
