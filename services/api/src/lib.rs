//! HTTP, IIIF and the web pages: how people, stations, workers and auditors reach the archive.
//!
//! Read in this order:
//! 1. [`server`]: which address does what, and who may ask (the route table).
//! 2. [`guard`], [`identity`], [`policy`], [`limits`]: what is checked before a handler runs.
//! 3. [`state`], [`follow`]: what a handler holds, and how an event reaches catalog and index; [`shelf`] and [`quiet`]:
//!    how another index is made beside the one that answers.
//! 4. [`routes`]: the handlers, one file for each thing. What they ask:
//!    [`uploads`], [`checks`], [`seal`], [`correct`], [`recut`] on the way in; [`proposals`], [`alarms`] where a person files;
//!    [`reach`], [`find`], [`reels`], [`saved`], [`views`], [`iiif`], [`rasters`], [`export`] on the way out;
//!    [`fixity`] for whether it is all still there, [`replay`] for whether people are shown what the ledger says;
//!    [`deliveries`] for what workers found, [`campaigns`] for what they read again.
//! 5. [`pages`]: what people see; they ask the same modules.
//! 6. [`serve`], [`workers`], [`commands`], [`config`]: the binary `chartroom` around it.

pub mod alarms;
mod audit_event;
pub mod bundle;
pub mod campaigns;
pub mod checks;
pub mod clock;
pub mod commands;
pub mod config;
pub mod correct;
pub mod deliveries;
pub mod destruction;
pub mod export;
pub mod find;
pub mod fixity;
pub mod follow;
pub mod grouping;
pub mod guard;
pub mod headers;
pub mod identity;
pub mod iiif;
mod keys;
mod limits;
pub mod pages;
pub mod password;
pub mod people;
pub mod policy;
pub mod problem;
pub mod proposals;
pub mod quiet;
pub mod rasters;
pub mod reach;
pub mod recut;
pub mod reels;
pub mod replay;
pub mod retention;
pub mod routes;
pub mod saved;
pub mod seal;
pub mod serve;
pub mod server;
pub mod sessions;
pub mod shelf;
pub mod state;
pub mod strips;
pub mod uploads;
pub mod views;
pub mod vocabulary;
mod way_back;
pub mod witness;
mod witnesses;
pub mod workers;

#[cfg(test)]
mod tests;
