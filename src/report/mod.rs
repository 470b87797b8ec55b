//! Floor 5: every document of the command-line contract, and the plain text beside it.

pub mod attack;
pub mod audit;
pub mod declared;
pub mod diff;
pub mod evidence;
pub mod exchange;
pub mod explanation;
pub mod export;
pub mod grade;
pub mod history;
pub mod inventory;
pub mod json;
pub mod junit;
pub mod lint;
pub mod listing;
pub mod openapi;
pub mod rules;
pub mod run;
pub mod table;
pub mod token;
pub mod vary;
pub mod vault;
