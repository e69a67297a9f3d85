//! HTTP, IIIF and the web pages: how people, stations, workers and auditors reach the archive.
//!
//! Read in this order:
//! 1. [`server`]: which address does what, and who may ask (the route table).
//! 2. [`guard`], [`identity`], [`policy`], [`limits`]: what is checked before a handler runs.
//! 3. [`state`], [`follow`]: what a handler holds, and how an event reaches catalog and index.
//! 4. [`routes`]: the handlers, one file per thing; [`views`]: every showing is an event.
//! 5. [`pages`]: what people see.
//! 6. [`commands`], [`workers`], [`config`]: the binary `chartroom` around it.

pub mod commands;
pub mod config;
pub mod follow;
pub mod guard;
pub mod identity;
pub mod limits;
pub mod pages;
pub mod password;
pub mod policy;
pub mod problem;
pub mod routes;
pub mod server;
pub mod state;
pub mod views;
pub mod workers;
