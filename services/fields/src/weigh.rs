//! How sure is that, and does anything on the page say otherwise?
//!
//! A candidate's trust is the engine's confidence in its worst word, times a factor for each thing that speaks
//! against it: a label read by look-alikes or without a colon, a value below its label, look-alikes put right. Two
//! places that say the same are wrong together only if both are (their doubts multiply); two places that say
//! different things are both in doubt, and where neither is much surer, nothing is proposed.

use crate::rules::Percent;
use crate::{Evidence, Field, Proposal, Value};

/// One reading of one place.
pub struct Candidate {
    pub field: Field,
    pub value: Value,
    pub evidence: Evidence,
    pub words: Vec<String>,
    /// 0 to 1.
    pub trust: f64,
    pub rule: String,
}

/// Nothing read by a machine is certain.
const TRUST_MAX: f64 = 0.99;
/// A contradiction with this part of the best one's trust leaves the field open.
const RIVAL: f64 = 0.5;

/// What the candidates of one page come to.
pub(crate) fn settle(mut candidates: Vec<Candidate>, from: Percent) -> Vec<Proposal> {
    candidates.sort_by(|a, b| a.field.cmp(&b.field).then(b.trust.total_cmp(&a.trust)));
    let weighed = candidates.into_iter().map(|candidate| {
        let Candidate { field, value, evidence, words, trust, rule } = candidate;
        let confidence = percent(trust);
        Proposal { field, value, evidence: vec![evidence], words, confidence, rule }
    });
    decide(merged(weighed, true), from)
}

/// What several pages of one document, in their order, come to together: each proposal with the page (its place in
/// `pages`) that it stands on. Evidence stays with the page that is surest.
pub fn agree(pages: Vec<Vec<Proposal>>, from: Percent) -> Vec<(usize, Proposal)> {
    let mut all: Vec<(usize, Proposal)> = Vec::new();
    for (page, proposals) in pages.into_iter().enumerate() {
        // A document's type and date are those of the page that first has one.
        let first = |field: &Field| !matches!(field, Field::DocumentType | Field::DocumentDate);
        let fresh: Vec<Proposal> = proposals
            .into_iter()
            .filter(|new| first(&new.field) || all.iter().all(|(_, known)| known.field != new.field))
            .collect();
        all.extend(fresh.into_iter().map(|proposal| (page, proposal)));
    }
    all.sort_by(|a, b| a.1.field.cmp(&b.1.field).then(b.1.confidence.cmp(&a.1.confidence)));
    let pages: Vec<(usize, Value)> = all.iter().map(|(page, proposal)| (*page, proposal.value.clone())).collect();
    let page_of = |value: &Value| pages.iter().find(|(_, known)| known == value).map_or(0, |(page, _)| *page);
    decide(merged(all.into_iter().map(|(_, proposal)| proposal), false), from)
        .into_iter()
        .map(|proposal| (page_of(&proposal.value), proposal))
        .collect()
}

/// Proposals that say the same become one. They come by field, the surest first.
fn merged(proposals: impl Iterator<Item = Proposal>, of_one_page: bool) -> Vec<Proposal> {
    let mut merged: Vec<Proposal> = Vec::new();
    for next in proposals {
        let known = merged.iter_mut().find(|known| known.field == next.field && known.value.agrees(&next.value));
        match known {
            // One printed place under two labels is one witness.
            Some(known) if of_one_page && known.evidence.iter().any(|seen| seen.value == next.evidence[0].value) => {}
            Some(known) => {
                let doubt = (100.0 - f64::from(known.confidence)) * (100.0 - f64::from(next.confidence)) / 10_000.0;
                known.confidence = percent(1.0 - doubt);
                // Boxes are of the page that is surest.
                known.evidence.extend(next.evidence.into_iter().filter(|_| of_one_page));
            }
            None => merged.push(next),
        }
    }
    merged
}

/// One value for each field, or none; all codes that no other system claims.
fn decide(merged: Vec<Proposal>, from: Percent) -> Vec<Proposal> {
    let rivals: Vec<Proposal> = merged.clone();
    let stands = |proposal: &Proposal| {
        let bar = f64::from(proposal.confidence) * RIVAL;
        let contradicts = |rival: &&Proposal| match (&proposal.field, &rival.field) {
            (Field::Code(one), Field::Code(two)) => one != two && rival.evidence[0].value == proposal.evidence[0].value,
            (one, two) => one == two && !rival.value.agrees(&proposal.value),
        };
        rivals.iter().filter(contradicts).all(|rival| f64::from(rival.confidence) < bar)
    };
    merged.into_iter().filter(|proposal| proposal.confidence >= from.0 && stands(proposal)).collect()
}

fn percent(trust: f64) -> u8 {
    (trust.clamp(0.0, TRUST_MAX) * 100.0).round() as u8
}
