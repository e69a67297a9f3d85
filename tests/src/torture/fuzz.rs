//! Minutes of mutated proofs, bundles, stores and bags.

use std::time::Duration;

use anyhow::Result;
use tests::fuzz::{self, Effort};

use crate::course::Course;

/// For each of ten parsers, for bundles, for stores, and for bags.
const EACH: Effort = Effort::For(Duration::from_secs(55));

pub fn run(from: u64) -> Result<String> {
    let kinds: [fn(Effort) -> Result<u32>; 4] = [fuzz::parsers, fuzz::bundles, fuzz::stores, fuzz::bags];
    let (mut course, mut tried) = (Course::new("fuzz", from, kinds.len() as u64), 0);
    for (n, kind) in (0..).zip(kinds).skip(usize::try_from(from)?) {
        course.at(n);
        tried += kind(EACH)?;
    }
    Ok(format!("{tried} mutations, and none of them was proven or made anything panic"))
}
