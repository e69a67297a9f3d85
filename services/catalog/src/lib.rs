//! What is where just now? The catalog: the ledger folded into SQL tables, and the queues,
//! accounts and sessions the server works with.
//!
//! The bucket is the truth; this is a projection. [`Catalog::apply`] folds events in, in order,
//! each exactly once, with the place it has come to in the same transaction: after a
//! crash the follower asks [`Catalog::cursor`] and goes on. [`Catalog::clear`] and all events again
//! give the same tables, which [`Catalog::dump`] shows. Only the read queue's leases, sessions and settings live
//! here alone, and may be lost.
//!
//! SQLite (`sqlite:PATH`) and PostgreSQL (`postgres://…`) run the same SQL text; see `engine`.
//! Nothing here reads a clock: callers bring the moment along.
//!
//! | module | answers |
//! |---|---|
//! | [`fold`] | what does an event change? |
//! | [`documents`] | what is in a document, what happened to it, what is to be decided? |
//! | [`attention`] | which pages does a person have to look at, and why? |
//! | [`batches`] | how far has a batch come? |
//! | [`identities`] | which page names another patient than its document's index? |
//! | [`queue`] | which page is to be read next, and by whom? |
//! | [`campaigns`] | which pages are to be read again, and what has it brought? |
//! | [`people`] | who may come in, and whose charts are these? |
//! | [`reels`] | which reels of film are there, and what stands on one? |
//! | [`damage`] | what was found damaged in the buckets, and when was everything last looked at? |
//! | [`destructions`] | what was destroyed or is to be, and what must not be? |
//! | [`searches`] | which searches does somebody keep? |
//! | [`sessions`] | who is logged in? |
//! | [`replay`] | is all of it what the ledger makes of it? |
//! | [`overview`] | how much is there, and is it the same as before? |
//! | `engine`, `column` | how does one SQL text run on two engines, and our types stand in columns? |

pub mod attention;
pub mod batches;
pub mod campaigns;
mod column;
pub mod damage;
pub mod destructions;
pub mod documents;
mod engine;
mod error;
pub mod fold;
pub mod identities;
pub mod overview;
pub mod people;
pub mod queue;
pub mod reels;
pub mod replay;
pub mod searches;
pub mod sessions;

pub use attention::{Attention, Need};
pub use batches::Batch;
pub use campaigns::Campaign;
pub use damage::{Damage, Scrub};
pub use destructions::{Destruction, Tombstone};
pub use documents::{Document, Open, Page, PageCounts, PageState, ReadPage, TimelineEntry, Version};
pub use error::{CatalogError, Result};
pub use fold::{Body, Entry};
pub use identities::{PageIdentity, WrongPatient};
pub use overview::Counts;
pub use queue::{Claimed, Exhausted, Priority, Retry, Waiting};
pub use reels::{FilmPage, HeldReel};
pub use replay::{Difference, DifferenceKind, Replay, Snapshot};
pub use sessions::Session;

use engine::Pool;

/// A handle to the catalog; clones share its connections.
#[derive(Debug, Clone)]
pub struct Catalog {
    reader: Pool,
    writer: Pool,
}

impl Catalog {
    /// Opens `sqlite:PATH` (made where there is none) or `postgres://user@host/database` and
    /// brings its tables up to date.
    ///
    /// # Errors
    /// [`CatalogError::Address`], [`CatalogError::Unavailable`], or [`CatalogError::Schema`] where a newer program made the tables.
    pub async fn open(address: &str) -> Result<Self> {
        let (reader, writer) = engine::open(address).await?;
        Ok(Self { reader, writer })
    }

    /// Waits for what is under way and lets go of the database.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
