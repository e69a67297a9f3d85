//! Is everything still there, still the same, and nothing taken back?
//!
//! Reads a whole store, trusting only the log's public key and, where they are given, the stations'. What is wrong is a
//! *finding*; what an auditor may want to know, but no rule forbids, is a *note*; what could not be shown is *not proven*.
//!
//! | asks | where |
//! |---|---|
//! | With which keys may it be signed? | `keys` |
//! | Which trees were signed, and do they form one chain? | `heads` |
//! | Do entries, tiles and signed roots follow from each other? | `tree` |
//! | Do versions and times follow from each other? | `history` |
//! | Is every sealed object there, and does it still hash to its name? | `objects`, `pick` |
//! | Did a station sign for every page? | `captures` |
//! | What was destroyed with authority, and is it gone? | `destroyed` |
//! | What has the archive found amiss itself? | `damage` |
//! | What else lies there? | `strays` |
//! | Does a bundle prove what it says, without the store? | [`Bundle`] |
//! | Is a bag complete, and do its documents prove themselves? | [`verify_bag`] |
//! | What can be wrong? | [`Code`] |

mod bag;
mod bundle;
mod captures;
mod code;
mod damage;
mod destroyed;
mod heads;
mod history;
mod keys;
mod objects;
mod pick;
mod report;
mod strays;
mod tree;

use record::envelope::StationKey;
use record::note::{self, LogKey};
use record::policy::Policy;
use record::{Digest, DocumentId};

pub use self::bag::{Signers, verify_bag};
pub use self::bundle::Bundle;
pub use self::code::Code;
pub use self::heads::compare;
pub use self::pick::{Resume, Share};
pub use self::report::{Counts, Coverage, Finding, Gap, Question, Report, Verdict, Witnessed};
use crate::address::StoreAddress;
use crate::error::{Error, Result};
use crate::store::Store;

/// Objects read at once. Each has its own thread where objects are files.
const READS: usize = 16;
/// Notes of one code beyond this are counted and not listed.
const NOTES_MAX: usize = 1_000;

/// What is to be verified.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Texts of older checkpoints of this log, kept outside.
    pub since: Vec<String>,
    /// Who must have cosigned it, and when.
    pub trust: Option<Trust>,
    /// The stations that may sign, known from outside; without, those that the ledger enrols.
    pub stations: Option<Vec<StationKey>>,
    /// Manifests and blobs of this document only.
    pub document: Option<DocumentId>,
    /// How many of the blobs.
    pub share: Share,
    /// Where an earlier run of the same question had come to.
    pub resume: Option<Resume>,
}

/// Which witnesses are believed, and how old their word may be.
#[derive(Debug, Clone)]
pub struct Trust {
    pub policy: Policy,
    /// Seconds since the epoch.
    pub now: u64,
    pub max_age_seconds: u64,
}

/// How far a verification has come. Totals are known once the stage is `blobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub stage: &'static str,
    pub done: u64,
    pub of: u64,
    pub bytes: u64,
    pub of_bytes: u64,
    /// Now and then: what to keep, so that another run may go on from here.
    pub resume: Option<Resume>,
}

/// One verification on its way.
struct Run<'a> {
    store: Store,
    report: Report,
    progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

impl Run<'_> {
    fn find(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        self.report.findings.push(Finding::new(code, object, detail));
    }

    fn note(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        if self.report.notes.len() >= NOTES_MAX {
            self.report.notes_left_out += 1;
            return;
        }
        self.report.notes.push(Finding::new(code, object, detail));
    }

    fn not_proven(&mut self, what: Question, detail: impl Into<String>) {
        self.report.not_proven.push(Gap { what, detail: detail.into() });
    }

    fn advance(&mut self, stage: &'static str, done: u64, of: u64) {
        (self.progress)(Progress { stage, done, of, bytes: 0, of_bytes: 0, resume: None });
    }
}

/// Verifies a store.
///
/// Memory: about 200 bytes per blob and manifest, and 16 objects being read. Errors are for
/// stores that cannot be checked at all; whatever is wrong *in* a store is in the report.
pub async fn verify(
    store: &StoreAddress,
    key: &LogKey,
    ask: &Ask,
    progress: impl FnMut(Progress) + Send,
) -> Result<Report> {
    let mut run = Run { store: store.connect()?, report: Report::default(), progress: Box::new(progress) };
    run.report.coverage.document = ask.document;
    let (key, changes) = keys::follow(&mut run, key).await?;
    let since: Vec<_> = ask.since.iter().map(|note| note::open(note, &key)).collect::<Result<_, _>>()?;
    let resumed = ask.resume.as_ref().map(|resume| resume.checkpoint(&key, ask)).transpose()?;
    let known = heads::Known { since: &since, resumed: resumed.as_ref(), trust: ask.trust.as_ref(), changes: &changes };
    let heads = heads::check(&mut run, &key, known).await?;
    let mut named = tree::check(&mut run, heads, ask.document).await?;
    keys::check(&mut run, &named, &changes);
    destroyed::check(&mut run, &mut named).await;
    if ask.document.is_none() {
        damage::check(&mut run, &named).await?;
        strays::check(&mut run).await?;
    }
    objects::check(&mut run, named, ask, resumed.map_or(0, |checkpoint| checkpoint.size)).await?;
    Ok(run.report.conclude())
}

/// Names that must be in the store, with what is known of them.
#[derive(Default)]
struct Named {
    /// Only what this document needs.
    only: Option<DocumentId>,
    manifests: std::collections::HashMap<Digest, Sealed>,
    blobs: std::collections::HashMap<Digest, Blob>,
    /// Further documents whose events name one blob.
    sharers: std::collections::HashMap<Digest, Vec<DocumentId>>,
    /// What need not, and may not, be there.
    gone: destroyed::Gone,
    story: history::Story,
}

#[derive(Clone, Copy)]
struct Blob {
    /// What a manifest promises.
    size: Option<u64>,
    /// The first event that names it, be it by a manifest.
    index: u64,
    /// What that event is about; none where another one needs it for good.
    document: Option<DocumentId>,
}

/// What the event says about a manifest.
struct Sealed {
    index: u64,
    at: record::Timestamp,
    document: DocumentId,
    version: u32,
    batch: record::BatchId,
    pages: u32,
    /// [`record::envelope::fingerprint`] of its pages, once it has been read.
    print: Option<Digest>,
}

/// Text for a finding about an object that could not be read.
fn reason(error: &Error) -> String {
    match error {
        Error::Unavailable { source, .. } => source.to_string(),
        Error::Corrupt { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}
