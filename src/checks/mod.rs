//! Floor 3: what sends more than one request to find something out: async over [`crate::wire::Transport`]. What to ask is
//! planned by the rooms of floor 2; here it is asked.

pub mod headers;
pub mod token;
