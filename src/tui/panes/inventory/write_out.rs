//! The question where to write endpoints to.

use std::path::Path;

use super::super::Prompt;
use crate::base::figure::count;
use crate::tui::widgets::input::Field;

/// The name of a file, while it is typed.
pub(super) struct WriteOut {
    /// The name.
    pub field: Field,
    /// How many endpoints it is about.
    endpoints: usize,
    /// The name of a file that is there already.
    there: Option<String>,
}

impl WriteOut {
    /// Asks where to write so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self { field: Field::default(), endpoints, there: None }
    }

    /// Asks whether to write over a file.
    pub fn over(path: &Path) -> Self {
        let name = path.to_string_lossy().into_owned();
        Self { field: Field::new(&name), endpoints: 0, there: Some(name) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.field.text().trim()
    }

    /// Whether a file that is there already may be replaced: the one that was asked about, and no other.
    pub fn replaces(&self) -> bool {
        self.there.as_deref() == Some(self.name())
    }

    /// The last line.
    pub fn prompt(&self) -> Prompt<'_> {
        let hint = if self.replaces() {
            "it is there already: Enter writes over it, Esc leaves it".to_owned()
        } else {
            format!("{} endpoints; .json .csv .md or .txt", count(self.endpoints as u64))
        };
        Prompt { lead: "write to ", field: &self.field, error: None, hint }
    }
}
