//! Whatever bytes stand where a verifier reads: it answers, it does not panic, and nothing changed is ever proven. Here often,
//! by `scripts/torture fuzz` for ten minutes.

use anyhow::{Result, ensure};
use tests::fuzz::{self, Effort};

#[test]
fn no_bytes_make_a_parser_of_proofs_panic() -> Result<()> {
    let tried = fuzz::parsers(Effort::Rounds(3_000))?;
    ensure!(tried >= 9 * 3_000, "only {tried}");
    Ok(())
}

#[test]
fn nothing_that_was_changed_in_a_bundle_is_ever_proven() -> Result<()> {
    fuzz::bundles(Effort::Rounds(750)).map(drop)
}

#[test]
fn a_store_of_nonsense_is_refused_with_findings() -> Result<()> {
    fuzz::stores(Effort::Rounds(40)).map(drop)
}

#[test]
fn a_bag_of_nonsense_is_answered() -> Result<()> {
    fuzz::bags(Effort::Rounds(2_000)).map(drop)
}
