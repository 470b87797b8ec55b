//! The filter on the last line: what is typed, and what was before it.

use super::super::Prompt;
use crate::inventory::filter::{self, Filter, FilterError};
use crate::tui::widgets::input::Field;

/// The filter, whether it is being typed or not.
#[derive(Default)]
pub(super) struct FilterLine {
    /// The text.
    pub field: Field,
    /// Filters of the workspace: name and text.
    saved: Vec<(String, String)>,
    /// The filter before it was opened for editing, to go back to.
    before: Option<String>,
    /// What is wrong with the text, and where.
    pub error: Option<FilterError>,
}

impl FilterLine {
    /// An empty one; `saved` are the filters that `@name` stands for.
    pub fn new(saved: Vec<(String, String)>) -> Self {
        Self { saved, ..Self::default() }
    }

    /// The text without white space around it.
    pub fn text(&self) -> &str {
        self.field.text().trim()
    }

    /// True while it is being typed.
    pub fn editing(&self) -> bool {
        self.before.is_some()
    }

    /// Opens it for editing.
    pub fn edit(&mut self) {
        self.before = Some(self.field.text().to_owned());
    }

    /// Reads the text; `None`, with the error kept, where it is not whole.
    pub fn read(&mut self) -> Option<Filter> {
        match filter::expand(self.field.text().trim(), &self.saved).and_then(Filter::parse) {
            Ok(filter) => {
                self.error = None;
                Some(filter)
            }
            Err(e) => {
                self.error = Some(e);
                None
            }
        }
    }

    /// Ends editing. What was before comes back unless the text is kept, and is whole.
    pub fn end(&mut self, keep: bool) {
        let Some(before) = self.before.take() else { return };
        if !keep || self.error.is_some() {
            self.field = Field::new(&before);
        }
    }

    /// The last line while it is being typed.
    pub fn prompt(&self) -> Option<Prompt<'_>> {
        self.editing().then(|| Prompt {
            lead: "/",
            field: &self.field,
            error: self.error.as_ref().map(|e| (e.at, e.what.clone())),
            hint: "~p path  ~m method  ~state shadow  & | !",
        })
    }
}
