//! The harness: a whole Chartroom in a temporary directory, driven from outside as its
//! users drive it, through the binaries, HTTP and a browser.
//!
//! - [`site`]: an archive with its server, its stations and its tokens.
//! - [`network_scanner`]: a scanner on the network, with faults.
//! - [`program`]: the binaries, and how to run them to the end or kill them on the way.
//! - [`http`]: what a script would ask the server.
//! - [`samples`]: the committed pages and what is written on them.
//! - [`browser`]: a real Chromium.
//! - [`paper`]: a scanner with paper in its feeder, and what goes wrong with it.
//! - [`film`]: strips of microfilm with their truth.
//! - [`s3`]: a real S3 server.
//! - [`sealed`], [`handover`]: documents through the archive's own door, and what is checked after something went wrong.
//! - [`destroying`]: how two people have a document destroyed.
//! - [`commits`]: an index whose writer is killed.
//! - [`tampered`], [`flipped`]: a catalog and an index that somebody, or the disk, has changed.
//! - [`set_back`]: a data folder that is set back to what it was.
//! - [`power`]: what is left of a folder when the power is cut.
//! - [`blackout`]: the same of a whole data folder.
//! - [`small_disk`]: a disk that takes less than it is given.
//! - [`fuzz`], [`chance`]: proofs that are mutated, and where chance comes from.
//! - [`schema`]: the schemas of ALTO and EAD.
//! - [`score`]: how far a text is from the truth.

pub mod blackout;
pub mod browser;
pub mod bucket;
pub mod chance;
pub mod commits;
pub mod destroying;
pub mod film;
pub mod flipped;
pub mod fuzz;
pub mod handover;
pub mod http;
pub mod network_scanner;
pub mod paper;
pub mod power;
pub mod program;
pub mod s3;
pub mod samples;
pub mod schema;
pub mod score;
pub mod sealed;
pub mod set_back;
pub mod site;
pub mod small_disk;
pub mod tampered;
