//! The handlers: each file serves one thing. They translate between HTTP and the modules that
//! know; what a caller may do at all has been checked by [`crate::guard`] before.

pub mod alarms;
pub mod attention;
pub mod batches;
pub mod campaigns;
pub mod corrections;
mod csv;
pub mod destructions;
pub mod documents;
pub mod frames;
pub mod handover;
pub mod iiif;
pub mod jobs;
pub mod ledger;
pub mod open;
pub mod pages;
pub mod patients;
pub mod reels;
pub mod search;
pub mod searches;
pub mod session;
pub mod store;
pub mod uploads;

use std::str::FromStr;

use crate::problem::{Problem, Reply};

/// The id or digest in an address. What is no id names nothing: 404.
pub(crate) fn named<T: FromStr>(text: &str) -> Reply<T> {
    text.parse().map_err(|_| Problem::absent())
}
