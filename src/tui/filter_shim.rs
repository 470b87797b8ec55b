//! Stands in for the filter language until it is merged.
use crate::inventory::Endpoint;
pub struct Filter(String);
pub struct FilterError {
    pub at: usize,
    pub what: String,
}
impl Filter {
    pub fn parse(s: &str) -> Result<Self, FilterError> {
        match s.find('(') {
            Some(at) if !s.contains(')') => Err(FilterError { at, what: "this bracket is never closed".into() }),
            _ => Ok(Self(s.rsplit(' ').next().unwrap_or("").to_owned())),
        }
    }
    pub fn matches(&self, e: &Endpoint) -> bool {
        e.path.lossy().contains(&self.0) || e.method == self.0 || e.state.is_some_and(|s| s.word() == self.0)
    }
}
