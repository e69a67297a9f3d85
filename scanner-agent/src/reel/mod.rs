//! A reel of film: where are its frames, and is all of it accounted for?
//!
//! | question | answered by |
//! |---|---|
//! | is all of it accounted for? | [`account`] |
//! | what is on it, frame by frame? | [`listing`] |
//! | do charts stand in the reel's order? | [`filed`] |
//! | which frame of the reel is a page, and before which one is there room for another? | [`order`] |
//! | which frames lie over the border of two tiles? | [`tiles`] |
//! | how is its account printed? | [`sheet`] |
//! | where are the frames of a strip that is larger than memory? | [`strip`] |

pub mod account;
pub mod filed;
pub mod listing;
pub mod order;
pub mod sheet;
pub mod strip;
pub mod tiles;
