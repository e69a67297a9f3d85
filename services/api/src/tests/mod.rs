//! The server as its callers see it: every request goes through the whole application, over
//! an archive in memory and a catalog in a temporary folder.

mod again;
mod capture;
mod corrections;
mod destruction;
mod fields;
mod film;
mod grouping;
mod house;
mod patients;
mod policy;
mod searching;
mod sessions;
mod work;
