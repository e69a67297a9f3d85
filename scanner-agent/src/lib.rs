//! Paper to pages: how they are captured, kept safe, cut into documents and handed over.
//!
//! | question | answered by |
//! |---|---|
//! | what may be said on the command line? | [`cli`], and [`commands`] does it |
//! | which files, in what order? | [`files`] |
//! | which sets stand in a hot folder, and which of them are whole? | [`hot`] |
//! | what pages are in a file? | [`unpack`], in a child process per file |
//! | where are the frames of a reel of film, and is all of it accounted for? | [`reel`] |
//! | how do pages get out of a scanner? | [`drive`], in a child process too: [`sane`], [`escl`], [`replay`] |
//! | what went wrong with a sheet, and what is to be done? | [`fault`] |
//! | which barcodes and patch codes are on a page? | [`codes`] |
//! | how good is a page's picture, and is anything on it? | [`quality`] |
//! | which pages does a person inspect, and what do the findings say? | [`sampling`] |
//! | who looks at pages while the scanner feeds the next ones? | [`analyst`] |
//! | which code does what, and how is what scanned? | [`rules`], a file of the station; [`jobs`] in it |
//! | in what order do the pages stand, and what did people do to them? | [`arrange`] |
//! | where does a batch stand, and what may come next? | [`stage`] |
//! | are a document's fields what the job asks for, and who says so? | [`validate`] |
//! | is a patient number in the archive's list, as far as we know? | [`patients`] |
//! | what does a person have to decide, and what are the answers? | [`questions`] |
//! | which pages make a document, and whose is it? | [`split`], a pure function; [`plan`] gives ids |
//! | what is safe on this disk, whatever happens, and who can read it? | [`spool`] |
//! | how does it get into the archive, and when may it be forgotten? | [`handover`] |
//! | what do cover and separator sheets look like, and labels? | [`sheets`], [`labels`] |

pub mod analyst;
pub mod arrange;
pub mod capture;
pub mod cli;
pub mod codes;
pub mod commands;
pub mod drive;
mod escl;
pub mod fault;
pub mod files;
pub mod handover;
pub mod hot;
pub mod jobs;
pub mod labels;
pub mod memory;
pub mod patients;
pub mod plan;
pub mod progress;
pub mod quality;
pub mod questions;
pub mod reel;
mod replay;
pub mod report;
pub mod rules;
pub mod sampling;
pub mod sane;
pub mod sheets;
pub mod split;
pub mod spool;
pub mod stage;
pub mod station;
pub mod unpack;
pub mod validate;
