//! What has the archive itself found amiss, and does its quarantine agree?
//!
//! A damaged object that was put right holds what was sealed, so that nothing is wrong with it; that it once was not, an auditor may
//! want to know, and can see from the bytes in quarantine.

use std::collections::{BTreeMap, HashSet};

use futures::TryStreamExt as _;
use record::Digest;
use record::event::Bucket;

use super::{Code, Named, Run};
use crate::copies::QUARANTINE;
use crate::error::Result;

/// The archive says that an object was damaged.
pub(super) struct Told {
    pub index: u64,
    pub object: String,
    pub bucket: Bucket,
    pub found: Option<Digest>,
    pub repaired: bool,
}

pub(super) async fn check(run: &mut Run<'_>, named: &Named) -> Result<()> {
    let told = &named.story.damage;
    let last: BTreeMap<_, _> = told.iter().map(|told| ((told.object.as_str(), told.bucket), told)).collect();
    for ((object, bucket), Told { index, repaired, .. }) in last {
        let bucket = bucket.as_str();
        if *repaired {
            run.note(
                Code::Repaired,
                object,
                format!("event {index}: it was damaged in the {bucket}, and was put right"),
            );
        } else {
            run.note(Code::DamageKnown, object, format!("event {index}: it was found damaged in the {bucket}"));
        }
    }
    let known: HashSet<String> = told.iter().filter_map(|told| Some(name(&told.object, &told.found?))).collect();
    let store = run.store.clone();
    let mut listed = store.list(QUARANTINE);
    while let Some(found) = listed.try_next().await? {
        if !known.contains(&found.key) {
            run.note(Code::Quarantined, found.key, "no event tells how it came here");
        }
    }
    Ok(())
}

fn name(object: &str, found: &Digest) -> String {
    format!("{QUARANTINE}/{object}/{}", found.hex())
}
