//! Ten minutes of mutated proofs, bundles and stores.

use std::time::Duration;

use anyhow::Result;
use tests::fuzz::{self, Effort};

use crate::course::Course;

/// For each of ten parsers, for bundles, and for stores.
const EACH: Effort = Effort::For(Duration::from_secs(55));

pub fn run(from: u64) -> Result<String> {
    let kinds: [fn(Effort) -> Result<u32>; 3] = [fuzz::parsers, fuzz::bundles, fuzz::stores];
    let (mut course, mut tried) = (Course::new("fuzz", from, kinds.len() as u64), 0);
    for (n, kind) in (0..).zip(kinds).skip(usize::try_from(from)?) {
        course.at(n);
        tried += kind(EACH)?;
    }
    Ok(format!("{tried} mutations, and none of them was proven or made anything panic"))
}
