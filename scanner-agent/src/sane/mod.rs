//! How do pages get out of a scanner?
//!
//! Through Debian's libsane, loaded at run time ([`ffi`]), by a child process ([`helper`]) that
//! sends what it reads as frames ([`frames`]) to the agent, which watches it ([`capture`]):
//! drivers are C code that aborts, hangs and ends pages early, and none of that may cost a page
//! that is already safe. [`encode`] makes files of rows.

pub mod capture;
mod device;
mod encode;
mod ffi;
pub mod frames;
pub mod helper;
mod options;
