//! The terminal itself: taking it over, giving it back whatever happens, and its clipboard.

pub mod clipboard;
pub mod editor;
pub mod guard;
pub mod input;
