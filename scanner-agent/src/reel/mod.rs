//! A reel of film: where are its frames, and is all of it accounted for?
//!
//! | question | answered by |
//! |---|---|
//! | is all of it accounted for? | [`account`] |
//! | where are the frames of a strip that is larger than memory? | [`strip`] |

pub mod account;
pub mod strip;
