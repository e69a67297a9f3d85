//! The index is killed while it commits: it opens again by itself, and has every page that it said it had. Here a few times, by
//! `scripts/torture commits` fifty times.

use anyhow::Result;
use tests::{commits, program};

const KILLS: u64 = 6;

#[test]
fn an_index_that_is_killed_while_it_commits_loses_no_page() -> Result<()> {
    commits::kill(&program::path("torture")?, KILLS).map(drop)
}
