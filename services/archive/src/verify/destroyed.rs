//! What is not there because two people have ordered it, and is it really gone?
//!
//! Of a document that was destroyed nothing need be there, and nothing may be: bytes that come back, out of a backup or by
//! somebody's hand, are as much amiss as bytes that are missing.

use std::collections::{HashMap, HashSet};

use record::destruction::{Authorised, Order, Ordered, Proposal, Unauthorised};
use record::{Digest, DocumentId, Event, EventKind};

use super::captures::sealed;
use super::{Code, Named, Run};
use crate::{BLOBS, object_key};

/// What the events tell of destructions.
#[derive(Default)]
pub(super) struct Told {
    orders: record::destruction::Orders,
    /// Where each was ordered, or an approval counts for nothing.
    ordered: Vec<(u64, Result<Ordered, Unauthorised>)>,
    /// Orders that are said to be carried out.
    done: HashSet<record::DestructionId>,
    /// Where versions of each document were sealed.
    sealed: Vec<(DocumentId, u64)>,
}

/// What was destroyed, by what it was named.
#[derive(Default)]
pub(super) struct Gone {
    documents: HashMap<DocumentId, u64>,
    manifests: HashMap<Digest, DocumentId>,
    /// With the index of the approval, and whether it is said to be carried out.
    objects: HashMap<Digest, (u64, bool)>,
}

impl Told {
    pub fn add(&mut self, index: u64, event: &Event) {
        self.ordered.extend(self.orders.take(index, event).map(|ordered| (index, ordered)));
        match &event.event {
            EventKind::Destroyed { destruction, .. } => drop(self.done.insert(*destruction)),
            EventKind::Sealed { document, .. } => self.sealed.push((*document, index)),
            _ => {}
        }
    }
}

/// Takes out of what must be there what was destroyed with authority.
pub(super) async fn check(run: &mut Run<'_>, named: &mut Named) {
    let told = std::mem::take(&mut named.story.destructions);
    let mut gone = Gone::default();
    for (index, ordered) in told.ordered {
        let authorised = match ordered {
            Ok(ordered) => authorised(run, ordered).await,
            Err(error) => {
                run.find(Code::DestructionWrong, "log", format!("event {index} approves a destruction: {error}"));
                None
            }
        };
        if let Some(authorised) = authorised {
            let is_done = told.done.contains(&authorised.ordered.destruction);
            note(run, &authorised, is_done);
            gone.add(&authorised, is_done);
        }
    }
    for (document, index) in told.sealed {
        if gone.documents.get(&document).is_some_and(|approved| *approved < index) {
            let detail = format!("event {index} seals document {document}, which was destroyed");
            run.find(Code::Resurrected, "log", detail);
        }
    }
    gone.take(named);
    named.gone = gone;
}

async fn authorised(run: &mut Run<'_>, ordered: Ordered) -> Option<Authorised> {
    let proposal = sealed::<Proposal>(run, ordered.proposal, Code::EventWrong).await?;
    let order = sealed::<Order>(run, ordered.order, Code::EventWrong).await?;
    let authorised = Authorised::of(ordered, &proposal, order);
    if authorised.is_none() {
        let detail = format!("event {} orders another destruction than was proposed", ordered.index);
        run.find(Code::DestructionWrong, object_key(BLOBS, &ordered.order), detail);
    }
    authorised
}

fn note(run: &mut Run<'_>, authorised: &Authorised, is_done: bool) {
    let Ordered { index, order, proposed_by, approved_by, .. } = authorised.ordered;
    let (count, object) = (authorised.documents.len(), object_key(BLOBS, &order));
    let documents = if count == 1 { "document" } else { "documents" };
    let said = format!("event {index}: {count} {documents}, proposed by {proposed_by}, approved by {approved_by}");
    if is_done {
        run.note(Code::Destroyed, object, said);
    } else {
        run.note(Code::DestructionOpen, object, format!("{said}; it is not said to be carried out"));
    }
}

impl Gone {
    fn add(&mut self, authorised: &Authorised, is_done: bool) {
        let index = authorised.ordered.index;
        for document in &authorised.documents {
            self.documents.entry(*document).or_insert(index);
        }
        let Order { manifests, blobs, .. } = &authorised.order;
        self.objects.extend(manifests.iter().chain(blobs).map(|digest| (*digest, (index, is_done))));
    }

    /// What events name of these documents alone need not be there.
    fn take(&mut self, named: &mut Named) {
        if self.documents.is_empty() {
            return;
        }
        named.manifests.retain(|digest, sealed| {
            let is_gone = self.documents.contains_key(&sealed.document);
            if is_gone {
                self.manifests.insert(*digest, sealed.document);
            }
            !is_gone
        });
        let sharers = &named.sharers;
        named.blobs.retain(|digest, blob| {
            let mut owners = blob.document.iter().chain(sharers.get(digest).into_iter().flatten()).peekable();
            owners.peek().is_none() || owners.any(|document| !self.documents.contains_key(document))
        });
    }

    /// Whether an object that nothing needs was to be destroyed; says so then.
    pub fn tells(&self, run: &mut Run<'_>, family: &str, digest: &Digest) -> bool {
        let known = self.objects.get(digest).copied();
        let known = known.or_else(|| Some((*self.documents.get(self.manifests.get(digest)?)?, true)));
        let Some((index, is_done)) = known else { return false };
        let (object, detail) = (object_key(family, digest), format!("event {index} orders it to be destroyed"));
        if is_done {
            run.find(Code::DestroyedButPresent, object, detail);
        } else {
            run.note(Code::DestructionOpen, object, detail);
        }
        true
    }
}
