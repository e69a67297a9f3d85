//! The suite: what Chartroom promises, tried from outside on the real programs.
//!
//! Start with [`follow_a_page`]: it is the life of a page in one test.

mod architecture;
mod follow_a_page;

mod access;
mod archive_on_s3;
mod audit_events;
mod bad_input;
mod batches;
mod browser;
mod bundles;
mod campaigns;
mod clocks;
mod corrections;
mod damage;
mod destruction;
mod engines;
mod escl;
mod exceptions;
mod exports;
mod feeder;
mod fields;
mod film;
mod fixity;
mod fixity_on_s3;
mod frauds;
mod hostile_bytes;
mod kill_9;
mod kill_index;
mod kill_readers;
mod killed_commits;
mod leaves;
mod long_searches;
mod many_stations;
mod outsiders;
mod page_ends;
mod planted;
mod power_cuts;
mod printed_reports;
mod rebuild;
mod reel_bench;
mod reels;
mod replay;
mod scripted_day;
mod searchable_pdf;
mod signers;
mod spool;
mod stations;
mod text_layers;
mod timestamps;
mod tus;
mod twice;
mod vectors;
mod witnesses;
