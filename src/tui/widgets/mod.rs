//! What the panes are made of: a pen, a virtual table, a windowed body, one-line fields, small charts and layers.

pub mod body;
pub mod guard;
pub mod input;
pub mod jar;
pub mod json;
pub mod laid;
pub mod layers;
pub mod masked;
pub mod palette;
pub mod past;
pub mod pen;
pub mod spark;
pub mod starts;
pub mod table;
