//! Floor 2: rate limits and latency. Pure: samples in, statistics out.

mod live;

pub use live::Live;

/// Percentiles of a window of samples, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Samples.
    pub n: u64,
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Largest.
    pub max_ms: f64,
}

/// One second of the panel's history.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Second {
    /// Samples that ended in it.
    pub n: u64,
    /// Largest latency.
    pub max_ms: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// Answers with a status of 400 or more, and failures.
    pub errors: u64,
}

/// What the live panel draws: a snapshot, cheap to clone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// All samples so far.
    pub all: Summary,
    /// The last seconds, oldest first, at most 120; seconds without a sample are present with `n = 0`.
    pub seconds: Vec<Second>,
    /// Answers by status code; 0 stands for exchanges without a reply.
    pub statuses: Vec<(u16, u64)>,
    /// The latest exchanges, newest first, at most 50: method and target, status (0 for none), latency in milliseconds.
    pub latest: Vec<(String, u16, f64)>,
}
